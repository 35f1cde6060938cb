/* SPDX-License-Identifier: Apache-2.0
 *
 * Concat, Split, Tile.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/move.h"

typedef struct concat_attributes {
  int64_t axis;
} concat_attributes;

static const vt_field concat_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(concat_attributes, axis), .help = "axis to join along", .required = true},
};

/* A block of `run` elements for each of `outer` rows, `to_row` and `from_row` elements apart. */
static void copy_blocks(vt_ctx *ctx, size_t element_size, int64_t outer, int64_t run, char *to,
                        int64_t to_row, const char *from, int64_t from_row)
{
  vt_move move = {0};
  vt_move_axis(&move, outer, to_row, from_row);
  vt_move_axis(&move, run, 1, 1);
  vt_move_run(ctx, &move, element_size, to, from);
}

/* ---- Concat ---- */

static vt_status concat_shape(vt_ctx *ctx, const vt_call *call)
{
  const concat_attributes *attributes = call->attributes;
  const vt_tensor *first = call->inputs[0];
  int axis;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, first->rank, &axis));
  memcpy(dims, first->dims, sizeof dims);
  for (int i = 1; i < call->input_count; i++) {
    const vt_tensor *input = call->inputs[i];
    bool fits = input->rank == first->rank;
    for (int a = 0; fits && a < first->rank; a++)
      fits = a == axis || input->dims[a] == first->dims[a];
    if (!fits) {
      char a[160], b[160];
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "input %d is %s, which does not continue %s along axis %d", i,
                          vt_shape_text(input, a), vt_shape_text(first, b), axis);
    }
    if (__builtin_add_overflow(dims[axis], input->dims[axis], &dims[axis]))
      return vt_call_fail(ctx, call, VT_ERROR_OUT_OF_MEMORY,
                          "the sizes along axis %d do not add up in 64 bits", axis);
  }
  return vt_set_output(ctx, call, 0, first->type, first->rank, dims);
}

/* The axis to join along, in memory. */
static vt_status stored_axis(vt_ctx *ctx, const vt_call *call, const vt_tensor *joined, int *axis)
{
  const concat_attributes *attributes = call->attributes;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, joined->rank, axis));
  *axis = vt_stored_axis(joined, *axis);
  return VT_OK;
}

static vt_status concat_run(vt_ctx *ctx, const vt_call *call)
{
  vt_tensor output = vt_as_stored(call->outputs[0]);
  int axis;
  VT_TRY(stored_axis(ctx, call, call->outputs[0], &axis));
  size_t size = vt_type_size(output.type);
  int64_t row = vt_span(&output, axis, output.rank), outer = vt_span(&output, 0, axis);
  char *to = output.data;
  for (int i = 0; i < call->input_count; i++) {
    vt_tensor input = vt_as_stored(call->inputs[i]);
    int64_t run = vt_span(&input, axis, input.rank);
    copy_blocks(ctx, size, outer, run, to, row, input.data, run);
    to += (size_t)run * size;
  }
  return VT_OK;
}

static vt_status concat_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const vt_tensor joined = vt_as_stored(gradient->output_gradients[0]);
  int axis;
  VT_TRY(stored_axis(ctx, call, gradient->output_gradients[0], &axis));
  size_t size = vt_type_size(joined.type);
  int64_t row = vt_span(&joined, axis, joined.rank), outer = vt_span(&joined, 0, axis);
  const char *from = joined.data;
  for (int i = 0; i < call->input_count; i++) {
    vt_tensor input = vt_as_stored(call->inputs[i]);
    int64_t run = vt_span(&input, axis, joined.rank);
    if (gradient->wanted[i]) {
      vt_tensor *to = vt_gradient_new(ctx, gradient, i);
      if (!to) return VT_ERROR_OUT_OF_MEMORY;
      copy_blocks(ctx, size, outer, run, to->data, run, from, row);
    }
    from += (size_t)run * size;
  }
  return VT_OK;
}

/* ---- Split ---- */

typedef struct split_attributes {
  int64_t axis, num_outputs;
} split_attributes;

static const vt_field split_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(split_attributes, axis), "0", .help = "axis to cut"},
    {"num_outputs", VT_FIELD_INT, offsetof(split_attributes, num_outputs), "0",
     .help = "equal parts, the last one may be smaller; 0: as many as there are outputs"},
};

static vt_status equal_parts(vt_ctx *ctx, const vt_call *call, int64_t size, int64_t *sizes)
{
  const split_attributes *attributes = call->attributes;
  int64_t parts = attributes->num_outputs ? attributes->num_outputs : call->output_count;
  if (parts != call->output_count)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "num_outputs is %lld, the node has %d outputs",
                        (long long)parts, call->output_count);
  int64_t part = size / parts + (size % parts != 0), rest = size - part * (parts - 1);
  if (rest < 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "an axis of %lld cannot be cut into %lld parts of %lld", (long long)size,
                        (long long)parts, (long long)part);
  for (int64_t i = 0; i < parts; i++)
    sizes[i] = i + 1 < parts ? part : rest;
  return VT_OK;
}

/* Size of each part along the axis; `sizes` has room for VT_VARIADIC. */
static vt_status split_sizes(vt_ctx *ctx, const vt_call *call, int *axis, int64_t *sizes)
{
  const split_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int count;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, axis));
  if (call->output_count < 1) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "there are no outputs");
  VT_TRY(vt_input_ints(ctx, call, 1, sizes, VT_VARIADIC, &count));
  if (count < 0) return equal_parts(ctx, call, data->dims[*axis], sizes);
  if (count != call->output_count)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d sizes given for %d outputs", count,
                        call->output_count);
  int64_t left = data->dims[*axis];
  for (int i = 0; i < count && left >= 0; i++) {
    if (sizes[i] < 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "size %d is %lld", i, (long long)sizes[i]);
    left = sizes[i] > left ? -1 : left - sizes[i];
  }
  if (left != 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "the sizes do not add up to the %lld of axis %d",
                        (long long)data->dims[*axis], *axis);
  return VT_OK;
}

static vt_status split_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  int axis;
  int64_t sizes[VT_VARIADIC], dims[VT_MAX_RANK];
  VT_TRY(split_sizes(ctx, call, &axis, sizes));
  memcpy(dims, data->dims, sizeof dims);
  for (int i = 0; i < call->output_count; i++) {
    dims[axis] = sizes[i];
    VT_TRY(vt_set_output(ctx, call, i, data->type, data->rank, dims));
  }
  return VT_OK;
}

static vt_status split_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  int axis;
  int64_t sizes[VT_VARIADIC];
  VT_TRY(split_sizes(ctx, call, &axis, sizes));
  size_t size = vt_type_size(data->type);
  int64_t row = vt_span(data, axis, data->rank), inner = vt_span(data, axis + 1, data->rank);
  const char *from = data->data;
  for (int i = 0; i < call->output_count; i++) {
    int64_t run = sizes[i] * inner;
    if (call->outputs[i])
      copy_blocks(ctx, size, vt_span(data, 0, axis), run, call->outputs[i]->data, run, from, row);
    from += (size_t)run * size;
  }
  return VT_OK;
}

static vt_status split_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const vt_tensor *data = call->inputs[0];
  int axis;
  int64_t sizes[VT_VARIADIC];
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(split_sizes(ctx, call, &axis, sizes));
  vt_tensor *whole = vt_gradient_zero(ctx, gradient, 0);
  if (!whole) return VT_ERROR_OUT_OF_MEMORY;
  size_t size = vt_type_size(data->type);
  int64_t row = vt_span(data, axis, data->rank), inner = vt_span(data, axis + 1, data->rank);
  char *to = whole->data;
  for (int i = 0; i < call->output_count; i++) {
    int64_t run = sizes[i] * inner;
    const vt_tensor *part = gradient->output_gradients[i];
    if (part) copy_blocks(ctx, size, vt_span(data, 0, axis), run, to, row, part->data, run);
    to += (size_t)run * size;
  }
  return VT_OK;
}

/* ---- Tile ---- */

static vt_status tile_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  int count;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_input_ints(ctx, call, 1, dims, VT_MAX_RANK, &count));
  if (count != data->rank)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d repeats given for %d dimensions", count,
                        data->rank);
  for (int axis = 0; axis < count; axis++)
    if (dims[axis] < 0 || __builtin_mul_overflow(dims[axis], data->dims[axis], &dims[axis]))
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d cannot be repeated %lld times", axis,
                          (long long)vt_get_i64(call->inputs[1], axis));
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

static vt_status tile_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int64_t strides[VT_MAX_RANK];
  vt_move move = {0};
  if (vt_count(output) == 0) return VT_OK;
  vt_strides(data, strides);
  for (int axis = 0; axis < data->rank; axis++) {
    vt_move_axis(&move, output->dims[axis] / data->dims[axis], 0, 0);
    vt_move_axis(&move, data->dims[axis], 0, strides[axis]);
  }
  vt_move_dense(&move);
  vt_move_run(ctx, &move, vt_type_size(data->type), output->data, data->data);
  return VT_OK;
}

/* Every axis that is repeated, as an index list. */
static vt_status tile_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *data = gradient->call->inputs[0], *tiled = gradient->output_gradients[0];
  const int64_t *maps[VT_MAX_RANK] = {NULL};
  int64_t total = 1;
  if (!gradient->wanted[0]) return VT_OK;
  for (int axis = 0; axis < data->rank; axis++)
    total += tiled->dims[axis];
  vt_tensor *sum = vt_gradient_new(ctx, gradient, 0);
  int64_t *lists = vt_alloc_zero(ctx, (size_t)total, sizeof *lists), *next = lists;
  vt_status status = sum && lists ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int axis = 0; status == VT_OK && axis < data->rank; axis++) {
    if (tiled->dims[axis] == data->dims[axis]) continue;
    maps[axis] = next;
    for (int64_t i = 0; i < tiled->dims[axis]; i++)
      *next++ = i % data->dims[axis];
  }
  if (status == VT_OK) status = vt_remap_add(ctx, tiled, maps, sum);
  vt_free(lists);
  return status;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Concat",
     .since = 1,
     VT_INPUTS(1, VT_VARIADIC),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(concat_attributes, concat_fields),
     .types = {VT_STORED},
     .same_types = true,
     .flags = VT_OP_CHANNELS_LAST,
     .shape = concat_shape,
     .implementations = {{"last", NULL, concat_run, .channels_last = true}, {"plain", NULL, concat_run}},
     .backward = concat_backward},
    {.name = "Split",
     .since = 1,
     VT_INPUTS(1, 2),
     VT_OUTPUTS(1, VT_VARIADIC),
     VT_SETTINGS(split_attributes, split_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = split_shape,
     .implementations = {{"plain", NULL, split_run}},
     .backward = split_backward,
     .saves = VT_SAVES_INPUT(1)},
    {.name = "Tile",
     .since = 6,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     .types = {VT_STORED, VT_INDICES},
     .shape = tile_shape,
     .implementations = {{"plain", NULL, tile_run}},
     .backward = tile_backward},
};

const vt_op_family vt_ops_concat = {rows, VT_COUNT(rows)};
