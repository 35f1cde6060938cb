/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: settings and sizes, and the runs of all ONNX modes. Formulas: the ONNX operator specification,
 * Resize-19.
 */
#include "ops/resize.h"

#include <float.h>
#include <math.h>

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/move.h"

static const vt_field resize_fields[] = {
    {"mode", VT_FIELD_CHOICE, offsetof(vt_resize_attributes, mode), "nearest",
     .choices = "nearest|linear|cubic", .help = "interpolation"},
    {"coordinate_transformation_mode", VT_FIELD_CHOICE, offsetof(vt_resize_attributes, coordinates),
     "half_pixel",
     .choices =
         "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|tf_crop_and_resize|"
         "tf_half_pixel_for_nn",
     .help = "where an output element lies in the input"},
    {"nearest_mode", VT_FIELD_CHOICE, offsetof(vt_resize_attributes, rounding), "round_prefer_floor",
     .choices = "round_prefer_floor|round_prefer_ceil|floor|ceil", .help = "which neighbour is the nearest"},
    {"keep_aspect_ratio_policy", VT_FIELD_CHOICE, offsetof(vt_resize_attributes, policy), "stretch",
     .choices = "stretch|not_larger|not_smaller", .help = "what sizes mean"},
    {"cubic_coeff_a", VT_FIELD_REAL, offsetof(vt_resize_attributes, cubic_coeff_a), "-0.75",
     .help = "cubic kernel"},
    {"extrapolation_value", VT_FIELD_REAL, offsetof(vt_resize_attributes, extrapolation_value), "0",
     .help = "outside the input, tf_crop_and_resize"},
    {"exclude_outside", VT_FIELD_BOOL, offsetof(vt_resize_attributes, exclude_outside), "false",
     .help = "taps outside the input get no weight"},
    {"antialias", VT_FIELD_BOOL, offsetof(vt_resize_attributes, antialias), "false",
     .help = "widen the kernel when shrinking (linear, cubic)"},
    {"axes", VT_FIELD_INTS, offsetof(vt_resize_attributes, axes),
     .help = "axes of sizes, scales and roi; all when absent"},
};

/* ---- sizes ---- */

static bool given(const vt_call *call, int input)
{
  const vt_tensor *tensor = vt_input(call, input);
  return tensor && vt_count(tensor) > 0;
}

static vt_status listed_axes(vt_ctx *ctx, const vt_call *call, int *list, int *count)
{
  const vt_resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  bool seen[VT_MAX_RANK] = {false};
  *count = attributes->axes.present ? (int)attributes->axes.count : data->rank;
  if (attributes->axes.present && attributes->axes.count > (size_t)data->rank)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%zu axes listed, the data has %d",
                        attributes->axes.count, data->rank);
  for (int i = 0; i < *count; i++) {
    VT_TRY(
        vt_axis(ctx, "axes", attributes->axes.present ? attributes->axes.data[i] : i, data->rank, &list[i]));
    if (seen[list[i]])
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d is listed twice", list[i]);
    seen[list[i]] = true;
  }
  return VT_OK;
}

/* A stored scale is rounded to f32. Where it means a ratio of whole sizes, that ratio is taken, so that
 * coordinates which should be whole are. The size is computed in f32, as other engines do. */
static vt_status span_from_scale(vt_ctx *ctx, const vt_call *call, int axis, double scale,
                                 vt_resize_span *span)
{
  if (!(scale > 0) || !(scale * (double)span->in < 0x1p53))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "scale %g of axis %d is not usable", scale, axis);
  span->out = (int64_t)floorf((float)span->in * (float)scale);
  span->length = scale * (double)span->in;
  if (fabs(span->length - (double)span->out) <= span->length * (double)FLT_EPSILON)
    span->length = (double)span->out;
  return VT_OK;
}

static vt_status spans_from_sizes(vt_ctx *ctx, const vt_call *call, const int *list, int count,
                                  vt_resize_span *spans)
{
  const vt_resize_attributes *attributes = call->attributes;
  int64_t sizes[VT_MAX_RANK];
  int size_count;
  double scale = 0;
  VT_TRY(vt_input_ints(ctx, call, 3, sizes, VT_MAX_RANK, &size_count));
  if (size_count != count)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d sizes given for %d axes", size_count, count);
  for (int i = 0; i < count; i++) {
    vt_resize_span *span = &spans[list[i]];
    if (sizes[i] < 0 || sizes[i] > (int64_t)1 << 53)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "size %lld of axis %d is not usable",
                          (long long)sizes[i], list[i]);
    span->out = sizes[i];
    span->length = (double)sizes[i];
    double own = (double)sizes[i] / (double)(span->in > 0 ? span->in : 1);
    if (i == 0 || (attributes->policy == VT_RESIZE_NOT_LARGER ? own < scale : own > scale)) scale = own;
  }
  for (int i = 0; i < count && attributes->policy != VT_RESIZE_STRETCH; i++) {
    vt_resize_span *span = &spans[list[i]];
    span->length = scale * (double)span->in;
    if (!(span->length < 0x1p53))
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d would become too large", list[i]);
    span->out = (int64_t)floor(span->length + 0.5);
    if (fabs(span->length - (double)span->out) <= span->length * DBL_EPSILON * 4)
      span->length = (double)span->out;
  }
  return VT_OK;
}

/* Sizes of all axes; needs the value of scales or sizes. */
static vt_status resize_spans(vt_ctx *ctx, const vt_call *call, vt_resize_span *spans)
{
  const vt_tensor *data = call->inputs[0], *scales = vt_input(call, 2);
  int list[VT_MAX_RANK], count;
  VT_TRY(listed_axes(ctx, call, list, &count));
  for (int axis = 0; axis < data->rank; axis++)
    spans[axis] = (vt_resize_span){false, data->dims[axis], data->dims[axis], (double)data->dims[axis], 0, 1};
  for (int i = 0; i < count; i++)
    spans[list[i]].listed = true;
  if (given(call, 2) == given(call, 3))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "either scales or sizes must be given");
  if (given(call, 3)) return spans_from_sizes(ctx, call, list, count, spans);
  if (vt_count(scales) != count)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%lld scales given for %d axes",
                        (long long)vt_count(scales), count);
  VT_TRY(vt_need_value(call, 2));
  for (int i = 0; i < count; i++)
    VT_TRY(span_from_scale(ctx, call, list[i], vt_get_f64(scales, i), &spans[list[i]]));
  return VT_OK;
}

static vt_status resize_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  const uint32_t computed = VT_NUMBERS | VT_T(VT_F16) | VT_T(VT_BF16);
  vt_resize_span spans[VT_MAX_RANK];
  int64_t dims[VT_MAX_RANK];
  int listed = 0;
  if (attributes->mode != VT_RESIZE_NEAREST && !(computed & VT_T(data->type)))
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "%s cannot be interpolated",
                        vt_type_name(data->type));
  VT_TRY(resize_spans(ctx, call, spans));
  for (int axis = 0; axis < data->rank; axis++) {
    dims[axis] = spans[axis].out;
    listed += spans[axis].listed;
    if (data->dims[axis] == 0 && dims[axis] > 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d has nothing to resize", axis);
  }
  if (attributes->coordinates == VT_RESIZE_CROP_AND_RESIZE &&
      (!given(call, 1) || vt_count(call->inputs[1]) != 2 * listed))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "tf_crop_and_resize needs a roi of %d numbers",
                        2 * listed);
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

static void read_roi(const vt_call *call, vt_resize_span *spans)
{
  const vt_resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *roi = vt_input(call, 1);
  if (attributes->coordinates != VT_RESIZE_CROP_AND_RESIZE) return;
  int64_t half = vt_count(roi) / 2;
  for (int i = 0; i < half; i++) {
    int64_t axis = attributes->axes.present ? attributes->axes.data[i] : i;
    if (axis < 0) axis += data->rank;
    spans[axis].start = vt_get_f64(roi, i);
    spans[axis].end = vt_get_f64(roi, half + i);
  }
}

/* ---- nearest ---- */

/* Writes `value` as one element. */
static void put_value(vt_type type, double value, void *element)
{
  switch (type) {
  case VT_F32:
  case VT_C64:
    *(float *)element = (float)value;
    break;
  case VT_F64:
  case VT_C128:
    *(double *)element = value;
    break;
  case VT_F16:
    *(uint16_t *)element = vt_f32_to_f16((float)value);
    break;
  case VT_BF16:
    *(uint16_t *)element = vt_f32_to_bf16((float)value);
    break;
  default: {
    /* little-endian two's complement: the low bytes are the narrower type */
    int64_t whole = value > -0x1p62 && value < 0x1p62 ? (int64_t)value : 0;
    memcpy(element, &whole, vt_type_size(type) < 8 ? vt_type_size(type) : 8);
  }
  }
}

/* Sizes and regions of all axes, and the index lists of those that move, by axis in memory, in one allocation
 * that the caller frees with vt_free(). */
static vt_status nearest_maps(vt_ctx *ctx, const vt_call *call, const int64_t *maps[VT_MAX_RANK],
                              int64_t **lists)
{
  const vt_tensor *data = call->inputs[0], *output = call->outputs[0];
  vt_resize_span spans[VT_MAX_RANK];
  int64_t total = 0;
  VT_TRY(resize_spans(ctx, call, spans));
  read_roi(call, spans);
  for (int axis = 0; axis < data->rank; axis++)
    total += output->dims[axis];
  int64_t *next = *lists = vt_alloc_zero(ctx, (size_t)total + 1, sizeof *next);
  if (!next) return VT_ERROR_OUT_OF_MEMORY;
  for (int axis = 0; axis < data->rank; axis++) {
    const int64_t **map = &maps[vt_stored_axis(data, axis)];
    *map = NULL;
    if (!vt_resize_nearest(call->attributes, &spans[axis], next)) continue;
    *map = next;
    next += output->dims[axis];
  }
  return VT_OK;
}

static vt_status run_nearest(vt_ctx *ctx, const vt_call *call)
{
  const vt_resize_attributes *attributes = call->attributes;
  vt_tensor data = vt_as_stored(call->inputs[0]), output = vt_as_stored(call->outputs[0]);
  const int64_t *maps[VT_MAX_RANK] = {NULL};
  char constant[16] = {0};
  int64_t *lists;
  if (vt_count(&output) == 0) return VT_OK;
  VT_TRY(nearest_maps(ctx, call, maps, &lists));
  put_value(data.type, attributes->extrapolation_value, constant);
  vt_status status = vt_remap(ctx, &data, &output, maps, constant);
  vt_free(lists);
  return status;
}

static vt_status nearest_backward(vt_ctx *ctx, const vt_gradient *gradient, vt_tensor *sum)
{
  const int64_t *maps[VT_MAX_RANK] = {NULL};
  int64_t *lists;
  VT_TRY(nearest_maps(ctx, gradient->call, maps, &lists));
  const vt_tensor given = vt_as_stored(gradient->output_gradients[0]);
  vt_status status = vt_remap_add(ctx, &given, maps, sum);
  vt_free(lists);
  return status;
}

/* ---- linear, cubic ---- */

static void free_axes(vt_resize_axis *axes, int count)
{
  for (int axis = 0; axis < count; axis++)
    vt_resize_axis_free(&axes[axis]);
}

/* In the order of axes in memory. `axes` start as zeros and are freed by the caller, also after a failure. */
static vt_status make_axes(vt_ctx *ctx, const vt_call *call, vt_resize_axis *axes)
{
  vt_resize_span spans[VT_MAX_RANK];
  VT_TRY(resize_spans(ctx, call, spans));
  read_roi(call, spans);
  for (int axis = 0; axis < call->inputs[0]->rank; axis++)
    VT_TRY(vt_resize_axis_make(ctx, call->attributes, &spans[axis],
                               &axes[vt_stored_axis(call->inputs[0], axis)]));
  return VT_OK;
}

/* Puts the extrapolation value where any axis lies outside. */
static void fill_outside(const vt_resize_axis *axes, const void *constant, vt_tensor *output)
{
  size_t size = vt_type_size(output->type);
  for (int axis = 0; axis < output->rank; axis++) {
    if (!axes[axis].outside) continue;
    int64_t outer = vt_span(output, 0, axis), inner = vt_span(output, axis + 1, output->rank),
            out = axes[axis].out;
    for (int64_t o = 0; o < outer; o++)
      for (int64_t i = 0; i < out; i++)
        if (axes[axis].outside[i])
          vt_fill_elements((char *)output->data + (size_t)((o * out + i) * inner) * size, inner, size,
                           constant);
  }
}

static vt_status run_interpolated(vt_ctx *ctx, const vt_call *call, bool fused)
{
  const vt_resize_attributes *attributes = call->attributes;
  vt_tensor stored = vt_as_stored(call->inputs[0]), stored_output = vt_as_stored(call->outputs[0]);
  const vt_tensor *data = &stored;
  vt_tensor *output = &stored_output;
  vt_resize_axis axes[VT_MAX_RANK] = {{0}};
  char constant[16] = {0};
  vt_status status;
  if (vt_count(output) == 0) return VT_OK;
  VT_TRY_DONE(make_axes(ctx, call, axes));
  for (int axis = 0; axis < data->rank - 2; axis++)
    if (!axes[axis].identity) fused = false;
  if (data->rank < 2 || axes[data->rank - 1].identity || axes[data->rank - 2].identity) fused = false;
  VT_TRY_DONE(fused ? vt_resize_fused(ctx, data, output, axes) : vt_resize_passes(ctx, data, output, axes));
  put_value(data->type, attributes->extrapolation_value, constant);
  fill_outside(axes, constant, output);
done:
  free_axes(axes, data->rank);
  return status;
}

static vt_status interpolated_backward(vt_ctx *ctx, const vt_gradient *gradient, vt_tensor *sum)
{
  static const char zero[16] = {0};
  vt_tensor given = vt_as_stored(gradient->output_gradients[0]), *from = &given;
  vt_resize_axis axes[VT_MAX_RANK] = {{0}};
  bool outside = false;
  vt_status status;
  VT_TRY_DONE(make_axes(ctx, gradient->call, axes));
  for (int axis = 0; axis < sum->rank; axis++)
    outside = outside || axes[axis].outside;
  if (outside) { /* what got the extrapolation value depends on no input */
    vt_tensor *inside = vt_tensor_new(ctx, from->type, from->rank, from->dims);
    VT_TRY_DONE(inside ? VT_OK : VT_ERROR_OUT_OF_MEMORY);
    memcpy(inside->data, from->data, vt_bytes(from));
    fill_outside(axes, zero, inside);
    from = inside;
  }
  status = vt_resize_passes_back(ctx, from, sum, axes);
done:
  free_axes(axes, sum->rank);
  return status;
}

static bool is_nearest(const vt_call *call)
{
  return ((const vt_resize_attributes *)call->attributes)->mode == VT_RESIZE_NEAREST;
}

static vt_status resize_run(vt_ctx *ctx, const vt_call *call)
{
  return is_nearest(call) ? run_nearest(ctx, call) : run_interpolated(ctx, call, false);
}

static bool resize_can_fuse(const vt_call *call)
{
  return !is_nearest(call) && call->inputs[0]->type == VT_F32;
}

static vt_status resize_run_fused(vt_ctx *ctx, const vt_call *call)
{
  return run_interpolated(ctx, call, true);
}

/* Region, scales and sizes say where to look and count as fixed. */
static vt_status resize_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  vt_tensor stored = vt_as_stored(made), *sum = &stored;
  if (vt_count(gradient->output_gradients[0]) == 0) {
    memset(sum->data, 0, vt_bytes(sum));
    return VT_OK;
  }
  return is_nearest(gradient->call) ? nearest_backward(ctx, gradient, sum)
                                    : interpolated_backward(ctx, gradient, sum);
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Resize",
     .since = 10,
     VT_INPUTS(1, 4),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_resize_attributes, resize_fields),
     .types = {VT_STORED, VT_FLOATS | VT_T(VT_F16), VT_FLOATS, VT_INDICES},
     .shape = resize_shape,
     .flags = VT_OP_CHANNELS_LAST,
     .implementations = {{"fused", resize_can_fuse, resize_run_fused},
                         {"last", NULL, resize_run, .channels_last = true},
                         {"plain", NULL, resize_run}},
     .backward = resize_backward,
     .saves = VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2) | VT_SAVES_INPUT(3)},
};

const vt_op_family vt_ops_resize = {rows, VT_COUNT(rows)};
