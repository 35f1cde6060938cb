/* SPDX-License-Identifier: Apache-2.0
 *
 * Real graphs against ONNX Runtime: golden inputs and outputs of the shared folder, models beside them or
 * unpacked from their PyPI wheels below $VITRAIL_ZOO (default: the folder `zoo` beside the shared folder).
 * Prints a table on stderr.
 */
#include <jansson.h>
#include <math.h>

#include "graph/graph.h"
#include "test.h"
#include "vitrail/data.h"

enum { MOST = 16 };

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* Where the model lies, NULL when it is not there. */
static const char *model_path(const json_t *model, char path[4096])
{
  char name[1024];
  if (json_is_string(json_object_get(model, "shared_model"))) {
    snprintf(name, sizeof name, "models/%s", text_of(model, "shared_model"));
    const char *shared = shared_path(name);
    return shared ? strcpy(path, shared) : NULL;
  }
  const char *zoo = getenv("VITRAIL_ZOO"), *shared = getenv("VITRAIL_SHARED");
  if (zoo)
    snprintf(path, 4096, "%s/%s", zoo, text_of(model, "path_in_wheel"));
  else
    snprintf(path, 4096, "%s/../zoo/%s", shared ? shared : ".", text_of(model, "path_in_wheel"));
  return access(path, R_OK) == 0 ? path : NULL;
}

/* Golden array `prefix:name`, a float one cast to the type that the graph declares. */
static vt_tensor *golden(vt_ctx *ctx, const char *npz, const char *prefix, const char *name, vt_type type)
{
  char key[512];
  vt_tensor *stored, *tensor;
  snprintf(key, sizeof key, "%s:%s", prefix, name);
  assert_ok(ctx, vt_npz_read(ctx, npz, key, &stored));
  if (stored->type == type || type == VT_UNDEFINED) return stored;
  assert_int_equal(stored->type, VT_F16); /* the only type that is stored in place of another, f32 */
  assert_int_equal(type, VT_F32);
  assert_non_null(tensor = vt_tensor_new(ctx, VT_F32, stored->rank, stored->dims));
  for (int64_t i = 0; i < vt_count(tensor); i++)
    ((float *)tensor->data)[i] = (float)vt_get_f64(stored, i);
  return tensor;
}

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

static void run_model(void **state)
{
  const json_t *model = *state;
  char path[4096], npz[4096], name[512];
  if (!model_path(model, path)) skip();
  snprintf(name, sizeof name, "golden/zoo/%s", text_of(model, "npz"));
  const char *shared = shared_path(name);
  if (!shared) skip();
  snprintf(npz, sizeof npz, "%s", shared);
  vt_ctx *ctx = vt_ctx_new();
  vt_graph_options options = vt_graph_options_default();
  options.ignore_declared_sizes = strstr(text_of(model, "note"), "ignore the declared sizes") != NULL;
  vt_graph *graph;
  vt_tensor *inputs[MOST] = {NULL}, *outputs[MOST] = {NULL};
  vt_status status = vt_graph_read(ctx, path, &options, &graph);
  if (status == VT_ERROR_UNSUPPORTED) { /* listed, as operators that are left for later */
    fprintf(stderr, "%.600s\n", vt_ctx_message(ctx));
    vt_ctx_free(ctx);
    skip();
  }
  assert_ok(ctx, status);
  assert_string_equal(vt_graph_sha256(graph), text_of(model, "sha256"));
  assert_true(graph->input_count <= MOST && graph->output_count <= MOST);
  for (int i = 0; i < graph->input_count; i++)
    inputs[i] = golden(ctx, npz, "in", vt_graph_input_name(graph, i), graph->values[graph->inputs[i]].type);
  double start = vt_clock_seconds();
  assert_ok(ctx, vt_graph_run(ctx, graph, inputs, outputs));
  compare_outputs(ctx, npz, model, graph, outputs, "trace", vt_clock_seconds() - start);
  run_plan(ctx, npz, model, graph, inputs);
  vt_graph_free(graph);
  vt_ctx_free(ctx);
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
