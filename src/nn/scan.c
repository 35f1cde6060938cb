/* SPDX-License-Identifier: Apache-2.0
 *
 * The selective scan layer.
 */
#include <math.h>

#include "nn/recurrent.h"

/* A parameter that begins at f(row, column). */
static vt_tensor *filled(vt_scope s, const char *name, int64_t rows, int64_t columns,
                         double (*f)(vt_scope s, int64_t row, int64_t column))
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *begin = vt_filled(ctx, VT_DIMS(rows, columns), 0);
  for (int64_t i = 0; !vt_is_void(begin) && i < rows * columns; i++)
    ((float *)begin->data)[i] = (float)f(s, i / columns, i % columns);
  vt_initial init = {.kind = VT_INIT_COPY, .data = begin->data};
  return columns > 1 ? vt_param(s, name, VT_DIMS(rows, columns), init)
                     : vt_param(s, name, VT_DIMS(rows), init);
}

static double log_of_state(vt_scope s, int64_t row, int64_t column)
{
  VT_UNUSED(s);
  VT_UNUSED(row);
  return log((double)(column + 1));
}

/* softplus⁻¹(Δ), Δ log-uniform in [.001, .1] */
static double step_bias(vt_scope s, int64_t row, int64_t column)
{
  VT_UNUSED(column);
  uint64_t seed = vt_parameters_seed(s.run->parameters), stream = vt_stream(s.path, 1);
  double step = exp(log(.001) + vt_random_uniform(seed, stream, (uint64_t)row) * (log(.1) - log(.001)));
  return step + log(-expm1(-step));
}

/* Depthwise over time, looking back only or to both sides: [items, steps, channels]. */
static vt_tensor *look_around(vt_scope s, vt_tensor *u, int64_t kernel, bool centred)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t ahead = centred ? (kernel - 1) / 2 : 0;
  int64_t before[3] = {0, 0, kernel - 1 - ahead}, after[3] = {0, 0, ahead};
  vt_tensor *rows = vt_pad(ctx, vt_transpose(ctx, u, VT_DIMS(0, 2, 1)), 3, before, after);
  vt_conv_settings conv = {.out = vt_dim(u, 2), .kernel = kernel, .groups = -1, .bias = VT_BIAS};
  return vt_transpose(ctx, vt_conv(vt_sub(s, "conv1d"), rows, conv), VT_DIMS(0, 2, 1));
}

vt_tensor *vt_selective_scan(vt_scope s, vt_tensor *x, vt_scan_settings settings)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t width = vt_dim(x, -1), inner = settings.inner > 0 ? settings.inner : 2 * width;
  int64_t states = settings.states > 0 ? settings.states : 8,
          kernel = settings.kernel > 0 ? settings.kernel : 4;
  int64_t rank = settings.rank > 0 ? settings.rank : (width + 15) / 16;
  vt_tensor *halves[2];
  if (settings.no_gate)
    halves[0] = vt_linear(vt_sub(s, "in_proj"), x, inner, VT_NO_BIAS);
  else
    vt_split_parts(ctx, vt_linear(vt_sub(s, "in_proj"), x, 2 * inner, VT_NO_BIAS), -1, 2, halves);
  vt_tensor *u = vt_activate(ctx, look_around(s, halves[0], kernel, settings.centred), VT_SILU);
  vt_tensor *of_u = vt_linear(vt_sub(s, "x_proj"), u, rank + 2 * states, VT_NO_BIAS);
  vt_tensor *b = vt_slice(ctx, of_u, -1, rank, rank + states);
  vt_tensor *c = vt_slice(ctx, of_u, -1, rank + states, rank + 2 * states);
  vt_scope dt = vt_sub(s, "dt_proj");
  vt_initial init = {.kind = VT_INIT_UNIFORM, .value = 1 / sqrt((double)rank)};
  vt_tensor *weight = vt_param(dt, "weight", VT_DIMS(inner, rank), init);
  vt_tensor *step =
      vt_affine(ctx, vt_slice(ctx, of_u, -1, 0, rank), weight, filled(dt, "bias", inner, 1, step_bias));
  step = vt_map(ctx, "Softplus", step);
  vt_tensor *logs = filled(s, "A_log", inner, states, log_of_state);
  vt_tensor *a = vt_map(ctx, "Neg", vt_map(ctx, "Exp", logs));
  vt_tensor *inputs[] = {u, step, a, b, c, vt_param(s, "D", VT_DIMS(inner), VT_ONES)};
  vt_tensor *y = vt_name(s, vt_call_op(ctx, "vt.SelectiveScan", 6, inputs, 0, NULL), "scan");
  if (!settings.no_gate) y = vt_mul(ctx, y, vt_activate(ctx, halves[1], VT_SILU));
  return vt_linear(vt_sub(s, "out_proj"), y, width, VT_NO_BIAS);
}
