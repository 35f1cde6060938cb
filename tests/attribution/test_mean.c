/* SPDX-License-Identifier: Apache-2.0
 *
 * Means of a map under a mask: a planted map whose places are those of the picture, so that the mean over a
 * mask is known by hand, of all channels and of one; masks in three sizes; masks that fit nothing.
 */
#include "graph/builder.h"

#include <math.h>

#include "attribution/attribute.h"
#include "explain/model_onnx.h"

enum { SIDE = 8, CELLS = 4 };

static char folder[] = "/tmp/vitrail-mean-XXXXXX";

typedef struct world {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *photo;
  vt_request request;
  const vt_method *method;
  unsigned char settings[256];
} world;

/* x [n, 3, 8, 8] → y [n, 2, 4, 4]: mean red, and mean green, of cells of 2 × 2. */
static void open_world(world *w, const char *method)
{
  static const char sidecar[] = "{\"size\": 8, \"resize\": \"stretch\", \"interpolation\": \"nearest\"}";
  builder b;
  vt_preprocess *preprocess;
  *w = (world){.ctx = vt_ctx_new(), .method = vt_method_find(&vt_methods, method)};
  assert_ok(w->ctx, vt_init(w->ctx));
  builder_init(&b, w->ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(-1, 3, SIDE, SIDE));
  float *weights = builder_constant(&b, "w", VT_F32, 4, DIMS(2, 3, 2, 2), NULL);
  for (int i = 0; i < 24; i++)
    weights[i] = i / 4 == 0 || i / 4 == 4 ? 0.25f : 0;
  builder_node(&b, "Conv", "x w", "y", "strides=2,2");
  builder_output(&b, "y");
  vt_graph *graph = vt_alloc_zero(w->ctx, 1, sizeof *graph);
  assert_non_null(graph);
  *graph = b.graph;
  assert_ok(w->ctx, vt_preprocess_parse(w->ctx, sidecar, strlen(sidecar), NULL, &preprocess));
  assert_ok(w->ctx, vt_model_of_graph(w->ctx, graph, "hand.onnx", preprocess, NULL, NULL, &w->model));
  assert_ok(w->ctx, vt_image_new(w->ctx, 2 * SIDE, 2 * SIDE, 3, &w->photo));
  for (int i = 0; i < 4 * SIDE * SIDE; i++) { /* a cell is 4 × 4 in the photograph */
    int cell = i / (2 * SIDE) / 4 * CELLS + i % (2 * SIDE) / 4;
    w->photo->pixels[3 * i] = (uint8_t)(10 * cell);
    w->photo->pixels[3 * i + 1] = (uint8_t)(255 - 5 * cell);
  }
  assert_ok(w->ctx, vt_params_defaults(w->ctx, vt_request_fields, vt_request_field_count, &w->request,
                                       sizeof w->request));
  assert_ok(w->ctx, vt_params_defaults(w->ctx, w->method->fields, w->method->field_count, w->settings,
                                       sizeof w->settings));
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
  vt_ctx_free(w->ctx);
}

/* A mask of `side` × `side` that covers cells (1, 1) and (1, 2), in a file. */
static const char *mask_file(world *w, int side, bool empty)
{
  static char path[64];
  int64_t dims[2] = {side, side};
  vt_tensor *mask = vt_tensor_new(w->ctx, VT_I32, 2, dims);
  assert_non_null(mask);
  for (int i = 0; i < side * side; i++) {
    int row = i / side * CELLS / side, column = i % side * CELLS / side;
    ((int32_t *)mask->data)[i] = !empty && row == 1 && (column == 1 || column == 2) ? 7 : 0;
  }
  snprintf(path, sizeof path, "%s/mask.npy", folder);
  assert_ok(w->ctx, vt_npy_write(w->ctx, path, mask));
  return path;
}

static double red(int cell)
{
  return 10 * cell / 255.0;
}

static double green(int cell)
{
  return (255 - 5 * cell) / 255.0;
}

static void test_masks(void **unused)
{
  (void)unused;
  static const int sides[] = {2 * SIDE, SIDE, CELLS};
  for (size_t i = 0; i < VT_COUNT(sides); i++) {
    world w;
    vt_result result;
    open_world(&w, "lima");
    ask(&w, "regions", "grid:4x4");
    ask(&w, "mask", mask_file(&w, sides[i], false));
    assert_ok(w.ctx, run(&w, &result));
    assert_int_equal(result.explanation->score, VT_SCORE_MEAN);
    assert_string_equal(result.explanation->target_text, "the mean of the output in mask.npy");
    assert_near(result.explanation->full, (red(5) + red(6) + green(5) + green(6)) / 4, 1e-6);
    assert_near(result.explanation->blank, 0, 0);
    vt_result_free(&result);
    ask(&w, "target", "1");
    assert_ok(w.ctx, run(&w, &result));
    assert_string_equal(result.explanation->target_text, "the mean of the output's channel 1 in mask.npy");
    assert_near(result.explanation->full, (green(5) + green(6)) / 2, 1e-6);
    int first = result.explanation->order[0], second = result.explanation->order[1];
    assert_true((first == 5 && second == 6) || (first == 6 && second == 5));
    assert_near(result.explanation->insertion[2], result.explanation->full, 1e-6);
    vt_result_free(&result);
    close_world(&w);
  }
}

/* The derivative is spread over the mask's places alone. */
static void test_gradient(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  open_world(&w, "saliency");
  ask(&w, "target", "0");
  ask(&w, "mask", mask_file(&w, CELLS, false));
  assert_ok(w.ctx, run(&w, &result));
  for (int i = 0; i < 3 * SIDE * SIDE; i++) {
    int y = i / SIDE % SIDE, x = i % SIDE;
    bool inside = i < SIDE * SIDE && y / 2 == 1 && (x / 2 == 1 || x / 2 == 2);
    assert_near((double)result.explanation->attribution[i], inside ? 0.125 : 0, 1e-7);
  }
  vt_result_free(&result);
  close_world(&w);
}

static void test_refused(void **unused)
{
  (void)unused;
  world w;
  vt_result result;
  open_world(&w, "lima");
  ask(&w, "mask", mask_file(&w, CELLS, true));
  assert_fails(w.ctx, run(&w, &result), VT_ERROR_INVALID_DATA, "covers no place");
  ask(&w, "mask", mask_file(&w, 5, false));
  assert_fails(w.ctx, run(&w, &result), VT_ERROR_INVALID_DATA, "5 × 5");
  ask(&w, "mask", "/tmp/vitrail-no-such-mask.npy");
  assert_int_not_equal(run(&w, &result), VT_OK);
  vt_ctx_clear(w.ctx);
  ask(&w, "mask", mask_file(&w, CELLS, false));
  ask(&w, "target", "2");
  assert_fails(w.ctx, run(&w, &result), VT_ERROR_INVALID_ARGUMENT, "channels 0 to 1");
  close_world(&w);
}

static int make_folder(void **state)
{
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
  (void)state;
  char path[64];
  snprintf(path, sizeof path, "%s/mask.npy", folder);
  unlink(path);
  return rmdir(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_masks),
      cmocka_unit_test(test_gradient),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests_name("attribution/mean", tests, make_folder, remove_folder);
}
