/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversion between all pairs of types, rounding to half types, numbers out of range.
 */
#include "op_case.h"

static const vt_type castable[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I8,  VT_I16, VT_I32,
                                   VT_I64, VT_U8,  VT_U16, VT_U32,  VT_U64, VT_BOOL};

static vt_tensor *cast(vt_ctx *ctx, vt_tensor *x, vt_type type)
{
  char attributes[16];
  snprintf(attributes, sizeof attributes, "to=%d", (int)type);
  return op_run(ctx, "Cast", attributes, x);
}

static void test_all_pairs(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(castable); i++)
    for (size_t j = 0; j < VT_COUNT(castable); j++) {
      vt_type from = castable[i], to = castable[j];
      vt_tensor *x = op_tensor(ctx, from, SHAPE(2, 3), 0, 1, 2, 100, 1, 0);
      double two = from == VT_BOOL || to == VT_BOOL ? 1 : 2, hundred = two == 1 ? 1 : 100;
      op_expect(cast(ctx, x, to), to, SHAPE(2, 3), 0, 0, 1, two, hundred, 1, 0);
      op_expect(op_run(ctx, "CastLike", "", x, op_tensor(ctx, to, SHAPE(1), 0)), to, SHAPE(2, 3), 0, 0, 1,
                two, hundred, 1, 0);
    }
  vt_tensor *x = op_f32(ctx, SHAPE(1), 1);
  assert_fails(ctx, op_try(ctx, "Cast", "to=8", x), VT_ERROR_UNSUPPORTED, "string");
  assert_fails(ctx, op_try(ctx, "Cast", "to=99", x), VT_ERROR_UNSUPPORTED, "99");
  assert_fails(ctx, op_try(ctx, "Cast", "to=-1", x), VT_ERROR_UNSUPPORTED, "-1");
}

/* More than one block, odd size, several threads. */
static void test_long(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(70001), -100, 100, 3), *y = cast(ctx, x, VT_I32);
  for (int64_t i = 0; i < vt_count(x); i++)
    if (((int32_t *)y->data)[i] != (int32_t)((float *)x->data)[i]) fail_msg("element %lld", (long long)i);
}

static void test_real_to_integer(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(6), 2.9, -2.9, NAN, INFINITY, -INFINITY, 1e30);
  vt_tensor *wide = cast(ctx, x, VT_I64);
  const int64_t expected[] = {2, -2, 0, INT64_MAX, INT64_MIN, INT64_MAX};
  assert_memory_equal(wide->data, expected, sizeof expected);
  op_expect(cast(ctx, op_f32(ctx, SHAPE(3), -1, 255.5, 257), VT_U8), VT_U8, SHAPE(3), 0, 255, 255, 1);
  vt_tensor *large = cast(ctx, op_f64(ctx, SHAPE(3), 0x1p63, 1e30, -5), VT_U64);
  const uint64_t naturals[] = {UINT64_C(1) << 63, UINT64_MAX, (uint64_t)-5};
  assert_memory_equal(large->data, naturals, sizeof naturals);
  op_expect(cast(ctx, op_f32(ctx, SHAPE(4), 0.25, -0.0, NAN, 0), VT_BOOL), VT_BOOL, SHAPE(4), 0, 1, 0, 1, 0);
  op_expect(cast(ctx, op_i32(ctx, SHAPE(2), 300, -1), VT_U8), VT_U8, SHAPE(2), 0, 44, 255);
  vt_tensor *half = op_tensor(ctx, VT_F16, SHAPE(2), -3.75, 65504);
  op_expect(cast(ctx, half, VT_I32), VT_I32, SHAPE(2), 0, -3, 65504);
}

/* 1 + 2^-11 lies half way between two f16 numbers; just above it the upper one is nearest, but a detour over
 * f32 would first round to the half way and then to even. */
static void test_rounding_to_half(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(6), 1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11 - 0x1p-40,
                        -1 - 0x1p-11 - 0x1p-40, 65519.999, 65520);
  op_expect(cast(ctx, x, VT_F16), VT_F16, SHAPE(6), 0, 1, 1 + 0x1p-10, 1, -1 - 0x1p-10, 65504, INFINITY);
  vt_tensor *y = op_f64(ctx, SHAPE(3), 1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-40, NAN);
  op_expect(cast(ctx, y, VT_BF16), VT_BF16, SHAPE(3), 0, 1, 1 + 0x1p-7, NAN);
  vt_tensor *tiny = op_f64(ctx, SHAPE(3), 0x1p-25, 0x1.8p-25, 0x1p-24);
  op_expect(cast(ctx, tiny, VT_F16), VT_F16, SHAPE(3), 0, 0, 0x1p-24, 0x1p-24);
  op_expect(cast(ctx, op_f64(ctx, SHAPE(2), 1e-60, -1e-60), VT_BF16), VT_BF16, SHAPE(2), 0, 0, 0);
  op_expect(cast(ctx, op_f64(ctx, SHAPE(2), 1e300, -1e300), VT_F16), VT_F16, SHAPE(2), 0, INFINITY,
            -INFINITY);
  /* the same from integers too long for f64 */
  vt_tensor *z = op_i64(ctx, SHAPE(2), 0);
  ((int64_t *)z->data)[0] = (INT64_C(1) << 62) + (INT64_C(1) << 54) + 1;
  ((int64_t *)z->data)[1] = -((INT64_C(1) << 62) + (INT64_C(1) << 54) + 1);
  op_expect(cast(ctx, z, VT_BF16), VT_BF16, SHAPE(2), 0, 0x1.02p62, -0x1.02p62);
  vt_tensor *u = op_tensor(ctx, VT_U64, SHAPE(1), 0);
  ((uint64_t *)u->data)[0] = (UINT64_C(1) << 63) + (UINT64_C(1) << 55) + 1;
  op_expect(cast(ctx, u, VT_BF16), VT_BF16, SHAPE(1), 0, 0x1.02p63);
  op_expect(cast(ctx, u, VT_F64), VT_F64, SHAPE(1), 0, 0x1.01p63);
}

static void test_identity(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_tensor(ctx, VT_C64, SHAPE(2), 3, 4), *y = op_run(ctx, "Identity", "", x);
  assert_ptr_equal(x->data, y->data);
  assert_true(vt_same_shape(x, y) && y->type == VT_C64);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_all_pairs),        op_test(test_long),     op_test(test_real_to_integer),
      op_test(test_rounding_to_half), op_test(test_identity),
  };
  return cmocka_run_group_tests_name("ops/cast", tests, NULL, NULL);
}
