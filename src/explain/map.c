/* SPDX-License-Identifier: Apache-2.0
 *
 * From a method's numbers to maps and rankings.
 */
#include "explain/map.h"

#include <math.h>
#include <stdlib.h>

#include "data/picture.h"
#include "explain/divide.h"
#include "explain/model_kind.h"

vt_status vt_task_look(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int count,
                       const vt_look *look, vt_compose_fn compose, vt_see_fn see, void *user)
{
  vt_look precise = *look;
  if (!precise.precision) precise.precision = task->precision;
  if (!precise.rules) precise.rules = task->rules;
  VT_TRY(vt_subject_look(ctx, task->subject, count, &precise, compose, see, user));
  explanation->traced_runs += count;
  return VT_OK;
}

enum { SCORED_AT_ONCE = 256 }; /* inputs whose outputs are held in f64 */

typedef struct scoring {
  const vt_task *task;
  vt_compose_fn compose;
  void *user;
  int first;     /* input that is item 0 */
  bool embedded; /* the target reads the embedding */
  size_t outputs;
  double *values; /* [SCORED_AT_ONCE, outputs] */
  double *scores;
} scoring;

static void compose_one(void *user, int item, float *input)
{
  const scoring *s = user;
  s->compose(s->user, s->first + item, input);
}

static void score_one(void *user, int item, const float *output, const float *embedding)
{
  const scoring *s = user;
  const float *read = s->embedded ? embedding : output;
  double *values = s->values + (size_t)item * s->outputs;
  for (size_t i = 0; i < s->outputs; i++)
    values[i] = (double)read[i];
  s->scores[s->first + item] =
      vt_target_evaluate(&s->task->target, s->task->model->logits, values, s->outputs, NULL);
}

vt_status vt_task_score(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int count,
                        vt_compose_fn compose, void *user, double *scores)
{
  int batch = task->scorer ? vt_scorer_options_of(task->scorer)->batch : 64;
  scoring s = {.task = task,
               .compose = compose,
               .user = user,
               .embedded = vt_target_reads_embedding(&task->target, task->model),
               .scores = scores};
  s.outputs = s.embedded ? vt_model_embedding_floats(task->model) : vt_model_output_floats(task->model);
  int most = count < SCORED_AT_ONCE ? count : SCORED_AT_ONCE;
  s.values = vt_alloc_zero(ctx, (size_t)most * s.outputs, sizeof *s.values);
  vt_status status = s.values ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (; status == VT_OK && s.first < count; s.first += most) {
    int items = count - s.first < most ? count - s.first : most;
    status = vt_model_run(ctx, task->model, items, batch, compose_one, score_one, &s);
    if (status == VT_OK) explanation->composed_runs += items;
  }
  vt_free(s.values);
  return status;
}

/* ---- setting ---- */

size_t vt_task_floats(const vt_task *task)
{
  return task->subject ? vt_subject_floats(task->subject) : vt_model_input_floats(task->model);
}

static bool channels_last(const vt_task *task)
{
  return task->model && task->model->preprocess->channels_last;
}

static vt_status shape_attribution(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation)
{
  const vt_subject *subject = task->subject;
  if (task->model) {
    int channels, height, width;
    vt_model_input_size(task->model, &channels, &height, &width);
    explanation->attribution_rank = 3;
    explanation->attribution_dims[0] = channels;
    explanation->attribution_dims[1] = height;
    explanation->attribution_dims[2] = width;
  } else {
    explanation->attribution_rank = subject->rank - 1;
    for (int i = 1; i < subject->rank; i++)
      explanation->attribution_dims[i - 1] = subject->dims[i];
  }
  vt_free(explanation->attribution);
  explanation->attribution = vt_alloc_zero(ctx, vt_task_floats(task), sizeof(float));
  return explanation->attribution ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_map_set(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const double *values,
                     vt_reduction reduction)
{
  size_t count = vt_task_floats(task);
  VT_TRY(shape_attribution(ctx, task, explanation));
  explanation->reduction = reduction;
  if (!channels_last(task)) {
    for (size_t i = 0; i < count; i++)
      explanation->attribution[i] = (float)values[i];
    return VT_OK;
  }
  size_t channels = (size_t)explanation->attribution_dims[0], pixels = count / channels;
  for (size_t i = 0; i < pixels; i++)
    for (size_t c = 0; c < channels; c++)
      explanation->attribution[c * pixels + i] = (float)values[i * channels + c];
  return VT_OK;
}

static vt_status keep_native(vt_ctx *ctx, vt_explanation *explanation, const char *name, const double *values,
                             int height, int width)
{
  size_t count = (size_t)height * (size_t)width;
  vt_free(explanation->native);
  vt_free(explanation->native_name);
  explanation->native_name = vt_strdup(ctx, name);
  explanation->native = vt_alloc_zero(ctx, count, sizeof *explanation->native);
  if (!explanation->native || !explanation->native_name) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++)
    explanation->native[i] = (float)values[i];
  explanation->native_rank = 2;
  explanation->native_dims[0] = height;
  explanation->native_dims[1] = width;
  return VT_OK;
}

/* Sizes of the input that a layer's map is brought to: a picture's, or [1, tokens]. */
static void input_extent(const vt_explanation *explanation, int *height, int *width)
{
  bool picture = explanation->attribution_rank == 3;
  *height = picture ? (int)explanation->attribution_dims[1] : 1;
  *width = (int)explanation->attribution_dims[picture ? 2 : 0];
}

vt_status vt_map_set_native(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const char *name,
                            const double *values, int height, int width, bool relu)
{
  int to_height, to_width;
  VT_TRY(keep_native(ctx, explanation, name, values, height, width));
  VT_TRY(shape_attribution(ctx, task, explanation));
  explanation->reduction = VT_REDUCE_SUM;
  input_extent(explanation, &to_height, &to_width);
  size_t small = (size_t)height * (size_t)width, large = (size_t)to_height * (size_t)to_width;
  float *cut = vt_alloc_zero(ctx, small, sizeof *cut), *resized = vt_alloc_zero(ctx, large, sizeof *resized);
  vt_status status = cut && resized ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (size_t i = 0; i < small; i++)
      cut[i] = relu && values[i] < 0 ? 0 : (float)values[i];
    vt_map_resize(cut, height, width, resized, to_height, to_width);
    bool picture = explanation->attribution_rank == 3;
    size_t channels = vt_task_floats(task) / large;
    for (size_t c = 0; c < channels; c++)
      for (size_t i = 0; i < large; i++)
        explanation->attribution[picture ? c * large + i : i * channels + c] = resized[i] / (float)channels;
  }
  vt_free(cut);
  vt_free(resized);
  return status;
}

vt_status vt_map_set_pixels(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                            const double *values)
{
  VT_TRY(shape_attribution(ctx, task, explanation));
  explanation->reduction = VT_REDUCE_SUM;
  size_t channels = (size_t)explanation->attribution_dims[0], count = vt_task_floats(task),
         pixels = count / channels;
  for (size_t i = 0; i < count; i++)
    explanation->attribution[i] = (float)(values[i % pixels] / (double)channels);
  return VT_OK;
}

vt_status vt_map_set_regions(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                             const double *values)
{
  int height, width;
  VT_TRY(shape_attribution(ctx, task, explanation));
  explanation->reduction = VT_REDUCE_SUM;
  float *to = explanation->attribution;
  size_t count = vt_task_floats(task);
  if (!task->model) { /* elements of a token lie together */
    size_t each = count / (size_t)explanation->attribution_dims[0];
    for (size_t i = 0; i < count; i++) {
      int part = task->groups ? task->groups[i / each] : (int)(i / each);
      to[i] = part < 0 ? 0 : (float)(values[part] / (double)each);
    }
    return VT_OK;
  }
  const int32_t *labels = vt_regions_labels(task->regions, &height, &width);
  size_t pixels = (size_t)height * (size_t)width;
  double channels = (double)(count / pixels);
  for (size_t i = 0; i < count; i++)
    to[i] = (float)(values[labels[i % pixels]] / channels);
  return VT_OK;
}

void vt_map_complete(vt_explanation *explanation, double sum, double difference)
{
  explanation->completeness =
      (vt_completeness){.present = true, .sum = sum, .difference = difference, .error = sum - difference};
}

vt_status vt_baseline_make(vt_ctx *ctx, const vt_task *task, const char *text, float *out)
{
  size_t count = vt_task_floats(task);
  if (strcmp(text, "zero") == 0) {
    memset(out, 0, count * sizeof *out);
    return VT_OK;
  }
  if (!task->picture)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "baseline '%s': only zero is possible without a picture",
                   text);
  if (strcmp(text, "fill") == 0) {
    if (task->scorer)
      memcpy(out, vt_scorer_hidden(task->scorer), count * sizeof *out);
    else
      vt_preprocess_floats(vt_model_preprocess(task->model), task->blank, out);
    return VT_OK;
  }
  vt_image *image;
  vt_status status = vt_fill_make(ctx, text, task->model, task->picture, task->seed, &image);
  if (status != VT_OK) return vt_fail_prefix(ctx, "baseline");
  vt_preprocess_floats(vt_model_preprocess(task->model), image, out);
  vt_image_free(image);
  return VT_OK;
}

/* ---- finishing ---- */

static double reduce(const float *values, size_t channels, size_t step, vt_reduction reduction)
{
  double sum = 0, largest = 0, square = 0, absolute = 0;
  for (size_t c = 0; c < channels; c++) {
    double value = (double)values[c * step];
    sum += value;
    absolute += fabs(value);
    square += value * value;
    if (fabs(value) > largest) largest = fabs(value);
  }
  switch (reduction) {
  case VT_REDUCE_MEAN:
    return sum / (double)channels;
  case VT_REDUCE_ABS_MAX:
    return largest;
  case VT_REDUCE_ABS_SUM:
    return absolute;
  case VT_REDUCE_L2:
    return sqrt(square);
  default:
    return sum;
  }
}

static vt_status make_saliency(vt_ctx *ctx, vt_explanation *explanation)
{
  int height, width;
  input_extent(explanation, &height, &width);
  size_t places = (size_t)height * (size_t)width, count = 1;
  for (int i = 0; i < explanation->attribution_rank; i++)
    count *= (size_t)explanation->attribution_dims[i];
  bool picture = explanation->attribution_rank == 3;
  size_t channels = places ? count / places : 0;
  vt_free(explanation->saliency);
  explanation->saliency = vt_alloc_zero(ctx, places, sizeof *explanation->saliency);
  if (!explanation->saliency) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < places; i++)
    explanation->saliency[i] = (float)reduce(explanation->attribution + (picture ? i : i * channels),
                                             channels, picture ? places : 1, explanation->reduction);
  return VT_OK;
}

typedef struct ranked {
  double value;
  int region;
} ranked;

static int by_value(const void *a, const void *b)
{
  const ranked *x = a, *y = b;
  if (x->value != y->value) return x->value > y->value ? -1 : 1;
  return x->region - y->region;
}

static vt_status rank_regions(vt_ctx *ctx, vt_explanation *explanation, bool by_sum)
{
  int height, width, count = vt_regions_count(explanation->regions);
  const int32_t *labels = vt_regions_labels(explanation->regions, &height, &width);
  ranked *list = vt_alloc_zero(ctx, (size_t)count, sizeof *list);
  if (!list) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < (size_t)height * (size_t)width; i++)
    list[labels[i]].value += (double)explanation->saliency[i];
  for (int r = 0; r < count; r++) {
    list[r].region = r;
    if (!by_sum) list[r].value /= (double)vt_regions_area(explanation->regions, r);
  }
  qsort(list, (size_t)count, sizeof *list, by_value);
  for (int j = 0; j < count; j++)
    explanation->order[j] = list[j].region;
  explanation->known = count;
  vt_free(list);
  return VT_OK;
}

vt_status vt_map_finish(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, vt_reduction reduction,
                        bool by_sum)
{
  size_t count = vt_task_floats(task);
  for (size_t i = 0; i < count; i++)
    if (!isfinite(explanation->attribution[i]))
      return vt_fail(ctx, VT_ERROR_NOT_FINITE, "the method's map is not finite at element %zu", i);
  if (reduction != VT_REDUCE_AUTO) explanation->reduction = reduction;
  VT_TRY(make_saliency(ctx, explanation));
  return explanation->regions && explanation->order ? rank_regions(ctx, explanation, by_sum) : VT_OK;
}
