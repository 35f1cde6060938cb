/* SPDX-License-Identifier: Apache-2.0
 *
 * Slice, CenterCropPad.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"

/* ---- Slice ---- */

typedef struct slice_box {
  int64_t starts[VT_MAX_RANK], steps[VT_MAX_RANK], dims[VT_MAX_RANK];
} slice_box;

/* One axis of a slice: start and end as given, brought into the axis as Python does. */
static void slice_axis(int64_t size, int64_t start, int64_t end, int64_t step, int64_t *first, int64_t *count)
{
  int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1; /* of a clamped bound */
  if (start < 0) start += size;
  if (end < 0) end += size;
  start = start < low ? low : start > high ? high : start;
  end = end < low ? low : end > high ? high : end;
  uint64_t distance = step > 0 ? (uint64_t)(end - start) : (uint64_t)(start - end);
  uint64_t stride = step > 0 ? (uint64_t)step : -(uint64_t)step;
  bool empty = step > 0 ? end <= start : start <= end;
  *first = start;
  *count = empty ? 0 : (int64_t)((distance - 1) / stride + 1);
}

static vt_status slice_ranges(vt_ctx *ctx, const vt_call *call, slice_box *out)
{
  const vt_tensor *data = call->inputs[0];
  int64_t starts[VT_MAX_RANK], ends[VT_MAX_RANK], axes[VT_MAX_RANK], steps[VT_MAX_RANK];
  int count, end_count, axis_count, step_count;
  bool seen[VT_MAX_RANK] = {false};
  VT_TRY(vt_input_ints(ctx, call, 1, starts, VT_MAX_RANK, &count));
  VT_TRY(vt_input_ints(ctx, call, 2, ends, VT_MAX_RANK, &end_count));
  VT_TRY(vt_input_ints(ctx, call, 3, axes, VT_MAX_RANK, &axis_count));
  VT_TRY(vt_input_ints(ctx, call, 4, steps, VT_MAX_RANK, &step_count));
  if (end_count != count || (axis_count >= 0 && axis_count != count) ||
      (step_count >= 0 && step_count != count))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "starts, ends, axes and steps have different lengths (%d, %d, %d, %d; -1: absent)",
                        count, end_count, axis_count, step_count);
  for (int axis = 0; axis < data->rank; axis++) {
    out->starts[axis] = 0;
    out->steps[axis] = 1;
    out->dims[axis] = data->dims[axis];
  }
  for (int i = 0; i < count; i++) {
    int axis;
    int64_t step = step_count >= 0 ? steps[i] : 1;
    VT_TRY(vt_axis(ctx, "axes", axis_count >= 0 ? axes[i] : i, data->rank, &axis));
    if (seen[axis]) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d is listed twice", axis);
    if (step == 0) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "the step of axis %d is 0", axis);
    seen[axis] = true;
    slice_axis(data->dims[axis], starts[i], ends[i], step, &out->starts[axis], &out->dims[axis]);
    out->steps[axis] = out->dims[axis] > 1 ? step : 1; /* a single element needs no step, however large */
  }
  return VT_OK;
}

static vt_status slice_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  slice_box box;
  VT_TRY(slice_ranges(ctx, call, &box));
  return vt_set_output(ctx, call, 0, data->type, data->rank, box.dims);
}

/* The copy out of the data; `offset`: element of the data that index 0 on every axis stands for. */
static vt_status slice_move(vt_ctx *ctx, const vt_call *call, vt_move *move, int64_t *offset)
{
  const vt_tensor *data = call->inputs[0];
  slice_box box;
  int64_t strides[VT_MAX_RANK];
  *move = (vt_move){0};
  *offset = 0;
  VT_TRY(slice_ranges(ctx, call, &box));
  vt_strides(data, strides);
  for (int axis = 0; axis < data->rank; axis++) {
    if (box.dims[axis] > 0) *offset += box.starts[axis] * strides[axis];
    vt_move_axis(move, box.dims[axis], 0, box.steps[axis] * strides[axis]);
  }
  vt_move_dense(move);
  return VT_OK;
}

static vt_status slice_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  vt_move move;
  int64_t offset;
  if (vt_count(output) == 0) return VT_OK;
  VT_TRY(slice_move(ctx, call, &move, &offset));
  size_t size = vt_type_size(data->type);
  vt_move_run(ctx, &move, size, output->data, (const char *)data->data + (size_t)offset * size);
  return VT_OK;
}

static vt_status slice_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *from = gradient->output_gradients[0];
  vt_move move;
  int64_t offset;
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *to = vt_gradient_zero(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_count(from) == 0) return VT_OK;
  VT_TRY(slice_move(ctx, gradient->call, &move, &offset));
  size_t size = vt_type_size(to->type);
  vt_move_turn(&move);
  vt_move_run(ctx, &move, size, (char *)to->data + (size_t)offset * size, from->data);
  return VT_OK;
}

/* ---- CenterCropPad ---- */

typedef struct crop_attributes {
  vt_ints axes;
} crop_attributes;

static const vt_field crop_fields[] = {
    {"axes", VT_FIELD_INTS, offsetof(crop_attributes, axes),
     .help = "axes the sizes are for; all when absent"},
};

static vt_status crop_shape(vt_ctx *ctx, const vt_call *call)
{
  const crop_attributes *attributes = call->attributes;
  const vt_ints *axes = &attributes->axes;
  const vt_tensor *data = call->inputs[0];
  int64_t sizes[VT_MAX_RANK], dims[VT_MAX_RANK];
  int count;
  bool seen[VT_MAX_RANK] = {false};
  VT_TRY(vt_input_ints(ctx, call, 1, sizes, VT_MAX_RANK, &count));
  size_t expected = axes->present ? axes->count : (size_t)data->rank;
  if ((size_t)count != expected)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d sizes given for %zu axes", count, expected);
  memcpy(dims, data->dims, sizeof dims);
  for (int i = 0; i < count; i++) {
    int axis;
    VT_TRY(vt_axis(ctx, "axes", axes->present ? axes->data[i] : i, data->rank, &axis));
    if (seen[axis]) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d is listed twice", axis);
    seen[axis] = true;
    dims[axis] = sizes[i];
  }
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

/* The middles lie on each other; of an odd difference the smaller half comes first. The offsets are those of
 * the first element that both have. */
static vt_move crop_move(const vt_tensor *data, const vt_tensor *output, int64_t *to_offset,
                         int64_t *from_offset)
{
  int64_t strides[VT_MAX_RANK], to_strides[VT_MAX_RANK];
  vt_move move = {0};
  *to_offset = *from_offset = 0;
  vt_strides(data, strides);
  vt_strides(output, to_strides);
  for (int axis = 0; axis < data->rank; axis++) {
    int64_t from = data->dims[axis], to = output->dims[axis];
    if (from > to) *from_offset += (from - to) / 2 * strides[axis];
    if (to > from) *to_offset += (to - from) / 2 * to_strides[axis];
    vt_move_axis(&move, from < to ? from : to, to_strides[axis], strides[axis]);
  }
  return move;
}

/* `output` is zero but for what it has in common with `data`. The gradient is the same the
 * other way round. */
static void crop_copy(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_move *move,
                      int64_t to_offset, int64_t from_offset)
{
  size_t size = vt_type_size(data->type);
  memset(output->data, 0, vt_bytes(output));
  vt_move_run(ctx, move, size, (char *)output->data + (size_t)to_offset * size,
              (const char *)data->data + (size_t)from_offset * size);
}

static vt_status crop_run(vt_ctx *ctx, const vt_call *call)
{
  int64_t to_offset, from_offset;
  vt_move move = crop_move(call->inputs[0], call->outputs[0], &to_offset, &from_offset);
  crop_copy(ctx, call->inputs[0], call->outputs[0], &move, to_offset, from_offset);
  return VT_OK;
}

static vt_status crop_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  int64_t to_offset, from_offset;
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0), *from = gradient->output_gradients[0];
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  vt_move move = crop_move(to, from, &to_offset, &from_offset);
  vt_move_turn(&move);
  crop_copy(ctx, from, to, &move, from_offset, to_offset);
  return VT_OK;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Slice",
     .since = 1,
     VT_INPUTS(3, 5),
     VT_OUTPUTS(1, 1),
     .types = {VT_STORED, VT_INDICES},
     .shape = slice_shape,
     .implementations = {{"plain", NULL, slice_run}},
     .backward = slice_backward,
     .saves = VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2) | VT_SAVES_INPUT(3) | VT_SAVES_INPUT(4)},
    {.name = "CenterCropPad",
     .since = 18,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(crop_attributes, crop_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = crop_shape,
     .implementations = {{"plain", NULL, crop_run}},
     .backward = crop_backward},
};

const vt_op_family vt_ops_slice = {rows, VT_COUNT(rows)};
