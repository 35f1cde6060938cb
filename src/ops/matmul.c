/* SPDX-License-Identifier: Apache-2.0
 *
 * MatMul: NumPy's matmul, Y[…,i,j] = Σ_k A[…,i,k] · B[…,k,j] with broadcast batch axes and 1-D factors.
 * Gemm: Y = alpha · A' · B' + beta · C.
 */
#include "ops/matmul.h"

#include <math.h>

#include "ops/dnnl_kernels.h"
#include "ops/families.h"
#include "ops/plain.h"
#include "ops/product.h"

/* ---- what both are: a batch of products ---- */

typedef struct product_work {
  const vt_product *p;
  const double *a, *b; /* floats, in f64 */
  double *y;
  const uint64_t *a_bits, *b_bits; /* integers, modulo 2^64 */
  uint64_t *y_bits;
} product_work;

/* Rows [first, last) of Y, counted over the batch. */
static void product_rows(void *user, int64_t first, int64_t last)
{
  const product_work *work = user;
  const vt_product *p = work->p;
  int64_t a_row = p->a_transposed ? 1 : p->inner, a_inner = p->a_transposed ? p->rows : 1;
  int64_t b_inner = p->b_transposed ? 1 : p->columns, b_column = p->b_transposed ? p->inner : 1;
  for (int64_t row = first; row < last; row++) {
    int64_t a_matrix, b_matrix;
    vt_product_matrices(p, row / p->rows, &a_matrix, &b_matrix);
    int64_t a = a_matrix * p->rows * p->inner + row % p->rows * a_row;
    for (int64_t j = 0; j < p->columns; j++) {
      int64_t b = b_matrix * p->inner * p->columns + j * b_column;
      if (work->y) {
        double sum = 0;
        for (int64_t k = 0; k < p->inner; k++)
          sum += work->a[a + k * a_inner] * work->b[b + k * b_inner];
        work->y[row * p->columns + j] = sum;
      } else {
        uint64_t sum = 0;
        for (int64_t k = 0; k < p->inner; k++)
          sum += work->a_bits[a + k * a_inner] * work->b_bits[b + k * b_inner];
        work->y_bits[row * p->columns + j] = sum;
      }
    }
  }
}

static bool is_real(const vt_tensor *tensor)
{
  return (VT_FLOATS | VT_HALVES) & VT_T(tensor->type);
}

/* The product of inputs 0 and 1 as f64 or, for integer tensors, as bits: an array that the caller frees. NULL
 * on failure. */
static void *product_plain(vt_ctx *ctx, const vt_call *call, const vt_product *p)
{
  bool real = is_real(call->inputs[0]);
  int64_t count = vt_count(call->outputs[0]);
  void *a = real ? (void *)vt_plain_read(ctx, call->inputs[0]) : vt_plain_read_bits(ctx, call->inputs[0]);
  void *b = real ? (void *)vt_plain_read(ctx, call->inputs[1]) : vt_plain_read_bits(ctx, call->inputs[1]);
  void *y = vt_alloc_zero(ctx, (size_t)count, sizeof(uint64_t));
  if (a && b && y) {
    product_work work = {.p = p};
    if (real) {
      work.a = a;
      work.b = b;
      work.y = y;
    } else {
      work.a_bits = a;
      work.b_bits = b;
      work.y_bits = y;
    }
    vt_parallel(ctx, p->batch * p->rows, 1, product_rows, &work);
  }
  vt_free(a);
  vt_free(b);
  if (a && b && y) return y;
  vt_free(y);
  return NULL;
}

static double product_flops(const vt_product *p)
{
  return 2.0 * (double)p->batch * (double)p->rows * (double)p->inner * (double)p->columns;
}

/* ---- MatMul ---- */

static vt_status matmul_shape(vt_ctx *ctx, const vt_call *call)
{
  vt_product p;
  VT_TRY(vt_product_of_matmul(ctx, call, &p));
  int64_t dims[VT_MAX_RANK + 2];
  int rank = p.batch_rank;
  memcpy(dims, p.batch_dims, sizeof p.batch_dims);
  if (call->inputs[0]->rank > 1) dims[rank++] = p.rows;
  if (call->inputs[1]->rank > 1) dims[rank++] = p.columns;
  return vt_set_output(ctx, call, 0, call->inputs[0]->type, rank, dims);
}

static vt_status matmul_plain(vt_ctx *ctx, const vt_call *call)
{
  vt_product p;
  VT_TRY(vt_product_of_matmul(ctx, call, &p));
  void *y = product_plain(ctx, call, &p);
  if (!y) return VT_ERROR_OUT_OF_MEMORY;
  if (is_real(call->inputs[0]))
    vt_plain_write(call->outputs[0], y);
  else
    vt_plain_write_bits(call->outputs[0], y);
  vt_free(y);
  return VT_OK;
}

static vt_status matmul_items(vt_ctx *ctx, const vt_call *call, const vt_product *p)
{
  const float *a = call->inputs[0]->data, *b = call->inputs[1]->data;
  float *y = call->outputs[0]->data;
  vt_dnnl_product each = {.batch = 1, .rows = p->rows, .inner = p->inner, .columns = p->columns};
  for (int64_t i = 0; i < p->batch; i++) {
    int64_t a_matrix, b_matrix;
    vt_product_matrices(p, i, &a_matrix, &b_matrix);
    VT_TRY(vt_dnnl_matmul(ctx, &each, a + a_matrix * p->rows * p->inner, b + b_matrix * p->inner * p->columns,
                          NULL, y + i * p->rows * p->columns));
  }
  return VT_OK;
}

static vt_status matmul_dnnl(vt_ctx *ctx, const vt_call *call)
{
  vt_product p;
  VT_TRY(vt_product_of_matmul(ctx, call, &p));
  vt_dnnl_product whole = {.batch = p.batch,
                           .rows = p.rows,
                           .inner = p.inner,
                           .columns = p.columns,
                           .a_step = p.rows * p.inner,
                           .b_step = p.inner * p.columns};
  vt_status status;
  bool a_in_turn = vt_product_in_turn(&p, p.a_steps);
  if (a_in_turn && vt_product_one_matrix(&p, p.b_steps)) {
    whole.rows *= p.batch;
    whole.batch = 1;
  }
  if (whole.batch == 1 || (a_in_turn && vt_product_in_turn(&p, p.b_steps)))
    status = vt_dnnl_matmul(ctx, &whole, call->inputs[0]->data, call->inputs[1]->data, NULL,
                            call->outputs[0]->data);
  else
    status = matmul_items(ctx, call, &p);
  return status == VT_ERROR_UNSUPPORTED ? matmul_plain(ctx, call) : status;
}

static double matmul_flops(const vt_call *call)
{
  const vt_tensor *a = call->inputs[0];
  return 2.0 * (double)vt_count(call->outputs[0]) * (double)a->dims[a->rank - 1];
}

/* ---- Gemm ---- */

static vt_product gemm_product(const vt_call *call)
{
  const vt_gemm_attributes *attributes = call->attributes;
  const vt_tensor *a = call->inputs[0], *b = call->inputs[1];
  return (vt_product){.batch = 1,
                      .rows = a->dims[attributes->transA],
                      .inner = a->dims[!attributes->transA],
                      .columns = b->dims[!attributes->transB],
                      .a_transposed = attributes->transA,
                      .b_transposed = attributes->transB};
}

static vt_status gemm_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_gemm_attributes *attributes = call->attributes;
  const vt_tensor *a = call->inputs[0], *b = call->inputs[1], *c = vt_input(call, 2);
  char a_text[160], b_text[160];
  if (a->rank != 2 || b->rank != 2)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s and %s: two matrices are needed",
                        vt_shape_text(a, a_text), vt_shape_text(b, b_text));
  vt_product p = gemm_product(call);
  if (p.inner != b->dims[attributes->transB])
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s%s · %s%s: the inner sizes differ",
                        vt_shape_text(a, a_text), attributes->transA ? "ᵀ" : "", vt_shape_text(b, b_text),
                        attributes->transB ? "ᵀ" : "");
  int64_t dims[] = {p.rows, p.columns};
  for (int axis = 0; c && axis < c->rank; axis++)
    if (c->rank > 2 || (c->dims[axis] != 1 && c->dims[axis] != dims[axis + 2 - c->rank]))
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "C is %s, which does not broadcast to [%lld,%lld]", vt_shape_text(c, a_text),
                          (long long)p.rows, (long long)p.columns);
  if (!is_real(a) &&
      (nearbyint(attributes->alpha) != attributes->alpha || nearbyint(attributes->beta) != attributes->beta ||
       fabs(attributes->alpha) > INT32_MAX || fabs(attributes->beta) > INT32_MAX))
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "alpha and beta must be whole numbers for %s",
                        vt_type_name(a->type));
  return vt_set_output(ctx, call, 0, a->type, 2, dims);
}

/* Strides of C over rows and columns of Y, 0 where it repeats. */
static void summand_strides(const vt_call *call, int64_t strides[VT_MAX_RANK])
{
  strides[0] = strides[1] = 0;
  if (vt_input(call, 2)) vt_broadcast_strides(call->inputs[2], 2, call->outputs[0]->dims, strides);
}

static vt_status gemm_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_gemm_attributes *attributes = call->attributes;
  bool real = is_real(call->inputs[0]);
  const vt_tensor *c = vt_input(call, 2);
  int64_t strides[VT_MAX_RANK];
  vt_product p = gemm_product(call);
  summand_strides(call, strides);
  void *y = product_plain(ctx, call, &p);
  if (!y) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < p.rows; i++)
    for (int64_t j = 0; j < p.columns; j++) {
      int64_t at = i * p.columns + j, from = i * strides[0] + j * strides[1];
      if (real) {
        double *value = (double *)y + at;
        *value = attributes->alpha * *value + (c ? attributes->beta * vt_get_f64(c, from) : 0);
      } else {
        uint64_t *value = (uint64_t *)y + at, beta = (uint64_t)(int64_t)attributes->beta;
        *value =
            (uint64_t)(int64_t)attributes->alpha * *value + (c ? beta * (uint64_t)vt_get_i64(c, from) : 0);
      }
    }
  if (real)
    vt_plain_write(call->outputs[0], y);
  else
    vt_plain_write_bits(call->outputs[0], y);
  vt_free(y);
  return VT_OK;
}

typedef struct summand_work {
  float alpha, beta;
  const float *c; /* NULL: none */
  float *y;
  int64_t columns, strides[VT_MAX_RANK];
} summand_work;

VT_CLONES static void add_summand(void *user, int64_t first, int64_t last)
{
  const summand_work *work = user;
  for (int64_t i = first; i < last; i++) {
    float *y = work->y + i * work->columns;
    const float *c = work->c ? work->c + i * work->strides[0] : NULL;
    for (int64_t j = 0; j < work->columns; j++)
      y[j] = work->alpha * y[j] + (c ? work->beta * c[j * work->strides[1]] : 0);
  }
}

static vt_status gemm_dnnl(vt_ctx *ctx, const vt_call *call)
{
  const vt_gemm_attributes *attributes = call->attributes;
  const vt_tensor *c = vt_input(call, 2);
  vt_product p = gemm_product(call);
  summand_work work = {.alpha = (float)attributes->alpha,
                       .beta = (float)attributes->beta,
                       .c = c ? c->data : NULL,
                       .y = call->outputs[0]->data,
                       .columns = p.columns};
  summand_strides(call, work.strides);
  vt_dnnl_product whole = {.batch = 1,
                           .rows = p.rows,
                           .inner = p.inner,
                           .columns = p.columns,
                           .a_transposed = p.a_transposed,
                           .b_transposed = p.b_transposed,
                           .a_step = p.rows * p.inner,
                           .b_step = p.inner * p.columns};
  bool plain_sum = attributes->alpha == 1 && (!c || attributes->beta == 1);
  bool as_bias = plain_sum && c && work.strides[0] == 0 && (work.strides[1] == 1 || p.columns == 1);
  vt_status status = vt_dnnl_matmul(ctx, &whole, call->inputs[0]->data, call->inputs[1]->data,
                                    as_bias ? work.c : NULL, work.y);
  if (status == VT_ERROR_UNSUPPORTED) return gemm_plain(ctx, call);
  VT_TRY(status);
  if (!as_bias && !(plain_sum && !c))
    vt_parallel(ctx, p.rows, 1 + 16384 / (p.columns + 1), add_summand, &work);
  return VT_OK;
}

static double gemm_flops(const vt_call *call)
{
  vt_product p = gemm_product(call);
  return product_flops(&p);
}

static const vt_field gemm_fields[] = {
    {.name = "alpha",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_gemm_attributes, alpha),
     .fallback = "1",
     .help = "factor of the product"},
    {.name = "beta",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_gemm_attributes, beta),
     .fallback = "1",
     .help = "factor of C"},
    {.name = "transA",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_gemm_attributes, transA),
     .fallback = "0",
     .help = "A is stored transposed"},
    {.name = "transB",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_gemm_attributes, transB),
     .fallback = "0",
     .help = "B is stored transposed"},
};

#define FACTORS                                                                                              \
  (VT_FLOATS | VT_HALVES | VT_T(VT_I32) | VT_T(VT_I64) | VT_T(VT_U32) | VT_T(VT_U64) | VT_T(VT_U8) |         \
   VT_T(VT_I8))

static const vt_op matmul_ops[] = {
    {.name = "MatMul",
     .since = 1,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     .types = {FACTORS},
     .same_types = true,
     .shape = matmul_shape,
     .implementations = {VT_BY_F32, {"dnnl", vt_dnnl_fits, matmul_dnnl}, {"plain", NULL, matmul_plain}},
     .flops = matmul_flops,
     .backward = vt_matmul_backward,
     .saves_for = {VT_SAVES_INPUT(1), VT_SAVES_INPUT(0)}},
    {.name = "Gemm",
     .since = 1,
     VT_INPUTS(2, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_gemm_attributes, gemm_fields),
     .types = {FACTORS},
     .same_types = true,
     .shape = gemm_shape,
     .implementations = {VT_BY_F32, {"dnnl", vt_dnnl_fits, gemm_dnnl}, {"plain", NULL, gemm_plain}},
     .flops = gemm_flops,
     .backward = vt_gemm_backward,
     .saves_for = {VT_SAVES_INPUT(1), VT_SAVES_INPUT(0)}},
};

const vt_op_family vt_ops_matmul = {matmul_ops, VT_COUNT(matmul_ops)};
