/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking broadcast inputs row by row, and half types by way of f32.
 */
#include "ops/elementwise.h"

#include "ops/derivative.h"

/* The output's axes with those merged that no input tells apart; the last one has
 * step 0 or 1 in every input. */
typedef struct walk {
  vt_loop loop;
  const void *settings;
  int count, rank;
  int64_t dims[VT_MAX_RANK];
  int64_t strides[VT_LOOP_INPUTS][VT_MAX_RANK]; /* bytes */
  const char *data[VT_LOOP_INPUTS];
  char *output;
  int64_t output_size; /* bytes an element */
} walk;

static bool merges_with_next(const walk *plan, int axis)
{
  for (int k = 0; k < plan->count; k++)
    if (plan->strides[k][axis] != plan->strides[k][axis + 1] * plan->dims[axis + 1]) return false;
  return true;
}

static void drop_axis(walk *plan, int axis)
{
  for (int later = axis; later + 1 < plan->rank; later++) {
    plan->dims[later] = plan->dims[later + 1];
    for (int k = 0; k < plan->count; k++)
      plan->strides[k][later] = plan->strides[k][later + 1];
  }
  plan->rank--;
}

static void merge_axes(walk *plan)
{
  for (int axis = plan->rank - 1; axis >= 0; axis--)
    if (plan->dims[axis] == 1) drop_axis(plan, axis);
  for (int axis = plan->rank - 2; axis >= 0; axis--)
    if (merges_with_next(plan, axis)) {
      plan->dims[axis + 1] *= plan->dims[axis];
      drop_axis(plan, axis);
    }
  if (plan->rank == 0) {
    plan->rank = 1;
    plan->dims[0] = 1;
    for (int k = 0; k < plan->count; k++)
      plan->strides[k][0] = 0;
  }
}

static void walk_range(void *user, int64_t first, int64_t last)
{
  const walk *plan = user;
  int inner = plan->rank - 1;
  int64_t row = first / plan->dims[inner], column = first % plan->dims[inner];
  int64_t index[VT_MAX_RANK] = {0};
  const char *row_data[VT_LOOP_INPUTS];
  int steps[VT_LOOP_INPUTS];
  for (int k = 0; k < plan->count; k++) {
    row_data[k] = plan->data[k];
    steps[k] = plan->strides[k][inner] != 0;
  }
  for (int axis = inner - 1; axis >= 0; axis--) {
    index[axis] = row % plan->dims[axis];
    row /= plan->dims[axis];
    for (int k = 0; k < plan->count; k++)
      row_data[k] += index[axis] * plan->strides[k][axis];
  }
  while (first < last) {
    int64_t count = plan->dims[inner] - column;
    if (count > last - first) count = last - first;
    const void *inputs[VT_LOOP_INPUTS];
    for (int k = 0; k < plan->count; k++)
      inputs[k] = row_data[k] + column * plan->strides[k][inner];
    plan->loop(inputs, steps, plan->output + first * plan->output_size, count, plan->settings);
    first += count;
    column = 0;
    for (int axis = inner - 1; axis >= 0; axis--) {
      for (int k = 0; k < plan->count; k++)
        row_data[k] += plan->strides[k][axis];
      if (++index[axis] < plan->dims[axis]) break;
      for (int k = 0; k < plan->count; k++)
        row_data[k] -= plan->strides[k][axis] * plan->dims[axis];
      index[axis] = 0;
    }
  }
}

vt_status vt_walk(vt_ctx *ctx, vt_loop loop, int count, const vt_tensor *const *inputs, vt_tensor *output,
                  const void *settings)
{
  walk plan = {.loop = loop, .settings = settings, .count = count, .rank = output->rank};
  plan.output = output->data;
  plan.output_size = (int64_t)vt_type_size(output->type);
  memcpy(plan.dims, output->dims, sizeof plan.dims);
  for (int k = 0; k < count; k++) {
    int64_t size = (int64_t)vt_type_size(inputs[k]->type);
    vt_broadcast_strides(inputs[k], output->rank, output->dims, plan.strides[k]);
    for (int axis = 0; axis < output->rank; axis++)
      plan.strides[k][axis] *= size;
    plan.data[k] = inputs[k]->data;
  }
  int64_t elements = vt_count(output);
  if (elements == 0) return VT_OK;
  merge_axes(&plan);
  vt_parallel(ctx, elements, VT_LOOP_GRAIN, walk_range, &plan);
  return VT_OK;
}

vt_status vt_run_loops(vt_ctx *ctx, const vt_call *call, const vt_loop loops[VT_TYPE_COUNT])
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  vt_loop loop = loops[call->inputs[0]->type];
  if (!loop)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "element type %s",
                        vt_type_name(call->inputs[0]->type));
  return vt_walk(ctx, loop, call->input_count, (const vt_tensor *const *)call->inputs, call->outputs[0],
                 call->attributes);
}

bool vt_is_half(const vt_tensor *tensor)
{
  return tensor->type == VT_F16 || tensor->type == VT_BF16;
}

static void widen_range(void *user, int64_t first, int64_t last)
{
  vt_tensor *const *pair = user;
  const uint16_t *from = pair[0]->data;
  float *to = pair[1]->data;
  if (pair[0]->type == VT_F16)
    for (int64_t i = first; i < last; i++)
      to[i] = vt_f16_to_f32(from[i]);
  else
    for (int64_t i = first; i < last; i++)
      to[i] = vt_bf16_to_f32(from[i]);
}

static void narrow_range(void *user, int64_t first, int64_t last)
{
  vt_tensor *const *pair = user;
  const float *from = pair[0]->data;
  uint16_t *to = pair[1]->data;
  if (pair[1]->type == VT_F16)
    for (int64_t i = first; i < last; i++)
      to[i] = vt_f32_to_f16(from[i]);
  else
    for (int64_t i = first; i < last; i++)
      to[i] = vt_f32_to_bf16(from[i]);
}

static vt_status run_on_copies(vt_ctx *ctx, const vt_call *call, vt_tensor **copies)
{
  vt_tensor **inputs = copies, **outputs = copies + call->input_count;
  for (int i = 0; i < call->input_count; i++) {
    inputs[i] = call->inputs[i];
    if (!inputs[i] || !vt_is_half(inputs[i])) continue;
    inputs[i] = vt_tensor_new(ctx, VT_F32, call->inputs[i]->rank, call->inputs[i]->dims);
    if (!inputs[i]) return VT_ERROR_OUT_OF_MEMORY;
    vt_tensor *pair[2] = {call->inputs[i], inputs[i]};
    vt_parallel(ctx, vt_count(inputs[i]), VT_LOOP_GRAIN, widen_range, pair);
  }
  for (int i = 0; i < call->output_count; i++) {
    outputs[i] = call->outputs[i];
    if (!outputs[i] || !vt_is_half(outputs[i])) continue;
    outputs[i] = vt_tensor_new(ctx, VT_F32, call->outputs[i]->rank, call->outputs[i]->dims);
    if (!outputs[i]) return VT_ERROR_OUT_OF_MEMORY;
  }
  vt_call wide = *call;
  wide.inputs = inputs;
  wide.outputs = outputs;
  VT_TRY(vt_call_implementation(&wide)->run(ctx, &wide));
  for (int i = 0; i < call->output_count; i++)
    if (outputs[i] != call->outputs[i]) {
      vt_tensor *pair[2] = {outputs[i], call->outputs[i]};
      vt_parallel(ctx, vt_count(outputs[i]), VT_LOOP_GRAIN, narrow_range, pair);
    }
  return VT_OK;
}

vt_status vt_run_widened(vt_ctx *ctx, const vt_call *call)
{
  size_t mark = vt_tensor_mark(ctx), places = (size_t)call->input_count + (size_t)call->output_count;
  vt_tensor **copies = vt_alloc_zero(ctx, places, sizeof *copies);
  if (!copies) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = run_on_copies(ctx, call, copies);
  vt_tensor_release(ctx, mark);
  vt_free(copies);
  return status;
}

vt_status vt_backward_operand(vt_ctx *ctx, const vt_gradient *gradient, int index,
                              const vt_loop loops[VT_TYPE_COUNT], int count, const vt_tensor *const *tensors)
{
  if (!vt_gradient_wanted(gradient, index)) return VT_OK;
  const vt_tensor *given = gradient->output_gradients[0];
  vt_tensor *full = vt_tensor_new(ctx, given->type, given->rank, given->dims);
  if (!full) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_walk(ctx, loops[given->type], count, tensors, full, gradient->call->attributes));
  return vt_gradient_reduce(ctx, full, gradient->call->inputs[index], &gradient->input_gradients[index]);
}
