/* SPDX-License-Identifier: Apache-2.0
 *
 * What the reader makes of models: functions, constants, element types, inferred shapes, the run by trace.
 */
#include <math.h>

#include "graph/onnx.h"
#include "model_fixture.h"

/* x = 1, 2, … in the shape of graph input 0; output 0. */
static vt_tensor *run(fixture *f, const vt_graph *graph)
{
  const vt_value *input = &graph->values[graph->inputs[0]];
  vt_tensor *x = vt_tensor_new(f->ctx, VT_F32, input->rank, input->dims), *y;
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)(i + 1);
  assert_ok(f->ctx, vt_graph_run(f->ctx, graph, &x, &y));
  return y;
}

static void assert_values(const vt_tensor *y, size_t count, const float *expected)
{
  assert_int_equal(vt_count(y), count);
  for (size_t i = 0; i < count; i++)
    assert_near(vt_get_f64(y, (int64_t)i), (double)expected[i], 1e-6);
}

/* ---- functions ---- */

static void import(fixture *f, pb *message, unsigned field, const char *domain, int64_t version)
{
  pb set = {0};
  pb_text(f->ctx, &set, 1, domain);
  pb_int(f->ctx, &set, 2, version);
  pb_message(f->ctx, message, field, &set);
}

/* scale(x; by = fallback) = x · by, where the attribute feeds a Constant. */
static pb function_scale(fixture *f, float fallback)
{
  pb function = {0}, attribute = {0}, constant = onnx_node(f->ctx, "Constant", "c", "", "k"),
     node = onnx_node(f->ctx, "Mul", "m", "in k", "out");
  onnx_attribute_reference(f->ctx, &constant, "value_float", 1, "by");
  pb_text(f->ctx, &function, 1, "scale");
  pb_text(f->ctx, &function, 4, "in");
  pb_text(f->ctx, &function, 5, "out");
  pb_message(f->ctx, &function, 7, &constant);
  pb_message(f->ctx, &function, 7, &node);
  import(f, &function, 9, "", 21);
  pb_text(f->ctx, &function, 10, "my");
  pb_text(f->ctx, &attribute, 1, "by");
  pb_float(f->ctx, &attribute, 2, fallback);
  pb_int(f->ctx, &attribute, 20, 1);
  pb_message(f->ctx, &function, 11, &attribute);
  return function;
}

static pb call(fixture *f, const char *op, const char *name, const char *inputs, const char *outputs)
{
  pb node = onnx_node(f->ctx, op, name, inputs, outputs);
  pb_text(f->ctx, &node, 7, "my");
  return node;
}

static void function_attributes(void **state)
{
  fixture *f = *state;
  pb given = call(f, "scale", "one", "x", "h");
  onnx_attribute_float(f->ctx, &given, "by", 10);
  add(f, given);
  add(f, call(f, "scale", "two", "h", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph), function = function_scale(f, 3);
  import(f, &model, 8, "my", 1);
  pb_message(f->ctx, &model, 25, &function);
  vt_graph *graph = read_model(f->ctx, &model);
  assert_int_equal(graph->node_count, 2);
  assert_values(run(f, graph), 6, (float[]){30, 60, 90, 120, 150, 180});
  vt_graph_free(graph);
}

static void function_that_calls_itself(void **state)
{
  fixture *f = *state;
  pb function = {0}, node = call(f, "again", "n", "in", "out");
  pb_text(f->ctx, &function, 1, "again");
  pb_text(f->ctx, &function, 4, "in");
  pb_text(f->ctx, &function, 5, "out");
  pb_message(f->ctx, &function, 7, &node);
  pb_text(f->ctx, &function, 10, "my");
  add(f, call(f, "again", "first", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  pb_message(f->ctx, &model, 25, &function);
  vt_graph *graph;
  assert_fails(f->ctx, vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph),
               VT_ERROR_INVALID_MODEL, "function 'again' is nested more than 16 deep or calls itself");
  vt_text_free(&model);
}

/* Fifteen functions of sixteen calls each would make 16^15 nodes. */
static void functions_that_multiply(void **state)
{
  fixture *f = *state;
  add(f, call(f, "f0", "start", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  for (int level = 0; level < 15; level++) {
    pb function = {0};
    char name[16], next[16], from[16], to[16];
    snprintf(name, sizeof name, "f%d", level);
    snprintf(next, sizeof next, level == 14 ? "g" : "f%d", level + 1);
    pb_text(f->ctx, &function, 1, name);
    pb_text(f->ctx, &function, 4, "v0");
    pb_text(f->ctx, &function, 5, "v16");
    for (int i = 0; i < 16; i++) {
      snprintf(from, sizeof from, "v%d", i);
      snprintf(to, sizeof to, "v%d", i + 1);
      pb node = call(f, next, "n", from, to);
      pb_message(f->ctx, &function, 7, &node);
    }
    pb_text(f->ctx, &function, 10, "my");
    pb_message(f->ctx, &model, 25, &function);
  }
  vt_graph *graph;
  assert_fails(f->ctx, vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph),
               VT_ERROR_INVALID_MODEL, "more than");
  vt_text_free(&model);
}

static void function_that_hands_its_input_on(void **state)
{
  fixture *f = *state;
  pb function = {0};
  pb_text(f->ctx, &function, 1, "same");
  pb_text(f->ctx, &function, 4, "a");
  pb_text(f->ctx, &function, 5, "a");
  pb_text(f->ctx, &function, 10, "my");
  add(f, call(f, "same", "n", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  pb_message(f->ctx, &model, 25, &function);
  vt_graph *graph = read_model(f->ctx, &model);
  assert_values(run(f, graph), 6, (float[]){1, 2, 3, 4, 5, 6});
  vt_graph_free(graph);
}

/* ---- constants and element types ---- */

static void constants_of_all_forms(void **state)
{
  fixture *f = *state;
  static const char *const names[] = {"value_int", "value_float", "value_ints", "value_floats"};
  for (int i = 0; i < 4; i++) {
    pb node = onnx_node(f->ctx, "Constant", names[i], "", names[i]);
    if (i == 0) onnx_attribute_int(f->ctx, &node, names[i], -4);
    if (i == 1) onnx_attribute_float(f->ctx, &node, names[i], 2.5f);
    if (i == 2) onnx_attribute_ints(f->ctx, &node, names[i], 2, (int64_t[]){7, 8});
    if (i == 3) onnx_attribute_floats(f->ctx, &node, names[i], 3, (float[]){1, 2, 3});
    add(f, node);
  }
  add(f, onnx_node(f->ctx, "Add", "sum", "x value_float", "y"));
  vt_graph *graph = read_opset(f, 21);
  const vt_tensor *got[4];
  for (int i = 0; i < 4; i++)
    got[i] = graph->values[vt_graph_find(graph, names[i])].constant;
  assert_true(got[0]->type == VT_I64 && got[0]->rank == 0 && vt_get_i64(got[0], 0) == -4);
  assert_true(got[1]->type == VT_F32 && got[1]->rank == 0 && vt_get_f64(got[1], 0) == 2.5);
  assert_true(got[2]->type == VT_I64 && got[2]->rank == 1 && vt_get_i64(got[2], 1) == 8);
  assert_true(got[3]->type == VT_F32 && vt_count(got[3]) == 3 && vt_get_f64(got[3], 2) == 3);
  assert_int_equal(graph->node_count, 1);
  vt_graph_free(graph);
}

/* A tensor of three numbers in its typed list (unpacked), which is field `field` of the message. */
static vt_tensor *typed(fixture *f, vt_type type, unsigned field, const int64_t *values, size_t count)
{
  pb tensor = {0};
  vt_tensor *out;
  bool complex = type == VT_C64 || type == VT_C128;
  pb_int(f->ctx, &tensor, 1, (int64_t)(complex ? count / 2 : count));
  pb_int(f->ctx, &tensor, 2, type);
  for (size_t i = 0; i < count; i++) {
    if (field == 4) pb_float(f->ctx, &tensor, 4, (float)values[i]);
    if (field == 10) {
      double number = (double)values[i];
      pb_varint(f->ctx, &tensor, 10 << 3 | 1);
      vt_text_add_bytes(f->ctx, &tensor, &number, sizeof number);
    }
    if (field != 4 && field != 10) pb_int(f->ctx, &tensor, field, values[i]);
  }
  assert_ok(f->ctx, vt_onnx_tensor_parse(f->ctx, tensor.data, tensor.length, NULL, &out));
  vt_text_free(&tensor);
  return out;
}

static void typed_lists_of_all_types(void **state)
{
  fixture *f = *state;
  static const int64_t three[3] = {0, 1, 100};
  static const struct {
    vt_type type;
    unsigned field;
  } kinds[] = {{VT_F32, 4}, {VT_I32, 5}, {VT_I8, 5},   {VT_U8, 5},   {VT_I16, 5},
               {VT_U16, 5}, {VT_I64, 7}, {VT_F64, 10}, {VT_U32, 11}, {VT_U64, 11}};
  for (size_t i = 0; i < VT_COUNT(kinds); i++) {
    vt_tensor *tensor = typed(f, kinds[i].type, kinds[i].field, three, 3);
    assert_int_equal(tensor->type, kinds[i].type);
    for (int k = 0; k < 3; k++)
      assert_near(vt_get_f64(tensor, k), (double)three[k], 0);
    vt_tensor_free(tensor);
  }
  vt_tensor *narrow = typed(f, VT_I8, 5, (int64_t[]){-3}, 1),
            *truth = typed(f, VT_BOOL, 5, (int64_t[]){0, 1, 7}, 3);
  vt_tensor *half = typed(f, VT_F16, 5, (int64_t[]){0x3c00, 0xc100}, 2),
            *brain = typed(f, VT_BF16, 5, (int64_t[]){0x3fc0}, 1);
  vt_tensor *pair = typed(f, VT_C64, 4, (int64_t[]){1, 2, 3, 4}, 4),
            *wide = typed(f, VT_C128, 10, (int64_t[]){5, 6}, 2);
  assert_near(vt_get_f64(narrow, 0), -3, 0);
  assert_memory_equal(truth->data, "\0\1\1", 3);
  assert_near(vt_get_f64(half, 0), 1, 0);
  assert_near(vt_get_f64(half, 1), -2.5, 0);
  assert_near(vt_get_f64(brain, 0), 1.5, 0);
  assert_int_equal(vt_count(pair), 2);
  assert_near(((float *)pair->data)[3], 4, 0);
  assert_near(((double *)wide->data)[1], 6, 0);
  vt_tensor *const all[] = {narrow, truth, half, brain, pair, wide};
  for (size_t i = 0; i < VT_COUNT(all); i++)
    vt_tensor_free(all[i]);
}

static void large_raw_data_is_taken_over(void **state)
{
  fixture *f = *state;
  enum { COUNT = 100000 };
  float *data = calloc(COUNT, sizeof *data);
  for (int i = 0; i < COUNT; i++)
    data[i] = (float)i;
  int64_t dims[1] = {COUNT};
  pb tensor = onnx_tensor(f->ctx, "w", VT_F32, 1, dims, data, COUNT * sizeof *data);
  vt_tensor *out;
  uint64_t before = vt_ctx_memory_in_use(f->ctx);
  assert_ok(f->ctx, vt_onnx_tensor_parse(f->ctx, tensor.data, tensor.length, NULL, &out));
  assert_memory_equal(out->data, data, COUNT * sizeof *data);
  assert_true(vt_ctx_memory_peak(f->ctx) - before < 2 * COUNT * sizeof *data); /* one copy */
  vt_tensor_free(out);
  vt_text_free(&tensor);
  free(data);
}

/* ---- shapes ---- */

static void shapes_follow_open_sizes(void **state)
{
  fixture *f = *state;
  vt_text_free(&f->graph);
  f->graph = onnx_graph(f->ctx, 3, (int64_t[]){-1, 4, 6});
  pb shape = onnx_node(f->ctx, "Shape", "s", "x", "batch"),
     gather = onnx_node(f->ctx, "Concat", "c", "batch rest", "wanted");
  onnx_attribute_int(f->ctx, &shape, "end", 1);
  onnx_attribute_int(f->ctx, &gather, "axis", 0);
  int64_t rest = 24, dims[1] = {1};
  pb tensor = onnx_tensor(f->ctx, "rest", VT_I64, 1, dims, &rest, sizeof rest);
  add_tensor(f, tensor);
  add(f, shape);
  add(f, gather);
  add(f, onnx_node(f->ctx, "Reshape", "r", "x wanted", "y"));
  vt_graph *graph = read_opset(f, 21);
  vt_type type;
  int rank;
  int64_t sizes[VT_MAX_RANK];
  vt_graph_output_shape(graph, 0, &type, &rank, sizes);
  assert_true(type == VT_F32 && rank == 2 && sizes[0] == -1 && sizes[1] == 24);
  vt_graph_input_shape(graph, 0, &type, &rank, sizes);
  assert_true(type == VT_F32 && rank == 3 && sizes[0] == -1 && sizes[1] == 4);
  assert_string_equal(graph->values[graph->inputs[0]].dim_names[0], "N");
  vt_graph_free(graph);
}

static void inputs_are_checked(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "r", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  vt_graph_options options = vt_graph_options_default();
  vt_graph *graph;
  vt_tensor *wide = vt_tensor_new(f->ctx, VT_F32, 2, (int64_t[]){5, 3}), *y;
  vt_tensor *flat = vt_tensor_new(f->ctx, VT_F32, 1, (int64_t[]){6});
  vt_tensor *whole = vt_tensor_new(f->ctx, VT_I64, 2, two_by_three), *none = NULL;
  memset(wide->data, 0, vt_bytes(wide));
  assert_ok(f->ctx, vt_graph_parse(f->ctx, model.data, model.length, NULL, &options, &graph));
  assert_fails(f->ctx, vt_graph_run(f->ctx, graph, &wide, &y), VT_ERROR_INVALID_ARGUMENT,
               "input 'x' is declared as f32[2,3], but f32[5,3] was given");
  assert_fails(f->ctx, vt_graph_run(f->ctx, graph, &flat, &y), VT_ERROR_INVALID_ARGUMENT, "f32[6] was given");
  assert_fails(f->ctx, vt_graph_run(f->ctx, graph, &whole, &y), VT_ERROR_INVALID_ARGUMENT,
               "i64[2,3] was given");
  assert_fails(f->ctx, vt_graph_run(f->ctx, graph, &none, &y), VT_ERROR_INVALID_ARGUMENT,
               "input 'x' is missing");
  vt_graph_free(graph);
  options.ignore_declared_sizes = true;
  assert_ok(f->ctx, vt_graph_parse(f->ctx, model.data, model.length, NULL, &options, &graph));
  assert_ok(f->ctx, vt_graph_run(f->ctx, graph, &wide, &y));
  assert_int_equal(y->dims[0], 5);
  vt_graph_free(graph);
  vt_text_free(&model);
}

static void hash_of_the_file(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "r", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  char expected[65];
  vt_sha256_hex(model.data, model.length, expected);
  vt_graph *graph = read_model(f->ctx, &model);
  assert_string_equal(vt_graph_sha256(graph), expected);
  vt_graph_free(graph);
}

/* An output that is an input; tensors are let go at their last use. */
static void run_lets_go(void **state)
{
  fixture *f = *state;
  vt_text_free(&f->graph);
  f->graph = onnx_graph(f->ctx, 2, (int64_t[]){256, 256});
  onnx_value(f->ctx, &f->graph, ONNX_OUTPUT, "x", VT_F32, -1, NULL);
  char from[16] = "x", to[16];
  for (int i = 0; i < 40; i++) {
    snprintf(to, sizeof to, i == 39 ? "y" : "h%d", i);
    add(f, onnx_node(f->ctx, i % 2 ? "Exp" : "Neg", "", from, to));
    strcpy(from, to);
  }
  vt_graph *graph = read_opset(f, 21);
  size_t bytes = 256 * 256 * sizeof(float);
  vt_tensor *x = vt_tensor_new(f->ctx, VT_F32, 2, (int64_t[]){256, 256}), *outputs[2];
  memset(x->data, 0, bytes);
  uint64_t before = vt_ctx_memory_in_use(f->ctx);
  assert_ok(f->ctx, vt_graph_run(f->ctx, graph, &x, outputs));
  assert_true(vt_ctx_memory_peak(f->ctx) - before < 3 * bytes);
  assert_ptr_equal(outputs[1]->data, x->data);
  vt_graph_free(graph);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(function_attributes),
      CASE(function_that_calls_itself),
      CASE(functions_that_multiply),
      CASE(function_that_hands_its_input_on),
      CASE(constants_of_all_forms),
      CASE(typed_lists_of_all_types),
      CASE(large_raw_data_is_taken_over),
      CASE(shapes_follow_open_sizes),
      CASE(inputs_are_checked),
      CASE(hash_of_the_file),
      CASE(run_lets_go),
  };
  return cmocka_run_group_tests_name("graph/reader", tests, NULL, NULL);
}
