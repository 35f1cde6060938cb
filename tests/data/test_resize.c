/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <math.h>

#include "data/picture.h"
#include "golden_resize.h"

static vt_image *made_up(vt_ctx *ctx)
{
  vt_image *image;
  assert_ok(ctx, vt_image_new(ctx, 7, 5, 3, &image));
  for (int y = 0; y < 5; y++)
    for (int x = 0; x < 7; x++)
      for (int c = 0; c < 3; c++)
        image->pixels[(y * 7 + x) * 3 + c] = (uint8_t)(x * 37 + y * 91 + c * 53 + x * y * 29 + x * x * 17);
  return image;
}

/* A one-row picture of one channel. */
static vt_image *row_of(vt_ctx *ctx, const uint8_t *values, int count)
{
  vt_image *image;
  assert_ok(ctx, vt_image_new(ctx, count, 1, 1, &image));
  memcpy(image->pixels, values, (size_t)count);
  return image;
}

static void test_same_bytes_as_pillow(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image = made_up(ctx);
  for (size_t i = 0; i < VT_COUNT(golden_resize); i++) {
    vt_image *out;
    assert_ok(ctx, vt_image_resize(ctx, image, golden_resize[i].width, golden_resize[i].height,
                                   golden_resize[i].interpolation, &out));
    assert_int_equal(out->width, golden_resize[i].width);
    assert_memory_equal(out->pixels, golden_resize[i].pixels, vt_image_bytes(out));
    vt_image_free(out);
  }
  vt_image_free(image);
}

static void test_constant_stays_constant(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image, *out;
  assert_ok(ctx, vt_image_new(ctx, 13, 9, 3, &image));
  memset(image->pixels, 201, vt_image_bytes(image));
  static const int sizes[][2] = {{1, 1}, {5, 40}, {100, 3}, {13, 4}, {26, 9}};
  for (int filter = VT_NEAREST; filter <= VT_BICUBIC; filter++)
    for (size_t i = 0; i < VT_COUNT(sizes); i++) {
      assert_ok(ctx, vt_image_resize(ctx, image, sizes[i][0], sizes[i][1], (vt_interpolation)filter, &out));
      for (size_t p = 0; p < vt_image_bytes(out); p++)
        assert_int_equal(out->pixels[p], 201);
      vt_image_free(out);
    }
  vt_image_free(image);
}

static void test_triangle_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image = row_of(ctx, (uint8_t[]){0, 100}, 2), *out;
  /* doubled: centres at ¼ and ¾ of a source pixel: 0, 25, 75, 100 */
  assert_ok(ctx, vt_image_resize(ctx, image, 4, 1, VT_BILINEAR, &out));
  assert_memory_equal(out->pixels, ((uint8_t[]){0, 25, 75, 100}), 4);
  vt_image_free(out);
  assert_ok(ctx, vt_image_resize(ctx, image, 1, 1, VT_BILINEAR, &out));
  assert_int_equal(out->pixels[0], 50);
  vt_image_free(out);
  vt_image_free(image);
  /* halved: the triangle is widened to ±2, weights 1/8 3/8 3/8 1/8 inside, 3/7 3/7 1/7 at the edge */
  image = row_of(ctx, (uint8_t[]){0, 0, 80, 160, 0, 0}, 6);
  assert_ok(ctx, vt_image_resize(ctx, image, 3, 1, VT_BILINEAR, &out));
  assert_memory_equal(out->pixels, ((uint8_t[]){11, 90, 23}), 3); /* 80/7, (3·80+3·160)/8, 160/7 */
  vt_image_free(out);
  vt_image_free(image);
}

static void test_impossible_sizes(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image = made_up(ctx), *out;
  assert_fails(ctx, vt_image_resize(ctx, image, 0, 4, VT_BICUBIC, &out), VT_ERROR_INVALID_ARGUMENT, "0×4");
  assert_fails(ctx, vt_image_resize(ctx, image, 4, -1, VT_NEAREST, &out), VT_ERROR_INVALID_ARGUMENT, "4×-1");
  assert_fails(ctx, vt_image_resize(ctx, image, 1 << 25, 4, VT_BICUBIC, &out), VT_ERROR_INVALID_ARGUMENT,
               "sides");
  assert_null(out);
  assert_fails(ctx, vt_image_new(ctx, 3, 3, 5, &out), VT_ERROR_INVALID_ARGUMENT, "channels");
  vt_image_free(image);
}

static void test_crop(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image = row_of(ctx, (uint8_t[]){1, 2, 3, 4}, 4), *out;
  assert_ok(ctx, vt_image_crop(ctx, image, 1, 0, 2, 1, &out));
  assert_memory_equal(out->pixels, ((uint8_t[]){2, 3}), 2);
  vt_image_free(out);
  assert_ok(ctx, vt_image_crop(ctx, image, -2, -1, 8, 2, &out));
  assert_memory_equal(out->pixels, ((uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0}), 16);
  vt_image_free(out);
  assert_ok(ctx, vt_image_crop(ctx, image, 9, 0, 2, 1, &out));
  assert_memory_equal(out->pixels, ((uint8_t[]){0, 0}), 2);
  vt_image_free(out);
  vt_image_free(image);
}

static void test_blur(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image, *out;
  assert_ok(ctx, vt_image_new(ctx, 9, 9, 1, &image));
  image->pixels[4 * 9 + 4] = 255;
  double smooth[81], sum = 0;
  assert_ok(ctx, vt_image_smooth(ctx, image, 1.0, 2, smooth));
  for (int i = 0; i < 81; i++)
    sum += smooth[i];
  assert_near(sum, 255, 1e-9); /* the impulse is far enough from the edge to keep its mass */
  /* neighbours fall by exp(−½), exp(−2); outside the radius there is nothing */
  assert_near(smooth[4 * 9 + 5] / smooth[4 * 9 + 4], exp(-0.5), 1e-12);
  assert_near(smooth[6 * 9 + 4] / smooth[4 * 9 + 4], exp(-2.0), 1e-12);
  assert_true(smooth[7 * 9 + 4] == 0);
  assert_ok(ctx, vt_image_blur(ctx, image, 0, 0, &out));
  assert_memory_equal(out->pixels, image->pixels, 81);
  vt_image_free(out);
  memset(image->pixels, 77, 81);
  assert_ok(ctx, vt_image_blur(ctx, image, 3, 0, &out));
  assert_memory_equal(out->pixels, image->pixels, 81);
  vt_image_free(out);
  assert_fails(ctx, vt_image_blur(ctx, image, -1, 0, &out), VT_ERROR_INVALID_ARGUMENT, "sigma");
  vt_image_free(image);
}

static void test_mean_and_luma(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image;
  double mean[4];
  assert_ok(ctx, vt_image_new(ctx, 2, 1, 3, &image));
  memcpy(image->pixels, (uint8_t[]){10, 20, 30, 11, 24, 30}, 6);
  vt_image_mean(image, mean);
  assert_near(mean[0], 10.5, 0);
  assert_near(mean[1], 22, 0);
  assert_near(mean[2], 30, 0);
  vt_image_free(image);
  assert_int_equal(vt_luma((uint8_t[]){255, 255, 255}), 255);
  assert_int_equal(vt_luma((uint8_t[]){0, 0, 0}), 0);
  assert_int_equal(vt_luma((uint8_t[]){255, 0, 0}), 76);  /* 76.245 */
  assert_int_equal(vt_luma((uint8_t[]){0, 255, 0}), 150); /* 149.685 */
  assert_int_equal(vt_luma((uint8_t[]){0, 0, 255}), 29);  /* 29.07 */
}

static void test_maps(void **state)
{
  VT_UNUSED(state);
  float map[] = {0, 4, 8, 12}, out[16];
  vt_map_resize(map, 1, 2, out, 1, 4);
  assert_near(out[0], 0, 0);
  assert_near(out[1], 1, 1e-6);
  assert_near(out[2], 3, 1e-6);
  assert_near(out[3], 4, 0);
  vt_map_resize(map, 2, 2, out, 1, 1);
  assert_near(out[0], 6, 1e-6);
  /* the model saw the middle of a photo of 4×2, at half size: input pixel (0, 0) is photo columns 1 and 2 */
  vt_placement placement = {2, 2, 1, 0, 4, 2};
  int32_t label = 7, labels[8];
  vt_labels_to_photo(&label, 1, 1, &placement, -1, labels);
  assert_memory_equal(labels, ((int32_t[]){-1, 7, 7, -1, -1, 7, 7, -1}), sizeof labels);
  float value = 5, values[8];
  vt_map_to_photo(&value, 1, 1, &placement, 0, values);
  assert_near(values[0], 0, 0);
  assert_near(values[1], 5, 0);
  assert_near(values[6], 5, 0);
  assert_near(values[7], 0, 0);
}

static int teardown(void **state)
{
  assert_int_equal(vt_ctx_memory_in_use(*state), 0);
  vt_ctx_free(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_same_bytes_as_pillow, new_context, teardown),
      cmocka_unit_test_setup_teardown(test_constant_stays_constant, new_context, teardown),
      cmocka_unit_test_setup_teardown(test_triangle_by_hand, new_context, teardown),
      cmocka_unit_test_setup_teardown(test_impossible_sizes, new_context, teardown),
      cmocka_unit_test_setup_teardown(test_crop, new_context, teardown),
      cmocka_unit_test_setup_teardown(test_blur, new_context, teardown),
      cmocka_unit_test_setup_teardown(test_mean_and_luma, new_context, teardown),
      cmocka_unit_test(test_maps),
  };
  return cmocka_run_group_tests_name("data/resize", tests, NULL, NULL);
}
