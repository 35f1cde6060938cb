/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining a detected box: a planted detector of red cells, whose D-RISE score of any subset of regions is
 * known by hand, asked by LiMA, D-RISE and gradients; boxes and numbers of detections; what cannot be asked.
 */
#include "graph/builder.h"

#include <math.h>

#include "attribution/attribute.h"
#include "explain/detector.h"
#include "explain/model_onnx.h"

enum { SIDE = 8, GRID = 4, CELLS = 16, BEST = 5 /* row 1, column 1 */, OTHER = 6 };

static const char sidecar[] =
    "{\"size\": [8, 8], \"resize\": \"stretch\", \"interpolation\": \"nearest\", \"labels\": [\"red "
    "thing\"], \"detection\": {\"kind\": "
    "\"centre-map\", \"scores\": \"s\", \"sizes\": \"z\", \"offsets\": \"o\", \"stride\": 2, \"threshold\": "
    "0.25, "
    "\"overlap\": 0.5}}";

typedef struct world {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *photo;
  vt_request request;
  const vt_method *method;
  unsigned char settings[256];
} world;

/* x [n, 3, 8, 8] → scores: mean red of cells of 2 × 2; sizes: the logarithm of two cells; offsets:
 * nothing. */
static vt_graph *detector_graph(vt_ctx *ctx, float size)
{
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(-1, 3, SIDE, SIDE));
  float *red = builder_constant(&b, "ws", VT_F32, 4, DIMS(1, 3, 2, 2), NULL);
  float *none = builder_constant(&b, "wz", VT_F32, 4, DIMS(2, 3, 2, 2), NULL);
  memset(none, 0, 24 * sizeof *none);
  for (int i = 0; i < 12; i++)
    red[i] = i < 4 ? 0.25f : 0;
  builder_constant(&b, "bz", VT_F32, 1, DIMS(2), (const float[]){size, size});
  builder_node(&b, "Conv", "x ws", "s", "strides=2,2");
  builder_node(&b, "Conv", "x wz bz", "z", "strides=2,2");
  builder_node(&b, "Conv", "x wz", "o", "strides=2,2");
  builder_output(&b, "s");
  builder_output(&b, "z");
  builder_output(&b, "o");
  vt_graph *graph = vt_alloc_zero(ctx, 1, sizeof *graph);
  assert_non_null(graph);
  *graph = b.graph;
  return graph;
}

static void open_world(world *w, const char *method, const char *json, float size)
{
  vt_preprocess *preprocess;
  *w = (world){.ctx = vt_ctx_new(), .method = vt_method_find(&vt_methods, method)};
  assert_non_null(w->method);
  assert_ok(w->ctx, vt_preprocess_parse(w->ctx, json, strlen(json), NULL, &preprocess));
  assert_ok(w->ctx, vt_model_of_graph(w->ctx, detector_graph(w->ctx, size), "hand.onnx", preprocess, NULL,
                                      NULL, &w->model));
  assert_ok(w->ctx, vt_image_new(w->ctx, SIDE, SIDE, 3, &w->photo));
  memset(w->photo->pixels, 0, SIDE * SIDE * 3);
  for (int y = 2; y < 4; y++)
    for (int x = 2; x < 6; x++)
      w->photo->pixels[(y * SIDE + x) * 3] = x < 4 ? 255 : 204; /* cells 5 and 6: 1 and 0.8 */
  for (int y = 6; y < 8; y++)
    for (int x = 6; x < 8; x++)
      w->photo->pixels[(y * SIDE + x) * 3] = 102; /* cell 15: 0.4 */
  assert_ok(w->ctx, vt_params_defaults(w->ctx, vt_request_fields, vt_request_field_count, &w->request,
                                       sizeof w->request));
  assert_ok(w->ctx, vt_params_defaults(w->ctx, w->method->fields, w->method->field_count, w->settings,
                                       sizeof w->settings));
  assert_ok(w->ctx, vt_params_set(w->ctx, vt_request_fields, vt_request_field_count, &w->request, "regions",
                                  "grid:4x4"));
}

static void ask(world *w, const char *name, const char *value)
{
  assert_ok(w->ctx,
            vt_params_set(w->ctx, vt_request_fields, vt_request_field_count, &w->request, name, value));
}

static vt_status run(world *w, vt_result *out)
{
  return vt_attribute_run(w->ctx, w->model, w->photo, NULL, w->method, w->settings, &w->request, out);
}

static void close_world(world *w)
{
  vt_params_free(vt_request_fields, vt_request_field_count, &w->request);
  vt_params_free(w->method->fields, w->method->field_count, w->settings);
  vt_model_free(w->model);
  vt_image_free(w->photo);
  vt_tensor_release(w->ctx, 0);
  vt_ctx_free(w->ctx);
}

static double red_of(int cell)
{
  return cell == BEST ? 1 : cell == OTHER ? 0.8 : cell == CELLS - 1 ? 0.4 : 0;
}

/* Largest IoU · red over the cells shown; boxes are squares of 4 around the middle of a cell. */
static double score_of(unsigned shown, int wanted)
{
  double highest = 0;
  for (int cell = 0; cell < CELLS; cell++) {
    int right = abs(cell % GRID - wanted % GRID), down = abs(cell / GRID - wanted / GRID);
    if (!(shown >> cell & 1) || right > 1 || down > 1) continue;
    double shared = (4 - 2.0 * right) * (4 - 2.0 * down);
    highest = fmax(highest, shared / (32 - shared) * red_of(cell));
  }
  return highest;
}

static void check_curves(const vt_explanation *explanation, int wanted)
{
  unsigned shown = 0;
  for (int j = 0; j <= CELLS; j++) {
    assert_near(explanation->insertion[j], score_of(shown, wanted), 1e-6);
    assert_near(explanation->deletion[j], score_of(~shown, wanted), 1e-6);
    if (j < CELLS) shown |= 1u << explanation->order[j];
  }
}

static double found_confidence(const vt_explanation *explanation, size_t index)
{
  const json_t *found = json_object_get(explanation->target_details, "found");
  return json_number_value(json_object_get(json_array_get(found, index), "confidence"));
}

static void test_lima(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  open_world(&w, "lima", sidecar, logf(2));
  assert_ok(w.ctx, run(&w, &result));
  const vt_explanation *e = result.explanation;
  assert_int_equal(e->score, VT_SCORE_DETECTION);
  assert_string_equal(e->target_text, "red thing in box 1,1,5,5 (detection 0 of 3)");
  for (int i = 0; i < 4; i++)
    assert_near(e->target_box[i], i < 2 ? 1 : 5, 1e-6);
  assert_near(found_confidence(e, 0), 1, 1e-6);
  assert_near(found_confidence(e, 1), 0.8, 1e-6);
  assert_near(found_confidence(e, 2), 0.4, 1e-6);
  assert_int_equal(e->order[0], BEST);
  check_curves(e, BEST);
  vt_result_free(&result);
  ask(&w, "detection", "2");
  assert_ok(w.ctx, run(&w, &result));
  assert_int_equal(result.explanation->order[0], CELLS - 1);
  check_curves(result.explanation, CELLS - 1);
  vt_result_free(&result);
  close_world(&w);
}

/* A box in pixels of a photograph twice as large as the model's view. */
static void test_box(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  vt_image *larger;
  open_world(&w, "lima", sidecar, logf(2));
  assert_ok(w.ctx, vt_image_resize(w.ctx, w.photo, 2 * SIDE, 2 * SIDE, VT_NEAREST, &larger));
  vt_image_free(w.photo);
  w.photo = larger;
  ask(&w, "box", "6,2,14,10");
  assert_ok(w.ctx, run(&w, &result));
  assert_string_equal(result.explanation->target_text, "red thing in box 6,2,14,10 (detection 1 of 3)");
  assert_int_equal(result.explanation->order[0], OTHER);
  assert_near(result.explanation->full, 0.8, 1e-6);
  vt_result_free(&result);
  ask(&w, "box", "1,11,4,15"); /* where nothing was found: its own class is the only one */
  assert_ok(w.ctx, run(&w, &result));
  assert_string_equal(result.explanation->target_text, "red thing in box 1,11,4,15");
  vt_result_free(&result);
  close_world(&w);
}

/* Only red of the cell counts: a quarter for each of its pixels. */
static void test_gradient(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  open_world(&w, "saliency", sidecar, logf(2));
  assert_ok(w.ctx, run(&w, &result));
  const vt_explanation *e = result.explanation;
  for (int i = 0; i < 3 * SIDE * SIDE; i++) {
    int channel = i / (SIDE * SIDE), y = i / SIDE % SIDE, x = i % SIDE;
    bool inside = channel == 0 && y / 2 * GRID + x / 2 == BEST;
    assert_near((double)e->attribution[i], inside ? 0.25 : 0, 1e-6);
  }
  assert_int_equal(e->order[0], BEST);
  vt_result_free(&result);
  close_world(&w);
}

/* Rules start from all outputs at once: by LRP and DeepLift the box, which has one red cell behind it, is
 * that cell's; what starts is the score less its constant sizes. */
static void test_rules(void **unused)
{
  (void)unused;
  static const char *const ids[] = {"lrp", "deeplift", "fullgrad"};
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    world w;
    vt_result result;
    open_world(&w, ids[m], sidecar, logf(2));
    assert_ok(w.ctx, run(&w, &result));
    assert_int_equal(result.explanation->order[0], BEST);
    assert_near(result.explanation->full, 1, 1e-6);
    vt_result_free(&result);
    close_world(&w);
  }
}

static void test_d_rise(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  static const char *const changes[][2] = {{"n_samples", "600"}, {"grid_size", "4"}};
  open_world(&w, "d-rise", sidecar, logf(2));
  for (int i = 0; i < 2; i++)
    assert_ok(w.ctx, vt_params_set(w.ctx, w.method->fields, w.method->field_count, w.settings, changes[i][0],
                                   changes[i][1]));
  assert_ok(w.ctx, run(&w, &result));
  assert_int_equal(result.explanation->order[0], BEST);
  assert_int_equal(result.explanation->model_calls, 600);
  vt_result_free(&result);
  close_world(&w);
}

static void refuse(const char *name, const char *value, vt_status status, const char *part)
{
  world w;
  vt_result result;
  open_world(&w, "lima", sidecar, logf(2));
  if (name) ask(&w, name, value);
  assert_fails(w.ctx, run(&w, &result), status, part);
  close_world(&w);
}

static void test_refused(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  refuse("detection", "3", VT_ERROR_INVALID_ARGUMENT, "3 found, 0 to 2");
  refuse("detection", "-1", VT_ERROR_INVALID_ARGUMENT, "3 found, 0 to 2");
  refuse("detection", "first", VT_ERROR_INVALID_ARGUMENT, "is no number");
  refuse("box", "1,2,3", VT_ERROR_INVALID_ARGUMENT, "x0,y0,x1,y1");
  refuse("box", "5,5,1,9", VT_ERROR_INVALID_ARGUMENT, "x0,y0,x1,y1");
  refuse("box", "nan,5,1,9", VT_ERROR_INVALID_ARGUMENT, "box");
  refuse("box", "20,20,30,30", VT_ERROR_INVALID_ARGUMENT, "outside");
  refuse("class_score", "margin", VT_ERROR_INVALID_ARGUMENT, "no list of classes");
  open_world(&w, "lima", sidecar, logf(2));
  memset(w.photo->pixels, 0, SIDE * SIDE * 3);
  assert_fails(w.ctx, run(&w, &result), VT_ERROR_INVALID_ARGUMENT, "nothing is detected");
  close_world(&w);
  open_world(&w, "lima", sidecar, NAN); /* sizes that are no numbers */
  assert_fails(w.ctx, run(&w, &result), VT_ERROR_NOT_FINITE, "NaN");
  close_world(&w);
  open_world(&w, "lima", sidecar, 1e30f); /* endless boxes are not found */
  assert_fails(w.ctx, run(&w, &result), VT_ERROR_INVALID_ARGUMENT, "nothing is detected");
  close_world(&w);
}

static void test_wrong_sidecar(void **unused)
{
  (void)unused;
  static const char *const cases[][2] = {
      {"{\"size\": 8, \"detection\": {\"kind\": \"centre-map\", \"scores\": \"s\", \"sizes\": \"size\"}}",
       "no output 'size'"},
      {"{\"size\": 8, \"detection\": {\"kind\": \"centre-map\", \"scores\": \"s\", \"sizes\": \"s\"}}",
       "a centre map of 2 channels"},
      {"{\"size\": 8, \"detection\": {\"kind\": \"boxes\", \"scores\": \"s\", \"boxes\": \"z\"}}",
       "output 'z'"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_ctx *ctx = vt_ctx_new();
    vt_preprocess *preprocess;
    vt_model *model;
    assert_ok(ctx, vt_preprocess_parse(ctx, cases[i][0], strlen(cases[i][0]), NULL, &preprocess));
    assert_fails(ctx,
                 vt_model_of_graph(ctx, detector_graph(ctx, 0), "hand.onnx", preprocess, NULL, NULL, &model),
                 VT_ERROR_INVALID_DATA, cases[i][1]);
    vt_tensor_release(ctx, 0);
    vt_ctx_free(ctx);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lima),          cmocka_unit_test(test_box),   cmocka_unit_test(test_gradient),
      cmocka_unit_test(test_d_rise),        cmocka_unit_test(test_rules), cmocka_unit_test(test_refused),
      cmocka_unit_test(test_wrong_sidecar),
  };
  return cmocka_run_group_tests_name("attribution/detection", tests, NULL, NULL);
}
