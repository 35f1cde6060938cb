/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from an order: curves, AUCs, minimal subsets, mistakes, the saliency map, and
 * explanation.json. The model is p = sigmoid(sum of the shown quadrants' weights), so every number can be
 * written down.
 */
#include <locale.h>

#include "bench.h"
#include "explain/divide.h"
#include "explain/method.h"
#include "tensor/tensor.h"

/* Order by weight: quadrants 2, 0, 3, 1. Sums of prefixes 0, 2, 3, 3.25, 2.75; of what is left 2.75, 0.75,
 * −0.25, −0.5, 0. */
static const int best_order[4] = {2, 0, 3, 1};
static const double shown_sums[5] = {0, 2, 3, 3.25, 2.75}, left_sums[5] = {2.75, 0.75, -0.25, -0.5, 0};

/* Two classes, of which the second always has the logit 0. */
static bench bench_of_one_weight(void)
{
  static const double nothing[4] = {0};
  bench b = bench_new(2);
  set_weights(&b.state, 1, nothing);
  b.options.second = VT_CLASS_PREDICTED;
  return b;
}

static vt_status bench_open(bench *b)
{
  VT_TRY(bench_parts(b));
  VT_TRY(vt_explanation_new(b->ctx, &b->explanation));
  b->explanation->model = b->model;
  b->explanation->picture = b->picture;
  VT_TRY(vt_explanation_ranking(b->ctx, b->explanation, b->regions,
                                vt_scorer_options_of(b->scorer)->second != VT_CLASS_NONE));
  memcpy(b->explanation->order, best_order, sizeof best_order);
  b->explanation->known = 4;
  return VT_OK;
}

static double sigmoid(double x)
{
  return 1 / (1 + exp(-x));
}

static void test_closed_form(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  assert_ok(b.ctx, bench_open(&b));
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
  const vt_explanation *e = b.explanation;
  double insertion_auc = 0, deletion_auc = 0, a = 0;
  for (int j = 0; j <= 4; j++) {
    assert_near(e->areas[j], j / 4.0, 0);
    assert_near(e->insertion[j], sigmoid(shown_sums[j]), 1e-6); /* f32 logits below 4: 2e-7 each */
    assert_near(e->deletion[j], sigmoid(left_sums[j]), 1e-6);
    if (!j) continue;
    insertion_auc += (sigmoid(shown_sums[j]) + sigmoid(shown_sums[j - 1])) / 8;
    deletion_auc += (sigmoid(left_sums[j]) + sigmoid(left_sums[j - 1])) / 8;
    double rise = sigmoid(shown_sums[j]) - sigmoid(left_sums[j]) - sigmoid(shown_sums[j - 1]) +
                  sigmoid(left_sums[j - 1]);
    a -= fabs(rise);
    for (int p = 0; p < PIXELS; p++)
      if (quadrant(p) == best_order[j - 1]) assert_near(e->saliency[p], a, 3e-6);
  }
  assert_near(e->insertion_auc, insertion_auc, 1e-6);
  assert_near(e->deletion_auc, deletion_auc, 1e-6);
  assert_near(e->full, sigmoid(2.75), 1e-6);
  assert_near(e->blank, 0.5, 1e-9);
  assert_int_equal(e->target, 0);
  assert_int_equal(e->predicted, 0);
  assert_near(e->full_probability_top, e->full, 0);
  assert_int_equal(e->best.regions, 3);
  assert_near(e->best.area, 0.75, 0);
  assert_int_equal(e->keep.regions, 1); /* σ(2) = .881 ≥ 0.9·σ(2.75) = .846 */
  assert_int_equal(e->flip.regions, 2); /* what is left sums to −0.25 */
  assert_near(e->flip.score, sigmoid(-0.25), 1e-6);
  assert_int_equal(e->best_objective, -1);
  assert_false(e->mistake.present);
  assert_false(e->uninformative);
  assert_false(e->partial);
  assert_null(e->insertion_second);
  /* full and blank, and three inner points on each curve */
  assert_int_equal(vt_scorer_calls(b.scorer), 8);
  assert_int_equal(vt_scorer_forwards(b.scorer), 8);
  assert_int_equal(vt_scorer_diagnostic_calls(b.scorer), 4);
  bench_end(&b);
}

/* Ties within 1e-6 go to the smallest prefix; what a search knows is neither asked again nor counted. */
static void test_known_points_are_kept(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  assert_ok(b.ctx, bench_open(&b));
  uint64_t inner[2] = {1 << 2, 0xf & ~(1 << 2)}; /* S_1 and its complement, as a search would have asked */
  vt_scored scored[2];
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, inner, 2, scored));
  b.explanation->insertion[1] = 0.9000005; /* not the model's number: must survive */
  b.explanation->insertion[2] = 0.9000001;
  b.explanation->insertion[3] = 0.9000009;
  b.explanation->insertion[4] = 0.5;
  b.explanation->deletion[1] = scored[1].target;
  b.explanation->objective[1] = 3;
  b.explanation->objective[2] = 3;
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, true));
  assert_near(b.explanation->insertion[1], 0.9000005, 0);
  assert_int_equal(b.explanation->best.regions, 1);
  assert_int_equal(b.explanation->best_objective, 2);
  assert_int_equal(vt_scorer_calls(b.scorer), 2);
  /* the two missing deletion points; ends and top classes were known */
  assert_int_equal(vt_scorer_diagnostic_calls(b.scorer), 4 + 2);
  bench_end(&b);
}

static void test_mistake(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  b.options.target = 1; /* the model says 0 */
  assert_ok(b.ctx, bench_open(&b));
  static const int reversed[4] = {1, 3, 0, 2}; /* sums of class 0: 0, −0.5, −0.25, 0.75, 2.75 */
  memcpy(b.explanation->order, reversed, sizeof reversed);
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
  const vt_explanation *e = b.explanation;
  assert_true(e->mistake.present);
  assert_int_equal(e->mistake.predicted, 0);
  for (int j = 0; j <= 4; j++)
    assert_near(e->insertion[j] + e->insertion_second[j], 1, 1e-12);
  assert_near(e->insertion[1], sigmoid(0.5), 1e-6);
  assert_int_equal(e->mistake.peak_step, 1);
  assert_near(e->mistake.peak_area, 0.25, 0);
  for (int i = 0; i < 4; i++)
    assert_near(e->mistake.highest[i], sigmoid(0.5), 1e-6);
  assert_int_equal(e->flip.regions, 1);
  bench_end(&b);
}

/* The peak is the last step within 0.005 of the highest, and a quarter that no step
 * fits has no highest score. */
static void test_mistake_peak(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  b.options.target = 1;
  assert_ok(b.ctx, bench_open(&b));
  vt_regions *halves = NULL;
  int32_t labels[PIXELS];
  for (int p = 0; p < PIXELS; p++)
    labels[p] = p >= PIXELS / 2;
  assert_ok(b.ctx, vt_regions_from_labels(b.ctx, labels, SIDE, SIDE, &halves));
  vt_scorer *scorer = NULL;
  assert_ok(b.ctx, vt_scorer_new(b.ctx, b.model, b.picture, b.blank, halves, &b.options, &scorer));
  assert_ok(b.ctx, vt_explanation_ranking(b.ctx, b.explanation, halves, true));
  b.explanation->insertion[0] = 0.1;
  b.explanation->insertion[1] = 0.4;
  b.explanation->insertion[2] = 0.396;
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, scorer, true));
  assert_int_equal(b.explanation->mistake.peak_step, 2);
  assert_near(b.explanation->mistake.peak_area, 0.5, 0);
  assert_true(isnan(b.explanation->mistake.highest[0]));
  assert_near(b.explanation->mistake.highest[1], 0.4, 0);
  assert_near(b.explanation->mistake.highest[3], 0.4, 0);
  vt_scorer_free(scorer);
  vt_explanation_free(b.explanation);
  b.explanation = NULL;
  vt_regions_free(halves);
  bench_end(&b);
}

static void test_uninformative(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  static const double nothing[4] = {0};
  set_weights(&b.state, 0, nothing);
  assert_ok(b.ctx, bench_open(&b));
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
  assert_true(b.explanation->uninformative);
  for (int p = 0; p < PIXELS; p++)
    for (int j = 0; j < 4; j++)
      if (quadrant(p) == best_order[j]) assert_near(b.explanation->saliency[p], 4 - j, 0);
  assert_int_equal(json_array_size(b.explanation->warnings), 1);
  assert_int_equal(b.explanation->flip.regions, -1);
  bench_end(&b);
}

static void test_random_model_is_told(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  b.state.random = true;
  assert_ok(b.ctx, bench_open(&b));
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
  assert_non_null(strstr(json_string_value(json_array_get(b.explanation->warnings, 0)), "random"));
  bench_end(&b);
}

/* A used-up budget or an interrupt leaves a valid partial explanation and a clean context. */
static void test_cut_short(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  b.options.max_calls = 5;
  assert_ok(b.ctx, bench_open(&b));
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
  assert_int_equal(vt_ctx_status(b.ctx), VT_OK);
  assert_true(b.explanation->partial);
  assert_string_equal(b.explanation->partial_reason, "max-calls");
  assert_int_equal(vt_scorer_calls(b.scorer), 2);
  assert_true(isnan(b.explanation->insertion[1]));
  assert_true(isnan(b.explanation->insertion_auc));
  assert_near(b.explanation->insertion[4], sigmoid(2.75), 1e-6);
  json_t *json = NULL;
  assert_ok(b.ctx, vt_explanation_json(b.ctx, b.explanation, &json));
  json_t *insertion = json_object_get(json_object_get(json, "data"), "insertion");
  assert_true(json_is_null(json_object_get(insertion, "auc")));
  assert_true(json_is_null(json_array_get(json_object_get(insertion, "scores"), 1)));
  json_decref(json);
  bench_end(&b);

  b = bench_of_one_weight();
  assert_ok(b.ctx, bench_open(&b));
  volatile int flag = 1;
  vt_ctx_set_cancel(b.ctx, &flag);
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, true));
  assert_string_equal(b.explanation->partial_reason, "interrupted");
  assert_int_equal(vt_ctx_status(b.ctx), VT_OK);
  bench_end(&b);
}

/* After a time limit the missing points are worth a moment, but no more than a second for a short limit. */
static void test_after_a_time_limit(void **unused)
{
  (void)unused;
  for (int slow = 0; slow < 2; slow++) {
    bench b = bench_of_one_weight();
    b.options.time_limit = 1e-9;
    b.state.nap_microseconds = slow ? 800000 : 0; /* four items: 0.2 s each, and six are missing */
    assert_ok(b.ctx, bench_open(&b));
    b.state.nap_microseconds = 0;
    b.explanation->partial = true;
    b.explanation->partial_reason = vt_strdup(b.ctx, "time-limit");
    assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, true));
    assert_int_equal(isnan(b.explanation->insertion_auc) != 0, slow);
    assert_near(b.explanation->full, sigmoid(2.75), 1e-6);
    assert_string_equal(b.explanation->partial_reason, "time-limit");
    bench_end(&b);
  }
}

/* Names in a model file may be any bytes; explanation.json stays UTF-8. */
static void test_text_from_outside(void **unused)
{
  (void)unused;
  json_t *json = vt_json_outside("caf\xe9 ä");
  assert_string_equal(json_string_value(json), "caf\xef\xbf\xbd ä");
  json_decref(json);
  json = vt_json_outside(NULL);
  assert_true(json_is_null(json));
  json_decref(json);
}

static void test_bad_orders(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  assert_ok(b.ctx, bench_open(&b));
  b.explanation->order[1] = 2;
  assert_fails(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false),
               VT_ERROR_INVALID_ARGUMENT, "each of them once");
  b.explanation->order[1] = 4;
  assert_fails(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false),
               VT_ERROR_INVALID_ARGUMENT, "each of them once");
  bench_end(&b);
}

static char *explanation_text(bench *b)
{
  json_t *json = NULL;
  char *text = NULL;
  assert_ok(b->ctx, vt_explanation_json(b->ctx, b->explanation, &json));
  assert_ok(b->ctx, vt_json_text(b->ctx, json, &text));
  json_decref(json);
  return text;
}

/* The fields that readers rely on, and the same bytes for any batch and thread count. */
static void test_json(void **unused)
{
  (void)unused;
  char *reference = NULL;
  for (int run = 0; run < 3; run++) {
    bench b = bench_of_one_weight();
    b.options.batch = (int[]){1, 7, 64}[run];
    vt_ctx_set_threads(b.ctx, run + 1);
    assert_ok(b.ctx, bench_open(&b));
    assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
    assert_ok(b.ctx, vt_explanation_warn(b.ctx, b.explanation, "a \"quoted\"\nline"));
    char *text = explanation_text(&b);
    if (run == 0) {
      reference = strdup(text);
      json_error_t error;
      json_t *json = json_loads(text, 0, &error);
      assert_non_null(json);
      json_t *data = json_object_get(json, "data"), *meta = json_object_get(json, "meta");
      int ids[4], box[4], region = -1, area = -1, index = -1, best = -1;
      double centroid[2], auc = 0, full = 0, blank = 0;
      const char *kind = NULL, *version = NULL, *protocol = NULL, *warning = NULL;
      assert_int_equal(json_integer_value(json_object_get(json, "schema_version")), 1);
      assert_int_equal(json_unpack(data, "{s:[iiii!], s:{s:F}, s:{s:i, s:s, s:F, s:F}, s:{s:{s:i}}}", "order",
                                   &ids[0], &ids[1], &ids[2], &ids[3], "deletion", "auc", &auc, "target",
                                   "index", &index, "score_kind", &kind, "full", &full, "blank", &blank,
                                   "subsets", "best", "regions", &best),
                       0);
      assert_memory_equal(ids, best_order, sizeof ids);
      assert_near(auc, b.explanation->deletion_auc, 1e-9);
      assert_near(full, b.explanation->full, 1e-9);
      assert_near(blank, 0.5, 0);
      assert_int_equal(best, 3);
      assert_string_equal(kind, "probability");
      assert_int_equal(json_array_size(json_object_get(data, "areas")), 5);
      assert_int_equal(json_array_size(json_object_get(json_object_get(data, "insertion"), "scores")), 5);
      assert_int_equal(json_unpack(json_array_get(json_object_get(data, "regions"), 3),
                                   "{s:i, s:i, s:[iiii!], s:[FF!]}", "id", &region, "area", &area, "box",
                                   &box[0], &box[1], &box[2], &box[3], "centroid", &centroid[0],
                                   &centroid[1]),
                       0);
      assert_int_equal(region, 3);
      assert_int_equal(area, 16);
      assert_true(box[0] == 4 && box[1] == 4 && box[2] == 4 && box[3] == 4);
      assert_near(centroid[0], 5.5, 0);
      assert_int_equal(json_unpack(meta, "{s:s, s:s, s:[s!]}", "version", &version, "protocol", &protocol,
                                   "warnings", &warning),
                       0);
      assert_string_equal(version, VT_VERSION_TEXT);
      assert_string_equal(warning, "a \"quoted\"\nline");
      static const char *const keys[] = {"method",  "parameters",  "model_sha256",   "image_sha256",
                                         "seed",    "model_calls", "model_forwards", "diagnostic_calls",
                                         "seconds", "threads",     "batch",          "partial"};
      for (size_t i = 0; i < VT_COUNT(keys); i++)
        assert_non_null(json_object_get(meta, keys[i]));
      json_decref(json);
    }
    assert_string_equal(text, reference);
    vt_free(text);
    bench_end(&b);
  }
  free(reference);
}

static void test_json_text(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  json_t *json = json_pack("{s:f, s:[i,f,n,b], s:[{s:i, s:[i,i]}], s:{}, s:[], s:s}", "z", 0.1, "a", 1, 1e-12,
                           1, "list", "x", 1, "y", 2, 3, "empty", "none", "text", "ä\t\"\\");
  char *text = NULL;
  const char *expected = "{\n"
                         " \"z\": 0.1,\n"
                         " \"a\": [1, 1e-12, null, true],\n"
                         " \"list\": [\n"
                         "  {\"x\": 1, \"y\": [2, 3]}\n"
                         " ],\n"
                         " \"empty\": {},\n"
                         " \"none\": [],\n"
                         " \"text\": \"ä\\u0009\\\"\\\\\"\n"
                         "}\n";
  assert_ok(ctx, vt_json_text(ctx, json, &text));
  assert_string_equal(text, expected);
  vt_free(text);
  if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) { /* a comma as decimal point changes nothing */
    assert_ok(ctx, vt_json_text(ctx, json, &text));
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text, expected);
    vt_free(text);
  }
  json_decref(json);
  json_t *deep = json_array();
  for (int i = 0; i < 100; i++) {
    json_t *outer = json_array();
    json_array_append_new(outer, deep);
    deep = outer;
  }
  assert_fails(ctx, vt_json_text(ctx, deep, &text), VT_ERROR_INVALID_ARGUMENT, "deeper");
  json_decref(deep);
  vt_ctx_free(ctx);
}

static void write_text(vt_ctx *ctx, const char *folder, const char *name, const char *text)
{
  char *path = vt_path_join(ctx, folder, name);
  assert_ok(ctx, vt_write_file(ctx, path, text, strlen(text)));
  vt_free(path);
}

static void remove_file(vt_ctx *ctx, const char *folder, const char *name)
{
  char *path = vt_path_join(ctx, folder, name);
  unlink(path);
  vt_free(path);
}

static void test_read_back(void **unused)
{
  (void)unused;
  bench b = bench_of_one_weight();
  assert_ok(b.ctx, bench_open(&b));
  vt_ctx *io = vt_ctx_new(); /* a context that has held tensors keeps its list of them */
  assert_ok(b.ctx, vt_explanation_complete(b.ctx, b.explanation, b.scorer, false));
  char folder[] = "/tmp/vitrail-test-XXXXXX";
  assert_non_null(mkdtemp(folder));
  char *text = explanation_text(&b);
  vt_explanation_file file;
  write_text(io, folder, "explanation.json", text);
  assert_fails(io, vt_explanation_read(io, folder, &file), VT_ERROR_NO_SUCH_FILE, "labels.npy");
  int height, width;
  vt_tensor *labels = vt_tensor_borrow(io, VT_I32, 2, (int64_t[]){SIDE, SIDE},
                                       (void *)(uintptr_t)vt_regions_labels(b.regions, &height, &width));
  char *path = vt_path_join(io, folder, "labels.npy");
  assert_ok(io, vt_npy_write(io, path, labels));
  vt_free(path);
  assert_ok(io, vt_explanation_read(io, folder, &file));
  assert_int_equal(file.count, 4);
  assert_memory_equal(file.order, best_order, sizeof best_order);
  assert_int_equal(vt_regions_count(file.regions), 4);
  assert_int_equal(file.target, 0);
  assert_near(file.full, b.explanation->full, 1e-9);
  vt_explanation_file_free(&file);

  static const struct {
    const char *json, *message;
  } bad[] = {
      {"{\"schema_version\": 1, \"data\"", "line 1"},
      {"{\"schema_version\": 2}", "schema_version is 2"},
      {"{\"schema_version\": 1, \"data\": {}}", "target.index"},
      {"{\"schema_version\": 1, \"data\": {\"target\": {\"index\": 3}}}", "data.order is missing"},
      {"{\"schema_version\": 1, \"data\": {\"target\": {\"index\": 3}, \"order\": [0, 1, 2]}}", "3 entries"},
      {"{\"schema_version\": 1, \"data\": {\"target\": {\"index\": 3}, \"order\": [0, 1, 2, 2]}}",
       "order[3]"},
      {"{\"schema_version\": 1, \"data\": {\"target\": {\"index\": 3}, \"order\": [0, 1, 2, 4]}}",
       "order[3]"},
      {"{\"schema_version\": 1, \"data\": {\"target\": {\"index\": 3}, \"order\": [0, 1, 2, 0.5]}}",
       "order[3]"},
      {"[]", "schema_version is 0"},
  };
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    write_text(io, folder, "explanation.json", bad[i].json);
    assert_fails(io, vt_explanation_read(io, folder, &file), VT_ERROR_INVALID_DATA, bad[i].message);
  }
  remove_file(io, folder, "explanation.json");
  remove_file(io, folder, "labels.npy");
  rmdir(folder);
  vt_free(text);
  vt_ctx_free(io);
  bench_end(&b);
}

static void test_allocation_failures(void **unused)
{
  (void)unused;
  bool survived = false;
  for (long n = 1; n < 200 && !survived; n++) {
    bench b = bench_of_one_weight();
    vt_ctx_fail_allocation(b.ctx, n);
    vt_status status = bench_open(&b);
    if (status == VT_OK) status = vt_explanation_complete(b.ctx, b.explanation, b.scorer, false);
    json_t *json = NULL;
    char *text = NULL;
    if (status == VT_OK) status = vt_explanation_json(b.ctx, b.explanation, &json);
    if (status == VT_OK) status = vt_json_text(b.ctx, json, &text);
    json_decref(json);
    vt_free(text);
    survived = status == VT_OK;
    if (!survived) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_fail_allocation(b.ctx, 0);
    bench_end(&b);
  }
  assert_true(survived);
}

static void test_methods_by_name(void **unused)
{
  (void)unused;
  static const vt_method lima = {.id = "lima", .aliases = "less-is-more|efficient"}, rise = {.id = "rise"};
  static const vt_method *const all[] = {&lima, &rise};
  const vt_method_list list = {.methods = all, .count = 2};
  assert_ptr_equal(vt_method_find(&list, "rise"), &rise);
  assert_ptr_equal(vt_method_find(&list, "LiMA"), &lima);
  assert_ptr_equal(vt_method_find(&list, "efficient"), &lima);
  assert_ptr_equal(vt_method_find(&list, "Less-Is-More"), &lima);
  assert_null(vt_method_find(&list, "less"));
  assert_null(vt_method_find(&list, "effic"));
  assert_null(vt_method_find(&list, ""));
  assert_string_equal(vt_method_nearest(&list, "rice"), "rise");
  assert_null(vt_method_nearest(&list, "integrated-gradients"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_closed_form),
      cmocka_unit_test(test_known_points_are_kept),
      cmocka_unit_test(test_mistake),
      cmocka_unit_test(test_mistake_peak),
      cmocka_unit_test(test_uninformative),
      cmocka_unit_test(test_random_model_is_told),
      cmocka_unit_test(test_cut_short),
      cmocka_unit_test(test_after_a_time_limit),
      cmocka_unit_test(test_text_from_outside),
      cmocka_unit_test(test_bad_orders),
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_json_text),
      cmocka_unit_test(test_read_back),
      cmocka_unit_test(test_allocation_failures),
      cmocka_unit_test(test_methods_by_name),
  };
  return cmocka_run_group_tests_name("explain/explanation", tests, NULL, NULL);
}
