/* SPDX-License-Identifier: Apache-2.0
 *
 * Philox against the published known answers, and the shapes of what is drawn from it.
 */
#include "test.h"

#include <math.h>

static void test_known_answers(void **unused)
{
  (void)unused;
  /* known-answer vectors of the Random123 distribution for philox4x32 with 10 rounds */
  static const struct {
    uint64_t index, stream, seed;
    uint32_t expected[4];
  } cases[] = {
      {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {0x85a308d3243f6a88,
       0x0370734413198a2e,
       0x299f31d0a4093822,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    uint32_t bits[4];
    vt_random_bits(cases[i].seed, cases[i].stream, cases[i].index, bits);
    for (int w = 0; w < 4; w++)
      assert_int_equal(bits[w], cases[i].expected[w]);
  }
}

static void test_moments(void **unused)
{
  (void)unused;
  enum { DRAWS = 100000 };
  double sum = 0, square = 0, normal_sum = 0, normal_square = 0;
  for (int i = 0; i < DRAWS; i++) {
    double u = vt_random_uniform(5, vt_stream("moments", 1), (uint64_t)i);
    double z = vt_random_normal(5, vt_stream("moments", 2), (uint64_t)i);
    assert_true(u >= 0 && u < 1 && isfinite(z));
    sum += u;
    square += u * u;
    normal_sum += z;
    normal_square += z * z;
  }
  /* five standard errors of each mean */
  assert_near(sum / DRAWS, 0.5, 5 * sqrt(1.0 / 12 / DRAWS));
  assert_near(square / DRAWS, 1.0 / 3, 5 * sqrt(4.0 / 45 / DRAWS));
  assert_near(normal_sum / DRAWS, 0, 5 / sqrt(DRAWS));
  assert_near(normal_square / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
}

static void test_below_and_permutation(void **unused)
{
  (void)unused;
  int seen[6] = {0}, order[50], again[50], other[50];
  for (uint64_t i = 0; i < 6000; i++) {
    uint64_t value = vt_random_below(1, 2, i, 6);
    assert_true(value < 6);
    seen[value]++;
  }
  for (int i = 0; i < 6; i++)
    assert_in_range(seen[i], 1000 - 150, 1000 + 150); /* five standard deviations: 144 */
  vt_random_permutation(3, 4, order, 50);
  vt_random_permutation(3, 4, again, 50);
  vt_random_permutation(4, 4, other, 50);
  assert_memory_equal(order, again, sizeof order);
  assert_memory_not_equal(order, other, sizeof order);
  bool found[50] = {false};
  for (int i = 0; i < 50; i++) {
    assert_false(found[order[i]]);
    found[order[i]] = true;
  }
}

static void test_streams_differ(void **unused)
{
  (void)unused;
  assert_true(vt_stream("a", 0) != vt_stream("b", 0));
  assert_true(vt_stream("a", 0) != vt_stream("a", 1));
  assert_true(vt_stream("a", 3) == vt_stream("a", 3));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known_answers),
      cmocka_unit_test(test_moments),
      cmocka_unit_test(test_below_and_permutation),
      cmocka_unit_test(test_streams_differ),
  };
  return cmocka_run_group_tests_name("base/random", tests, NULL, NULL);
}
