/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: sizes, coordinates and weights of all ONNX modes. Formulas: the ONNX operator specification,
 * Resize-19.
 */
#include "ops/resize.h"

#include <float.h>
#include <math.h>

#include "ops/families.h"
#include "ops/move.h"

typedef enum resize_mode { MODE_NEAREST, MODE_LINEAR, MODE_CUBIC } resize_mode;
typedef enum resize_coordinates {
  HALF_PIXEL,
  HALF_PIXEL_SYMMETRIC,
  PYTORCH_HALF_PIXEL,
  ALIGN_CORNERS,
  ASYMMETRIC,
  CROP_AND_RESIZE,
  HALF_PIXEL_FOR_NEAREST
} resize_coordinates;
typedef enum resize_rounding { PREFER_FLOOR, PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL } resize_rounding;
typedef enum resize_policy { STRETCH, NOT_LARGER, NOT_SMALLER } resize_policy;

typedef struct resize_attributes {
  int mode, coordinates, rounding, policy;
  double cubic_coeff_a, extrapolation_value;
  bool exclude_outside, antialias;
  vt_ints axes;
} resize_attributes;

static const vt_field resize_fields[] = {
    {"mode", VT_FIELD_CHOICE, offsetof(resize_attributes, mode), "nearest", .choices = "nearest|linear|cubic",
     .help = "interpolation"},
    {"coordinate_transformation_mode", VT_FIELD_CHOICE, offsetof(resize_attributes, coordinates),
     "half_pixel",
     .choices =
         "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|tf_crop_and_resize|"
         "tf_half_pixel_for_nn",
     .help = "where an output element lies in the input"},
    {"nearest_mode", VT_FIELD_CHOICE, offsetof(resize_attributes, rounding), "round_prefer_floor",
     .choices = "round_prefer_floor|round_prefer_ceil|floor|ceil", .help = "which neighbour is the nearest"},
    {"keep_aspect_ratio_policy", VT_FIELD_CHOICE, offsetof(resize_attributes, policy), "stretch",
     .choices = "stretch|not_larger|not_smaller", .help = "what sizes mean"},
    {"cubic_coeff_a", VT_FIELD_REAL, offsetof(resize_attributes, cubic_coeff_a), "-0.75",
     .help = "cubic kernel"},
    {"extrapolation_value", VT_FIELD_REAL, offsetof(resize_attributes, extrapolation_value), "0",
     .help = "outside the input, tf_crop_and_resize"},
    {"exclude_outside", VT_FIELD_BOOL, offsetof(resize_attributes, exclude_outside), "false",
     .help = "taps outside the input get no weight"},
    {"antialias", VT_FIELD_BOOL, offsetof(resize_attributes, antialias), "false",
     .help = "widen the kernel when shrinking (linear, cubic)"},
    {"axes", VT_FIELD_INTS, offsetof(resize_attributes, axes),
     .help = "axes of sizes, scales and roi; all when absent"},
};

/* ---- sizes ---- */

/* One axis as asked for. */
typedef struct resize_span {
  bool listed;
  int64_t in, out;
  double length;     /* scale · in: `out` before it was rounded */
  double start, end; /* part of the input, tf_crop_and_resize */
} resize_span;

static bool given(const vt_call *call, int input)
{
  const vt_tensor *tensor = vt_input(call, input);
  return tensor && vt_count(tensor) > 0;
}

static vt_status listed_axes(vt_ctx *ctx, const vt_call *call, int *list, int *count)
{
  const resize_attributes *attributes = call->attributes;
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
static vt_status span_from_scale(vt_ctx *ctx, const vt_call *call, int axis, double scale, resize_span *span)
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
                                  resize_span *spans)
{
  const resize_attributes *attributes = call->attributes;
  int64_t sizes[VT_MAX_RANK];
  int size_count;
  double scale = 0;
  VT_TRY(vt_input_ints(ctx, call, 3, sizes, VT_MAX_RANK, &size_count));
  if (size_count != count)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d sizes given for %d axes", size_count, count);
  for (int i = 0; i < count; i++) {
    resize_span *span = &spans[list[i]];
    if (sizes[i] < 0 || sizes[i] > (int64_t)1 << 53)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "size %lld of axis %d is not usable",
                          (long long)sizes[i], list[i]);
    span->out = sizes[i];
    span->length = (double)sizes[i];
    double own = (double)sizes[i] / (double)(span->in > 0 ? span->in : 1);
    if (i == 0 || (attributes->policy == NOT_LARGER ? own < scale : own > scale)) scale = own;
  }
  for (int i = 0; i < count && attributes->policy != STRETCH; i++) {
    resize_span *span = &spans[list[i]];
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
static vt_status resize_spans(vt_ctx *ctx, const vt_call *call, resize_span *spans)
{
  const vt_tensor *data = call->inputs[0], *scales = vt_input(call, 2);
  int list[VT_MAX_RANK], count;
  VT_TRY(listed_axes(ctx, call, list, &count));
  for (int axis = 0; axis < data->rank; axis++)
    spans[axis] = (resize_span){false, data->dims[axis], data->dims[axis], (double)data->dims[axis], 0, 1};
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
  const resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  const uint32_t computed = VT_NUMBERS | VT_T(VT_F16) | VT_T(VT_BF16);
  resize_span spans[VT_MAX_RANK];
  int64_t dims[VT_MAX_RANK];
  int listed = 0;
  if (attributes->mode != MODE_NEAREST && !(computed & VT_T(data->type)))
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "%s cannot be interpolated",
                        vt_type_name(data->type));
  VT_TRY(resize_spans(ctx, call, spans));
  for (int axis = 0; axis < data->rank; axis++) {
    dims[axis] = spans[axis].out;
    listed += spans[axis].listed;
    if (data->dims[axis] == 0 && dims[axis] > 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d has nothing to resize", axis);
  }
  if (attributes->coordinates == CROP_AND_RESIZE &&
      (!given(call, 1) || vt_count(call->inputs[1]) != 2 * listed))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "tf_crop_and_resize needs a roi of %d numbers",
                        2 * listed);
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

/* ---- coordinates ---- */

/* Place of output element x in the input. */
static double source_of(const resize_span *span, resize_coordinates coordinates, double x)
{
  double in = (double)span->in, length = span->length;
  switch (coordinates) {
  case HALF_PIXEL_SYMMETRIC:
    return in * (length - (double)span->out + 2 * x + 1) / (2 * length) -
           0.5; /* the middles lie on each other */
  case PYTORCH_HALF_PIXEL:
    return length > 1 ? (x + 0.5) * in / length - 0.5 : 0;
  case ALIGN_CORNERS:
    return length > 1 ? x * (in - 1) / (length - 1) : 0;
  case ASYMMETRIC:
    return x * in / length;
  case CROP_AND_RESIZE:
    return length > 1 ? span->start * (in - 1) + x * (span->end - span->start) * (in - 1) / (length - 1)
                      : 0.5 * (span->start + span->end) * (in - 1);
  case HALF_PIXEL_FOR_NEAREST:
    return (x + 0.5) * in / length;
  default:
    return (x + 0.5) * in / length - 0.5;
  }
}

static void read_roi(const vt_call *call, resize_span *spans)
{
  const resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *roi = vt_input(call, 1);
  if (attributes->coordinates != CROP_AND_RESIZE) return;
  int64_t half = vt_count(roi) / 2;
  for (int i = 0; i < half; i++) {
    int64_t axis = attributes->axes.present ? attributes->axes.data[i] : i;
    if (axis < 0) axis += data->rank;
    spans[axis].start = vt_get_f64(roi, i);
    spans[axis].end = vt_get_f64(roi, half + i);
  }
}

/* An axis where each output element is the input element of the same index. */
static bool is_identity(const resize_span *span, resize_coordinates coordinates)
{
  if (!span->listed) return true;
  if (span->in != span->out || span->length != (double)span->out) return false;
  return coordinates != CROP_AND_RESIZE || span->in == 1 || (span->start == 0 && span->end == 1);
}

static int64_t clamp_index(double index, int64_t size)
{
  return !(index > 0) ? 0 : index >= (double)size ? size - 1 : (int64_t)index;
}

static bool lies_outside(double x, const resize_span *span, resize_coordinates coordinates)
{
  return coordinates == CROP_AND_RESIZE && !(x >= 0 && x <= (double)(span->in - 1));
}

/* ---- nearest ---- */

static int64_t nearest_index(double x, resize_rounding rounding, int64_t size)
{
  double low = floor(x), rest = x - low;
  bool up = rounding == ROUND_CEIL     ? rest > 0
            : rounding == PREFER_CEIL  ? rest >= 0.5
            : rounding == PREFER_FLOOR ? rest > 0.5
                                       : false;
  return clamp_index(up ? low + 1 : low, size);
}

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

static vt_status run_nearest(vt_ctx *ctx, const vt_call *call)
{
  const resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  resize_coordinates coordinates = (resize_coordinates)attributes->coordinates;
  resize_span spans[VT_MAX_RANK];
  const int64_t *maps[VT_MAX_RANK] = {NULL};
  char constant[16] = {0};
  int64_t total = 0;
  VT_TRY(resize_spans(ctx, call, spans));
  read_roi(call, spans);
  if (vt_count(output) == 0) return VT_OK;
  for (int axis = 0; axis < data->rank; axis++)
    total += output->dims[axis];
  int64_t *lists = vt_alloc_zero(ctx, (size_t)total, sizeof *lists), *next = lists;
  if (!lists) return VT_ERROR_OUT_OF_MEMORY;
  for (int axis = 0; axis < data->rank; axis++) {
    /* tf_half_pixel_for_nn moves even an axis that keeps its size, by half an
     * element that rounding takes back */
    if (is_identity(&spans[axis], coordinates) && coordinates != HALF_PIXEL_FOR_NEAREST) continue;
    if (!spans[axis].listed) continue;
    for (int64_t i = 0; i < output->dims[axis]; i++) {
      double x = source_of(&spans[axis], coordinates, (double)i);
      bool outside = lies_outside(x, &spans[axis], coordinates);
      next[i] = outside ? -1 : nearest_index(x, (resize_rounding)attributes->rounding, data->dims[axis]);
    }
    maps[axis] = next;
    next += output->dims[axis];
  }
  put_value(data->type, attributes->extrapolation_value, constant);
  vt_status status = vt_remap(ctx, data, output, maps, constant);
  vt_free(lists);
  return status;
}

/* ---- linear, cubic ---- */

static double kernel(resize_mode mode, double a, double distance)
{
  double x = fabs(distance);
  if (mode == MODE_LINEAR) return x < 1 ? 1 - x : 0;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Taps of one output element at place x. The element to its left is `base`, x in (base, base + 1]. */
static void fill_taps(const resize_attributes *attributes, const vt_resize_axis *axis, double squeeze,
                      double x, int64_t *index, double *weights)
{
  double base = ceil(x) - 1, sum = 0;
  int64_t first = 1 - axis->taps / 2;
  bool normalise = attributes->exclude_outside || squeeze < 1;
  for (int64_t t = 0; t < axis->taps; t++) {
    double place = base + (double)(first + t);
    weights[t] = kernel((resize_mode)attributes->mode, attributes->cubic_coeff_a, (place - x) * squeeze);
    if (attributes->exclude_outside && (place < 0 || place > (double)(axis->in - 1))) weights[t] = 0;
    index[t] = clamp_index(place, axis->in);
    sum += weights[t];
  }
  for (int64_t t = 0; t < axis->taps && normalise && sum != 0; t++)
    weights[t] /= sum;
}

static vt_status make_axis(vt_ctx *ctx, const resize_attributes *attributes, const resize_span *span,
                           vt_resize_axis *axis)
{
  resize_coordinates coordinates = (resize_coordinates)attributes->coordinates;
  double squeeze = 1, reach = attributes->mode == MODE_LINEAR ? 1 : 2;
  *axis = (vt_resize_axis){.in = span->in, .out = span->out, .identity = is_identity(span, coordinates)};
  if (axis->identity) return VT_OK;
  if (attributes->antialias && span->length < (double)span->in) squeeze = span->length / (double)span->in;
  axis->taps = 2 * (int64_t)ceil(reach / squeeze);
  size_t count;
  if (!vt_size_mul((size_t)axis->out, (size_t)axis->taps, &count))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "the kernel of %lld taps is too large",
                   (long long)axis->taps);
  axis->index = vt_alloc_zero(ctx, count, sizeof *axis->index);
  axis->weights = vt_alloc_zero(ctx, count, sizeof *axis->weights);
  if (coordinates == CROP_AND_RESIZE) axis->outside = vt_alloc_zero(ctx, (size_t)axis->out, 1);
  if (!axis->index || !axis->weights || (coordinates == CROP_AND_RESIZE && !axis->outside))
    return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < axis->out; i++) {
    double x = source_of(span, coordinates, (double)i);
    if (lies_outside(x, span, coordinates)) {
      axis->outside[i] = 1;
      x = 0;
    }
    fill_taps(attributes, axis, squeeze, x, axis->index + i * axis->taps, axis->weights + i * axis->taps);
  }
  return VT_OK;
}

static void free_axes(vt_resize_axis *axes, int count)
{
  for (int axis = 0; axis < count; axis++) {
    vt_free(axes[axis].index);
    vt_free(axes[axis].weights);
    vt_free(axes[axis].outside);
  }
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
  const resize_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  resize_span spans[VT_MAX_RANK];
  vt_resize_axis axes[VT_MAX_RANK] = {{0}};
  char constant[16] = {0};
  vt_status status;
  VT_TRY(resize_spans(ctx, call, spans));
  read_roi(call, spans);
  if (vt_count(output) == 0) return VT_OK;
  for (int axis = 0; axis < data->rank; axis++) {
    VT_TRY_DONE(make_axis(ctx, attributes, &spans[axis], &axes[axis]));
    if (!axes[axis].identity && axis < data->rank - 2) fused = false;
  }
  if (data->rank < 2 || axes[data->rank - 1].identity || axes[data->rank - 2].identity) fused = false;
  VT_TRY_DONE(fused ? vt_resize_fused(ctx, data, output, axes) : vt_resize_passes(ctx, data, output, axes));
  put_value(data->type, attributes->extrapolation_value, constant);
  fill_outside(axes, constant, output);
done:
  free_axes(axes, data->rank);
  return status;
}

static bool is_nearest(const vt_call *call)
{
  return ((const resize_attributes *)call->attributes)->mode == MODE_NEAREST;
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

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Resize",
     .since = 10,
     VT_INPUTS(1, 4),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(resize_attributes, resize_fields),
     .types = {VT_STORED, VT_FLOATS | VT_T(VT_F16), VT_FLOATS, VT_INDICES},
     .shape = resize_shape,
     .implementations = {{"fused", resize_can_fuse, resize_run_fused}, {"plain", NULL, resize_run}}},
};

const vt_op_family vt_ops_resize = {rows, VT_COUNT(rows)};
