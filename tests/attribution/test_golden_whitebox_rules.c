/* SPDX-License-Identifier: Apache-2.0
 *
 * Methods made of backward rules against captum and zennit, on EfficientNet-lite0 and four photographs. Each
 * array has its own tolerance (relative L2). f32 as shipped; f64, where no gate is in doubt, on the first
 * picture.
 */
#include "rule_bench.h"

static const struct golden {
  const char *array, *method;
  const char *settings[4];
} goldens[] = {
    {"guided_backprop", "guided-backprop", {NULL}},
    {"deconv_clamp_gate", "deconvolution", {"gate=clamp", NULL}},
    {"deconv_no_gate", "deconvolution", {"gate=none", NULL}},
    {"deeplift_zero", "deeplift", {"baseline=zero", NULL}},
    {"lrp_epsilon_1e-1", "lrp", {"composite=epsilon", "epsilon=0.1", NULL}},
    {"lrp_epsilon_1e-6", "lrp", {"composite=epsilon", NULL}},
    {"lrp_epsilon_plus", "lrp", {"composite=epsilon-plus", NULL}},
};

static double compare(rule_bench *b, const struct golden *golden, const char *precision, double *error)
{
  const char *settings[5] = {NULL};
  int count = 0;
  for (; golden->settings[count]; count++)
    settings[count] = golden->settings[count];
  settings[count] = precision;
  vt_explanation *explanation = rule_bench_run(b, golden->method, b->predicted, settings);
  double distance = rule_bench_distance(b, explanation, golden->array);
  *error = explanation->completeness.present ? explanation->completeness.error : 0;
  vt_explanation_free(explanation);
  return distance;
}

static void test_pictures(void **unused)
{
  (void)unused;
  if (!rule_bench_here()) skip();
  rule_bench b;
  rule_bench_open(&b);
  for (size_t g = 0; g < VT_COUNT(goldens); g++) {
    double worst = 0;
    for (size_t p = 0; p < VT_COUNT(rule_stems); p++) {
      double error;
      rule_bench_picture(&b, rule_stems[p]);
      double distance = compare(&b, &goldens[g], "precision=f32", &error);
      double tolerance = rule_bench_tolerance(&b, goldens[g].array);
      print_message("# %-18s %-26s f32: relative L2 %.2e (allowed %.1e), error of the sum %.1e\n",
                    goldens[g].array, rule_stems[p], distance, tolerance, error);
      if (!(distance <= tolerance))
        fail_msg("%s of %s: %g, allowed %g", goldens[g].array, rule_stems[p], distance, tolerance);
      worst = fmax(worst, distance);
    }
    print_message("# %-18s largest relative L2 in f32: %.2e\n", goldens[g].array, worst);
  }
  rule_bench_close(&b);
}

/* A hundred thousand times what f64 rounds off, and less than f32 reaches. */
static void test_double(void **unused)
{
  (void)unused;
#ifdef VT_NO_CLONES
  skip(); /* minutes under sanitizers, and the same code as in f32 */
#endif
  if (!rule_bench_here()) skip();
  rule_bench b;
  rule_bench_open(&b);
  rule_bench_picture(&b, rule_stems[0]);
  for (size_t g = 0; g < VT_COUNT(goldens); g++) {
    double error, distance = compare(&b, &goldens[g], "precision=f64", &error);
    print_message("# %-18s %-26s f64: relative L2 %.2e, error of the sum %.1e\n", goldens[g].array, b.stem,
                  distance, error);
    assert_true(distance <= 1e-6);
  }
  rule_bench_close(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pictures), cmocka_unit_test(test_double)};
  return cmocka_run_group_tests_name("attribution/golden_whitebox_rules", tests, NULL, NULL);
}
