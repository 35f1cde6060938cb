/* SPDX-License-Identifier: Apache-2.0
 *
 * Parity with runs of the official search classes on EfficientNet-lite0 (outside truth, skipped when it is
 * not there). From pixels, label maps and flags alone: the same order, or a first difference whose two best
 * objectives are within 1e-4; the same number of calls; curves within 1e-3 up to the first difference, and
 * everywhere when the golden order is scored again. Two photographs by default, all ten with
 * VITRAIL_GOLDEN=all.
 */
#include "test.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>

#include "attribution/attribute.h"
#include "attribution/lima.h"

enum { LONGEST = 64, NAMES = 16 };

static char folder[4096];

static double number(const json_t *object, const char *key)
{
  return json_number_value(json_object_get(object, key));
}

/* Where the orders part, and how far the two best objectives were apart there: −1 when they never part. */
static int first_difference(const vt_explanation *found, const json_t *order, int count)
{
  for (int j = 0; j < count; j++)
    if (found->order[j] != json_integer_value(json_array_get(order, (size_t)j))) return j;
  return -1;
}

/* Scores the prefixes of the golden order; largest distance to the golden curves. */
static double rescore(vt_ctx *ctx, const vt_result *result, vt_model *model, const json_t *run)
{
  int count = vt_regions_count(result->regions), words;
  vt_scorer_options options = {.target = result->explanation->target, .second = -1, .batch = 64};
  vt_scorer *scorer;
  assert_ok(ctx,
            vt_scorer_new(ctx, model, result->picture, result->blank, result->regions, &options, &scorer));
  words = vt_scorer_words(scorer);
  uint64_t bits[2 * LONGEST * 2] = {0};
  vt_scored scored[2 * LONGEST];
  for (int j = 0; j < count; j++)
    for (int i = 0; i < count; i++) {
      int region = (int)json_integer_value(json_array_get(json_object_get(run, "order"), (size_t)i));
      vt_subset_add(bits + (size_t)(i <= j ? j : count + j) * (size_t)words, region);
    }
  assert_ok(ctx, vt_scorer_subsets(ctx, scorer, bits, 2 * count, scored));
  double worst = 0;
  for (int j = 0; j < count; j++) {
    double shown = json_number_value(json_array_get(json_object_get(run, "insertion"), (size_t)j));
    double removed = json_number_value(json_array_get(json_object_get(run, "deletion"), (size_t)j));
    worst = fmax(worst, fmax(fabs(scored[j].target - shown), fabs(scored[count + j].target - removed)));
  }
  vt_scorer_free(scorer);
  return worst;
}

static void compare_run(vt_ctx *ctx, vt_model *model, const char *stem, const json_t *golden,
                        const json_t *run)
{
  char path[8192];
  const char *division = json_string_value(json_object_get(run, "regions"));
  snprintf(path, sizeof path, "%s/%s.pixels.npy", folder, stem);
  vt_image *photo;
  assert_ok(ctx, vt_image_read(ctx, path, NULL, &photo));

  vt_lima_settings settings;
  vt_request request;
  assert_ok(ctx, vt_params_defaults(ctx, vt_method_lima.fields, vt_method_lima.field_count, &settings,
                                    sizeof settings));
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  assert_ok(ctx, vt_params_set(ctx, vt_method_lima.fields, vt_method_lima.field_count, &settings, "weights",
                               "20,5,0.01,0"));
  snprintf(path, sizeof path, "labels:%s/%s.%s.labels.npy", folder, stem, division);
  assert_ok(ctx, vt_params_set(ctx, vt_request_fields, vt_request_field_count, &request, "regions", path));
  vt_result result;
  assert_ok(ctx, vt_attribute_run(ctx, model, photo, NULL, &vt_method_lima, &settings, &request, &result));

  const vt_explanation *found = result.explanation;
  const json_t *order = json_object_get(run, "order"), *front = json_object_get(run, "objective_front");
  int count = (int)number(run, "count");
  assert_int_equal(vt_regions_count(result.regions), count);
  assert_int_equal(found->target, (int)number(golden, "target"));
  assert_near(found->full, number(run, "score_full"), 1e-4);
  assert_near(found->blank, number(run, "score_blank"), 1e-4);
  assert_int_equal(found->model_calls, (int)number(run, "model_calls"));
  int differ = first_difference(found, order, count), compared = differ < 0 ? count : differ;
  if (differ >= 0 && differ < (int)json_array_size(front)) {
    double theirs = json_number_value(json_array_get(front, (size_t)differ));
    assert_near(found->objective[differ], theirs, 1e-4);
  }
  double worst = 0;
  for (int j = 0; j < compared; j++) {
    worst =
        fmax(worst, fabs(found->insertion[j + 1] -
                         json_number_value(json_array_get(json_object_get(run, "insertion"), (size_t)j))));
    worst = fmax(worst, fabs(found->deletion[j + 1] -
                             json_number_value(json_array_get(json_object_get(run, "deletion"), (size_t)j))));
  }
  double again = rescore(ctx, &result, model, run);
  printf("# %s %s: %s, first difference %d, curves within %.2g, golden order scored again %.2g, %lld calls, "
         "%.1f s\n",
         stem, division, differ < 0 ? "same order" : "near tie", differ, worst, again,
         (long long)found->model_calls, found->seconds);
  assert_true(worst <= 1e-3);
  assert_true(again <= 1e-3);
  vt_result_free(&result);
  vt_params_free(vt_method_lima.fields, vt_method_lima.field_count, &settings);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  vt_image_free(photo);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(a, b);
}

/* Stems of the folder's JSON files, sorted. */
static int list_stems(char stems[NAMES][128])
{
  DIR *directory = opendir(folder);
  int count = 0;
  for (struct dirent *entry; directory && (entry = readdir(directory)) && count < NAMES;) {
    char *dot = strstr(entry->d_name, ".json");
    if (!dot || dot - entry->d_name > 127) continue;
    memcpy(stems[count], entry->d_name, (size_t)(dot - entry->d_name));
    stems[count++][dot - entry->d_name] = 0;
  }
  if (directory) closedir(directory);
  qsort(stems, (size_t)count, sizeof stems[0], by_name);
  return count;
}

static void test_official_runs(void **unused)
{
  (void)unused;
  const char *path = shared_path("golden/lima");
  if (!path) skip();
  snprintf(folder, sizeof folder, "%s", path);
  char model_path[4096], stems[NAMES][128];
  path = shared_path("models/efficientnet_lite0.onnx");
  if (!path) skip();
  snprintf(model_path, sizeof model_path, "%s", path);
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model;
  assert_ok(ctx, vt_model_open(ctx, model_path, NULL, NULL, NULL, &model));
  int count = list_stems(stems);
  assert_true(count > 0);
  const char *wanted = getenv("VITRAIL_GOLDEN");
  if ((!wanted || strcmp(wanted, "all") != 0) && count > 2) count = 2;
  for (int i = 0; i < count; i++) {
    char json_path[8192];
    snprintf(json_path, sizeof json_path, "%s/%s.json", folder, stems[i]);
    json_t *golden = json_load_file(json_path, 0, NULL);
    assert_non_null(golden);
    size_t index;
    json_t *run;
    json_array_foreach(json_object_get(golden, "runs"), index, run)
        compare_run(ctx, model, stems[i], golden, run);
    json_decref(golden);
  }
  vt_model_free(model);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_official_runs),
  };
  return cmocka_run_group_tests_name("attribution/golden-lima", tests, NULL, NULL);
}
