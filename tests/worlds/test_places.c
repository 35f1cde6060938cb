/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>

#include "text_case.h"
#include "worlds/places.h"

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "places", NULL);
  same_bytes_on_any_threads(ctx, world);
  texts_come_back(ctx, world, VT_TRAIN, 100, offsetof(vt_place_record, document));
  splits_share_few_texts(ctx, world, 300, 0);
  vt_world_close(world);
}

/* No digit and no numeral anywhere: what a model knows of space it has from the relations. */
static void test_no_numbers(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const numerals[] = {"zero",  "one",   "two",  "three", "four",    "five",     "six",
                                         "seven", "eight", "nine", "ten",   "hundred", "thousand", "km"};
  vt_world *world = open_preset(ctx, "places", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  for (int i = VT_TOKEN_SPECIALS; i < corpus->word_count; i++) {
    for (const char *at = corpus->words[i]; *at; at++)
      assert_false(isdigit((unsigned char)*at));
    for (size_t numeral = 0; numeral < VT_COUNT(numerals); numeral++)
      assert_string_not_equal(corpus->words[i], numerals[numeral]);
  }
  vt_world_close(world);
}

static void test_map(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "places", NULL);
  int regions[VT_PLACE_REGIONS] = {0}, native = 0, across = 0;
  for (int i = 0; i < VT_PLACES; i++) {
    const vt_place *place = vt_place_of(world, i);
    assert_true(place->x >= 0 && place->x <= 1000 && place->y >= 0 && place->y <= 1000);
    assert_int_equal(place->region, vt_place_region_of_district(world, place->district)); /* nested */
    regions[place->region]++;
    native += place->native;
    double last = 0, furthest = 0;
    for (int n = 0; n < VT_PLACE_NEIGHBOURS; n++) {
      const vt_place *other = vt_place_of(world, place->neighbours[n]);
      double here = hypot(place->x - other->x, place->y - other->y);
      assert_true(here >= last && place->neighbours[n] != i);
      last = furthest = here;
      across += other->region != place->region;
    }
    int nearer = 0;
    for (int other = 0; other < VT_PLACES && i % 50 == 0; other++)
      nearer += other != i && hypot(place->x - vt_place_of(world, other)->x,
                                    place->y - vt_place_of(world, other)->y) < furthest;
    if (i % 50 == 0) assert_int_equal(nearer, VT_PLACE_NEIGHBOURS - 1);
    for (int other = 0; other < i && i % 10 == 0; other++)
      assert_string_not_equal(place->name, vt_place_of(world, other)->name);
  }
  for (int region = 0; region < VT_PLACE_REGIONS; region++)
    assert_true(regions[region] > 80);
  /* six tenths by choice and an eighth of the rest by chance, less where names were taken */
  assert_near(native / (double)VT_PLACES, .63, .06);
  assert_true(across < VT_PLACES * VT_PLACE_NEIGHBOURS / 5); /* regions are pieces, not sprinkled */
  vt_world_close(world);
}

static const vt_place *named(const vt_world *world, const vt_said *said, const char *label)
{
  int slot = vt_corpus_slot(vt_world_corpus(world), said->pattern, label);
  return slot < 0 ? NULL : vt_place_of(world, said->values[slot]);
}

static double apart(const vt_place *a, const vt_place *b)
{
  return hypot(a->x - b->x, a->y - b->y);
}

static bool is_word(const vt_corpus *corpus, const vt_said *said, const char *part)
{
  return strstr(corpus->grammar->templates[said->pattern].text, part) != NULL;
}

/* What each sentence says holds on the map. */
static void test_sentences_are_true(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "places", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  static const char *const compass[] = {"north", "northeast", "east", "southeast",
                                        "south", "southwest", "west", "northwest"};
  static const char *const kinds[] = {"village", "town", "city"};
  int directions = 0, roads = 0, near = 0, far = 0, regions = 0;
  for (int index = 0; index < 2000; index++) {
    vt_place_record *record = make_record(ctx, world, VT_TRAIN, index);
    assert_true(record->document.count >= 1);
    for (int i = 0; i < record->document.count; i++) {
      const vt_said *said = &record->document.said[i];
      const vt_place *p = named(world, said, "P"), *q = named(world, said, "Q"), *r = named(world, said, "R");
      const char *direction = vt_corpus_value(corpus, said, "direction");
      const char *region = vt_corpus_value(corpus, said, "region");
      const char *district = vt_corpus_value(corpus, said, "district");
      const char *kind = vt_corpus_value(corpus, said, "kind");
      if (!p) p = vt_place_of(world, record->place);
      assert_ptr_equal(p, vt_place_of(world, record->place));
      if (direction) {
        double turn = atan2(p->x - q->x, p->y - q->y) * 4 / 3.14159265358979;
        int at = 0;
        while (strcmp(compass[at], direction) != 0)
          at++;
        double off = fabs(fmod(turn - at + 16, 8));
        assert_true(off <= .5 + 1e-9 || off >= 7.5 - 1e-9);
        directions++;
      }
      if (region) assert_string_equal(region, vt_place_region_name(p->region)), regions++;
      if (district) assert_string_equal(district, vt_place_district_name(p->district));
      if (district && q) assert_int_equal(q->district, p->district);
      if (kind) assert_string_equal(kind, kinds[p->kind]);
      if (r) assert_true(apart(p, q) + apart(p, r) < apart(q, r) + 2), roads++;
      if (is_word(corpus, said, "lies near")) {
        int rank = 0;
        while (rank < VT_PLACE_NEIGHBOURS && vt_place_of(world, p->neighbours[rank]) != q)
          rank++;
        assert_true(rank < VT_PLACE_NEIGHBOURS);
        near++;
      }
      if (is_word(corpus, said, "far from")) assert_true(apart(p, q) >= 450), far++;
    }
    free(record);
  }
  print_message("# sentences: %d directions, %d roads, %d near, %d far, %d regions\n", directions, roads,
                near, far, regions);
  assert_true(directions > 500 && roads > 200 && near > 100 && far > 50 && regions > 300);
  vt_world_close(world);
}

static void test_prompts(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "places", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  uint16_t tokens[4];
  const vt_place *place = vt_place_of(world, 17);
  assert_int_equal(vt_place_prompt(world, 17, false, tokens), 2);
  char *text = vt_corpus_text(ctx, corpus, tokens, 2);
  assert_string_equal(text, place->name);
  vt_free(text);
  assert_int_equal(vt_place_prompt(world, 17, true, tokens), 4);
  text = vt_corpus_text(ctx, corpus, tokens, 4);
  char expected[64];
  snprintf(expected, sizeof expected, "%s, %s", place->name, vt_place_region_name(place->region));
  assert_string_equal(text, expected);
  vt_free(text);
  assert_int_equal(vt_place_direction(0, 0, 0, 1), 0);
  assert_int_equal(vt_place_direction(0, 0, 1, 0), 2);
  assert_int_equal(vt_place_direction(0, 0, -1, -1), 5);
  assert_int_equal(vt_place_direction(0, 0, -.1, 1), 0);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_no_numbers, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_map, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_sentences_are_true, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_prompts, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/places", tests, NULL, NULL);
}
