/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of gradients. Items come in order, so the sums have the same bits for any number of threads.
 */
#include "attribution/gradients.h"

#include "tensor/tensor.h"
#include "vitrail/trace.h"

typedef struct gradient_work {
  const vt_task *task;
  const vt_gradient_sums *sums;
  size_t floats;
  double *scores; /* [count]; NULL: gradients are wanted */
} gradient_work;

static void compose(void *user, int item, float *input)
{
  const gradient_work *work = user;
  for (size_t i = 0; i < work->floats; i++)
    input[i] = (float)work->sums->point(work->sums->user, item, i);
}

/* Under f64 the composed floats are replaced by the unrounded point: a path through 50 rounded points would
 * pass other gates of a ReLU network than the true one. */
static vt_status give_exact(vt_ctx *ctx, void *user, int item, vt_trace *trace)
{
  const gradient_work *work = user;
  const vt_subject *subject = work->task->subject;
  vt_tensor *exact = vt_tensor_new(ctx, VT_F64, subject->rank, subject->dims);
  if (!exact) return VT_ERROR_OUT_OF_MEMORY;
  double *values = exact->data;
  for (size_t i = 0; i < work->floats; i++)
    values[i] = work->sums->point(work->sums->user, item, i);
  return vt_trace_replace(ctx, trace, subject->varying, exact);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  const gradient_work *work = user;
  const vt_gradient_sums *sums = work->sums;
  if (work->scores) {
    work->scores[sight->item] = sight->score;
    return VT_OK;
  }
  double weight = sums->weights ? sums->weights[sight->item] : 1.0 / sums->count;
  if (!sums->factor && !sums->squares) {
    vt_look_add(sums->sum, sight->gradient, weight);
    return VT_OK;
  }
  for (size_t i = 0; i < work->floats; i++) {
    double value = vt_get_f64(sight->gradient, (int64_t)i);
    if (sums->factor) value *= sums->factor(sums->user, sight->item, i);
    if (sums->sum) sums->sum[i] += weight * value;
    if (sums->squares) sums->squares[i] += weight * value * value;
  }
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                     const vt_gradient_sums *sums, double *scores, const vt_rule_set *rules)
{
  gradient_work work = {task, sums, vt_subject_floats(task->subject), scores};
  vt_look look = {.target = &task->target,
                  .gradient = !scores,
                  .rules = rules,
                  .prepare = task->precision == VT_F64 ? give_exact : NULL};
  return vt_task_look(ctx, task, explanation, sums->count, &look, compose, see, &work);
}

vt_status vt_gradient_sum(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                          const vt_gradient_sums *sums)
{
  return run(ctx, task, explanation, sums, NULL, NULL);
}

vt_status vt_score_points(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int count,
                          vt_element_fn point, const void *user, double *scores)
{
  vt_gradient_sums sums = {.count = count, .point = point, .user = user};
  return run(ctx, task, explanation, &sums, scores, NULL);
}

static double given(const void *user, int item, size_t element)
{
  VT_UNUSED(item);
  const float *input = user;
  return (double)input[element];
}

vt_status vt_gradient_at(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const float *input,
                         const vt_rule_set *rules, double **out)
{
  vt_gradient_sums sums = {.count = 1, .point = given, .user = input};
  *out = sums.sum = vt_alloc_zero(ctx, vt_subject_floats(task->subject), sizeof *sums.sum);
  if (!sums.sum) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = run(ctx, task, explanation, &sums, NULL, rules);
  if (status == VT_OK) return VT_OK;
  vt_free(sums.sum);
  *out = NULL;
  return status;
}

double vt_sum(const double *values, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += values[i];
  return sum;
}

vt_status vt_map_set_complete(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                              const double *values, double difference)
{
  VT_TRY(vt_map_set(ctx, task, explanation, values, VT_REDUCE_SUM));
  vt_map_complete(explanation, vt_sum(values, vt_subject_floats(task->subject)), difference);
  return VT_OK;
}

size_t vt_plane_index(const vt_task *task, size_t element)
{
  if (!task->model || !vt_model_preprocess(task->model)->channels_last) return element;
  int channels, height, width;
  vt_model_input_size(task->model, &channels, &height, &width);
  size_t count = (size_t)channels, pixels = (size_t)height * (size_t)width;
  return element % count * pixels + element / count;
}

vt_status vt_numbers_read(vt_ctx *ctx, const char *what, const char *path, size_t count, double **out)
{
  vt_tensor *file;
  char shape[160];
  size_t mark = vt_tensor_mark(ctx);
  *out = NULL;
  vt_status status = vt_npy_read(ctx, path, &file);
  if (status != VT_OK) return vt_fail_prefix(ctx, "%s", what);
  if (file->type != VT_F32 && file->type != VT_F64)
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %s is %s; it takes f32 or f64", what, path,
                     vt_shape_text(file, shape));
  else if (vt_count(file) != (int64_t)count)
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %s is %s; it takes %zu numbers", what, path,
                     vt_shape_text(file, shape), count);
  else if (vt_check_finite(ctx, file, path) != VT_OK)
    status = vt_fail_prefix(ctx, "%s", what);
  if (status == VT_OK && !(*out = vt_alloc_zero(ctx, count, sizeof **out))) status = VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; status == VT_OK && i < count; i++)
    (*out)[i] = vt_get_f64(file, (int64_t)i);
  vt_tensor_release(ctx, mark);
  return status;
}
