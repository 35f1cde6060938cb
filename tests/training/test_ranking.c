/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranks, gains and hits by hand.
 */
#include <math.h>

#include "test.h"
#include "training/ranking.h"

static void test_unseen_rank(void **state)
{
  VT_UNUSED(state);
  /* item       –   1   2   3   4   5 */
  const float scores[] = {99, .5F, .9F, .5F, .1F, .7F};
  const int64_t none[] = {0, 0}, two[] = {2, 0}, both[] = {2, 5};
  assert_int_equal(vt_unseen_rank(scores, 5, 2, none, 2), 0);
  assert_int_equal(vt_unseen_rank(scores, 5, 5, none, 2), 1);
  assert_int_equal(vt_unseen_rank(scores, 5, 1, none, 2), 2);
  assert_int_equal(vt_unseen_rank(scores, 5, 3, none, 2), 3); /* behind item 1, its equal */
  assert_int_equal(vt_unseen_rank(scores, 5, 4, none, 2), 4);
  assert_int_equal(vt_unseen_rank(scores, 5, 1, two, 2), 1);
  assert_int_equal(vt_unseen_rank(scores, 5, 1, both, 2), 0);
}

static void test_gain(void **state)
{
  VT_UNUSED(state);
  assert_float_equal(vt_gain_at(0, 10), 1, 1e-12);
  assert_float_equal(vt_gain_at(2, 10), .5, 1e-12); /* 1 / log2(4) */
  assert_float_equal(vt_gain_at(9, 10), 1 / log2(11), 1e-12);
  assert_float_equal(vt_gain_at(10, 10), 0, 1e-12);
}

static void test_hit_share(void **state)
{
  VT_UNUSED(state);
  const float row[] = {1, 3, 2}, equal[] = {3, 3, 1}, bad[] = {NAN, NAN, NAN};
  const float table[] = {5, 1, 2, 9}; /* [2, 2]: columns are 2 apart */
  assert_float_equal(vt_hit_share(row, 3, 1, 1), 1, 0);
  assert_float_equal(vt_hit_share(row, 3, 1, 2), 0, 0);
  assert_float_equal(vt_hit_share(equal, 3, 1, 0), .5, 0);
  assert_float_equal(vt_hit_share(equal, 3, 1, 2), 0, 0);
  assert_float_equal(vt_hit_share(bad, 3, 1, 0), 0, 0);
  assert_float_equal(vt_hit_share(table, 2, 2, 0), 1, 0);     /* 5, 2 */
  assert_float_equal(vt_hit_share(table + 1, 2, 2, 0), 0, 0); /* 1, 9 */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unseen_rank),
      cmocka_unit_test(test_gain),
      cmocka_unit_test(test_hit_share),
  };
  return cmocka_run_group_tests_name("training/ranking", tests, NULL, NULL);
}
