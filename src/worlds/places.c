/* SPDX-License-Identifier: Apache-2.0
 *
 * places: sentences about 2 500 places on a map that nobody shows (00-needs §1.2, paper 10). They speak of
 * neighbours, roads, directions and regions; never of coordinates or numbers.
 */
#include <math.h>

#include "worlds/places.h"
#include "worlds/presets.h"

enum { LENGTH = 48 };
enum { NEAR, DIRECTION, HERE, SHARED, ROAD, FAR, REGIONS, PROMPT, GROUPS };

static const char *const directions[] = {"north", "northeast", "east", "southeast",
                                         "south", "southwest", "west", "northwest"};
static const char *const kinds[] = {"village", "town", "city"};

static const vt_template templates[] = {
    {NEAR, "{P:place} lies near {Q:place} ."},
    {NEAR, "{P:place} is a neighbour of {Q:place} ."},
    {NEAR, "people from {P:place} go to the market in {Q:place} ."},
    {NEAR, "from {P:place} it is a short walk to {Q:place} ."},
    {NEAR, "the bells of {Q:place} are heard in {P:place} ."},
    {DIRECTION, "{P:place} is {direction} of {Q:place} ."},
    {DIRECTION, "to reach {P:place} from {Q:place} , go {direction} ."},
    {DIRECTION, "{direction} of {Q:place} lies {P:place} ."},
    {HERE, "{P:place} , {region} , is a {kind} ."},
    {HERE, "{P:place} is a {kind} in {region} ."},
    {HERE, "the {kind} of {P:place} belongs to {district} , {region} ."},
    {HERE, "in {region} there is a {kind} called {P:place} ."},
    {SHARED, "{P:place} and {Q:place} are both in {district} ."},
    {SHARED, "{district} holds {P:place} and {Q:place} ."},
    {ROAD, "the road from {Q:place} to {R:place} passes {P:place} ."},
    {ROAD, "between {Q:place} and {R:place} the traveller sees {P:place} ."},
    {ROAD, "{P:place} is on the way from {Q:place} to {R:place} ."},
    {FAR, "{P:place} is far from {Q:place} ."},
    {FAR, "the way from {P:place} to {Q:place} is long ."},
    {REGIONS, "{region} has a border with {other:region} ."},
    {REGIONS, "{district} is a part of {region} ."},
    {PROMPT, "{P:place}"},
    {PROMPT, "{P:place} , {region}"},
};

typedef struct places_shared {
  vt_corpus *corpus; /* first: vt_text_world_open() */
  vt_place_map map;
  const char *names[VT_PLACES], *regions[VT_PLACE_REGIONS], *districts[VT_PLACE_DISTRICTS];
  char spelled[VT_PLACES][36]; /* as the grammar has them: "Bram -holt" */
  vt_word_list lists[5];
  vt_grammar grammar;
} places_shared;

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  places_shared *shared = vt_alloc_zero(ctx, 1, sizeof *shared);
  if (!shared) return VT_ERROR_OUT_OF_MEMORY;
  world->shared = shared;
  vt_place_map_draw(world->seed, &shared->map);
  for (int i = 0; i < VT_PLACES; i++) {
    const char *name = shared->map.places[i].name, *ending = strchr(name, '-');
    snprintf(shared->spelled[i], sizeof shared->spelled[i], "%.*s %s", (int)(ending - name), name, ending);
    shared->names[i] = shared->spelled[i];
  }
  for (int i = 0; i < VT_PLACE_REGIONS; i++)
    shared->regions[i] = vt_place_region_name(i);
  for (int i = 0; i < VT_PLACE_DISTRICTS; i++)
    shared->districts[i] = vt_place_district_name(i);
  const vt_word_list lists[] = {{"place", shared->names, VT_PLACES},
                                {"region", shared->regions, VT_PLACE_REGIONS},
                                {"district", shared->districts, VT_PLACE_DISTRICTS},
                                VT_WORD_LIST("direction", directions),
                                VT_WORD_LIST("kind", kinds)};
  memcpy(shared->lists, lists, sizeof lists);
  shared->grammar = (vt_grammar){shared->lists, VT_COUNT(shared->lists), templates, VT_COUNT(templates)};
  return vt_corpus_open(ctx, &shared->grammar, &shared->corpus);
}

const vt_place *vt_place_of(const vt_world *world, int place)
{
  const places_shared *shared = world->shared;
  return &shared->map.places[place];
}

int vt_place_region_of_district(const vt_world *world, int district)
{
  const places_shared *shared = world->shared;
  return shared->map.district_region[district];
}

int vt_place_prompt(const vt_world *world, int place, bool with_region, uint16_t tokens[4])
{
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_document document = {.count = 1};
  int pattern = (int)VT_COUNT(templates) - (with_region ? 1 : 2);
  document.said[0] = (vt_said){.pattern = (int16_t)pattern, .values = {(int16_t)place}};
  if (with_region) document.said[0].values[1] = (int16_t)vt_place_of(world, place)->region;
  vt_words words;
  if (vt_corpus_speak(NULL, corpus, &document, &words) != VT_OK) return 0; /* four words always fit */
  memcpy(tokens, words.tokens, (size_t)words.count * sizeof *tokens);
  return words.count;
}

static double far_apart(const vt_place *a, const vt_place *b)
{
  return hypot(a->x - b->x, a->y - b->y);
}

/* A place whose distance lies between two bounds; −1: none in 200 draws. */
static int find_at(const vt_place_map *map, vt_draw *draw, int number, double low, double high)
{
  for (int tries = 0; tries < 200; tries++) {
    int other = vt_draw_below(draw, VT_PLACES);
    double here = far_apart(&map->places[number], &map->places[other]);
    if (other != number && here >= low && here <= high) return other;
  }
  return -1;
}

/* A place to one side, and the one nearest to the mirrored point: P is on the way, at most 2 km of detour. */
static bool find_road(const vt_place_map *map, vt_draw *draw, int number, int *from, int *to)
{
  const vt_place *place = &map->places[number];
  *from = find_at(map, draw, number, 30, 150);
  if (*from < 0) return false;
  const vt_place *start = &map->places[*from];
  double best = 40;
  *to = -1;
  for (int other = 0; other < VT_PLACES; other++) {
    const vt_place *end = &map->places[other];
    double here = hypot(2 * place->x - start->x - end->x, 2 * place->y - start->y - end->y);
    if (other != number && other != *from && here < best) best = here, *to = other;
  }
  if (*to < 0) return false;
  const vt_place *end = &map->places[*to];
  return far_apart(start, place) + far_apart(place, end) - far_apart(start, end) < 2;
}

static void set(const vt_corpus *corpus, vt_said *said, const char *label, int value)
{
  int slot = vt_corpus_slot(corpus, said->pattern, label);
  if (slot >= 0) said->values[slot] = (int16_t)value;
}

/* A true sentence of the group about a place; false: this place has none such. */
static bool say(const places_shared *shared, vt_draw *draw, int number, int group, vt_said *said)
{
  const vt_corpus *corpus = shared->corpus;
  const vt_place_map *map = &shared->map;
  const vt_place *place = &map->places[number];
  *said = (vt_said){.pattern = (int16_t)vt_corpus_pick(corpus, draw, group), .tag = (int16_t)group};
  int other = -1, third = -1;
  if (group == NEAR) other = place->neighbours[vt_draw_below(draw, VT_PLACE_NEIGHBOURS)];
  if (group == DIRECTION)
    other = vt_draw_chance(draw, .5) ? place->neighbours[vt_draw_below(draw, VT_PLACE_NEIGHBOURS)]
                                     : find_at(map, draw, number, 20, 200);
  if (group == FAR) other = find_at(map, draw, number, 450, 2000);
  if (group == SHARED) {
    for (int tries = 0; tries < 16 && other < 0; tries++) {
      int tried = tries < 8 ? vt_draw_below(draw, VT_PLACES) : place->neighbours[tries - 8];
      if (tried != number && map->places[tried].district == place->district) other = tried;
    }
  }
  if (group == ROAD && !find_road(map, draw, number, &other, &third)) return false;
  bool names_other = vt_corpus_slot(corpus, said->pattern, "Q") >= 0;
  if (names_other && other < 0) return false;
  set(corpus, said, "P", number);
  set(corpus, said, "Q", other);
  set(corpus, said, "R", third);
  set(corpus, said, "region", place->region);
  set(corpus, said, "district", place->district);
  set(corpus, said, "kind", place->kind);
  if (group == DIRECTION)
    set(corpus, said, "direction",
        vt_place_direction(map->places[other].x, map->places[other].y, place->x, place->y));
  if (vt_corpus_slot(corpus, said->pattern, "other") >= 0) {
    int across = vt_draw_below(draw, VT_PLACE_REGIONS);
    if (!map->borders[place->region][across]) return false;
    set(corpus, said, "other", across);
  }
  return true;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  static const double shares[PROMPT] = {3, 3, 2, 1.5, 1.5, 1, .5};
  const places_shared *shared = world->shared;
  vt_place_record *out = record;
  vt_draw draw = vt_draw_start(key, "places sentences");
  out->place = vt_draw_below(&draw, VT_PLACES);
  int words = 0;
  for (int tries = 0; tries < 12 && out->document.count < 4; tries++) {
    vt_said said;
    if (!say(shared, &draw, out->place, vt_draw_weighted(&draw, shares, PROMPT), &said)) continue;
    int length = vt_corpus_said_length(shared->corpus, &said);
    bool again = false;
    for (int i = 0; i < out->document.count; i++)
      again = again || memcmp(&out->document.said[i], &said, sizeof said) == 0;
    if (again || words + length > LENGTH - 2) continue;
    out->document.said[out->document.count++] = said;
    words += length;
  }
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_place_record *from = record;
  const vt_place *place = vt_place_of(world, from->place);
  VT_TRY(vt_corpus_show(ctx, vt_world_corpus(world), &from->document, item, NULL));
  json_object_set_new(item->truth, "place",
                      json_pack("{s:i,s:s,s:f,s:f,s:s,s:s}", "number", from->place, "name", place->name, "x",
                                place->x, "y", place->y, "region", vt_place_region_name(place->region),
                                "district", vt_place_district_name(place->district)));
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}}, {"targets", VT_I64, 1, {LENGTH}}, {"length", VT_I64, 0, {0}},
      {"place", VT_I64, 0, {0}},       {"coordinates", VT_F32, 1, {2}},  {"region", VT_I64, 0, {0}},
      {"district", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_place_record *from = record;
  const vt_place *place = vt_place_of(world, from->place);
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, vt_world_corpus(world), &from->document, &words));
  int used = vt_corpus_frame(&words, LENGTH, out[0], out[1]);
  if (out[2]) *(int64_t *)out[2] = used;
  if (out[3]) *(int64_t *)out[3] = from->place;
  if (out[4]) ((float *)out[4])[0] = (float)place->x, ((float *)out[4])[1] = (float)place->y;
  if (out[5]) *(int64_t *)out[5] = place->region;
  if (out[6]) *(int64_t *)out[6] = place->district;
  return VT_OK;
}

const vt_preset vt_preset_places = {
    .id = "places",
    .title = "sentences about places whose map is hidden",
    .papers = "10",
    .version = 1,
    .counts = {60000, 2000, 2000},
    .record_size = sizeof(vt_place_record),
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
