/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of arithmetic, Pow, Mod, Where and casts: operators with several, broadcast operands. Functions
 * of one number are in test_gradient_unary.c, what holds at kinks in test_gradient_kinks.c.
 */
#include "gradient_case.h"

static void add_repeats_what_was_repeated(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(2, 3, 5)), RANDOM(SHAPE(3, 1)));
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(1)), RANDOM(SHAPE(2, 7)));
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(4, 5)), RANDOM(SHAPE(4, 5)));
  gradient_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(0, 5)), RANDOM(SHAPE(1, 5)));
}

/* Every way in which two operands can be repeated. Divisors and bases stay away from 0. A sum over what
 * was repeated may cancel to a tenth of its terms: f32 gets room for that. */
#define BROADCASTS(name, attributes, low, high, low2, high2)                                                 \
  do {                                                                                                       \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(2, 3, 5)),                          \
                   BETWEEN(low2, high2, SHAPE(3, 1)));                                                       \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(7)),                                \
                   BETWEEN(low2, high2, SHAPE(3, 1, 7)));                                                    \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(4, 1)),                             \
                   BETWEEN(low2, high2, SHAPE(1, 9)));                                                       \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(33, 37)),                           \
                   BETWEEN(low2, high2, SHAPE(33, 37)));                                                     \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SCALAR), BETWEEN(low2, high2, SCALAR));   \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(2, 3)),                             \
                   BETWEEN(low2, high2, SCALAR));                                                            \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(1)),                                \
                   BETWEEN(low2, high2, SHAPE(1, 1)));                                                       \
    gradient_check(ctx, name, attributes, 2e-5, BETWEEN(low, high, SHAPE(3, 0)),                             \
                   BETWEEN(low2, high2, SHAPE(3, 1)));                                                       \
  } while (0)

static void differences_products_and_quotients(void **state)
{
  vt_ctx *ctx = *state;
  BROADCASTS("Sub", "", -2, 2, -2, 2);
  BROADCASTS("Mul", "", -2, 2, -2, 2);
  BROADCASTS("Div", "", -2, 2, 0.5, 2);
  BROADCASTS("Div", "", -2, 2, -2, -0.5);
}

static void powers(void **state)
{
  vt_ctx *ctx = *state;
  BROADCASTS("Pow", "", 0.3, 2, -2, 3);
  for (double exponent = -2; exponent <= 3.5; exponent += 0.5) {
    vt_tensor *power = op_f32(ctx, SCALAR, exponent); /* of another type: a constant of f32 graphs */
    gradient_check(ctx, "Pow", "", 2e-6, BETWEEN(0.3, 2, SHAPE(3, 5)), power);
  }
  gradient_check(ctx, "Pow", "", 2e-6, BETWEEN(-2, -0.3, SHAPE(11)), op_i64(ctx, SHAPE(1), 2));
  gradient_check(ctx, "Pow", "", 2e-6, BETWEEN(-2, -0.3, SHAPE(11)), op_i64(ctx, SHAPE(1), 3));
  gradient_check(ctx, "Pow", "", 2e-6, BETWEEN(-2, 2, SHAPE(4, 3)), op_i64(ctx, SHAPE(3), 1, 2, 5));
  /* a repeated base under one exponent: the shortcut must not take its row for a straight one */
  gradient_check(ctx, "Pow", "", 2e-6, BETWEEN(0.5, 2, SHAPE(1)), op_f64(ctx, SHAPE(6), 2));
  gradient_check(ctx, "Pow", "", 2e-6, BETWEEN(0.5, 2, SHAPE(2, 1)), op_f64(ctx, SHAPE(1, 4), 2));
}

static void remainders(void **state)
{
  vt_ctx *ctx = *state;
  /* quotients between 1.1 and 1.9, and their negatives: away from the jumps */
  gradient_check(ctx, "Mod", "fmod=1", 2e-6, BETWEEN(2.2, 3.8, SHAPE(3, 5)), op_f64(ctx, SHAPE(1), 2));
  gradient_check(ctx, "Mod", "fmod=1", 2e-6, BETWEEN(-3.8, -2.2, SHAPE(3, 5)), op_f64(ctx, SHAPE(5), 2));
  gradient_check(ctx, "Mod", "", 2e-6, BETWEEN(-3.8, -2.2, SHAPE(3, 5)), op_f64(ctx, SCALAR, 2));
  gradient_check(ctx, "Mod", "", 2e-6, BETWEEN(2.2, 3.8, SHAPE(1)), op_f64(ctx, SHAPE(4, 1), -2));
}

static void sums_and_means(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"Sum", "Mean"};
  for (size_t i = 0; i < 2; i++) {
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(3, 4)));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(3, 4)), RANDOM(SHAPE(4)), RANDOM(SHAPE(2, 1, 1)));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SCALAR), RANDOM(SHAPE(1)), RANDOM(SHAPE(5)),
                   RANDOM(SCALAR));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(0)), RANDOM(SHAPE(1)));
  }
}

/* In bands, so that no difference reaches the next operand. */
static void largest_and_smallest(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"Max", "Min"};
  for (size_t i = 0; i < 2; i++) {
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(3, 4)));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5)));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(31, 4)), RANDOM(SHAPE(4)), RANDOM(SHAPE(2, 1, 1)));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SCALAR), RANDOM(SHAPE(1)), RANDOM(SHAPE(2, 9)));
    gradient_check(ctx, names[i], "", 1e-6, RANDOM(SHAPE(0, 2)), RANDOM(SHAPE(2)));
  }
}

static void where_gives_to_the_side_taken(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Where", "", 1e-6, op_bool(ctx, SHAPE(2, 3), 1, 0, 0, 1, 1, 0), RANDOM(SHAPE(2, 3)),
                 RANDOM(SHAPE(2, 3)));
  gradient_check(ctx, "Where", "", 1e-6, op_bool(ctx, SHAPE(3, 1), 1, 0, 1), RANDOM(SHAPE(5)),
                 RANDOM(SHAPE(2, 1, 1)));
  gradient_check(ctx, "Where", "", 1e-6, op_bool(ctx, SHAPE(4), 1, 0, 0, 1), RANDOM(SCALAR), RANDOM(SCALAR));
  gradient_check(ctx, "Where", "", 1e-6, op_bool(ctx, SCALAR, 1), RANDOM(SHAPE(3)), RANDOM(SHAPE(2, 3)));
  gradient_check(ctx, "Where", "", 1e-6, op_bool(ctx, SHAPE(0), NO_VALUES), RANDOM(SCALAR), RANDOM(SHAPE(1)));
}

static void what_passes_unchanged(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Identity", "", 1e-6, RANDOM(SHAPE(3, 5)));
  gradient_check(ctx, "Cast", "to=11", 1e-6, RANDOM(SHAPE(3, 5)));
  gradient_check(ctx, "CastLike", "", 1e-6, RANDOM(SHAPE(2, 3)), op_f64(ctx, SHAPE(1), 0));
  gradient_check(ctx, "CastLike", "", 1e-6, RANDOM(SHAPE(0)), op_f64(ctx, SHAPE(1), 0));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(add_repeats_what_was_repeated),
      op_test(differences_products_and_quotients),
      op_test(powers),
      op_test(remainders),
      op_test(sums_and_means),
      op_test(largest_and_smallest),
      op_test(where_gives_to_the_side_taken),
      op_test(what_passes_unchanged),
  };
  return cmocka_run_group_tests_name("ops/gradient_elementwise", tests, NULL, NULL);
}
