/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedules by their formulas; one step of training, and what it does when numbers end.
 */
#include <math.h>

#include "nn/layers.h"
#include "nn/schedule.h"
#include "nn/step.h"
#include "test.h"

static vt_schedule_settings schedule(vt_ctx *ctx, const char *kind, const char *warmup)
{
  vt_schedule_settings settings;
  const vt_field *fields = vt_schedule_fields;
  size_t count = vt_schedule_field_count;
  assert_ok(ctx, vt_params_defaults(ctx, fields, count, &settings, sizeof settings));
  assert_ok(ctx, vt_params_set(ctx, fields, count, &settings, "sched", kind));
  assert_ok(ctx, vt_params_set(ctx, fields, count, &settings, "warmup", warmup));
  settings.floor = .1;
  return settings;
}

static void free_schedule(vt_schedule_settings *settings)
{
  vt_params_free(vt_schedule_fields, vt_schedule_field_count, settings);
}

static void test_schedules(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *kind;
    int64_t step;
    double share;
  } expected[] = {
      {"constant", 50, 1}, {"cosine", 20, 1},  {"cosine", 60, .55},       {"linear", 60, .55},
      {"linear", 100, .1}, {"wsd", 79, 1},     {"wsd", 85, .1 + .9 * .5}, {"poly", 100, .1},
      {"step", 49, 1},     {"step", 50, .1},   {"step", 75, .01},         {"epoch", 29, .1},
      {"epoch", 30, .01},  {"plateau", 99, 1},
  };
  for (size_t i = 0; i < VT_COUNT(expected); i++) {
    vt_schedule_settings settings = schedule(ctx, expected[i].kind, "20"), early = settings;
    assert_near(vt_schedule_share(&settings, 0, 100, 15), .05, 1e-12);
    assert_near(vt_schedule_share(&settings, 19, 100, 15), 1, 1e-12);
    double share = vt_schedule_share(&settings, expected[i].step, 100, 15);
    if (fabs(share - expected[i].share) > 1e-9)
      fail_msg("%s at %d: %g, not %g", expected[i].kind, (int)expected[i].step, share, expected[i].share);
    early.warmup = .2; /* the same, as a share */
    assert_true(vt_schedule_share(&early, expected[i].step, 100, 15) == share);
    free_schedule(&settings);
  }
  vt_schedule_settings last = schedule(ctx, "linear", "0");
  last.cooldown = .2;
  assert_near(vt_schedule_share(&last, 79, 100, 0), 1, 1e-12);
  assert_near(vt_schedule_share(&last, 90, 100, 0), .55, 1e-12);
  free_schedule(&last);
}

static void test_plateau(void **state)
{
  vt_ctx *ctx = *state;
  vt_schedule_settings settings = schedule(ctx, "plateau", "0");
  vt_plateau plateau = vt_plateau_begin();
  static const double values[] = {.5, .6, .6, .55, .59, .7, .7};
  static const double shares[] = {1, 1, 1, 1, .1, .1, .1}; /* three without improvement behind .6 */
  for (size_t i = 0; i < VT_COUNT(values); i++) {
    vt_plateau_tell(&settings, &plateau, values[i], false);
    assert_near(plateau.share, shares[i], 1e-12);
  }
  free_schedule(&settings);
}

/* ---- steps ---- */

typedef struct task {
  vt_tensor *x, *y;
  double scale;        /* of the output, to drive it to infinity */
  int64_t first, last; /* rows used */
} task;

static void loss(vt_scope s, void *user, vt_losses *losses)
{
  task *t = user;
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *x = vt_slice(ctx, t->x, 0, t->first, t->last), *y = vt_slice(ctx, t->y, 0, t->first, t->last);
  vt_tensor *hidden = vt_activate(ctx, vt_linear(vt_sub(s, "in"), x, 8, VT_BIAS), VT_TANH);
  hidden = vt_batch_norm(vt_sub(s, "norm"), hidden, 0, false);
  vt_tensor *out = vt_linear(vt_sub(s, "out"), hidden, 1, VT_BIAS);
  out = vt_times(ctx, vt_times(ctx, out, t->scale), t->scale);
  vt_losses_add(losses, "squares", vt_mean_all(ctx, vt_square(ctx, vt_sub_of(ctx, out, y))), 1);
  vt_losses_add(losses, "size", vt_mean_all(ctx, vt_square(ctx, hidden)), 0);
}

static task make_task(vt_ctx *ctx)
{
  task t = {.scale = 1, .last = 32};
  t.x = vt_tensor_new(ctx, VT_F32, 2, (int64_t[]){32, 3});
  t.y = vt_tensor_new(ctx, VT_F32, 2, (int64_t[]){32, 1});
  for (int i = 0; i < 32; i++) {
    float *x = (float *)t.x->data + 3 * i;
    for (int k = 0; k < 3; k++)
      x[k] = (float)vt_random_normal(3, 0, (uint64_t)(3 * i + k));
    ((float *)t.y->data)[i] = x[0] * x[1] - .5f * x[2];
  }
  return t;
}

/* The loss falls; two halves as two passes give the gradient of the whole (without the norm layer's own
 * statistics this would be exact: here the reports are compared). */
static void test_training(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  vt_step *step;
  vt_step_report report, first = {0};
  vt_optimiser_settings settings = vt_optimiser_default();
  task t = make_task(ctx);
  assert_ok(ctx, vt_parameters_new(ctx, 5, &parameters));
  assert_ok(ctx, vt_step_new(ctx, parameters, &settings, 5, &step));
  size_t before = vt_tensor_mark(ctx);
  for (int i = 0; i < 200; i++) {
    assert_ok(ctx, vt_train_step(ctx, step, loss, &t, .02, &report));
    if (i == 0) first = report;
  }
  assert_int_equal(vt_tensor_mark(ctx), before); /* nothing is left behind */
  assert_true(report.loss < .05 * first.loss);
  assert_true(report.norm > 0);
  assert_int_equal(report.part_count, 2);
  assert_string_equal(report.parts[0].name, "squares");
  assert_true(report.parts[0].value == report.loss); /* the other has no weight */
  assert_true(report.parts[1].value > .5);
  assert_int_equal(step->updates, 200);
  vt_step_report halves = {0};
  double losses = 0;
  for (int half = 0; half < 2; half++) {
    vt_step_report one = {0};
    t.first = 16 * half;
    t.last = t.first + 16;
    assert_ok(ctx, vt_step_pass(ctx, step, loss, &t, .5, &one));
    losses += .5 * one.loss;
    vt_parameters_drop_gradients(parameters);
    assert_ok(ctx, vt_step_pass(ctx, step, loss, &t, .5, &halves));
  }
  assert_int_equal(halves.passes, 2);
  assert_near(halves.loss, losses, 1e-9);
  vt_step_free(step);
  vt_parameters_free(parameters);
}

/* Infinity: the message says where, and nothing has changed, running statistics included. */
static void test_not_finite(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  vt_step *step;
  vt_optimiser_settings settings = vt_optimiser_default();
  task t = make_task(ctx);
  assert_ok(ctx, vt_parameters_new(ctx, 5, &parameters));
  assert_ok(ctx, vt_step_new(ctx, parameters, &settings, 5, &step));
  assert_ok(ctx, vt_train_step(ctx, step, loss, &t, .02, NULL));
  vt_parameter *mean = vt_parameters_find(parameters, "norm.running_mean"),
               *weight = vt_parameters_find(parameters, "in.weight");
  float mean_before[8], weight_before[24];
  memcpy(mean_before, mean->value->data, sizeof mean_before);
  memcpy(weight_before, weight->value->data, sizeof weight_before);
  t.scale = 1e25;
  assert_fails(ctx, vt_train_step(ctx, step, loss, &t, .02, NULL), VT_ERROR_NOT_FINITE,
               "step 2: the loss is not finite (squares is inf)");
  assert_memory_equal(mean->value->data, mean_before, sizeof mean_before);
  assert_memory_equal(weight->value->data, weight_before, sizeof weight_before);
  assert_null(weight->gradient);
  assert_int_equal(step->run.step, 1);
  /* the message also has the first parameter behind which gradients end */
  vt_status status = vt_train_step(ctx, step, loss, &t, .02, NULL);
  assert_int_equal(status, VT_ERROR_NOT_FINITE);
  assert_non_null(strstr(vt_ctx_message(ctx), "gradient of parameter in.weight"));
  vt_ctx_clear(ctx);
  t.scale = 1;
  assert_ok(ctx, vt_train_step(ctx, step, loss, &t, .02, NULL));
  vt_step_free(step);
  vt_parameters_free(parameters);
}

/* Weights from outside; a name that no part has is an error that lists them. */
static void test_weights(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  vt_step *step;
  vt_step_report report;
  vt_optimiser_settings settings = vt_optimiser_default();
  task t = make_task(ctx);
  vt_loss_weight weights[] = {{"size", 2}, {"squares", .5}}, wrong = {"sizes", 1};
  assert_ok(ctx, vt_parameters_new(ctx, 5, &parameters));
  assert_ok(ctx, vt_step_new(ctx, parameters, &settings, 5, &step));
  step->override_count = 2;
  step->overrides = weights;
  assert_ok(ctx, vt_train_step(ctx, step, loss, &t, .02, &report));
  assert_near(report.loss, .5 * report.parts[0].value + 2 * report.parts[1].value, 1e-5);
  step->override_count = 1;
  step->overrides = &wrong;
  assert_fails(ctx, vt_train_step(ctx, step, loss, &t, .02, &report), VT_ERROR_INVALID_ARGUMENT,
               "no part 'sizes'; it has: squares, size");
  vt_step_free(step);
  vt_parameters_free(parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_schedules, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_plateau, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_training, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_not_finite, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_weights, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/step", tests, NULL, NULL);
}
