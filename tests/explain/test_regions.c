/* SPDX-License-Identifier: Apache-2.0
 *
 * Divisions: labels made consecutive, the overlap rule on cases worked out by hand, prior patches, files of
 * the photograph's size, fills.
 */
#include "test.h"

#include <math.h>

#include "explain/model.h"
#include "explain/regions.h"
#include "tensor/tensor.h"

static void test_labels_become_consecutive(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  const int32_t labels[12] = {7, 7, 2, 900, 7, 2, 2, 900, 7, 7, 7, 2}; // [3, 4]
  vt_regions *regions = NULL;
  assert_ok(ctx, vt_regions_from_labels(ctx, labels, 3, 4, &regions));
  assert_int_equal(vt_regions_count(regions), 3);
  assert_int_equal(vt_regions_id(regions, 0), 2);
  assert_int_equal(vt_regions_id(regions, 1), 7);
  assert_int_equal(vt_regions_id(regions, 2), 900);
  assert_int_equal(vt_regions_id(regions, 3), -1);
  assert_int_equal(vt_regions_area(regions, 0), 4);
  assert_int_equal(vt_regions_area(regions, 1), 6);
  assert_int_equal(vt_regions_area(regions, 2), 2);
  int height, width;
  const int32_t expected[12] = {1, 1, 0, 2, 1, 0, 0, 2, 1, 1, 1, 0};
  assert_memory_equal(vt_regions_labels(regions, &height, &width), expected, sizeof expected);
  assert_true(height == 3 && width == 4);
  int64_t count;
  const int32_t pixels[4] = {2, 5, 6, 11};
  assert_memory_equal(vt_regions_pixels(regions, 0, &count), pixels, sizeof pixels);
  assert_int_equal(count, 4);
  int box[4];
  double centroid[2];
  vt_regions_box(regions, 0, box, centroid);
  assert_true(box[0] == 1 && box[1] == 0 && box[2] == 3 && box[3] == 3);
  assert_near(centroid[0], (2 + 1 + 2 + 3) / 4.0, 0);
  assert_near(centroid[1], (0 + 1 + 1 + 2) / 4.0, 0);
  vt_regions_free(regions);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

static void test_bad_labels(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  const int32_t holes[6] = {0, 1, 1, 0, -1, -1};
  vt_regions *regions = NULL;
  assert_fails(ctx, vt_regions_from_labels(ctx, holes, 2, 3, &regions), VT_ERROR_INVALID_DATA,
               "holes: 2 of 6 pixels have a negative label, the first -1 at x 1, y 1");
  assert_fails(ctx, vt_regions_from_labels(ctx, holes, 0, 3, &regions), VT_ERROR_INVALID_ARGUMENT,
               "no region");
  assert_fails(ctx, vt_regions_from_labels(ctx, holes, 1 << 20, 1 << 20, &regions), VT_ERROR_INVALID_ARGUMENT,
               "too large");
  assert_null(regions);
  for (long n = 1; n <= 6; n++) {
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_regions_from_labels(ctx, (const int32_t[]){0, 1}, 1, 2, &regions);
    vt_ctx_fail_allocation(ctx, 0);
    assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_clear(ctx);
    assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  }
  vt_ctx_free(ctx);
}

/* ---- masks ---- */

/* Masks of a square picture, each a box of whole columns. */
static void fill_columns(uint8_t *bits, int side, int first, int last)
{
  for (int y = 0; y < side; y++)
    for (int x = first; x <= last; x++)
      bits[y * side + x] = 1;
}

static void check_columns(const int32_t *labels, int side, const int32_t *expected)
{
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      assert_int_equal(labels[y * side + x], expected[x]);
}

/* A 60 pixels, B 30, common 20: a third of A and two thirds of B, so A loses them. */
static void test_overlap_goes_to_the_larger_share(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  uint8_t bits[200] = {0};
  int32_t labels[100];
  fill_columns(bits, 10, 0, 5);
  fill_columns(bits + 100, 10, 4, 6);
  vt_masks masks = {.count = 2, .height = 10, .width = 10, .bits = bits};
  vt_regions_report report = {0};
  assert_ok(ctx, vt_overlap_resolve(ctx, &masks, labels, &report));
  check_columns(labels, 10, (const int32_t[]){0, 0, 0, 0, 1, 1, 1, 2, 2, 2});
  assert_int_equal(report.overlap_pixels, 20);
  assert_int_equal(report.uncovered_pixels, 30);
  assert_int_equal(report.dropped_regions, 0);

  /* the other way round the later mask is the larger one and loses */
  memset(bits, 0, sizeof bits);
  fill_columns(bits, 10, 4, 6);
  fill_columns(bits + 100, 10, 0, 5);
  assert_ok(ctx, vt_overlap_resolve(ctx, &masks, labels, &report));
  check_columns(labels, 10, (const int32_t[]){1, 1, 1, 1, 0, 0, 0, 2, 2, 2});

  /* equal shares: the earlier one loses */
  memset(bits, 0, sizeof bits);
  fill_columns(bits, 10, 0, 5);
  fill_columns(bits + 100, 10, 4, 9);
  assert_ok(ctx, vt_overlap_resolve(ctx, &masks, labels, &report));
  check_columns(labels, 10, (const int32_t[]){0, 0, 0, 0, 1, 1, 1, 1, 1, 1});
  vt_ctx_free(ctx);
}

/* Shares count with the areas as they have become: after losing two columns to B, A
 * (30) is smaller than C (40). */
static void test_overlap_areas_are_kept_up_to_date(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  uint8_t bits[300] = {0};
  int32_t labels[100];
  fill_columns(bits, 10, 0, 4);       /* A 50 */
  fill_columns(bits + 100, 10, 0, 1); /* B 20 takes two columns */
  fill_columns(bits + 200, 10, 4, 7); /* C 40: with A's first area of 50 A would lose column 4 */
  vt_masks masks = {.count = 3, .height = 10, .width = 10, .bits = bits};
  vt_regions_report report = {0};
  assert_ok(ctx, vt_overlap_resolve(ctx, &masks, labels, &report));
  check_columns(labels, 10, (const int32_t[]){1, 1, 0, 0, 0, 2, 2, 2, 3, 3});
  vt_ctx_free(ctx);
}

/* 0.05 % of 100 × 100 are 5 pixels: a mask of 5 is dropped, one of 6 kept; a
 * swallowed mask is dropped too. */
static void test_tiny_masks_are_dropped(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  enum { SIDE = 100, PIXELS = SIDE * SIDE };
  uint8_t *bits = calloc(4, PIXELS);
  int32_t *labels = calloc(PIXELS, sizeof *labels);
  for (int i = 0; i < 5; i++)
    bits[i] = 1;
  for (int i = 0; i < 6; i++)
    bits[PIXELS + 200 + i] = 1;
  for (int i = 0; i < 50; i++)
    bits[2 * PIXELS + 400 + i] = bits[3 * PIXELS + 400 + i] = 1; /* twins: the first loses all */
  vt_masks masks = {.count = 4, .height = SIDE, .width = SIDE, .bits = bits};
  vt_regions_report report = {0};
  assert_ok(ctx, vt_overlap_resolve(ctx, &masks, labels, &report));
  assert_int_equal(labels[200], 0);
  assert_int_equal(labels[400], 1);
  assert_int_equal(labels[0], 2);
  assert_int_equal(labels[PIXELS - 1], 2);
  assert_int_equal(report.dropped_regions, 2);
  assert_int_equal(report.dropped_pixels, 5);
  assert_int_equal(report.overlap_pixels, 50);
  assert_int_equal(report.uncovered_pixels, PIXELS - 5 - 6 - 50);
  masks.count = 0;
  assert_fails(ctx, vt_overlap_resolve(ctx, &masks, labels, &report), VT_ERROR_INVALID_DATA, "no mask");
  free(bits);
  free(labels);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

/* ---- prior ---- */

static void test_prior_patches(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  /* 3 × 3 patches on 6 × 7 pixels: columns split at ⌊x·3/7⌋: 3, 2, 2 wide */
  const float map[9] = {0.1f, 0.9f, 0.3f, 0.9f, 0.2f, 0.8f, -1, 0.5f, 0.4f};
  /* ranks: patches 1, 3 (tie, lower first), 5, 7, 8, 2, 4, 0, 6; four a region: {1,3,5,7} {8,2,4,0} {6} */
  const int32_t expected[9] = {1, 0, 1, 0, 1, 0, 2, 0, 1};
  int32_t labels[42];
  bool constant = true;
  assert_ok(ctx, vt_prior_labels(ctx, map, 3, 3, 3, 4, 6, 7, labels, &constant));
  assert_false(constant);
  static const int column_of[7] = {0, 0, 0, 1, 1, 2, 2};
  for (int y = 0; y < 6; y++)
    for (int x = 0; x < 7; x++)
      assert_int_equal(labels[y * 7 + x], expected[y / 2 * 3 + column_of[x]]);

  /* one value: row after row, and it is told */
  const float flat[4] = {2, 2, 2, 2};
  assert_ok(ctx, vt_prior_labels(ctx, flat, 2, 2, 2, 1, 2, 2, labels, &constant));
  assert_true(constant);
  assert_memory_equal(labels, ((const int32_t[]){0, 1, 2, 3}), 4 * sizeof *labels);
  /* more patches a region than there are: one region */
  assert_ok(ctx, vt_prior_labels(ctx, flat, 2, 2, 2, 9, 2, 2, labels, &constant));
  assert_memory_equal(labels, ((const int32_t[]){0, 0, 0, 0}), 4 * sizeof *labels);

  const float bad[4] = {0, 1, NAN, 2};
  assert_fails(ctx, vt_prior_labels(ctx, bad, 2, 2, 2, 1, 2, 2, labels, NULL), VT_ERROR_INVALID_DATA,
               "NaN at x 0, y 1");
  assert_fails(ctx, vt_prior_labels(ctx, flat, 2, 2, 3, 1, 2, 2, labels, NULL), VT_ERROR_INVALID_ARGUMENT,
               "1 to 2");
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

/* ---- texts ---- */

static vt_image *gradient_picture(vt_ctx *ctx, int height, int width)
{
  vt_image *picture = NULL;
  assert_ok(ctx, vt_image_new(ctx, width, height, 3, &picture));
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        picture->pixels[(y * width + x) * 3 + c] =
            (uint8_t)((x * (c + 2) + y * 3 + ((x / 9 + y / 7) % 2) * 60) & 255);
  return picture;
}

static void test_grid(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_image *picture = gradient_picture(ctx, 10, 11);
  vt_regions *regions = NULL;
  assert_ok(ctx, vt_divide(ctx, "grid:7x3", picture, &regions, NULL));
  assert_int_equal(vt_regions_count(regions), 21);
  static const int row_of[10] = {0, 1, 2, 2, 3, 4, 4, 5, 6, 6};       /* ⌊i·10/7⌋ = 0 1 2 4 5 7 8 10 */
  static const int column_of[11] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}; /* ⌊i·11/3⌋ = 0 3 7 11 */
  const int32_t *labels = vt_regions_labels(regions, NULL, NULL);
  for (int y = 0; y < 10; y++)
    for (int x = 0; x < 11; x++)
      assert_int_equal(labels[y * 11 + x], row_of[y] * 3 + column_of[x]);
  vt_regions_free(regions);
  vt_image_free(picture);
  vt_ctx_free(ctx);
}

static void test_superpixels(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_image *picture = gradient_picture(ctx, 96, 96);
  static const char *const texts[] = {"slico",    "slico:20",     "seeds",
                                      "seeds:12", "felzenszwalb", "felzenszwalb:100,0.5,40"};
  for (size_t i = 0; i < VT_COUNT(texts); i++) {
    vt_regions *regions = NULL;
    assert_ok(ctx, vt_divide(ctx, texts[i], picture, &regions, NULL));
    int64_t area = 0;
    for (int r = 0; r < vt_regions_count(regions); r++)
      area += vt_regions_area(regions, r);
    assert_int_equal(area, 96 * 96);
    assert_true(vt_regions_count(regions) > 1);
    vt_regions_free(regions);
  }
  vt_image_free(picture);
  vt_ctx_free(ctx);
}

static void test_bad_texts(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_image *picture = gradient_picture(ctx, 16, 16);
  vt_regions *regions = NULL;
  static const struct {
    const char *text, *message;
  } bad[] = {
      {"", "no divider ''"},
      {"slic", "did you mean 'slico'"},
      {"voronoi:3", "known are slico"},
      {"grid", "such as grid:7x7"},
      {"grid:7", "rows and columns"},
      {"grid:0x3", "1 to 16 rows"},
      {"grid:3x17", "1 to 16 columns"},
      {"grid:99999999999999999999x1", "rows and columns"},
      {"slico:banana", "at most 1 number"},
      {"slico:1", "seed distance 1 is outside 2 to 16"},
      {"slico:20,3", "at most 1 number"},
      {"seeds:0", "number of regions 0"},
      {"felzenszwalb:1,nan", "at most 3 numbers"},
      {"felzenszwalb:-1", "scale -1"},
      {"labels", "a file, such as labels:regions.npy"},
      {"labels:", "a file"},
      {"masks", "a file"},
      {"prior:map.npy,4", "prior:FILE.npy,N,D"},
      {"prior:map.npy,0,4", "prior:FILE.npy,N,D"},
  };
  for (size_t i = 0; i < VT_COUNT(bad); i++)
    assert_fails(ctx, vt_divide(ctx, bad[i].text, picture, &regions, NULL), VT_ERROR_INVALID_ARGUMENT,
                 bad[i].message);
  assert_fails(ctx, vt_divide(ctx, "labels:/nowhere/x.npy", picture, &regions, NULL), VT_ERROR_NO_SUCH_FILE,
               "/nowhere/x.npy");
  assert_fails(ctx, vt_divide(ctx, "prior:/nowhere/x.npy", picture, &regions, NULL), VT_ERROR_NO_SUCH_FILE,
               "/nowhere/x.npy");
  vt_image_free(picture);
  vt_ctx_free(ctx);
}

/* ---- files ---- */

typedef struct folder {
  char name[64], path[128];
} folder;

static folder folder_new(void)
{
  folder f = {.name = "/tmp/vitrail-test-XXXXXX"};
  assert_non_null(mkdtemp(f.name));
  return f;
}

/* Writes an array into the folder's one file and leaves "KIND:PATH" in `text`. */
static void write_array(vt_ctx *ctx, folder *f, const char *kind, vt_type type, int height, int width,
                        const void *data, char text[256])
{
  snprintf(f->path, sizeof f->path, "%s/map.npy", f->name);
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *tensor = vt_tensor_borrow(ctx, type, 2, (int64_t[]){height, width}, (void *)(uintptr_t)data);
  assert_ok(ctx, vt_npy_write(ctx, f->path, tensor));
  vt_tensor_release(ctx, mark);
  snprintf(text, 256, "%s:%s", kind, f->path);
}

static void folder_end(folder *f)
{
  unlink(f->path);
  rmdir(f->name);
}

static void test_label_files(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  folder f = folder_new();
  char text[256];
  vt_image *picture = gradient_picture(ctx, 2, 3);
  vt_regions *regions = NULL;
  write_array(ctx, &f, "labels", VT_I64, 2, 3, (const int64_t[]){5, 5, 9, 5, 9, 9}, text);
  assert_ok(ctx, vt_divide(ctx, text, picture, &regions, NULL));
  assert_memory_equal(vt_regions_labels(regions, NULL, NULL), ((const int32_t[]){0, 0, 1, 0, 1, 1}),
                      6 * sizeof(int32_t));
  vt_regions_free(regions);
  assert_ok(ctx, vt_regions_read(ctx, f.path, &regions));
  assert_int_equal(vt_regions_id(regions, 1), 9);
  vt_regions_free(regions);

  write_array(ctx, &f, "labels", VT_U8, 3, 2, (const uint8_t[]){0, 0, 0, 0, 0, 0}, text);
  assert_fails(ctx, vt_divide(ctx, text, picture, &regions, NULL), VT_ERROR_INVALID_DATA,
               "is 3 × 2 (height × width), but the model's input is 2 × 3");
  write_array(ctx, &f, "labels", VT_I32, 2, 3, (const int32_t[]){0, 0, 0, 1, -1, 1}, text);
  assert_fails(ctx, vt_divide(ctx, text, picture, &regions, NULL), VT_ERROR_INVALID_DATA, "holes");
  assert_fails(ctx, vt_regions_read(ctx, f.path, &regions), VT_ERROR_INVALID_DATA, "map.npy");
  write_array(ctx, &f, "labels", VT_F32, 2, 3, (const float[]){0, 0, 0, 1, 1, 1}, text);
  assert_fails(ctx, vt_divide(ctx, text, picture, &regions, NULL), VT_ERROR_INVALID_DATA, "map.npy");
  folder_end(&f);
  vt_image_free(picture);
  vt_ctx_free(ctx);
}

/* A photograph of 4 × 8 shown in a window of 2 × 2 after halving and cropping one column: window pixel (x, y)
 * shows photo pixels around (2x + 3, 2y + 1). */
static void test_files_of_the_photograph(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  folder f = folder_new();
  char text[256];
  vt_image *picture = gradient_picture(ctx, 2, 2);
  vt_regions *regions = NULL;
  vt_placement placement = {.scale_x = 2, .scale_y = 2, .offset_x = 2, .photo_width = 8, .photo_height = 4};
  int32_t ids[32];
  for (int i = 0; i < 32; i++)
    ids[i] = i;
  write_array(ctx, &f, "labels", VT_I32, 4, 8, ids, text);
  assert_ok(ctx, vt_divide_placed(ctx, text, picture, &placement, &regions, NULL));
  static const int32_t seen[4] = {8 + 3, 8 + 5, 24 + 3, 24 + 5};
  for (int r = 0; r < 4; r++)
    assert_int_equal(vt_regions_id(regions, r), seen[r]);
  vt_regions_free(regions);

  /* letterbox: the second row of the window lies below the photograph */
  placement.offset_y = 2;
  assert_ok(ctx, vt_divide_placed(ctx, text, picture, &placement, &regions, NULL));
  assert_int_equal(vt_regions_count(regions), 3);
  assert_int_equal(vt_regions_id(regions, 2), 32);
  assert_int_equal(vt_regions_area(regions, 2), 2);
  vt_regions_free(regions);
  placement.photo_width = 9;
  assert_fails(ctx, vt_divide_placed(ctx, text, picture, &placement, &regions, NULL), VT_ERROR_INVALID_DATA,
               "the photograph 4 × 9");

  /* a prior of the photograph's size is carried too; of any other size it shows the model's view */
  placement = (vt_placement){.scale_x = 2, .scale_y = 2, .offset_x = 2, .photo_width = 8, .photo_height = 4};
  float values[32] = {0};
  values[8 + 3] = 1;
  values[24 + 5] = 2;
  values[0] = 9; /* not in the window */
  write_array(ctx, &f, "prior", VT_F32, 4, 8, values, text);
  strcat(text, ",2,1");
  assert_ok(ctx, vt_divide_placed(ctx, text, picture, &placement, &regions, NULL));
  assert_memory_equal(vt_regions_labels(regions, NULL, NULL), ((const int32_t[]){1, 2, 3, 0}),
                      4 * sizeof(int32_t));
  vt_regions_free(regions);
  folder_end(&f);
  vt_image_free(picture);
  vt_ctx_free(ctx);
}

static void test_mask_file(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  folder f = folder_new();
  char text[256];
  vt_image *picture = gradient_picture(ctx, 4, 4);
  vt_regions *regions = NULL;
  vt_regions_report report;
  snprintf(f.path, sizeof f.path, "%s/masks.json", f.name);
  snprintf(text, sizeof text, "masks:%s", f.path);
  /* run lengths go down the columns: the first two columns; then columns 1 to 2 */
  const char *json = "[{\"segmentation\": {\"size\": [4, 4], \"counts\": [0, 8, 8]}},"
                     " {\"segmentation\": {\"size\": [4, 4], \"counts\": [4, 8, 4]}}]";
  assert_ok(ctx, vt_write_file(ctx, f.path, json, strlen(json)));
  assert_ok(ctx, vt_divide(ctx, text, picture, &regions, &report));
  assert_int_equal(vt_regions_count(regions), 3);
  for (int p = 0; p < 16; p++)
    assert_int_equal(vt_regions_labels(regions, NULL, NULL)[p], ((const int[]){0, 1, 1, 2})[p % 4]);
  assert_int_equal(report.overlap_pixels, 4);
  assert_int_equal(report.uncovered_pixels, 4);
  vt_regions_free(regions);
  folder_end(&f);
  vt_image_free(picture);
  vt_ctx_free(ctx);
}

/* ---- fills ---- */

static vt_status no_prediction(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)user;
  (void)count;
  (void)inputs;
  (void)outputs;
  return vt_fail(ctx, VT_ERROR_RUNTIME, "not to be asked");
}

static void test_fills(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  folder f = folder_new();
  vt_model *model = NULL;
  assert_ok(ctx, vt_model_from_function(ctx, no_prediction, NULL, 3, 24, 24, 2, true, &model));
  vt_image *picture = gradient_picture(ctx, 24, 24), *fill = NULL, *again = NULL, *other = NULL;
  size_t bytes = 24 * 24 * 3;
  assert_ok(ctx, vt_fill_make(ctx, "black", model, picture, 1, &fill));
  for (size_t i = 0; i < bytes; i++)
    assert_int_equal(fill->pixels[i], 0);
  vt_image_free(fill);

  double sum = 0;
  for (size_t i = 1; i < bytes; i += 3)
    sum += picture->pixels[i];
  assert_ok(ctx, vt_fill_make(ctx, "mean", model, picture, 1, &fill));
  assert_int_equal(fill->pixels[1], (int)lround(sum / (24 * 24)));
  assert_int_equal(fill->pixels[bytes - 2], fill->pixels[1]);
  vt_image_free(fill);

  /* a white square on black: σ = 2 leaves Φ(±6) at the middle of a long edge half way */
  memset(picture->pixels, 0, bytes);
  for (int y = 0; y < 24; y++)
    for (int x = 12; x < 24; x++)
      memset(picture->pixels + (y * 24 + x) * 3, 255, 3);
  assert_ok(ctx, vt_fill_make(ctx, "blur", model, picture, 1, &fill));
  assert_near(fill->pixels[(12 * 24 + 11) * 3] + fill->pixels[(12 * 24 + 12) * 3], 255,
              1); /* symmetric about the edge */
  assert_true(fill->pixels[(12 * 24 + 11) * 3] > 60 && fill->pixels[(12 * 24 + 11) * 3] < 127);
  assert_int_equal(fill->pixels[0], 0);
  vt_image_free(fill);

  assert_ok(ctx, vt_fill_make(ctx, "white", model, picture, 1, &fill));
  for (size_t i = 0; i < bytes; i++)
    assert_int_equal(fill->pixels[i], 255);
  vt_image_free(fill);

  assert_ok(ctx, vt_fill_make(ctx, "noise", model, picture, 1, &fill));
  assert_ok(ctx, vt_fill_make(ctx, "noise", model, picture, 1, &again));
  assert_ok(ctx, vt_fill_make(ctx, "noise", model, picture, 2, &other));
  assert_memory_equal(fill->pixels, again->pixels, bytes);
  assert_memory_not_equal(fill->pixels, other->pixels, bytes);
  double mean = 0;
  for (size_t i = 0; i < bytes; i++)
    mean += fill->pixels[i];
  assert_near(mean / (double)bytes, 127.5, 8); /* σ of the mean: 73.9/√1728 = 1.8 */
  vt_image_free(fill);
  vt_image_free(again);
  vt_image_free(other);

  snprintf(f.path, sizeof f.path, "%s/fill.png", f.name);
  assert_ok(ctx, vt_image_write_png(ctx, picture, f.path, NULL));
  assert_ok(ctx, vt_fill_make(ctx, f.path, model, picture, 1, &fill));
  assert_memory_equal(fill->pixels, picture->pixels, bytes);
  vt_image_free(fill);
  assert_fails(ctx, vt_fill_make(ctx, "grey", model, picture, 1, &fill), VT_ERROR_INVALID_ARGUMENT,
               "neither zero, black, white, mean, blur, noise nor an image file");
  folder_end(&f);
  vt_image_free(picture);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_labels_become_consecutive),
      cmocka_unit_test(test_bad_labels),
      cmocka_unit_test(test_overlap_goes_to_the_larger_share),
      cmocka_unit_test(test_overlap_areas_are_kept_up_to_date),
      cmocka_unit_test(test_tiny_masks_are_dropped),
      cmocka_unit_test(test_prior_patches),
      cmocka_unit_test(test_grid),
      cmocka_unit_test(test_superpixels),
      cmocka_unit_test(test_bad_texts),
      cmocka_unit_test(test_label_files),
      cmocka_unit_test(test_files_of_the_photograph),
      cmocka_unit_test(test_mask_file),
      cmocka_unit_test(test_fills),
  };
  return cmocka_run_group_tests_name("explain/regions", tests, NULL, NULL);
}
