/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans in general: folding, what comes out, who may share memory with whom, refusals.
 */
#include <omp.h>

#include "plan_case.h"

/* y = relu(x + 1)·2, with x [2, 3] */
static void small_graph(builder *b, vt_ctx *ctx)
{
  builder_init(b, ctx);
  builder_input(b, "x", VT_F32, 2, DIMS(-1, 3));
  builder_scalar(b, "one", 1);
  builder_scalar(b, "two", 2);
  builder_node(b, "Add", "x one", "sum", NULL);
  builder_node(b, "Relu", "sum", "positive", NULL);
  builder_node(b, "Mul", "positive two", "y", NULL);
  builder_output(b, "y");
}

static void test_small(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  vt_tensor *inputs[1];
  vt_plan *plan;
  vt_session *session;
  inputs[0] = vt_tensor_new(ctx, VT_F32, 2, DIMS(2, 3));
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  assert_int_equal(vt_plan_output_count(plan), 1);
  assert_int_equal(vt_tensor_dim(vt_plan_output(plan, 0), 0), 2);
  assert_null(vt_plan_output(plan, 1));
  assert_true(vt_plan_flops(plan) == 18); /* three operators on six elements */
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  float *x = vt_session_input(session, 0);
  for (int i = 0; i < 6; i++)
    x[i] = (float)(i - 3);
  assert_null(vt_session_input(session, 1));
  assert_ok(ctx, vt_session_run(ctx, session));
  const float *y = vt_session_output(session, 0);
  static const float expected[] = {0, 0, 0, 2, 4, 6};
  for (int i = 0; i < 6; i++)
    assert_near(y[i], expected[i], 0);
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

/* Shape -> Gather -> Concat -> Reshape is known when the sizes of x are: no step but the addition is left. */
static void test_shape_arithmetic(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 3, DIMS(-1, 4, 6));
  builder_ints(&b, "zero", 1, DIMS(0));
  builder_ints(&b, "rest", 1, DIMS(-1));
  builder_node(&b, "Shape", "x", "shape", NULL);
  builder_node(&b, "Gather", "shape zero", "items", NULL);
  builder_node(&b, "Concat", "items rest", "target", "axis=0");
  builder_node(&b, "Reshape", "x target", "flat", NULL);
  builder_node(&b, "Add", "flat flat", "y", NULL);
  builder_output(&b, "y");
  assert_int_equal(case_check(ctx, &b.graph, NULL), 1);
  builder_free(&b);
}

/* A dead branch whose shape depends on data does no harm; a live one is refused by name. */
static void test_data_dependent(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  builder_node(&b, "NonZero", "y", "where", NULL);
  vt_tensor *inputs[1];
  vt_plan *plan;
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  vt_plan_free(plan);
  assert_fails(ctx, case_compile(ctx, &b.graph, inputs, "where", &plan), VT_ERROR_DATA_DEPENDENT,
               "NonZero_3");
  assert_null(plan);
  builder_free(&b);
}

/* An input whose value is given when compiling is a constant: everything folds, the
 * output is read where it lies. */
static void test_given_input(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  vt_tensor *inputs[1];
  vt_plan *plan;
  vt_session *session;
  float given[] = {1, -2, 3, -4, 5, -6};
  inputs[0] = vt_tensor_borrow(ctx, VT_F32, 2, DIMS(2, 3), given);
  assert_ok(ctx, vt_plan_compile(ctx, &b.graph, inputs, 1, NULL, 0, &plan));
  assert_int_equal(plan->step_count, 0);
  given[0] = 100; /* the plan keeps its own copy */
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  assert_null(vt_session_input(session, 0));
  assert_ok(ctx, vt_session_run(ctx, session));
  const float *y = vt_session_output(session, 0);
  assert_near(y[0], 4, 0);
  assert_near(y[1], 0, 0);
  assert_near(y[4], 12, 0);
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

static void test_random_stays(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 1, DIMS(3));
  builder_node(&b, "RandomNormal", "", "noise", "shape=3 seed=1");
  builder_node(&b, "Add", "x noise", "y", NULL);
  builder_output(&b, "y");
  vt_tensor *inputs[1];
  vt_plan *plan;
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  assert_int_equal(plan->step_count, 2);
  vt_plan_free(plan);
  builder_free(&b);
}

/* ---- memory: who may share with whom ---- */

static void test_input_as_output(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 2, DIMS(2, 6));
  builder_ints(&b, "shape", 2, DIMS(3, 4));
  builder_node(&b, "Identity", "x", "same", NULL);
  builder_node(&b, "Reshape", "x shape", "view", NULL);
  builder_node(&b, "Relu", "x", "y", NULL);
  builder_output(&b, "x");
  builder_output(&b, "same");
  builder_output(&b, "view");
  builder_output(&b, "y");
  builder_output(&b, "y"); /* the same tensor under two outputs */
  case_check(ctx, &b.graph, NULL);
  vt_tensor *inputs[1];
  vt_plan *plan;
  vt_session *session;
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  for (int i = 0; i < 5; i++) {
    assert_ptr_not_equal(vt_session_output(session, i), vt_session_input(session, 0));
    for (int k = 0; k < i; k++)
      assert_ptr_not_equal(vt_session_output(session, i), vt_session_output(session, k));
  }
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

/* An output that is read again inside, a value that is read by two nodes, and views of both. */
static void test_shared_values(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 2, DIMS(4, 6));
  builder_ints(&b, "shape", 2, DIMS(6, 4));
  builder_ints(&b, "back", 2, DIMS(4, 6));
  builder_node(&b, "Exp", "x", "a", NULL);
  builder_node(&b, "Reshape", "a shape", "view", NULL);
  builder_node(&b, "Relu", "x", "c", NULL);
  builder_node(&b, "Mul", "a c", "d", NULL);
  builder_node(&b, "Tanh", "view", "e", NULL);
  builder_node(&b, "Reshape", "e back", "f", NULL);
  builder_node(&b, "Add", "d f", "g", NULL);
  builder_node(&b, "Add", "g a", "h", NULL);
  builder_node(&b, "Transpose", "h", "t", "perm=1,0");
  builder_output(&b, "a");
  builder_output(&b, "view");
  builder_output(&b, "g");
  builder_output(&b, "t");
  case_check(ctx, &b.graph, NULL);
  case_check(ctx, &b.graph, "f");
  builder_free(&b);
}

static void test_wanted(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  vt_tensor *inputs[1];
  vt_plan *plan;
  vt_session *session;
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, "sum", &plan));
  assert_int_equal(vt_plan_output_count(plan), 2);
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  case_set(session, &b.graph, inputs);
  assert_ok(ctx, vt_session_run(ctx, session));
  const float *x = inputs[0]->data, *sum = vt_session_output(session, 1), *y = vt_session_output(session, 0);
  for (int i = 0; i < 6; i++) {
    assert_near(sum[i], x[i] + 1.0f, 0);
    assert_near(y[i], sum[i] > 0 ? 2 * sum[i] : 0, 0);
  }
  vt_session_free(session);
  vt_plan_free(plan);
  assert_fails(ctx, case_compile(ctx, &b.graph, inputs, "somm", &plan), VT_ERROR_INVALID_ARGUMENT,
               "did you mean 'sum'");
  builder_free(&b);
}

static void test_refusals(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  vt_plan *plan;
  vt_tensor *wrong[1] = {vt_tensor_new(ctx, VT_F32, 2, DIMS(2, 4))};
  assert_fails(ctx, vt_plan_compile(ctx, &b.graph, wrong, 1, NULL, 0, &plan), VT_ERROR_INVALID_ARGUMENT,
               "'x'");
  wrong[0] = NULL;
  assert_fails(ctx, vt_plan_compile(ctx, &b.graph, wrong, 1, NULL, 0, &plan), VT_ERROR_INVALID_ARGUMENT,
               "missing");
  wrong[0] = vt_tensor_new(ctx, VT_F32, 2, DIMS(2, 3));
  assert_fails(ctx, vt_plan_compile(ctx, &b.graph, wrong, 0, NULL, 0, &plan), VT_ERROR_INVALID_ARGUMENT,
               "thread");
  builder_free(&b);
}

/* A plan of two threads is refused inside a parallel region, and OpenMP's settings are
 * as they were after a run. */
static void test_threads(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  vt_tensor *inputs[1];
  vt_plan *plan;
  vt_session *session;
  case_inputs(ctx, &b.graph, inputs);
  inputs[0]->data = NULL;
  assert_ok(ctx, vt_plan_compile(ctx, &b.graph, inputs, 2, NULL, 0, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  omp_set_num_threads(3);
  assert_ok(ctx, vt_session_run(ctx, session));
  assert_int_equal(omp_get_max_threads(), 3);
  vt_status inside = VT_OK;
#pragma omp parallel num_threads(2)
  {
#pragma omp master
    inside = vt_session_run(ctx, session);
  }
  assert_int_equal(inside, VT_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(vt_ctx_message(ctx), "parallel region"));
  vt_ctx_clear(ctx);
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

static void test_micro_batch(void **state)
{
  (void)state;
  assert_int_equal(vt_micro_batch(0), 16);
  assert_int_equal(vt_micro_batch(NAN), 16);
  assert_int_equal(vt_micro_batch(1e6), 16);
  assert_int_equal(vt_micro_batch(10e6), 10);
  assert_int_equal(vt_micro_batch(30e6), 4);
  assert_int_equal(vt_micro_batch(99e6), 2);
  assert_int_equal(vt_micro_batch(100e6), 1);
  assert_int_equal(vt_micro_batch(1e12), 1);
}

static void test_allocation_failures(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_graph(&b, ctx);
  builder_ints(&b, "shape", 1, DIMS(6));
  builder_node(&b, "Reshape", "y shape", "flat", NULL);
  builder_node(&b, "Transpose", "sum", "turned", "perm=1,0");
  builder_output(&b, "flat");
  builder_output(&b, "turned");
  case_allocations(ctx, &b.graph, 20);
  builder_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_small, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_shape_arithmetic, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_data_dependent, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_given_input, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_random_stays, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_input_as_output, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_shared_values, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_wanted, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refusals, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_threads, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_micro_batch, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_allocation_failures, new_context, free_context),
  };
  return cmocka_run_group_tests_name("graph/plan", tests, NULL, NULL);
}
