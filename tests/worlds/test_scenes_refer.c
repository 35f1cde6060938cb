/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/refer: expressions and descriptions against the record, the way back, what language alone gives
 * away.
 */
#include "worlds/scene_refer.h"
#include "worlds/scenes_case.h"

static void spell(const vt_reference *reference, char text[600])
{
  uint16_t tokens[VT_REFER_WORDS];
  int count = vt_reference_say(reference, tokens);
  assert_in_range(count, 1, VT_REFER_WORDS);
  vt_scene_spell(tokens, count, text, 600);
  vt_reference read;
  if (!vt_reference_read(tokens, count, &read)) fail_msg("unreadable: %s", text);
  if (memcmp(&read, reference, sizeof read) != 0) fail_msg("reads back as another one: %s", text);
}

static void test_truth_and_purity(void **state)
{
  check_scenes_preset(*state, "scenes/refer");
}

/* An item as files have it. */
typedef struct shown {
  vt_item item;
  const vt_scene *scene;
  const char *text, *kind;
  bool targets[VT_SCENE_NODES];
  int target_count;
} shown;

typedef void (*item_visit)(vt_ctx *ctx, const shown *item, void *user);

static void for_items(vt_ctx *ctx, vt_split split, int count, item_visit visit, void *user)
{
  vt_world *world = open_scenes(ctx, "scenes/refer", NULL);
  vt_scenes_item *record = malloc(world->preset->record_size);
  for (int i = 0; i < count; i++) {
    shown it = {.scene = &record->scene};
    assert_ok(ctx, vt_world_record(ctx, world, split, i, record));
    assert_ok(ctx, vt_world_show(ctx, world, record, &it.item));
    it.text = it.item.text;
    it.kind = world->classes[record->scene.label];
    json_t *targets = json_object_get(it.item.truth, "targets");
    it.target_count = (int)json_array_size(targets);
    for (int k = 0; k < it.target_count; k++)
      it.targets[json_integer_value(json_array_get(targets, (size_t)k)) - 1] = true;
    visit(ctx, &it, user);
    vt_item_free(&it.item);
  }
  free(record);
  vt_world_close(world);
}

/* An interpretation apart from the library's: phrases "the [size] [colour] noun", and one relation. */
static const char *plain_phrase(const char *text, const vt_scene *scene, bool *meant)
{
  char word[32];
  const char *size = NULL, *colour = NULL, *noun = NULL;
  assert_true(strncmp(text, "the ", 4) == 0);
  text += 4;
  while (!noun) {
    size_t length = strcspn(text, " ");
    snprintf(word, sizeof word, "%.*s", (int)length, text);
    vt_meaning meaning = vt_word_meaning(word);
    if (meaning.kind == VT_MEANS_SIZE) size = vt_size_names[meaning.value];
    if (meaning.kind == VT_MEANS_COLOUR) colour = vt_colour_names[meaning.value];
    if (meaning.kind == VT_MEANS_NOUN) noun = vt_noun_rows[meaning.value].name;
    if (strcmp(word, "object") == 0) noun = "";
    text += length + (text[length] == ' ');
    assert_true(noun || *text);
  }
  for (int i = 0; i < scene->count; i++) {
    const vt_node *node = &scene->nodes[i];
    meant[i] = node->kind == VT_NODE_OBJECT && (!size || strcmp(size, vt_size_names[node->size]) == 0) &&
               (!colour || strcmp(colour, vt_colour_names[node->colour]) == 0) &&
               (!*noun || strcmp(noun, vt_noun_rows[node->noun].name) == 0);
  }
  return text;
}

static int interpret(const char *text, const vt_scene *scene, bool *meant)
{
  bool inner[VT_SCENE_NODES] = {false};
  int count = 0;
  const char *rest = plain_phrase(text, scene, meant);
  if (*rest) {
    double x = 0, y = 0;
    const char *the = strstr(rest, "the ");
    assert_non_null(the);
    assert_int_equal(*plain_phrase(the, scene, inner), 0);
    if (strncmp(rest, "left of", 7) == 0) x = -1;
    if (strncmp(rest, "right of", 8) == 0) x = 1;
    if (strncmp(rest, "above", 5) == 0) y = -1;
    if (strncmp(rest, "below", 5) == 0) y = 1;
    for (int i = 0; i < scene->count; i++) {
      bool lies = false;
      for (int k = 0; k < scene->count; k++)
        if (inner[k] && k != i && meant[i]) {
          double way =
              x * (scene->nodes[i].x - scene->nodes[k].x) + y * (scene->nodes[i].y - scene->nodes[k].y);
          lies |= way > .06;
          assert_true(way < .03 || way > .09); /* clear to the eye */
        }
      meant[i] &= lies;
    }
  }
  for (int i = 0; i < scene->count; i++)
    count += meant[i];
  return count;
}

typedef struct tally {
  int items, kinds[VT_EXPRESSIONS], single, several, none, longest, covered, sides, plain_colour;
} tally;

static void check_item(vt_ctx *ctx, const shown *it, void *user)
{
  tally *sum = user;
  bool meant[VT_SCENE_NODES], own[VT_SCENE_NODES] = {false};
  int count = vt_denote(it->scene, it->text, meant), kind = it->scene->label;
  if (count != it->target_count) fail_msg("'%s' denotes %d of %d", it->text, count, it->target_count);
  assert_memory_equal(meant, it->targets, sizeof meant);
  if (kind == VT_EXPRESSION_ATTRIBUTE || kind == VT_EXPRESSION_RELATION || kind == VT_EXPRESSION_FALSE) {
    assert_int_equal(interpret(it->text, it->scene, own), count);
    for (int i = 0; i < it->scene->count; i++)
      assert_int_equal(own[i], meant[i]);
  }
  int expected = kind <= VT_EXPRESSION_RELATION ? 1 : kind <= VT_EXPRESSION_EXCEPTION ? 2 : 0;
  assert_true(expected < 2 ? count == expected : count >= 2);
  uint16_t tokens[VT_REFER_WORDS];
  int words = vt_scene_tokens(it->text, tokens, VT_REFER_WORDS), objects = 0;
  for (int i = 0; i < words; i++)
    assert_true(tokens[i] != VT_SCENE_UNK);
  int32_t areas[VT_SCENE_NODES];
  int64_t full;
  uint8_t bits[64 * 64];
  vt_scene_areas(it->scene, it->item.labels, areas);
  bool covered = false;
  for (int i = -1; (i = vt_scene_next(it->scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0; objects++) {
    assert_ok(ctx, vt_scene_mask(ctx, it->scene, i, VT_MASK_FULL, bits, &full));
    assert_true(areas[i] >= 15 && 2 * areas[i] > full);
    covered |= areas[i] < full;
  }
  assert_in_range(objects, 3, 8);
  sum->items++;
  sum->kinds[kind]++;
  sum->single += count == 1;
  sum->several += count > 1;
  sum->none += count == 0;
  sum->covered += covered;
  sum->sides += strstr(it->text, "on the") || strstr(it->text, "at the");
  if (words > sum->longest) sum->longest = words;
  if (kind == VT_EXPRESSION_ATTRIBUTE)
    for (int i = 0, same = 0; i < it->scene->count; i++) {
      if (!meant[i]) continue;
      for (int k = 0; k < it->scene->count; k++)
        same += it->scene->nodes[k].kind == VT_NODE_OBJECT &&
                it->scene->nodes[k].colour == it->scene->nodes[i].colour;
      sum->plain_colour += same == 1;
    }
}

static void test_expressions(void **state)
{
  enum { ITEMS = 2000 };
  tally sum = {0};
  for_items(*state, VT_TRAIN, ITEMS, check_item, &sum);
  /* 59, 29, 12 %; four standard deviations */
  assert_near(sum.single, .59 * ITEMS, 88);
  assert_near(sum.several, .29 * ITEMS, 82);
  assert_near(sum.none, .12 * ITEMS, 58);
  for (int kind = 0; kind < VT_EXPRESSIONS; kind++)
    assert_true(sum.kinds[kind] > (kind < 2 ? 500 : 75));
  assert_true(sum.longest <= 22);
  assert_true(sum.covered > ITEMS / 3 && sum.sides > 40);
  /* colour alone does not tell objects apart */
  assert_true(sum.plain_colour < sum.kinds[VT_EXPRESSION_ATTRIBUTE] * 6 / 10);
}

/* ---- what one side alone gives away ---- */

enum { WORDS = VT_SCENE_WORDS_MOST };
typedef struct blind {
  double with[2][WORDS], count[2]; /* naive Bayes on which words occur: target, no target */
  int right[2], tested[2];
  bool learning;
  double all, largest, none; /* IoU of answers that do not read */
  int items;
} blind;

static void guess_from_words(vt_ctx *ctx, const shown *it, void *user)
{
  VT_UNUSED(ctx);
  blind *b = user;
  uint16_t tokens[VT_REFER_WORDS];
  bool has[WORDS] = {false};
  int words = vt_scene_tokens(it->text, tokens, VT_REFER_WORDS), none = it->target_count == 0;
  for (int i = 0; i < words; i++)
    has[tokens[i]] = true;
  if (b->learning) {
    b->count[none]++;
    for (int w = 0; w < WORDS; w++)
      b->with[none][w] += has[w];
    return;
  }
  double score = 0; /* equal priors: balanced accuracy */
  for (int w = 0; w < WORDS; w++) {
    if (b->with[0][w] + b->with[1][w] == 0) continue;
    double yes = (b->with[1][w] + 1) / (b->count[1] + 2), no = (b->with[0][w] + 1) / (b->count[0] + 2);
    score += has[w] ? log(yes / no) : log((1 - yes) / (1 - no));
    /* no word that only expressions without a target have */
    assert_true(b->with[1][w] == 0 || b->with[0][w] > 0);
  }
  b->right[none] += (score > 0) == (none == 1);
  b->tested[none]++;
}

static void answer_unread(vt_ctx *ctx, const shown *it, void *user)
{
  VT_UNUSED(ctx);
  blind *b = user;
  int32_t areas[VT_SCENE_NODES];
  int64_t target = 0, objects = 0, largest = 0;
  bool hit = false;
  vt_scene_areas(it->scene, it->item.labels, areas);
  for (int i = -1; (i = vt_scene_next(it->scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;) {
    objects += areas[i];
    target += it->targets[i] ? areas[i] : 0;
    if (areas[i] > largest) largest = areas[i], hit = it->targets[i];
  }
  b->items++;
  b->none += it->target_count == 0;
  b->all += (double)target / (double)objects;
  b->largest += hit ? (double)largest / (double)target : 0;
}

static void test_leaks(void **state)
{
  blind *b = calloc(1, sizeof *b);
  b->learning = true;
  for_items(*state, VT_TRAIN, 3000, guess_from_words, b);
  b->learning = false;
  for_items(*state, VT_TEST, 1500, guess_from_words, b);
  double balanced = .5 * b->right[0] / b->tested[0] + .5 * b->right[1] / b->tested[1];
  print_message("# from the words alone: target %d of %d, none %d of %d\n", b->right[0], b->tested[0],
                b->right[1], b->tested[1]);
  assert_true(balanced < .66);
  for_items(*state, VT_TEST, 800, answer_unread, b);
  print_message("# gIoU unread: all %.3f largest %.3f none %.3f\n", b->all / b->items, b->largest / b->items,
                b->none / b->items);
  assert_true(b->all / b->items < .35 && b->largest / b->items < .35 && b->none / b->items < .2);
  free(b);
}

/* ---- descriptions ---- */

typedef struct description_tally {
  int nodes, impossible, attributes, ranks, relations;
} description_tally;

static int said_attributes(const vt_term *term)
{
  return (term->colour >= 0) + (term->size >= 0) + (term->texture >= 0) + (term->material >= 0) +
         (term->pose >= 0);
}

static void check_descriptions(const vt_scene *scene, description_tally *sum)
{
  for (int node = 0; node < scene->count; node++) {
    vt_reference reference;
    char text[600];
    bool meant[VT_SCENE_NODES];
    if (!vt_scene_shown(scene, node)) continue;
    sum->nodes++;
    for (int kind = VT_DESCRIBE_PLAIN; kind <= VT_DESCRIBE_LONG; kind += VT_DESCRIBE_LONG) {
      assert_true(vt_describe(scene, node, (vt_description)kind, &reference));
      spell(&reference, text);
      assert_true(vt_denote(scene, text, meant) >= 1 && meant[node]);
    }
    if (!vt_mdd(scene, node, &reference)) {
      sum->impossible++;
      continue;
    }
    spell(&reference, text);
    int count = vt_denote(scene, text, meant);
    if (count != 1 || !meant[node]) fail_msg("'%s' denotes %d", text, count);
    const vt_term *term = &reference.terms[0];
    sum->attributes += term->rank == 0 && term->relation < 0;
    sum->ranks += term->rank > 0 && term->relation < 0;
    sum->relations += term->relation >= 0;
    /* shortest: an attribute less means several; a rank is said only if all attributes do not tell */
    if (term->relation >= 0) continue;
    if (term->rank > 0) {
      assert_true(vt_describe(scene, node, VT_DESCRIBE_LONG, &reference));
      reference.count = 1;
      reference.terms[0].relation = reference.terms[0].anchor = -1;
      if (scene->nodes[node].kind == VT_NODE_OBJECT)
        reference.terms[0].pose = (int8_t)scene->nodes[node].pose;
      assert_true(vt_reference_meaning(scene, &reference, meant) > 1);
      continue;
    }
    for (int less = 0; less < 5 && said_attributes(term) > 0; less++) {
      vt_reference shorter = reference;
      vt_term *own = &shorter.terms[0];
      int8_t *const slots[] = {&own->colour, &own->size, &own->texture, &own->material, &own->pose};
      if (*slots[less] < 0) continue;
      *slots[less] = -1;
      assert_true(vt_reference_meaning(scene, &shorter, meant) > 1);
    }
  }
}

/* Every node of thousands of scenes: plain objects, and things with parts. */
static void test_mdd(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const ids[] = {"scenes/refer", "scenes/caption"};
  static const int scenes[] = {2500, 500};
  for (int p = 0; p < 2; p++) {
    description_tally sum = {0};
    vt_world *world = open_scenes(ctx, ids[p], NULL);
    vt_scenes_item *item = malloc(world->preset->record_size);
    for (int i = 0; i < scenes[p]; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
      check_descriptions(&item->scene, &sum);
    }
    free(item);
    vt_world_close(world);
    print_message("# %s: %d nodes, %d by attributes, %d by rank, %d by relation, %d impossible\n", ids[p],
                  sum.nodes, sum.attributes, sum.ranks, sum.relations, sum.impossible);
    assert_true(sum.nodes > 5000 && sum.attributes > sum.nodes / 3 && sum.ranks > 50);
    assert_true(sum.impossible < sum.nodes / 200);
  }
}

static int add(vt_scene *scene, vt_noun noun, float x, float y, vt_colour colour)
{
  int node = vt_scene_add(scene, -1, noun);
  scene->nodes[node].x = x, scene->nodes[node].y = y;
  scene->nodes[node].scale = .1f;
  scene->nodes[node].colour = colour;
  return node;
}

/* By hand: a row of three red circles and a blue one, twins in one place, a group with members. */
static void test_by_hand(void **state)
{
  VT_UNUSED(state);
  static vt_scene scene;
  bool meant[VT_SCENE_NODES];
  char text[600];
  vt_reference reference;
  vt_scene_start(&scene, 64, 1, 1, 1);
  int first = add(&scene, VT_CIRCLE, .2f, .5f, VT_RED), second = add(&scene, VT_CIRCLE, .5f, .5f, VT_RED);
  int third = add(&scene, VT_CIRCLE, .8f, .5f, VT_RED), blue = add(&scene, VT_CIRCLE, .5f, .2f, VT_BLUE);
  static const struct {
    const char *text;
    int count, one; /* one: a node that is meant */
  } rows[] = {
      {"the blue circle", 1, 3},
      {"the topmost circle", 1, 3},
      {"the leftmost red circle", 1, 0},
      {"the second red circle from the left", 1, 1},
      {"the third red circle from the right", 1, 0},
      {"the fourth red circle from the left", 0, -1},
      {"all red circles", 3, 2},
      {"all objects", 4, 0},
      {"every shape", 4, 0},
      {"the two red circles on the right", 2, 2},
      {"the three red circles", 3, 1},
      {"the two red circles", 0, -1},
      {"the circle right of the blue circle", 1, 2},
      {"the circles below the blue circle", 3, 2},
      {"every circle except the blue one", 3, 0},
      {"all circles except the leftmost one", 3, 2},
      {"the blue circle and the lowest circle", 2, 3},
      {"the square", 0, -1},
      {"the wheel of the cart", 0, -1},
      {"the large circle", 0, -1},
      {"the medium matte plain red circle standing upright", 3, 0},
      {"the circle left of the red circle", 3, 0}, /* of any: the blue one and the first two */
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    int count = vt_denote(&scene, rows[i].text, meant);
    if (count != rows[i].count) fail_msg("'%s' denotes %d", rows[i].text, count);
    if (rows[i].one >= 0 && !meant[rows[i].one]) fail_msg("'%s' does not denote its node", rows[i].text);
  }
  static const char *const shortest[] = {"the leftmost circle", "the second red circle from the left",
                                         "the rightmost circle", "the blue circle"};
  const int nodes[] = {first, second, third, blue};
  for (int i = 0; i < 4; i++) {
    assert_true(vt_mdd(&scene, nodes[i], &reference));
    spell(&reference, text);
    assert_string_equal(text, shortest[i]);
  }
  /* twins in one place cannot be told apart, whatever is said */
  int twin = add(&scene, VT_CIRCLE, .2f, .5f, VT_RED);
  assert_false(vt_mdd(&scene, first, &reference));
  assert_false(vt_mdd(&scene, twin, &reference));
  assert_false(vt_describe(&scene, twin, VT_DESCRIBE_MDD, &reference));
  assert_true(vt_mdd(&scene, third, &reference));
  scene.nodes[twin].removed = true;
  assert_true(vt_mdd(&scene, first, &reference));
  assert_false(vt_mdd(&scene, twin, &reference));
  assert_false(vt_mdd(&scene, 99, &reference));
}

/* Parts that have no rank of their own are told by what they are of. */
static void test_parts(void **state)
{
  VT_UNUSED(state);
  static vt_scene scene;
  bool meant[VT_SCENE_NODES];
  char text[600];
  vt_reference reference;
  int carts[9], relations = 0;
  vt_draw draw = vt_draw_start(1, "parts");
  vt_scene_start(&scene, 64, 1, 1, 1);
  for (int i = 0; i < 9; i++)
    carts[i] = vt_scene_add_thing(&scene, -1, VT_CART, .15f + .3f * (float)(i % 3) + .03f * (float)(i / 3),
                                  .15f + .3f * (float)(i / 3) + .03f * (float)(i % 3), .1f, (vt_colour)i,
                                  VT_BLACK, &draw);
  for (int i = 0; i < 9; i++)
    for (int part = -1; (part = vt_scene_next_part(&scene, part, carts[i], VT_WHEEL)) >= 0;) {
      assert_true(vt_mdd(&scene, part, &reference));
      spell(&reference, text);
      assert_int_equal(vt_denote(&scene, text, meant), 1);
      assert_true(meant[part]);
      relations += reference.terms[0].relation == VT_PART_OF;
    }
  assert_true(relations >= 6);
  assert_int_equal(vt_denote(&scene, "all wheels of the green cart", meant), 2);
  assert_int_equal(vt_denote(&scene, "the leftmost wheel of the green cart", meant), 1);
  assert_true(vt_scene_below(&scene, vt_scene_next_part(&scene, -1, carts[1], VT_WHEEL), carts[1]));
}

static void test_unparsable(void **state)
{
  VT_UNUSED(state);
  static vt_scene scene;
  bool meant[VT_SCENE_NODES];
  static const char *const texts[] = {
      "",
      "   ",
      "circle",
      "the",
      "the the circle",
      "the red",
      "the circle red",
      "the red small circle",
      "the zebra",
      "all circle",
      "every circles",
      "the two circle",
      "the second circle",
      "the second circle from the middle",
      "the circle on the left",
      "the two circles on the top",
      "the two circles at the left",
      "every leftmost circle",
      "the leftmost circles",
      "the circle left of",
      "the circle left the square",
      "the circle and",
      "and the circle",
      "the circle except",
      "the circle except the square except the star",
      "the circle except the square and the star",
      "the one",
      "the one except the circle",
      "the circle left of the one",
      "the circle.",
      "a circle",
      "the circle is red",
      "the crimson crimson circle",
      ("the circle of the circle of the circle of the circle of the circle of the circle of "
       "the circle"),
  };
  vt_scene_start(&scene, 64, 1, 1, 1);
  add(&scene, VT_CIRCLE, .5f, .5f, VT_RED);
  for (size_t i = 0; i < VT_COUNT(texts); i++) {
    vt_slot slots[VT_SLOTS];
    int count = vt_denote(&scene, texts[i], meant);
    if (count != -1) fail_msg("'%s' was read: %d", texts[i], count);
    assert_int_equal(vt_slots(texts[i], slots), -1);
  }
  char *text = calloc(1, 4000);
  for (int i = 0; i < 400; i++)
    strcat(text, "the red ");
  assert_int_equal(vt_denote(&scene, text, meant), -1);
  free(text);
  assert_int_equal(vt_denote(&scene, "the crimson circle", meant), 1);
}

static void test_slots(void **state)
{
  VT_UNUSED(state);
  vt_slot slots[VT_SLOTS];
  static const vt_slot expected[] = {{VT_SLOT_NOUN, VT_WHEEL, 0},
                                     {VT_SLOT_RANK, VT_SIDE_LEFT * 16 + 2, 0},
                                     {VT_SLOT_RELATION, VT_PART_OF, 0},
                                     {VT_SLOT_NOUN, VT_CART, 1},
                                     {VT_SLOT_COLOUR, VT_RED, 1},
                                     {VT_SLOT_SIZE, VT_LARGE, 1},
                                     {VT_SLOT_RELATION, VT_ABOVE, 1},
                                     {VT_SLOT_FAMILY, VT_CIRCLE, 2},
                                     {VT_SLOT_TEXTURE, VT_TEXTURE_STRIPED, 2}};
  int count = vt_slots("the second wheel from the left of the large red cart above the striped shape", slots);
  assert_int_equal(count, VT_COUNT(expected));
  for (int i = 0; i < count; i++) {
    assert_int_equal(slots[i].kind, expected[i].kind);
    assert_int_equal(slots[i].value, expected[i].value);
    assert_int_equal(slots[i].depth, expected[i].depth);
  }
  assert_int_equal(vt_slots("the three stars", slots), 2);
  assert_int_equal(slots[1].kind, VT_SLOT_NUMBER);
  assert_int_equal(slots[1].value, 3);
}

/* Maps against the label map, mask against the targets, frame against the text. */
static void test_fields(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/refer", NULL);
  vt_dataset *set;
  vt_batch batch;
  enum { ITEMS = 48 };
  int64_t indices[ITEMS];
  for (int i = 0; i < ITEMS; i++)
    indices[i] = i;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TEST, 0, &set));
  assert_ok(ctx, vt_batch_make(ctx, set, indices, ITEMS, 0, NULL, &batch));
  const int64_t *mask = vt_batch_get(ctx, &batch, "mask")->data;
  const int64_t *shape = vt_batch_get(ctx, &batch, "shape")->data;
  const int64_t *colour = vt_batch_get(ctx, &batch, "colour")->data;
  const int64_t *size = vt_batch_get(ctx, &batch, "size")->data;
  const int64_t *targets = vt_batch_get(ctx, &batch, "targets")->data;
  const int64_t *length = vt_batch_get(ctx, &batch, "length")->data;
  vt_scenes_item *record = malloc(world->preset->record_size);
  for (int n = 0; n < ITEMS; n++) {
    vt_item item;
    int64_t marked = 0, expected = 0;
    bool meant[VT_SCENE_NODES];
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, n, record));
    assert_ok(ctx, vt_world_show(ctx, world, record, &item));
    assert_int_equal(vt_denote(&record->scene, item.text, meant), targets[n]);
    assert_true(length[n] <= 24);
    for (int i = 0; i < 64 * 64; i++) {
      int at = n * 64 * 64 + i, top = item.labels[i] - 1;
      bool object = record->scene.nodes[top].kind == VT_NODE_OBJECT;
      assert_int_equal(mask[at], meant[top]);
      assert_in_range(shape[at], object ? 1 : 0, object ? 5 : 0);
      assert_in_range(colour[at], object ? 1 : 0, object ? 6 : 0);
      assert_in_range(size[at], object ? 1 : 0, object ? 2 : 0);
      marked += mask[at];
      expected += meant[top];
    }
    assert_int_equal(marked, expected);
    assert_int_equal(marked > 0, targets[n] > 0);
    vt_item_free(&item);
  }
  free(record);
  vt_dataset_free(set);
  vt_world_close(world);
}

/* Only single targets when asked; held-out pairs of shape and colour in the test split only. */
static void test_options(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const settings[] = {"expressions=single", "heldout_combos=true"};
  vt_world *world;
  assert_ok(ctx, vt_world_open(ctx, "scenes/refer", settings, 2, 11, &world));
  static const vt_noun shapes[] = {VT_CIRCLE, VT_SQUARE, VT_TRIANGLE, VT_STAR, VT_CROSS};
  vt_scenes_item *item = malloc(world->preset->record_size);
  int held[2] = {0};
  for (int split = 0; split < 2; split++)
    for (int i = 0; i < 300; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, split ? VT_TEST : VT_TRAIN, i, item));
      assert_true(item->scene.label <= VT_EXPRESSION_RELATION);
      for (int k = -1; (k = vt_scene_next(&item->scene, k, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;)
        for (int s = 0; s < 5; s++)
          if (shapes[s] == item->scene.nodes[k].noun)
            held[split] += vt_scenes_held_out(world, s, (int)item->scene.nodes[k].colour);
    }
  assert_int_equal(held[0], 0);
  assert_true(held[1] > 30);
  free(item);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_truth_and_purity, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_expressions, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_leaks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_mdd, new_context, free_context),
      cmocka_unit_test(test_by_hand),
      cmocka_unit_test(test_parts),
      cmocka_unit_test(test_unparsable),
      cmocka_unit_test(test_slots),
      cmocka_unit_test_setup_teardown(test_fields, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_options, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/scenes_refer", tests, NULL, NULL);
}
