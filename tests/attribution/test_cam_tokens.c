/* SPDX-License-Identifier: Apache-2.0
 *
 * Class-activation maps of a vision transformer: the tokens that go into the last block, laid out on the
 * grid of the patches, the class token left out. The net has one block over 4 × 4 patches of 8 × 8 pixels:
 *
 *   patches = Conv(x)   stream = [class; patches] + positions   normed = LayerNorm(stream)   pattern =
 * softmax(q · kᵀ / 2)   middle = stream + (pattern · v) · o   y = (class token of middle) · head
 */
#include "cam_case.h"

#include "graph/trace.h"

enum { WIDTH = 4, PATCH = 8, SIDE = CASE_SIDE / PATCH, PLACES = SIDE * SIDE, TOKENS = PLACES + 1 };

static void random_tensor(vt_ctx *ctx, pb *graph, const char *name, int rank, const int64_t *dims,
                          double scale)
{
  float values[4096];
  size_t count = 1;
  for (int i = 0; i < rank; i++)
    count *= (size_t)dims[i];
  assert_true(count <= VT_COUNT(values));
  for (size_t i = 0; i < count; i++)
    values[i] = (float)(scale * vt_random_normal(11, vt_stream(name, 0), i));
  case_tensor(ctx, graph, name, rank, dims, values);
}

static void ints_tensor(vt_ctx *ctx, pb *graph, const char *name, int64_t count, const int64_t *values)
{
  pb tensor = onnx_tensor(ctx, name, VT_I64, 1, &count, values, (size_t)count * sizeof *values);
  pb_message(ctx, graph, ONNX_INITIALIZER, &tensor);
}

/* `registers`: tokens beside the class token, before the patches. */
static void open_transformer(rule_bench *b, int registers)
{
  *b = (rule_bench){.ctx = vt_ctx_new()};
  vt_ctx *ctx = b->ctx;
  const int64_t square[] = {WIDTH, WIDTH}, patch[] = {PATCH, PATCH}, before = 1 + registers;
  const float half = 0.5f;
  pb graph = onnx_graph(ctx, 4, (const int64_t[]){1, 3, CASE_SIDE, CASE_SIDE});
  random_tensor(ctx, &graph, "embed", 4, (const int64_t[]){WIDTH, 3, PATCH, PATCH}, 0.2);
  random_tensor(ctx, &graph, "class", 3, (const int64_t[]){1, before, WIDTH}, 1);
  random_tensor(ctx, &graph, "positions", 3, (const int64_t[]){1, PLACES + before, WIDTH}, 0.3);
  random_tensor(ctx, &graph, "gain", 1, square, 1);
  random_tensor(ctx, &graph, "bias", 1, square, 0.1);
  for (int i = 0; i < 4; i++)
    random_tensor(ctx, &graph, (const char *const[]){"wq", "wk", "wv", "wo"}[i], 2, square, 0.7);
  random_tensor(ctx, &graph, "head", 2, (const int64_t[]){WIDTH, CASE_CLASSES}, 1);
  ints_tensor(ctx, &graph, "rows", 3, (const int64_t[]){1, WIDTH, PLACES});
  ints_tensor(ctx, &graph, "zero", 1, (const int64_t[]){0});
  ints_tensor(ctx, &graph, "one", 1, (const int64_t[]){1});
  case_tensor(ctx, &graph, "scale", 0, NULL, &half);
  pb conv = onnx_node(ctx, "Conv", "conv", "x embed", "grid");
  onnx_attribute_ints(ctx, &conv, "strides", 2, patch);
  pb_message(ctx, &graph, ONNX_NODE, &conv);
  case_node(ctx, &graph, "Reshape", "grid rows", "flat");
  case_ints_node(ctx, &graph, "Transpose", "flat", "patches", "perm", 3, (const int64_t[]){0, 2, 1});
  pb join = onnx_node(ctx, "Concat", "join", "class patches", "tokens");
  onnx_attribute_int(ctx, &join, "axis", 1);
  pb_message(ctx, &graph, ONNX_NODE, &join);
  case_node(ctx, &graph, "Add", "tokens positions", "stream");
  case_node(ctx, &graph, "LayerNormalization", "stream gain bias", "normed");
  case_node(ctx, &graph, "MatMul", "normed wq", "q");
  case_node(ctx, &graph, "MatMul", "normed wk", "k");
  case_node(ctx, &graph, "MatMul", "normed wv", "v");
  case_ints_node(ctx, &graph, "Transpose", "k", "kt", "perm", 3, (const int64_t[]){0, 2, 1});
  case_node(ctx, &graph, "MatMul", "q kt", "product");
  case_node(ctx, &graph, "Mul", "product scale", "scores");
  pb softmax = onnx_node(ctx, "Softmax", "softmax", "scores", "pattern");
  onnx_attribute_int(ctx, &softmax, "axis", -1);
  pb_message(ctx, &graph, ONNX_NODE, &softmax);
  case_node(ctx, &graph, "MatMul", "pattern v", "z");
  case_node(ctx, &graph, "MatMul", "z wo", "attended");
  case_node(ctx, &graph, "Add", "attended stream", "middle");
  pb first = onnx_node(ctx, "Slice", "first", "middle zero one one", "token");
  pb_message(ctx, &graph, ONNX_NODE, &first);
  pb flatten = onnx_node(ctx, "Flatten", "flatten", "token", "row");
  pb_message(ctx, &graph, ONNX_NODE, &flatten);
  case_node(ctx, &graph, "MatMul", "row head", "y");
  case_open(b, &graph);
  for (int i = 0; i < 3 * CASE_PIXELS; i++)
    b->input[i] = (float)vt_random_uniform(5, vt_stream("token picture", 0), (uint64_t)i);
}

/* The chosen layer's map, against gradient times activation from a trace of our own. */
static void expect_tokens(int registers)
{
  rule_bench b;
  open_transformer(&b, registers);
  vt_ctx *ctx = b.ctx;
  vt_explanation *found = rule_bench_run(&b, "hires-cam", 1, NULL);
  assert_string_equal(found->native_name, "normed");
  assert_int_equal(found->native_dims[0], SIDE);
  assert_int_equal(found->native_dims[1], SIDE);

  vt_trace *trace;
  vt_tensor *value, *gradient, *seed;
  vt_tensor *input = vt_tensor_borrow(ctx, VT_F32, 4, b.subject.dims, b.input);
  assert_ok(ctx, vt_trace_new(ctx, b.subject.graph, &trace));
  assert_ok(ctx, vt_trace_watch(ctx, trace, "normed"));
  assert_ok(ctx, vt_trace_run(ctx, trace, &input));
  seed = vt_tensor_new(ctx, VT_F32, 2, (const int64_t[]){1, CASE_CLASSES});
  memcpy(seed->data, (const float[]){0, 1, 0}, 3 * sizeof(float));
  assert_ok(ctx, vt_trace_backward(ctx, trace, "y", seed, false));
  assert_ok(ctx, vt_trace_value(ctx, trace, "normed", &value));
  assert_ok(ctx, vt_trace_gradient(ctx, trace, "normed", &gradient));
  double size = 0;
  for (int i = 0; i < PLACES; i++) {
    double expected = 0;
    for (int c = 0; c < WIDTH; c++) {
      int64_t at = (int64_t)(i + 1 + registers) * WIDTH + c;
      expected += vt_get_f64(value, at) * vt_get_f64(gradient, at);
    }
    assert_near(found->native[i], expected, 1e-6);
    size += fabs(expected);
  }
  assert_true(size > 1e-3); /* what goes into the last block still matters to the class token */
  vt_trace_free(trace);
  vt_explanation_free(found);

  /* the stream behind the block does so no more: its class token alone is read */
  const char *const behind[] = {"layer=middle", NULL};
  found = rule_bench_run(&b, "hires-cam", 1, behind);
  for (int i = 0; i < PLACES; i++)
    assert_near(found->native[i], 0, 0);
  vt_explanation_free(found);
  case_close(&b);
}

static void test_class_token(void **unused)
{
  (void)unused;
  expect_tokens(0);
}

static void test_registers(void **unused)
{
  (void)unused;
  expect_tokens(3);
}

/* Every formula works on tokens. */
static void test_family(void **unused)
{
  (void)unused;
  static const char *const family[] = {"grad-cam",     "grad-cam++", "xgrad-cam",
                                       "hires-cam",    "layer-cam",  "eigen-cam",
                                       "ablation-cam", "score-cam",  "guided-grad-cam"};
  rule_bench b;
  open_transformer(&b, 0);
  for (size_t m = 0; m < VT_COUNT(family); m++) {
    vt_explanation *found = rule_bench_run(&b, family[m], 1, NULL);
    assert_string_equal(found->native_name, "normed");
    for (int i = 0; i < PLACES; i++)
      assert_true(isfinite(found->native[i]));
    vt_explanation_free(found);
  }
  case_close(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_class_token),
      cmocka_unit_test(test_registers),
      cmocka_unit_test(test_family),
  };
  return cmocka_run_group_tests_name("attribution/cam_tokens", tests, NULL, NULL);
}
