/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of matrix products, Einsum and Det.
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
  gradient_check_large(ctx, "MatMul", "", FAST, RANDOM(SHAPE(67, 96)), RANDOM(SHAPE(96, 128)));
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
  gradient_check_large(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 6, 19, 16)), RANDOM(SHAPE(2, 6, 16, 19)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 3, 4, 5)), RANDOM(SHAPE(5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(4, 5)), RANDOM(SHAPE(2, 3, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(2, 1, 4, 5)), RANDOM(SHAPE(3, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(1, 3, 4, 5)), RANDOM(SHAPE(2, 1, 5, 6)));
  gradient_check(ctx, "MatMul", "", FAST, RANDOM(SHAPE(3, 4, 5)), RANDOM(SHAPE(1, 5, 6)));
  gradient_check_large(ctx, "MatMul", "", FAST, RANDOM(SHAPE(1, 197, 96)), RANDOM(SHAPE(96, 64)));
}

/* dB sums over all rows of the batch: whose sums oneDNN would split between threads. */
static void matmul_over_many_rows(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check_large(ctx, "MatMul", "", 2e-6, RANDOM(SHAPE(2, 2000, 8)), RANDOM(SHAPE(8, 12)));
  gradient_check_large(ctx, "MatMul", "", 2e-6, RANDOM(SHAPE(5000, 3)), RANDOM(SHAPE(3, 2)));
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
  gradient_check_large(ctx, "Gemm", "transB=1", FAST, RANDOM(SHAPE(64, 100)), RANDOM(SHAPE(80, 100)),
                       RANDOM(SHAPE(80)));
  gradient_check_large(ctx, "Gemm", "transA=1", 2e-6, RANDOM(SHAPE(100, 64)), RANDOM(SHAPE(100, 80)),
                       RANDOM(SHAPE(80)));
  gradient_check(ctx, "Gemm", "", FAST, RANDOM(SHAPE(0, 3)), RANDOM(SHAPE(3, 2)), RANDOM(SHAPE(2)));
}

static void einsum_of_two_operands(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Einsum", "equation=ij,jk->ik", FAST, RANDOM(SHAPE(3, 4)), RANDOM(SHAPE(4, 5)));
  gradient_check(ctx, "Einsum", "equation=bij,bkj->bik", FAST, RANDOM(SHAPE(2, 3, 4)),
                 RANDOM(SHAPE(2, 5, 4)));
  gradient_check(ctx, "Einsum", "equation=bhqd,bhkd->bhqk", FAST, RANDOM(SHAPE(2, 3, 17, 8)),
                 RANDOM(SHAPE(2, 3, 19, 8)));
  gradient_check(ctx, "Einsum", "equation=i,j->ij", FAST, RANDOM(SHAPE(3)), RANDOM(SHAPE(4)));
  gradient_check(ctx, "Einsum", "equation=ij,ij->", FAST, RANDOM(SHAPE(3, 4)), RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Einsum", "equation=ji,kj", FAST, RANDOM(SHAPE(4, 3)), RANDOM(SHAPE(5, 4)));
  gradient_check(ctx, "Einsum", "equation=ij,jk->ik", FAST, RANDOM(SHAPE(3, 0)), RANDOM(SHAPE(0, 5)));
}

static void einsum_with_sums_and_diagonals(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Einsum", "equation=ij->ji", FAST, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Einsum", "equation=ij->i", FAST, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Einsum", "equation=ijk->", FAST, RANDOM(SHAPE(3, 4, 2)));
  gradient_check(ctx, "Einsum", "equation=ii->i", FAST, RANDOM(SHAPE(4, 4)));
  gradient_check(ctx, "Einsum", "equation=ii", FAST, RANDOM(SHAPE(4, 4)));
  gradient_check(ctx, "Einsum", "equation=ijij->j", FAST, RANDOM(SHAPE(2, 3, 2, 3)));
  gradient_check(ctx, "Einsum", "equation=iik,kj->ij", FAST, RANDOM(SHAPE(3, 3, 2)), RANDOM(SHAPE(2, 4)));
  /* labels of one operand alone that are summed away */
  gradient_check(ctx, "Einsum", "equation=ijk,jl->i", FAST, RANDOM(SHAPE(3, 2, 5)), RANDOM(SHAPE(2, 4)));
  gradient_check(ctx, "Einsum", "equation=ii,jj->", FAST, RANDOM(SHAPE(3, 3)), RANDOM(SHAPE(2, 2)));
}

static void einsum_with_broadcasting_and_many_operands(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Einsum", "equation=...ij,...jk->...ik", FAST, RANDOM(SHAPE(2, 3, 3, 4)),
                 RANDOM(SHAPE(3, 4, 2)));
  gradient_check(ctx, "Einsum", "equation=...ij,...jk->...ik", FAST, RANDOM(SHAPE(1, 3, 4)),
                 RANDOM(SHAPE(5, 4, 2)));
  gradient_check(ctx, "Einsum", "equation=...i,...i->...", FAST, RANDOM(SHAPE(2, 1, 4)), RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Einsum", "equation=ij,jk->ik", FAST, RANDOM(SHAPE(3, 1)), RANDOM(SHAPE(4, 2)));
  gradient_check(ctx, "Einsum", "equation=ii,i->i", FAST, RANDOM(SHAPE(1, 4)), RANDOM(SHAPE(4)));
  gradient_check(ctx, "Einsum", "equation=ij,jk,kl->il", FAST, RANDOM(SHAPE(2, 3)), RANDOM(SHAPE(3, 4)),
                 RANDOM(SHAPE(4, 5)));
  gradient_check(ctx, "Einsum", "equation=i,i,i,j->ij", FAST, RANDOM(SHAPE(3)), RANDOM(SHAPE(3)),
                 RANDOM(SHAPE(3)), RANDOM(SHAPE(2)));
}

static void det_of_regular_matrices(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Det", "", FAST, RANDOM(SHAPE(3, 3)));
  gradient_check(ctx, "Det", "", FAST, RANDOM(SHAPE(1, 1)));
  gradient_check(ctx, "Det", "", FAST, RANDOM(SHAPE(2, 3, 4, 4)));
  gradient_check(ctx, "Det", "", FAST, RANDOM(SHAPE(7, 7)));
  gradient_check(ctx, "Det", "", FAST, RANDOM(SHAPE(0, 2, 2)));
}

/* Cofactors exist where the inverse does not. */
static void det_of_singular_matrices(void **state)
{
  vt_ctx *ctx = *state;
  gradient_run run;
  gradient_check(ctx, "Det", "", FAST, op_f64(ctx, SHAPE(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9));
  gradient_check(ctx, "Det", "", FAST, op_f64(ctx, SHAPE(2, 2), 0, 0, 0, 3));
  gradient_check(ctx, "Det", "", FAST, op_f64(ctx, SHAPE(1, 1), 0));
  gradient_forward_backward(ctx, "Det", "", 1, OP_LIST(op_f64(ctx, SHAPE(3, 3), 1, 2, 3, 2, 4, 6, 3, 6, 9)),
                            __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(3, 3), 1e-14, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(matmul_of_two_matrices),
      op_test(matmul_of_vectors),
      op_test(matmul_of_batches),
      op_test(matmul_over_many_rows),
      op_test(matmul_of_nothing),
      op_test(gemm_in_all_forms),
      op_test(einsum_of_two_operands),
      op_test(einsum_with_sums_and_diagonals),
      op_test(einsum_with_broadcasting_and_many_operands),
      op_test(det_of_regular_matrices),
      op_test(det_of_singular_matrices),
  };
  return cmocka_run_group_tests_name("ops/gradient_matmul", tests, NULL, NULL);
}
