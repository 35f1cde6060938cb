/* SPDX-License-Identifier: Apache-2.0
 *
 * sequences: users who move between the genres of their tastes (00-needs §1.2, paper 12). An item's genre,
 * price and brand decide what is chosen and are never shown.
 *
 * The three splits are the same users (leave-two-out): the last item is the target of test, the one before of
 * validation, the one before that of training.
 */
#include <math.h>

#include "worlds/presets.h"
#include "worlds/sequences.h"

typedef struct sequence_options {
  bool second;
} sequence_options;

typedef struct sequence_kind {
  int items, genres, shortest, longest;
  double stay, follow[2], other, stray; /* weights of the genre after one */
} sequence_kind;

static const sequence_kind kinds[2] = {
    {1000, 16, 10, 30, 6, {4, 2}, .6, .008}, {600, 10, 15, 20, 2.5, {2, 1.5}, 1, .02}, /* weaker drift */
};

typedef struct sequence_shared {
  const sequence_kind *kind;
  int followers[VT_SEQUENCE_GENRES][2];
  int first[VT_SEQUENCE_GENRES + 1]; /* items of genre g: members[first[g]] … members[first[g + 1] − 1] */
  int members[1000];
  vt_sequence_item items[1001]; /* by number */
} sequence_shared;

static const vt_field fields[] = {
    {"second", VT_FIELD_BOOL, offsetof(sequence_options, second), "0",
     .help = "the second set: 600 items, 10 genres, lengths 15-20, weaker drift"},
};

/* The catalogue is a function of the seed alone. Genres are equally large up to one item. */
static void make_catalogue(sequence_shared *shared, uint64_t seed)
{
  const sequence_kind *kind = shared->kind;
  vt_draw draw = vt_draw_start(seed, "sequences catalogue");
  int order[1000];
  for (int i = 0; i < kind->items; i++)
    order[i] = i;
  vt_draw_shuffle(&draw, order, kind->items);
  int next = 0;
  for (int genre = 0; genre < kind->genres; genre++) {
    shared->first[genre] = next;
    int size = kind->items / kind->genres + (genre < kind->items % kind->genres);
    for (int rank = 0; rank < size; rank++) {
      int number = order[next] + 1;
      shared->members[next++] = number;
      shared->items[number] = (vt_sequence_item){.genre = genre,
                                                 .price = vt_draw_below(&draw, VT_SEQUENCE_PRICES),
                                                 .brand = vt_draw_below(&draw, VT_SEQUENCE_BRANDS),
                                                 .appeal = pow(rank + 1, -.8)};
    }
  }
  shared->first[kind->genres] = next;
  /* two rings through all genres: every genre follows two others and is followed by two */
  int ring[2][VT_SEQUENCE_GENRES];
  for (int which = 0; which < 2; which++) {
    for (int i = 0; i < kind->genres; i++)
      ring[which][i] = i;
    vt_draw_shuffle(&draw, ring[which], kind->genres);
    for (int i = 0; i < kind->genres; i++)
      shared->followers[ring[which][i]][which] = ring[which][(i + 1) % kind->genres];
  }
}

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  const sequence_options *options = world->options;
  sequence_shared *shared = vt_alloc_zero(ctx, 1, sizeof *shared);
  if (!shared) return VT_ERROR_OUT_OF_MEMORY;
  world->shared = shared;
  shared->kind = &kinds[options->second];
  make_catalogue(shared, world->seed);
  return VT_OK;
}

static void close_world(vt_world *world)
{
  vt_free(world->shared);
}

int vt_sequence_item_count(const vt_world *world)
{
  const sequence_shared *shared = world->shared;
  return shared->kind->items;
}

int vt_sequence_genre_count(const vt_world *world)
{
  const sequence_shared *shared = world->shared;
  return shared->kind->genres;
}

const vt_sequence_item *vt_sequence_item_of(const vt_world *world, int item)
{
  const sequence_shared *shared = world->shared;
  return &shared->items[item];
}

void vt_sequence_next_genre(const vt_world *world, const vt_sequence_record *user, int genre, double *weights)
{
  const sequence_shared *shared = world->shared;
  const sequence_kind *kind = shared->kind;
  for (int next = 0; next < kind->genres; next++) {
    double taste = kind->stray;
    for (int i = 0; i < user->taste_count; i++)
      if (user->tastes[i] == next) taste += (double)user->taste_weights[i];
    double drift = kind->other;
    if (genre == next) drift = kind->stay;
    for (int which = 0; which < 2 && genre >= 0; which++)
      if (shared->followers[genre][which] == next && genre != next) drift = kind->follow[which];
    weights[next] = taste * (genre < 0 ? 1 : drift);
  }
}

double vt_sequence_item_weight(const vt_world *world, const vt_sequence_record *user, int item)
{
  const sequence_shared *shared = world->shared;
  const vt_sequence_item *what = &shared->items[item];
  int distance = what->price > user->price ? what->price - user->price : user->price - what->price;
  static const double by_distance[VT_SEQUENCE_PRICES] = {4, 1.5, .5, .25};
  bool liked = what->brand == user->brands[0] || what->brand == user->brands[1];
  return what->appeal * by_distance[distance] * (liked ? 4 : 1);
}

static void draw_user(const sequence_kind *kind, vt_draw *draw, vt_sequence_record *user)
{
  int genres[VT_SEQUENCE_GENRES];
  for (int i = 0; i < kind->genres; i++)
    genres[i] = i;
  vt_draw_shuffle(draw, genres, kind->genres);
  user->length = kind->shortest + vt_draw_below(draw, kind->longest - kind->shortest + 1);
  user->taste_count = 2 + vt_draw_below(draw, VT_SEQUENCE_TASTES - 1);
  double weights[VT_SEQUENCE_TASTES], total = 0;
  for (int i = 0; i < user->taste_count; i++)
    total += weights[i] = vt_draw_uniform(draw, .5, 1.5);
  for (int i = 0; i < user->taste_count; i++) {
    user->tastes[i] = genres[i];
    user->taste_weights[i] = (float)(weights[i] / total);
  }
  user->price = vt_draw_below(draw, VT_SEQUENCE_PRICES);
  user->brands[0] = vt_draw_below(draw, VT_SEQUENCE_BRANDS);
  user->brands[1] = (user->brands[0] + 1 + vt_draw_below(draw, VT_SEQUENCE_BRANDS - 1)) % VT_SEQUENCE_BRANDS;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(key);
  if (index > INT32_MAX) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "user numbers have 31 bits");
  const sequence_shared *shared = world->shared;
  vt_sequence_record *user = record;
  /* the same user in every split: what differs is how much may be seen */
  vt_draw draw = vt_draw_start(vt_world_key(world, VT_TRAIN, index), "sequences user");
  draw_user(shared->kind, &draw, user);
  user->user = (int32_t)index;
  user->visible = user->length - (split == VT_TEST ? 1 : split == VT_VALIDATION ? 2 : 3);
  int genre = -1;
  for (int step = 0; step < user->length; step++) {
    double genre_weights[VT_SEQUENCE_GENRES], weights[1000];
    vt_sequence_next_genre(world, user, genre, genre_weights);
    genre = vt_draw_weighted(&draw, genre_weights, shared->kind->genres);
    const int *members = shared->members + shared->first[genre];
    int count = shared->first[genre + 1] - shared->first[genre];
    for (int i = 0; i < count; i++) {
      weights[i] = vt_sequence_item_weight(world, user, members[i]);
      for (int before = 0; before < step; before++)
        if (user->items[before] == members[i]) weights[i] = 0;
    }
    user->items[step] = members[vt_draw_weighted(&draw, weights, count)];
  }
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_sequence_record *user = record;
  json_t *items = json_array(), *genres = json_array(), *tastes = json_array(), *weights = json_array();
  for (int i = 0; i <= user->visible; i++) {
    json_array_append_new(items, json_integer(user->items[i]));
    json_array_append_new(genres, json_integer(vt_sequence_item_of(world, user->items[i])->genre));
  }
  for (int i = 0; i < user->taste_count; i++) {
    json_array_append_new(tastes, json_integer(user->tastes[i]));
    json_array_append_new(weights, json_real((double)user->taste_weights[i]));
  }
  item->truth = json_pack("{s:i,s:o,s:o,s:o,s:o,s:i,s:[i,i]}", "user", user->user, "items", items, "genres",
                          genres, "tastes", tastes, "taste_weights", weights, "price", user->price, "brands",
                          user->brands[0], user->brands[1]);
  return item->truth ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"items", VT_I64, 1, {VT_SEQUENCE_WINDOW}},
      {"targets", VT_I64, 1, {VT_SEQUENCE_WINDOW}},
      {"length", VT_I64, 0, {0}},
      {"target", VT_I64, 0, {0}},
      {"user", VT_I64, 0, {0}},
      {"genres", VT_I64, 1, {VT_SEQUENCE_WINDOW}},
      {"target_genre", VT_I64, 0, {0}},
      {"history", VT_I64, 1, {VT_SEQUENCE_LONGEST}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

/* The last `length` of the visible items, right-aligned; targets are what comes after each. */
static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const vt_sequence_record *user = record;
  int length = user->visible < VT_SEQUENCE_WINDOW ? user->visible : VT_SEQUENCE_WINDOW;
  int64_t *items = out[0], *targets = out[1], *genres = out[5], *history = out[7];
  for (int at = 0; at < VT_SEQUENCE_WINDOW; at++) {
    int step = user->visible - VT_SEQUENCE_WINDOW + at;
    bool there = at >= VT_SEQUENCE_WINDOW - length;
    if (items) items[at] = there ? user->items[step] : 0;
    if (targets) targets[at] = there ? user->items[step + 1] : -1;
    if (genres) genres[at] = there ? vt_sequence_item_of(world, user->items[step])->genre : -1;
  }
  for (int step = 0; history && step < VT_SEQUENCE_LONGEST; step++)
    history[step] = step < user->visible ? user->items[step] : 0;
  int target = user->items[user->visible];
  if (out[2]) *(int64_t *)out[2] = length;
  if (out[3]) *(int64_t *)out[3] = target;
  if (out[4]) *(int64_t *)out[4] = user->user;
  if (out[6]) *(int64_t *)out[6] = vt_sequence_item_of(world, target)->genre;
  return VT_OK;
}

const vt_preset vt_preset_sequences = {
    .id = "sequences",
    .title = "histories of items with hidden genre, price and brand",
    .papers = "12",
    .version = 1,
    .counts = {12000, 12000, 12000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(sequence_options),
    .record_size = sizeof(vt_sequence_record),
    .open = open_world,
    .close = close_world,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
