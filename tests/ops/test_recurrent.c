/* SPDX-License-Identifier: Apache-2.0
 *
 * RNN, GRU, LSTM: steps by hand, directions, lengths, layouts, what is refused. The conformance cases of ONNX
 * have more values (tests/graph/conformance.c).
 */
#include "kernel_case.h"

static vt_tensor *uniform(vt_ctx *ctx, op_shape shape, uint64_t seed)
{
  return op_uniform(ctx, VT_F32, shape, -1, 1, seed);
}

static double sigmoid(double x)
{
  return 1 / (1 + exp(-x));
}

/* One input, one state, Relu: running sums with a factor. */
static void rnn_adds_up(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 1, 1), 1, 2, 3), *w = op_f32(ctx, SHAPE(1, 1, 1), 1),
            *r = op_f32(ctx, SHAPE(1, 1, 1), 2), *bias = op_f32(ctx, SHAPE(1, 2), 10, 100), *out[2];
  op_run_all(ctx, "RNN", "activations=Relu", out, 2, x, w, r);
  op_expect(out[0], VT_F32, SHAPE(3, 1, 1, 1), 0, 1, 4, 11);
  op_expect(out[1], VT_F32, SHAPE(1, 1, 1), 0, 11);
  op_run_all(ctx, "RNN", "activations=Relu", out, 2, x, w, r, bias, NULL, op_f32(ctx, SHAPE(1, 1, 1), 1000));
  op_expect(out[0], VT_F32, SHAPE(3, 1, 1, 1), 0, 2111, 4334, 8781);
  op_run_all(ctx, "RNN", "activations=Relu;direction=reverse", out, 2, x, w, r);
  op_expect(out[0], VT_F32, SHAPE(3, 1, 1, 1), 0, 17, 8, 3);
  op_expect(out[1], VT_F32, SHAPE(1, 1, 1), 0, 17);
}

static void sequences_end_by_their_lengths(void **state)
{
  vt_ctx *ctx = *state;
  /* two items, of 2 and 0 steps; what lies behind must not matter */
  vt_tensor *x = op_f32(ctx, SHAPE(3, 2, 1), 1, NAN, 2, NAN, NAN, NAN), *w = op_f32(ctx, SHAPE(2, 1, 1), 1),
            *r = op_f32(ctx, SHAPE(2, 1, 1), 2), *h = op_f32(ctx, SHAPE(2, 2, 1), 0, 7, 0, 8), *out[2],
            *lengths = op_i32(ctx, SHAPE(2), 2, 0);
  op_run_all(ctx, "RNN", "activations=Relu;activations=Relu;direction=bidirectional", out, 2, x, w, r, NULL,
             lengths, h);
  op_expect(out[0], VT_F32, SHAPE(3, 2, 2, 1), 0, 1, 0, 5, 0, 4, 0, 2, 0, 0, 0, 0, 0);
  op_expect(out[1], VT_F32, SHAPE(2, 2, 1), 0, 4, 7, 5, 8);
  /* items first */
  vt_tensor *turned = op_f32(ctx, SHAPE(2, 3, 1), 1, 2, NAN, NAN, NAN, NAN);
  op_run_all(ctx, "RNN", "activations=Relu;activations=Relu;direction=bidirectional;layout=1", out, 2, turned,
             w, r, NULL, lengths, op_f32(ctx, SHAPE(2, 2, 1), 0, 0, 7, 8));
  op_expect(out[0], VT_F32, SHAPE(2, 3, 2, 1), 0, 1, 5, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0);
  op_expect(out[1], VT_F32, SHAPE(2, 2, 1), 0, 4, 5, 7, 8);
}

static void gru_has_both_forms(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(1, 1, 1), 0.5), *w = op_f64(ctx, SHAPE(1, 3, 1), 0.1, 0.2, 0.3),
            *r = op_f64(ctx, SHAPE(1, 3, 1), 0.4, 0.5, 0.6),
            *bias = op_f64(ctx, SHAPE(1, 6), 0.01, 0.02, 0.03, 0.04, 0.05, 0.06),
            *h = op_f64(ctx, SHAPE(1, 1, 1), 0.7);
  double z = sigmoid(0.05 + 0.28 + 0.05), reset = sigmoid(0.1 + 0.35 + 0.07);
  double before = tanh(0.15 + 0.6 * reset * 0.7 + 0.09), after = tanh(0.18 + reset * (0.42 + 0.06));
  op_expect(op_run(ctx, "GRU", "", x, w, r, bias, NULL, h), VT_F64, SHAPE(1, 1, 1, 1), 1e-15,
            (1 - z) * before + z * 0.7);
  op_expect(op_run(ctx, "GRU", "linear_before_reset=1", x, w, r, bias, NULL, h), VT_F64, SHAPE(1, 1, 1, 1),
            1e-15, (1 - z) * after + z * 0.7);
}

static void lstm_has_its_gates_in_order(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(1, 1, 1), 0.5), *w = op_f64(ctx, SHAPE(1, 4, 1), 0.1, 0.2, 0.3, 0.4),
            *r = op_f64(ctx, SHAPE(1, 4, 1), 0.5, 0.6, 0.7, 0.8), *h = op_f64(ctx, SHAPE(1, 1, 1), 0.7),
            *c = op_f64(ctx, SHAPE(1, 1, 1), -0.9), *p = op_f64(ctx, SHAPE(1, 3), 0.2, 0.3, 0.4), *out[3];
  double i = sigmoid(0.05 + 0.35 + 0.2 * -0.9), f = sigmoid(0.15 + 0.49 + 0.4 * -0.9), g = tanh(0.2 + 0.56);
  double next = f * -0.9 + i * g, o = sigmoid(0.1 + 0.42 + 0.3 * next);
  op_run_all(ctx, "LSTM", "", out, 3, x, w, r, NULL, NULL, h, c, p);
  op_expect(out[0], VT_F64, SHAPE(1, 1, 1, 1), 1e-15, o * tanh(next));
  op_expect(out[1], VT_F64, SHAPE(1, 1, 1), 1e-15, o * tanh(next));
  op_expect(out[2], VT_F64, SHAPE(1, 1, 1), 1e-15, next);
  /* no step: the states stay */
  op_run_all(ctx, "LSTM", "", out, 3, op_f64(ctx, SHAPE(0, 1, 1), NO_VALUES), w, r, NULL, NULL, h, c);
  op_expect(out[0], VT_F64, SHAPE(0, 1, 1, 1), 0, NO_VALUES);
  op_expect(out[1], VT_F64, SHAPE(1, 1, 1), 0, 0.7);
  op_expect(out[2], VT_F64, SHAPE(1, 1, 1), 0, -0.9);
}

static void fast_agrees_with_plain(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = uniform(ctx, SHAPE(17, 33, 21), 1),
            *lengths = vt_tensor_new(ctx, VT_I32, 1, (int64_t[]){33});
  for (int64_t i = 0; i < 33; i++)
    ((int32_t *)lengths->data)[i] = (int32_t)kernel_random(9, (uint64_t)i, 0, 17);
  kernel_agrees(ctx, "LSTM", "direction=bidirectional", 3, 5e-6, x, uniform(ctx, SHAPE(2, 76, 21), 2),
                uniform(ctx, SHAPE(2, 76, 19), 3), uniform(ctx, SHAPE(2, 152), 4), lengths);
  kernel_agrees(ctx, "GRU", "direction=bidirectional", 2, 5e-6, x, uniform(ctx, SHAPE(2, 57, 21), 2),
                uniform(ctx, SHAPE(2, 57, 19), 3), uniform(ctx, SHAPE(2, 114), 4), lengths);
  kernel_agrees(ctx, "RNN", "", 2, 5e-6, x, uniform(ctx, SHAPE(1, 19, 21), 2),
                uniform(ctx, SHAPE(1, 19, 19), 3));
}

static void halves_are_computed_in_f32(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(op_run(ctx, "RNN", "activations=Relu", op_tensor(ctx, VT_F16, SHAPE(2, 1, 1), 1, 2),
                   op_tensor(ctx, VT_F16, SHAPE(1, 1, 1), 1), op_tensor(ctx, VT_F16, SHAPE(1, 1, 1), 2)),
            VT_F16, SHAPE(2, 1, 1, 1), 0, 1, 4);
}

static void what_does_not_fit_is_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = uniform(ctx, SHAPE(4, 3, 2), 1), *w = uniform(ctx, SHAPE(1, 20, 2), 2),
            *r = uniform(ctx, SHAPE(1, 20, 5), 3), *b = uniform(ctx, SHAPE(1, 40), 4),
            *h = uniform(ctx, SHAPE(1, 3, 5), 5);
  assert_ok(ctx, op_try(ctx, "LSTM", "hidden_size=5", x, w, r, b, NULL, h, h, uniform(ctx, SHAPE(1, 15), 6)));
  assert_fails(ctx, op_try(ctx, "LSTM", "hidden_size=4", x, w, r), VT_ERROR_INVALID_MODEL, "hidden_size 4");
  assert_fails(ctx, op_try(ctx, "LSTM", "", h, w, r), VT_ERROR_INVALID_MODEL, "W is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", b, w, r), VT_ERROR_INVALID_MODEL, "X is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, b), VT_ERROR_INVALID_MODEL, "R is");
  assert_fails(ctx, op_try(ctx, "GRU", "", x, w, r), VT_ERROR_INVALID_MODEL, "W is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, r, r), VT_ERROR_INVALID_MODEL, "W is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, uniform(ctx, SHAPE(1, 20, 0), 3)), VT_ERROR_INVALID_MODEL,
               "R is");
  assert_fails(ctx, op_try(ctx, "LSTM", "direction=bidirectional", x, w, r), VT_ERROR_INVALID_MODEL, "W is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, r), VT_ERROR_INVALID_MODEL, "B is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, op_f64(ctx, SHAPE(1, 40), 0)), VT_ERROR_INVALID_MODEL,
               "B is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, b, op_i32(ctx, SHAPE(4), 0)), VT_ERROR_INVALID_MODEL,
               "sequence_lens is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, b, op_i32(ctx, SHAPE(3), 1, 5, 1)),
               VT_ERROR_INVALID_DATA, "sequence 1 has 5 steps");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, b, op_i32(ctx, SHAPE(3), 1, 2, -1)),
               VT_ERROR_INVALID_DATA, "sequence 2 has -1 steps");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, b, NULL, x), VT_ERROR_INVALID_MODEL, "initial_h is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, b, NULL, h, x), VT_ERROR_INVALID_MODEL, "initial_c is");
  assert_fails(ctx, op_try(ctx, "LSTM", "", x, w, r, b, NULL, h, h, b), VT_ERROR_INVALID_MODEL, "P is");
  assert_fails(ctx, op_try(ctx, "LSTM", "clip=3", x, w, r), VT_ERROR_UNSUPPORTED, "clip 3");
  assert_fails(ctx, op_try(ctx, "LSTM", "input_forget=1", x, w, r), VT_ERROR_UNSUPPORTED, "input_forget");
  assert_fails(ctx, op_try(ctx, "LSTM", "activations=Sigmoid", x, w, r), VT_ERROR_INVALID_MODEL,
               "3 expected");
  assert_fails(ctx, op_try(ctx, "LSTM", "activations=Sigmoid;activations=Affine;activations=Tanh", x, w, r),
               VT_ERROR_UNSUPPORTED, "'Affine'");
  assert_fails(ctx, op_try(ctx, "LSTM", "activation_alpha=0.5", x, w, r), VT_ERROR_UNSUPPORTED,
               "activation_alpha");
  assert_fails(ctx, op_try(ctx, "LSTM", "layout=2", x, w, r), VT_ERROR_INVALID_ARGUMENT, "layout");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(rnn_adds_up),
      op_test(sequences_end_by_their_lengths),
      op_test(gru_has_both_forms),
      op_test(lstm_has_its_gates_in_order),
      op_test(fast_agrees_with_plain),
      op_test(halves_are_computed_in_f32),
      op_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests_name("ops/recurrent", tests, NULL, NULL);
}
