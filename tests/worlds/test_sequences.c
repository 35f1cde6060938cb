/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "text_case.h"
#include "worlds/sequences.h"

static void test_histories(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "sequences", NULL);
  same_bytes_on_any_threads(ctx, world);
  assert_int_equal(vt_sequence_item_count(world), 1000);
  int sizes[VT_SEQUENCE_GENRES] = {0}, lengths[VT_SEQUENCE_LONGEST + 1] = {0};
  for (int item = 1; item <= 1000; item++)
    sizes[vt_sequence_item_of(world, item)->genre]++;
  for (int genre = 0; genre < VT_SEQUENCE_GENRES; genre++)
    assert_true(sizes[genre] == 62 || sizes[genre] == 63);
  long steps = 0, in_taste = 0, stays = 0;
  for (int index = 0; index < 500; index++) {
    vt_sequence_record *user = make_record(ctx, world, VT_TRAIN, index);
    vt_sequence_record *later = make_record(ctx, world, VT_TEST, index);
    assert_memory_equal(user->items, later->items, sizeof user->items);
    assert_int_equal(user->visible + 2, later->visible);
    lengths[user->length]++;
    assert_true(user->taste_count >= 2 && user->taste_count <= 4);
    for (int step = 0; step < user->length; step++) {
      int genre = vt_sequence_item_of(world, user->items[step])->genre;
      steps++;
      for (int i = 0; i < user->taste_count; i++)
        in_taste += user->tastes[i] == genre;
      stays += step > 0 && vt_sequence_item_of(world, user->items[step - 1])->genre == genre;
      for (int before = 0; before < step; before++)
        assert_int_not_equal(user->items[before], user->items[step]);
    }
    free(user);
    free(later);
  }
  for (int length = 10; length <= 30; length++)
    assert_true(lengths[length] > 5); /* 24 expected of each */
  /* tastes rule: strays weigh .008 × 16 against 1, and following drifts pull towards tastes */
  assert_true(in_taste > .8 * (double)steps);
  assert_true(stays > .5 * (double)steps);
  vt_world_close(world);
}

static void test_fields(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "sequences", NULL);
  vt_dataset *sets[VT_SPLITS];
  int64_t indices[50];
  for (int i = 0; i < 50; i++)
    indices[i] = i;
  vt_batch batches[VT_SPLITS];
  for (int split = 0; split < VT_SPLITS; split++) {
    assert_ok(ctx, vt_world_dataset(ctx, world, (vt_split)split, 0, &sets[split]));
    assert_int_equal(sets[split]->count, 12000);
    assert_ok(ctx, vt_batch_make(ctx, sets[split], indices, 50, 0, NULL, &batches[split]));
  }
  for (int split = 0; split < VT_SPLITS; split++) {
    const int64_t *items = vt_batch_get(ctx, &batches[split], "items")->data;
    const int64_t *targets = vt_batch_get(ctx, &batches[split], "targets")->data;
    const int64_t *target = vt_batch_get(ctx, &batches[split], "target")->data;
    const int64_t *length = vt_batch_get(ctx, &batches[split], "length")->data;
    for (int i = 0; i < 50; i++, items += VT_SEQUENCE_WINDOW, targets += VT_SEQUENCE_WINDOW) {
      for (int at = 0; at < VT_SEQUENCE_WINDOW; at++) {
        bool there = at >= VT_SEQUENCE_WINDOW - length[i];
        assert_int_equal(items[at] > 0, there);
        int64_t next = at + 1 < VT_SEQUENCE_WINDOW ? items[at + 1] : target[i];
        assert_int_equal(targets[at], there ? next : -1);
      }
      /* what one split asks for is the last thing the next one shows */
      if (split + 1 < VT_SPLITS) {
        const int64_t *later = vt_batch_get(ctx, &batches[split + 1], "items")->data;
        assert_int_equal(later[(i + 1) * VT_SEQUENCE_WINDOW - 1], target[i]);
      }
    }
  }
  for (int split = 0; split < VT_SPLITS; split++)
    vt_dataset_free(sets[split]);
  vt_world_close(world);
}

/* 1 / log2(rank + 1) of the target if it is among the ten best of items not seen; ties against it. */
static double ndcg(const vt_world *world, const vt_sequence_record *user, const double *scores)
{
  int target = user->items[user->visible], rank = 1;
  for (int item = 1; item <= vt_sequence_item_count(world); item++) {
    bool seen = item == target;
    for (int i = 0; i < user->visible; i++)
      seen = seen || user->items[i] == item;
    if (!seen && scores[item] >= scores[target]) rank++;
  }
  return rank <= 10 ? 1 / log2(rank + 1) : 0;
}

/* A first-order Markov recommender that knows genres but no user: P(genre | last genre) × popularity within
 * the genre, both counted on the training part. It must beat popularity well, or no sequence model could. */
static void beatable(vt_ctx *ctx, const char *setting, double least)
{
  vt_world *world = open_preset(ctx, "sequences", setting);
  enum { USERS = 3000 };
  static double popularity[1001], transition[VT_SEQUENCE_GENRES][VT_SEQUENCE_GENRES], scores[1001];
  double by_popularity = 0, by_markov = 0, per_genre[VT_SEQUENCE_GENRES] = {0};
  memset(popularity, 0, sizeof popularity);
  memset(transition, 0, sizeof transition);
  for (int index = 0; index < USERS; index++) {
    vt_sequence_record *user = make_record(ctx, world, VT_TRAIN, index);
    for (int step = 0; step <= user->visible; step++) {
      int genre = vt_sequence_item_of(world, user->items[step])->genre;
      popularity[user->items[step]]++, per_genre[genre]++;
      if (step > 0) transition[vt_sequence_item_of(world, user->items[step - 1])->genre][genre]++;
    }
    free(user);
  }
  for (int index = 0; index < USERS / 2; index++) {
    vt_sequence_record *user = make_record(ctx, world, VT_TEST, index);
    by_popularity += ndcg(world, user, popularity);
    int last = vt_sequence_item_of(world, user->items[user->visible - 1])->genre;
    for (int item = 1; item <= vt_sequence_item_count(world); item++) {
      int genre = vt_sequence_item_of(world, item)->genre;
      scores[item] = transition[last][genre] * popularity[item] / (per_genre[genre] + 1);
    }
    by_markov += ndcg(world, user, scores);
    free(user);
  }
  print_message("# NDCG@10: popularity %.4f, Markov on genres %.4f\n", by_popularity / (USERS / 2),
                by_markov / (USERS / 2));
  assert_true(by_popularity > 0);
  assert_true(by_markov >= least * by_popularity);
  vt_world_close(world);
}

static void test_beatable(void **state)
{
  beatable(*state, NULL, 2.5);
}

static void test_second_set(void **state)
{
  vt_ctx *ctx = *state;
  beatable(ctx, "second=1", 1.5);
  vt_world *world = open_preset(ctx, "sequences", "second=1");
  assert_int_equal(vt_sequence_item_count(world), 600);
  assert_int_equal(vt_sequence_genre_count(world), 10);
  for (int index = 0; index < 200; index++) {
    vt_sequence_record *user = make_record(ctx, world, VT_TRAIN, index);
    assert_true(user->length >= 15 && user->length <= 20);
    free(user);
  }
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_histories, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_fields, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_beatable, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_second_set, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/sequences", tests, NULL, NULL);
}
