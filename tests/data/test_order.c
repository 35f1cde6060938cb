/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders of a pass: each item once, another order for each seed and pass, for any count in no memory.
 */
#include "data/dataset.h"
#include "test.h"

/* Every place of a pass leads to another item, for all small counts and around powers of two and of four. */
static void test_permutation(void **state)
{
  static const int64_t more[] = {1000, 4095, 4096, 4097, 16383, 16384, 16385, 100003};
  VT_UNUSED(state);
  char *seen = calloc(100003, 1);
  assert_non_null(seen);
  for (int64_t n = 1; n <= 200 + (int64_t)VT_COUNT(more); n++) {
    int64_t count = n <= 200 ? n : more[n - 201];
    memset(seen, 0, (size_t)count);
    for (int64_t i = 0; i < count; i++) {
      int64_t item = vt_dataset_place(count, 7, (uint64_t)n, i);
      assert_in_range(item, 0, count - 1);
      assert_int_equal(seen[item]++, 0);
    }
  }
  free(seen);
}

static int compare(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Of a thousand million and of the largest count there is: in range, none twice, spread over all. */
static void test_large(void **state)
{
  enum { PLACES = 20000, BINS = 20 };
  static const int64_t counts[] = {1000000000, INT64_MAX / 2, 1000000007};
  static int64_t items[PLACES];
  VT_UNUSED(state);
  for (size_t k = 0; k < VT_COUNT(counts); k++) {
    int bins[BINS] = {0};
    for (int64_t i = 0; i < PLACES; i++) {
      items[i] = vt_dataset_place(counts[k], 3, 0, i);
      assert_true(items[i] >= 0 && items[i] < counts[k]);
      bins[items[i] / (counts[k] / BINS + 1)]++;
    }
    qsort(items, PLACES, sizeof *items, compare);
    for (int i = 1; i < PLACES; i++)
      assert_true(items[i] != items[i - 1]);
    /* 1 000 expected in each, deviation 31: within five of them */
    for (int i = 0; i < BINS; i++)
      assert_in_range(bins[i], 845, 1155);
  }
}

/* The same again for the same seed and pass; for others as many places agree as chance has it: one. */
static void test_differs(void **state)
{
  enum { COUNT = 5000 };
  int other_seed = 0, other_pass = 0, itself = 0;
  VT_UNUSED(state);
  for (int64_t i = 0; i < COUNT; i++) {
    int64_t item = vt_dataset_place(COUNT, 1, 1, i);
    assert_int_equal(item, vt_dataset_place(COUNT, 1, 1, i));
    other_seed += item == vt_dataset_place(COUNT, 2, 1, i);
    other_pass += item == vt_dataset_place(COUNT, 1, 2, i);
    itself += item == i;
  }
  assert_true(other_seed < 10 && other_pass < 10 && itself < 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_permutation),
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_differs),
  };
  return cmocka_run_group_tests_name("data/order", tests, NULL, NULL);
}
