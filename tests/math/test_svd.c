/* SPDX-License-Identifier: Apache-2.0
 *
 * The first singular triple against matrices made from known ones: A = Σ s·u·vᵀ over cosine bases, which are
 * orthonormal in closed form.
 */
#include "test.h"

#include <math.h>

#include "math/svd.h"

enum { MOST = 64 };

/* Vector k of the orthonormal cosine basis of R^n. */
static double cosine(size_t n, size_t k, size_t i)
{
  double scale = sqrt((k ? 2.0 : 1.0) / (double)n);
  return scale * cos(acos(-1) * ((double)i + 0.5) * (double)k / (double)n);
}

static void expect_first(vt_ctx *ctx, size_t rows, size_t columns, const double *values, size_t count,
                         double tolerance)
{
  double matrix[MOST * MOST] = {0}, left[MOST], right[MOST], value;
  for (size_t k = 0; k < count; k++)
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < columns; c++)
        matrix[r * columns + c] += values[k] * cosine(rows, k + 1, r) * cosine(columns, k + 2, c);
  assert_ok(ctx, vt_svd_first(ctx, matrix, rows, columns, &value, left, right));
  assert_near(value, values[0], 1e-12 * values[0]);
  double sign = 0;
  for (size_t r = 0; r < rows; r++)
    sign += left[r] * cosine(rows, 1, r);
  sign = sign < 0 ? -1 : 1;
  for (size_t r = 0; r < rows; r++)
    assert_near(sign * left[r], cosine(rows, 1, r), tolerance);
  for (size_t c = 0; c < columns; c++)
    assert_near(sign * right[c], cosine(columns, 2, c), tolerance);
}

static void test_known(void **state)
{
  expect_first(*state, 7, 5, (const double[]){3, 1, 0.5}, 3, 1e-10);
  expect_first(*state, 5, 40, (const double[]){3e-9, 1e-9}, 2, 1e-10);
  expect_first(*state, 60, 50, (const double[]){1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1}, 10, 1e-9);
  expect_first(*state, 64, 64, (const double[]){1e6}, 1, 1e-10);
}

/* Vectors of nearly equal values are only as well defined as their gap. */
static void test_close_values(void **state)
{
  expect_first(*state, 60, 50, (const double[]){1, 1 - 1e-4, 1 - 2e-4, 0.5, 0.4}, 5, 1e-7);
}

static void test_edges(void **state)
{
  vt_ctx *ctx = *state;
  const double row[] = {3, 0, -4}, nothing[12] = {0};
  double value, left[4], right[4];
  assert_ok(ctx, vt_svd_first(ctx, row, 1, 3, &value, left, right));
  assert_near(value, 5, 1e-14);
  assert_near(fabs(left[0]), 1, 1e-14);
  for (int i = 0; i < 3; i++)
    assert_near(right[i] * left[0], row[i] / 5, 1e-14);
  assert_ok(ctx, vt_svd_first(ctx, row, 3, 1, &value, NULL, NULL));
  assert_near(value, 5, 1e-14);
  assert_ok(ctx, vt_svd_first(ctx, nothing, 4, 3, &value, left, right));
  assert_near(value, 0, 0);
  for (int i = 0; i < 3; i++)
    assert_near(right[i], 0, 0);
}

/* Equal values: any vector of their space will do, but A·v = s·u must hold. */
static void test_equal_values(void **state)
{
  const double matrix[9] = {2, 0, 0, 0, 2, 0, 0, 0, 2};
  double value, left[3], right[3];
  assert_ok(*state, vt_svd_first(*state, matrix, 3, 3, &value, left, right));
  assert_near(value, 2, 1e-13);
  for (int i = 0; i < 3; i++)
    assert_near(left[i], right[i], 1e-13);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known),
      cmocka_unit_test(test_close_values),
      cmocka_unit_test(test_edges),
      cmocka_unit_test(test_equal_values),
  };
  return cmocka_run_group_tests_name("math/svd", tests, new_context, free_context);
}
