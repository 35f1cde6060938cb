/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>

#include "data/labels.h"
#include "data/sidecar.h"
#include "folder.h"

static void write_text(vt_ctx *ctx, const char *name, const char *text)
{
  assert_ok(ctx, vt_write_file(ctx, path_of(name), text, strlen(text)));
}

static vt_status parse(vt_ctx *ctx, const char *json, vt_preprocess **out)
{
  return vt_preprocess_parse(ctx, json, strlen(json), folder, out);
}

/* ---- the sidecar ---- */

static void test_defaults(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *out;
  assert_ok(ctx, parse(ctx, "{}", &out));
  assert_int_equal(out->height, 0);
  assert_int_equal(out->width, 0);
  assert_int_equal(out->resize, VT_RESIZE_SHORT_SIDE);
  assert_true(out->center_crop);
  assert_int_equal(out->interpolation, VT_BICUBIC);
  assert_near(out->scale, 1.0 / 255, 0);
  assert_near(out->mean[2], 0, 0);
  assert_near(out->std[2], 1, 0);
  assert_false(out->channels_last || out->bgr);
  assert_int_equal(out->channels, 3);
  assert_int_equal(out->output, VT_OUTPUT_AUTO);
  assert_null(out->output_name);
  assert_null(out->labels);
  vt_preprocess_free(out);
}

static void test_parts(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *out;
  char path[400];
  assert_ok(ctx,
            parse(ctx, "{\"text\": {\"encoder\": \"minilm\", \"mean\": \"a/b.npy\", \"scale\": 2}}", &out));
  snprintf(path, sizeof path, "%s/minilm", folder);
  assert_string_equal(out->text->encoder, path);
  snprintf(path, sizeof path, "%s/a/b.npy", folder);
  assert_string_equal(out->text->mean, path);
  assert_near(out->text->scale, 2, 0);
  vt_preprocess_free(out);
  assert_ok(ctx, parse(ctx,
                       "{\"detection\": {\"kind\": \"centre-map\", \"scores\": \"s\", \"sizes\": \"z\", "
                       "\"order\": \"yx\", \"size_form\": \"cells\", \"stride\": 8, \"threshold\": 0.25}}",
                       &out));
  assert_int_equal(out->detection->kind, VT_DETECTOR_CENTRE_MAP);
  assert_int_equal(out->detection->size_form, VT_SIZE_CELLS);
  assert_true(out->detection->vertical_first);
  assert_near(out->detection->stride, 8, 0);
  assert_near(out->detection->centre, 0.5, 0);
  assert_near(out->detection->threshold, 0.25, 0);
  vt_preprocess_free(out);
}

/* Each is refused by a message that names the key. */
static void test_wrong_parts(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *out;
  static const char *const cases[][2] = {
      {"{\"text\": \"minilm\"}", "\"text\" must be an object"},
      {"{\"text\": {}}", "\"text\" lacks \"encoder\""},
      {"{\"text\": {\"encoder\": \"../up\"}}", "\"encoder\" in \"text\""},
      {"{\"text\": {\"encoder\": \"/etc\"}}", "\"encoder\" in \"text\""},
      {"{\"text\": {\"encoder\": \"m\", \"mean\": \"x/../../up\"}}", "\"mean\" in \"text\""},
      {"{\"text\": {\"encoder\": \"m\", \"scale\": 0}}", "\"scale\" in \"text\""},
      {"{\"text\": {\"encodre\": \"m\"}}", "did you mean 'encoder'"},
      {"{\"detection\": {\"scores\": \"s\", \"sizes\": \"z\"}}", "lacks \"kind\""},
      {"{\"detection\": {\"kind\": \"boxes\", \"scores\": \"s\"}}", "lacks \"boxes\""},
      {"{\"detection\": {\"kind\": \"centre-map\", \"scores\": \"s\"}}", "lacks \"sizes\""},
      {"{\"detection\": {\"kind\": \"heat\", \"scores\": \"s\"}}", "one of centre-map, boxes"},
      {"{\"detection\": {\"kind\": \"boxes\", \"scores\": \"\", \"boxes\": \"b\"}}", "\"scores\" in"},
      {"{\"detection\": {\"kind\": \"boxes\", \"scores\": \"s\", \"boxes\": \"b\", \"classes\": 1.5}}",
       "a whole number"},
      {"{\"detection\": {\"kind\": \"boxes\", \"scores\": \"s\", \"boxes\": \"b\", \"threshold\": 2}}",
       "a number from 0 to 1"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    assert_fails(ctx, parse(ctx, cases[i][0], &out), VT_ERROR_INVALID_DATA, cases[i][1]);
    assert_null(out);
  }
  static const char text[] = "{\"text\": {\"encoder\": \"m\"}}";
  assert_fails(ctx, vt_preprocess_parse(ctx, text, strlen(text), NULL, &out), VT_ERROR_INVALID_DATA,
               "this sidecar is not in a file");
}

static void test_every_key(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *out;
  assert_ok(ctx,
            parse(ctx,
                  "{\"size\": [20, 30], \"resize\": \"stretch\", \"resize_to\": 40, \"crop\": \"center\","
                  "\"interpolation\": \"nearest\", \"scale\": 0.5, \"mean\": [1, 2, 3.5], \"std\": 4,"
                  "\"layout\": \"NHWC\", \"channels\": \"BGR\", \"output\": \"embedding\","
                  "\"output_name\": \"pool\", \"labels\": [\"a\", \"b\"], \"note\": \"x\"}",
                  &out));
  assert_int_equal(out->height, 20);
  assert_int_equal(out->width, 30);
  assert_int_equal(out->resize, VT_RESIZE_STRETCH);
  assert_int_equal(out->resize_to, 40);
  assert_true(out->center_crop);
  assert_int_equal(out->interpolation, VT_NEAREST);
  assert_near(out->scale, 0.5, 0);
  assert_near(out->mean[2], 3.5, 0);
  assert_near(out->std[0], 4, 0);
  assert_near(out->std[2], 4, 0);
  assert_true(out->channels_last && out->bgr);
  assert_int_equal(out->output, VT_OUTPUT_EMBEDDING);
  assert_string_equal(out->output_name, "pool");
  assert_int_equal(out->label_count, 2);
  assert_string_equal(out->labels[1], "b");
  vt_preprocess_free(out);
  /* what is left out follows from the way of resizing */
  assert_ok(ctx,
            parse(ctx, "{\"size\": 8, \"resize\": \"letterbox\", \"channels\": \"L\", \"mean\": [3]}", &out));
  assert_false(out->center_crop);
  assert_int_equal(out->width, 8);
  assert_int_equal(out->channels, 1);
  vt_preprocess_free(out);
}

static void test_refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *json, *message;
  } rows[] = {
      {"", "line 1"},
      {"[]", "object"},
      {"{\"size\": 8, \"size\": 9}", "duplicate"},
      {"{\"sise\": 8}", "did you mean \"size\""},
      {"{\"interpolate\": \"bicubic\"}", "did you mean \"interpolation\""},
      {"{\"colour of the sky\": 1}", "unknown key \"colour of the sky\""},
      {"{\"size\": 0}", "\"size\""},
      {"{\"size\": [1, 2, 3]}", "\"size\""},
      {"{\"size\": [4294967296, 1]}", "\"size\""},
      {"{\"resize\": \"crop\"}", "short-side, stretch, letterbox"},
      {"{\"resize\": 3}", "short-side, stretch, letterbox"},
      {"{\"crop\": \"none\"}", "\"crop\" must be \"center\""},
      {"{\"size\": 10, \"resize_to\": 9}", "smaller"},
      {"{\"size\": 10, \"resize_to\": 20, \"resize\": \"stretch\", \"crop\": \"none\"}", "resize_to"},
      {"{\"scale\": 0}", "\"scale\""},
      {"{\"scale\": \"1\"}", "\"scale\""},
      {"{\"std\": [1, 0, 1]}", "positive"},
      {"{\"std\": [1, 1]}", "2 numbers for 3 channels"},
      {"{\"mean\": [1, 1, 1, 1, 1]}", "\"mean\""},
      {"{\"mean\": [1, \"x\", 1]}", "\"mean\""},
      {"{\"layout\": \"CHWN\"}", "NCHW, NHWC"},
      {"{\"channels\": \"RGBA\"}", "RGB, BGR, L"},
      {"{\"output\": \"boxes\"}", "logits"},
      {"{\"output_name\": \"\"}", "\"output_name\""},
      {"{\"labels\": 5}", "list of names"},
      {"{\"labels\": [\"a\", 5]}", "class 1"},
      {"{\"labels\": \"/etc/hostname\"}", "beside the sidecar"},
      {"{\"labels\": \"../secret\"}", "beside the sidecar"},
      {"{\"labels\": \"a/../../secret\"}", "beside the sidecar"},
      {"{\"note\": 5}", "\"note\""},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    vt_preprocess *out;
    assert_fails(ctx, parse(ctx, rows[i].json, &out), VT_ERROR_INVALID_DATA, rows[i].message);
    assert_null(out);
  }
  vt_preprocess *out;
  const char *with_file = "{\"labels\": \"a.txt\"}";
  assert_fails(ctx, vt_preprocess_parse(ctx, with_file, strlen(with_file), NULL, &out), VT_ERROR_INVALID_DATA,
               "list");
  assert_fails(ctx, parse(ctx, "{\"labels\": \"missing.txt\"}", &out), VT_ERROR_INVALID_DATA, "missing.txt");
  write_text(ctx, "bad.json", "{\"mena\": 1}");
  assert_fails(ctx, vt_preprocess_read(ctx, path_of("bad.json"), &out), VT_ERROR_INVALID_DATA,
               "bad.json: sidecar");
}

static void assert_labels(vt_ctx *ctx, const char *name, const char *text, const char *const *expected,
                          int expected_count)
{
  char **labels;
  int count;
  write_text(ctx, name, text);
  assert_ok(ctx, vt_labels_read(ctx, path_of(name), &labels, &count));
  assert_int_equal(count, expected_count);
  for (int i = 0; i < count; i++)
    assert_string_equal(labels[i], expected[i]);
  vt_labels_free(labels, count);
}

static void test_labels(void **state)
{
  vt_ctx *ctx = *state;
  const char *const animals[] = {"great white shark", "hen", ""};
  assert_labels(ctx, "a.txt", "great white shark\nhen\n\n", animals, 3);
  assert_labels(ctx, "a.txt", "great white shark\r\nhen", animals, 2);
  assert_labels(ctx, "a.tsv", "1\tn01514668\then\n0\tn01484850\tgreat white shark\n", animals, 2);
  assert_labels(ctx, "a.tsv", "0\tgreat white shark\n1\then\n2\t\n", animals, 3);
  assert_labels(ctx, "a.json", "[\"great white shark\", \"hen\"]", animals, 2);
  assert_labels(ctx, "a.json", "{\"1\": \"hen\", \"0\": \"great white shark\"}", animals, 2);
  assert_labels(ctx, "a.txt", "", animals, 0);
  static const char *const broken[] = {"0\ta\n0\tb\n", "0\ta\n2\tb\n", "0\ta\nb\n", "0\ta\n\n"};
  for (size_t i = 0; i < VT_COUNT(broken); i++) {
    char **labels;
    int count;
    write_text(ctx, "b.tsv", broken[i]);
    assert_fails(ctx, vt_labels_read(ctx, path_of("b.tsv"), &labels, &count), VT_ERROR_INVALID_DATA,
                 "line 2");
  }
  const char *const cleaned[] = {" [31mred", "b  c"};
  assert_labels(ctx, "a.txt", "\033[31mred\nb\t\177c\n", cleaned, 2);
  assert_labels(ctx, "a.json", "[\"\\u001b[31mred\", \"b\\t\177c\"]", cleaned, 2);
  char **labels;
  int count;
  write_text(ctx, "a.txt", "hen\nfr\xe9sia\n");
  assert_fails(ctx, vt_labels_read(ctx, path_of("a.txt"), &labels, &count), VT_ERROR_INVALID_DATA,
               "line 2: a class name is not UTF-8");
  vt_preprocess *out;
  write_text(ctx, "model.json", "{\"size\": 5, \"labels\": \"nowhere.txt\"}");
  assert_fails(ctx, vt_preprocess_read(ctx, path_of("model.json"), &out), VT_ERROR_INVALID_DATA,
               "nowhere.txt");
  write_text(ctx, "a.txt", "x\ny\n");
  write_text(ctx, "model.json", "{\"size\": 5, \"labels\": \"a.txt\"}");
  assert_ok(ctx, vt_preprocess_read(ctx, path_of("model.json"), &out));
  assert_string_equal(out->labels[1], "y");
  vt_preprocess_free(out);
}

/* ---- the picture ---- */

static vt_image *ramp(vt_ctx *ctx, int width, int height)
{
  vt_image *image;
  assert_ok(ctx, vt_image_new(ctx, width, height, 3, &image));
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      image->pixels[(y * width + x) * 3] = (uint8_t)x;
      image->pixels[(y * width + x) * 3 + 1] = (uint8_t)y;
      image->pixels[(y * width + x) * 3 + 2] = 77;
    }
  return image;
}

static void test_geometry(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *json;
    int width, height; /* of the photo */
    double scale_x, scale_y, offset_x, offset_y;
  } rows[] = {
      /* 200×100 to 100×50 (short side 50), window 50 in the middle: 25 columns in, 50 photo pixels */
      {"{\"size\": 50}", 200, 100, 2, 2, 50, 0},
      /* 101×60: 50.5 columns round to even 50, surplus 20, halves 10 */
      {"{\"size\": 30}", 101, 60, 101 / 50.0, 2, 10 * 101 / 50.0, 0},
      /* 60×101: the longer side is the height: 30.3… of 20 → 34, surplus 14 */
      {"{\"size\": 20}", 60, 101, 3, 101 / 34.0, 0, 7 * 101 / 34.0},
      {"{\"size\": 40, \"resize_to\": 50}", 200, 100, 2, 2, 60, 10},
      /* a flat window must be covered: 100×100 to 80×80, 40 rows cut off, half of them above */
      {"{\"size\": [40, 80]}", 100, 100, 1.25, 1.25, 0, 25},
      {"{\"size\": [40, 80], \"resize\": \"stretch\"}", 20, 60, 0.25, 1.5, 0, 0},
      {"{\"size\": 40, \"resize_to\": 50, \"crop\": \"center\", \"resize\": \"stretch\"}", 100, 200, 2, 4, 10,
       20},
      /* 100×50 to 40×20 with 10 black rows above and below */
      {"{\"size\": 40, \"resize\": \"letterbox\"}", 100, 50, 2.5, 2.5, 0, -25},
      {"{\"size\": [40, 30]}", 30, 40, 1, 1, 0, 0},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    vt_preprocess *preprocess;
    vt_image *photo = ramp(ctx, rows[i].width, rows[i].height), *out;
    vt_placement placement;
    assert_ok(ctx, parse(ctx, rows[i].json, &preprocess));
    assert_ok(ctx, vt_preprocess_image(ctx, preprocess, photo, &out, &placement));
    assert_int_equal(out->width, preprocess->width);
    assert_int_equal(out->height, preprocess->height);
    assert_near(placement.scale_x, rows[i].scale_x, 1e-12);
    assert_near(placement.scale_y, rows[i].scale_y, 1e-12);
    assert_near(placement.offset_x, rows[i].offset_x, 1e-12);
    assert_near(placement.offset_y, rows[i].offset_y, 1e-12);
    /* the ramp says where each pixel came from: value x is the place x + ½ of the photo; the filter rounds,
     * and bends the ramp near the edges of the photo by less than a pixel and a half of it */
    for (int y = 0; y < out->height; y++)
      for (int x = 0; x < out->width; x++) {
        const uint8_t *pixel = out->pixels + (y * out->width + x) * 3;
        double from_x = (x + 0.5) * placement.scale_x + placement.offset_x;
        double from_y = (y + 0.5) * placement.scale_y + placement.offset_y;
        bool inside = from_x > 0 && from_y > 0 && from_x < photo->width && from_y < photo->height;
        assert_int_equal(pixel[2], inside ? 77 : 0);
        if (!inside) continue;
        assert_near(pixel[0] + 0.5, from_x, 0.55 + 0.5 * placement.scale_x);
        assert_near(pixel[1] + 0.5, from_y, 0.55 + 0.5 * placement.scale_y);
      }
    vt_image_free(photo);
    vt_image_free(out);
    vt_preprocess_free(preprocess);
  }
}

static void test_as_it_is(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *preprocess;
  vt_image *photo = ramp(ctx, 16, 16), *out;
  assert_ok(ctx, parse(ctx, "{\"size\": 16, \"resize_to\": 20}", &preprocess));
  assert_ok(ctx, vt_preprocess_image(ctx, preprocess, photo, &out, NULL));
  assert_memory_equal(out->pixels, photo->pixels, vt_image_bytes(photo));
  vt_image_free(out);
  vt_preprocess_free(preprocess);
  assert_ok(ctx, parse(ctx, "{}", &preprocess));
  assert_fails(ctx, vt_preprocess_image(ctx, preprocess, photo, &out, NULL), VT_ERROR_INVALID_ARGUMENT,
               "\"size\"");
  vt_preprocess_free(preprocess);
  vt_image_free(photo);
  /* one row of 60 000 pixels would become 224 × 13 440 000 */
  assert_ok(ctx, parse(ctx, "{\"size\": 224}", &preprocess));
  assert_ok(ctx, vt_image_new(ctx, 60000, 1, 3, &photo));
  assert_fails(ctx, vt_preprocess_image(ctx, preprocess, photo, &out, NULL), VT_ERROR_INVALID_DATA,
               "crop it first");
  vt_image_free(photo);
  vt_preprocess_free(preprocess);
}

static void test_floats(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *preprocess;
  vt_image *picture;
  float out[6];
  assert_ok(ctx, vt_image_new(ctx, 2, 1, 3, &picture));
  memcpy(picture->pixels, (uint8_t[]){10, 20, 30, 40, 50, 60}, 6);
  const char *settings = "\"scale\": 2, \"mean\": [4, 5, 6], \"std\": [1, 2, 4]";
  static const struct {
    const char *layout, *channels;
    float expected[6]; /* (2·u8 − mean)/std */
  } rows[] = {
      {"NCHW", "RGB", {16, 76, 17.5f, 47.5f, 13.5f, 28.5f}},
      {"NHWC", "RGB", {16, 17.5f, 13.5f, 76, 47.5f, 28.5f}},
      {"NCHW", "BGR", {56, 116, 17.5f, 47.5f, 3.5f, 18.5f}},
      {"NHWC", "BGR", {56, 17.5f, 3.5f, 116, 47.5f, 18.5f}},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    char json[256];
    snprintf(json, sizeof json, "{%s, \"layout\": \"%s\", \"channels\": \"%s\"}", settings, rows[i].layout,
             rows[i].channels);
    assert_ok(ctx, parse(ctx, json, &preprocess));
    vt_preprocess_floats(preprocess, picture, out);
    for (int k = 0; k < 6; k++)
      assert_near(out[k], rows[i].expected[k], 0);
    vt_preprocess_free(preprocess);
  }
  vt_image_free(picture);
  /* one grey channel: luma of (100, 100, 100) is 100 */
  vt_image *photo, *grey;
  assert_ok(ctx, vt_image_new(ctx, 4, 4, 3, &photo));
  memset(photo->pixels, 100, 48);
  assert_ok(ctx, parse(ctx, "{\"size\": 2, \"channels\": \"L\", \"scale\": 1, \"mean\": 90, \"std\": 5}",
                       &preprocess));
  assert_ok(ctx, vt_preprocess_image(ctx, preprocess, photo, &grey, NULL));
  assert_int_equal(grey->channels, 1);
  vt_preprocess_floats(preprocess, grey, out);
  for (int k = 0; k < 4; k++)
    assert_near(out[k], 2, 0);
  vt_image_free(photo);
  vt_image_free(grey);
  vt_preprocess_free(preprocess);
}

/* ---- outside truth ---- */

static void test_shared_sidecars(void **state)
{
  vt_ctx *ctx = *state;
  vt_preprocess *out;
  if (!shared_path("models/imagenet_classes.tsv")) skip();
  assert_ok(ctx, vt_preprocess_read(ctx, shared_path("models/efficientnet_lite0.json"), &out));
  assert_int_equal(out->label_count, 1000);
  assert_string_equal(out->labels[2], "great white shark");
  assert_string_equal(out->output_name, "logits");
  assert_int_equal(out->output, VT_OUTPUT_LOGITS);
  vt_preprocess_free(out);
  assert_ok(ctx, vt_preprocess_read(ctx, shared_path("models/conse_image_encoder_lite2.json"), &out));
  assert_int_equal(out->resize_to, 292);
  vt_preprocess_free(out);
  assert_ok(ctx, vt_preprocess_read(ctx, shared_path("models/dlib_face_resnet.json"), &out));
  assert_int_equal(out->resize, VT_RESIZE_STRETCH);
  assert_near(out->mean[1], 117.001, 0);
  vt_preprocess_free(out);
}

/* The pixels that the official LiMA runs saw, from the photographs: equal, zeros raised to 1 apart. */
static void test_golden_pixels(void **state)
{
  vt_ctx *ctx = *state;
  static char relative[512];
  const char *list = shared_path("golden/lima");
  if (!list || !shared_path("photos")) skip();
  list = shared_path("golden/lima");
  DIR *files = opendir(list);
  vt_preprocess *preprocess;
  int photos = 0;
  assert_non_null(files);
  assert_ok(ctx, vt_preprocess_read(ctx, shared_path("models/efficientnet_lite0.json"), &preprocess));
  for (struct dirent *entry; (entry = readdir(files));) {
    const char *dot = strstr(entry->d_name, ".pixels.npy");
    if (!dot) continue;
    vt_image *golden, *photo, *out;
    snprintf(relative, sizeof relative, "golden/lima/%s", entry->d_name);
    assert_ok(ctx, vt_image_read(ctx, shared_path(relative), NULL, &golden));
    snprintf(relative, sizeof relative, "photos/%.*s.jpg", (int)(dot - entry->d_name), entry->d_name);
    assert_ok(ctx, vt_image_read(ctx, shared_path(relative), NULL, &photo));
    assert_ok(ctx, vt_preprocess_image(ctx, preprocess, photo, &out, NULL));
    for (size_t i = 0; i < vt_image_bytes(out); i++)
      if (out->pixels[i] == 0) out->pixels[i] = 1;
    assert_memory_equal(out->pixels, golden->pixels, vt_image_bytes(golden));
    vt_image_free(golden);
    vt_image_free(photo);
    vt_image_free(out);
    photos++;
  }
  closedir(files);
  vt_preprocess_free(preprocess);
  printf("# %d golden pictures reproduced\n", photos);
  assert_true(photos > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_defaults, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_parts, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_wrong_parts, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_every_key, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refused, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_labels, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_geometry, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_as_it_is, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_floats, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_shared_sidecars, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_golden_pixels, new_context, free_context),
  };
  return cmocka_run_group_tests_name("data/preprocess", tests, make_folder, remove_folder);
}
