/* SPDX-License-Identifier: Apache-2.0
 *
 * RISE on functions whose expected map is known. With score = the mask at one pixel, the map is
 * E[m(there) · m] / p: p where the two are independent, E[m²] / p at the pixel itself.
 */
#include "test.h"

#include <math.h>

#include "attribution/attribute.h"
#include "explain/map.h"
#include "explain/model_kind.h"

enum { SIDE = 28, SEEN_Y = 9, SEEN_X = 20 };

typedef struct box {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *picture;
  float input[3 * SIDE * SIDE];
} box;

static vt_status one_pixel(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx, (void)user;
  for (int i = 0; i < count; i++) {
    float seen = inputs[i * 3 * SIDE * SIDE + SEEN_Y * SIDE + SEEN_X];
    outputs[2 * i] = seen;
    outputs[2 * i + 1] = 1 - seen;
  }
  return VT_OK;
}

static vt_status constant(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx, (void)user, (void)inputs;
  for (int i = 0; i < count; i++) {
    outputs[2 * i] = .3f;
    outputs[2 * i + 1] = .7f;
  }
  return VT_OK;
}

static void open_box(box *b, vt_predict_fn predict)
{
  b->ctx = vt_ctx_new();
  assert_ok(b->ctx, vt_model_from_function(b->ctx, predict, NULL, 3, SIDE, SIDE, 2, false, &b->model));
  assert_ok(b->ctx, vt_image_new(b->ctx, SIDE, SIDE, 3, &b->picture));
  memset(b->picture->pixels, 255, (size_t)3 * SIDE * SIDE);
  vt_preprocess_floats(vt_model_preprocess(b->model), b->picture, b->input);
}

static void close_box(box *b)
{
  vt_image_free(b->picture);
  vt_model_free(b->model);
  vt_ctx_free(b->ctx);
}

static vt_explanation *rise(box *b, const char *samples, int threads)
{
  const vt_method *method;
  void *settings;
  vt_explanation *explanation;
  vt_ctx_set_threads(b->ctx, threads);
  assert_ok(b->ctx, vt_method_choose(b->ctx, &vt_methods, "RISE", &method, &settings));
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, method->fields, method->field_count, settings, method->settings_size));
  assert_ok(b->ctx,
            vt_params_set(b->ctx, method->fields, method->field_count, settings, "nb_samples", samples));
  vt_task task = {.model = b->model,
                  .picture = b->picture,
                  .input = b->input,
                  .seed = 4,
                  .target = {.score = VT_SCORE_PROBABILITY, .contrast = -1}};
  assert_ok(b->ctx, vt_explanation_new(b->ctx, &explanation));
  assert_ok(b->ctx, method->run(b->ctx, &task, settings, explanation));
  assert_ok(b->ctx, vt_map_finish(b->ctx, &task, explanation, VT_REDUCE_AUTO, false));
  assert_int_equal(explanation->composed_runs, method->calls(settings, 1, false));
  vt_params_free(method->fields, method->field_count, settings);
  vt_free(settings);
  return explanation;
}

static void test_one_pixel(void **state)
{
  (void)state;
  box b;
  open_box(&b, one_pixel);
  vt_explanation *e = rise(&b, "8000", 2);
  float top = e->saliency[SEEN_Y * SIDE + SEEN_X];
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      float value = e->saliency[y * SIDE + x];
      /* a cell is 4 pixels, enlarged to 32/7 of them; further than two of those nothing is shared. The
       * standard error of the mean is about .005. */
      if (abs(y - SEEN_Y) > 10 || abs(x - SEEN_X) > 10)
        assert_true(fabs((double)value - .5) < .04);
      else if (abs(y - SEEN_Y) > 3 || abs(x - SEEN_X) > 3)
        assert_true(value < top);
    }
  assert_true(top > .6f && top < 1);
  vt_explanation_free(e);
  close_box(&b);
}

/* A model that does not look: the mean of the masks, which is even. */
static void test_constant(void **state)
{
  (void)state;
  box b;
  open_box(&b, constant);
  vt_explanation *e = rise(&b, "8000", 1);
  for (int i = 0; i < SIDE * SIDE; i++)
    assert_true(fabs((double)e->saliency[i] - .3) < .02);
  vt_explanation_free(e);
  close_box(&b);
}

static void test_threads(void **state)
{
  (void)state;
  box b;
  open_box(&b, one_pixel);
  vt_explanation *one = rise(&b, "600", 1), *two = rise(&b, "600", 2);
  assert_memory_equal(one->attribution, two->attribution, sizeof b.input);
  vt_explanation_free(one);
  vt_explanation_free(two);
  close_box(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_pixel),
      cmocka_unit_test(test_constant),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests_name("attribution/rise", tests, NULL, NULL);
}
