/* SPDX-License-Identifier: Apache-2.0
 *
 * Models: graphs made by hand whose answers are known, what is assumed without a sidecar, errors, equal
 * bytes, functions of the caller, and (where it is at hand) a real classifier against values that ONNX
 * Runtime gave.
 */
#include "../graph/builder.h"

#include <jansson.h>
#include <math.h>

#include "bench.h"
#include "explain/divide.h"
#include "explain/model_onnx.h"
#include "tensor/tensor.h"

/* Hands the builder's graph over to the heap, as the reader would. */
static vt_graph *take_graph(builder *b)
{
  vt_graph *graph = vt_alloc_zero(b->ctx, 1, sizeof *graph);
  assert_non_null(graph);
  *graph = b->graph;
  snprintf(graph->sha256, sizeof graph->sha256, "%064d", 7);
  return graph;
}

/* x [batch, 3, 8, 8] → "quadrants" [batch, 4] (mean red of each quadrant) → "y" [batch, 2]: the sum model as
 * a graph. */
static void sum_graph(builder *b, vt_ctx *ctx, int64_t batch)
{
  builder_init(b, ctx);
  builder_input(b, "x", VT_F32, 4, DIMS(batch, 3, SIDE, SIDE));
  float *by_quadrant = builder_constant(b, "w1", VT_F32, 2, DIMS(3 * PIXELS, 4), NULL);
  memset(by_quadrant, 0, 3 * PIXELS * 4 * sizeof *by_quadrant);
  for (int p = 0; p < PIXELS; p++)
    by_quadrant[p * 4 + quadrant(p)] = 1.0f / 16;
  float *by_class = builder_constant(b, "w2", VT_F32, 2, DIMS(4, 2), NULL);
  for (int q = 0; q < 4; q++) {
    by_class[q * 2] = (float)first_weights[q];
    by_class[q * 2 + 1] = (float)second_weights[q];
  }
  builder_node(b, "Flatten", "x", "flat", NULL);
  builder_node(b, "MatMul", "flat w1", "quadrants", NULL);
  builder_node(b, "MatMul", "quadrants w2", "y", NULL);
}

static vt_status open_graph(builder *b, const char *sidecar, const char *output, const char *embedding,
                            vt_model **out)
{
  vt_preprocess *preprocess = NULL;
  if (sidecar) assert_ok(b->ctx, vt_preprocess_parse(b->ctx, sidecar, strlen(sidecar), NULL, &preprocess));
  return vt_model_of_graph(b->ctx, take_graph(b), "hand.onnx", preprocess, output, embedding, out);
}

/* Scores all 16 subsets of the quadrants of a white picture. */
static vt_status score_all(vt_ctx *ctx, vt_model *model, vt_scored scored[16], float *embeddings)
{
  vt_image *white = plain_picture(ctx, 255), *black = plain_picture(ctx, 0);
  vt_regions *regions = NULL;
  vt_scorer *scorer = NULL;
  const vt_scorer_options options = {.second = vt_model_classes(model) > 1 ? 1 : VT_CLASS_NONE, .batch = 3};
  uint64_t bits[16];
  for (uint64_t i = 0; i < 16; i++)
    bits[i] = i;
  vt_status status = white && black ? quadrant_regions(ctx, &regions) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_scorer_new(ctx, model, white, black, regions, &options, &scorer);
  if (status == VT_OK && embeddings) status = vt_scorer_region_embeddings(ctx, scorer, embeddings);
  if (status == VT_OK) status = vt_scorer_subsets(ctx, scorer, bits, 16, scored);
  vt_scorer_free(scorer);
  vt_regions_free(regions);
  vt_image_free(white);
  vt_image_free(black);
  return status;
}

static void check_scores(const vt_scored scored[16])
{
  for (int i = 0; i < 16; i++) {
    double p = 1 / (1 + exp(weight_of(second_weights, i) - weight_of(first_weights, i)));
    assert_near(scored[i].target, p, 2e-6); /* f32 sums of 64 terms, logits below 4 */
    assert_near(scored[i].target + scored[i].second, 1, 1e-6);
  }
}

static bool assumed(const vt_model *model, const char *part)
{
  for (int i = 0; vt_model_assumption(model, i); i++)
    if (strstr(vt_model_assumption(model, i), part)) return true;
  return false;
}

/* Batch left open, fixed to one, fixed to five: the same answers. */
static void test_graph_scores(void **unused)
{
  (void)unused;
  static const int64_t batches[3] = {-1, 1, 5};
  static const int micro[3] = {16, 1, 5};
  for (int i = 0; i < 3; i++) {
    vt_ctx *ctx = vt_ctx_new();
    builder b;
    sum_graph(&b, ctx, batches[i]);
    builder_output(&b, "y");
    vt_model *model = NULL;
    assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
    assert_int_equal(((vt_onnx_state *)model->state)->micro, micro[i]);
    assert_int_equal(vt_model_classes(model), 2);
    assert_true(vt_model_gives_logits(model));
    int channels, height, width;
    vt_model_input_size(model, &channels, &height, &width);
    assert_true(channels == 3 && height == SIDE && width == SIDE);
    assert_int_equal(vt_model_sha256(model)[63], '7');
    assert_null(vt_model_class_name(model, 0));
    assert_true(assumed(model, "brought to 8 × 8 (height × width, as the graph declares)"));
    assert_true(assumed(model, "RGB values scaled to [0, 1]"));
    assert_true(assumed(model, "taken as logits, since the rows of two test pictures do not sum to 1"));
    assert_int_equal(vt_model_embedding_floats(model), 0);
    vt_scored scored[16];
    assert_ok(ctx, score_all(ctx, model, scored, NULL));
    check_scores(scored);
    vt_model_free(model);
    vt_ctx_free(ctx);
  }
}

static void test_equal_bytes_for_threads(void **unused)
{
  (void)unused;
  vt_scored reference[16];
  for (int threads = 1; threads <= 3; threads++)
    for (int repeat = 0; repeat < 3; repeat++) {
      vt_ctx *ctx = vt_ctx_new();
      vt_ctx_set_threads(ctx, threads);
      builder b;
      sum_graph(&b, ctx, repeat == 1 ? 1 : 3);
      builder_output(&b, "y");
      vt_model *model = NULL;
      vt_scored scored[16];
      assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
      assert_ok(ctx, score_all(ctx, model, scored, NULL));
      if (threads == 1 && repeat == 0) memcpy(reference, scored, sizeof scored);
      for (int i = 0; repeat != 1 && i < 16; i++) {
        assert_true(scored[i].target == reference[i].target);
        assert_true(scored[i].confidence == reference[i].confidence);
      }
      assert_true(((vt_onnx_state *)model->state)->idle_count <=
                  (size_t)threads); /* sessions are used again */
      vt_model_free(model);
      vt_ctx_free(ctx);
    }
}

/* The inner tensor as embedding: quadrant q alone gives the unit vector q. */
static void test_embedding(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_model *model = NULL;
  vt_scored scored[16];
  float embeddings[16];
  for (int as_output = 0; as_output < 2; as_output++) {
    sum_graph(&b, ctx, -1);
    builder_output(&b, "y");
    if (as_output) builder_output(&b, "quadrants");
    assert_ok(ctx, open_graph(&b, NULL, "y", "quadrants", &model));
    assert_int_equal(vt_model_embedding_floats(model), 4);
    assert_ok(ctx, score_all(ctx, model, scored, embeddings));
    check_scores(scored);
    for (int i = 0; i < 16; i++)
      assert_near(embeddings[i], i / 4 == i % 4 ? 1 : 0, 1e-6);
    vt_model_free(model);
  }
  sum_graph(&b, ctx, -1);
  builder_output(&b, "y");
  assert_fails(ctx, open_graph(&b, NULL, NULL, "quadrant", &model), VT_ERROR_INVALID_ARGUMENT,
               "did you mean 'quadrants'?");
  sum_graph(&b, ctx, -1);
  builder_output(&b, "y");
  assert_fails(ctx, open_graph(&b, NULL, NULL, "w1", &model), VT_ERROR_INVALID_ARGUMENT,
               "a constant cannot serve: 'w1'");
  vt_ctx_free(ctx);
}

static void test_outputs(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_model *model = NULL;
  vt_scored scored[16];
  /* probabilities are recognised, and trailing axes of one are no obstacle */
  sum_graph(&b, ctx, -1);
  builder_ints(&b, "shape", 4, DIMS(-1, 2, 1, 1));
  builder_node(&b, "Softmax", "y", "p", "axis=1");
  builder_node(&b, "Reshape", "p shape", "p4", NULL);
  builder_output(&b, "p4");
  builder_output(&b, "y");
  assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
  assert_false(vt_model_gives_logits(model));
  assert_true(assumed(model, "taken as probabilities"));
  assert_true(assumed(model, "2 outputs; the first one, 'p4', is explained"));
  assert_ok(ctx, score_all(ctx, model, scored, NULL));
  check_scores(scored);
  vt_model_free(model);

  /* the sidecar's output and its kind; another output by name is looked at afresh */
  const char *sidecar = "{\"size\": [8, 8], \"scale\": 0.00392156862745098, \"output\": \"probabilities\", "
                        "\"output_name\": \"p\", \"labels\": [\"cat\", \"dog\"]}";
  for (int by_name = 0; by_name < 2; by_name++) {
    sum_graph(&b, ctx, -1);
    builder_node(&b, "Softmax", "y", "p", "axis=1");
    builder_output(&b, "y");
    builder_output(&b, "p");
    assert_ok(ctx, open_graph(&b, sidecar, by_name ? "y" : NULL, NULL, &model));
    assert_int_equal(vt_model_gives_logits(model), by_name);
    assert_int_equal(assumed(model, "logits"), by_name);
    assert_string_equal(vt_model_class_name(model, 1), "dog");
    assert_null(vt_model_class_name(model, 2));
    assert_ok(ctx, score_all(ctx, model, scored, NULL));
    check_scores(scored);
    vt_model_free(model);
  }

  sum_graph(&b, ctx, -1);
  builder_output(&b, "y");
  assert_fails(ctx, open_graph(&b, NULL, "logits", NULL, &model), VT_ERROR_INVALID_ARGUMENT,
               "has no output 'logits'; its outputs are 'y'");
  sum_graph(&b, ctx, -1);
  builder_output(&b, "x");
  assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
  assert_true(vt_model_gives_map(model));
  assert_fails(ctx, score_all(ctx, model, scored, NULL), VT_ERROR_INVALID_ARGUMENT, "no list of classes");
  vt_model_free(model);
  sum_graph(&b, ctx, -1);
  builder_output(&b, "y");
  assert_ok(ctx, open_graph(&b, "{\"size\": [8, 8], \"output\": \"embedding\"}", NULL, NULL, &model));
  assert_fails(ctx, score_all(ctx, model, scored, NULL), VT_ERROR_INVALID_ARGUMENT, "no list of classes");
  vt_model_free(model);
  vt_ctx_free(ctx);
}

/* One output a row: a logit, or a probability when a sigmoid stands before it. */
static void test_single_output(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
    builder b;
    vt_model *model = NULL;
    vt_scored scored[16];
    sum_graph(&b, ctx, -1);
    float *column = builder_constant(&b, "w3", VT_F32, 2, DIMS(2, 1), NULL);
    column[0] = 1;
    column[1] = 0;
    builder_node(&b, "MatMul", "y w3", "z", NULL);
    if (sigmoid) builder_node(&b, "Sigmoid", "z", "p", NULL);
    builder_output(&b, sigmoid ? "p" : "z");
    assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
    assert_int_equal(vt_model_classes(model), 1);
    assert_int_equal(vt_model_gives_logits(model), !sigmoid);
    assert_ok(ctx, score_all(ctx, model, scored, NULL));
    for (int i = 0; i < 16; i++)
      assert_near(scored[i].target, 1 / (1 + exp(-weight_of(first_weights, i))), 2e-6);
    assert_int_equal(scored[2].top, -1);
    vt_model_free(model);
  }
  vt_ctx_free(ctx);
}

static void test_sidecar_contradicts(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_model *model = NULL;
  static const struct {
    const char *sidecar, *message;
  } bad[] = {
      {"{\"size\": [9, 8]}", "3 × 9 × 8 (channels × height × width, NCHW), but input 'x' takes 3 × 8 × 8"},
      {"{\"size\": [8, 8], \"layout\": \"NHWC\"}", "NHWC"},
      {"{\"size\": [8, 8], \"channels\": \"L\"}", "1 × 8 × 8"},
  };
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    sum_graph(&b, ctx, -1);
    builder_output(&b, "y");
    assert_fails(ctx, open_graph(&b, bad[i].sidecar, NULL, NULL, &model), VT_ERROR_INVALID_DATA,
                 bad[i].message);
  }
  sum_graph(&b, ctx, -1);
  builder_output(&b, "y");
  assert_ok(ctx, open_graph(&b, "{\"size\": [8, 8], \"output\": \"logits\", \"labels\": [\"a\"]}", NULL, NULL,
                            &model));
  assert_null(vt_model_class_name(model, 0));
  assert_true(assumed(model, "1 class names, but the output has 2 classes"));
  assert_null(vt_model_assumption(model, 1));
  vt_model_free(model);
  vt_ctx_free(ctx);
}

static void test_inputs_that_are_no_picture(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_model *model = NULL;
  sum_graph(&b, ctx, -1);
  builder_input(&b, "mask", VT_F32, 2, DIMS(1, 1));
  builder_output(&b, "y");
  assert_fails(ctx, open_graph(&b, NULL, NULL, NULL, &model), VT_ERROR_UNSUPPORTED, "2 inputs ('x', 'mask')");
  builder_init(&b, ctx);
  builder_input(&b, "ids", VT_I64, 2, DIMS(1, 7));
  builder_node(&b, "Identity", "ids", "y", NULL);
  builder_output(&b, "y");
  assert_fails(ctx, open_graph(&b, NULL, NULL, NULL, &model), VT_ERROR_UNSUPPORTED,
               "input 'ids' is i64 of rank 2");
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(1, 7, 8, 8));
  builder_node(&b, "Identity", "x", "y", NULL);
  builder_output(&b, "y");
  assert_fails(ctx, open_graph(&b, NULL, NULL, NULL, &model), VT_ERROR_UNSUPPORTED, "7 channels");
  vt_ctx_free(ctx);
}

/* Channels last, sizes left open: 224 is assumed and said. */
static void test_channels_last_and_open_size(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_model *model = NULL;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(1, -1, -1, 3));
  builder_ints(&b, "axes", 2, DIMS(1, 2));
  builder_node(&b, "ReduceMean", "x axes", "y", "keepdims=0");
  builder_output(&b, "y");
  assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
  assert_true(vt_model_preprocess(model)->channels_last);
  assert_true(assumed(model, "224 × 224 (height × width, since the graph leaves it open)"));
  assert_true(assumed(model, "layout NHWC"));
  assert_int_equal(vt_model_classes(model), 3);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

/* The shape behind NonZero is known only when it has run: y = [0, Σ indices of shown red pixels] / 2016. */
static void test_data_dependent_graph(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_ctx_set_threads(ctx, 2);
  builder b;
  vt_model *model = NULL;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(1, 3, SIDE, SIDE));
  builder_ints(&b, "starts", 1, DIMS(0));
  builder_ints(&b, "ends", 1, DIMS(PIXELS));
  builder_ints(&b, "axes", 1, DIMS(1));
  builder_ints(&b, "shape", 2, DIMS(1, 2));
  builder_scalar(&b, "size", 2016);
  builder_node(&b, "Flatten", "x", "flat", NULL);
  builder_node(&b, "Slice", "flat starts ends axes", "red", NULL);
  builder_node(&b, "NonZero", "red", "places", NULL);
  builder_node(&b, "Cast", "places", "numbers", "to=1");
  builder_node(&b, "ReduceSum", "numbers axes", "sums", NULL);
  builder_node(&b, "Reshape", "sums shape", "row", NULL);
  builder_node(&b, "Div", "row size", "y", NULL);
  builder_output(&b, "y");
  assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
  assert_null(((vt_onnx_state *)model->state)->plan);
  assert_true(assumed(model, "operator by operator"));
  vt_scored scored[16];
  assert_ok(ctx, score_all(ctx, model, scored, NULL));
  for (int i = 0; i < 16; i++) {
    double sum = 0;
    for (int p = 0; p < PIXELS; p++)
      if (i >> quadrant(p) & 1) sum += p;
    assert_near(scored[i].target, 1 / (1 + exp(sum / 2016)), 1e-6);
  }
  vt_model_free(model);
  vt_ctx_free(ctx);
}

/* log of a negative logit: the lowest item that failed is named, whichever worker met it. */
static void test_lowest_failure_is_reported(void **unused)
{
  (void)unused;
  for (int threads = 1; threads <= 4; threads++) {
    vt_ctx *ctx = vt_ctx_new();
    vt_ctx_set_threads(ctx, threads);
    builder b;
    vt_model *model = NULL;
    vt_scored scored[16];
    sum_graph(&b, ctx, 1);
    builder_scalar(&b, "shift",
                   0.2f); /* class 0: only quadrant 1 alone (−0.5) and 1 with 3 (−0.25) stay below 0; */
    builder_node(&b, "Add", "y shift", "shifted", NULL); /* class 1: quadrant 2 and what it outweighs */
    builder_node(&b, "Log", "shifted", "z", NULL);
    builder_output(&b, "z");
    assert_ok(ctx,
              open_graph(&b, "{\"size\": [8, 8], \"scale\": 0.00392156862745098, \"output\": \"logits\"}",
                         NULL, NULL, &model));
    assert_fails(ctx, score_all(ctx, model, scored, NULL), VT_ERROR_NOT_FINITE,
                 "subset of 1 of 4 regions {1}: <memory>, output 'z': the model answered NaN as output 0");
    vt_model_free(model);
    vt_ctx_free(ctx);
  }
}

typedef struct canceller {
  volatile int flag;
  int consumed;
} canceller;

static void compose_zero(void *user, int item, float *input)
{
  canceller *c = user;
  memset(input, 0, 3 * PIXELS * sizeof *input);
  if (item == 2) c->flag = 1;
}

static void count_items(void *user, int item, const float *output, const float *embedding)
{
  (void)item;
  (void)output;
  (void)embedding;
  ((canceller *)user)->consumed++;
}

static void test_cancel(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_ctx_set_threads(ctx, 1);
  builder b;
  vt_model *model = NULL;
  canceller c = {0};
  sum_graph(&b, ctx, 1);
  builder_output(&b, "y");
  assert_ok(ctx, open_graph(&b, NULL, NULL, NULL, &model));
  vt_ctx_set_cancel(ctx, &c.flag);
  assert_fails(ctx, vt_model_run(ctx, model, 100, 0, compose_zero, count_items, &c), VT_ERROR_INTERRUPTED,
               "interrupted");
  assert_int_equal(c.consumed, 3);
  c.flag = 0;
  assert_ok(ctx, vt_model_run(ctx, model, 0, 0, compose_zero, count_items, &c));
  assert_fails(ctx, vt_model_run(ctx, model, -1, 0, compose_zero, count_items, &c), VT_ERROR_INVALID_ARGUMENT,
               "-1 items");
  vt_model_free(model);
  vt_ctx_free(ctx);
}

static void test_allocation_failures(void **unused)
{
  (void)unused;
  bool survived = false;
  for (long n = 1; n < 3000 && !survived; n++) {
    vt_ctx *ctx = vt_ctx_new();
    vt_ctx_set_threads(ctx, 1);
    builder b;
    vt_model *model = NULL;
    vt_scored scored[16];
    float embeddings[16];
    sum_graph(&b, ctx, -1);
    builder_output(&b, "y");
    vt_graph *graph = take_graph(&b);
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_model_of_graph(ctx, graph, "hand.onnx", NULL, NULL, "quadrants", &model);
    if (status == VT_OK) status = score_all(ctx, model, scored, embeddings);
    survived = status == VT_OK;
    if (!survived) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_fail_allocation(ctx, 0);
    vt_model_free(model);
    vt_ctx_free(ctx);
  }
  assert_true(survived);
}

/* ---- functions ---- */

static vt_status silent_failure(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx;
  (void)user;
  (void)count;
  (void)inputs;
  (void)outputs;
  return VT_ERROR_REMOTE;
}

static void test_function_errors(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model = NULL;
  assert_fails(ctx, vt_model_from_function(ctx, NULL, NULL, 3, 8, 8, 2, true, &model),
               VT_ERROR_INVALID_ARGUMENT, "needs a function");
  assert_fails(ctx, vt_model_from_function(ctx, silent_failure, NULL, 2, 8, 8, 2, true, &model),
               VT_ERROR_INVALID_ARGUMENT, "1 or 3 channels");
  assert_fails(ctx, vt_model_from_function(ctx, silent_failure, NULL, 3, 0, 8, 2, true, &model),
               VT_ERROR_INVALID_ARGUMENT, "0 × 8");
  assert_fails(ctx, vt_model_from_function(ctx, silent_failure, NULL, 3, 8, 8, 0, true, &model),
               VT_ERROR_INVALID_ARGUMENT, "one class");
  assert_ok(ctx, vt_model_from_function(ctx, silent_failure, NULL, 3, SIDE, SIDE, 2, true, &model));
  canceller c = {0};
  assert_fails(ctx, vt_model_run(ctx, model, 5, 2, compose_zero, count_items, &c), VT_ERROR_REMOTE,
               "items 0 to 1: the model's function failed");
  assert_string_equal(vt_model_sha256(model), "");
  vt_model_free(model);
  vt_ctx_free(ctx);
}

static void test_missing_files(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model = NULL;
  assert_fails(ctx, vt_model_open(ctx, "/nowhere/m.onnx", NULL, NULL, NULL, &model), VT_ERROR_NO_SUCH_FILE,
               "/nowhere/m.onnx");
  assert_fails(ctx, vt_model_open(ctx, "/nowhere/m.onnx", "/nowhere/s.json", NULL, NULL, &model),
               VT_ERROR_INVALID_DATA, "/nowhere/s.json");
  vt_ctx_free(ctx);
}

/* ---- a real classifier ---- */

static json_t *golden_run(const char *stem)
{
  char name[256];
  snprintf(name, sizeof name, "golden/lima/%s.json", stem);
  const char *path = shared_path(name);
  return path ? json_load_file(path, 0, NULL) : NULL;
}

/* Every point of the official run's curves on its 7 × 7 grid, against what our plan
 * says of the same composites. */
static void test_real_classifier(void **unused)
{
  (void)unused;
  static const char stem[] = "n01530575_brambling";
  char name[256];
  const char *path = shared_path("models/efficientnet_lite0.onnx");
  json_t *golden = path ? golden_run(stem) : NULL;
  if (!golden) skip();
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model = NULL;
  assert_ok(ctx, vt_model_open(ctx, shared_path("models/efficientnet_lite0.onnx"), NULL, NULL, NULL, &model));
  assert_int_equal(vt_model_classes(model), 1000);
  assert_null(vt_model_assumption(model, 0)); /* the sidecar says everything */
  assert_int_equal(strlen(vt_model_sha256(model)), 64);

  json_t *run = json_array_get(json_object_get(golden, "runs"), 0);
  assert_string_equal(json_string_value(json_object_get(run, "regions")), "grid7");
  vt_image *picture = NULL, *blank = NULL;
  vt_regions *regions = NULL;
  snprintf(name, sizeof name, "golden/lima/%s.pixels.npy", stem);
  assert_ok(ctx, vt_image_read(ctx, shared_path(name), NULL, &picture));
  assert_ok(ctx, vt_fill_make(ctx, "black", model, picture, 0, &blank));
  snprintf(name, sizeof name, "golden/lima/%s.grid7.labels.npy", stem);
  assert_ok(ctx, vt_regions_read(ctx, shared_path(name), &regions));
  assert_int_equal(vt_regions_count(regions), 49);
  vt_scorer_options options = {.target = -1, .second = VT_CLASS_NONE};
  vt_scorer *scorer = NULL;
  assert_ok(ctx, vt_scorer_new(ctx, model, picture, blank, regions, &options, &scorer));
  assert_int_equal(vt_scorer_options_of(scorer)->target,
                   json_integer_value(json_object_get(golden, "target")));
  assert_true(vt_scorer_invariance(scorer) < 1e-6);

  json_t *order = json_object_get(run, "order"), *insertion = json_object_get(run, "insertion"),
         *deletion = json_object_get(run, "deletion");
  uint64_t bits[98];
  vt_scored scored[98];
  for (int j = 0; j < 49; j++) {
    bits[j] = j ? bits[j - 1] : 0;
    vt_subset_add(&bits[j], (int)json_integer_value(json_array_get(order, (size_t)j)));
    bits[49 + j] = ~bits[j]; /* bits beyond the regions do not matter */
  }
  assert_ok(ctx, vt_scorer_subsets(ctx, scorer, bits, 98, scored));
  /* 1e-3 is what the golden folder asks for; f32 kernels of two runtimes agree to about 1e-5 */
  for (size_t j = 0; j < json_array_size(insertion); j++)
    assert_near(scored[j].target, json_real_value(json_array_get(insertion, j)), 1e-4);
  for (size_t j = 0; j < json_array_size(deletion) && j < 49; j++)
    assert_near(scored[49 + j].target, json_real_value(json_array_get(deletion, j)), 1e-4);
  vt_scorer_free(scorer);
  vt_regions_free(regions);
  vt_image_free(picture);
  vt_image_free(blank);
  vt_model_free(model);
  json_decref(golden);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_graph_scores),
      cmocka_unit_test(test_equal_bytes_for_threads),
      cmocka_unit_test(test_embedding),
      cmocka_unit_test(test_outputs),
      cmocka_unit_test(test_single_output),
      cmocka_unit_test(test_sidecar_contradicts),
      cmocka_unit_test(test_inputs_that_are_no_picture),
      cmocka_unit_test(test_channels_last_and_open_size),
      cmocka_unit_test(test_data_dependent_graph),
      cmocka_unit_test(test_lowest_failure_is_reported),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_allocation_failures),
      cmocka_unit_test(test_function_errors),
      cmocka_unit_test(test_missing_files),
      cmocka_unit_test(test_real_classifier),
  };
  return cmocka_run_group_tests_name("explain/model", tests, NULL, NULL);
}
