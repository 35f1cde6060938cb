/* SPDX-License-Identifier: Apache-2.0
 *
 * RNN: h[t] = f(W x[t] + Wb + R h[t−1] + Rb).
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/plain.h"
#include "ops/recurrent.h"

#define CELL(suffix, type)                                                                                   \
  static void rnn_items_##suffix(void *user, int64_t first, int64_t last)                                    \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const int64_t hidden = r->hidden, step = r->step;                                                        \
    const type *bias = (const type *)(const void *)r->bias;                                                  \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gate = VT_RECURRENT_ROW(type, r->gates, step, item, hidden);                                     \
      type *after = VT_RECURRENT_ROW(type, r->h, step + 1, item, hidden);                                    \
      const type *before = VT_RECURRENT_ROW(type, r->h, step, item, hidden);                                 \
      const type *product = VT_RECURRENT_ROW(type, r->product, 0, item, hidden);                             \
      if (!vt_recurrent_active(r, item)) {                                                                   \
        memcpy(after, before, (size_t)hidden * sizeof *after);                                               \
        continue;                                                                                            \
      }                                                                                                      \
      for (int64_t i = 0; i < hidden; i++)                                                                   \
        gate[i] = (gate[i] + bias[i]) + (product[i] + bias[hidden + i]);                                     \
      vt_squash_##suffix(r->functions[0], gate, hidden);                                                     \
      memcpy(after, gate, (size_t)hidden * sizeof *after);                                                   \
    }                                                                                                        \
  }                                                                                                          \
  static void rnn_back_##suffix(void *user, int64_t first, int64_t last)                                     \
  {                                                                                                          \
    const vt_recurrent *r = user;                                                                            \
    const int64_t hidden = r->hidden;                                                                        \
    for (int64_t item = first; item < last; item++) {                                                        \
      type *gate = VT_RECURRENT_ROW(type, r->gates, r->step, item, hidden);                                  \
      type *dh = VT_RECURRENT_ROW(type, r->dh, 0, item, hidden);                                             \
      if (!vt_recurrent_active(r, item)) {                                                                   \
        memset(gate, 0, (size_t)hidden * sizeof *gate);                                                      \
        continue;                                                                                            \
      }                                                                                                      \
      vt_unsquash_##suffix(r->functions[0], gate, dh, hidden);                                               \
      memcpy(gate, dh, (size_t)hidden * sizeof *gate);                                                       \
      memset(dh, 0, (size_t)hidden * sizeof *dh);                                                            \
    }                                                                                                        \
  }
CELL(f32, float)
CELL(f64, double)

static vt_status rnn_forward(vt_ctx *ctx, vt_recurrent *r)
{
  VT_TRY(vt_recurrent_product(ctx, r, r->items, r->hidden, r->hidden, true,
                              vt_recurrent_step(r, r->h, r->step, r->hidden), r->r, r->product));
  vt_recurrent_items(ctx, r, r->type == VT_F32 ? rnn_items_f32 : rnn_items_f64);
  return VT_OK;
}

static vt_status rnn_step_back(vt_ctx *ctx, vt_recurrent *r)
{
  vt_recurrent_items(ctx, r, r->type == VT_F32 ? rnn_back_f32 : rnn_back_f64);
  return vt_recurrent_pass_on(ctx, r, r->hidden, vt_recurrent_step(r, r->gates, r->step, r->hidden));
}

static const vt_recurrent_cell cell = {.gates = 1,
                                       .functions = 1,
                                       .defaults = {VT_SQUASH_TANH},
                                       .forward = rnn_forward,
                                       .backward = rnn_step_back};

static vt_status rnn_shape(vt_ctx *ctx, const vt_call *call)
{
  return vt_recurrent_shape(ctx, call, &cell);
}

static vt_status rnn_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_recurrent_run(ctx, call, &cell);
}

static vt_status rnn_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return vt_recurrent_backward(ctx, gradient, &cell);
}

static const vt_field rnn_fields[] = {VT_RECURRENT_FIELDS};

static const vt_op rows[] = {
    {
        .name = "RNN",
        .since = 7,
        VT_INPUTS(3, 6),
        VT_OUTPUTS(0, 2),
        VT_SETTINGS(vt_recurrent_settings, rnn_fields),
        .types = {VT_RECURRENT_TYPES},
        .shape = rnn_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, rnn_run}},
        .flops = vt_recurrent_flops,
        VT_BACKWARD(rnn_backward, VT_SAVES_INPUTS),
    },
};

const vt_op_family vt_ops_rnn = {rows, VT_COUNT(rows)};
