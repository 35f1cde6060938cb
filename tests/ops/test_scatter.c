/* SPDX-License-Identifier: Apache-2.0
 *
 * ScatterElements, ScatterND.
 */
#include "op_case.h"

static void elements_replace(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 3), 0);
  op_expect(op_run(ctx, "ScatterElements", "", x, op_i64(ctx, SHAPE(2, 3), 1, 0, 2, 0, -1, 1),
                   op_f32(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6)),
            VT_F32, SHAPE(3, 3), 0, 4, 2, 0, 1, 0, 6, 0, 5, 3);
  op_expect(op_run(ctx, "ScatterElements", "axis=-1", x, op_i32(ctx, SHAPE(1, 2), 2, 2),
                   op_f32(ctx, SHAPE(1, 2), 7, 8)),
            VT_F32, SHAPE(3, 3), 0, 0, 0, 8, 0, 0, 0, 0, 0, 0); /* the later one wins */
  op_expect(op_run(ctx, "ScatterElements", "", x, op_i32(ctx, SHAPE(0, 2), NO_VALUES),
                   op_f32(ctx, SHAPE(0, 2), NO_VALUES)),
            VT_F32, SHAPE(3, 3), 0, 0);
  op_expect(op_run(ctx, "ScatterElements", "", op_tensor(ctx, VT_C128, SHAPE(2), 1, 2),
                   op_i64(ctx, SHAPE(1), 1), op_tensor(ctx, VT_C128, SHAPE(1), 9)),
            VT_C128, SHAPE(2), 0, 1, 9);
}

static void elements_reduce(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I64, VT_I32,
                                  VT_I16, VT_I8,  VT_U64, VT_U32,  VT_U16, VT_U8};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_type type = types[t];
    vt_tensor *x = op_tensor(ctx, type, SHAPE(3), 5, 6, 7), *at = op_i64(ctx, SHAPE(3), 0, 0, 2);
    vt_tensor *updates = op_tensor(ctx, type, SHAPE(3), 2, 9, 3);
    op_expect(op_run(ctx, "ScatterElements", "reduction=add", x, at, updates), type, SHAPE(3), 0, 16, 6, 10);
    op_expect(op_run(ctx, "ScatterElements", "reduction=mul", x, at, updates), type, SHAPE(3), 0, 90, 6, 21);
    op_expect(op_run(ctx, "ScatterElements", "reduction=min", x, at, updates), type, SHAPE(3), 0, 2, 6, 3);
    op_expect(op_run(ctx, "ScatterElements", "reduction=max", x, at, updates), type, SHAPE(3), 0, 9, 6, 7);
  }
  op_expect(op_run(ctx, "ScatterElements", "reduction=max", op_f32(ctx, SHAPE(2), NAN, 1),
                   op_i64(ctx, SHAPE(2), 0, 1), op_f32(ctx, SHAPE(2), 1, NAN)),
            VT_F32, SHAPE(2), 0, NAN, NAN);
  op_expect(op_run(ctx, "ScatterElements", "reduction=add", op_tensor(ctx, VT_I8, SHAPE(1), 100),
                   op_i64(ctx, SHAPE(1), 0), op_tensor(ctx, VT_I8, SHAPE(1), 100)),
            VT_I8, SHAPE(1), 0, -56); /* wraps */
}

static void elements_refuse(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), 0), *one = op_i64(ctx, SHAPE(1, 1), 0),
            *u = op_f32(ctx, SHAPE(1, 1), 1);
  assert_fails(ctx, op_try(ctx, "ScatterElements", "", x, op_i64(ctx, SHAPE(1, 1), 2), u),
               VT_ERROR_INVALID_DATA, "index 2 at position 0 of input 1 is outside -2..1");
  assert_fails(ctx, op_try(ctx, "ScatterElements", "", x, one, op_f32(ctx, SHAPE(1, 2), 1)),
               VT_ERROR_INVALID_MODEL, "indices i64[1,1] and updates f32[1,2] do not fit data f32[2,2]");
  assert_fails(
      ctx, op_try(ctx, "ScatterElements", "", x, op_i64(ctx, SHAPE(1, 3), 0), op_f32(ctx, SHAPE(1, 3), 1)),
      VT_ERROR_INVALID_MODEL, "do not fit");
  assert_fails(ctx, op_try(ctx, "ScatterElements", "", x, one, op_f64(ctx, SHAPE(1, 1), 1)),
               VT_ERROR_INVALID_MODEL, "updates are f64, the data is f32");
  assert_fails(ctx,
               op_try(ctx, "ScatterElements", "reduction=add", op_bool(ctx, SHAPE(1, 1), 1), one,
                      op_bool(ctx, SHAPE(1, 1), 1)),
               VT_ERROR_UNSUPPORTED, "bool cannot be reduced");
  assert_fails(ctx, op_try(ctx, "ScatterElements", "axis=2", x, one, u), VT_ERROR_INVALID_ARGUMENT, "axis 2");
}

static void tuples(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i64(ctx, SHAPE(2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8);
  op_expect(op_run(ctx, "ScatterND", "", x, op_i64(ctx, SHAPE(2, 3), 0, 0, 1, -1, 1, 0),
                   op_i64(ctx, SHAPE(2), 20, 70)),
            VT_I64, SHAPE(2, 2, 2), 0, 1, 20, 3, 4, 5, 6, 70, 8);
  op_expect(op_run(ctx, "ScatterND", "reduction=add", x, op_i64(ctx, SHAPE(2, 2), 1, 0, 1, 0),
                   op_i64(ctx, SHAPE(2, 2), 1, 2, 10, 20)),
            VT_I64, SHAPE(2, 2, 2), 0, 1, 2, 3, 4, 16, 28, 7, 8);
  op_expect(op_run(ctx, "ScatterND", "reduction=mul", op_f32(ctx, SHAPE(2), 2, 3),
                   op_i32(ctx, SHAPE(1, 0), NO_VALUES), op_f32(ctx, SHAPE(1, 2), 5, 7)),
            VT_F32, SHAPE(2), 0, 10, 21);
  op_expect(op_run(ctx, "ScatterND", "", x, op_i64(ctx, SHAPE(0, 1), NO_VALUES),
                   op_i64(ctx, SHAPE(0, 2, 2), NO_VALUES)),
            VT_I64, SHAPE(2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7, 8);
  assert_fails(ctx,
               op_try(ctx, "ScatterND", "", x, op_i64(ctx, SHAPE(1, 2), 0, 2), op_i64(ctx, SHAPE(1, 2), 0)),
               VT_ERROR_INVALID_DATA, "index 2 at position 1 is outside axis 1 of 2");
  assert_fails(ctx, op_try(ctx, "ScatterND", "", x, op_i64(ctx, SHAPE(1, 4), 0), op_i64(ctx, SHAPE(1), 0)),
               VT_ERROR_INVALID_MODEL, "do not fit");
  assert_fails(ctx, op_try(ctx, "ScatterND", "", x, op_i64(ctx, SHAPE(1, 2), 0), op_i64(ctx, SHAPE(1, 1), 0)),
               VT_ERROR_INVALID_MODEL, "indices i64[1,2] and updates i64[1,1] do not fit data i64[2,2,2]");
  assert_fails(ctx, op_try(ctx, "ScatterND", "", x, op_i64(ctx, SCALAR, 0), op_i64(ctx, SCALAR, 0)),
               VT_ERROR_INVALID_MODEL, "do not fit");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(elements_replace), op_test(elements_reduce),
                                     op_test(elements_refuse), op_test(tuples)};
  return cmocka_run_group_tests_name("ops/scatter", tests, NULL, NULL);
}
