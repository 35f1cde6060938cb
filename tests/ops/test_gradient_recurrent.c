/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients through time, of X, W, R, B, both initial states and the peepholes, in every direction and
 * layout.
 */
#include "gradient_case.h"

#define ADDED 2e-5

/* Inputs of `gates` gates for T = 4 steps of 3 items, 2 inputs, 2 hidden. */
#define SEQUENCE             RANDOM(SHAPE(4, 3, 2))
#define TURNED_SEQUENCE      RANDOM(SHAPE(3, 4, 2))
#define W(directions, gates) BETWEEN(-1, 1, SHAPE(directions, 2 * (gates), 2))
#define B(directions, gates) BETWEEN(-1, 1, SHAPE(directions, 4 * (gates)))
#define STATE(directions)    BETWEEN(-1, 1, SHAPE(directions, 3, 2))
#define TURNED(directions)   BETWEEN(-1, 1, SHAPE(3, directions, 2))
#define P(directions)        BETWEEN(-1, 1, SHAPE(directions, 6))
#define LENGTHS              op_i32(ctx, SHAPE(3), 2, 4, 0)

static void rnn_goes_back(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "RNN", "", ADDED, SEQUENCE, W(1, 1), W(1, 1));
  gradient_check_outputs(ctx, "RNN", "hidden_size=2", 2, ADDED, SEQUENCE, W(1, 1), W(1, 1), B(1, 1), NULL,
                         STATE(1));
  gradient_check_outputs(ctx, "RNN", "direction=bidirectional;activations=Sigmoid;activations=Tanh", 2, ADDED,
                         SEQUENCE, W(2, 1), W(2, 1), B(2, 1), LENGTHS, STATE(2));
  gradient_check_outputs(ctx, "RNN", "direction=reverse;layout=1", 2, ADDED, TURNED_SEQUENCE, W(1, 1),
                         W(1, 1), B(1, 1), LENGTHS, TURNED(1));
  /* all above 0, so that no kink is near */
  gradient_check(ctx, "RNN", "activations=Relu", ADDED, BETWEEN(0.1, 1, SHAPE(3, 2, 2)),
                 BETWEEN(0.1, 1, SHAPE(1, 2, 2)), BETWEEN(0.1, 1, SHAPE(1, 2, 2)));
}

static void gru_goes_back(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const forms[] = {"linear_before_reset=0", "linear_before_reset=1"};
  for (size_t i = 0; i < VT_COUNT(forms); i++) {
    char settings[120];
    gradient_check(ctx, "GRU", forms[i], ADDED, SEQUENCE, W(1, 3), W(1, 3));
    gradient_check_outputs(ctx, "GRU", forms[i], 2, ADDED, SEQUENCE, W(1, 3), W(1, 3), B(1, 3), NULL,
                           STATE(1));
    snprintf(settings, sizeof settings, "%s;direction=bidirectional", forms[i]);
    gradient_check_outputs(ctx, "GRU", settings, 2, ADDED, SEQUENCE, W(2, 3), W(2, 3), B(2, 3), LENGTHS,
                           STATE(2));
    snprintf(settings, sizeof settings, "%s;direction=reverse;layout=1", forms[i]);
    gradient_check_outputs(ctx, "GRU", settings, 2, ADDED, TURNED_SEQUENCE, W(1, 3), W(1, 3), B(1, 3),
                           LENGTHS, TURNED(1));
  }
}

static void lstm_goes_back(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "LSTM", "", ADDED, SEQUENCE, W(1, 4), W(1, 4));
  gradient_check_outputs(ctx, "LSTM", "", 3, ADDED, SEQUENCE, W(1, 4), W(1, 4), B(1, 4), NULL, STATE(1),
                         STATE(1), P(1));
  gradient_check_outputs(ctx, "LSTM", "direction=bidirectional", 3, ADDED, SEQUENCE, W(2, 4), W(2, 4),
                         B(2, 4), LENGTHS, STATE(2), STATE(2), P(2));
  gradient_check_outputs(ctx, "LSTM", "direction=reverse;layout=1", 3, ADDED, TURNED_SEQUENCE, W(1, 4),
                         W(1, 4), B(1, 4), LENGTHS, TURNED(1), TURNED(1));
  gradient_check_outputs(ctx, "LSTM", "activations=Tanh;activations=Sigmoid;activations=Sigmoid", 3, ADDED,
                         SEQUENCE, W(1, 4), W(1, 4), B(1, 4), NULL, NULL, STATE(1));
}

static void nothing_goes_back_where_nothing_is(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check_outputs(ctx, "LSTM", "", 3, ADDED, RANDOM(SHAPE(0, 3, 2)), W(1, 4), W(1, 4), B(1, 4), NULL,
                         STATE(1), STATE(1));
  gradient_check_outputs(ctx, "GRU", "", 2, ADDED, RANDOM(SHAPE(4, 0, 2)), W(1, 3), W(1, 3), B(1, 3));
  gradient_check_outputs(ctx, "RNN", "", 2, ADDED, RANDOM(SHAPE(4, 3, 0)), BETWEEN(-1, 1, SHAPE(1, 2, 0)),
                         W(1, 1), B(1, 1));
}

/* Sizes at which products run on two threads, and sums over steps in pieces. */
static void long_sequences_go_back(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check_large(ctx, "LSTM", "direction=bidirectional", ADDED, RANDOM(SHAPE(40, 32, 19)),
                       BETWEEN(-0.3, 0.3, SHAPE(2, 4 * 33, 19)), BETWEEN(-0.3, 0.3, SHAPE(2, 4 * 33, 33)),
                       RANDOM(SHAPE(2, 8 * 33)));
  gradient_check_large(ctx, "GRU", "", ADDED, RANDOM(SHAPE(40, 32, 19)),
                       BETWEEN(-0.3, 0.3, SHAPE(1, 3 * 33, 19)), BETWEEN(-0.3, 0.3, SHAPE(1, 3 * 33, 33)),
                       RANDOM(SHAPE(1, 6 * 33)));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(rnn_goes_back),          op_test(gru_goes_back),
      op_test(lstm_goes_back),         op_test(nothing_goes_back_where_nothing_is),
      op_test(long_sequences_go_back),
  };
  return cmocka_run_group_tests_name("ops/gradient_recurrent", tests, NULL, NULL);
}
