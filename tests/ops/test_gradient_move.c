/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that move elements. Where nothing is added the f32 gradient is the f64 one rounded:
 * the tolerance is half a unit in the last place, 6e-8. Sums are
 * made in f64, but of f32 seeds, which loses a little more where they cancel.
 */
#include "gradient_case.h"

#define ROUNDED 6e-8
#define ADDED   1e-6

static void views_keep_the_order(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Reshape", "", ROUNDED, RANDOM(SHAPE(2, 3, 4)), op_i64(ctx, SHAPE(2), 0, -1));
  gradient_check(ctx, "Reshape", "allowzero=1", ROUNDED, RANDOM(SHAPE(2, 0)), op_i64(ctx, SHAPE(2), 0, 5));
  gradient_check(ctx, "Flatten", "axis=-1", ROUNDED, RANDOM(SHAPE(2, 3, 4)));
  gradient_check(ctx, "Flatten", "axis=0", ROUNDED, RANDOM(SCALAR));
  gradient_check(ctx, "Squeeze", "", ROUNDED, RANDOM(SHAPE(1, 3, 1)));
  gradient_check(ctx, "Squeeze", "", ROUNDED, RANDOM(SHAPE(1, 3, 1)), op_i64(ctx, SHAPE(1), -1));
  gradient_check(ctx, "Unsqueeze", "", ROUNDED, RANDOM(SHAPE(3, 2)), op_i64(ctx, SHAPE(2), 0, -1));
  gradient_check(ctx, "Identity", "", ROUNDED, RANDOM(SHAPE(3, 2)));
}

static void transpose_is_taken_back(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Transpose", "", ROUNDED, RANDOM(SHAPE(2, 3, 5)));
  gradient_check(ctx, "Transpose", "perm=0,2,3,1", ROUNDED, RANDOM(SHAPE(2, 3, 5, 7)));
  gradient_check(ctx, "Transpose", "perm=1,0,2", ROUNDED, RANDOM(SHAPE(40, 33, 2)));
  gradient_check(ctx, "Transpose", "perm=1,0", ROUNDED, RANDOM(SHAPE(0, 3)));
  gradient_check(ctx, "Transpose", "", ROUNDED, RANDOM(SCALAR));
}

static void expand_adds_what_it_repeated(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Expand", "", ADDED, RANDOM(SHAPE(3, 1)), op_i64(ctx, SHAPE(3), 2, 1, 6));
  gradient_check(ctx, "Expand", "", ROUNDED, RANDOM(SHAPE(3, 2)), op_i64(ctx, SHAPE(2), 1, 1));
  gradient_check(ctx, "Expand", "", ADDED, RANDOM(SCALAR), op_i64(ctx, SHAPE(2), 4, 5));
  gradient_check(ctx, "Expand", "", ADDED, RANDOM(SHAPE(3, 1)), op_i64(ctx, SHAPE(2), 3, 0));
}

static void concat_hands_out_the_parts(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Concat", "axis=1", ROUNDED, RANDOM(SHAPE(2, 3, 2)), RANDOM(SHAPE(2, 1, 2)),
                 RANDOM(SHAPE(2, 0, 2)), RANDOM(SHAPE(2, 5, 2)));
  gradient_check(ctx, "Concat", "axis=-1", ROUNDED, RANDOM(SHAPE(3)));
}

static void split_puts_the_parts_together(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check_outputs(ctx, "Split", "axis=-1;num_outputs=3", 3, ROUNDED, RANDOM(SHAPE(2, 7)));
  gradient_check_outputs(ctx, "Split", "axis=1", 3, ROUNDED, RANDOM(SHAPE(3, 6, 2)),
                         op_i64(ctx, SHAPE(3), 4, 0, 2));
}

/* A part that nothing depends on counts as zero. */
static void split_takes_absent_parts_for_zero(void **state)
{
  vt_ctx *ctx = *state;
  vt_tape *tape;
  vt_tensor *x = op_f32(ctx, SHAPE(5), 1, 2, 3, 4, 5), *parts[2] = {NULL},
            *seed = op_f32(ctx, SHAPE(2), 7, 9);
  int64_t settings[8] = {0, 2}; /* axis, num_outputs */
  const vt_op *op = vt_op_find(NULL, "Split");
  assert_true(op->attributes_size <= sizeof settings);
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  vt_tape_start(ctx, tape);
  parts[0] = vt_tensor_empty(ctx);
  parts[1] = vt_tensor_empty(ctx);
  assert_ok(ctx, vt_apply(ctx, op, settings, "", 1, &x, 2, parts));
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_tape_backward(ctx, tape, &parts[1], &seed, 1, NULL));
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(5), 0, 0, 0, 0, 7, 9);
  vt_tape_free(tape);
}

static void slice_fills_the_box_it_took(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Slice", "", ROUNDED, RANDOM(SHAPE(5, 7)), op_i64(ctx, SHAPE(2), 1, -2),
                 op_i64(ctx, SHAPE(2), 100, -100), op_i64(ctx, SHAPE(2), 0, -1),
                 op_i64(ctx, SHAPE(2), 2, -3));
  gradient_check(ctx, "Slice", "", ROUNDED, RANDOM(SHAPE(4, 3, 6)), op_i64(ctx, SHAPE(1), 2),
                 op_i64(ctx, SHAPE(1), 5), op_i64(ctx, SHAPE(1), 2));
  gradient_check(ctx, "Slice", "", ROUNDED, RANDOM(SHAPE(4)), op_i64(ctx, SHAPE(1), 3),
                 op_i64(ctx, SHAPE(1), 3));
  gradient_check(ctx, "Slice", "", ROUNDED, RANDOM(SHAPE(4, 2)), op_i64(ctx, SHAPE(1), 1),
                 op_i64(ctx, SHAPE(1), 4), NULL, op_i64(ctx, SHAPE(1), 3));
}

static void pad_constant_gets_the_margins(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Pad", "", ADDED, RANDOM(SHAPE(3, 4)), op_i64(ctx, SHAPE(4), 1, -1, 2, 3),
                 RANDOM(SCALAR));
  gradient_check(ctx, "Pad", "", ADDED, RANDOM(SHAPE(2, 3, 4)), op_i64(ctx, SHAPE(2), 2, 1), RANDOM(SHAPE(1)),
                 op_i64(ctx, SHAPE(1), -2));
  gradient_check(ctx, "Pad", "", ROUNDED, RANDOM(SHAPE(2, 3)), op_i64(ctx, SHAPE(4), 0, 0, 0, 0),
                 RANDOM(SCALAR));
  gradient_check(ctx, "Pad", "", ADDED, RANDOM(SHAPE(0, 3)), op_i64(ctx, SHAPE(4), 1, 0, 1, 0),
                 RANDOM(SCALAR));
  gradient_check(ctx, "Pad", "", ROUNDED, RANDOM(SHAPE(2, 3)), op_i64(ctx, SHAPE(4), -1, 0, -1, 0));
}

static void pad_copies_come_back(void **state)
{
  vt_ctx *ctx = *state;
  const char *modes[] = {"mode=edge", "mode=reflect", "mode=wrap"};
  for (int i = 0; i < 3; i++) {
    gradient_check(ctx, "Pad", modes[i], ADDED, RANDOM(SHAPE(2, 4, 3)),
                   op_i64(ctx, SHAPE(6), 0, 3, 2, 1, 5, 2));
    gradient_check(ctx, "Pad", modes[i], ADDED, RANDOM(SHAPE(5, 3)), op_i64(ctx, SHAPE(2), -2, 7), NULL,
                   op_i64(ctx, SHAPE(1), 0));
    gradient_check(ctx, "Pad", modes[i], ADDED, RANDOM(SHAPE(1, 2)), op_i64(ctx, SHAPE(4), 2, 1, 3, 0));
    gradient_check(ctx, "Pad", modes[i], ADDED, RANDOM(SHAPE(3, 50, 70)),
                   op_i64(ctx, SHAPE(6), 1, 4, 9, 2, 5, 0));
  }
}

static void tile_adds_the_copies(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Tile", "", ADDED, RANDOM(SHAPE(2, 3)), op_i64(ctx, SHAPE(2), 3, 2));
  gradient_check(ctx, "Tile", "", ADDED, RANDOM(SHAPE(2, 3, 4)), op_i64(ctx, SHAPE(3), 1, 5, 1));
  gradient_check(ctx, "Tile", "", ROUNDED, RANDOM(SHAPE(2, 3)), op_i64(ctx, SHAPE(2), 1, 0));
  gradient_check(ctx, "Tile", "", ADDED, RANDOM(SHAPE(300, 40)), op_i64(ctx, SHAPE(2), 2, 3));
  gradient_check(ctx, "Tile", "", ROUNDED, RANDOM(SHAPE(0, 3)), op_i64(ctx, SHAPE(2), 2, 2));
}

static void crops_and_pads_about_the_middle(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "CenterCropPad", "", ROUNDED, RANDOM(SHAPE(5, 4)), op_i64(ctx, SHAPE(2), 2, 7));
  gradient_check(ctx, "CenterCropPad", "axes=-1,0", ROUNDED, RANDOM(SHAPE(3, 2, 6)),
                 op_i64(ctx, SHAPE(2), 3, 4));
}

static void blocks_go_back_to_their_channels(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "DepthToSpace", "blocksize=2", ROUNDED, RANDOM(SHAPE(2, 8, 3, 2)));
  gradient_check(ctx, "DepthToSpace", "blocksize=3;mode=CRD", ROUNDED, RANDOM(SHAPE(1, 18, 1, 2)));
  gradient_check(ctx, "SpaceToDepth", "blocksize=2", ROUNDED, RANDOM(SHAPE(2, 3, 4, 6)));
}

static void triangles_stay(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Trilu", "", ROUNDED, RANDOM(SHAPE(2, 3, 4)), op_i64(ctx, SCALAR, 1));
  gradient_check(ctx, "Trilu", "upper=0", ROUNDED, RANDOM(SHAPE(4, 3)), op_i64(ctx, SCALAR, -1));
  gradient_check(ctx, "Trilu", "upper=0", ROUNDED, RANDOM(SHAPE(4, 3)));
}

static void col2im_blocks_read_the_image(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Col2Im", "pads=1,0,1,1;strides=2,1;dilations=1,2", ROUNDED, RANDOM(SHAPE(2, 8, 9)),
                 op_i64(ctx, SHAPE(2), 4, 4), op_i64(ctx, SHAPE(2), 2, 2));
  gradient_check(ctx, "Col2Im", "", ROUNDED, RANDOM(SHAPE(1, 3, 5)), op_i64(ctx, SHAPE(1), 7),
                 op_i64(ctx, SHAPE(1), 3));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(views_keep_the_order),
      op_test(transpose_is_taken_back),
      op_test(expand_adds_what_it_repeated),
      op_test(concat_hands_out_the_parts),
      op_test(split_puts_the_parts_together),
      op_test(split_takes_absent_parts_for_zero),
      op_test(slice_fills_the_box_it_took),
      op_test(pad_constant_gets_the_margins),
      op_test(pad_copies_come_back),
      op_test(tile_adds_the_copies),
      op_test(crops_and_pads_about_the_middle),
      op_test(blocks_go_back_to_their_channels),
      op_test(triangles_stay),
      op_test(col2im_blocks_read_the_image),
  };
  return cmocka_run_group_tests_name("ops/gradient_move", tests, NULL, NULL);
}
