/* SPDX-License-Identifier: Apache-2.0
 *
 * Insertion and deletion of given maps against reference curves made with ONNX Runtime (outside truth,
 * skipped when it is not there): every point within the tolerance stored beside it. One photograph by
 * default, all with VITRAIL_GOLDEN=all.
 */
#include "test.h"

#include <jansson.h>
#include <math.h>

#include "metrics/metric.h"

static const char *const stems[] = {"n04041544_radio", "n02110185_Siberian_husky", "n01833805_hummingbird",
                                    "n04069434_reflex_camera"};

typedef struct subject {
  vt_ctx *ctx;
  vt_model *model;
  char npz[8192];
  vt_image *picture;
  vt_tensor *maps[2]; /* campp, ig */
} subject;

static const char *const map_names[2] = {"campp", "ig"};

/* The stored array NAME, or NULL when this photograph has none. */
static vt_tensor *stored(subject *s, const char *name)
{
  vt_tensor *array = NULL;
  if (vt_npz_read(s->ctx, s->npz, name, &array) != VT_OK) vt_ctx_clear(s->ctx);
  return array;
}

/* One curve against its stored twin; largest distance, −1 when there is none. */
static double compare(subject *s, const json_t *arrays, const char *short_metric, const char *protocol_name,
                      int map, vt_score_kind kind, double *tolerance)
{
  char name[256];
  snprintf(name, sizeof name, "%s_%s_%s_%s", short_metric, protocol_name, map_names[map],
           kind == VT_SCORE_LOGIT ? "logit" : "prob");
  vt_tensor *expected = stored(s, name);
  const json_t *about = json_object_get(arrays, name);
  if (!expected || !about) return -1;
  const char *id = strcmp(protocol_name, "vitrail50") == 0 ? "vitrail-50" : protocol_name;
  if (strcmp(id, "rise") == 0 && vt_tensor_count(expected) == 29) id = "rise-quick";
  const vt_protocol *protocol = vt_protocol_find(id);
  const vt_metric *metric = vt_metric_find(strcmp(short_metric, "ins") == 0 ? "insertion" : "deletion");
  vt_scorer_options options = {.target = (int)json_integer_value(json_object_get(about, "target")),
                               .second = -1,
                               .score = kind,
                               .batch = 64};
  vt_scorer *scorer;
  assert_ok(s->ctx, vt_scorer_new(s->ctx, s->model, s->picture, s->picture, NULL, &options, &scorer));
  vt_task task = {.model = s->model, .picture = s->picture, .blank = s->picture, .scorer = scorer};
  vt_judged judged = {.map = vt_tensor_const_data(s->maps[map])};
  vt_measure out = {0};
  assert_ok(s->ctx, vt_metric_run(s->ctx, metric, &task, &judged, protocol, NULL, &out));
  assert_int_equal(out.points, vt_tensor_count(expected));
  double worst = 0;
  for (int t = 0; t < out.points; t++)
    worst = fmax(worst, fabs(out.scores[t] - (double)((const float *)vt_tensor_const_data(expected))[t]));
  *tolerance = json_number_value(json_object_get(json_object_get(about, "tolerance"), "abs"));
  /* the stored area goes with the curve: probabilities to 1e-5, logits in proportion to their tolerance */
  assert_near(out.value, json_number_value(json_object_get(about, "auc")),
              kind == VT_SCORE_LOGIT ? 1e-4 : 1e-5);
  vt_measure_free(&out);
  vt_scorer_free(scorer);
  return worst;
}

static void compare_photograph(vt_ctx *ctx, vt_model *model, const char *stem)
{
  subject s = {.ctx = ctx, .model = model};
  char path[8192];
  const char *root = shared_path("golden/whitebox");
  snprintf(s.npz, sizeof s.npz, "%s/%s.npz", root, stem);
  snprintf(path, sizeof path, "%s/%s_u8.npy", root, stem);
  assert_ok(ctx, vt_image_read(ctx, path, NULL, &s.picture));
  snprintf(path, sizeof path, "%s/%s.json", root, stem);
  json_t *about = json_load_file(path, 0, NULL);
  assert_non_null(about);
  static const char *const protocols[] = {"rise", "xplique", "vitrail50"}, *const metrics[] = {"ins", "del"};
  int compared = 0;
  for (int map = 0; map < 2; map++) {
    char name[64];
    snprintf(name, sizeof name, "metric_map_%s", map_names[map]);
    s.maps[map] = stored(&s, name);
    assert_non_null(s.maps[map]);
    for (size_t p = 0; p < VT_COUNT(protocols); p++)
      for (size_t m = 0; m < 2; m++)
        for (int kind = VT_SCORE_PROBABILITY; kind <= VT_SCORE_LOGIT; kind++) {
          double tolerance = 0, worst = compare(&s, json_object_get(about, "arrays"), metrics[m],
                                                protocols[p], map, (vt_score_kind)kind, &tolerance);
          if (worst < 0) continue;
          compared++;
          printf("# %s %s_%s_%s_%s: within %.2g of %.2g\n", stem, metrics[m], protocols[p], map_names[map],
                 kind == VT_SCORE_LOGIT ? "logit" : "prob", worst, tolerance);
          assert_true(worst <= tolerance);
        }
  }
  assert_true(compared >= 12);
  json_decref(about);
  vt_image_free(s.picture);
}

static void test_reference_curves(void **unused)
{
  (void)unused;
  if (!shared_path("golden/whitebox")) skip();
  const char *path = shared_path("models/efficientnet_lite0.onnx");
  if (!path) skip();
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model;
  assert_ok(ctx, vt_model_open(ctx, path, NULL, NULL, NULL, &model));
  const char *wanted = getenv("VITRAIL_GOLDEN");
  size_t count = wanted && strcmp(wanted, "all") == 0 ? VT_COUNT(stems) : 1;
  for (size_t i = 0; i < count; i++)
    compare_photograph(ctx, model, stems[i]);
  vt_model_free(model);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reference_curves),
  };
  return cmocka_run_group_tests_name("metrics/golden-curves", tests, NULL, NULL);
}
