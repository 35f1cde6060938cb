/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance rules against their definitions, contribution by contribution, and the rules that composites give
 * to the nodes of a graph.
 */
#include "rule_world.h"

enum { IN = 5, OUT = 4 };

typedef struct dense {
  world w;
  const float *weights, *bias; /* [IN, OUT], [OUT] */
  double result[OUT];
} dense;

static void dense_open(dense *d, bool fused)
{
  world_open(&d->w, 2, DIMS(1, IN));
  builder_random(&d->w.b, "w", 2, DIMS(IN, OUT), 1);
  builder_random(&d->w.b, "b", 1, DIMS(OUT), 0.5);
  d->weights = d->w.b.graph.values[vt_graph_find(&d->w.b.graph, "w")].constant->data;
  d->bias = d->w.b.graph.values[vt_graph_find(&d->w.b.graph, "b")].constant->data;
  if (fused)
    builder_node(&d->w.b, "Gemm", "x w b", "y", NULL);
  else {
    builder_node(&d->w.b, "MatMul", "x w", "product", NULL);
    builder_node(&d->w.b, "Add", "b product", "y", NULL);
  }
  for (int j = 0; j < OUT; j++) {
    d->result[j] = d->bias[j];
    for (int i = 0; i < IN; i++)
      d->result[j] += (double)d->w.input[i] * (double)d->weights[i * OUT + j];
  }
}

static double above(double v)
{
  return v > 0 ? v : 0;
}

static double below(double v)
{
  return v < 0 ? v : 0;
}

/* Share of input i (IN: the bias) in result j before anything is divided, by each rule's definition. `half`
 * 1: the other half of alpha-beta. */
static double contribution(const dense *d, const vt_composite_settings *s, int kind, int i, int j, int half)
{
  double w = i < IN ? (double)d->weights[i * OUT + j] : (double)d->bias[j];
  double x = i < IN ? (double)d->w.input[i] : 1, z = x * w;
  switch (kind) {
  case VT_LINEAR_EPSILON:
    return z;
  case VT_LINEAR_GAMMA:
    return d->result[j] > 0 ? z + s->gamma * above(z) : z + s->gamma * below(z);
  case VT_LINEAR_Z_PLUS:
    return above(z);
  case VT_LINEAR_ALPHA_BETA:
    return half ? below(z) : above(z);
  case VT_LINEAR_FLAT:
    return i < IN ? 1 : 0;
  case VT_LINEAR_W_SQUARE:
    return w * w;
  default: /* z-box between −2 and 3 */
    return i < IN ? z - -2 * above(w) - 3 * below(w) : 0;
  }
}

static double expected(const dense *d, const vt_composite_settings *s, int kind, int i)
{
  double relevance = 0;
  int halves = kind == VT_LINEAR_ALPHA_BETA ? 2 : 1;
  double epsilon = kind == VT_LINEAR_EPSILON ? s->epsilon : s->stabilizer;
  for (int half = 0; half < halves; half++)
    for (int j = 0; j < OUT; j++) {
      double sum = 0, factor = halves == 1 ? 1 : half ? -s->beta : s->alpha;
      for (int k = 0; k < IN + !s->ignore_bias; k++)
        sum += contribution(d, s, kind, k, j, half);
      sum += sum < 0 ? -epsilon : epsilon;
      relevance += factor * contribution(d, s, kind, i, j, half) / sum * d->result[j] / OUT;
    }
  return relevance;
}

static void check_rule(int kind, bool fused, bool ignore_bias)
{
  dense d;
  float bounds[2][IN];
  dense_open(&d, fused);
  vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  s.dense = kind;
  s.epsilon = 0.03;
  s.stabilizer = 0.02;
  s.alpha = 1.5;
  s.beta = 0.5;
  s.ignore_bias = ignore_bias;
  for (int i = 0; i < IN; i++) {
    bounds[0][i] = -2;
    bounds[1][i] = 3;
  }
  s.low = bounds[0];
  s.high = bounds[1];
  world_relevance(&d.w, &s);
  for (int i = 0; i < IN; i++) {
    double want = expected(&d, &s, kind, i);
    if (!(fabs(d.w.map[i] - want) <= 1e-12 * (1 + fabs(want))))
      fail_msg("rule %d, fused %d, bias ignored %d: input %d has %.15g, expected %.15g", kind, fused,
               ignore_bias, i, d.w.map[i], want);
  }
  world_close(&d.w);
}

static void test_definitions(void **unused)
{
  (void)unused;
  for (int kind = VT_LINEAR_EPSILON; kind <= VT_LINEAR_Z_BOX; kind++)
    for (int form = 0; form < 4; form++)
      check_rule(kind, form & 1, form & 2);
}

/* A linear model with nothing added to its denominators: x · w, and nothing lost. */
static void test_linear_model(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 2, DIMS(1, IN));
  builder_random(&w.b, "w", 2, DIMS(IN, 1), 1);
  const float *weights = w.b.graph.values[vt_graph_find(&w.b.graph, "w")].constant->data;
  builder_node(&w.b, "MatMul", "x w", "y", NULL);
  vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  s.epsilon = 0;
  world_relevance(&w, &s);
  for (int i = 0; i < IN; i++)
    assert_near(w.map[i], (double)w.input[i] * (double)weights[i], 1e-14);
  assert_near(world_sum(&w), w.score, 1e-14);
  world_close(&w);
}

/* Two layers by hand: h = relu((1, 2) · x), y = (3, −1) · h at x = 2: h = (2, 4), y = 2. */
static void test_two_layers(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 2, DIMS(1, 2));
  builder_constant(&w.b, "w", VT_F32, 2, DIMS(2, 2), (const float[]){1, 2, -1, 1});
  builder_constant(&w.b, "v", VT_F32, 2, DIMS(2, 1), (const float[]){3, -1});
  builder_node(&w.b, "MatMul", "x w", "a", NULL);
  builder_node(&w.b, "Relu", "a", "h", NULL);
  builder_node(&w.b, "MatMul", "h v", "y", NULL);
  w.input[0] = 3;
  w.input[1] = 1; /* a = (2, 7), y = −1; R of h: 6, −7 */
  vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  s.epsilon = 0;
  world_relevance(&w, &s);
  assert_near(w.map[0], 3.0 / 2 * 6 + 6.0 / 7 * -7, 1e-14);
  assert_near(w.map[1], -1.0 / 2 * 6 + 1.0 / 7 * -7, 1e-14);
  assert_near(world_sum(&w), -1, 1e-14);
  world_close(&w);
}

/* Without biases and epsilon, what comes in at the top comes out at the bottom, under rules that leave no
 * neuron without contributions (z-plus and alpha-beta do: all of its weights may have one sign). */
static void test_conservation(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 4, DIMS(1, 2, 6, 6));
  builder_random(&w.b, "k", 4, DIMS(4, 2, 3, 3), 0.5);
  builder_random(&w.b, "l", 4, DIMS(4, 4, 1, 1), 0.5);
  builder_node(&w.b, "Conv", "x k", "c", "pads=1,1,1,1");
  builder_node(&w.b, "Relu", "c", "r", NULL);
  builder_node(&w.b, "Conv", "r l", "d", NULL);
  builder_node(&w.b, "Add", "d r", "sum", NULL);
  builder_node(&w.b, "AveragePool", "sum", "p", "kernel_shape=2,2 strides=2,2");
  builder_node(&w.b, "MaxPool", "p", "m", "kernel_shape=2,2");
  builder_node(&w.b, "Sigmoid", "m", "g", NULL);
  builder_node(&w.b, "Mul", "m g", "silu", NULL);
  builder_node(&w.b, "GlobalAveragePool", "silu", "y", NULL);
  double worst = 0;
  static const vt_composite_name names[] = {VT_COMPOSITE_EPSILON, VT_COMPOSITE_EPSILON_GAMMA_BOX,
                                            VT_COMPOSITE_GAMMA};
  for (size_t n = 0; n < VT_COUNT(names); n++) {
    vt_composite_settings s = vt_composite_defaults(names[n]);
    float bounds[2][72];
    for (int i = 0; i < 72; i++) {
      bounds[0][i] = -4;
      bounds[1][i] = 4;
    }
    s.low = bounds[0];
    s.high = bounds[1];
    s.epsilon = s.stabilizer = 1e-14;
    world_relevance(&w, &s);
    double start = 0;
    for (int i = 0; i < w.outputs; i++)
      start += w.output[i] / w.outputs;
    worst = fmax(worst, fabs(world_sum(&w) - start));
    assert_near(world_sum(&w), start, 1e-9);
  }
  print_message("# largest relevance lost without biases: %.1e\n", worst);
  world_close(&w);
}

/* ---- operators without weights ---- */

/* Three ways to write a gated activation: relevance passes as it is. */
static void test_gates(void **unused)
{
  (void)unused;
  for (int way = 0; way < 3; way++) {
    world w;
    world_open(&w, 2, DIMS(1, 8));
    builder_scalar(&w.b, "root", 1.4142135f);
    builder_scalar(&w.b, "one", 1);
    builder_scalar(&w.b, "half", 0.5f);
    builder_scalar(&w.b, "three", 3);
    builder_scalar(&w.b, "cubic", 0.044715f);
    if (way == 0) {
      builder_node(&w.b, "Sigmoid", "x", "g", NULL);
      builder_node(&w.b, "Mul", "g x", "y", NULL);
    } else if (way == 1) {
      builder_node(&w.b, "Div", "x root", "a", NULL);
      builder_node(&w.b, "Erf", "a", "e", NULL);
      builder_node(&w.b, "Add", "e one", "f", NULL);
      builder_node(&w.b, "Mul", "x f", "g", NULL);
      builder_node(&w.b, "Mul", "g half", "y", NULL);
    } else {
      builder_node(&w.b, "Pow", "x three", "a", NULL);
      builder_node(&w.b, "Mul", "a cubic", "c", NULL);
      builder_node(&w.b, "Add", "x c", "s", NULL);
      builder_node(&w.b, "Tanh", "s", "t", NULL);
      builder_node(&w.b, "Add", "t one", "u", NULL);
      builder_node(&w.b, "Mul", "x half", "h", NULL);
      builder_node(&w.b, "Mul", "h u", "y", NULL);
    }
    const vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
    world_relevance(&w, &s);
    for (int i = 0; i < 8; i++)
      assert_near(w.map[i], w.output[i] / 8, 1e-13);
    world_close(&w);
  }
}

/* R_x = x (R − s ΣR). Behind the softmax each place has a factor c of its own, which passes relevance, so
 * that R = c s / 8 and R_x = x s (c − Σ c s) / 8. (Of equal factors nothing would be left.) */
static void test_softmax(void **unused)
{
  (void)unused;
  static const float factors[4] = {3, -1, 0.5f, 2};
  world w;
  world_open(&w, 2, DIMS(2, 4));
  builder_constant(&w.b, "c", VT_F32, 1, DIMS(4), factors);
  builder_node(&w.b, "Softmax", "x", "s", "axis=1");
  builder_node(&w.b, "Mul", "s c", "y", NULL);
  const vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  world_relevance(&w, &s);
  for (int row = 0; row < 2; row++) {
    double sum = 0, mean = 0;
    for (int i = 0; i < 4; i++) {
      double weight = exp((double)w.input[4 * row + i]);
      sum += weight;
      mean += weight * (double)factors[i];
    }
    mean /= sum;
    for (int i = 0; i < 4; i++) {
      double x = (double)w.input[4 * row + i], want = x * exp(x) / sum * ((double)factors[i] - mean) / 8;
      assert_true(fabs(want) > 1e-4); /* far above the tolerance */
      assert_near(w.map[4 * row + i], want, 1e-14);
    }
  }
  world_close(&w);
}

/* Products of two variables share evenly: Σ over both is what came, less epsilon's part. */
static void test_bilinear(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 2, DIMS(3, 3));
  builder_node(&w.b, "Transpose", "x", "t", NULL);
  builder_node(&w.b, "MatMul", "x t", "y", NULL);
  vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  s.epsilon = 0.1;
  world_relevance(&w, &s);
  double want[9] = {0};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      double y = w.output[3 * i + j], part = y / 9 / (2 * y + (y < 0 ? -0.1 : 0.1));
      for (int k = 0; k < 3; k++) {
        double product = (double)w.input[3 * i + k] * (double)w.input[3 * j + k];
        want[3 * i + k] += product * part;
        want[3 * j + k] += product * part;
      }
    }
  for (int i = 0; i < 9; i++)
    assert_near(w.map[i], want[i], 1e-13);
  world_close(&w);
}

/* One node or seven: the same relevance, by (x − mean) / σ with σ fixed. */
static void test_norms(void **unused)
{
  (void)unused;
  double maps[2][16];
  for (int way = 0; way < 2; way++) {
    world w;
    world_open(&w, 2, DIMS(2, 8));
    builder_random(&w.b, "scale", 1, DIMS(8), 1);
    builder_random(&w.b, "shift", 1, DIMS(8), 1);
    builder_ints(&w.b, "last", 1, (const int64_t[]){-1});
    builder_scalar(&w.b, "two", 2);
    builder_scalar(&w.b, "tiny", 1e-5f);
    if (way == 0) {
      builder_node(&w.b, "LayerNormalization", "x scale shift", "y", "epsilon=9.9999997473787516e-06");
    } else {
      builder_node(&w.b, "ReduceMean", "x last", "mean", NULL);
      builder_node(&w.b, "Sub", "x mean", "d", NULL);
      builder_node(&w.b, "Pow", "d two", "square", NULL);
      builder_node(&w.b, "ReduceMean", "square last", "variance", NULL);
      builder_node(&w.b, "Add", "variance tiny", "more", NULL);
      builder_node(&w.b, "Sqrt", "more", "sigma", NULL);
      builder_node(&w.b, "Div", "d sigma", "n", NULL);
      builder_node(&w.b, "Mul", "n scale", "m", NULL);
      builder_node(&w.b, "Add", "m shift", "y", NULL);
    }
    vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
    s.epsilon = s.stabilizer = 1e-14;
    world_relevance(&w, &s);
    memcpy(maps[way], w.map, sizeof maps[way]);
    world_close(&w);
  }
  for (int i = 0; i < 16; i++)
    assert_near(maps[0][i], maps[1][i], 1e-10);
}

/* ---- composites ---- */

static void rules_are(world *w, vt_composite_name name, const char *const *ids)
{
  vt_composite *composite;
  vt_composite_settings s = vt_composite_defaults(name);
  float bounds[2][WORLD_MOST] = {{0}};
  s.low = bounds[0];
  s.high = bounds[1];
  assert_ok(w->ctx, vt_composite_new(w->ctx, &w->subject, &s, &composite));
  for (int i = 0; i < w->b.graph.node_count; i++) {
    const vt_rule *rule = vt_composite_rule(composite, i);
    const char *id = rule ? rule->id : "-";
    if (strcmp(id, ids[i]) != 0)
      fail_msg("composite %d: node %s has the rule %s, expected %s", (int)name, w->b.graph.nodes[i].name, id,
               ids[i]);
  }
  vt_composite_free(composite);
}

static void test_choice(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 4, DIMS(1, 2, 5, 5));
  builder_random(&w.b, "k", 4, DIMS(3, 2, 3, 3), 1);
  builder_random(&w.b, "l", 4, DIMS(3, 3, 1, 1), 1);
  builder_random(&w.b, "v", 2, DIMS(3, 2), 1);
  builder_random(&w.b, "c", 1, DIMS(2), 1);
  builder_ints(&w.b, "pads", 8, (const int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
  builder_node(&w.b, "Shape", "x", "sizes", NULL);
  builder_node(&w.b, "Pad", "x pads", "padded", NULL);
  builder_node(&w.b, "Conv", "padded k", "a", NULL);
  builder_node(&w.b, "Relu", "a", "r", NULL);
  builder_node(&w.b, "Conv", "r l", "d", NULL);
  builder_node(&w.b, "Add", "d r", "e", NULL);
  builder_node(&w.b, "GlobalAveragePool", "e", "p", NULL);
  builder_node(&w.b, "Flatten", "p", "f", NULL);
  builder_node(&w.b, "MatMul", "f v", "m", NULL);
  builder_node(&w.b, "Add", "m c", "y", NULL);
  builder_output(&w.b, "y");
#define CHOICE(first, convolution, dense)                                                                    \
  (const char *const[]){"-", "-", first, "pass", convolution, "sum", "sum", "-", dense, "pass"}
  rules_are(&w, VT_COMPOSITE_EPSILON, CHOICE("epsilon", "epsilon", "epsilon"));
  rules_are(&w, VT_COMPOSITE_EPSILON_PLUS, CHOICE("z-plus", "z-plus", "epsilon"));
  rules_are(&w, VT_COMPOSITE_EPSILON_GAMMA_BOX, CHOICE("z-box", "gamma", "epsilon"));
  rules_are(&w, VT_COMPOSITE_EPSILON_PLUS_FLAT, CHOICE("flat", "z-plus", "epsilon"));
  rules_are(&w, VT_COMPOSITE_EPSILON_ALPHA2_BETA1, CHOICE("alpha-beta", "alpha-beta", "epsilon"));
  rules_are(&w, VT_COMPOSITE_EPSILON_ALPHA2_BETA1_FLAT, CHOICE("flat", "alpha-beta", "epsilon"));
  rules_are(&w, VT_COMPOSITE_GAMMA, CHOICE("gamma", "gamma", "gamma"));
  world_close(&w);
}

static void test_refusals(void **unused)
{
  (void)unused;
  dense d;
  vt_composite *composite;
  dense_open(&d, true);
  builder_output(&d.w.b, "y");
  vt_composite_settings s = vt_composite_defaults(VT_COMPOSITE_ALPHA_BETA);
  s.alpha = 3;
  assert_fails(d.w.ctx, vt_composite_new(d.w.ctx, &d.w.subject, &s, &composite), VT_ERROR_INVALID_ARGUMENT,
               "one more than beta");
  s = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  s.first = VT_LINEAR_Z_BOX;
  assert_fails(d.w.ctx, vt_composite_new(d.w.ctx, &d.w.subject, &s, &composite), VT_ERROR_INVALID_ARGUMENT,
               "z-box");
  d.w.subject.varying = "nothing";
  s.first = VT_RULE_OF_COMPOSITE;
  assert_fails(d.w.ctx, vt_composite_new(d.w.ctx, &d.w.subject, &s, &composite), VT_ERROR_INVALID_ARGUMENT,
               "nothing");
  world_close(&d.w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_definitions), cmocka_unit_test(test_linear_model),
      cmocka_unit_test(test_two_layers),  cmocka_unit_test(test_conservation),
      cmocka_unit_test(test_gates),       cmocka_unit_test(test_softmax),
      cmocka_unit_test(test_bilinear),    cmocka_unit_test(test_norms),
      cmocka_unit_test(test_choice),      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("attribution/rules_relevance", tests, NULL, NULL);
}
