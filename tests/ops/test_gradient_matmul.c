/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of matrix products.
 */
#include "gradient_case.h"

/* f32 sums of up to a few hundred products: √n · 2⁻²⁴ stays below 1e-6 */
#define FAST 1e-6

static void matmul_of_two_matrices(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5, 4)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(1, 1)), RANDOM(SHAPE(1, 1)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(7, 1)), RANDOM(SHAPE(1, 3)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(1, 33)), RANDOM(SHAPE(33, 17)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(67, 96)), RANDOM(SHAPE(96, 128)));
}

static void matmul_of_vectors(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(9)), RANDOM(SHAPE(9)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(5)), RANDOM(SHAPE(5, 3)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(4, 5)), RANDOM(SHAPE(5)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(5)), RANDOM(SHAPE(2, 3, 5, 4)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 3, 4, 5)), RANDOM(SHAPE(5)));
}

static void matmul_of_batches(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(3, 4, 5)), RANDOM(SHAPE(3, 5, 2)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 6, 19, 16)), RANDOM(SHAPE(2, 6, 16, 19)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 3, 4, 5)), RANDOM(SHAPE(5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(4, 5)), RANDOM(SHAPE(2, 3, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 1, 4, 5)), RANDOM(SHAPE(3, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(1, 3, 4, 5)), RANDOM(SHAPE(2, 1, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(3, 4, 5)), RANDOM(SHAPE(1, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(1, 197, 96)), RANDOM(SHAPE(96, 64)));
}

/* dB sums over all rows of the batch: the products whose inner size oneDNN might split between threads. */
static void matmul_over_many_rows(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MatMul", "", 2e-6, RANDOM(SHAPE(2, 2000, 8)), RANDOM(SHAPE(8, 12)));
  gradient_check(ctx, "MatMul", "", 2e-6, RANDOM(SHAPE(5000, 3)), RANDOM(SHAPE(3, 2)));
  kernel_agrees(ctx, "Gemm", "transA=1", 1, kernel_tolerance(5000),
                op_uniform(ctx, VT_F32, SHAPE(5000, 16), -1, 1, 5),
                op_uniform(ctx, VT_F32, SHAPE(5000, 48), -1, 1, 6));
}

static void matmul_of_nothing(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(0, 3)), RANDOM(SHAPE(3, 2)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 0)), RANDOM(SHAPE(0, 3)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(0, 2, 3)), RANDOM(SHAPE(3, 2)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 3)), RANDOM(SHAPE(3, 0)));
}

static void gemm_in_all_forms(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Gemm", "", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5, 4)));
  gradient_check(ctx, "Gemm", "transA=1", FAST, RANDOM(SHAPE(5, 3)), RANDOM(SHAPE(5, 4)), RANDOM(SHAPE(4)));
  gradient_check(ctx, "Gemm", "transB=1", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(4, 5)),
                 RANDOM(SHAPE(3, 1)));
  gradient_check(ctx, "Gemm", "transA=1;transB=1;alpha=0.5;beta=-2", FAST, RANDOM(SHAPE(5, 3)),
                 RANDOM(SHAPE(4, 5)), RANDOM(SHAPE(1, 4)));
  gradient_check(ctx, "Gemm", "alpha=-3;beta=0.25", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5, 4)),
                 RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Gemm", "beta=3", FAST, RANDOM(SHAPE(1, 1)), RANDOM(SHAPE(1, 1)), RANDOM(SCALAR));
  gradient_check(ctx, "Gemm", "transB=1", FAST, RANDOM(SHAPE(64, 100)), RANDOM(SHAPE(80, 100)),
                 RANDOM(SHAPE(80)));
  gradient_check(ctx, "Gemm", "transA=1", 2e-6, RANDOM(SHAPE(100, 64)), RANDOM(SHAPE(100, 80)),
                 RANDOM(SHAPE(80)));
  gradient_check(ctx, "Gemm", "", FAST, RANDOM(SHAPE(0, 3)), RANDOM(SHAPE(3, 2)), RANDOM(SHAPE(2)));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(matmul_of_two_matrices), op_test(matmul_of_vectors), op_test(matmul_of_batches),
      op_test(matmul_over_many_rows),  op_test(matmul_of_nothing), op_test(gemm_in_all_forms),
  };
  return cmocka_run_group_tests_name("ops/gradient_matmul", tests, NULL, NULL);
}
