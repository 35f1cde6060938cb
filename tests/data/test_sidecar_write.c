/* SPDX-License-Identifier: Apache-2.0
 *
 * Sidecars written and read again.
 */
#include <math.h>

#include "test.h"
#include "vitrail/data.h"

static char folder[] = "/tmp/vitrail-sidecar-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/model.json", folder);
  return 0;
}

static int remove_folder(void **state)
{
  (void)state;
  return rmdir(folder);
}

static void assert_same(const vt_preprocess *a, const vt_preprocess *b)
{
  assert_int_equal(a->height, b->height);
  assert_int_equal(a->width, b->width);
  assert_int_equal(a->resize, b->resize);
  assert_int_equal(a->resize_to, b->resize_to);
  assert_int_equal(a->center_crop, b->center_crop);
  assert_int_equal(a->interpolation, b->interpolation);
  assert_true(a->scale == b->scale);
  assert_int_equal(a->channels, b->channels);
  for (int c = 0; c < a->channels; c++)
    assert_true(a->mean[c] == b->mean[c] && a->std[c] == b->std[c]);
  assert_int_equal(a->channels_last, b->channels_last);
  assert_int_equal(a->bgr, b->bgr);
  assert_int_equal(a->output, b->output);
  assert_string_equal(a->output_name ? a->output_name : "", b->output_name ? b->output_name : "");
  assert_int_equal(a->label_count, b->label_count);
  for (int i = 0; i < a->label_count; i++)
    assert_string_equal(a->labels[i], b->labels[i]);
}

/* No setting at its default, numbers that no short text holds. */
static void every_setting(void **state)
{
  vt_ctx *ctx = *state;
  char *labels[] = {"ciel bleu", "\"quoted\"", "épi"};
  vt_preprocess settings = {.height = 48,
                            .width = 40,
                            .resize_to = 56,
                            .resize = VT_RESIZE_SHORT_SIDE,
                            .center_crop = true,
                            .interpolation = VT_BILINEAR,
                            .scale = 1.0 / 3,
                            .mean = {0.1, -2.0 / 7, 1e-9},
                            .std = {M_PI, 0.25, 1e12},
                            .channels_last = true,
                            .channels = 3,
                            .bgr = true,
                            .output = VT_OUTPUT_LOGITS,
                            .output_name = "logits",
                            .labels = labels,
                            .label_count = 3};
  vt_preprocess *again;
  assert_ok(ctx, vt_sidecar_write(ctx, path, &settings));
  assert_ok(ctx, vt_preprocess_read(ctx, path, &again));
  assert_same(again, &settings);
  vt_preprocess_free(again);
  settings = (vt_preprocess){.resize = VT_RESIZE_STRETCH, .scale = 1, .std = {1, 1, 1, 1}, .channels = 1};
  assert_ok(ctx, vt_sidecar_write(ctx, path, &settings));
  assert_ok(ctx, vt_preprocess_read(ctx, path, &again));
  assert_same(again, &settings);
  vt_preprocess_free(again);
  unlink(path);
}

/* Settings that a reader would refuse, and a folder that is not there: no file. */
static void refused(void **state)
{
  vt_ctx *ctx = *state;
  char missing[96];
  vt_preprocess settings = {.scale = 0, .std = {1, 1, 1}, .channels = 3, .resize = VT_RESIZE_STRETCH};
  assert_fails(ctx, vt_sidecar_write(ctx, path, &settings), VT_ERROR_INVALID_ARGUMENT, "\"scale\"");
  settings.scale = 1;
  settings.std[1] = 0;
  assert_fails(ctx, vt_sidecar_write(ctx, path, &settings), VT_ERROR_INVALID_ARGUMENT, "\"std\"");
  assert_false(vt_file_exists(path));
  settings.std[1] = 1;
  snprintf(missing, sizeof missing, "%s/none/model.json", folder);
  assert_fails(ctx, vt_sidecar_write(ctx, missing, &settings), VT_ERROR_NO_SUCH_FILE, "none/model.json");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_setting, new_context, free_context),
      cmocka_unit_test_setup_teardown(refused, new_context, free_context),
  };
  return cmocka_run_group_tests_name("data/sidecar_write", tests, make_folder, remove_folder);
}
