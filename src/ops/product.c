/* SPDX-License-Identifier: Apache-2.0
 *
 * Which matrices a batch of products multiplies.
 */
#include "ops/product.h"

void vt_product_matrices(const vt_product *p, int64_t index, int64_t *a, int64_t *b)
{
  *a = *b = 0;
  for (int axis = p->batch_rank - 1; axis >= 0; axis--) {
    int64_t place = index % p->batch_dims[axis];
    index /= p->batch_dims[axis];
    *a += place * p->a_steps[axis];
    *b += place * p->b_steps[axis];
  }
}

bool vt_product_in_turn(const vt_product *p, const int64_t steps[VT_MAX_RANK])
{
  int64_t expected = 1;
  for (int axis = p->batch_rank - 1; axis >= 0; axis--) {
    if (p->batch_dims[axis] != 1 && steps[axis] != expected) return false;
    expected *= p->batch_dims[axis];
  }
  return true;
}

bool vt_product_one_matrix(const vt_product *p, const int64_t steps[VT_MAX_RANK])
{
  for (int axis = 0; axis < p->batch_rank; axis++)
    if (p->batch_dims[axis] != 1 && steps[axis] != 0) return false;
  return true;
}

/* The batch axes of a factor as a tensor of its own. */
static vt_tensor batch_of(const vt_tensor *factor)
{
  vt_tensor batch = {.type = factor->type, .rank = factor->rank > 2 ? factor->rank - 2 : 0};
  for (int axis = 0; axis < batch.rank; axis++)
    batch.dims[axis] = factor->dims[axis];
  return batch;
}

vt_status vt_product_of_matmul(vt_ctx *ctx, const vt_call *call, vt_product *p)
{
  const vt_tensor *a = call->inputs[0], *b = call->inputs[1];
  char a_text[160], b_text[160];
  if (a->rank < 1 || b->rank < 1)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s and %s: a scalar cannot be a factor",
                        vt_shape_text(a, a_text), vt_shape_text(b, b_text));
  vt_tensor a_batch = batch_of(a), b_batch = batch_of(b);
  const vt_tensor *both[] = {&a_batch, &b_batch};
  *p = (vt_product){.rows = a->rank > 1 ? a->dims[a->rank - 2] : 1,
                    .inner = a->dims[a->rank - 1],
                    .columns = b->rank > 1 ? b->dims[b->rank - 1] : 1};
  if (p->inner != b->dims[b->rank > 1 ? b->rank - 2 : 0])
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s · %s: the inner sizes differ",
                        vt_shape_text(a, a_text), vt_shape_text(b, b_text));
  for (int last = 1; last <= a_batch.rank && last <= b_batch.rank; last++) {
    int64_t own = a_batch.dims[a_batch.rank - last], other = b_batch.dims[b_batch.rank - last];
    if (own != other && own != 1 && other != 1)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s · %s: the batch axes do not broadcast",
                          vt_shape_text(a, a_text), vt_shape_text(b, b_text));
  }
  VT_TRY(vt_broadcast_shape(ctx, both, 2, &p->batch_rank, p->batch_dims));
  vt_broadcast_strides(&a_batch, p->batch_rank, p->batch_dims, p->a_steps);
  vt_broadcast_strides(&b_batch, p->batch_rank, p->batch_dims, p->b_steps);
  p->batch = 1; /* of sizes that need not fit when another is 0; the output's check comes after */
  for (int axis = 0; axis < p->batch_rank; axis++)
    if (__builtin_mul_overflow(p->batch, p->batch_dims[axis], &p->batch))
      return vt_call_fail(ctx, call, VT_ERROR_OUT_OF_MEMORY, "%s · %s: the output is too large",
                          vt_shape_text(a, a_text), vt_shape_text(b, b_text));
  return VT_OK;
}
