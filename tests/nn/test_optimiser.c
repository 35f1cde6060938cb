/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers against their formulas in doubles, schedules against values worked out by hand.
 */
#include "test.h"

#include <math.h>

#include "nn/layers.h"
#include "nn/optimiser.h"

enum { SIZE = 6, STEPS = 25 };

static vt_optimiser_settings defaults(vt_ctx *ctx)
{
  vt_optimiser_settings settings;
  assert_ok(ctx, vt_params_defaults(ctx, vt_optimiser_fields, vt_optimiser_field_count, &settings,
                                    sizeof settings));
  settings.schedule = VT_SCHEDULE_CONSTANT;
  settings.warmup = 0;
  return settings;
}

/* Σ a_i w_i² / 2 + b_i w_i, so that the gradient is a_i w_i + b_i. */
static double slope(int i, double w)
{
  return (1 + .5 * i) * w - .3 * i;
}

static vt_tensor *quadratic(vt_scope s, void *user)
{
  vt_ctx *ctx = s.run->ctx;
  (void)user;
  vt_tensor *w = vt_param(s, "w", VT_DIMS(2, SIZE / 2), VT_NORMAL(1));
  vt_tensor *a = vt_filled(ctx, VT_DIMS(2, SIZE / 2), 0), *b = vt_filled(ctx, VT_DIMS(2, SIZE / 2), 0);
  for (int i = 0; i < SIZE; i++) {
    ((float *)a->data)[i] = 1 + .5f * (float)i;
    ((float *)b->data)[i] = -.3f * (float)i;
  }
  vt_tensor *square = vt_times(ctx, vt_mul(ctx, a, vt_square(ctx, w)), .5);
  return vt_sum_all(ctx, vt_add(ctx, square, vt_mul(ctx, b, w)));
}

static void formula(const vt_optimiser_settings *o, double *w)
{
  double m[SIZE] = {0}, v[SIZE] = {0};
  for (int t = 1; t <= STEPS; t++) {
    double g[SIZE], norm = 0;
    for (int i = 0; i < SIZE; i++) {
      g[i] = slope(i, w[i]);
      norm += g[i] * g[i];
    }
    norm = sqrt(norm);
    for (int i = 0; i < SIZE; i++) {
      if (o->clip > 0 && norm > o->clip) g[i] *= o->clip / norm;
      if (o->kind != VT_ADAMW) g[i] += o->decay * w[i];
      if (o->kind == VT_SGD) {
        m[i] = t == 1 ? g[i] : o->momentum * m[i] + g[i];
        w[i] -= o->rate * (o->nesterov ? g[i] + o->momentum * m[i] : m[i]);
        continue;
      }
      m[i] = o->beta1 * m[i] + (1 - o->beta1) * g[i];
      v[i] = o->beta2 * v[i] + (1 - o->beta2) * g[i] * g[i];
      if (o->kind == VT_ADAMW) w[i] -= o->rate * o->decay * w[i];
      double root = sqrt(v[i] / (1 - pow(o->beta2, t))) + o->epsilon;
      w[i] -= o->rate * m[i] / (1 - pow(o->beta1, t)) / root;
    }
  }
}

/* Where a gradient passes through zero, Adam makes a full step of its rounding: hence not nearer. */
static void compare(vt_ctx *ctx, const vt_optimiser_settings *settings)
{
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 5, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters, .training = true};
  quadratic(vt_root(&run), NULL);
  double expected[SIZE], value, first = 0;
  const float *w = vt_parameters_find(parameters, "w")->value->data;
  for (int i = 0; i < SIZE; i++)
    expected[i] = (double)w[i];
  formula(settings, expected);
  for (int t = 0; t < STEPS; t++) {
    assert_ok(ctx, vt_optimiser_train(&run, settings, t, STEPS, quadratic, NULL, &value));
    if (t == 0) first = value;
  }
  assert_true(value < first);
  for (int i = 0; i < SIZE; i++)
    if (!(fabs((double)w[i] - expected[i]) < 2e-5 * (1 + fabs(expected[i]))))
      fail_msg("kind %d, clip %g: element %d is %.9g, expected %.9g", settings->kind, settings->clip, i,
               (double)w[i], expected[i]);
  vt_run_end(&run);
  vt_parameters_free(parameters);
}

static void test_formulas(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  vt_optimiser_settings settings = defaults(ctx);
  settings.rate = .03;
  settings.decay = .1;
  compare(ctx, &settings);
  settings.clip = 1;
  compare(ctx, &settings);
  settings.kind = VT_ADAM;
  compare(ctx, &settings);
  settings.kind = VT_SGD;
  compare(ctx, &settings);
  settings.momentum = .8;
  compare(ctx, &settings);
  settings.nesterov = true;
  compare(ctx, &settings);
  vt_ctx_free(ctx);
}

static void test_schedules(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  vt_optimiser_settings s = defaults(ctx);
  s.rate = 2;
  s.floor = .1;
  assert_true(vt_schedule_rate(&s, 77, 100) == 2);
  s.schedule = VT_SCHEDULE_COSINE;
  assert_true(fabs(vt_schedule_rate(&s, 50, 100) - 2 * (.1 + .9 * .5)) < 1e-12);
  assert_true(fabs(vt_schedule_rate(&s, 100, 100) - .2) < 1e-12);
  s.warmup = .1;
  assert_true(fabs(vt_schedule_rate(&s, 0, 100) - 2. / 11) < 1e-12);
  assert_true(fabs(vt_schedule_rate(&s, 9, 100) - 20. / 11) < 1e-12);
  assert_true(fabs(vt_schedule_rate(&s, 10, 100) - 2) < 1e-12);
  s.schedule = VT_SCHEDULE_WSD;
  assert_true(vt_schedule_rate(&s, 70, 100) == 2);
  assert_true(fabs(vt_schedule_rate(&s, 91, 100) - 2 * (1 - .9 * .5)) < 1e-12);
  vt_ctx_free(ctx);
}

static vt_tensor *broken(vt_scope s, void *user)
{
  const double *factor = user;
  return vt_times(s.run->ctx, quadratic(s, NULL), *factor);
}

/* A loss or gradient that is not finite changes nothing. */
static void test_not_finite(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  vt_optimiser_settings settings = defaults(ctx);
  assert_ok(ctx, vt_parameters_new(ctx, 5, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters, .training = true};
  quadratic(vt_root(&run), NULL);
  float before[SIZE];
  memcpy(before, vt_parameters_find(parameters, "w")->value->data, sizeof before);
  double infinite = INFINITY, value;
  assert_int_equal(vt_optimiser_train(&run, &settings, 3, 10, broken, &infinite, &value),
                   VT_ERROR_NOT_FINITE);
  assert_non_null(strstr(vt_ctx_message(ctx), "step 3"));
  assert_memory_equal(before, vt_parameters_find(parameters, "w")->value->data, sizeof before);
  vt_run_end(&run);
  vt_parameters_free(parameters);
  vt_ctx_free(ctx);
}

/* The average lags behind the values and can be put in their place and back. */
static void test_average(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  vt_optimiser_settings settings = defaults(ctx);
  settings.average = .5;
  settings.rate = .1;
  assert_ok(ctx, vt_parameters_new(ctx, 5, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters, .training = true};
  quadratic(vt_root(&run), NULL);
  vt_parameter *w = vt_parameters_find(parameters, "w");
  double start = (double)((float *)w->value->data)[0], value;
  assert_ok(ctx, vt_optimiser_train(&run, &settings, 0, 1, quadratic, NULL, &value));
  double now = (double)((float *)w->value->data)[0];
  vt_optimiser_swap_average(parameters);
  assert_true(fabs((double)((float *)w->value->data)[0] - (start + now) / 2) < 1e-6);
  vt_optimiser_swap_average(parameters);
  assert_true((double)((float *)w->value->data)[0] == now);
  vt_run_end(&run);
  vt_parameters_free(parameters);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_formulas),
      cmocka_unit_test(test_schedules),
      cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_average),
  };
  return cmocka_run_group_tests_name("nn/optimiser", tests, NULL, NULL);
}
