/* SPDX-License-Identifier: Apache-2.0
 *
 * Complete linkage on points of a line, where the groups can be read off, and against the definition on
 * random distances.
 */
#include "test.h"

#include <math.h>

#include "math/linkage.h"

enum { MOST = 48 };

static void distances_on_a_line(const double *points, size_t count, double *distances)
{
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++)
      distances[i * count + j] = fabs(points[i] - points[j]);
}

static void test_points_on_a_line(void **state)
{
  static const double points[] = {0, 10, 0.4, 10.5, 1.1, 30};
  static const struct {
    double threshold;
    int groups, labels[6];
  } cuts[] = {
      {0, 6, {0, 1, 2, 3, 4, 5}},        {0.4, 6, {0, 1, 2, 3, 4, 5}}, /* at the threshold they stay apart */
      {0.41, 5, {0, 1, 0, 2, 3, 4}},     {1, 4, {0, 1, 0, 1, 2, 3}},
      {1.09, 4, {0, 1, 0, 1, 2, 3}}, /* single linkage would have joined 1.1, 0.7 from 0.4 */
      {1.2, 3, {0, 1, 0, 1, 0, 2}},      {11, 2, {0, 0, 0, 0, 0, 1}},
      {INFINITY, 1, {0, 0, 0, 0, 0, 0}},
  };
  for (size_t c = 0; c < VT_COUNT(cuts); c++) {
    double distances[36];
    int labels[6], groups;
    distances_on_a_line(points, 6, distances);
    assert_ok(*state, vt_linkage_complete(*state, distances, 6, cuts[c].threshold, labels, &groups));
    assert_int_equal(groups, cuts[c].groups);
    for (int i = 0; i < 6; i++)
      assert_int_equal(labels[i], cuts[c].labels[i]);
  }
}

/* The definition, one join at a time, with the distances of groups taken over all members. */
static int by_definition(const double *distances, size_t count, double threshold, int *labels)
{
  for (size_t i = 0; i < count; i++)
    labels[i] = (int)i;
  for (;;) {
    double best = INFINITY;
    int first = -1, second = -1;
    for (int a = 0; a < (int)count; a++)
      for (int b = a + 1; b < (int)count; b++) {
        double farthest = -1;
        for (size_t i = 0; i < count; i++)
          for (size_t j = 0; j < count; j++)
            if (labels[i] == a && labels[j] == b) farthest = fmax(farthest, distances[i * count + j]);
        if (farthest >= 0 && farthest < best) {
          best = farthest;
          first = a;
          second = b;
        }
      }
    if (first < 0 || !(best < threshold)) break;
    for (size_t i = 0; i < count; i++)
      if (labels[i] == second) labels[i] = first;
  }
  int groups = 0;
  for (size_t i = 0; i < count; i++)
    labels[i] = labels[i] == (int)i ? groups++ : labels[labels[i]];
  return groups;
}

static void test_against_the_definition(void **state)
{
  for (uint64_t seed = 0; seed < 12; seed++) {
    double distances[MOST * MOST] = {0}, used[MOST * MOST];
    int expected[MOST], labels[MOST], groups;
    for (size_t i = 0, k = 0; i < MOST; i++)
      for (size_t j = 0; j < i; j++, k++) /* odd seeds: many equal distances */
        distances[i * MOST + j] = distances[j * MOST + i] =
            seed % 2 ? (double)vt_random_below(seed, 1, k, 5) : vt_random_uniform(seed, 1, k);
    double threshold = seed % 2 ? 3 : 0.7;
    int wanted = by_definition(distances, MOST, threshold, expected);
    memcpy(used, distances, sizeof used);
    assert_ok(*state, vt_linkage_complete(*state, used, MOST, threshold, labels, &groups));
    assert_true(wanted > 1 && wanted < MOST);
    assert_int_equal(groups, wanted);
    for (size_t i = 0; i < MOST; i++)
      assert_int_equal(labels[i], expected[i]);
  }
}

static void test_few(void **state)
{
  int labels[1] = {7}, groups = 7;
  double none[1] = {0};
  assert_ok(*state, vt_linkage_complete(*state, none, 0, 1, labels, &groups));
  assert_int_equal(groups, 0);
  assert_ok(*state, vt_linkage_complete(*state, none, 1, 1, labels, &groups));
  assert_int_equal(groups, 1);
  assert_int_equal(labels[0], 0);
  vt_ctx_fail_allocation(*state, 2);
  assert_int_equal(vt_linkage_complete(*state, none, 1, 1, labels, &groups), VT_ERROR_OUT_OF_MEMORY);
  vt_ctx_clear(*state);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_points_on_a_line, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_against_the_definition, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_few, new_context, free_context),
  };
  return cmocka_run_group_tests_name("math/linkage", tests, NULL, NULL);
}
