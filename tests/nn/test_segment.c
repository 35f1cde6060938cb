/* SPDX-License-Identifier: Apache-2.0
 *
 * Overlap of classes, and the task of segmentation, against numbers counted by hand.
 */
#include <math.h>

#include "nn/segment.h"
#include "test.h"

/* Three classes, 0 is void:
 *
 *   truth      1 1 2     prediction  1 2 2
 *              2 0 1                 2 1 0
 *
 * The void pixel counts nothing. Class 1: both 1, truth 3, predicted 1: 1/3. Class 2: both 2, truth 2,
 * predicted 3: 2/3. Mean 1/2; 3 of 5 pixels right. */
static const int64_t truth[6] = {1, 1, 2, 2, 0, 1}, predicted[6] = {1, 2, 2, 2, 1, 0};

static void test_overlap(void **state)
{
  vt_ctx *ctx = *state;
  vt_overlap overlap;
  assert_ok(ctx, vt_overlap_new(ctx, 4, 0, &overlap)); /* nothing is of class 3 */
  for (int i = 0; i < 6; i++)
    vt_overlap_add(&overlap, truth[i], predicted[i]);
  assert_near(vt_overlap_iou(&overlap, 1), 1. / 3, 1e-15);
  assert_near(vt_overlap_iou(&overlap, 2), 2. / 3, 1e-15);
  assert_true(isnan(vt_overlap_iou(&overlap, 3)));
  assert_near(vt_overlap_mean(&overlap), .5, 1e-15);
  assert_near(vt_overlap_accuracy(&overlap), .6, 1e-15);
  /* one wrong pixel brings class 3 in, with 0: (1/4 + 2/3 + 0) / 3 */
  vt_overlap_add(&overlap, 1, 3);
  assert_near(vt_overlap_mean(&overlap), 11. / 36, 1e-15);
  vt_overlap_free(&overlap);
}

/* Without a class to ignore the void pixel counts, as class 0: both 0, truth 1, predicted 1. */
static void test_nothing_ignored(void **state)
{
  vt_ctx *ctx = *state;
  vt_overlap overlap;
  assert_ok(ctx, vt_overlap_new(ctx, 3, -1, &overlap));
  for (int i = 0; i < 6; i++)
    vt_overlap_add(&overlap, truth[i], predicted[i]);
  assert_near(vt_overlap_iou(&overlap, 0), 0, 0);
  assert_near(vt_overlap_iou(&overlap, 1), .25, 1e-15);
  assert_near(vt_overlap_mean(&overlap), (0 + .25 + 2. / 3) / 3, 1e-15);
  assert_near(vt_overlap_accuracy(&overlap), .5, 1e-15);
  vt_overlap_free(&overlap);
  assert_fails(ctx, vt_overlap_new(ctx, 0, -1, &overlap), VT_ERROR_INVALID_ARGUMENT, "0 classes");
  vt_overlap_free(&overlap);
}

/* ---- the task: a model that gives its input back ---- */

static vt_tensor *same(vt_scope s, vt_tensor *x, const void *settings)
{
  VT_UNUSED(s), VT_UNUSED(settings);
  return x;
}

/* The case above as two pictures of 1 × 3 pixels whose scores are 1 at the prediction, 0 elsewhere. */
static vt_dataset *make_set(vt_ctx *ctx, const int64_t *mask)
{
  static const char *const names[] = {"image", "mask"};
  vt_tensor *image = vt_tensor_new(ctx, VT_F32, 4, (int64_t[]){2, 3, 1, 3});
  vt_tensor *target = vt_tensor_new(ctx, VT_I64, 3, (int64_t[]){2, 1, 3});
  vt_dataset *set;
  assert_true(image && target);
  for (int i = 0; i < 6; i++) {
    ((int64_t *)target->data)[i] = mask[i];
    for (int k = 0; k < 3; k++)
      ((float *)image->data)[(i / 3 * 3 + k) * 3 + i % 3] = predicted[i] == k;
  }
  assert_ok(ctx, vt_dataset_tensors(ctx, "by hand", 2, names, (vt_tensor *[]){image, target}, &set));
  return set;
}

static void test_task(void **state)
{
  static const char *const names[] = {"void", "ground", "thing"};
  vt_ctx *ctx = *state;
  vt_segment segment = {.model = same, .classes = 3, .ignore = 0, .names = names};
  vt_learning_task task = vt_segment_task(&segment);
  vt_dataset *set = make_set(ctx, truth);
  vt_run run = {.ctx = ctx};
  assert_ok(ctx, vt_parameters_new(ctx, 0, &run.parameters));
  for (int64_t batch = 1; batch <= 2; batch++) { /* sums go over the set, not over batches */
    vt_measures measures = {0};
    assert_ok(ctx, task.measure(&run, set, batch, task.user, &measures));
    assert_int_equal(measures.count, 4);
    assert_string_equal(measures.items[0].name, "miou");
    assert_near(measures.items[0].value, .5, 1e-15);
    assert_near(vt_measures_get(&measures, "accuracy"), .6, 1e-15);
    assert_near(vt_measures_get(&measures, "iou.ground"), 1. / 3, 1e-15);
    assert_near(vt_measures_get(&measures, "iou.thing"), 2. / 3, 1e-15);
  }
  /* loss: 3 pixels right with log(1 + 2/e), 2 wrong with that + 1, f32 */
  vt_batch batch;
  uint32_t fields;
  assert_ok(ctx, vt_fields_of(ctx, set, task.fields, &fields));
  assert_ok(ctx, vt_batch_make(ctx, set, (int64_t[]){0, 1}, 2, 0, &fields, &batch));
  vt_losses losses = {.ctx = ctx};
  task.loss(vt_root(&run), &batch, task.user, &losses);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(losses.count, 1);
  assert_near((double)((float *)losses.parts[0].value->data)[0], log(1 + 2 / exp(1)) + .4, 1e-6);
  vt_dataset_free(set);
  vt_run_end(&run);
  vt_parameters_free(run.parameters);
}

static void test_task_refusals(void **state)
{
  vt_ctx *ctx = *state;
  vt_segment segment = {.model = same, .classes = 3, .ignore = 0};
  vt_learning_task task = vt_segment_task(&segment);
  vt_dataset *set = make_set(ctx, (int64_t[]){1, 1, 2, 2, 3, 1});
  vt_measures measures = {0};
  vt_run run = {.ctx = ctx};
  assert_ok(ctx, vt_parameters_new(ctx, 0, &run.parameters));
  assert_fails(ctx, task.measure(&run, set, 2, task.user, &measures), VT_ERROR_INVALID_DATA,
               "item 1: class 3 in 'mask'; the model has 3");
  segment.classes = 4;
  assert_fails(ctx, task.measure(&run, set, 2, task.user, &measures), VT_ERROR_INVALID_MODEL,
               "segments into 4 classes");
  assert_int_equal(measures.count, 0);
  vt_dataset_free(set);
  vt_run_end(&run);
  vt_parameters_free(run.parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_overlap, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_nothing_ignored, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_task, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_task_refusals, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/segment", tests, NULL, NULL);
}
