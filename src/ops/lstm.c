/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). Gates stand in the order
 * i, o, f, g; with a = W x[t] + Wb + R h[t−1] + Rb,
 *
 *   i = f(a_i + P_i c[t−1])   f = f(a_f + P_f c[t−1])   g = g(a_g)
 *   c[t] = f · c[t−1] + i · g
 *   o = f(a_o + P_o c[t])     h[t] = o · h(c[t])
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/plain.h"
#include "ops/recurrent.h"

enum { I, O, F, G, GATES };

#define CELL(suffix, type)                                                                                   \
  VT_CLONES static void lstm_multiply_##suffix(const type *a, const type *b, type *y, int64_t count)         \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = a[i] * b[i];                              \
  }                                                                                                          \
  VT_CLONES static void lstm_add_product_##suffix(const type *a, const type *b, type *y, int64_t count)      \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] += a[i] * b[i];                             \
  }                                                                                                          \
  VT_CLONES static void lstm_add_##suffix(const type *a, const type *b, const type *c, type *y,              \
                                          int64_t count)                                                     \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = (y[i] + a[i]) + (b[i] + c[i]);            \
  }                                                                                                          \
  static void lstm_items_##suffix(void *user, int64_t first, int64_t last)                                   \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const int64_t n = r->hidden, step = r->step;                                                             \
    const type *bias = (const type *)(const void *)r->bias, *p = (const type *)(const void *)r->p;           \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gates = VT_RECURRENT_ROW(type, r->gates, step, item, GATES * n);                                 \
      type *h = VT_RECURRENT_ROW(type, r->h, step + 1, item, n);                                             \
      type *c = VT_RECURRENT_ROW(type, r->c, step + 1, item, n);                                             \
      const type *before = VT_RECURRENT_ROW(type, r->c, step, item, n);                                      \
      if (!vt_recurrent_active(r, item)) {                                                                   \
        memcpy(h, VT_RECURRENT_ROW(type, r->h, step, item, n), (size_t)n * sizeof *h);                       \
        memcpy(c, before, (size_t)n * sizeof *c);                                                            \
        continue;                                                                                            \
      }                                                                                                      \
      lstm_add_##suffix(bias, VT_RECURRENT_ROW(type, r->product, 0, item, GATES *n), bias + GATES * n,       \
                        gates, GATES * n);                                                                   \
      if (p) {                                                                                               \
        lstm_add_product_##suffix(p, before, gates + I * n, n);                                              \
        lstm_add_product_##suffix(p + 2 * n, before, gates + F * n, n);                                      \
      }                                                                                                      \
      vt_squash_##suffix(r->functions[0], gates + I * n, n);                                                 \
      vt_squash_##suffix(r->functions[0], gates + F * n, n);                                                 \
      vt_squash_##suffix(r->functions[1], gates + G * n, n);                                                 \
      lstm_multiply_##suffix(gates + F * n, before, c, n);                                                   \
      lstm_add_product_##suffix(gates + I * n, gates + G * n, c, n);                                         \
      if (p) lstm_add_product_##suffix(p + n, c, gates + O * n, n);                                          \
      vt_squash_##suffix(r->functions[0], gates + O * n, n);                                                 \
      memcpy(h, c, (size_t)n * sizeof *h);                                                                   \
      vt_squash_##suffix(r->functions[2], h, n);                                                             \
      lstm_multiply_##suffix(gates + O * n, h, h, n);                                                        \
    }                                                                                                        \
  }                                                                                                          \
  /* In r->product the gradients of i, o, f, g are made, in r->more h(c). */                                 \
  static void lstm_back_##suffix(void *user, int64_t first, int64_t last)                                    \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const int64_t n = r->hidden, step = r->step;                                                             \
    const type *p = (const type *)(const void *)r->p;                                                        \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gates = VT_RECURRENT_ROW(type, r->gates, step, item, GATES * n);                                 \
      type *made = VT_RECURRENT_ROW(type, r->product, 0, item, GATES * n);                                   \
      type *output = VT_RECURRENT_ROW(type, r->more, 0, item, GATES * n), *through = output + n;             \
      type *dh = VT_RECURRENT_ROW(type, r->dh, 0, item, n), *dc = VT_RECURRENT_ROW(type, r->dc, 0, item, n); \
      const type *before = VT_RECURRENT_ROW(type, r->c, step, item, n);                                      \
      if (!vt_recurrent_active(r, item)) {                                                                   \
        memset(gates, 0, (size_t)(GATES * n) * sizeof *gates);                                               \
        continue;                                                                                            \
      }                                                                                                      \
      memcpy(output, VT_RECURRENT_ROW(type, r->c, step + 1, item, n), (size_t)n * sizeof *output);           \
      vt_squash_##suffix(r->functions[2], output, n);                                                        \
      lstm_multiply_##suffix(dh, output, made + O * n, n);                                                   \
      vt_unsquash_##suffix(r->functions[0], gates + O * n, made + O * n, n);                                 \
      lstm_multiply_##suffix(dh, gates + O * n, through, n);                                                 \
      vt_unsquash_##suffix(r->functions[2], output, through, n);                                             \
      for (int64_t i = 0; i < n; i++)                                                                        \
        dc[i] += through[i];                                                                                 \
      if (p) lstm_add_product_##suffix(p + n, made + O * n, dc, n);                                          \
      lstm_multiply_##suffix(dc, gates + G * n, made + I * n, n);                                            \
      lstm_multiply_##suffix(dc, before, made + F * n, n);                                                   \
      lstm_multiply_##suffix(dc, gates + I * n, made + G * n, n);                                            \
      vt_unsquash_##suffix(r->functions[0], gates + I * n, made + I * n, n);                                 \
      vt_unsquash_##suffix(r->functions[0], gates + F * n, made + F * n, n);                                 \
      vt_unsquash_##suffix(r->functions[1], gates + G * n, made + G * n, n);                                 \
      lstm_multiply_##suffix(dc, gates + F * n, dc, n);                                                      \
      if (p) {                                                                                               \
        lstm_add_product_##suffix(p, made + I * n, dc, n);                                                   \
        lstm_add_product_##suffix(p + 2 * n, made + F * n, dc, n);                                           \
      }                                                                                                      \
      memcpy(gates, made, (size_t)(GATES * n) * sizeof *gates);                                              \
      memset(dh, 0, (size_t)n * sizeof *dh);                                                                 \
    }                                                                                                        \
  }
CELL(f32, float)
CELL(f64, double)

static vt_status lstm_forward(vt_ctx *ctx, vt_recurrent *r)
{
  VT_TRY(vt_recurrent_product(ctx, r, r->items, r->hidden, GATES * r->hidden, true,
                              vt_recurrent_step(r, r->h, r->step, r->hidden), r->r, r->product));
  vt_recurrent_items(ctx, r, r->type == VT_F32 ? lstm_items_f32 : lstm_items_f64);
  return VT_OK;
}

static vt_status lstm_step_back(vt_ctx *ctx, vt_recurrent *r)
{
  vt_recurrent_items(ctx, r, r->type == VT_F32 ? lstm_back_f32 : lstm_back_f64);
  return vt_recurrent_pass_on(ctx, r, GATES * r->hidden,
                              vt_recurrent_step(r, r->gates, r->step, GATES * r->hidden));
}

static const vt_recurrent_cell cell = {.gates = GATES,
                                       .functions = 3,
                                       .defaults = {VT_SQUASH_SIGMOID, VT_SQUASH_TANH, VT_SQUASH_TANH},
                                       .has_c = true,
                                       .forward = lstm_forward,
                                       .backward = lstm_step_back};

static vt_status lstm_shape(vt_ctx *ctx, const vt_call *call)
{
  return vt_recurrent_shape(ctx, call, &cell);
}

static vt_status lstm_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_recurrent_run(ctx, call, &cell);
}

static vt_status lstm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return vt_recurrent_backward(ctx, gradient, &cell);
}

static const vt_field lstm_fields[] = {
    VT_RECURRENT_FIELDS,
    {.name = "input_forget",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_recurrent_settings, input_forget),
     .fallback = "0",
     .help = "whether f is 1 − i; only 0 is supported"},
};

static const vt_op rows[] = {
    {
        .name = "LSTM",
        .since = 7,
        VT_INPUTS(3, 8),
        VT_OUTPUTS(0, 3),
        VT_SETTINGS(vt_recurrent_settings, lstm_fields),
        .types = {VT_RECURRENT_TYPES},
        .shape = lstm_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, lstm_run}},
        .flops = vt_recurrent_flops,
        VT_BACKWARD(lstm_backward, VT_SAVES_INPUTS),
    },
};

const vt_op_family vt_ops_lstm = {rows, VT_COUNT(rows)};
