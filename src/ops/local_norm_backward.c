/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of LRN, LpNormalization and MeanVarianceNormalization.
 */
#include "ops/local_norm.h"

#include <math.h>

#include "ops/plain.h"

/* ---- LRN: with s the base and p = s^−beta of each element, y = x · p and
 * dx = dy · p − 2 alpha beta / size · x · Σ dy x p / s over the channels that x's counts for ---- */

typedef struct lrn_work {
  const vt_lrn_attributes *attributes;
  int64_t channels, size;
  const void *x, *gradient;
  void *out, *power, *term; /* power: p, term: dy x p / s; both like x */
} lrn_work;

/* Channels [*low, *high) among `channels` from `before` ahead of `channel` to `behind` after it. */
static void window_around(int64_t channel, int64_t channels, int64_t before, int64_t behind, int64_t *low,
                          int64_t *high)
{
  *low = channel > before ? channel - before : 0;
  *high = behind < channels - channel ? channel + behind + 1 : channels;
}

#define LRN_LOOPS(suffix, type)                                                                              \
  VT_CLONES static void lrn_back_add_##suffix(const type *a, const type *b, int64_t count, type *sums)       \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) sums[i] += a[i] * b[i];                          \
  }                                                                                                          \
  VT_CLONES static void lrn_back_total_##suffix(const type *a, int64_t count, type *sums)                    \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) sums[i] += a[i];                                 \
  }                                                                                                          \
  /* `power` holds Σ x² and gets p. */                                                                     \
  VT_CLONES static void lrn_back_power_##suffix(const lrn_work *work, const type *x, const type *g,          \
                                                int64_t count, type *power, type *term)                      \
  {                                                                                                          \
    const vt_lrn_attributes *a = work->attributes;                                                           \
    const type factor = (type)(a->alpha / (double)a->size), bias = (type)a->bias;                            \
    if (a->beta == 0.75) { /* the exponent of the networks that use LRN */                                   \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                \
      {                                                                                                      \
        const type base = bias + factor * power[i], root = VT_BY_TYPE(sqrt, base);                           \
        power[i] = 1 / (root * VT_BY_TYPE(sqrt, root));                                                      \
        term[i] = g[i] * x[i] * power[i] / base;                                                             \
      }                                                                                                      \
      return;                                                                                                \
    }                                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      const type base = bias + factor * power[i];                                                            \
      power[i] = (type)pow((double)base, -a->beta);                                                          \
      term[i] = g[i] * x[i] * power[i] / base;                                                               \
    }                                                                                                        \
  }                                                                                                          \
  VT_CLONES static void lrn_back_join_##suffix(const type *x, const type *g, const type *power,              \
                                               int64_t count, type factor, type *out)                        \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] =                                         \
        g[i] * power[i] - factor * x[i] * out[i];                                                            \
  }                                                                                                          \
  /* Planes [first, last), counted over batch and channels. */                                               \
  static void lrn_back_bases_##suffix(void *user, int64_t first, int64_t last)                               \
  {                                                                                                          \
    const lrn_work *work = user;                                                                             \
    const type *x = work->x, *g = work->gradient;                                                            \
    type *power = work->power, *term = work->term;                                                           \
    int64_t size = work->size, low, high, before = (work->attributes->size - 1) / 2;                         \
    for (int64_t plane = first; plane < last; plane++) {                                                     \
      int64_t channel = plane % work->channels, at = plane * size;                                           \
      window_around(channel, work->channels, before, work->attributes->size - 1 - before, &low, &high);      \
      memset(power + at, 0, (size_t)size * sizeof *power);                                                   \
      for (int64_t c = low; c < high; c++) {                                                                 \
        const type *other = x + (plane - channel + c) * size;                                                \
        lrn_back_add_##suffix(other, other, size, power + at);                                               \
      }                                                                                                      \
      lrn_back_power_##suffix(work, x + at, g + at, size, power + at, term + at);                            \
    }                                                                                                        \
  }                                                                                                          \
  static void lrn_back_planes_##suffix(void *user, int64_t first, int64_t last)                              \
  {                                                                                                          \
    const lrn_work *work = user;                                                                             \
    const vt_lrn_attributes *a = work->attributes;                                                           \
    type *out = work->out;                                                                                   \
    int64_t size = work->size, low, high, before = (a->size - 1) / 2;                                        \
    for (int64_t plane = first; plane < last; plane++) {                                                     \
      int64_t channel = plane % work->channels, at = plane * size;                                           \
      window_around(channel, work->channels, a->size - 1 - before, before, &low, &high);                     \
      memset(out + at, 0, (size_t)size * sizeof *out);                                                       \
      for (int64_t c = low; c < high; c++)                                                                   \
        lrn_back_total_##suffix((const type *)work->term + (plane - channel + c) * size, size, out + at);    \
      lrn_back_join_##suffix((const type *)work->x + at, (const type *)work->gradient + at,                  \
                             (const type *)work->power + at, size,                                           \
                             (type)(2 * a->alpha * a->beta / (double)a->size), out + at);                    \
    }                                                                                                        \
  }

LRN_LOOPS(f32, float)
LRN_LOOPS(f64, double)

vt_status vt_lrn_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  lrn_work work = {.attributes = gradient->call->attributes,
                   .channels = x->dims[1],
                   .size = vt_span(x, 2, x->rank),
                   .x = x->data,
                   .gradient = gradient->output_gradients[0]->data,
                   .out = made->data,
                   .power = vt_alloc(ctx, vt_bytes(x)),
                   .term = vt_alloc(ctx, vt_bytes(x))};
  bool ready = work.power && work.term, f32 = x->type == VT_F32;
  if (ready) {
    int64_t planes = vt_span(x, 0, 2), grain = 1 + 4096 / (work.size + 1);
    vt_parallel(ctx, planes, grain, f32 ? lrn_back_bases_f32 : lrn_back_bases_f64, &work);
    vt_parallel(ctx, planes, grain, f32 ? lrn_back_planes_f32 : lrn_back_planes_f64, &work);
  }
  vt_free(work.power);
  vt_free(work.term);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- LpNormalization: dx = (dy − y Σ dy y) / ‖x‖ for p = 2, (dy − sign(x) Σ dy y) / ‖x‖ for p = 1; a vector
 * of zeros has no direction and gets 0 ---- */

typedef struct lp_work {
  int64_t size, inner, p;
  const void *x, *gradient;
  void *out;
} lp_work;

/* Vectors [first, last) of [outer, inner]. */
#define LP_LINES(suffix, type)                                                                               \
  static void lp_back_lines_##suffix(void *user, int64_t first, int64_t last)                                \
  {                                                                                                          \
    const lp_work *work = user;                                                                              \
    int64_t inner = work->inner;                                                                             \
    for (int64_t line = first; line < last; line++) {                                                        \
      int64_t start = line / inner * work->size * inner + line % inner, end = start + work->size * inner;    \
      const type *x = work->x, *g = work->gradient;                                                          \
      type *out = work->out;                                                                                 \
      double norm = 0, dot = 0;                                                                              \
      for (int64_t at = start; at < end; at += inner) {                                                      \
        norm += work->p == 1 ? fabs((double)x[at]) : (double)x[at] * (double)x[at];                          \
        dot += (double)g[at] * (double)x[at];                                                                \
      }                                                                                                      \
      if (work->p == 2) norm = sqrt(norm);                                                                   \
      dot = norm != 0 ? dot / norm : 0;                                                                      \
      for (int64_t at = start; at < end; at += inner) {                                                      \
        double value = (double)x[at], sign = value > 0 ? 1 : value < 0 ? -1 : 0;                             \
        double along = norm == 0 ? 0 : work->p == 1 ? sign : value / norm;                                   \
        out[at] = norm == 0 ? 0 : (type)(((double)g[at] - along * dot) / norm);                              \
      }                                                                                                      \
    }                                                                                                        \
  }
LP_LINES(f32, float)
LP_LINES(f64, double)

vt_status vt_lp_norm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_lp_attributes *attributes = gradient->call->attributes;
  const vt_tensor *x = gradient->call->inputs[0];
  int axis;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, x->rank, &axis));
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  lp_work work = {.size = x->dims[axis],
                  .inner = vt_span(x, axis + 1, x->rank),
                  .p = attributes->p,
                  .x = x->data,
                  .gradient = gradient->output_gradients[0]->data,
                  .out = made->data};
  if (vt_count(x) == 0) return VT_OK;
  vt_parallel(ctx, vt_span(x, 0, axis) * work.inner, 1 + VT_LOOP_GRAIN / work.size,
              x->type == VT_F32 ? lp_back_lines_f32 : lp_back_lines_f64, &work);
  return VT_OK;
}

/* ---- MeanVarianceNormalization: with σ the deviation and q = σ + 1e-9 of a group of n,
 * dx = (dy − Σ dy / n) / q − (x − mean) · Σ dy (x − mean) / (n σ q²) ---- */

typedef struct mvn_sums {
  double mean, spread, sum, dot;
} mvn_sums;

/* x becomes dx. */
static void mvn_group_gradients(const vt_tensor *input, const int64_t steps[VT_MAX_RANK], double members,
                                mvn_sums *groups, double *x, const double *g)
{
  int64_t count = vt_count(input);
  for (int64_t i = 0; i < count; i++)
    groups[vt_mvn_group_of(input, steps, i)].mean += x[i] / members;
  for (int64_t i = 0; i < count; i++) {
    mvn_sums *group = &groups[vt_mvn_group_of(input, steps, i)];
    x[i] -= group->mean;
    group->spread += x[i] * x[i];
    group->sum += g[i];
    group->dot += g[i] * x[i];
  }
  for (int64_t i = 0; i < count; i++) {
    const mvn_sums *group = &groups[vt_mvn_group_of(input, steps, i)];
    double deviation = sqrt(group->spread / members), whole = deviation + 1e-9;
    double along = deviation > 0 ? group->dot / (members * deviation * whole * whole) : 0;
    x[i] = (g[i] - group->sum / members) / whole - x[i] * along;
  }
}

vt_status vt_mvn_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *input = gradient->call->inputs[0];
  int64_t steps[VT_MAX_RANK], groups;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_mvn_groups(ctx, gradient->call, steps, &groups));
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_count(input) == 0) return VT_OK;
  double *x = vt_plain_read(ctx, input), *g = vt_plain_read(ctx, gradient->output_gradients[0]);
  mvn_sums *sums = vt_alloc_zero(ctx, (size_t)groups, sizeof *sums);
  bool ready = x && g && sums;
  if (ready) {
    mvn_group_gradients(input, steps, (double)vt_count(input) / (double)groups, sums, x, g);
    vt_plain_write(made, x);
  }
  vt_free(x);
  vt_free(g);
  vt_free(sums);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}
