/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators of the domain vt: values by hand, odd sizes, nothing at all, wrong inputs.
 */
#include "kernel_case.h"

static vt_tensor *uniform(vt_ctx *ctx, vt_type type, op_shape shape, uint64_t seed)
{
  return op_uniform(ctx, type, shape, -2, 2, seed);
}

static void values_pass(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *hard = op_f32(ctx, SHAPE(2, 2), 0, 1, 1, 0),
            *soft = op_f32(ctx, SHAPE(2, 2), 0.3, 0.6, 0.9, 0.1);
  op_expect(op_run(ctx, "vt.StraightThrough", "", hard, soft), VT_F32, SHAPE(2, 2), 0, 0, 1, 1, 0);
  op_expect(op_run(ctx, "vt.StopGradient", "", soft), VT_F32, SHAPE(2, 2), 1e-7, 0.3, 0.6, 0.9, 0.1);
  op_expect(op_run(ctx, "vt.StopGradient", "", op_i64(ctx, SHAPE(2), 3, -4)), VT_I64, SHAPE(2), 0, 3, -4);
  op_expect(op_run(ctx, "vt.GradientScale", "scale=-1", soft), VT_F32, SHAPE(2, 2), 1e-7, 0.3, 0.6, 0.9, 0.1);
  op_expect(op_run(ctx, "vt.StraightThrough", "", op_f64(ctx, SHAPE(0, 3), NO_VALUES),
                   op_f64(ctx, SHAPE(0, 3), NO_VALUES)),
            VT_F64, SHAPE(0, 3), 0, NO_VALUES);
  assert_fails(ctx, op_try(ctx, "vt.StraightThrough", "", hard, op_f32(ctx, SHAPE(2, 1), 0)),
               VT_ERROR_INVALID_MODEL, "one shape");
  assert_fails(ctx, op_try(ctx, "vt.StraightThrough", "", hard, op_f64(ctx, SHAPE(2, 2), 0)),
               VT_ERROR_INVALID_MODEL, "element type");
}

static void our_own_domain_is_not_onnx(void **state)
{
  VT_UNUSED(state);
  assert_null(vt_op_find("", "JumpReLU"));
  assert_null(vt_op_find("ai.onnx", "StopGradient"));
  assert_null(vt_op_find("vt", "Relu"));
  assert_non_null(vt_op_find("vt", "JumpReLU"));
}

static void thresholds_cut(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(2, 3), -1, 0.5, 2, 0.25, 0.75, 1), *by = op_f64(ctx, SHAPE(3), 0, 0.5, 1);
  op_expect(op_run(ctx, "vt.JumpReLU", "", x, by), VT_F64, SHAPE(2, 3), 0, 0, 0, 2, 0.25, 0.75, 0);
  op_expect(op_run(ctx, "vt.Step", "", x, by), VT_F64, SHAPE(2, 3), 0, 0, 0, 1, 1, 1, 0);
  op_expect(op_run(ctx, "vt.Step", "", op_f32(ctx, SHAPE(2), NAN, INFINITY), op_f32(ctx, SCALAR, 0)), VT_F32,
            SHAPE(2), 0, 0, 1);
  op_expect(op_run(ctx, "vt.JumpReLU", "", op_tensor(ctx, VT_BF16, SHAPE(2), 2, -1),
                   op_tensor(ctx, VT_BF16, SHAPE(1), 1)),
            VT_BF16, SHAPE(2), 0, 2, 0);
  assert_fails(ctx, op_try(ctx, "vt.JumpReLU", "", by, x), VT_ERROR_INVALID_MODEL, "larger than x");
  assert_fails(ctx, op_try(ctx, "vt.Step", "", x, op_f64(ctx, SHAPE(2), 0)), VT_ERROR_INVALID_ARGUMENT,
               "broadcast");
  assert_fails(ctx, op_try(ctx, "vt.Step", "bandwidth=0", x, by), VT_ERROR_INVALID_ARGUMENT, "bandwidth");
}

/* By another implementation (SciPy); log 24, −γ and the like among them. */
static void gamma_functions_have_their_values(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(13), 1e-3, 0.3, 0.5, 1, 1.5, 2, 3.7, 8, 25, 1e6, -0.5, -1.5, -3.3);
  op_expect(op_run(ctx, "vt.Lgamma", "", x), VT_F64, SHAPE(13), 4e-15, 6.907178885383853, 1.0957979948180756,
            0.5723649429247, 0, -0.12078223763524526, 0, 1.428072326665388, 8.525161361065415,
            54.78472939811232, 12815504.569147611, 1.2655121234846454, 0.860047015376481,
            -0.8243558050174267);
  op_expect(op_run(ctx, "vt.Digamma", "", x), VT_F64, SHAPE(13), 4e-15, -1000.5755719318103,
            -3.502524222200133, -1.9635100260214235, -0.5772156649015329, 0.03648997397857652,
            0.42278433509846713, 1.1671535393615113, 2.0156414779556098, 3.198742512851974, 13.81551005796419,
            0.03648997397857651, 0.7031566406452434, 3.6203534605921264);
  op_expect(op_run(ctx, "vt.Lgamma", "", op_f32(ctx, SHAPE(4), 5, 0, -2, INFINITY)), VT_F32, SHAPE(4), 1e-7,
            3.1780538303479458, INFINITY, INFINITY, INFINITY);
  op_expect(op_run(ctx, "vt.Digamma", "", op_f32(ctx, SHAPE(5), 1, 0, -2, INFINITY, NAN)), VT_F32, SHAPE(5),
            1e-7, -0.5772156649015329, -INFINITY, NAN, INFINITY, NAN);
}

static void bins_are_uneven(void **state)
{
  vt_ctx *ctx = *state;
  /* 5 places into 3 bins: 0–1, 1–3, 3–4 */
  op_expect(
      op_run(ctx, "vt.AdaptiveAveragePool", "output_size=3", op_f32(ctx, SHAPE(1, 1, 5), 1, 3, 5, 7, 11)),
      VT_F32, SHAPE(1, 1, 3), 1e-7, 2, 5, 9);
  /* more bins than places: 0, 0–1, 1 */
  op_expect(op_run(ctx, "vt.AdaptiveAveragePool", "output_size=3", op_f64(ctx, SHAPE(1, 1, 2), 1, 4)), VT_F64,
            SHAPE(1, 1, 3), 1e-15, 1, 2.5, 4);
  op_expect(op_run(ctx, "vt.AdaptiveAveragePool", "output_size=2,1",
                   op_f32(ctx, SHAPE(1, 2, 3, 2), 1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60)),
            VT_F32, SHAPE(1, 2, 2, 1), 1e-7, 2.5, 4.5, 25, 45);
  op_expect(op_run(ctx, "vt.AdaptiveAveragePool", "output_size=1,1,1",
                   op_f32(ctx, SHAPE(1, 1, 2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8)),
            VT_F32, SHAPE(1, 1, 1, 1, 1), 1e-7, 4.5);
  op_expect(op_run(ctx, "vt.AdaptiveAveragePool", "output_size=2", op_f32(ctx, SHAPE(0, 3, 5), NO_VALUES)),
            VT_F32, SHAPE(0, 3, 2), 0, NO_VALUES);
  kernel_agrees(ctx, "vt.AdaptiveAveragePool", "output_size=5,7", 1, 1e-7,
                uniform(ctx, VT_F32, SHAPE(3, 5, 13, 11), 1));
  assert_fails(
      ctx, op_try(ctx, "vt.AdaptiveAveragePool", "output_size=2", uniform(ctx, VT_F32, SHAPE(2, 3, 4, 4), 1)),
      VT_ERROR_INVALID_MODEL, "number for each");
  assert_fails(ctx, op_try(ctx, "vt.AdaptiveAveragePool", "", uniform(ctx, VT_F32, SHAPE(2, 3, 4), 1)),
               VT_ERROR_INVALID_MODEL, "number for each");
  assert_fails(ctx,
               op_try(ctx, "vt.AdaptiveAveragePool", "output_size=2", op_f32(ctx, SHAPE(1, 1, 0), NO_VALUES)),
               VT_ERROR_INVALID_MODEL, "shared into 2");
}

static void segments_are_brought_together(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(4, 2), 1, -2, 3, -4, 5, -6, 7, -8),
            *labels = op_i64(ctx, SHAPE(4), 2, 0, -1, 2);
  op_expect(op_run(ctx, "vt.SegmentReduce", "count=3", x, labels), VT_F32, SHAPE(3, 2), 0, 3, -4, 0, 0, 8,
            -10);
  op_expect(op_run(ctx, "vt.SegmentReduce", "count=3;mode=mean", x, labels), VT_F32, SHAPE(3, 2), 0, 3, -4, 0,
            0, 4, -5);
  op_expect(op_run(ctx, "vt.SegmentReduce", "count=3;mode=max", x, labels), VT_F32, SHAPE(3, 2), 0, 3, -4, 0,
            0, 7, -2);
  /* a label for each element of a batch */
  op_expect(op_run(ctx, "vt.SegmentReduce", "count=2", op_f64(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
                   op_i32(ctx, SHAPE(2, 3), 0, 1, 0, 1, 1, 1)),
            VT_F64, SHAPE(2, 2), 0, 4, 2, 0, 15);
  op_expect(op_run(ctx, "vt.SegmentReduce", "count=1;mode=max", op_f32(ctx, SHAPE(3), 1, NAN, 2),
                   op_i64(ctx, SHAPE(3), 0)),
            VT_F32, SHAPE(1), 0, NAN);
  op_expect(op_run(ctx, "vt.SegmentReduce", "count=2;mode=mean", op_f32(ctx, SHAPE(0, 2), NO_VALUES),
                   op_i64(ctx, SHAPE(0), NO_VALUES)),
            VT_F32, SHAPE(2, 2), 0, 0);
  vt_tensor *many = uniform(ctx, VT_F32, SHAPE(2, 300, 70), 3),
            *of = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){2, 300});
  for (int64_t i = 0; i < 600; i++)
    ((int64_t *)of->data)[i] = kernel_random(5, (uint64_t)i, -1, 19);
  kernel_agrees(ctx, "vt.SegmentReduce", "count=20;mode=mean", 1, 1e-7, many, of);
  kernel_agrees(ctx, "vt.SegmentReduce", "count=20;mode=max", 1, 0, many, of);
  assert_fails(ctx, op_try(ctx, "vt.SegmentReduce", "count=2", x, labels), VT_ERROR_INVALID_ARGUMENT,
               "label 2 at place 0");
  assert_fails(ctx, op_try(ctx, "vt.SegmentReduce", "count=4", x, op_i64(ctx, SHAPE(4), 0, -2, 0, 0)),
               VT_ERROR_INVALID_ARGUMENT, "label -2");
  assert_fails(ctx, op_try(ctx, "vt.SegmentReduce", "count=4", x, op_i64(ctx, SHAPE(3), 0)),
               VT_ERROR_INVALID_MODEL, "do not fit");
  assert_fails(ctx,
               op_try(ctx, "vt.SegmentReduce", "count=2147483647",
                      uniform(ctx, VT_F32, SHAPE(0, 1 << 30, 64), 1), op_i64(ctx, SHAPE(0), NO_VALUES)),
               VT_ERROR_OUT_OF_MEMORY, "");
}

static void distances_are_exact_where_rows_are_equal(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 2), 1, 2, 1000.5, -3, 0, 0),
            *c = op_f32(ctx, SHAPE(2, 2), 1000.5, -3, 1, 0);
  op_expect(op_run(ctx, "vt.SquaredDistance", "", x, c), VT_F32, SHAPE(3, 2), 1e-7, 999025.25, 4, 0,
            999009.25, 1001009.25, 1);
  op_expect(op_run(ctx, "vt.SquaredDistance", "", op_f64(ctx, SHAPE(2), 3, 4), op_f64(ctx, SHAPE(1, 2), 0)),
            VT_F64, SHAPE(1), 0, 25);
  op_expect(op_run(ctx, "vt.SquaredDistance", "", op_f32(ctx, SHAPE(2, 0), NO_VALUES),
                   op_f32(ctx, SHAPE(1, 0), NO_VALUES)),
            VT_F32, SHAPE(2, 1), 0, 0);
  op_expect(
      op_run(ctx, "vt.SquaredDistance", "", op_f32(ctx, SHAPE(2, 3), 1), op_f32(ctx, SHAPE(0, 3), NO_VALUES)),
      VT_F32, SHAPE(2, 0), 0, NO_VALUES);
  for (int64_t count = 1; count < 40; count += 6)
    kernel_agrees(ctx, "vt.SquaredDistance", "", 1, kernel_tolerance(65),
                  uniform(ctx, VT_F32, SHAPE(3, 7, 65), 1), uniform(ctx, VT_F32, SHAPE(count, 65), 2));
  assert_fails(ctx, op_try(ctx, "vt.SquaredDistance", "", x, op_f32(ctx, SHAPE(2, 3), 0)),
               VT_ERROR_INVALID_MODEL, "do not fit");
  assert_fails(ctx, op_try(ctx, "vt.SquaredDistance", "", op_f32(ctx, SCALAR, 0), c), VT_ERROR_INVALID_MODEL,
               "do not fit");
}

/* With one state, A = log ½ and Δ = B = C = 1 the state is half the last one and the input. */
static void scan_follows_its_recurrence(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *u = op_f64(ctx, SHAPE(1, 4, 1), 1, 2, 0, 4), *ones = op_f64(ctx, SHAPE(1, 4, 1), 1);
  vt_tensor *a = op_f64(ctx, SHAPE(1, 1), -0.69314718055994530942);
  op_expect(op_run(ctx, "vt.SelectiveScan", "", u, ones, a, ones, ones), VT_F64, SHAPE(1, 4, 1), 1e-15, 1,
            2.5, 1.25, 4.625);
  op_expect(op_run(ctx, "vt.SelectiveScan", "", u, ones, a, ones, ones, op_f64(ctx, SHAPE(1), 10)), VT_F64,
            SHAPE(1, 4, 1), 1e-15, 11, 22.5, 1.25, 44.625);
  /* Δ also scales what comes in; B and C are by step */
  op_expect(op_run(ctx, "vt.SelectiveScan", "", op_f64(ctx, SHAPE(1, 2, 1), 1, 1),
                   op_f64(ctx, SHAPE(1, 2, 1), 1, 2), a, op_f64(ctx, SHAPE(1, 2, 1), 3, 5),
                   op_f64(ctx, SHAPE(1, 2, 1), 7, 11)),
            VT_F64, SHAPE(1, 2, 1), 1e-15, 21, 118.25);
  op_expect(op_run(ctx, "vt.SelectiveScan", "", op_f32(ctx, SHAPE(1, 0, 2), NO_VALUES),
                   op_f32(ctx, SHAPE(1, 0, 2), NO_VALUES), op_f32(ctx, SHAPE(2, 3), 0),
                   op_f32(ctx, SHAPE(1, 0, 3), NO_VALUES), op_f32(ctx, SHAPE(1, 0, 3), NO_VALUES)),
            VT_F32, SHAPE(1, 0, 2), 0, NO_VALUES);
  op_expect(op_run(ctx, "vt.SelectiveScan", "", op_f32(ctx, SHAPE(1, 1, 2), 3, 4),
                   op_f32(ctx, SHAPE(1, 1, 2), 1), op_f32(ctx, SHAPE(2, 0), NO_VALUES),
                   op_f32(ctx, SHAPE(1, 1, 0), NO_VALUES), op_f32(ctx, SHAPE(1, 1, 0), NO_VALUES)),
            VT_F32, SHAPE(1, 1, 2), 0, 0);
}

static void scan_refuses_what_does_not_fit(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *u = uniform(ctx, VT_F32, SHAPE(2, 5, 3), 1), *a = uniform(ctx, VT_F32, SHAPE(3, 4), 2),
            *b = uniform(ctx, VT_F32, SHAPE(2, 5, 4), 3);
  kernel_agrees(ctx, "vt.SelectiveScan", "", 1, 1e-6, u, u, a, b, b, uniform(ctx, VT_F32, SHAPE(3), 4));
  assert_fails(ctx, op_try(ctx, "vt.SelectiveScan", "", u, u, b, b, b), VT_ERROR_INVALID_MODEL, "A is");
  assert_fails(ctx, op_try(ctx, "vt.SelectiveScan", "", a, u, a, b, b), VT_ERROR_INVALID_MODEL, "u is");
  assert_fails(ctx, op_try(ctx, "vt.SelectiveScan", "", u, b, a, b, b), VT_ERROR_INVALID_MODEL, "delta is");
  assert_fails(ctx, op_try(ctx, "vt.SelectiveScan", "", u, u, a, u, b), VT_ERROR_INVALID_MODEL, "B is");
  assert_fails(ctx, op_try(ctx, "vt.SelectiveScan", "", u, u, a, b, u), VT_ERROR_INVALID_MODEL, "C is");
  assert_fails(ctx, op_try(ctx, "vt.SelectiveScan", "", u, u, a, b, b, u), VT_ERROR_INVALID_MODEL, "D is");
  assert_fails(ctx,
               op_try(ctx, "vt.SelectiveScan", "", u, u, uniform(ctx, VT_F32, SHAPE(3, 65), 2),
                      uniform(ctx, VT_F32, SHAPE(2, 5, 65), 2), uniform(ctx, VT_F32, SHAPE(2, 5, 65), 2)),
               VT_ERROR_UNSUPPORTED, "at most 64");
}

static void cross_entropy_is_the_mean_surprise(void **state)
{
  vt_ctx *ctx = *state;
  const double three = log(1 + exp(1.0) + exp(2.0)), flat = log(3.0);
  vt_tensor *x = op_f64(ctx, SHAPE(3, 3), 0, 1, 2, 5, 5, 5, 9, 0, 0), *of = op_i64(ctx, SHAPE(3), 1, 0, -1),
            *w = op_f64(ctx, SHAPE(3), 2, 3, 4);
  op_expect(op_run(ctx, "vt.CrossEntropy", "", x, of), VT_F64, SCALAR, 1e-15, (three - 1 + flat) / 2);
  op_expect(op_run(ctx, "vt.CrossEntropy", "reduction=none", x, of), VT_F64, SHAPE(3), 1e-15, three - 1, flat,
            0);
  op_expect(op_run(ctx, "vt.CrossEntropy", "reduction=sum", x, of, w), VT_F64, SCALAR, 1e-15,
            3 * (three - 1) + 2 * flat);
  op_expect(op_run(ctx, "vt.CrossEntropy", "", x, of, w), VT_F64, SCALAR, 1e-15,
            (3 * (three - 1) + 2 * flat) / 5);
  op_expect(op_run(ctx, "vt.CrossEntropy", "reduction=none;label_smoothing=0.3", x, of, w), VT_F64, SHAPE(3),
            1e-15, 0.7 * 3 * (three - 1) + 0.1 * (2 * three + 3 * (three - 1) + 4 * (three - 2)),
            0.7 * 2 * flat + 0.1 * 9 * flat, 0);
  /* nothing counts; far scores do not overflow; one row without axes */
  op_expect(op_run(ctx, "vt.CrossEntropy", "ignore_index=2", x, op_i64(ctx, SHAPE(3), 2)), VT_F64, SCALAR, 0,
            0);
  op_expect(op_run(ctx, "vt.CrossEntropy", "", op_f32(ctx, SHAPE(2), 1000, -1000), op_i64(ctx, SCALAR, 1)),
            VT_F32, SCALAR, 1e-7, 2000);
  op_expect(op_run(ctx, "vt.CrossEntropy", "", op_f32(ctx, SHAPE(2), -INFINITY, 3), op_i64(ctx, SCALAR, 1)),
            VT_F32, SCALAR, 1e-7, 0);
  op_expect(op_run(ctx, "vt.CrossEntropy", "reduction=none", op_f32(ctx, SHAPE(0, 3), NO_VALUES),
                   op_i64(ctx, SHAPE(0), NO_VALUES)),
            VT_F32, SHAPE(0), 0, NO_VALUES);
  assert_fails(ctx, op_try(ctx, "vt.CrossEntropy", "", x, op_i64(ctx, SHAPE(3), 0, 3, 0)),
               VT_ERROR_INVALID_ARGUMENT, "target 3 of row 1");
  assert_fails(ctx, op_try(ctx, "vt.CrossEntropy", "", x, op_i64(ctx, SHAPE(3), 0, 0, -2)),
               VT_ERROR_INVALID_ARGUMENT, "target -2");
  assert_fails(ctx, op_try(ctx, "vt.CrossEntropy", "", x, op_i64(ctx, SHAPE(2), 0)), VT_ERROR_INVALID_MODEL,
               "do not fit");
  assert_fails(ctx, op_try(ctx, "vt.CrossEntropy", "", x, of, op_f64(ctx, SHAPE(2), 1)),
               VT_ERROR_INVALID_MODEL, "do not fit");
  assert_fails(ctx, op_try(ctx, "vt.CrossEntropy", "label_smoothing=1.5", x, of), VT_ERROR_INVALID_ARGUMENT,
               "label_smoothing");
  /* as ONNX's own row where both can */
  vt_tensor *many = uniform(ctx, VT_F32, SHAPE(37, 51), 7),
            *targets = vt_tensor_new(ctx, VT_I64, 1, (int64_t[]){37});
  for (int64_t i = 0; i < 37; i++)
    ((int64_t *)targets->data)[i] = kernel_random(3, (uint64_t)i, 0, 50);
  vt_tensor *ours = op_run(ctx, "vt.CrossEntropy", "", many, targets),
            *onnx = op_run(ctx, "SoftmaxCrossEntropyLoss", "", many, targets);
  assert_true(fabs(vt_get_f64(ours, 0) - vt_get_f64(onnx, 0)) < 1e-6);
  kernel_agrees(ctx, "vt.CrossEntropy", "label_smoothing=0.1;reduction=none", 1, 1e-6, many, targets);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(values_pass),
      op_test(our_own_domain_is_not_onnx),
      op_test(thresholds_cut),
      op_test(gamma_functions_have_their_values),
      op_test(bins_are_uneven),
      op_test(segments_are_brought_together),
      op_test(distances_are_exact_where_rows_are_equal),
      op_test(scan_follows_its_recurrence),
      op_test(scan_refuses_what_does_not_fit),
      op_test(cross_entropy_is_the_mean_surprise),
  };
  return cmocka_run_group_tests_name("ops/vt", tests, NULL, NULL);
}
