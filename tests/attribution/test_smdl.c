/* SPDX-License-Identifier: Apache-2.0
 *
 * SMDL against closed forms: orders, scores, violation rates, counts; the uncertainty network; priors.
 */
#include "attribution/lima.h"
#include "attribution/smdl_greedy.h"
#include "pixel_world.h"
#include "vitrail/attribution.h"

#include <math.h>

enum { COUNT = 11 };

static void world_of(pixel_world *world, pixel_rule rule, int64_t max_calls)
{
  /* distinct weights in scattered places: 7 generates the residues of 11; sums are exact in f32 */
  for (int i = 0; i < COUNT; i++)
    world->weights[i] = (1 + (i * 7) % COUNT) / 512.0;
  world_open(world, COUNT, rule, max_calls);
}

static vt_smdl_settings settings_of(vt_ctx *ctx, const char *weights)
{
  const vt_method *method = &vt_method_smdl;
  vt_smdl_settings settings;
  assert_ok(ctx, vt_params_defaults(ctx, method->fields, method->field_count, &settings, sizeof settings));
  assert_ok(ctx, vt_params_set(ctx, method->fields, method->field_count, &settings, "weights", weights));
  return settings;
}

static void free_settings(vt_smdl_settings *settings)
{
  vt_params_free(vt_method_smdl.fields, vt_method_smdl.field_count, settings);
}

static void run_smdl(pixel_world *world, vt_smdl_settings *settings)
{
  assert_ok(world->ctx, vt_method_smdl.check(world->ctx, &world->task, settings));
  assert_ok(world->ctx, vt_method_smdl.run(world->ctx, &world->task, settings, world->explanation));
}

static double detail(const pixel_world *world, const char *group, const char *name)
{
  json_t *object = world->explanation->details;
  return json_number_value(json_object_get(group ? json_object_get(object, group) : object, name));
}

/* p = Σ wᵢ: weights sorted, F of j regions = s_j + 1 − (total − s_j), equal gains everywhere. */
static void test_additive(void **state)
{
  VT_UNUSED(state);
  pixel_world world = {0};
  world_of(&world, pixel_sum, 0);
  vt_smdl_settings settings = settings_of(world.ctx, "1,1,0,0");
  run_smdl(&world, &settings);
  const vt_explanation *found = world.explanation;
  double sum = 0, total = 0;
  assert_permutation(found->order, COUNT);
  for (int i = 0; i < COUNT; i++)
    total += world.weights[i];
  for (int j = 0; j < COUNT; j++) {
    if (j > 0) assert_true(world.weights[found->order[j]] < world.weights[found->order[j - 1]]);
    sum += world.weights[found->order[j]];
    assert_near(found->insertion[j + 1], sum, 1e-6);
    assert_near(found->deletion[j + 1], total - sum, 1e-6);
    if (j + 1 < COUNT) assert_near(found->objective[j], sum + 1 - (total - sum), 1e-6);
  }
  assert_true(isnan(found->objective[COUNT - 1])); /* the last region is implied */
  assert_near(found->violation_rate, 0, 0);
  assert_int_equal(found->violation_triples, detail(&world, "not_submodular", "triples"));
  /* of round j + 1, k − j candidates, each was there in the round before; the last round is implied */
  assert_int_equal(found->violation_triples, (COUNT - 1) * COUNT / 2 - 1);
  assert_int_equal(detail(&world, "not_monotone", "pairs"), COUNT * (COUNT + 1) / 2 - 1);
  assert_int_equal(vt_scorer_calls(world.scorer), COUNT * (COUNT + 1));
  assert_int_equal(vt_method_smdl.calls(&settings, COUNT, false), COUNT * (COUNT + 1));
  assert_string_equal(json_string_value(json_object_get(found->details, "confidence")), "none");
  free_settings(&settings);
  world_close(&world);
}

static double share_of(const pixel_world *world, const bool *shown)
{
  int sum = 0;
  for (int i = 0; i < world->count; i++)
    sum += shown[i];
  return (double)sum / world->count;
}

static double square_share(const pixel_world *world, const bool *shown)
{
  return share_of(world, shown) * share_of(world, shown);
}

static double falling_share(const pixel_world *world, const bool *shown)
{
  return 1 - share_of(world, shown);
}

/* A convex p breaks diminishing returns everywhere, what is left without the shown then has concave gains; a
 * falling one breaks monotonicity everywhere. */
static void test_violations(void **state)
{
  VT_UNUSED(state);
  static const struct {
    pixel_rule rule;
    double submodular[2], monotone[2]; /* of consistency and collaboration */
  } cases[] = {{square_share, {1, 0}, {0, 0}}, {falling_share, {0, 0}, {1, 1}}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    pixel_world world = {0};
    world_of(&world, cases[i].rule, 0);
    vt_smdl_settings settings = settings_of(world.ctx, "1,1,0,0");
    run_smdl(&world, &settings);
    assert_near(detail(&world, "not_submodular", "consistency"), cases[i].submodular[0], 0);
    assert_near(detail(&world, "not_submodular", "collaboration"), cases[i].submodular[1], 0);
    assert_near(detail(&world, "not_monotone", "consistency"), cases[i].monotone[0], 0);
    assert_near(detail(&world, "not_monotone", "collaboration"), cases[i].monotone[1], 0);
    free_settings(&settings);
    world_close(&world);
  }
}

/* ---- the uncertainty network ---- */

enum { NETWORK_CLASSES = 3 };

/* Evidence for one class by the weights of the shown pixels, counted backwards; none for the others. */
static double evidence_score(const pixel_world *world, const bool *shown)
{
  double sum = 0;
  for (int i = 0; i < world->count; i++)
    if (shown[i]) sum += 60 * world->weights[world->count - 1 - i];
  return sum;
}

static vt_status network_predict(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  pixel_world *world = user;
  VT_UNUSED(ctx);
  for (int n = 0; n < count; n++) {
    bool shown[COUNT];
    for (int i = 0; i < world->count; i++)
      shown[i] = inputs[(size_t)n * 3 * (size_t)world->count + (size_t)i] > 0;
    outputs[NETWORK_CLASSES * n] = (float)evidence_score(world, shown);
    outputs[NETWORK_CLASSES * n + 1] = outputs[NETWORK_CLASSES * n + 2] = -40;
  }
  return VT_OK;
}

/* F = 1 − u, u = K / (K + e^score + 2 e^−10): the order is that of the network's evidence, whatever the
 * model that is explained says, and the network, which has another number of classes, is asked about x_S
 * alone. */
static void test_uncertainty(void **state)
{
  VT_UNUSED(state);
  pixel_world world = {0};
  world_of(&world, pixel_hash, 0);
  vt_model *network;
  assert_ok(world.ctx, vt_model_from_function(world.ctx, network_predict, &world, 3, 1, COUNT,
                                              NETWORK_CLASSES, true, &network));
  vt_smdl_settings settings = settings_of(world.ctx, "0,0,1,0");
  settings.uncertainty_model = network;
  run_smdl(&world, &settings);
  const int *order = world.explanation->order;
  double score = 0;
  for (int j = 0; j + 1 < COUNT; j++) {
    if (j > 0) assert_true(world.weights[COUNT - 1 - order[j]] < world.weights[COUNT - 1 - order[j - 1]]);
    score += 60 * world.weights[COUNT - 1 - order[j]];
    double strength = NETWORK_CLASSES + exp(fmin(10, score)) + 2 * exp(-10);
    assert_near(world.explanation->objective[j], 1 - NETWORK_CLASSES / strength, 1e-5);
  }
  assert_int_equal(vt_scorer_calls(world.scorer), COUNT * (COUNT + 1));
  /* half of the search's, and once for nothing shown */
  assert_int_equal(detail(&world, NULL, "uncertainty_forwards"), (COUNT * (COUNT + 1) - 2) / 2 + 1);
  assert_int_equal(detail(&world, NULL, "uncertainty_classes"), NETWORK_CLASSES);
  free_settings(&settings);
  vt_model_free(network);
  world_close(&world);
}

/* A network of another size sees the whole picture all the same; one of probabilities is refused. */
static vt_status white_predict(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  size_t floats = *(const size_t *)user;
  VT_UNUSED(ctx);
  for (int n = 0; n < count; n++) {
    double sum = 0;
    for (size_t i = 0; i < floats; i++)
      sum += inputs[(size_t)n * floats + i];
    outputs[2 * n] = outputs[2 * n + 1] = (float)(sum / (double)floats);
  }
  return VT_OK;
}

static void test_networks(void **state)
{
  VT_UNUSED(state);
  pixel_world world = {0};
  world_of(&world, pixel_sum, 0);
  vt_ctx *ctx = world.ctx;
  size_t floats = (size_t)3 * 4 * 2 * COUNT;
  vt_model *large, *unfit;
  vt_uncertainty *uncertainty;
  assert_ok(ctx, vt_model_from_function(ctx, white_predict, &floats, 3, 4, 2 * COUNT, 2, true, &large));
  assert_ok(ctx, vt_model_from_function(ctx, white_predict, &floats, 3, 4, 2 * COUNT, 2, false, &unfit));
  assert_ok(ctx, vt_uncertainty_new(ctx, large, world.picture, world.blank, world.regions, &uncertainty));
  uint64_t bits[2] = {0, (1u << COUNT) - 1};
  double u[2];
  assert_ok(ctx, vt_uncertainty_subsets(ctx, uncertainty, bits, 1, 2, u));
  assert_near(u[0], .5, 1e-6); /* black: scores 0, e = 1 */
  assert_near(u[1], 2 / (2 + 2 * exp(1)), 1e-6);
  assert_int_equal(vt_uncertainty_forwards(uncertainty), 2);
  vt_uncertainty_free(uncertainty);
  assert_fails(ctx, vt_uncertainty_new(ctx, unfit, world.picture, world.blank, world.regions, &uncertainty),
               VT_ERROR_INVALID_ARGUMENT, "gives probabilities");
  vt_smdl_settings settings = settings_of(ctx, "1,1,1,0");
  assert_fails(ctx, vt_method_smdl.check(ctx, &world.task, &settings), VT_ERROR_INVALID_ARGUMENT,
               "--uncertainty NET.onnx");
  settings.confidence = 1;
  assert_ok(ctx, vt_method_smdl.check(ctx, &world.task, &settings));
  settings.uncertainty_model = large;
  assert_fails(ctx, vt_method_smdl.check(ctx, &world.task, &settings), VT_ERROR_INVALID_ARGUMENT,
               "leave one of the two out");
  settings.uncertainty_model = NULL;
  settings.consistency = 1;
  assert_fails(ctx, vt_method_smdl.check(ctx, &world.task, &settings), VT_ERROR_INVALID_ARGUMENT,
               "--embedding");
  free_settings(&settings);
  vt_model_free(large);
  vt_model_free(unfit);
  world_close(&world);
}

/* ---- parts, budgets ---- */

static void test_splits(void **state)
{
  VT_UNUSED(state);
  int orders[2][COUNT];
  for (int splits = 2; splits <= 5; splits++) {
    for (int again = 0; again < 2; again++) {
      pixel_world world = {0};
      world_of(&world, pixel_sum, 0);
      vt_smdl_settings settings = settings_of(world.ctx, "1,1,0,0");
      settings.splits = splits;
      run_smdl(&world, &settings);
      const vt_explanation *found = world.explanation;
      assert_permutation(found->order, COUNT);
      memcpy(orders[again], found->order, sizeof orders[again]);
      assert_int_equal(vt_scorer_calls(world.scorer), vt_smdl_search_calls(COUNT, splits) + 2);
      /* the best region is the best of its part; the nominated stand first, by falling weight */
      assert_int_equal((int)lround(world.weights[found->order[0]] * 512), COUNT);
      int nominated = vt_smdl_nominated(COUNT, splits);
      for (int j = 1; j < nominated; j++)
        assert_true(world.weights[found->order[j]] < world.weights[found->order[j - 1]]);
      for (int j = 0; j < nominated; j++)
        assert_false(isnan(found->objective[j]));
      assert_int_equal(found->known, COUNT);
      free_settings(&settings);
      world_close(&world);
    }
    assert_memory_equal(orders[0], orders[1], sizeof orders[0]);
  }
}

/* Two rounds and the ends: what was found stays, the others follow by their last F. */
static void test_budget(void **state)
{
  VT_UNUSED(state);
  pixel_world world = {0};
  world_of(&world, pixel_sum, 2 + 2 * COUNT + 2 * (COUNT - 1));
  vt_smdl_settings settings = settings_of(world.ctx, "1,1,0,0");
  run_smdl(&world, &settings);
  const vt_explanation *found = world.explanation;
  assert_true(found->partial);
  assert_string_equal(found->partial_reason, "max-calls");
  assert_int_equal(found->known, 2);
  assert_permutation(found->order, COUNT);
  for (int j = 1; j < COUNT; j++)
    assert_true(world.weights[found->order[j]] < world.weights[found->order[j - 1]]);
  free_settings(&settings);
  world_close(&world);
}

/* ---- cosines ---- */

/* The classifier inside the program, on noise in nine regions: what is stored as steps is the cosine of
 * embeddings asked for apart; the direction of the class is one that its logit is linear in. */
static void test_cosines(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model;
  vt_image *picture;
  int channels, height, width;
  assert_ok(ctx, vt_model_open_bundled(ctx, NULL, "pooled", &model));
  vt_model_input_size(model, &channels, &height, &width);
  assert_ok(ctx, vt_image_new(ctx, width, height, 3, &picture));
  for (int i = 0; i < 3 * width * height; i++)
    picture->pixels[i] = (uint8_t)vt_random_below(5, 0, (uint64_t)i, 256);
  for (int form = 1; form <= 2; form++) {
    vt_smdl_settings settings = settings_of(ctx, "1,1,0,0.1");
    vt_request request;
    vt_result result;
    settings.consistency = form;
    assert_ok(ctx,
              vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
    assert_ok(ctx,
              vt_params_set(ctx, vt_request_fields, vt_request_field_count, &request, "regions", "grid:3x3"));
    assert_ok(ctx,
              vt_attribute_run(ctx, model, picture, NULL, &vt_method_smdl, &settings, &request, &result));
    const json_t *scores = json_object_get(result.explanation->details, "scores");
    for (int j = 0; j < 8; j++) {
      double shown = json_number_value(json_array_get(json_object_get(scores, "consistency"), (size_t)j)),
             rest = json_number_value(json_array_get(json_object_get(scores, "collaboration"), (size_t)j)),
             spread = json_number_value(json_array_get(json_object_get(scores, "effectiveness"), (size_t)j)),
             all = json_number_value(json_array_get(json_object_get(scores, "objective"), (size_t)j));
      assert_in_range((int)(1e6 * (shown + 1.000001)), 0, 2000002);
      assert_near(all, shown + rest + .1 * spread, 1e-9);
      assert_true(isfinite(result.explanation->insertion[j + 1])); /* by probability all the same */
    }
    /* k(k + 1) − 2 of the search, 2 ends, 9 regions, and the whole picture for its own direction */
    assert_int_equal(result.explanation->model_calls, 9 * 10 + 9 + 1);
    assert_int_equal(result.explanation->traced_runs, form == 2);
    vt_result_free(&result);
    vt_params_free(vt_request_fields, vt_request_field_count, &request);
    free_settings(&settings);
  }
  vt_image_free(picture);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

/* ---- priors ---- */

enum { SIDE = 8, PIXELS = SIDE * SIDE };

/* What a pixel is worth is its rank in the map of feature ablation, and five patches of falling rank a
 * region. */
static void test_prior(void **state)
{
  VT_UNUSED(state);
  pixel_world world = {.count = PIXELS, .rule = pixel_sum, .ctx = vt_ctx_new()};
  vt_ctx *ctx = world.ctx;
  vt_model *model;
  vt_image *picture;
  vt_attribution *result;
  for (int i = 0; i < PIXELS; i++)
    world.weights[i] = (1 + (i * 37) % PIXELS) / 4096.0;
  assert_ok(ctx, vt_model_from_function(ctx, pixel_predict, &world, 3, SIDE, SIDE, 2, false, &model));
  assert_ok(ctx, vt_image_new(ctx, SIDE, SIDE, 3, &picture));
  memset(picture->pixels, 255, (size_t)3 * PIXELS);
  vt_option options[] = {{"prior", "feature-ablation"},
                         {"regions", "grid:8x8"},
                         {"prior_patches", "5"},
                         {"confidence", "entropy"},
                         {"target", "0"}};
  assert_ok(ctx, vt_attribute(ctx, model, picture, "smdl", options, VT_COUNT(options), &result));
  const vt_regions *regions = vt_attribution_regions(result);
  int height, width;
  const int32_t *labels = vt_regions_labels(regions, &height, &width);
  assert_int_equal(vt_regions_count(regions), 13);
  assert_int_equal(vt_regions_area(regions, 12), 4); /* what is left */
  for (int i = 0; i < PIXELS; i++)
    assert_int_equal(labels[i], (PIXELS - (1 + (i * 37) % PIXELS)) / 5);
  char *text;
  assert_ok(ctx, vt_attribution_json(ctx, result, &text));
  assert_non_null(strstr(text, "\"prior\": {"));
  assert_non_null(strstr(text, "\"confidence\": \"entropy\""));
  vt_text_release(text);
  vt_attribution_free(result);
  /* a map of one value: the patches row by row, and a word about it */
  for (int i = 0; i < PIXELS; i++)
    world.weights[i] = 1 / 128.0;
  assert_ok(ctx, vt_attribute(ctx, model, picture, "smdl", options, VT_COUNT(options), &result));
  labels = vt_regions_labels(vt_attribution_regions(result), &height, &width);
  for (int i = 0; i < PIXELS; i++)
    assert_int_equal(labels[i], i / 5);
  assert_ok(ctx, vt_attribution_json(ctx, result, &text));
  assert_non_null(strstr(text, "taken row by row"));
  vt_text_release(text);
  vt_attribution_free(result);
  options[0].value = "feature-ablatoin";
  assert_fails(ctx, vt_attribute(ctx, model, picture, "smdl", options, VT_COUNT(options), &result),
               VT_ERROR_INVALID_ARGUMENT, "feature-ablation");
  vt_image_free(picture);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_additive), cmocka_unit_test(test_violations), cmocka_unit_test(test_uncertainty),
      cmocka_unit_test(test_networks), cmocka_unit_test(test_splits),     cmocka_unit_test(test_budget),
      cmocka_unit_test(test_cosines),  cmocka_unit_test(test_prior),
  };
  return cmocka_run_group_tests_name("attribution/smdl", tests, NULL, NULL);
}
