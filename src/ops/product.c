/* SPDX-License-Identifier: Apache-2.0
 *
 * Which matrices a batch of products multiplies, and one product of either float type.
 */
#include "ops/product.h"

#include "ops/elementwise.h"

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

/* ---- one product, or a batch in turn ---- */

typedef struct plain_work {
  const vt_dnnl_product *p;
  const void *a, *b;
  void *y;
} plain_work;

/* Rows [first, last) of Y, counted over the batch. */
#define PLAIN_ROWS(suffix, type)                                                                             \
  static void plain_rows_##suffix(void *user, int64_t first, int64_t last)                                   \
  {                                                                                                          \
    const plain_work *work = user;                                                                           \
    const vt_dnnl_product *p = work->p;                                                                      \
    int64_t a_row = p->a_transposed ? 1 : p->inner, a_inner = p->a_transposed ? p->rows : 1;                 \
    int64_t b_inner = p->b_transposed ? 1 : p->columns, b_column = p->b_transposed ? p->inner : 1;           \
    for (int64_t row = first; row < last; row++) {                                                           \
      const type *a = (const type *)work->a + row / p->rows * p->a_step + row % p->rows * a_row;             \
      const type *b = (const type *)work->b + row / p->rows * p->b_step;                                     \
      type *y = (type *)work->y + row * p->columns;                                                          \
      for (int64_t j = 0; j < p->columns; j++) {                                                             \
        double sum = 0;                                                                                      \
        for (int64_t k = 0; k < p->inner; k++)                                                               \
          sum += (double)a[k * a_inner] * (double)b[k * b_inner + j * b_column];                             \
        y[j] = (type)sum;                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
PLAIN_ROWS(f32, float)
PLAIN_ROWS(f64, double)

enum {
  PIECE = 1024
}; /* the longest sum that vt_dnnl_matmul() shares between threads where A is transposed */

typedef struct piece_work {
  const float *piece;
  float *y;
} piece_work;

VT_CLONES static void matmul_add_piece(const float *piece, float *y, int64_t count)
{
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    y[i] += piece[i];
}

static void add_pieces(void *user, int64_t first, int64_t last)
{
  const piece_work *work = user;
  matmul_add_piece(work->piece + first, work->y + first, last - first);
}

/* Aᵀ · B with more rows of both than PIECE: products of pieces, added in turn. */
static vt_status multiply_long(vt_ctx *ctx, const vt_dnnl_product *p, const float *a, const float *b,
                               float *y)
{
  vt_dnnl_product each = *p;
  int64_t count = p->rows * p->columns;
  float *piece = vt_alloc(ctx, (size_t)count * sizeof *piece);
  if (!piece) return VT_ERROR_OUT_OF_MEMORY;
  piece_work work = {piece, y};
  vt_status status = VT_OK;
  for (int64_t start = 0; start < p->inner && status == VT_OK; start += PIECE) {
    each.inner = p->inner - start < PIECE ? p->inner - start : PIECE;
    status = vt_dnnl_matmul(ctx, &each, a + start * p->rows, b + start * p->columns, NULL, start ? piece : y);
    if (start && status == VT_OK) vt_parallel(ctx, count, VT_LOOP_GRAIN, add_pieces, &work);
  }
  vt_free(piece);
  return status;
}

vt_status vt_multiply(vt_ctx *ctx, vt_type type, const vt_dnnl_product *p, const void *a, const void *b,
                      void *y)
{
  if (p->batch == 0 || p->rows == 0 || p->columns == 0) return VT_OK;
  if (type == VT_F32 && p->inner > 0 && !vt_op_plain_forced()) {
    bool tall = p->batch == 1 && p->a_transposed && !p->b_transposed && p->inner > PIECE;
    vt_status status = tall ? multiply_long(ctx, p, a, b, y) : vt_dnnl_matmul(ctx, p, a, b, NULL, y);
    if (status != VT_ERROR_UNSUPPORTED) return status;
  }
  plain_work work = {p, a, b, y};
  vt_parallel(ctx, p->batch * p->rows, 1, type == VT_F32 ? plain_rows_f32 : plain_rows_f64, &work);
  return VT_OK;
}
