/* SPDX-License-Identifier: Apache-2.0
 *
 * The public face: options in text form, errors that name them, a result that says what the inside says.
 */
#include "pixel_world.h"

#include "vitrail/vitrail.h"

enum { COUNT = 12 };

static void open_world(pixel_world *world)
{
  for (int i = 0; i < COUNT; i++)
    world->weights[i] = (1 + (i * 5) % COUNT) / 128.0;
  world_open(world, COUNT, pixel_sum, 0);
}

static void test_result(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  open_world(&world);
  vt_option options[] = {
      {"regions", "grid:1x12"}, {"target", "0"}, {"weights", "20,5,0,0"}, {"pending", "4"}};
  vt_attribution *result;
  assert_ok(world.ctx,
            vt_attribute(world.ctx, world.model, world.picture, "less-is-more", options, 4, &result));
  int count, height, width;
  const int *order = vt_attribution_order(result, &count);
  assert_int_equal(count, COUNT);
  assert_permutation(order, count);
  const double *shown = vt_attribution_insertion(result), *removed = vt_attribution_deletion(result);
  const float *map = vt_attribution_saliency(result, &height, &width);
  assert_int_equal(width, COUNT);
  for (int j = 1; j < count; j++) {
    assert_true(world.weights[order[j]] < world.weights[order[j - 1]]);
    assert_true(map[order[j]] <= map[order[j - 1]]);
  }
  double full, blank, insertion, deletion;
  assert_int_equal(vt_attribution_target(result, &full, &blank), 0);
  assert_near(full, shown[count], 0);
  assert_near(blank, removed[count], 0);
  vt_attribution_auc(result, &insertion, &deletion);
  assert_near(insertion + deletion, full, 1e-6); /* curves of a sum mirror each other */
  assert_near(vt_attribution_areas(result)[6], 0.5, 1e-12);
  assert_false(vt_attribution_partial(result));
  assert_int_equal(vt_attribution_model_calls(result),
                   vt_search_calls(&(vt_search_options){.pending = 4}, COUNT) + 2);
  char *text;
  assert_ok(world.ctx, vt_attribution_json(world.ctx, result, &text));
  assert_non_null(strstr(text, "\"schema_version\": 1"));
  vt_text_release(text);
  vt_attribution_free(result);
  world_close(&world);
}

static void test_errors(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  open_world(&world);
  vt_attribution *result;
  vt_option misspelt = {"wieghts", "1,1,1,1"}, impossible = {"target", "2"}, unknown = {"regions", "voronoi"};
  assert_fails(world.ctx, vt_attribute(world.ctx, world.model, world.picture, "lama", NULL, 0, &result),
               VT_ERROR_INVALID_ARGUMENT, "did you mean 'lima'");
  assert_fails(world.ctx, vt_attribute(world.ctx, world.model, world.picture, "lima", &misspelt, 1, &result),
               VT_ERROR_INVALID_ARGUMENT, "did you mean 'weights'");
  assert_fails(world.ctx,
               vt_attribute(world.ctx, world.model, world.picture, "lima", &impossible, 1, &result),
               VT_ERROR_INVALID_ARGUMENT, "the model has 2 classes");
  assert_fails(world.ctx, vt_attribute(world.ctx, world.model, world.picture, "lima", &unknown, 1, &result),
               VT_ERROR_INVALID_ARGUMENT, "voronoi");
  assert_fails(world.ctx, vt_attribute(world.ctx, world.model, world.picture, "smdl", NULL, 0, &result),
               VT_ERROR_INVALID_ARGUMENT, "--confidence entropy");
  assert_null(result);
  vt_attribution_free(NULL);
  world_close(&world);
}

static double above_an_eighth(const pixel_world *world, const bool *shown)
{
  return 0.125 + pixel_sum(world, shown);
}

/* A mistaken picture: the target is not what the model answers, so both classes are followed and the mistake
 * is told. */
static void test_mistake(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  for (int i = 0; i < COUNT; i++)
    world.weights[i] = i < 4 ? 3 / 32.0 : -1 / 128.0; /* p(0) = 0.4375 on the whole */
  world_open(&world, COUNT, above_an_eighth, 0);
  vt_option options[] = {{"regions", "grid:1x12"}, {"target", "0"}};
  vt_attribution *result;
  assert_ok(world.ctx, vt_attribute(world.ctx, world.model, world.picture, "lima", options, 2, &result));
  char *text;
  assert_ok(world.ctx, vt_attribution_json(world.ctx, result, &text));
  json_t *json = json_loads(text, 0, NULL),
         *mistake = json_object_get(json_object_get(json, "data"), "mistake");
  assert_int_equal(json_integer_value(json_object_get(json_object_get(mistake, "predicted"), "index")), 1);
  assert_int_equal(json_array_size(json_object_get(mistake, "misled_by")), COUNT - 4);
  assert_int_equal(json_integer_value(json_object_get(mistake, "peak_step")), 4);
  json_decref(json);
  vt_text_release(text);
  vt_attribution_free(result);
  world_close(&world);
}

/* The bundled model of colours: "red" grows with the first channel where it is above the mean of the
 * others. */
static void test_map(void **unused)
{
  (void)unused;
  char path[4096];
  const char *root = getenv("VITRAIL_SOURCE");
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model;
  vt_image *picture;
  vt_attribution *result;
  int64_t dims[3];
  double sum, difference;
  const char *tensor;
  int height, width;
  snprintf(path, sizeof path, "%s/tests/cli/data/tiny.onnx", root ? root : ".");
  assert_ok(ctx, vt_model_open(ctx, path, NULL, NULL, NULL, &model));
  snprintf(path, sizeof path, "%s/tests/cli/data/squares.png", root ? root : ".");
  assert_ok(ctx, vt_image_read(ctx, path, NULL, &picture));
  vt_option options[] = {{"regions", "grid:4x4"}, {"target", "0"}, {"score", "logit"}, {"reduce", "sum"}};
  assert_ok(ctx, vt_attribute(ctx, model, picture, "saliency", options, 4, &result));
  const float *map = vt_attribution_map(result, dims);
  assert_non_null(map);
  assert_true(dims[0] == 3 && dims[1] == 32 && dims[2] == 32);
  /* cell (1, 2) is red: there the logit falls by half of what another channel gains */
  size_t red = 12 * 32 + 20, plane = 32 * 32, grey = 0;
  assert_near((double)map[red], 40.0 / 1024, 1e-7);
  assert_near((double)map[plane + red], -20.0 / 1024, 1e-7);
  assert_near((double)map[grey], 0, 0);
  assert_near((double)vt_attribution_saliency(result, &height, &width)[red], 0, 1e-7);
  assert_false(vt_attribution_completeness(result, &sum, &difference));
  assert_null(vt_attribution_native(result, &tensor, &height, &width));
  vt_attribution_free(result);
  assert_ok(ctx, vt_attribute(ctx, model, picture, "grad-cam", options, 3, &result));
  assert_non_null(vt_attribution_native(result, &tensor, &height, &width));
  assert_string_equal(tensor, "colourful");
  assert_true(height == 32 && width == 32);
  vt_attribution_free(result);
  vt_image_free(picture);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_map),
      cmocka_unit_test(test_result),
      cmocka_unit_test(test_errors),
      cmocka_unit_test(test_mistake),
  };
  return cmocka_run_group_tests_name("attribution/public", tests, NULL, NULL);
}
