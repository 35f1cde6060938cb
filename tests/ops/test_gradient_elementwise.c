/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that work element by element.
 */
#include "gradient_case.h"

static void add_repeats_what_was_repeated(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(2, 3, 5)), RANDOM(SHAPE(3, 1)));
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(1)), RANDOM(SHAPE(2, 7)));
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(4, 5)), RANDOM(SHAPE(4, 5)));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(add_repeats_what_was_repeated),
  };
  return cmocka_run_group_tests_name("ops/gradient_elementwise", tests, NULL, NULL);
}
