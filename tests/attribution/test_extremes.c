/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradient methods where the right answer is known: linear and sum models, a product, a saturated ReLU, a
 * constant, and a network that looks at one region only.
 */
#include "gradient_world.h"

static const char *const zero_baseline[] = {"baseline=zero", "baselines=zero", NULL};

static const char *const gradient_methods[] = {"saliency",   "input-x-gradient", "integrated-gradients",
                                               "smoothgrad", "smoothgrad-sq",    "gradient-shap",
                                               "blur-ig",    "guided-ig",        "fullgrad"};

static uint8_t lawless(int c, int y, int x)
{
  return (uint8_t)vt_random_below(1, 1, (uint64_t)((y * 64 + x) * 4 + c), 256);
}

/* y[0] = Σ w·x + ½, y[1] = −that */
static void build_linear(gradient_world *w, bool ones)
{
  int count = (int)w->floats;
  world_pixels(w, lawless);
  float *weights = builder_constant(&w->b, "w", VT_F32, 2, DIMS(count, 2), NULL);
  for (int i = 0; i < count; i++) {
    weights[2 * i] = ones ? 1 : (float)vt_random_normal(3, 5, (uint64_t)i);
    weights[2 * i + 1] = -weights[2 * i];
  }
  builder_constant(&w->b, "bias", VT_F32, 1, DIMS(2), (float[]){0.5f, -0.5f});
  builder_node(&w->b, "Flatten", "x", "flat", "axis=1");
  builder_node(&w->b, "Gemm", "flat w bias", "y", NULL);
  builder_output(&w->b, "y");
}

static double weight_of(const gradient_world *w, size_t i)
{
  int value = vt_graph_find(&w->b.graph, "w");
  return (double)((const float *)w->b.graph.values[value].constant->data)[2 * i];
}

enum { OF_WEIGHT, OF_SQUARE, OF_PRODUCT, OF_NOTHING };

/* f32 sums of 192 terms, averaged over up to 200 gradients that are all the same. */
static void expect_linear(gradient_world *w, const char *id, int what, double base)
{
  vt_explanation *e = world_run(w, id, zero_baseline);
  for (size_t i = 0; i < w->floats; i++) {
    double weight = weight_of(w, i), x = (double)w->input[i] - base;
    double expected = what == OF_WEIGHT    ? weight
                      : what == OF_SQUARE  ? weight * weight
                      : what == OF_PRODUCT ? weight * x
                                           : 0;
    if (!(fabs((double)e->attribution[i] - expected) <= 1e-5))
      fail_msg("%s: element %zu is %g, expected %g", id, i, (double)e->attribution[i], expected);
  }
  if (e->completeness.present) /* the score itself is rounded to f32 */
    assert_near(world_error(e), 0, 5e-7 * (1 + fabs(e->completeness.difference)));
  vt_explanation_free(e);
}

static void test_linear(void **unused)
{
  (void)unused;
  for (int ones = 0; ones <= 1; ones++) {
    gradient_world w;
    world_open(&w, 3, 8, 8, false);
    build_linear(&w, ones);
    expect_linear(&w, "saliency", OF_WEIGHT, 0);
    expect_linear(&w, "smoothgrad", OF_WEIGHT, 0);
    expect_linear(&w, "smoothgrad-sq", OF_SQUARE, 0);
    expect_linear(&w, "vargrad", OF_NOTHING, 0);
    expect_linear(&w, "input-x-gradient", OF_PRODUCT, 0);
    expect_linear(&w, "integrated-gradients", OF_PRODUCT, 0);
    expect_linear(&w, "gradient-shap", OF_PRODUCT, 0);
    expect_linear(&w, "guided-ig", OF_PRODUCT, 0);
    world_close(&w);
  }
}

/* w ⊙ (x − b) for every baseline and every rule; captum's trapezoid falls short by its 1/n. */
static void test_linear_baselines(void **unused)
{
  (void)unused;
  static const char *const baselines[] = {"baseline=black", "baseline=white", "baseline=mean"},
                           *const rules[] = {"quadrature=gauss-legendre", "quadrature=riemann-trapezoid",
                                             "quadrature=trapezoid", "quadrature=midpoint"};
  gradient_world w;
  world_open(&w, 3, 8, 8, false);
  build_linear(&w, false);
  for (size_t r = 0; r < VT_COUNT(rules); r++) {
    double share = r == 1 ? 7.0 / 8 : 1;
    const char *const settings[] = {"baseline=white", rules[r], "n-steps=8", NULL};
    vt_explanation *e = world_run(&w, "integrated-gradients", settings);
    for (size_t i = 0; i < w.floats; i++)
      assert_near(e->attribution[i], share * weight_of(&w, i) * ((double)w.input[i] - 1), 1e-5);
    assert_near(e->completeness.sum, share * e->completeness.difference, 1e-5);
    vt_explanation_free(e);
  }
  for (size_t i = 0; i < VT_COUNT(baselines); i++) {
    const char *const settings[] = {baselines[i], NULL};
    vt_explanation *e = world_run(&w, "guided-ig", settings);
    assert_near(world_error(e), 0, 1e-5);
    vt_explanation_free(e);
  }
  vt_explanation *e = world_run(&w, "blur-ig", NULL);
  assert_near(world_error(e), 0, 1e-5);
  vt_explanation_free(e);
  e = world_run(&w, "fullgrad", NULL);
  assert_near(world_error(e), 0, 1e-5);
  assert_true(fabs(e->completeness.difference) > 1); /* a score worth sharing out */
  vt_explanation_free(e);
  world_close(&w);
}

static uint8_t bright(int c, int y, int x)
{
  return (uint8_t)(200 - 60 * x - c - y);
}

/* f = x0·x1: half each by integrated gradients, all of it twice by input × gradient. */
static void test_product(void **unused)
{
  (void)unused;
  gradient_world w;
  world_open(&w, 1, 1, 2, false);
  world_pixels(&w, bright);
  builder_ints(&w.b, "axes", 3, DIMS(1, 2, 3));
  builder_node(&w.b, "ReduceProd", "x axes", "y", "keepdims=0");
  builder_output(&w.b, "y");
  double product = (double)w.input[0] * (double)w.input[1];
  vt_explanation *e = world_run(&w, "integrated-gradients", NULL);
  assert_near(e->attribution[0], product / 2, 1e-6);
  assert_near(e->attribution[1], product / 2, 1e-6);
  assert_near(world_error(e), 0, 1e-6);
  vt_explanation_free(e);
  e = world_run(&w, "input-x-gradient", NULL);
  assert_near(e->attribution[0] + e->attribution[1], 2 * product, 1e-6);
  vt_explanation_free(e);
  e = world_run(&w, "fullgrad", NULL); /* the product's implicit bias is −x0·x1 */
  assert_near(world_error(e), 0, 1e-6);
  vt_explanation_free(e);
  world_close(&w);
}

static uint8_t full(int c, int y, int x)
{
  (void)c;
  (void)y;
  (void)x;
  return 255;
}

/* f = ½ − relu(½ − x) at x = 1: flat here, but f(1) − f(0) = ½. */
static void test_saturated(void **unused)
{
  (void)unused;
  static const char *const midpoint[] = {"quadrature=midpoint", NULL};
  gradient_world w;
  world_open(&w, 1, 1, 1, false);
  world_pixels(&w, full);
  builder_scalar(&w.b, "half", 0.5f);
  builder_node(&w.b, "Sub", "half x", "rest", NULL);
  builder_node(&w.b, "Relu", "rest", "open", NULL);
  builder_node(&w.b, "Sub", "half open", "high", NULL);
  builder_node(&w.b, "Flatten", "high", "y", "axis=1");
  builder_output(&w.b, "y");
  static const char *const blind[] = {"saliency", "input-x-gradient"};
  for (size_t i = 0; i < VT_COUNT(blind); i++) {
    vt_explanation *e = world_run(&w, blind[i], NULL);
    assert_near(e->attribution[0], 0, 0);
    vt_explanation_free(e);
  }
  vt_explanation *e = world_run(&w, "integrated-gradients", midpoint);
  assert_near(e->attribution[0], 0.5, 1e-6);
  assert_near(world_error(e), 0, 1e-6);
  vt_explanation_free(e);
  e = world_run(&w, "integrated-gradients", NULL); /* a jump between nodes: wrong by up to a weight */
  assert_near(e->attribution[0], 0.5, 0.02);
  vt_explanation_free(e);
  e = world_run(&w, "fullgrad", NULL);
  assert_near(world_error(e), 0, 1e-6);
  vt_explanation_free(e);
  world_close(&w);
}

/* Nothing matters: zeros, no NaN, whatever a method divides by. */
static void test_constant(void **unused)
{
  (void)unused;
  gradient_world w;
  world_open(&w, 3, 8, 8, false);
  world_pixels(&w, lawless);
  builder_constant(&w.b, "w", VT_F32, 2, DIMS((int64_t)w.floats, 2), NULL);
  memset(w.b.graph.values[vt_graph_find(&w.b.graph, "w")].constant->data, 0, 2 * w.floats * sizeof(float));
  builder_constant(&w.b, "bias", VT_F32, 1, DIMS(2), (float[]){3, 1});
  builder_node(&w.b, "Flatten", "x", "flat", "axis=1");
  builder_node(&w.b, "Gemm", "flat w bias", "y", NULL);
  builder_output(&w.b, "y");
  static const char *const more[] = {"vargrad", "xrai"};
  for (size_t m = 0; m < VT_COUNT(gradient_methods) + VT_COUNT(more); m++) {
    const char *id =
        m < VT_COUNT(gradient_methods) ? gradient_methods[m] : more[m - VT_COUNT(gradient_methods)];
    vt_explanation *e = world_run(&w, id, NULL);
    for (size_t i = 0; i < w.floats; i++)
      assert_near(e->attribution[i], 0, 0);
    if (e->completeness.present) assert_near(world_error(e), 0, 1e-6);
    vt_explanation_free(e);
  }
  world_close(&w);
}

/* ---- a network that looks at a region ---- */

enum { SIDE = 16, FROM = 9, TO = 13 }; /* rows and columns FROM … TO − 1 */

static bool inside(int y, int x, int margin)
{
  return y >= FROM - margin && y < TO + margin && x >= FROM - margin && x < TO + margin;
}

static uint8_t planted_pixel(int c, int y, int x)
{
  return inside(y, x, 0) ? (uint8_t)(180 + 20 * c) : (uint8_t)(20 + (7 * y + 5 * x + 3 * c) % 23);
}

/* y[0] = Σ over the region of relu(conv 3×3 of x + bias); ReLU6 and a curved gate behind it. */
static void build_planted(gradient_world *w, bool channels_last)
{
  world_open(w, 3, SIDE, SIDE, channels_last);
  world_pixels(w, planted_pixel);
  builder *b = &w->b;
  float *kernel = builder_constant(b, "kernel", VT_F32, 4, DIMS(4, 3, 3, 3), NULL);
  for (int i = 0; i < 4 * 27; i++)
    kernel[i] = (float)(0.3 + 0.2 * vt_random_normal(11, 2, (uint64_t)i));
  builder_constant(b, "bias", VT_F32, 1, DIMS(4), (float[]){0.2f, -0.3f, 0.1f, 0.4f});
  float *mask = builder_constant(b, "mask", VT_F32, 4, DIMS(1, 1, SIDE, SIDE), NULL);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      mask[y * SIDE + x] = inside(y, x, 0);
  builder_scalar(b, "zero", 0);
  builder_scalar(b, "six", 6);
  builder_constant(b, "mix", VT_F32, 2, DIMS(4, 2), (float[]){1, -1, 0.5f, 0, 0.7f, 1, 0.2f, -0.4f});
  if (channels_last) builder_node(b, "Transpose", "x", "planes", "perm=0,3,1,2");
  builder_node(b, "Conv", channels_last ? "planes kernel bias" : "x kernel bias", "seen", "pads=1,1,1,1");
  builder_node(b, "Clip", "seen zero six", "clipped", NULL);
  builder_node(b, "Sigmoid", "clipped", "gate", NULL);
  builder_node(b, "Mul", "clipped gate", "curved", NULL);
  builder_node(b, "Mul", "curved mask", "masked", NULL);
  builder_node(b, "GlobalAveragePool", "masked", "pooled", NULL);
  builder_node(b, "Flatten", "pooled", "flat", "axis=1");
  builder_node(b, "Gemm", "flat mix", "y", NULL);
  builder_output(b, "y");
}

/* Share of |map| within the field of view of the region. */
static double mass_inside(const gradient_world *w, const vt_explanation *e)
{
  double in = 0, all = 0;
  for (int c = 0; c < w->channels; c++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) {
        double value = fabs((double)e->attribution[(c * SIDE + y) * SIDE + x]);
        all += value;
        if (inside(y, x, 1)) in += value;
      }
  assert_true(all > 0);
  return in / all;
}

static void test_planted(void **unused)
{
  (void)unused;
  gradient_world w;
  build_planted(&w, false);
  for (size_t m = 0; m < VT_COUNT(gradient_methods); m++) {
    vt_explanation *e = world_run(&w, gradient_methods[m], NULL);
    double mass = mass_inside(&w, e);
    if (!(mass > 0.999999)) fail_msg("%s has %.7f of its mass in the region", gradient_methods[m], mass);
    vt_explanation_free(e);
  }
  static const char *const small[] = {"min-size=6", "dilation=1", "min-gain=1", NULL};
  vt_explanation *e = world_run(&w, "xrai", small);
  float in = e->saliency[(FROM + 1) * SIDE + FROM + 1], largest = 0;
  for (int i = 0; i < SIDE * SIDE; i++) {
    if (e->saliency[i] > largest) largest = e->saliency[i];
    if (!inside(i / SIDE, i % SIDE, 2)) assert_true(e->saliency[i] < in / 4);
  }
  assert_near(in, largest, 0);
  vt_explanation_free(e);
  world_close(&w);
}

/* Completeness where nothing is linear: by enough steps, or for fullgrad by its implicit biases. */
static void test_complete(void **unused)
{
  (void)unused;
  static const char *const steps[] = {"n-steps=400", "n-samples=4000", NULL};
  static const char *const ids[] = {"integrated-gradients", "blur-ig", "guided-ig", "fullgrad",
                                    "gradient-shap"};
  static const double allowed[] = {1e-4, 1e-3, 1e-2, 1e-5, 3e-2};
  gradient_world w;
  build_planted(&w, false);
  for (int score = VT_SCORE_PROBABILITY; score <= VT_SCORE_MARGIN; score++) {
    w.score = (vt_score_kind)score;
    for (size_t m = 0; m < VT_COUNT(ids); m++) {
      vt_explanation *e = world_run(&w, ids[m], steps);
      double scale = fmax(fabs(e->completeness.difference), 0.01);
      print_message("# %-22s %-16s sum %9.6f of %9.6f\n", ids[m], vt_score_name(w.score), e->completeness.sum,
                    e->completeness.difference);
      if (!(fabs(world_error(e)) <= allowed[m] * scale))
        fail_msg("%s of the %s is off by %g", ids[m], vt_score_name(w.score), world_error(e));
      vt_explanation_free(e);
    }
  }
  world_close(&w);
}

/* ---- sameness ---- */

static const char *const all_methods[] = {
    "saliency", "input-x-gradient", "integrated-gradients", "smoothgrad", "smoothgrad-sq", "vargrad",
    "blur-ig",  "guided-ig",        "gradient-shap",        "fullgrad",   "xrai"};
static const char *const shaken[] = {"stdevs=0.1", "min-size=6", "dilation=1", "min-gain=1", NULL};

static void test_threads(void **unused)
{
  (void)unused;
  gradient_world w;
  build_planted(&w, false);
  for (size_t m = 0; m < VT_COUNT(all_methods); m++) {
    w.threads = 1;
    vt_explanation *one = world_run(&w, all_methods[m], shaken);
    w.threads = 3;
    vt_explanation *three = world_run(&w, all_methods[m], shaken);
    assert_memory_equal(one->attribution, three->attribution, w.floats * sizeof(float));
    assert_memory_equal(&one->completeness.sum, &three->completeness.sum, sizeof(double));
    vt_explanation_free(one);
    vt_explanation_free(three);
  }
  world_close(&w);
}

/* The layout of the model's input changes neither shape nor values, nor which random number a pixel gets. */
static void test_channels_last(void **unused)
{
  (void)unused;
  gradient_world first, last;
  build_planted(&first, false);
  build_planted(&last, true);
  for (size_t m = 0; m < VT_COUNT(all_methods); m++) {
    vt_explanation *a = world_run(&first, all_methods[m], shaken),
                   *b = world_run(&last, all_methods[m], shaken);
    double largest = 0;
    for (size_t i = 0; i < first.floats; i++)
      largest = fmax(largest, fabs((double)a->attribution[i]));
    for (int i = 0; i < 3; i++)
      assert_int_equal(a->attribution_dims[i], b->attribution_dims[i]);
    for (size_t i = 0; i < first.floats; i++)
      if (!(fabs((double)(a->attribution[i] - b->attribution[i])) <= 1e-5 * largest))
        fail_msg("%s: element %zu is %g channels last, %g first", all_methods[m], i,
                 (double)b->attribution[i], (double)a->attribution[i]);
    vt_explanation_free(a);
    vt_explanation_free(b);
  }
  world_close(&first);
  world_close(&last);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_linear),        cmocka_unit_test(test_linear_baselines),
      cmocka_unit_test(test_product),       cmocka_unit_test(test_saturated),
      cmocka_unit_test(test_constant),      cmocka_unit_test(test_planted),
      cmocka_unit_test(test_complete),      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_channels_last),
  };
  return cmocka_run_group_tests_name("attribution/extremes", tests, NULL, NULL);
}
