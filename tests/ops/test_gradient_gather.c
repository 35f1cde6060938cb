/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that pick elements by index.
 */
#include "gradient_case.h"

#include "ops/resize.h"

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

/* Every allocation of a backward pass refused in turn: each time the failure is told and nothing is lost
 * (op_teardown checks that). Calls with the row's defaults. */
static void refuse_each(vt_ctx *ctx, const char *name, int outputs, vt_tensor *const *inputs, int count)
{
  _Alignas(16) unsigned char settings[512];
  const vt_op *op = vt_op_find(NULL, name);
  assert_true(op->attributes_size <= sizeof settings);
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, settings, op->attributes_size));
  for (long n = 1;; n++) {
    vt_tape *tape;
    vt_tensor *made[GRADIENT_OUTPUTS] = {NULL};
    assert_true(n < 100);
    assert_ok(ctx, vt_tape_new(ctx, &tape));
    for (int i = 0; i < count; i++)
      if (gradient_real(inputs[i])) assert_ok(ctx, vt_tape_watch(ctx, tape, inputs[i]));
    for (int i = 0; i < outputs; i++)
      made[i] = vt_tensor_empty(ctx);
    vt_tape_start(ctx, tape);
    assert_ok(ctx, vt_apply(ctx, op, settings, "", count, inputs, outputs, made));
    vt_tape_stop(ctx);
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_tape_backward(ctx, tape, made, made, 1, NULL);
    vt_ctx_fail_allocation(ctx, 0);
    vt_tape_free(tape);
    if (status == VT_OK) {
      assert_true(n > 5); /* the pass itself asks for four */
      break;
    }
    if (status != VT_ERROR_OUT_OF_MEMORY || vt_ctx_status(ctx) != VT_ERROR_OUT_OF_MEMORY)
      fail_msg("%s, allocation %ld: %s, %s", name, n, vt_status_name(status), vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
  }
  vt_params_free(op->fields, op->field_count, settings);
}

static void every_allocation_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(1, 2, 4, 4), -1, 1, 1), *list = RANDOM(SHAPE(4));
  vt_tensor *indices = op_i64(ctx, SHAPE(2), 1, 1), *tuples = op_i64(ctx, SHAPE(2, 1), 1, 1);
  refuse_each(ctx, "Gather", 1, OP_LIST(list, indices));
  refuse_each(ctx, "GatherElements", 1, OP_LIST(list, indices));
  refuse_each(ctx, "GatherND", 1, OP_LIST(list, tuples));
  refuse_each(ctx, "ScatterElements", 1, OP_LIST(list, indices, RANDOM(SHAPE(2))));
  refuse_each(ctx, "ScatterND", 1, OP_LIST(list, tuples, RANDOM(SHAPE(2))));
  refuse_each(ctx, "Compress", 1, OP_LIST(list, op_bool(ctx, SHAPE(2), 1, 0)));
  refuse_each(ctx, "Unique", 1, OP_LIST(list));
  refuse_each(ctx, "TopK", 2, OP_LIST(list, op_i64(ctx, SHAPE(1), 2)));
  refuse_each(ctx, "Tile", 1, OP_LIST(list, op_i64(ctx, SHAPE(1), 2)));
  refuse_each(ctx, "Pad", 1, OP_LIST(list, op_i64(ctx, SHAPE(2), 2, 1), RANDOM(SCALAR)));
  refuse_each(ctx, "Resize", 1, OP_LIST(x, NULL, NULL, op_i64(ctx, SHAPE(4), 1, 2, 3, 9)));
  refuse_each(ctx, "GridSample", 1, OP_LIST(x, op_uniform(ctx, VT_F32, SHAPE(1, 2, 2, 2), -1, 1, 2)));
  refuse_each(ctx, "RoiAlign", 1, OP_LIST(x, op_f32(ctx, SHAPE(1, 4), 0, 0, 2, 2), op_i64(ctx, SHAPE(1), 0)));
  refuse_each(
      ctx, "Col2Im", 1,
      OP_LIST(op_f32(ctx, SHAPE(1, 2, 4), 1), op_i64(ctx, SHAPE(2), 2, 3), op_i64(ctx, SHAPE(2), 1, 2)));
}

/* The passes of an interpolation have work space of their own. */
static void every_allocation_of_passes_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = RANDOM(SHAPE(3, 4));
  for (long n = 1; n < 40; n++) {
    vt_resize_axis axes[2] = {{0}};
    vt_resize_attributes linear = {.mode = VT_RESIZE_LINEAR, .coordinates = VT_RESIZE_HALF_PIXEL};
    vt_resize_span spans[2] = {{true, 3, 5, 5, 0, 1}, {true, 4, 7, 7, 0, 1}};
    vt_tensor *from = vt_tensor_new(ctx, VT_F64, 2, (int64_t[]){5, 7});
    memset(from->data, 0, vt_bytes(from));
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_resize_axis_make(ctx, &linear, &spans[0], &axes[0]);
    if (status == VT_OK) status = vt_resize_axis_make(ctx, &linear, &spans[1], &axes[1]);
    if (status == VT_OK) status = vt_resize_passes_back(ctx, from, x, axes);
    vt_ctx_fail_allocation(ctx, 0);
    vt_resize_axis_free(&axes[0]);
    vt_resize_axis_free(&axes[1]);
    if (status == VT_OK) {
      assert_true(n > 10);
      return;
    }
    assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_clear(ctx);
  }
  fail_msg("never enough memory");
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
      op_test(range_follows_start_and_step),       op_test(every_allocation_refused),
      op_test(every_allocation_of_passes_refused),
  };
  return cmocka_run_group_tests_name("ops/gradient_gather", tests, NULL, NULL);
}
