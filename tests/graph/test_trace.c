/* SPDX-License-Identifier: Apache-2.0
 *
 * Traces: reading, hooks of every kind, stopping, what is refused. Gradients: test_trace_gradient.c.
 */
#include "trace_case.h"

static void every_tensor_has_its_value(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "hidden"));
  net_run(n);
  expect_tensor(net_value(n, "before"), VT_F32, &t.before[0][0], 8, "before");
  expect_tensor(net_value(n, "hidden"), VT_F32, &t.hidden[0][0], 8, "hidden");
  expect_tensor(net_value(n, "y"), VT_F32, t.y, 2, "y");
  expect_tensor(net_value(n, "total"), VT_F32, &t.total, 1, "total");
  expect_tensor(net_value(n, "sizes"), VT_I64, NUMBERS(2, 3), 2, "sizes");
  assert_memory_equal(net_value(n, "x")->data, net_x, sizeof net_x);
  assert_memory_equal(net_value(n, "w")->data, net_w, sizeof net_w);
}

/* The same trace runs again on other inputs and other sizes of the batch. */
static void a_trace_runs_again(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  vt_tensor *row = net_tensor(n, VT_F32, 2, DIMS(1, IN), NUMBERS(1.25, 0.75, -0.5));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "hidden"));
  net_run(n);
  assert_ok(n->ctx, vt_trace_run(n->ctx, n->trace, &row));
  expect_tensor(net_value(n, "hidden"), VT_F32, t.hidden[1], 4, "hidden");
  expect_tensor(net_value(n, "total"), VT_F32, &t.y[1], 1, "total");
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F32, &t.total, 1, "total");
}

/* A run in f64 has numbers that f32 does not reach. */
static void double_precision_goes_all_the_way(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  assert_ok(n->ctx, vt_trace_precision(n->ctx, n->trace, VT_F64));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  net_run(n);
  expect_tensor(net_value(n, "before"), VT_F64, &t.before[0][0], 8, "before");
  expect_tensor(net_value(n, "y"), VT_F64, t.y, 2, "y");
  expect_tensor(net_value(n, "sizes"), VT_I64, NUMBERS(2, 3), 2, "sizes");
  assert_int_equal(net_value(n, "x")->type, VT_F64);
  assert_int_equal(net_value(n, "w")->type, VT_F64);
  /* what is put in may stay f32 */
  assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "y",
                                     net_tensor(n, VT_F32, 2, DIMS(ROWS, 1), NUMBERS(0.5, 0.25))));
  assert_ok(n->ctx, vt_trace_add(n->ctx, n->trace, "y", net_tensor(n, VT_F32, 0, NULL, NUMBERS(1))));
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F64, NUMBERS(2.75), 1, "total");
  assert_ok(n->ctx, vt_trace_precision(n->ctx, n->trace, VT_F32));
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, NULL));
  net_run(n);
  expect_tensor(net_value(n, "y"), VT_F32, t.y, 2, "y");
  assert_fails(n->ctx, vt_trace_precision(n->ctx, n->trace, VT_I32), VT_ERROR_INVALID_ARGUMENT, "not in i32");
}

/* ---- hooks ---- */

static const double other_hidden[ROWS * HIDDEN] = {1, 0, 0, 0, 0, 2, 0, 1};

static void replacing_changes_what_comes_behind(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "hidden",
                                     net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), other_hidden)));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "hidden"));
  net_run(n);
  expect_tensor(net_value(n, "before"), VT_F32, &t.before[0][0], 8, "before");
  expect_tensor(net_value(n, "hidden"), VT_F32, other_hidden, 8, "hidden");
  expect_tensor(net_value(n, "y"), VT_F32, NUMBERS(2, 1), 2, "y");
}

static void adding_repeats_along_axes(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  double expected[ROWS];
  assert_ok(n->ctx, vt_trace_add(n->ctx, n->trace, "hidden",
                                 net_tensor(n, VT_F32, 1, DIMS(HIDDEN), NUMBERS(1, 2, 3, 4))));
  net_run(n);
  for (int r = 0; r < ROWS; r++)
    expected[r] = t.y[r] + 2 - 2 + 1.5 + 12;
  expect_tensor(net_value(n, "y"), VT_F32, expected, 2, "y");
}

static void scaling_and_zeroing(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "hidden", -2.5));
  net_run(n);
  expect_tensor(net_value(n, "y"), VT_F32, NUMBERS(-2.5 * t.y[0], -2.5 * t.y[1]), 2, "y");
  assert_ok(n->ctx, vt_trace_zero(n->ctx, n->trace, "hidden"));
  net_run(n);
  expect_tensor(net_value(n, "y"), VT_F32, NUMBERS(0, 0), 2, "y");
  assert_ok(n->ctx, vt_trace_zero(n->ctx, n->trace, "sizes")); /* of any type */
  net_run(n);
  expect_tensor(net_value(n, "sizes"), VT_I64, NUMBERS(0, 0), 2, "sizes");
}

/* Zero times not-a-number is not zero; silencing is. */
static void zeroing_silences_anything(void **state)
{
  net *n = *state;
  assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "y",
                                     net_tensor(n, VT_F32, 2, DIMS(2, 1), NUMBERS(NAN, INFINITY))));
  assert_ok(n->ctx, vt_trace_zero(n->ctx, n->trace, "y"));
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F32, NUMBERS(0), 1, "total");
}

typedef struct edit_log {
  int calls;
  const char *name;
  float first;
} edit_log;

static vt_status negate(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  edit_log *log = user;
  VT_UNUSED(ctx);
  log->calls++;
  log->name = name;
  log->first = *(float *)value->data;
  for (int64_t i = 0; i < vt_count(value); i++)
    ((float *)value->data)[i] *= -1;
  return VT_OK;
}

static vt_status refuse(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  VT_UNUSED(user);
  VT_UNUSED(value);
  return vt_fail(ctx, VT_ERROR_LIMIT, "no more of %s", name);
}

static vt_status reshape(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  VT_UNUSED(ctx);
  VT_UNUSED(user);
  VT_UNUSED(name);
  value->dims[0] = 1;
  return VT_OK;
}

static void editing_calls_back(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  edit_log log = {0};
  assert_ok(n->ctx, vt_trace_edit(n->ctx, n->trace, "hidden", negate, &log));
  net_run(n);
  assert_int_equal(log.calls, 1);
  assert_string_equal(log.name, "hidden");
  assert_near(log.first, t.hidden[0][0], 1e-6);
  expect_tensor(net_value(n, "y"), VT_F32, NUMBERS(-t.y[0], -t.y[1]), 2, "y");
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, "hidden"));
  assert_ok(n->ctx, vt_trace_edit(n->ctx, n->trace, "hidden", refuse, NULL));
  assert_fails(n->ctx, vt_trace_run(n->ctx, n->trace, &n->x), VT_ERROR_LIMIT, "no more of hidden");
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, "hidden"));
  assert_ok(n->ctx, vt_trace_edit(n->ctx, n->trace, "hidden", reshape, NULL));
  assert_fails(n->ctx, vt_trace_run(n->ctx, n->trace, &n->x), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'hidden' is f32[2,4]; what is to stand for it is f32[1,4]");
}

static void hooks_apply_in_the_order_they_were_set(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  edit_log log = {0};
  vt_tensor *one = net_tensor(n, VT_F32, 0, NULL, NUMBERS(1));
  assert_ok(n->ctx, vt_trace_add(n->ctx, n->trace, "total", one));
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "total", 2));
  assert_ok(n->ctx, vt_trace_edit(n->ctx, n->trace, "total", negate, &log));
  assert_ok(n->ctx, vt_trace_add(n->ctx, n->trace, "total", one));
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F32, NUMBERS(-2 * (t.total + 1) + 1), 1, "total");
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, "total"));
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "total", 2));
  assert_ok(n->ctx, vt_trace_add(n->ctx, n->trace, "total", one));
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F32, NUMBERS(2 * t.total + 1), 1, "total");
}

/* Inputs and parameters are tensors as others are; what the caller and the graph own stays untouched. */
static void inputs_and_parameters_have_hooks(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  edit_log log = {0};
  double expected[ROWS * HIDDEN];
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "x", 2));
  assert_ok(n->ctx, vt_trace_edit(n->ctx, n->trace, "w", negate, &log));
  assert_ok(n->ctx, vt_trace_zero(n->ctx, n->trace, "b"));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  for (int run = 0; run < 2; run++) {
    net_run(n);
    for (int i = 0; i < ROWS * HIDDEN; i++)
      expected[i] = -2 * (t.before[i / HIDDEN][i % HIDDEN] - net_b[i % HIDDEN]);
    expect_tensor(net_value(n, "before"), VT_F32, expected, 8, "before");
    assert_memory_equal(n->x->data, net_x, sizeof net_x);
  }
  for (int i = 0; i < n->b.graph.value_count; i++) {
    const vt_value *value = &n->b.graph.values[i];
    if (strcmp(value->name, "w") == 0) assert_memory_equal(value->constant->data, net_w, sizeof net_w);
    if (strcmp(value->name, "b") == 0) assert_memory_equal(value->constant->data, net_b, sizeof net_b);
  }
}

static void unhooking_one_or_all(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  vt_tensor *value;
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "hidden", 3));
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "y", 2));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "hidden"));
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, "hidden"));
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F32, NUMBERS(2 * t.total), 1, "total");
  assert_fails(n->ctx, vt_trace_value(n->ctx, n->trace, "hidden", &value), VT_ERROR_INVALID_ARGUMENT,
               "vt_trace_read");
  assert_null(value);
  assert_ok(n->ctx, vt_trace_stop_at(n->ctx, n->trace, "hidden"));
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, "y"));
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, NULL));
  net_run(n);
  expect_tensor(net_value(n, "total"), VT_F32, &t.total, 1, "total");
}

static void stopping(void **state)
{
  net *n = *state;
  net_truth t = net_solve((const double[]){1, 1});
  vt_tensor *value;
  double scaled[ROWS * HIDDEN];
  assert_ok(n->ctx, vt_trace_stop_at(n->ctx, n->trace, "before"));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "before", 2));
  net_run(n);
  for (int i = 0; i < ROWS * HIDDEN; i++)
    scaled[i] = 2 * t.before[i / HIDDEN][i % HIDDEN];
  expect_tensor(net_value(n, "before"), VT_F32, scaled, 8, "before");
  assert_fails(n->ctx, vt_trace_value(n->ctx, n->trace, "y", &value), VT_ERROR_INVALID_ARGUMENT,
               "the run stopped before it");
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "hidden"));
  assert_fails(n->ctx, vt_trace_run(n->ctx, n->trace, &n->x), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'hidden' is never made: the run stops at 'before'");
  assert_ok(n->ctx, vt_trace_stop_at(n->ctx, n->trace, NULL));
  net_run(n);
  net_value(n, "y");
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, NULL));
  assert_ok(n->ctx, vt_trace_stop_at(n->ctx, n->trace, "x")); /* nothing runs at all */
  net_run(n);
  assert_memory_equal(net_value(n, "x")->data, net_x, sizeof net_x);
}

/* ---- what is refused ---- */

static void unknown_names_are_answered_with_near_ones(void **state)
{
  net *n = *state;
  vt_tensor *value;
  vt_ctx *ctx = n->ctx;
  vt_trace *trace = n->trace;
  assert_fails(ctx, vt_trace_read(ctx, trace, "hiden"), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_read(ctx, trace, "befor"), VT_ERROR_INVALID_ARGUMENT,
               "<memory> has no tensor 'befor'");
  assert_fails(ctx, vt_trace_watch(ctx, trace, "totel"), VT_ERROR_INVALID_ARGUMENT, "'total'");
  assert_fails(ctx, vt_trace_zero(ctx, trace, "hiden"), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_scale(ctx, trace, "hiden", 1), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_replace(ctx, trace, "hiden", n->x), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_add(ctx, trace, "hiden", n->x), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_edit(ctx, trace, "hiden", refuse, NULL), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_stop_at(ctx, trace, "hiden"), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_unhook(ctx, trace, "hiden"), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  assert_fails(ctx, vt_trace_value(ctx, trace, "hiden", &value), VT_ERROR_INVALID_ARGUMENT, "'hidden'");
  net_run(n); /* nothing of it stuck */
}

static void wrong_values_name_both(void **state)
{
  net *n = *state;
  vt_ctx *ctx = n->ctx;
  vt_trace *trace = n->trace;
  assert_ok(ctx, vt_trace_replace(ctx, trace, "hidden", n->x));
  assert_fails(ctx, vt_trace_run(ctx, trace, &n->x), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'hidden' is f32[2,4]; what is to replace it is f32[2,3]");
  assert_ok(ctx, vt_trace_unhook(ctx, trace, NULL));
  assert_ok(ctx, vt_trace_replace(ctx, trace, "hidden",
                                  net_tensor(n, VT_F64, 2, DIMS(ROWS, HIDDEN), other_hidden)));
  assert_fails(ctx, vt_trace_run(ctx, trace, &n->x), VT_ERROR_INVALID_ARGUMENT, "is f64[2,4]");
  assert_ok(ctx, vt_trace_unhook(ctx, trace, NULL));
  assert_ok(ctx, vt_trace_add(ctx, trace, "hidden", n->x));
  assert_fails(ctx, vt_trace_run(ctx, trace, &n->x), VT_ERROR_INVALID_ARGUMENT, "hook on tensor 'hidden'");
  assert_ok(ctx, vt_trace_unhook(ctx, trace, NULL));
  /* a sum that would grow */
  assert_ok(ctx, vt_trace_add(ctx, trace, "b", net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), other_hidden)));
  assert_fails(ctx, vt_trace_run(ctx, trace, &n->x), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'b' is f32[4]; what is to be added to it is f32[2,4]");
  assert_ok(ctx, vt_trace_unhook(ctx, trace, NULL));
  assert_ok(ctx, vt_trace_scale(ctx, trace, "sizes", 2));
  assert_fails(ctx, vt_trace_run(ctx, trace, &n->x), VT_ERROR_INVALID_ARGUMENT, "is of type i64 and cannot");
}

static void inputs_that_do_not_fit(void **state)
{
  net *n = *state;
  vt_tensor *wide = net_tensor(n, VT_F32, 2, DIMS(1, 4), other_hidden), *missing = NULL, *value;
  net_run(n);
  assert_fails(n->ctx, vt_trace_run(n->ctx, n->trace, &wide), VT_ERROR_INVALID_ARGUMENT,
               "input 'x' is declared as f32[?,3], but f32[1,4] was given");
  /* what was there is gone */
  assert_fails(n->ctx, vt_trace_value(n->ctx, n->trace, "y", &value), VT_ERROR_INVALID_ARGUMENT,
               "nothing was run yet, or the run failed");
  assert_fails(n->ctx, vt_trace_run(n->ctx, n->trace, &missing), VT_ERROR_INVALID_ARGUMENT, "missing");
}

static void what_is_not_asked_for_is_not_there(void **state)
{
  net *n = *state;
  vt_tensor *value;
  assert_fails(n->ctx, vt_trace_value(n->ctx, n->trace, "y", &value), VT_ERROR_INVALID_ARGUMENT,
               "nothing was run yet");
  net_run(n);
  assert_fails(n->ctx, vt_trace_value(n->ctx, n->trace, "hidden", &value), VT_ERROR_INVALID_ARGUMENT,
               "vt_trace_read");
}

/* ---- memory ---- */

static vt_status hooked_run(net *n, vt_trace *trace, const vt_tensor *replacement, const vt_tensor *addend,
                            edit_log *log)
{
  VT_TRY(vt_trace_replace(n->ctx, trace, "product", replacement));
  VT_TRY(vt_trace_add(n->ctx, trace, "before", addend));
  VT_TRY(vt_trace_scale(n->ctx, trace, "hidden", 2));
  VT_TRY(vt_trace_edit(n->ctx, trace, "hidden", negate, log));
  VT_TRY(vt_trace_zero(n->ctx, trace, "b"));
  VT_TRY(vt_trace_read(n->ctx, trace, "before"));
  VT_TRY(vt_trace_watch(n->ctx, trace, "before"));
  VT_TRY(vt_trace_watch(n->ctx, trace, "v"));
  VT_TRY(vt_trace_run(n->ctx, trace, &n->x));
  VT_TRY(vt_trace_backward(n->ctx, trace, "total", NULL, false));
  vt_tensor *gradient, *value;
  VT_TRY(vt_trace_gradient(n->ctx, trace, "v", &gradient));
  VT_TRY(vt_trace_value(n->ctx, trace, "before", &value));
  return vt_trace_unhook(n->ctx, trace, NULL);
}

static void every_allocation_refused(void **state)
{
  net *n = *state;
  edit_log log = {0};
  vt_tensor *replacement = net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), other_hidden);
  vt_tensor *addend = net_tensor(n, VT_F32, 1, DIMS(HIDDEN), NUMBERS(1, 2, 3, 4));
  assert_ok(n->ctx, hooked_run(n, n->trace, replacement, addend, &log));
  for (long at = 1;; at++) {
    assert_true(at < 2000);
    uint64_t before = vt_ctx_memory_in_use(n->ctx);
    vt_trace *trace;
    vt_ctx_fail_allocation(n->ctx, at);
    vt_status status = vt_trace_new(n->ctx, &n->b.graph, &trace);
    if (status == VT_OK) status = hooked_run(n, trace, replacement, addend, &log);
    vt_ctx_fail_allocation(n->ctx, 0);
    vt_trace_free(trace);
    assert_int_equal(vt_ctx_memory_in_use(n->ctx), before);
    if (status == VT_OK) {
      assert_in_range(at, 60, 1000);
      return;
    }
    if (status != VT_ERROR_OUT_OF_MEMORY || vt_ctx_status(n->ctx) != VT_ERROR_OUT_OF_MEMORY)
      fail_msg("allocation %ld: %s: %s", at, vt_status_name(status), vt_ctx_message(n->ctx));
    vt_ctx_clear(n->ctx);
  }
}

static void ten_thousand_runs_do_not_grow(void **state)
{
  net *n = *state;
  edit_log log = {0};
  vt_tensor *replacement = net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), other_hidden);
  vt_tensor *addend = net_tensor(n, VT_F32, 1, DIMS(HIDDEN), NUMBERS(1, 2, 3, 4));
  uint64_t after_ten = 0;
  for (int run = 0; run < 10000; run++) {
    assert_ok(n->ctx, hooked_run(n, n->trace, replacement, addend, &log));
    if (run == 10) after_ten = vt_ctx_memory_in_use(n->ctx);
  }
  assert_int_equal(log.calls, 10000);
  assert_int_equal(vt_ctx_memory_in_use(n->ctx), after_ten);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      net_test(every_tensor_has_its_value),
      net_test(a_trace_runs_again),
      net_test(double_precision_goes_all_the_way),
      net_test(replacing_changes_what_comes_behind),
      net_test(adding_repeats_along_axes),
      net_test(scaling_and_zeroing),
      net_test(zeroing_silences_anything),
      net_test(editing_calls_back),
      net_test(hooks_apply_in_the_order_they_were_set),
      net_test(inputs_and_parameters_have_hooks),
      net_test(unhooking_one_or_all),
      net_test(stopping),
      net_test(unknown_names_are_answered_with_near_ones),
      net_test(wrong_values_name_both),
      net_test(inputs_that_do_not_fit),
      net_test(what_is_not_asked_for_is_not_there),
      net_test(every_allocation_refused),
      net_test(ten_thousand_runs_do_not_grow),
  };
  return cmocka_run_group_tests_name("graph/trace", tests, NULL, NULL);
}
