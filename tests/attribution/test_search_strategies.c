/* SPDX-License-Identifier: Apache-2.0
 *
 * Every strategy of the search on models whose best order is known, against its cost formula, within budgets,
 * and where it must agree with another one.
 */
#include "pixel_world.h"

#include <math.h>

#include "attribution/surrogate.h"

static vt_search_options options_of(vt_search_kind kind)
{
  return (vt_search_options){.weights = {20, 5, 0, 0},
                             .kind = kind,
                             .pending = 4,
                             .window = 3,
                             .masks = 60,
                             .share = .4,
                             .width = 2,
                             .groups = 5,
                             .halves = 10,
                             .last = 8,
                             .leaders = 2,
                             .tilt = 1};
}

static void run(pixel_world *world, const vt_search_options *options)
{
  assert_ok(world->ctx, vt_search(world->ctx, &world->task, options, world->explanation));
  assert_permutation(world->explanation->order, world->count);
}

/* 1..count over `scale`, scattered: 7 and count have no common divisor. */
static void plant_sum(pixel_world *world, int count, double scale)
{
  for (int i = 0; i < count; i++)
    world->weights[i] = (1 + (i * 7) % count) / scale;
}

static void assert_sorted(const pixel_world *world)
{
  const int *order = world->explanation->order;
  for (int j = 1; j < world->count; j++)
    assert_true(world->weights[order[j]] < world->weights[order[j - 1]]);
}

/* p = Σ wᵢ: whatever asks all, or what a linear prior sees, must sort the weights. */
static void test_additive(void **unused)
{
  (void)unused;
  static const vt_search_kind sorting[] = {VT_SEARCH_BIDIRECTIONAL, VT_SEARCH_GREEDY, VT_SEARCH_LAZY,
                                           VT_SEARCH_BEAM,          VT_SEARCH_PRIOR,  VT_SEARCH_EFFICIENT_V1,
                                           VT_SEARCH_ONE_SHOT};
  for (size_t i = 0; i < VT_COUNT(sorting); i++) {
    pixel_world world = {0};
    vt_search_options options = options_of(sorting[i]);
    options.masks = 300;
    options.last = 23;
    plant_sum(&world, 23, 512);
    world_open(&world, 23, pixel_sum, 0);
    run(&world, &options);
    assert_sorted(&world);
    assert_int_equal(world.explanation->known, 23);
    world_close(&world);
  }
}

/* Asked-for calls are the formula's, full and blank apart; beam may ask less. */
static void test_calls(void **unused)
{
  (void)unused;
  for (int kind = 0; kind < VT_SEARCH_KINDS; kind++)
    for (int count = 1; count <= 30; count += 1 + count / 4) {
      pixel_world world = {0};
      vt_search_options options = options_of((vt_search_kind)kind);
      world_open(&world, count, pixel_hash, 0);
      run(&world, &options);
      int64_t asked = vt_scorer_calls(world.scorer) - 2, most = vt_search_calls(&options, count);
      if (kind == VT_SEARCH_BEAM)
        assert_in_range(asked, most * 9 / 10, most);
      else
        assert_int_equal(asked, most);
      int64_t missing = 0;
      for (int j = 0; j <= count; j++)
        missing += isnan(world.explanation->insertion[j]) + isnan(world.explanation->deletion[j]);
      assert_int_equal(missing, vt_search_curve_calls(&options, count));
      world_close(&world);
    }
  /* at the defaults, 49 regions */
  static const struct {
    vt_search_options options;
    int64_t calls;
  } table[] = {{{.kind = VT_SEARCH_LAZY, .window = 5}, 98 + 2 * (44 * 5 + 4 + 3 + 2)},
               {{.kind = VT_SEARCH_PRIOR, .window = 5, .masks = 200}, 200 + 22 * 20 + 2 * (5 + 4 + 3 + 2)},
               {{.kind = VT_SEARCH_BACKWARD, .window = 5, .halves = 40, .last = 22, .leaders = 3},
                40 + 27 * 8 + (22 * 23 / 2 - 1) + 20 * 3 + 2},
               {{.kind = VT_SEARCH_ONE_SHOT}, 98},
               {{.kind = VT_SEARCH_EFFICIENT_V1}, 2 * (25 * 25 - 1)},
               {{.kind = VT_SEARCH_STOCHASTIC, .share = 1}, 49 * 50 - 2},
               {{.kind = VT_SEARCH_BEAM, .width = 1}, 49 * 50 - 2}};
  for (size_t i = 0; i < VT_COUNT(table); i++)
    assert_int_equal(vt_search_calls(&table[i].options, 49), table[i].calls);
}

/* What a curve holds is what the model says of that prefix. */
static void test_curves(void **unused)
{
  (void)unused;
  for (int kind = 0; kind < VT_SEARCH_KINDS; kind++) {
    pixel_world world = {0};
    vt_search_options options = options_of((vt_search_kind)kind);
    int count = 26;
    world_open(&world, count, pixel_hash, 0);
    run(&world, &options);
    const vt_explanation *found = world.explanation;
    bool shown[512] = {false}, rest[512];
    int known = 0;
    for (int j = 0; j <= count; j++) {
      if (j > 0) shown[found->order[j - 1]] = true;
      for (int i = 0; i < count; i++)
        rest[i] = !shown[i];
      if (isnan(found->insertion[j])) continue;
      known++;
      assert_near(found->insertion[j], pixel_hash(&world, shown), 1e-6);
      assert_near(found->deletion[j], pixel_hash(&world, rest), 1e-6);
      if (j > 0)
        assert_near(found->objective[j - 1], 20 * found->insertion[j] + 5 * (1 - found->deletion[j]), 1e-9);
    }
    if (kind == VT_SEARCH_ONE_SHOT)
      assert_int_equal(known, 3);
    else
      assert_true(known > count / 2);
    world_close(&world);
  }
}

static void assert_same_order(const vt_search_options *one, const vt_search_options *other, int count)
{
  pixel_world first = {0}, second = {0};
  world_open(&first, count, pixel_hash, 0);
  world_open(&second, count, pixel_hash, 0);
  run(&first, one);
  run(&second, other);
  for (int j = 0; j < count; j++)
    assert_int_equal(first.explanation->order[j], second.explanation->order[j]);
  world_close(&first);
  world_close(&second);
}

/* Strategies that leave nothing out are plain greedy search. */
static void test_limits(void **unused)
{
  (void)unused;
  for (int count = 1; count <= 21; count += 5) {
    vt_search_options greedy = options_of(VT_SEARCH_GREEDY), wide = options_of(VT_SEARCH_LAZY);
    wide.window = count;
    wide.share = 1;
    wide.width = 1;
    static const vt_search_kind kinds[] = {VT_SEARCH_LAZY, VT_SEARCH_PRIOR, VT_SEARCH_COARSE,
                                           VT_SEARCH_STOCHASTIC, VT_SEARCH_BEAM};
    for (size_t i = 0; i < VT_COUNT(kinds); i++) {
      wide.kind = kinds[i];
      assert_same_order(&wide, &greedy, count);
    }
  }
}

/* Backward elimination that guesses nothing, written down again: take away what leaves the highest F. */
static void test_backward(void **unused)
{
  (void)unused;
  for (int count = 1; count <= 21; count += 4) {
    pixel_world world = {0};
    vt_search_options options = options_of(VT_SEARCH_BACKWARD);
    options.last = options.leaders = count;
    options.tilt = count % 3 + 1;
    world_open(&world, count, pixel_hash, 0);
    run(&world, &options);
    bool left[512], gone[512] = {false};
    for (int i = 0; i < count; i++)
      left[i] = true;
    for (int size = count; size > 1; size--) {
      int best = -1;
      double highest = 0;
      for (int i = 0; i < count; i++) {
        if (!left[i]) continue;
        left[i] = false;
        gone[i] = true;
        /* the engine sees outputs in f32 */
        double value = 20 * (double)(float)pixel_hash(&world, left) +
                       options.tilt * 5 * (1 - (double)(float)pixel_hash(&world, gone));
        left[i] = true;
        gone[i] = false;
        if (best >= 0 && value <= highest) continue;
        best = i;
        highest = value;
      }
      assert_int_equal(world.explanation->order[size - 1], best);
      left[best] = false;
      gone[best] = true;
    }
    world_close(&world);
  }
}

/* Guesses of a function that is additive in log-odds come near it; points are remembered, copies are not
 * points. */
static void test_surrogate(void **unused)
{
  (void)unused;
  enum { REGIONS = 20, POINTS = 150 };
  vt_ctx *ctx = vt_ctx_new();
  vt_surrogate *surrogate;
  assert_ok(ctx, vt_surrogate_new(ctx, REGIONS, POINTS, true, &surrogate));
  double worst_known = 0, worst_new = 0, flat = 0;
  for (int n = 0; n < POINTS + 50; n++) {
    uint64_t bits = 0;
    double odds = -2;
    for (int i = 0; i < REGIONS; i++) {
      if (vt_random_uniform(3, (uint64_t)n, (uint64_t)i) < .5) continue;
      vt_subset_add(&bits, i);
      odds += (i % 7 - 2) * .4;
    }
    double p = 1 / (1 + exp(-odds));
    if (n < POINTS) {
      vt_surrogate_add(surrogate, &bits, p);
      vt_surrogate_add(surrogate, &bits, 1 - p);
      assert_int_equal(vt_surrogate_count(surrogate), n + 1);
      assert_ok(ctx, vt_surrogate_fit(ctx, surrogate));
      worst_known = fmax(worst_known, fabs(vt_surrogate_guess(surrogate, &bits) - p));
    } else {
      worst_new = fmax(worst_new, fabs(vt_surrogate_guess(surrogate, &bits) - p));
      flat = fmax(flat, fabs(.5 - p));
    }
  }
  /* beyond its room it takes nothing */
  vt_surrogate_add(surrogate, &(uint64_t){0}, .5);
  assert_int_equal(vt_surrogate_count(surrogate), POINTS);
  assert_true(worst_known < .1 * flat && worst_new < .1 * flat);
  vt_surrogate_free(surrogate);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

/* Sum of F over the prefixes of the best order of `count` regions: over subsets, the best last region. */
static double best_sum(const pixel_world *world)
{
  enum { SUBSETS = 1 << 7 };
  double best[SUBSETS] = {0};
  int count = world->count, full = (1 << count) - 1;
  for (int set = 1; set <= full; set++) {
    bool shown[512] = {false}, rest[512] = {false};
    double before = -INFINITY;
    for (int i = 0; i < count; i++) {
      if (set >> i & 1) before = fmax(before, best[set & ~(1 << i)]);
      shown[i] = set >> i & 1;
      rest[i] = !shown[i];
    }
    best[set] = before + 20 * world->rule(world, shown) + 5 * (1 - world->rule(world, rest));
  }
  return best[full];
}

static double sum_of(const vt_explanation *found, int count)
{
  double sum = 0;
  for (int j = 0; j < count; j++)
    sum += found->objective[j];
  return sum;
}

/* A beam that can hold every subset of a size finds the best order there is; plain greedy search does not. */
static void test_wide_beam_is_best(void **unused)
{
  (void)unused;
  enum { REGIONS = 6 };
  double sums[2];
  for (int greedy = 0; greedy < 2; greedy++) {
    pixel_world world = {0};
    vt_search_options options = options_of(greedy ? VT_SEARCH_GREEDY : VT_SEARCH_BEAM);
    options.width = 20; /* C(6, 3) */
    world_open(&world, REGIONS, pixel_hash, 0);
    run(&world, &options);
    sums[greedy] = sum_of(world.explanation, REGIONS);
    if (!greedy) assert_near(sums[0], best_sum(&world), 1e-4);
    world_close(&world);
  }
  assert_true(sums[1] < sums[0] - 1);
}

/* One region is worth a little alone, two others much together and nothing alone. */
static double pixel_pair(const pixel_world *world, const bool *shown)
{
  return pixel_sum(world, shown) + (shown[3] && shown[8] ? .8 : 0);
}

/* The pair comes first where a search can see that it belongs together, and does not where regions are only
 * seen one by one. */
static void test_pair(void **unused)
{
  (void)unused;
  static const struct {
    vt_search_kind kind;
    bool finds;
  } cases[] = {{VT_SEARCH_PRIOR, true}, {VT_SEARCH_ONE_SHOT, false}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    pixel_world world = {0};
    vt_search_options options = options_of(cases[i].kind);
    options.weights.collaboration = 0; /* taking one of them away would tell */
    options.window = 1;
    plant_sum(&world, 12, 1024);
    world.weights[3] = world.weights[8] = 0;
    world_open(&world, 12, pixel_pair, 0);
    run(&world, &options);
    const int *order = world.explanation->order;
    bool found = false;
    for (int j = 0; j < 3; j++)
      for (int l = 0; l < 3; l++)
        found |= order[j] == 3 && order[l] == 8;
    assert_int_equal(found, cases[i].finds);
    world_close(&world);
  }
}

/* Any budget leaves a valid order and is kept; what is left open is told. */
static void test_budgets(void **unused)
{
  (void)unused;
  for (int kind = 0; kind < VT_SEARCH_KINDS; kind++) {
    vt_search_options options = options_of((vt_search_kind)kind);
    int count = 24;
    int64_t all = 2 + vt_search_calls(&options, count);
    for (int64_t budget = 2; budget < all + 20; budget += 1 + all / 15) {
      pixel_world world = {0};
      plant_sum(&world, count, 1024);
      world_open(&world, count, pixel_sum, budget);
      run(&world, &options);
      assert_true(vt_scorer_calls(world.scorer) <= budget);
      assert_int_equal(world.explanation->partial, world.explanation->known < count);
      if (budget >= all) assert_false(world.explanation->partial);
      if (world.explanation->partial) assert_string_equal(world.explanation->partial_reason, "max-calls");
      world_close(&world);
    }
  }
}

/* The n-th allocation fails, for every n: an error or a valid partial result, never a crash or a leak. */
static void test_allocation_failures(void **unused)
{
  (void)unused;
  for (int kind = 0; kind < VT_SEARCH_KINDS; kind++) {
    bool finished = false;
    for (long n = 1; n < 600 && !finished; n++) {
      pixel_world world = {0};
      vt_search_options options = options_of((vt_search_kind)kind);
      options.masks = 10;
      world_open(&world, 6, pixel_hash, 0);
      vt_ctx_fail_allocation(world.ctx, n);
      vt_status status = vt_search(world.ctx, &world.task, &options, world.explanation);
      vt_ctx_fail_allocation(world.ctx, 0);
      finished = status == VT_OK && !world.explanation->partial;
      if (status == VT_OK)
        assert_permutation(world.explanation->order, 6);
      else
        assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
      vt_ctx_clear(world.ctx);
      world_close(&world);
    }
    assert_true(finished);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_additive),
      cmocka_unit_test(test_calls),
      cmocka_unit_test(test_curves),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_backward),
      cmocka_unit_test(test_surrogate),
      cmocka_unit_test(test_wide_beam_is_best),
      cmocka_unit_test(test_pair),
      cmocka_unit_test(test_budgets),
      cmocka_unit_test(test_allocation_failures),
  };
  return cmocka_run_group_tests_name("attribution/search_strategies", tests, NULL, NULL);
}
