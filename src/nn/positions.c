/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/positions.h"

#include <math.h>

#include "nn/layers.h"

vt_tensor *vt_positions_learned(vt_scope s, int64_t first, int64_t count, int64_t limit, int64_t width,
                                double std)
{
  vt_tensor *table = vt_param(s, "weight", VT_DIMS(limit, width), VT_NORMAL(std));
  if (first >= 0 && count >= 0 && first + count <= limit)
    return vt_slice(s.run->ctx, table, 0, first, first + count);
  (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT, "%s: positions %lld to %lld, and the table has %lld",
                s.path, (long long)first, (long long)(first + count), (long long)limit);
  return vt_void();
}

vt_tensor *vt_positions_grid(vt_scope s, int64_t rows, int64_t columns, int64_t height, int64_t across,
                             int64_t width, double std)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *table = vt_param(s, "pos_embed", VT_DIMS(1, rows * columns, width), VT_TRUNCATED(std));
  if (rows == height && columns == across) return table;
  vt_tensor *map =
      vt_reshape(ctx, vt_transpose(ctx, table, VT_DIMS(0, 2, 1)), VT_DIMS(1, width, rows, columns));
  map = vt_resize_to(ctx, map, height, across, "linear");
  return vt_transpose(ctx, vt_reshape(ctx, map, VT_DIMS(1, width, height * across)), VT_DIMS(0, 2, 1));
}

static bool multiple_of(vt_ctx *ctx, int64_t width, int64_t factor)
{
  if (width > 0 && width % factor == 0) return true;
  (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "positions need a width that is a multiple of %lld, not %lld",
                (long long)factor, (long long)width);
  return false;
}

vt_tensor *vt_positions_sinusoid(vt_ctx *ctx, int64_t height, int64_t across, int64_t width, double span)
{
  if (!multiple_of(ctx, width, 4)) return vt_void();
  vt_tensor *out = vt_filled(ctx, VT_DIMS(1, height * across, width), 0);
  if (vt_is_void(out)) return out;
  int64_t quarter = width / 4;
  for (int64_t y = 0; y < height; y++)
    for (int64_t x = 0; x < across; x++) {
      double down = span > 0 ? span * ((double)y + .5) / (double)height : (double)y;
      double right = span > 0 ? span * ((double)x + .5) / (double)across : (double)x;
      float *row = (float *)out->data + (y * across + x) * width;
      for (int64_t k = 0; k < quarter; k++) {
        double frequency = pow(10000, -(double)k / (double)quarter);
        row[k] = (float)sin(down * frequency);
        row[quarter + k] = (float)cos(down * frequency);
        row[2 * quarter + k] = (float)sin(right * frequency);
        row[3 * quarter + k] = (float)cos(right * frequency);
      }
    }
  return out;
}

/* ---- rotations ---- */

vt_rotary vt_rotary_line(vt_ctx *ctx, vt_tensor *positions, int64_t width, double base)
{
  vt_rotary none = {vt_void(), vt_void()};
  if (!multiple_of(ctx, width, 2)) return none;
  int64_t half = width / 2;
  vt_tensor *frequencies = vt_filled(ctx, VT_DIMS(half), 0);
  if (vt_is_void(frequencies)) return none;
  for (int64_t k = 0; k < half; k++)
    ((float *)frequencies->data)[k] = (float)pow(base > 0 ? base : 10000, -(double)k / (double)half);
  vt_tensor *angles = vt_mul(ctx, vt_unsqueeze(ctx, vt_cast(ctx, positions, VT_F32), -1), frequencies);
  angles = vt_concat(ctx, -1, 2, (vt_tensor *[]){angles, angles});
  if (angles->rank == 3) angles = vt_unsqueeze(ctx, angles, 1); // [batch, 1, tokens, width]
  return (vt_rotary){vt_map(ctx, "Cos", angles), vt_map(ctx, "Sin", angles)};
}

vt_rotary vt_rotary_grid(vt_ctx *ctx, int64_t prefix, int64_t height, int64_t across, int64_t width,
                         double base)
{
  vt_rotary none = {vt_void(), vt_void()};
  if (!multiple_of(ctx, width, 4)) return none;
  int64_t half = width / 2, quarter = width / 4, tokens = prefix + height * across;
  vt_tensor *cosine = vt_filled(ctx, VT_DIMS(tokens, width), 1);
  vt_tensor *sine = vt_filled(ctx, VT_DIMS(tokens, width), 0);
  if (vt_is_void(cosine) || vt_is_void(sine)) return none;
  for (int64_t t = prefix; t < tokens; t++)
    for (int64_t k = 0; k < width; k++) {
      int64_t pair = k % half, place = pair < quarter ? (t - prefix) / across : (t - prefix) % across;
      double angle = (double)place * pow(base > 0 ? base : 100, -(double)(pair % quarter) / (double)quarter);
      ((float *)cosine->data)[t * width + k] = (float)cos(angle);
      ((float *)sine->data)[t * width + k] = (float)sin(angle);
    }
  return (vt_rotary){cosine, sine};
}

vt_tensor *vt_rotate(vt_ctx *ctx, vt_tensor *x, vt_rotary rotary)
{
  if (!rotary.cosine) return x;
  int64_t width = vt_dim(x, -1), half = width / 2;
  vt_tensor *first = vt_slice(ctx, x, -1, 0, half), *second = vt_slice(ctx, x, -1, half, width);
  vt_tensor *turned = vt_concat(ctx, -1, 2, (vt_tensor *[]){vt_map(ctx, "Neg", second), first});
  return vt_add(ctx, vt_mul(ctx, x, rotary.cosine), vt_mul(ctx, turned, rotary.sine));
}
