/* SPDX-License-Identifier: Apache-2.0
 *
 * Quadrature rules against integrals known in closed form.
 */
#include "test.h"

#include <math.h>

#include "math/quadrature.h"

static double integrate(const double *places, const double *weights, int count, int degree)
{
  double sum = 0;
  for (int i = 0; i < count; i++)
    sum += weights[i] * pow(places[i], degree);
  return sum;
}

/* n points integrate x^k exactly for k ≤ 2n − 1, and x^2n no longer: the error is (n!)⁴/((2n+1)(2n)!²). */
static void test_gauss(void **state)
{
  vt_ctx *ctx = *state;
  for (int n = 1; n <= 12; n++) {
    double places[12], weights[12];
    assert_ok(ctx, vt_quadrature_make(ctx, VT_GAUSS_LEGENDRE, n, places, weights));
    for (int k = 0; k < 2 * n; k++)
      assert_near(integrate(places, weights, n, k), 1.0 / (k + 1), 1e-15);
    double error = exp(4 * lgamma(n + 1) - 2 * lgamma(2 * n + 1)) / (2 * n + 1);
    assert_near(1.0 / (2 * n + 1) - integrate(places, weights, n, 2 * n), error, 1e-15);
  }
}

/* Many points: still on rising, symmetric places with positive weights that add up to 1. */
static void test_gauss_large(void **state)
{
  vt_ctx *ctx = *state;
  static const int counts[] = {50, 51, 333, 2000};
  static double places[2000], weights[2000];
  for (size_t c = 0; c < VT_COUNT(counts); c++) {
    int n = counts[c];
    assert_ok(ctx, vt_quadrature_make(ctx, VT_GAUSS_LEGENDRE, n, places, weights));
    double sum = 0;
    for (int i = 0; i < n; i++) {
      assert_true(weights[i] > 0 && places[i] > 0 && places[i] < 1 && (i == 0 || places[i] > places[i - 1]));
      assert_near(places[i] + places[n - 1 - i], 1, 1e-15);
      sum += weights[i];
    }
    assert_near(sum, 1, 1e-13);
    assert_near(integrate(places, weights, n, 40), 1.0 / 41, 1e-14);
  }
}

static void test_equal_steps(void **state)
{
  vt_ctx *ctx = *state;
  enum { N = 9 };
  double places[N], weights[N];
  assert_ok(ctx, vt_quadrature_make(ctx, VT_TRAPEZOID, N, places, weights));
  assert_near(integrate(places, weights, N, 0), 1, 1e-15);
  assert_near(integrate(places, weights, N, 1), 0.5, 1e-15);
  assert_near(integrate(places, weights, N, 2), 1.0 / 3 + 1.0 / (6 * 64), 1e-15); /* + h²/6 */
  assert_ok(ctx, vt_quadrature_make(ctx, VT_MIDPOINT, N, places, weights));
  assert_near(integrate(places, weights, N, 1), 0.5, 1e-15);
  assert_near(integrate(places, weights, N, 2), 1.0 / 3 - 1.0 / (12 * 81), 1e-15); /* − h²/12 */
  assert_ok(ctx, vt_quadrature_make(ctx, VT_RIEMANN_TRAPEZOID, N, places, weights));
  assert_near(integrate(places, weights, N, 0), (N - 1.0) / N, 1e-15);
  assert_near(places[0], 0, 0);
  assert_near(places[N - 1], 1, 0);
  assert_near(weights[0], 0.5 / N, 1e-15);
}

static void test_too_few(void **state)
{
  vt_ctx *ctx = *state;
  double place, weight;
  assert_fails(ctx, vt_quadrature_make(ctx, VT_TRAPEZOID, 1, &place, &weight), VT_ERROR_INVALID_ARGUMENT,
               "at least 2");
  assert_fails(ctx, vt_quadrature_make(ctx, VT_GAUSS_LEGENDRE, 0, &place, &weight), VT_ERROR_INVALID_ARGUMENT,
               "at least 1");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_gauss, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_gauss_large, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_equal_steps, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_too_few, new_context, free_context),
  };
  return cmocka_run_group_tests_name("math/quadrature", tests, NULL, NULL);
}
