/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics against closed forms.
 */
#include <math.h>

#include "math/statistics.h"
#include "test.h"

static void mean_and_spread(void **state)
{
  (void)state;
  const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
  assert_near(vt_mean(values, 8), 5, 1e-15);
  assert_near(vt_standard_deviation(values, 8), sqrt(32. / 7), 1e-15);
  assert_true(isnan(vt_mean(values, 0)));
  assert_true(isnan(vt_standard_deviation(values, 1)));
  assert_near(vt_quantile_sorted(values, 8, 0), 2, 0);
  assert_near(vt_quantile_sorted(values, 8, 1), 9, 0);
  assert_near(vt_quantile_sorted(values, 8, .5), 4.5, 1e-15);
  assert_near(vt_quantile_sorted(values, 8, 1. / 14), 3, 1e-12); /* half way from the first to the second */
}

/* Of two units a resample has mean 0, ½, 1 with shares ¼, ½, ¼: the middle 40 % is ½ alone, the middle 80 %
 * reaches both ends. */
static void bootstrap_of_two(void **state)
{
  const double values[] = {0, 1};
  vt_interval interval;
  assert_ok(*state, vt_bootstrap_mean(*state, values, 2, 10000, .4, 7, &interval));
  assert_near(interval.low, .5, 0);
  assert_near(interval.high, .5, 0);
  assert_ok(*state, vt_bootstrap_mean(*state, values, 2, 10000, .8, 7, &interval));
  assert_near(interval.low, 0, 0);
  assert_near(interval.high, 1, 0);
}

/* The interval of a mean is about mean ± 1.96 s/√n with s over n. 10 000 resamples leave a sampling error of
 * about 0.03 s/√n at the 2.5 % quantile; 0.12 is four of them. */
static void bootstrap_of_many(void **state)
{
  enum { COUNT = 400 };
  double values[COUNT];
  for (int i = 0; i < COUNT; i++)
    values[i] = vt_random_normal(11, 5, (uint64_t)i);
  double mean = vt_mean(values, COUNT);
  double error = vt_standard_deviation(values, COUNT) * sqrt((COUNT - 1.) / COUNT) / sqrt(COUNT);
  vt_interval interval, again;
  assert_ok(*state, vt_bootstrap_mean(*state, values, COUNT, VT_BOOTSTRAP_RESAMPLES, .95, 3, &interval));
  assert_near(interval.low, mean - 1.95996 * error, .12 * error);
  assert_near(interval.high, mean + 1.95996 * error, .12 * error);
  assert_ok(*state, vt_bootstrap_mean(*state, values, COUNT, VT_BOOTSTRAP_RESAMPLES, .95, 3, &again));
  assert_memory_equal(&interval, &again, sizeof again);
}

static void bootstrap_edges(void **state)
{
  vt_interval interval;
  const double one = 3;
  assert_ok(*state, vt_bootstrap_mean(*state, &one, 1, 100, .95, 0, &interval));
  assert_near(interval.low, 3, 0);
  assert_near(interval.high, 3, 0);
  assert_ok(*state, vt_bootstrap_mean(*state, NULL, 0, 100, .95, 0, &interval));
  assert_true(isnan(interval.low) && isnan(interval.high));
  assert_fails(*state, vt_bootstrap_mean(*state, &one, 1, 0, .95, 0, &interval), VT_ERROR_INVALID_ARGUMENT,
               "resample");
  assert_fails(*state, vt_bootstrap_mean(*state, &one, 1, 10, 1, 0, &interval), VT_ERROR_INVALID_ARGUMENT,
               "confidence");
}

static void permutation_is_exact_for_few(void **state)
{
  (void)state;
  /* all of one sign: only the pattern itself and its opposite reach the sum */
  const double same[] = {1, 2, 3, 4, 5, 6};
  assert_near(vt_paired_permutation(same, 6, 10000, 0), 2. / 64, 0);
  /* {3, −1, 1}: |sum| = 3; of eight patterns 3+1+1, 3+1−1, 3−1+1 and their opposites reach it */
  const double mixed[] = {3, -1, 1};
  assert_near(vt_paired_permutation(mixed, 3, 10000, 0), 6. / 8, 0);
  const double nothing[] = {0, 0};
  assert_near(vt_paired_permutation(nothing, 2, 10000, 0), 1, 0);
  assert_true(isnan(vt_paired_permutation(nothing, 0, 10000, 0)));
  /* rounding must not hide ties: 0.1 + 0.2 and 0.3 */
  const double rounded[] = {.1, .2, -.3};
  assert_near(vt_paired_permutation(rounded, 3, 10000, 0), 1, 0);
}

/* Sign-flip sums of 40 differences of ±1 are 2·Binomial(40, ½) − 40. P(|sum| ≥ 12) = 0.0807 (tail of the
 * binomial summed below); 20 000 draws err by 0.0019, four of them are allowed. */
static void permutation_by_drawing(void **state)
{
  (void)state;
  double differences[40];
  for (int i = 0; i < 40; i++)
    differences[i] = i < 26 ? 1 : -1; /* sum 12 */
  double expected = 0, term = pow(.5, 40);
  for (int heads = 0; heads <= 40; heads++) {
    if (heads <= 14 || heads >= 26) expected += term;
    term = term * (40 - heads) / (heads + 1);
  }
  assert_near(vt_paired_permutation(differences, 40, 20000, 9), expected, .0077);
}

static void correlations(void **state)
{
  const double x[] = {1, 2, 3, 4, 5}, y[] = {2, 1, 4, 3, 5}, flat[] = {1, 1, 1, 1, 1};
  double value;
  assert_near(vt_pearson(x, y, 5), .8, 1e-15);
  assert_ok(*state, vt_spearman(*state, x, y, 5, &value));
  assert_near(value, 1 - 6. * 4 / (5 * 24), 1e-15); /* 1 − 6Σd²/(n(n²−1)), no ties */
  assert_ok(*state, vt_kendall(*state, x, y, 5, &value));
  assert_near(value, .6, 1e-15); /* 8 concordant, 2 discordant of 10 */
  assert_true(isnan(vt_pearson(x, flat, 5)));
  assert_ok(*state, vt_kendall(*state, x, flat, 5, &value));
  assert_true(isnan(value));
  assert_ok(*state, vt_spearman(*state, x, y, 0, &value));
  assert_true(isnan(value));
}

static void ranks_share_ties(void **state)
{
  const double values[] = {3, 1, 3, 2, 3};
  const double expected[] = {4, 1, 4, 2, 4};
  double ranks[5];
  assert_ok(*state, vt_ranks(*state, values, 5, ranks));
  for (int i = 0; i < 5; i++)
    assert_near(ranks[i], expected[i], 0);
}

/* Knight's method against counting all pairs, with many ties in both lists. */
static void kendall_counts_pairs(void **state)
{
  for (int count = 2; count < 60; count += 7) {
    double x[60], y[60], concordant = 0, discordant = 0, only_x = 0, only_y = 0, value;
    for (int i = 0; i < count; i++) {
      x[i] = (double)vt_random_below(1, (uint64_t)count, (uint64_t)i, 9);
      y[i] = (double)vt_random_below(2, (uint64_t)count, (uint64_t)i, 6) + x[i] / 2;
    }
    for (int i = 0; i < count; i++)
      for (int j = 0; j < i; j++) {
        double product = (x[i] - x[j]) * (y[i] - y[j]);
        concordant += product > 0, discordant += product < 0;
        only_x += x[i] == x[j] && y[i] != y[j], only_y += y[i] == y[j] && x[i] != x[j];
      }
    double strict = concordant + discordant;
    assert_ok(*state, vt_kendall(*state, x, y, (size_t)count, &value));
    assert_near(value, (concordant - discordant) / sqrt((strict + only_x) * (strict + only_y)), 1e-12);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mean_and_spread),
      cmocka_unit_test_setup_teardown(bootstrap_of_two, new_context, free_context),
      cmocka_unit_test_setup_teardown(bootstrap_of_many, new_context, free_context),
      cmocka_unit_test_setup_teardown(bootstrap_edges, new_context, free_context),
      cmocka_unit_test(permutation_is_exact_for_few),
      cmocka_unit_test(permutation_by_drawing),
      cmocka_unit_test_setup_teardown(correlations, new_context, free_context),
      cmocka_unit_test_setup_teardown(ranks_share_ties, new_context, free_context),
      cmocka_unit_test_setup_teardown(kendall_counts_pairs, new_context, free_context),
  };
  return cmocka_run_group_tests_name("math/statistics", tests, NULL, NULL);
}
