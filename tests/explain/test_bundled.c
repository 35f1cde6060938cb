/* SPDX-License-Identifier: Apache-2.0
 *
 * The model inside the library: it opens, says what it is, and knows the drawings it was made for, whole and
 * with holes.
 */
#include "explain/bundled.h"
#include "explain/model.h"
#include "test.h"
#include "worlds/corrupt.h"
#include "worlds/world.h"

static void test_opens(void **state)
{
  static const char *const classes[] = {"cart",   "tanker", "buggy", "racer", "robot", "sheep",
                                        "turtle", "goat",   "kite",  "fish",  "bat",   "rocket"};
  vt_ctx *ctx = *state;
  vt_model *model;
  int channels, height, width;
  assert_ok(ctx, vt_model_open_bundled(ctx, NULL, NULL, &model));
  assert_int_equal(vt_model_classes(model), VT_COUNT(classes));
  const char *notice = vt_model_notice(model);
  assert_non_null(notice);
  for (int i = 0; i < (int)VT_COUNT(classes); i++) {
    assert_string_equal(vt_model_class_name(model, i), classes[i]);
    assert_non_null(strstr(notice, classes[i]));
  }
  assert_non_null(strstr(notice, "no judge of photographs"));
  assert_null(vt_model_assumption(model, 0)); /* the sidecar says everything */
  assert_int_equal(strlen(vt_model_sha256(model)), 64);
  vt_model_input_size(model, &channels, &height, &width);
  assert_int_equal(channels, 3);
  assert_int_equal(height, 64);
  assert_int_equal(width, 64);
  assert_true(vt_model_gives_logits(model));
  assert_true(vt_bundled_onnx_size < 4000000);
  vt_model_free(model);
}

static void test_inner_names(void **state)
{
  vt_ctx *ctx = *state;
  vt_model *model;
  assert_ok(ctx, vt_model_open_bundled(ctx, "logits", "pooled", &model));
  assert_int_equal(vt_model_embedding_floats(model), 64);
  vt_model_free(model);
  assert_fails(ctx, vt_model_open_bundled(ctx, "logit", NULL, &model), VT_ERROR_INVALID_ARGUMENT, "bundled");
  assert_null(model);
  assert_fails(ctx, vt_model_open_bundled(ctx, NULL, "poled", &model), VT_ERROR_INVALID_ARGUMENT, "bundled");
  assert_null(model);
}

/* Every allocation may fail, the later ones by samples; leaks are the sanitizer's to find. */
static void test_out_of_memory(void **unused)
{
  bool survived = false;
  VT_UNUSED(unused);
  for (long n = 1; n < 1000000 && !survived; n += 1 + n / 16) {
    vt_ctx *ctx = vt_ctx_new();
    vt_model *model = NULL;
    assert_non_null(ctx);
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_model_open_bundled(ctx, NULL, NULL, &model);
    survived = status == VT_OK;
    if (!survived) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    if (!survived) assert_null(model);
    vt_ctx_fail_allocation(ctx, 0);
    vt_model_free(model);
    vt_ctx_free(ctx);
  }
  assert_true(survived);
}

/* ---- what it knows ---- */

enum { PICTURES = 200, SIDE = 64 };

typedef struct seen {
  const vt_model *model;
  vt_image pictures[PICTURES];
  int labels[PICTURES], answers[PICTURES];
} seen;

static void compose(void *user, int item, float *input)
{
  const seen *of = user;
  vt_preprocess_floats(vt_model_preprocess(of->model), &of->pictures[item], input);
}

static void take(void *user, int item, const float *output, const float *embedding)
{
  seen *of = user;
  VT_UNUSED(embedding);
  int best = 0;
  for (int c = 1; c < vt_model_classes(of->model); c++)
    if (output[c] > output[best]) best = c;
  of->answers[item] = best;
}

/* Share of right answers on test pictures of a world that it was not trained on; `kept` below 1: only this
 * share of the blocks of 8 × 8 pixels is left, the rest black. */
static double accuracy(vt_ctx *ctx, double kept)
{
  vt_world *world;
  vt_model *model;
  seen *of = vt_alloc_zero(ctx, 1, sizeof *of);
  assert_non_null(of);
  assert_ok(ctx, vt_model_open_bundled(ctx, NULL, NULL, &model));
  assert_ok(ctx, vt_world_open(ctx, "scenes/object", NULL, 0, 4711, &world));
  void *record = vt_alloc_zero(ctx, 1, world->preset->record_size);
  assert_non_null(record);
  vt_item items[PICTURES] = {0};
  for (int i = 0; i < PICTURES; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, record));
    assert_ok(ctx, vt_world_show(ctx, world, record, &items[i]));
    assert_int_equal(items[i].width, SIDE);
    of->labels[i] = (int)json_integer_value(json_object_get(items[i].truth, "label"));
    of->pictures[i] = (vt_image){SIDE, SIDE, 3, items[i].image};
    if (kept < 1) vt_erase_blocks(items[i].image, SIDE, SIDE, kept, (uint64_t)i, NULL);
  }
  of->model = model;
  assert_ok(ctx, vt_model_run(ctx, model, PICTURES, 50, compose, take, of));
  int right = 0;
  for (int i = 0; i < PICTURES; i++) {
    right += of->answers[i] == of->labels[i];
    vt_item_free(&items[i]);
  }
  vt_free(record);
  vt_free(of);
  vt_world_close(world);
  vt_model_free(model);
  return right / (double)PICTURES;
}

static void test_knows_drawings(void **state)
{
  vt_ctx *ctx = *state;
  double whole = accuracy(ctx, 1), half = accuracy(ctx, .5);
  if (whole < .97) fail_msg("%.3f of whole drawings are right", whole);
  if (half < .85) fail_msg("%.3f of drawings that lack half of their blocks are right", half);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_opens, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_inner_names, new_context, free_context),
      cmocka_unit_test(test_out_of_memory),
      cmocka_unit_test_setup_teardown(test_knows_drawings, new_context, free_context),
  };
  return cmocka_run_group_tests_name("explain/bundled", tests, NULL, NULL);
}
