/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranges for pictures. The clip is a quantile (0.1 % at each end, as xplique does; of |x| for signed maps, as
 * SHAP does), so that single outliers do not wash out the rest.
 */
#include "report/scale.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

vt_status vt_scale_measure(vt_ctx *ctx, const float *map, size_t count, double clip, vt_scale *out)
{
  *out = (vt_scale){.clip = clip, .constant = true};
  size_t bytes;
  if (!vt_size_mul(count, sizeof(float), &bytes))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a map of %zu values is too large", count);
  float *sorted = vt_alloc(ctx, bytes);
  if (!sorted) return VT_ERROR_OUT_OF_MEMORY;
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (isfinite(map[i])) sorted[kept++] = map[i];
  out->not_finite = (int64_t)(count - kept);
  if (kept > 0) {
    qsort(sorted, kept, sizeof *sorted, by_value);
    out->least = sorted[0];
    out->most = sorted[kept - 1];
    out->constant = out->least == out->most;
    out->is_signed = out->least < 0 && out->most > 0;
    if (out->is_signed)
      for (size_t i = 0; i < kept; i++)
        sorted[i] = fabsf(sorted[i]);
    if (out->is_signed) qsort(sorted, kept, sizeof *sorted, by_value);
    size_t cut = (size_t)(clip * (double)(kept - 1));
    out->low = sorted[cut];
    out->high = sorted[kept - 1 - cut];
    /* a clip that would leave no range is not applied: a few pixels that differ must stay visible */
    if (out->is_signed ? out->high == 0 : out->low == out->high) {
      out->low = sorted[0];
      out->high = sorted[kept - 1];
    }
    if (out->is_signed) out->low = -out->high;
  }
  vt_free(sorted);
  return VT_OK;
}

double vt_scale_position(const vt_scale *scale, double value)
{
  if (scale->constant || !isfinite(value)) return NAN;
  double position = (value - scale->low) / (scale->high - scale->low);
  if (scale->is_signed) position = 0.5 + 0.5 * value / scale->high; /* exactly 0.5 at zero */
  return position < 0 ? 0 : position > 1 ? 1 : position;
}

const char *vt_short_number(double value, char buffer[32])
{
  snprintf(buffer, 32, "%.3g", value == 0 ? 0.0 : value); /* no "-0" */
  char *comma = strchr(buffer, ',');
  if (comma) *comma = '.';
  return buffer;
}

const char *vt_scale_text(const vt_scale *scale, char buffer[192])
{
  char low[32], high[32];
  if (scale->constant) {
    snprintf(buffer, 192, "constant map, value %s, drawn neutral", vt_number_text(scale->least, low));
    return buffer;
  }
  char clip[32];
  snprintf(buffer, 192, "%s to %s, %s, clip %s %% at %s", vt_number_text(scale->low, low),
           vt_number_text(scale->high, high), scale->is_signed ? "zero in the middle" : "smallest to largest",
           vt_number_text(100 * scale->clip, clip), scale->is_signed ? "the top of |x|" : "each end");
  return buffer;
}
