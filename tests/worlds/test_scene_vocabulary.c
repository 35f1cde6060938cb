/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of scenes: order, closure, texts to tokens and back.
 */
#include "test.h"
#include "worlds/scene_caption.h"

static void test_list(void **state)
{
  VT_UNUSED(state);
  int count;
  const char *const *words = vt_scene_words(&count);
  assert_in_range(count, 400, VT_SCENE_WORDS_MOST);
  assert_string_equal(words[VT_SCENE_PAD], "<pad>");
  assert_string_equal(words[VT_SCENE_UNK], "<unk>");
  assert_string_equal(words[VT_SCENE_REG], "<reg>");
  assert_string_equal(words[VT_SCENE_P0 + 4], "<p4>");
  assert_string_equal(words[VT_SCENE_Q], "<q>");
  assert_string_equal(words[VT_SCENE_BOX_END], "</box>");
  for (int i = 0; i < count; i++) {
    assert_int_equal(vt_scene_word(words[i], strlen(words[i])), i);
    if (i > VT_SCENE_SPECIALS) assert_true(strcmp(words[i - 1], words[i]) < 0);
  }
  assert_int_equal(vt_scene_word("zebra", 5), VT_SCENE_UNK);
  assert_int_equal(vt_scene_word("re", 2), VT_SCENE_UNK);
  assert_int_equal(vt_scene_word("redd", 4), VT_SCENE_UNK);
}

static void assert_inside(const char *text)
{
  uint16_t tokens[256];
  char back[1024];
  int count = vt_scene_tokens(text, tokens, 256);
  assert_in_range(count, 1, 256);
  for (int i = 0; i < count; i++)
    if (tokens[i] == VT_SCENE_UNK) fail_msg("word %d of '%s' is not in the vocabulary", i, text);
  vt_scene_spell(tokens, count, back, sizeof back);
  assert_string_equal(back, text);
}

/* Every name of the record's lists. */
static void test_names_inside(void **state)
{
  VT_UNUSED(state);
  static const struct {
    const char *const *names;
    int count;
  } lists[] = {{vt_colour_names, VT_COLOURS},
               {vt_size_names, VT_SIZES},
               {vt_material_names, VT_MATERIALS},
               {vt_texture_names, VT_TEXTURES},
               {vt_pose_names, VT_POSES},
               {vt_role_names, VT_ROLES},
               {vt_node_kind_names, VT_NODE_KINDS},
               {vt_body_names, VT_BODIES},
               {vt_kit_names, VT_KITS},
               {vt_colour_synonyms, VT_COLOURS},
               {vt_size_synonyms, VT_SIZES},
               {vt_material_synonyms, VT_MATERIALS},
               {vt_texture_synonyms, VT_TEXTURES},
               {vt_scene_names, VT_SCENE_NAMES},
               {vt_scene_outside, VT_SCENE_OUTSIDE},
               {vt_relation_words, VT_RELATIONS}};
  for (size_t i = 0; i < VT_COUNT(lists); i++)
    for (int k = 0; k < lists[i].count; k++)
      if (lists[i].names[k]) assert_inside(lists[i].names[k]);
  for (int i = 1; i < VT_NOUNS; i++) {
    assert_inside(vt_noun_rows[i].name);
    assert_inside(vt_noun_rows[i].family);
    const char *synonym = vt_noun_synonym((vt_noun)i);
    if (synonym) assert_inside(synonym);
    /* what is one for a scene, or no thing, is never said of several */
    if (i >= VT_CIRCLE && i <= VT_POLE && i != VT_BODY) assert_inside(vt_noun_rows[i].plural);
  }
  for (int i = 0; i < vt_taxonomy_count; i++)
    assert_inside(vt_taxonomy[i].word);
}

/* Classes of all scenes presets. */
static void test_classes_inside(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const settings[] = {NULL, "form=marks"};
  for (size_t p = 0; p < vt_preset_count; p++) {
    if (strncmp(vt_presets[p]->id, "scenes/", 7) != 0) continue;
    /* names for people, which no text says */
    static const char *const unsaid[] = {"scenes/super", "scenes/rules", "scenes/refer"};
    bool said = true;
    for (size_t i = 0; i < VT_COUNT(unsaid); i++)
      said &= strcmp(vt_presets[p]->id, unsaid[i]) != 0;
    if (!said) continue;
    bool object = strcmp(vt_presets[p]->id, "scenes/object") == 0;
    for (int form = 0; form <= (object ? 1 : 0); form++) {
      vt_world *world;
      assert_ok(ctx, vt_world_open(ctx, vt_presets[p]->id, &settings[form], form ? 1 : 0, 0, &world));
      for (int i = 0; i < world->class_count; i++)
        if (strcmp(world->classes[i], "void") != 0) assert_inside(world->classes[i]);
      vt_world_close(world);
    }
  }
}

/* One sentence of every kind that the papers' dialogues ask for: regions, multiple choice, rationales,
 * mirrors, order, motion, short and long descriptions, boxes in words. */
static void test_dialogues_inside(void **state)
{
  VT_UNUSED(state);
  static const char *const texts[] = {
      "<q> describe this region <a> the third wheel from the left of the large red cart <eos>",
      "<q> describe <p0> <reg> in detail <a> a small striped blue fish above the water, left of the urn.",
      "<q> describe <p0> briefly",
      "<q> what colour is <p1> <reg>? A: red B: green C: blue D: white <a> B",
      "<q> what texture has <p0>? which material? what shape? what size? what pose?",
      "<q> is <p2> a real object, a picture in a frame, a reflection in the mirror or a shadow?",
      "<p3> is not in the picture",
      "<q> which square is the second from the left?",
      "<q> is <p0> left of, right of, above, below, inside, touching or larger than <p1>? same colour as?",
      "<q> how many circles are there? <a> 12",
      "<q> which of <p0> and <p1> would be reached first from <p2>? <a> <p1>, because it is nearer.",
      "because the wall is between them, since <p0> blocks the way and is behind the cart",
      "<q> in which direction does <p0> move? <a> toward the upper right corner",
      "<q> which moves faster? what does it touches last? its colour before and after?",
      "the colour changes from red to blue, it rotates and leaves nothing",
      "a real star, a pictured star, the reflections of two urns",
      "<ref> the cart </ref> <box> 12 40 33 71 </box>",
      "the group of three stars inside the ring with a large hexagon in the middle",
      "the goat is standing upright, leaning left, lying or upside down",
      "the scene is a meadow, a beach, the sea, an indoor room, a lawn, the shore",
      "yes, no, both, none, each, every one of them without the others",
  };
  int outside = 0;
  for (size_t i = 0; i < VT_COUNT(texts); i++) {
    uint16_t tokens[64];
    int count = vt_scene_tokens(texts[i], tokens, 64);
    for (int k = 0; k < count; k++)
      if (tokens[k] == VT_SCENE_UNK) {
        print_message("word %d of '%s'\n", k, texts[i]);
        outside++;
      }
  }
  assert_int_equal(outside, 0);
}

static void test_tokens(void **state)
{
  VT_UNUSED(state);
  uint16_t tokens[8];
  int64_t frame[6];
  char text[12];
  assert_int_equal(vt_scene_tokens("a red, 12 <p0>cat", tokens, 8), 7);
  assert_int_equal(tokens[5], VT_SCENE_P0);
  assert_int_equal(tokens[6], VT_SCENE_UNK);
  assert_int_equal(vt_scene_tokens("", tokens, 8), 0);
  assert_int_equal(vt_scene_tokens("   ", tokens, 8), 0);
  assert_int_equal(vt_scene_tokens("<p0", tokens, 8), 1);
  assert_int_equal(tokens[0], VT_SCENE_UNK);
  /* more than fits is counted, not written */
  tokens[1] = 77;
  assert_int_equal(vt_scene_tokens("a red cart", tokens, 1), 3);
  assert_int_equal(tokens[1], 77);
  assert_int_equal(vt_scene_tokens("red, 12", tokens, 8), 4);
  assert_int_equal(vt_scene_spell(tokens, 4, text, sizeof text), 7);
  assert_string_equal(text, "red, 12");
  assert_int_equal(vt_scene_spell(tokens, 4, text, 4), 7);
  assert_string_equal(text, "red");
  assert_int_equal(vt_scene_frame(tokens, 2, 6, frame), 4);
  const int64_t expected[] = {VT_SCENE_BOS, tokens[0], tokens[1], VT_SCENE_EOS, VT_SCENE_PAD, VT_SCENE_PAD};
  assert_memory_equal(frame, expected, sizeof frame);
  assert_int_equal(vt_scene_frame(tokens, 4, 4, frame), 4); /* cut, with its end */
  assert_int_equal(frame[3], VT_SCENE_EOS);
}

static void test_meanings(void **state)
{
  VT_UNUSED(state);
  static const struct {
    const char *word;
    vt_meaning_kind kind;
    int value;
  } rows[] = {
      {"crimson", VT_MEANS_COLOUR, VT_RED},   {"grey", VT_MEANS_COLOUR, VT_GREY},
      {"huge", VT_MEANS_SIZE, VT_LARGE},      {"glossy", VT_MEANS_MATERIAL, VT_SHINY},
      {"spotted", VT_MEANS_TEXTURE, 2},       {"disc", VT_MEANS_NOUN, VT_CIRCLE},
      {"sheep", VT_MEANS_NOUN, VT_SHEEP},     {"vehicles", VT_MEANS_FAMILY, VT_CART},
      {"buggies", VT_MEANS_NOUN, VT_BUGGY},   {"vessel", VT_MEANS_FAMILY, VT_POT},
      {"violin", VT_MEANS_OUTSIDE, 0},        {"the", VT_MEANS_NOTHING, 0},
      {"orange", VT_MEANS_COLOUR, VT_ORANGE}, {"xyz", VT_MEANS_NOTHING, 0},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    vt_meaning meaning = vt_word_meaning(rows[i].word);
    assert_int_equal(meaning.kind, rows[i].kind);
    assert_int_equal(meaning.value, rows[i].value);
  }
  /* the number a meaning has is the one that vt_predicate_name() names */
  int count;
  const char *const *words = vt_scene_words(&count);
  for (int i = VT_SCENE_SPECIALS; i < count; i++) {
    vt_meaning meaning = vt_word_meaning(words[i]);
    char name[64];
    int predicate = vt_meaning_predicate(meaning);
    if (predicate < 0 || meaning.synonym || meaning.plural) continue;
    vt_predicate_name(predicate, name);
    assert_string_equal(strchr(name, ' ') + 1, words[i]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_list),
      cmocka_unit_test(test_names_inside),
      cmocka_unit_test_setup_teardown(test_classes_inside, new_context, free_context),
      cmocka_unit_test(test_dialogues_inside),
      cmocka_unit_test(test_tokens),
      cmocka_unit_test(test_meanings),
  };
  return cmocka_run_group_tests_name("worlds/scene_vocabulary", tests, NULL, NULL);
}
