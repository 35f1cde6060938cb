/* SPDX-License-Identifier: Apache-2.0
 *
 * Lazy runs: what only makes a replaced tensor is left out, and nothing else changes.
 */
#include "trace_case.h"

static bool ran(const net *n, const char *name)
{
  const vt_graph *graph = n->trace->graph;
  return n->trace->needed[graph->values[vt_graph_find(graph, name)].producer];
}

static void test_left_out(void **state)
{
  net *n = *state;
  net_truth truth = net_solve((const double[]){1, -2});
  double seed_data[] = {1, -2};
  vt_tensor *hidden = net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), truth.hidden[0]);
  vt_tensor *seed = net_tensor(n, VT_F32, 2, DIMS(ROWS, 1), seed_data);
  vt_trace_lazy(n->trace, true);
  assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "hidden", hidden));
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "hidden"));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "y"));
  net_run(n);
  assert_false(ran(n, "product"));
  assert_false(ran(n, "before"));
  assert_false(ran(n, "hidden"));
  assert_true(ran(n, "y"));
  assert_false(ran(n, "total")); /* an output nobody reads */
  expect_tensor(net_value(n, "y"), VT_F32, truth.y, ROWS, "y");
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "y", seed, false));
  expect_tensor(net_gradient(n, "hidden"), VT_F32, truth.d_hidden[0], (int64_t)ROWS * HIDDEN, "d hidden");

  /* in f64, where the replacement is widened */
  assert_ok(n->ctx, vt_trace_precision(n->ctx, n->trace, VT_F64));
  net_run(n);
  assert_int_equal(net_value(n, "y")->type, VT_F64);
  assert_near(vt_get_f64(net_value(n, "y"), 0), truth.y[0], 1e-5);
}

/* What is read is made, also beside the replacement. */
static void test_read_is_made(void **state)
{
  net *n = *state;
  net_truth truth = net_solve((const double[]){1, 1});
  vt_tensor *hidden = net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), truth.d_hidden[0]);
  vt_trace_lazy(n->trace, true);
  assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "hidden", hidden));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  net_run(n);
  assert_true(ran(n, "product"));
  assert_false(ran(n, "hidden"));
  expect_tensor(net_value(n, "before"), VT_F32, truth.before[0], (int64_t)ROWS * HIDDEN, "before");
  vt_tensor *unread;
  assert_fails(n->ctx, vt_trace_value(n->ctx, n->trace, "y", &unread), VT_ERROR_INVALID_ARGUMENT, "'y'");

  /* a hook that is no replacement counts as a reader */
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, NULL));
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "hidden", 2));
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "y"));
  net_run(n);
  assert_true(ran(n, "hidden"));
  assert_near(vt_get_f64(net_value(n, "y"), 0), 2 * truth.y[0], 1e-5);
}

/* Off again, everything runs, and a replacement of another shape is refused. */
static void test_off(void **state)
{
  net *n = *state;
  vt_tensor *wrong = net_tensor(n, VT_F32, 1, DIMS(1), NUMBERS(1));
  vt_trace_lazy(n->trace, true);
  vt_trace_lazy(n->trace, false);
  net_run(n);
  assert_true(ran(n, "total"));
  assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "hidden", wrong));
  assert_fails(n->ctx, vt_trace_run(n->ctx, n->trace, &n->x), VT_ERROR_INVALID_ARGUMENT, "hidden");
}

int main(void)
{
  const struct CMUnitTest tests[] = {net_test(test_left_out), net_test(test_read_is_made),
                                     net_test(test_off)};
  return cmocka_run_group_tests_name("graph/trace_lazy", tests, NULL, NULL);
}
