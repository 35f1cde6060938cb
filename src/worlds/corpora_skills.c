/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/skills: does a person fit a job? (00-needs §1.2, paper 16.) An item is a pair of texts. Half of the
 * texts never name a skill; they tell of tools and duties, some of which mean two skills.
 */
#include "worlds/presets.h"
#include "worlds/skills.h"

enum { LENGTH = 72 };
enum {
  PERSON_TITLE,
  JOB_TITLE,
  PERSON_FILLER,
  JOB_FILLER,
  PERSON_SAYS,
  JOB_SAYS = PERSON_SAYS + VT_FORM_KINDS
};

typedef struct skills_options {
  double noise, same_career;
} skills_options;

static const char *const levels[] = {"a little", "well", "expertly"};
static const char *const weights[] = {"perhaps", "often", "above all"};
static const char *const manners[] = {"friendly", "careful", "punctual", "patient",
                                      "cheerful", "tidy",    "calm",     "quick"};
static const char *const towns[] = {"Ashby",   "Borley", "Calder", "Denholm",
                                    "Eastrop", "Farley", "Garth",  "Holme"};

static const vt_template templates[] = {
    {PERSON_TITLE, "{manner} worker from {town} :"},
    {PERSON_TITLE, "looking for work near {town} :"},
    {JOB_TITLE, "we hire in {town} :"},
    {JOB_TITLE, "{manner} hand wanted :"},
    {PERSON_FILLER, "i am {manner} and {other:manner} ."},
    {PERSON_FILLER, "i live near {town} ."},
    {JOB_FILLER, "our team is {manner} ."},
    {JOB_FILLER, "come to {town} ."},
    {PERSON_SAYS + VT_FORM_NAME, "i know {F:name} {level} ."},
    {PERSON_SAYS + VT_FORM_NAME, "trained in {F:name} {level} ."},
    {PERSON_SAYS + VT_FORM_TOOL, "i use the {F:tool} {level} ."},
    {PERSON_SAYS + VT_FORM_TOOL, "handles the {F:tool} {level} ."},
    {PERSON_SAYS + VT_FORM_DUTY, "i {F:duty} {level} ."},
    {PERSON_SAYS + VT_FORM_DUTY, "used to {F:duty} {level} ."},
    {JOB_SAYS + VT_FORM_NAME, "{weight} we need {F:name} ."},
    {JOB_SAYS + VT_FORM_NAME, "{weight} it is {F:name} ."},
    {JOB_SAYS + VT_FORM_TOOL, "{weight} you use the {F:tool} ."},
    {JOB_SAYS + VT_FORM_TOOL, "{weight} the {F:tool} waits ."},
    {JOB_SAYS + VT_FORM_DUTY, "{weight} you {F:duty} ."},
    {JOB_SAYS + VT_FORM_DUTY, "{weight} please {F:duty} ."},
};

typedef struct skills_shared {
  vt_corpus *corpus; /* first: vt_text_world_open() */
  vt_skill_forms forms;
  const char *words[VT_FORM_KINDS][VT_SKILL_FORMS_MOST];
  vt_word_list lists[VT_FORM_KINDS + 4];
  vt_grammar grammar;
} skills_shared;

static const vt_field fields[] = {
    {"noise", VT_FIELD_REAL, offsetof(skills_options, noise), "0.05", VT_RANGE(0, .5),
     .help = "share of labels that are turned round"},
    {"same_career", VT_FIELD_REAL, offsetof(skills_options, same_career), "0.85", VT_RANGE(0, 1),
     .help = "share of pairs whose person and job come from one career"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  static const char *const kinds[VT_FORM_KINDS] = {"name", "tool", "duty"};
  skills_shared *shared = vt_alloc_zero(ctx, 1, sizeof *shared);
  if (!shared) return VT_ERROR_OUT_OF_MEMORY;
  world->shared = shared;
  vt_skills_draw_forms(&shared->forms);
  for (int kind = 0; kind < VT_FORM_KINDS; kind++)
    shared->lists[kind] = (vt_word_list){kinds[kind], shared->words[kind], 0};
  for (int i = 0; i < shared->forms.count; i++) {
    const vt_skill_form *form = &shared->forms.forms[i];
    shared->words[form->kind][form->value] = form->text;
    shared->lists[form->kind].count++;
  }
  const vt_word_list others[] = {VT_WORD_LIST("level", levels), VT_WORD_LIST("weight", weights),
                                 VT_WORD_LIST("manner", manners), VT_WORD_LIST("town", towns)};
  memcpy(shared->lists + VT_FORM_KINDS, others, sizeof others);
  shared->grammar = (vt_grammar){shared->lists, VT_COUNT(shared->lists), templates, VT_COUNT(templates)};
  return vt_corpus_open(ctx, &shared->grammar, &shared->corpus);
}

const vt_skill_forms *vt_skills_forms(const vt_world *world)
{
  const skills_shared *shared = world->shared;
  return &shared->forms;
}

/* A form for a skill. Texts that name skills do so every other time. */
static const vt_skill_form *choose_form(const vt_skill_forms *forms, vt_draw *draw, int skill, bool names,
                                        bool held_out)
{
  int first = forms->first[skill], count = forms->first[skill + 1] - first;
  bool by_name = vt_draw_chance(draw, .5);
  if (names && by_name && !held_out) return &forms->forms[first];
  for (;;) { /* every skill has forms of both kinds besides its name: at least five, one or two held out */
    const vt_skill_form *form = &forms->forms[first + 1 + vt_draw_below(draw, count - 1)];
    if (form->held_out == held_out) return form;
  }
}

/* Title, one sentence a skill in any order, filler while there is room. `strength`: level or weight − 1. */
static void write_text(const skills_shared *shared, uint64_t key, bool person, int count, const int *skills,
                       const int *strengths, bool held_out, vt_document *out)
{
  const vt_corpus *corpus = shared->corpus;
  vt_draw draw = vt_draw_start(key, held_out ? "text held out" : "text");
  *out = (vt_document){0};
  bool names = vt_draw_chance(&draw, .5);
  out->said[out->count++] = vt_corpus_draw_said(
      corpus, &draw, vt_corpus_pick(corpus, &draw, person ? PERSON_TITLE : JOB_TITLE), -1);
  int order[VT_PERSON_SKILLS + 1];
  for (int i = 0; i <= count; i++)
    order[i] = i; /* the last is filler */
  vt_draw_shuffle(&draw, order, count + 1);
  for (int i = 0; i <= count; i++) {
    if (order[i] == count) {
      out->said[out->count++] = vt_corpus_draw_said(
          corpus, &draw, vt_corpus_pick(corpus, &draw, person ? PERSON_FILLER : JOB_FILLER), -1);
      continue;
    }
    const vt_skill_form *form = choose_form(&shared->forms, &draw, skills[order[i]], names, held_out);
    int group = (person ? (int)PERSON_SAYS : (int)JOB_SAYS) + (int)form->kind;
    vt_said said = vt_corpus_draw_said(corpus, &draw, vt_corpus_pick(corpus, &draw, group), skills[order[i]]);
    vt_corpus_draw_value(corpus, &draw, &said, "F", form->value, form->value + 1);
    const char *strength = person ? "level" : "weight";
    vt_corpus_draw_value(corpus, &draw, &said, strength, strengths[order[i]], strengths[order[i]] + 1);
    out->said[out->count++] = said;
  }
}

void vt_skills_profile(const vt_world *world, const vt_person *person, bool held_out, vt_document *out)
{
  write_text(world->shared, person->key, true, person->count, person->skills, person->levels, held_out, out);
}

void vt_skills_advert(const vt_world *world, const vt_job *job, bool held_out, vt_document *out)
{
  int strengths[VT_JOB_SKILLS];
  for (int i = 0; i < job->count; i++)
    strengths[i] = job->weights[i] - 1;
  write_text(world->shared, job->key, false, job->count, job->skills, strengths, held_out, out);
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx);
  const skills_options *options = world->options;
  vt_skill_record *pair = record;
  vt_draw draw = vt_draw_start(key, "pair");
  int persons = vt_skills_persons(split), careers = persons / 40;
  pair->split = (int32_t)split;
  pair->job_number = vt_draw_below(&draw, vt_skills_jobs(split));
  bool same = vt_draw_chance(&draw, options->same_career);
  int mate = pair->job_number % careers + careers * vt_draw_below(&draw, persons / careers);
  int any = vt_draw_below(&draw, persons);
  pair->person_number = same ? mate : any;
  vt_person person;
  vt_job job;
  vt_skills_person(world, split, pair->person_number, &person);
  vt_skills_job(world, split, pair->job_number, &job);
  pair->coverage = (float)vt_skills_coverage(&person, &job);
  pair->label = vt_skills_relevant(&person, &job) != vt_draw_chance(&draw, options->noise);
  pair->held_out = split == VT_TEST && index % 2 == 1;
  vt_skills_profile(world, &person, pair->held_out, &pair->profile);
  vt_skills_advert(world, &job, pair->held_out, &pair->job);
  return VT_OK;
}

static json_t *names_of(const int *skills, const int *strengths, int count)
{
  json_t *list = json_object();
  for (int i = 0; i < count; i++)
    json_object_set_new(list, vt_skill_name(skills[i]), json_integer(strengths[i]));
  return list;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_skill_record *pair = record;
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_words profile, advert;
  VT_TRY(vt_corpus_speak(ctx, corpus, &pair->profile, &profile));
  VT_TRY(vt_corpus_speak(ctx, corpus, &pair->job, &advert));
  char *left = vt_corpus_text(ctx, corpus, profile.tokens, profile.count);
  char *right = vt_corpus_text(ctx, corpus, advert.tokens, advert.count);
  item->text = left && right ? vt_format(ctx, "%s\n%s", left, right) : NULL;
  vt_free(left);
  vt_free(right);
  if (!item->text) return VT_ERROR_OUT_OF_MEMORY;
  vt_person person;
  vt_job job;
  vt_skills_person(world, (vt_split)pair->split, pair->person_number, &person);
  vt_skills_job(world, (vt_split)pair->split, pair->job_number, &job);
  json_t *listed = json_array();
  for (int skill = 0; skill < VT_SKILLS; skill++)
    if (person.listed[skill]) json_array_append_new(listed, json_string(vt_skill_name(skill)));
  item->truth = json_pack("{s:i,s:o,s:o,s:i,s:o,s:f,s:b,s:b}", "person", pair->person_number, "skills",
                          names_of(person.skills, person.levels, person.count), "listed", listed, "job",
                          pair->job_number, "asks", names_of(job.skills, job.weights, job.count), "coverage",
                          (double)pair->coverage, "label", pair->label, "held_out", pair->held_out);
  return item->truth ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"profile", VT_I64, 1, {LENGTH}},
      {"job", VT_I64, 1, {LENGTH}},
      {"profile_length", VT_I64, 0, {0}},
      {"job_length", VT_I64, 0, {0}},
      {"label", VT_I64, 0, {0}},
      {"coverage", VT_F32, 0, {0}},
      {"listed", VT_F32, 1, {VT_SKILLS}},
      {"person_skills", VT_F32, 1, {VT_SKILLS}},
      {"job_skills", VT_F32, 1, {VT_SKILLS}},
      {"profile_skill", VT_I64, 1, {LENGTH}},
      {"job_skill", VT_I64, 1, {LENGTH}},
      {"held_out", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

/* Tokens, and beside them the skill that the words of a form stand for. */
static vt_status fill_text(vt_ctx *ctx, const vt_corpus *corpus, const vt_document *document, int64_t *tokens,
                           int64_t *length, int64_t *skills)
{
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, corpus, document, &words));
  int8_t of_words[VT_CORPUS_TOKENS];
  for (int i = 0; i < words.count; i++) {
    const vt_said *said = &document->said[words.sentences[i]];
    bool form = words.slots[i] >= 0 && corpus->patterns[said->pattern].lists[words.slots[i]] < VT_FORM_KINDS;
    of_words[i] = (int8_t)(form ? said->tag : -1);
  }
  int used = vt_corpus_frame(&words, LENGTH, tokens, NULL);
  if (length) *length = used;
  if (skills) vt_corpus_frame_truth(&words, LENGTH, of_words, -1, skills);
  return VT_OK;
}

static void fill_skills(const vt_world *world, const vt_skill_record *pair, float *listed, float *has,
                        float *asks)
{
  vt_person person;
  vt_job job;
  vt_skills_person(world, (vt_split)pair->split, pair->person_number, &person);
  vt_skills_job(world, (vt_split)pair->split, pair->job_number, &job);
  for (int skill = 0; skill < VT_SKILLS; skill++) {
    if (listed) listed[skill] = person.listed[skill];
    if (has) has[skill] = 0;
    if (asks) asks[skill] = 0;
  }
  for (int i = 0; has && i < person.count; i++)
    has[person.skills[i]] = 1;
  for (int i = 0; asks && i < job.count; i++)
    asks[job.skills[i]] = (float)job.weights[i];
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_skill_record *pair = record;
  const vt_corpus *corpus = vt_world_corpus(world);
  if (out[0] || out[2] || out[9]) VT_TRY(fill_text(ctx, corpus, &pair->profile, out[0], out[2], out[9]));
  if (out[1] || out[3] || out[10]) VT_TRY(fill_text(ctx, corpus, &pair->job, out[1], out[3], out[10]));
  if (out[4]) *(int64_t *)out[4] = pair->label;
  if (out[5]) *(float *)out[5] = pair->coverage;
  if (out[6] || out[7] || out[8]) fill_skills(world, pair, out[6], out[7], out[8]);
  if (out[11]) *(int64_t *)out[11] = pair->held_out;
  return VT_OK;
}

const vt_preset vt_preset_corpora_skills = {
    .id = "corpora/skills",
    .title = "profiles and jobs in words for 120 skills; who fits",
    .papers = "16",
    .version = 1,
    .counts = {60000, 2000, 4000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(skills_options),
    .record_size = sizeof(vt_skill_record),
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
