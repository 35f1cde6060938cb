/* SPDX-License-Identifier: Apache-2.0
 *
 * Recurrent layers through time. Parameters have the names, shapes and order of gates of PyTorch's LSTM and
 * GRU (weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0; "_reverse" behind those of the way back), so that
 * weights carry over by name; each call turns them into the order of gates of the ONNX operators. GRU gates
 * reset what the hidden matrix gave (linear_before_reset), as PyTorch's do.
 */
#ifndef VT_NN_RECURRENT_H
#define VT_NN_RECURRENT_H

#include "nn/layers.h"

typedef struct vt_sequence_settings {
  int64_t hidden;
  int64_t layers; /* 0: 1 */
  bool both_ways; /* a second set of weights from the end; outputs side by side */
  double dropout; /* between layers */
} vt_sequence_settings;

/* x [items, steps, inputs], lengths i64 or i32 [items] or NULL (all steps valid) → states of the last layer
 * [items, steps, hidden], both ways [items, steps, 2 · hidden]; 0 beyond an item's length. Starts at zero. */
vt_tensor *vt_lstm(vt_scope s, vt_tensor *x, vt_tensor *lengths, vt_sequence_settings settings);
vt_tensor *vt_gru(vt_scope s, vt_tensor *x, vt_tensor *lengths, vt_sequence_settings settings);

/* What a sequence comes to: [items, width]. The last valid state (of the way back: that of step 0), or the
 * highest of each channel over the valid steps. Lengths are 1 or more. */
vt_tensor *vt_last_state(vt_ctx *ctx, vt_tensor *states, vt_tensor *lengths, bool both_ways);
vt_tensor *vt_max_over_time(vt_ctx *ctx, vt_tensor *states, vt_tensor *lengths);

/* One step: x [items, inputs], h [items, hidden] → h. weight_ih, weight_hh, bias_ih, bias_hh as in PyTorch's
 * cells. The LSTM's c is replaced. */
vt_tensor *vt_gru_cell(vt_scope s, vt_tensor *x, vt_tensor *h);
vt_tensor *vt_lstm_cell(vt_scope s, vt_tensor *x, vt_tensor *h, vt_tensor **c);

typedef enum vt_sequence_pool { VT_LAST_STATE, VT_MOST_OF_TIME } vt_sequence_pool;
typedef struct vt_gru_classifier_settings {
  int64_t vocabulary, width, classes;
  vt_sequence_settings gru;
  vt_sequence_pool pool;
  double dropout; /* before the head */
} vt_gru_classifier_settings;
/* ids i64 [items, steps] → logits [items, classes]. Parameters: embed_tokens.weight, gru.…, head.…; names
 * seen by hooks: embed, states, pooled, logits. */
vt_tensor *vt_gru_classifier(vt_scope s, vt_tensor *ids, vt_tensor *lengths,
                             const vt_gru_classifier_settings *settings);

/* Selective scan layer (Gu and Dao 2023) without the outer norm: x [items, steps, width] → the same shape.
 *   u, z = in_proj(x);  u = silu(conv1d(u)), depthwise, looking back `kernel` − 1 steps
 *   r, B, C = x_proj(u);  Δ = softplus(dt_proj(r)), the bias of dt_proj added once
 *   y = scan(u, Δ, −exp(A_log), B, C) + D u;  out_proj(y · silu(z))
 * A_log begins at log(1 … states) in every channel, D at 1, Δ log-uniform in [.001, .1]. */
typedef struct vt_scan_settings {
  int64_t inner;  /* channels inside; 0: 2 · width */
  int64_t states; /* 0: 8 */
  int64_t kernel; /* 0: 4 */
  int64_t rank;   /* of Δ's projection; 0: width / 16 rounded up */
  bool centred;   /* the convolution looks to both sides */
  bool no_gate;   /* without z */
} vt_scan_settings;
vt_tensor *vt_selective_scan(vt_scope s, vt_tensor *x, vt_scan_settings settings);

#endif
