/* SPDX-License-Identifier: Apache-2.0
 *
 * Einsum, Det.
 */
#include "op_case.h"

static void one_operand(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4);
  op_expect(op_run(ctx, "Einsum", "equation=ij->ji", x), VT_F32, SHAPE(2, 2), 0, 1, 3, 2, 4);
  op_expect(op_run(ctx, "Einsum", "equation=ij->", x), VT_F32, SCALAR, 1e-6, 10);
  op_expect(op_run(ctx, "Einsum", "equation=ij->i", x), VT_F32, SHAPE(2), 1e-6, 3, 7);
  op_expect(op_run(ctx, "Einsum", "equation=ii->i", x), VT_F32, SHAPE(2), 0, 1, 4);
  op_expect(op_run(ctx, "Einsum", "equation=ii", x), VT_F32, SCALAR, 1e-6, 5);
  op_expect(op_run(ctx, "Einsum", "equation=ba", x), VT_F32, SHAPE(2, 2), 0, 1, 3, 2, 4); /* alphabetical */
  op_expect(op_run(ctx, "Einsum", "equation=aZ", x), VT_F32, SHAPE(2, 2), 0, 1, 3, 2, 4); /* capitals first */
  op_expect(op_run(ctx, "Einsum", "equation=...i->i...", op_i64(ctx, SHAPE(1, 2, 2), 1, 2, 3, 4)), VT_I64,
            SHAPE(2, 1, 2), 0, 1, 3, 2, 4);
  op_expect(op_run(ctx, "Einsum", "equation=ij->j", op_f64(ctx, SHAPE(0, 2), NO_VALUES)), VT_F64, SHAPE(2), 0,
            0);
}

static void several_operands(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4), *b = op_f32(ctx, SHAPE(2, 2), 5, 6, 7, 8);
  op_expect(op_run(ctx, "Einsum", "equation=ij,jk->ik", a, b), VT_F32, SHAPE(2, 2), 1e-6, 19, 22, 43, 50);
  op_expect(op_run(ctx, "Einsum", "equation= i j , k j ", a, b), VT_F32, SHAPE(2, 2), 1e-6, 17, 23, 39, 53);
  op_expect(op_run(ctx, "Einsum", "equation=ij,ij->ij", a, b), VT_F32, SHAPE(2, 2), 1e-6, 5, 12, 21, 32);
  op_expect(op_run(ctx, "Einsum", "equation=ij,ij", a, b), VT_F32, SCALAR, 1e-6, 70);
  op_expect(op_run(ctx, "Einsum", "equation=bi,bi->b", a, b), VT_F32, SHAPE(2), 1e-6, 17, 53);
  op_expect(
      op_run(ctx, "Einsum", "equation=i,j->ji", op_i32(ctx, SHAPE(2), 1, 2), op_i32(ctx, SHAPE(3), 3, 4, 5)),
      VT_I32, SHAPE(3, 2), 0, 3, 6, 4, 8, 5, 10);
  op_expect(op_run(ctx, "Einsum", "equation=ij,jk,k->i", a, b, op_f32(ctx, SHAPE(2), 1, -1)), VT_F32,
            SHAPE(2), 1e-6, -3, -7);
  /* "..." of different lengths line up at their ends; a size of 1 repeats */
  op_expect(op_run(ctx, "Einsum", "equation=...,...->...", op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4),
                   op_f32(ctx, SHAPE(2), 10, 20)),
            VT_F32, SHAPE(2, 2), 1e-6, 10, 40, 30, 80);
  op_expect(op_run(ctx, "Einsum", "equation=b...i,i->b...", op_f64(ctx, SHAPE(1, 2, 2), 1, 2, 3, 4),
                   op_f64(ctx, SHAPE(1), 2)),
            VT_F64, SHAPE(1, 2), 1e-12, 6, 14);
  op_expect(op_run(ctx, "Einsum", "equation=ij,jk->ik", op_f32(ctx, SHAPE(2, 0), NO_VALUES),
                   op_f32(ctx, SHAPE(0, 1), NO_VALUES)),
            VT_F32, SHAPE(2, 1), 0, 0);
}

/* A contraction of four axes against its loop nest. */
static void agrees_with_the_loop_nest(void **state)
{
  vt_ctx *ctx = *state;
  enum { B = 2, H = 3, Q = 5, K = 4, D = 7 };
  vt_tensor *x = op_uniform(ctx, VT_F64, SHAPE(B, Q, H, D), -1, 1, 1),
            *y = op_uniform(ctx, VT_F64, SHAPE(B, K, H, D), -1, 1, 2);
  vt_tensor *z = op_run(ctx, "Einsum", "equation=bqhd,bkhd->bhqk", x, y);
  const double *xs = x->data, *ys = y->data, *zs = z->data;
  for (int b = 0; b < B; b++)
    for (int h = 0; h < H; h++)
      for (int q = 0; q < Q; q++)
        for (int k = 0; k < K; k++) {
          double sum = 0;
          for (int d = 0; d < D; d++)
            sum += xs[((b * Q + q) * H + h) * D + d] * ys[((b * K + k) * H + h) * D + d];
          assert_near(zs[((b * H + h) * Q + q) * K + k], sum, 1e-13);
        }
  char attributes[32];
  char *equation = strcpy(attributes, "bqhd,bkhd->bhqk");
  vt_tensor *inputs[] = {x, y};
  vt_call call = {vt_op_find("", "Einsum"), &equation, "", 2, 1, inputs, &z};
  assert_true(vt_call_flops(&call) == 2.0 * B * H * Q * K * D);
}

static void equations_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 3), 0);
  static const char *const cases[][2] = {
      {"equation=ij-ji", "'-' without '>'"},
      {"equation=ij->jk", "not in the inputs"},
      {"equation=ij->jj", "stands twice"},
      {"equation=i1", "only letters"},
      {"equation=i..j", "only letters"},
      {"equation=ij,jk->ik", "another number of operands"},
      {"equation=ijk->i", "gives it 3 labels"},
      {"equation=i->i", "gives it 1 labels"},
      {"equation=ij->ij,", "what follows '->'"},
      {"equation=abcdefghi->a", "only letters"},
      {"equation=ii->i", "axis 1 of input 0 is 3, the same label was 2 before"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    assert_fails(ctx, op_try(ctx, "Einsum", cases[i][0], a), VT_ERROR_INVALID_MODEL, cases[i][1]);
  assert_fails(ctx, op_try(ctx, "Einsum", "", a), VT_ERROR_INVALID_MODEL, "no equation");
  assert_fails(ctx, op_try(ctx, "Einsum", "equation=ij,jk", a, a), VT_ERROR_INVALID_MODEL,
               "axis 0 of input 1 is 2");
}

static void determinants(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(op_run(ctx, "Det", "", op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4)), VT_F32, SCALAR, 1e-6, -2);
  op_expect(op_run(ctx, "Det", "",
                   op_f64(ctx, SHAPE(2, 3, 3), 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
            VT_F64, SHAPE(2), 1e-14, -1, 0);
  op_expect(op_run(ctx, "Det", "", op_f64(ctx, SHAPE(3, 3), 2, -1, 0, -1, 2, -1, 0, -1, 2)), VT_F64, SCALAR,
            1e-14, 4);
  op_expect(op_run(ctx, "Det", "", op_f64(ctx, SHAPE(2, 0, 0), NO_VALUES)), VT_F64, SHAPE(2), 0, 1);
  assert_fails(ctx, op_try(ctx, "Det", "", op_f32(ctx, SHAPE(2, 3), 0)), VT_ERROR_INVALID_MODEL,
               "f32[2,3] does not end in square matrices");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(one_operand), op_test(several_operands),
                                     op_test(agrees_with_the_loop_nest), op_test(equations_refused),
                                     op_test(determinants)};
  return cmocka_run_group_tests_name("ops/einsum", tests, NULL, NULL);
}
