/* SPDX-License-Identifier: Apache-2.0 */
#include "papers/lima_seed.h"

#include <math.h>

static int subject_count(const vt_lima_sizes *sizes)
{
  static const int counts[] = {VT_LIMA_SUBJECTS, 2, 1};
  return counts[sizes->subjects];
}

/* Plain ones of scenes only. */
static int plain_count(const vt_lima_sizes *sizes)
{
  int count = subject_count(sizes) < VT_LIMA_SCENE_SUBJECTS ? subject_count(sizes) : VT_LIMA_SCENE_SUBJECTS;
  return sizes->plain ? count : 0;
}

int64_t vt_lima_subject_steps(const void *settings)
{
  return subject_count(settings) + plain_count(settings);
}

int64_t vt_lima_picture_steps(const void *settings)
{
  const vt_lima_sizes *sizes = settings;
  return subject_count(sizes) * sizes->items + plain_count(sizes) * sizes->plain;
}

/* ---- subjects ---- */

/* Sounds, slides and plain subjects have one seed. */
static bool is_wanted(const vt_lima_seed *seed, int group)
{
  bool plain = group >= VT_LIMA_SUBJECTS;
  int kind = plain ? group - VT_LIMA_SUBJECTS : group;
  if (plain) return kind < plain_count(seed->sizes) && seed->seed == 0;
  return kind < subject_count(seed->sizes) && (kind < VT_LIMA_SCENE_SUBJECTS || seed->seed == 0);
}

static vt_status train(vt_ctx *ctx, vt_lima_seed *seed)
{
  VT_TRY(vt_repro_stage(seed->repro, "subjects"));
  for (int group = 0; group < VT_LIMA_GROUP_COUNT; group++) {
    bool plain = group >= VT_LIMA_SUBJECTS;
    vt_lima_training training = {.variant = plain ? VT_LIMA_PLAIN : VT_LIMA_MASKED,
                                 .seed = seed->seed,
                                 .steps = seed->sizes->steps,
                                 .count = seed->sizes->count};
    if (!is_wanted(seed, group)) continue;
    VT_TRY(vt_lima_subject_open(ctx, vt_repro_cache(seed->repro),
                                &vt_lima_kinds[plain ? group - VT_LIMA_SUBJECTS : group], &training,
                                &seed->subjects[group]));
    seed->there[group] = true;
    VT_TRY(
        vt_lima_table_add(ctx, &seed->table, 0, seed->accuracy, group, -1, seed->subjects[group].accuracy));
    VT_TRY(vt_repro_step(seed->repro));
  }
  return VT_OK;
}

/* ---- pictures ---- */

typedef struct lineup {
  vt_contender contenders[VT_LIMA_ARMS];
  int arm[VT_LIMA_ARMS];
  size_t count;
} lineup;

static bool takes_part(const vt_lima_arm *arm, const vt_lima_kind *kind, const vt_lima_sizes *sizes)
{
  if (!arm->text || (sizes->methods && !arm->core)) return false;
  return !arm->only || strstr(kind->extra, arm->only);
}

static vt_status line_up(vt_ctx *ctx, const vt_lima_seed *seed, const vt_lima_kind *kind, lineup *out)
{
  vt_terms terms = {.regions = kind->regions, .fill = kind->fill, .class_score = VT_SCORE_PROBABILITY};
  for (size_t a = 0; a < seed->experiment->arm_count; a++) {
    if (!takes_part(&seed->how[a], kind, seed->sizes)) continue;
    VT_TRY(vt_contender_parse(ctx, seed->how[a].text, &terms, &out->contenders[out->count]));
    out->arm[out->count++] = (int)a;
  }
  return VT_OK;
}

/* Values that nobody asked for have no rows; those that are undefined for this picture do. */
static bool is_asked(const vt_lima_seed *seed, const vt_lima_item *item, int value)
{
  bool highest = value >= VT_LIMA_HIGHEST_25 && value <= VT_LIMA_HIGHEST_100,
       pixels = value == VT_LIMA_PIXEL_INSERTION || value == VT_LIMA_PIXEL_DELETION,
       distractor = value == VT_LIMA_DISTRACTOR_LAST || value == VT_LIMA_DISTRACTOR_CHANCE;
  if (highest) return seed->ask & VT_LIMA_ASK_HIGHEST;
  if (pixels) return seed->ask & VT_LIMA_ASK_PIXELS;
  return !distractor || item->distractor_area > 0;
}

static vt_status explain(vt_ctx *ctx, vt_lima_seed *seed, int group, lineup *who, const vt_lima_item *item,
                         int64_t number)
{
  const vt_lima_subject *subject = &seed->subjects[group];
  const vt_experiment *experiment = seed->experiment;
  vt_lima_study study = {
      .contenders = who->contenders,
      .contender_count = who->count,
      .ask = seed->ask,
      .regions = subject->kind->regions,
      .fill = subject->kind->fill,
      .seed = (int64_t)(vt_repro_seed(seed->repro, experiment->groups[group].id, item->index) >> 12)};
  for (size_t c = 0; c < who->count; c++)
    who->contenders[c].request.seed = study.seed; /* or a random order would be the same one everywhere */
  VT_TRY(vt_lima_study_run(ctx, subject->model, item, &study));
  vt_status status = VT_OK;
  for (size_t c = 0; c < who->count && status == VT_OK; c++) {
    const vt_lima_said *said = &study.said[c];
    if (!said->made) {
      if (number == 0)
        vt_log(VT_LOG_WARNING, "%s: no %s: %s", experiment->groups[group].id,
               experiment->arms[who->arm[c]].title, said->why);
      continue;
    }
    for (int v = 0; v < VT_LIMA_VALUES && status == VT_OK; v++)
      if (is_asked(seed, item, v))
        status = vt_lima_table_add(ctx, &seed->table, who->arm[c], v, group, number, said->values[v]);
    if (status == VT_OK && seed->more) status = seed->more(ctx, seed, group, who->arm[c], item, &study, said);
  }
  vt_lima_study_free(&study);
  return status;
}

static vt_status right_items(vt_ctx *ctx, const vt_lima_subject *subject, int64_t count, vt_lima_item *items,
                             int64_t *found)
{
  return vt_lima_items(ctx, subject, VT_LIMA_ONE, false, 0, 40 * count + 200, count, items, found, NULL);
}

static vt_status explain_group(vt_ctx *ctx, vt_lima_seed *seed, int group)
{
  const vt_lima_subject *subject = &seed->subjects[group];
  int64_t wanted = group >= VT_LIMA_SUBJECTS ? seed->sizes->plain : seed->sizes->items, found = 0;
  lineup *who = vt_alloc_zero(ctx, 1, sizeof *who);
  vt_lima_item *items = vt_alloc_zero(ctx, (size_t)wanted, sizeof *items);
  vt_status status = items && who ? line_up(ctx, seed, subject->kind, who) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    status = (seed->items ? seed->items : right_items)(ctx, subject, wanted, items, &found);
  if (status == VT_OK && found < wanted)
    vt_log(VT_LOG_WARNING, "%s: %lld of %lld pictures were found", seed->experiment->groups[group].id,
           (long long)found, (long long)wanted);
  for (int64_t i = 0; i < found && status == VT_OK; i++) {
    status = explain(ctx, seed, group, who, &items[i], i);
    if (status == VT_OK) status = vt_repro_step(seed->repro);
  }
  for (int64_t i = 0; i < found; i++)
    vt_lima_item_free(&items[i]);
  for (size_t c = 0; who && c < who->count; c++)
    vt_contender_free(&who->contenders[c]);
  vt_free(who);
  vt_free(items);
  return status;
}

vt_status vt_lima_seed_run(vt_ctx *ctx, vt_lima_seed *seed)
{
  VT_TRY(train(ctx, seed));
  VT_TRY(vt_repro_stage(seed->repro, "pictures"));
  for (int group = 0; group < VT_LIMA_GROUP_COUNT; group++)
    if (seed->there[group]) VT_TRY(explain_group(ctx, seed, group));
  return VT_OK;
}

vt_status vt_lima_seed_write(const vt_lima_seed *seed)
{
  bool baseline[VT_LIMA_ARMS] = {false};
  int count = (int)seed->experiment->arm_count;
  for (int a = 0; a < count; a++)
    baseline[a] = seed->how[a].role == VT_LIMA_BASELINE;
  bool stands_in = seed->how[count - 1].role == VT_LIMA_VIRTUAL;
  return vt_lima_table_write(seed->repro, seed->experiment, &seed->table, baseline,
                             stands_in ? count - 2 : -1, stands_in ? count - 1 : -1);
}

void vt_lima_seed_close(vt_lima_seed *seed)
{
  for (int g = 0; g < VT_LIMA_GROUP_COUNT; g++)
    vt_lima_subject_close(&seed->subjects[g]);
  vt_lima_table_free(&seed->table);
}
