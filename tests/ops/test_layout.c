/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels-last against row-major: the same values and gradients from every operator that keeps the layout.
 */
#include "gradient_case.h"

#include "ops/layout.h"

static void test_turning(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(3, 5, 7, 4), -1, 1, 3), *last = vt_channels_last(ctx, x);
  assert_int_equal(last->layout, VT_STORED_CHANNELS_LAST);
  assert_true(vt_same_shape(x, last));
  const float *values = x->data, *stored = last->data;
  for (int n = 0; n < 3; n++)
    for (int c = 0; c < 5; c++)
      for (int i = 0; i < 28; i++)
        assert_near(stored[(n * 28 + i) * 5 + c], values[(n * 5 + c) * 28 + i], 0);
  vt_tensor *back = vt_row_major(ctx, last);
  assert_memory_equal(back->data, x->data, vt_bytes(x));
  assert_ptr_equal(vt_channels_last(ctx, last), last);
  vt_tensor *flat = op_f32(ctx, SHAPE(2, 3), 1);
  assert_ptr_equal(vt_channels_last(ctx, flat), flat);
  /* one channel or one place: the same bytes */
  vt_tensor *vector = op_f32(ctx, SHAPE(2, 3, 1, 1), 1);
  assert_ptr_equal(vt_channels_last(ctx, vector)->data, vector->data);
  vt_tensor *kept = vt_tensor_keep(ctx, last);
  assert_int_equal(kept->layout, VT_STORED_CHANNELS_LAST);
  vt_tensor_free(kept);
}

/* A recorded channels-last tensor is the variable that it was made from. */
static void test_variables(void **state)
{
  vt_ctx *ctx = *state;
  vt_tape *tape;
  const vt_op *relu = vt_op_find(NULL, "Relu"), *flatten = vt_op_find(NULL, "Flatten");
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(2, 3, 2, 2), -1, 1, 5), *y = NULL, *z = NULL;
  int64_t axis = 1;
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  vt_tape_start(ctx, tape);
  vt_tensor *last = vt_channels_last(ctx, x);
  assert_ok(ctx, vt_apply(ctx, relu, NULL, "relu", 1, &last, 1, &y));
  assert_int_equal(y->layout, VT_STORED_CHANNELS_LAST);
  assert_ok(ctx, vt_apply(ctx, flatten, &axis, "flatten", 1, &y, 1, &z)); /* wants rows */
  assert_int_equal(z->layout, VT_STORED_ROW_MAJOR);
  vt_tape_stop(ctx);
  vt_tensor *seed = op_uniform(ctx, VT_F32, SHAPE(2, 12), -1, 1, 6);
  assert_ok(ctx, vt_tape_backward(ctx, tape, &z, &seed, 1, NULL));
  vt_tensor *gradient = vt_tape_gradient(tape, x);
  assert_int_equal(gradient->layout, VT_STORED_ROW_MAJOR);
  for (int64_t i = 0; i < 24; i++) {
    float value = ((float *)x->data)[i], given = ((float *)seed->data)[i];
    assert_near(((float *)z->data)[i], value > 0 ? value : 0, 0);
    assert_near(((float *)gradient->data)[i], value > 0 ? given : 0, 0);
  }
  vt_tape_free(tape);
}

static void test_convolutions(void **state)
{
  vt_ctx *ctx = *state;
  layout_check(ctx, "Conv", "pads=1,1,1,1", 1e-5, RANDOM(SHAPE(4, 32, 9, 9)), RANDOM(SHAPE(32, 32, 3, 3)),
               RANDOM(SHAPE(32)));
  layout_check(ctx, "Conv", "", 1e-5, RANDOM(SHAPE(2, 20, 5, 6)), RANDOM(SHAPE(36, 20, 1, 1)),
               RANDOM(SHAPE(36)));
  layout_check(ctx, "Conv", "strides=2,2;pads=1,1,1,1", 1e-5, RANDOM(SHAPE(3, 3, 11, 10)),
               RANDOM(SHAPE(16, 3, 3, 3)));
  layout_check(ctx, "Conv", "dilations=2,2;group=2", 1e-5, RANDOM(SHAPE(2, 8, 9, 9)),
               RANDOM(SHAPE(6, 4, 3, 3)));
  layout_check(ctx, "Conv", "group=16;pads=2,2,2,2", 1e-5, RANDOM(SHAPE(2, 16, 8, 8)),
               RANDOM(SHAPE(16, 1, 5, 5)), RANDOM(SHAPE(16)));
  layout_check(ctx, "Conv", "group=24;pads=1,1,1,1;strides=2,2", 1e-5, RANDOM(SHAPE(2, 24, 8, 8)),
               RANDOM(SHAPE(24, 1, 3, 3)));
  layout_check(ctx, "Conv", "group=32;pads=2,1,1,3;strides=2,1;dilations=1,2", 1e-5,
               RANDOM(SHAPE(3, 32, 12, 13)), RANDOM(SHAPE(32, 1, 4, 5)));
  layout_check(ctx, "Conv", "group=16;pads=9,9,9,9", 1e-5, RANDOM(SHAPE(1, 16, 3, 4)),
               RANDOM(SHAPE(16, 1, 5, 5)));
  layout_check(ctx, "Conv", "pads=1,1", 1e-5, RANDOM(SHAPE(2, 6, 12)), RANDOM(SHAPE(5, 6, 3)));
  layout_check(ctx, "Conv", "pads=1,1,1,1,1,1", 1e-5, RANDOM(SHAPE(1, 4, 4, 5, 6)),
               RANDOM(SHAPE(8, 4, 3, 3, 3)));
  layout_check(ctx, "ConvTranspose", "strides=2,2", 1e-5, RANDOM(SHAPE(2, 16, 5, 5)),
               RANDOM(SHAPE(16, 8, 2, 2)), RANDOM(SHAPE(8)));
  layout_check(ctx, "ConvTranspose", "strides=2,2;pads=1,1,1,1;output_padding=1,1;group=2", 1e-5,
               RANDOM(SHAPE(2, 8, 4, 5)), RANDOM(SHAPE(8, 3, 3, 3)));
}

static void test_pools(void **state)
{
  vt_ctx *ctx = *state;
  layout_check(ctx, "MaxPool", "kernel_shape=2,2;strides=2,2", 1e-6, RANDOM(SHAPE(2, 5, 8, 7)));
  layout_check(ctx, "MaxPool", "kernel_shape=3,3;strides=2,2;pads=1,1,1,1", 1e-6, RANDOM(SHAPE(2, 70, 9, 9)));
  layout_check(ctx, "MaxPool", "kernel_shape=3,3;dilations=2,2;ceil_mode=1", 1e-6, RANDOM(SHAPE(1, 4, 9, 9)));
  layout_check(ctx, "MaxPool", "kernel_shape=3;strides=2", 1e-6, RANDOM(SHAPE(2, 5, 9)));
  layout_check(ctx, "AveragePool", "kernel_shape=3,3;strides=2,2;pads=1,1,1,1;count_include_pad=1", 1e-6,
               RANDOM(SHAPE(2, 5, 9, 9)));
  layout_check(ctx, "AveragePool", "kernel_shape=3,2;strides=1,2;pads=1,0,1,1;ceil_mode=1", 1e-6,
               RANDOM(SHAPE(2, 80, 6, 7)));
  layout_check(ctx, "LpPool", "kernel_shape=2,2", 1e-5, RANDOM(SHAPE(2, 3, 4, 4)));
  layout_check(ctx, "GlobalAveragePool", "", 1e-6, RANDOM(SHAPE(3, 20, 5, 6)));
  layout_check(ctx, "GlobalMaxPool", "", 1e-6, RANDOM(SHAPE(3, 20, 5, 6)));
}

static void test_norms(void **state)
{
  vt_ctx *ctx = *state;
#define VECTORS(n) BETWEEN(0.5, 2, SHAPE(n)), RANDOM(SHAPE(n))
  layout_check(ctx, "BatchNormalization", "training_mode=1", 1e-5, RANDOM(SHAPE(6, 20, 9, 8)), VECTORS(20),
               RANDOM(SHAPE(20)), BETWEEN(0.5, 2, SHAPE(20)));
  layout_check_outputs(ctx, "BatchNormalization", "training_mode=1;momentum=0.7", 3, 1e-5,
                       RANDOM(SHAPE(4, 3, 5, 5)), VECTORS(3), RANDOM(SHAPE(3)), BETWEEN(0.5, 2, SHAPE(3)));
  layout_check(ctx, "BatchNormalization", "", 1e-5, RANDOM(SHAPE(6, 20, 9, 8)), VECTORS(20),
               RANDOM(SHAPE(20)), BETWEEN(0.5, 2, SHAPE(20)));
  layout_check(ctx, "GroupNormalization", "num_groups=4", 1e-5, RANDOM(SHAPE(3, 12, 5, 6)), VECTORS(12));
  layout_check(ctx, "InstanceNormalization", "", 1e-5, RANDOM(SHAPE(3, 17, 5, 6)), VECTORS(17));
}

/* Sums in parts: more rows than one part and one block have; a mean far from zero. */
static void test_large_norm(void **state)
{
  vt_ctx *ctx = *state;
  layout_check(ctx, "BatchNormalization", "training_mode=1", 2e-5, BETWEEN(99, 101, SHAPE(7, 33, 40, 41)),
               VECTORS(33), RANDOM(SHAPE(33)), BETWEEN(0.5, 2, SHAPE(33)));
  layout_check(ctx, "GroupNormalization", "num_groups=3", 2e-5, BETWEEN(9, 11, SHAPE(2, 33, 70, 71)),
               VECTORS(33));
}

static void test_elementwise(void **state)
{
  vt_ctx *ctx = *state;
  layout_check(ctx, "Relu", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)));
  layout_check(ctx, "Gelu", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)));
  layout_check(ctx, "Sigmoid", "", 1e-6, RANDOM(SHAPE(2, 5, 6)));
  layout_check(ctx, "Exp", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)));
  layout_check(ctx, "Clip", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), op_f64(ctx, SCALAR, -1),
               op_f64(ctx, SCALAR, 1.5));
  layout_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(2, 5, 4, 3)));
  layout_check(ctx, "Add", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(5, 1, 1)));
  layout_check(ctx, "Mul", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(2, 5, 1, 1)));
  layout_check(ctx, "Mul", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(2, 1, 4, 3)));
  layout_check(ctx, "Mul", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(3)));
  layout_check(ctx, "Sub", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(5, 4, 3)));
  layout_check(ctx, "Div", "", 1e-6, RANDOM(SHAPE(2, 1, 4, 3)), BETWEEN(1, 2, SHAPE(1, 5, 1, 3)));
  layout_check(ctx, "Mul", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(3, 2, 5, 4, 3)));
  layout_check(ctx, "Mul", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SCALAR));
  layout_check(ctx, "Max", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(2, 5, 4, 3)),
               RANDOM(SHAPE(1, 5, 1, 1)));
  layout_check(ctx, "Pow", "", 1e-5, BETWEEN(0.5, 2, SHAPE(2, 5, 4, 3)), BETWEEN(1, 2, SHAPE(5, 1, 1)));
  layout_check(ctx, "PRelu", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(5, 1, 1)));
}

static void test_moves(void **state)
{
  vt_ctx *ctx = *state;
  layout_check(ctx, "Concat", "axis=1", 0, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(2, 3, 4, 3)));
  layout_check(ctx, "Concat", "axis=-1", 0, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(2, 5, 4, 2)));
  layout_check(ctx, "Concat", "axis=0", 0, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(1, 5, 4, 3)));
  vt_tensor *sizes = op_i64(ctx, SHAPE(4), 2, 5, 8, 6);
  layout_check(ctx, "Resize", "mode=nearest", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), NULL, NULL, sizes);
  layout_check(ctx, "Resize", "mode=linear", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), NULL, NULL, sizes);
  layout_check(ctx, "Resize", "mode=cubic", 1e-5, RANDOM(SHAPE(2, 5, 9, 7)), NULL, NULL, sizes);
}

/* Operators that know rows alone. */
static void test_others(void **state)
{
  vt_ctx *ctx = *state;
  layout_check(ctx, "Softmax", "axis=1", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)));
  layout_check(ctx, "Transpose", "perm=0,2,3,1", 0, RANDOM(SHAPE(2, 5, 4, 3)));
  layout_check(ctx, "ReduceMean", "keepdims=0", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), op_i64(ctx, SHAPE(2), 2, 3));
  layout_check(ctx, "MatMul", "", 1e-6, RANDOM(SHAPE(2, 5, 4, 3)), RANDOM(SHAPE(3, 6)));
}

/* Types without a kernel of their own go through row-major copies and come back channels-last. */
static void test_types(void **state)
{
  vt_ctx *ctx = *state;
  vt_type types[] = {VT_F64, VT_F16};
  for (int i = 0; i < 2; i++) {
    vt_tensor *x = op_uniform(ctx, types[i], SHAPE(2, 4, 5, 3), -1, 1, 8);
    vt_tensor *w = op_uniform(ctx, types[i], SHAPE(6, 4, 3, 3), -1, 1, 9);
    vt_tensor *rows = op_run(ctx, "Conv", "pads=1,1,1,1", x, w);
    vt_tensor *last = op_run(ctx, "Conv", "pads=1,1,1,1", vt_channels_last(ctx, x), w);
    assert_int_equal(last->layout, VT_STORED_CHANNELS_LAST);
    assert_memory_equal(vt_row_major(ctx, last)->data, rows->data, vt_bytes(rows));
  }
}

static vt_status rows_only(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  VT_UNUSED(settings);
  assert_int_equal(gradient->call->inputs[0]->layout, VT_STORED_ROW_MAJOR);
  assert_int_equal(gradient->output_gradients[0]->layout, VT_STORED_ROW_MAJOR);
  assert_int_equal(gradient->reference->inputs[0]->layout, VT_STORED_ROW_MAJOR);
  assert_int_equal(gradient->reference->outputs[0]->layout, VT_STORED_ROW_MAJOR);
  return vt_backward_same(ctx, gradient);
}

static const vt_rule *choose_rows_only(const void *user, const vt_call *call)
{
  static const vt_rule rule = {"rows-only", rows_only, NULL, VT_SAVES_ALL};
  VT_UNUSED(user);
  VT_UNUSED(call);
  return &rule;
}

/* Rules know row-major tensors alone, of the run that they compare with too. */
static void test_rules(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_rule_set rules = {"rows-only", choose_rows_only, NULL};
  const vt_op *relu = vt_op_find(NULL, "Relu");
  vt_tape *tapes[2];
  vt_tensor *x[2], *y[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++) {
    x[i] = op_uniform(ctx, VT_F32, SHAPE(2, 3, 2, 2), -1, 1, 5);
    assert_ok(ctx, vt_tape_new(ctx, &tapes[i]));
    vt_tape_set_rules(tapes[i], &rules);
    assert_ok(ctx, vt_tape_watch(ctx, tapes[i], x[i]));
    vt_tape_start(ctx, tapes[i]);
    vt_tensor *last = vt_channels_last(ctx, x[i]);
    assert_ok(ctx, vt_apply(ctx, relu, NULL, "relu", 1, &last, 1, &y[i]));
    vt_tape_stop(ctx);
  }
  vt_tensor *seed = op_uniform(ctx, VT_F32, SHAPE(2, 3, 2, 2), -1, 1, 6);
  vt_backward_options options = {.reference = tapes[1]};
  assert_ok(ctx, vt_tape_backward(ctx, tapes[0], y, &seed, 1, &options));
  assert_memory_equal(vt_tape_gradient(tapes[0], x[0])->data, seed->data, vt_bytes(seed));
  for (int i = 0; i < 2; i++)
    vt_tape_free(tapes[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_turning), op_test(test_variables),  op_test(test_convolutions), op_test(test_pools),
      op_test(test_norms),   op_test(test_large_norm), op_test(test_elementwise),  op_test(test_moves),
      op_test(test_others),  op_test(test_types),      op_test(test_rules),
  };
  return cmocka_run_group_tests_name("ops/layout", tests, NULL, NULL);
}
