/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/recurrent.h"

/* Where gate i of the ONNX operator stands among PyTorch's. LSTM: i o f c of i f g o; GRU: z r n of r z n. */
typedef struct cell_kind {
  const char *op;
  int gates;
  int order[4];
} cell_kind;
static const cell_kind lstm_kind = {"LSTM", 4, {0, 3, 1, 2}};
static const cell_kind gru_kind = {"GRU", 3, {1, 0, 2}};

static vt_tensor *reordered(vt_ctx *ctx, vt_tensor *x, const cell_kind *kind)
{
  vt_tensor *parts[4], *sorted[4];
  vt_split_parts(ctx, x, 0, kind->gates, parts);
  for (int i = 0; i < kind->gates; i++)
    sorted[i] = parts[kind->order[i]];
  return vt_concat(ctx, 0, kind->gates, sorted);
}

typedef struct cell_weights {
  vt_tensor *w, *r, *b; /* of ONNX, with one direction in front */
} cell_weights;

static vt_tensor *weight_of(vt_scope s, const char *name, int layer, bool reverse, int rank,
                            const int64_t *dims, int64_t hidden)
{
  char full[64];
  snprintf(full, sizeof full, "%s_l%d%s", name, layer, reverse ? "_reverse" : "");
  return vt_param(s, full, rank, dims, VT_TORCH(hidden));
}

static cell_weights weights_of(vt_scope s, const cell_kind *kind, int layer, bool reverse, int64_t inputs,
                               int64_t hidden)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t rows = kind->gates * hidden;
  vt_tensor *w = weight_of(s, "weight_ih", layer, reverse, VT_DIMS(rows, inputs), hidden);
  vt_tensor *r = weight_of(s, "weight_hh", layer, reverse, VT_DIMS(rows, hidden), hidden);
  vt_tensor *biases[] = {weight_of(s, "bias_ih", layer, reverse, VT_DIMS(rows), hidden),
                         weight_of(s, "bias_hh", layer, reverse, VT_DIMS(rows), hidden)};
  for (int i = 0; i < 2; i++)
    biases[i] = reordered(ctx, biases[i], kind);
  return (cell_weights){vt_unsqueeze(ctx, reordered(ctx, w, kind), 0),
                        vt_unsqueeze(ctx, reordered(ctx, r, kind), 0),
                        vt_unsqueeze(ctx, vt_concat(ctx, 0, 2, biases), 0)};
}

/* x [steps, items, inputs] → [steps, items, directions · hidden]. */
static vt_tensor *run_layer(vt_scope s, const cell_kind *kind, vt_tensor *x, vt_tensor *lengths, int layer,
                            vt_sequence_settings settings)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t hidden = settings.hidden, directions = settings.both_ways ? 2 : 1;
  cell_weights both = weights_of(s, kind, layer, false, vt_dim(x, -1), hidden);
  if (settings.both_ways) {
    cell_weights back = weights_of(s, kind, layer, true, vt_dim(x, -1), hidden);
    both.w = vt_concat(ctx, 0, 2, (vt_tensor *[]){both.w, back.w});
    both.r = vt_concat(ctx, 0, 2, (vt_tensor *[]){both.r, back.r});
    both.b = vt_concat(ctx, 0, 2, (vt_tensor *[]){both.b, back.b});
  }
  vt_tensor *inputs[] = {x, both.w, both.r, both.b, lengths};
  vt_setting list[] = {VT_INT("hidden_size", hidden),
                       VT_TEXT("direction", settings.both_ways ? "bidirectional" : "forward"),
                       VT_INT("linear_before_reset", 1)};
  vt_tensor *y = vt_call_op(ctx, kind->op, lengths ? 5 : 4, inputs, kind == &gru_kind ? 3 : 2, list);
  if (!settings.both_ways) return vt_squeeze(ctx, y, 1);
  y = vt_transpose(ctx, y, VT_DIMS(0, 2, 1, 3));
  return vt_reshape(ctx, y, VT_DIMS(0, 0, directions * hidden));
}

static vt_tensor *through_time(vt_scope s, const cell_kind *kind, vt_tensor *x, vt_tensor *lengths,
                               vt_sequence_settings settings)
{
  vt_ctx *ctx = s.run->ctx;
  if (!vt_is_void(x) && x->rank != 3) {
    char shape[160];
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: %s takes [items, steps, inputs], not %s", s.path,
                  kind->op, vt_shape_text(x, shape));
    return vt_void();
  }
  if (lengths) lengths = vt_cast(ctx, lengths, VT_I32);
  x = vt_transpose(ctx, x, VT_DIMS(1, 0, 2));
  for (int layer = 0; layer < (settings.layers > 0 ? (int)settings.layers : 1); layer++) {
    if (layer) x = vt_dropout(s, x, settings.dropout);
    x = run_layer(s, kind, x, lengths, layer, settings);
  }
  return vt_transpose(ctx, x, VT_DIMS(1, 0, 2));
}

vt_tensor *vt_lstm(vt_scope s, vt_tensor *x, vt_tensor *lengths, vt_sequence_settings settings)
{
  return through_time(s, &lstm_kind, x, lengths, settings);
}

vt_tensor *vt_gru(vt_scope s, vt_tensor *x, vt_tensor *lengths, vt_sequence_settings settings)
{
  return through_time(s, &gru_kind, x, lengths, settings);
}

/* ---- what a sequence comes to ---- */

static vt_tensor *state_at(vt_ctx *ctx, vt_tensor *states, vt_tensor *lengths)
{
  int64_t steps = vt_dim(states, 1);
  if (!lengths) return vt_squeeze(ctx, vt_slice(ctx, states, 1, steps - 1, steps), 1);
  vt_tensor *at = vt_sub_of(ctx, vt_cast(ctx, lengths, VT_I64), vt_integers(ctx, 1, &(int64_t){1}));
  at = vt_reshape(ctx, at, VT_DIMS(-1, 1, 1));
  at = vt_expand(ctx, at, VT_DIMS(vt_dim(states, 0), 1, vt_dim(states, 2)));
  return vt_squeeze(ctx, vt_gather_elements(ctx, states, 1, at), 1);
}

vt_tensor *vt_last_state(vt_ctx *ctx, vt_tensor *states, vt_tensor *lengths, bool both_ways)
{
  vt_tensor *halves[2];
  if (!both_ways) return state_at(ctx, states, lengths);
  vt_split_parts(ctx, states, 2, 2, halves);
  halves[0] = state_at(ctx, halves[0], lengths);
  halves[1] = vt_squeeze(ctx, vt_slice(ctx, halves[1], 1, 0, 1), 1);
  return vt_concat(ctx, 1, 2, halves);
}

/* bool [items, steps, 1]: whether a step is within an item's length. */
static vt_tensor *valid_steps(vt_ctx *ctx, vt_tensor *lengths, int64_t steps)
{
  vt_tensor *time =
      vt_ctx_status(ctx) == VT_OK ? vt_tensor_new(ctx, VT_I64, 3, (int64_t[]){1, steps, 1}) : NULL;
  if (!time) return vt_void();
  for (int64_t i = 0; i < steps; i++)
    ((int64_t *)time->data)[i] = i;
  lengths = vt_reshape(ctx, vt_cast(ctx, lengths, VT_I64), VT_DIMS(-1, 1, 1));
  return vt_call_op(ctx, "Less", 2, (vt_tensor *[]){time, lengths}, 0, NULL);
}

vt_tensor *vt_max_over_time(vt_ctx *ctx, vt_tensor *states, vt_tensor *lengths)
{
  if (lengths)
    states = vt_where(ctx, valid_steps(ctx, lengths, vt_dim(states, 1)), states, vt_number(ctx, -3e38));
  return vt_max_axis(ctx, states, 1, false);
}

/* ---- cells ---- */

static void cell_gates(vt_scope s, const cell_kind *kind, vt_tensor *x, vt_tensor *h, vt_tensor **of_x,
                       vt_tensor **of_h)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t hidden = vt_dim(h, -1), rows = kind->gates * hidden;
  vt_tensor *w = vt_param(s, "weight_ih", VT_DIMS(rows, vt_dim(x, -1)), VT_TORCH(hidden));
  vt_tensor *r = vt_param(s, "weight_hh", VT_DIMS(rows, hidden), VT_TORCH(hidden));
  vt_tensor *bias_w = vt_param(s, "bias_ih", VT_DIMS(rows), VT_TORCH(hidden));
  vt_tensor *bias_r = vt_param(s, "bias_hh", VT_DIMS(rows), VT_TORCH(hidden));
  vt_split_parts(ctx, vt_affine(ctx, x, w, bias_w), -1, kind->gates, of_x);
  vt_split_parts(ctx, vt_affine(ctx, h, r, bias_r), -1, kind->gates, of_h);
}

vt_tensor *vt_gru_cell(vt_scope s, vt_tensor *x, vt_tensor *h)
{
  enum { RESET, UPDATE, NEW };
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *a[4], *b[4];
  cell_gates(s, &gru_kind, x, h, a, b);
  vt_tensor *reset = vt_activate(ctx, vt_add(ctx, a[RESET], b[RESET]), VT_SIGMOID);
  vt_tensor *update = vt_activate(ctx, vt_add(ctx, a[UPDATE], b[UPDATE]), VT_SIGMOID);
  vt_tensor *fresh = vt_activate(ctx, vt_add(ctx, a[NEW], vt_mul(ctx, reset, b[NEW])), VT_TANH);
  /* (1 − z) n + z h */
  return vt_add(ctx, fresh, vt_mul(ctx, update, vt_sub_of(ctx, h, fresh)));
}

vt_tensor *vt_lstm_cell(vt_scope s, vt_tensor *x, vt_tensor *h, vt_tensor **c)
{
  enum { IN, FORGET, NEW, OUT, GATES };
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *a[GATES], *b[GATES], *gates[GATES];
  cell_gates(s, &lstm_kind, x, h, a, b);
  for (int i = 0; i < GATES; i++)
    gates[i] = vt_activate(ctx, vt_add(ctx, a[i], b[i]), i == NEW ? VT_TANH : VT_SIGMOID);
  *c = vt_add(ctx, vt_mul(ctx, gates[FORGET], *c), vt_mul(ctx, gates[IN], gates[NEW]));
  return vt_mul(ctx, gates[OUT], vt_activate(ctx, *c, VT_TANH));
}

/* ---- a model ---- */

vt_tensor *vt_gru_classifier(vt_scope s, vt_tensor *ids, vt_tensor *lengths,
                             const vt_gru_classifier_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *x = vt_embedding(vt_sub(s, "embed_tokens"), ids, settings->vocabulary, settings->width, 0);
  x = vt_gru(vt_sub(s, "gru"), vt_name(s, x, "embed"), lengths, settings->gru);
  x = vt_name(s, x, "states");
  x = settings->pool == VT_LAST_STATE ? vt_last_state(ctx, x, lengths, settings->gru.both_ways)
                                      : vt_max_over_time(ctx, x, lengths);
  x = vt_dropout(vt_sub(s, "head"), vt_name(s, x, "pooled"), settings->dropout);
  return vt_name(s, vt_linear(vt_sub(s, "head"), x, settings->classes, VT_BIAS), "logits");
}
