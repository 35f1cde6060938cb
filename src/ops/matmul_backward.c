/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of MatMul and Gemm. Of Y = A · B they are dA = dY · Bᵀ and dB = Aᵀ · dY, summed over the batch
 * axes along which a factor was used again.
 */
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/product.h"

/* ---- MatMul ---- */

/* One side of a product as the batch goes on; steps NULL: matrices in turn. */
typedef struct side {
  const char *data;
  const int64_t *steps;
} side;

/* The matrices of `a` and `b` that belong together, one after the other into `y`. */
static vt_status multiply_items(vt_ctx *ctx, vt_type type, const vt_product *batch,
                                const vt_dnnl_product *each, const side *a, const side *b, char *y)
{
  int64_t size = (int64_t)vt_type_size(type);
  vt_product walk = *batch;
  vt_dnnl_product one = *each;
  one.batch = 1;
  if (a->steps) memcpy(walk.a_steps, a->steps, sizeof walk.a_steps);
  if (b->steps) memcpy(walk.b_steps, b->steps, sizeof walk.b_steps);
  for (int64_t i = 0; i < batch->batch; i++) {
    int64_t a_matrix, b_matrix;
    vt_product_matrices(&walk, i, &a_matrix, &b_matrix);
    VT_TRY(vt_multiply(ctx, type, &one, a->data + (a->steps ? a_matrix : i) * each->a_step * size,
                       b->data + (b->steps ? b_matrix : i) * each->b_step * size,
                       y + i * each->rows * each->columns * size));
  }
  return VT_OK;
}

/* dA (index 0) or dB (1) before it is summed over the batch axes, into `y`. */
static vt_status factor_products(vt_ctx *ctx, const vt_gradient *gradient, const vt_product *p, int index,
                                 char *y)
{
  const vt_tensor *from = gradient->output_gradients[0], *other = gradient->call->inputs[1 - index];
  const int64_t *steps = index == 0 ? p->b_steps : p->a_steps;
  bool together = vt_product_in_turn(p, steps);
  side gradients = {from->data, NULL}, factors = {other->data, together ? NULL : steps};
  vt_dnnl_product each;
  if (index == 0) {
    each = (vt_dnnl_product){
        .batch = p->batch, .rows = p->rows, .inner = p->columns, .columns = p->inner, .b_transposed = true};
    if (!together && vt_product_one_matrix(p, steps)) { /* one product of tall matrices */
      each.rows *= each.batch;
      each.batch = 1;
      together = true;
    }
  } else {
    each = (vt_dnnl_product){
        .batch = p->batch, .rows = p->inner, .inner = p->rows, .columns = p->columns, .a_transposed = true};
  }
  each.a_step = each.rows * each.inner;
  each.b_step = each.inner * each.columns;
  const side *a = index == 0 ? &gradients : &factors, *b = index == 0 ? &factors : &gradients;
  if (together) return vt_multiply(ctx, from->type, &each, a->data, b->data, y);
  return multiply_items(ctx, from->type, p, &each, a, b, y);
}

/* Every factor as at least a matrix: a vector A is one row, a vector B one column. */
static vt_tensor as_matrix(const vt_tensor *factor, int index)
{
  vt_tensor matrix = *factor;
  if (factor->rank == 1) {
    matrix.rank = 2;
    matrix.dims[1 - index] = factor->dims[0];
    matrix.dims[index] = 1;
  }
  return matrix;
}

/* The factor whose matrix serves the whole batch gets Aᵀ · dY with all rows of the batch as inner ones. */
static bool sums_in_product(const vt_product *p, int index)
{
  return index == 1 && vt_product_one_matrix(p, p->b_steps) && vt_product_in_turn(p, p->a_steps);
}

static vt_status factor_gradient(vt_ctx *ctx, const vt_gradient *gradient, const vt_product *p, int index)
{
  const vt_tensor *input = gradient->call->inputs[index], *from = gradient->output_gradients[0];
  if (vt_count(from) == 0 || vt_count(input) == 0)
    return vt_gradient_zero(ctx, gradient, index) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (vt_product_in_turn(p, index == 0 ? p->a_steps : p->b_steps)) {
    vt_tensor *made = vt_gradient_new(ctx, gradient, index);
    return made ? factor_products(ctx, gradient, p, index, made->data) : VT_ERROR_OUT_OF_MEMORY;
  }
  if (sums_in_product(p, index)) {
    vt_tensor *made = vt_gradient_new(ctx, gradient, index);
    vt_dnnl_product whole = {.batch = 1,
                             .rows = p->inner,
                             .inner = p->batch * p->rows,
                             .columns = p->columns,
                             .a_transposed = true};
    whole.a_step = whole.rows * whole.inner;
    whole.b_step = whole.inner * whole.columns;
    if (!made) return VT_ERROR_OUT_OF_MEMORY;
    return vt_multiply(ctx, from->type, &whole, gradient->call->inputs[0]->data, from->data, made->data);
  }
  int64_t dims[VT_MAX_RANK];
  memcpy(dims, p->batch_dims, sizeof dims);
  dims[p->batch_rank] = index == 0 ? p->rows : p->inner;
  dims[p->batch_rank + 1] = index == 0 ? p->inner : p->columns;
  vt_tensor *full = vt_tensor_new(ctx, from->type, p->batch_rank + 2, dims), *sum;
  if (!full) return vt_ctx_status(ctx);
  VT_TRY(factor_products(ctx, gradient, p, index, full->data));
  vt_tensor like = as_matrix(input, index);
  VT_TRY(vt_gradient_reduce(ctx, full, &like, &sum));
  return vt_gradient_reshape(ctx, sum, input, &gradient->input_gradients[index]);
}

vt_status vt_matmul_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  vt_product p;
  VT_TRY(vt_product_of_matmul(ctx, gradient->call, &p));
  for (int index = 0; index < 2; index++)
    if (gradient->wanted[index]) VT_TRY(factor_gradient(ctx, gradient, &p, index));
  return VT_OK;
}

/* ---- Gemm: Y = alpha · A' · B' + beta · C ---- */

VT_FLOAT_LOOPS1(gemm_scale, const real factor = (real) * (const double *)settings, x *factor)

static vt_status scale(vt_ctx *ctx, const vt_tensor *from, double factor, vt_tensor *to)
{
  return vt_walk(ctx, from->type == VT_F32 ? gemm_scale_f32 : gemm_scale_f64, 1, &from, to, &factor);
}

static vt_status gemm_factor(vt_ctx *ctx, const vt_gradient *gradient, int index)
{
  const vt_gemm_attributes *attributes = gradient->call->attributes;
  const vt_tensor *from = gradient->output_gradients[0], *other = gradient->call->inputs[1 - index];
  vt_tensor *made = vt_gradient_new(ctx, gradient, index);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  bool own_transposed = index == 0 ? attributes->transA : attributes->transB;
  bool other_transposed = index == 0 ? attributes->transB : attributes->transA;
  vt_dnnl_product p = {.batch = 1, .rows = made->dims[0], .columns = made->dims[1]};
  p.inner = from->dims[1 - index];
  p.a_step = p.rows * p.inner;
  p.b_step = p.inner * p.columns;
  /* dA' = dY · B'ᵀ and dB' = A'ᵀ · dY; a factor stored transposed gets the transposed product, whose factors
   * change places */
  bool gradient_first = (index == 0) != own_transposed;
  if (gradient_first) {
    p.a_transposed = own_transposed;
    p.b_transposed = index == 0 ? !other_transposed : other_transposed;
    VT_TRY(vt_multiply(ctx, from->type, &p, from->data, other->data, made->data));
  } else {
    p.a_transposed = index == 0 ? other_transposed : !other_transposed;
    p.b_transposed = own_transposed;
    VT_TRY(vt_multiply(ctx, from->type, &p, other->data, from->data, made->data));
  }
  return attributes->alpha == 1 ? VT_OK : scale(ctx, made, attributes->alpha, made);
}

vt_status vt_gemm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_gemm_attributes *attributes = gradient->call->attributes;
  for (int index = 0; index < 2; index++)
    if (gradient->wanted[index]) VT_TRY(gemm_factor(ctx, gradient, index));
  if (!vt_gradient_wanted(gradient, 2)) return VT_OK;
  vt_tensor *sum;
  VT_TRY(vt_gradient_reduce(ctx, gradient->output_gradients[0], gradient->call->inputs[2], &sum));
  if (attributes->beta == 1) {
    gradient->input_gradients[2] = sum;
    return VT_OK;
  }
  vt_tensor *made = vt_gradient_new(ctx, gradient, 2);
  return made ? scale(ctx, sum, attributes->beta, made) : VT_ERROR_OUT_OF_MEMORY;
}
