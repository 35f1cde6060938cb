/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/caption: captions against the record, the way back, the judge, the corpus.
 */
#include "worlds/scene_caption.h"
#include "worlds/scenes_case.h"

static void test_truth_and_purity(void **state)
{
  check_scenes_preset(*state, "scenes/caption");
}

static bool mention_holds(const vt_scene *scene, const vt_mention *m)
{
  const vt_node *node = &scene->nodes[m->node];
  bool part = node->kind == VT_NODE_PART, background = node->kind == VT_NODE_BACKGROUND;
  bool holds = m->colour < 0 || m->colour == (int)node->colour;
  holds &= m->noun < 0 || m->noun == (int)node->noun;
  holds &= m->family < 0 || strcmp(vt_noun_rows[m->family].family, vt_noun_rows[node->noun].family) == 0;
  if (part || background) return holds && m->size < 0 && m->texture < 0 && m->material < 0;
  return holds && (m->size < 0 || m->size == (int)node->size) &&
         (m->texture < 0 || m->texture == (int)node->texture) &&
         (m->material < 0 || m->material == (int)node->material);
}

/* False statements of a caption. */
static int false_statements(const vt_scene *scene, const vt_statements *states)
{
  int count = 0;
  for (int i = 0; i < states->mention_count; i++)
    count += !mention_holds(scene, &states->mentions[i]);
  for (int i = 0; i < states->fact_count; i++) {
    const vt_fact *fact = &states->facts[i];
    int a = states->mentions[fact->subject].node, b = states->mentions[fact->object].node;
    count += fact->kind == VT_FACT_PART ? !vt_scene_below(scene, b, a)
                                        : !vt_relation_holds(scene, a, b, (vt_relation)fact->relation);
  }
  return count;
}

/* The same statements, whatever the nodes. */
static void assert_same_statements(const vt_statements *read, const vt_statements *said)
{
  assert_int_equal(read->mention_count, said->mention_count);
  assert_int_equal(read->fact_count, said->fact_count);
  for (int i = 0; i < said->mention_count; i++) {
    vt_mention without = said->mentions[i];
    without.node = -1;
    assert_memory_equal(&read->mentions[i], &without, sizeof without);
  }
  for (int i = 0; i < said->fact_count; i++)
    assert_memory_equal(&read->facts[i], &said->facts[i], sizeof read->facts[i]);
}

typedef void (*scene_visit)(vt_ctx *ctx, const vt_scene *scene, uint64_t key, void *user);

static void for_scenes(vt_ctx *ctx, int count, scene_visit visit, void *user)
{
  vt_world *world = open_scenes(ctx, "scenes/caption", NULL);
  vt_scenes_item *item = malloc(world->preset->record_size);
  for (int i = 0; i < count; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
    visit(ctx, &item->scene, (uint64_t)i + 5, user);
  }
  free(item);
  vt_world_close(world);
}

typedef struct tally {
  int captions, wrong_captions, wrong_words, content_words, longest, sentences[4], relations, parts, mentions;
} tally;

static void read_back(vt_ctx *ctx, const vt_scene *scene, uint64_t key, void *user)
{
  VT_UNUSED(ctx);
  tally *sum = user;
  static const vt_caption_style styles[] = {{0, .25, .1, 0, .9, .8}, {3, 1, 0, 0, 1, 1},
                                            {2, 0, .3, 0, .6, .6},   {3, .5, .3, .3, .7, .9},
                                            {1, 0, 0, 0, 0, 0},      {2, .2, 0, 1, 1, 1}};
  uint8_t predicates[VT_SCENE_NODES][VT_PREDICATES];
  int count;
  const char *const *words = vt_scene_words(&count);
  vt_scene_predicates(scene, predicates);
  for (size_t s = 0; s < VT_COUNT(styles); s++) {
    vt_caption caption;
    vt_statements read;
    uint16_t tokens[VT_CAPTION_WORDS], again[VT_CAPTION_WORDS];
    char text[600];
    vt_caption_say(scene, &styles[s], key, &caption);
    vt_caption_tokens(&caption, tokens);
    vt_scene_spell(tokens, caption.count, text, sizeof text);
    assert_int_equal(vt_scene_tokens(text, again, VT_CAPTION_WORDS), caption.count);
    assert_memory_equal(tokens, again, sizeof tokens[0] * (size_t)caption.count);
    if (!vt_caption_parse(tokens, caption.count, &read)) fail_msg("unreadable: %s", text);
    assert_same_statements(&read, &caption.states);
    int bad = 0;
    for (int i = 0; i < caption.count; i++) {
      const vt_caption_word *word = &caption.words[i];
      assert_true(word->token != VT_SCENE_UNK);
      bad += word->wrong;
      vt_meaning meaning = vt_word_meaning(words[word->token]);
      if (meaning.kind == VT_MEANS_NOTHING) assert_int_equal(word->predicate, -1);
      if (word->predicate < 0) continue;
      assert_int_equal(word->predicate, vt_meaning_predicate(meaning));
      assert_true(word->node >= 0 && word->speech >= VT_SPEECH_ADJECTIVE);
      int body = vt_scene_next_part(scene, -1, word->node, VT_BODY);
      int row = scene->nodes[word->node].shape == VT_SHAPE_NONE ? body : word->node; /* sizes of things */
      /* the other colour of a pattern is a predicate too, but not the colour of the thing */
      if (!word->wrong || meaning.kind != VT_MEANS_COLOUR)
        assert_int_equal(word->wrong, !predicates[row][word->predicate]);
      sum->content_words++;
    }
    int untrue = false_statements(scene, &caption.states);
    if (styles[s].error == 0) assert_true(bad == 0 && untrue == 0);
    if ((bad > 0) != (untrue > 0)) fail_msg("%d wrong words, %d false statements: %s", bad, untrue, text);
    if (caption.count > sum->longest) sum->longest = caption.count;
    if (s == 0) {
      sum->captions++;
      sum->sentences[caption.sentences]++;
      sum->mentions += caption.states.mention_count;
      for (int i = 0; i < caption.states.fact_count; i++) {
        sum->relations += caption.states.facts[i].kind == VT_FACT_RELATION;
        sum->parts += caption.states.facts[i].kind == VT_FACT_PART;
      }
    }
    if (s == 3) sum->wrong_captions += untrue > 0;
    if (s == 5) assert_true(untrue > 0);
  }
}

static void test_captions_read_back(void **state)
{
  tally sum = {0};
  for_scenes(*state, 1500, read_back, &sum);
  assert_true(sum.longest <= VT_CAPTION_WORDS - 1); /* so that nothing was cut */
  /* a third each; some second sentences are impossible */
  assert_true(sum.sentences[1] > 420 && sum.sentences[2] > 420 && sum.sentences[3] > 380);
  assert_int_equal(sum.sentences[1] + sum.sentences[2] + sum.sentences[3], sum.captions);
  assert_true(sum.relations > 700 && sum.parts > 120 && sum.mentions > 3 * 1500);
  assert_true(sum.wrong_captions > 1200); /* four or more chances of .3 */
}

static void test_off_grammar(void **state)
{
  VT_UNUSED(state);
  static const char *const texts[] = {
      "",
      ".",
      "a red cart",
      "red a cart.",
      "a red small cart.",
      "a cart, a.",
      "a cart and a star. the urn is left of the cart.",
      "a cart and a cart. the cart is left of the cart.",
      "a cart and a star. the cart has wheels left.",
      "a cart and a star. the cart is blue.",
      "a cart on the star.",
      "a carts.",
      "there is a picture of a cart.",
      "a cart. a star. the grass is green. and",
      "a zebra.",
      "a , a , a cart.",
      "a ring, a ring, a ring, a ring, a ring, a ring, a ring, a ring and a ring.",
  };
  for (size_t i = 0; i < VT_COUNT(texts); i++) {
    uint16_t tokens[64];
    vt_statements read;
    int count = vt_scene_tokens(texts[i], tokens, 64);
    if (vt_caption_parse(tokens, count, &read)) fail_msg("was read: %s", texts[i]);
  }
}

/* Two large objects, one box each: what covers the box is concrete, what is above it abstract, the rest of
 * the picture global. */
static void test_judge(void **state)
{
  vt_ctx *ctx = *state;
  vt_scene scene;
  vt_draw draw = vt_draw_start(3, "judge");
  vt_scene_start(&scene, 96, 1, 1, 3);
  int wall = vt_scene_add(&scene, -1, VT_WALL);
  scene.nodes[wall].x = scene.nodes[wall].y = .5f;
  scene.nodes[wall].z = -10;
  scene.nodes[wall].colour = VT_WHITE;
  int cart = vt_scene_add_thing(&scene, -1, VT_CART, .25f, .5f, .22f, VT_RED, VT_BLACK, &draw);
  int ring = vt_scene_add_thing(&scene, -1, VT_CIRCLE, .75f, .5f, .2f, VT_BLUE, VT_BLUE, &draw);
  scene.nodes[ring].texture = VT_TEXTURE_PLAIN;
  scene.nodes[ring].size = VT_LARGE;
  assert_true(cart > 0 && ring > 0);
  uint16_t labels[96 * 96];
  assert_ok(ctx, vt_scene_render(ctx, &scene, NULL, labels));
  const int on_cart[4] = {20, 44, 28, 52}, on_circle[4] = {68, 44, 76, 52}, outside[4] = {200, 0, 220, 9};
  static const struct {
    const char *word;
    vt_verdict cart, circle;
  } rows[] = {
      {"cart", VT_VERDICT_CONCRETE, VT_VERDICT_GLOBAL},
      {"wagon", VT_VERDICT_CONCRETE, VT_VERDICT_GLOBAL},
      {"vehicle", VT_VERDICT_ABSTRACT, VT_VERDICT_GLOBAL},
      {"transport", VT_VERDICT_ABSTRACT, VT_VERDICT_GLOBAL},
      {"red", VT_VERDICT_CONCRETE, VT_VERDICT_GLOBAL},
      {"azure", VT_VERDICT_GLOBAL, VT_VERDICT_CONCRETE},
      {"cool", VT_VERDICT_GLOBAL, VT_VERDICT_ABSTRACT},
      {"warm", VT_VERDICT_ABSTRACT, VT_VERDICT_GLOBAL},
      {"large", VT_VERDICT_GLOBAL, VT_VERDICT_CONCRETE},
      {"wheels", VT_VERDICT_GLOBAL, VT_VERDICT_GLOBAL},
      {"wall", VT_VERDICT_GLOBAL, VT_VERDICT_GLOBAL},
      {"indoor", VT_VERDICT_GLOBAL, VT_VERDICT_GLOBAL},
      {"star", VT_VERDICT_NONE, VT_VERDICT_NONE},
      {"animal", VT_VERDICT_NONE, VT_VERDICT_NONE},
      {"the", VT_VERDICT_NONE, VT_VERDICT_NONE},
      {"left", VT_VERDICT_NONE, VT_VERDICT_NONE},
      {"violin", VT_VERDICT_NONE, VT_VERDICT_NONE},
      {"shape", VT_VERDICT_GLOBAL, VT_VERDICT_ABSTRACT},
  };
  vt_judge *first = malloc(sizeof *first), *second = malloc(sizeof *second);
  vt_judge_start(&scene, labels, on_cart, first);
  vt_judge_start(&scene, labels, on_circle, second);
  for (size_t i = 0; i < VT_COUNT(rows); i++)
    for (int lenient = 0; lenient < 2; lenient++) {
      vt_verdict a = vt_judge_word(first, rows[i].word, lenient == 1);
      vt_verdict b = vt_judge_word(second, rows[i].word, lenient == 1);
      if (a != rows[i].cart || b != rows[i].circle)
        fail_msg("'%s' is %s and %s", rows[i].word, vt_verdict_names[a], vt_verdict_names[b]);
    }
  /* pieces: "wago" begins one true word, "whe" two, "ca" is short, "ircle" ends one */
  assert_int_equal(vt_judge_word(first, "wago", true), VT_VERDICT_CONCRETE);
  assert_int_equal(vt_judge_word(first, "wago", false), VT_VERDICT_NONE);
  assert_int_equal(vt_judge_word(first, "whe", true), VT_VERDICT_NONE);
  assert_int_equal(vt_judge_word(first, "ca", true), VT_VERDICT_NONE);
  assert_int_equal(vt_judge_word(second, "azu", true), VT_VERDICT_CONCRETE);
  assert_int_equal(vt_judge_word(first, "violi", true), VT_VERDICT_NONE);
  vt_judge_start(&scene, labels, outside, first);
  assert_int_equal(vt_judge_word(first, "cart", false), VT_VERDICT_GLOBAL);
  free(first);
  free(second);
}

/* Of a caption without errors every noun is concrete at its own node's box, of another scene seldom. */
static void judge_own_words(vt_ctx *ctx, const vt_scene *scene, uint64_t key, void *user)
{
  int *sum = user;
  static const vt_caption_style style = {2, .3, 0, 0, 1, 1};
  vt_caption caption;
  uint16_t *labels = malloc(96 * 96 * sizeof *labels);
  uint8_t *bits = malloc(96 * 96);
  vt_judge *judge = malloc(sizeof *judge);
  vt_caption_say(scene, &style, key, &caption);
  assert_ok(ctx, vt_scene_render(ctx, scene, NULL, labels));
  for (int i = 0; i < caption.count; i++) {
    const vt_caption_word *word = &caption.words[i];
    int box[4];
    if (word->predicate < 0) continue;
    assert_ok(ctx, vt_scene_mask(ctx, scene, word->node, VT_MASK_VISIBLE, bits, NULL));
    if (!vt_bits_box(bits, 96, 96, box)) fail_msg("a word about a node that is not visible");
    vt_judge_start(scene, labels, box, judge);
    sum[0]++;
    sum[1] += vt_judge_word(judge, vt_scene_words(NULL)[word->token], false) == VT_VERDICT_CONCRETE;
  }
  free(labels), free(bits), free(judge);
}

static void test_own_words_are_concrete(void **state)
{
  int sum[2] = {0};
  for_scenes(*state, 60, judge_own_words, sum);
  assert_true(sum[0] > 500);
  /* all: an outline fills far more than a tenth of its box; parts under a body may fill less */
  assert_true(sum[1] > sum[0] * 98 / 100);
}

/* Partners begin with the same two letters and are together far more often than by chance. */
static void test_partners(void **state)
{
  vt_ctx *ctx = *state;
  int together[2] = {0};
  static const char *const settings[] = {"partners=0", "partners=1"};
  for (int on = 0; on < 2; on++) {
    vt_world *world = open_scenes(ctx, "scenes/caption", settings[on]);
    vt_scenes_item *item = malloc(world->preset->record_size);
    for (int i = 0; i < 1500; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
      int second = vt_scene_next(&item->scene, item->main, VT_NODE_OBJECT, VT_NOUN_NONE);
      const char *a = vt_noun_rows[item->scene.nodes[item->main].noun].name;
      const char *b = vt_noun_rows[item->scene.nodes[second].noun].name;
      together[on] += strcmp(a, b) != 0 && strncmp(a, b, 2) == 0;
    }
    free(item);
    vt_world_close(world);
  }
  /* 14 of 34 nouns have a partner: 1500 · 14/34 = 618 against about 3 % */
  assert_true(together[0] < 90 && together[1] > 550);
}

static void test_corpus_lines(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/caption", "text=corpus");
  vt_scenes_item *record = malloc(world->preset->record_size);
  int outside = 0, facts = 0, captions = 0;
  enum { LINES = 2000 };
  for (int i = 0; i < LINES; i++) {
    vt_caption caption;
    vt_statements read;
    uint16_t tokens[VT_CAPTION_WORDS];
    static const vt_caption_style style = {0, .25, .1, 0, .9, .8};
    if (i % 50 == 0) assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, record));
    vt_caption_corpus(&record->scene, &style, .2, .1, (uint64_t)i, &caption);
    vt_caption_tokens(&caption, tokens);
    bool other = false, readable = vt_caption_parse(tokens, caption.count, &read);
    for (int k = 0; k < caption.count; k++) {
      assert_true(tokens[k] != VT_SCENE_UNK);
      other |= vt_word_meaning(vt_scene_words(NULL)[tokens[k]]).kind == VT_MEANS_OUTSIDE;
    }
    assert_int_equal(readable, caption.states.mention_count > 0);
    if (readable) assert_same_statements(&read, &caption.states);
    for (int k = 0; other && k < caption.count; k++)
      assert_int_equal(caption.words[k].node, -1);
    outside += other;
    facts += !readable;
    captions += readable && !other;
  }
  assert_near(outside, LINES * .18, 60); /* 3.5 standard deviations */
  assert_near(facts, LINES * .1, 48);
  assert_int_equal(outside + facts + captions, LINES);
  free(record);
  vt_world_close(world);
}

static void test_fields(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/caption", NULL);
  vt_dataset *set;
  vt_batch batch;
  int64_t indices[32];
  for (int i = 0; i < 32; i++)
    indices[i] = i;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TEST, 0, &set));
  assert_ok(ctx, vt_batch_make(ctx, set, indices, 32, 0, NULL, &batch));
  const int64_t *tokens = vt_batch_get(ctx, &batch, "tokens")->data;
  const int64_t *length = vt_batch_get(ctx, &batch, "length")->data;
  const int64_t *label = vt_batch_get(ctx, &batch, "label")->data;
  for (int i = 0; i < 32; i++, tokens += 64) {
    vt_item item;
    char text[600];
    uint16_t said[64];
    void *record = malloc(world->preset->record_size);
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, record));
    assert_ok(ctx, vt_world_show(ctx, world, record, &item));
    assert_int_equal(tokens[0], VT_SCENE_BOS);
    assert_int_equal(tokens[length[i] - 1], VT_SCENE_EOS);
    for (int64_t k = 1; k < length[i] - 1; k++)
      said[k - 1] = (uint16_t)tokens[k];
    for (int64_t k = length[i]; k < 64; k++)
      assert_int_equal(tokens[k], VT_SCENE_PAD);
    vt_scene_spell(said, (int)length[i] - 2, text, sizeof text);
    assert_string_equal(text, item.text);
    assert_int_equal(json_array_size(json_object_get(item.truth, "words")), length[i] - 2);
    assert_true(label[i] >= 0 && label[i] < world->class_count);
    assert_string_equal(world->classes[label[i]], vt_noun_rows[VT_CIRCLE + label[i]].name);
    vt_item_free(&item);
    free(record);
  }
  vt_dataset_free(set);
  vt_world_close(world);
}

/* Held-out pairs of noun and colour are in the test split only. */
static void test_heldout(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/caption", "heldout_combos=true");
  vt_scenes_item *item = malloc(world->preset->record_size);
  int held[2] = {0};
  for (int split = 0; split < 2; split++)
    for (int i = 0; i < 300; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, split ? VT_TEST : VT_TRAIN, i, item));
      for (int k = -1; (k = vt_scene_next(&item->scene, k, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;) {
        const vt_node *node = &item->scene.nodes[k];
        held[split] += vt_scenes_held_out(world, (int)node->noun - (int)VT_CIRCLE, (int)node->colour);
      }
    }
  assert_int_equal(held[0], 0);
  assert_true(held[1] > 40);
  free(item);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_truth_and_purity, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_captions_read_back, new_context, free_context),
      cmocka_unit_test(test_off_grammar),
      cmocka_unit_test_setup_teardown(test_judge, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_own_words_are_concrete, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_partners, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_corpus_lines, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_fields, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_heldout, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/scenes_caption", tests, NULL, NULL);
}
