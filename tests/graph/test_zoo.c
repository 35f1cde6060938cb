/* SPDX-License-Identifier: Apache-2.0
 *
 * Real graphs against ONNX Runtime (golden outputs), and traces against plans at inner tensors. Prints a
 * table on stderr.
 */
#include <math.h>

#include "graph/trace.h"
#include "zoo_case.h"

/* Relative L2 distance of every stride-th element from the golden ones; integers must be equal. */
static double distance(const vt_tensor *got, const vt_tensor *expected, const json_t *output)
{
  int64_t stride = json_integer_value(json_object_get(output, "stride")), count = vt_count(expected);
  const json_t *shape = json_object_get(output, "shape");
  assert_int_equal(got->rank, json_array_size(shape));
  for (int axis = 0; axis < got->rank; axis++)
    assert_int_equal(got->dims[axis], json_integer_value(json_array_get(shape, (size_t)axis)));
  assert_int_equal(got->type, expected->type);
  assert_int_equal((vt_count(got) + stride - 1) / stride, count);
  double difference = 0, norm = 0;
  for (int64_t i = 0; i < count; i++) {
    double a = vt_get_f64(got, i * stride), b = vt_get_f64(expected, i);
    if (!(VT_T(got->type) & VT_FLOATS)) assert_true(vt_get_i64(got, i * stride) == vt_get_i64(expected, i));
    difference += (a - b) * (a - b);
    norm += b * b;
  }
  return sqrt(difference / (norm > 0 ? norm : 1));
}

/* Ten times what ONNX Runtime differs from itself without optimisation, at least 1e-4. */
static double allowed(const json_t *output)
{
  const json_t *own = json_object_get(output, "optimised_vs_unoptimised_rel_l2");
  return fmax(1e-4, 10 * json_number_value(own));
}

static void compare_outputs(vt_ctx *ctx, const char *npz, const json_t *model, const vt_graph *graph,
                            vt_tensor *const *outputs, const char *way, double seconds)
{
  double worst = 0, limit = 1e-4;
  const json_t *list = json_object_get(model, "outputs");
  assert_int_equal(json_array_size(list), graph->output_count);
  for (int i = 0; i < graph->output_count; i++) {
    const json_t *output = json_array_get(list, (size_t)i);
    assert_string_equal(vt_graph_output_name(graph, i), text_of(output, "name"));
    double d = distance(outputs[i], golden(ctx, npz, "out", text_of(output, "name"), VT_UNDEFINED), output);
    if (d / allowed(output) >= worst / limit) {
      worst = d;
      limit = allowed(output);
    }
  }
  fprintf(stderr, "%-28s %-6s rel_l2 %.2e (allowed %.1e)  %4d nodes  %7.0f ms\n", vt_path_name(npz), way,
          worst, limit, graph->node_count, 1e3 * seconds);
  if (worst > limit) fail_msg("%s: relative L2 %g, allowed %g", npz, worst, limit);
}

static vt_tensor *const *inputs_without_data(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                                             vt_tensor **shapes)
{
  for (int i = 0; i < graph->input_count; i++) {
    assert_non_null(shapes[i] = vt_tensor_empty(ctx));
    assert_ok(ctx, vt_tensor_set_shape(ctx, shapes[i], inputs[i]->type, inputs[i]->rank, inputs[i]->dims));
  }
  return shapes;
}

/* The same through a plan with one thread; graphs whose shapes depend on data have none. */
static void run_plan(vt_ctx *ctx, const char *npz, const json_t *model, const vt_graph *graph,
                     vt_tensor *const *inputs)
{
  vt_tensor *outputs[MOST] = {NULL}, *shapes[MOST] = {NULL};
  vt_plan *plan;
  vt_session *session;
  vt_status status =
      vt_plan_compile(ctx, graph, inputs_without_data(ctx, graph, inputs, shapes), 1, NULL, 0, &plan);
  if (status == VT_ERROR_DATA_DEPENDENT) {
    fprintf(stderr, "%-28s plan   none: %.200s\n", vt_path_name(npz), vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
    return;
  }
  assert_ok(ctx, status);
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  for (int i = 0; i < graph->input_count; i++)
    memcpy(vt_session_input(session, i), inputs[i]->data, vt_bytes(inputs[i]));
  double start = vt_clock_seconds();
  assert_ok(ctx, vt_session_run(ctx, session));
  double seconds = vt_clock_seconds() - start;
  for (int i = 0; i < graph->output_count; i++) {
    const vt_tensor *shape = vt_plan_output(plan, i);
    outputs[i] =
        vt_tensor_borrow(ctx, shape->type, shape->rank, shape->dims, (void *)vt_session_output(session, i));
    assert_non_null(outputs[i]);
  }
  compare_outputs(ctx, npz, model, graph, outputs, "plan", seconds);
  vt_session_free(session);
  vt_plan_free(plan);
}

/* ---- inner tensors ---- */

enum { LOOKED_AT = 8 };

/* Names spread evenly over the graph, of tensors that are no shape arithmetic as far as the file tells. */
static int choose_names(const vt_graph *graph, const char *names[LOOKED_AT])
{
  int count = 0;
  for (int i = 0; i < LOOKED_AT; i++)
    for (int n = graph->node_count * i / LOOKED_AT; n < graph->node_count * (i + 1) / LOOKED_AT; n++) {
      int value = graph->nodes[n].outputs[0];
      if (value == VT_NO_VALUE || graph->values[value].type != VT_F32 || graph->values[value].constant)
        continue;
      names[count++] = graph->values[value].name;
      break;
    }
  return count;
}

/* A plan exposes the same numbers under the same names as a trace: max |a − b| ≤ 1e-4 · max |b|. */
static void compare_inner(const zoo_model *zoo)
{
  vt_ctx *ctx = zoo->ctx;
  const vt_graph *graph = zoo->graph;
  const char *names[LOOKED_AT];
  int count = choose_names(graph, names);
  vt_tensor *shapes[MOST] = {NULL}, *value;
  vt_plan *plan;
  vt_session *session;
  vt_trace *trace;
  vt_status status = vt_plan_compile(ctx, graph, inputs_without_data(ctx, graph, zoo->inputs, shapes), 1,
                                     names, count, &plan);
  if (status == VT_ERROR_DATA_DEPENDENT) {
    vt_ctx_clear(ctx);
    return;
  }
  assert_ok(ctx, status);
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  for (int i = 0; i < graph->input_count; i++)
    memcpy(vt_session_input(session, i), zoo->inputs[i]->data, vt_bytes(zoo->inputs[i]));
  assert_ok(ctx, vt_session_run(ctx, session));
  assert_ok(ctx, vt_trace_new(ctx, graph, &trace));
  for (int i = 0; i < count; i++)
    assert_ok(ctx, vt_trace_read(ctx, trace, names[i]));
  assert_ok(ctx, vt_trace_run(ctx, trace, zoo->inputs));
  double worst = 0;
  for (int i = 0; i < count + graph->output_count; i++) {
    const char *name = i < count ? names[i] : vt_graph_output_name(graph, i - count);
    int index = i < count ? graph->output_count + i : i - count;
    const float *planned = vt_session_output(session, index);
    assert_ok(ctx, vt_trace_value(ctx, trace, name, &value));
    if (value->type != VT_F32) continue;
    assert_true(vt_same_shape(value, vt_plan_output(plan, index)));
    double difference = 0, size = 0;
    for (int64_t k = 0; k < vt_count(value); k++) {
      double traced = ((const float *)value->data)[k];
      difference = fmax(difference, fabs(traced - planned[k]));
      size = fmax(size, fabs(traced));
    }
    if (!(difference <= 1e-4 * size))
      fail_msg("%s: '%s' differs by %g, its largest element is %g", zoo->npz, name, difference, size);
    if (size > 0) worst = fmax(worst, difference / size);
  }
  fprintf(stderr, "%-28s inner  max %.2e of %d named tensors\n", vt_path_name(zoo->npz), worst, count);
  vt_trace_free(trace);
  vt_session_free(session);
  vt_plan_free(plan);
}

static void run_model(void **state)
{
  const json_t *model = *state;
  vt_tensor *outputs[MOST] = {NULL};
  zoo_model zoo;
  if (!zoo_open(model, &zoo)) skip();
  if (!zoo.graph) {
    zoo_close(&zoo);
    skip();
  }
  double start = vt_clock_seconds();
  assert_ok(zoo.ctx, vt_graph_run(zoo.ctx, zoo.graph, zoo.inputs, outputs));
  compare_outputs(zoo.ctx, zoo.npz, model, zoo.graph, outputs, "trace", vt_clock_seconds() - start);
  run_plan(zoo.ctx, zoo.npz, model, zoo.graph, zoo.inputs);
  compare_inner(&zoo);
  zoo_close(&zoo);
}

int main(void)
{
  struct CMUnitTest tests[64];
  size_t count = 0;
  const char *path = shared_path("golden/zoo/zoo.json");
  json_t *zoo = path ? json_load_file(path, 0, NULL) : NULL;
  const char *name;
  json_t *model;
  json_object_foreach(json_object_get(zoo, "models"), name, model) if (count < VT_COUNT(tests))
      tests[count++] = (struct CMUnitTest){name, run_model, NULL, NULL, model};
  if (count == 0) {
    printf("1..0 # SKIP no golden graphs here\n");
    return 0;
  }
  int failed = _cmocka_run_group_tests("graph/zoo", tests, count, NULL, NULL);
  json_decref(zoo);
  return failed;
}
