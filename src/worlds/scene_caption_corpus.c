/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines for learning the language of captions without pictures, and the taxonomy.
 */
#include "worlds/scene_caption.h"

#define PLACES_OUTDOOR "sky", "grass", "water", "sand"

const vt_taxonomy_row vt_taxonomy[] = {
    {"vehicle", false, {"vehicle"}},
    {"animal", false, {"animal"}},
    {"flyer", false, {"flyer"}},
    {"vessel", false, {"vessel"}},
    {"shape", false, {"shape"}},
    {"part", false, {"part"}},
    {"place", false, {"place"}},
    {"living", false, {"animal"}},
    {"nature", false, {PLACES_OUTDOOR}},
    {"outdoor", false, {PLACES_OUTDOOR}},
    {"indoor", false, {"wall", "floor"}},
    {"warm", false, {"red", "orange", "yellow", "pink"}},
    {"cool", false, {"blue", "cyan", "green"}},
    {"dark", false, {"black", "brown", "purple"}},
    {"bright", false, {"white", "yellow"}},
    {"pattern", false, {"striped", "dotted", "checked", "zigzag"}},
    {"transport", true, {"vehicle"}},
    {"flying", true, {"flyer", "wing"}},
    {"holding", true, {"vessel"}},
    {"carrying", true, {"handle"}},
    {"covering", true, {"lid"}},
    {"rolling", true, {"wheel"}},
    {"walking", true, {"leg"}},
    {"swimming", true, {"fin"}},
    {"seeing", true, {"eye"}},
    {"hearing", true, {"ear"}},
};
const int vt_taxonomy_count = (int)VT_COUNT(vt_taxonomy);

static void put(vt_caption *out, const char *word, vt_speech speech)
{
  out->words[out->count++] = (vt_caption_word){.token = (uint16_t)vt_scene_word(word, strlen(word)),
                                               .speech = (int8_t)speech,
                                               .predicate = -1,
                                               .node = -1};
}

static bool is_vowel(const char *word)
{
  return strchr("aeiou", word[0]) != NULL;
}

/* "a cart is a vehicle." "an ear is for hearing." */
static void say_fact(vt_draw *draw, vt_caption *out)
{
  const vt_taxonomy_row *row;
  do
    row = &vt_taxonomy[vt_draw_below(draw, vt_taxonomy_count)];
  while (!row->function && strcmp(row->word, row->of[0]) != 0);
  int nouns[VT_NOUNS], count = 0;
  for (int i = VT_CIRCLE; i < VT_NOUNS; i++)
    for (int k = 0; row->of[k]; k++)
      if (strcmp(row->of[k], vt_noun_rows[i].name) == 0 || strcmp(row->of[k], vt_noun_rows[i].family) == 0)
        nouns[count++] = i;
  const char *noun = vt_noun_rows[nouns[vt_draw_below(draw, count)]].name;
  put(out, is_vowel(noun) ? "an" : "a", VT_SPEECH_FUNCTION);
  put(out, noun, VT_SPEECH_NOUN);
  put(out, "is", VT_SPEECH_VERB);
  put(out, row->function ? "for" : is_vowel(row->word) ? "an" : "a", VT_SPEECH_FUNCTION);
  put(out, row->word, VT_SPEECH_NOUN);
  put(out, ".", VT_SPEECH_MARK);
  out->sentences = 1;
}

/* The same sentences about things of another world. */
static void leave_world(vt_draw *draw, vt_caption *out)
{
  int16_t outside_of[VT_SCENE_NODES];
  int first = vt_draw_below(draw, VT_SCENE_OUTSIDE);
  memset(outside_of, -1, sizeof outside_of);
  for (int i = 0; i < out->states.mention_count; i++) {
    vt_mention *mention = &out->states.mentions[i];
    int noun = mention->noun >= 0 ? mention->noun : mention->family;
    if (noun < VT_CIRCLE || noun > VT_LANTERN || mention->node < 0) continue;
    mention->outside = (first + i) % VT_SCENE_OUTSIDE;
    outside_of[mention->node] = (int16_t)mention->outside;
    mention->noun = mention->family = -1;
  }
  for (int i = 0; i < out->count; i++) {
    vt_caption_word *word = &out->words[i];
    if (word->speech == VT_SPEECH_NOUN && word->node >= 0 && outside_of[word->node] >= 0) {
      const char *noun = vt_scene_outside[outside_of[word->node]];
      word->token = (uint16_t)vt_scene_word(noun, strlen(noun));
      word->predicate = -1;
      int a = vt_scene_word("a", 1), an = vt_scene_word("an", 2);
      bool article = i > 0 && (out->words[i - 1].token == a || out->words[i - 1].token == an);
      if (article) out->words[i - 1].token = (uint16_t)(is_vowel(noun) ? an : a);
    }
  }
  for (int i = 0; i < out->count; i++) {
    out->words[i].wrong = out->words[i].speech >= VT_SPEECH_ADJECTIVE;
    out->words[i].node = -1;
  }
  for (int i = 0; i < out->states.mention_count; i++)
    out->states.mentions[i].node = -1;
}

void vt_caption_corpus(const vt_scene *scene, const vt_caption_style *style, double outside, double facts,
                       uint64_t key, vt_caption *out)
{
  vt_draw draw = vt_draw_start(key, "corpus");
  bool fact = vt_draw_chance(&draw, facts), leaves = vt_draw_chance(&draw, outside);
  if (fact) {
    memset(out, 0, sizeof *out);
    say_fact(&draw, out);
    return;
  }
  vt_caption_say(scene, style, key, out);
  if (leaves) leave_world(&draw, out);
}
