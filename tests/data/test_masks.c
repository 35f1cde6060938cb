/* SPDX-License-Identifier: Apache-2.0 */
#include "data/masks.h"
#include "data/vips.h"
#include "folder.h"
#include "tensor/tensor.h"

/* ---- run lengths ---- */

/* COCO's text of counts, written from its description: the difference to the count two before from the fourth
 * on, five bits a character, 32 = more, 16 of the last = negative. */
static size_t compress(const int64_t *counts, size_t count, char *out)
{
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t value = i > 2 ? counts[i] - counts[i - 2] : counts[i];
    bool more = true;
    while (more) {
      int group = (int)(value & 31);
      value >>= 5;
      more = group & 16 ? value != -1 : value != 0;
      out[length++] = (char)(48 + group + (more ? 32 : 0));
    }
  }
  out[length] = 0;
  return length;
}

static void test_run_lengths(void **state)
{
  vt_ctx *ctx = *state;
  uint8_t bits[6];
  /* height 3, width 2, columns first: 2 zeros, 3 ones, 1 zero */
  assert_ok(ctx, vt_rle_fill(ctx, (int64_t[]){2, 3, 1}, 3, 3, 2, bits));
  assert_memory_equal(bits, ((uint8_t[]){0, 1, 0, 1, 1, 0}), 6);
  assert_ok(ctx, vt_rle_fill(ctx, (int64_t[]){0, 6}, 2, 3, 2, bits));
  assert_memory_equal(bits, ((uint8_t[]){1, 1, 1, 1, 1, 1}), 6);
  assert_ok(ctx, vt_rle_decode(ctx, "231", 3, 3, 2, bits)); /* 48 + 2, 48 + 3, 48 + 1 */
  assert_memory_equal(bits, ((uint8_t[]){0, 1, 0, 1, 1, 0}), 6);
  assert_fails(ctx, vt_rle_fill(ctx, (int64_t[]){2, 3}, 2, 3, 2, bits), VT_ERROR_INVALID_DATA,
               "cover 5 of the 6");
  assert_fails(ctx, vt_rle_fill(ctx, (int64_t[]){2, 5}, 2, 3, 2, bits), VT_ERROR_INVALID_DATA, "run 1 of 5");
  assert_fails(ctx, vt_rle_fill(ctx, (int64_t[]){2, -1, 5}, 3, 3, 2, bits), VT_ERROR_INVALID_DATA,
               "run 1 of -1");
  assert_fails(ctx, vt_rle_decode(ctx, "2", 1, 3, 2, bits), VT_ERROR_INVALID_DATA, "cover 2");
  assert_fails(ctx, vt_rle_decode(ctx, "P", 1, 3, 2, bits), VT_ERROR_INVALID_DATA, "character 1");
  assert_fails(ctx, vt_rle_decode(ctx, "pppppppppp", 10, 3, 2, bits), VT_ERROR_INVALID_DATA, "damaged");
  assert_fails(ctx, vt_rle_decode(ctx, "\n", 1, 3, 2, bits), VT_ERROR_INVALID_DATA, "damaged");
  assert_fails(ctx, vt_rle_decode(ctx, "1", 1, 0, 2, bits), VT_ERROR_INVALID_DATA, "0×2");
  assert_fails(ctx, vt_rle_decode(ctx, "O", 1, 3, 2, bits), VT_ERROR_INVALID_DATA, "is -1"); /* 48 + 31 */
}

/* Random masks through both forms. */
static void test_run_lengths_round_trip(void **state)
{
  vt_ctx *ctx = *state;
  enum { HEIGHT = 37, WIDTH = 53, ALL = HEIGHT * WIDTH };
  static uint8_t bits[ALL], plain[ALL], packed[ALL];
  static int64_t counts[ALL + 1];
  static char text[8 * ALL];
  for (uint64_t seed = 0; seed < 20; seed++) {
    size_t count = 0;
    int64_t at = 0;
    while (at < ALL) {
      int64_t run = (int64_t)vt_random_below(seed, 1, count, seed < 10 ? 4 : 900);
      if (run > ALL - at) run = ALL - at;
      counts[count++] = run;
      at += run;
    }
    at = 0;
    for (size_t i = 0; i < count; i++)
      for (int64_t k = 0; k < counts[i]; k++, at++)
        bits[at % HEIGHT * WIDTH + at / HEIGHT] = i & 1;
    assert_ok(ctx, vt_rle_fill(ctx, counts, count, HEIGHT, WIDTH, plain));
    assert_memory_equal(plain, bits, ALL);
    assert_ok(ctx, vt_rle_decode(ctx, text, compress(counts, count, text), HEIGHT, WIDTH, packed));
    assert_memory_equal(packed, bits, ALL);
  }
}

/* ---- polygons ---- */

static void fill(vt_ctx *ctx, const double *points, size_t count, int height, int width, uint8_t *bits)
{
  int64_t work = 1000000;
  memset(bits, 0, (size_t)height * (size_t)width);
  assert_ok(ctx, vt_polygon_fill(ctx, points, count, height, width, &work, bits));
}

static void test_polygons(void **state)
{
  vt_ctx *ctx = *state;
  static uint8_t bits[100 * 100];
  /* a rectangle on pixel edges covers just its pixels, whichever way round */
  fill(ctx, (double[]){1, 1, 3, 1, 3, 2, 1, 2}, 4, 3, 4, bits);
  assert_memory_equal(bits, ((uint8_t[]){0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0}), 12);
  fill(ctx, (double[]){1, 2, 3, 2, 3, 1, 1, 1}, 4, 3, 4, bits);
  assert_memory_equal(bits, ((uint8_t[]){0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0}), 12);
  /* through centres: left and upper edges belong to it, right and lower ones do not */
  fill(ctx, (double[]){0.5, 0.5, 2.5, 0.5, 2.5, 1.5, 0.5, 1.5}, 4, 3, 4, bits);
  assert_memory_equal(bits, ((uint8_t[]){1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 12);
  /* far outside on all sides: clipped */
  fill(ctx, (double[]){-50, -50, 50, -50, 50, 50, -50, 50}, 4, 3, 4, bits);
  assert_memory_equal(bits, ((uint8_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), 12);
  fill(ctx, (double[]){10, 0, 20, 0, 20, 3}, 3, 3, 4, bits);
  for (int i = 0; i < 12; i++)
    assert_int_equal(bits[i], 0);
  /* every pixel of a triangle against the half-plane test of its centre */
  const double a[] = {3.3, 5.1}, b[] = {91.7, 30.2}, c[] = {20.4, 97.9};
  fill(ctx, (double[]){a[0], a[1], b[0], b[1], c[0], c[1]}, 3, 100, 100, bits);
  for (int y = 0; y < 100; y++)
    for (int x = 0; x < 100; x++) {
      double px = x + 0.5, py = y + 0.5;
      double first = (b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0]);
      double second = (c[0] - b[0]) * (py - b[1]) - (c[1] - b[1]) * (px - b[0]);
      double third = (a[0] - c[0]) * (py - c[1]) - (a[1] - c[1]) * (px - c[0]);
      assert_int_equal(bits[y * 100 + x], first > 0 && second > 0 && third > 0);
    }
  /* a star that winds twice around its middle leaves the middle out (even-odd) */
  fill(ctx, (double[]){50, 0, 80, 95, 2, 36, 98, 36, 20, 95}, 5, 100, 100, bits);
  assert_int_equal(bits[55 * 100 + 50], 0);
  assert_int_equal(bits[15 * 100 + 50], 1);
  int64_t work = 10;
  assert_fails(ctx, vt_polygon_fill(ctx, (double[]){0, 0, 5, 90, 9, 0}, 3, 100, 100, &work, bits),
               VT_ERROR_INVALID_DATA, "too many long edges");
  work = 1000;
  assert_fails(ctx, vt_polygon_fill(ctx, (double[]){0, 0, 1e30, 90, 9, 0}, 3, 100, 100, &work, bits),
               VT_ERROR_INVALID_DATA, "coordinate 2");
}

/* ---- JSON ---- */

static vt_status parse(vt_ctx *ctx, const char *json, vt_masks **out)
{
  return vt_masks_parse(ctx, json, strlen(json), 0, 0, out);
}

static void test_json(void **state)
{
  vt_ctx *ctx = *state;
  vt_masks *masks;
  assert_ok(ctx,
            parse(ctx,
                  "{\"images\": [{\"id\": 1, \"height\": 3, \"width\": 2}], \"annotations\": ["
                  "{\"segmentation\": {\"size\": [3, 2], \"counts\": [2, 3, 1]}, \"bbox\": [0, 0, 1, 1]},"
                  "{\"segmentation\": {\"size\": [3, 2], \"counts\": \"231\"}},"
                  "{\"segmentation\": [[0, 0, 1, 0, 1, 1, 0, 1], [1, 2, 2, 2, 2, 3, 1, 3]]}]}",
                  &masks));
  assert_int_equal(masks->count, 3);
  assert_int_equal(masks->height, 3);
  assert_int_equal(masks->width, 2);
  assert_memory_equal(masks->bits, ((uint8_t[]){0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1}), 18);
  vt_masks_free(masks);
  /* a bare list of RLEs */
  assert_ok(ctx, parse(ctx, "[{\"size\": [1, 2], \"counts\": [1, 1]}]", &masks));
  assert_memory_equal(masks->bits, ((uint8_t[]){0, 1}), 2);
  vt_masks_free(masks);
  /* polygons with a size from the caller */
  const char *square = "[[[0, 0, 2, 0, 2, 1, 0, 1]]]";
  assert_ok(ctx, vt_masks_parse(ctx, square, strlen(square), 2, 2, &masks));
  assert_memory_equal(masks->bits, ((uint8_t[]){1, 1, 0, 0}), 4);
  vt_masks_free(masks);
}

static void test_json_refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *json, *message;
  } rows[] = {
      {"", "line 1"},
      {"{}", "annotations"},
      {"[]", "0 masks"},
      {"[1]", "size"},
      {"[[[0,0,1,0,1,1]]]", "size"},
      {"[{\"size\":[2,2],\"counts\":[1]}]", "mask 0: RLE"},
      {"[{\"size\":[2,2],\"counts\":[1.5,3]}]", "not an integer"},
      {"[{\"size\":[2,2],\"counts\":5}]", "counts"},
      {"[{\"size\":[2,2]}]", "counts"},
      {"[{\"size\":[0,2],\"counts\":[0]}]", "size"},
      {"[{\"size\":[2,-2],\"counts\":[0]}]", "size"},
      {"[{\"size\":[65536,65536],\"counts\":[4294967296]},{\"counts\":[1]}]", "more than is read"},
      {"[{\"size\":[2,2],\"counts\":[4]},{\"size\":[2,3],\"counts\":[6]}]", "mask 1: RLE: size [2, 3]"},
      {"[{\"size\":[2,2],\"counts\":[4]},[[0,0,1,0,1]]]", "mask 1: a polygon"},
      {"[{\"size\":[2,2],\"counts\":[4]},[[0,0,1,0,1,\"x\"]]]", "coordinate 5"},
      {"[{\"size\":[2,2],\"counts\":[4]},[]]", "mask 1: a segmentation"},
      {"{\"images\":[{},{}],\"annotations\":[{\"segmentation\":{\"size\":[1,1],\"counts\":[1]}}]}",
       "2 images"},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    vt_masks *masks;
    assert_fails(ctx, parse(ctx, rows[i].json, &masks), VT_ERROR_INVALID_DATA, rows[i].message);
    assert_null(masks);
  }
}

/* ---- files ---- */

static void write_grey(vt_ctx *ctx, const char *name, int width, int height, const uint8_t *values)
{
  vt_image *image;
  assert_ok(ctx, vt_image_new(ctx, width, height, 1, &image));
  memcpy(image->pixels, values, (size_t)width * (size_t)height);
  assert_ok(ctx, vt_image_write_png(ctx, image, path_of(name), NULL));
  vt_image_free(image);
}

static void test_folder_of_pictures(void **state)
{
  vt_ctx *ctx = *state;
  vt_masks *masks;
  assert_ok(ctx, vt_make_directory(ctx, path_of("set")));
  assert_fails(ctx, vt_masks_read(ctx, path_of("set"), &masks), VT_ERROR_INVALID_DATA, "no .png files");
  write_grey(ctx, "set/b.png", 3, 1, (uint8_t[]){0, 255, 255});
  write_grey(ctx, "set/a.PNG", 3, 1, (uint8_t[]){7, 0, 0});
  assert_ok(ctx, vt_write_file(ctx, path_of("set/readme.txt"), "x", 1));
  assert_ok(ctx, vt_masks_read(ctx, path_of("set"), &masks));
  assert_int_equal(masks->count, 2);
  assert_memory_equal(masks->bits, ((uint8_t[]){1, 0, 0, 0, 1, 1}), 6);
  vt_masks_free(masks);
  write_grey(ctx, "set/c.png", 2, 1, (uint8_t[]){1, 1});
  assert_fails(ctx, vt_masks_read(ctx, path_of("set"), &masks), VT_ERROR_INVALID_DATA, "c.png: 2×1");
}

static void test_ids(void **state)
{
  vt_ctx *ctx = *state;
  vt_masks *masks;
  write_grey(ctx, "ids.png", 3, 2, (uint8_t[]){0, 9, 4, 4, 4, 9});
  assert_ok(ctx, vt_masks_read(ctx, path_of("ids.png"), &masks));
  assert_int_equal(masks->count, 2); /* 4, then 9 */
  assert_memory_equal(masks->bits, ((uint8_t[]){0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1}), 12);
  vt_masks_free(masks);
  write_grey(ctx, "none.png", 2, 1, (uint8_t[]){0, 0});
  assert_fails(ctx, vt_masks_read(ctx, path_of("none.png"), &masks), VT_ERROR_INVALID_DATA,
               "none.png: all ids");
  assert_fails(ctx, vt_masks_read(ctx, path_of("missing.json"), &masks), VT_ERROR_NO_SUCH_FILE,
               "missing.json");
  assert_ok(ctx, vt_write_file(ctx, path_of("bad.json"), "[", 1));
  assert_fails(ctx, vt_masks_read(ctx, path_of("bad.json"), &masks), VT_ERROR_INVALID_DATA,
               "bad.json: masks: line");
}

static void test_stack_of_arrays(void **state)
{
  vt_ctx *ctx = *state;
  vt_masks *masks;
  vt_tensor *array = vt_tensor_new(ctx, VT_BOOL, 3, (int64_t[]){2, 1, 3});
  memcpy(vt_tensor_data(array), (uint8_t[]){1, 0, 1, 0, 1, 1}, 6);
  assert_ok(ctx, vt_npy_write(ctx, path_of("stack.npy"), array));
  assert_ok(ctx, vt_masks_read(ctx, path_of("stack.npy"), &masks));
  assert_int_equal(masks->count, 2);
  assert_memory_equal(masks->bits, ((uint8_t[]){1, 0, 1, 0, 1, 1}), 6);
  vt_masks_free(masks);
  array = vt_tensor_new(ctx, VT_F32, 3, (int64_t[]){1, 1, 1});
  *(float *)vt_tensor_data(array) = 1;
  assert_ok(ctx, vt_npy_write(ctx, path_of("floats.npy"), array));
  assert_fails(ctx, vt_masks_read(ctx, path_of("floats.npy"), &masks), VT_ERROR_INVALID_DATA, "f32[1,1,1]");
}

static void test_label_maps(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *map, *array = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){1, 2});
  memcpy(vt_tensor_data(array), (int64_t[]){-1, 70000}, 16);
  assert_ok(ctx, vt_npy_write(ctx, path_of("labels.npy"), array));
  assert_ok(ctx, vt_label_map_read(ctx, path_of("labels.npy"), &map));
  assert_int_equal(vt_tensor_type(map), VT_I32);
  assert_memory_equal(vt_tensor_data(map), ((int32_t[]){-1, 70000}), 8);
  memcpy(vt_tensor_data(array), (int64_t[]){0, INT64_C(1) << 40}, 16);
  assert_ok(ctx, vt_npy_write(ctx, path_of("labels.npy"), array));
  assert_fails(ctx, vt_label_map_read(ctx, path_of("labels.npy"), &map), VT_ERROR_INVALID_DATA,
               "1099511627776");
  write_grey(ctx, "labels.png", 2, 2, (uint8_t[]){3, 0, 255, 1});
  assert_ok(ctx, vt_label_map_read(ctx, path_of("labels.png"), &map));
  assert_memory_equal(vt_tensor_data(map), ((int32_t[]){3, 0, 255, 1}), 16);
  /* 16 bits, and colours */
  uint16_t wide[] = {300, 65535};
  VipsImage *image = vips_image_new_from_memory(wide, sizeof wide, 2, 1, 1, VIPS_FORMAT_USHORT), *grey;
  assert_int_equal(vips_copy(image, &grey, "interpretation", VIPS_INTERPRETATION_GREY16, NULL), 0);
  assert_int_equal(vips_pngsave(grey, path_of("wide.png"), NULL), 0);
  g_object_unref(grey);
  g_object_unref(image);
  assert_ok(ctx, vt_label_map_read(ctx, path_of("wide.png"), &map));
  assert_memory_equal(vt_tensor_data(map), ((int32_t[]){300, 65535}), 8);
  vt_image *colours;
  assert_ok(ctx, vt_image_new(ctx, 2, 1, 3, &colours));
  memcpy(colours->pixels, (uint8_t[]){1, 2, 3, 4, 4, 4}, 6);
  assert_ok(ctx, vt_image_write_png(ctx, colours, path_of("colours.png"), NULL));
  vt_image_free(colours);
  assert_ok(ctx, vt_label_map_read(ctx, path_of("colours.png"), &map));
  assert_memory_equal(vt_tensor_data(map), ((int32_t[]){0x010203, 0x040404}), 8);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_run_lengths, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_run_lengths_round_trip, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_polygons, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_json, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_json_refused, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_folder_of_pictures, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_ids, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_stack_of_arrays, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_label_maps, data_context, free_context),
  };
  return cmocka_run_group_tests_name("data/masks", tests, make_folder, remove_folder);
}
