/* SPDX-License-Identifier: Apache-2.0 */
#include "data/picture.h"
#include "data/vips.h"
#include "folder.h"

/* A picture in libvips' hands with the given meaning; `values` are 8-bit, or 16-bit when `wide`. */
static VipsImage *picture(const void *values, int width, int height, int bands, bool wide,
                          VipsInterpretation meaning)
{
  size_t size = (size_t)width * (size_t)height * (size_t)bands * (wide ? 2 : 1);
  VipsImage *plain = vips_image_new_from_memory_copy(values, size, width, height, bands,
                                                     wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
  VipsImage *out = NULL;
  assert_non_null(plain);
  assert_int_equal(vips_copy(plain, &out, "interpretation", meaning, NULL), 0);
  g_object_unref(plain);
  return out;
}

/* Saves, frees and reads back. */
static vt_image *saved(vt_ctx *ctx, VipsImage *image, const char *name)
{
  vt_image *out;
  if (vips_image_write_to_file(image, path_of(name), NULL) != 0)
    fail_msg("%s: %s", name, vips_error_buffer());
  g_object_unref(image);
  assert_ok(ctx, vt_image_read(ctx, path_of(name), NULL, &out));
  assert_int_equal(out->channels, 3);
  return out;
}

static void test_png_round_trip(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image, *back;
  assert_ok(ctx, vt_image_new(ctx, 5, 3, 3, &image));
  for (int i = 0; i < 45; i++)
    image->pixels[i] = (uint8_t)(i * 5);
  const char *texts[] = {"Software", "vitrail", "vitrail-meta", "{\"scale\": 1}", "Title", "ö", NULL};
  assert_ok(ctx, vt_image_write_png(ctx, image, path_of("a.png"), texts));
  assert_ok(ctx, vt_image_read(ctx, path_of("a.png"), NULL, &back));
  assert_int_equal(back->width, 5);
  assert_int_equal(back->height, 3);
  assert_memory_equal(back->pixels, image->pixels, 45);
  vt_image_free(back);
  /* length, type, key, zero, text; the checksum is that of zlib's crc32 over type
   * and content (Python's zlib) */
  unsigned char *bytes;
  size_t size;
  assert_ok(ctx, vt_read_file(ctx, path_of("a.png"), 1 << 20, &bytes, &size));
  assert_memory_equal(bytes + 33, "\0\0\0\x10tEXtSoftware\0vitrail\x61\x07\x70\x0f", 28);
  assert_non_null(memmem(bytes, size, "\0\0\0\x19tEXtvitrail-meta\0{\"scale\": 1}", 33));
  assert_non_null(memmem(bytes, size, "\0\0\0\x0ciTXtTitle\0\0\0\0\0\xc3\xb6", 20));
  vt_free(bytes);
  const char *spaced[] = {"two  spaces", "x", NULL};
  assert_fails(ctx, vt_image_write_png(ctx, image, path_of("b.png"), spaced), VT_ERROR_INVALID_ARGUMENT,
               "two  spaces");
  assert_false(vt_file_exists(path_of("b.png")));
  assert_fails(ctx, vt_image_write_png(ctx, image, path_of("no/b.png"), NULL), VT_ERROR_NO_SUCH_FILE,
               "no/b.png");
  vt_image_free(image);
}

static void test_exif_orientation(void **state)
{
  vt_ctx *ctx = *state;
  /* stored as AB / CD / EF; what a viewer shows, row by row (TIFF 6.0, tag 274) */
  static const char *const shown[] = {"ABCDEF", "BADCFE", "FEDCBA", "EFCDAB",
                                      "ACEBDF", "ECAFDB", "FDBECA", "BDFACE"};
  uint8_t pixels[18];
  for (int i = 0; i < 18; i++)
    pixels[i] = (uint8_t)("ABCDEF"[i / 3] + 40 * (i % 3));
  for (int orientation = 1; orientation <= 8; orientation++) {
    VipsImage *image = picture(pixels, 2, 3, 3, false, VIPS_INTERPRETATION_sRGB);
    vips_image_set_int(image, VIPS_META_ORIENTATION, orientation);
    vt_image *out = saved(ctx, image, "oriented.tif");
    assert_int_equal(out->width, orientation < 5 ? 2 : 3);
    for (int i = 0; i < 6; i++) {
      assert_int_equal(out->pixels[3 * i], shown[orientation - 1][i]);
      assert_int_equal(out->pixels[3 * i + 2], shown[orientation - 1][i] + 80);
    }
    vt_image_free(out);
  }
}

static void test_conversions(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *out =
      saved(ctx, picture((uint8_t[]){9, 200}, 2, 1, 1, false, VIPS_INTERPRETATION_B_W), "grey.png");
  assert_memory_equal(out->pixels, ((uint8_t[]){9, 9, 9, 200, 200, 200}), 6);
  vt_image_free(out);
  /* 16 bits keep their upper 8 */
  out = saved(ctx, picture((uint16_t[]){0x1234, 0x80ff, 0xff00}, 1, 1, 3, true, VIPS_INTERPRETATION_RGB16),
              "wide.png");
  assert_memory_equal(out->pixels, ((uint8_t[]){0x12, 0x80, 0xff}), 3);
  vt_image_free(out);
  out = saved(ctx, picture((uint16_t[]){0x4000}, 1, 1, 1, true, VIPS_INTERPRETATION_GREY16), "wide-grey.png");
  assert_memory_equal(out->pixels, ((uint8_t[]){0x40, 0x40, 0x40}), 3);
  vt_image_free(out);
  /* alpha over black: value · alpha / 255, within a level of rounding */
  out = saved(ctx,
              picture((uint8_t[]){200, 100, 50, 255, 200, 100, 50, 51, 200, 100, 50, 0}, 3, 1, 4, false,
                      VIPS_INTERPRETATION_sRGB),
              "alpha.png");
  assert_memory_equal(out->pixels, ((uint8_t[]){200, 100, 50}), 3);
  assert_in_range(out->pixels[3], 39, 41);
  assert_in_range(out->pixels[4], 19, 21);
  assert_memory_equal(out->pixels + 6, ((uint8_t[]){0, 0, 0}), 3);
  vt_image_free(out);
  out = saved(ctx, picture((uint8_t[]){100, 128}, 1, 1, 2, false, VIPS_INTERPRETATION_B_W), "grey-alpha.png");
  assert_in_range(out->pixels[0], 49, 51);
  vt_image_free(out);
  uint16_t clear[] = {200 * 257, 200 * 257, 200 * 257, 32768};
  out = saved(ctx, picture(clear, 1, 1, 4, true, VIPS_INTERPRETATION_RGB16), "wide-alpha.png");
  assert_in_range(out->pixels[0], 99, 101);
  vt_image_free(out);
  /* no ink is white, full cyan has little red and much blue, all inks are dark */
  out = saved(ctx,
              picture((uint8_t[]){0, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}, 3, 1, 4, false,
                      VIPS_INTERPRETATION_CMYK),
              "ink.tif");
  for (int c = 0; c < 3; c++) {
    assert_in_range(out->pixels[c], 250, 255);
    assert_in_range(out->pixels[6 + c], 0, 60);
  }
  assert_in_range(out->pixels[3], 0, 100);
  assert_in_range(out->pixels[5], 180, 255);
  vt_image_free(out);
}

static void test_formats(void **state)
{
  vt_ctx *ctx = *state;
  uint8_t pixels[16 * 16 * 3];
  for (int i = 0; i < 256; i++) {
    pixels[3 * i] = (uint8_t)(100 + i % 16);
    pixels[3 * i + 1] = 120;
    pixels[3 * i + 2] = (uint8_t)(100 + i / 16);
  }
  static const struct {
    const char *name;
    int tolerance; /* of lossy formats on this smooth ramp */
  } rows[] = {{"a.jpg", 6}, {"a.webp", 12}, {"a.tif", 0}, {"a.gif", 12}, {"odd[1].png", 0}, {"no-ending", 0}};
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    VipsImage *image = picture(pixels, 16, 16, 3, false, VIPS_INTERPRETATION_sRGB);
    vt_image *out;
    if (i < 4) {
      out = saved(ctx, image, rows[i].name);
    } else { /* names that libvips itself would not take */
      void *png;
      size_t size;
      assert_int_equal(vips_pngsave_buffer(image, &png, &size, NULL), 0);
      assert_ok(ctx, vt_write_file(ctx, path_of(rows[i].name), png, size));
      g_free(png);
      g_object_unref(image);
      assert_ok(ctx, vt_image_read(ctx, path_of(rows[i].name), NULL, &out));
    }
    for (int p = 0; p < 256 * 3; p++)
      assert_near(out->pixels[p], pixels[p], rows[i].tolerance);
    vt_image_free(out);
  }
}

/* Of an animation the first frame counts. */
static void test_first_frame(void **state)
{
  vt_ctx *ctx = *state;
  uint8_t pixels[4 * 8 * 3];
  for (int i = 0; i < 96; i++)
    pixels[i] = i < 48 ? 250 : 5;
  VipsImage *image = picture(pixels, 4, 8, 3, false, VIPS_INTERPRETATION_sRGB);
  vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, 4);
  vt_image *out = saved(ctx, image, "moving.gif");
  assert_int_equal(out->height, 4);
  assert_in_range(out->pixels[0], 240, 255);
  vt_image_free(out);
}

static void test_npy_pictures(void **state)
{
  vt_ctx *ctx = *state;
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *array = vt_tensor_new(ctx, VT_U8, 3, (int64_t[]){1, 2, 3});
  memcpy(vt_tensor_data(array), (uint8_t[]){1, 2, 3, 4, 5, 6}, 6);
  assert_ok(ctx, vt_npy_write(ctx, path_of("a.npy"), array));
  vt_image *out;
  assert_ok(ctx, vt_image_read(ctx, path_of("a.npy"), NULL, &out));
  assert_int_equal(out->width, 2);
  assert_memory_equal(out->pixels, ((uint8_t[]){1, 2, 3, 4, 5, 6}), 6);
  vt_image_free(out);
  array = vt_tensor_new(ctx, VT_F32, 3, (int64_t[]){1, 2, 3});
  memset(vt_tensor_data(array), 0, 24);
  assert_ok(ctx, vt_npy_write(ctx, path_of("f.npy"), array));
  assert_fails(ctx, vt_image_read(ctx, path_of("f.npy"), NULL, &out), VT_ERROR_INVALID_DATA, "f32[1,2,3]");
  vt_tensor_release(ctx, mark);
}

static void test_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *out;
  vt_image_limits limits = vt_image_limits_default();
  vt_image_free(
      saved(ctx, picture((uint8_t[]){1, 2, 3, 4, 5, 6}, 3, 2, 1, false, VIPS_INTERPRETATION_B_W), "six.png"));
  limits.max_pixels = 5;
  assert_fails(ctx, vt_image_read(ctx, path_of("six.png"), &limits, &out), VT_ERROR_INVALID_DATA,
               "3×2 pixels");
  limits.max_pixels = 6;
  assert_ok(ctx, vt_image_read(ctx, path_of("six.png"), &limits, &out));
  vt_image_free(out);
  limits.max_bytes = 20;
  assert_fails(ctx, vt_image_read(ctx, path_of("six.png"), &limits, &out), VT_ERROR_INVALID_DATA,
               "20 allowed");
  assert_fails(ctx, vt_image_read(ctx, path_of("none.png"), NULL, &out), VT_ERROR_NO_SUCH_FILE, "none.png");
  assert_fails(ctx, vt_image_read(ctx, folder, NULL, &out), VT_ERROR_IO, folder);
  assert_ok(ctx, vt_write_file(ctx, path_of("empty.jpg"), "", 0));
  assert_fails(ctx, vt_image_read(ctx, path_of("empty.jpg"), NULL, &out), VT_ERROR_INVALID_DATA, "empty");
  float levels[] = {0.25f, 0.5f};
  VipsImage *floats = vips_image_new_from_memory(levels, sizeof levels, 2, 1, 1, VIPS_FORMAT_FLOAT);
  assert_int_equal(vips_tiffsave(floats, path_of("floats.tif"), NULL), 0);
  g_object_unref(floats);
  assert_fails(ctx, vt_image_read(ctx, path_of("floats.tif"), NULL, &out), VT_ERROR_INVALID_DATA,
               "8 or 16 bits");
  assert_ok(ctx, vt_write_file(ctx, path_of("matrix"), "2 1\n3 4\n", 8));
  assert_fails(ctx, vt_image_read(ctx, path_of("matrix"), NULL, &out), VT_ERROR_INVALID_DATA,
               "not a picture");
  assert_ok(ctx, vt_write_file(ctx, path_of("text.jpg"), "not a picture at all", 20));
  assert_fails(ctx, vt_image_read(ctx, path_of("text.jpg"), NULL, &out), VT_ERROR_INVALID_DATA,
               "text.jpg: not a picture");
}

/* Every cut of a PNG, a JPEG and a GIF must be told, not shown grey. */
static void test_truncated(void **state)
{
  vt_ctx *ctx = *state;
  uint8_t pixels[32 * 32 * 3];
  for (int i = 0; i < 32 * 32 * 3; i++)
    pixels[i] = (uint8_t)(i * i >> 3);
  static const char *const names[] = {"whole.png", "whole.jpg", "whole.gif"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    vt_image_free(saved(ctx, picture(pixels, 32, 32, 3, false, VIPS_INTERPRETATION_sRGB), names[i]));
    unsigned char *bytes;
    size_t size;
    assert_ok(ctx, vt_read_file(ctx, path_of(names[i]), 1 << 20, &bytes, &size));
    for (int cut = 1; cut <= 8; cut++) {
      vt_image *out;
      assert_ok(ctx, vt_write_file(ctx, path_of("cut"), bytes, size * (size_t)cut / 10));
      assert_fails(ctx, vt_image_read(ctx, path_of("cut"), NULL, &out), VT_ERROR_INVALID_DATA, "cut");
      assert_null(out);
    }
    vt_free(bytes);
  }
}

/* Last, since it changes the process. */
static void test_untrusted_loaders(void **state)
{
  vt_ctx *ctx = *state;
  static const char drawing[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"2\">"
                                "<rect width=\"4\" height=\"2\" fill=\"#ff0000\"/></svg>";
  vt_image *out;
  assert_ok(ctx, vt_init(ctx));
  if (!vips_type_find("VipsForeignLoad", "svgload")) skip();
  assert_ok(ctx, vt_write_file(ctx, path_of("a.svg"), drawing, sizeof drawing - 1));
  assert_fails(ctx, vt_image_read(ctx, path_of("a.svg"), NULL, &out), VT_ERROR_INVALID_DATA, "untrusted");
  assert_fails(ctx, vt_allow_loader(ctx, "no-such-load"), VT_ERROR_INVALID_ARGUMENT, "no-such-load");
  assert_ok(ctx, vt_allow_loader(ctx, "svgload"));
  assert_ok(ctx, vt_image_read(ctx, path_of("a.svg"), NULL, &out));
  assert_int_equal(out->width, 4);
  assert_memory_equal(out->pixels, ((uint8_t[]){255, 0, 0}), 3);
  vt_image_free(out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_png_round_trip, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_exif_orientation, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_conversions, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_formats, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_first_frame, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_npy_pictures, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_refused, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_truncated, data_context, free_context),
      cmocka_unit_test_setup_teardown(test_untrusted_loaders, data_context, free_context),
  };
  return cmocka_run_group_tests_name("data/image", tests, make_folder, remove_folder);
}
