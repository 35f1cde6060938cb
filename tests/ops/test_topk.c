/* SPDX-License-Identifier: Apache-2.0
 *
 * TopK.
 */
#include "op_case.h"

static void ties_go_to_the_lowest_index(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 4), 3, 5, 5, 1, -0.0, 0, -1, 0), *y[2];
  op_run_all(ctx, "TopK", "", y, 2, x, op_i64(ctx, SHAPE(1), 3));
  op_expect(y[0], VT_F32, SHAPE(2, 3), 0, 5, 5, 3, 0, 0, 0);
  op_expect(y[1], VT_I64, SHAPE(2, 3), 0, 1, 2, 0, 0, 1, 3);
  assert_true(signbit(((float *)y[0]->data)[3])); /* the element itself, −0 */
  op_run_all(ctx, "TopK", "largest=0", y, 2, x, op_i64(ctx, SHAPE(1), 2));
  op_expect(y[0], VT_F32, SHAPE(2, 2), 0, 1, 3, -1, 0);
  op_expect(y[1], VT_I64, SHAPE(2, 2), 0, 3, 0, 2, 0);
}

static void any_axis_and_size(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i32(ctx, SHAPE(3, 2), 1, -6, 5, 2, -3, 4), *y[2];
  op_run_all(ctx, "TopK", "axis=0;sorted=0", y, 2, x, op_i32(ctx, SCALAR, 2));
  op_expect(y[0], VT_I32, SHAPE(2, 2), 0, 5, 4, 1, 2);
  op_expect(y[1], VT_I64, SHAPE(2, 2), 0, 1, 2, 0, 1);
  op_run_all(ctx, "TopK", "axis=-1", y, 2, x, op_i64(ctx, SHAPE(1), 0));
  op_expect(y[0], VT_I32, SHAPE(3, 0), 0, NO_VALUES);
  op_run_all(ctx, "TopK", "", y, 2, op_f32(ctx, SHAPE(0, 3), NO_VALUES), op_i64(ctx, SHAPE(1), 2));
  op_expect(y[1], VT_I64, SHAPE(0, 2), 0, NO_VALUES);
}

static void nan_is_largest(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(4), 1, NAN, INFINITY, -INFINITY), *y[2];
  op_run_all(ctx, "TopK", "", y, 2, x, op_i64(ctx, SHAPE(1), 4));
  op_expect(y[1], VT_I64, SHAPE(4), 0, 1, 2, 0, 3);
  op_run_all(ctx, "TopK", "largest=0", y, 2, x, op_i64(ctx, SHAPE(1), 4));
  op_expect(y[1], VT_I64, SHAPE(4), 0, 3, 0, 2, 1);
}

/* Every type, every k of a line of 100 elements against a selection by counting. */
static void agrees_with_counting(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I64, VT_I32,
                                  VT_I16, VT_I8,  VT_U64, VT_U32,  VT_U16, VT_U8};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_tensor *x = op_uniform(ctx, types[t], SHAPE(100), 0, 50, t), *y[2];
    for (int k = 1; k <= 100; k += 33) {
      op_run_all(ctx, "TopK", "", y, 2, x, op_i64(ctx, SHAPE(1), k));
      for (int64_t i = 0; i < 100; i++) {
        int64_t rank = 0;
        double own = vt_get_f64(x, i);
        for (int64_t j = 0; j < 100; j++)
          rank += vt_get_f64(x, j) > own || (vt_get_f64(x, j) == own && j < i);
        if (rank >= k) continue;
        assert_int_equal(vt_get_i64(y[1], rank), i);
        assert_true(vt_get_f64(y[0], rank) == own);
      }
    }
  }
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3), 1), *y[2];
  assert_fails(ctx, op_call(ctx, "TopK", "", NULL, y, 2, OP_LIST(x, op_i64(ctx, SHAPE(1), 4))),
               VT_ERROR_INVALID_MODEL, "k is 4, the axis has 3 elements");
  assert_fails(ctx, op_call(ctx, "TopK", "", NULL, y, 2, OP_LIST(x, op_i64(ctx, SHAPE(1), -1))),
               VT_ERROR_INVALID_MODEL, "k is -1");
  assert_fails(ctx, op_call(ctx, "TopK", "", NULL, y, 2, OP_LIST(x, op_i64(ctx, SHAPE(0), NO_VALUES))),
               VT_ERROR_INVALID_MODEL, "k is empty");
  assert_fails(ctx, op_call(ctx, "TopK", "axis=1", NULL, y, 2, OP_LIST(x, op_i64(ctx, SHAPE(1), 1))),
               VT_ERROR_INVALID_ARGUMENT, "axis 1");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(ties_go_to_the_lowest_index), op_test(any_axis_and_size),
                                     op_test(nan_is_largest), op_test(agrees_with_counting),
                                     op_test(refuses)};
  return cmocka_run_group_tests_name("ops/topk", tests, NULL, NULL);
}
