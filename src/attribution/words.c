/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/words.h"

#include "explain/divide.h"
#include "explain/model_kind.h"
#include "tensor/tensor.h"

/* ---- a model that answers rows of places ---- */

typedef struct words_state {
  const vt_subject *subject;
  const float *input; /* all places as they are; borrowed */
  size_t each;        /* elements of a place */
  int32_t *places;    /* [count] those that may be hidden */
  int count;
} words_state;

enum { AT_ONCE = 64 }; /* rows that are held */

static void free_state(void *pointer)
{
  words_state *state = pointer;
  if (!state) return;
  vt_free(state->places);
  vt_free(state);
}

typedef struct words_run {
  const vt_model *model;
  vt_model_job *job;
  float *row;    /* [AT_ONCE, input_floats] */
  float *output; /* of the item at hand: items are seen one after the other */
} words_run;

/* The places of the row where they belong, among those that stay. */
static void compose(void *user, int item, float *input)
{
  const words_run *run = user;
  const words_state *state = run->model->state;
  size_t floats = run->model->input_floats;
  float *row = run->row + (size_t)item * floats;
  run->job->compose(run->job->user, item, row);
  memcpy(input, state->input, vt_subject_floats(state->subject) * sizeof *input);
  for (int i = 0; i < state->count; i++)
    memcpy(input + (size_t)state->places[i] * state->each, row + (size_t)i * state->each,
           state->each * sizeof *input);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  const words_run *run = user;
  size_t wanted = run->model->output_floats;
  int64_t count = vt_count(sight->output);
  char shape[160];
  if ((uint64_t)count < wanted)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                   "the model's output changed its shape to %s between two items",
                   vt_shape_text(sight->output, shape));
  for (size_t i = 0; i < wanted; i++)
    run->output[i] = (float)vt_get_f64(sight->output, count - (int64_t)wanted + (int64_t)i);
  vt_status status = vt_model_check_finite(ctx, run->model, sight->item, run->output, NULL);
  if (status == VT_OK) run->job->consume(run->job->user, sight->item, run->output, NULL);
  return status;
}

/* Items from `first` on. */
typedef struct slice {
  vt_model_job *job;
  int first;
} slice;

static void compose_of_slice(void *user, int item, float *input)
{
  const slice *of = user;
  of->job->compose(of->job->user, of->first + item, input);
}

static void consume_of_slice(void *user, int item, const float *output, const float *embedding)
{
  const slice *of = user;
  of->job->consume(of->job->user, of->first + item, output, embedding);
}

static vt_status run_words(vt_ctx *ctx, vt_model *model, vt_model_job *job)
{
  const words_state *state = model->state;
  vt_look look = {0};
  words_run run = {.model = model};
  run.row = vt_alloc_zero(ctx, (size_t)AT_ONCE * model->input_floats, sizeof *run.row);
  run.output = vt_alloc_zero(ctx, model->output_floats, sizeof *run.output);
  vt_status status = run.row && run.output ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int first = 0; status == VT_OK && first < job->count; first += AT_ONCE) {
    slice of = {job, first};
    vt_model_job part = {.count = job->count - first < AT_ONCE ? job->count - first : AT_ONCE,
                         .compose = compose_of_slice,
                         .consume = consume_of_slice,
                         .user = &of};
    run.job = &part;
    status = vt_subject_look(ctx, state->subject, part.count, &look, compose, see, &run);
  }
  vt_free(run.row);
  vt_free(run.output);
  return status;
}

static const vt_model_kind words_kind = {.name = "row of words", .run = run_words, .free_state = free_state};

/* ---- making it ---- */

static vt_status find_places(vt_ctx *ctx, const vt_task *task, words_state *state, int32_t **labels)
{
  int64_t places = task->subject->dims[1];
  if (places > 1 << 20)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%lld places are too many to hide one by one",
                   (long long)places);
  state->places = vt_alloc_zero(ctx, (size_t)places, sizeof *state->places);
  *labels = vt_alloc_zero(ctx, (size_t)places, sizeof **labels);
  if (!state->places || !*labels) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < (int)places; i++) {
    int32_t group = task->groups ? task->groups[i] : i;
    if (group < 0) continue;
    (*labels)[state->count] = group;
    state->places[state->count++] = i;
  }
  return state->count ? VT_OK
                      : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no place may be hidden: nothing to rank");
}

static vt_status make_model(vt_ctx *ctx, const vt_task *task, size_t classes, words_state *state,
                            vt_model **out)
{
  VT_TRY(vt_model_new(ctx, &words_kind, state, out));
  vt_model *model = *out;
  model->input_floats = (size_t)state->count * state->each;
  model->output_floats = classes;
  model->classes = (int)classes;
  model->logits = task->subject->logits;
  VT_TRY(vt_preprocess_plain(ctx, (int)state->each, 1, state->count, true, &model->preprocess));
  return VT_OK;
}

/* The scorer, over the row as it is and one of zeros. */
static vt_status make_scorer(vt_ctx *ctx, const vt_task *task, const words_state *state, vt_words *out)
{
  const vt_target *target = &task->target;
  vt_scorer_options options = {.target = target->index,
                               .second = VT_CLASS_PREDICTED,
                               .score = target->score,
                               .contrast = target->contrast,
                               .direction = target->direction,
                               .direction_count = target->direction_count,
                               .batch = 64};
  float *shown = vt_alloc_zero(ctx, out->model->input_floats, sizeof *shown);
  float *hidden = vt_alloc_zero(ctx, out->model->input_floats, sizeof *hidden);
  vt_status status = shown && hidden ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; status == VT_OK && i < state->count; i++)
    memcpy(shown + (size_t)i * state->each, task->input + (size_t)state->places[i] * state->each,
           state->each * sizeof *shown);
  options.shown_floats = shown;
  options.blank_floats = hidden;
  if (status == VT_OK)
    status = vt_scorer_new(ctx, out->model, NULL, NULL, out->regions, &options, &out->scorer);
  vt_free(shown);
  vt_free(hidden);
  return status;
}

vt_status vt_words_open(vt_ctx *ctx, vt_task *task, size_t classes, vt_explanation *explanation,
                        vt_words *out)
{
  *out = (vt_words){0};
  words_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  int32_t *labels = NULL;
  *state = (words_state){.subject = task->subject,
                         .input = task->input,
                         .each = vt_subject_floats(task->subject) / (size_t)task->subject->dims[1]};
  vt_status status = find_places(ctx, task, state, &labels);
  if (status == VT_OK) status = make_model(ctx, task, classes, state, &out->model);
  if (!out->model) free_state(state); /* else the model's */
  if (status == VT_OK) status = vt_regions_from_labels(ctx, labels, 1, state->count, &out->regions);
  vt_free(labels);
  VT_TRY(status);
  VT_TRY(make_scorer(ctx, task, state, out));
  bool mistaken = explanation->target != explanation->predicted;
  explanation->own_regions = out->regions; /* who goes first takes them along */
  VT_TRY(vt_explanation_ranking(ctx, explanation, out->regions, mistaken));
  task->model = out->model;
  task->regions = out->regions;
  task->scorer = out->scorer;
  return VT_OK;
}

void vt_words_close(vt_words *words, vt_task *task)
{
  task->model = NULL;
  task->regions = NULL;
  task->scorer = NULL;
  vt_scorer_free(words->scorer);
  vt_model_free(words->model);
}

/* ---- results ---- */

vt_status vt_words_finish(vt_ctx *ctx, vt_words *words, vt_task *task, vt_explanation *explanation)
{
  const vt_regions *regions = explanation->regions;
  int count = vt_regions_count(regions);
  VT_TRY(vt_explanation_complete(ctx, explanation, words->scorer, explanation->partial));
  explanation->model_calls = vt_scorer_calls(words->scorer);
  explanation->model_forwards = vt_scorer_forwards(words->scorer);
  explanation->diagnostic_calls = vt_scorer_diagnostic_calls(words->scorer);
  double *values = vt_alloc_zero(ctx, (size_t)count, sizeof *values);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  double lowest = 0;
  for (int r = 0; r < count; r++) {
    int64_t pixels;
    values[r] = (double)explanation->saliency[vt_regions_pixels(regions, r, &pixels)[0]];
    if (values[r] < lowest) lowest = values[r];
  }
  for (int r = 0; r < count; r++) /* what stays has 0, and is not to look important */
    values[r] -= lowest;
  /* the map is of all places, the ranking of those that may be hidden: they meet no more */
  explanation->regions = NULL;
  task->model = NULL;
  vt_status status = vt_map_set_regions(ctx, task, explanation, values);
  if (status == VT_OK) status = vt_map_finish(ctx, task, explanation, VT_REDUCE_AUTO, false);
  explanation->regions = regions;
  task->model = words->model;
  vt_free(values);
  return status;
}
