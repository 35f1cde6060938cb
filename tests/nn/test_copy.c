/* SPDX-License-Identifier: Apache-2.0
 *
 * A small GPT learns to repeat: "a b c d ; a b c d". Steps are Adam's, written out here.
 */
#include "model_case.h"
#include "nn/generate.h"
#include "nn/loss.h"

enum { LETTERS = 8, SPAN = 4, LENGTH = 2 * SPAN + 1, BATCH = 32, STEPS = 300 };

static const vt_gpt_settings gpt = {
    .vocabulary = LETTERS + 1, .width = 32, .layers = 2, .limit = LENGTH, .block = {.heads = 4}};

/* Random letters, the sign LETTERS, the letters again. */
static vt_tensor *copies(vt_ctx *ctx, uint64_t salt, int64_t batch)
{
  vt_tensor *ids = random_ids(ctx, salt, batch, LENGTH, 0, LETTERS);
  for (int64_t b = 0; b < batch; b++) {
    int64_t *row = (int64_t *)ids->data + b * LENGTH;
    row[SPAN] = LETTERS;
    memcpy(row + SPAN + 1, row, SPAN * sizeof *row);
  }
  return ids;
}

static void adam(vt_parameters *parameters, int step, double *moments)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    float *value = parameter->value->data, *gradient = parameter->gradient->data;
    for (int64_t k = 0; k < vt_count(parameter->value); k++, moments += 2) {
      moments[0] += .1 * (gradient[k] - moments[0]);
      moments[1] += .02 * (gradient[k] * gradient[k] - moments[1]);
      double mean = moments[0] / (1 - pow(.9, step)), square = moments[1] / (1 - pow(.98, step));
      value[k] -= (float)(3e-3 * mean / (sqrt(square) + 1e-8));
    }
  }
  vt_parameters_drop_gradients(parameters);
}

static double train(vt_ctx *ctx, vt_parameters *parameters)
{
  vt_tape *tape;
  vt_run run = {.ctx = ctx, .parameters = parameters, .training = true};
  double *moments = NULL, last = 0;
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  for (int step = 1; step <= STEPS; step++) {
    size_t mark = vt_tensor_mark(ctx);
    vt_tape_start(ctx, tape);
    vt_tensor *ids = copies(ctx, (uint64_t)step, BATCH);
    vt_tensor *logits = vt_gpt(vt_root(&run), &gpt, &(vt_gpt_inputs){.ids = ids});
    vt_tensor *loss = vt_cross_entropy(ctx, vt_slice(ctx, logits, 1, SPAN, LENGTH - 1),
                                       vt_slice(ctx, ids, 1, SPAN + 1, LENGTH), -1, (vt_entropy_settings){0});
    vt_tape_stop(ctx);
    assert_ok(ctx, vt_parameters_backward(ctx, parameters, tape, loss, 1));
    last = vt_get_f64(loss, 0);
    vt_tape_clear(tape);
    vt_tensor_release(ctx, mark);
    if (!moments) moments = test_calloc((size_t)vt_parameters_numbers(parameters, true) * 2, sizeof *moments);
    adam(parameters, step, moments);
  }
  test_free(moments);
  vt_tape_free(tape);
  return last;
}

static void test_copy(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_ctx_set_threads(ctx, 1);
  double loss = train(ctx, parameters);
  if (!(loss < .1)) fail_msg("loss %g after %d steps; guessing is at %g", loss, STEPS, log(LETTERS));
  /* texts it never saw (seeds beyond the steps') are continued without a fault, greedily and by beams */
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *ids = copies(ctx, 100000, 64);
  for (int beams = 1; beams <= 3; beams += 2) {
    vt_generated out;
    vt_generate_settings settings = {
        .layers = 2, .new_tokens = SPAN, .limit = LENGTH, .eos = -1, .beams = beams};
    assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &gpt, vt_slice(ctx, ids, 1, 0, SPAN + 1),
                               &settings, &out));
    int right = 0;
    for (int b = 0; b < 64; b++)
      right += memcmp(out.ids + b * SPAN, (int64_t *)ids->data + b * LENGTH, SPAN * sizeof(int64_t)) == 0;
    assert_true(right >= 62);
    vt_generated_free(&out);
  }
  vt_parameters_free(parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_copy, new_context, free_context)};
  return cmocka_run_group_tests_name("nn/copy", tests, NULL, NULL);
}
