/* SPDX-License-Identifier: Apache-2.0
 *
 * Reshape, Flatten, Squeeze, Unsqueeze, Expand, Transpose.
 */
#include "op_case.h"

static void reshape_infers_and_copies_sizes(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
  vt_tensor *y = op_run(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(2), 3, -1));
  op_expect(y, VT_F32, SHAPE(3, 2), 0, 1, 2, 3, 4, 5, 6);
  assert_ptr_equal(y->data, x->data); /* a view */
  y = op_run(ctx, "Reshape", "", x, op_i32(ctx, SHAPE(3), 0, 1, -1));
  op_expect(y, VT_F32, SHAPE(2, 1, 3), 0, 1, 2, 3, 4, 5, 6);
  vt_tensor *empty = op_f32(ctx, SHAPE(0, 3), NO_VALUES);
  op_expect(op_run(ctx, "Reshape", "allowzero=1", empty, op_i64(ctx, SHAPE(2), 4, 0)), VT_F32, SHAPE(4, 0), 0,
            NO_VALUES);
  op_expect(op_run(ctx, "Reshape", "", op_f32(ctx, SHAPE(1), 7), op_i64(ctx, SHAPE(0), NO_VALUES)), VT_F32,
            SCALAR, 0, 7);
}

static void reshape_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
  assert_fails(ctx, op_try(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(2), 4, 2)), VT_ERROR_INVALID_MODEL,
               "f32[2,3] cannot be read as f32[4,2]");
  assert_fails(ctx, op_try(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(2), -1, -1)), VT_ERROR_INVALID_MODEL,
               "second -1");
  assert_fails(ctx, op_try(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(2), 6, -2)), VT_ERROR_INVALID_MODEL,
               "is -2");
  assert_fails(ctx, op_try(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(3), 2, 3, 0)), VT_ERROR_INVALID_MODEL,
               "but the data has 2 dimensions");
  assert_fails(ctx, op_try(ctx, "Reshape", "allowzero=1", x, op_i64(ctx, SHAPE(2), 0, -1)),
               VT_ERROR_INVALID_MODEL, "-1 beside a size of 0");
  assert_fails(ctx, op_try(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(4), 0x1p62, 0x1p62, 16, -1)),
               VT_ERROR_INVALID_MODEL, "number of elements differs");
  assert_fails(ctx, op_try(ctx, "Reshape", "", x, op_i64(ctx, SHAPE(9), 1)), VT_ERROR_INVALID_MODEL,
               "at most 8 integers");
}

static void value_not_known_is_silent(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *out = vt_tensor_empty(ctx);
  vt_tensor shape = {.type = VT_I64, .rank = 1, .dims = {1}};
  char attributes[16] = {0};
  vt_tensor *inputs[] = {x, &shape};
  vt_call call = {vt_op_find("", "Reshape"), attributes, "n", 2, 1, inputs, &out};
  assert_int_equal(vt_call_shape(ctx, &call), VT_ERROR_DATA_DEPENDENT);
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
}

static void flatten_by_axis(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_u8(ctx, SHAPE(2, 3, 4), 9);
  op_expect(op_run(ctx, "Flatten", "", x), VT_U8, SHAPE(2, 12), 0, 9);
  op_expect(op_run(ctx, "Flatten", "axis=0", x), VT_U8, SHAPE(1, 24), 0, 9);
  op_expect(op_run(ctx, "Flatten", "axis=3", x), VT_U8, SHAPE(24, 1), 0, 9);
  op_expect(op_run(ctx, "Flatten", "axis=-1", x), VT_U8, SHAPE(6, 4), 0, 9);
  op_expect(op_run(ctx, "Flatten", "axis=0", op_u8(ctx, SCALAR, 9)), VT_U8, SHAPE(1, 1), 0, 9);
  assert_fails(ctx, op_try(ctx, "Flatten", "axis=4", x), VT_ERROR_INVALID_MODEL, "axis 4 is outside -3..3");
}

static void squeeze_and_unsqueeze(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(1, 2, 1), 5, 6);
  op_expect(op_run(ctx, "Squeeze", "", x), VT_F64, SHAPE(2), 0, 5, 6);
  op_expect(op_run(ctx, "Squeeze", "", x, op_i64(ctx, SHAPE(1), -1)), VT_F64, SHAPE(1, 2), 0, 5, 6);
  op_expect(op_run(ctx, "Unsqueeze", "", x, op_i64(ctx, SHAPE(2), -1, 0)), VT_F64, SHAPE(1, 1, 2, 1, 1), 0, 5,
            6);
  op_expect(op_run(ctx, "Unsqueeze", "", op_f64(ctx, SCALAR, 3), op_i64(ctx, SHAPE(1), 0)), VT_F64, SHAPE(1),
            0, 3);
  assert_fails(ctx, op_try(ctx, "Squeeze", "", x, op_i64(ctx, SHAPE(1), 1)), VT_ERROR_INVALID_MODEL,
               "axis 1 of f64[1,2,1] cannot be dropped");
  assert_fails(ctx, op_try(ctx, "Squeeze", "", x, op_i64(ctx, SHAPE(1), 3)), VT_ERROR_INVALID_ARGUMENT,
               "outside a tensor of 3 dimensions");
  assert_fails(ctx, op_try(ctx, "Unsqueeze", "", x, op_i64(ctx, SHAPE(2), 1, 1)), VT_ERROR_INVALID_MODEL,
               "axis 1 is listed twice");
  assert_fails(ctx, op_try(ctx, "Unsqueeze", "", x, op_i64(ctx, SHAPE(6), 1)), VT_ERROR_UNSUPPORTED,
               "9 dimensions asked for");
}

static void expand_repeats(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i32(ctx, SHAPE(2, 1), 1, 2);
  op_expect(op_run(ctx, "Expand", "", x, op_i64(ctx, SHAPE(3), 2, 1, 3)), VT_I32, SHAPE(2, 2, 3), 0, 1, 1, 1,
            2, 2, 2, 1, 1, 1, 2, 2, 2);
  op_expect(op_run(ctx, "Expand", "", x, op_i64(ctx, SHAPE(1), 1)), VT_I32, SHAPE(2, 1), 0, 1, 2);
  op_expect(op_run(ctx, "Expand", "", op_i32(ctx, SHAPE(1, 2), 1, 2), op_i64(ctx, SHAPE(2), 0, 2)), VT_I32,
            SHAPE(0, 2), 0, NO_VALUES);
  op_expect(op_run(ctx, "Expand", "", op_bool(ctx, SCALAR, 1), op_i64(ctx, SHAPE(1), 300)), VT_BOOL,
            SHAPE(300), 0, 1);
  assert_fails(ctx, op_try(ctx, "Expand", "", x, op_i64(ctx, SHAPE(1), -1)), VT_ERROR_INVALID_DATA, "is -1");
  assert_fails(ctx, op_try(ctx, "Expand", "", x, op_i64(ctx, SHAPE(2), 3, 1)), VT_ERROR_INVALID_ARGUMENT,
               "cannot be broadcast");
  assert_fails(ctx, op_try(ctx, "Expand", "", x, op_i64(ctx, SHAPE(2), 1, 0x1p62)), VT_ERROR_OUT_OF_MEMORY,
               "too large");
}

/* Every element of a transposition against the definition, sizes beyond one tile and every element size. */
static void check_transpose(vt_ctx *ctx, vt_type type, op_shape shape, const char *perm, const int *axes)
{
  vt_tensor *x = vt_tensor_new(ctx, type, shape.rank, shape.dims);
  assert_non_null(x);
  for (int64_t i = 0; i < vt_count(x); i++)
    op_put(x, i, (double)(i % 127));
  vt_tensor *y = op_run(ctx, "Transpose", perm, x);
  int64_t strides[VT_MAX_RANK];
  vt_strides(x, strides);
  for (int64_t i = 0; i < vt_count(y); i++) {
    int64_t rest = i, from = 0;
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
      from += rest % y->dims[axis] * strides[axes[axis]];
      rest /= y->dims[axis];
    }
    if (vt_get_f64(y, i) != (double)(from % 127))
      fail_msg("%s %s: element %lld is %g", vt_type_name(type), perm, (long long)i, vt_get_f64(y, i));
  }
}

static void transpose_moves_every_element(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_type types[] = {VT_U8, VT_F16, VT_F32, VT_F64, VT_C128};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    check_transpose(ctx, types[t], SHAPE(37, 53), "perm=1,0", (int[]){1, 0});
    check_transpose(ctx, types[t], SHAPE(3, 70, 35), "perm=0,2,1", (int[]){0, 2, 1});
    check_transpose(ctx, types[t], SHAPE(2, 3, 17, 19), "perm=0,2,3,1", (int[]){0, 2, 3, 1});
    check_transpose(ctx, types[t], SHAPE(2, 17, 19, 3), "perm=0,3,1,2", (int[]){0, 3, 1, 2});
    check_transpose(ctx, types[t], SHAPE(4, 5, 6, 7), "perm=2,0,1,3", (int[]){2, 0, 1, 3});
    check_transpose(ctx, types[t], SHAPE(4, 5, 6, 7), "perm=3,1,0,2", (int[]){3, 1, 0, 2});
    check_transpose(ctx, types[t], SHAPE(3, 1, 5), "perm=2,1,0", (int[]){2, 1, 0});
    check_transpose(ctx, types[t], SHAPE(2, 3, 2, 3, 2, 3, 2, 3), "perm=7,0,6,1,5,2,4,3",
                    (int[]){7, 0, 6, 1, 5, 2, 4, 3});
  }
  check_transpose(ctx, VT_F32, SHAPE(700, 900), "perm=1,0", (int[]){1, 0}); /* more than one task */
  check_transpose(ctx, VT_F32, SHAPE(0, 3), "perm=1,0", (int[]){1, 0});
}

static void transpose_default_and_errors(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
  op_expect(op_run(ctx, "Transpose", "", x), VT_F32, SHAPE(3, 2), 0, 1, 4, 2, 5, 3, 6);
  op_expect(op_run(ctx, "Transpose", "", op_f32(ctx, SCALAR, 4)), VT_F32, SCALAR, 0, 4);
  assert_fails(ctx, op_try(ctx, "Transpose", "perm=0,0", x), VT_ERROR_INVALID_MODEL, "entry 1 is 0");
  assert_fails(ctx, op_try(ctx, "Transpose", "perm=0,2", x), VT_ERROR_INVALID_MODEL,
               "not a permutation of 0..1");
  assert_fails(ctx, op_try(ctx, "Transpose", "perm=0", x), VT_ERROR_INVALID_MODEL, "perm has 1 entries");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(reshape_infers_and_copies_sizes), op_test(reshape_refuses),
      op_test(value_not_known_is_silent),       op_test(flatten_by_axis),
      op_test(squeeze_and_unsqueeze),           op_test(expand_repeats),
      op_test(transpose_moves_every_element),   op_test(transpose_default_and_errors),
  };
  return cmocka_run_group_tests_name("ops/shape", tests, NULL, NULL);
}
