/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <dirent.h>

#include "data/components.h"
#include "data/picture.h"

/* ---- what is asked of every division ---- */

/* All pixels carry a label of 0..count−1, every label is used, every region is connected. */
static void assert_division(vt_ctx *ctx, const int32_t *labels, int height, int width, int count)
{
  size_t pixels = (size_t)height * (size_t)width;
  int parts;
  int32_t *ids = vt_alloc_zero(ctx, pixels, sizeof *ids);
  uint8_t *used = vt_alloc_zero(ctx, (size_t)count, 1);
  for (size_t i = 0; i < pixels; i++) {
    assert_in_range(labels[i], 0, count - 1);
    used[labels[i]] = 1;
  }
  for (int i = 0; i < count; i++)
    assert_int_equal(used[i], 1);
  /* as many connected parts as labels, all of which are used: each label is one part */
  assert_ok(ctx, vt_components(ctx, labels, height, width, ids, &parts));
  assert_int_equal(parts, count);
  vt_free(ids);
  vt_free(used);
}

typedef vt_status (*divider)(vt_ctx *ctx, const vt_image *image, int32_t *labels, int *count);

static vt_status slico(vt_ctx *ctx, const vt_image *image, int32_t *labels, int *count)
{
  return vt_slico(ctx, image, 0, 20, labels, count, NULL);
}

static vt_status seeds(vt_ctx *ctx, const vt_image *image, int32_t *labels, int *count)
{
  return vt_seeds(ctx, image, 50, 3, labels, count, NULL);
}

static vt_status felzenszwalb(vt_ctx *ctx, const vt_image *image, int32_t *labels, int *count)
{
  return vt_felzenszwalb(ctx, image, 0, 0.8, 0, labels, count);
}

static const struct {
  const char *name;
  divider divide;
} dividers[] = {{"slico", slico}, {"seeds", seeds}, {"felzenszwalb", felzenszwalb}};

/* ---- made-up pictures ---- */

static void test_components(void **state)
{
  vt_ctx *ctx = *state;
  const int32_t labels[] = {
      5, 5, 2, 5, //
      2, 5, 2, 5, //
      2, 2, 5, 5, //
  };
  int32_t ids[12];
  int count;
  assert_ok(ctx, vt_components(ctx, labels, 3, 4, ids, &count));
  assert_int_equal(count, 4);
  assert_memory_equal(ids, ((int32_t[]){0, 0, 1, 2, 3, 0, 1, 2, 3, 3, 2, 2}), sizeof ids);
}

static void test_small_regions_join_the_longest_border(void **state)
{
  vt_ctx *ctx = *state;
  /* region 1 (two pixels) touches 0 on two sides, 2 on three; 3 (one pixel) touches 2 only */
  int32_t labels[] = {
      0, 0, 0, 0, 0, //
      0, 1, 1, 2, 2, //
      2, 2, 2, 2, 2, //
      2, 2, 2, 2, 3, //
  };
  int count = 4;
  assert_ok(ctx, vt_regions_merge(ctx, labels, 4, 5, 3, &count));
  assert_int_equal(count, 2);
  /* sides of 1: above two (0), left one (0), right one (2), below two (2): three each,
   * so the smaller one gets it */
  const int32_t expected[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  assert_memory_equal(labels, expected, sizeof labels);
  /* a chain of single pixels grows until it is large enough; one region left is the end */
  int32_t chain[] = {0, 1, 2, 3, 4, 5};
  count = 6;
  assert_ok(ctx, vt_regions_merge(ctx, chain, 1, 6, 100, &count));
  assert_int_equal(count, 1);
  int32_t pairs[] = {0, 1, 2, 3, 4, 5};
  count = 6;
  assert_ok(ctx, vt_regions_merge(ctx, pairs, 1, 6, 2, &count));
  for (int i = 0; i < 6; i++)
    assert_in_range(pairs[i], 0, count - 1);
  assert_in_range(count, 2, 3);
}

/* Left part one colour, right part another, with a slanted border that no grid has. */
static void test_two_colours(void **state)
{
  vt_ctx *ctx = *state;
  enum { SIZE = 96 };
  vt_image *image;
  static int32_t labels[SIZE * SIZE];
  assert_ok(ctx, vt_image_new(ctx, SIZE, SIZE, 3, &image));
  for (int y = 0; y < SIZE; y++)
    for (int x = 0; x < SIZE; x++)
      memset(image->pixels + (y * SIZE + x) * 3, x < 37 + y / 8 ? 40 : 210, 3);
  for (size_t d = 0; d < VT_COUNT(dividers); d++) {
    int count, mixed = 0;
    assert_ok(ctx, dividers[d].divide(ctx, image, labels, &count));
    assert_division(ctx, labels, SIZE, SIZE, count);
    /* no region lies on both sides */
    int32_t sides[4096] = {0};
    for (int i = 0; i < SIZE * SIZE; i++)
      sides[labels[i]] |= image->pixels[3 * i] < 100 ? 1 : 2;
    for (int i = 0; i < count; i++)
      mixed += sides[i] == 3;
    if (mixed)
      fail_msg("%s: %d of %d regions lie on both sides of the border", dividers[d].name, mixed, count);
  }
  vt_image_free(image);
}

/* Without any colour to follow, SLICO and SEEDS give cells of nearly equal size. */
static void test_constant(void **state)
{
  vt_ctx *ctx = *state;
  enum { SIZE = 112 };
  vt_image *image;
  static int32_t labels[SIZE * SIZE];
  assert_ok(ctx, vt_image_new(ctx, SIZE, SIZE, 3, &image));
  memset(image->pixels, 90, vt_image_bytes(image));
  for (size_t d = 0; d < 2; d++) {
    int count, areas[256] = {0};
    assert_ok(ctx, dividers[d].divide(ctx, image, labels, &count));
    assert_division(ctx, labels, SIZE, SIZE, count);
    assert_in_range(count, 40, 64);
    for (int i = 0; i < SIZE * SIZE; i++)
      areas[labels[i]]++;
    for (int i = 0; i < count; i++)
      assert_in_range(areas[i], SIZE * SIZE / 49 / 2, SIZE * SIZE / 49 * 2);
  }
  /* a graph without differences is one set */
  int count;
  assert_ok(ctx, vt_felzenszwalb(ctx, image, 100, 0, 0, labels, &count));
  assert_int_equal(count, 1);
  vt_image_free(image);
}

static void test_odd_sizes(void **state)
{
  vt_ctx *ctx = *state;
  static const int sizes[][2] = {{1, 1}, {1, 2}, {1, 100}, {100, 1}, {3, 2}, {7, 7}, {5, 300}, {61, 17}};
  static int32_t labels[2000];
  for (size_t d = 0; d < VT_COUNT(dividers); d++)
    for (size_t i = 0; i < VT_COUNT(sizes); i++)
      for (int channels = 1; channels <= 3; channels += 2) {
        vt_image *image;
        int count;
        assert_ok(ctx, vt_image_new(ctx, sizes[i][0], sizes[i][1], channels, &image));
        for (size_t p = 0; p < vt_image_bytes(image); p++)
          image->pixels[p] = (uint8_t)vt_random_below(1, i, p, 256);
        assert_ok(ctx, dividers[d].divide(ctx, image, labels, &count));
        assert_division(ctx, labels, sizes[i][1], sizes[i][0], count);
        vt_image_free(image);
      }
}

static void test_settings_are_checked(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *image;
  int32_t labels[16];
  int count;
  assert_ok(ctx, vt_image_new(ctx, 4, 4, 3, &image));
  assert_fails(ctx, vt_slico(ctx, image, -1, 20, labels, &count, NULL), VT_ERROR_INVALID_ARGUMENT, "step");
  assert_fails(ctx, vt_slico(ctx, image, 2, 0, labels, &count, NULL), VT_ERROR_INVALID_ARGUMENT,
               "iterations");
  assert_fails(ctx, vt_seeds(ctx, image, 0, 3, labels, &count, NULL), VT_ERROR_INVALID_ARGUMENT, "regions");
  assert_fails(ctx, vt_seeds(ctx, image, 5, 0, labels, &count, NULL), VT_ERROR_INVALID_ARGUMENT, "levels");
  assert_fails(ctx, vt_felzenszwalb(ctx, image, -2, 0, 0, labels, &count), VT_ERROR_INVALID_ARGUMENT,
               "scale");
  assert_fails(ctx, vt_felzenszwalb(ctx, image, 1, -1, 0, labels, &count), VT_ERROR_INVALID_ARGUMENT,
               "sigma");
  volatile int stop = 1;
  vt_ctx_set_cancel(ctx, &stop);
  assert_fails(ctx, vt_slico(ctx, image, 2, 20, labels, &count, NULL), VT_ERROR_INTERRUPTED, "");
  vt_image_free(image);
}

/* ---- real photographs ---- */

enum { SIDE = 224, PIXELS = SIDE * SIDE };

/* Share of the colour variance that the regions' means explain. */
static double explained(const uint8_t *pixels, const int32_t *labels)
{
  static double sums[PIXELS][4];
  double mean[3] = {0}, between = 0, total = 0;
  memset(sums, 0, sizeof sums);
  for (int i = 0; i < PIXELS; i++) {
    sums[labels[i]][3] += 1;
    for (int c = 0; c < 3; c++) {
      sums[labels[i]][c] += pixels[3 * i + c];
      mean[c] += pixels[3 * i + c] / (double)PIXELS;
    }
  }
  for (int i = 0; i < PIXELS; i++)
    for (int c = 0; c < 3; c++) {
      double region = sums[labels[i]][c] / sums[labels[i]][3] - mean[c], pixel = pixels[3 * i + c] - mean[c];
      between += region * region;
      total += pixel * pixel;
    }
  return between / total;
}

/* A pixel whose right or lower neighbour has another label. */
static bool is_border(const int32_t *labels, int x, int y)
{
  const int32_t *here = labels + y * SIDE + x;
  return (x + 1 < SIDE && here[1] != here[0]) || (y + 1 < SIDE && here[SIDE] != here[0]);
}

/* Share of the borders of `truth` that have a border of `labels` at most 2 pixels away in both directions. */
static double recall(const int32_t *truth, const int32_t *labels)
{
  int found = 0, all = 0;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      if (!is_border(truth, x, y)) continue;
      bool near = false;
      for (int dy = -2; dy <= 2 && !near; dy++)
        for (int dx = -2; dx <= 2 && !near; dx++)
          near = x + dx >= 0 && y + dy >= 0 && x + dx < SIDE && y + dy < SIDE &&
                 is_border(labels, x + dx, y + dy);
      found += near;
      all++;
    }
  return (double)found / all;
}

/* Names in a shared folder that end in `ending`, without it; at most 64, in order. */
static int list_shared(const char *name, const char *ending, char names[64][128])
{
  struct dirent **entries;
  const char *path = shared_path(name);
  int all = path ? scandir(path, &entries, NULL, alphasort) : 0, count = 0;
  for (int i = 0; i < all; i++) {
    size_t length = strlen(entries[i]->d_name), tail = strlen(ending);
    if (length > tail && strcmp(entries[i]->d_name + length - tail, ending) == 0 && count < 64)
      snprintf(names[count++], 128, "%.*s", (int)(length - tail), entries[i]->d_name);
    free(entries[i]);
  }
  if (all > 0) free(entries);
  return count;
}

static void read_labels(vt_ctx *ctx, const char *path, int32_t *labels)
{
  vt_tensor *map;
  assert_ok(ctx, vt_label_map_read(ctx, path, &map));
  assert_int_equal(vt_tensor_count(map), PIXELS);
  memcpy(labels, vt_tensor_data(map), PIXELS * sizeof *labels);
}

static void test_golden_photographs(void **state)
{
  vt_ctx *ctx = *state;
  static char names[64][128], relative[256];
  static int32_t grid[PIXELS], truth[PIXELS], labels[PIXELS];
  int photos = list_shared("golden/lima", ".pixels.npy", names);
  if (photos == 0) skip();
  double variance[VT_COUNT(dividers)] = {0}, borders[VT_COUNT(dividers)] = {0}, grid_variance = 0,
         grid_borders = 0;
  for (int p = 0; p < photos; p++) {
    vt_image *image;
    snprintf(relative, sizeof relative, "golden/lima/%.127s.pixels.npy", names[p]);
    assert_ok(ctx, vt_image_read(ctx, shared_path(relative), NULL, &image));
    snprintf(relative, sizeof relative, "golden/lima/%.127s.slico.labels.npy", names[p]);
    read_labels(ctx, shared_path(relative), truth);
    snprintf(relative, sizeof relative, "golden/lima/%.127s.grid7.labels.npy", names[p]);
    read_labels(ctx, shared_path(relative), grid);
    double of_grid = explained(image->pixels, grid);
    grid_variance += of_grid / photos;
    grid_borders += recall(truth, grid) / photos;
    for (size_t d = 0; d < VT_COUNT(dividers); d++) {
      int count;
      assert_ok(ctx, dividers[d].divide(ctx, image, labels, &count));
      double share = explained(image->pixels, labels);
      if (share <= of_grid)
        fail_msg("%s on %s explains %g, the grid %g", dividers[d].name, names[p], share, of_grid);
      variance[d] += share / photos;
      borders[d] += recall(truth, labels) / photos;
    }
    vt_image_free(image);
  }
  printf("# %d golden photographs, grid: variance %.3f, recall %.3f\n", photos, grid_variance, grid_borders);
  for (size_t d = 0; d < VT_COUNT(dividers); d++)
    printf("# %s: variance %.3f, recall %.3f\n", dividers[d].name, variance[d], borders[d]);
  assert_true(variance[0] >= 0.70);
  assert_true(variance[1] >= 0.74);
  assert_true(borders[0] >= 0.54);
}

static void test_every_photograph(void **state)
{
  vt_ctx *ctx = *state;
  static char names[64][128], relative[256];
  static int32_t labels[PIXELS];
  int photos = list_shared("photos", ".jpg", names);
  const char *sidecar = shared_path("models/efficientnet_lite0.json");
  if (photos == 0 || !sidecar) skip();
  vt_preprocess *preprocess;
  assert_ok(ctx, vt_preprocess_read(ctx, sidecar, &preprocess));
  int fewest[VT_COUNT(dividers)], most[VT_COUNT(dividers)] = {0};
  for (size_t d = 0; d < VT_COUNT(dividers); d++)
    fewest[d] = PIXELS;
  for (int p = 0; p < photos; p++) {
    vt_image *photo, *picture;
    snprintf(relative, sizeof relative, "photos/%.127s.jpg", names[p]);
    assert_ok(ctx, vt_image_read(ctx, shared_path(relative), NULL, &photo));
    assert_ok(ctx, vt_preprocess_image(ctx, preprocess, photo, &picture, NULL));
    for (size_t d = 0; d < VT_COUNT(dividers); d++) {
      int count;
      assert_ok(ctx, dividers[d].divide(ctx, picture, labels, &count));
      assert_division(ctx, labels, SIDE, SIDE, count);
      if (count < 40 || count > 64)
        fail_msg("%s divides %s into %d regions", dividers[d].name, names[p], count);
      if (count < fewest[d]) fewest[d] = count;
      if (count > most[d]) most[d] = count;
    }
    vt_image_free(photo);
    vt_image_free(picture);
  }
  for (size_t d = 0; d < VT_COUNT(dividers); d++)
    printf("# %s: %d to %d regions on %d photographs\n", dividers[d].name, fewest[d], most[d], photos);
  vt_preprocess_free(preprocess);
}

/* A lone pixel of its own label and a corner cut off from its label are both too small to stay. */
static void test_merged_are_counted(void **state)
{
  vt_ctx *ctx = *state;
  int32_t labels[15] = {0, 0, 0, 1, 1, /**/ 0, 2, 0, 1, 1, /**/ 0, 0, 0, 1, 0};
  static const int32_t expected[15] = {0, 0, 0, 1, 1, /**/ 0, 0, 0, 1, 1, /**/ 0, 0, 0, 1, 1};
  int count, merged = -1;
  assert_ok(ctx, vt_regions_clean(ctx, labels, 3, 5, 2, &count, &merged));
  assert_int_equal(count, 2);
  assert_int_equal(merged, 2);
  assert_memory_equal(labels, expected, sizeof labels);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_components, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_small_regions_join_the_longest_border, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_merged_are_counted, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_two_colours, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_constant, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_odd_sizes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_settings_are_checked, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_golden_photographs, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_every_photograph, new_context, free_context),
  };
  return cmocka_run_group_tests_name("data/superpixels", tests, NULL, NULL);
}
