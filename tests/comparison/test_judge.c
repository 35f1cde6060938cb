/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture of pixels that add up: every contender's figures are known by hand.
 */
#include "attribution/pixel_world.h"

#include <math.h>

#include "comparison/judge.h"
#include "tensor/tensor.h"

enum { COUNT = 8 };

static const vt_terms terms = {
    .regions = "grid:1x4", .fill = "black", .class_score = VT_SCORE_PROBABILITY, .seed = 3};

/* The pixel world with a division into pairs of neighbours and a mask of what decides. */
typedef struct pair_world {
  pixel_world pixels;
  vt_ctx *ctx; /* a child, whose table of tensors is gone before memory is checked */
  vt_regions *pairs;
  uint8_t mask[COUNT];
  vt_truth truth;
  vt_contender *contenders;
  vt_criterion *criteria;
  vt_contest contest;
  vt_exhibit exhibit;
} pair_world;

/* Weights 1, 8, 2, 3, 7, 6, 4, 5 of 64: pairs are worth 9, 5, 13, 9. */
static const double weights[COUNT] = {1, 8, 2, 3, 7, 6, 4, 5};

static void pairs_open(pair_world *w, const char *contenders, const char *criteria)
{
  *w = (pair_world){0};
  for (int i = 0; i < COUNT; i++)
    w->pixels.weights[i] = weights[i] / 64;
  world_open(&w->pixels, COUNT, pixel_sum, 0);
  vt_ctx *ctx = w->ctx = vt_ctx_child(w->pixels.ctx);
  assert_non_null(ctx);
  assert_ok(ctx, vt_regions_from_labels(ctx, (const int32_t[]){0, 0, 1, 1, 2, 2, 3, 3}, 1, COUNT, &w->pairs));
  w->mask[4] = w->mask[5] = 1;
  w->truth = (vt_truth){.mask = w->mask};
  w->contest = (vt_contest){.terms = terms, .as_it_is = true, .equal = true, .budget_of = -1};
  assert_ok(ctx, vt_contenders_parse(ctx, contenders, &terms, &w->contenders, &w->contest.contender_count));
  assert_ok(ctx, vt_criteria_parse(ctx, criteria, "lima", &w->criteria, &w->contest.criterion_count));
  w->contest.contenders = w->contenders;
  w->contest.criteria = w->criteria;
  w->exhibit = (vt_exhibit){.model = w->pixels.model,
                            .picture = w->pixels.picture,
                            .target = 0,
                            .truth = &w->truth,
                            .regions = w->pairs,
                            .name = "row"};
}

static void pairs_close(pair_world *w)
{
  vt_contenders_free(w->contenders, w->contest.contender_count);
  vt_criteria_free(w->criteria, w->contest.criterion_count);
  vt_regions_free(w->pairs);
  vt_ctx_free(w->ctx);
  world_close(&w->pixels);
}

/* Area under the insertion curve of pairs or pixels shown in this order, each the same share of the area. */
static double area_of(const double *steps, int count)
{
  double area = 0, sum = 0;
  for (int i = 0; i < count; i++) {
    area += (sum + sum + steps[i]) / 2 / count;
    sum += steps[i];
  }
  return area / 64;
}

static void write_map(vt_ctx *ctx, const char *path, const float *values)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *map = vt_tensor_new(ctx, VT_F32, 2, (int64_t[]){1, COUNT});
  assert_non_null(map);
  memcpy(vt_tensor_data(map), values, COUNT * sizeof *values);
  assert_ok(ctx, vt_npy_write(ctx, path, map));
  vt_tensor_release(ctx, mark);
}

static const vt_outcome *find(const vt_round *round, int contender, int criterion, vt_granularity granularity)
{
  const vt_outcome *outcome = vt_round_find(round, contender, criterion, granularity);
  assert_non_null(outcome);
  if (outcome->error) fail_msg("contender %d, criterion %d: %s", contender, criterion, outcome->error);
  return outcome;
}

/* A method on regions, a map of pixels made elsewhere, the mask: insertion and deletion at both
 * granularities. */
static void test_known_figures(void **unused)
{
  (void)unused;
  char path[] = "/tmp/vitrail_judge_XXXXXX", list[200];
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  snprintf(list, sizeof list, "feature-ablation,there=maps:%s,oracle", path);
  pair_world w;
  pairs_open(&w, list, "insertion,deletion,pointing-game,region-purity,fine=insertion@vitrail-50");
  float map[COUNT];
  for (int i = 0; i < COUNT; i++)
    map[i] = (float)weights[i];
  write_map(w.ctx, path, map);
  vt_round round;
  assert_ok(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &round));
  assert_int_equal(round.outcome_count, 3 * 5 * 2);
  assert_int_equal(round.target, 0);
  assert_near(round.full, 36. / 64, 1e-6);
  assert_near(round.blank, 0, 1e-6);

  /* pairs by their sums 13, 9, 9, 5: of equal ones the lower index first, which changes no sum */
  double by_pair = area_of((const double[]){13, 9, 9, 5}, 4);
  double by_pixel = area_of((const double[]){8, 7, 6, 5, 4, 3, 2, 1}, 8);
  assert_near(find(&round, 0, 0, VT_EQUAL_GRANULARITY)->measure.value, by_pair, 1e-6);
  assert_near(find(&round, 0, 1, VT_EQUAL_GRANULARITY)->measure.value, 36. / 64 - by_pair, 1e-6);
  assert_near(find(&round, 1, 0, VT_EQUAL_GRANULARITY)->measure.value, by_pair, 1e-6);
  assert_int_equal(find(&round, 1, 0, VT_EQUAL_GRANULARITY)->measure.points, 5);
  /* one step a region ranks the regions of any map; by pixels the finer map wins, which is why there are two
   * granularities */
  assert_near(find(&round, 1, 0, VT_AS_IT_IS)->measure.value, by_pair, 1e-6);
  assert_near(find(&round, 1, 4, VT_AS_IT_IS)->measure.value, by_pixel, 1e-6);
  assert_true(find(&round, 1, 4, VT_EQUAL_GRANULARITY)->measure.value < by_pixel - .01);
  /* the mask's pair first, then the others as they come: 13, 9, 5, 9 */
  double masked = area_of((const double[]){13, 9, 5, 9}, 4);
  assert_near(find(&round, 2, 0, VT_EQUAL_GRANULARITY)->measure.value, masked, 1e-6);
  assert_near(find(&round, 2, 2, VT_AS_IT_IS)->measure.value, 1, 0);
  assert_near(find(&round, 2, 3, VT_EQUAL_GRANULARITY)->measure.value, 1, 0);
  /* highest of the map is pixel 1, outside the mask; highest of the pairs is the mask's */
  assert_near(find(&round, 1, 2, VT_AS_IT_IS)->measure.value, 0, 0);
  assert_near(find(&round, 1, 2, VT_EQUAL_GRANULARITY)->measure.value, 1, 0);
  assert_int_equal(round.contenders[0].calls, 5); /* the whole and each of four hidden */
  assert_int_equal(round.contenders[1].calls, 0);
  vt_round_free(&round);
  pairs_close(&w);
  unlink(path);
}

/* A search ranks the shared regions: both granularities are the same figure. A contender's own division is
 * carried to the shared one. */
static void test_orders_and_own_divisions(void **unused)
{
  (void)unused;
  pair_world w;
  pairs_open(&w, "lima(weights=0,0,0,1),halves=feature-ablation(regions=grid:1x2)", "insertion,deletion");
  vt_round round;
  assert_ok(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &round));
  for (int c = 0; c < 2; c++)
    assert_true(find(&round, 0, c, VT_AS_IT_IS)->measure.value ==
                find(&round, 0, c, VT_EQUAL_GRANULARITY)->measure.value);
  assert_int_equal(find(&round, 0, 0, VT_AS_IT_IS)->measure.points, 5);
  /* halves are worth 14 and 22: pairs 2 and 3 come first, ties to the lower index */
  assert_near(find(&round, 1, 0, VT_EQUAL_GRANULARITY)->measure.value,
              area_of((const double[]){13, 9, 9, 5}, 4), 1e-6);
  assert_int_equal(round.contenders[1].calls, 3);
  vt_round_free(&round);
  pairs_close(&w);
}

static void test_equal_budget(void **unused)
{
  (void)unused;
  pair_world w;
  pairs_open(&w, "rise,feature-ablation,kernel-shap,hsic,centre-prior", "insertion");
  w.contest.budget_of = 1;
  vt_round round;
  assert_ok(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &round));
  assert_int_equal(round.contenders[1].calls, 5);
  assert_int_equal(round.contenders[0].samples, 5);
  assert_int_equal(round.contenders[0].calls, 5);
  assert_int_equal(round.contenders[2].samples, 3); /* and the two ends */
  assert_int_equal(round.contenders[2].calls, 5);
  assert_int_equal(round.contenders[1].samples, 0);
  assert_int_equal(round.contenders[4].samples, 0);
  vt_round_free(&round);
  pairs_close(&w);
}

/* What a contender or a metric cannot do is a row of its own. */
static void test_failures_are_rows(void **unused)
{
  (void)unused;
  pair_world w;
  pairs_open(&w, "saliency,maps:/nowhere/at_all.npy,feature-ablation,oracle",
             "insertion,max-sensitivity,mprt");
  w.exhibit.truth = NULL;
  vt_round round;
  assert_ok(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &round));
  assert_int_equal(vt_ctx_status(w.ctx), VT_OK);
  for (int c = 0; c < 4; c++) {
    if (c == 2) continue;
    assert_non_null(round.contenders[c].error);
    for (int m = 0; m < 3; m++) {
      const vt_outcome *outcome = vt_round_find(&round, c, m, VT_AS_IT_IS);
      assert_string_equal(outcome->error, round.contenders[c].error);
      assert_true(isnan(outcome->measure.value));
    }
  }
  assert_non_null(strstr(round.contenders[1].error, "/nowhere/at_all.npy"));
  assert_non_null(strstr(round.contenders[3].error, "no mask"));
  assert_true(isfinite(find(&round, 2, 0, VT_AS_IT_IS)->measure.value));
  assert_true(isfinite(find(&round, 2, 1, VT_AS_IT_IS)->measure.value));
  assert_non_null(vt_round_find(&round, 2, 2, VT_AS_IT_IS)->error); /* a function has no weights to draw */
  vt_round_free(&round);
  assert_fails(w.ctx, vt_contest_check(w.ctx, &w.contest, false, false), VT_ERROR_INVALID_ARGUMENT,
               "'oracle' is the mask");
  pairs_close(&w);
}

/* Metrics that ask the method again, at both granularities; a map alone cannot be asked, and says so. */
static void test_asked_again(void **unused)
{
  (void)unused;
  char path[] = "/tmp/vitrail_judge_XXXXXX", list[200];
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  snprintf(list, sizeof list, "centre-prior,maps:%s", path);
  pair_world w;
  pairs_open(&w, list, "max-sensitivity(samples=3)");
  write_map(w.ctx, path, (const float[COUNT]){1, 2, 3, 4, 5, 6, 7, 8});
  vt_round round;
  assert_ok(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &round));
  /* it knows nothing of the picture, and so never moves */
  assert_near(find(&round, 0, 0, VT_AS_IT_IS)->measure.value, 0, 0);
  assert_near(find(&round, 0, 0, VT_EQUAL_GRANULARITY)->measure.value, 0, 0);
  const vt_outcome *mute = find(&round, 1, 0, VT_AS_IT_IS);
  assert_true(isnan(mute->measure.value));
  assert_non_null(strstr(mute->measure.note, "asks the method again"));
  vt_round_free(&round);
  pairs_close(&w);
  unlink(path);
}

static void test_any_number_of_threads(void **unused)
{
  (void)unused;
  vt_round rounds[2];
  pair_world w;
  pairs_open(&w, "lima,rise(n_samples=200),hsic(n_samples=64),kernel-shap,random",
             "insertion,deletion,mufidelity(grid=2,samples=20)");
  for (int i = 0; i < 2; i++) {
    vt_ctx_set_threads(w.ctx, i ? 3 : 1);
    assert_ok(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &rounds[i]));
  }
  for (size_t i = 0; i < rounds[0].outcome_count; i++) {
    const vt_measure *a = &rounds[0].outcomes[i].measure, *b = &rounds[1].outcomes[i].measure;
    assert_memory_equal(&a->value, &b->value, sizeof a->value);
    assert_memory_equal(&a->normalised, &b->normalised, sizeof a->value);
    assert_int_equal(a->points, b->points);
    assert_int_equal(a->calls, b->calls);
    if (a->points) assert_memory_equal(a->scores, b->scores, (size_t)a->points * sizeof *a->scores);
  }
  vt_round_free(&rounds[0]);
  vt_round_free(&rounds[1]);
  pairs_close(&w);
}

typedef struct counting {
  int explained[4], measured;
  int64_t budget;
  vt_status fail;
} counting;

static bool only_the_second(void *user, int contender, int criterion, vt_granularity granularity)
{
  (void)user;
  return contender == 1 && criterion == 0 && granularity == VT_EQUAL_GRANULARITY;
}

static vt_status count_explained(vt_ctx *ctx, void *user, int contender, const vt_made *made,
                                 const char *error)
{
  (void)ctx;
  (void)error;
  ((counting *)user)->explained[contender] += made != NULL;
  return VT_OK;
}

static vt_status count_measured(vt_ctx *ctx, void *user, vt_outcome *outcome)
{
  counting *count = user;
  count->measured++;
  assert_int_equal(outcome->granularity, VT_EQUAL_GRANULARITY);
  return count->fail == VT_OK ? VT_OK : vt_fail(ctx, count->fail, "the disk is full");
}

static int64_t known_budget(void *user)
{
  return ((counting *)user)->budget;
}

/* Nobody explains for nothing: not those of whom nothing is wanted, nor the one whose calls are known. */
static void test_only_what_is_wanted(void **unused)
{
  (void)unused;
  pair_world w;
  vt_bench bench;
  pairs_open(&w, "feature-ablation,rise,random", "insertion,deletion");
  vt_ctx *ctx = w.ctx;
  w.contest.budget_of = 0;
  counting count = {.budget = 9};
  vt_judge_sink sink = {&count, only_the_second, known_budget, count_explained, count_measured};
  assert_ok(ctx, vt_bench_open(ctx, &w.exhibit, &w.contest.terms, &bench));
  assert_ok(ctx, vt_judge(ctx, &w.contest, &bench, &sink));
  assert_int_equal(count.explained[0], 0);
  assert_int_equal(count.explained[1], 1);
  assert_int_equal(count.explained[2], 0);
  assert_int_equal(count.measured, 1);
  count = (counting){.budget = 0}; /* not known: the first one explains, too */
  assert_ok(ctx, vt_judge(ctx, &w.contest, &bench, &sink));
  assert_int_equal(count.explained[0], 1);
  assert_int_equal(count.measured, 1);
  count = (counting){.budget = 9, .fail = VT_ERROR_IO}; /* the caller's failure ends it */
  assert_fails(ctx, vt_judge(ctx, &w.contest, &bench, &sink), VT_ERROR_IO, "disk is full");
  vt_bench_close(&bench);
  pairs_close(&w);
}

/* A search that was cut short by the cancel flag is no result. */
static void test_cancelled(void **unused)
{
  (void)unused;
  pair_world w;
  vt_round round;
  pairs_open(&w, "lima,rise", "insertion");
  w.pixels.calls_until_cancel = 12;
  assert_fails(w.ctx, vt_judge_picture(w.ctx, &w.contest, &w.exhibit, &round), VT_ERROR_INTERRUPTED, "");
  assert_null(round.outcomes);
  w.pixels.cancel = 0;
  pairs_close(&w);
}

/* Any allocation may fail: the whole ends, or it is a row with that as its error. Nothing leaks. */
static void test_short_of_memory(void **unused)
{
  (void)unused;
  pair_world w;
  vt_round round;
  pairs_open(&w, "feature-ablation,oracle,rise(n_samples=4)", "insertion,pointing-game");
  w.contest.budget_of = 0;
  vt_ctx *ctx = w.ctx;
  int ended = 0, rows = 0;
  for (long n = 1;; n++) {
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_judge_picture(ctx, &w.contest, &w.exhibit, &round);
    bool failed = status != VT_OK;
    vt_ctx_fail_allocation(ctx, 0);
    if (failed) {
      assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
      ended++;
    }
    bool any = false;
    for (size_t i = 0; !failed && i < round.outcome_count; i++)
      any = any || round.outcomes[i].error;
    rows += any;
    vt_ctx_clear(ctx);
    if (!failed) vt_round_free(&round);
    if (!failed && !any) break;
    assert_true(n < 100000);
  }
  assert_true(ended > 5);
  assert_true(rows > 20);
  pairs_close(&w); /* checks that nothing is in use */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known_figures),       cmocka_unit_test(test_orders_and_own_divisions),
      cmocka_unit_test(test_equal_budget),        cmocka_unit_test(test_failures_are_rows),
      cmocka_unit_test(test_asked_again),         cmocka_unit_test(test_any_number_of_threads),
      cmocka_unit_test(test_only_what_is_wanted), cmocka_unit_test(test_cancelled),
      cmocka_unit_test(test_short_of_memory),
  };
  return cmocka_run_group_tests_name("comparison/judge", tests, NULL, NULL);
}
