/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of normalisations.
 */
#include "gradient_case.h"

/* Differences of numbers near their mean lose a few bits of f32 more than products do. */
#define FAST 2e-6

#define SCALES(...) BETWEEN(0.5, 2, SHAPE(__VA_ARGS__))

static void batch_normalization_with_given_statistics(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "BatchNormalization", "", FAST, RANDOM(SHAPE(2, 3, 4, 5)), RANDOM(SHAPE(3)),
                 RANDOM(SHAPE(3)), RANDOM(SHAPE(3)), SCALES(3));
  gradient_check(ctx, "BatchNormalization", "epsilon=0.01", FAST, RANDOM(SHAPE(4, 3)), RANDOM(SHAPE(3)),
                 RANDOM(SHAPE(3)), RANDOM(SHAPE(3)), SCALES(3));
  gradient_check(ctx, "BatchNormalization", "", FAST, RANDOM(SHAPE(7)), RANDOM(SHAPE(1)), RANDOM(SHAPE(1)),
                 RANDOM(SHAPE(1)), SCALES(1));
  gradient_check(ctx, "BatchNormalization", "", FAST, RANDOM(SHAPE(0, 2, 3)), RANDOM(SHAPE(2)),
                 RANDOM(SHAPE(2)), RANDOM(SHAPE(2)), SCALES(2));
  gradient_check_large(ctx, "BatchNormalization", "", FAST, RANDOM(SHAPE(2, 16, 23, 19)), RANDOM(SHAPE(16)),
                       RANDOM(SHAPE(16)), RANDOM(SHAPE(16)), SCALES(16));
}

static void batch_normalization_in_training(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "BatchNormalization", "training_mode=1", FAST, RANDOM(SHAPE(2, 3, 4, 5)),
                 RANDOM(SHAPE(3)), RANDOM(SHAPE(3)), RANDOM(SHAPE(3)), SCALES(3));
  gradient_check_outputs(ctx, "BatchNormalization", "training_mode=1;momentum=0.7", 3, FAST,
                         RANDOM(SHAPE(3, 2, 5)), RANDOM(SHAPE(2)), RANDOM(SHAPE(2)), RANDOM(SHAPE(2)),
                         SCALES(2));
  gradient_check_outputs(ctx, "BatchNormalization", "training_mode=1", 3, FAST, RANDOM(SHAPE(4, 8, 17, 13)),
                         RANDOM(SHAPE(8)), RANDOM(SHAPE(8)), RANDOM(SHAPE(8)), SCALES(8));
}

static void instance_and_group_normalization(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "InstanceNormalization", "", FAST, RANDOM(SHAPE(2, 3, 4, 5)), RANDOM(SHAPE(3)),
                 RANDOM(SHAPE(3)));
  gradient_check(ctx, "InstanceNormalization", "epsilon=0.1", FAST, RANDOM(SHAPE(1, 1, 2)), RANDOM(SHAPE(1)),
                 RANDOM(SHAPE(1)));
  gradient_check(ctx, "InstanceNormalization", "", FAST, RANDOM(SHAPE(0, 2, 3)), RANDOM(SHAPE(2)),
                 RANDOM(SHAPE(2)));
  gradient_check_large(ctx, "InstanceNormalization", "", FAST, RANDOM(SHAPE(3, 8, 31, 29)), RANDOM(SHAPE(8)),
                       RANDOM(SHAPE(8)));
  gradient_check(ctx, "GroupNormalization", "num_groups=2", FAST, RANDOM(SHAPE(2, 4, 3, 5)), RANDOM(SHAPE(4)),
                 RANDOM(SHAPE(4)));
  gradient_check(ctx, "GroupNormalization", "num_groups=1", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5)),
                 RANDOM(SHAPE(5)));
  gradient_check(ctx, "GroupNormalization", "num_groups=4;epsilon=0.01", FAST, RANDOM(SHAPE(2, 16, 21, 11)),
                 RANDOM(SHAPE(16)), RANDOM(SHAPE(16)));
}

static void layer_normalization(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "LayerNormalization", "", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5)),
                 RANDOM(SHAPE(5)));
  gradient_check(ctx, "LayerNormalization", "", FAST, RANDOM(SHAPE(2, 3, 7)), RANDOM(SHAPE(7)));
  gradient_check(ctx, "LayerNormalization", "axis=1;epsilon=0.01", FAST, RANDOM(SHAPE(2, 3, 7)),
                 RANDOM(SHAPE(3, 7)), RANDOM(SHAPE(3, 7)));
  gradient_check(ctx, "LayerNormalization", "axis=-3", FAST, RANDOM(SHAPE(2, 3, 7)), RANDOM(SHAPE(2, 3, 7)),
                 RANDOM(SHAPE(2, 3, 7)));
  /* scale and bias that broadcast otherwise */
  gradient_check(ctx, "LayerNormalization", "axis=1", FAST, RANDOM(SHAPE(2, 3, 7)), RANDOM(SHAPE(3, 1)),
                 RANDOM(SHAPE(7)));
  gradient_check(ctx, "LayerNormalization", "axis=-1", FAST, RANDOM(SHAPE(2, 3, 7)), RANDOM(SHAPE(2, 1, 7)),
                 RANDOM(SCALAR));
  gradient_check(ctx, "LayerNormalization", "", FAST, RANDOM(SHAPE(0, 5)), RANDOM(SHAPE(5)),
                 RANDOM(SHAPE(5)));
  gradient_check_large(ctx, "LayerNormalization", "", FAST, RANDOM(SHAPE(1, 50, 384)), RANDOM(SHAPE(384)),
                       RANDOM(SHAPE(384)));
}

static void layer_normalization_with_its_statistics(void **state)
{
  vt_ctx *ctx = *state;
  /* statistics stored as f64, so that differences see them */
  gradient_check_outputs(ctx, "LayerNormalization", "stash_type=11", 3, FAST, RANDOM(SHAPE(4, 6)),
                         RANDOM(SHAPE(6)), RANDOM(SHAPE(6)));
  gradient_check_outputs(ctx, "LayerNormalization", "stash_type=11;axis=1", 3, FAST, RANDOM(SHAPE(2, 3, 5)),
                         RANDOM(SHAPE(5)), RANDOM(SHAPE(3, 1)));
}

static void rms_normalization(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "RMSNormalization", "", FAST, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(5)));
  gradient_check(ctx, "RMSNormalization", "axis=1", FAST, RANDOM(SHAPE(2, 3, 4)), RANDOM(SHAPE(3, 1)));
  gradient_check(ctx, "RMSNormalization", "epsilon=0.5", FAST, RANDOM(SHAPE(1, 1)), RANDOM(SHAPE(1)));
  gradient_check_large(ctx, "RMSNormalization", "", FAST, RANDOM(SHAPE(30, 200)), RANDOM(SHAPE(200)));
}

static void softmax_along_any_axis(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const names[] = {"Softmax", "LogSoftmax"};
  for (int i = 0; i < 2; i++) {
    gradient_check(ctx, names[i], "", FAST, RANDOM(SHAPE(3, 5)));
    gradient_check(ctx, names[i], "axis=0", FAST, RANDOM(SHAPE(5, 3)));
    gradient_check(ctx, names[i], "axis=-2", FAST, RANDOM(SHAPE(2, 5, 70)));
    gradient_check_large(ctx, names[i], "", FAST, RANDOM(SHAPE(2, 90, 197)));
    gradient_check_large(ctx, names[i], "axis=1", FAST, RANDOM(SHAPE(2, 21, 33, 31)));
    gradient_check(ctx, names[i], "axis=1", FAST, RANDOM(SHAPE(2, 0, 3)));
    gradient_check(ctx, names[i], "axis=-1", FAST, RANDOM(SHAPE(0, 3)));
  }
}

static void hardmax_is_constant(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Hardmax", "axis=0", FAST, RANDOM(SHAPE(4, 3)));
}

static void local_response_normalization(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "LRN", "size=3;alpha=0.5", FAST, RANDOM(SHAPE(2, 5, 3, 2)));
  gradient_check(ctx, "LRN", "size=4;alpha=0.7;beta=0.6;bias=2", FAST, RANDOM(SHAPE(1, 6, 4)));
  gradient_check(ctx, "LRN", "size=1;alpha=1;beta=1.5", FAST, RANDOM(SHAPE(3, 2)));
  gradient_check(ctx, "LRN", "size=9;alpha=1", FAST, RANDOM(SHAPE(2, 3, 2, 2)));
  gradient_check(ctx, "LRN", "size=5", FAST, RANDOM(SHAPE(0, 3, 2)));
  gradient_check(ctx, "LRN", "size=5;alpha=0.3", FAST, RANDOM(SHAPE(2, 24, 27, 27)));
}

static void lp_normalization(void **state)
{
  vt_ctx *ctx = *state;
  gradient_run run;
  gradient_check(ctx, "LpNormalization", "", FAST, RANDOM(SHAPE(3, 5)));
  gradient_check(ctx, "LpNormalization", "p=1", FAST, RANDOM(SHAPE(3, 5)));
  gradient_check(ctx, "LpNormalization", "axis=-2", FAST, RANDOM(SHAPE(2, 4, 3)));
  gradient_check(ctx, "LpNormalization", "axis=0;p=1", FAST, RANDOM(SHAPE(4, 3)));
  gradient_check(ctx, "LpNormalization", "axis=1", FAST, RANDOM(SHAPE(2, 0, 3)));
  gradient_check_large(ctx, "LpNormalization", "axis=1", FAST, RANDOM(SHAPE(2, 64, 23, 29)));
  gradient_forward_backward(ctx, "LpNormalization", "", 1, OP_LIST(op_f64(ctx, SHAPE(1, 3), 0)), __LINE__,
                            &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(1, 3), 0, 0);
}

static void mean_variance_normalization(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MeanVarianceNormalization", "", FAST, RANDOM(SHAPE(2, 3, 4, 5)));
  gradient_check(ctx, "MeanVarianceNormalization", "axes=-1", FAST, RANDOM(SHAPE(3, 5)));
  gradient_check(ctx, "MeanVarianceNormalization", "axes=0,1", FAST, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "MeanVarianceNormalization", "axes=0", FAST, RANDOM(SHAPE(0, 4)));
  gradient_check_large(ctx, "MeanVarianceNormalization", "", FAST, RANDOM(SHAPE(2, 8, 19, 23)));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(batch_normalization_with_given_statistics),
      op_test(batch_normalization_in_training),
      op_test(instance_and_group_normalization),
      op_test(layer_normalization),
      op_test(layer_normalization_with_its_statistics),
      op_test(rms_normalization),
      op_test(softmax_along_any_axis),
      op_test(hardmax_is_constant),
      op_test(local_response_normalization),
      op_test(lp_normalization),
      op_test(mean_variance_normalization),
  };
  return cmocka_run_group_tests_name("ops/gradient_norm", tests, NULL, NULL);
}
