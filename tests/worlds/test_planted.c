/* SPDX-License-Identifier: Apache-2.0
 *
 * The planted answers against slow and independent ways to the same numbers.
 */
#include <math.h>

#include "text_case.h"
#include "worlds/planted.h"

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const presets[] = {"planted/game",  "planted/linear", "planted/groups",
                                        "planted/peaks", "planted/masks",  "planted/heads"};
  for (size_t i = 0; i < VT_COUNT(presets); i++) {
    vt_world *world = open_preset(ctx, presets[i], NULL);
    same_bytes_on_any_threads(ctx, world);
    for (int index = 0; index < 20; index++) {
      void *record = make_record(ctx, world, VT_TEST, index);
      vt_item item;
      assert_ok(ctx, vt_world_show(ctx, world, record, &item));
      assert_true(item.array_count >= 2);                    /* files of a world have everything */
      for (int array = 0; array < item.array_count; array++) /* names of a line in items.jsonl */
        assert_string_not_equal(item.arrays[array].name, "truth");
      char *text = json_dumps(item.truth, 0);
      assert_non_null(text);
      free(text);
      vt_item_free(&item);
      free(record);
    }
    vt_world_close(world);
  }
}

/* All `count` first items of the test split, every field; the set stays open as long as the batch. */
static vt_batch whole_batch(vt_ctx *ctx, const vt_world *world, int count, int64_t *indices, vt_dataset **set)
{
  vt_batch batch;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TEST, count, set));
  for (int i = 0; i < count; i++)
    indices[i] = i;
  assert_ok(ctx, vt_batch_make(ctx, *set, indices, count, 0, NULL, &batch));
  return batch;
}

static const float *floats(vt_ctx *ctx, const vt_batch *batch, const char *name)
{
  return vt_batch_get(ctx, batch, name)->data;
}

static const int64_t *integers(vt_ctx *ctx, const vt_batch *batch, const char *name)
{
  return vt_batch_get(ctx, batch, name)->data;
}

/* Shapley values from the table by their definition, over all subsets; greedy order and best subsets by
 * looking. */
static void check_games(vt_ctx *ctx, const char *setting, bool monotone, bool additive)
{
  vt_world *world = open_preset(ctx, "planted/game", setting);
  int64_t indices[8];
  vt_dataset *set;
  vt_batch batch = whole_batch(ctx, world, 8, indices, &set);
  double factorial[13] = {1};
  for (int i = 1; i <= 12; i++)
    factorial[i] = factorial[i - 1] * i;
  double worst = 1;
  for (int item = 0; item < 8; item++) {
    const float *table = floats(ctx, &batch, "table") + item * 4096;
    const float *shapley = floats(ctx, &batch, "shapley") + item * 12;
    const float *best = floats(ctx, &batch, "best") + item * 13;
    const int64_t *greedy = integers(ctx, &batch, "greedy") + item * 12;
    const int64_t *best_subset = integers(ctx, &batch, "best_subset") + item * 13;
    assert_near(table[0], 0, 0);
    double sum = 0, highest[13];
    for (int size = 0; size <= 12; size++)
      highest[size] = -1e9;
    for (int player = 0; player < 12; player++) {
      double value = 0;
      for (int subset = 0; subset < 4096; subset++) {
        if (subset >> player & 1) continue;
        int size = __builtin_popcount((unsigned)subset);
        value += factorial[size] * factorial[11 - size] / factorial[12] *
                 ((double)table[subset | 1 << player] - (double)table[subset]);
      }
      assert_near(value, shapley[player], 1e-6); /* the table is f32 */
      sum += value;
    }
    assert_near(sum, table[4095], 1e-6);
    if (monotone) assert_near(table[4095], 1, 1e-6);
    for (int subset = 0; subset < 4096; subset++) {
      int size = __builtin_popcount((unsigned)subset);
      highest[size] = fmax(highest[size], (double)table[subset]);
      /* submodular: what a region adds does not grow with the set */
      for (int i = 0; monotone && i < 12 && item == 0; i++)
        for (int j = 0; j < 12; j++)
          if (i != j && !(subset >> i & 1) && !(subset >> j & 1))
            assert_true(table[subset | 1 << i] - table[subset] >=
                        table[subset | 1 << i | 1 << j] - table[subset | 1 << j] - 1e-6f);
    }
    int chosen = 0;
    for (int step = 0; step < 12; step++) {
      for (int other = 0; other < 12; other++)
        if (!(chosen >> other & 1))
          assert_true(table[chosen | 1 << greedy[step]] >= table[chosen | 1 << other]);
      chosen |= 1 << greedy[step];
      if (additive && step > 0) assert_true(shapley[greedy[step]] <= shapley[greedy[step - 1]]);
      if (additive) assert_int_equal(chosen, best_subset[step + 1]);
      worst = fmin(worst, (double)table[chosen] / (double)best[step + 1]);
    }
    for (int size = 0; size <= 12; size++) {
      assert_near(highest[size], best[size], 0);
      assert_near(table[best_subset[size]], best[size], 0);
      assert_int_equal(__builtin_popcount((unsigned)best_subset[size]), size);
    }
  }
  if (monotone) assert_true(worst >= 1 - exp(-1)); /* what greedy is sure of on submodular values */
  vt_dataset_free(set);
  vt_world_close(world);
}

static void test_games(void **state)
{
  check_games(*state, "kind=additive", true, true);
  check_games(*state, "kind=coverage", true, false);
  check_games(*state, "kind=pairs", false, false);
}

static void test_linear(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "planted/linear", "d=10");
  int64_t indices[20];
  vt_dataset *set;
  vt_batch batch = whole_batch(ctx, world, 20, indices, &set);
  for (int item = 0; item < 20; item++) {
    const float *weights = floats(ctx, &batch, "weights") + item * 10,
                *x = floats(ctx, &batch, "x") + item * 10;
    const float *attribution = floats(ctx, &batch, "attribution") + item * 10;
    double output = (double)floats(ctx, &batch, "bias")[item], sum = 0;
    for (int i = 0; i < 10; i++) {
      output += (double)weights[i] * (double)x[i];
      sum += (double)attribution[i];
    }
    assert_near(output, floats(ctx, &batch, "output")[item], 1e-5);
    /* completeness */
    assert_near(sum, floats(ctx, &batch, "output")[item] - floats(ctx, &batch, "at_baseline")[item], 1e-5);
  }
  vt_dataset_free(set);
  vt_world_close(world);
}

static void test_groups(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "planted/groups", NULL);
  const vt_neuron_groups *groups = vt_planted_groups(world);
  int users[512] = {0};
  for (int group = 0; group < 20; group++) {
    int members = 0;
    for (int neuron = 0; neuron < 512; neuron++)
      if (groups->loadings[group * 512 + neuron] != 0) members++, users[neuron]++;
    assert_int_equal(members, 10);
  }
  for (int neuron = 0; neuron < 512; neuron++)
    assert_true(users[neuron] <= 1);
  int64_t *indices = malloc(400 * sizeof *indices);
  vt_dataset *set;
  vt_batch batch = whole_batch(ctx, world, 400, indices, &set);
  const float *activation = floats(ctx, &batch, "activation"), *usage = floats(ctx, &batch, "usage");
  double squares = 0;
  for (int row = 0; row < 400; row++, activation += 512, usage += 20) {
    int used = 0;
    for (int group = 0; group < 20; group++)
      used += usage[group] > 0;
    assert_true(used >= 1 && used <= 3);
    for (int neuron = 0; neuron < 512; neuron++) {
      double rest = (double)activation[neuron];
      for (int group = 0; group < 20; group++)
        rest -= (double)usage[group] * (double)groups->loadings[group * 512 + neuron];
      squares += rest * rest;
    }
  }
  assert_near(sqrt(squares / (400 * 512)), .05, .0005); /* 204 800 values: 4 standard deviations are .0003 */
  vt_dataset_free(set);
  vt_world_close(world);
  world = open_preset(ctx, "planted/groups", "shared=4");
  groups = vt_planted_groups(world);
  for (int group = 0; group < 20; group++)
    for (int other = 0; other < group; other++) {
      int common = 0;
      for (int neuron = 0; neuron < 512; neuron++)
        common += groups->loadings[group * 512 + neuron] != 0 && groups->loadings[other * 512 + neuron] != 0;
      assert_int_equal(common, group / 2 == other / 2 ? 4 : 0);
    }
  vt_world_close(world);
  free(indices);
  const char *setting = "size=100";
  assert_fails(ctx, vt_world_open(ctx, "planted/groups", &setting, 1, 0, &world), VT_ERROR_INVALID_ARGUMENT,
               "do not fit 512");
}

/* Which part a peak hits: key-point inside the box of half side 36/224 around the highest cell's middle. */
static int part_hit(const float *map, const float *keypoints)
{
  int highest = 0, hit = -1;
  for (int i = 0; i < 256; i++)
    if (map[i] > map[highest]) highest = i;
  double x = (highest % 16 + .5) * 4, y = (highest / 16 + .5) * 4, half = 64 * 36. / 224;
  for (int part = 0; part < VT_PEAK_PARTS; part++) {
    if (fabs((double)keypoints[2 * part] - x) > half || fabs((double)keypoints[2 * part + 1] - y) > half)
      continue;
    assert_int_equal(hit, -1); /* one part at most */
    hit = part;
  }
  return hit;
}

static void check_peaks(vt_ctx *ctx, const char *const *settings, size_t count, int visible, int on_part,
                        int stable)
{
  vt_world *world;
  assert_ok(ctx, vt_world_open(ctx, "planted/peaks", settings, count, 0, &world));
  int64_t indices[200];
  vt_dataset *set;
  vt_batch batch = whole_batch(ctx, world, 200, indices, &set);
  for (int hundred = 0; hundred < 2; hundred++) {
    int seen = 0, hits = 0, same = 0;
    for (int i = 100 * hundred; i < 100 * (hundred + 1); i++) {
      const float *keypoints = floats(ctx, &batch, "keypoints") + i * 2 * VT_PEAK_PARTS;
      int part = part_hit(floats(ctx, &batch, "map") + i * 256, keypoints);
      int noisy = part_hit(floats(ctx, &batch, "noisy_map") + i * 256, keypoints);
      bool shown = integers(ctx, &batch, "visible")[i * VT_PEAK_PARTS] != 0;
      seen += shown;
      hits += shown && part == 0;
      same += part == noisy;
      assert_true(shown || part != 0);
    }
    assert_int_equal(seen, visible);
    assert_int_equal(hits, on_part);
    assert_int_equal(same, stable);
  }
  vt_dataset_free(set);
  vt_world_close(world);
}

static void test_peaks(void **state)
{
  const char *always[] = {"share=1"}, *below[] = {"share=0.79"};
  const char *hidden[] = {"share=0.8", "invisible=0.2", "stable=0.6"};
  check_peaks(*state, always, 1, 100, 100, 100);
  check_peaks(*state, below, 1, 100, 79, 100);
  check_peaks(*state, NULL, 0, 100, 80, 100);
  check_peaks(*state, hidden, 3, 80, 64, 60);
}

/* Everything the arithmetic says, counted on the pixels. */
static void test_masks(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "planted/masks", NULL);
  enum { ITEMS = 140, PIXELS = VT_MASK_SIDE * VT_MASK_SIDE };
  int64_t indices[ITEMS];
  vt_dataset *set;
  vt_batch batch = whole_batch(ctx, world, ITEMS, indices, &set);
  int empty = 0, matches = 0;
  for (int item = 0; item < ITEMS; item++) {
    const uint8_t *predicted =
        (const uint8_t *)vt_batch_get(ctx, &batch, "predicted_mask")->data + item * PIXELS;
    const uint8_t *truth = (const uint8_t *)vt_batch_get(ctx, &batch, "true_mask")->data + item * PIXELS;
    const int64_t *flags = integers(ctx, &batch, "flags") + item * 2,
                  *areas = integers(ctx, &batch, "areas") + item * 2;
    int inside = 0, both = 0, joined = 0, targets = 0;
    for (int i = 0; i < PIXELS; i++) {
      bool says = predicted[i] && !flags[0];
      both += predicted[i] + truth[i];
      targets += truth[i];
      inside += says && truth[i];
      joined += says || truth[i];
    }
    assert_int_equal(flags[1], targets == 0);
    assert_int_equal(areas[0], inside);
    assert_int_equal(areas[1], joined);
    double iou = flags[1] ? flags[0] != 0 : (double)inside / joined;
    assert_near(floats(ctx, &batch, "iou")[item], iou, 1e-6);
    int raw = 0;
    for (int i = 0; i < PIXELS; i++)
      raw += predicted[i] && truth[i];
    float dice = floats(ctx, &batch, "dice")[item];
    assert_int_equal(isnan(dice) != 0, both == 0);
    if (both) assert_near(dice, 2. * raw / both, 1e-6);
    empty += both == 0;

    const int64_t *a = integers(ctx, &batch, "true_labels") + item * PIXELS;
    const int64_t *b = integers(ctx, &batch, "predicted_labels") + item * PIXELS;
    int in_a[10] = {0}, in_b[10] = {0}, common[10][10] = {{0}};
    for (int i = 0; i < PIXELS; i++)
      in_a[a[i]]++, in_b[b[i]]++, common[a[i]][b[i]]++;
    int matched = 0, total_a = 0, total_b = 0, shared = 0, all = 0;
    double matched_iou = 0;
    bool used[10] = {false};
    for (int i = 1; i < 10; i++) {
      total_a += in_a[i] > 0, total_b += in_b[i] > 0;
      int best = 0;
      double best_iou = 0;
      for (int j = 1; j < 10; j++) {
        double here = (double)common[i][j] / (in_a[i] + in_b[j] - common[i][j] + 1e-9);
        if (here > best_iou) best_iou = here, best = j;
      }
      if (best_iou > .5) matched++, matched_iou += best_iou;
      if (in_a[i])
        shared += best ? common[i][best] : 0, all += in_a[i] + (best ? in_b[best] - common[i][best] : 0);
      if (best) used[best] = true;
    }
    for (int j = 1; j < 10; j++)
      if (!used[j]) all += in_b[j];
    const int64_t *counts = integers(ctx, &batch, "matches") + item * 3;
    assert_int_equal(counts[0], matched);
    assert_int_equal(counts[1], total_b - matched);
    assert_int_equal(counts[2], total_a - matched);
    assert_near(floats(ctx, &batch, "matched_iou")[item], matched_iou, 1e-5);
    assert_near(floats(ctx, &batch, "aji")[item], all ? (double)shared / all : 1, 1e-6);
    matches += matched;
  }
  assert_int_equal(empty, 2 * ITEMS / VT_MASK_CASES); /* flagged and silent */
  assert_true(matches > 200);
  vt_dataset_free(set);
  vt_world_close(world);
}

/* Scores of a head at a point; the class of the highest. */
static int classify(const vt_head_record *head, const double *x)
{
  double best = -1e9;
  int winner = 0;
  for (int l = 0; l < VT_HEAD_CONCEPTS; l++) {
    double sum = 0;
    for (int k = 0; k < VT_HEAD_COMPONENTS; k++) {
      double squares = 0;
      for (int i = 0; i < VT_HEAD_WIDTH; i++)
        squares += (x[i] - (double)head->components[k][i]) * (x[i] - (double)head->components[k][i]);
      double detected = exp(-sqrt(squares) / (double)head->sigma[k]);
      sum += detected * (double)head->positive[k][l] + (1 - detected) * (double)head->negative[k][l];
    }
    if (sum > best) best = sum, winner = l;
  }
  return winner % VT_HEAD_CLASSES;
}

/* Inside the certified radius no direction changes the class; the radius is positive exactly when it is
 * right. */
static void check_heads(vt_ctx *ctx, const char *setting)
{
  vt_world *world = open_preset(ctx, "planted/heads", setting);
  int certified = 0, matched = 0;
  for (int index = 0; index < 200; index++) {
    vt_head_record *head = make_record(ctx, world, VT_TEST, index);
    for (int l = 0; l < VT_HEAD_CONCEPTS; l++) {
      double total = 0;
      for (int k = 0; k < VT_HEAD_COMPONENTS; k++)
        total += (double)head->positive[k][l] + (double)head->negative[k][l];
      assert_near(total, 1, 1e-5);
      assert_true(head->score[l] >= -1e-6f && head->score[l] <= 1 + 1e-6f);
    }
    if (head->matched >= 0) {
      assert_near(head->score[head->matched], 1, 1e-6);
      assert_int_equal(head->winner, head->matched % VT_HEAD_CLASSES);
      assert_true(isnan(head->radius));
      matched++;
      free(head);
      continue;
    }
    double x[VT_HEAD_WIDTH];
    for (int i = 0; i < VT_HEAD_WIDTH; i++)
      x[i] = (double)head->x[i];
    assert_int_equal(classify(head, x), head->winner);
    assert_int_equal(head->radius > 0, head->label == head->winner);
    for (int direction = 0; direction < 50 && head->radius > 0; direction++) {
      double moved[VT_HEAD_WIDTH], length = 0;
      vt_draw draw = vt_draw_start((uint64_t)index, "directions");
      draw.next = (uint64_t)direction * VT_HEAD_WIDTH;
      for (int i = 0; i < VT_HEAD_WIDTH; i++) {
        moved[i] = vt_draw_normal(&draw);
        length += moved[i] * moved[i];
      }
      for (int i = 0; i < VT_HEAD_WIDTH; i++)
        moved[i] = x[i] + moved[i] / sqrt(length) * (double)head->radius * .999;
      assert_int_equal(classify(head, moved), head->label);
      certified++;
    }
    free(head);
  }
  assert_true(certified > 4000);
  assert_int_equal(matched, setting ? 0 : 25);
  vt_world_close(world);
}

static void test_heads(void **state)
{
  check_heads(*state, NULL);
  check_heads(*state, "positive_only=1");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_games, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_linear, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_groups, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_peaks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_masks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_heads, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/planted", tests, NULL, NULL);
}
