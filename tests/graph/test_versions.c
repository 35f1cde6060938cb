/* SPDX-License-Identifier: Apache-2.0
 *
 * Old forms of operators, lifted: results known in closed form. The conformance cases cover what they use of
 * opset 6 and from 7 on; here stand the forms that they do not.
 */
#include <math.h>

#include "graph/graph.h"
#include "onnx_writer.h"

typedef struct fixture {
  vt_ctx *ctx;
  pb graph, node;
} fixture;

static int set_up(void **state)
{
  fixture *f = calloc(1, sizeof *f);
  f->ctx = vt_ctx_new();
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  vt_text_free(&f->graph);
  vt_text_free(&f->node);
  vt_ctx_free(f->ctx);
  free(f);
  return 0;
}

/* A model of one node from `inputs` (x among them) to y, x of the shape given;
 * attributes are added to f->node. */
static void start(fixture *f, const char *op, const char *inputs, int rank, const int64_t *dims)
{
  f->graph = onnx_graph(f->ctx, rank, dims);
  f->node = onnx_node(f->ctx, op, "n", inputs, "y");
}

static void constant(fixture *f, const char *name, int rank, const int64_t *dims, const float *data,
                     size_t count)
{
  pb tensor = onnx_tensor(f->ctx, name, VT_F32, rank, dims, data, count * sizeof *data);
  pb_message(f->ctx, &f->graph, ONNX_INITIALIZER, &tensor);
}

static vt_graph *finish(fixture *f, int64_t opset)
{
  pb_message(f->ctx, &f->graph, ONNX_NODE, &f->node);
  pb model = onnx_model(f->ctx, opset, &f->graph);
  vt_graph *graph;
  assert_ok(f->ctx, vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph));
  vt_text_free(&model);
  return graph;
}

/* Runs the model on x = 1, 2, … and compares y. */
static void expect(fixture *f, int64_t opset, int rank, const int64_t *dims, const float *values)
{
  vt_graph *graph = finish(f, opset);
  const vt_value *input = &graph->values[graph->inputs[0]];
  vt_tensor *x = vt_tensor_new(f->ctx, VT_F32, input->rank, input->dims), *y;
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)(i + 1);
  assert_ok(f->ctx, vt_graph_run(f->ctx, graph, &x, &y));
  assert_int_equal(y->rank, rank);
  for (int axis = 0; axis < rank; axis++)
    assert_int_equal(y->dims[axis], dims[axis]);
  for (int64_t i = 0; i < vt_count(y); i++)
    assert_near(vt_get_f64(y, i), (double)values[i], 1e-5);
  vt_graph_free(graph);
}

#define DIMS(...)                                                                                            \
  (int64_t[])                                                                                                \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }
#define VALUES(...)                                                                                          \
  (float[])                                                                                                  \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }

static void add_along_an_axis(void **state)
{
  fixture *f = *state;
  start(f, "Add", "x b", 3, DIMS(1, 2, 2));
  constant(f, "b", 1, DIMS(2), VALUES(10, 20), 2);
  onnx_attribute_int(f->ctx, &f->node, "broadcast", 1);
  onnx_attribute_int(f->ctx, &f->node, "axis", 1);
  expect(f, 6, 3, DIMS(1, 2, 2), VALUES(11, 12, 23, 24));
}

static void subtract_along_an_axis_from_the_end(void **state)
{
  fixture *f = *state;
  start(f, "Sub", "x b", 3, DIMS(1, 2, 2));
  constant(f, "b", 1, DIMS(2), VALUES(10, 20), 2);
  onnx_attribute_int(f->ctx, &f->node, "broadcast", 1);
  onnx_attribute_int(f->ctx, &f->node, "axis", -2);
  onnx_attribute_ints(f->ctx, &f->node, "consumed_inputs", 2, DIMS(0, 0));
  expect(f, 1, 3, DIMS(1, 2, 2), VALUES(-9, -8, -17, -16));
}

static void multiply_by_the_end(void **state)
{
  fixture *f = *state;
  start(f, "Mul", "x b", 2, DIMS(2, 2));
  constant(f, "b", 1, DIMS(2), VALUES(1, -1), 2);
  onnx_attribute_int(f->ctx, &f->node, "broadcast", 1);
  expect(f, 6, 2, DIMS(2, 2), VALUES(1, -2, 3, -4));
}

static void pad_with_paddings(void **state)
{
  fixture *f = *state;
  start(f, "Pad", "x", 2, DIMS(1, 2));
  onnx_attribute_ints(f->ctx, &f->node, "paddings", 4, DIMS(0, 1, 1, 0));
  onnx_attribute_float(f->ctx, &f->node, "value", 9);
  expect(f, 1, 2, DIMS(2, 3), VALUES(9, 1, 2, 9, 9, 9));
}

static void slice_by_attributes(void **state)
{
  fixture *f = *state;
  start(f, "Slice", "x", 2, DIMS(2, 3));
  onnx_attribute_ints(f->ctx, &f->node, "starts", 1, DIMS(1));
  onnx_attribute_ints(f->ctx, &f->node, "ends", 1, DIMS(1000));
  onnx_attribute_ints(f->ctx, &f->node, "axes", 1, DIMS(1));
  expect(f, 1, 2, DIMS(2, 2), VALUES(2, 3, 5, 6));
}

static void clip_by_attributes(void **state)
{
  fixture *f = *state;
  start(f, "Clip", "x", 1, DIMS(4));
  onnx_attribute_float(f->ctx, &f->node, "max", 3);
  expect(f, 6, 1, DIMS(4), VALUES(1, 2, 3, 3));
}

static void cast_by_name(void **state)
{
  fixture *f = *state;
  start(f, "Cast", "x", 1, DIMS(2));
  onnx_attribute_text(f->ctx, &f->node, "to", "INT32");
  vt_graph *graph = finish(f, 1);
  assert_int_equal(graph->values[graph->outputs[0]].type, VT_I32);
  vt_graph_free(graph);
}

/* Rows of 4: softmax of 1..4 is e^i / sum, whatever is added to a row. */
static void softmax_of_a_matrix(void **state)
{
  fixture *f = *state;
  double sum = exp(1) + exp(2) + exp(3) + exp(4);
  float expected[8];
  for (int i = 0; i < 8; i++)
    expected[i] = (float)(exp(i % 4 + 1) / sum);
  start(f, "Softmax", "x", 3, DIMS(2, 2, 2));
  expect(f, 11, 3, DIMS(2, 2, 2), expected);
}

/* A model that was lifted and written holds the reader's own names: others are found. */
static void names_of_an_earlier_reading(void **state)
{
  fixture *f = *state;
  start(f, "Clip", "lifted#1", 1, DIMS(3));
  onnx_attribute_float(f->ctx, &f->node, "min", 2.5f);
  constant(f, "lifted#0", 1, DIMS(1), VALUES(10), 1);
  pb add = onnx_node(f->ctx, "Mul", "m", "x lifted#0", "lifted#1");
  pb_message(f->ctx, &f->graph, ONNX_NODE, &add);
  expect(f, 7, 1, DIMS(3), VALUES(10, 20, 30));
}

static void hardmax_at_axis_zero(void **state)
{
  fixture *f = *state;
  start(f, "Hardmax", "x", 2, DIMS(2, 2));
  onnx_attribute_int(f->ctx, &f->node, "axis", 0);
  expect(f, 1, 2, DIMS(2, 2), VALUES(0, 0, 0, 1));
}

/* y = (x − m) / √(v + 1) · s + b with a number for each column. */
static void start_norm(fixture *f)
{
  start(f, "BatchNormalization", "x s b m v", 2, DIMS(2, 2));
  constant(f, "s", 1, DIMS(2), VALUES(2, 3), 2);
  constant(f, "b", 1, DIMS(2), VALUES(0, 1), 2);
  constant(f, "m", 1, DIMS(2), VALUES(1, 0), 2);
  constant(f, "v", 1, DIMS(2), VALUES(3, 15), 2);
  onnx_attribute_float(f->ctx, &f->node, "epsilon", 1);
}

static void norm_of_each_position(void **state)
{
  fixture *f = *state;
  start_norm(f);
  onnx_attribute_int(f->ctx, &f->node, "spatial", 0);
  expect(f, 7, 2, DIMS(2, 2), VALUES(0, 2.5f, 2, 4));
}

static void norm_of_inference(void **state)
{
  fixture *f = *state;
  start_norm(f);
  onnx_attribute_int(f->ctx, &f->node, "is_test", 1);
  onnx_attribute_int(f->ctx, &f->node, "spatial", 1);
  onnx_attribute_ints(f->ctx, &f->node, "consumed_inputs", 5, DIMS(0, 0, 0, 1, 1));
  expect(f, 1, 2, DIMS(2, 2), VALUES(0, 2.5f, 2, 4));
}

static void dropout_of_inference(void **state)
{
  fixture *f = *state;
  start(f, "Dropout", "x", 1, DIMS(3));
  onnx_attribute_float(f->ctx, &f->node, "ratio", 0.9f);
  onnx_attribute_int(f->ctx, &f->node, "is_test", 1);
  expect(f, 6, 1, DIMS(3), VALUES(1, 2, 3));
}

static void prelu_of_channels(void **state)
{
  fixture *f = *state;
  start(f, "PRelu", "m s", 3, DIMS(1, 2, 2));
  pb minus = onnx_node(f->ctx, "Neg", "", "x", "m");
  pb_message(f->ctx, &f->graph, ONNX_NODE, &minus);
  constant(f, "s", 1, DIMS(2), VALUES(0.5f, 2), 2);
  expect(f, 6, 3, DIMS(1, 2, 2), VALUES(-0.5f, -1, -6, -8));
}

static void concat_without_an_axis(void **state)
{
  fixture *f = *state;
  start(f, "Concat", "x x", 2, DIMS(1, 2));
  expect(f, 1, 2, DIMS(1, 4), VALUES(1, 2, 1, 2));
}

static void reshape_by_attribute(void **state)
{
  fixture *f = *state;
  start(f, "Reshape", "x", 2, DIMS(2, 3));
  onnx_attribute_ints(f->ctx, &f->node, "shape", 2, DIMS(3, -1));
  expect(f, 1, 2, DIMS(3, 2), VALUES(1, 2, 3, 4, 5, 6));
}

static void split_by_attribute(void **state)
{
  fixture *f = *state;
  f->graph = onnx_graph(f->ctx, 1, DIMS(4));
  f->node = onnx_node(f->ctx, "Split", "n", "x", "a y");
  onnx_attribute_ints(f->ctx, &f->node, "split", 2, DIMS(1, 3));
  expect(f, 2, 1, DIMS(3), VALUES(2, 3, 4));
}

static void split_into_equal_parts(void **state)
{
  fixture *f = *state;
  f->graph = onnx_graph(f->ctx, 1, DIMS(4));
  f->node = onnx_node(f->ctx, "Split", "n", "x", "a y");
  expect(f, 13, 1, DIMS(2), VALUES(3, 4));
}

static void reduce_by_attribute(void **state)
{
  fixture *f = *state;
  start(f, "ReduceMax", "x", 2, DIMS(2, 3));
  onnx_attribute_ints(f->ctx, &f->node, "axes", 1, DIMS(0));
  onnx_attribute_int(f->ctx, &f->node, "keepdims", 0);
  expect(f, 13, 1, DIMS(3), VALUES(4, 5, 6));
}

static void largest_by_attribute(void **state)
{
  fixture *f = *state;
  f->graph = onnx_graph(f->ctx, 1, DIMS(4));
  f->node = onnx_node(f->ctx, "TopK", "n", "x", "y i");
  onnx_attribute_int(f->ctx, &f->node, "k", 2);
  expect(f, 1, 1, DIMS(2), VALUES(4, 3));
}

static void tile_along_an_axis(void **state)
{
  fixture *f = *state;
  start(f, "Tile", "x copies axis", 2, DIMS(2, 2));
  constant(f, "copies", 0, NULL, VALUES(2), 1);
  constant(f, "axis", 0, NULL, VALUES(1), 1);
  expect(f, 1, 2, DIMS(2, 4), VALUES(1, 2, 1, 2, 3, 4, 3, 4));
}

static void scatter_under_its_old_name(void **state)
{
  fixture *f = *state;
  int64_t indices[2] = {2, 0};
  start(f, "Scatter", "x i u", 1, DIMS(3));
  pb tensor = onnx_tensor(f->ctx, "i", VT_I64, 1, DIMS(2), indices, sizeof indices);
  pb_message(f->ctx, &f->graph, ONNX_INITIALIZER, &tensor);
  constant(f, "u", 1, DIMS(2), VALUES(7, 8), 2);
  expect(f, 9, 1, DIMS(3), VALUES(8, 2, 7));
}

static void upsample_by_two_factors(void **state)
{
  fixture *f = *state;
  start(f, "Upsample", "x", 4, DIMS(1, 1, 1, 2));
  onnx_attribute_float(f->ctx, &f->node, "width_scale", 2);
  onnx_attribute_float(f->ctx, &f->node, "height_scale", 1);
  expect(f, 1, 4, DIMS(1, 1, 1, 4), VALUES(1, 1, 2, 2));
}

/* Without an offset: positions 0, 0.5, 1, 1.5 (kept at the last element). */
static void upsample_linearly(void **state)
{
  fixture *f = *state;
  start(f, "Upsample", "x", 4, DIMS(1, 1, 1, 2));
  onnx_attribute_text(f->ctx, &f->node, "mode", "linear");
  onnx_attribute_floats(f->ctx, &f->node, "scales", 4, VALUES(1, 1, 1, 2));
  expect(f, 7, 4, DIMS(1, 1, 1, 4), VALUES(1, 1.5f, 2, 2));
}

static void upsample_by_an_input(void **state)
{
  fixture *f = *state;
  start(f, "Upsample", "x s", 4, DIMS(1, 1, 1, 2));
  constant(f, "s", 1, DIMS(4), VALUES(1, 1, 2, 1), 4);
  expect(f, 9, 4, DIMS(1, 1, 2, 2), VALUES(1, 2, 1, 2));
}

/* Shrinking rounds up: positions 0 and 1 / 0.6 = 1.67. */
static void resize_of_opset_ten(void **state)
{
  fixture *f = *state;
  start(f, "Resize", "x s", 4, DIMS(1, 1, 1, 4));
  constant(f, "s", 1, DIMS(4), VALUES(1, 1, 1, 0.6f), 4);
  expect(f, 10, 4, DIMS(1, 1, 1, 2), VALUES(1, 3));
}

static void norm_of_groups(void **state)
{
  fixture *f = *state;
  start(f, "GroupNormalization", "x s b", 3, DIMS(1, 4, 1));
  constant(f, "s", 1, DIMS(2), VALUES(1, 10), 2);
  constant(f, "b", 1, DIMS(2), VALUES(0, 5), 2);
  onnx_attribute_int(f->ctx, &f->node, "num_groups", 2);
  onnx_attribute_float(f->ctx, &f->node, "epsilon", 0);
  /* each group holds two channels half a step from their mean: −1 and 1 */
  expect(f, 18, 3, DIMS(1, 4, 1), VALUES(-1, 1, -5, 15));
}

static void real_p_of_a_pool(void **state)
{
  fixture *f = *state;
  start(f, "GlobalLpPool", "x", 3, DIMS(1, 1, 2));
  onnx_attribute_float(f->ctx, &f->node, "p", 1);
  expect(f, 1, 3, DIMS(1, 1, 1), VALUES(3));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(add_along_an_axis),
      CASE(subtract_along_an_axis_from_the_end),
      CASE(multiply_by_the_end),
      CASE(pad_with_paddings),
      CASE(slice_by_attributes),
      CASE(clip_by_attributes),
      CASE(cast_by_name),
      CASE(softmax_of_a_matrix),
      CASE(names_of_an_earlier_reading),
      CASE(hardmax_at_axis_zero),
      CASE(norm_of_each_position),
      CASE(norm_of_inference),
      CASE(dropout_of_inference),
      CASE(prelu_of_channels),
      CASE(concat_without_an_axis),
      CASE(reshape_by_attribute),
      CASE(split_by_attribute),
      CASE(split_into_equal_parts),
      CASE(reduce_by_attribute),
      CASE(largest_by_attribute),
      CASE(tile_along_an_axis),
      CASE(scatter_under_its_old_name),
      CASE(upsample_by_two_factors),
      CASE(upsample_linearly),
      CASE(upsample_by_an_input),
      CASE(resize_of_opset_ten),
      CASE(norm_of_groups),
      CASE(real_p_of_a_pool),
  };
  return cmocka_run_group_tests_name("graph/versions", tests, NULL, NULL);
}
