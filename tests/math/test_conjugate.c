/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <math.h>

#include "math/conjugate.h"

enum { COUNT = 40 };

/* −1, 2, −1 down the diagonal: the second difference. */
static void second_difference(const void *user, const double *x, double *out)
{
  (void)user;
  for (int i = 0; i < COUNT; i++)
    out[i] = 2 * x[i] - (i ? x[i - 1] : 0) - (i + 1 < COUNT ? x[i + 1] : 0);
}

static void scaled_difference(const void *user, const double *x, double *out)
{
  double inner[COUNT];
  for (int i = 0; i < COUNT; i++)
    inner[i] = pow(10, i % 5) * x[i];
  second_difference(user, inner, out);
  for (int i = 0; i < COUNT; i++)
    out[i] *= pow(10, i % 5);
}

static void negative(const void *user, const double *x, double *out)
{
  (void)user;
  for (int i = 0; i < COUNT; i++)
    out[i] = -x[i];
}

/* A parabola has a constant second difference: x = i(n + 1 − i)/2 for i = 1 … n solves A·x = 1. */
static void test_parabola(void **state)
{
  double b[COUNT], x[COUNT] = {0};
  int steps;
  for (int i = 0; i < COUNT; i++)
    b[i] = 1;
  assert_ok(*state,
            vt_conjugate_gradients(*state, COUNT, second_difference, NULL, NULL, b, 1e-12, 1000, x, &steps));
  for (int i = 0; i < COUNT; i++)
    assert_near(x[i], (i + 1) * (COUNT - i) / 2.0, 1e-8);
  assert_in_range(steps, 1, COUNT + 5); /* as many as there are unknowns in exact arithmetic */
  /* from the answer nothing is left to do */
  assert_ok(*state,
            vt_conjugate_gradients(*state, COUNT, second_difference, NULL, NULL, b, 1e-9, 1000, x, &steps));
  assert_int_equal(steps, 0);
}

/* The diagonal undoes a scaling of the unknowns: as many steps as without either. */
static void test_preconditioned(void **state)
{
  double b[COUNT], x[COUNT] = {0}, diagonal[COUNT];
  int steps;
  for (int i = 0; i < COUNT; i++) {
    b[i] = pow(10, i % 5);
    diagonal[i] = 2 * pow(100, i % 5);
  }
  assert_ok(*state, vt_conjugate_gradients(*state, COUNT, scaled_difference, NULL, diagonal, b, 1e-13, 1000,
                                           x, &steps));
  for (int i = 0; i < COUNT; i++)
    assert_near(x[i] * pow(10, i % 5), (i + 1) * (COUNT - i) / 2.0, 1e-6);
  assert_in_range(steps, 1, 2 * COUNT);
}

static void test_refusals(void **state)
{
  double b[COUNT] = {1}, x[COUNT] = {0};
  assert_fails(*state,
               vt_conjugate_gradients(*state, COUNT, second_difference, NULL, NULL, b, 1e-12, 3, x, NULL),
               VT_ERROR_RUNTIME, "3 steps");
  memset(x, 0, sizeof x);
  assert_fails(*state, vt_conjugate_gradients(*state, COUNT, negative, NULL, NULL, b, 1e-12, 9, x, NULL),
               VT_ERROR_RUNTIME, "not positive definite");
  memset(b, 0, sizeof b);
  memset(x, 0, sizeof x);
  assert_ok(*state,
            vt_conjugate_gradients(*state, COUNT, second_difference, NULL, NULL, b, 1e-12, 9, x, NULL));
  assert_near(x[7], 0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_parabola, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_preconditioned, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refusals, new_context, free_context),
  };
  return cmocka_run_group_tests_name("math/conjugate", tests, NULL, NULL);
}
