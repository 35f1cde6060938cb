/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets beyond a class, from settings in text form to scores: a planted text encoder and an embedding that
 * is a sum over the regions shown; contrasts; what contradicts itself.
 */
#include "nn/planted_sentence.h"

#include "attribution/attribute.h"
#include "data/sidecar.h"
#include "explain/model_kind.h"

enum { REGIONS = 5 };

/* What each pixel of the row adds to the embedding, before its sum is taken: any numbers. */
static float pieces[REGIONS][WIDTH];
static const float bias[WIDTH] = {0.5f, -0.25f, 0.125f, 1};

static vt_status embed(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  VT_UNUSED(ctx);
  VT_UNUSED(user);
  for (int n = 0; n < count; n++)
    for (int i = 0; i < WIDTH; i++) {
      float sum = bias[i];
      for (int r = 0; r < REGIONS; r++)
        sum += inputs[(size_t)n * 3 * REGIONS + (size_t)r] > 0 ? pieces[r][i] : 0;
      outputs[n * WIDTH + i] = sum;
    }
  return VT_OK;
}

typedef struct space {
  planted *text;
  vt_ctx *ctx;
  vt_model *model;
  vt_image *photo;
  vt_request request;
  const vt_method *method;
  unsigned char settings[256];
} space;

static void open_space(space *s, planted *text, const char *method)
{
  *s = (space){.text = text, .ctx = text->ctx, .method = vt_method_find(&vt_methods, method)};
  for (int r = 0; r < REGIONS; r++)
    for (int i = 0; i < WIDTH; i++)
      pieces[r][i] = (float)vt_random_normal(5, 9, (uint64_t)(r * WIDTH + i));
  assert_ok(s->ctx, vt_model_from_function(s->ctx, embed, NULL, 3, 1, REGIONS, WIDTH, true, &s->model));
  s->model->map = true; /* an embedding */
  vt_text_space *to = vt_alloc_zero(s->ctx, 1, sizeof *to);
  assert_non_null(to);
  to->encoder = vt_strdup(s->ctx, text->folder);
  to->scale = 1;
  s->model->preprocess->text = to;
  assert_ok(s->ctx, vt_image_new(s->ctx, REGIONS, 1, 3, &s->photo));
  memset(s->photo->pixels, 255, 3 * REGIONS);
  assert_ok(s->ctx, vt_params_defaults(s->ctx, vt_request_fields, vt_request_field_count, &s->request,
                                       sizeof s->request));
  assert_ok(s->ctx, vt_params_defaults(s->ctx, s->method->fields, s->method->field_count, s->settings,
                                       sizeof s->settings));
  assert_ok(s->ctx, vt_params_set(s->ctx, vt_request_fields, vt_request_field_count, &s->request, "regions",
                                  "grid:1x5"));
}

static void ask(space *s, const char *name, const char *value)
{
  assert_ok(s->ctx,
            vt_params_set(s->ctx, vt_request_fields, vt_request_field_count, &s->request, name, value));
}

static vt_status run(space *s, vt_result *out)
{
  return vt_attribute_run(s->ctx, s->model, s->photo, NULL, s->method, s->settings, &s->request, out);
}

static void close_space(space *s)
{
  vt_params_free(vt_request_fields, vt_request_field_count, &s->request);
  vt_params_free(s->method->fields, s->method->field_count, s->settings);
  vt_model_free(s->model);
  vt_image_free(s->photo);
}

/* The embedding's cosine with a direction, of the regions whose bit is set. */
static double cosine(unsigned shown, const double direction[WIDTH])
{
  double dot = 0, square = 0, given = 0;
  for (int i = 0; i < WIDTH; i++) {
    double value = (double)bias[i];
    for (int r = 0; r < REGIONS; r++)
      value += shown >> r & 1 ? (double)pieces[r][i] : 0;
    dot += value * direction[i];
    square += value * value;
    given += direction[i] * direction[i];
  }
  return dot / sqrt(square * given);
}

static const int red[3] = {2, 4, 3}, cars[4] = {2, 5, 6, 3};

/* LiMA's curves are the closed form at every step; so is the score against another text, with the mean taken
 * off and a scale. */
static void test_text(void **state)
{
  space s;
  vt_result result;
  open_space(&s, *state, "lima");
  ask(&s, "text", "red");
  double direction[WIDTH], other[WIDTH];
  planted_answer(red, 3, direction);
  planted_answer(cars, 4, other);
  assert_ok(s.ctx, run(&s, &result));
  assert_int_equal(result.explanation->score, VT_SCORE_SIMILARITY);
  assert_string_equal(result.explanation->target_text, "“red”");
  unsigned shown = 0;
  for (int j = 0; j <= REGIONS; j++) {
    assert_near(result.explanation->insertion[j], cosine(shown, direction), 1e-6);
    assert_near(result.explanation->deletion[j], cosine(~shown, direction), 1e-6);
    if (j < REGIONS) shown |= 1u << result.explanation->order[j];
  }
  vt_result_free(&result);

  static const float mean[WIDTH] = {0.1f, -0.2f, 0.3f, 0.05f};
  char path[128];
  int64_t width = WIDTH;
  snprintf(path, sizeof path, "%s/mean.npy", s.text->folder);
  vt_tensor *kept = vt_tensor_borrow(s.ctx, VT_F32, 1, &width, (void *)(uintptr_t)mean);
  assert_ok(s.ctx, vt_npy_write(s.ctx, path, kept));
  s.model->preprocess->text->mean = vt_strdup(s.ctx, path);
  s.model->preprocess->text->scale = 3;
  ask(&s, "not_text", "cars");
  for (int i = 0; i < WIDTH; i++) {
    direction[i] -= (double)mean[i];
    other[i] -= (double)mean[i];
  }
  assert_ok(s.ctx, run(&s, &result));
  assert_near(result.explanation->full, 3 * (cosine(31, direction) - cosine(31, other)), 1e-5);
  assert_near(result.explanation->blank, 3 * (cosine(0, direction) - cosine(0, other)), 1e-5);
  assert_string_equal(result.explanation->target_text, "“red” and not “cars”");
  assert_string_equal(json_string_value(json_object_get(result.explanation->target_details, "not_text")),
                      "cars");
  vt_result_free(&result);
  unlink(path);
  close_space(&s);
}

static void test_broken_space(void **state)
{
  space s;
  vt_result result;
  open_space(&s, *state, "lima");
  assert_fails(s.ctx, run(&s, &result), VT_ERROR_INVALID_ARGUMENT, "say which text");
  ask(&s, "text", "red");
  s.model->preprocess->text->mean = vt_strdup(s.ctx, "/tmp/vitrail-no-such-file.npy");
  assert_fails(s.ctx, run(&s, &result), VT_ERROR_INVALID_DATA, "vitrail-no-such-file");
  vt_free(s.model->preprocess->text->mean);
  s.model->preprocess->text->mean = NULL;
  char *encoder = s.model->preprocess->text->encoder;
  s.model->preprocess->text->encoder = vt_strdup(s.ctx, "/tmp/vitrail-no-such-folder");
  assert_fails(s.ctx, run(&s, &result), VT_ERROR_INVALID_DATA, "\"encoder\" in \"text\"");
  vt_free(s.model->preprocess->text->encoder);
  s.model->preprocess->text->encoder = encoder;
  s.model->output_floats = WIDTH + 1;
  assert_fails(s.ctx, run(&s, &result), VT_ERROR_INVALID_DATA, "texts have 4 numbers");
  s.model->output_floats = WIDTH;
  close_space(&s);
}

static void test_contradictions(void **state)
{
  static const char *const cases[][4] = {
      {"class_score", "logit", "contrast", "1"},
      {"class_score", "mean", "text", "red"},
      {"contrast", "1", "text", "red"},
      {"similar_to", "x.npy", "text", "red"},
  };
  space s;
  vt_result result;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    open_space(&s, *state, "lima");
    ask(&s, cases[i][0], cases[i][1]);
    ask(&s, cases[i][2], cases[i][3]);
    assert_int_equal(run(&s, &result), VT_ERROR_INVALID_ARGUMENT);
    vt_ctx_clear(s.ctx);
    close_space(&s);
  }
  open_space(&s, *state, "lima");
  ask(&s, "not_text", "red");
  assert_fails(s.ctx, run(&s, &result), VT_ERROR_INVALID_ARGUMENT, "not_text needs");
  close_space(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_text, plant, clear_planted),
      cmocka_unit_test_setup_teardown(test_broken_space, plant, clear_planted),
      cmocka_unit_test_setup_teardown(test_contradictions, plant, clear_planted),
  };
  return cmocka_run_group_tests_name("attribution/question", tests, NULL, NULL);
}
