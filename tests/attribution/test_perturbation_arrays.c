/* SPDX-License-Identifier: Apache-2.0
 *
 * Perturbation methods on arrays: tokens of a linear model, alone and in groups, where every Shapley
 * value is w·x.
 */
#include "test.h"

#include <math.h>

#include "attribution/attribute_arrays.h"
#include "graph/builder.h"

enum { TOKENS = 5, WIDTH = 3, FLOATS = TOKENS * WIDTH };

typedef struct token_world {
  vt_ctx *ctx;
  builder b;
  vt_tensor *x;
  double effects[TOKENS]; /* of each token on logit 0 */
} token_world;

static void open_world(token_world *w)
{
  *w = (token_world){.ctx = vt_ctx_new()};
  float weights[2 * FLOATS];
  builder_init(&w->b, w->ctx);
  builder_input(&w->b, "x", VT_F32, 3, DIMS(1, TOKENS, WIDTH));
  w->x = vt_tensor_new(w->ctx, VT_F32, 3, DIMS(1, TOKENS, WIDTH));
  assert_non_null(w->x);
  for (int i = 0; i < FLOATS; i++) {
    float x = (float)vt_random_normal(5, 1, (uint64_t)i);
    ((float *)w->x->data)[i] = x;
    weights[2 * i] = (float)vt_random_normal(5, 2, (uint64_t)i);
    weights[2 * i + 1] = -weights[2 * i];
    w->effects[i / WIDTH] += (double)x * (double)weights[2 * i];
  }
  builder_constant(&w->b, "w", VT_F32, 2, DIMS(FLOATS, 2), weights);
  builder_constant(&w->b, "bias", VT_F32, 1, DIMS(2), (float[]){.5f, -.5f});
  builder_node(&w->b, "Flatten", "x", "flat", "axis=1");
  builder_node(&w->b, "Gemm", "flat w bias", "y", NULL);
  builder_output(&w->b, "y");
}

static void close_world(token_world *w)
{
  builder_free(&w->b);
  vt_ctx_free(w->ctx);
}

static vt_status attempt(token_world *w, const char *id, const vt_array_request *arrays, const char *changed,
                         vt_explanation **out)
{
  const vt_method *method = vt_method_find(&vt_methods, id);
  unsigned char settings[512];
  vt_request request;
  assert_ok(w->ctx,
            vt_params_defaults(w->ctx, method->fields, method->field_count, settings, sizeof settings));
  assert_ok(w->ctx,
            vt_params_defaults(w->ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  request.class_score = VT_SCORE_LOGIT;
  vt_free(request.target);
  request.target = vt_strdup(w->ctx, "0");
  if (changed)
    assert_ok(w->ctx,
              vt_params_apply(w->ctx, method->fields, method->field_count, settings, "setting", changed));
  vt_array_request of_y = *arrays;
  of_y.output = "y";
  vt_status status = vt_attribute_arrays(w->ctx, &w->b.graph, &w->x, method, settings, &request, &of_y, out);
  vt_params_free(method->fields, method->field_count, settings);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  return status;
}

static const struct {
  const char *id, *settings;
} additive[] = {{"feature-ablation", NULL}, {"shapley", NULL}, {"shapley-sampling", "n_samples=2"},
                {"kernel-shap", NULL},      {"owen", NULL},    {"lime", "penalty=0"}};

/* Sums of 15 products in f32, taken apart again: 1e-5. */
static void test_tokens(void **state)
{
  (void)state;
  token_world w;
  open_world(&w);
  for (size_t m = 0; m < VT_COUNT(additive); m++) {
    vt_explanation *found;
    assert_ok(w.ctx, attempt(&w, additive[m].id, &(vt_array_request){0}, additive[m].settings, &found));
    for (int t = 0; t < TOKENS; t++)
      assert_near(found->saliency[t], w.effects[t], 1e-5);
    vt_explanation_free(found);
  }
  close_world(&w);
}

/* The frame stays and gets nothing; both pieces of a word carry the word's value. */
static void test_words(void **state)
{
  (void)state;
  static const int32_t groups[TOKENS] = {-1, 0, 0, 1, -1};
  const vt_array_request arrays = {.groups = groups, .group_places = TOKENS, .group_count = 2};
  token_world w;
  open_world(&w);
  for (size_t m = 0; m < VT_COUNT(additive); m++) {
    vt_explanation *found;
    assert_ok(w.ctx, attempt(&w, additive[m].id, &arrays, additive[m].settings, &found));
    assert_near(found->saliency[0], 0, 0);
    assert_near(found->saliency[4], 0, 0);
    assert_near(found->saliency[1], w.effects[1] + w.effects[2], 1e-5);
    assert_near(found->saliency[2], w.effects[1] + w.effects[2], 1e-5);
    assert_near(found->saliency[3], w.effects[3], 1e-5);
    assert_true(found->traced_runs <= 4); /* two words have four subsets, however often they are asked for */
    if (found->completeness.present)
      assert_near(found->completeness.difference, w.effects[1] + w.effects[2] + w.effects[3], 1e-5);
    vt_explanation_free(found);
  }
  close_world(&w);
}

/* A linear score of shares: total index effect² / Σ effect²; the control costs nothing. */
static void test_shares(void **state)
{
  (void)state;
  token_world w;
  open_world(&w);
  vt_explanation *found;
  double squares = 0;
  for (int t = 0; t < TOKENS; t++)
    squares += w.effects[t] * w.effects[t];
  assert_ok(w.ctx, attempt(&w, "sobol", &(vt_array_request){0}, "n_design=512", &found));
  for (int t = 0; t < TOKENS; t++)
    assert_near(found->saliency[t], w.effects[t] * w.effects[t] / squares, .02);
  assert_int_equal(found->traced_runs, 512 * (TOKENS + 1));
  vt_explanation_free(found);
  assert_ok(w.ctx, attempt(&w, "random", &(vt_array_request){0}, "grain=pixel", &found));
  assert_int_equal(found->model_calls, 0);
  vt_explanation_free(found);
  close_world(&w);
}

/* LiMA ranks words by what they add; its curves are sums, and the map falls from the first word to the
 * last, which has nothing, like the frame. Values of words that are hidden and shown again, in f32: 1e-5. */
static void test_ranked(void **state)
{
  (void)state;
  static const int32_t groups[TOKENS] = {-1, 0, 2, 1, 0};
  const vt_array_request arrays = {.groups = groups, .group_places = TOKENS, .group_count = 3};
  static const char *const ids[] = {"lima", "smdl"};
  token_world w;
  open_world(&w);
  const double word[3] = {w.effects[1] + w.effects[4], w.effects[3], w.effects[2]};
  double all = 0.5 + w.effects[0] + word[0] + word[1] + word[2];
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    vt_explanation *found;
    assert_ok(w.ctx, attempt(&w, ids[m], &arrays, m ? "weights=1,0,0,0" : "weights=20,5,0,0", &found));
    assert_int_equal(vt_regions_count(found->regions), 3);
    double shown = 0.5 + w.effects[0], area = 0;
    for (int j = 0; j <= 3; j++) {
      assert_near(found->insertion[j], shown, 1e-5);
      assert_near(found->deletion[j], all - (shown - 0.5 - w.effects[0]), 1e-5);
      assert_near(found->areas[j], area, 1e-12);
      if (j == 3) break;
      int region = found->order[j];
      if (j) assert_true(word[region] < word[found->order[j - 1]]);
      shown += word[region];
      area += region == 0 ? 0.5 : 0.25;
    }
    assert_near(found->saliency[0], 0, 0);
    assert_near(found->saliency[1], found->saliency[4], 0);
    for (int t = 1; t < TOKENS; t++)
      assert_true((groups[t] == found->order[2]) == (found->saliency[t] == 0));
    json_t *json;
    assert_ok(w.ctx, vt_explanation_json(w.ctx, found, &json));
    const json_t *data = json_object_get(json, "data");
    assert_int_equal(json_array_size(json_object_get(data, "order")), 3);
    assert_int_equal(json_array_size(json_object_get(json_object_get(data, "map"), "saliency")), TOKENS);
    json_decref(json);
    vt_explanation_free(found);
  }
  close_world(&w);
}

static void test_refused(void **state)
{
  (void)state;
  static const int32_t groups[TOKENS] = {-1, 0, 0, 7, -1};
  token_world w;
  open_world(&w);
  vt_explanation *none;
  vt_array_request arrays = {.groups = groups, .group_places = TOKENS, .group_count = 2};
  assert_fails(w.ctx, attempt(&w, "lime", &arrays, NULL, &none), VT_ERROR_INVALID_ARGUMENT,
               "place 3 is in group 7 of 2");
  arrays.group_count = 0;
  assert_fails(w.ctx, attempt(&w, "lime", &arrays, NULL, &none), VT_ERROR_INVALID_ARGUMENT,
               "nothing to explain");
  arrays.group_places = 4;
  assert_fails(w.ctx, attempt(&w, "lime", &arrays, NULL, &none), VT_ERROR_INVALID_ARGUMENT,
               "4 places are grouped, tensor 'x' has 5");
  assert_fails(w.ctx, attempt(&w, "rise", &(vt_array_request){0}, NULL, &none), VT_ERROR_INVALID_ARGUMENT,
               "needs a picture");
  close_world(&w);
}

/* The same bytes for any number of threads; every allocation that fails is said to have. */
static void test_threads_and_memory(void **state)
{
  (void)state;
  static const char *const ids[] = {"lime", "kernel-shap", "shapley-sampling", "owen", "hsic", "sobol"};
  token_world w;
  open_world(&w);
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    vt_explanation *one, *two;
    vt_ctx_set_threads(w.ctx, 1);
    assert_ok(w.ctx, attempt(&w, ids[m], &(vt_array_request){0}, NULL, &one));
    vt_ctx_set_threads(w.ctx, 3);
    assert_ok(w.ctx, attempt(&w, ids[m], &(vt_array_request){0}, NULL, &two));
    assert_memory_equal(one->attribution, two->attribution, FLOATS * sizeof(float));
    vt_explanation_free(one);
    vt_explanation_free(two);
    vt_ctx_set_threads(w.ctx, 1);
    uint64_t before = vt_ctx_memory_in_use(w.ctx);
    const vt_method *method = vt_method_find(&vt_methods, ids[m]);
    unsigned char settings[512];
    vt_request request;
    assert_ok(w.ctx,
              vt_params_defaults(w.ctx, method->fields, method->field_count, settings, sizeof settings));
    assert_ok(w.ctx,
              vt_params_defaults(w.ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
    uint64_t with_settings = vt_ctx_memory_in_use(w.ctx);
    vt_status status = VT_ERROR_OUT_OF_MEMORY;
    for (long n = 1; status != VT_OK; n += 1 + n / 8) {
      vt_explanation *found = NULL;
      vt_ctx_fail_allocation(w.ctx, n);
      status = vt_attribute_arrays(w.ctx, &w.b.graph, &w.x, method, settings, &request,
                                   &(vt_array_request){.output = "y"}, &found);
      vt_ctx_fail_allocation(w.ctx, 0);
      if (status != VT_OK) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
      vt_ctx_clear(w.ctx);
      vt_explanation_free(found);
      assert_true(vt_ctx_memory_in_use(w.ctx) == with_settings);
    }
    vt_params_free(method->fields, method->field_count, settings);
    vt_params_free(vt_request_fields, vt_request_field_count, &request);
    assert_true(vt_ctx_memory_in_use(w.ctx) == before);
  }
  close_world(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tokens),  cmocka_unit_test(test_words),
      cmocka_unit_test(test_ranked),  cmocka_unit_test(test_shares),
      cmocka_unit_test(test_refused), cmocka_unit_test(test_threads_and_memory),
  };
  return cmocka_run_group_tests_name("attribution/perturbation_arrays", tests, NULL, NULL);
}
