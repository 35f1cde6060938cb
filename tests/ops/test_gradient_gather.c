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

static void gather_elements_adds_up_repeated_indices(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "GatherElements", "axis=1", ADDED, RANDOM(SHAPE(3, 4)),
                 op_i64(ctx, SHAPE(2, 5), 0, -1, 2, 2, 2, 3, 3, 1, 0, -4));
  gradient_check(ctx, "GatherElements", "", ADDED, RANDOM(SHAPE(3, 4, 2)),
                 op_i64(ctx, SHAPE(4, 2, 1), 0, 2, -1, 2, 1, 2, 0, 0));
  gradient_check(ctx, "GatherElements", "", ROUNDED, RANDOM(SHAPE(3)), op_i64(ctx, SHAPE(0), NO_VALUES));
}

static void gather_nd_adds_up_repeated_tuples(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "GatherND", "", ADDED, RANDOM(SHAPE(2, 3, 4)),
                 op_i64(ctx, SHAPE(3, 2), 0, -1, 1, 0, 0, 2));
  gradient_check(ctx, "GatherND", "batch_dims=1", ADDED, RANDOM(SHAPE(2, 3, 4)),
                 op_i64(ctx, SHAPE(2, 2, 1), 1, 1, -3, 2));
  gradient_check(ctx, "GatherND", "", ADDED, RANDOM(SHAPE(2, 3)), op_i32(ctx, SHAPE(2, 2), 1, 2, 1, 2));
  gradient_check(ctx, "GatherND", "", ROUNDED, RANDOM(SHAPE(2, 3)), op_i64(ctx, SHAPE(0, 1), NO_VALUES));
}

/* Distinct terms: differences step over nothing. Repeated indices meet in every reduction. */
static void scatter_elements_shares_by_its_reduction(void **state)
{
  vt_ctx *ctx = *state;
  const char *reductions[] = {"axis=1", "axis=1;reduction=add", "axis=1;reduction=mul",
                              "axis=1;reduction=min", "axis=1;reduction=max"};
  for (int i = 0; i < 5; i++) {
    gradient_check(ctx, "ScatterElements", reductions[i], ADDED, RANDOM(SHAPE(3, 4)),
                   op_i64(ctx, SHAPE(2, 5), 0, -1, 2, 2, 2, 3, 3, 1, 0, -4), RANDOM(SHAPE(2, 5)));
    gradient_check(ctx, "ScatterElements", reductions[i], ROUNDED, RANDOM(SHAPE(3, 2)),
                   op_i64(ctx, SHAPE(0, 2), NO_VALUES), RANDOM(SHAPE(0, 2)));
  }
}

static void scatter_nd_shares_by_its_reduction(void **state)
{
  vt_ctx *ctx = *state;
  const char *reductions[] = {"", "reduction=add", "reduction=mul", "reduction=min", "reduction=max"};
  for (int i = 0; i < 5; i++) {
    gradient_check(ctx, "ScatterND", reductions[i], ADDED, RANDOM(SHAPE(4, 3)),
                   op_i64(ctx, SHAPE(3, 1), 1, -1, 1), RANDOM(SHAPE(3, 3)));
    gradient_check(ctx, "ScatterND", reductions[i], ADDED, RANDOM(SHAPE(4, 3)),
                   op_i64(ctx, SHAPE(2, 2, 2), 1, 2, 3, -1, 0, 0, 1, 2), RANDOM(SHAPE(2, 2)));
  }
}

/* Factors of zero: one leaves its own derivative alone standing, two leave none. */
static void scatter_products_with_zeros(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "ScatterND", "reduction=mul", ADDED, op_f64(ctx, SHAPE(3), 0, 2, 0),
                 op_i64(ctx, SHAPE(5, 1), 0, 1, 0, 1, 2), op_f64(ctx, SHAPE(5), 3, 0, 5, 7, 0));
}

/* Equal extremes share evenly: there differences say nothing. */
static void scatter_extremes_share_ties(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *inputs[] = {op_f64(ctx, SHAPE(3), 4, 1, 2), op_i64(ctx, SHAPE(5), 0, 1, 0, 1, 0),
                         op_f64(ctx, SHAPE(5), 4, 3, 1, 3, 4)};
  gradient_run run;
  gradient_forward_backward(ctx, "ScatterElements", "reduction=max", 1, inputs, 3, __LINE__, &run);
  double a = gradient_weight(0, 0), b = gradient_weight(0, 1), c = gradient_weight(0, 2);
  op_expect(run.gradients[0], VT_F64, SHAPE(3), 1e-15, a / 3, 0, c);
  op_expect(run.gradients[2], VT_F64, SHAPE(5), 1e-15, a / 3, b / 2, 0, b / 2, a / 3);
}

static void reverse_sequence_turns_back(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "ReverseSequence", "", ROUNDED, RANDOM(SHAPE(4, 3, 2)), op_i64(ctx, SHAPE(3), 4, 0, 3));
  gradient_check(ctx, "ReverseSequence", "batch_axis=0;time_axis=1", ROUNDED, RANDOM(SHAPE(2, 5)),
                 op_i64(ctx, SHAPE(2), 1, 5));
}

static void compress_returns_the_chosen(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Compress", "axis=-2", ROUNDED, RANDOM(SHAPE(2, 4, 3)),
                 op_bool(ctx, SHAPE(3), 1, 0, 1));
  gradient_check(ctx, "Compress", "", ROUNDED, RANDOM(SHAPE(3, 2)), op_bool(ctx, SHAPE(6), 0, 1, 1, 0, 0, 1));
  gradient_check(ctx, "Compress", "axis=0", ROUNDED, RANDOM(SHAPE(3, 2)), op_bool(ctx, SHAPE(3), 0, 0, 0));
}

static void topk_returns_the_chosen(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check_outputs(ctx, "TopK", "axis=1", 2, ROUNDED, RANDOM(SHAPE(3, 7, 2)), op_i64(ctx, SHAPE(1), 3));
  gradient_check_outputs(ctx, "TopK", "largest=0", 2, ROUNDED, RANDOM(SHAPE(3, 5)), op_i64(ctx, SHAPE(1), 5));
  gradient_check_outputs(ctx, "TopK", "", 2, ROUNDED, RANDOM(SHAPE(3, 5)), op_i64(ctx, SHAPE(1), 0));
}

static void unique_returns_to_the_first(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Unique", "", ROUNDED, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Unique", "axis=1;sorted=0", ROUNDED, RANDOM(SHAPE(3, 4)));
  vt_tensor *x = op_f64(ctx, SHAPE(5), 3, 1, 3, 2, 1);
  gradient_run run;
  gradient_forward_backward(ctx, "Unique", "", 1, &x, 1, __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(5), 0, gradient_weight(0, 2), gradient_weight(0, 0), 0,
            gradient_weight(0, 1), 0);
}

static void one_hot_values_add_up_their_places(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "OneHot", "axis=1", ADDED, op_i64(ctx, SHAPE(2, 3), 0, -1, 9, 2, 1, 0),
                 op_i64(ctx, SHAPE(1), 4), RANDOM(SHAPE(2)));
  gradient_check(ctx, "OneHot", "", ADDED, op_i64(ctx, SCALAR, 1), op_i64(ctx, SCALAR, 3), RANDOM(SHAPE(2)));
}

static void range_follows_start_and_step(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Range", "", ADDED, op_f64(ctx, SCALAR, 1), op_f64(ctx, SCALAR, 3.3),
                 op_f64(ctx, SCALAR, 0.5));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(gather_adds_up_repeated_indices),    op_test(gather_elements_adds_up_repeated_indices),
      op_test(gather_nd_adds_up_repeated_tuples),  op_test(scatter_elements_shares_by_its_reduction),
      op_test(scatter_nd_shares_by_its_reduction), op_test(scatter_products_with_zeros),
      op_test(scatter_extremes_share_ties),        op_test(reverse_sequence_turns_back),
      op_test(compress_returns_the_chosen),        op_test(topk_returns_the_chosen),
      op_test(unique_returns_to_the_first),        op_test(one_hot_values_add_up_their_places),
      op_test(range_follows_start_and_step),
  };
  return cmocka_run_group_tests_name("ops/gradient_gather", tests, NULL, NULL);
}
