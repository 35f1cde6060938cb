/* SPDX-License-Identifier: Apache-2.0
 *
 * Detectors: overlaps and boxes by hand, every form of output, what is listed, the D-RISE score and its
 * gradient by central differences, settings that do not fit their outputs.
 */
#include "test.h"

#include <math.h>

#include "explain/detector.h"

enum { MOST = 256 };

/* A detector over outputs whose shapes are given, with the settings of a sidecar. */
typedef struct bench {
  vt_ctx *ctx;
  vt_detector_settings *settings;
  vt_detector detector;
} bench;

static vt_status shape(bench *b, const char *json, const int64_t dims[][VT_MAX_RANK], const int *ranks)
{
  json_t *value = json_loads(json, 0, NULL);
  assert_non_null(value);
  b->ctx = vt_ctx_new();
  assert_ok(b->ctx, vt_detector_settings_read(b->ctx, value, &b->settings));
  json_decref(value);
  vt_detector_names(b->settings, &b->detector);
  return vt_detector_shape(b->ctx, &b->detector, dims, ranks, 32, 24);
}

static void end(bench *b)
{
  vt_detector_settings_free(b->settings);
  assert_int_equal(vt_ctx_memory_in_use(b->ctx), 0);
  vt_ctx_free(b->ctx);
}

static void test_overlap(void **unused)
{
  (void)unused;
  const double a[4] = {0, 0, 4, 2}, half[4] = {2, 0, 6, 2}, inside[4] = {1, 0, 2, 1},
               beside[4] = {4, 0, 5, 1}, empty[4] = {1, 1, 1, 2}, endless[4] = {0, 0, INFINITY, 2},
               nothing[4] = {0, 0, NAN, 2};
  assert_near(vt_box_overlap(a, a), 1, 0);
  assert_near(vt_box_overlap(a, half), 4.0 / 12, 1e-15);
  assert_near(vt_box_overlap(half, a), 4.0 / 12, 1e-15);
  assert_near(vt_box_overlap(a, inside), 1.0 / 8, 1e-15);
  assert_near(vt_box_overlap(a, beside), 0, 0);
  assert_near(vt_box_overlap(a, empty), 0, 0);
  assert_near(vt_box_overlap(a, endless), 0, 0);
  assert_near(vt_box_overlap(a, nothing), 0, 0);
}

/* ---- the same three boxes in every form ----
 * Classes 0 and 1; the third overlaps the first by more than half and is weaker. */

static const double boxes[3][4] = {{4, 4, 12, 12}, {16, 8, 28, 20}, {4, 5, 12, 13}};
static const double scores[3][2] = {{0.9, 0.1}, {0.2, 0.7}, {0.6, 0.1}};

static void check_list(bench *b, const float *output)
{
  vt_found *found;
  int count;
  assert_ok(b->ctx, vt_detector_list(b->ctx, &b->detector, output, &found, &count));
  assert_int_equal(count, 2);
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < 4; k++)
      assert_near(found[i].box[k], boxes[i][k], 1e-5); /* f32 */
    assert_int_equal(found[i].label, i);
    assert_near(found[i].confidence, scores[i][i], 1e-6);
  }
  vt_free(found);
}

/* The score of a box against all three, by the formula. */
static void check_score(bench *b, const float *output, size_t floats)
{
  double classes[2] = {0.8, 0.3}, highest = 0, values[MOST];
  vt_wanted wanted = {.detector = &b->detector, .box = {5, 3, 12, 12}, .classes = classes};
  for (int p = 0; p < 3; p++) {
    double dot = scores[p][0] * classes[0] + scores[p][1] * classes[1];
    double lengths = hypot(scores[p][0], scores[p][1]) * hypot(classes[0], classes[1]);
    double value = vt_box_overlap(wanted.box, boxes[p]) * dot / lengths * fmax(scores[p][0], scores[p][1]);
    highest = fmax(highest, value);
  }
  assert_true(highest > 0.5);
  for (size_t i = 0; i < floats; i++)
    values[i] = (double)output[i];
  assert_near(vt_wanted_score(&wanted, output), highest, 1e-6);
  assert_near(vt_wanted_evaluate(&wanted, values, NULL), highest, 1e-6);
}

/* Central differences err by h² of third derivatives, which are of order 1, and by 1e-16/h. */
static void check_gradient(bench *b, const float *output, size_t floats)
{
  double classes[2] = {0.8, 0.3}, values[MOST], gradient[MOST], largest = 0, h = 1e-6;
  vt_wanted wanted = {.detector = &b->detector, .box = {5, 3, 12.5, 11}, .classes = classes};
  for (size_t i = 0; i < floats; i++)
    values[i] = (double)output[i];
  vt_wanted_evaluate(&wanted, values, gradient);
  for (size_t i = 0; i < floats; i++) {
    double kept = values[i];
    values[i] = kept + h;
    double up = vt_wanted_evaluate(&wanted, values, NULL);
    values[i] = kept - h;
    double down = vt_wanted_evaluate(&wanted, values, NULL);
    values[i] = kept;
    assert_near(gradient[i], (up - down) / (2 * h), 1e-6);
    largest = fmax(largest, fabs(gradient[i]));
  }
  assert_true(largest > 0.01);
}

static void check_all(const char *json, const int64_t dims[][VT_MAX_RANK], const int *ranks,
                      const float *output, size_t floats)
{
  bench b;
  vt_status status = shape(&b, json, dims, ranks);
  if (status != VT_OK) fail_msg("%s: %s", json, vt_ctx_message(b.ctx));
  assert_int_equal(vt_detector_floats(&b.detector), floats);
  assert_int_equal(b.detector.classes, 2);
  check_list(&b, output);
  check_score(&b, output, floats);
  check_gradient(&b, output, floats);
  end(&b);
}

static void test_rows(void **unused)
{
  (void)unused;
  static const char *const forms[] = {"corners", "centre", "corner-size"};
  for (int form = 0; form < 3; form++)
    for (int relative = 0; relative < 2; relative++) {
      float output[18];
      char json[256];
      for (int p = 0; p < 3; p++)
        for (int axis = 0; axis < 2; axis++) {
          double low = boxes[p][axis], high = boxes[p][axis + 2], unit = relative ? (axis ? 24 : 32) : 1;
          double first = form == 1 ? (low + high) / 2 : low, second = form == 0 ? high : high - low;
          output[2 * p + axis] = (float)scores[p][axis]; /* outputs are read scores first */
          output[6 + 4 * p + axis] = (float)(first / unit);
          output[6 + 4 * p + 2 + axis] = (float)(second / unit);
        }
      snprintf(json, sizeof json,
               "{\"kind\": \"boxes\", \"boxes\": \"b\", \"scores\": \"s\", \"box_form\": \"%s\", \"units\": "
               "\"%s\"}",
               forms[form], relative ? "relative" : "pixels");
      const int64_t dims[2][VT_MAX_RANK] = {{3, 2}, {3, 4}};
      check_all(json, dims, (const int[]){2, 2}, output, 18);
    }
}

/* One output for everything, numbers first, as the YOLO family writes; scores as logits. */
static void test_columns(void **unused)
{
  (void)unused;
  float output[18];
  for (int p = 0; p < 3; p++)
    for (int axis = 0; axis < 2; axis++) {
      output[3 * axis + p] = (float)((boxes[p][axis] + boxes[p][axis + 2]) / 2);
      output[3 * (axis + 2) + p] = (float)(boxes[p][axis + 2] - boxes[p][axis]);
      output[3 * (axis + 4) + p] = (float)log(scores[p][axis] / (1 - scores[p][axis]));
    }
  const int64_t dims[1][VT_MAX_RANK] = {{6, 3}};
  check_all("{\"kind\": \"boxes\", \"boxes\": \"y\", \"scores\": \"y\", \"box_form\": \"centre\", "
            "\"scores_from\": 4,"
            "\"layout\": \"columns\", \"activation\": \"sigmoid\"}",
            dims, (const int[]){2}, output, 18);
}

/* Cells of 4 pixels, 8 × 6 of them; sizes as logarithms of cells, vertical first; offsets from the cell. */
static void test_centre_map(void **unused)
{
  (void)unused;
  enum { COLUMNS = 8, CELLS = 48 };
  float output[6 * CELLS];
  memset(output, 0, sizeof output);
  for (int p = 0; p < 3; p++) {
    double centre[2] = {(boxes[p][0] + boxes[p][2]) / 8, (boxes[p][1] + boxes[p][3]) / 8};
    int cell = (int)centre[1] * COLUMNS + (int)centre[0];
    if (p == 2) cell += 1; /* the cell of the first is taken; offsets reach over */
    for (int axis = 0; axis < 2; axis++) {
      int place = axis ? cell / COLUMNS : cell % COLUMNS;
      output[axis * CELLS + cell] = (float)scores[p][axis];
      output[(2 + 1 - axis) * CELLS + cell] = (float)log((boxes[p][axis + 2] - boxes[p][axis]) / 4);
      output[(4 + 1 - axis) * CELLS + cell] = (float)(centre[axis] - place - 0.5);
    }
  }
  const int64_t dims[3][VT_MAX_RANK] = {{2, 6, 8}, {2, 6, 8}, {2, 6, 8}};
  bench b;
  assert_int_equal(
      VT_OK, shape(&b,
                   "{\"kind\": \"centre-map\", \"scores\": \"s\", \"sizes\": \"z\", \"offsets\": \"o\", "
                   "\"stride\": 4, \"order\": \"yx\"}",
                   dims, (const int[]){3, 3, 3}));
  assert_int_equal(vt_detector_floats(&b.detector), 6 * CELLS);
  check_list(&b, output);
  double values[6 * CELLS], gradient[6 * CELLS], classes[2] = {0.8, 0.3}, h = 1e-6, largest = 0;
  vt_wanted wanted = {.detector = &b.detector, .box = {5, 3, 12.5, 11}, .classes = classes};
  for (int i = 0; i < 6 * CELLS; i++)
    values[i] = (double)output[i];
  vt_wanted_evaluate(&wanted, values, gradient);
  for (int i = 0; i < 6 * CELLS; i++) {
    double kept = values[i];
    values[i] = kept + h;
    double up = vt_wanted_evaluate(&wanted, values, NULL);
    values[i] = kept - h;
    double down = vt_wanted_evaluate(&wanted, values, NULL);
    values[i] = kept;
    assert_near(gradient[i], (up - down) / (2 * h), 1e-5);
    largest = fmax(largest, fabs(gradient[i]));
  }
  assert_true(largest > 0.1);
  end(&b);
}

/* At itself a box has no slope by its place or size. */
static void test_kink(void **unused)
{
  (void)unused;
  const float output[6] = {0.9f, 0.1f, 4, 4, 12, 13};
  const int64_t dims[2][VT_MAX_RANK] = {{1, 2}, {1, 4}};
  double values[6], gradient[6], classes[2] = {0.9, 0.1};
  bench b;
  assert_int_equal(VT_OK, shape(&b, "{\"kind\": \"boxes\", \"boxes\": \"b\", \"scores\": \"s\"}", dims,
                                (const int[]){2, 2}));
  vt_wanted wanted = {.detector = &b.detector, .box = {4, 4, 12.0001, 13}, .classes = classes};
  for (int i = 0; i < 6; i++)
    values[i] = (double)output[i];
  vt_wanted_evaluate(&wanted, values, gradient);
  for (int i = 0; i < 6; i++)
    assert_near(gradient[i], i == 0 ? 1 : 0, 1e-4); /* the objectness, whose class is its own */
  end(&b);
}

/* An objectness of its own is a factor, of what is listed and of the score. */
static void test_objectness(void **unused)
{
  (void)unused;
  /* read in the order scores, boxes, objectness */
  const float ordered[21] = {0.9f, 0.1f, 0.2f, 0.7f, 0.6f, 0.1f, 4,  4,    12, 12,  16,
                             8,    28,   20,   4,    5,    12,   13, 0.5f, 1,  0.9f};
  const int64_t dims[3][VT_MAX_RANK] = {{3, 2}, {3, 4}, {3}};
  bench b;
  vt_found *found;
  int count;
  assert_int_equal(VT_OK,
                   shape(&b,
                         "{\"kind\": \"boxes\", \"boxes\": \"b\", \"scores\": \"s\", \"objectness\": \"o\", "
                         "\"threshold\": 0.5}",
                         dims, (const int[]){2, 2, 1}));
  assert_ok(b.ctx, vt_detector_list(b.ctx, &b.detector, ordered, &found, &count));
  assert_int_equal(count, 2); /* 0.9 · 0.5 is too little, and hides the third no more */
  assert_int_equal(found[0].proposal, 1);
  assert_int_equal(found[1].proposal, 2);
  assert_near(found[1].confidence, 0.54, 1e-6);
  vt_free(found);
  double classes[2] = {1, 0};
  vt_wanted wanted = {.detector = &b.detector, .box = {4, 4, 12, 12}, .classes = classes};
  double first = 0.9 / hypot(0.9, 0.1) * 0.5, third = 56.0 / 72 * 0.6 / hypot(0.6, 0.1) * 0.9;
  assert_near(vt_wanted_score(&wanted, ordered), fmax(first, third), 1e-6);
  check_gradient(&b, ordered, 21);
  end(&b);
}

/* Nothing found, and numbers that are none: no crash, no detection, score 0. */
static void test_nothing(void **unused)
{
  (void)unused;
  float ordered[18] = {0};
  const int64_t dims[2][VT_MAX_RANK] = {{3, 2}, {3, 4}};
  bench b;
  vt_found *found;
  int count;
  assert_int_equal(VT_OK, shape(&b, "{\"kind\": \"boxes\", \"boxes\": \"b\", \"scores\": \"s\"}", dims,
                                (const int[]){2, 2}));
  assert_ok(b.ctx, vt_detector_list(b.ctx, &b.detector, ordered, &found, &count));
  assert_int_equal(count, 0);
  assert_null(found);
  for (int i = 0; i < 18; i++)
    ordered[i] = i < 6 ? 0.9f : i % 3 ? NAN : INFINITY;
  assert_ok(b.ctx, vt_detector_list(b.ctx, &b.detector, ordered, &found, &count));
  assert_int_equal(count, 0);
  double classes[2] = {1, 0}, values[18], gradient[18];
  vt_wanted wanted = {.detector = &b.detector, .box = {0, 0, 8, 8}, .classes = classes};
  assert_near(vt_wanted_score(&wanted, ordered), 0, 0);
  for (int i = 0; i < 18; i++)
    values[i] = (double)ordered[i];
  assert_near(vt_wanted_evaluate(&wanted, values, gradient), 0, 0);
  for (int i = 0; i < 18; i++)
    assert_near(gradient[i], 0, 0);
  end(&b);
}

static void test_misfits(void **unused)
{
  (void)unused;
  static const char list[] = "{\"kind\": \"boxes\", \"boxes\": \"b\", \"scores\": \"s\"}";
  static const char map[] = "{\"kind\": \"centre-map\", \"scores\": \"s\", \"sizes\": \"z\"}";
  static const struct {
    const char *json;
    int64_t dims[2][VT_MAX_RANK];
    int ranks[2];
    const char *part;
  } cases[] = {
      {list, {{3, 2}, {3, 3}}, {2, 2}, "output 'b'"},
      {list, {{3, 2}, {4, 4}}, {2, 2}, "output 's'"},
      {list, {{2, 3, 2}, {3, 4}}, {3, 2}, "output 's'"},
      {list, {{0, 2}, {3, 4}}, {2, 2}, "no usable size"},
      {map, {{1, 4, 4}, {2, 4, 5}}, {3, 3}, "output 'z'"},
      {map, {{1, 4, 4}, {3, 4, 4}}, {3, 3}, "output 'z'"},
      {map, {{16}, {2, 4, 4}}, {1, 3}, "output 's'"},
      {list, {{INT32_MAX, INT32_MAX}, {3, 4}}, {2, 2}, "no usable size"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    bench b;
    vt_status status = shape(&b, cases[i].json, cases[i].dims, cases[i].ranks);
    assert_int_equal(status, VT_ERROR_INVALID_DATA);
    if (!strstr(vt_ctx_message(b.ctx), cases[i].part))
      fail_msg("case %zu: '%s' lacks '%s'", i, vt_ctx_message(b.ctx), cases[i].part);
    end(&b);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_overlap),    cmocka_unit_test(test_rows),       cmocka_unit_test(test_columns),
      cmocka_unit_test(test_centre_map), cmocka_unit_test(test_objectness), cmocka_unit_test(test_nothing),
      cmocka_unit_test(test_kink),       cmocka_unit_test(test_misfits),
  };
  return cmocka_run_group_tests_name("explain/detector", tests, NULL, NULL);
}
