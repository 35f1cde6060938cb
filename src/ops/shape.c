/* SPDX-License-Identifier: Apache-2.0
 *
 * Reshape, Flatten, Squeeze, Unsqueeze (views), Expand, Transpose.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"

/* ---- Reshape ---- */

typedef struct reshape_attributes {
  bool allowzero; /* a 0 in the shape means 0, not "as in the input" */
} reshape_attributes;

static const vt_field reshape_fields[] = {
    {"allowzero", VT_FIELD_BOOL, offsetof(reshape_attributes, allowzero), "false",
     .help = "a 0 in the shape is a size, not a copy of the input's"},
};

/* Puts the size that −1 stands for. */
static vt_status infer_size(vt_ctx *ctx, const vt_call *call, int count, int64_t *dims)
{
  const vt_tensor *data = call->inputs[0];
  int64_t product = 1, total = vt_count(data);
  int open = -1;
  bool fits = true;
  for (int i = 0; i < count; i++) {
    if (dims[i] == -1 && open < 0)
      open = i;
    else if (dims[i] < 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "size %d of the shape is %lld%s", i,
                          (long long)dims[i], dims[i] == -1 ? ", the second -1" : "");
    else if (__builtin_mul_overflow(product, dims[i], &product))
      fits = false;
  }
  if (open >= 0 && fits) {
    if (product == 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "-1 beside a size of 0 could be anything");
    dims[open] = total / product;
    product *= dims[open];
  }
  if (fits && product == total) return VT_OK;
  vt_tensor wanted = {.type = data->type, .rank = count};
  memcpy(wanted.dims, dims, sizeof dims[0] * (size_t)count);
  char from[160], to[160];
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                      "%s cannot be read as %s: the number of elements differs", vt_shape_text(data, from),
                      vt_shape_text(&wanted, to));
}

static vt_status reshape_shape(vt_ctx *ctx, const vt_call *call)
{
  const reshape_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int64_t dims[VT_MAX_RANK];
  int count;
  VT_TRY(vt_input_ints(ctx, call, 1, dims, VT_MAX_RANK, &count));
  for (int i = 0; i < count; i++)
    if (dims[i] == 0 && !attributes->allowzero) {
      if (i >= data->rank)
        return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                            "size %d of the shape is 0, but the data has %d dimensions", i, data->rank);
      dims[i] = data->dims[i];
    }
  VT_TRY(infer_size(ctx, call, count, dims));
  return vt_set_output(ctx, call, 0, data->type, count, dims);
}

/* ---- Flatten ---- */

typedef struct axis_attributes {
  int64_t axis;
} axis_attributes;

static const vt_field flatten_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(axis_attributes, axis), "1",
     .help = "first axis of the second dimension"},
};

static vt_status flatten_shape(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int64_t axis = attributes->axis < 0 ? attributes->axis + data->rank : attributes->axis;
  if (axis < 0 || axis > data->rank)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %lld is outside -%d..%d",
                        (long long)attributes->axis, data->rank, data->rank);
  int64_t dims[2] = {vt_span(data, 0, (int)axis), vt_span(data, (int)axis, data->rank)};
  return vt_set_output(ctx, call, 0, data->type, 2, dims);
}

/* ---- Squeeze, Unsqueeze ---- */

/* Marks the axes of input 1 in a tensor of `rank` dimensions; count −1 when the input is absent. */
static vt_status marked_axes(vt_ctx *ctx, const vt_call *call, int rank, bool *marked, int *count)
{
  int64_t axes[VT_MAX_RANK];
  VT_TRY(vt_input_ints(ctx, call, 1, axes, VT_MAX_RANK, count));
  for (int axis = 0; axis < rank; axis++)
    marked[axis] = false;
  for (int i = 0; i < *count; i++) {
    int axis;
    VT_TRY(vt_axis(ctx, "axes", axes[i], rank, &axis));
    if (marked[axis]) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d is listed twice", axis);
    marked[axis] = true;
  }
  return VT_OK;
}

static vt_status squeeze_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  bool marked[VT_MAX_RANK];
  int count, rank = 0;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(marked_axes(ctx, call, data->rank, marked, &count));
  for (int axis = 0; axis < data->rank; axis++) {
    if (count <= 0) marked[axis] = data->dims[axis] == 1;
    if (!marked[axis]) {
      dims[rank++] = data->dims[axis];
    } else if (data->dims[axis] != 1) {
      char shape[160];
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "axis %d of %s cannot be dropped, its size is not 1", axis,
                          vt_shape_text(data, shape));
    }
  }
  return vt_set_output(ctx, call, 0, data->type, rank, dims);
}

static vt_status unsqueeze_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0], *axes = call->inputs[1];
  bool marked[2 * VT_MAX_RANK];
  int count, from = 0;
  int64_t dims[VT_MAX_RANK];
  int64_t rank = data->rank + vt_count(axes);
  if (rank > VT_MAX_RANK)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED,
                        "%lld dimensions asked for; at most %d are supported", (long long)rank, VT_MAX_RANK);
  VT_TRY(marked_axes(ctx, call, (int)rank, marked, &count));
  for (int axis = 0; axis < rank; axis++)
    dims[axis] = marked[axis] ? 1 : data->dims[from++];
  return vt_set_output(ctx, call, 0, data->type, (int)rank, dims);
}

/* ---- Expand ---- */

static vt_status expand_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor target = {.type = data->type};
  int rank;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_input_ints(ctx, call, 1, dims, VT_MAX_RANK, &target.rank));
  VT_TRY(vt_tensor_set_shape(ctx, &target, data->type, target.rank, dims));
  const vt_tensor *both[] = {data, &target};
  VT_TRY(vt_broadcast_shape(ctx, both, 2, &rank, dims));
  return vt_set_output(ctx, call, 0, data->type, rank, dims);
}

static vt_status expand_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int64_t strides[VT_MAX_RANK];
  vt_move move = {0};
  vt_broadcast_strides(data, output->rank, output->dims, strides);
  for (int axis = 0; axis < output->rank; axis++)
    vt_move_axis(&move, output->dims[axis], 0, strides[axis]);
  vt_move_dense(&move);
  vt_move_run(ctx, &move, vt_type_size(data->type), output->data, data->data);
  return VT_OK;
}

static vt_status expand_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!gradient->wanted[0]) return VT_OK;
  return vt_gradient_reduce(ctx, gradient->output_gradients[0], gradient->call->inputs[0],
                            &gradient->input_gradients[0]);
}

/* ---- Transpose ---- */

typedef struct transpose_attributes {
  vt_ints perm; /* output axis i is input axis perm[i] */
} transpose_attributes;

static const vt_field transpose_fields[] = {
    {"perm", VT_FIELD_INTS, offsetof(transpose_attributes, perm),
     .help = "input axis of each output axis; the reversed order when absent"},
};

static vt_status transpose_shape(vt_ctx *ctx, const vt_call *call)
{
  const transpose_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  const vt_ints *perm = &attributes->perm;
  bool seen[VT_MAX_RANK] = {false};
  int64_t dims[VT_MAX_RANK];
  if (perm->present && perm->count != (size_t)data->rank)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "perm has %zu entries, the data %d dimensions",
                        perm->count, data->rank);
  for (int axis = 0; axis < data->rank; axis++) {
    int64_t from = perm->present ? perm->data[axis] : data->rank - 1 - axis;
    if (from < 0 || from >= data->rank || seen[from])
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "perm is not a permutation of 0..%d: entry %d is %lld", data->rank - 1, axis,
                          (long long)from);
    seen[from] = true;
    dims[axis] = data->dims[from];
  }
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

/* Strides of the input by output axis. */
static void transposed_strides(const vt_call *call, int64_t strides[VT_MAX_RANK])
{
  const vt_ints *perm = &((const transpose_attributes *)call->attributes)->perm;
  const vt_tensor *data = call->inputs[0];
  int64_t own[VT_MAX_RANK];
  vt_strides(data, own);
  for (int axis = 0; axis < data->rank; axis++)
    strides[axis] = own[perm->present ? perm->data[axis] : data->rank - 1 - axis];
}

static vt_status transpose_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int64_t strides[VT_MAX_RANK];
  vt_move move = {0};
  transposed_strides(call, strides);
  for (int axis = 0; axis < output->rank; axis++)
    vt_move_axis(&move, output->dims[axis], 0, strides[axis]);
  vt_move_dense(&move);
  vt_move_run(ctx, &move, vt_type_size(data->type), output->data, data->data);
  return VT_OK;
}

static vt_status transpose_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *from = gradient->output_gradients[0];
  int64_t strides[VT_MAX_RANK];
  vt_move move = {0};
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  transposed_strides(gradient->call, strides);
  for (int axis = 0; axis < from->rank; axis++)
    vt_move_axis(&move, from->dims[axis], 0, strides[axis]);
  vt_move_dense(&move);
  vt_move_turn(&move);
  vt_move_run(ctx, &move, vt_type_size(to->type), to->data, from->data);
  return VT_OK;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Reshape",
     .since = 1,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(reshape_attributes, reshape_fields),
     .types = {VT_STORED, VT_INDICES},
     .flags = VT_OP_VIEW,
     .shape = reshape_shape,
     .implementations = {{"plain", NULL, vt_run_copy}},
     .backward = vt_backward_view},
    {.name = "Flatten",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(axis_attributes, flatten_fields),
     .types = {VT_STORED},
     .flags = VT_OP_VIEW,
     .shape = flatten_shape,
     .implementations = {{"plain", NULL, vt_run_copy}},
     .backward = vt_backward_view},
    {.name = "Squeeze",
     .since = 1,
     VT_INPUTS(1, 2),
     VT_OUTPUTS(1, 1),
     .types = {VT_STORED, VT_INDICES},
     .flags = VT_OP_VIEW,
     .shape = squeeze_shape,
     .implementations = {{"plain", NULL, vt_run_copy}},
     .backward = vt_backward_view},
    {.name = "Unsqueeze",
     .since = 1,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     .types = {VT_STORED, VT_INDICES},
     .flags = VT_OP_VIEW,
     .shape = unsqueeze_shape,
     .implementations = {{"plain", NULL, vt_run_copy}},
     .backward = vt_backward_view},
    {.name = "Expand",
     .since = 8,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     .types = {VT_STORED, VT_INDICES},
     .shape = expand_shape,
     .implementations = {{"plain", NULL, expand_run}},
     .backward = expand_backward},
    {.name = "Transpose",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(transpose_attributes, transpose_fields),
     .types = {VT_STORED},
     .shape = transpose_shape,
     .implementations = {{"plain", NULL, transpose_run}},
     .backward = transpose_backward},
};

const vt_op_family vt_ops_shape = {rows, VT_COUNT(rows)};
