/* SPDX-License-Identifier: Apache-2.0
 *
 * Taps of GridSample. Formulas: the ONNX operator specification, GridSample-20.
 */
#include "ops/sample_taps.h"

#include <math.h>

#include "ops/sample.h"

vt_grid_mode vt_grid_mode_of(const vt_grid_attributes *attributes)
{
  return attributes->mode == VT_GRID_BILINEAR  ? VT_GRID_LINEAR
         : attributes->mode == VT_GRID_BICUBIC ? VT_GRID_CUBIC
                                               : (vt_grid_mode)attributes->mode;
}

/* Folds x into low..high as between two mirrors. */
static double reflected(double x, double low, double high)
{
  double range = high - low;
  if (range <= 0) return low;
  double rest = fmod(fabs(x - low), 2 * range);
  return low + (rest > range ? 2 * range - rest : rest);
}

/* Its derivative. */
static double reflected_slope(double x, double low, double high)
{
  double range = high - low;
  if (range <= 0) return 0;
  double rest = fmod(fabs(x - low), 2 * range);
  return (rest > range) == (x < low) ? 1 : -1;
}

/* Input index of a tap, −1 where nothing stands. */
static int64_t tap_index(double place, int64_t size, vt_grid_padding padding, double low, double high)
{
  bool inside = place >= 0 && place <= (double)(size - 1);
  if (!inside && padding == VT_GRID_ZEROS) return -1;
  if (!inside && padding == VT_GRID_REFLECTION) place = trunc(reflected(place, low, high));
  return place < 0 ? 0 : place > (double)(size - 1) ? size - 1 : (int64_t)place;
}

static double cubic_weight(double distance)
{
  const double a = -0.75;
  double x = fabs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static double cubic_slope(double distance)
{
  const double a = -0.75;
  double x = fabs(distance), slope = 0;
  if (x <= 1)
    slope = (3 * (a + 2) * x - 2 * (a + 3)) * x;
  else if (x < 2)
    slope = (3 * a * x - 10 * a) * x + 8 * a;
  return distance < 0 ? -slope : slope;
}

/* Taps of one axis for grid coordinate `at` (−1..1 across the input); returns their number. `slopes`:
 * derivatives of the weights by `at`. */
static int axis_taps(const vt_grid_attributes *attributes, double at, int64_t size,
                     int64_t index[VT_GRID_TAPS], double weights[VT_GRID_TAPS], double slopes[VT_GRID_TAPS])
{
  const double far = 0x1p50;
  vt_grid_padding padding = (vt_grid_padding)attributes->padding;
  vt_grid_mode mode = vt_grid_mode_of(attributes);
  double low = attributes->align_corners ? 0 : -0.5, high = (double)size - 1 - low;
  double x =
      attributes->align_corners ? (at + 1) / 2 * (double)(size - 1) : ((at + 1) * (double)size - 1) / 2;
  double speed = (double)(attributes->align_corners ? size - 1 : size) / 2; /* of x */
  if (!(x > -far && x < far)) {
    x = x > 0 ? far : -far; /* NaN too */
    speed = 0;
  }
  if (mode == VT_GRID_NEAREST) x = rint(x);
  if (x < low || x > high) {
    if (padding == VT_GRID_REFLECTION) {
      speed *= reflected_slope(x, low, high);
      x = reflected(x, low, high);
    } else if (padding == VT_GRID_BORDER) {
      x = x < 0 ? 0 : (double)(size - 1);
      speed = 0;
    }
  }
  if (mode == VT_GRID_NEAREST) {
    index[0] = tap_index(x, size, padding, low, high);
    weights[0] = 1;
    slopes[0] = 0;
    return 1;
  }
  int count = mode == VT_GRID_LINEAR ? 2 : 4;
  double first = floor(x) - (mode == VT_GRID_LINEAR ? 0 : 1);
  for (int t = 0; t < count; t++) {
    double place = first + t;
    index[t] = tap_index(place, size, padding, low, high);
    weights[t] = mode == VT_GRID_LINEAR ? 1 - fabs(x - place) : cubic_weight(x - place);
    slopes[t] = speed * (mode == VT_GRID_CUBIC ? cubic_slope(x - place) : t == 0 ? -1 : 1);
  }
  return count;
}

int vt_grid_taps(const vt_grid_attributes *attributes, const vt_tensor *data, const vt_tensor *grid,
                 int64_t point, int64_t offsets[VT_GRID_CORNERS], double weights[VT_GRID_CORNERS],
                 double slopes[VT_GRID_SPACE][VT_GRID_CORNERS])
{
  int count = 1, space = data->rank - 2;
  offsets[0] = 0;
  weights[0] = 1;
  for (int axis = 0; axis < space; axis++) {
    int64_t index[VT_GRID_TAPS], size = data->dims[2 + axis];
    double axis_weights[VT_GRID_TAPS], axis_slopes[VT_GRID_TAPS],
        at = vt_sample_load(grid->data, grid->type, vt_grid_index(space, point, axis));
    int taps = axis_taps(attributes, at, size, index, axis_weights, axis_slopes), kept = 0;
    int64_t old_offsets[VT_GRID_CORNERS];
    double old_weights[VT_GRID_CORNERS], old_slopes[VT_GRID_SPACE][VT_GRID_CORNERS];
    memcpy(old_offsets, offsets, sizeof *offsets * (size_t)count);
    memcpy(old_weights, weights, sizeof *weights * (size_t)count);
    for (int a = 0; a < axis && slopes; a++)
      memcpy(old_slopes[a], slopes[a], sizeof *weights * (size_t)count);
    for (int i = 0; i < count; i++)
      for (int t = 0; t < taps; t++) {
        if (index[t] < 0) continue;
        for (int a = 0; a < axis && slopes; a++)
          slopes[a][kept] = old_slopes[a][i] * axis_weights[t];
        if (slopes) slopes[axis][kept] = old_weights[i] * axis_slopes[t];
        offsets[kept] = old_offsets[i] * size + index[t];
        weights[kept++] = old_weights[i] * axis_weights[t];
      }
    count = kept;
  }
  return count;
}
