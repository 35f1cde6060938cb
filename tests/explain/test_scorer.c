/* SPDX-License-Identifier: Apache-2.0
 *
 * The scorer on models whose answers are known in closed form: values, counting, budgets, failures, equal
 * bytes.
 */
#include "bench.h"
#include "explain/scorer_inside.h"

/* Every one of the 16 subsets against softmax and entropy written out here. */
static void test_closed_form(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.options.second = 1;
  assert_ok(b.ctx, bench_parts(&b));
  uint64_t bits[16];
  vt_scored scored[16];
  for (uint64_t i = 0; i < 16; i++)
    bits[i] = i;
  assert_int_equal(vt_scorer_words(b.scorer), 1);
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 16, scored));
  for (uint64_t i = 0; i < 16; i++) {
    double difference = weight_of(first_weights, i) - weight_of(second_weights, i);
    double p = 1 / (1 + exp(-difference)), q = 1 - p;
    double entropy = -p * log(p + 1e-7) - q * log(q + 1e-7);
    /* the logits are f32 sums of 64 terms of at most 0.2: 1e-6 */
    assert_near(scored[i].target, p, 1e-6);
    assert_near(scored[i].second, q, 1e-6);
    assert_near(scored[i].confidence, 1 - entropy / log(2), 1e-6);
    assert_int_equal(scored[i].top, p >= q ? 0 : 1);
  }
  double probabilities[2];
  assert_ok(b.ctx, vt_scorer_probabilities(b.ctx, b.scorer, NULL, probabilities));
  assert_near(probabilities[0], scored[15].target, 0);
  assert_near(probabilities[0] + probabilities[1], 1, 1e-12);
  assert_ok(b.ctx, vt_scorer_probabilities(b.ctx, b.scorer, &bits[5], probabilities));
  assert_near(probabilities[0], scored[5].target, 0);
  assert_near(vt_scorer_invariance(b.scorer), 0, 0);
  bench_end(&b);
}

static void test_logit_target(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.options.second = 1;
  b.options.score = VT_SCORE_LOGIT;
  assert_ok(b.ctx, bench_parts(&b));
  vt_scored scored;
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, &(uint64_t){5}, 1, &scored));
  assert_near(scored.target, 3.0, 1e-6);
  assert_near(scored.second, -0.5, 1e-6);
  bench_end(&b);

  b = bench_new(2);
  b.probabilities = true;
  b.options.score = VT_SCORE_LOGIT;
  assert_fails(b.ctx, bench_parts(&b), VT_ERROR_INVALID_ARGUMENT, "probabilities");
  bench_end(&b);
}

/* One output: sigmoid, confidence from the binary entropy, nothing above ½ means no class. */
static void test_single_output(void **unused)
{
  (void)unused;
  bench b = bench_new(1);
  assert_ok(b.ctx, bench_parts(&b));
  uint64_t bits[2] = {4, 2};
  vt_scored scored[2];
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 2, scored));
  double p = 1 / (1 + exp(-2.0)), q = 1 - p;
  assert_near(scored[0].target, p, 1e-6);
  assert_near(scored[0].confidence, 1 + (p * log(p + 1e-7) + q * log(q + 1e-7)) / log(2), 1e-6);
  assert_int_equal(scored[0].top, 0);
  assert_near(scored[1].target, 1 / (1 + exp(0.5)), 1e-6);
  assert_int_equal(scored[1].top, -1);
  bench_end(&b);
}

static void test_counting(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  assert_ok(b.ctx, bench_parts(&b));
  assert_int_equal(b.state.items, 4); /* the first look */
  assert_int_equal(vt_scorer_diagnostic_calls(b.scorer), 4);
  assert_int_equal(vt_scorer_forwards(b.scorer), 2);
  assert_int_equal(vt_scorer_calls(b.scorer), 0);

  uint64_t bits[6] = {1, 3, 1, 15, 0, 3}; /* three doubles: within the call, the whole picture, the blank */
  vt_scored scored[6];
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 6, scored));
  assert_int_equal(b.state.items, 6);
  assert_int_equal(vt_scorer_calls(b.scorer), 6);
  assert_int_equal(vt_scorer_forwards(b.scorer), 4);
  assert_true(memcmp(&scored[0], &scored[2], sizeof scored[0]) == 0);

  vt_scorer_set_diagnostic(b.scorer, true);
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, &(uint64_t){3 | 1 << 10}, 1,
                                     scored)); /* bit 10 is no region */
  vt_scorer_set_diagnostic(b.scorer, false);
  assert_int_equal(b.state.items, 6);
  assert_int_equal(vt_scorer_calls(b.scorer), 6);
  assert_int_equal(vt_scorer_diagnostic_calls(b.scorer), 5);

  vt_scored seen;
  assert_true(vt_scorer_peek(b.scorer, &bits[1], &seen));
  assert_near(seen.target, scored[0].target, 0);
  assert_false(vt_scorer_peek(b.scorer, &(uint64_t){7}, &seen));
  assert_int_equal(vt_scorer_calls(b.scorer), 6);
  bench_end(&b);
}

static void test_budget(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.options.max_calls = 5;
  assert_ok(b.ctx, bench_parts(&b));
  uint64_t bits[6] = {1, 2, 3, 4, 5, 6};
  vt_scored scored[6];
  assert_fails(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 6, scored), VT_ERROR_LIMIT, "budget of 5");
  assert_int_equal(vt_scorer_calls(b.scorer), 0);
  assert_int_equal(b.state.items, 4);
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 5, scored));
  assert_fails(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 1, scored), VT_ERROR_LIMIT, "5 used");
  vt_scorer_set_diagnostic(b.scorer, true); /* diagnostics are outside the budget */
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 6, scored));
  assert_int_equal(vt_scorer_calls(b.scorer), 5);
  assert_int_equal(vt_scorer_diagnostic_calls(b.scorer), 10);
  bench_end(&b);
}

static void test_time_limit(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.options.time_limit = 1e-9;
  assert_ok(b.ctx, bench_parts(&b));
  vt_scored scored;
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, &(uint64_t){1}, 1, &scored));
  assert_fails(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, &(uint64_t){3}, 1, &scored), VT_ERROR_LIMIT,
               "time limit");
  uint8_t shown[PIXELS] = {0};
  const uint8_t *list[1] = {shown};
  assert_fails(b.ctx, vt_scorer_pixels(b.ctx, b.scorer, list, 1, &scored), VT_ERROR_LIMIT, "time limit");
  assert_int_equal(vt_scorer_calls(b.scorer), 1);
  bench_end(&b);
}

static void test_cancel(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.options.batch = 4;
  volatile int flag = 0;
  b.state.cancel_after_first = &flag;
  assert_ok(b.ctx, bench_parts(&b));
  vt_ctx_set_cancel(b.ctx, &flag);
  uint64_t bits[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  vt_scored scored[8];
  assert_fails(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 8, scored), VT_ERROR_INTERRUPTED,
               "interrupted");
  assert_int_equal(b.state.items, 8); /* one batch of the search was answered, the next was not begun */
  assert_int_equal(vt_scorer_calls(b.scorer), 0);
  assert_int_equal(vt_scorer_forwards(b.scorer), 6);
  flag = 0;
  b.state.cancel_after_first = NULL;
  assert_ok(b.ctx,
            vt_scorer_subsets(b.ctx, b.scorer, bits, 8, scored)); /* what was answered is not asked again */
  assert_int_equal(b.state.items, 12);
  bench_end(&b);
}

static void test_not_finite(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.picture = NULL;
  b.state.poison_pixel = 0;
  assert_fails(b.ctx, bench_parts(&b), VT_ERROR_NOT_FINITE, "the whole picture");
  bench_free(&b);

  b.state.poison_pixel = -1;
  assert_ok(b.ctx, bench_parts(&b));
  b.state.poison_pixel = PIXELS - 1; /* of region 3 */
  uint64_t bits[3] = {1, 2, 9};
  vt_scored scored[3];
  assert_fails(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 3, scored), VT_ERROR_NOT_FINITE,
               "subset of 2 of 4 regions {0, 3}: the model answered NaN");
  uint8_t shown[2][PIXELS] = {{0}};
  shown[1][PIXELS - 1] = 1;
  const uint8_t *list[2] = {shown[0], shown[1]};
  assert_fails(b.ctx, vt_scorer_pixels(b.ctx, b.scorer, list, 2, scored), VT_ERROR_NOT_FINITE,
               "composite 1 of 2");
  assert_int_equal(vt_scorer_calls(b.scorer), 0);
  bench_end(&b);
}

/* Bytes of all scores are the same for any batch and thread count. */
static void test_equal_bytes(void **unused)
{
  (void)unused;
  static const int batches[4] = {1, 7, 64, 64}, threads[4] = {1, 1, 1, 2};
  vt_scored reference[16], scored[16];
  memset(reference, 0, sizeof reference);
  for (int run = 0; run < 4; run++) {
    bench b = bench_new(2);
    vt_ctx_set_threads(b.ctx, threads[run]);
    b.options.batch = batches[run];
    b.options.second = 1;
    assert_ok(b.ctx, bench_parts(&b));
    uint64_t bits[16];
    for (uint64_t i = 0; i < 16; i++)
      bits[i] = 15 - i;
    memset(scored, 0, sizeof scored);
    assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, bits, 16, scored));
    assert_true(b.state.largest_batch <= batches[run]);
    if (run == 0) memcpy(reference, scored, sizeof scored);
    for (int i = 0; i < 16; i++) {
      assert_true(scored[i].target == reference[i].target);
      assert_true(scored[i].second == reference[i].second);
      assert_true(scored[i].confidence == reference[i].confidence);
    }
    bench_end(&b);
  }
}

static void test_classes_resolved(void **unused)
{
  (void)unused;
  bench b = bench_new(2); /* whole picture: 2.75 against 0.75 */
  b.options.target = -1;
  b.options.second = VT_CLASS_PREDICTED;
  assert_ok(b.ctx, bench_parts(&b));
  assert_int_equal(vt_scorer_options_of(b.scorer)->target, 0);
  assert_int_equal(vt_scorer_options_of(b.scorer)->second, VT_CLASS_NONE);
  bench_free(&b);
  b.options.target = 1;
  assert_ok(b.ctx, bench_parts(&b));
  assert_int_equal(vt_scorer_options_of(b.scorer)->target, 1);
  assert_int_equal(vt_scorer_options_of(b.scorer)->second, 0);
  bench_free(&b);
  b.options.target = 2;
  assert_fails(b.ctx, bench_parts(&b), VT_ERROR_INVALID_ARGUMENT, "target class 2: the model has 2 classes");
  bench_end(&b);
}

static void test_random_model_is_noticed(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  b.state.random = true;
  assert_ok(b.ctx, bench_parts(&b));
  assert_true(vt_scorer_invariance(b.scorer) > 1e-4);
  bench_end(&b);
}

/* Pixel composites, and a blank given after normalisation. */
static void test_pixels_and_blank_floats(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  assert_ok(b.ctx, bench_parts(&b));
  uint8_t shown[2][PIXELS];
  for (int p = 0; p < PIXELS; p++) {
    shown[0][p] = quadrant(p) == 2;
    shown[1][p] = (uint8_t)(p == 5);
  }
  const uint8_t *list[2] = {shown[0], shown[1]};
  vt_scored scored[2], subset;
  assert_ok(b.ctx, vt_scorer_pixels(b.ctx, b.scorer, list, 2, scored));
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, &(uint64_t){4}, 1, &subset));
  assert_near(scored[0].target, subset.target, 0);
  /* one pixel of quadrant 1: a sixteenth of −0.5 and of 0.5 */
  assert_near(scored[1].target, 1 / (1 + exp(1.0 / 16)), 1e-6);
  assert_int_equal(vt_scorer_calls(b.scorer), 3);
  assert_int_equal(vt_scorer_forwards(b.scorer), 5);
  bench_free(&b);

  float half[3 * PIXELS];
  for (int i = 0; i < 3 * PIXELS; i++)
    half[i] = 0.5f;
  b.options.blank_floats = half;
  assert_ok(b.ctx, bench_parts(&b));
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, b.scorer, &(uint64_t){0}, 1, &subset));
  assert_near(subset.target, 1 / (1 + exp(-(2.75 - 0.75) / 2)), 1e-6);
  bench_end(&b);
}

/* Both starts (from the picture, from the blank) and both layouts against a pixel loop. */
static void test_composing(void **unused)
{
  (void)unused;
  for (int layout = 0; layout < 2; layout++) {
    bench b = bench_new(2);
    assert_ok(b.ctx, bench_parts(&b));
    for (int i = 0; i < 3 * PIXELS; i++) {
      b.picture->pixels[i] = (uint8_t)(i + 1);
      b.blank->pixels[i] = (uint8_t)(250 - i);
    }
    b.model->preprocess->channels_last = layout == 1;
    vt_composer composer = {0};
    assert_ok(b.ctx, vt_composer_init(b.ctx, &composer, b.model, b.picture, b.blank, &(vt_scorer_options){0},
                                      b.regions));
    for (uint64_t bits = 0; bits < 16; bits++) {
      float input[3 * PIXELS];
      vt_compose_subset(&composer, &bits, input);
      for (int p = 0; p < PIXELS; p++)
        for (int c = 0; c < 3; c++) {
          const vt_image *from = bits >> quadrant(p) & 1 ? b.picture : b.blank;
          float value = input[layout ? p * 3 + c : c * PIXELS + p];
          assert_near(value, from->pixels[p * 3 + c] / 255.0, 1e-7);
        }
    }
    vt_composer_free(&composer);
    bench_end(&b);
  }
}

static void test_wrong_sizes(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  assert_ok(b.ctx, bench_parts(&b));
  vt_image *small = NULL;
  vt_scorer *scorer = NULL;
  assert_ok(b.ctx, vt_image_new(b.ctx, 7, 8, 3, &small));
  assert_fails(b.ctx, vt_scorer_new(b.ctx, b.model, small, b.blank, b.regions, &b.options, &scorer),
               VT_ERROR_INVALID_ARGUMENT, "picture: 8 × 7 pixels");
  int32_t labels[6] = {0, 0, 1, 1, 2, 2};
  vt_regions *regions = NULL;
  assert_ok(b.ctx, vt_regions_from_labels(b.ctx, labels, 2, 3, &regions));
  assert_fails(b.ctx, vt_scorer_new(b.ctx, b.model, b.picture, b.blank, regions, &b.options, &scorer),
               VT_ERROR_INVALID_ARGUMENT,
               "label map: 2 × 3 pixels (height × width), but the model's input has 8 × 8");
  vt_regions_free(regions);
  vt_image_free(small);
  assert_ok(b.ctx, vt_scorer_new(b.ctx, b.model, b.picture, b.blank, NULL, &b.options, &scorer));
  vt_scored scored;
  assert_fails(b.ctx, vt_scorer_subsets(b.ctx, scorer, &(uint64_t){1}, 1, &scored), VT_ERROR_INVALID_ARGUMENT,
               "no regions");
  float embeddings[4];
  assert_fails(b.ctx, vt_scorer_region_embeddings(b.ctx, b.scorer, embeddings), VT_ERROR_INVALID_ARGUMENT,
               "--embedding");
  vt_scorer_free(scorer);
  bench_end(&b);
}

/* Allocation n fails, for every n of a small run: an error each time, nothing leaked, no crash. */
static void test_allocation_failures(void **unused)
{
  (void)unused;
  bool survived = false;
  for (long n = 1; n < 200 && !survived; n++) {
    bench b = bench_new(2);
    vt_ctx_fail_allocation(b.ctx, n);
    vt_status status = bench_parts(&b);
    uint64_t bits[5] = {1, 2, 3, 1, 9};
    vt_scored scored[5];
    if (status == VT_OK) status = vt_scorer_subsets(b.ctx, b.scorer, bits, 5, scored);
    double probabilities[2];
    if (status == VT_OK) status = vt_scorer_probabilities(b.ctx, b.scorer, &bits[4], probabilities);
    survived = status == VT_OK;
    if (!survived) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_fail_allocation(b.ctx, 0);
    bench_end(&b);
  }
  assert_true(survived);
}

/* More than one word of bits, and enough subsets that the map grows several times. */
static void test_many_regions(void **unused)
{
  (void)unused;
  bench b = bench_new(2);
  assert_ok(b.ctx, bench_parts(&b));
  int32_t labels[PIXELS];
  for (int p = 0; p < PIXELS; p++)
    labels[p] = p < 2 ? 1000 : p; /* 63 regions; the first two pixels are the last one */
  vt_regions *regions = NULL;
  vt_scorer *scorer = NULL;
  assert_ok(b.ctx, vt_regions_from_labels(b.ctx, labels, SIDE, SIDE, &regions));
  assert_int_equal(vt_regions_count(regions), 63);
  assert_int_equal(vt_regions_id(regions, 62), 1000);
  assert_ok(b.ctx, vt_scorer_new(b.ctx, b.model, b.picture, b.blank, regions, &b.options, &scorer));
  enum { COUNT = 1000 };
  uint64_t *bits = malloc(COUNT * sizeof *bits);
  vt_scored *scored = malloc(COUNT * sizeof *scored);
  for (int i = 0; i < COUNT; i++)
    bits[i] = (uint64_t)i + 1; /* all different */
  assert_ok(b.ctx, vt_scorer_subsets(b.ctx, scorer, bits, COUNT, scored));
  assert_int_equal(vt_scorer_forwards(scorer), COUNT + 2);
  for (int i = 0; i < COUNT; i++) {
    double first = 0, second = 0;
    for (int r = 0; r < 10; r++)
      if (bits[i] >> r & 1) {
        first += b.state.weights[0][r + 2];
        second += b.state.weights[1][r + 2];
      }
    assert_near(scored[i].target, 1 / (1 + exp(second - first)), 1e-6);
  }
  free(bits);
  free(scored);
  vt_scorer_free(scorer);
  vt_regions_free(regions);
  bench_end(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_closed_form),
      cmocka_unit_test(test_logit_target),
      cmocka_unit_test(test_single_output),
      cmocka_unit_test(test_counting),
      cmocka_unit_test(test_budget),
      cmocka_unit_test(test_time_limit),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_equal_bytes),
      cmocka_unit_test(test_classes_resolved),
      cmocka_unit_test(test_random_model_is_noticed),
      cmocka_unit_test(test_pixels_and_blank_floats),
      cmocka_unit_test(test_composing),
      cmocka_unit_test(test_wrong_sizes),
      cmocka_unit_test(test_allocation_failures),
      cmocka_unit_test(test_many_regions),
  };
  return cmocka_run_group_tests_name("explain/scorer", tests, NULL, NULL);
}
