/* SPDX-License-Identifier: Apache-2.0
 *
 * Class-activation maps on nets that are known by hand: a planted region that all must find, the choice of
 * the layer, layouts, tokens, targets, and what is refused.
 */
#include "cam_case.h"

static const char *const family[] = {"grad-cam",  "grad-cam++", "xgrad-cam", "hires-cam",
                                     "layer-cam", "eigen-cam",  "score-cam", "ablation-cam"};

static vt_explanation *run(rule_bench *b, const char *method, const char *setting)
{
  const char *const settings[] = {setting, NULL};
  return rule_bench_run(b, method, 0, setting ? settings : NULL);
}

/* Share of the positive values that lies inside the planted region. */
static double positive_share(const float *map)
{
  double inside = 0, all = 0;
  for (int i = 0; i < CASE_PLACES; i++) {
    if (map[i] <= 0) continue;
    all += (double)map[i];
    if (case_inside(i / CASE_GRID, i % CASE_GRID)) inside += (double)map[i];
  }
  assert_true(all > 0);
  return inside / all;
}

static int largest(const float *map, int count)
{
  int best = 0;
  for (int i = 1; i < count; i++)
    if (map[i] > map[best]) best = i;
  return best;
}

static void test_planted_region(void **unused)
{
  (void)unused;
  for (int last = 0; last < 2; last++) {
    rule_bench b;
    case_planted(&b, last);
    for (size_t m = 0; m < VT_COUNT(family); m++) {
      vt_explanation *found = run(&b, family[m], NULL);
      assert_string_equal(found->native_name, "layer");
      assert_int_equal(found->native_dims[0], CASE_GRID);
      assert_int_equal(found->native_dims[1], CASE_GRID);
      double share = positive_share(found->native);
      int peak = largest(found->native, CASE_PLACES), pixel = largest(found->attribution, CASE_PIXELS);
      print_message("# %-13s %s: %.1f %% of the positive mass inside, peak at row %d, column %d\n", family[m],
                    last ? "channels last " : "channels first", 100 * share, peak / CASE_GRID,
                    peak % CASE_GRID);
      assert_true(share >= 0.9);
      assert_true(case_inside(peak / CASE_GRID, peak % CASE_GRID));
      assert_true(case_inside(pixel / CASE_SIDE / 4, pixel % CASE_SIDE / 4));
      vt_explanation_free(found);
    }
    case_close(&b);
  }
}

/* By hand: the mean has gradient w/64 everywhere, so Grad-CAM, HiResCAM and XGrad-CAM are Σ w·A/64, LayerCAM
 * the same without the negative weight, and Ablation-CAM weighs by w·mean(A)/score. */
static void test_closed_form(void **unused)
{
  (void)unused;
  rule_bench b;
  case_planted(&b, false);
  double layer[CASE_CHANNELS][CASE_PLACES], mean[CASE_CHANNELS] = {0}, score = 0;
  for (int k = 0; k < CASE_CHANNELS; k++) {
    for (int i = 0; i < CASE_PLACES; i++) {
      double sum = case_offsets[k];
      for (int p = 0; p < 16; p++)
        for (int c = 0; c < 3; c++) {
          int y = i / CASE_GRID * 4 + p / 4, x = i % CASE_GRID * 4 + p % 4;
          sum += (double)case_colours[k][c] * b.input[c * CASE_PIXELS + y * CASE_SIDE + x] / 16;
        }
      layer[k][i] = sum > 0 ? sum : 0;
      mean[k] += layer[k][i] / CASE_PLACES;
    }
    score += (double)case_weights[0][k] * mean[k];
  }
  for (size_t m = 0; m < VT_COUNT(family); m++) {
    bool sum =
        !strcmp(family[m], "grad-cam") || !strcmp(family[m], "hires-cam") || !strcmp(family[m], "xgrad-cam");
    bool positive = !strcmp(family[m], "layer-cam"), ablated = !strcmp(family[m], "ablation-cam");
    if (!sum && !positive && !ablated) continue;
    vt_explanation *found = run(&b, family[m], NULL);
    for (int i = 0; i < CASE_PLACES; i++) {
      double expected = 0;
      for (int k = 0; k < CASE_CHANNELS; k++) {
        double weight = (double)case_weights[0][k];
        if (positive && weight < 0) continue;
        expected += (ablated ? weight * mean[k] / score : weight / CASE_PLACES) * layer[k][i];
      }
      assert_near(found->native[i], expected, 2e-6);
    }
    vt_explanation_free(found);
  }
  case_close(&b);
}

/* The stored map is signed; --relu cuts it before it is resized and leaves native.npy alone. Its sum over the
 * channels is the resized map. */
static void test_sign(void **unused)
{
  (void)unused;
  rule_bench b;
  case_planted(&b, false);
  vt_explanation *plain = run(&b, "grad-cam", NULL), *cut = run(&b, "grad-cam", "relu=true");
  double low = 0, low_cut = 0;
  for (int i = 0; i < 3 * CASE_PIXELS; i++) {
    low = fmin(low, (double)plain->attribution[i]);
    low_cut = fmin(low_cut, (double)cut->attribution[i]);
  }
  assert_true(low < 0);
  assert_true(low_cut >= 0);
  assert_memory_equal(plain->native, cut->native, CASE_PLACES * sizeof(float));
  double corner = 0; /* clamped at the edge: the corner pixel is the corner of the map */
  for (int c = 0; c < 3; c++)
    corner += (double)plain->attribution[c * CASE_PIXELS];
  assert_near(corner, plain->native[0], 1e-7);
  vt_explanation_free(plain);
  vt_explanation_free(cut);
  case_close(&b);
}

/* Grad-CAM's part cuts guided backpropagation out: nothing is left outside. */
static void test_guided(void **unused)
{
  (void)unused;
  rule_bench b;
  case_planted(&b, false);
  vt_explanation *guided = rule_bench_run(&b, "guided-backprop", 0, NULL);
  vt_explanation *both = rule_bench_run(&b, "guided-grad-cam", 0, NULL), *coarse = run(&b, "grad-cam", NULL);
  assert_string_equal(both->native_name, "layer");
  for (int i = 0; i < 3 * CASE_PIXELS; i++) {
    int y = i % CASE_PIXELS / CASE_SIDE, x = i % CASE_SIDE;
    double shown = fmax(0, (double)coarse->native[y / 4 * CASE_GRID + x / 4]);
    assert_near(both->attribution[i], (double)guided->attribution[i] * shown, 1e-7);
    if (!case_inside(y / 4, x / 4)) assert_near(both->attribution[i], 0, 0);
  }
  vt_explanation_free(guided);
  vt_explanation_free(both);
  vt_explanation_free(coarse);
  case_close(&b);
}

/* ---- layers by name, targets, refusals ---- */

static vt_status try_run(rule_bench *b, const char *id, const char *layer, vt_target target)
{
  const vt_method *method = vt_method_find(&vt_methods, id);
  unsigned char settings[512];
  vt_explanation *explanation;
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, method->fields, method->field_count, settings, sizeof settings));
  if (layer)
    assert_ok(b->ctx, vt_params_set(b->ctx, method->fields, method->field_count, settings, "layer", layer));
  vt_task task = {.model = b->model, .subject = &b->subject, .target = target, .input = b->input};
  assert_ok(b->ctx, vt_explanation_new(b->ctx, &explanation));
  vt_status status = method->run(b->ctx, &task, settings, explanation);
  for (int i = 0; status == VT_OK && i < explanation->native_dims[0] * explanation->native_dims[1]; i++)
    assert_true(isfinite(explanation->native[i]));
  vt_params_free(method->fields, method->field_count, settings);
  vt_explanation_free(explanation);
  return status;
}

static void test_refusals(void **unused)
{
  (void)unused;
  rule_bench b;
  vt_target target = {.score = VT_SCORE_LOGIT, .contrast = -1};
  case_planted(&b, false);
  for (size_t m = 0; m < VT_COUNT(family); m++) {
    assert_fails(b.ctx, try_run(&b, family[m], "layr", target), VT_ERROR_INVALID_ARGUMENT,
                 "has no tensor 'layr'; near it: 'layer'");
    assert_fails(b.ctx, try_run(&b, family[m], "flat", target), VT_ERROR_INVALID_ARGUMENT,
                 "'flat' is f32[1,4] and has no spatial extent");
    assert_fails(b.ctx, try_run(&b, family[m], "mean", target), VT_ERROR_INVALID_ARGUMENT,
                 "has no spatial extent");
    assert_fails(b.ctx, try_run(&b, family[m], "colours", target), VT_ERROR_INVALID_ARGUMENT, "no layer");
  }
  case_close(&b);
}

/* Any tensor with spatial extent will do, the picture itself too. */
static void test_named_layers(void **unused)
{
  (void)unused;
  static const char *const names[] = {"layer", "before", "small", "x"};
  rule_bench b;
  vt_target target = {.score = VT_SCORE_LOGIT, .contrast = -1};
  case_planted(&b, false);
  for (size_t m = 0; m < VT_COUNT(family); m++)
    for (size_t i = 0; i < VT_COUNT(names); i++)
      assert_ok(b.ctx, try_run(&b, family[m], names[i], target));
  case_close(&b);
}

static void test_targets(void **unused)
{
  (void)unused;
  static const float direction[CASE_CLASSES] = {1, -1, 0.5f};
  static const vt_score_kind scores[] = {VT_SCORE_PROBABILITY, VT_SCORE_LOGIT,      VT_SCORE_LOG_PROBABILITY,
                                         VT_SCORE_MARGIN,      VT_SCORE_SIMILARITY, VT_SCORE_MEAN};
  rule_bench b;
  case_planted(&b, false);
  for (size_t m = 0; m < VT_COUNT(family); m++)
    for (size_t s = 0; s < VT_COUNT(scores); s++) {
      vt_target target = {
          .score = scores[s], .contrast = -1, .direction = direction, .direction_count = CASE_CLASSES};
      assert_ok(b.ctx, try_run(&b, family[m], NULL, target));
    }
  case_close(&b);
}

/* A linear model has no layer; nor has one whose answer does not depend on the picture's layer. */
static void test_no_layer(void **unused)
{
  (void)unused;
  enum { SIDE = 4, FLOATS = 3 * SIDE * SIDE };
  static const int64_t dims[] = {-1, 3, SIDE, SIDE};
  float weights[2 * FLOATS];
  rule_bench b = {.ctx = vt_ctx_new()};
  for (int i = 0; i < 2 * FLOATS; i++)
    weights[i] = (float)i;
  pb graph = onnx_graph(b.ctx, 4, dims);
  case_tensor(b.ctx, &graph, "w", 2, (const int64_t[]){FLOATS, 2}, weights);
  case_node(b.ctx, &graph, "Flatten", "x", "flat");
  case_node(b.ctx, &graph, "MatMul", "flat w", "y");
  case_open(&b, &graph);
  vt_target target = {.score = VT_SCORE_LOGIT, .contrast = -1};
  assert_fails(b.ctx, try_run(&b, "grad-cam", NULL, target), VT_ERROR_INVALID_ARGUMENT,
               "has no layer with spatial extent");
  case_close(&b);
}

/* A constant answer: a map of zeros, not an error. */
static void test_constant_model(void **unused)
{
  (void)unused;
  static const float none[CASE_CLASSES * CASE_CHANNELS];
  rule_bench b;
  case_planted(&b, false);
  vt_graph *graph = ((vt_onnx_state *)b.model->state)->graph;
  vt_tensor *weights = graph->values[vt_graph_find(graph, "weights")].constant;
  memcpy(weights->data, none, sizeof none);
  for (size_t m = 0; m < VT_COUNT(family); m++) {
    if (!strcmp(family[m], "eigen-cam") || !strcmp(family[m], "score-cam"))
      continue; /* of activations alone */
    vt_explanation *found = run(&b, family[m], NULL);
    for (int i = 0; i < CASE_PLACES; i++)
      assert_near(found->native[i], 0, 0);
    vt_explanation_free(found);
  }
  case_close(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_planted_region), cmocka_unit_test(test_closed_form),
      cmocka_unit_test(test_sign),           cmocka_unit_test(test_guided),
      cmocka_unit_test(test_refusals),       cmocka_unit_test(test_named_layers),
      cmocka_unit_test(test_targets),        cmocka_unit_test(test_no_layer),
      cmocka_unit_test(test_constant_model),
  };
  return cmocka_run_group_tests_name("attribution/cam", tests, NULL, NULL);
}
