/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics that ask the method again, with methods whose answers are known: the input itself, the model's
 * weights, the same map whatever is asked. Wrong methods and wrong figures must not pass.
 */
#include "metrics/linear_world.h"

#include "explain/model_onnx.h"
#include "explain/randomise.h"
#include "graph/assemble.h"
#include "metrics/similarity.h"
#include "tensor/tensor.h"

enum { HIDDEN = 6 };

/* image [1, 3, 8, 8] → flattened → 6 hidden → 2 classes, no bend between. */
typedef struct deep_world {
  linear_world linear;
  vt_model *model;
  vt_scorer *scorer;
  vt_task task;
} deep_world;

static void add_weights(vt_ctx *ctx, vt_graph *graph, const char *name, int64_t rows, int64_t columns,
                        int *out)
{
  vt_tensor *tensor;
  assert_ok(ctx, vt_tensor_new_alone(ctx, VT_F32, 2, (int64_t[]){rows, columns}, &tensor));
  float *values = tensor->data;
  for (int64_t i = 0; i < rows * columns; i++)
    values[i] = (float)(vt_random_uniform(41, (uint64_t)rows, (uint64_t)i) - 0.5);
  assert_ok(ctx, vt_graph_add_value(ctx, graph, name, out));
  vt_graph_set_constant(graph, *out, tensor);
}

static vt_model *deep_model(vt_ctx *ctx)
{
  vt_graph *graph;
  vt_model *model;
  int image, first, second, flat, hidden, logits;
  assert_ok(ctx, vt_graph_new(ctx, "deep", &graph));
  assert_ok(ctx, vt_graph_add_value(ctx, graph, "image", &image));
  vt_value *value = &graph->values[image];
  value->type = VT_F32;
  value->rank = 4;
  value->declared = true;
  memcpy(value->dims, (int64_t[]){1, 3, SIDE, SIDE}, 4 * sizeof *value->dims);
  assert_ok(ctx, vt_graph_add_input(ctx, graph, image));
  add_weights(ctx, graph, "first", FLOATS, HIDDEN, &first);
  add_weights(ctx, graph, "second", HIDDEN, 2, &second);
  assert_ok(ctx, vt_graph_add_call(ctx, graph, "Flatten", NULL, "flat", 1, &image, &flat));
  assert_ok(ctx, vt_graph_add_call(ctx, graph, "MatMul", NULL, "hidden", 2, (int[]){flat, first}, &hidden));
  assert_ok(ctx,
            vt_graph_add_call(ctx, graph, "MatMul", NULL, "logits", 2, (int[]){hidden, second}, &logits));
  assert_ok(ctx, vt_graph_add_output(ctx, graph, logits));
  assert_ok(ctx, vt_graph_infer(ctx, graph));
  assert_ok(ctx, vt_graph_hash(ctx, graph));
  assert_ok(ctx, vt_model_of_graph(ctx, graph, "deep", NULL, NULL, NULL, &model));
  return model;
}

static void deep_open(deep_world *w, vt_ctx *ctx)
{
  linear_open(&w->linear, ctx);
  w->model = deep_model(ctx);
  vt_scorer_options options = {.target = 0, .second = -1, .score = VT_SCORE_LOGIT, .batch = 4};
  vt_image *picture = w->linear.picture;
  assert_ok(ctx, vt_scorer_new(ctx, w->model, picture, picture, NULL, &options, &w->scorer));
  w->task =
      (vt_task){.model = w->model, .picture = picture, .blank = picture, .scorer = w->scorer, .seed = 9};
}

static void deep_close(deep_world *w)
{
  vt_scorer_free(w->scorer);
  vt_model_free(w->model);
  linear_close(&w->linear);
}

static const float *weights_of(const vt_model *model, const char *name)
{
  const vt_graph *graph = ((const vt_onnx_state *)model->state)->graph;
  return graph->values[vt_graph_find(graph, name)].constant->data;
}

/* ---- methods ---- */

typedef enum answer { INPUT, TWICE_INPUT, DRAWN, SAME, WEIGHTS, HIDDEN_VALUES, LOGITS } answer;

typedef struct method {
  deep_world *w;
  answer kind;
  int asked;
} method;

static void hidden_values(const vt_model *model, const float *input, double *hidden)
{
  const float *first = weights_of(model, "first");
  for (int h = 0; h < HIDDEN; h++) {
    hidden[h] = 0;
    for (int i = 0; i < FLOATS; i++)
      hidden[h] += (double)first[i * HIDDEN + h] * (double)input[i];
  }
}

static vt_status explain(vt_ctx *ctx, void *user, const vt_again *again, double *map)
{
  (void)ctx;
  method *m = user;
  vt_model *model = again->model ? again->model : m->w->model;
  float own[FLOATS];
  double hidden[HIDDEN];
  int target = again->target >= 0 ? again->target : 0;
  for (int i = 0; i < FLOATS; i++)
    own[i] = (float)m->w->linear.input[i];
  const float *input = again->input ? again->input : own;
  m->asked++;
  for (int i = 0; i < FLOATS && m->kind <= SAME; i++)
    map[i] = m->kind == DRAWN  ? (again->redraw ? 1.5 : 1)
             : m->kind == SAME ? i % 7
                               : (m->kind == TWICE_INPUT ? 2 : 1) * (double)input[i];
  if (m->kind <= SAME) return VT_OK;
  const float *first = weights_of(model, "first"), *second = weights_of(model, "second");
  hidden_values(model, input, hidden);
  if (m->kind == HIDDEN_VALUES) memcpy(map, hidden, sizeof hidden);
  for (int c = 0; c < 2 && m->kind == LOGITS; c++) {
    map[c] = 0;
    for (int h = 0; h < HIDDEN; h++)
      map[c] += hidden[h] * (double)second[2 * h + c];
  }
  for (int i = 0; i < FLOATS && m->kind == WEIGHTS; i++) {
    map[i] = 0;
    for (int h = 0; h < HIDDEN; h++)
      map[i] += (double)first[i * HIDDEN + h] * (double)second[2 * h + target];
  }
  return VT_OK;
}

static vt_measure ask_again(deep_world *w, const char *id, answer kind, const char *const *settings)
{
  const vt_metric *metric = vt_metric_find(id);
  static const size_t sizes[] = {FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, HIDDEN, 2};
  vt_ctx *ctx = w->linear.ctx;
  method m = {w, kind, 0};
  vt_explainer explainer = {.explain = explain, .user = &m, .size = sizes[kind]};
  vt_judged judged = {.explainer = &explainer};
  vt_measure out;
  unsigned char room[256] = {0};
  assert_true(metric->settings_size <= sizeof room);
  assert_ok(ctx, vt_params_defaults(ctx, metric->fields, metric->field_count, room, metric->settings_size));
  for (; settings && *settings; settings++)
    assert_ok(ctx, vt_params_apply(ctx, metric->fields, metric->field_count, room, "setting", *settings));
  assert_ok(ctx, vt_metric_run(ctx, metric, &w->task, &judged, NULL, room, &out));
  vt_params_free(metric->fields, metric->field_count, room);
  for (int i = 0; i < out.extra_count; i++)
    if (strcmp(out.extra_names[i], "explanations") == 0) assert_near(out.extra[i], m.asked, 0);
  return out;
}

static double figure(deep_world *w, const char *id, answer kind, const char *const *settings)
{
  vt_measure out = ask_again(w, id, kind, settings);
  double value = out.value;
  vt_measure_free(&out);
  return value;
}

static double length_of_input(const deep_world *w)
{
  double sum = 0;
  for (int i = 0; i < FLOATS; i++)
    sum += w->linear.input[i] * w->linear.input[i];
  return sqrt(sum);
}

/* ---- robustness: noise of known length in, the same length out ---- */

static void test_stability(void **state)
{
  static const char *const few[] = {"samples=8", "radius=0.1", NULL};
  deep_world w;
  deep_open(&w, *state);
  /* 192 uniform numbers between −r and r have a length of r·√(192/3), within 7 % of it */
  double noise = 0.1 * sqrt(FLOATS / 3.0), length = length_of_input(&w);
  assert_near(figure(&w, "avg-sensitivity", INPUT, few), noise / length, 0.04 * noise / length);
  assert_near(figure(&w, "max-sensitivity", INPUT, few), noise / length, 0.09 * noise / length);
  assert_true(figure(&w, "max-sensitivity", INPUT, few) > figure(&w, "avg-sensitivity", INPUT, few));
  /* a share of the map's own length: its scale does not matter; of the absolute forms it does */
  assert_near(figure(&w, "max-sensitivity", TWICE_INPUT, few), figure(&w, "max-sensitivity", INPUT, few),
              1e-12);
  assert_near(figure(&w, "local-lipschitz", INPUT, few), 1, 1e-12);
  assert_near(figure(&w, "local-lipschitz", TWICE_INPUT, few), 2, 1e-12);
  /* numbers between 0 and r have the same length */
  assert_near(figure(&w, "average-stability", INPUT, few), noise, 0.04 * noise);
  assert_near(figure(&w, "average-stability", TWICE_INPUT, few), 2 * noise, 0.08 * noise);
  static const char *const ids[] = {"avg-sensitivity",          "max-sensitivity",
                                    "local-lipschitz",          "average-stability",
                                    "relative-input-stability", "relative-output-stability"};
  /* the same random numbers for every picture, others for the distance to itself */
  vt_measure drawn = ask_again(&w, "max-sensitivity", DRAWN, few);
  assert_near(drawn.value, 0, 0);
  for (int i = 0; i < drawn.extra_count; i++)
    if (strcmp(drawn.extra_names[i], "self") == 0) assert_near(drawn.extra[i], 0.5, 1e-12);
  vt_measure_free(&drawn);
  for (size_t i = 0; i < VT_COUNT(ids); i++) /* what does not look does not move */
    assert_near(figure(&w, ids[i], SAME, few), 0, 0);
  deep_close(&w);
}

/* A map that is what it is compared with changes by the same share. */
static void test_relative_stability(void **state)
{
  static const char *const few[] = {"samples=5", "radius=0.05", NULL};
  static const char *const inner[] = {"samples=5", "radius=0.05", "tensor=hidden", NULL};
  deep_world w;
  deep_open(&w, *state);
  assert_near(figure(&w, "relative-input-stability", INPUT, few), 1, 1e-9);
  assert_near(figure(&w, "relative-input-stability", TWICE_INPUT, few), 1, 1e-9);
  assert_near(figure(&w, "relative-output-stability", LOGITS, few), 1, 1e-4);
  assert_near(figure(&w, "relative-representation-stability", HIDDEN_VALUES, inner), 1, 1e-4);
  /* compared with something else it does not */
  assert_true(fabs(figure(&w, "relative-input-stability", LOGITS, few) - 1) > 0.01);
  assert_true(fabs(figure(&w, "relative-output-stability", INPUT, few) - 1) > 0.01);
  const vt_metric *metric = vt_metric_find("relative-representation-stability");
  vt_explainer explainer = {.explain = explain, .size = FLOATS};
  vt_judged judged = {.explainer = &explainer};
  vt_measure out;
  assert_fails(*state, vt_metric_run(*state, metric, &w.task, &judged, NULL, NULL, &out),
               VT_ERROR_INVALID_ARGUMENT, "tensor");
  deep_close(&w);
}

/* ---- randomisation ---- */

static void test_forgotten_layers(void **state)
{
  deep_world w;
  vt_model *top, *both, *again;
  deep_open(&w, *state);
  assert_int_equal(vt_model_layers(w.model), 2);
  assert_string_equal(vt_model_layer_name(w.model, 0), "logits");
  assert_null(vt_model_layer_name(w.model, 2));
  assert_int_equal(vt_model_layers(w.linear.model), 0);
  assert_ok(*state, vt_model_randomised(*state, w.model, 0, 1, 4, &top));
  assert_ok(*state, vt_model_randomised(*state, w.model, 0, 2, 4, &both));
  assert_ok(*state, vt_model_randomised(*state, w.model, 0, 2, 5, &again));
  size_t first = FLOATS * HIDDEN * sizeof(float), second = HIDDEN * 2 * sizeof(float);
  assert_memory_equal(weights_of(top, "first"), weights_of(w.model, "first"), first);
  assert_memory_not_equal(weights_of(top, "second"), weights_of(w.model, "second"), second);
  assert_memory_not_equal(weights_of(both, "first"), weights_of(w.model, "first"), first);
  assert_memory_equal(weights_of(both, "second"), weights_of(top, "second"),
                      second); /* steps keep what they drew */
  assert_memory_not_equal(weights_of(again, "first"), weights_of(both, "first"), first);
  double before = 0, after = 0;
  for (int i = 0; i < FLOATS * HIDDEN; i++) {
    before += pow((double)weights_of(w.model, "first")[i], 2);
    after += pow((double)weights_of(both, "first")[i], 2);
  }
  assert_near(after / before, 1, 0.1);
  vt_model *none;
  assert_fails(*state, vt_model_randomised(*state, w.linear.model, 0, 1, 4, &none), VT_ERROR_UNSUPPORTED,
               "no weights");
  vt_model_free(top);
  vt_model_free(both);
  vt_model_free(again);
  deep_close(&w);
}

/* The map that is the weights falls to nothing; one that is always the same stays at 1, which is how it is
 * caught. */
static void test_mprt(void **state)
{
  static const char *const once[] = {"layers=1", NULL}, *const smooth[] = {"samples=3", NULL};
  deep_world w;
  deep_open(&w, *state);
  vt_measure out = ask_again(&w, "mprt", WEIGHTS, NULL);
  assert_int_equal(out.points, 3);
  assert_near(out.scores[0], 1, 0);
  assert_near(out.scores[2], 0, 0.25); /* 192 unrelated numbers: a deviation of 0.07 */
  assert_near(out.value, (out.scores[1] + out.scores[2]) / 2, 1e-12);
  assert_near(out.areas[1], 0.5, 0);
  vt_measure_free(&out);
  assert_near(figure(&w, "mprt", SAME, NULL), 1, 1e-12);
  assert_near(figure(&w, "mprt", INPUT, NULL), 1, 1e-12);
  assert_near(figure(&w, "mprt", WEIGHTS, once), 0, 0.25);
  assert_near(figure(&w, "smooth-mprt", SAME, smooth), 1, 1e-12);
  assert_true(figure(&w, "smooth-mprt", WEIGHTS, smooth) < 0.7);
  assert_near(figure(&w, "efficient-mprt", SAME, NULL), 0, 0);
  assert_true(fabs(figure(&w, "efficient-mprt", WEIGHTS, NULL)) > 1e-6);
  vt_task task = w.task;
  task.model = w.linear.model;
  task.scorer = w.linear.scorers[0];
  method m = {&w, SAME, 0};
  vt_explainer explainer = {.explain = explain, .user = &m, .size = FLOATS};
  vt_judged judged = {.explainer = &explainer};
  assert_fails(*state, vt_metric_run(*state, vt_metric_find("mprt"), &task, &judged, NULL, NULL, &out),
               VT_ERROR_UNSUPPORTED, "ONNX");
  deep_close(&w);
}

static void test_random_logit(void **state)
{
  deep_world w;
  deep_open(&w, *state);
  assert_near(figure(&w, "random-logit", SAME, NULL), 1, 1e-12);
  /* the second class is the opposite of the first, or the same */
  float *second = (float *)(uintptr_t)weights_of(w.model, "second");
  for (int h = 0; h < HIDDEN; h++)
    second[2 * h + 1] = -second[2 * h];
  assert_near(figure(&w, "random-logit", WEIGHTS, NULL), -1, 1e-12);
  for (int h = 0; h < HIDDEN; h++)
    second[2 * h + 1] = second[2 * h];
  assert_near(figure(&w, "random-logit", WEIGHTS, NULL), 1, 1e-12);
  deep_close(&w);
}

static void test_similarity(void **state)
{
  double a[40], entropy;
  for (int i = 0; i < 40; i++)
    a[i] = sin(i);
  assert_near(vt_ssim_line(a, a, 40), 1, 1e-12);
  assert_true(isnan(vt_ssim_line(a, a, 6)));
  /* one window by hand: means 0, the same variance, covariance its opposite; the range is 2 */
  double line[7] = {-1, 0, 1, 0, -1, 1, 0}, turned[7] = {1, 0, -1, 0, 1, -1, 0}, c2 = 0.0036,
         variance = 4 / 6.0;
  assert_near(vt_ssim_line(line, turned, 7), (c2 - 2 * variance) / (c2 + 2 * variance), 1e-12);
  assert_ok(*state, vt_histogram_entropy(*state, (double[]){0, 1, 2, 3}, 4, 4, &entropy));
  assert_near(entropy, log(4), 1e-12);
  assert_ok(*state, vt_histogram_entropy(*state, (double[]){0, 0, 3, 3}, 4, 4, &entropy));
  assert_near(entropy, log(2), 1e-12);
  assert_ok(*state, vt_histogram_entropy(*state, (double[]){5, 5}, 2, 4, &entropy));
  assert_near(entropy, 0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_stability, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_relative_stability, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_forgotten_layers, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_mprt, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_random_logit, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_similarity, new_context, free_context),
  };
  return cmocka_run_group_tests_name("metrics/again", tests, NULL, NULL);
}
