/* SPDX-License-Identifier: Apache-2.0
 *
 * Perturbation methods on games whose answers are known: additive ones, null and equal players, lawless ones
 * against the definition; and what all of them keep: budgets, duplicates, cancelling, short memory.
 */
#include "pixel_world.h"

#include <math.h>

#include "explain/map.h"

typedef struct run_settings {
  const vt_method *method;
  unsigned char settings[512];
} run_settings;

/* Settings as "name=value", NULL ends them. */
static void choose(pixel_world *w, run_settings *run, const char *id, const char *const *changed)
{
  run->method = vt_method_find(&vt_methods, id);
  assert_non_null(run->method);
  assert_ok(w->ctx, vt_params_defaults(w->ctx, run->method->fields, run->method->field_count, run->settings,
                                       sizeof run->settings));
  for (; changed && *changed; changed++)
    assert_ok(w->ctx, vt_params_apply(w->ctx, run->method->fields, run->method->field_count, run->settings,
                                      "setting", *changed));
}

static vt_status attempt(pixel_world *w, const char *id, const char *const *changed)
{
  run_settings run;
  float input[3 * 512];
  choose(w, &run, id, changed);
  vt_preprocess_floats(vt_model_preprocess(w->model), w->picture, input);
  w->task.input = input;
  vt_status status = run.method->check ? run.method->check(w->ctx, &w->task, run.settings) : VT_OK;
  if (status == VT_OK) status = run.method->run(w->ctx, &w->task, run.settings, w->explanation);
  vt_params_free(run.method->fields, run.method->field_count, run.settings);
  w->task.input = NULL;
  return status;
}

/* Values of the regions, which are pixels, in `values`; the world is opened and closed. */
static void play(int count, pixel_rule rule, const double *weights, const char *id,
                 const char *const *changed, double *values)
{
  pixel_world w = {0};
  if (weights) memcpy(w.weights, weights, (size_t)count * sizeof *weights);
  world_open(&w, count, rule, 0);
  assert_ok(w.ctx, attempt(&w, id, changed));
  assert_ok(w.ctx, vt_map_finish(w.ctx, &w.task, w.explanation, VT_REDUCE_AUTO, false));
  for (int i = 0; i < count; i++)
    values[i] = (double)w.explanation->saliency[i];
  for (int j = 0; j + 1 < count; j++)
    assert_true(values[w.explanation->order[j]] >= values[w.explanation->order[j + 1]]);
  const vt_completeness *complete = &w.explanation->completeness;
  if (complete->present) assert_near(complete->error, 0, 1e-9 * (1 + fabs(complete->difference)));
  assert_false(w.explanation->partial);
  world_close(&w);
}

static double additive(const pixel_world *world, const bool *shown)
{
  return .1 + pixel_sum(world, shown);
}

static const double slopes[8] = {.1, -.04, 0, .2, .02, .05, .17, .08};

/* Contributions are the slopes, whatever is shown beside them. Scores are f32: 6e-8 each. */
static void test_additive(void **state)
{
  (void)state;
  static const struct {
    const char *id, *settings[5];
    double tolerance;
  } cases[] = {
      {"feature-ablation", {NULL}, 3e-7},
      {"occlusion", {"window=1", "stride=1", NULL}, 3e-7},
      {"occlusion", {"window=1", "stride=1", "overlap=sum", NULL}, 3e-7},
      {"shapley", {NULL}, 3e-7},
      {"shapley-sampling", {"n_samples=3", NULL}, 3e-7},
      {"shapley-sampling", {"n_samples=4", "antithetic=true", NULL}, 3e-7},
      {"kernel-shap", {NULL}, 1e-6},
      {"kernel-shap", {"n_samples=60", NULL}, 1e-6},
      {"kernel-shap", {"n_samples=100", "sampling=kernel", NULL}, 2e-6},
      {"kernel-shap", {"n_samples=100", "sampling=kernel", "efficiency=false", NULL}, 2e-6},
      {"owen", {NULL}, 3e-7},
      {"lime", {"n_samples=200", "regression=least-squares", NULL}, 2e-6},
      {"lime", {"n_samples=200", "penalty=0", "distance=euclidean", "kernel_width=5", NULL}, 2e-6},
      {"lime", {"n_samples=200", "penalty=0", "distance=input-cosine", "kernel_width=1", NULL}, 2e-6},
      {"lime", {"n_samples=200", "penalty=0", "distance=input-euclidean", "kernel_width=9", NULL}, 2e-6},
      {"lime", {"n_samples=200", "penalty=0", "regression=lasso", NULL}, 1e-5},
  };
  for (size_t c = 0; c < VT_COUNT(cases); c++) {
    double values[8];
    play(8, additive, slopes, cases[c].id, cases[c].settings, values);
    for (int i = 0; i < 8; i++)
      if (!(fabs(values[i] - slopes[i]) <= cases[c].tolerance))
        fail_msg("%s (case %zu): part %d is %.9g, expected %g", cases[c].id, c, i, values[i], slopes[i]);
  }
}

/* E[score · shown] / (n p) = E[score | shown] = .1 + w_i + Σ_j≠i w_j / 2; 4000 subsets leave a standard
 * error of about .004. */
static void test_rise_on_regions(void **state)
{
  (void)state;
  double values[8], sum = 0;
  for (int i = 0; i < 8; i++)
    sum += slopes[i];
  for (int coverage = 0; coverage <= 1; coverage++) {
    play(8, additive, slopes, "rise",
         (const char *const[]){"grid_size=0", coverage ? "normalisation=coverage" : "normalisation=expected",
                               NULL},
         values);
    for (int i = 0; i < 8; i++)
      assert_near(values[i], .1 + slopes[i] + (sum - slopes[i]) / 2, coverage ? .01 : .02);
  }
}

/* Part 0 and 1 only count together; part 2 never. */
static double together(const pixel_world *world, const bool *shown)
{
  (void)world;
  return .2 + (shown[0] && shown[1] ? .5 : 0) + (shown[3] ? .1 : 0);
}

static void test_null_and_equal(void **state)
{
  (void)state;
  static const char *const ids[] = {"shapley", "kernel-shap", "owen"};
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    double values[4];
    play(4, together, NULL, ids[m], NULL, values);
    assert_near(values[0], .25, 1e-6);
    assert_near(values[1], .25, 1e-6);
    assert_near(values[2], 0, 1e-6);
    assert_near(values[3], .1, 1e-6);
  }
  double values[4];
  play(4, together, NULL, "feature-ablation", NULL, values); /* what is missing is missed twice */
  assert_near(values[0], .5, 1e-6);
  assert_near(values[1], .5, 1e-6);
  play(4, together, NULL, "hsic", (const char *const[]){"n_samples=64", NULL}, values);
  assert_near(values[0], values[1], 1e-6); /* the design is balanced */
  assert_true(values[0] > 10 * fabs(values[2]));
  assert_true(values[3] > 0 && values[3] < values[0]);
}

/* All 120 orders of five, each part's contribution where it comes. */
static void by_definition(const pixel_world *w, double *values)
{
  int order[5] = {0, 1, 2, 3, 4}, orders = 0, counter[5] = {0};
  memset(values, 0, 5 * sizeof *values);
  for (int i = 0;;) { /* Heap's algorithm */
    bool shown[512] = {false};
    double before = (double)(float)pixel_hash(w, shown);
    for (int j = 0; j < 5; j++) {
      shown[order[j]] = true;
      double after = (double)(float)pixel_hash(w, shown);
      values[order[j]] += (after - before) / 120;
      before = after;
    }
    orders++;
    while (i < 5 && counter[i] >= i)
      counter[i++] = 0;
    if (i == 5) break;
    int from = i % 2 ? counter[i] : 0, kept = order[from];
    order[from] = order[i];
    order[i] = kept;
    counter[i]++;
    i = 0;
  }
  assert_int_equal(orders, 120);
}

static void test_lawless(void **state)
{
  (void)state;
  pixel_world w = {.count = 5};
  double expected[5], found[5], nine[9], other[9];
  by_definition(&w, expected);
  play(5, pixel_hash, NULL, "shapley", NULL, found);
  for (int i = 0; i < 5; i++)
    assert_near(found[i], expected[i], 1e-6);
  /* exact as soon as every coalition may be asked */
  play(9, pixel_hash, NULL, "shapley", NULL, nine);
  play(9, pixel_hash, NULL, "kernel-shap", (const char *const[]){"n_samples=510", NULL}, other);
  for (int i = 0; i < 9; i++)
    assert_near(other[i], nine[i], 1e-6);
  play(9, pixel_hash, NULL, "kernel-shap", (const char *const[]){"n_samples=509", NULL}, other);
  double apart = 0;
  for (int i = 0; i < 9; i++)
    apart += fabs(other[i] - nine[i]);
  assert_true(apart > 1e-3);
  /* random orders come near: 4000 of them, contributions spread by about .4 */
  play(9, pixel_hash, NULL, "shapley-sampling", (const char *const[]){"n_samples=4000", NULL}, other);
  for (int i = 0; i < 9; i++)
    assert_near(other[i], nine[i], .03);
}

/* Two parts: halves of the tree are the parts, so Owen's values are Shapley's. Four: by hand, the union
 * of a half first. */
static void test_owen(void **state)
{
  (void)state;
  pixel_world w = {.count = 4};
  double values[4], v[16];
  for (int s = 0; s < 16; s++) {
    bool shown[512] = {false};
    for (int i = 0; i < 4; i++)
      shown[i] = s >> i & 1;
    v[s] = (double)(float)pixel_hash(&w, shown);
  }
  play(4, pixel_hash, NULL, "owen", NULL, values);
  /* part 0 beside 1, with the union {2, 3} hidden or shown */
  double alone = (v[1] - v[0] + v[3] - v[2]) / 2, beside = (v[13] - v[12] + v[15] - v[14]) / 2;
  assert_near(values[0], (alone + beside) / 2, 1e-6);
  alone = (v[8] - v[0] + v[12] - v[4]) / 2;
  beside = (v[11] - v[3] + v[15] - v[7]) / 2;
  assert_near(values[3], (alone + beside) / 2, 1e-6);
  /* two calls beside the ends: the halves' values, shared evenly */
  play(4, pixel_hash, NULL, "owen", (const char *const[]){"max_evaluations=4", NULL}, values);
  double first = (v[3] - v[0] + v[15] - v[12]) / 2;
  assert_near(values[0], first / 2, 1e-6);
  assert_near(values[1], first / 2, 1e-6);
  assert_near(values[2], (v[15] - v[0] - first) / 2, 1e-6);
}

/* ---- Sobol on shares ---- */

enum { SHARES = 6 };
static const double share_weights[SHARES] = {.3, .1, 0, .2, .05, .15};

static vt_status weigh_shares(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx, (void)user;
  for (int n = 0; n < count; n++) {
    double p = .05;
    for (int i = 0; i < SHARES; i++)
      p += share_weights[i] * (double)inputs[n * 3 * SHARES + i];
    outputs[2 * n] = (float)p;
    outputs[2 * n + 1] = (float)(1 - p);
  }
  return VT_OK;
}

/* An additive score of uniform shares: total index w² / Σ w². The estimate on 1024 rows is within 3 %. */
static void test_sobol(void **state)
{
  (void)state;
  for (int design = 0; design < 3; design++) {
    pixel_world w = {0};
    world_open(&w, SHARES, additive, 0);
    vt_model_free(w.model);
    vt_scorer_free(w.scorer);
    assert_ok(w.ctx, vt_model_from_function(w.ctx, weigh_shares, NULL, 3, 1, SHARES, 2, false, &w.model));
    vt_scorer_options options = {.target = 0, .second = -1, .batch = 7};
    assert_ok(w.ctx, vt_scorer_new(w.ctx, w.model, w.picture, w.blank, w.regions, &options, &w.scorer));
    w.task.model = w.explanation->model = w.model;
    w.task.scorer = w.scorer;
    static const char *const designs[] = {"design=sobol", "design=latin", "design=random"};
    assert_ok(w.ctx, attempt(&w, "sobol", (const char *const[]){"n_design=1024", designs[design], NULL}));
    double squares = 0;
    for (int i = 0; i < SHARES; i++)
      squares += share_weights[i] * share_weights[i];
    assert_ok(w.ctx, vt_map_finish(w.ctx, &w.task, w.explanation, VT_REDUCE_AUTO, false));
    for (int i = 0; i < SHARES; i++)
      assert_near(w.explanation->saliency[i], share_weights[i] * share_weights[i] / squares,
                  design == 0 ? .01 : .08);
    assert_int_equal(vt_scorer_calls(w.scorer), 1024 * (SHARES + 1));
    world_close(&w);
  }
}

/* ---- what all keep ---- */

static const struct {
  const char *id, *settings[4];
} parted[] = {
    {"feature-ablation", {NULL}},
    {"lime", {"n_samples=100", NULL}},
    {"kernel-shap", {"n_samples=100", NULL}},
    {"kernel-shap", {"n_samples=100", "sampling=kernel", NULL}},
    {"shapley-sampling", {"n_samples=20", NULL}},
    {"owen", {NULL}},
    {"sobol", {"n_design=8", NULL}},
    {"hsic", {"n_samples=100", "design=latin", NULL}},
    {"rise", {"n_samples=100", NULL}},
    {"rise", {"n_samples=100", "grid_size=0", NULL}},
};

/* No budget is exceeded, and what was asked within it still makes a map. */
static void test_budget(void **state)
{
  (void)state;
  for (size_t m = 0; m < VT_COUNT(parted); m++)
    for (int64_t budget = 30; budget <= 60; budget += 30) {
      pixel_world w = {0};
      world_open(&w, 24, pixel_hash, budget);
      bool whole = strcmp(parted[m].id, "feature-ablation") == 0;
      vt_status status = attempt(&w, parted[m].id, parted[m].settings);
      assert_ok(w.ctx, status);
      assert_true(vt_scorer_calls(w.scorer) <= budget);
      if (!whole) {
        assert_true(w.explanation->partial);
        assert_string_equal(w.explanation->partial_reason, "max-calls");
        assert_true(vt_scorer_calls(w.scorer) > budget - 24);
      }
      assert_ok(w.ctx, vt_map_finish(w.ctx, &w.task, w.explanation, VT_REDUCE_AUTO, false));
      assert_permutation(w.explanation->order, 24);
      world_close(&w);
    }
}

static void test_budget_too_small(void **state)
{
  (void)state;
  static const struct {
    const char *id;
    int64_t budget;
    const char *settings[3], *words;
  } cases[] = {
      {"kernel-shap", 1, {NULL}, "at least 2"},       {"kernel-shap", 2, {NULL}, "at least 3"},
      {"shapley-sampling", 5, {NULL}, "at least 10"}, {"lime", 1, {NULL}, "at least 2"},
      {"sobol", 40, {NULL}, "at least 64"},           {"feature-ablation", 1, {NULL}, "at least 2"},
  };
  for (size_t c = 0; c < VT_COUNT(cases); c++) {
    pixel_world w = {0};
    world_open(&w, 9, pixel_hash, cases[c].budget);
    assert_fails(w.ctx, attempt(&w, cases[c].id, cases[c].settings), VT_ERROR_LIMIT, cases[c].words);
    assert_true(vt_scorer_calls(w.scorer) <= cases[c].budget);
    world_close(&w);
  }
  pixel_world w = {0};
  world_open(&w, 9, pixel_hash, 5);
  assert_fails(w.ctx, attempt(&w, "occlusion", (const char *const[]){"window=1", "stride=1", NULL}),
               VT_ERROR_INVALID_ARGUMENT, "needs 10 model calls");
  assert_fails(w.ctx, attempt(&w, "shapley", NULL), VT_ERROR_INVALID_ARGUMENT, "needs 512 model calls");
  assert_int_equal(vt_scorer_calls(w.scorer), 0);
  world_close(&w);
}

/* Three parts have eight subsets, however many are asked for. */
static void test_duplicates(void **state)
{
  (void)state;
  static const char *const ids[] = {"lime", "hsic", "kernel-shap", "shapley-sampling"};
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    pixel_world w = {0};
    world_open(&w, 3, pixel_hash, 0);
    assert_ok(w.ctx, attempt(&w, ids[m], NULL));
    assert_true(vt_scorer_forwards(w.scorer) <= 8);
    assert_int_equal(vt_scorer_calls(w.scorer), strcmp(ids[m], "lime") == 0          ? 1000
                                                : strcmp(ids[m], "hsic") == 0        ? 500
                                                : strcmp(ids[m], "kernel-shap") == 0 ? 8
                                                                                     : 52);
    world_close(&w);
  }
}

static void test_cancel(void **state)
{
  (void)state;
  pixel_world w = {.calls_until_cancel = 300};
  world_open(&w, 24, pixel_hash, 0);
  assert_ok(w.ctx, attempt(&w, "lime", NULL));
  assert_true(w.explanation->partial);
  assert_string_equal(w.explanation->partial_reason, "interrupted");
  assert_true(vt_scorer_calls(w.scorer) < 1000);
  w.cancel = 0;
  world_close(&w);
}

static void test_refused(void **state)
{
  (void)state;
  pixel_world w = {0};
  world_open(&w, 17, pixel_hash, 0);
  assert_fails(w.ctx, attempt(&w, "shapley", NULL), VT_ERROR_INVALID_ARGUMENT, "at most 16 parts, not 17");
  assert_fails(w.ctx, attempt(&w, "occlusion", (const char *const[]){"window=2", "stride=3", NULL}),
               VT_ERROR_INVALID_ARGUMENT, "never hidden");
  assert_fails(w.ctx,
               attempt(&w, "lime", (const char *const[]){"kernel_width=0.001", "include_whole=false", NULL}),
               VT_ERROR_INVALID_ARGUMENT, "widen");
  static const char *const none[][2] = {{"lime", "n_samples=0"},   {"kernel-shap", "n_samples=0"},
                                        {"hsic", "n_samples=0"},   {"sobol", "n_design=0"},
                                        {"rise", "n_samples=0"},   {"shapley-sampling", "n_samples=0"},
                                        {"occlusion", "window=0"}, {"owen", "max_evaluations=0"},
                                        {"lime", "penalty=nan"},   {"lime", "keep_probability=2"}};
  for (size_t i = 0; i < VT_COUNT(none); i++) {
    run_settings run;
    choose(&w, &run, none[i][0], NULL);
    assert_fails(w.ctx,
                 vt_params_apply(w.ctx, run.method->fields, run.method->field_count, run.settings, "setting",
                                 none[i][1]),
                 VT_ERROR_INVALID_ARGUMENT, "");
    vt_params_free(run.method->fields, run.method->field_count, run.settings);
  }
  world_close(&w);
  world_open(&w, 129, pixel_hash, 0);
  assert_fails(w.ctx, attempt(&w, "sobol", (const char *const[]){"n_design=2", NULL}),
               VT_ERROR_INVALID_ARGUMENT, "--design random");
  assert_ok(w.ctx, attempt(&w, "sobol", (const char *const[]){"n_design=2", "design=random", NULL}));
  world_close(&w);
}

/* One part: all of the difference is its own. */
static void test_one_part(void **state)
{
  (void)state;
  static const char *const ids[] = {"feature-ablation", "shapley", "shapley-sampling", "kernel-shap", "owen"};
  const double weight = .3;
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    double value;
    play(1, additive, &weight, ids[m], NULL, &value);
    assert_near(value, .3, 1e-6);
  }
}

/* A score that never moves: zeros, and nothing divided by nothing. */
static double even(const pixel_world *world, const bool *shown)
{
  (void)world, (void)shown;
  return .5;
}

static void test_even(void **state)
{
  (void)state;
  for (size_t m = 0; m < VT_COUNT(parted); m++) {
    double values[6];
    if (strcmp(parted[m].id, "rise") == 0) continue;
    play(6, even, NULL, parted[m].id, parted[m].settings, values);
    for (int i = 0; i < 6; i++)
      assert_near(values[i], 0, 1e-12);
  }
}

/* Every allocation fails once: the memory is given back and said to be short. */
static void test_short_memory(void **state)
{
  (void)state;
  for (size_t m = 0; m < VT_COUNT(parted) + 2; m++) {
    const char *id = m < VT_COUNT(parted) ? parted[m].id : m == VT_COUNT(parted) ? "shapley" : "occlusion";
    const char *const *settings = m < VT_COUNT(parted) ? parted[m].settings : NULL;
    bool good = false;
    for (long n = 1; !good && n < 400; n++) {
      pixel_world w = {0};
      run_settings run;
      float input[3 * 6];
      world_open(&w, 6, pixel_hash, 0);
      choose(&w, &run, id, settings);
      vt_preprocess_floats(vt_model_preprocess(w.model), w.picture, input);
      w.task.input = input;
      vt_ctx_fail_allocation(w.ctx, n);
      vt_status status = run.method->run(w.ctx, &w.task, run.settings, w.explanation);
      vt_ctx_fail_allocation(w.ctx, 0);
      good = status == VT_OK;
      if (!good) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
      vt_params_free(run.method->fields, run.method->field_count, run.settings);
      world_close(&w); /* nothing is left in use */
    }
    assert_true(good);
  }
}

/* ---- controls and presets ---- */

static void test_controls(void **state)
{
  (void)state;
  double first[16], second[16];
  play(16, pixel_hash, NULL, "random", NULL, first);
  play(16, pixel_hash, NULL, "random", (const char *const[]){"grain=pixel", NULL}, second);
  for (int i = 0; i < 16; i++)
    assert_near(first[i], second[i], 1e-7); /* here a pixel is a region */
  play(16, pixel_hash, NULL, "centre-prior", NULL, first);
  for (int i = 0; i < 16; i++) {
    double u = ((i + .5) / 16 - .5) / .25;
    assert_near(first[i], exp(-u * u / 2), 1e-6);
  }
}

static void test_presets(void **state)
{
  (void)state;
  pixel_world w = {0};
  world_open(&w, 4, pixel_hash, 0);
  int found = 0;
  for (size_t m = 0; m < vt_methods.count; m++) {
    const vt_method *method = vt_methods.methods[m];
    for (size_t p = 0; p < method->preset_count; p++) {
      run_settings run;
      vt_request request;
      choose(&w, &run, method->id, NULL);
      assert_ok(w.ctx, vt_params_defaults(w.ctx, vt_request_fields, vt_request_field_count, &request,
                                          sizeof request));
      if (p > 0) assert_true(strcmp(method->presets[p - 1].id, method->presets[p].id) < 0);
      /* every name in it is a setting of the method or of the run */
      char *text = vt_strdup(w.ctx, method->presets[p].settings), *rest = text;
      for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        assert_non_null(strchr(word, '='));
        *strchr(word, '=') = 0;
        if (!vt_params_find(method->fields, method->field_count, word) &&
            !vt_params_find(vt_request_fields, vt_request_field_count, word))
          fail_msg("%s, preset %s: no setting '%s'", method->id, method->presets[p].id, word);
      }
      vt_free(text);
      assert_ok(w.ctx, vt_preset_apply(w.ctx, method, method->presets[p].id, run.settings, vt_request_fields,
                                       vt_request_field_count, &request));
      vt_params_free(method->fields, method->field_count, run.settings);
      vt_params_free(vt_request_fields, vt_request_field_count, &request);
      found++;
    }
  }
  assert_true(found >= 14);
  run_settings run;
  vt_request request = {0};
  choose(&w, &run, "lime", NULL);
  assert_fails(w.ctx, vt_preset_apply(w.ctx, run.method, "rise", run.settings, NULL, 0, &request),
               VT_ERROR_INVALID_ARGUMENT, "it has: captum, lima-paper, lime, xplique");
  choose(&w, &run, "saliency", NULL);
  assert_fails(w.ctx, vt_preset_apply(w.ctx, run.method, "rise", run.settings, NULL, 0, &request),
               VT_ERROR_INVALID_ARGUMENT, "saliency has no preset 'rise'");
  world_close(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_additive),       cmocka_unit_test(test_rise_on_regions),
      cmocka_unit_test(test_null_and_equal), cmocka_unit_test(test_lawless),
      cmocka_unit_test(test_owen),           cmocka_unit_test(test_sobol),
      cmocka_unit_test(test_budget),         cmocka_unit_test(test_budget_too_small),
      cmocka_unit_test(test_duplicates),     cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_refused),        cmocka_unit_test(test_one_part),
      cmocka_unit_test(test_even),           cmocka_unit_test(test_short_memory),
      cmocka_unit_test(test_controls),       cmocka_unit_test(test_presets),
  };
  return cmocka_run_group_tests_name("attribution/perturbation", tests, NULL, NULL);
}
