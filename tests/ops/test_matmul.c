/* SPDX-License-Identifier: Apache-2.0
 *
 * MatMul, Gemm.
 */
#include "kernel_case.h"

static void multiplies(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6), *b = op_f32(ctx, SHAPE(3, 2), 1, 0, 0, 1, 2, -1);
  op_expect(op_run(ctx, "MatMul", "", a, b), VT_F32, SHAPE(2, 2), 0, 7, -1, 16, -1);
  vt_tensor *v = op_f32(ctx, SHAPE(3), 1, 10, 100);
  op_expect(op_run(ctx, "MatMul", "", a, v), VT_F32, SHAPE(2), 0, 321, 654);
  op_expect(op_run(ctx, "MatMul", "", v, b), VT_F32, SHAPE(2), 0, 201, -90);
  op_expect(op_run(ctx, "MatMul", "", v, v), VT_F32, SCALAR, 0, 10101);
  op_expect(op_run(ctx, "MatMul", "", op_f64(ctx, SHAPE(1, 2), 0.5, 2), op_f64(ctx, SHAPE(2, 1), 3, 0.25)),
            VT_F64, SHAPE(1, 1), 0, 2);
  op_expect(
      op_run(ctx, "MatMul", "", op_f32(ctx, SHAPE(2, 0), NO_VALUES), op_f32(ctx, SHAPE(0, 3), NO_VALUES)),
      VT_F32, SHAPE(2, 3), 0, 0);
  op_expect(op_run(ctx, "MatMul", "", op_f32(ctx, SHAPE(0, 3), NO_VALUES), b), VT_F32, SHAPE(0, 2), 0,
            NO_VALUES);
}

static void multiplies_integers(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_type types[] = {VT_I32, VT_I64, VT_U32, VT_U64, VT_U8, VT_I8};
  for (size_t i = 0; i < VT_COUNT(types); i++) {
    vt_tensor *a = op_tensor(ctx, types[i], SHAPE(2, 2), 1, 2, 3, 4),
              *b = op_tensor(ctx, types[i], SHAPE(2, 1), 5, 6);
    op_expect(op_run(ctx, "MatMul", "", a, b), types[i], SHAPE(2, 1), 0, 17, 39);
    op_expect(op_run(ctx, "Gemm", "alpha=2;beta=-1", a, b, op_tensor(ctx, types[i], SHAPE(1), 4)), types[i],
              SHAPE(2, 1), 0, 30, 74);
  }
  /* sums wrap, products of large i64 stay exact */
  op_expect(op_run(ctx, "MatMul", "", op_u8(ctx, SHAPE(1, 1), 20), op_u8(ctx, SHAPE(1, 1), 13)), VT_U8,
            SHAPE(1, 1), 0, 4);
  vt_tensor *large = op_i64(ctx, SHAPE(1, 1), 0);
  ((int64_t *)large->data)[0] = (INT64_C(1) << 53) + 1;
  vt_tensor *y = op_run(ctx, "MatMul", "", large, op_i64(ctx, SHAPE(1, 1), -3));
  assert_int_equal(((int64_t *)y->data)[0], -3 * ((INT64_C(1) << 53) + 1));
}

static void broadcasts_batches(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 1, 1, 2), 1, 2, 3, 4),
            *b = op_f32(ctx, SHAPE(3, 2, 1), 1, 0, 0, 1, 1, 1);
  op_expect(op_run(ctx, "MatMul", "", a, b), VT_F32, SHAPE(2, 3, 1, 1), 0, 1, 2, 3, 3, 4, 7);
  op_expect(op_run(ctx, "MatMul", "", a, op_f32(ctx, SHAPE(2), 1, 10)), VT_F32, SHAPE(2, 1, 1), 0, 21, 43);
  op_expect(op_run(ctx, "MatMul", "", op_f32(ctx, SHAPE(2), 1, 10), b), VT_F32, SHAPE(3, 1), 0, 1, 10, 11);
}

static void agrees_with_plain(void **state)
{
  static const struct {
    op_shape a, b;
  } cases[] = {
      {{2, {1, 1}}, {2, {1, 1}}},
      {{2, {1, 4096}}, {2, {4096, 1}}},
      {{2, {1, 1280}}, {2, {1280, 1000}}},
      {{2, {17, 31}}, {2, {31, 65}}},
      {{2, {129, 257}}, {2, {257, 33}}},
      {{2, {3, 20000}}, {2, {20000, 5}}},
      {{2, {64, 8192}}, {2, {8192, 16}}},
      {{2, {256, 1}}, {2, {1, 300}}},
      {{1, {300}}, {2, {300, 7}}},
      {{2, {7, 300}}, {1, {300}}},
      {{1, {3000}}, {1, {3000}}},
      {{3, {5, 197, 64}}, {2, {64, 48}}},
      {{4, {2, 3, 50, 16}}, {4, {2, 3, 16, 50}}},
      {{4, {2, 12, 1, 64}}, {4, {2, 12, 64, 77}}},
      {{2, {5, 6}}, {3, {4, 6, 3}}},
      {{4, {2, 1, 9, 8}}, {3, {3, 8, 7}}},
      {{3, {1, 33, 20}}, {3, {1, 20, 33}}},
      {{3, {6, 1, 40}}, {3, {6, 40, 1}}},
  };
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    size_t mark = vt_tensor_mark(ctx);
    int64_t inner = cases[i].a.dims[cases[i].a.rank - 1];
    kernel_agrees(ctx, "MatMul", "", 1, kernel_tolerance(inner),
                  op_uniform(ctx, VT_F32, cases[i].a, -1, 1, i),
                  op_uniform(ctx, VT_F32, cases[i].b, -1, 1, i + 100));
    vt_tensor_release(ctx, mark);
  }
  for (uint64_t seed = 0; seed < 60; seed++) {
    size_t mark = vt_tensor_mark(ctx);
    int64_t rows = kernel_random(seed, 0, 1, 70), inner = kernel_random(seed, 1, 1, 400);
    int64_t columns = kernel_random(seed, 2, 1, 70), batch = kernel_random(seed, 3, 1, 4);
    kernel_agrees(ctx, "MatMul", "", 1, kernel_tolerance(inner),
                  op_uniform(ctx, VT_F32, SHAPE(batch, rows, inner), -1, 1, seed),
                  op_uniform(ctx, VT_F32, SHAPE(batch, inner, columns), -1, 1, seed + 100));
    vt_tensor_release(ctx, mark);
  }
}

static void gemm_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(3, 2), 1, 4, 2, 5, 3, 6), *b = op_f32(ctx, SHAPE(2, 3), 1, 0, 2, 0, 1, -1);
  op_expect(op_run(ctx, "Gemm", "transA=1;transB=1", a, b), VT_F32, SHAPE(2, 2), 0, 7, -1, 16, -1);
  op_expect(op_run(ctx, "Gemm", "transA=1;transB=1;alpha=0.5;beta=2", a, b, op_f32(ctx, SHAPE(2, 1), 1, 10)),
            VT_F32, SHAPE(2, 2), 0, 5.5, 1.5, 28, 19.5);
  op_expect(op_run(ctx, "Gemm", "transA=1;transB=1", a, b, op_f32(ctx, SHAPE(2), 1, 10)), VT_F32, SHAPE(2, 2),
            0, 8, 9, 17, 9);
  op_expect(op_run(ctx, "Gemm", "transA=1;transB=1", a, b, op_f32(ctx, SCALAR, 3)), VT_F32, SHAPE(2, 2), 0,
            10, 2, 19, 2);
  op_expect(op_run(ctx, "Gemm", "alpha=2", op_f64(ctx, SHAPE(1, 1), 3), op_f64(ctx, SHAPE(1, 1), 4),
                   op_f64(ctx, SHAPE(1, 1), 0.5)),
            VT_F64, SHAPE(1, 1), 0, 24.5);
}

static void gemm_agrees_with_plain(void **state)
{
  static const char *const summands[] = {"", "alpha=0.5;", "beta=0.25;", "alpha=2;beta=-1;"};
  vt_ctx *ctx = *state;
  for (uint64_t seed = 0; seed < 64; seed++) {
    size_t mark = vt_tensor_mark(ctx);
    int64_t rows = kernel_random(seed, 0, 1, 70), inner = kernel_random(seed, 1, 1, 300);
    int64_t columns = kernel_random(seed, 2, 1, 70);
    bool a_turned = seed & 1, b_turned = seed & 2;
    char attributes[100];
    snprintf(attributes, sizeof attributes, "%stransA=%d;transB=%d", summands[seed / 4 % 4], a_turned,
             b_turned);
    op_shape shapes[] = {SHAPE(rows, columns), SHAPE(1, columns), SHAPE(rows, 1), SHAPE(columns)};
    vt_tensor *c = seed / 16 ? op_uniform(ctx, VT_F32, shapes[seed % 4], -1, 1, seed + 200) : NULL;
    kernel_agrees(
        ctx, "Gemm", attributes, 1, kernel_tolerance(inner),
        op_uniform(ctx, VT_F32, a_turned ? SHAPE(inner, rows) : SHAPE(rows, inner), -1, 1, seed),
        op_uniform(ctx, VT_F32, b_turned ? SHAPE(columns, inner) : SHAPE(inner, columns), -1, 1, seed + 100),
        c);
    vt_tensor_release(ctx, mark);
  }
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 3), 1);
  assert_fails(ctx, op_try(ctx, "MatMul", "", a, a), VT_ERROR_INVALID_MODEL,
               "node 'under test' (MatMul): f32[2,3] · f32[2,3]: the inner sizes differ");
  assert_fails(ctx, op_try(ctx, "MatMul", "", a, op_f32(ctx, SCALAR, 1)), VT_ERROR_INVALID_MODEL, "scalar");
  assert_fails(ctx, op_try(ctx, "MatMul", "", op_f32(ctx, SHAPE(2, 1, 3), 1), op_f32(ctx, SHAPE(3, 3, 1), 1)),
               VT_ERROR_INVALID_MODEL, "f32[2,1,3] · f32[3,3,1]: the batch axes do not broadcast");
  assert_fails(ctx, op_try(ctx, "MatMul", "", a, op_f64(ctx, SHAPE(3), 1)), VT_ERROR_INVALID_MODEL,
               "element type");
  assert_fails(ctx, op_try(ctx, "Gemm", "", a, a), VT_ERROR_INVALID_MODEL, "the inner sizes differ");
  assert_fails(ctx, op_try(ctx, "Gemm", "transB=1", a, a, op_f32(ctx, SHAPE(3), 1)), VT_ERROR_INVALID_MODEL,
               "C is f32[3], which does not broadcast to [2,2]");
  assert_fails(ctx, op_try(ctx, "Gemm", "transB=1", a, a, op_f32(ctx, SHAPE(1, 2, 2), 1)),
               VT_ERROR_INVALID_MODEL, "C is");
  assert_fails(ctx, op_try(ctx, "Gemm", "", a, op_f32(ctx, SHAPE(3), 1)), VT_ERROR_INVALID_MODEL,
               "two matrices");
  assert_fails(ctx,
               op_try(ctx, "Gemm", "alpha=0.5", op_i32(ctx, SHAPE(1, 1), 1), op_i32(ctx, SHAPE(1, 1), 1)),
               VT_ERROR_UNSUPPORTED, "whole numbers");
}

/* Factors rounded to 8 bits of precision: each product is off by up to 2^-8 of itself, the sums of random
 * ones by about 2^-9 √2 of their size. Products below the threshold stay as they are. */
static void rounds_factors_when_told(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_uniform(ctx, VT_F32, SHAPE(192, 256), -1, 1, 1),
            *b = op_uniform(ctx, VT_F32, SHAPE(256, 160), -1, 1, 2);
  vt_tensor *exact = op_run(ctx, "MatMul", "", a, b);
  vt_tensor *few = op_run(ctx, "MatMul", "", b, op_f32(ctx, SHAPE(160), 1));
  vt_ctx_set_short_products(ctx, true);
  vt_tensor *rounded = op_run(ctx, "MatMul", "", a, b), *again = op_run(ctx, "MatMul", "", a, b);
  vt_tensor *few_too = op_run(ctx, "MatMul", "", b, op_f32(ctx, SHAPE(160), 1));
  vt_ctx_set_short_products(ctx, false);
  double error = 0, size = 0;
  for (int64_t i = 0; i < vt_count(exact); i++) {
    double e = (double)((float *)exact->data)[i], r = (double)((float *)rounded->data)[i];
    error += (r - e) * (r - e);
    size += e * e;
  }
  assert_memory_equal(rounded->data, again->data, vt_bytes(rounded));
  assert_memory_equal(few->data, few_too->data, vt_bytes(few));
  print_message("# relative distance %.2g\n", sqrt(error / size));
  assert_true(sqrt(error / size) < 6e-3);
  assert_memory_equal(op_run(ctx, "MatMul", "", a, b)->data, exact->data, vt_bytes(exact));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(multiplies),
      op_test(multiplies_integers),
      op_test(broadcasts_batches),
      op_test(agrees_with_plain),
      op_test(gemm_by_hand),
      op_test(gemm_agrees_with_plain),
      op_test(refuses),
      op_test(rounds_factors_when_told),
  };
  return cmocka_run_group_tests_name("ops/matmul", tests, NULL, NULL);
}
