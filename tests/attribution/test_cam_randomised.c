/* SPDX-License-Identifier: Apache-2.0
 *
 * Model-parameter randomisation (Adebayo and others, arXiv 1810.03292): the weights of the last layers are
 * drawn anew, from the top down, and the map is compared with that of the trained model by rank correlation
 * of magnitudes. A map about the model must change. Guided backpropagation is known to fail this, and
 * Grad-CAM to pass it: both must show here, or the rule set or the maps are wrong. On EfficientNet-lite0
 * (outside truth, skipped when it is not there) and on a small net that was never trained.
 */
#include "cam_case.h"

enum { SEEDS = 4, DEEPEST = 4 };

/* ---- rank correlation ---- */

typedef struct entry {
  double value;
  int place;
} entry;

static int by_value(const void *a, const void *b)
{
  const entry *x = a, *y = b;
  return x->value < y->value ? -1 : x->value > y->value;
}

/* Ranks of magnitudes (`signed`: of values), ties sharing theirs. */
static void rank(const float *map, int count, bool with_sign, double *ranks)
{
  entry *entries = calloc((size_t)count, sizeof *entries);
  assert_non_null(entries);
  for (int i = 0; i < count; i++)
    entries[i] = (entry){with_sign ? (double)map[i] : fabs((double)map[i]), i};
  qsort(entries, (size_t)count, sizeof *entries, by_value);
  for (int i = 0, end; i < count; i = end) {
    for (end = i; end < count && !(entries[end].value > entries[i].value); end++) {
    }
    for (int k = i; k < end; k++)
      ranks[entries[k].place] = 0.5 * (i + end - 1);
  }
  free(entries);
}

static double spearman(const float *a, const float *b, int count, bool with_sign)
{
  double *x = calloc(2 * (size_t)count, sizeof *x), *y = x + count, xy = 0, xx = 0, yy = 0;
  assert_non_null(x);
  rank(a, count, with_sign, x);
  rank(b, count, with_sign, y);
  for (int i = 0; i < count; i++) {
    double u = x[i] - 0.5 * (count - 1), v = y[i] - 0.5 * (count - 1);
    xy += u * v;
    xx += u * u;
    yy += v * v;
  }
  free(x);
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* ---- weights ---- */

/* Weights of the last layers, the last first. */
static int last_weights(const vt_graph *graph, vt_tensor **weights, int most)
{
  int count = 0;
  for (int i = graph->node_count - 1; i >= 0 && count < most; i--) {
    const vt_node *node = &graph->nodes[i];
    if (strcmp(node->op->name, "Conv") != 0 && strcmp(node->op->name, "Gemm") != 0) continue;
    weights[count] = graph->values[node->inputs[1]].constant;
    if (weights[count]) count++;
  }
  return count;
}

/* New weights of the same deviation, by seed and layer. */
static void draw(vt_tensor *weights, uint64_t seed, int layer)
{
  float *data = weights->data;
  int64_t count = vt_count(weights);
  double square = 0;
  for (int64_t i = 0; i < count; i++)
    square += (double)data[i] * (double)data[i];
  double deviation = sqrt(square / (double)count);
  for (int64_t i = 0; i < count; i++)
    data[i] = (float)(deviation * vt_random_normal(seed, vt_stream("weights", (uint64_t)layer), (uint64_t)i));
}

static float *copy_of(const float *values, size_t count)
{
  float *copy = calloc(count, sizeof *copy);
  assert_non_null(copy);
  return memcpy(copy, values, count * sizeof *copy);
}

/* One number a pixel: the largest magnitude of the channels; or the layer's own map. */
static float *map_of(rule_bench *b, const char *method, int target, int *count)
{
  vt_explanation *found = rule_bench_run(b, method, target, NULL);
  float *map;
  if (found->native) {
    *count = (int)(found->native_dims[0] * found->native_dims[1]);
    map = copy_of(found->native, (size_t)*count);
  } else {
    int pixels = *count = (int)(found->attribution_dims[1] * found->attribution_dims[2]);
    map = copy_of(found->attribution, (size_t)pixels);
    for (int64_t c = 0; c < found->attribution_dims[0]; c++)
      for (int i = 0; i < pixels; i++)
        map[i] = fmaxf(c ? map[i] : 0, fabsf(found->attribution[c * pixels + i]));
  }
  vt_explanation_free(found);
  return map;
}

/* Mean rank correlations with the trained model's map, by number of layers drawn anew. */
static void randomise(rule_bench *b, const char *method, int target, double magnitudes[DEEPEST],
                      double signs[DEEPEST])
{
  vt_tensor *weights[DEEPEST];
  float *kept[DEEPEST];
  int places, layers = last_weights(((vt_onnx_state *)b->model->state)->graph, weights, DEEPEST);
  assert_int_equal(layers, DEEPEST);
  for (int k = 0; k < layers; k++)
    kept[k] = copy_of(weights[k]->data, (size_t)vt_count(weights[k]));
  float *trained = map_of(b, method, target, &places);
  for (int depth = 1; depth <= layers; depth++) {
    magnitudes[depth - 1] = signs[depth - 1] = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      for (int k = 0; k < depth; k++)
        draw(weights[k], (uint64_t)seed + 1, k);
      float *map = map_of(b, method, target, &places);
      magnitudes[depth - 1] += spearman(trained, map, places, false) / SEEDS;
      signs[depth - 1] += spearman(trained, map, places, true) / SEEDS;
      free(map);
      for (int k = 0; k < depth; k++)
        memcpy(weights[k]->data, kept[k], vt_bytes(weights[k]));
    }
    print_message("# %-15s last %d layers drawn anew: rank correlation of magnitudes %.3f, with sign %.3f "
                  "(mean of %d seeds)\n",
                  method, depth, magnitudes[depth - 1], signs[depth - 1], SEEDS);
  }
  free(trained);
  for (int k = 0; k < layers; k++)
    free(kept[k]);
}

/* The magnitude of a weighted sum is large where the layer is active, whatever the weights are: under one
 * or two new layers it is the sign that tells. Measured: guided backpropagation 0.80 to 1.00; Grad-CAM −0.1
 * to 0.7, with sign no more than 0.23 from 0. */
static void expect_verdicts(rule_bench *b, int target)
{
  double guided[DEEPEST], coarse[DEEPEST], guided_signs[DEEPEST], coarse_signs[DEEPEST];
  randomise(b, "guided-backprop", target, guided, guided_signs);
  randomise(b, "grad-cam", target, coarse, coarse_signs);
  for (int k = 0; k < DEEPEST; k++) {
    assert_true(guided[k] >= 0.7);
    assert_true(fabs(coarse_signs[k]) <= 0.5);
    assert_true(guided[k] - coarse[k] >= 0.2);
  }
  assert_true(fabs(coarse[DEEPEST - 1]) <= 0.5);
}

static void test_efficientnet(void **unused)
{
  (void)unused;
  if (!rule_bench_here()) skip();
  rule_bench b;
  rule_bench_open(&b);
  rule_bench_picture(&b, "n01833805_hummingbird");
  expect_verdicts(&b, b.predicted);
  rule_bench_close(&b);
}

/* Eight convolutions of 3 × 3 with ReLU, two of them in steps of 2, and a head; the picture of the planted
 * net. */
static void test_small_net(void **unused)
{
  (void)unused;
  enum { LAYERS = 8, WIDTH = 16 };
  static const int64_t picture[] = {-1, 3, CASE_SIDE, CASE_SIDE}, around[] = {1, 1, 1, 1}, two[] = {2, 2};
  static float values[WIDTH * WIDTH * 9];
  char names[64], output[16], last[16] = "x";
  rule_bench b, planted;
  case_planted(&planted, false);
  b = (rule_bench){.ctx = vt_ctx_new()};
  pb graph = onnx_graph(b.ctx, 4, picture);
  for (int k = 0; k <= LAYERS; k++) {
    int from = k ? WIDTH : 3;
    double deviation = sqrt(2.0 / (9.0 * from));
    for (size_t i = 0; i < VT_COUNT(values); i++)
      values[i] = (float)(deviation * vt_random_normal(21, vt_stream("small net", (uint64_t)k), i));
    snprintf(names, sizeof names, "w%d", k);
    if (k == LAYERS)
      case_tensor(b.ctx, &graph, names, 2, (const int64_t[]){CASE_CLASSES, WIDTH}, values);
    else
      case_tensor(b.ctx, &graph, names, 4, (const int64_t[]){WIDTH, from, 3, 3}, values);
  }
  for (int k = 0; k < LAYERS; k++) {
    snprintf(names, sizeof names, "%s w%d", last, k);
    snprintf(output, sizeof output, "c%d", k);
    pb conv = onnx_node(b.ctx, "Conv", output, names, output);
    onnx_attribute_ints(b.ctx, &conv, "pads", 4, around);
    if (k == 2 || k == 5) onnx_attribute_ints(b.ctx, &conv, "strides", 2, two);
    pb_message(b.ctx, &graph, ONNX_NODE, &conv);
    snprintf(last, sizeof last, "r%d", k);
    case_node(b.ctx, &graph, "Relu", output, last);
  }
  case_node(b.ctx, &graph, "GlobalAveragePool", last, "mean");
  case_node(b.ctx, &graph, "Flatten", "mean", "flat");
  snprintf(names, sizeof names, "flat w%d", LAYERS);
  pb gemm = onnx_node(b.ctx, "Gemm", "head", names, "y");
  onnx_attribute_int(b.ctx, &gemm, "transB", 1);
  pb_message(b.ctx, &graph, ONNX_NODE, &gemm);
  case_open(&b, &graph);
  memcpy(b.input, planted.input, 3 * CASE_PIXELS * sizeof *b.input);
  expect_verdicts(&b, 0);
  case_close(&b);
  case_close(&planted);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_small_net), cmocka_unit_test(test_efficientnet)};
  return cmocka_run_group_tests_name("attribution/cam_randomised", tests, NULL, NULL);
}
