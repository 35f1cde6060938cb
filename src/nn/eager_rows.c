/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows that models use most, by their C names.
 */
#include "nn/eager.h"

static vt_tensor *one(vt_ctx *ctx, const char *op, vt_tensor *x)
{
  return vt_call_op(ctx, op, 1, &x, 0, NULL);
}

static vt_tensor *two(vt_ctx *ctx, const char *op, vt_tensor *a, vt_tensor *b)
{
  vt_tensor *inputs[] = {a, b};
  return vt_call_op(ctx, op, 2, inputs, 0, NULL);
}

static vt_tensor *along(vt_ctx *ctx, const char *op, vt_tensor *x, int axis)
{
  return vt_call_op(ctx, op, 1, &x, 1, &VT_INT("axis", axis));
}

/* ---- element by element ---- */

vt_tensor *vt_add(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Add", a, b);
}

vt_tensor *vt_sub_of(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Sub", a, b);
}

vt_tensor *vt_mul(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Mul", a, b);
}

vt_tensor *vt_div(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Div", a, b);
}

vt_tensor *vt_maximum(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Max", a, b);
}

vt_tensor *vt_minimum(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Min", a, b);
}

vt_tensor *vt_times(vt_ctx *ctx, vt_tensor *x, double factor)
{
  return two(ctx, "Mul", x, vt_number(ctx, factor));
}

vt_tensor *vt_plus(vt_ctx *ctx, vt_tensor *x, double summand)
{
  return two(ctx, "Add", x, vt_number(ctx, summand));
}

vt_tensor *vt_square(vt_ctx *ctx, vt_tensor *x)
{
  return two(ctx, "Mul", x, x);
}

vt_tensor *vt_clip(vt_ctx *ctx, vt_tensor *x, double low, double high)
{
  vt_tensor *inputs[] = {x, vt_number(ctx, low), vt_number(ctx, high)};
  return vt_call_op(ctx, "Clip", 3, inputs, 0, NULL);
}

vt_tensor *vt_map(vt_ctx *ctx, const char *op, vt_tensor *x)
{
  return one(ctx, op, x);
}

vt_tensor *vt_pair(vt_ctx *ctx, const char *op, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, op, a, b);
}

vt_tensor *vt_activate(vt_ctx *ctx, vt_tensor *x, vt_activation activation)
{
  switch (activation) {
  case VT_NO_ACTIVATION:
    return x;
  case VT_RELU:
    return one(ctx, "Relu", x);
  case VT_GELU:
    return one(ctx, "Gelu", x);
  case VT_GELU_TANH:
    return vt_call_op(ctx, "Gelu", 1, &x, 1, &VT_TEXT("approximate", "tanh"));
  case VT_SILU:
    return two(ctx, "Mul", x, one(ctx, "Sigmoid", x));
  case VT_TANH:
    return one(ctx, "Tanh", x);
  case VT_SIGMOID:
    return one(ctx, "Sigmoid", x);
  }
  return x;
}

vt_tensor *vt_equal(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "Equal", a, b);
}

vt_tensor *vt_where(vt_ctx *ctx, vt_tensor *condition, vt_tensor *yes, vt_tensor *no)
{
  vt_tensor *inputs[] = {condition, yes, no};
  return vt_call_op(ctx, "Where", 3, inputs, 0, NULL);
}

vt_tensor *vt_cast(vt_ctx *ctx, vt_tensor *x, vt_type type)
{
  return vt_call_op(ctx, "Cast", 1, &x, 1, &VT_INT("to", (int64_t)type));
}

/* ---- products ---- */

vt_tensor *vt_matmul(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  return two(ctx, "MatMul", a, b);
}

vt_tensor *vt_affine(vt_ctx *ctx, vt_tensor *x, vt_tensor *weight, vt_tensor *bias)
{
  int rank = x->rank;
  vt_tensor *flat = rank == 2 ? x : vt_reshape(ctx, x, VT_DIMS(-1, vt_dim(x, -1)));
  vt_tensor *inputs[] = {flat, weight, bias};
  vt_tensor *product = vt_call_op(ctx, "Gemm", bias ? 3 : 2, inputs, 1, &VT_INT("transB", 1));
  if (rank == 2 || vt_is_void(product)) return product;
  int64_t dims[VT_MAX_RANK];
  for (int i = 0; i < rank - 1; i++)
    dims[i] = x->dims[i];
  dims[rank - 1] = vt_dim(product, -1);
  return vt_reshape(ctx, product, rank, dims);
}

/* ---- shape ---- */

vt_tensor *vt_reshape(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *dims)
{
  return two(ctx, "Reshape", x, vt_integers(ctx, rank, dims));
}

vt_tensor *vt_transpose(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *permutation)
{
  return vt_call_op(ctx, "Transpose", 1, &x, 1, &VT_INTS("perm", rank, permutation));
}

vt_tensor *vt_concat(vt_ctx *ctx, int axis, int count, vt_tensor *const *parts)
{
  return vt_call_op(ctx, "Concat", count, parts, 1, &VT_INT("axis", axis));
}

vt_tensor *vt_slice(vt_ctx *ctx, vt_tensor *x, int axis, int64_t first, int64_t last)
{
  vt_tensor *inputs[] = {x, vt_integers(ctx, 1, &first), vt_integers(ctx, 1, &last),
                         vt_integers(ctx, 1, &(int64_t){axis})};
  return vt_call_op(ctx, "Slice", 4, inputs, 0, NULL);
}

void vt_split_parts(vt_ctx *ctx, vt_tensor *x, int axis, int count, vt_tensor **parts)
{
  vt_setting settings[] = {VT_INT("axis", axis), VT_INT("num_outputs", count)};
  vt_call_outputs(ctx, "Split", 1, &x, 2, settings, count, parts);
}

vt_tensor *vt_expand(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *dims)
{
  return two(ctx, "Expand", x, vt_integers(ctx, rank, dims));
}

vt_tensor *vt_unsqueeze(vt_ctx *ctx, vt_tensor *x, int axis)
{
  return two(ctx, "Unsqueeze", x, vt_integers(ctx, 1, &(int64_t){axis}));
}

vt_tensor *vt_squeeze(vt_ctx *ctx, vt_tensor *x, int axis)
{
  return two(ctx, "Squeeze", x, vt_integers(ctx, 1, &(int64_t){axis}));
}

vt_tensor *vt_gather(vt_ctx *ctx, vt_tensor *x, int axis, vt_tensor *indices)
{
  vt_tensor *inputs[] = {x, indices};
  return vt_call_op(ctx, "Gather", 2, inputs, 1, &VT_INT("axis", axis));
}

vt_tensor *vt_gather_elements(vt_ctx *ctx, vt_tensor *x, int axis, vt_tensor *indices)
{
  vt_tensor *inputs[] = {x, indices};
  return vt_call_op(ctx, "GatherElements", 2, inputs, 1, &VT_INT("axis", axis));
}

vt_tensor *vt_one_hot(vt_ctx *ctx, vt_tensor *indices, int64_t depth)
{
  vt_tensor *values = vt_filled(ctx, 1, &(int64_t){2}, 0);
  if (vt_is_void(values)) return values;
  ((float *)values->data)[1] = 1;
  vt_tensor *inputs[] = {indices, vt_integers(ctx, 1, &depth), values};
  return vt_call_op(ctx, "OneHot", 3, inputs, 1, &VT_INT("axis", -1));
}

vt_tensor *vt_pad(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *begin, const int64_t *end)
{
  int64_t pads[2 * VT_MAX_RANK];
  for (int i = 0; i < rank; i++) {
    pads[i] = begin[i];
    pads[rank + i] = end[i];
  }
  return two(ctx, "Pad", x, vt_integers(ctx, 2 * rank, pads));
}

/* ---- along axes ---- */

vt_tensor *vt_reduce(vt_ctx *ctx, const char *op, vt_tensor *x, int count, const int64_t *axes, bool keep)
{
  vt_tensor *inputs[] = {x, count ? vt_integers(ctx, count, axes) : NULL};
  return vt_call_op(ctx, op, count ? 2 : 1, inputs, 1, &VT_INT("keepdims", keep));
}

vt_tensor *vt_sum_axis(vt_ctx *ctx, vt_tensor *x, int axis, bool keep)
{
  return vt_reduce(ctx, "ReduceSum", x, 1, &(int64_t){axis}, keep);
}

vt_tensor *vt_mean_axis(vt_ctx *ctx, vt_tensor *x, int axis, bool keep)
{
  return vt_reduce(ctx, "ReduceMean", x, 1, &(int64_t){axis}, keep);
}

vt_tensor *vt_max_axis(vt_ctx *ctx, vt_tensor *x, int axis, bool keep)
{
  return vt_reduce(ctx, "ReduceMax", x, 1, &(int64_t){axis}, keep);
}

vt_tensor *vt_sum_all(vt_ctx *ctx, vt_tensor *x)
{
  return vt_reduce(ctx, "ReduceSum", x, 0, NULL, false);
}

vt_tensor *vt_mean_all(vt_ctx *ctx, vt_tensor *x)
{
  return vt_reduce(ctx, "ReduceMean", x, 0, NULL, false);
}

vt_tensor *vt_softmax(vt_ctx *ctx, vt_tensor *x, int axis)
{
  return along(ctx, "Softmax", x, axis);
}

vt_tensor *vt_log_softmax(vt_ctx *ctx, vt_tensor *x, int axis)
{
  return along(ctx, "LogSoftmax", x, axis);
}

vt_tensor *vt_log_sum_exp(vt_ctx *ctx, vt_tensor *x, int axis, bool keep)
{
  return vt_reduce(ctx, "ReduceLogSumExp", x, 1, &(int64_t){axis}, keep);
}

vt_tensor *vt_argmax(vt_ctx *ctx, vt_tensor *x, int axis)
{
  vt_setting settings[] = {VT_INT("axis", axis), VT_INT("keepdims", 0)};
  return vt_call_op(ctx, "ArgMax", 1, &x, 2, settings);
}

vt_tensor *vt_normalise(vt_ctx *ctx, vt_tensor *x, int axis, double epsilon)
{
  vt_tensor *square = vt_reduce(ctx, "ReduceSumSquare", x, 1, &(int64_t){axis}, true);
  return vt_div(ctx, x, vt_map(ctx, "Sqrt", vt_plus(ctx, square, epsilon)));
}
