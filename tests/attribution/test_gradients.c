/* SPDX-License-Identifier: Apache-2.0
 *
 * What every method that makes maps must keep, by walking the registry: a finite map of the input's shape,
 * the runs it declared, the same bytes for the same seed, another seed mattering to random methods alone,
 * and every kind of target. On the small ONNX model of the command's tests.
 */
#include "test.h"

#include <math.h>

#include "attribution/attribute.h"
#include "tensor/tensor.h"

static char model_path[4096], photo_path[4096], direction_path[] = "/tmp/vitrail-direction-XXXXXX.npy";

/* Methods that draw random numbers; to add one, its name. */
static const char *const random_methods[] = {"smoothgrad", "smoothgrad-sq", "vargrad", "gradient-shap"};

typedef struct bench {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *photo;
} bench;

static bench bench_open(void)
{
  bench b = {.ctx = vt_ctx_new()};
  assert_ok(b.ctx, vt_model_open(b.ctx, model_path, NULL, NULL, NULL, &b.model));
  assert_ok(b.ctx, vt_image_read(b.ctx, photo_path, NULL, &b.photo));
  return b;
}

static void bench_close(bench *b)
{
  vt_image_free(b->photo);
  vt_model_free(b->model);
  vt_ctx_free(b->ctx);
}

/* Makes maps of this model: it has no attention and no embedding. */
static bool makes_maps(const vt_method *method)
{
  return method->needs & (VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS) &&
         !(method->needs & (VT_NEEDS_REGIONS | VT_NEEDS_ATTENTION | VT_NEEDS_EMBEDDING));
}

static bool is_random(const vt_method *method)
{
  for (size_t i = 0; i < VT_COUNT(random_methods); i++)
    if (strcmp(method->id, random_methods[i]) == 0) return true;
  return false;
}

/* Request settings as pairs, NULL ends them. */
static vt_result explain(bench *b, const vt_method *method, const char *const *changed)
{
  unsigned char settings[1024];
  vt_request request;
  vt_result result;
  assert_true(method->settings_size <= sizeof settings);
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, method->fields, method->field_count, settings, sizeof settings));
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  assert_ok(b->ctx, vt_params_set(b->ctx, vt_request_fields, vt_request_field_count, &request, "regions",
                                  "grid:3x3"));
  for (; changed && *changed; changed += 2)
    assert_ok(b->ctx, vt_params_set(b->ctx, vt_request_fields, vt_request_field_count, &request, changed[0],
                                    changed[1]));
  vt_status status = vt_attribute_run(b->ctx, b->model, b->photo, NULL, method, settings, &request, &result);
  if (status != VT_OK) fail_msg("%s: %s", method->id, vt_ctx_message(b->ctx));
  const vt_explanation *found = result.explanation;
  int64_t declared = vt_attribute_calls(method, settings, vt_regions_count(result.regions), false);
  if (declared >= 0 && declared != found->model_calls)
    fail_msg("%s: %lld runs, %lld declared", method->id, (long long)found->model_calls, (long long)declared);
  vt_params_free(method->fields, method->field_count, settings);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  return result;
}

enum { FLOATS = 3 * 32 * 32 };

static void check_map(const vt_method *method, const vt_explanation *found)
{
  static const int64_t dims[3] = {3, 32, 32};
  assert_non_null(found->attribution);
  assert_int_equal(found->attribution_rank, 3);
  for (int i = 0; i < 3; i++)
    assert_int_equal(found->attribution_dims[i], dims[i]);
  for (int i = 0; i < FLOATS; i++)
    if (!isfinite(found->attribution[i])) fail_msg("%s: element %d is not finite", method->id, i);
  for (int i = 0; i < 32 * 32; i++)
    assert_true(isfinite(found->saliency[i]));
}

static void test_contract(void **unused)
{
  (void)unused;
  static const char *const other[] = {"seed", "5", NULL}, *const one[] = {"batch", "1", NULL};
  bench b = bench_open();
  int maps = 0;
  for (size_t m = 0; m < vt_methods.count; m++) {
    const vt_method *method = vt_methods.methods[m];
    if (!makes_maps(method)) continue;
    maps++;
    vt_ctx_set_threads(b.ctx, 2);
    vt_result first = explain(&b, method, NULL), seeded = explain(&b, method, other);
    vt_ctx_set_threads(b.ctx, 1);
    vt_result again = explain(&b, method, one);
    check_map(method, first.explanation);
    size_t bytes = FLOATS * sizeof(float);
    if (memcmp(first.explanation->attribution, again.explanation->attribution, bytes) != 0)
      fail_msg("%s: other bytes for the same seed", method->id);
    bool same = memcmp(first.explanation->attribution, seeded.explanation->attribution, bytes) == 0;
    if (same == is_random(method))
      fail_msg("%s: another seed %s", method->id, same ? "changes nothing" : "matters");
    vt_result_free(&first);
    vt_result_free(&seeded);
    vt_result_free(&again);
  }
  assert_true(maps >= 11);
  bench_close(&b);
}

/* Every kind gives a map; that of the probability differs from that of the logit. */
static void test_targets(void **unused)
{
  (void)unused;
  static const char *const kinds[] = {"probability", "logit",      "log-probability",
                                      "margin",      "similarity", "mean"};
  bench b = bench_open();
  float numbers[4] = {1, 2, -1, 0.5f};
  vt_tensor *direction = vt_tensor_borrow(b.ctx, VT_F32, 1, (const int64_t[]){4}, numbers);
  assert_non_null(direction);
  assert_ok(b.ctx, vt_npy_write(b.ctx, direction_path, direction));
  for (size_t m = 0; m < vt_methods.count; m++) {
    const vt_method *method = vt_methods.methods[m];
    if (!makes_maps(method)) continue;
    for (size_t k = 0; k < VT_COUNT(kinds); k++) {
      const char *const changed[] = {"class_score", kinds[k],
                                     strcmp(kinds[k], "similarity") ? NULL : "similar_to", direction_path,
                                     NULL};
      vt_result result = explain(&b, method, changed);
      check_map(method, result.explanation);
      vt_result_free(&result);
    }
  }
  bench_close(&b);
}

/* The logit of "nothing" is a constant of the model: zeros, and a warning that says so. */
static void test_zero_map(void **unused)
{
  (void)unused;
  static const char *const nothing[] = {"class_score", "logit", "target", "3", NULL};
  bench b = bench_open();
  vt_result result = explain(&b, vt_method_find(&vt_methods, "saliency"), nothing);
  for (int i = 0; i < FLOATS; i++)
    assert_near(result.explanation->attribution[i], 0, 0);
  bool warned = false;
  for (size_t i = 0; i < json_array_size(result.explanation->warnings); i++)
    warned = warned ||
             strstr(json_string_value(json_array_get(result.explanation->warnings, i)), "zero everywhere");
  assert_true(warned);
  vt_result_free(&result);
  bench_close(&b);
}

int main(void)
{
  const char *root = getenv("VITRAIL_SOURCE");
  snprintf(model_path, sizeof model_path, "%s/tests/cli/data/tiny.onnx", root ? root : ".");
  snprintf(photo_path, sizeof photo_path, "%s/tests/cli/data/squares.png", root ? root : ".");
  int file = mkstemps(direction_path, 4);
  if (file >= 0) close(file);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_contract),
      cmocka_unit_test(test_targets),
      cmocka_unit_test(test_zero_map),
  };
  int failed = cmocka_run_group_tests_name("attribution/gradients", tests, NULL, NULL);
  unlink(direction_path);
  return failed;
}
