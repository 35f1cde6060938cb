/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators that need work space, with every allocation failing in turn: each time the failure is reported
 * and nothing is lost (op_teardown checks that).
 */
#include "op_case.h"

/* Repeats a call until it gets all the memory it asks for; at least `least`
 * allocations must have been refused. */
static void refuse_each(vt_ctx *ctx, const char *name, const char *attributes, int wanted, int least,
                        vt_tensor *const *inputs, int input_count)
{
  for (long n = 1;; n++) {
    vt_tensor *outputs[4] = {NULL};
    assert_true(n < 100);
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = op_call(ctx, name, attributes, NULL, outputs, wanted, inputs, input_count);
    vt_ctx_fail_allocation(ctx, 0);
    if (status == VT_OK) {
      assert_true(n > least);
      return;
    }
    if (status != VT_ERROR_OUT_OF_MEMORY || vt_ctx_status(ctx) != VT_ERROR_OUT_OF_MEMORY)
      fail_msg("%s, allocation %ld: %s, %s", name, n, vt_status_name(status), vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
  }
}

static void every_allocation_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(1, 2, 4, 4), -1, 1, 1),
            *sizes = op_i64(ctx, SHAPE(4), 1, 2, 3, 9);
  vt_tensor *bytes = op_uniform(ctx, VT_U8, SHAPE(1, 2, 4, 4), 0, 255, 1),
            *a = op_uniform(ctx, VT_F32, SHAPE(3, 3), -1, 1, 2);
  vt_tensor *boxes = op_f32(ctx, SHAPE(1, 2, 4), 0, 0, 1, 1, 3, 3, 4, 4),
            *scores = op_f32(ctx, SHAPE(1, 1, 2), 0.5, 0.6);
  /* a first call of each, so that what is made once for the process is there */
  op_run(ctx, "Einsum", "equation=ij,jk,ki->", a, a, a);
  refuse_each(ctx, "Resize", "", 1, 3, OP_LIST(x, NULL, NULL, sizes));
  refuse_each(ctx, "Resize", "mode=cubic", 1, 8, OP_LIST(x, NULL, NULL, sizes));
  refuse_each(ctx, "Resize", "mode=linear", 1, 8, OP_LIST(bytes, NULL, NULL, sizes));
  refuse_each(ctx, "Pad", "mode=edge", 1, 3, OP_LIST(x, op_i64(ctx, SHAPE(8), 1)));
  refuse_each(ctx, "Unique", "sorted=0;axis=2", 4, 10, OP_LIST(x));
  refuse_each(ctx, "TopK", "", 2, 3, OP_LIST(x, op_i64(ctx, SHAPE(1), 2)));
  refuse_each(ctx, "NonMaxSuppression", "", 1, 6, OP_LIST(boxes, scores, op_i64(ctx, SHAPE(1), 2)));
  refuse_each(ctx, "RoiAlign", "", 1, 3,
              OP_LIST(x, op_f32(ctx, SHAPE(1, 4), 0, 0, 2, 2), op_i64(ctx, SHAPE(1), 0)));
  refuse_each(ctx, "Einsum", "equation=ij,jk,ki->", 1, 6, OP_LIST(a, a, a));
  refuse_each(ctx, "Det", "", 1, 2, OP_LIST(a));
  refuse_each(
      ctx, "Col2Im", "", 1, 3,
      OP_LIST(op_f32(ctx, SHAPE(1, 2, 4), 1), op_i64(ctx, SHAPE(2), 2, 3), op_i64(ctx, SHAPE(2), 1, 2)));
  vt_tensor *steps = op_f32(ctx, SHAPE(3, 2, 1), 1), *w = op_f32(ctx, SHAPE(1, 12, 1), 1),
            *r = op_f32(ctx, SHAPE(1, 12, 3), 1);
  op_run(ctx, "LSTM", "", steps, w, r);
  refuse_each(ctx, "LSTM", "", 3, 10, OP_LIST(steps, w, r));
  refuse_each(ctx, "vt.SegmentReduce", "count=2;mode=max", 1, 4, OP_LIST(a, op_i64(ctx, SHAPE(3), 0)));
  refuse_each(ctx, "vt.SquaredDistance", "", 1, 2, OP_LIST(a, a));
  refuse_each(ctx, "vt.SelectiveScan", "", 1, 2,
              OP_LIST(steps, steps, op_f32(ctx, SHAPE(1, 1), -1), steps, steps));
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(every_allocation_refused)};
  return cmocka_run_group_tests_name("ops/short_memory", tests, NULL, NULL);
}
