/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors: shapes, marks, shared storage, half-precision formats, broadcasting.
 */
#include "test.h"

#include <math.h>

#include "tensor/tensor.h"

static void test_shapes(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  int64_t dims[3] = {2, 0, 4}, huge[3] = {INT64_MAX / 8, 0, 16}, negative[1] = {-1};
  vt_tensor *tensor = vt_tensor_new(ctx, VT_F32, 3, dims);
  char text[160];
  assert_int_equal(vt_tensor_count(tensor), 0);
  assert_string_equal(vt_shape_text(tensor, text), "f32[2,0,4]");
  assert_int_equal(vt_tensor_dim(tensor, -1), 4);
  assert_null(
      vt_tensor_new(ctx, VT_F32, 3, huge)); /* partial products would overflow although the count is 0 */
  vt_ctx_clear(ctx);
  assert_null(vt_tensor_new(ctx, VT_F32, 1, negative));
  assert_non_null(strstr(vt_ctx_message(ctx), "-1"));
  vt_ctx_clear(ctx);
  assert_null(vt_tensor_new(ctx, VT_STRING, 0, dims));
  vt_ctx_clear(ctx);
  assert_null(vt_tensor_new(ctx, VT_U8, 9, dims));
  vt_ctx_free(ctx);
}

static void test_marks(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  int64_t dims[1] = {1000};
  vt_tensor *outer = vt_tensor_new(ctx, VT_F32, 1, dims);
  uint64_t before = vt_ctx_memory_in_use(ctx);
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *inner = vt_tensor_new(ctx, VT_F64, 1, dims);
  ((double *)vt_tensor_data(inner))[7] = 5;
  vt_tensor *kept = vt_tensor_keep(ctx, inner);
  vt_tensor_release(ctx, mark);
  assert_near(((double *)kept->data)[7], 5, 0); /* the storage lives as long as somebody shows it */
  vt_tensor_free(kept);
  assert_int_equal(vt_ctx_memory_in_use(ctx), before);
  vt_tensor_drop(outer);
  assert_true(vt_ctx_memory_in_use(ctx) < 1000);
  vt_ctx_free(ctx);
}

/* Every bf16 and f16 value that is not NaN survives the way through f32. */
static void test_half_formats(void **unused)
{
  (void)unused;
  for (uint32_t bits = 0; bits < 65536; bits++) {
    float half = vt_f16_to_f32((uint16_t)bits), brain = vt_bf16_to_f32((uint16_t)bits);
    if (!isnan(half)) assert_int_equal(vt_f32_to_f16(half), bits);
    if (!isnan(brain)) assert_int_equal(vt_f32_to_bf16(brain), bits);
  }
  assert_int_equal(vt_f32_to_f16(1.0f), 0x3c00);
  assert_int_equal(vt_f32_to_f16(65520.0f), 0x7c00); /* halfway beyond the largest: to infinity */
  assert_int_equal(vt_f32_to_f16(65519.0f), 0x7bff);
  assert_int_equal(vt_f32_to_f16(1.0f + 0x1p-11f), 0x3c00); /* tie to even */
  assert_int_equal(vt_f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02);
  assert_int_equal(vt_f32_to_f16(0x1p-25f), 0); /* tie to even at the smallest subnormal */
  assert_true(isnan(vt_f16_to_f32(vt_f32_to_f16(NAN))) && isnan(vt_bf16_to_f32(vt_f32_to_bf16(NAN))));
}

static void test_broadcast(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  int64_t a_dims[3] = {4, 1, 3}, b_dims[2] = {5, 1}, c_dims[1] = {2}, dims[VT_MAX_RANK], strides[VT_MAX_RANK];
  vt_tensor *a = vt_tensor_new(ctx, VT_F32, 3, a_dims), *b = vt_tensor_new(ctx, VT_F32, 2, b_dims);
  vt_tensor *c = vt_tensor_new(ctx, VT_F32, 1, c_dims);
  int rank;
  assert_ok(ctx, vt_broadcast_shape(ctx, (const vt_tensor *const[]){a, b}, 2, &rank, dims));
  assert_int_equal(rank, 3);
  assert_int_equal(dims[0], 4);
  assert_int_equal(dims[1], 5);
  assert_int_equal(dims[2], 3);
  vt_broadcast_strides(b, rank, dims, strides);
  assert_int_equal(strides[0], 0);
  assert_int_equal(strides[1], 1);
  assert_int_equal(strides[2], 0);
  assert_fails(ctx, vt_broadcast_shape(ctx, (const vt_tensor *const[]){a, c}, 2, &rank, dims),
               VT_ERROR_INVALID_ARGUMENT, "f32[4,1,3] and f32[2]");
  vt_ctx_free(ctx);
}

static void test_reading(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  int64_t one[1] = {1};
  float number = 3e20f;
  int8_t small = -3;
  vt_tensor *f = vt_tensor_borrow(ctx, VT_F32, 1, one, &number),
            *i = vt_tensor_borrow(ctx, VT_I8, 1, one, &small);
  assert_int_equal(vt_get_i64(f, 0), INT64_MAX);
  assert_near(vt_get_f64(i, 0), -3, 0);
  int axis;
  assert_ok(ctx, vt_axis(ctx, "Concat", -1, 3, &axis));
  assert_int_equal(axis, 2);
  assert_fails(ctx, vt_axis(ctx, "Concat", 3, 3, &axis), VT_ERROR_INVALID_ARGUMENT, "axis 3");
  vt_ctx_free(ctx);
}

/* The first number that is none, by its place; whole numbers and empty tensors have none. */
static void test_finite(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  float numbers[6] = {1, -3e38f, 0, 4, -INFINITY, NAN}, one = NAN;
  uint16_t halves[2] = {0x3c00, 0x7c00}; /* 1, ∞ */
  int64_t dims[2] = {2, 3}, none[2] = {2, 0}, two = 2;
  assert_fails(ctx, vt_check_finite(ctx, vt_tensor_borrow(ctx, VT_F32, 2, dims, numbers), "a.npy"),
               VT_ERROR_INVALID_DATA, "a.npy: [1,1] is -inf");
  assert_fails(ctx, vt_check_finite(ctx, vt_tensor_borrow(ctx, VT_F32, 0, NULL, &one), "b"),
               VT_ERROR_INVALID_DATA, "b: [] is nan");
  assert_fails(ctx, vt_check_finite(ctx, vt_tensor_borrow(ctx, VT_F16, 1, &two, halves), "c"),
               VT_ERROR_INVALID_DATA, "c: [1] is inf");
  assert_ok(ctx, vt_check_finite(ctx, vt_tensor_borrow(ctx, VT_F32, 1, &two, numbers), "d"));
  assert_ok(ctx, vt_check_finite(ctx, vt_tensor_borrow(ctx, VT_I32, 2, dims, numbers), "e"));
  assert_ok(ctx, vt_check_finite(ctx, vt_tensor_borrow(ctx, VT_F32, 2, none, numbers), "f"));
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes),    cmocka_unit_test(test_marks),   cmocka_unit_test(test_half_formats),
      cmocka_unit_test(test_broadcast), cmocka_unit_test(test_reading), cmocka_unit_test(test_finite),
  };
  return cmocka_run_group_tests_name("tensor/tensor", tests, NULL, NULL);
}
