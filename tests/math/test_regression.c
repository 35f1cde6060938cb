/* SPDX-License-Identifier: Apache-2.0
 *
 * Regressions against closed forms, and against the conditions that hold at a minimum.
 */
#include "test.h"

#include <math.h>

#include "math/regression.h"

enum { ROWS = 60, COLUMNS = 5 };

typedef struct data {
  double design[ROWS * COLUMNS], values[ROWS], weights[ROWS], truth[COLUMNS];
} data;

static void make(data *d, double noise)
{
  for (int c = 0; c < COLUMNS; c++)
    d->truth[c] = vt_random_normal(1, 1, (uint64_t)c);
  for (int i = 0; i < ROWS; i++) {
    d->values[i] = .7 + noise * vt_random_normal(1, 4, (uint64_t)i);
    d->weights[i] = vt_random_uniform(1, 2, (uint64_t)i);
    for (int c = 0; c < COLUMNS; c++) {
      double x = vt_random_uniform(1, 3, (uint64_t)(i * COLUMNS + c));
      d->design[i * COLUMNS + c] = x;
      d->values[i] += x * d->truth[c];
    }
  }
}

static vt_regression problem_of(const data *d)
{
  return (vt_regression){d->design, d->values, d->weights, ROWS, COLUMNS};
}

/* −½ of the derivative of Σ w (y − a − x·b)² by each b. */
static void pulls(const data *d, const double *b, double a, double *out)
{
  memset(out, 0, COLUMNS * sizeof *out);
  for (int i = 0; i < ROWS; i++) {
    double rest = d->values[i] - a;
    for (int c = 0; c < COLUMNS; c++)
      rest -= d->design[i * COLUMNS + c] * b[c];
    for (int c = 0; c < COLUMNS; c++)
      out[c] += d->weights[i] * rest * d->design[i * COLUMNS + c];
  }
}

static void test_exact(void **state)
{
  data d;
  make(&d, 0);
  vt_regression problem = problem_of(&d);
  double b[COLUMNS], a;
  assert_ok(*state, vt_regression_ridge(*state, &problem, 0, b, &a));
  for (int c = 0; c < COLUMNS; c++)
    assert_near(b[c], d.truth[c], 1e-10);
  assert_near(a, .7, 1e-10);
  assert_ok(*state, vt_regression_lasso(*state, &problem, 0, b, &a));
  for (int c = 0; c < COLUMNS; c++)
    assert_near(b[c], d.truth[c], 1e-6);
}

/* One column: b = Sxy / (Sxx + penalty), and the soft threshold. */
static void test_one_column(void **state)
{
  const double x[4] = {0, 1, 2, 5}, y[4] = {1, 3, 2, 8}, w[4] = {1, 2, 1, .5};
  double sum = 4.5, mx = (0 + 2 + 2 + 2.5) / sum, my = (1 + 6 + 2 + 4) / sum, xx = 0, xy = 0, b, a;
  for (int i = 0; i < 4; i++) {
    xx += w[i] * (x[i] - mx) * (x[i] - mx);
    xy += w[i] * (x[i] - mx) * (y[i] - my);
  }
  vt_regression problem = {x, y, w, 4, 1};
  assert_ok(*state, vt_regression_ridge(*state, &problem, 3, &b, &a));
  assert_near(b, xy / (xx + 3), 1e-12);
  assert_near(a, my - b * mx, 1e-12);
  assert_ok(*state, vt_regression_lasso(*state, &problem, .4, &b, &a));
  assert_near(b, (xy - .4 * sum) / xx, 1e-12);
  assert_ok(*state, vt_regression_lasso(*state, &problem, 100, &b, &a));
  assert_near(b, 0, 0);
  assert_near(a, my, 1e-12);
}

/* At a minimum the pulls balance the penalty. */
static void test_conditions(void **state)
{
  data d;
  make(&d, .3);
  vt_regression problem = problem_of(&d);
  double b[COLUMNS], a, pull[COLUMNS], weight = 0;
  for (int i = 0; i < ROWS; i++)
    weight += d.weights[i];
  assert_ok(*state, vt_regression_ridge(*state, &problem, 2, b, &a));
  pulls(&d, b, a, pull);
  for (int c = 0; c < COLUMNS; c++)
    assert_near(pull[c], 2 * b[c], 1e-9);
  assert_ok(*state, vt_regression_lasso(*state, &problem, .03, b, &a));
  pulls(&d, b, a, pull);
  int zeros = 0;
  for (int c = 0; c < COLUMNS; c++) {
    zeros += b[c] == 0;
    if (b[c] != 0)
      assert_near(pull[c] / weight, copysign(.03, b[c]), 1e-6);
    else
      assert_true(fabs(pull[c]) / weight <= .03);
  }
  assert_true(zeros > 0 && zeros < COLUMNS);
  assert_ok(*state, vt_regression_with_sum(*state, &problem, 1.5, b));
  pulls(&d, b, 0, pull);
  double sum = 0;
  for (int c = 0; c < COLUMNS; c++) {
    sum += b[c];
    assert_near(pull[c], pull[0], 1e-9); /* the multiplier */
  }
  assert_near(sum, 1.5, 1e-12);
}

/* Fewer rows than columns, columns alike: the smallest of the solutions, up to its 1e-9. */
static void test_open(void **state)
{
  const double x[6] = {1, 1, 0, 1, 1, 1}, y[2] = {2, 3};
  double b[3], a;
  vt_regression problem = {x, y, NULL, 2, 3};
  assert_ok(*state, vt_regression_ridge(*state, &problem, 0, b, &a));
  for (int i = 0; i < 2; i++)
    assert_near(a + x[3 * i] * b[0] + x[3 * i + 1] * b[1] + x[3 * i + 2] * b[2], y[i], 1e-6);
  const double twins[4] = {0, 0, 1, 1};
  problem = (vt_regression){twins, y, NULL, 2, 2};
  assert_ok(*state, vt_regression_ridge(*state, &problem, 0, b, &a));
  assert_near(b[0], .5, 1e-6);
  assert_near(b[1], .5, 1e-6);
  problem = (vt_regression){twins, y, NULL, 0, 2}; /* nothing known */
  assert_ok(*state, vt_regression_ridge(*state, &problem, 0, b, &a));
  assert_near(b[0], 0, 0);
}

static void test_refused(void **state)
{
  double matrix[4] = {1, 0, 0, -1}, right[2] = {1, 1};
  assert_fails(*state, vt_solve_symmetric(*state, matrix, 2, right, 1), VT_ERROR_RUNTIME, "no solution");
  double lost[4] = {NAN, 0, 0, 1};
  assert_fails(*state, vt_solve_symmetric(*state, lost, 2, right, 1), VT_ERROR_RUNTIME, "not finite");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_exact, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_one_column, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_conditions, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_open, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refused, new_context, free_context),
  };
  return cmocka_run_group_tests_name("math/regression", tests, NULL, NULL);
}
