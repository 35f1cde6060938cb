/* SPDX-License-Identifier: Apache-2.0
 *
 * The tape by itself: what is recorded, what is held and let go, sums of gradients, rules, and what is
 * refused. The operators' own gradients are tested beside them.
 */
#include "op_case.h"

#include "ops/tape.h"

static vt_tensor *apply(vt_ctx *ctx, const char *op, vt_tensor *a, vt_tensor *b)
{
  vt_tensor *out = NULL;
  assert_ok(ctx, vt_apply(ctx, vt_op_find(NULL, op), NULL, op, b ? 2 : 1, (vt_tensor *[]){a, b}, 1, &out));
  return out;
}

static vt_tape *start(vt_ctx *ctx, vt_tensor *watched)
{
  vt_tape *tape;
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  vt_tape_start(ctx, tape);
  if (watched) assert_ok(ctx, vt_tape_watch(ctx, tape, watched));
  return tape;
}

static void finish(vt_ctx *ctx, vt_tape *tape)
{
  assert_ptr_equal(vt_tape_stop(ctx), tape);
  vt_tape_free(tape);
}

static void backward(vt_ctx *ctx, vt_tape *tape, vt_tensor *of, vt_tensor *seed)
{
  assert_ok(ctx, vt_tape_backward(ctx, tape, &of, &seed, 1, NULL));
}

static void only_what_depends_is_recorded(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 3, -1), *c = op_f32(ctx, SHAPE(2), 5, 6);
  vt_tape *tape = start(ctx, x);
  vt_tensor *constant = apply(ctx, "Mul", c, c);
  assert_int_equal(vt_tape_node_count(tape), 0);
  assert_false(vt_tape_has(tape, constant));
  vt_tensor *y = apply(ctx, "Mul", x, constant);
  assert_int_equal(vt_tape_node_count(tape), 1);
  assert_true(vt_tape_has(tape, y));
  assert_ptr_equal(vt_tape_stop(ctx), tape);
  apply(ctx, "Mul", x, x); /* nothing records now */
  assert_int_equal(vt_tape_node_count(tape), 1);
  vt_tape_start(ctx, tape);
  backward(ctx, tape, y, op_f32(ctx, SHAPE(2), 1, 2));
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 25, 72);
  assert_null(vt_tape_gradient(tape, constant));
  assert_null(vt_tape_gradient(tape, c));
  finish(ctx, tape);
}

/* y = x·x + x, x used three times: 2x + 1. */
static void gradients_of_all_uses_add_up(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(3), 1.5, -2, 0), *seed = op_f64(ctx, SHAPE(3), 1, 10, 100);
  vt_tape *tape = start(ctx, x);
  vt_tensor *square = apply(ctx, "Mul", x, x);
  assert_ok(ctx, vt_tape_watch(ctx, tape, square));
  backward(ctx, tape, apply(ctx, "Add", square, x), seed);
  op_expect(vt_tape_gradient(tape, x), VT_F64, SHAPE(3), 0, 4, -30, 100);
  op_expect(vt_tape_gradient(tape, square), VT_F64, SHAPE(3), 0, 1, 10, 100);
  op_expect(seed, VT_F64, SHAPE(3), 0, 1, 10, 100); /* never written into */
  op_expect(x, VT_F64, SHAPE(3), 0, 1.5, -2, 0);
  finish(ctx, tape);
}

/* The gradient of what is differentiated is its seed, and stays when the caller's memory goes. */
static void a_borrowed_seed_is_copied(void **state)
{
  vt_ctx *ctx = *state;
  float numbers[2] = {3, 4};
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2);
  vt_tensor *seed = vt_tensor_borrow(ctx, VT_F32, 1, (const int64_t[]){2}, numbers);
  vt_tape *tape = start(ctx, x);
  vt_tensor *y = apply(ctx, "Add", x, x);
  assert_ok(ctx, vt_tape_watch(ctx, tape, y));
  backward(ctx, tape, y, seed);
  numbers[0] = numbers[1] = -1;
  op_expect(vt_tape_gradient(tape, y), VT_F32, SHAPE(2), 0, 3, 4);
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 6, 8);
  finish(ctx, tape);
}

static void several_tensors_at_once(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(2), 2, 3);
  vt_tape *tape = start(ctx, x);
  vt_tensor *square = apply(ctx, "Mul", x, x), *cube = apply(ctx, "Mul", square, x);
  vt_tensor *of[] = {square, cube, square};
  vt_tensor *seeds[] = {op_f64(ctx, SHAPE(2), 1, 0), op_f64(ctx, SHAPE(2), 0, 1),
                        op_f64(ctx, SHAPE(2), 1, 1)};
  assert_ok(ctx, vt_tape_backward(ctx, tape, of, seeds, 3, NULL));
  op_expect(vt_tape_gradient(tape, x), VT_F64, SHAPE(2), 1e-15, 2 * 2 * 2, 2 * 3 + 3 * 9);
  finish(ctx, tape);
}

static void a_tensor_used_by_nothing_has_no_gradient(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1), 1), *unused = op_f32(ctx, SHAPE(1), 2);
  vt_tape *tape = start(ctx, x);
  assert_ok(ctx, vt_tape_watch(ctx, tape, unused));
  backward(ctx, tape, apply(ctx, "Add", x, x), op_f32(ctx, SHAPE(1), 1));
  assert_null(vt_tape_gradient(tape, unused));
  finish(ctx, tape);
}

/* Another pass over the same recording starts from nothing. */
static void passes_repeat_when_values_are_kept(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 3, 4), *seed = op_f32(ctx, SHAPE(2), 1, 1);
  const vt_backward_options keep = {.keep = true};
  vt_tape *tape = start(ctx, x);
  vt_tensor *y = apply(ctx, "Mul", x, x);
  size_t held = vt_tape_bytes(tape);
  assert_int_equal(held, 4 * sizeof(float)); /* both factors */
  for (int pass = 0; pass < 3; pass++) {
    assert_ok(ctx, vt_tape_backward(ctx, tape, &y, &seed, 1, &keep));
    op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 6, 8);
    assert_int_equal(vt_tape_bytes(tape), held);
  }
  backward(ctx, tape, y, seed);
  assert_int_equal(vt_tape_bytes(tape), 0);
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 6, 8);
  assert_fails(ctx, vt_tape_backward(ctx, tape, &y, &seed, 1, NULL), VT_ERROR_INVALID_ARGUMENT, "let go");
  finish(ctx, tape);
}

/* Values that no backward reads are not held: the sum knows its gradient without them. */
static void values_that_nobody_reads_are_not_held(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 3, 4);
  vt_tape *tape = start(ctx, x);
  vt_tensor *y = apply(ctx, "Add", x, x);
  assert_int_equal(vt_tape_bytes(tape), 0);
  vt_tensor_drop(x);
  vt_tensor_drop(y);
  backward(ctx, tape, y, op_f32(ctx, SHAPE(2), 1, 2));
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 2, 4);
  finish(ctx, tape);
}

static void held_values_outlive_the_callers(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 3, 4);
  vt_tape *tape = start(ctx, x);
  vt_tensor *square = apply(ctx, "Mul", x, x), *cube = apply(ctx, "Mul", square, x);
  vt_tensor_drop(square);
  vt_tensor_drop(cube);
  vt_tensor_drop(x);
  backward(ctx, tape, cube, op_f32(ctx, SHAPE(2), 1, 1));
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 1e-7, 27, 48);
  finish(ctx, tape);
}

static void clearing_forgets_everything(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1), 3), *seed = op_f32(ctx, SHAPE(1), 1);
  vt_tape *tape = start(ctx, x);
  vt_tensor *y = apply(ctx, "Mul", x, x);
  backward(ctx, tape, y, seed);
  vt_tape_clear(tape);
  assert_int_equal(vt_tape_node_count(tape), 0);
  assert_int_equal(vt_tape_bytes(tape), 0);
  assert_false(vt_tape_has(tape, x));
  assert_false(vt_tape_has(tape, y));
  assert_null(vt_tape_gradient(tape, x));
  assert_fails(ctx, vt_tape_backward(ctx, tape, &y, &seed, 1, NULL), VT_ERROR_INVALID_ARGUMENT,
               "depends on none of the watched tensors");
  assert_ok(ctx, vt_tape_watch(ctx, tape, x)); /* and it starts anew */
  y = apply(ctx, "Add", x, x);
  backward(ctx, tape, y, seed);
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(1), 0, 2);
  finish(ctx, tape);
}

static void two_tapes_do_not_mix(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1), 3), *seed = op_f32(ctx, SHAPE(1), 1);
  vt_tape *outer = start(ctx, x);
  apply(ctx, "Mul", x, x);
  vt_tape *inner = start(ctx, NULL);
  assert_false(vt_tape_has(inner, x));
  vt_tensor *y = apply(ctx, "Mul", x, x);
  assert_int_equal(vt_tape_node_count(inner), 0);
  assert_fails(ctx, vt_tape_backward(ctx, inner, &y, &seed, 1, NULL), VT_ERROR_INVALID_ARGUMENT, "watched");
  finish(ctx, inner);
  assert_int_equal(vt_tape_node_count(outer), 1);
  vt_tape_free(outer);
}

/* ---- what is refused ---- */

static vt_status copy_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  memcpy(call->outputs[0]->data, call->inputs[0]->data, vt_bytes(call->inputs[0]));
  return VT_OK;
}

/* Gives back the gradient in another type. */
static vt_status wrong_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  gradient->input_gradients[0] = vt_tensor_new(ctx, VT_F64, 1, (const int64_t[]){7});
  return gradient->input_gradients[0] ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static const vt_op opaque = {.name = "Opaque",
                             VT_INPUTS(1, 1),
                             VT_OUTPUTS(1, 1),
                             .shape = vt_shape_same,
                             .implementations = {{"plain", NULL, copy_run}},
                             .no_gradient = "it was made for a test"};
static const vt_op wrong = {.name = "Wrong",
                            VT_INPUTS(1, 1),
                            VT_OUTPUTS(1, 1),
                            .shape = vt_shape_same,
                            .implementations = {{"plain", NULL, copy_run}},
                            .backward = wrong_backward};

static void operators_without_gradient_are_named(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *seed = op_f32(ctx, SHAPE(2), 1, 1), *y = NULL, *z = NULL;
  vt_tape *tape = start(ctx, x);
  assert_ok(ctx, vt_apply(ctx, &opaque, NULL, "curtain", 1, &x, 1, &y));
  assert_ok(ctx, vt_apply(ctx, &wrong, NULL, "liar", 1, &x, 1, &z));
  vt_tensor *clear = apply(ctx, "Add", x, x);
  assert_fails(ctx, vt_tape_backward(ctx, tape, &y, &seed, 1, NULL), VT_ERROR_UNSUPPORTED,
               "node 'curtain' (Opaque): has no gradient: it was made for a test");
  vt_tape_clear(tape);
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  assert_ok(ctx, vt_apply(ctx, &opaque, NULL, "curtain", 1, &x, 1, &y));
  clear = apply(ctx, "Add", x, x);
  backward(ctx, tape, clear, seed); /* it is on the tape, but not on the way */
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 2, 2);
  vt_tape_clear(tape);
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  assert_ok(ctx, vt_apply(ctx, &wrong, NULL, "liar", 1, &x, 1, &z));
  assert_fails(ctx, vt_tape_backward(ctx, tape, &z, &seed, 1, NULL), VT_ERROR_RUNTIME,
               "node 'liar' (Wrong): the gradient of input 0 came out as f64[7]");
  finish(ctx, tape);
}

static void wrong_arguments_are_told(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *whole = op_i64(ctx, SHAPE(3), 1, 2, 3);
  vt_tensor *wide = op_f32(ctx, SHAPE(1, 2), 1, 1), *other = op_f64(ctx, SHAPE(2), 1, 1);
  vt_tape *tape = start(ctx, x);
  vt_tensor *y = apply(ctx, "Add", x, x);
  assert_fails(ctx, vt_tape_watch(ctx, tape, whole), VT_ERROR_INVALID_ARGUMENT, "i64[3] has no gradient");
  assert_fails(ctx, vt_tape_backward(ctx, tape, &y, &wide, 1, NULL), VT_ERROR_INVALID_ARGUMENT,
               "a seed of f32[1,2] was given for a tensor of f32[2]");
  assert_fails(ctx, vt_tape_backward(ctx, tape, &y, &other, 1, NULL), VT_ERROR_INVALID_ARGUMENT,
               "a seed of f64[2]");
  finish(ctx, tape);
}

/* ---- rules ---- */

static vt_status double_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  const float factor = *(const float *)settings;
  const vt_tensor *given = gradient->output_gradients[0];
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  const float *reference = gradient->reference ? gradient->reference->inputs[0]->data : NULL;
  for (int64_t i = 0; i < vt_count(made); i++)
    ((float *)made->data)[i] = factor * ((const float *)given->data)[i] + (reference ? reference[i] : 0);
  return VT_OK;
}

static const vt_rule *choose_opaque(const void *user, const vt_call *call)
{
  return call->op == &opaque ? user : NULL;
}

static void rules_take_the_place_of_gradients(void **state)
{
  vt_ctx *ctx = *state;
  const float factor = 10;
  const vt_rule rule = {"ten", double_backward, &factor, VT_SAVES_INPUT(0)};
  const vt_rule_set set = {"test", choose_opaque, &rule};
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *seed = op_f32(ctx, SHAPE(2), 1, 3), *y = NULL;
  vt_tensor *other_x = op_f32(ctx, SHAPE(2), 0.25, 0.5), *other_y = NULL;
  vt_tape *reference = start(ctx, other_x);
  vt_tape_set_rules(reference, &set);
  assert_ok(ctx, vt_apply(ctx, &opaque, NULL, "curtain", 1, &other_x, 1, &other_y));
  apply(ctx, "Add", other_y, other_x);
  assert_int_equal(vt_tape_bytes(reference), 2 * sizeof(float)); /* what the rule reads */
  vt_tape *tape = start(ctx, x);
  vt_tape_set_rules(tape, &set);
  assert_ok(ctx, vt_apply(ctx, &opaque, NULL, "curtain", 1, &x, 1, &y));
  vt_tensor *z = apply(ctx, "Add", y, x);
  const vt_backward_options keep = {.keep = true}, compare = {.keep = true, .reference = reference};
  assert_ok(ctx, vt_tape_backward(ctx, tape, &z, &seed, 1, &keep));
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 11, 33);
  assert_ok(ctx, vt_tape_backward(ctx, tape, &z, &seed, 1, &compare));
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 11.25, 33.5);
  vt_tape_clear(reference);
  assert_fails(ctx, vt_tape_backward(ctx, tape, &z, &seed, 1, &compare), VT_ERROR_INVALID_ARGUMENT,
               "the reference run took another way");
  finish(ctx, tape);
  vt_tape_free(reference);
}

/* ---- memory ---- */

static vt_status whole_run(vt_ctx *ctx, vt_tensor *x, vt_tensor *seed)
{
  vt_tape *tape;
  vt_tensor *square = NULL, *sum = NULL;
  VT_TRY(vt_tape_new(ctx, &tape));
  vt_tape_start(ctx, tape);
  vt_status status = vt_tape_watch(ctx, tape, x);
  if (status == VT_OK)
    status = vt_apply(ctx, vt_op_find(NULL, "Mul"), NULL, "a", 2, (vt_tensor *[]){x, x}, 1, &square);
  if (status == VT_OK)
    status = vt_apply(ctx, vt_op_find(NULL, "Add"), NULL, "b", 2, (vt_tensor *[]){square, x}, 1, &sum);
  if (status == VT_OK) status = vt_tape_backward(ctx, tape, &sum, &seed, 1, NULL);
  if (status == VT_OK) op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 7, 9);
  vt_tape_stop(ctx);
  vt_tape_free(tape);
  return status;
}

static void every_allocation_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 3, 4), *seed = op_f32(ctx, SHAPE(2), 1, 1);
  assert_ok(ctx, whole_run(ctx, x, seed));
  for (long n = 1;; n++) {
    size_t mark = vt_tensor_mark(ctx);
    uint64_t before = vt_ctx_memory_in_use(ctx);
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = whole_run(ctx, x, seed);
    vt_ctx_fail_allocation(ctx, 0);
    vt_tensor_release(ctx, mark);
    assert_int_equal(vt_ctx_memory_in_use(ctx), before);
    if (status == VT_OK) {
      assert_true(n > 20);
      return;
    }
    assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    assert_int_equal(vt_ctx_status(ctx), VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_clear(ctx);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(only_what_depends_is_recorded),
      op_test(gradients_of_all_uses_add_up),
      op_test(a_borrowed_seed_is_copied),
      op_test(several_tensors_at_once),
      op_test(a_tensor_used_by_nothing_has_no_gradient),
      op_test(passes_repeat_when_values_are_kept),
      op_test(values_that_nobody_reads_are_not_held),
      op_test(held_values_outlive_the_callers),
      op_test(clearing_forgets_everything),
      op_test(two_tapes_do_not_mix),
      op_test(operators_without_gradient_are_named),
      op_test(wrong_arguments_are_told),
      op_test(rules_take_the_place_of_gradients),
      op_test(every_allocation_refused),
  };
  return cmocka_run_group_tests_name("ops/tape", tests, NULL, NULL);
}
