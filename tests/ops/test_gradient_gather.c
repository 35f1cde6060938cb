/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that pick elements by index.
 */
#include "gradient_case.h"

#define ROUNDED 6e-8 /* nothing is added: half a unit in the last place */
#define ADDED   1e-6 /* sums in f64 of f32 seeds, which may cancel */

static void gather_adds_up_repeated_indices(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Gather", "axis=-2", ADDED, RANDOM(SHAPE(2, 4, 3)),
                 op_i64(ctx, SHAPE(2, 3), 0, -1, 2, 3, 0, -4));
  gradient_check(ctx, "Gather", "axis=1", ROUNDED, RANDOM(SHAPE(3, 5)), op_i32(ctx, SCALAR, -1));
  gradient_check(ctx, "Gather", "", ADDED, RANDOM(SHAPE(3)), op_i64(ctx, SHAPE(5), 1, 1, 1, 0, 1));
  gradient_check(ctx, "Gather", "", ROUNDED, RANDOM(SHAPE(3, 2)), op_i64(ctx, SHAPE(0), NO_VALUES));
  gradient_check(ctx, "Gather", "", ADDED, RANDOM(SHAPE(4, 5000)), op_i64(ctx, SHAPE(3), 2, 0, 2));
  gradient_check(ctx, "Gather", "", ADDED, RANDOM(SHAPE(700, 30)), op_i64(ctx, SHAPE(4), 699, 3, 3, -700));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(gather_adds_up_repeated_indices),
  };
  return cmocka_run_group_tests_name("ops/gradient_gather", tests, NULL, NULL);
}
