/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling holes: a linear ramp comes back, whatever the hole's shape, as long as it keeps off the border.
 */
#include "test.h"

#include <math.h>

#include "metrics/impute.h"

enum { WIDTH = 20, HEIGHT = 16, COUNT = WIDTH * HEIGHT };

static double ramp(int p)
{
  return 0.25 + 0.03 * (p % WIDTH) - 0.05 * (p / WIDTH);
}

/* 00-metrics (f). Channels may stand apart. */
static void test_ramp(void **state)
{
  uint8_t missing[COUNT] = {0};
  float values[3 * COUNT];
  for (int y = 2; y < HEIGHT - 2; y++)
    for (int x = 3; x < WIDTH - 3; x++)
      missing[y * WIDTH + x] = (x * 7 + y * 3) % 5 != 0 || (x > 5 && x < 12 && y > 4 && y < 10);
  for (int p = 0; p < COUNT; p++)
    for (int c = 0; c < 3; c++)
      values[3 * p + c] = c == 1 && !missing[p] ? (float)ramp(p) : 99;
  assert_ok(*state, vt_impute(*state, missing, HEIGHT, WIDTH, values + 1, 3));
  for (int p = 0; p < COUNT; p++) {
    assert_near((double)values[3 * p + 1], ramp(p), 1e-6);
    assert_near((double)values[3 * p], 99, 0);
    assert_near((double)values[3 * p + 2], 99, 0);
  }
}

/* Every filled pixel is the weighted mean of its neighbours, at the border too: the equations themselves. */
static void test_equations(void **state)
{
  uint8_t missing[COUNT];
  float values[COUNT];
  int holes = 0;
  for (int p = 0; p < COUNT; p++) {
    missing[p] = vt_random_uniform(3, 0, (uint64_t)p) < 0.8;
    holes += missing[p];
    values[p] = (float)vt_random_uniform(4, 0, (uint64_t)p);
  }
  assert_in_range(holes, COUNT / 2, COUNT - 10);
  assert_ok(*state, vt_impute(*state, missing, HEIGHT, WIDTH, values, 1));
  for (int p = 0; p < COUNT; p++) {
    double sum = 0, weights = 0;
    for (int dy = -1; dy <= 1; dy++)
      for (int dx = -1; dx <= 1; dx++) {
        int y = p / WIDTH + dy, x = p % WIDTH + dx;
        if ((!dy && !dx) || y < 0 || x < 0 || y >= HEIGHT || x >= WIDTH) continue;
        sum += (dy && dx ? 1 : 2) * (double)values[y * WIDTH + x];
        weights += dy && dx ? 1 : 2;
      }
    if (missing[p])
      assert_near((double)values[p], sum / weights, 1e-6);
    else
      assert_near((double)values[p], (double)(float)vt_random_uniform(4, 0, (uint64_t)p), 0);
  }
}

static void test_edges(void **state)
{
  uint8_t missing[COUNT] = {0};
  float values[COUNT];
  for (int p = 0; p < COUNT; p++)
    values[p] = (float)p;
  assert_ok(*state, vt_impute(*state, missing, HEIGHT, WIDTH, values, 1));
  assert_near((double)values[77], 77, 0);
  memset(missing, 1, sizeof missing);
  assert_fails(*state, vt_impute(*state, missing, HEIGHT, WIDTH, values, 1), VT_ERROR_INVALID_ARGUMENT,
               "no pixel is known");
  /* one known pixel is everywhere */
  missing[123] = 0;
  assert_ok(*state, vt_impute(*state, missing, HEIGHT, WIDTH, values, 1));
  for (int p = 0; p < COUNT; p++)
    assert_near((double)values[p], 123, 1e-3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_ramp, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_equations, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_edges, new_context, free_context),
  };
  return cmocka_run_group_tests_name("metrics/impute", tests, NULL, NULL);
}
