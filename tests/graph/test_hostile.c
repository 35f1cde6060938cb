/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are damaged, contradictory or meant to hurt: each gives a clear error and nothing else.
 */
#include <math.h>
#include <sys/stat.h>

#include "graph/graph.h"
#include "model_fixture.h"

/* Nothing leaks, whatever went wrong. */
static int tear_down_empty(void **state)
{
  fixture *f = *state;
  vt_text_free(&f->graph);
  assert_true(vt_ctx_memory_in_use(f->ctx) == 0);
  return tear_down(state);
}

/* The model must be refused with that status and a message that contains `part`. */
static void refused_bytes(fixture *f, const void *bytes, size_t size, vt_status expected, const char *part)
{
  vt_graph *graph = NULL;
  assert_fails(f->ctx, vt_graph_parse(f->ctx, bytes, size, NULL, NULL, &graph), expected, part);
  assert_null(graph);
}

static void refused_model(fixture *f, pb *model, vt_status expected, const char *part)
{
  refused_bytes(f, model->data, model->length, expected, part);
  vt_text_free(model);
}

static void refused(fixture *f, vt_status expected, const char *part)
{
  pb model = onnx_model(f->ctx, 21, &f->graph);
  refused_model(f, &model, expected, part);
}

/* ---- the file as bytes ---- */

static void empty_file(void **state)
{
  refused_bytes(*state, "", 0, VT_ERROR_INVALID_MODEL, "empty");
}

static void no_graph_inside(void **state)
{
  refused_bytes(*state, "\x08\x0a", 2, VT_ERROR_INVALID_MODEL, "no graph");
}

static void every_truncation(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  vt_graph *graph;
  for (size_t size = 0; size < model.length; size++) {
    /* a cut between two fields of the outermost message leaves a shorter message, never
     * a graph with parts missing */
    vt_status status = vt_graph_parse(f->ctx, model.data, size, NULL, NULL, &graph);
    if (status == VT_OK) fail_msg("cut to %zu of %zu bytes and read nevertheless", size, model.length);
    assert_int_equal(status, VT_ERROR_INVALID_MODEL);
    vt_ctx_clear(f->ctx);
  }
  assert_ok(f->ctx, vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph));
  vt_graph_free(graph);
  vt_text_free(&model);
}

static void random_bytes(void **state)
{
  fixture *f = *state;
  unsigned char bytes[256];
  for (uint64_t round = 0; round < 2000; round++) {
    for (uint64_t i = 0; i < sizeof bytes; i += 16) {
      uint32_t bits[4];
      vt_random_bits(7, round, i, bits);
      memcpy(bytes + i, bits, sizeof bits);
    }
    vt_graph *graph;
    assert_true(vt_graph_parse(f->ctx, bytes, sizeof bytes, NULL, NULL, &graph) != VT_OK);
    vt_ctx_clear(f->ctx);
  }
}

/* Every byte of a good model replaced by every of a few values: read or refused, but never more. */
static void changed_bytes(void **state)
{
  fixture *f = *state;
  static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
  float weights[6] = {1, 2, 3, 4, 5, 6};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, two_by_three, weights, sizeof weights));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "h"));
  add(f, onnx_node(f->ctx, "Relu", "m", "h", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  for (size_t i = 0; i < model.length; i++)
    for (size_t k = 0; k < VT_COUNT(values); k++) {
      char old = model.data[i];
      model.data[i] = (char)values[k];
      vt_graph *graph;
      if (vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph) == VT_OK)
        vt_graph_free(graph);
      else
        assert_true(vt_ctx_message(f->ctx)[0] != 0);
      vt_ctx_clear(f->ctx);
      model.data[i] = old;
    }
  vt_text_free(&model);
}

/* 3 000 graphs in attributes in nodes in graphs: protobuf-c alone would exhaust the stack. */
static void nested_graphs(void **state)
{
  fixture *f = *state;
  enum { DEPTH = 3000 };
  pb inner = {0};
  for (int i = 0; i < DEPTH; i++) {
    pb attribute = {0}, node = {0}, graph = {0};
    pb_message(f->ctx, &attribute, 6, &inner);
    pb_message(f->ctx, &node, 5, &attribute);
    pb_message(f->ctx, &graph, 1, &node);
    inner = graph;
  }
  pb model = onnx_model(f->ctx, 21, &inner);
  refused_model(f, &model, VT_ERROR_INVALID_MODEL, "nested more than 64 deep");
}

static void nested_types(void **state)
{
  fixture *f = *state;
  pb type = {0}, info = {0};
  for (int i = 0; i < 200; i++) {
    pb sequence = {0}, outer = {0};
    pb_message(f->ctx, &sequence, 1, &type);
    pb_message(f->ctx, &outer, 4, &sequence);
    type = outer;
  }
  pb_text(f->ctx, &info, 1, "s");
  pb_message(f->ctx, &info, 2, &type);
  pb_message(f->ctx, &f->graph, ONNX_INPUT, &info);
  refused(f, VT_ERROR_INVALID_MODEL, "nested more than 64 deep");
}

/* Many empty nodes are small in the file and large in memory. */
static void expansion(void **state)
{
  fixture *f = *state;
  for (int i = 0; i < 1000000; i++)
    vt_text_add_bytes(f->ctx, &f->graph, "\x0a\x00", 2);
  pb model = onnx_model(f->ctx, 21, &f->graph);
  vt_graph *graph;
  uint64_t before = vt_ctx_memory_in_use(f->ctx);
  assert_int_equal(vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph),
                   VT_ERROR_INVALID_MODEL);
  assert_true(vt_ctx_memory_peak(f->ctx) - before < (200u << 20));
  vt_ctx_clear(f->ctx);
  vt_text_free(&model);
}

static void graph_given_twice(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  pb_bytes(f->ctx, &model, 7, "", 0);
  refused_model(f, &model, VT_ERROR_INVALID_MODEL, "given twice");
}

static void number_of_eleven_bytes(void **state)
{
  refused_bytes(*state, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, VT_ERROR_INVALID_MODEL,
                "more than 10 bytes");
}

static void field_of_the_wrong_kind(void **state)
{
  refused_bytes(*state, "\x38\x01", 2, VT_ERROR_INVALID_MODEL, "wrong kind"); /* graph as a number */
}

static void memory_limit(void **state)
{
  fixture *f = *state;
  static float weights[60000];
  int64_t dims[1] = {VT_COUNT(weights)};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 1, dims, weights, sizeof weights));
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  pb model = onnx_model(f->ctx, 21, &f->graph);
  vt_ctx_set_max_memory(f->ctx, vt_ctx_memory_in_use(f->ctx) + 100000);
  refused_model(f, &model, VT_ERROR_OUT_OF_MEMORY, "out of memory");
}

/* Each allocation of a read fails once. */
static void failing_allocations(void **state)
{
  fixture *f = *state;
  float weights[6] = {1, 2, 3, 4, 5, 6};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, two_by_three, weights, sizeof weights));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "h"));
  pb node = onnx_node(f->ctx, "Clip", "c", "h", "y");
  onnx_attribute_float(f->ctx, &node, "max", 6);
  add(f, node);
  pb model = onnx_model(f->ctx, 6, &f->graph);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  long n = 1;
  for (; n < 10000 && status != VT_OK; n++) {
    vt_graph *graph;
    vt_ctx_fail_allocation(f->ctx, n);
    status = vt_graph_parse(f->ctx, model.data, model.length, NULL, NULL, &graph);
    vt_ctx_fail_allocation(f->ctx, 0);
    if (status == VT_OK)
      vt_graph_free(graph);
    else
      assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_clear(f->ctx);
  }
  assert_int_equal(status, VT_OK);
  assert_true(n > 10);
  vt_text_free(&model);
}

/* ---- the graph ---- */

static void cyclic_graph(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Add", "first", "x b", "a"));
  add(f, onnx_node(f->ctx, "Relu", "second", "a", "b"));
  add(f, onnx_node(f->ctx, "Relu", "third", "b", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "cycle: node '");
}

static void node_that_needs_itself(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Add", "loop", "x y", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "cycle: node 'loop' (Add) needs 'y'");
}

static void nodes_out_of_order(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Neg", "last", "a", "y"));
  add(f, onnx_node(f->ctx, "Relu", "first", "x", "a"));
  vt_graph *graph = read_opset(f, 21);
  assert_string_equal(graph->nodes[0].name, "first");
  assert_string_equal(graph->nodes[1].name, "last");
  assert_int_equal(graph->values[vt_graph_find(graph, "y")].producer, 1);
  vt_graph_free(graph);
}

static void long_chain_backwards(void **state)
{
  fixture *f = *state;
  enum { LENGTH = 20000 };
  char from[32], to[32];
  for (int i = LENGTH; i > 0; i--) {
    snprintf(from, sizeof from, i == 1 ? "x" : "v%d", i - 1);
    snprintf(to, sizeof to, i == LENGTH ? "y" : "v%d", i);
    add(f, onnx_node(f->ctx, "Neg", "", from, to));
  }
  vt_graph *graph = read_opset(f, 21);
  assert_int_equal(graph->node_count, LENGTH);
  assert_int_equal(graph->values[graph->outputs[0]].producer, LENGTH - 1);
  vt_graph_free(graph);
}

static void missing_input(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Add", "sum", "x nowhere", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "node 'sum' (Add): input 'nowhere' is made by no node");
}

static void input_left_out(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Add", "sum", "_ x", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "node 'sum' (Add): input 0 is missing");
}

static void too_few_inputs(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Add", "sum", "x", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "node 'sum' (Add): 1 inputs");
}

static void too_many_outputs(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "r", "x", "y z"));
  refused(f, VT_ERROR_INVALID_MODEL, "node 'r' (Relu): 2 outputs");
}

static void name_made_twice(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "one", "x", "y"));
  add(f, onnx_node(f->ctx, "Neg", "two", "x", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "node 'two' (Neg): 'y' is made by something else");
}

static void node_makes_an_input(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "one", "x", "x"));
  refused(f, VT_ERROR_INVALID_MODEL, "'x' is made by something else");
}

static void inputs_of_one_name(void **state)
{
  fixture *f = *state;
  onnx_value(f->ctx, &f->graph, ONNX_INPUT, "x", VT_F32, 2, two_by_three);
  add(f, onnx_node(f->ctx, "Relu", "one", "x", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "input 'x': the name is given to something else");
}

static void output_that_nobody_makes(void **state)
{
  refused(*state, VT_ERROR_INVALID_MODEL, "output 'y' of the graph is made by no node");
}

static void unknown_operators_all_at_once(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Frobnicate", "one", "x", "a"));
  add(f, onnx_node(f->ctx, "Relu", "fine", "a", "b"));
  add(f, onnx_node(f->ctx, "Twist", "two", "b", "c"));
  add(f, onnx_node(f->ctx, "Frobnicate", "three", "c", "y"));
  refused(f, VT_ERROR_UNSUPPORTED, "Frobnicate ('one', 'three'); Twist ('two')");
}

static void control_flow(void **state)
{
  fixture *f = *state;
  pb loop = onnx_node(f->ctx, "Loop", "again", "_ _ x", "y"), attribute = {0}, body = {0};
  pb_text(f->ctx, &attribute, 1, "body");
  pb_text(f->ctx, &body, 2, "inside");
  pb_message(f->ctx, &attribute, 6, &body);
  pb_message(f->ctx, &loop, 5, &attribute);
  add(f, loop);
  refused(f, VT_ERROR_UNSUPPORTED, "Loop ('again')");
}

static void opset_of_the_future(void **state)
{
  fixture *f = *state;
  add(f, onnx_node(f->ctx, "Relu", "r", "x", "y"));
  pb model = onnx_model(f->ctx, 99, &f->graph);
  refused_model(f, &model, VT_ERROR_UNSUPPORTED, "opset 99");
}

static void no_opset_for_its_operators(void **state)
{
  fixture *f = *state;
  pb model = {0}, import = {0};
  add(f, onnx_node(f->ctx, "Relu", "r", "x", "y"));
  pb_text(f->ctx, &import, 1, "com.example");
  pb_int(f->ctx, &import, 2, 1);
  pb_message(f->ctx, &model, 8, &import);
  pb_message(f->ctx, &model, 7, &f->graph);
  refused_model(f, &model, VT_ERROR_INVALID_MODEL, "imports no version");
}

static void unknown_attribute(void **state)
{
  fixture *f = *state;
  pb node = onnx_node(f->ctx, "Relu", "r", "x", "y");
  onnx_attribute_float(f->ctx, &node, "ceiling", 6);
  add(f, node);
  refused(f, VT_ERROR_UNSUPPORTED, "node 'r' (Relu): attribute 'ceiling' is not known");
}

static void attribute_of_the_wrong_kind(void **state)
{
  fixture *f = *state;
  pb node = onnx_node(f->ctx, "Concat", "c", "x x", "y");
  onnx_attribute_float(f->ctx, &node, "axis", 1);
  add(f, node);
  refused(f, VT_ERROR_INVALID_MODEL, "node 'c' (Concat): attribute 'axis' must be an integer");
}

static void attribute_given_twice(void **state)
{
  fixture *f = *state;
  pb node = onnx_node(f->ctx, "Concat", "c", "x x", "y");
  onnx_attribute_int(f->ctx, &node, "axis", 0);
  onnx_attribute_int(f->ctx, &node, "axis", 1);
  add(f, node);
  refused(f, VT_ERROR_INVALID_MODEL, "attribute 'axis' is given twice");
}

static void element_type_that_the_operator_lacks(void **state)
{
  fixture *f = *state;
  onnx_value(f->ctx, &f->graph, ONNX_INPUT, "c", VT_C64, 2, two_by_three);
  add(f, onnx_node(f->ctx, "Relu", "r", "c", "y"));
  refused(f, VT_ERROR_UNSUPPORTED, "Relu of c64 (input 0) ('r')");
}

/* ---- tensors ---- */

static void huge_dimensions(void **state)
{
  fixture *f = *state;
  int64_t dims[2] = {INT64_C(1) << 31, INT64_C(1) << 31};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, dims, "abcd", 4));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "initializer 'w'");
}

static void large_dimension_without_data(void **state)
{
  fixture *f = *state;
  int64_t dims[1] = {INT64_C(1) << 31};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 1, dims, "abcd", 4));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "y"));
  refused(f, VT_ERROR_INVALID_MODEL,
          "initializer 'w': 4 bytes of data for f32[2147483648], which needs 8589934592");
}

static void negative_dimension(void **state)
{
  fixture *f = *state;
  int64_t dims[2] = {2, -3};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, dims, "", 0));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "initializer 'w': dimension 1 is -3");
}

static void negative_dimension_of_an_input(void **state)
{
  fixture *f = *state;
  int64_t dims[1] = {-7};
  onnx_value(f->ctx, &f->graph, ONNX_INPUT, "z", VT_F32, 1, dims);
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "input 'z': dimension 0 is -7");
}

static void nine_dimensions(void **state)
{
  fixture *f = *state;
  int64_t dims[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  float one = 1;
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 9, dims, &one, sizeof one));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "y"));
  refused(f, VT_ERROR_UNSUPPORTED, "9 dimensions; at most 8");
}

static void raw_data_of_the_wrong_size(void **state)
{
  fixture *f = *state;
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, two_by_three, "abcdefg", 7));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "initializer 'w': 7 bytes of data for f32[2,3], which needs 24");
}

static void list_of_the_wrong_length(void **state)
{
  fixture *f = *state;
  pb tensor = {0};
  pb_int(f->ctx, &tensor, 1, 3);
  pb_int(f->ctx, &tensor, 2, VT_I64);
  pb_text(f->ctx, &tensor, 8, "w");
  pb_int(f->ctx, &tensor, 7, 5); /* one number, unpacked */
  add_tensor(f, tensor);
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  refused(f, VT_ERROR_INVALID_MODEL, "initializer 'w': 1 numbers for i64[3]");
}

static void strings_as_data(void **state)
{
  fixture *f = *state;
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_STRING, 2, two_by_three, "", 0));
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  refused(f, VT_ERROR_UNSUPPORTED, "initializer 'w': element type 8 (string)");
}

static void eight_bit_floats(void **state)
{
  fixture *f = *state;
  add_tensor(f, onnx_tensor(f->ctx, "w", 17, 2, two_by_three, "abcdef", 6));
  add(f, onnx_node(f->ctx, "Relu", "n", "x", "y"));
  refused(f, VT_ERROR_UNSUPPORTED, "initializer 'w': element type 17");
}

static void weights_that_are_nan(void **state)
{
  fixture *f = *state;
  float weights[6] = {NAN, INFINITY, -INFINITY, 0, 1, 2};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, two_by_three, weights, sizeof weights));
  add(f, onnx_node(f->ctx, "Add", "n", "x w", "y"));
  vt_graph *graph = read_opset(f, 21);
  vt_ctx *inner = vt_ctx_child(f->ctx);
  vt_tensor *x = vt_tensor_new(inner, VT_F32, 2, two_by_three), *y;
  memset(x->data, 0, vt_bytes(x));
  assert_ok(inner, vt_graph_run(inner, graph, &x, &y));
  assert_true(isnan(((float *)y->data)[0]) && isinf(((float *)y->data)[1]));
  vt_ctx_free(inner);
  vt_graph_free(graph);
}

static void zero_sized_tensor(void **state)
{
  fixture *f = *state;
  int64_t dims[2] = {0, 3};
  add_tensor(f, onnx_tensor(f->ctx, "w", VT_F32, 2, dims, "", 0));
  pb node = onnx_node(f->ctx, "Concat", "n", "x w", "y");
  onnx_attribute_int(f->ctx, &node, "axis", 0);
  add(f, node);
  vt_graph *graph = read_opset(f, 21);
  assert_int_equal(graph->values[graph->outputs[0]].dims[0], 2);
  vt_graph_free(graph);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_empty)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(empty_file),
      CASE(no_graph_inside),
      CASE(every_truncation),
      CASE(random_bytes),
      CASE(changed_bytes),
      CASE(nested_graphs),
      CASE(nested_types),
      CASE(expansion),
      CASE(graph_given_twice),
      CASE(number_of_eleven_bytes),
      CASE(field_of_the_wrong_kind),
      CASE(memory_limit),
      CASE(failing_allocations),
      CASE(cyclic_graph),
      CASE(node_that_needs_itself),
      CASE(nodes_out_of_order),
      CASE(long_chain_backwards),
      CASE(missing_input),
      CASE(input_left_out),
      CASE(too_few_inputs),
      CASE(too_many_outputs),
      CASE(name_made_twice),
      CASE(node_makes_an_input),
      CASE(inputs_of_one_name),
      CASE(output_that_nobody_makes),
      CASE(unknown_operators_all_at_once),
      CASE(control_flow),
      CASE(opset_of_the_future),
      CASE(no_opset_for_its_operators),
      CASE(unknown_attribute),
      CASE(attribute_of_the_wrong_kind),
      CASE(attribute_given_twice),
      CASE(element_type_that_the_operator_lacks),
      CASE(huge_dimensions),
      CASE(large_dimension_without_data),
      CASE(negative_dimension),
      CASE(negative_dimension_of_an_input),
      CASE(nine_dimensions),
      CASE(raw_data_of_the_wrong_size),
      CASE(list_of_the_wrong_length),
      CASE(strings_as_data),
      CASE(eight_bit_floats),
      CASE(weights_that_are_nan),
      CASE(zero_sized_tensor),
  };
  return cmocka_run_group_tests_name("graph/hostile", tests, NULL, NULL);
}
