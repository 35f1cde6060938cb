/* SPDX-License-Identifier: Apache-2.0
 *
 * Declared settings: defaults, text, ranges, JSON.
 */
#include "test.h"

#include "base/params.h"

typedef struct settings {
  int64_t steps;
  double sigma;
  bool fast;
  char *name;
  int mode;
  vt_ints pads;
  vt_reals weights;
} settings;

static const vt_field fields[] = {
    {"n_steps", VT_FIELD_INT, offsetof(settings, steps), "50", VT_RANGE(1, 1000),
     .aliases = "steps|nb_steps"},
    {"sigma", VT_FIELD_REAL, offsetof(settings, sigma), "0.25", VT_RANGE(0, 10)},
    {"fast", VT_FIELD_BOOL, offsetof(settings, fast), "true"},
    {"name", VT_FIELD_STRING, offsetof(settings, name), NULL},
    {"mode", VT_FIELD_CHOICE, offsetof(settings, mode), "blur", .choices = "black|mean|blur"},
    {"pads", VT_FIELD_INTS, offsetof(settings, pads), NULL},
    {"weights", VT_FIELD_REALS, offsetof(settings, weights), "20,5,0.05,0.01"},
};
enum { COUNT = VT_COUNT(fields) };

static void test_defaults(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  settings s;
  assert_ok(ctx, vt_params_defaults(ctx, fields, COUNT, &s, sizeof s));
  assert_int_equal(s.steps, 50);
  assert_near(s.sigma, 0.25, 0);
  assert_true(s.fast);
  assert_null(s.name);
  assert_int_equal(s.mode, 2);
  assert_false(s.pads.present);
  assert_int_equal(s.weights.count, 4);
  assert_near(s.weights.data[2], 0.05, 0);
  vt_params_free(fields, COUNT, &s);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

static void test_setting(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  settings s;
  assert_ok(ctx, vt_params_defaults(ctx, fields, COUNT, &s, sizeof s));
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "n-steps", "7"));
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "nb_steps", "8"));
  assert_int_equal(s.steps, 8);
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "pads", "1,-2,3"));
  assert_int_equal(s.pads.data[1], -2);
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "pads", ""));
  assert_true(s.pads.present && s.pads.count == 0);
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "name", "a"));
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "name", "bc"));
  assert_string_equal(s.name, "bc");
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "fast", "off"));
  assert_false(s.fast);
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "mode", "Mean"));
  assert_int_equal(s.mode, 1);
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "mode", "bla")); /* only one begins so */
  assert_int_equal(s.mode, 0);
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "mode", "bl"), VT_ERROR_INVALID_ARGUMENT,
               "none of");
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "n_steps", "0"), VT_ERROR_INVALID_ARGUMENT,
               "1..1000");
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "n_steps", "7.5"), VT_ERROR_INVALID_ARGUMENT,
               "not an integer");
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "sigma", "nan"), VT_ERROR_INVALID_ARGUMENT, "NaN");
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "mode", "red"), VT_ERROR_INVALID_ARGUMENT,
               "black|mean|blur");
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "weights", "1,,2"), VT_ERROR_INVALID_ARGUMENT,
               "list");
  assert_fails(ctx, vt_params_set(ctx, fields, COUNT, &s, "wieghts", "1"), VT_ERROR_INVALID_ARGUMENT,
               "did you mean 'weights'");
  vt_params_free(fields, COUNT, &s);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

/* What text a field gives, it takes back. */
static void test_round_trip(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  settings s, again;
  assert_ok(ctx, vt_params_defaults(ctx, fields, COUNT, &s, sizeof s));
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "pads", "4,5"));
  assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &s, "sigma", "0.1"));
  assert_ok(ctx, vt_params_defaults(ctx, fields, COUNT, &again, sizeof again));
  for (size_t i = 0; i < COUNT; i++) {
    char *text = vt_params_text(ctx, &fields[i], &s);
    assert_non_null(text);
    assert_ok(ctx, vt_params_set(ctx, fields, COUNT, &again, fields[i].name, text));
    vt_free(text);
  }
  json_t *first = vt_params_json(ctx, fields, COUNT, &s),
         *second = vt_params_json(ctx, fields, COUNT, &again);
  json_object_del(first, "name"); /* absent and empty are one text */
  json_object_del(second, "name");
  assert_true(json_equal(first, second));
  assert_int_equal(json_array_size(json_object_get(first, "pads")), 2);
  json_decref(first);
  json_decref(second);
  json_t *schema = vt_params_schema(fields, COUNT);
  assert_int_equal(json_array_size(schema), COUNT);
  assert_string_equal(json_string_value(json_object_get(json_array_get(schema, 4), "default")), "blur");
  json_decref(schema);
  vt_params_free(fields, COUNT, &s);
  vt_params_free(fields, COUNT, &again);
  vt_ctx_free(ctx);
}

/* A list of texts grows with each text; commas mean nothing. */
static void test_texts(void **unused)
{
  (void)unused;
  vt_texts texts;
  static const vt_field list[] = {{"read", VT_FIELD_TEXTS, 0}};
  vt_ctx *ctx = vt_ctx_new();
  assert_ok(ctx, vt_params_defaults(ctx, list, 1, &texts, sizeof texts));
  assert_int_equal(texts.count, 0);
  assert_ok(ctx, vt_params_set(ctx, list, 1, &texts, "read", "a,b"));
  assert_ok(ctx, vt_params_set(ctx, list, 1, &texts, "read", "c"));
  assert_int_equal(texts.count, 2);
  assert_string_equal(texts.data[0], "a,b");
  char *text = vt_params_text(ctx, list, &texts);
  assert_string_equal(text, "a,b; c");
  vt_free(text);
  json_t *json = vt_params_json(ctx, list, 1, &texts);
  assert_string_equal(json_string_value(json_array_get(json_object_get(json, "read"), 1)), "c");
  json_decref(json);
  vt_params_free(list, 1, &texts);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_setting),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_texts),
  };
  return cmocka_run_group_tests_name("base/params", tests, NULL, NULL);
}
