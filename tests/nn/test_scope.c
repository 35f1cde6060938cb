/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "nn/layers.h"
#include "test.h"

static vt_tensor *net(vt_scope s, vt_tensor *x)
{
  vt_ctx *ctx = s.run->ctx;
  x = vt_conv(vt_sub(s, "conv"), x,
              (vt_conv_settings){.out = 4, .kernel = 3, .padding = -1, .bias = VT_BIAS});
  x = vt_activate(ctx, vt_batch_norm(vt_sub(s, "norm"), x, 0, false), VT_RELU);
  x = vt_name(s, vt_global_average(ctx, x), "pooled");
  return vt_linear(vt_sub(s, "head"), x, 3, VT_BIAS);
}

static vt_tensor *image(vt_ctx *ctx, int64_t count)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 4, (int64_t[]){count, 2, 5, 5});
  float *data = x->data;
  for (int64_t i = 0; i < vt_count(x); i++)
    data[i] = (float)vt_random_normal(5, 0, (uint64_t)i);
  return x;
}

/* Names, sizes, the same numbers whatever the order in which parameters are asked for. */
static void test_parameters(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  assert_int_equal(vt_parameters_new(ctx, 3, &parameters), VT_OK);
  vt_run run = {.ctx = ctx, .parameters = parameters};
  net(vt_root(&run), image(ctx, 2));
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
  assert_int_equal(vt_parameters_numbers(parameters, true), 4 * 2 * 9 + 4 + 8 + 3 * 4 + 3);
  assert_true(vt_parameters_find(parameters, "norm.running_var")->state);
  float first = *(float *)vt_parameters_find(parameters, "head.weight")->value->data;
  vt_parameters *other;
  assert_int_equal(vt_parameters_new(ctx, 3, &other), VT_OK);
  run.parameters = other;
  vt_linear(vt_sub(vt_root(&run), "head"), vt_filled(ctx, VT_DIMS(1, 4), 1), 3, VT_BIAS);
  assert_true(first == *(float *)vt_parameters_find(other, "head.weight")->value->data);
  /* another shape under the same name */
  vt_linear(vt_sub(vt_root(&run), "head"), vt_filled(ctx, VT_DIMS(1, 5), 1), 3, VT_BIAS);
  assert_int_equal(vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(vt_ctx_message(ctx), "head.weight"));
  vt_parameters_free(parameters);
  vt_parameters_free(other);
  vt_ctx_free(ctx);
}

static double loss_of(vt_ctx *ctx, vt_parameters *parameters, vt_tape *tape, bool backward)
{
  vt_run run = {.ctx = ctx, .parameters = parameters, .training = true};
  size_t mark = vt_tensor_mark(ctx);
  if (backward) vt_tape_start(ctx, tape);
  vt_tensor *loss = vt_mean_all(ctx, vt_square(ctx, vt_plus(ctx, net(vt_root(&run), image(ctx, 4)), -1)));
  if (backward) {
    vt_tape_stop(ctx);
    assert_int_equal(vt_parameters_backward(ctx, parameters, tape, loss, 1), VT_OK);
    vt_tape_clear(tape);
  }
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
  double value = *(float *)loss->data;
  vt_tensor_release(ctx, mark);
  return value;
}

/* Gradients of parameters against differences of the loss; frozen ones get none; a second pass adds. */
static void test_backward(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  vt_tape *tape;
  assert_int_equal(vt_parameters_new(ctx, 3, &parameters), VT_OK);
  assert_int_equal(vt_tape_new(ctx, &tape), VT_OK);
  vt_parameter_group frozen = {.pattern = "norm.*", .frozen = true, .rate = 1, .decay = 1};
  assert_int_equal(vt_parameters_group(ctx, parameters, &frozen), VT_OK);
  loss_of(ctx, parameters, tape, true);
  assert_null(vt_parameters_find(parameters, "norm.weight")->gradient);
  const char *names[] = {"conv.weight", "head.weight", "head.bias"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    vt_parameter *parameter = vt_parameters_find(parameters, names[i]);
    float *value = parameter->value->data, kept = value[1], step = 1e-2f;
    double gradient = ((float *)parameter->gradient->data)[1];
    value[1] = kept + step;
    double above = loss_of(ctx, parameters, tape, false);
    value[1] = kept - step;
    double below = loss_of(ctx, parameters, tape, false);
    value[1] = kept;
    assert_true(fabs((above - below) / (2 * step) - gradient) < 2e-3 * (1 + fabs(gradient)));
    assert_true(gradient != 0);
  }
  double once = ((float *)vt_parameters_find(parameters, "head.bias")->gradient->data)[0];
  loss_of(ctx, parameters, tape, true);
  double twice = ((float *)vt_parameters_find(parameters, "head.bias")->gradient->data)[0];
  assert_true(fabs(twice - 2 * once) < 1e-6);
  vt_tape_free(tape);
  vt_parameters_free(parameters);
  vt_ctx_free(ctx);
}

static vt_tensor *zero_pooled(vt_ctx *ctx, void *user, const char *name, int occurrence, vt_tensor *value)
{
  int *seen = user;
  if (strcmp(name, "pooled") != 0) return NULL;
  *seen += 1 + occurrence;
  return vt_times(ctx, value, 0);
}

/* A hook replaces what it sees: with the pooled map at zero the answer is the bias. */
static void test_hook(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  assert_int_equal(vt_parameters_new(ctx, 3, &parameters), VT_OK);
  int seen = 0;
  vt_run run = {.ctx = ctx, .parameters = parameters, .hook = zero_pooled, .hook_user = &seen};
  vt_run_begin(&run);
  vt_tensor *y = net(vt_root(&run), image(ctx, 1));
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
  assert_int_equal(seen, 1);
  assert_memory_equal(y->data, vt_parameters_find(parameters, "head.bias")->value->data, 12);
  vt_run_end(&run);
  vt_parameters_free(parameters);
  vt_ctx_free(ctx);
}

/* Half is dropped, what stays is doubled; another step draws otherwise, the same step the same. */
static void test_dropout(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  assert_int_equal(vt_parameters_new(ctx, 3, &parameters), VT_OK);
  vt_run run = {.ctx = ctx, .parameters = parameters, .training = true, .seed = 9};
  vt_tensor *ones = vt_filled(ctx, VT_DIMS(1, 40000), 1);
  vt_tensor *a = vt_dropout(vt_root(&run), ones, .25);
  vt_run_begin(&run);
  vt_tensor *b = vt_dropout(vt_root(&run), ones, .25);
  run.step = 1;
  vt_run_begin(&run);
  vt_tensor *c = vt_dropout(vt_root(&run), ones, .25);
  assert_memory_equal(a->data, b->data, vt_bytes(a));
  assert_memory_not_equal(a->data, c->data, vt_bytes(a));
  double sum = 0;
  for (int i = 0; i < 40000; i++)
    sum += ((float *)a->data)[i];
  assert_true(fabs(sum / 40000 - 1) < .02);
  run.training = false;
  assert_ptr_equal(vt_dropout(vt_root(&run), ones, .25), ones);
  vt_parameters_free(parameters);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parameters),
      cmocka_unit_test(test_backward),
      cmocka_unit_test(test_hook),
      cmocka_unit_test(test_dropout),
  };
  return cmocka_run_group_tests_name("nn/scope", tests, NULL, NULL);
}
