/* SPDX-License-Identifier: Apache-2.0
 *
 * Concat, Split, Tile.
 */
#include "op_case.h"

static void concat_joins(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 1), 1, 2), *b = op_f32(ctx, SHAPE(2, 2), 3, 4, 5, 6);
  op_expect(op_run(ctx, "Concat", "axis=1", a, b), VT_F32, SHAPE(2, 3), 0, 1, 3, 4, 2, 5, 6);
  op_expect(op_run(ctx, "Concat", "axis=-2", b, b), VT_F32, SHAPE(4, 2), 0, 3, 4, 5, 6, 3, 4, 5, 6);
  op_expect(op_run(ctx, "Concat", "axis=0", a), VT_F32, SHAPE(2, 1), 0, 1, 2);
  op_expect(op_run(ctx, "Concat", "axis=1", op_f32(ctx, SHAPE(2, 0), NO_VALUES), a), VT_F32, SHAPE(2, 1), 0,
            1, 2);
  op_expect(op_run(ctx, "Concat", "axis=0", op_u8(ctx, SHAPE(1), 1), op_u8(ctx, SHAPE(2), 2, 3)), VT_U8,
            SHAPE(3), 0, 1, 2, 3);
}

static void concat_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_f32(ctx, SHAPE(2, 1), 1, 2);
  assert_fails(ctx, op_try(ctx, "Concat", "axis=1", a, op_f32(ctx, SHAPE(3, 1), 0)), VT_ERROR_INVALID_MODEL,
               "input 1 is f32[3,1], which does not continue f32[2,1] along axis 1");
  assert_fails(ctx, op_try(ctx, "Concat", "axis=1", a, op_f32(ctx, SHAPE(2), 0)), VT_ERROR_INVALID_MODEL,
               "f32[2],");
  assert_fails(ctx, op_try(ctx, "Concat", "axis=2", a, a), VT_ERROR_INVALID_ARGUMENT, "axis 2 is outside");
  assert_fails(ctx, op_try(ctx, "Concat", "axis=0", a, op_i32(ctx, SHAPE(2, 1), 0)), VT_ERROR_INVALID_MODEL,
               "element type i32");
}

static void split_by_sizes_and_evenly(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i64(ctx, SHAPE(2, 5), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), *y[4];
  op_run_all(ctx, "Split", "axis=1", y, 3, x, op_i64(ctx, SHAPE(3), 2, 0, 3));
  op_expect(y[0], VT_I64, SHAPE(2, 2), 0, 0, 1, 5, 6);
  op_expect(y[1], VT_I64, SHAPE(2, 0), 0, NO_VALUES);
  op_expect(y[2], VT_I64, SHAPE(2, 3), 0, 2, 3, 4, 7, 8, 9);
  op_run_all(ctx, "Split", "axis=-1;num_outputs=2", y, 2, x);
  op_expect(y[0], VT_I64, SHAPE(2, 3), 0, 0, 1, 2, 5, 6, 7);
  op_expect(y[1], VT_I64, SHAPE(2, 2), 0, 3, 4, 8, 9);
  op_run_all(ctx, "Split", "", y, 2, x);
  op_expect(y[1], VT_I64, SHAPE(1, 5), 0, 5, 6, 7, 8, 9);
}

static vt_status try_split(vt_ctx *ctx, const char *attributes, int wanted, vt_tensor *x, vt_tensor *sizes)
{
  vt_tensor *inputs[] = {x, sizes}, *outputs[4] = {NULL};
  return op_call(ctx, "Split", attributes, NULL, outputs, wanted, inputs, 2);
}

static void split_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(5), 0);
  assert_fails(ctx, try_split(ctx, "", 2, x, op_i64(ctx, SHAPE(2), 2, 2)), VT_ERROR_INVALID_MODEL,
               "do not add up to the 5 of axis 0");
  assert_fails(ctx, try_split(ctx, "", 2, x, op_i64(ctx, SHAPE(2), 6, -1)), VT_ERROR_INVALID_MODEL,
               "do not add up");
  assert_fails(ctx, try_split(ctx, "", 2, x, op_i64(ctx, SHAPE(2), -1, 6)), VT_ERROR_INVALID_MODEL,
               "size 0 is -1");
  assert_fails(ctx, try_split(ctx, "", 2, x, op_i64(ctx, SHAPE(3), 2, 2, 1)), VT_ERROR_INVALID_MODEL,
               "3 sizes given for 2 outputs");
  assert_fails(ctx, try_split(ctx, "num_outputs=3", 2, x, NULL), VT_ERROR_INVALID_MODEL, "num_outputs is 3");
  assert_fails(ctx, try_split(ctx, "", 4, x, NULL), VT_ERROR_INVALID_MODEL,
               "cannot be cut into 4 parts of 2");
  assert_fails(ctx, try_split(ctx, "axis=1", 2, x, NULL), VT_ERROR_INVALID_ARGUMENT, "axis 1 is outside");
}

static void tile_repeats(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4);
  op_expect(op_run(ctx, "Tile", "", x, op_i64(ctx, SHAPE(2), 2, 3)), VT_F32, SHAPE(4, 6), 0, 1, 2, 1, 2, 1, 2,
            3, 4, 3, 4, 3, 4, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4);
  op_expect(op_run(ctx, "Tile", "", x, op_i64(ctx, SHAPE(2), 1, 0)), VT_F32, SHAPE(2, 0), 0, NO_VALUES);
  op_expect(op_run(ctx, "Tile", "", op_f32(ctx, SHAPE(0), NO_VALUES), op_i64(ctx, SHAPE(1), 3)), VT_F32,
            SHAPE(0), 0, NO_VALUES);
  vt_tensor *deep = op_u8(ctx, SHAPE(1, 2, 1, 1, 2, 1, 1, 2), 1, 2, 3, 4, 5, 6, 7, 8);
  vt_tensor *tiled = op_run(ctx, "Tile", "", deep, op_i64(ctx, SHAPE(8), 2, 2, 2, 2, 2, 2, 2, 2));
  for (int64_t i = 0; i < vt_count(tiled);
       i++) /* sizes 2 4 2 2 4 2 2 4: the low bit of each size-4 axis counts */
    assert_int_equal(vt_get_i64(tiled, i), 1 + (i >> 8 & 1) * 4 + (i >> 4 & 1) * 2 + (i & 1));
  assert_fails(ctx, op_try(ctx, "Tile", "", x, op_i64(ctx, SHAPE(1), 2)), VT_ERROR_INVALID_MODEL,
               "1 repeats given for 2 dimensions");
  assert_fails(ctx, op_try(ctx, "Tile", "", x, op_i64(ctx, SHAPE(2), 1, -1)), VT_ERROR_INVALID_MODEL,
               "axis 1 cannot be repeated -1 times");
  assert_fails(ctx, op_try(ctx, "Tile", "", x, op_i64(ctx, SHAPE(2), 0x1p62, 1)), VT_ERROR_INVALID_MODEL,
               "axis 0 cannot be repeated");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(concat_joins),  op_test(concat_refuses), op_test(split_by_sizes_and_evenly),
      op_test(split_refuses), op_test(tile_repeats),
  };
  return cmocka_run_group_tests_name("ops/concat", tests, NULL, NULL);
}
