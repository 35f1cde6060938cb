/* SPDX-License-Identifier: Apache-2.0
 *
 * What every method must keep, by walking the registry: a full order, finite curves, the calls it declared,
 * the same bytes for any batch and thread count, and settings that matter. On the small ONNX model of the
 * command's tests.
 */
#include "test.h"

#include <jansson.h>
#include <math.h>

#include "attribution/attribute.h"
#include "attribution/objective.h"

static char model_path[4096], photo_path[4096];

typedef struct bench {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *photo;
} bench;

static bench bench_open(const char *embedding)
{
  bench b = {.ctx = vt_ctx_new()};
  assert_ok(b.ctx, vt_model_open(b.ctx, model_path, NULL, NULL, embedding, &b.model));
  assert_ok(b.ctx, vt_image_read(b.ctx, photo_path, NULL, &b.photo));
  return b;
}

static void bench_close(bench *b)
{
  vt_image_free(b->photo);
  vt_model_free(b->model);
  vt_ctx_free(b->ctx);
}

/* A run of `method` on the 3×3 grid with up to two settings changed from their defaults; explanation.json
 * without what may differ from run to run. */
static json_t *explain(bench *b, const vt_method *method, const char *const changed[2][2], const char *batch,
                       int threads)
{
  unsigned char settings[512];
  vt_request request;
  vt_result result;
  assert_true(method->settings_size <= sizeof settings);
  vt_ctx_set_threads(b->ctx, threads);
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, method->fields, method->field_count, settings, sizeof settings));
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  assert_ok(b->ctx, vt_params_set(b->ctx, vt_request_fields, vt_request_field_count, &request, "regions",
                                  "grid:3x3"));
  assert_ok(b->ctx,
            vt_params_set(b->ctx, vt_request_fields, vt_request_field_count, &request, "batch", batch));
  for (int i = 0; i < 2 && changed && changed[i][0]; i++) {
    bool of_run = vt_params_find(vt_request_fields, vt_request_field_count, changed[i][0]) != NULL;
    assert_ok(b->ctx, of_run ? vt_params_set(b->ctx, vt_request_fields, vt_request_field_count, &request,
                                             changed[i][0], changed[i][1])
                             : vt_params_set(b->ctx, method->fields, method->field_count, settings,
                                             changed[i][0], changed[i][1]));
  }
  assert_ok(b->ctx, vt_attribute_run(b->ctx, b->model, b->photo, NULL, method, settings, &request, &result));
  const vt_explanation *found = result.explanation;
  int count = vt_regions_count(result.regions);
  bool seen[16] = {false};
  for (int j = 0; j < count; j++) {
    assert_in_range(found->order[j], 0, count - 1);
    assert_false(seen[found->order[j]]);
    seen[found->order[j]] = true;
    assert_true(isfinite(found->insertion[j + 1]) && isfinite(found->deletion[j + 1]));
  }
  bool embedding = vt_model_embedding_floats(b->model) > 0;
  int64_t declared = vt_attribute_calls(method, settings, count, embedding);
  /* with effectiveness the front's choice may be among the pending, which saves two calls in that round */
  if (declared >= 0 && !embedding) assert_int_equal(found->model_calls, declared);
  if (declared >= 0) assert_true(found->model_calls <= declared);
  json_t *json;
  assert_ok(b->ctx, vt_explanation_json(b->ctx, found, &json));
  json_t *meta = json_object_get(json, "meta");
  json_object_del(meta, "seconds");
  json_object_del(meta, "threads");
  json_object_del(meta, "batch");
  if (found->attribution) { /* the map itself is no part of explanation.json */
    char print[65];
    size_t count_floats = 1;
    for (int i = 0; i < found->attribution_rank; i++)
      count_floats *= (size_t)found->attribution_dims[i];
    vt_sha256_hex(found->attribution, count_floats * sizeof(float), print);
    json_object_set_new(json_object_get(json, "data"), "fingerprint", json_string(print));
  }
  vt_result_free(&result);
  vt_params_free(method->fields, method->field_count, settings);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  return json;
}

/* Settings without which a method refuses this model. */
static const char *const *needed(const vt_method *method)
{
  static const char *const entropy[2] = {"confidence", "entropy"}, *const none[2] = {NULL, NULL};
  return strcmp(method->id, "smdl") == 0 ? entropy : none;
}

static void test_same_bytes(void **unused)
{
  (void)unused;
  static const struct {
    const char *batch;
    int threads;
  } ways[] = {{"1", 1}, {"7", 2}, {"64", 3}};
  bench b = bench_open(NULL);
  for (size_t m = 0; m < vt_methods.count; m++) {
    const vt_method *method = vt_methods.methods[m];
    if (method->needs & VT_NEEDS_ATTENTION) continue; /* this model has none: test_attention_models.c */
    const char *const changed[2][2] = {{needed(method)[0], needed(method)[1]}, {NULL, NULL}};
    json_t *first = explain(&b, method, changed, ways[0].batch, ways[0].threads);
    for (size_t w = 1; w < VT_COUNT(ways); w++) {
      json_t *again = explain(&b, method, changed, ways[w].batch, ways[w].threads);
      assert_true(json_equal(first, again));
      json_decref(again);
    }
    json_decref(first);
  }
  bench_close(&b);
}

/* Declared means used: each of these moves the result of its method away from the defaults. */
static void test_settings_matter(void **unused)
{
  (void)unused;
  static const struct {
    const char *method, *name, *value;
  } moves[] = {
      {"lima", "weights", "0,1,0,0"},
      {"lima", "pending", "2"},
      {"lima", "search", "greedy"},
      {"smdl", "weights", "0,1,0,0"},
      {"smdl", "splits", "3"},
      {"lima", "prior", "centre-prior"},
      {"baseline-order", "order", "index"},
      {"baseline-order", "seed", "1"},
      {"lima", "fill", "mean"},
      {"lima", "regions", "grid:2x2"},
      {"lima", "target", "1"},
      {"lima", "class_score", "logit"},
      {"deeplift", "baseline", "noise"},
      {"lrp", "composite", "epsilon"},
      {"lrp", "epsilon", "0.1"},
      {"lrp", "stabilizer", "0.1"},
      {"lrp", "convolutions", "gamma"},
      {"lrp", "first", "z-box"},
  };
  bench b = bench_open(NULL);
  for (size_t i = 0; i < VT_COUNT(moves); i++) {
    const vt_method *method = vt_method_find(&vt_methods, moves[i].method);
    const char *const plain[2][2] = {{needed(method)[0], needed(method)[1]}, {NULL, NULL}};
    const char *const moved[2][2] = {{moves[i].name, moves[i].value}, {needed(method)[0], needed(method)[1]}};
    json_t *before = explain(&b, method, plain, "64", 2), *after = explain(&b, method, moved, "64", 2);
    json_t *calls_before = json_object_get(json_object_get(before, "meta"), "model_calls");
    json_t *calls_after = json_object_get(json_object_get(after, "meta"), "model_calls");
    if (json_equal(json_object_get(before, "data"), json_object_get(after, "data")) &&
        json_equal(calls_before, calls_after))
      fail_msg("%s --%s %s changes nothing", moves[i].method, moves[i].name, moves[i].value);
    json_decref(before);
    json_decref(after);
  }
  bench_close(&b);
}

/* The ways LiMA can search: the same bytes for any batch and thread count, and each obeys its own setting. */
static void test_searches(void **unused)
{
  (void)unused;
  static const struct {
    const char *search, *name, *value;
  } ways[] = {
      {"bidirectional", "pending", "3"}, {"lazy", "window", "2"},         {"stochastic", "share", "0.5"},
      {"stochastic", "seed", "5"},       {"beam", "width", "2"},          {"prior", "masks", "20"},
      {"prior", "window", "2"},          {"coarse", "groups", "4"},       {"coarse", "window", "2"},
      {"backward", "halves", "0"},       {"backward", "last", "3"},       {"backward", "leaders", "1"},
      {"one-shot", "fill", "mean"},      {"efficient-v1", "fill", "mean"}};
  bench b = bench_open(NULL);
  const vt_method *method = vt_method_find(&vt_methods, "lima");
  for (size_t i = 0; i < VT_COUNT(ways); i++) {
    const char *const plain[2][2] = {{"search", ways[i].search}, {NULL, NULL}};
    const char *const moved[2][2] = {{"search", ways[i].search}, {ways[i].name, ways[i].value}};
    json_t *first = explain(&b, method, plain, "1", 1), *again = explain(&b, method, plain, "7", 3);
    assert_true(json_equal(first, again));
    json_t *other = explain(&b, method, moved, "64", 2);
    if (json_equal(json_object_get(first, "data"), json_object_get(other, "data")) &&
        json_equal(json_object_get(json_object_get(first, "meta"), "model_calls"),
                   json_object_get(json_object_get(other, "meta"), "model_calls")))
      fail_msg("--search %s --%s %s changes nothing", ways[i].search, ways[i].name, ways[i].value);
    json_decref(first);
    json_decref(again);
    json_decref(other);
  }
  bench_close(&b);
}

/* With only the effectiveness weighed, the objective of every prefix is the definition's sum over its
 * embeddings. */
static void test_effectiveness(void **unused)
{
  (void)unused;
  enum { COUNT = 9 };
  bench b = bench_open("features");
  const vt_method *method = vt_method_find(&vt_methods, "lima");
  const char *const only[2][2] = {{"weights", "0,0,0,1"}, {"pending", "3"}};
  json_t *json = explain(&b, method, only, "64", 2), *data = json_object_get(json, "data");

  vt_image *picture, *blank;
  vt_regions *regions;
  vt_scorer *scorer;
  double *distances;
  vt_scorer_options options = {.second = VT_CLASS_NONE, .batch = 64};
  assert_ok(b.ctx, vt_preprocess_image(b.ctx, vt_model_preprocess(b.model), b.photo, &picture, NULL));
  assert_ok(b.ctx, vt_fill_make(b.ctx, "black", b.model, picture, 0, &blank));
  assert_ok(b.ctx, vt_divide(b.ctx, "grid:3x3", picture, &regions, NULL));
  assert_ok(b.ctx, vt_scorer_new(b.ctx, b.model, picture, blank, regions, &options, &scorer));
  assert_ok(b.ctx, vt_region_distances(b.ctx, scorer, b.model, COUNT, &distances));
  for (int i = 0; i < COUNT; i++)
    for (int j = 0; j < COUNT; j++) {
      assert_true(distances[i * COUNT + j] >= 0 && distances[i * COUNT + j] <= 1);
      assert_near(distances[i * COUNT + j], distances[j * COUNT + i], 0);
    }
  int order[COUNT];
  json_t *objective = json_object_get(data, "objective");
  for (int n = 0; n < COUNT; n++) {
    order[n] = (int)json_integer_value(json_array_get(json_object_get(data, "order"), (size_t)n));
    double sum = 0;
    for (int i = 0; i <= n && n > 0; i++) {
      double nearest = INFINITY;
      for (int j = 0; j <= n; j++)
        if (i != j) nearest = fmin(nearest, distances[order[i] * COUNT + order[j]]);
      sum += nearest;
    }
    assert_near(json_number_value(json_array_get(objective, (size_t)n)), sum, 1e-9);
  }
  vt_free(distances);
  vt_scorer_free(scorer);
  vt_regions_free(regions);
  vt_image_free(blank);
  vt_image_free(picture);
  json_decref(json);
  bench_close(&b);
}

int main(void)
{
  const char *root = getenv("VITRAIL_SOURCE");
  snprintf(model_path, sizeof model_path, "%s/tests/cli/data/tiny.onnx", root ? root : ".");
  snprintf(photo_path, sizeof photo_path, "%s/tests/cli/data/squares.png", root ? root : ".");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_bytes),
      cmocka_unit_test(test_settings_matter),
      cmocka_unit_test(test_searches),
      cmocka_unit_test(test_effectiveness),
  };
  return cmocka_run_group_tests_name("attribution/methods", tests, NULL, NULL);
}
