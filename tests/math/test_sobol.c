/* SPDX-License-Identifier: Apache-2.0
 *
 * The Sobol sequence: known first points, even filling of every dimension and of a plane, and the designs of
 * another implementation (skipped when they are not there).
 */
#include "test.h"

#include <math.h>

#include "math/sobol.h"
#include "tensor/tensor.h"
#include "vitrail/data.h"

static void test_first_points(void **state)
{
  /* by hand: van der Corput in Gray code order; x + 1 with m = 1 */
  static const double first[8] = {0, .5, .75, .25, .375, .875, .625, .125},
                      second[8] = {0, .5, .25, .75, .375, .875, .125, .625};
  uint32_t directions[VT_SOBOL_BITS];
  assert_ok(*state, vt_sobol_directions(*state, 0, directions));
  for (uint32_t i = 0; i < 8; i++)
    assert_near(vt_sobol_coordinate(directions, i), first[i], 0);
  assert_ok(*state, vt_sobol_directions(*state, 1, directions));
  for (uint32_t i = 0; i < 8; i++)
    assert_near(vt_sobol_coordinate(directions, i), second[i], 0);
}

/* Every dimension meets every multiple of 1/4096 once; no two of them run alike. */
static void test_even(void **state)
{
  enum { POINTS = 1 << 12, COMPARED = 64 };
  static double starts[VT_SOBOL_DIMENSIONS][COMPARED];
  static bool seen[POINTS];
  for (int d = 0; d < VT_SOBOL_DIMENSIONS; d++) {
    uint32_t directions[VT_SOBOL_BITS];
    assert_ok(*state, vt_sobol_directions(*state, d, directions));
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < POINTS; i++) {
      double value = vt_sobol_coordinate(directions, i);
      int cell = (int)(value * POINTS);
      assert_false(seen[cell]);
      seen[cell] = true;
      if (i < COMPARED) starts[d][i] = value;
    }
    for (int other = 0; other < d && other < 40; other++)
      assert_true(memcmp(starts[d], starts[other], sizeof starts[d]) != 0);
  }
}

/* The first two dimensions are a (0, 2)-net: 256 points, one in each of 256 boxes of any such shape. */
static void test_plane(void **state)
{
  uint32_t x[VT_SOBOL_BITS], y[VT_SOBOL_BITS];
  assert_ok(*state, vt_sobol_directions(*state, 0, x));
  assert_ok(*state, vt_sobol_directions(*state, 1, y));
  for (int columns = 1; columns <= 256; columns *= 2) {
    bool seen[256] = {false};
    int rows = 256 / columns;
    for (uint32_t i = 0; i < 256; i++) {
      int cell =
          (int)(vt_sobol_coordinate(y, i) * rows) * columns + (int)(vt_sobol_coordinate(x, i) * columns);
      assert_false(seen[cell]);
      seen[cell] = true;
    }
  }
}

static void test_beyond(void **state)
{
  uint32_t directions[VT_SOBOL_BITS];
  assert_fails(*state, vt_sobol_directions(*state, VT_SOBOL_DIMENSIONS, directions),
               VT_ERROR_INVALID_ARGUMENT, "0 to 255");
  assert_fails(*state, vt_sobol_directions(*state, -1, directions), VT_ERROR_INVALID_ARGUMENT, "-1");
}

static void test_golden(void **state)
{
  const char *path = shared_path("golden/whitebox/designs.npz");
  if (!path) skip();
  enum { CELLS = 16, BINARY = 128, BASES = 16 };
  vt_tensor *binary, *shares;
  assert_ok(*state, vt_npz_read(*state, path, "hsic_design", &binary));
  assert_ok(*state, vt_npz_read(*state, path, "sobol_design", &shares));
  for (int d = 0; d < 2 * CELLS; d++) {
    uint32_t directions[VT_SOBOL_BITS];
    assert_ok(*state, vt_sobol_directions(*state, d, directions));
    for (int i = 0; d < CELLS && i < BINARY; i++)
      assert_near(vt_sobol_coordinate(directions, (uint32_t)i) > .5, vt_get_f64(binary, i * CELLS + d), 0);
    int first = d < CELLS ? 0 : BASES;
    for (int i = 0; i < BASES; i++)
      assert_near(vt_sobol_coordinate(directions, (uint32_t)i),
                  vt_get_f64(shares, (first + i) * CELLS + d % CELLS), 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_first_points, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_even, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_plane, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_beyond, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_golden, new_context, free_context),
  };
  return cmocka_run_group_tests_name("math/sobol", tests, NULL, NULL);
}
