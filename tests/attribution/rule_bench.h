/* SPDX-License-Identifier: Apache-2.0
 *
 * A method run by itself on the model and pixels of the outside truth, and how far its map is from an array
 * there.
 */
#ifndef VT_TESTS_RULE_BENCH_H
#define VT_TESTS_RULE_BENCH_H

#include "test.h"

#include <jansson.h>
#include <math.h>

#include "attribution/attribute.h"
#include "explain/model_kind.h"

enum { RULE_SIDE = 224, RULE_PIXELS = RULE_SIDE * RULE_SIDE, RULE_FLOATS = 3 * RULE_PIXELS };

static const char *const rule_stems[] = {"n02110185_Siberian_husky", "n04041544_radio",
                                         "n01833805_hummingbird", "n04069434_reflex_camera"};

typedef struct rule_bench {
  vt_ctx *ctx;
  vt_model *model;
  vt_subject subject;
  const char *stem;
  float *input;
  int predicted, label;
} rule_bench;

static inline bool rule_bench_here(void)
{
  return shared_path("models/efficientnet_lite0.onnx") &&
         shared_path("golden/whitebox/n02110185_Siberian_husky.npz");
}

static inline void rule_bench_open(rule_bench *b)
{
  *b = (rule_bench){.ctx = vt_ctx_new()};
  assert_ok(b->ctx, vt_model_open(b->ctx, shared_path("models/efficientnet_lite0.onnx"), NULL, NULL, NULL,
                                  &b->model));
  assert_ok(b->ctx, vt_model_subject(b->ctx, b->model, &b->subject));
  assert_int_equal(vt_subject_floats(&b->subject), RULE_FLOATS);
  b->input = calloc(RULE_FLOATS, sizeof *b->input);
  assert_non_null(b->input);
}

static inline void rule_bench_close(rule_bench *b)
{
  free(b->input);
  vt_model_free(b->model);
  vt_ctx_free(b->ctx);
}

/* Pixels and classes of picture `stem`. x = (u8 − 127) / 128, channels first. */
static inline void rule_bench_picture(rule_bench *b, const char *stem)
{
  char name[256];
  vt_tensor *pixels;
  json_error_t error;
  b->stem = stem;
  snprintf(name, sizeof name, "golden/whitebox/%s_u8.npy", stem);
  assert_ok(b->ctx, vt_npy_read(b->ctx, shared_path(name), &pixels));
  assert_int_equal(vt_count(pixels), RULE_FLOATS);
  for (int i = 0; i < RULE_PIXELS; i++)
    for (int c = 0; c < 3; c++)
      b->input[c * RULE_PIXELS + i] = ((float)((const uint8_t *)pixels->data)[3 * i + c] - 127) / 128;
  snprintf(name, sizeof name, "golden/whitebox/%s.json", stem);
  json_t *facts = json_load_file(shared_path(name), 0, &error);
  assert_non_null(facts);
  b->predicted = (int)json_integer_value(json_object_get(facts, "predicted"));
  b->label = (int)json_integer_value(json_object_get(facts, "label"));
  json_decref(facts);
}

/* Settings as "name=value", "precision=f64" of the run among them; NULL ends them. The explanation is the
 * caller's. */
static inline vt_explanation *rule_bench_run(rule_bench *b, const char *method_id, int target,
                                             const char *const *changed)
{
  const vt_method *method = vt_method_find(&vt_methods, method_id);
  unsigned char settings[512];
  vt_type precision = VT_F32;
  vt_explanation *explanation;
  assert_non_null(method);
  assert_true(method->settings_size <= sizeof settings);
  assert_ok(b->ctx,
            vt_params_defaults(b->ctx, method->fields, method->field_count, settings, sizeof settings));
  for (; changed && *changed; changed++) {
    char text[64];
    snprintf(text, sizeof text, "%s", *changed);
    char *equals = strchr(text, '=');
    *equals = 0;
    if (strcmp(text, "precision") == 0) {
      precision = strcmp(equals + 1, "f64") == 0 ? VT_F64 : VT_F32;
      continue;
    }
    assert_ok(b->ctx, vt_params_set(b->ctx, method->fields, method->field_count, settings, text, equals + 1));
  }
  vt_task task = {.model = b->model,
                  .subject = &b->subject,
                  .target = {.score = VT_SCORE_LOGIT, .index = target, .contrast = -1},
                  .input = b->input,
                  .precision = precision};
  assert_ok(b->ctx, vt_explanation_new(b->ctx, &explanation));
  if (method->check) assert_ok(b->ctx, method->check(b->ctx, &task, settings));
  assert_ok(b->ctx, method->run(b->ctx, &task, settings, explanation));
  vt_params_free(method->fields, method->field_count, settings);
  return explanation;
}

/* ‖map − expected‖ / ‖expected‖. Arrays of one plane are sums over the channels. */
static inline double rule_bench_distance(rule_bench *b, const vt_explanation *explanation, const char *array)
{
  char name[256];
  vt_tensor *expected;
  snprintf(name, sizeof name, "golden/whitebox/%s.npz", b->stem);
  assert_ok(b->ctx, vt_npz_read(b->ctx, shared_path(name), array, &expected));
  int64_t count = vt_count(expected);
  assert_true(count == RULE_FLOATS || count == RULE_PIXELS);
  double difference = 0, size = 0;
  for (int64_t i = 0; i < count; i++) {
    double value = (double)explanation->attribution[i], truth = vt_get_f64(expected, i);
    if (count == RULE_PIXELS)
      value += (double)explanation->attribution[i + RULE_PIXELS] +
               (double)explanation->attribution[i + 2 * RULE_PIXELS];
    difference += (value - truth) * (value - truth);
    size += truth * truth;
  }
  return sqrt(difference / size);
}

/* The tolerance that stands beside the array. */
static inline double rule_bench_tolerance(rule_bench *b, const char *array)
{
  char name[256];
  json_error_t error;
  snprintf(name, sizeof name, "golden/whitebox/%s.json", b->stem);
  json_t *facts = json_load_file(shared_path(name), 0, &error);
  const json_t *entry = json_object_get(json_object_get(facts, "arrays"), array);
  double tolerance = json_number_value(json_object_get(json_object_get(entry, "tolerance"), "rel_l2"));
  json_decref(facts);
  return tolerance;
}

#endif
