/* SPDX-License-Identifier: Apache-2.0
 *
 * Class-activation maps against pytorch-grad-cam 1.5.7 on EfficientNet-lite0 (outside truth, skipped when
 * it is not there): the maps of the layer that is chosen from the graph, each within the tolerance beside
 * its array, and the toolkit's finished maps, which follow from ours by its cut, scaling and resize.
 */
#include "data/picture.h"
#include "rule_bench.h"

enum { LAYER_SIDE = 7, PLACES = LAYER_SIDE * LAYER_SIDE };

static const struct {
  const char *method, *array;
  bool any_sign; /* a singular vector has none */
} goldens[] = {
    {"grad-cam", "gradcam", false},   {"grad-cam++", "gradcampp", false}, {"xgrad-cam", "xgradcam", false},
    {"hires-cam", "hirescam", false}, {"layer-cam", "layercam", false},   {"eigen-cam", "eigencam", true},
    {"score-cam", "scorecam", false},
};

/* Facts that stand beside an array; NULL: there is no such array. The caller lets go of `*file`. */
static const json_t *facts_of(const rule_bench *b, const char *array, json_t **file)
{
  char name[256];
  json_error_t error;
  snprintf(name, sizeof name, "golden/whitebox/%s.json", b->stem);
  *file = json_load_file(shared_path(name), 0, &error);
  assert_non_null(*file);
  return json_object_get(json_object_get(*file, "arrays"), array);
}

static vt_tensor *golden(const rule_bench *b, const char *array, int64_t count)
{
  char name[256];
  vt_tensor *expected;
  snprintf(name, sizeof name, "golden/whitebox/%s.npz", b->stem);
  assert_ok(b->ctx, vt_npz_read(b->ctx, shared_path(name), array, &expected));
  assert_int_equal(vt_count(expected), count);
  return expected;
}

static double distance_of(const float *map, const vt_tensor *expected, double sign)
{
  double difference = 0, size = 0;
  for (int64_t i = 0; i < vt_count(expected); i++) {
    double truth = vt_get_f64(expected, i), d = (double)map[i] - sign * truth;
    difference += d * d;
    size += truth * truth;
  }
  return sqrt(difference / size);
}

/* The toolkit's picture of a map: less its minimum, over 1e-7 and its maximum. */
static void scale(float *map, int count)
{
  float low = map[0], high;
  for (int i = 1; i < count; i++)
    low = map[i] < low ? map[i] : low;
  for (int i = 0; i < count; i++)
    map[i] -= low;
  high = map[0];
  for (int i = 1; i < count; i++)
    high = map[i] > high ? map[i] : high;
  for (int i = 0; i < count; i++)
    map[i] /= 1e-7f + high;
}

static void compare_finished(const rule_bench *b, const float *native, const char *array, double tolerance)
{
  static float finished[RULE_PIXELS];
  float cut[PLACES];
  for (int i = 0; i < PLACES; i++)
    cut[i] = native[i] > 0 ? native[i] : 0;
  scale(cut, PLACES);
  vt_map_resize(cut, LAYER_SIDE, LAYER_SIDE, finished, RULE_SIDE, RULE_SIDE);
  scale(finished, RULE_PIXELS);
  const vt_tensor *expected = golden(b, array, RULE_PIXELS);
  double worst = 0;
  for (int i = 0; i < RULE_PIXELS; i++)
    worst = fmax(worst, fabs((double)finished[i] - vt_get_f64(expected, i)));
  print_message("# %-26s %-22s largest difference %.1e (allowed %.0e)\n", b->stem, array, worst, tolerance);
  if (!(worst <= tolerance)) fail_msg("%s of %s: %g, allowed %g", array, b->stem, worst, tolerance);
}

/* One array of one picture, where there is one; `prefix` "label_": of the true class. */
static double compare(rule_bench *b, size_t index, const char *prefix)
{
  char raw[64], final[64];
  json_t *file;
  snprintf(raw, sizeof raw, "%s%s_raw7", prefix, goldens[index].array);
  snprintf(final, sizeof final, "%s%s", prefix, goldens[index].array);
  const json_t *facts = facts_of(b, raw, &file);
  double distance = -1;
  if (facts) {
    int target = (int)json_integer_value(json_object_get(facts, "target"));
    double tolerance = json_number_value(json_object_get(json_object_get(facts, "tolerance"), "rel_l2"));
    assert_true(tolerance > 0);
    assert_int_equal(target, *prefix ? b->label : b->predicted);
    vt_explanation *found = rule_bench_run(b, goldens[index].method, target, NULL);
    assert_string_equal(found->native_name, "/_swish_1/Clip_output_0");
    assert_int_equal(found->native_dims[0], LAYER_SIDE);
    assert_int_equal(found->native_dims[1], LAYER_SIDE);
    const vt_tensor *expected = golden(b, raw, PLACES);
    distance = distance_of(found->native, expected, 1);
    if (goldens[index].any_sign) distance = fmin(distance, distance_of(found->native, expected, -1));
    print_message("# %-26s %-22s relative L2 %.1e (allowed %.0e)\n", b->stem, raw, distance, tolerance);
    if (!(distance <= tolerance)) fail_msg("%s of %s: %g, allowed %g", raw, b->stem, distance, tolerance);
    json_t *other;
    const json_t *finished = facts_of(b, final, &other);
    if (finished && !goldens[index].any_sign)
      compare_finished(b, found->native, final,
                       json_number_value(json_object_get(json_object_get(finished, "tolerance"), "abs")));
    json_decref(other);
    vt_explanation_free(found);
  }
  json_decref(file);
  return distance;
}

static void test_pictures(void **unused)
{
  (void)unused;
  if (!rule_bench_here()) skip();
  rule_bench b;
  int compared = 0;
  rule_bench_open(&b);
  vt_ctx_set_threads(b.ctx, vt_processor_count());
  for (size_t g = 0; g < VT_COUNT(goldens); g++) {
    double worst = 0;
    for (size_t p = 0; p < VT_COUNT(rule_stems); p++) {
      rule_bench_picture(&b, rule_stems[p]);
      double predicted = compare(&b, g, ""), label = compare(&b, g, "label_");
      compared += (predicted >= 0) + (label >= 0);
      worst = fmax(worst, fmax(predicted, label));
    }
    print_message("# %-12s largest relative L2 %.1e\n", goldens[g].method, worst);
  }
  assert_true(compared >= 6 * 4 + 1);
  rule_bench_close(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pictures)};
  return cmocka_run_group_tests_name("attribution/golden_whitebox_cam", tests, NULL, NULL);
}
