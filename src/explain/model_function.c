/* SPDX-License-Identifier: Apache-2.0
 *
 * A model that is a function of the caller: it gets up to `batch` items at once, from the calling thread
 * only.
 */
#include "explain/model_kind.h"

enum { DEFAULT_BATCH = 16, LARGEST_SIDE = 1 << 16, LARGEST_BATCH = 1 << 20 };

typedef struct function_state {
  vt_predict_fn predict;
  void *user;
} function_state;

static vt_status predict_items(vt_ctx *ctx, vt_model *model, vt_model_job *job, int first, int count,
                               float *inputs, float *outputs)
{
  const function_state *state = model->state;
  for (int i = 0; i < count; i++)
    job->compose(job->user, first + i, inputs + (size_t)i * model->input_floats);
  vt_status status = state->predict(ctx, state->user, count, inputs, outputs);
  if (status != VT_OK) {
    vt_fail(ctx, status, "the model's function failed and left no message");
    return vt_fail_prefix(ctx, "items %d to %d", first, first + count - 1);
  }
  for (int i = 0; i < count; i++) {
    const float *output = outputs + (size_t)i * model->output_floats;
    status = vt_model_check_finite(ctx, model, first + i, output, NULL);
    if (status != VT_OK) {
      job->failed_item = first + i;
      return status;
    }
    job->consume(job->user, first + i, output, NULL);
  }
  return VT_OK;
}

static vt_status run_function(vt_ctx *ctx, vt_model *model, vt_model_job *job)
{
  int batch = job->batch > 0 ? job->batch : DEFAULT_BATCH;
  if (batch > LARGEST_BATCH) batch = LARGEST_BATCH;
  if (batch > job->count) batch = job->count;
  float *inputs = vt_alloc_zero(ctx, (size_t)batch, model->input_floats * sizeof *inputs);
  float *outputs = vt_alloc_zero(ctx, (size_t)batch, model->output_floats * sizeof *outputs);
  vt_status status = inputs && outputs ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int first = 0; status == VT_OK && first < job->count; first += batch) {
    status = vt_check_cancel(ctx);
    int count = job->count - first < batch ? job->count - first : batch;
    if (status == VT_OK) status = predict_items(ctx, model, job, first, count, inputs, outputs);
  }
  vt_free(inputs);
  vt_free(outputs);
  return status;
}

static const vt_model_kind kind_function = {.name = "function", .run = run_function, .free_state = vt_free};

vt_status vt_model_from_function(vt_ctx *ctx, vt_predict_fn predict, void *user, int channels, int height,
                                 int width, int classes, bool logits, vt_model **out)
{
  *out = NULL;
  if (!predict) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a function model needs a function");
  if (channels != 1 && channels != 3)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a function model takes pictures of 1 or 3 channels, not %d", channels);
  if (height < 1 || width < 1 || height > LARGEST_SIDE || width > LARGEST_SIDE ||
      (int64_t)height * width > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a function model cannot take pictures of %d × %d pixels",
                   height, width);
  if (classes < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a model needs at least one class, not %d", classes);
  function_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  *state = (function_state){.predict = predict, .user = user};
  vt_model *model;
  vt_status status = vt_model_new(ctx, &kind_function, state, &model);
  if (status != VT_OK) {
    vt_free(state);
    return status;
  }
  status = vt_preprocess_plain(ctx, channels, height, width, false, &model->preprocess);
  if (status != VT_OK) {
    vt_model_free(model);
    return status;
  }
  model->preprocess->output = logits ? VT_OUTPUT_LOGITS : VT_OUTPUT_PROBABILITIES;
  model->classes = classes;
  model->logits = logits;
  model->input_floats = (size_t)channels * (size_t)height * (size_t)width;
  model->output_floats = (size_t)classes;
  *out = model;
  return VT_OK;
}
