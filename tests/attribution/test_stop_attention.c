/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients with attention patterns held fixed: what is left is along the values, in closed form.
 */
#include "attention_world.h"

static const char *const through[] = {"score=logit", "target=0", NULL};
static const char *const stopped[] = {"score=logit", "target=0", "attention_gradient=stopped", NULL};

static vt_explanation *saliency(attention_world *w, const char *const *options)
{
  vt_explanation *found;
  const vt_array_request arrays = {.output = "logits"};
  assert_ok(w->ctx, attention_try(w->ctx, &w->b.graph, &w->x, &arrays, "saliency", options, &found));
  return found;
}

/* logit = mean over tokens of (x + A_h x_h) · head, so with A fixed a token has (1 + Σ_i A_h[i, token]) ·
 * head / T. */
static void patterns_are_held_fixed(void **state)
{
  VT_UNUSED(state);
  attention_world w;
  vt_trace *trace;
  vt_tensor *pattern;
  attention_open(&w, &(attention_options){.blocks = 1, .read = -1});
  assert_ok(w.ctx, vt_trace_new(w.ctx, &w.b.graph, &trace));
  assert_ok(w.ctx, vt_trace_read(w.ctx, trace, "pattern0"));
  assert_ok(w.ctx, vt_trace_run(w.ctx, trace, &w.x));
  assert_ok(w.ctx, vt_trace_value(w.ctx, trace, "pattern0", &pattern));
  vt_explanation *fixed = saliency(&w, stopped), *whole = saliency(&w, through);
  double difference = 0;
  for (int token = 0; token < TOKENS; token++)
    for (int channel = 0; channel < WIDTH; channel++) {
      double seen = 1;
      for (int i = 0; i < TOKENS; i++)
        seen += vt_get_f64(pattern, ((channel / EACH) * TOKENS + i) * TOKENS + token);
      double expected = seen * w.head[channel][0] / TOKENS;
      assert_near((double)fixed->attribution[token * WIDTH + channel], expected, 1e-6);
      difference += fabs((double)(fixed->attribution[token * WIDTH + channel] -
                                  whole->attribution[token * WIDTH + channel]));
    }
  assert_true(difference > 0.01); /* the patterns do depend on the tokens */
  vt_explanation_free(fixed);
  vt_explanation_free(whole);
  vt_trace_free(trace);
  attention_close(&w);
}

static void a_model_without_attention_says_so(void **state)
{
  VT_UNUSED(state);
  builder b;
  vt_ctx *ctx = vt_ctx_new();
  vt_explanation *found;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 2, DIMS(1, 4));
  builder_node(&b, "Relu", "x", "logits", NULL);
  builder_output(&b, "logits");
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 2, DIMS(1, 4));
  memset(x->data, 0, vt_bytes(x));
  const vt_array_request arrays = {.output = "logits"};
  assert_fails(ctx, attention_try(ctx, &b.graph, &x, &arrays, "saliency", stopped, &found),
               VT_ERROR_INVALID_ARGUMENT, "no attention blocks");
  builder_free(&b);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_are_held_fixed),
      cmocka_unit_test(a_model_without_attention_says_so),
  };
  return cmocka_run_group_tests_name("attribution/stop_attention", tests, NULL, NULL);
}
