/* SPDX-License-Identifier: Apache-2.0
 *
 * GRU (Cho et al. 2014). Gates stand in the order z, r, n; with a = W x[t] + Wb,
 *
 *   z = f(a_z + R_z h[t−1] + Rb_z)     r = f(a_r + R_r h[t−1] + Rb_r)
 *   n = g(a_n + R_n (r · h[t−1]) + Rb_n)        or, with linear_before_reset,
 *   n = g(a_n + r · q),  q = R_n h[t−1] + Rb_n
 *   h[t] = (1 − z) · n + z · h[t−1]
 *
 * Kept of each step: r · h[t−1], or q. `extra` backward: the gradients that R's rows see, as [steps, items,
 * 3] gates with linear_before_reset, otherwise those of z and r, then those of n.
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/plain.h"
#include "ops/recurrent.h"

enum { Z, RESET, N, GATES };

/* Rows of a step of one item; n: hidden. `of_r` is what R gave: all gates, or z and r alone. */
#define CELL(suffix, type)                                                                                   \
  VT_CLONES static void gru_mix_##suffix(const type *z, const type *new, const type *before, type *h,        \
                                         int64_t n)                                                          \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) h[i] = (1 - z[i]) * new[i] + z[i] * before[i];       \
  }                                                                                                          \
  VT_CLONES static void gru_multiply_##suffix(const type *a, const type *b, type *y, int64_t n)              \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) y[i] = a[i] * b[i];                                  \
  }                                                                                                          \
  VT_CLONES static void gru_unmix_##suffix(const type *z, const type *new, const type *before, type *dh,     \
                                           type *dz, type *dn, int64_t n)                                    \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                                                      \
    {                                                                                                        \
      dz[i] = dh[i] * (before[i] - new[i]);                                                                  \
      dn[i] = dh[i] * (1 - z[i]);                                                                            \
      dh[i] *= z[i];                                                                                         \
    }                                                                                                        \
  }                                                                                                          \
  /* z and r, then n where it needs no further product. */                                                   \
  static void gru_items_##suffix(void *user, int64_t first, int64_t last)                                    \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const bool linear = r->settings->linear_before_reset;                                                    \
    const int64_t n = r->hidden, step = r->step, width = (linear ? GATES : N) * n;                           \
    const type *bias = (const type *)(const void *)r->bias, *of_r = bias + GATES * n;                        \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gates = VT_RECURRENT_ROW(type, r->gates, step, item, GATES * n);                                 \
      type *kept = VT_RECURRENT_ROW(type, r->kept, step, item, n);                                           \
      type *after = VT_RECURRENT_ROW(type, r->h, step + 1, item, n);                                         \
      const type *before = VT_RECURRENT_ROW(type, r->h, step, item, n);                                      \
      const type *product = VT_RECURRENT_ROW(type, r->product, 0, item, width);                              \
      if (!vt_recurrent_active(r, item)) {                                                                   \
        memset(kept, 0, (size_t)n * sizeof *kept);                                                           \
        memcpy(after, before, (size_t)n * sizeof *after);                                                    \
        continue;                                                                                            \
      }                                                                                                      \
      for (int64_t i = 0; i < GATES * n; i++)                                                                \
        gates[i] += bias[i];                                                                                 \
      for (int64_t i = 0; i < N * n; i++)                                                                    \
        gates[i] += product[i] + of_r[i];                                                                    \
      vt_squash_##suffix(r->functions[0], gates, N *n);                                                      \
      if (!linear) {                                                                                         \
        gru_multiply_##suffix(gates + RESET * n, before, kept, n);                                           \
        continue;                                                                                            \
      }                                                                                                      \
      for (int64_t i = 0; i < n; i++) {                                                                      \
        kept[i] = product[N * n + i] + of_r[N * n + i];                                                      \
        gates[N * n + i] += gates[RESET * n + i] * kept[i];                                                  \
      }                                                                                                      \
      vt_squash_##suffix(r->functions[1], gates + N * n, n);                                                 \
      gru_mix_##suffix(gates + Z * n, gates + N * n, before, after, n);                                      \
    }                                                                                                        \
  }                                                                                                          \
  /* n from R_n (r · h) in r->more. */                                                                      \
  static void gru_end_##suffix(void *user, int64_t first, int64_t last)                                      \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const int64_t n = r->hidden, step = r->step;                                                             \
    const type *of_r = (const type *)(const void *)r->bias + (GATES + N) * n;                                \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gates = VT_RECURRENT_ROW(type, r->gates, step, item, GATES * n);                                 \
      const type *product = VT_RECURRENT_ROW(type, r->more, 0, item, n);                                     \
      if (!vt_recurrent_active(r, item)) continue;                                                           \
      for (int64_t i = 0; i < n; i++)                                                                        \
        gates[N * n + i] += product[i] + of_r[i];                                                            \
      vt_squash_##suffix(r->functions[1], gates + N * n, n);                                                 \
      gru_mix_##suffix(gates + Z * n, gates + N * n, VT_RECURRENT_ROW(type, r->h, step, item, n),            \
                       VT_RECURRENT_ROW(type, r->h, step + 1, item, n), n);                                  \
    }                                                                                                        \
  }                                                                                                          \
  /* Gradients of z, n and, with linear_before_reset, of r and q; dh is left with z's share. */              \
  static void gru_back_##suffix(void *user, int64_t first, int64_t last)                                     \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const bool linear = r->settings->linear_before_reset;                                                    \
    const int64_t n = r->hidden, step = r->step;                                                             \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gates = VT_RECURRENT_ROW(type, r->gates, step, item, GATES * n);                                 \
      type *seen = VT_RECURRENT_ROW(type, r->extra, step, item, GATES * n);                                  \
      type *made = VT_RECURRENT_ROW(type, r->product, 0, item, GATES * n);                                   \
      type *to_n = (type *)(void *)r->extra + r->steps * r->items * N * n;                                   \
      const type *kept = VT_RECURRENT_ROW(type, r->kept, step, item, n);                                     \
      memset(made, 0, (size_t)(GATES * n) * sizeof *made);                                                   \
      if (vt_recurrent_active(r, item)) {                                                                    \
        gru_unmix_##suffix(gates + Z * n, gates + N * n, VT_RECURRENT_ROW(type, r->h, step, item, n),        \
                           VT_RECURRENT_ROW(type, r->dh, 0, item, n), made + Z * n, made + N * n, n);        \
        vt_unsquash_##suffix(r->functions[0], gates + Z * n, made + Z * n, n);                               \
        vt_unsquash_##suffix(r->functions[1], gates + N * n, made + N * n, n);                               \
      }                                                                                                      \
      if (!linear) {                                                                                         \
        memcpy(gates + Z * n, made + Z * n, (size_t)n * sizeof *gates);                                      \
        memcpy(gates + N * n, made + N * n, (size_t)n * sizeof *gates);                                      \
        memcpy(to_n + (step * r->items + item) * n, made + N * n, (size_t)n * sizeof *gates);                \
        continue;                                                                                            \
      }                                                                                                      \
      gru_multiply_##suffix(made + N * n, kept, made + RESET * n, n);                                        \
      vt_unsquash_##suffix(r->functions[0], gates + RESET * n, made + RESET * n, n);                         \
      memcpy(seen, made, (size_t)(N * n) * sizeof *seen);                                                    \
      gru_multiply_##suffix(made + N * n, gates + RESET * n, seen + N * n, n);                               \
      memcpy(gates, made, (size_t)(GATES * n) * sizeof *gates);                                              \
    }                                                                                                        \
  }                                                                                                          \
  /* Gradient of r from that of r · h in r->more. */                                                        \
  static void gru_back_end_##suffix(void *user, int64_t first, int64_t last)                                 \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const int64_t n = r->hidden, step = r->step;                                                             \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gates = VT_RECURRENT_ROW(type, r->gates, step, item, GATES * n), *reset = gates + RESET * n;     \
      type *seen = VT_RECURRENT_ROW(type, r->extra, step, item, N * n);                                      \
      type *given = VT_RECURRENT_ROW(type, r->more, 0, item, n);                                             \
      type *dh = VT_RECURRENT_ROW(type, r->dh, 0, item, n);                                                  \
      const type *before = VT_RECURRENT_ROW(type, r->h, step, item, n);                                      \
      if (vt_recurrent_active(r, item)) {                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                    \
          dh[i] += given[i] * reset[i];                                                                      \
          given[i] *= before[i];                                                                             \
        }                                                                                                    \
        vt_unsquash_##suffix(r->functions[0], reset, given, n);                                              \
        memcpy(reset, given, (size_t)n * sizeof *reset);                                                     \
      } else {                                                                                               \
        memset(reset, 0, (size_t)n * sizeof *reset);                                                         \
      }                                                                                                      \
      memcpy(seen, gates, (size_t)(N * n) * sizeof *seen);                                                   \
    }                                                                                                        \
  }
CELL(f32, float)
CELL(f64, double)

/* Where R_n begins. */
static const void *rows_of_n(const vt_recurrent *r)
{
  return r->r + N * r->hidden * r->hidden * r->size;
}

static vt_status gru_forward(vt_ctx *ctx, vt_recurrent *r)
{
  bool single = r->type == VT_F32, linear = r->settings->linear_before_reset;
  VT_TRY(vt_recurrent_product(ctx, r, r->items, r->hidden, (linear ? GATES : N) * r->hidden, true,
                              vt_recurrent_step(r, r->h, r->step, r->hidden), r->r, r->product));
  vt_recurrent_items(ctx, r, single ? gru_items_f32 : gru_items_f64);
  if (linear) return VT_OK;
  VT_TRY(vt_recurrent_product(ctx, r, r->items, r->hidden, r->hidden, true,
                              vt_recurrent_step(r, r->kept, r->step, r->hidden), rows_of_n(r), r->more));
  vt_recurrent_items(ctx, r, single ? gru_end_f32 : gru_end_f64);
  return VT_OK;
}

/* Gradients that R_n sees, [steps, items, hidden], without linear_before_reset. */
static char *seen_by_n(const vt_recurrent *r)
{
  return r->extra + r->steps * r->items * N * r->hidden * r->size;
}

static vt_status gru_step_back(vt_ctx *ctx, vt_recurrent *r)
{
  bool single = r->type == VT_F32, linear = r->settings->linear_before_reset;
  vt_recurrent_items(ctx, r, single ? gru_back_f32 : gru_back_f64);
  int64_t width = (linear ? GATES : N) * r->hidden;
  if (!linear) {
    VT_TRY(vt_recurrent_product(ctx, r, r->items, r->hidden, r->hidden, false,
                                vt_recurrent_step(r, seen_by_n(r), r->step, r->hidden), rows_of_n(r),
                                r->more));
    vt_recurrent_items(ctx, r, single ? gru_back_end_f32 : gru_back_end_f64);
  }
  return vt_recurrent_pass_on(ctx, r, width, vt_recurrent_step(r, r->extra, r->step, width));
}

static vt_status gru_finish(vt_ctx *ctx, vt_recurrent *r)
{
  bool linear = r->settings->linear_before_reset;
  if (r->d_recurrent_bias)
    vt_recurrent_columns(r, linear ? r->extra : r->gates, GATES * r->hidden, r->d_recurrent_bias);
  if (!r->d_r) return VT_OK;
  VT_TRY(vt_recurrent_gather(ctx, r, (linear ? GATES : N) * r->hidden, r->hidden, r->extra, r->h, r->d_r));
  if (linear) return VT_OK;
  return vt_recurrent_gather(ctx, r, r->hidden, r->hidden, seen_by_n(r), r->kept,
                             (char *)r->d_r + N * r->hidden * r->hidden * r->size);
}

static const vt_recurrent_cell cell = {.gates = GATES,
                                       .functions = 2,
                                       .defaults = {VT_SQUASH_SIGMOID, VT_SQUASH_TANH},
                                       .keeps = true,
                                       .forward = gru_forward,
                                       .backward = gru_step_back,
                                       .finish = gru_finish};

static vt_status gru_shape(vt_ctx *ctx, const vt_call *call)
{
  return vt_recurrent_shape(ctx, call, &cell);
}

static vt_status gru_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_recurrent_run(ctx, call, &cell);
}

static vt_status gru_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return vt_recurrent_backward(ctx, gradient, &cell);
}

static const vt_field gru_fields[] = {
    VT_RECURRENT_FIELDS,
    {.name = "linear_before_reset",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_recurrent_settings, linear_before_reset),
     .fallback = "0",
     .help = "whether r is applied after R and its bias"},
};

static const vt_op rows[] = {
    {
        .name = "GRU",
        .since = 7,
        VT_INPUTS(3, 6),
        VT_OUTPUTS(0, 2),
        VT_SETTINGS(vt_recurrent_settings, gru_fields),
        .types = {VT_RECURRENT_TYPES},
        .shape = gru_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, gru_run}},
        .flops = vt_recurrent_flops,
        VT_BACKWARD(gru_backward, VT_SAVES_INPUTS),
    },
};

const vt_op_family vt_ops_gru = {rows, VT_COUNT(rows)};
