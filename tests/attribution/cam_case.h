/* SPDX-License-Identifier: Apache-2.0
 *
 * Small nets for class-activation maps, as ONNX bytes in memory.
 *
 * The planted net sees the colours of a picture of 32 × 32 on a grid of 8 × 8:
 *   layer[4, 8, 8] = relu(colours · mean of 4 × 4 pixels): red, green, blue, and "not red"
 *   y[3] = weights · mean of layer: class 0 wants red, and has a little against "not red"
 * Its picture is dim, with a red rectangle on rows 2..5 and columns 3..6 of the grid.
 */
#ifndef VT_TESTS_CAM_CASE_H
#define VT_TESTS_CAM_CASE_H

#include "explain/model_onnx.h"
#include "graph/onnx_writer.h"
#include "rule_bench.h"

enum {
  CASE_SIDE = 32,
  CASE_GRID = 8,
  CASE_CHANNELS = 4,
  CASE_CLASSES = 3,
  CASE_PIXELS = CASE_SIDE * CASE_SIDE,
  CASE_PLACES = CASE_GRID * CASE_GRID
};

static const float case_colours[CASE_CHANNELS][3] = {{2, -1, -1}, {-1, 2, -1}, {-1, -1, 2}, {-1, 0, 0}};
static const float case_offsets[CASE_CHANNELS] = {-0.2f, -0.2f, -0.2f, 0.6f};
static const float case_weights[CASE_CLASSES][CASE_CHANNELS] = {{50, 0, 0, -2}, {0, 50, 0, 0}, {0, 0, 50, 0}};

static inline bool case_inside(int row, int column)
{
  return row >= 2 && row <= 5 && column >= 3 && column <= 6;
}

static inline void case_tensor(vt_ctx *ctx, pb *graph, const char *name, int rank, const int64_t *dims,
                               const float *data)
{
  size_t count = 1;
  for (int i = 0; i < rank; i++)
    count *= (size_t)dims[i];
  pb tensor = onnx_tensor(ctx, name, VT_F32, rank, dims, data, count * sizeof *data);
  pb_message(ctx, graph, ONNX_INITIALIZER, &tensor);
}

static inline void case_node(vt_ctx *ctx, pb *graph, const char *op, const char *inputs, const char *output)
{
  pb node = onnx_node(ctx, op, output, inputs, output);
  pb_message(ctx, graph, ONNX_NODE, &node);
}

static inline void case_ints_node(vt_ctx *ctx, pb *graph, const char *op, const char *inputs,
                                  const char *output, const char *attribute, size_t count,
                                  const int64_t *values)
{
  pb node = onnx_node(ctx, op, output, inputs, output);
  onnx_attribute_ints(ctx, &node, attribute, count, values);
  pb_message(ctx, graph, ONNX_NODE, &node);
}

/* Opens the model of a finished graph message, which is freed; `b->input` gets room. */
static inline void case_open(rule_bench *b, pb *graph)
{
  vt_graph *read;
  vt_ctx *ctx = b->ctx;
  pb model = onnx_model(ctx, 17, graph);
  assert_ok(ctx, vt_graph_parse(ctx, model.data, model.length, NULL, NULL, &read));
  vt_text_free(&model);
  assert_ok(ctx, vt_model_of_graph(ctx, read, "<memory>", NULL, NULL, NULL, &b->model));
  assert_ok(ctx, vt_model_subject(ctx, b->model, &b->subject));
  b->input = calloc(vt_subject_floats(&b->subject), sizeof *b->input);
  assert_non_null(b->input);
}

/* The planted net, its picture in `b->input`. `channels_last`: [1, height, width, channels] outside, the
 * layer transposed back before it is averaged, as converters write it. */
static inline void case_planted(rule_bench *b, bool channels_last)
{
  *b = (rule_bench){.ctx = vt_ctx_new()};
  vt_ctx *ctx = b->ctx;
  static const int64_t first[] = {-1, 3, CASE_SIDE, CASE_SIDE}, last[] = {-1, CASE_SIDE, CASE_SIDE, 3};
  static const int64_t to_first[] = {0, 3, 1, 2}, to_last[] = {0, 2, 3, 1}, four[] = {4, 4};
  pb graph = onnx_graph(ctx, 4, channels_last ? last : first);
  case_tensor(ctx, &graph, "colours", 4, (const int64_t[]){CASE_CHANNELS, 3, 1, 1}, case_colours[0]);
  case_tensor(ctx, &graph, "offsets", 1, (const int64_t[]){CASE_CHANNELS}, case_offsets);
  case_tensor(ctx, &graph, "weights", 2, (const int64_t[]){CASE_CLASSES, CASE_CHANNELS}, case_weights[0]);
  if (channels_last) case_ints_node(ctx, &graph, "Transpose", "x", "turned", "perm", 4, to_first);
  pb pool = onnx_node(ctx, "AveragePool", "pool", channels_last ? "turned" : "x", "small");
  onnx_attribute_ints(ctx, &pool, "kernel_shape", 2, four);
  onnx_attribute_ints(ctx, &pool, "strides", 2, four);
  pb_message(ctx, &graph, ONNX_NODE, &pool);
  case_node(ctx, &graph, "Conv", "small colours offsets", "before");
  if (channels_last) {
    case_ints_node(ctx, &graph, "Transpose", "before", "back", "perm", 4, to_last);
    case_node(ctx, &graph, "Relu", "back", "layer");
    pb mean = onnx_node(ctx, "ReduceMean", "mean", "layer", "flat");
    onnx_attribute_ints(ctx, &mean, "axes", 2, (const int64_t[]){1, 2});
    onnx_attribute_int(ctx, &mean, "keepdims", 0);
    pb_message(ctx, &graph, ONNX_NODE, &mean);
  } else {
    case_node(ctx, &graph, "Relu", "before", "layer");
    case_node(ctx, &graph, "GlobalAveragePool", "layer", "mean");
    case_node(ctx, &graph, "Flatten", "mean", "flat");
  }
  pb gemm = onnx_node(ctx, "Gemm", "head", "flat weights", "y");
  onnx_attribute_int(ctx, &gemm, "transB", 1);
  pb_message(ctx, &graph, ONNX_NODE, &gemm);
  case_open(b, &graph);
  for (int y = 0; y < CASE_SIDE; y++)
    for (int x = 0; x < CASE_SIDE; x++) {
      int pixel = y * CASE_SIDE + x;
      bool inside = case_inside(y / 4, x / 4);
      for (int c = 0; c < 3; c++) {
        double noise = 0.1 * vt_random_uniform(3, vt_stream("case picture", 0), (uint64_t)(3 * pixel + c));
        float value = (float)(inside ? (c == 0 ? 0.8 : 0.05) + noise : (c == 2 ? 0.25 : 0.2) + noise);
        b->input[channels_last ? 3 * pixel + c : c * CASE_PIXELS + pixel] = value;
      }
    }
}

static inline void case_close(rule_bench *b)
{
  free(b->input);
  vt_model_free(b->model);
  assert_true(vt_ctx_memory_in_use(b->ctx) <= 65536); /* the context's own list of tensors */
  vt_ctx_free(b->ctx);
}

#endif
