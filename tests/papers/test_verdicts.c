/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts on measurements that the test makes up.
 */
#include "made_up.h"

static vt_verdict verdict_with(vt_ctx *ctx, made_up_sizes sizes, vt_judgement *out)
{
  vt_findings *findings;
  made_up_measure(ctx, made_up_parts, &sizes, 3, &findings);
  vt_verdict verdict = findings->claims[0].verdict;
  assert_int_equal(verdict, findings->overall);
  if (out) *out = findings->claims[0];
  vt_findings_free(findings);
  return verdict;
}

static void holds(void **state)
{
  vt_judgement judgement;
  assert_int_equal(verdict_with(*state, made_up_standard(), &judgement), VT_HOLDS);
  assert_int_equal(judgement.units, 90);
  /* mean of 90 uniform draws from 0.2 ± 0.05: standard error 0.003 */
  assert_near(judgement.estimate, .2, .012);
  assert_true(judgement.interval.low < judgement.estimate && judgement.estimate < judgement.interval.high);
  /* all differences have one sign: nothing but the observed pattern reaches the sum among 10 000 drawn */
  assert_near(judgement.permutation, 1. / 10001, 1e-12);
}

static void margin_missed(void **state)
{
  made_up_sizes sizes = made_up_standard();
  sizes.advantage = .06; /* clear, but below the 0.1 that is claimed */
  assert_int_equal(verdict_with(*state, sizes, NULL), VT_MARGIN_MISSED);
}

static void fails(void **state)
{
  made_up_sizes sizes = made_up_standard();
  sizes.advantage = -.1;
  assert_int_equal(verdict_with(*state, sizes, NULL), VT_FAILS);
  sizes.advantage = 0; /* what chance leaves is no direction, whichever side the mean falls on */
  assert_int_equal(verdict_with(*state, sizes, NULL), VT_FAILS);
}

static void trivial(void **state)
{
  made_up_sizes sizes = made_up_standard();
  vt_judgement judgement;
  sizes.leak = .2; /* the same advantage where there must be none */
  assert_int_equal(verdict_with(*state, sizes, &judgement), VT_UNSOUND);
  assert_int_equal(judgement.alone, VT_HOLDS);
}

static void control_of_each_unit(void **state)
{
  vt_control controls[1] = {made_up_controls[0]};
  vt_experiment experiment = made_up;
  vt_paper_piece part = made_up_parts[0];
  vt_findings *findings;
  made_up_sizes sizes = made_up_standard();
  controls[0].group = "real";
  controls[0].at_least = .16, controls[0].at_most = .24; /* holds for the mean, not for 0.2 ± 0.05 */
  experiment.controls = controls;
  part.experiment = &experiment;
  made_up_measure(*state, &part, &sizes, 3, &findings);
  assert_int_equal(findings->controls[0].verdict, VT_HOLDS);
  vt_findings_free(findings);
  controls[0].each = true;
  made_up_measure(*state, &part, &sizes, 3, &findings);
  assert_int_equal(findings->controls[0].verdict, VT_FAILS);
  assert_true(fabs(findings->controls[0].extreme - .2) > .04);
  vt_findings_free(findings);
}

/* Comparisons on constant measurements: loss 1 against 2, lower is better; item 1 of ours is undefined. */
static void comparisons(void **state)
{
  static const struct {
    vt_comparison comparison;
    const char *against;
    double neutral, margin, estimate;
    vt_verdict verdict;
  } cases[] = {
      {VT_COMPARE_DIFFERENCE, "theirs", 0, 1, 1, VT_HOLDS},
      {VT_COMPARE_DIFFERENCE, "theirs", 0, 1.5, 1, VT_MARGIN_MISSED},
      {VT_COMPARE_RELATIVE, "theirs", 0, .5, .5, VT_HOLDS},
      {VT_COMPARE_RATIO, "theirs", 1, 2.5, 2, VT_MARGIN_MISSED},
      {VT_COMPARE_RATIO, "theirs", 2, 2, 2, VT_FAILS}, /* at the edge is not above it */
      {VT_COMPARE_LEVEL, NULL, 2, 1, 1, VT_HOLDS},     /* a loss: below chance, and low enough */
      {VT_COMPARE_LEVEL, NULL, 2, .5, 1, VT_MARGIN_MISSED},
      {VT_COMPARE_LEVEL, NULL, .9, .5, 1, VT_FAILS},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_claim claim = {
        "loss",         "", "", "loss", "ours", cases[i].against, NULL, cases[i].comparison, cases[i].neutral,
        cases[i].margin};
    vt_experiment experiment = made_up;
    vt_paper_piece part = made_up_parts[0];
    vt_findings *findings;
    made_up_sizes sizes = made_up_standard();
    experiment.claims = &claim;
    part.experiment = &experiment;
    made_up_measure(*state, &part, &sizes, 2, &findings);
    assert_near(findings->claims[0].estimate, cases[i].estimate, 1e-12);
    assert_int_equal(findings->claims[0].verdict, cases[i].verdict);
    assert_int_equal(findings->claims[0].units, 58);
    assert_int_equal(findings->claims[0].left_out, 2);
    vt_findings_free(findings);
  }
}

static void seeds_as_units(void **state)
{
  vt_experiment experiment = made_up;
  vt_paper_piece part = made_up_parts[0];
  vt_findings *findings;
  made_up_sizes sizes = made_up_standard();
  experiment.items_independent = false;
  part.experiment = &experiment;
  made_up_measure(*state, &part, &sizes, 3, &findings);
  assert_int_equal(findings->claims[0].units, 3);
  assert_near(findings->claims[0].permutation, 2. / 8, 0); /* the least that three seeds can give */
  double by_seed = findings->claims[0].estimate;
  vt_findings_free(findings);
  made_up_measure(*state, made_up_parts, &sizes, 3, &findings);
  assert_near(findings->claims[0].estimate, by_seed, 1e-12); /* equally many items in each */
  vt_findings_free(findings);
  made_up_measure(*state, &part, &sizes, 1, &findings);
  assert_int_equal(findings->claims[0].units, 1);
  assert_true(isnan(findings->claims[0].interval.low));
  assert_int_equal(findings->claims[0].verdict, VT_HOLDS);
  vt_findings_free(findings);
}

static void table(void **state)
{
  vt_findings *findings;
  made_up_sizes sizes = made_up_standard();
  char text[80];
  made_up_measure(*state, made_up_parts, &sizes, 2, &findings);
  const vt_cell *cell = vt_findings_cell(findings, 0, 1, 0); /* real, loss, ours */
  assert_near(cell->mean, 1, 0);
  assert_near(cell->deviation, 0, 0);
  assert_int_equal(cell->values, 58);
  assert_int_equal(cell->undefined, 2);
  assert_string_equal(vt_cell_text(cell, text), "1.000 ± 0.000");
  assert_true(isnan(vt_findings_cell(findings, 1, 1, 0)->mean)); /* no losses of shuffled items */
  vt_findings_free(findings);
}

static vt_status twice(vt_repro *repro, int seed, const void *settings)
{
  (void)seed, (void)settings;
  VT_TRY(vt_repro_row(repro, "ours", "score", "real", 0, .5));
  return vt_repro_row(repro, "ours", "score", "real", 0, .6);
}

static vt_status out_of_range(vt_repro *repro, int seed, const void *settings)
{
  (void)seed, (void)settings;
  return vt_repro_row(repro, "ours", "score", "real", 0, 1.5);
}

static vt_status undeclared(vt_repro *repro, int seed, const void *settings)
{
  (void)seed, (void)settings;
  return vt_repro_row(repro, "nobody", "score", "real", 0, .5);
}

static void mistakes_of_an_experiment(void **state)
{
  vt_experiment experiment = made_up;
  vt_paper_piece part = made_up_parts[0];
  vt_findings *findings;
  made_up_sizes sizes = made_up_standard();
  vt_repro_options options = {.profile = VT_PROFILE_STD, .seeds = 1, .settings = &sizes};
  part.experiment = &experiment;
  experiment.run = twice;
  assert_fails(*state, vt_repro_run(*state, &made_up_paper, &part, &options, &findings), VT_ERROR_RUNTIME,
               "measured twice");
  experiment.run = out_of_range;
  assert_fails(*state, vt_repro_run(*state, &made_up_paper, &part, &options, &findings), VT_ERROR_NOT_FINITE,
               "outside 0 to 1");
  experiment.run = undeclared;
  assert_fails(*state, vt_repro_run(*state, &made_up_paper, &part, &options, &findings), VT_ERROR_RUNTIME,
               "not declared");
  options.seeds = 0;
  assert_fails(*state, vt_repro_run(*state, &made_up_paper, &part, &options, &findings),
               VT_ERROR_INVALID_ARGUMENT, "at least 1");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(holds, new_context, free_context),
      cmocka_unit_test_setup_teardown(margin_missed, new_context, free_context),
      cmocka_unit_test_setup_teardown(fails, new_context, free_context),
      cmocka_unit_test_setup_teardown(trivial, new_context, free_context),
      cmocka_unit_test_setup_teardown(control_of_each_unit, new_context, free_context),
      cmocka_unit_test_setup_teardown(comparisons, new_context, free_context),
      cmocka_unit_test_setup_teardown(seeds_as_units, new_context, free_context),
      cmocka_unit_test_setup_teardown(table, new_context, free_context),
      cmocka_unit_test_setup_teardown(mistakes_of_an_experiment, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/verdicts", tests, NULL, NULL);
}
