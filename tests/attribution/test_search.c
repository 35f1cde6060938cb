/* SPDX-License-Identifier: Apache-2.0
 *
 * The searches against closed forms, a second implementation, and the cost formula of 01-lima §5.
 */
#include "pixel_world.h"

#include <math.h>

static const vt_objective_weights cons_colla = {20, 5, 0, 0};

/* Without pending ones: from the front. */
static vt_search_options from_both_ends(int pending)
{
  return (vt_search_options){.weights = cons_colla,
                             .kind = pending ? VT_SEARCH_BIDIRECTIONAL : VT_SEARCH_GREEDY,
                             .pending = pending};
}

static int64_t calls_of(int count, int pending)
{
  vt_search_options options = from_both_ends(pending);
  return vt_search_calls(&options, count);
}

static void run(pixel_world *world, int pending)
{
  vt_search_options options = from_both_ends(pending);
  assert_ok(world->ctx, vt_search(world->ctx, &world->task, &options, world->explanation));
}

/* p = Σ wᵢ over the shown: every search must sort the weights, and every curve point is a partial sum. */
static void test_additive(void **unused)
{
  (void)unused;
  static const int pendings[] = {0, 2, 4, 8};
  for (size_t v = 0; v < VT_COUNT(pendings); v++) {
    pixel_world world = {0};
    int count = 23;
    /* distinct weights in scattered places: 7 generates the residues of 23 */
    for (int i = 0; i < count; i++)
      world.weights[i] = (1 + (i * 7) % 23) / 512.0; /* sums are exact in f32 */
    world_open(&world, count, pixel_sum, 0);
    run(&world, pendings[v]);
    vt_explanation *found = world.explanation;
    assert_permutation(found->order, count);
    double sum = 0, total = 0;
    for (int i = 0; i < count; i++)
      total += world.weights[i];
    for (int j = 0; j < count; j++) {
      if (j > 0) assert_true(world.weights[found->order[j]] < world.weights[found->order[j - 1]]);
      sum += world.weights[found->order[j]];
      assert_near(found->insertion[j + 1], sum, 1e-6);
      assert_near(found->deletion[j + 1], total - sum, 1e-6);
      assert_near(found->objective[j], 20 * sum + 5 * (1 - (total - sum)), 1e-4);
    }
    assert_near(found->insertion[0], 0, 0);
    assert_near(found->deletion[0], total, 1e-6);
    assert_int_equal(found->known, count);
    assert_false(found->partial);
    /* an additive F has equal gains everywhere: nothing violates diminishing returns */
    assert_true(found->violation_triples > 0);
    assert_near(found->violation_rate, 0, 0);
    world_close(&world);
  }
}

/* §4 written down again without any of the engine: sets as arrays, one evaluation at a time. */
typedef struct second_search {
  const pixel_world *world;
  int calls;
} second_search;

static double value(second_search *s, const bool *set)
{
  bool rest[512];
  for (int i = 0; i < s->world->count; i++)
    rest[i] = !set[i];
  s->calls += 2;
  /* the engine sees outputs in f32 */
  return 20 * (double)(float)s->world->rule(s->world, set) +
         5 * (1 - (double)(float)s->world->rule(s->world, rest));
}

static void second_order(second_search *s, int pending, int *order)
{
  int k = s->world->count, front_size = 0, back_size = 0, open = k;
  bool front[512] = {false}, back[512] = {false}, gone[512] = {false};
  while (open > 0) {
    double gain[512];
    int best = -1;
    if (open == 1) {
      for (int c = 0; c < k; c++)
        if (!gone[c]) order[front_size++] = c;
      break;
    }
    for (int c = 0; c < k; c++) {
      if (gone[c]) continue;
      front[c] = true;
      gain[c] = value(s, front);
      front[c] = false;
      if (best < 0 || gain[c] > gain[best]) best = c;
    }
    bool two_sided = open > pending, low[512] = {false};
    for (int n = 0; two_sided && n < pending; n++) {
      int worst = -1;
      for (int c = 0; c < k; c++)
        if (!gone[c] && !low[c] && (worst < 0 || gain[c] < gain[worst])) worst = c;
      low[worst] = true;
    }
    front[best] = gone[best] = true;
    order[front_size++] = best;
    open--;
    low[best] = false;
    double lowest = INFINITY;
    int last = -1;
    for (int c = 0; c < k; c++) {
      if (!low[c]) continue;
      back[c] = true;
      double f = value(s, back);
      back[c] = false;
      if (f < lowest) {
        lowest = f;
        last = c;
      }
    }
    if (last >= 0) {
      back[last] = gone[last] = true;
      order[k - 1 - back_size++] = last;
      open--;
    }
  }
}

static void test_second_implementation(void **unused)
{
  (void)unused;
  for (int count = 1; count <= 24; count++)
    for (int pending = 2; pending <= 10; pending += 2) {
      pixel_world world = {0};
      int order[512];
      world_open(&world, count, pixel_hash, 0);
      run(&world, pending);
      second_search second = {&world, 0};
      second_order(&second, pending, order);
      for (int j = 0; j < count; j++)
        assert_int_equal(world.explanation->order[j], order[j]);
      /* full and blank are two more calls */
      assert_int_equal(vt_scorer_calls(world.scorer), second.calls + 2);
      world_close(&world);
    }
}

/* Every logged point is what the model says of that prefix. */
static void test_curves_are_evaluations(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  int count = 30;
  world_open(&world, count, pixel_hash, 0);
  run(&world, 6);
  bool shown[512] = {false}, rest[512];
  for (int j = 0; j <= count; j++) {
    if (j > 0) shown[world.explanation->order[j - 1]] = true;
    for (int i = 0; i < count; i++)
      rest[i] = !shown[i];
    assert_near(world.explanation->insertion[j], pixel_hash(&world, shown), 1e-6);
    assert_near(world.explanation->deletion[j], pixel_hash(&world, rest), 1e-6);
  }
  world_close(&world);
}

static void test_many_pending_is_greedy(void **unused)
{
  (void)unused;
  for (int count = 2; count <= 16; count += 7) {
    pixel_world bidirectional = {0}, greedy = {0};
    world_open(&bidirectional, count, pixel_hash, 0);
    world_open(&greedy, count, pixel_hash, 0);
    run(&bidirectional, count);
    run(&greedy, 0);
    for (int j = 0; j < count; j++)
      assert_int_equal(bidirectional.explanation->order[j], greedy.explanation->order[j]);
    world_close(&bidirectional);
    world_close(&greedy);
  }
}

/* The loop of §4 counted step by step, against the closed formula and the table of the spec. */
static void test_cost_formula(void **unused)
{
  (void)unused;
  for (int k = 1; k <= 100; k++)
    for (int pending = 2; pending <= 20; pending++) {
      int64_t calls = 0;
      for (int open = k; open > 1;) {
        calls += 2 * open;
        if (open > pending) {
          calls += 2 * pending;
          open--;
        }
        open--;
      }
      assert_int_equal(calls_of(k, pending), calls);
    }
  static const int table[][4] = {
      {36, 4, 818, 1332}, {49, 8, 1608, 2450}, {64, 12, 2806, 4160}, {100, 20, 6898, 10100}};
  for (size_t i = 0; i < VT_COUNT(table); i++) {
    assert_int_equal(calls_of(table[i][0], table[i][1]), table[i][2]);
    assert_int_equal(calls_of(table[i][0], 0), table[i][3]);
  }
  /* and a real run asks for exactly that, plus full and blank */
  pixel_world world = {0};
  for (int i = 0; i < 49; i++)
    world.weights[i] = (1 + (i * 11) % 49) / 2000.0;
  world_open(&world, 49, pixel_sum, 0);
  run(&world, 8);
  assert_int_equal(vt_scorer_calls(world.scorer), 1610);
  world_close(&world);
}

static void test_budget(void **unused)
{
  (void)unused;
  for (int64_t budget = 2; budget < 700; budget += 37) {
    pixel_world world = {0};
    int count = 30;
    for (int i = 0; i < count; i++)
      world.weights[i] = (1 + (i * 7) % 30) / 900.0;
    world_open(&world, count, pixel_sum, budget);
    run(&world, 6);
    assert_true(vt_scorer_calls(world.scorer) <= budget);
    assert_permutation(world.explanation->order, count);
    assert_int_equal(world.explanation->partial, world.explanation->known < count);
    if (world.explanation->partial) assert_string_equal(world.explanation->partial_reason, "max-calls");
    /* the open middle is ordered by the last scores: additive weights come out sorted as
     * soon as one round is through */
    if (world.explanation->known > 0)
      for (int j = 1; j < count; j++)
        assert_true(world.weights[world.explanation->order[j]] <
                    world.weights[world.explanation->order[j - 1]]);
    world_close(&world);
  }
}

static void test_cancel(void **unused)
{
  (void)unused;
  pixel_world world = {.calls_until_cancel = 200};
  int count = 30;
  world_open(&world, count, pixel_hash, 0);
  run(&world, 6);
  assert_true(world.explanation->partial);
  assert_true(world.explanation->known > 0 && world.explanation->known < count);
  assert_permutation(world.explanation->order, count);
  assert_int_equal(vt_ctx_status(world.ctx), VT_OK);
  world_close(&world);
}

static void test_single_region(void **unused)
{
  (void)unused;
  pixel_world world = {.weights = {0.75}};
  world_open(&world, 1, pixel_sum, 0);
  run(&world, 8);
  assert_int_equal(world.explanation->order[0], 0);
  assert_near(world.explanation->insertion[1], 0.75, 1e-7);
  assert_near(world.explanation->deletion[0], 0.75, 1e-7);
  assert_int_equal(vt_scorer_calls(world.scorer), 2);
  world_close(&world);
}

/* Effectiveness of a growing set against its definition. */
static void test_diversity(void **unused)
{
  (void)unused;
  enum { COUNT = 7 };
  vt_ctx *ctx = vt_ctx_new();
  double distances[COUNT * COUNT];
  for (int i = 0; i < COUNT; i++)
    for (int j = 0; j < COUNT; j++)
      distances[i * COUNT + j] =
          i == j ? 0 : vt_random_uniform(1, 2, (uint64_t)(i < j ? i * COUNT + j : j * COUNT + i));
  vt_diversity set;
  assert_ok(ctx, vt_diversity_init(ctx, &set, distances, COUNT));
  static const int arrivals[COUNT] = {3, 0, 6, 2, 5, 1, 4};
  for (int n = 0; n < COUNT; n++) {
    double expected = vt_diversity_with(&set, arrivals[n]);
    vt_diversity_add(&set, arrivals[n]);
    assert_near(set.value, expected, 0);
    double sum = 0;
    for (int a = 0; a <= n && n > 0; a++) {
      double nearest = INFINITY;
      for (int b = 0; b <= n; b++)
        if (a != b) nearest = fmin(nearest, distances[arrivals[a] * COUNT + arrivals[b]]);
      sum += nearest;
    }
    assert_near(set.value, sum, 1e-12);
  }
  vt_diversity_free(&set);
  vt_ctx_free(ctx);
}

static void test_weights(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_objective_weights weights;
  double four[4] = {1, 2, 3, 4}, negative[4] = {1, -2, 3, 4}, zero[4] = {0};
  assert_ok(ctx, vt_objective_weights_from(ctx, &(vt_reals){four, 4, true}, &weights));
  assert_near(weights.collaboration, 2, 0);
  assert_fails(ctx, vt_objective_weights_from(ctx, &(vt_reals){four, 3, true}, &weights),
               VT_ERROR_INVALID_ARGUMENT, "four are needed");
  assert_fails(ctx, vt_objective_weights_from(ctx, &(vt_reals){negative, 4, true}, &weights),
               VT_ERROR_INVALID_ARGUMENT, "-2");
  assert_fails(ctx, vt_objective_weights_from(ctx, &(vt_reals){zero, 4, true}, &weights),
               VT_ERROR_INVALID_ARGUMENT, "all four are zero");
  vt_ctx_free(ctx);
}

/* The n-th allocation fails, for every n of a small search: an error, or a valid partial result when the
 * first scores are in; never a crash or a leak. */
static void test_allocation_failures(void **unused)
{
  (void)unused;
  bool finished = false;
  int partial = 0;
  for (long n = 1; n < 400 && !finished; n++) {
    pixel_world world = {0};
    world_open(&world, 6, pixel_hash, 0);
    vt_ctx_fail_allocation(world.ctx, n);
    vt_search_options options = from_both_ends(2);
    vt_status status = vt_search(world.ctx, &world.task, &options, world.explanation);
    vt_ctx_fail_allocation(world.ctx, 0);
    finished = status == VT_OK && !world.explanation->partial;
    if (status == VT_OK) assert_permutation(world.explanation->order, 6);
    if (world.explanation->partial) {
      assert_string_equal(world.explanation->partial_reason, "max-memory");
      partial++;
    } else if (!finished) {
      assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    }
    vt_ctx_clear(world.ctx);
    world_close(&world);
  }
  assert_true(finished);
  assert_true(partial > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_additive),
      cmocka_unit_test(test_second_implementation),
      cmocka_unit_test(test_curves_are_evaluations),
      cmocka_unit_test(test_many_pending_is_greedy),
      cmocka_unit_test(test_cost_formula),
      cmocka_unit_test(test_budget),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_single_region),
      cmocka_unit_test(test_diversity),
      cmocka_unit_test(test_weights),
      cmocka_unit_test(test_allocation_failures),
  };
  return cmocka_run_group_tests_name("attribution/search", tests, NULL, NULL);
}
