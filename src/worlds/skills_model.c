/* SPDX-License-Identifier: Apache-2.0
 *
 * skills: forms of skills, latent persons and jobs.
 *
 * Behind both are careers: eight skills that go together, so that a job has persons who fit it.
 */
#include "worlds/skills.h"

static const int person_counts[VT_SPLITS] = {20000, 1000, 2000}, job_counts[VT_SPLITS] = {5000, 250, 500};
enum { PERSONS_A_CAREER = 40, CAREER_SKILLS = 8, TOOLS_A_SKILL = 3 };
static const double shared_chance = .34; /* of tools and duties, so that of all forms .3 are shared */

const char *vt_skill_name(int skill)
{
  return vt_skill_families[skill / VT_SKILLS_A_FAMILY].skills[skill % VT_SKILLS_A_FAMILY];
}

static void add_form(vt_skill_forms *forms, vt_form_kind kind, int skill, int *values, const char *first,
                     const char *second)
{
  vt_skill_form *form = &forms->forms[forms->count++];
  *form = (vt_skill_form){.kind = kind, .value = values[kind]++, .owners = {skill, -1}};
  snprintf(form->text, sizeof form->text, "%s%s", first, second);
}

void vt_skills_draw_forms(vt_skill_forms *forms)
{
  vt_draw draw = vt_draw_start(0, "skills forms"); /* no seed: words are fixed for good */
  int tools[VT_TOOL_FIRSTS * VT_TOOL_SECONDS], values[VT_FORM_KINDS] = {0};
  for (int i = 0; i < VT_TOOL_FIRSTS * VT_TOOL_SECONDS; i++)
    tools[i] = i;
  vt_draw_shuffle(&draw, tools, VT_TOOL_FIRSTS * VT_TOOL_SECONDS);
  int duties[VT_SKILL_VERBS * VT_SKILL_OBJECTS], next_duty = 0;
  for (int skill = 0; skill < VT_SKILLS; skill++) {
    const vt_skill_family *family = &vt_skill_families[skill / VT_SKILLS_A_FAMILY];
    if (skill % VT_SKILLS_A_FAMILY == 0) { /* pairs of verb and object are dealt out within the family */
      for (int i = 0; i < VT_SKILL_VERBS * VT_SKILL_OBJECTS; i++)
        duties[i] = i;
      vt_draw_shuffle(&draw, duties, VT_SKILL_VERBS * VT_SKILL_OBJECTS);
      next_duty = 0;
    }
    forms->first[skill] = forms->count;
    add_form(forms, VT_FORM_NAME, skill, values, vt_skill_name(skill), "");
    for (int i = 0; i < TOOLS_A_SKILL; i++) {
      int tool = tools[skill * TOOLS_A_SKILL + i];
      add_form(forms, VT_FORM_TOOL, skill, values, vt_tool_firsts[tool % VT_TOOL_FIRSTS],
               vt_tool_seconds[tool / VT_TOOL_FIRSTS]);
    }
    for (int i = 2 + vt_draw_below(&draw, 5); i > 0; i--) {
      int duty = duties[next_duty++];
      char verb[24];
      snprintf(verb, sizeof verb, "%s ", family->verbs[duty % VT_SKILL_VERBS]);
      add_form(forms, VT_FORM_DUTY, skill, values, verb, family->objects[duty / VT_SKILL_VERBS]);
    }
    int count = forms->count - forms->first[skill];
    for (int i = forms->first[skill] + 1; i < forms->count; i++) {
      int other = 1 + vt_draw_below(&draw, VT_SKILLS_A_FAMILY - 1), base = skill / VT_SKILLS_A_FAMILY;
      if (vt_draw_chance(&draw, shared_chance))
        forms->forms[i].owners[1] = base * VT_SKILLS_A_FAMILY + (skill + other) % VT_SKILLS_A_FAMILY;
    }
    /* one tool or duty in five is held out, at least one a skill */
    for (int held = count > 7 ? 2 : 1; held > 0;) {
      vt_skill_form *form = &forms->forms[forms->first[skill] + 1 + vt_draw_below(&draw, count - 1)];
      if (!form->held_out) form->held_out = true, held--;
    }
  }
  forms->first[VT_SKILLS] = forms->count;
}

int vt_skills_persons(vt_split split)
{
  return person_counts[split];
}

int vt_skills_jobs(vt_split split)
{
  return job_counts[split];
}

static uint64_t key_of(const vt_world *world, vt_split split, const char *what, int number)
{
  char purpose[64];
  snprintf(purpose, sizeof purpose, "skills %s %s", what, vt_split_name(split));
  uint32_t bits[4];
  vt_random_bits(world->seed, vt_stream(purpose, 0), (uint64_t)number, bits);
  return (uint64_t)bits[0] << 32 | bits[1];
}

static bool contains(const int *skills, int count, int skill)
{
  for (int i = 0; i < count; i++)
    if (skills[i] == skill) return true;
  return false;
}

/* Five skills of one family, two of another, one of any. */
static void draw_career(const vt_world *world, vt_split split, int number, int career[CAREER_SKILLS])
{
  vt_draw draw = vt_draw_start(key_of(world, split, "career", number), "career");
  int family = vt_draw_below(&draw, VT_SKILL_FAMILIES);
  int beside = (family + 1 + vt_draw_below(&draw, VT_SKILL_FAMILIES - 1)) % VT_SKILL_FAMILIES;
  for (int count = 0; count < CAREER_SKILLS;) {
    int skill = count < 5   ? family * VT_SKILLS_A_FAMILY + vt_draw_below(&draw, VT_SKILLS_A_FAMILY)
                : count < 7 ? beside * VT_SKILLS_A_FAMILY + vt_draw_below(&draw, VT_SKILLS_A_FAMILY)
                            : vt_draw_below(&draw, VT_SKILLS);
    if (!contains(career, count, skill)) career[count++] = skill;
  }
}

/* `count` skills: mostly of the career, otherwise of the family of one of them. */
static void draw_skills(vt_draw *draw, const int career[CAREER_SKILLS], double own, int count, int *skills)
{
  for (int found = 0; found < count;) {
    int skill = career[vt_draw_below(draw, CAREER_SKILLS)];
    if (!vt_draw_chance(draw, own))
      skill = skill / VT_SKILLS_A_FAMILY * VT_SKILLS_A_FAMILY + vt_draw_below(draw, VT_SKILLS_A_FAMILY);
    if (!contains(skills, found, skill)) skills[found++] = skill;
  }
}

void vt_skills_person(const vt_world *world, vt_split split, int number, vt_person *out)
{
  static const double level_weights[] = {.25, .5, .25};
  *out = (vt_person){.key = key_of(world, split, "person", number)};
  int career[CAREER_SKILLS];
  draw_career(world, split, number % (person_counts[split] / PERSONS_A_CAREER), career);
  vt_draw draw = vt_draw_start(out->key, "person");
  out->count = 4 + vt_draw_below(&draw, 5);
  draw_skills(&draw, career, .85, out->count, out->skills);
  for (int i = 0; i < out->count; i++) {
    out->levels[i] = vt_draw_weighted(&draw, level_weights, 3);
    bool listed = vt_draw_chance(&draw, .6), wrong = vt_draw_chance(&draw, .05);
    int other = vt_draw_below(&draw, VT_SKILLS);
    if (!listed) continue;
    /* one in twenty of the listed is a skill the person does not have */
    if (wrong && !contains(out->skills, out->count, other))
      out->listed[other] = true;
    else
      out->listed[out->skills[i]] = true;
  }
}

void vt_skills_job(const vt_world *world, vt_split split, int number, vt_job *out)
{
  *out = (vt_job){.key = key_of(world, split, "job", number)};
  int career[CAREER_SKILLS];
  draw_career(world, split, number % (person_counts[split] / PERSONS_A_CAREER), career);
  vt_draw draw = vt_draw_start(out->key, "job");
  out->count = 3 + vt_draw_below(&draw, 4);
  draw_skills(&draw, career, .95, out->count, out->skills);
  for (int i = 0; i < out->count; i++)
    out->weights[i] = 1 + vt_draw_below(&draw, 3);
}

double vt_skills_coverage(const vt_person *person, const vt_job *job)
{
  double brought = 0, asked = 0;
  for (int i = 0; i < job->count; i++) {
    asked += job->weights[i];
    for (int j = 0; j < person->count; j++)
      if (person->skills[j] == job->skills[i]) brought += job->weights[i] * (person->levels[j] ? 1 : .5);
  }
  return asked > 0 ? brought / asked : 0;
}

bool vt_skills_relevant(const vt_person *person, const vt_job *job)
{
  return vt_skills_coverage(person, job) >= .6 - 1e-9;
}
