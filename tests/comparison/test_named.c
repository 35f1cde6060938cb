/* SPDX-License-Identifier: Apache-2.0
 *
 * How contenders and criteria are written.
 */
#include "test.h"

#include "comparison/contender.h"
#include "comparison/criterion.h"
#include "comparison/named.h"

static const vt_terms terms = {
    .regions = "grid:4x4", .fill = "mean", .class_score = VT_SCORE_PROBABILITY, .seed = 7};

static void test_parts_of_a_name(void **state)
{
  vt_ctx *ctx = *state;
  vt_named named;
  assert_ok(ctx, vt_named_parse(ctx, " quick=rise@captum(n_samples=500, weights=1,2,3,fill=blur) ", &named));
  assert_string_equal(named.label, "quick");
  assert_string_equal(named.id, "rise");
  assert_string_equal(named.variant, "captum");
  assert_null(named.argument);
  assert_int_equal(named.set.count, 3);
  assert_string_equal(named.set.data[0], "n_samples=500");
  assert_string_equal(named.set.data[1], "weights=1,2,3"); /* commas of a list stay with it */
  assert_string_equal(named.set.data[2], "fill=blur");
  vt_named_free(&named);

  assert_ok(ctx, vt_named_parse(ctx, "rise(n_samples=5)", &named));
  assert_string_equal(named.label, "rise(n_samples=5)");
  vt_named_free(&named);

  assert_ok(ctx, vt_named_parse(ctx, "theirs=maps:/a@b/(c)=d", &named));
  assert_string_equal(named.label, "theirs");
  assert_string_equal(named.id, "maps");
  assert_string_equal(named.argument, "/a@b/(c)=d"); /* a path is taken as it is */
  vt_named_free(&named);

  assert_fails(ctx, vt_named_parse(ctx, "  ", &named), VT_ERROR_INVALID_ARGUMENT, "names nothing");
  assert_fails(ctx, vt_named_parse(ctx, "=rise", &named), VT_ERROR_INVALID_ARGUMENT, "names nothing");
  assert_fails(ctx, vt_named_parse(ctx, "@captum", &named), VT_ERROR_INVALID_ARGUMENT, "names nothing");
  assert_fails(ctx, vt_named_parse(ctx, "rise(a=1", &named), VT_ERROR_INVALID_ARGUMENT, "close");
  assert_fails(ctx, vt_named_parse(ctx, "rise(a=1)b", &named), VT_ERROR_INVALID_ARGUMENT, "close");
}

static void test_list(void **state)
{
  vt_ctx *ctx = *state;
  vt_texts list = {0};
  assert_ok(ctx, vt_named_split(ctx, "lima, rise(a=1,b=2),, maps:x ,", &list));
  assert_int_equal(list.count, 3);
  assert_string_equal(list.data[0], "lima");
  assert_string_equal(list.data[1], "rise(a=1,b=2)");
  assert_string_equal(list.data[2], "maps:x");
  vt_texts_free(&list);
}

static int64_t samples_of(const vt_contender *contender)
{
  const vt_field *field =
      vt_params_find(contender->method->fields, contender->method->field_count, "n_samples");
  return *(const int64_t *)(const void *)((const char *)contender->settings + field->offset);
}

static void test_contenders(void **state)
{
  vt_ctx *ctx = *state;
  vt_contender *list;
  size_t count;
  assert_ok(ctx, vt_contenders_parse(ctx,
                                     "kernel-shap,kernel-shap@captum,k=kernel-shap@captum(n-samples=5,fill="
                                     "blur,regions=grid:2x2,class-score=margin,seed=9),saliency,SHAP="
                                     "KernelShap,maps:dir,oracle",
                                     &terms, &list, &count));
  assert_int_equal(count, 7);
  assert_string_equal(list[0].label, "kernel-shap");
  assert_string_equal(list[0].request.fill, "mean");
  assert_string_equal(list[0].request.regions, "grid:4x4");
  assert_int_equal(list[0].request.class_score, VT_SCORE_PROBABILITY);
  assert_int_equal(list[0].request.seed, 7);
  assert_int_equal(samples_of(&list[0]), 1000);
  assert_false(list[0].own_regions);
  assert_int_equal(samples_of(&list[1]), 23); /* the preset's, which also fills its own way */
  assert_string_equal(list[1].request.fill, "zero");
  assert_int_equal(samples_of(&list[2]), 5); /* what is written comes after the preset */
  assert_string_equal(list[2].request.fill, "blur");
  assert_string_equal(list[2].request.regions, "grid:2x2");
  assert_int_equal(list[2].request.class_score, VT_SCORE_MARGIN);
  assert_int_equal(list[2].request.seed, 9);
  assert_true(list[2].own_regions);
  assert_int_equal(list[3].request.class_score, VT_SCORE_LOGIT); /* looks inside */
  assert_string_equal(list[4].label, "SHAP");
  assert_string_equal(list[4].method->id, "kernel-shap"); /* by its alias */
  assert_int_equal(list[5].kind, VT_CONTENDER_MAPS);
  assert_string_equal(list[5].path, "dir");
  assert_int_equal(list[6].kind, VT_CONTENDER_ORACLE);
  vt_contenders_free(list, count);
}

static void test_wrong_contenders(void **state)
{
  vt_ctx *ctx = *state;
  vt_contender *list;
  size_t count;
  struct {
    const char *text, *message;
  } cases[] = {
      {"lima,kernel-shp", "did you mean 'kernel-shap'"},
      {"rise@captium", "has no preset 'captium'"},
      {"rise(n_sample=5)", "did you mean 'n_samples'"},
      {"rise(n_samples=no)", "n_samples"},
      {"rise(target=3)", "the target is the same"},
      {"rise,rise", "named twice"},
      {"rise:x", "behind a colon"},
      {"maps", "needs a file or a folder"},
      {"maps:", "needs a file or a folder"},
      {"oracle(a=1)", "neither settings nor presets"},
      {" , ", "no method is named"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    assert_fails(ctx, vt_contenders_parse(ctx, cases[i].text, &terms, &list, &count),
                 VT_ERROR_INVALID_ARGUMENT, cases[i].message);
    assert_null(list);
    assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  }
}

static void test_criteria(void **state)
{
  vt_ctx *ctx = *state;
  vt_criterion *list;
  size_t count;
  assert_ok(ctx, vt_criteria_parse(ctx, "insertion,rise=insertion@rise,mufidelity(grid=5),pointing-game",
                                   "lima", &list, &count));
  assert_int_equal(count, 4);
  assert_string_equal(list[0].protocol->id, "lima");
  assert_string_equal(list[1].protocol->id, "rise");
  assert_string_equal(list[1].label, "rise");
  assert_null(list[2].protocol);
  json_t *json = vt_criterion_json(ctx, &list[2]);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "settings"), "grid")), 5);
  json_decref(json);
  vt_criteria_free(list, count);
  assert_ok(ctx, vt_criteria_parse(ctx, "insertion", NULL, &list, &count));
  assert_string_equal(list[0].protocol->id, "vitrail-50");
  vt_criteria_free(list, count);
  struct {
    const char *text, *message;
  } cases[] = {
      {"insertions", "did you mean 'insertion'"},
      {"insertion@limo", "did you mean 'lima'"},
      {"pointing-game@lima", "makes no curve"},
      {"insertion(x=1)", "has no settings"},
      {"mufidelity(gird=5)", "did you mean 'grid'"},
      {"insertion,insertion", "named twice"},
      {"", "no metric is named"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    assert_fails(ctx, vt_criteria_parse(ctx, cases[i].text, NULL, &list, &count), VT_ERROR_INVALID_ARGUMENT,
                 cases[i].message);
    assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  }
}

/* The most samples that cost no more than the budget, for every method that says it draws samples. */
static void test_budgets(void **state)
{
  vt_ctx *ctx = *state;
  int sampling = 0;
  for (size_t m = 0; m < vt_methods.count; m++) {
    const vt_method *method = vt_methods.methods[m];
    vt_contender contender;
    void *settings;
    int64_t samples;
    assert_ok(ctx, vt_contender_method(ctx, NULL, method->id, NULL, NULL, &terms, &contender));
    assert_ok(ctx, vt_contender_at_budget(ctx, &contender, 49, false, 700, &settings, &samples));
    if (!method->samples) {
      assert_null(settings);
      assert_int_equal(samples, 0);
      vt_contender_free(&contender);
      continue;
    }
    sampling++;
    assert_non_null(settings);
    int64_t calls = vt_attribute_calls(method, settings, 49, false);
    if (calls > 700) fail_msg("%s takes %lld calls of 700", method->id, (long long)calls);
    vt_free(settings);
    /* one more call more could be one more sample: less is left than a sample costs */
    assert_ok(ctx, vt_contender_at_budget(ctx, &contender, 49, false, calls - 1, &settings, &samples));
    assert_true(vt_attribute_calls(method, settings, 49, false) < calls);
    vt_free(settings);
    /* even the fewest samples cost more than one call, or just that */
    assert_ok(ctx, vt_contender_at_budget(ctx, &contender, 49, false, 1, &settings, &samples));
    assert_true(samples >= 1);
    vt_free(settings);
    vt_contender_free(&contender);
  }
  assert_in_range(sampling, 11, 30);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_parts_of_a_name, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_list, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_contenders, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_wrong_contenders, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_criteria, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_budgets, new_context, free_context),
  };
  return cmocka_run_group_tests_name("comparison/named", tests, NULL, NULL);
}
