/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of traces against the closed form of a small net.
 */
#include "trace_case.h"

static const char *const everything[] = {"x", "w", "b", "v", "hidden"};

static void watch_all(net *n)
{
  for (size_t i = 0; i < VT_COUNT(everything); i++)
    assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, everything[i]));
}

static void expect_gradients(net *n, vt_type type, const double seed[ROWS])
{
  net_truth t = net_solve(seed);
  expect_tensor(net_gradient(n, "x"), type, &t.d_x[0][0], ROWS * IN, "gradient of x");
  expect_tensor(net_gradient(n, "w"), type, &t.d_w[0][0], IN * HIDDEN, "gradient of w");
  expect_tensor(net_gradient(n, "b"), type, t.d_b, HIDDEN, "gradient of b");
  expect_tensor(net_gradient(n, "v"), type, t.d_v, HIDDEN, "gradient of v");
  expect_tensor(net_gradient(n, "hidden"), type, &t.d_hidden[0][0], ROWS * HIDDEN, "gradient of hidden");
}

static void inputs_parameters_and_inner_tensors(void **state)
{
  net *n = *state;
  watch_all(n);
  net_run(n);
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false));
  expect_gradients(n, VT_F32, (const double[]){1, 1});
  for (size_t i = 0; i < VT_COUNT(everything); i++)
    assert_true(vt_trace_reached(n->trace, everything[i]));
  assert_false(vt_trace_reached(n->trace, "y")); /* not watched */
}

static void double_precision(void **state)
{
  net *n = *state;
  const double seed[ROWS] = {0.3, -7};
  assert_ok(n->ctx, vt_trace_precision(n->ctx, n->trace, VT_F64));
  watch_all(n);
  net_run(n);
  assert_ok(n->ctx,
            vt_trace_backward(n->ctx, n->trace, "y", net_tensor(n, VT_F64, 2, DIMS(ROWS, 1), seed), true));
  expect_gradients(n, VT_F64, seed);
  const double halves[ROWS] = {0.5, 2}; /* an f32 seed is widened */
  assert_ok(n->ctx,
            vt_trace_backward(n->ctx, n->trace, "y", net_tensor(n, VT_F32, 2, DIMS(ROWS, 1), halves), false));
  expect_gradients(n, VT_F64, halves);
}

/* Vector-Jacobian products: one run, several passes, each from nothing. */
static void several_passes_over_one_run(void **state)
{
  net *n = *state;
  const double seeds[3][ROWS] = {{1, 0}, {0, 1}, {-2, 0.5}};
  watch_all(n);
  net_run(n);
  size_t held = vt_trace_tape_bytes(n->trace);
  assert_true(held > 0);
  for (int pass = 0; pass < 3; pass++) {
    assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "y",
                                        net_tensor(n, VT_F32, 2, DIMS(ROWS, 1), seeds[pass]), pass < 2));
    expect_gradients(n, VT_F32, seeds[pass]);
    assert_int_equal(vt_trace_tape_bytes(n->trace), pass < 2 ? held : 0);
  }
  assert_fails(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false), VT_ERROR_INVALID_ARGUMENT,
               "let go by an earlier backward pass");
}

static void a_sum_over_several_tensors(void **state)
{
  net *n = *state;
  const char *const of[] = {"y", "total"};
  const vt_tensor *seeds[] = {net_tensor(n, VT_F32, 2, DIMS(ROWS, 1), NUMBERS(2, -1)),
                              net_tensor(n, VT_F32, 0, NULL, NUMBERS(3))};
  watch_all(n);
  net_run(n);
  assert_ok(n->ctx, vt_trace_backward_from(n->ctx, n->trace, of, seeds, 2, NULL, false));
  expect_gradients(n, VT_F32, (const double[]){5, 2});
}

/* An inner tensor is differentiated when it was read or watched. */
static void of_an_inner_tensor(void **state)
{
  net *n = *state;
  double seed[ROWS * HIDDEN], expected[ROWS * IN] = {0};
  for (int i = 0; i < ROWS * HIDDEN; i++)
    seed[i] = i == 3; /* before[0][3], so that the gradient is a column of w */
  for (int i = 0; i < IN; i++)
    expected[i] = net_w[i * HIDDEN + 3];
  vt_tensor *given = net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), seed);
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "x"));
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "v"));
  net_run(n);
  assert_fails(n->ctx, vt_trace_backward(n->ctx, n->trace, "before", given, false), VT_ERROR_INVALID_ARGUMENT,
               "it is no output and was neither read nor watched");
  assert_ok(n->ctx, vt_trace_read(n->ctx, n->trace, "before"));
  net_run(n);
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "before", given, false));
  expect_tensor(net_gradient(n, "x"), VT_F32, expected, ROWS * IN, "gradient of x");
  /* v comes behind: zeros, and it is told */
  expect_tensor(net_gradient(n, "v"), VT_F32, (const double[HIDDEN]){0}, HIDDEN, "gradient of v");
  assert_false(vt_trace_reached(n->trace, "v"));
  assert_true(vt_trace_reached(n->trace, "x"));
}

/* Each item of a batch gets the gradient it has alone, bit for bit in this net. */
static void batches(void **state)
{
  net *n = *state;
  float both[ROWS * IN];
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "x"));
  net_run(n);
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false));
  memcpy(both, net_gradient(n, "x")->data, sizeof both);
  for (int row = 0; row < ROWS; row++) {
    vt_tensor *one = vt_tensor_new(n->ctx, VT_F32, 2, DIMS(1, IN));
    memcpy(one->data, net_x + row * IN, IN * sizeof(float));
    assert_ok(n->ctx, vt_trace_run(n->ctx, n->trace, &one));
    assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false));
    assert_memory_equal(net_gradient(n, "x")->data, both + row * IN, IN * sizeof(float));
  }
}

/* ---- hooks ---- */

static vt_status keep_as_is(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  VT_UNUSED(ctx);
  VT_UNUSED(user);
  VT_UNUSED(name);
  VT_UNUSED(value);
  return VT_OK;
}

static void sums_and_factors_let_gradients_pass(void **state)
{
  net *n = *state;
  assert_ok(n->ctx, vt_trace_scale(n->ctx, n->trace, "y", 4));
  assert_ok(n->ctx, vt_trace_add(n->ctx, n->trace, "y", net_tensor(n, VT_F32, 0, NULL, NUMBERS(9))));
  watch_all(n);
  net_run(n);
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false));
  expect_gradients(n, VT_F32, (const double[]){4, 4});
}

/* The gradient with respect to a watched tensor is that of its value after the hooks, and what made a
 * replaced one has none. */
static void replacements_cut(void **state)
{
  net *n = *state;
  static const double other[ROWS * HIDDEN] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int kind = 0; kind < 3; kind++) {
    net_truth t = net_solve((const double[]){1, 1});
    if (kind == 0)
      assert_ok(n->ctx, vt_trace_replace(n->ctx, n->trace, "hidden",
                                         net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), other)));
    else if (kind == 1)
      assert_ok(n->ctx, vt_trace_zero(n->ctx, n->trace, "hidden"));
    else
      assert_ok(n->ctx, vt_trace_edit(n->ctx, n->trace, "hidden", keep_as_is, NULL));
    watch_all(n);
    net_run(n);
    assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false));
    expect_tensor(net_gradient(n, "hidden"), VT_F32, &t.d_hidden[0][0], 8, "gradient of hidden");
    expect_tensor(net_gradient(n, "x"), VT_F32, (const double[ROWS * IN]){0}, 6, "gradient of x");
    assert_false(vt_trace_reached(n->trace, "x"));
    for (int h = 0; h < HIDDEN; h++)
      t.d_v[h] = kind == 0 ? other[h] + other[HIDDEN + h] : kind == 1 ? 0 : t.d_v[h];
    expect_tensor(net_gradient(n, "v"), VT_F32, t.d_v, 4, "gradient of v");
    assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, NULL));
  }
}

static void stopping_early(void **state)
{
  net *n = *state;
  double ones[ROWS * HIDDEN];
  for (int i = 0; i < ROWS * HIDDEN; i++)
    ones[i] = 1;
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "b"));
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "before"));
  assert_ok(n->ctx, vt_trace_stop_at(n->ctx, n->trace, "before"));
  net_run(n);
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "before",
                                      net_tensor(n, VT_F32, 2, DIMS(ROWS, HIDDEN), ones), false));
  expect_tensor(net_gradient(n, "b"), VT_F32, NUMBERS(2, 2, 2, 2), 4, "gradient of b");
}

/* ---- what is refused ---- */

static vt_status copy_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  memcpy(call->outputs[0]->data, call->inputs[0]->data, vt_bytes(call->inputs[0]));
  return VT_OK;
}

static const vt_op opaque = {.name = "Opaque",
                             VT_INPUTS(1, 1),
                             VT_OUTPUTS(1, 1),
                             .shape = vt_shape_same,
                             .implementations = {{"plain", NULL, copy_run}},
                             .no_gradient = "it was made for a test"};

static void operators_without_gradient(void **state)
{
  net *n = *state;
  n->b.graph.nodes[2].op = &opaque; /* in place of Relu */
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "x"));
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "v"));
  net_run(n);
  assert_fails(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false), VT_ERROR_UNSUPPORTED,
               "<memory>: node 'Relu_2' (Opaque): has no gradient: it was made for a test");
  assert_ok(n->ctx, vt_trace_unhook(n->ctx, n->trace, "x"));
  net_run(n); /* not on the way to v */
  assert_ok(n->ctx, vt_trace_backward(n->ctx, n->trace, "total", NULL, false));
}

static void wrong_requests(void **state)
{
  net *n = *state;
  vt_ctx *ctx = n->ctx;
  vt_trace *trace = n->trace;
  vt_tensor *gradient;
  assert_fails(ctx, vt_trace_backward(ctx, trace, "total", NULL, false), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'total' is not there to be differentiated: nothing was run");
  assert_ok(ctx, vt_trace_watch(ctx, trace, "x"));
  net_run(n);
  assert_fails(ctx, vt_trace_gradient(ctx, trace, "x", &gradient), VT_ERROR_INVALID_ARGUMENT,
               "no backward pass was made since the run");
  assert_fails(ctx, vt_trace_gradient(ctx, trace, "w", &gradient), VT_ERROR_INVALID_ARGUMENT,
               "it was not watched before the run");
  assert_null(gradient);
  assert_fails(ctx, vt_trace_backward(ctx, trace, "y", NULL, false), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'y' is f32[2,1]; the gradient of more than one element needs a seed");
  assert_fails(ctx, vt_trace_backward(ctx, trace, "y", n->x, false), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'y' is f32[2,1], its seed f32[2,3]");
  assert_fails(ctx,
               vt_trace_backward(ctx, trace, "y", net_tensor(n, VT_F64, 2, DIMS(2, 1), NUMBERS(1, 1)), false),
               VT_ERROR_INVALID_ARGUMENT, "its seed f64[2,1]");
  assert_fails(ctx, vt_trace_backward(ctx, trace, "totel", NULL, false), VT_ERROR_INVALID_ARGUMENT,
               "'total'");
}

/* The type of a tensor may come to light only when it is made. */
static void whole_numbers_have_no_gradient(void **state)
{
  net *n = *state;
  vt_tensor *seed = net_tensor(n, VT_I64, 1, DIMS(2), NUMBERS(1, 1));
  for (int i = 0; i < n->b.graph.value_count; i++)
    if (strcmp(n->b.graph.values[i].name, "sizes") == 0) n->b.graph.values[i].type = VT_I64;
  assert_fails(n->ctx, vt_trace_watch(n->ctx, n->trace, "sizes"), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'sizes' is of type i64; gradients exist for f32 and f64");
  assert_ok(n->ctx, vt_trace_watch(n->ctx, n->trace, "x"));
  net_run(n);
  assert_fails(n->ctx, vt_trace_backward(n->ctx, n->trace, "sizes", seed, false), VT_ERROR_INVALID_ARGUMENT,
               "tensor 'sizes' is i64[2]; only f32 and f64 tensors can be differentiated");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      net_test(inputs_parameters_and_inner_tensors),
      net_test(double_precision),
      net_test(several_passes_over_one_run),
      net_test(a_sum_over_several_tensors),
      net_test(of_an_inner_tensor),
      net_test(batches),
      net_test(sums_and_factors_let_gradients_pass),
      net_test(replacements_cut),
      net_test(stopping_early),
      net_test(operators_without_gradient),
      net_test(wrong_requests),
      net_test(whole_numbers_have_no_gradient),
  };
  return cmocka_run_group_tests_name("graph/trace_gradient", tests, NULL, NULL);
}
