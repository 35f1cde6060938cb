/* SPDX-License-Identifier: Apache-2.0
 *
 * Three small models as eager calls: convolutions, attention, a recurrence. They freeze the batch the way
 * model code does: in Reshape targets, in tensors filled for it, in index lists.
 */
#ifndef VT_TESTS_GRAPH_EAGER_NETS_H
#define VT_TESTS_GRAPH_EAGER_NETS_H

#include "eager_case.h"

/* x [batch, 3, 12, 12] → [batch, 5] */
static inline vt_tensor *conv_net(net *n, vt_tensor *x)
{
  int64_t batch = x->dims[0];
  vt_tensor *y = CALL(n, "Conv", "pads=1,1,1,1", x, net_param(n, "conv.weight", 0.3, 4, DIMS(8, 3, 3, 3)),
                      net_param(n, "conv.bias", 0.1, 1, DIMS(8)));
  y = net_name(n, CALL(n, "Relu", NULL, y), "stage.1");
  y = CALL(n, "MaxPool", "kernel_shape=2,2 strides=2,2", y);
  vt_tensor *z = CALL(n, "GroupNormalization", "num_groups=2", y, net_filled(n, 1.5f, 1, DIMS(8)),
                      net_filled(n, 0.25f, 1, DIMS(8)));
  z = CALL(n, "Conv", "group=8 pads=1,1,1,1", z, net_param(n, "depthwise.weight", 0.4, 4, DIMS(8, 1, 3, 3)));
  y = net_name(n, CALL(n, "Add", NULL, y, z), "stage.2");
  y = CALL(n, "ReduceMean", "keepdims=0", y, INTS(n, 2, 3));
  y = CALL(n, "Reshape", NULL, y, INTS(n, batch, 8));
  return CALL(n, "Gemm", "transB=1", y, net_param(n, "head.weight", 0.5, 2, DIMS(5, 8)),
              net_param(n, "head.bias", 0.1, 1, DIMS(5)));
}

static inline vt_tensor *net_heads(net *n, vt_tensor *x, const char *weight, int64_t batch, int64_t length)
{
  vt_tensor *y = CALL(n, "MatMul", NULL, x, net_param(n, weight, 0.3, 2, DIMS(16, 16)));
  y = CALL(n, "Reshape", NULL, y, INTS(n, batch, length, 4, 4));
  y = CALL(n, "Transpose", "perm=0,2,1,3", y);
  return CALL(n, "Reshape", NULL, y, INTS(n, batch * 4, length, 4)); /* heads beside items */
}

/* x [batch, length, 16] → [batch, 16]: a class token, positions, attention of 4 heads, a table of items. */
static inline vt_tensor *attention_net(net *n, vt_tensor *x)
{
  int64_t batch = x->dims[0], length = x->dims[1] + 1;
  vt_tensor *token =
      CALL(n, "Expand", NULL, net_param(n, "token", 1, 3, DIMS(1, 1, 16)), INTS(n, batch, 1, 16));
  x = net_name(n, CALL(n, "Concat", "axis=1", token, x), "embed");
  x = CALL(n, "Add", NULL, x, net_param(n, "positions", 0.5, 2, DIMS(length, 16)));
  net_name(n, x, "blocks.0.resid_pre");
  vt_tensor *y = CALL(n, "LayerNormalization", "axis=-1", x, net_filled(n, 1, 1, DIMS(16)));
  vt_tensor *q = net_heads(n, y, "q.weight", batch, length), *k = net_heads(n, y, "k.weight", batch, length);
  vt_tensor *v = net_heads(n, y, "v.weight", batch, length);
  float half = 0.5f;
  vt_tensor *scores = CALL(n, "MatMul", NULL, q, CALL(n, "Transpose", "perm=0,2,1", k));
  scores = CALL(n, "Mul", NULL, scores,
                vt_tensor_borrow(n->ctx, VT_F32, 0, NULL, &half)); /* gone when we return */
  vt_tensor *pattern = net_name(n, CALL(n, "Softmax", "axis=-1", scores), "blocks.0.attn.hook_pattern");
  vt_tensor *z = CALL(n, "Reshape", NULL, CALL(n, "MatMul", NULL, pattern, v), INTS(n, batch, 4, length, 4));
  z = CALL(n, "Reshape", NULL, CALL(n, "Transpose", "perm=0,2,1,3", z), INTS(n, batch, length, 16));
  x = CALL(n, "Add", NULL, x, CALL(n, "MatMul", NULL, z, net_param(n, "o.weight", 0.3, 2, DIMS(16, 16))));
  net_name(n, x, "blocks.0.resid_post");
  x = net_name(n, CALL(n, "Gelu", NULL, x), "blocks.0.resid_post"); /* met again */
  /* the first token of every item by its number among all tokens */
  vt_tensor *flat = CALL(n, "Reshape", NULL, x, INTS(n, batch * length, 16));
  vt_tensor *rows = vt_tensor_new(n->ctx, VT_I64, 1, DIMS(batch));
  for (int64_t i = 0; i < batch; i++)
    ((int64_t *)rows->data)[i] = i * length;
  return CALL(n, "Gather", "axis=0", flat, rows);
}

/* x [batch, 5, 6] → [batch, 8]: a GRU from a zero state, with a mask of ones to multiply with. */
static inline vt_tensor *gru_net(net *n, vt_tensor *x)
{
  int64_t batch = x->dims[0];
  vt_tensor *w = net_param(n, "gru.w", 0.4, 2, DIMS(6, 24)), *u = net_param(n, "gru.u", 0.4, 2, DIMS(8, 24));
  vt_tensor *h = net_filled(n, 0, 2, DIMS(batch, 8)), *one = net_filled(n, 1, 0, NULL);
  vt_tensor *ends = INTS(n, 1), *axes = INTS(n, 1);
  for (int64_t t = 0; t < 5; t++) {
    vt_tensor *step = CALL(n, "Slice", NULL, x, INTS(n, t), CALL(n, "Add", NULL, ends, INTS(n, t)), axes);
    step = CALL(n, "Reshape", NULL, step, INTS(n, batch, 6));
    vt_tensor *a[3], *b[3];
    net_calls(n, "Split", "axis=1 num_outputs=3", 1, (vt_tensor *[]){CALL(n, "MatMul", NULL, step, w)}, 3, a);
    net_calls(n, "Split", "axis=1 num_outputs=3", 1, (vt_tensor *[]){CALL(n, "MatMul", NULL, h, u)}, 3, b);
    vt_tensor *r = CALL(n, "Sigmoid", NULL, CALL(n, "Add", NULL, a[0], b[0]));
    vt_tensor *z = CALL(n, "Sigmoid", NULL, CALL(n, "Add", NULL, a[1], b[1]));
    vt_tensor *c = CALL(n, "Tanh", NULL, CALL(n, "Add", NULL, a[2], CALL(n, "Mul", NULL, r, b[2])));
    h = CALL(n, "Add", NULL, CALL(n, "Mul", NULL, CALL(n, "Sub", NULL, one, z), c),
             CALL(n, "Mul", NULL, z, h));
    h = CALL(n, "Mul", NULL, h, net_filled(n, 1, 2, DIMS(batch, 1)));
    net_name(n, h, "state");
  }
  return h;
}

#endif
