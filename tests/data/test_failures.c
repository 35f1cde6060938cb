/* SPDX-License-Identifier: Apache-2.0
 *
 * Every allocation of the room refused once, one after the other: an error each time, nothing lost (the
 * sanitizer build sees leaks), and success when none is refused.
 */
#include "test.h"

#include "data/labels.h"
#include "data/masks.h"
#include "data/picture.h"
#include "tensor/tensor.h"

static char path[] = "/tmp/vitrail-failures-XXXXXX.npy";

typedef vt_status (*scenario)(vt_ctx *ctx);

/* 24×20 pixels of seeded noise in blocks, so that the dividers have fragments to merge. */
static vt_status noise(vt_ctx *ctx, vt_image **out)
{
  VT_TRY(vt_image_new(ctx, 24, 20, 3, out));
  for (size_t i = 0; i < vt_image_bytes(*out); i++)
    (*out)->pixels[i] = (uint8_t)vt_random_below(3, 1, i / 7, 256);
  return VT_OK;
}

static vt_status pictures(vt_ctx *ctx)
{
  vt_image *image = NULL, *resized = NULL, *blurred = NULL, *back = NULL;
  vt_status status = VT_OK;
  VT_TRY_DONE(noise(ctx, &image));
  VT_TRY_DONE(vt_image_resize(ctx, image, 10, 31, VT_BICUBIC, &resized));
  VT_TRY_DONE(vt_image_blur(ctx, resized, 1, 0, &blurred));
  VT_TRY_DONE(vt_image_write_png(ctx, blurred, path, (const char *[]){"key", "text", NULL}));
  VT_TRY_DONE(vt_image_read(ctx, path, NULL, &back));
done:
  vt_image_free(image);
  vt_image_free(resized);
  vt_image_free(blurred);
  vt_image_free(back);
  return status;
}

static vt_status nearest(vt_ctx *ctx)
{
  vt_image *image = NULL, *resized = NULL;
  vt_status status = VT_OK;
  VT_TRY_DONE(noise(ctx, &image));
  VT_TRY_DONE(vt_image_resize(ctx, image, 10, 31, VT_NEAREST, &resized));
done:
  vt_image_free(image);
  vt_image_free(resized);
  return status;
}

static vt_status superpixels(vt_ctx *ctx)
{
  vt_image *image = NULL;
  int32_t labels[24 * 20];
  int count;
  vt_status status = VT_OK;
  VT_TRY_DONE(noise(ctx, &image));
  VT_TRY_DONE(vt_slico(ctx, image, 0, 3, labels, &count, NULL));
  VT_TRY_DONE(vt_seeds(ctx, image, 12, 3, labels, &count, NULL));
  VT_TRY_DONE(vt_felzenszwalb(ctx, image, 50, 0.8, 4, labels, &count));
done:
  vt_image_free(image);
  return status;
}

static vt_status preprocessing(vt_ctx *ctx)
{
  static const char json[] =
      "{\"size\": 16, \"channels\": \"L\", \"output_name\": \"x\", \"labels\": [\"a\", \"b\"]}";
  vt_image *image = NULL, *out = NULL;
  vt_preprocess *preprocess = NULL;
  vt_status status = VT_OK;
  VT_TRY_DONE(vt_preprocess_parse(ctx, json, sizeof json - 1, NULL, &preprocess));
  VT_TRY_DONE(noise(ctx, &image));
  VT_TRY_DONE(vt_preprocess_image(ctx, preprocess, image, &out, NULL));
done:
  vt_preprocess_free(preprocess);
  vt_image_free(image);
  vt_image_free(out);
  return status;
}

static vt_status labels(vt_ctx *ctx)
{
  char **names;
  int count;
  VT_TRY(vt_write_file(ctx, path, "a\nb\nc\n", 6));
  VT_TRY(vt_labels_read(ctx, path, &names, &count));
  vt_labels_free(names, count);
  return VT_OK;
}

static vt_status masks(vt_ctx *ctx)
{
  static const char json[] =
      "[{\"size\": [3, 2], \"counts\": [2, 3, 1]}, {\"size\": [3, 2], \"counts\": \"231\"},"
      "[[0, 0, 1, 0, 1, 1]]]";
  vt_masks *out;
  VT_TRY(vt_masks_parse(ctx, json, sizeof json - 1, 0, 0, &out));
  vt_masks_free(out);
  return VT_OK;
}

static vt_status arrays(vt_ctx *ctx)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = VT_OK;
  vt_tensor *array = vt_tensor_new(ctx, VT_U8, 2, (int64_t[]){2, 2}), *back;
  if (!array) {
    status = vt_ctx_status(ctx);
    goto done;
  }
  memset(array->data, 1, 4);
  VT_TRY_DONE(vt_npy_write(ctx, path, array));
  VT_TRY_DONE(vt_npy_read(ctx, path, &back));
  VT_TRY_DONE(vt_label_map_read(ctx, path, &back));
done:
  vt_tensor_release(ctx, mark);
  return status;
}

static const struct {
  const char *name;
  scenario run;
} scenarios[] = {
    {"pictures", pictures},       {"nearest", nearest},
    {"superpixels", superpixels}, {"preprocessing", preprocessing},
    {"labels", labels},           {"masks", masks},
    {"arrays", arrays},
};

static void test_every_allocation(void **state)
{
  VT_UNUSED(state);
  for (size_t i = 0; i < VT_COUNT(scenarios); i++) {
    vt_status status = VT_ERROR_OUT_OF_MEMORY;
    long n = 0;
    while (status != VT_OK) {
      vt_ctx *ctx = vt_ctx_new();
      assert_ok(ctx, vt_init(ctx));
      vt_ctx_fail_allocation(ctx, ++n);
      status = scenarios[i].run(ctx);
      if (status != VT_OK && status != VT_ERROR_OUT_OF_MEMORY)
        fail_msg("%s, allocation %ld: %s", scenarios[i].name, n, vt_ctx_message(ctx));
      vt_ctx_free(ctx);
      if (n > 5000) fail_msg("%s never succeeds", scenarios[i].name);
    }
    printf("# %s: %ld allocations\n", scenarios[i].name, n - 1);
    assert_true(n > 2);
  }
}

static int make_file(void **state)
{
  VT_UNUSED(state);
  int file = mkstemps(path, 4);
  return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
  VT_UNUSED(state);
  return unlink(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
  return cmocka_run_group_tests_name("data/failures", tests, make_file, remove_file);
}
