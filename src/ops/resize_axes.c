/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: coordinates and weights. Formulas: the ONNX operator specification, Resize-19.
 */
#include "ops/resize.h"

#include <math.h>

/* Place of output element x in the input. */
static double source_of(const vt_resize_span *span, vt_resize_coordinates coordinates, double x)
{
  double in = (double)span->in, length = span->length;
  switch (coordinates) {
  case VT_RESIZE_HALF_PIXEL_SYMMETRIC:
    return in * (length - (double)span->out + 2 * x + 1) / (2 * length) -
           0.5; /* the middles lie on each other */
  case VT_RESIZE_PYTORCH_HALF_PIXEL:
    return length > 1 ? (x + 0.5) * in / length - 0.5 : 0;
  case VT_RESIZE_ALIGN_CORNERS:
    return length > 1 ? x * (in - 1) / (length - 1) : 0;
  case VT_RESIZE_ASYMMETRIC:
    return x * in / length;
  case VT_RESIZE_CROP_AND_RESIZE:
    return length > 1 ? span->start * (in - 1) + x * (span->end - span->start) * (in - 1) / (length - 1)
                      : 0.5 * (span->start + span->end) * (in - 1);
  case VT_RESIZE_HALF_PIXEL_FOR_NEAREST:
    return (x + 0.5) * in / length;
  default:
    return (x + 0.5) * in / length - 0.5;
  }
}

/* An axis where each output element is the input element of the same index. */
static bool is_identity(const vt_resize_span *span, vt_resize_coordinates coordinates)
{
  if (!span->listed) return true;
  if (span->in != span->out || span->length != (double)span->out) return false;
  return coordinates != VT_RESIZE_CROP_AND_RESIZE || span->in == 1 || (span->start == 0 && span->end == 1);
}

static int64_t clamp_index(double index, int64_t size)
{
  return !(index > 0) ? 0 : index >= (double)size ? size - 1 : (int64_t)index;
}

static bool lies_outside(double x, const vt_resize_span *span, vt_resize_coordinates coordinates)
{
  return coordinates == VT_RESIZE_CROP_AND_RESIZE && !(x >= 0 && x <= (double)(span->in - 1));
}

/* ---- nearest ---- */

static int64_t nearest_index(double x, vt_resize_rounding rounding, int64_t size)
{
  double low = floor(x), rest = x - low;
  bool up = rounding == VT_RESIZE_CEIL           ? rest > 0
            : rounding == VT_RESIZE_PREFER_CEIL  ? rest >= 0.5
            : rounding == VT_RESIZE_PREFER_FLOOR ? rest > 0.5
                                                 : false;
  return clamp_index(up ? low + 1 : low, size);
}

bool vt_resize_nearest(const vt_resize_attributes *attributes, const vt_resize_span *span, int64_t *map)
{
  vt_resize_coordinates coordinates = (vt_resize_coordinates)attributes->coordinates;
  /* tf_half_pixel_for_nn moves even an axis that keeps its size, by half an element that rounding takes
   * back */
  if (is_identity(span, coordinates) && coordinates != VT_RESIZE_HALF_PIXEL_FOR_NEAREST) return false;
  if (!span->listed) return false;
  for (int64_t i = 0; i < span->out; i++) {
    double x = source_of(span, coordinates, (double)i);
    bool outside = lies_outside(x, span, coordinates);
    map[i] = outside ? -1 : nearest_index(x, (vt_resize_rounding)attributes->rounding, span->in);
  }
  return true;
}

/* ---- linear, cubic ---- */

static double kernel(vt_resize_mode mode, double a, double distance)
{
  double x = fabs(distance);
  if (mode == VT_RESIZE_LINEAR) return x < 1 ? 1 - x : 0;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Taps of one output element at place x. The element to its left is `base`, x in (base, base + 1]. */
static void fill_taps(const vt_resize_attributes *attributes, const vt_resize_axis *axis, double squeeze,
                      double x, int64_t *index, double *weights)
{
  double base = ceil(x) - 1, sum = 0;
  int64_t first = 1 - axis->taps / 2;
  bool normalise = attributes->exclude_outside || squeeze < 1;
  for (int64_t t = 0; t < axis->taps; t++) {
    double place = base + (double)(first + t);
    weights[t] = kernel((vt_resize_mode)attributes->mode, attributes->cubic_coeff_a, (place - x) * squeeze);
    if (attributes->exclude_outside && (place < 0 || place > (double)(axis->in - 1))) weights[t] = 0;
    index[t] = clamp_index(place, axis->in);
    sum += weights[t];
  }
  for (int64_t t = 0; t < axis->taps && normalise && sum != 0; t++)
    weights[t] /= sum;
}

vt_status vt_resize_axis_make(vt_ctx *ctx, const vt_resize_attributes *attributes, const vt_resize_span *span,
                              vt_resize_axis *axis)
{
  vt_resize_coordinates coordinates = (vt_resize_coordinates)attributes->coordinates;
  double squeeze = 1, reach = attributes->mode == VT_RESIZE_LINEAR ? 1 : 2;
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
  if (coordinates == VT_RESIZE_CROP_AND_RESIZE) axis->outside = vt_alloc_zero(ctx, (size_t)axis->out, 1);
  if (!axis->index || !axis->weights || (coordinates == VT_RESIZE_CROP_AND_RESIZE && !axis->outside))
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

void vt_resize_axis_free(vt_resize_axis *axis)
{
  vt_free(axis->index);
  vt_free(axis->weights);
  vt_free(axis->outside);
}
