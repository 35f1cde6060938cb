/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers against three steps of PyTorch 2 (tools/golden_optimiser.py), and what stands around them.
 */
#include <math.h>

#include "nn/layers.h"
#include "nn/optimiser.h"
#include "test.h"

enum { WEIGHTS = 6, STEPS = 3 };
static const float begin[WEIGHTS] = {.5f, -1.25f, 2, 0, -.75f, 1.5f};
static const float gradients[STEPS][WEIGHTS] = {
    {.1f, -.2f, .3f, -.4f, .5f, -.6f}, {1.5f, .25f, -.5f, 0, 2, -1}, {-.3f, .7f, .2f, 1.1f, -.9f, .05f}};

static vt_tensor *alone(vt_ctx *ctx, int rank, const int64_t *dims, const float *data)
{
  vt_tensor *tensor = vt_tensor_alone(ctx);
  assert_ok(ctx, vt_tensor_set_shape(ctx, tensor, VT_F32, rank, dims));
  assert_ok(ctx, vt_tensor_allocate(ctx, tensor));
  memcpy(tensor->data, data, vt_bytes(tensor));
  return tensor;
}

static vt_parameter *add(vt_ctx *ctx, vt_parameters *parameters, const char *name, int rank,
                         const int64_t *dims, const float *data)
{
  vt_tensor *value = alone(ctx, rank, dims, data);
  assert_ok(ctx, vt_parameters_put(ctx, parameters, name, value, false));
  vt_tensor_free(value);
  return vt_parameters_find(parameters, name);
}

static void give_gradient(vt_ctx *ctx, vt_parameter *parameter, const float *gradient)
{
  vt_tensor_free(parameter->gradient);
  parameter->gradient = alone(ctx, parameter->value->rank, parameter->value->dims, gradient);
}

static const int64_t matrix[] = {2, 3}, vector[] = {6};

typedef struct golden_case {
  const char *name;
  vt_optimiser_settings settings;
  float after[WEIGHTS];
} golden_case;

static const golden_case cases[] = {
    {"sgd",
     {.kind = VT_SGD, .rate = .1, .decay = .02},
     {0.367345959f, -1.31754482f, 1.9880439f, -0.0701598376f, -0.904909194f, 1.64557827f}},
    {"sgd momentum",
     {.kind = VT_SGD, .rate = .1, .decay = .02, .momentum = .9},
     {0.212675557f, -1.29940093f, 1.97142625f, -0.00190384209f, -1.16631961f, 1.83014309f}},
    {"sgd nesterov",
     {.kind = VT_SGD, .rate = .1, .decay = .02, .momentum = .9, .nesterov = true},
     {0.109377459f, -1.36214781f, 1.96250117f, -0.0722627491f, -1.27844572f, 1.94182014f}},
    {"adam",
     {.kind = VT_ADAM, .rate = .05, .decay = .02, .beta1 = .8, .beta2 = .95, .epsilon = 1e-6},
     {0.386354208f, -1.23889399f, 1.95785785f, 0.0565996692f, -0.860616624f, 1.63302588f}},
    {"adamw",
     {.kind = VT_ADAMW, .rate = .05, .decay = .02, .beta1 = .8, .beta2 = .95, .epsilon = 1e-6},
     {0.385561287f, -1.24227357f, 1.9619627f, 0.0566064864f, -0.858884573f, 1.62963629f}},
    {"adamw clip",
     {.kind = VT_ADAMW, .rate = .05, .decay = .02, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8, .clip = 1},
     {0.384828568f, -1.20443261f, 1.91735554f, 0.0690349936f, -0.862758458f, 1.62891698f}},
    {"sgd clip",
     {.kind = VT_SGD, .rate = .1, .clip = 1},
     {0.453909546f, -1.28215253f, 1.97587848f, -0.0276682451f, -0.817362368f, 1.59328783f}},
};

static void test_golden(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_parameters *parameters;
    assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
    vt_parameter *weight = add(ctx, parameters, "w", 2, matrix, begin);
    for (int step = 0; step < STEPS; step++) {
      give_gradient(ctx, weight, gradients[step]);
      assert_ok(ctx, vt_optimiser_step(ctx, parameters, &cases[i].settings, cases[i].settings.rate, NULL));
    }
    const float *value = weight->value->data;
    for (int k = 0; k < WEIGHTS; k++) /* a few roundings of numbers up to 2 */
      if (fabsf(value[k] - cases[i].after[k]) > 1e-6f)
        fail_msg("%s: weight %d is %.9g, not %.9g", cases[i].name, k, (double)value[k],
                 (double)cases[i].after[k]);
    vt_parameters_free(parameters);
  }
}

/* Factors of groups, freezing, and decay of what has two axes alone: plain SGD, by hand. */
static void test_groups(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
  vt_parameter *matrix_one = add(ctx, parameters, "a.weight", 2, matrix, begin),
               *bias = add(ctx, parameters, "a.bias", 1, vector, begin),
               *slow = add(ctx, parameters, "b.weight", 2, matrix, begin),
               *frozen = add(ctx, parameters, "c.weight", 2, matrix, begin);
  assert_ok(ctx, vt_parameters_group(ctx, parameters,
                                     &(vt_parameter_group){.pattern = "b.*", .rate = .1, .decay = 2}));
  assert_ok(ctx, vt_parameters_group(ctx, parameters,
                                     &(vt_parameter_group){.pattern = "c.*", .frozen = true, .rate = 1}));
  for (int i = 0; i < 4; i++)
    give_gradient(ctx, vt_parameters_at(parameters, i), gradients[0]);
  vt_optimiser_settings settings = {.kind = VT_SGD, .rate = 1, .decay = .5};
  assert_ok(ctx, vt_optimiser_step(ctx, parameters, &settings, .2, NULL));
  for (int k = 0; k < WEIGHTS; k++) {
    float w = begin[k], g = gradients[0][k];
    assert_near(((float *)matrix_one->value->data)[k], w - .2f * (g + .5f * w), 1e-6);
    assert_near(((float *)bias->value->data)[k], w - .2f * g, 1e-6);
    assert_near(((float *)slow->value->data)[k], w - .02f * (g + w), 1e-6);
  }
  assert_memory_equal(frozen->value->data, begin, sizeof begin);
  assert_int_equal(frozen->steps, 0);
  settings.decay_all = true;
  float before = *(float *)bias->value->data;
  assert_ok(ctx, vt_optimiser_step(ctx, parameters, &settings, .2, NULL));
  assert_near(*(float *)bias->value->data, before - .2f * (gradients[0][0] + .5f * before), 1e-6);
  vt_parameters_free(parameters);
}

/* Nothing moves when one gradient is not a number; the message names it. */
static void test_not_finite(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
  vt_parameter *first = add(ctx, parameters, "first", 2, matrix, begin),
               *second = add(ctx, parameters, "second", 2, matrix, begin);
  give_gradient(ctx, first, gradients[0]);
  give_gradient(ctx, second, gradients[1]);
  ((float *)second->gradient->data)[4] = NAN;
  vt_optimiser_settings settings = vt_optimiser_default();
  assert_fails(ctx, vt_optimiser_step(ctx, parameters, &settings, .1, NULL), VT_ERROR_NOT_FINITE, "second");
  assert_memory_equal(first->value->data, begin, sizeof begin);
  assert_null(first->moments[0]);
  /* the largest numbers there are have a length */
  double norm;
  ((float *)second->gradient->data)[4] = 3e38f;
  assert_ok(ctx, vt_gradient_norm(ctx, parameters, &norm));
  assert_true(fabs(norm / 3e38 - 1) < 1e-6);
  vt_parameters_free(parameters);
}

static vt_status round_it(vt_ctx *ctx, vt_parameter *parameter, const void *user)
{
  VT_UNUSED(ctx), VT_UNUSED(user);
  float *value = parameter->value->data;
  for (int64_t i = 0; i < vt_count(parameter->value); i++)
    value[i] = rintf(value[i]);
  return VT_OK;
}

/* The average follows the projected value: a_0 the value before the first step, a = .75 a + .25 w. */
static void test_average(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
  vt_parameter *weight = add(ctx, parameters, "w", 1, vector, begin);
  assert_ok(ctx, vt_parameters_project(ctx, parameters, "w", round_it, NULL));
  vt_optimiser_settings settings = {.kind = VT_SGD, .rate = 1, .average = .75};
  float average[WEIGHTS];
  memcpy(average, begin, sizeof begin);
  for (int step = 0; step < STEPS; step++) {
    give_gradient(ctx, weight, gradients[step]);
    assert_ok(ctx, vt_optimiser_step(ctx, parameters, &settings, 1, NULL));
    for (int k = 0; k < WEIGHTS; k++) {
      float value = ((float *)weight->value->data)[k];
      assert_true(value == rintf(value));
      average[k] = .75f * average[k] + .25f * value;
    }
  }
  float value = *(float *)weight->value->data;
  vt_parameters_swap_averages(parameters);
  assert_memory_equal(weight->value->data, average, sizeof average);
  vt_parameters_swap_averages(parameters);
  assert_true(*(float *)weight->value->data == value);
  vt_parameters_forget(parameters);
  assert_null(weight->average);
  assert_int_equal(weight->steps, 0);
  vt_parameters_free(parameters);
}

/* The same bytes for any number of threads, over several chunks. */
static void test_threads(void **state)
{
  vt_ctx *ctx = *state;
  enum { MANY = 50001 };
  float *numbers = test_malloc(MANY * sizeof *numbers), *slopes = test_malloc(MANY * sizeof *slopes),
        *after = test_malloc(MANY * sizeof *after);
  for (int i = 0; i < MANY; i++) {
    numbers[i] = (float)vt_random_normal(1, 0, (uint64_t)i);
    slopes[i] = (float)vt_random_normal(2, 0, (uint64_t)i);
  }
  double norms[2];
  for (int threads = 1; threads <= 3; threads += 2) {
    vt_parameters *parameters;
    vt_ctx_set_threads(ctx, threads);
    assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
    vt_parameter *weight = add(ctx, parameters, "w", 1, (const int64_t[]){MANY}, numbers);
    give_gradient(ctx, weight, slopes);
    vt_optimiser_settings settings = vt_optimiser_default();
    settings.clip = 1;
    assert_ok(ctx, vt_optimiser_step(ctx, parameters, &settings, .1, &norms[threads / 2]));
    if (threads == 1)
      memcpy(after, weight->value->data, MANY * sizeof *after);
    else
      assert_memory_equal(after, weight->value->data, MANY * sizeof *after);
    vt_parameters_free(parameters);
  }
  assert_true(norms[0] == norms[1]);
  double expected = 0;
  for (int i = 0; i < MANY; i++)
    expected += (double)slopes[i] * (double)slopes[i];
  assert_near(norms[0], sqrt(expected), 1e-9);
  test_free(numbers);
  test_free(slopes);
  test_free(after);
}

/* The table's defaults and the function that gives them are one. */
static void test_defaults(void **state)
{
  vt_ctx *ctx = *state;
  vt_optimiser_settings table, function = vt_optimiser_default();
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_optimiser_fields, vt_optimiser_field_count, &table, sizeof table));
  assert_int_equal(table.kind, function.kind);
  assert_true(table.rate == function.rate && table.beta2 == function.beta2 && table.clip == function.clip &&
              table.epsilon == function.epsilon && table.decay == function.decay &&
              table.nesterov == function.nesterov && table.decay_all == function.decay_all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_golden, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_groups, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_not_finite, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_average, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_threads, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_defaults, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/optimiser", tests, NULL, NULL);
}
