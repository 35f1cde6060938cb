/* SPDX-License-Identifier: Apache-2.0
 *
 * Backward passes with every allocation failing in turn: each time the failure is reported and nothing is
 * lost (op_teardown checks that).
 */
#include "gradient_case.h"

#define refuse_each(ctx, name, attributes, wanted, least, ...)                                               \
  refuse_each_with(ctx, name, attributes, wanted, least, OP_LIST(__VA_ARGS__))

/* Repeats the backward pass of one call until it gets all the memory it asks for; at least `least`
 * allocations must have been refused. */
static void refuse_each_with(vt_ctx *ctx, const char *name, void *attributes, int wanted, int least,
                             vt_tensor **inputs, int count)
{
  const vt_op *op = op_named(name);
  _Alignas(16) unsigned char settings[512];
  vt_tape *tape;
  vt_tensor *outputs[GRADIENT_OUTPUTS] = {NULL};
  const vt_backward_options options = {.keep = true};
  if (!attributes)
    assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, settings, op->attributes_size));
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  for (int i = 0; i < count; i++)
    if (inputs[i] && gradient_real(inputs[i])) assert_ok(ctx, vt_tape_watch(ctx, tape, inputs[i]));
  for (int i = 0; i < wanted; i++)
    outputs[i] = vt_tensor_empty(ctx);
  vt_tape_start(ctx, tape);
  assert_ok(ctx, vt_apply(ctx, op, attributes ? attributes : settings, "", count, inputs, wanted, outputs));
  vt_tape_stop(ctx);
  vt_tensor *seed = op_uniform(
      ctx, outputs[0]->type,
      (op_shape){outputs[0]->rank,
                 {outputs[0]->dims[0], outputs[0]->dims[1], outputs[0]->dims[2], outputs[0]->dims[3]}},
      -1, 1, 3);
  /* a first pass, so that what is made once for the process is there */
  assert_ok(ctx, vt_tape_backward(ctx, tape, outputs, &seed, 1, &options));
  for (long n = 1;; n++) {
    assert_true(n < 200);
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_tape_backward(ctx, tape, outputs, &seed, 1, &options);
    vt_ctx_fail_allocation(ctx, 0);
    if (status == VT_OK) {
      if (n <= least) fail_msg("%s: only %ld allocations", name, n);
      break;
    }
    if (status != VT_ERROR_OUT_OF_MEMORY || vt_ctx_status(ctx) != VT_ERROR_OUT_OF_MEMORY)
      fail_msg("%s, allocation %ld: %s, %s", name, n, vt_status_name(status), vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
  }
  vt_tape_free(tape);
  if (!attributes) vt_params_free(op->fields, op->field_count, settings);
}

#define F32(...) op_uniform(ctx, VT_F32, SHAPE(__VA_ARGS__), 0.5, 1.5, __LINE__ * 31 + __COUNTER__)

static void matrix_products(void **state)
{
  vt_ctx *ctx = *state;
  char equation[] = "iij,jk->ik";
  char *attributes = equation;
  refuse_each(ctx, "MatMul", NULL, 1, 4, F32(2, 1, 3, 4), F32(2, 4, 5));
  refuse_each(ctx, "MatMul", NULL, 1, 4, F32(2, 3, 4), F32(4, 5));
  refuse_each(ctx, "Gemm", NULL, 1, 5, F32(3, 4), F32(4, 5), F32(5));
  refuse_each(ctx, "Einsum", &attributes, 1, 8, F32(3, 3, 4), F32(4, 5));
  refuse_each(ctx, "Det", NULL, 1, 6, F32(2, 3, 3));
}

static void normalisations(void **state)
{
  vt_ctx *ctx = *state;
  refuse_each(ctx, "BatchNormalization", NULL, 1, 10, F32(2, 3, 4), F32(3), F32(3), F32(3), F32(3));
  refuse_each(ctx, "InstanceNormalization", NULL, 1, 6, F32(2, 3, 4), F32(3), F32(3));
  refuse_each(ctx, "LayerNormalization", NULL, 1, 6, F32(2, 3, 4), F32(4), F32(4));
  refuse_each(ctx, "LayerNormalization", NULL, 1, 8, F32(2, 3, 4), F32(3, 1), F32(4));
  refuse_each(ctx, "MeanVarianceNormalization", NULL, 1, 4, F32(2, 3, 4, 2));
  refuse_each(ctx, "LpNormalization", NULL, 1, 1, F32(2, 3));
  refuse_each(ctx, "Softmax", NULL, 1, 1, F32(2, 3));
}

static void reductions_and_losses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *targets = op_i64(ctx, SHAPE(2), 0, 2);
  refuse_each(ctx, "ReduceSum", NULL, 1, 1, F32(2, 3));
  refuse_each(ctx, "ReduceMax", NULL, 1, 4, F32(2, 3));
  refuse_each(ctx, "ReduceProd", NULL, 1, 4, F32(2, 3));
  refuse_each(ctx, "ReduceL2", NULL, 1, 2, F32(2, 3));
  refuse_each(ctx, "CumSum", NULL, 1, 1, F32(2, 3), op_i64(ctx, SCALAR, 1));
  refuse_each(ctx, "SoftmaxCrossEntropyLoss", NULL, 1, 4, F32(2, 3), targets, F32(3));
}

static void recurrences(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = F32(3, 2, 4);
  refuse_each(ctx, "RNN", NULL, 2, 10, x, F32(1, 5, 4), F32(1, 5, 5), F32(1, 10));
  refuse_each(ctx, "GRU", NULL, 2, 12, x, F32(1, 15, 4), F32(1, 15, 5), F32(1, 30));
  refuse_each(ctx, "LSTM", NULL, 3, 12, x, F32(1, 20, 4), F32(1, 20, 5), F32(1, 40), NULL, F32(1, 2, 5));
  refuse_each(ctx, "vt.SelectiveScan", NULL, 1, 10, x, x, F32(4, 2), F32(3, 2, 2), F32(3, 2, 2), F32(4));
}

static void own_rows(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = F32(4, 3);
  const vt_op *op = op_named("vt.SegmentReduce");
  _Alignas(16) unsigned char largest[64];
  assert_true(op->attributes_size <= sizeof largest);
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, largest, op->attributes_size));
  assert_ok(ctx, vt_params_set(ctx, op->fields, op->field_count, largest, "count", "2"));
  refuse_each(ctx, "vt.SegmentReduce", largest, 1, 4, x, op_i64(ctx, SHAPE(4), 0, 1, -1, 0));
  assert_ok(ctx, vt_params_set(ctx, op->fields, op->field_count, largest, "mode", "max"));
  refuse_each(ctx, "vt.SegmentReduce", largest, 1, 5, x, op_i64(ctx, SHAPE(4), 0, 1, -1, 0));
  refuse_each(ctx, "vt.SquaredDistance", NULL, 1, 4, x, F32(2, 3));
  refuse_each(ctx, "vt.JumpReLU", NULL, 1, 3, x, F32(3));
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(matrix_products), op_test(normalisations),
                                     op_test(reductions_and_losses), op_test(recurrences), op_test(own_rows)};
  return cmocka_run_group_tests_name("ops/gradient_memory", tests, NULL, NULL);
}
