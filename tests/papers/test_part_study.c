/* SPDX-License-Identifier: Apache-2.0
 *
 * A study of parts on a model that is cheap and known: what is counted, that the truth itself is found, that
 * nothing depends on threads.
 */
#include <math.h>

#include "papers/part_study.h"
#include "test.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE, CLASSES = 12 };

/* Class k likes dark pixels of one row of blocks: it answers something else in different scenes. */
static vt_status answer(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx, (void)user;
  for (int n = 0; n < count; n++)
    for (int k = 0; k < CLASSES; k++) {
      double sum = 0;
      for (int i = 0; i < PIXELS; i++)
        sum += (i / SIDE / 5 == k ? 1 : 0) * (1 - (double)inputs[(size_t)n * 3 * PIXELS + (size_t)i]);
      outputs[n * CLASSES + k] = (float)(sum / 40);
    }
  return VT_OK;
}

static vt_study_options options_for(int seeds)
{
  return (vt_study_options){.world = "scenes/object",
                            .seed = 7,
                            .seeds = seeds,
                            .split = VT_TEST,
                            .count = 2,
                            .methods = "lima",
                            .regions = "grid:3x3",
                            .true_parts = true};
}

static int find(const vt_study *study, const char *title)
{
  for (int a = 0; a < study->arm_count; a++)
    if (strcmp(study->arms[a].title, title) == 0) return a;
  fail_msg("no row '%s'", title);
  return 0;
}

static void test_rows(void **state)
{
  vt_ctx *ctx = *state;
  vt_model *model;
  vt_study study;
  vt_study_options options = options_for(2);
  assert_ok(ctx, vt_model_from_function(ctx, answer, NULL, 3, SIDE, SIDE, CLASSES, true, &model));
  assert_ok(ctx, vt_study_run(ctx, model, &options, &study));
  assert_int_equal(study.arm_count, 6);
  assert_int_equal(study.scenes, 4);
  assert_int_equal(study.row_count, 24);
  assert_true(study.wrong > 0 && study.area > .02 && study.area < .4);
  int truth = find(&study, "truth itself"), lima = find(&study, "lima"),
      parts = find(&study, "lima on true parts"), centre = find(&study, "centre");
  vt_study_summary summary;
  /* spread over its pixels a part's effect sums to itself */
  assert_ok(ctx, vt_study_summarise(ctx, &study, truth, VT_STUDY_BY_SUM, &summary));
  assert_near(summary.mean, 1, 1e-6);
  assert_int_equal(summary.count, 4);
  /* the outline of the thing hits it whatever the model does, and knows no part from another */
  int outline = find(&study, "outline of the thing");
  assert_ok(ctx, vt_study_summarise(ctx, &study, outline, VT_STUDY_TOLERANT, &summary));
  assert_near(summary.mean, 1, 0);
  assert_ok(ctx, vt_study_summarise(ctx, &study, outline, VT_STUDY_AUC, &summary));
  assert_true(summary.mean > .9);
  /* 9 regions cost what 01-lima says of them, parts of a scene less; references ask nothing */
  assert_ok(ctx, vt_study_summarise(ctx, &study, lima, VT_STUDY_CALLS, &summary));
  assert_true(summary.mean > 30 && summary.spread == 0);
  assert_ok(ctx, vt_study_summarise(ctx, &study, parts, VT_STUDY_CALLS, &summary));
  assert_true(summary.mean > 0);
  assert_ok(ctx, vt_study_summarise(ctx, &study, centre, VT_STUDY_CALLS, &summary));
  assert_true(isnan(summary.mean) && summary.count == 0);
  /* means over seeds, by hand */
  double sums[2] = {0};
  for (size_t i = 0; i < study.row_count; i++)
    if (study.rows[i].arm == centre) sums[study.rows[i].seed - 7] += study.rows[i].values[VT_STUDY_AUC] / 2;
  assert_ok(ctx, vt_study_summarise(ctx, &study, centre, VT_STUDY_AUC, &summary));
  assert_near(summary.mean, (sums[0] + sums[1]) / 2, 1e-12);
  assert_near(summary.spread, fabs(sums[0] - sums[1]) / sqrt(2), 1e-12);
  assert_true(summary.interval.low <= summary.mean && summary.mean <= summary.interval.high);
  /* an arm less itself is nothing */
  assert_ok(ctx, vt_study_compare(ctx, &study, lima, lima, VT_STUDY_AUC, &summary));
  assert_near(summary.mean, 0, 0);
  /* every part is kept, and its effects are averaged by kind */
  vt_study_effect effect;
  double sum = 0;
  size_t count = 0;
  for (size_t i = 0; i < study.part_count; i++)
    if (study.parts[i].kind == VT_PART_KIT) sum += fabs(study.parts[i].logit), count++;
  assert_ok(ctx, vt_study_effect_of(ctx, &study, VT_PART_KIT, &effect));
  assert_int_equal(effect.count, count);
  assert_near(effect.logit_size, sum / (double)count, 1e-12);
  vt_study_free(&study);
  vt_model_free(model);
}

static char *told(vt_ctx *ctx, int threads)
{
  vt_model *model;
  vt_study study;
  json_t *json;
  char *text;
  vt_study_options options = options_for(1);
  vt_ctx_set_threads(ctx, threads);
  assert_ok(ctx, vt_model_from_function(ctx, answer, NULL, 3, SIDE, SIDE, CLASSES, true, &model));
  assert_ok(ctx, vt_study_run(ctx, model, &options, &study));
  assert_ok(ctx, vt_study_json(ctx, &study, model, &json));
  assert_int_equal(json_object_del(json, "timing"), 0);
  assert_ok(ctx, vt_json_text(ctx, json, &text));
  json_decref(json);
  vt_study_free(&study);
  vt_model_free(model);
  return text;
}

static void test_same_bytes(void **state)
{
  char *one = told(*state, 1), *two = told(*state, 2);
  assert_string_equal(one, two);
  vt_free(one);
  vt_free(two);
}

/* After the second scene the flag goes up: that many are kept, whole. */
typedef struct stopper {
  volatile int flag;
  int scenes;
} stopper;

static vt_status stop(vt_ctx *ctx, void *user, const vt_study *study, const vt_part_truth *truth,
                      const vt_study_row *rows, float *const *maps)
{
  (void)ctx, (void)study, (void)truth, (void)rows, (void)maps;
  stopper *stopped = user;
  stopped->flag = ++stopped->scenes == 2;
  return VT_OK;
}

static void test_interrupted(void **state)
{
  vt_ctx *ctx = *state;
  vt_model *model;
  vt_study study;
  stopper stopped = {0, 0};
  vt_study_options options = options_for(2);
  options.show = stop;
  options.user = &stopped;
  assert_ok(ctx, vt_model_from_function(ctx, answer, NULL, 3, SIDE, SIDE, CLASSES, true, &model));
  vt_ctx_set_cancel(ctx, &stopped.flag);
  assert_ok(ctx, vt_study_run(ctx, model, &options, &study));
  vt_ctx_set_cancel(ctx, NULL);
  assert_true(study.partial);
  assert_int_equal(study.scenes, 2);
  assert_int_equal(study.row_count, 12);
  assert_int_equal(study.rows[0].seed, 7); /* the seeds in turn */
  assert_int_equal(study.rows[6].seed, 8);
  for (size_t i = 0; i < study.part_count; i++)
    assert_true(study.parts[i].item == study.rows[0].item || study.parts[i].item == study.rows[6].item);
  vt_study_free(&study);
  vt_model_free(model);
}

static void test_refusals(void **state)
{
  vt_ctx *ctx = *state;
  vt_model *model;
  vt_study study;
  vt_study_options options = options_for(1);
  assert_ok(ctx, vt_model_from_function(ctx, answer, NULL, 3, SIDE, SIDE, CLASSES, true, &model));
  options.methods = "lime-green";
  assert_fails(ctx, vt_study_run(ctx, model, &options, &study), VT_ERROR_INVALID_ARGUMENT, "lime-green");
  options.methods = ",";
  assert_fails(ctx, vt_study_run(ctx, model, &options, &study), VT_ERROR_INVALID_ARGUMENT, "no method");
  options.methods = "grad-cam"; /* of a function nothing inside is known */
  assert_int_equal(vt_study_run(ctx, model, &options, &study), VT_ERROR_UNSUPPORTED);
  vt_ctx_clear(ctx);
  options = options_for(1);
  options.count = 100; /* it is right about one scene of twelve: 500 tries are not enough */
  assert_fails(ctx, vt_study_run(ctx, model, &options, &study), VT_ERROR_INVALID_ARGUMENT, "fewer than");
  vt_model_free(model);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_rows, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_same_bytes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_interrupted, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refusals, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/part_study", tests, NULL, NULL);
}
