/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators called from C: models are written in these. Each is one row of the operator table, so that what
 * was computed can be differentiated, recorded as a graph and exported.
 *
 * They return a tensor of the context, never NULL. The first failure stays in the context and makes every
 * later call return the void tensor (no data, every vt_dim 0): model code goes on without checks, and one
 * vt_ctx_status() ends it.
 */
#ifndef VT_NN_EAGER_H
#define VT_NN_EAGER_H

#include "ops/op.h"

/* Size of an axis, which may count from the end; 0 when there is no such axis. */
int64_t vt_dim(const vt_tensor *x, int axis);
vt_tensor *vt_void(void);
bool vt_is_void(const vt_tensor *x);

/* ---- any row ---- */

typedef enum vt_setting_kind { VT_SET_INT, VT_SET_REAL, VT_SET_TEXT, VT_SET_INTS } vt_setting_kind;
typedef struct vt_setting {
  const char *name; /* attribute as in ONNX */
  vt_setting_kind kind;
  int64_t integer; /* INT and BOOL attributes; count of INTS */
  double real;
  const char *text;    /* STRING and CHOICE */
  const int64_t *ints; /* copied */
} vt_setting;
#define VT_INT(name_, value_)  ((vt_setting){.name = (name_), .kind = VT_SET_INT, .integer = (value_)})
#define VT_REAL(name_, value_) ((vt_setting){.name = (name_), .kind = VT_SET_REAL, .real = (value_)})
#define VT_TEXT(name_, value_) ((vt_setting){.name = (name_), .kind = VT_SET_TEXT, .text = (value_)})
#define VT_INTS(name_, count_, values_)                                                                      \
  ((vt_setting){.name = (name_), .kind = VT_SET_INTS, .integer = (count_), .ints = (values_)})

/* One call of the row "NAME" or "vt.NAME", first output. Inputs may be NULL where the row allows it. */
vt_tensor *vt_call_op(vt_ctx *ctx, const char *op, int input_count, vt_tensor *const *inputs,
                      int setting_count, const vt_setting *settings);
/* All `output_count` outputs into outputs[] (each the void tensor on failure). */
void vt_call_outputs(vt_ctx *ctx, const char *op, int input_count, vt_tensor *const *inputs,
                     int setting_count, const vt_setting *settings, int output_count, vt_tensor **outputs);

/* ---- constants ---- */

vt_tensor *vt_number(vt_ctx *ctx, double value); /* f32 scalar */
vt_tensor *vt_integers(vt_ctx *ctx, int count, const int64_t *values);
vt_tensor *vt_filled(vt_ctx *ctx, int rank, const int64_t *dims, double value); /* f32 */
vt_tensor *vt_range(vt_ctx *ctx, int64_t first, int64_t last); /* i64: first, first + 1 … last − 1 */

/* ---- element by element, with broadcasting ---- */

vt_tensor *vt_add(vt_ctx *ctx, vt_tensor *a, vt_tensor *b);
vt_tensor *vt_sub_of(vt_ctx *ctx, vt_tensor *a, vt_tensor *b); /* a − b */
vt_tensor *vt_mul(vt_ctx *ctx, vt_tensor *a, vt_tensor *b);
vt_tensor *vt_div(vt_ctx *ctx, vt_tensor *a, vt_tensor *b);
vt_tensor *vt_maximum(vt_ctx *ctx, vt_tensor *a, vt_tensor *b);
vt_tensor *vt_minimum(vt_ctx *ctx, vt_tensor *a, vt_tensor *b);
vt_tensor *vt_times(vt_ctx *ctx, vt_tensor *x, double factor);
vt_tensor *vt_plus(vt_ctx *ctx, vt_tensor *x, double summand);
vt_tensor *vt_square(vt_ctx *ctx, vt_tensor *x);
vt_tensor *vt_clip(vt_ctx *ctx, vt_tensor *x, double low, double high);
/* Row by name with one input: "Relu" "Sigmoid" "Tanh" "Exp" "Log" "Sqrt" "Neg" "Abs" "Softplus" "Erf" … */
vt_tensor *vt_map(vt_ctx *ctx, const char *op, vt_tensor *x);
/* Row by name with two inputs: "Less" "LessOrEqual" "Greater" "And" "Or" "Pow" … */
vt_tensor *vt_pair(vt_ctx *ctx, const char *op, vt_tensor *a, vt_tensor *b);
typedef enum vt_activation {
  VT_NO_ACTIVATION,
  VT_RELU,
  VT_GELU,      /* by erf */
  VT_GELU_TANH, /* the approximation */
  VT_SILU,
  VT_TANH,
  VT_SIGMOID
} vt_activation;
vt_tensor *vt_activate(vt_ctx *ctx, vt_tensor *x, vt_activation activation);
vt_tensor *vt_equal(vt_ctx *ctx, vt_tensor *a, vt_tensor *b); /* bool */
vt_tensor *vt_where(vt_ctx *ctx, vt_tensor *condition, vt_tensor *yes, vt_tensor *no);
vt_tensor *vt_cast(vt_ctx *ctx, vt_tensor *x, vt_type type);

/* ---- products ---- */

vt_tensor *vt_matmul(vt_ctx *ctx, vt_tensor *a, vt_tensor *b); /* of the last two axes */
/* x [..., in] · weightᵀ, weight [out, in], + bias [out] or NULL: [..., out]. */
vt_tensor *vt_affine(vt_ctx *ctx, vt_tensor *x, vt_tensor *weight, vt_tensor *bias);

/* ---- shape ---- */

/* dims: −1 once is worked out, 0 keeps the size of that axis. */
vt_tensor *vt_reshape(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *dims);
#define VT_DIMS(...)                                                                                         \
  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])                               \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }
/* vt_reshape(ctx, x, VT_DIMS(0, -1)) */
vt_tensor *vt_transpose(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *permutation);
vt_tensor *vt_concat(vt_ctx *ctx, int axis, int count, vt_tensor *const *parts);
vt_tensor *vt_slice(vt_ctx *ctx, vt_tensor *x, int axis, int64_t first, int64_t last);  /* [first, last) */
void vt_split_parts(vt_ctx *ctx, vt_tensor *x, int axis, int count, vt_tensor **parts); /* equal parts */
vt_tensor *vt_expand(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *dims);
vt_tensor *vt_unsqueeze(vt_ctx *ctx, vt_tensor *x, int axis);
vt_tensor *vt_squeeze(vt_ctx *ctx, vt_tensor *x, int axis);
vt_tensor *vt_gather(vt_ctx *ctx, vt_tensor *x, int axis, vt_tensor *indices);
vt_tensor *vt_gather_elements(vt_ctx *ctx, vt_tensor *x, int axis, vt_tensor *indices);
vt_tensor *vt_one_hot(vt_ctx *ctx, vt_tensor *indices, int64_t depth); /* f32, new last axis */
/* Zeros around: begin[axis], end[axis]. */
vt_tensor *vt_pad(vt_ctx *ctx, vt_tensor *x, int rank, const int64_t *begin, const int64_t *end);

/* ---- along axes ---- */

vt_tensor *vt_sum_axis(vt_ctx *ctx, vt_tensor *x, int axis, bool keep);
vt_tensor *vt_mean_axis(vt_ctx *ctx, vt_tensor *x, int axis, bool keep);
vt_tensor *vt_max_axis(vt_ctx *ctx, vt_tensor *x, int axis, bool keep);
/* Over the axes of a list. */
vt_tensor *vt_reduce(vt_ctx *ctx, const char *op, vt_tensor *x, int count, const int64_t *axes, bool keep);
vt_tensor *vt_sum_all(vt_ctx *ctx, vt_tensor *x);  /* scalar */
vt_tensor *vt_mean_all(vt_ctx *ctx, vt_tensor *x); /* scalar */
vt_tensor *vt_softmax(vt_ctx *ctx, vt_tensor *x, int axis);
vt_tensor *vt_log_softmax(vt_ctx *ctx, vt_tensor *x, int axis);
vt_tensor *vt_log_sum_exp(vt_ctx *ctx, vt_tensor *x, int axis, bool keep);
vt_tensor *vt_argmax(vt_ctx *ctx, vt_tensor *x, int axis); /* i64, axis gone, lowest index wins */
vt_tensor *vt_normalise(vt_ctx *ctx, vt_tensor *x, int axis, double epsilon); /* x / sqrt(Σx² + ε) */

#endif
