/* SPDX-License-Identifier: Apache-2.0
 *
 * Guided and difference rules on graphs whose answers are known: saturated units, products, and completeness
 * through every kind of operator. In f64, so that 1e-12 is rounding.
 */
#include "rule_world.h"

/* ---- guided ---- */

/* y = f(x), seeds of both signs through weights. */
static void guided_case(const char *op, const char *inputs, const char *attributes, const vt_rule_set *rules,
                        const float x[4], const double weights[4], const double expected[4])
{
  world w;
  world_open(&w, 2, DIMS(1, 4));
  float *weight = builder_constant(&w.b, "w", VT_F32, 2, DIMS(1, 4), NULL);
  builder_scalar(&w.b, "zero", 0);
  builder_scalar(&w.b, "six", 6);
  builder_scalar(&w.b, "one", 1);
  builder_scalar(&w.b, "half", 0.5f);
  for (int i = 0; i < 4; i++) {
    weight[i] = (float)(4 * weights[i]); /* the mean divides by 4 */
    w.input[i] = x[i];
  }
  builder_node(&w.b, op, inputs, "h", attributes);
  builder_node(&w.b, "Mul", "h w", "y", NULL);
  world_run(&w, rules, VT_START_GRADIENT);
  for (int i = 0; i < 4; i++)
    assert_near(w.map[i], expected[i], 1e-12);
  world_close(&w);
}

#define NUMBERS4(a, b, c, d) ((const double[4]){a, b, c, d})
#define FLOATS4(a, b, c, d)  ((const float[4]){a, b, c, d})

static void test_guided(void **unused)
{
  (void)unused;
  const vt_rule_set *guided = &vt_rules_guided;
  guided_case("Relu", "x", NULL, guided, FLOATS4(2, -2, 2, -2), NUMBERS4(3, 3, -3, -3), NUMBERS4(3, 0, 0, 0));
  guided_case("LeakyRelu", "x", "alpha=0.5", guided, FLOATS4(2, -2, 2, -2), NUMBERS4(3, 3, -3, -3),
              NUMBERS4(3, 1.5, 0, 0));
  guided_case("PRelu", "x half", NULL, guided, FLOATS4(2, -2, 2, -2), NUMBERS4(3, 3, -3, -3),
              NUMBERS4(3, 1.5, 0, 0));
  guided_case("Clip", "x zero six", NULL, guided, FLOATS4(2, -2, 7, 5), NUMBERS4(3, 3, 3, -3),
              NUMBERS4(3, 0, 0, 0));
  /* no rectifier: the plain gradient */
  guided_case("Clip", "x one six", NULL, guided, FLOATS4(2, -2, 7, 5), NUMBERS4(3, 3, 3, -3),
              NUMBERS4(3, 0, 0, -3));
  guided_case("Neg", "x", NULL, guided, FLOATS4(2, -2, 7, 5), NUMBERS4(3, 3, 3, -3), NUMBERS4(-3, -3, -3, 3));
}

static void test_deconvolution(void **unused)
{
  (void)unused;
  guided_case("Relu", "x", NULL, &vt_rules_deconvolution, FLOATS4(2, -2, 2, -2), NUMBERS4(3, 3, -3, -3),
              NUMBERS4(3, 3, 0, 0));
  guided_case("Clip", "x zero six", NULL, &vt_rules_deconvolution, FLOATS4(2, -2, 7, 5),
              NUMBERS4(3, 3, 3, -3), NUMBERS4(3, 3, 3, 0));
  guided_case("Clip", "x zero six", NULL, &vt_rules_deconvolution_ceiling, FLOATS4(2, -2, 7, 6),
              NUMBERS4(3, 3, 3, 3), NUMBERS4(3, 3, 0, 3));
}

/* ---- differences ---- */

/* y = 1 − relu(1 − x) does not move at x = 2, yet owes all of its 1 to x. */
static void test_saturated(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 1, DIMS(1));
  builder_scalar(&w.b, "one", 1);
  builder_node(&w.b, "Sub", "one x", "a", NULL);
  builder_node(&w.b, "Relu", "a", "r", NULL);
  builder_node(&w.b, "Sub", "one r", "y", NULL);
  w.input[0] = 2;
  w.reference[0] = 0;
  world_run(&w, NULL, VT_START_GRADIENT);
  assert_near(w.map[0], 0, 0);
  world_run(&w, &vt_rules_difference, VT_START_DIFFERENCE);
  assert_near(w.map[0] * 2, 1, 1e-15);
  world_close(&w);
}

/* Of a · b from (0, 0) each gets half; of a / b what the product rule says. */
static void test_products(void **unused)
{
  (void)unused;
  static const int64_t first = 0, second = 1;
  world w;
  world_open(&w, 1, DIMS(2));
  builder_ints(&w.b, "i", 1, &first);
  builder_ints(&w.b, "j", 1, &second);
  builder_node(&w.b, "Gather", "x i", "a", NULL);
  builder_node(&w.b, "Gather", "x j", "b", NULL);
  builder_node(&w.b, "Mul", "a b", "y", NULL);
  w.input[0] = 3;
  w.input[1] = 4;
  w.reference[0] = w.reference[1] = 0;
  world_run(&w, &vt_rules_difference, VT_START_DIFFERENCE);
  assert_near(w.map[0] * 3, 6, 1e-14);
  assert_near(w.map[1] * 4, 6, 1e-14);
  w.reference[0] = 1;
  w.reference[1] = 2; /* (b + b₀)/2 = 3, (a + a₀)/2 = 2 */
  world_run(&w, &vt_rules_difference, VT_START_DIFFERENCE);
  assert_near(w.map[0], 3, 1e-14);
  assert_near(w.map[1], 2, 1e-14);
  world_close(&w);
}

/* At equal inputs every multiplier is the derivative. */
static void test_no_difference(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 2, DIMS(2, 5));
  builder_node(&w.b, "Tanh", "x", "t", NULL);
  builder_node(&w.b, "Relu", "t", "r", NULL);
  builder_node(&w.b, "Softmax", "r", "s", NULL);
  builder_node(&w.b, "Mul", "s r", "y", NULL);
  memcpy(w.reference, w.input, sizeof w.input);
  world_run(&w, &vt_rules_difference, VT_START_DIFFERENCE);
  double multipliers[10];
  memcpy(multipliers, w.map, sizeof multipliers);
  world_run(&w, NULL, VT_START_GRADIENT);
  for (int i = 0; i < 10; i++)
    assert_near(multipliers[i], w.map[i], 1e-13);
  world_close(&w);
}

static const struct completeness_case {
  const char *op, *inputs, *attributes;
} completeness_cases[] = {
    {"Relu", "h", NULL},
    {"Clip", "h low high", NULL},
    {"LeakyRelu", "h", NULL},
    {"HardSwish", "h", NULL},
    {"Sigmoid", "h", NULL},
    {"Tanh", "h", NULL},
    {"Erf", "h", NULL},
    {"Exp", "h", NULL},
    {"Abs", "h", NULL},
    {"Floor", "h", NULL},
    {"Gelu", "h", NULL},
    {"Mish", "h", NULL},
    {"Pow", "h two", NULL},
    {"Softmax", "h", NULL},
    {"LogSoftmax", "h", NULL},
    {"LayerNormalization", "h ones", NULL},
    {"Mul", "h x", NULL},
    {"Mul", "h h", NULL},
    {"Div", "h positive", NULL},
    {"Div", "one positive", NULL},
    {"Pow", "positive h", NULL},
    {"Max", "h x", NULL},
    {"Min", "h x", NULL},
    {"ReduceMax", "h", NULL},
    {"ReduceMin", "h", NULL},
    {"ReduceL2", "h", NULL},
    {"ReduceLogSumExp", "h", NULL},
    {"ReduceProd", "h", NULL},
    {"MatMul", "h turned", NULL},
    {"MaxPool", "image", "kernel_shape=2,2 strides=1,1"},
    {"AveragePool", "image", "kernel_shape=2,2 strides=1,1"},
    {"GlobalMaxPool", "image", NULL},
    {"LRN", "image", "size=3"},
    {"Where", "chosen h x", NULL},
};

static void test_completeness(void **unused)
{
  (void)unused;
  static const bool chosen[8] = {true, false, true, true, false, false, true, false};
  double worst = 0;
  for (size_t c = 0; c < VT_COUNT(completeness_cases); c++) {
    const struct completeness_case *one = &completeness_cases[c];
    world w;
    world_open(&w, 2, DIMS(4, 8));
    builder_random(&w.b, "w", 2, DIMS(8, 8), 0.7);
    builder_random(&w.b, "b", 1, DIMS(8), 0.5);
    float *ones = builder_constant(&w.b, "ones", VT_F32, 1, DIMS(8), NULL);
    for (int i = 0; i < 8; i++)
      ones[i] = (float)(1 + 0.1 * i);
    builder_constant(&w.b, "chosen", VT_BOOL, 1, DIMS(8), chosen);
    builder_ints(&w.b, "sizes", 4, (const int64_t[]){1, 2, 4, 4});
    builder_scalar(&w.b, "low", 0);
    builder_scalar(&w.b, "high", 1);
    builder_scalar(&w.b, "one", 1);
    builder_scalar(&w.b, "two", 2);
    builder_node(&w.b, "Gemm", "x w b", "h", NULL);
    builder_node(&w.b, "Exp", "x", "positive", NULL);
    builder_node(&w.b, "Transpose", "h", "turned", NULL);
    builder_node(&w.b, "Reshape", "h sizes", "image", NULL);
    builder_node(&w.b, one->op, one->inputs, "z", one->attributes);
    builder_node(&w.b, "Sin", "z", "y", NULL);
    double error = fabs(world_incompleteness(&w));
    if (!(error <= 1e-9)) fail_msg("%s %s: incomplete by %g", one->op, one->inputs, error);
    worst = fmax(worst, error);
    world_close(&w);
  }
  print_message("# DeepLift: largest error of completeness over %d operators in f64: %.1e\n",
                (int)VT_COUNT(completeness_cases), worst);
}

/* Winners: from (3, 1) to (0, 5) the largest gains 2; all of it goes to the second. */
static void test_largest(void **unused)
{
  (void)unused;
  world w;
  world_open(&w, 2, DIMS(1, 2));
  builder_node(&w.b, "ReduceMax", "x", "y", NULL);
  w.reference[0] = 3;
  w.reference[1] = 1;
  w.input[0] = 0;
  w.input[1] = 5;
  world_run(&w, &vt_rules_difference, VT_START_DIFFERENCE);
  assert_near(w.map[0] * (0 - 3), 0, 1e-14);
  assert_near(w.map[1] * (5 - 1), 2, 1e-14);
  world_close(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_guided),        cmocka_unit_test(test_deconvolution),
      cmocka_unit_test(test_saturated),     cmocka_unit_test(test_products),
      cmocka_unit_test(test_no_difference), cmocka_unit_test(test_completeness),
      cmocka_unit_test(test_largest),
  };
  return cmocka_run_group_tests_name("attribution/rules", tests, NULL, NULL);
}
