/* SPDX-License-Identifier: Apache-2.0
 *
 * Saying captions.
 */
#include "worlds/scene_caption.h"

const char *const vt_speech_names[VT_SPEECHES] = {"mark", "function",  "preposition",
                                                  "verb", "adjective", "noun"};

typedef struct speaker {
  const vt_scene *scene;
  const vt_caption_style *style;
  vt_draw draw;
  vt_caption *out;
} speaker;

/* ---- words ---- */

static void put(speaker *s, const char *word, vt_speech speech, int predicate, int node, bool wrong)
{
  vt_caption *out = s->out;
  if (out->count >= VT_CAPTION_WORDS) return;
  out->words[out->count++] = (vt_caption_word){.token = (uint16_t)vt_scene_word(word, strlen(word)),
                                               .speech = (int8_t)speech,
                                               .sentence = (int8_t)out->sentences,
                                               .predicate = (int16_t)predicate,
                                               .node = (int16_t)node,
                                               .wrong = wrong};
}

/* Words between blanks, all of one kind. */
static void put_words(speaker *s, const char *words, vt_speech speech, int node, bool wrong)
{
  char word[32];
  while (*words) {
    size_t length = strcspn(words, " ");
    if (length < sizeof word) {
      memcpy(word, words, length);
      word[length] = 0;
      put(s, word, speech, -1, node, wrong);
    }
    words += length + (words[length] == ' ');
  }
}

static void put_article(speaker *s, const char *next)
{
  put(s, strchr("aeiou", next[0]) ? "an" : "a", VT_SPEECH_FUNCTION, -1, -1, false);
}

static void end_sentence(speaker *s)
{
  put(s, ".", VT_SPEECH_MARK, -1, -1, false);
  s->out->sentences++;
}

static const char *one_of(speaker *s, const char *name, const char *synonym)
{
  bool other = vt_draw_chance(&s->draw, s->style->synonyms);
  return other && synonym ? synonym : name;
}

/* ---- phrases ---- */

static int outline_of(const vt_scene *scene, int object)
{
  int body = vt_scene_next_part(scene, -1, object, VT_BODY);
  return scene->nodes[object].shape == VT_SHAPE_NONE && body >= 0 ? body : object;
}

typedef struct phrase_word {
  const char *word;
  int predicate, node;
  bool wrong, noun;
} phrase_word;

static void add_word(phrase_word *list, int *count, const char *word, vt_meaning_kind kind, int value,
                     int node, bool wrong)
{
  vt_meaning meaning = {.kind = kind, .value = value};
  list[(*count)++] = (phrase_word){.word = word,
                                   .predicate = vt_meaning_predicate(meaning),
                                   .node = node,
                                   .wrong = wrong,
                                   .noun = kind == VT_MEANS_NOUN || kind == VT_MEANS_FAMILY};
}

/* Words of a mention; `plural` of its noun. */
static int phrase_of(speaker *s, const vt_mention *mention, bool plural, bool attributes, phrase_word list[5])
{
  int count = 0, node = mention->node, outline = node < 0 ? -1 : outline_of(s->scene, node);
  const vt_node *is = node < 0 ? NULL : &s->scene->nodes[node];
  if (attributes && mention->size >= 0)
    add_word(list, &count, one_of(s, vt_size_names[mention->size], vt_size_synonyms[mention->size]),
             VT_MEANS_SIZE, mention->size, node, is && (int)is->size != mention->size);
  if (attributes && mention->material >= 0)
    add_word(list, &count,
             one_of(s, vt_material_names[mention->material], vt_material_synonyms[mention->material]),
             VT_MEANS_MATERIAL, mention->material, outline, is && (int)is->material != mention->material);
  if (attributes && mention->texture >= 0)
    add_word(list, &count,
             one_of(s, vt_texture_names[mention->texture], vt_texture_synonyms[mention->texture]),
             VT_MEANS_TEXTURE, mention->texture, outline, is && (int)is->texture != mention->texture);
  if (attributes && mention->colour >= 0)
    add_word(list, &count, one_of(s, vt_colour_names[mention->colour], vt_colour_synonyms[mention->colour]),
             VT_MEANS_COLOUR, mention->colour, outline, is && (int)is->colour != mention->colour);
  if (mention->noun >= 0) {
    const vt_noun_row *row = &vt_noun_rows[mention->noun];
    const char *word = plural ? row->plural : one_of(s, row->name, vt_noun_synonym((vt_noun)mention->noun));
    add_word(list, &count, word, VT_MEANS_NOUN, mention->noun, node, is && (int)is->noun != mention->noun);
  } else if (mention->family >= 0) {
    const char *family = vt_noun_rows[mention->family].family;
    bool wrong = is && strcmp(family, vt_noun_rows[is->noun].family) != 0;
    add_word(list, &count, family, VT_MEANS_FAMILY, mention->family, node, wrong);
  } else if (mention->outside >= 0) {
    add_word(list, &count, vt_scene_outside[mention->outside], VT_MEANS_FAMILY, 0, -1, true);
  }
  return count;
}

/* article: 0 none, 'a', 't' for "the". */
static void put_phrase(speaker *s, const vt_mention *mention, char article, bool plural, bool attributes)
{
  phrase_word list[5];
  int count = phrase_of(s, mention, plural, attributes, list);
  if (article == 'a') put_article(s, list[0].word);
  if (article == 't') put(s, "the", VT_SPEECH_FUNCTION, -1, -1, false);
  for (int i = 0; i < count; i++)
    put(s, list[i].word, list[i].noun ? VT_SPEECH_NOUN : VT_SPEECH_ADJECTIVE, list[i].predicate, list[i].node,
        list[i].wrong);
}

/* ---- what to say ---- */

static bool is_said(speaker *s, double chance)
{
  bool said = vt_draw_chance(&s->draw, chance), left_out = vt_draw_chance(&s->draw, s->style->omit);
  return said && !left_out;
}

/* The value, or with the chance of an error another one below `bound`. */
static int said_value(speaker *s, int value, int bound)
{
  bool wrong = vt_draw_chance(&s->draw, s->style->error);
  int step = 1 + vt_draw_below(&s->draw, bound - 1);
  return wrong ? (value + step) % bound : value;
}

static const vt_mention nothing_said = {-1, -1, -1, -1, -1, -1, -1, -1};

/* The first noun of a family stands for it. */
static int family_of(int noun)
{
  for (int i = VT_CIRCLE; i < noun; i++)
    if (strcmp(vt_noun_rows[i].family, vt_noun_rows[noun].family) == 0) return i;
  return noun;
}

static vt_mention *mention_object(speaker *s, int object)
{
  enum { KINDS = VT_LANTERN - VT_CIRCLE + 1, SHOWN_TEXTURES = VT_TEXTURE_CHECKED + 1 };
  const vt_node *node = &s->scene->nodes[object];
  double attribute = s->style->attribute;
  vt_mention *mention = &s->out->states.mentions[s->out->states.mention_count++];
  *mention = nothing_said;
  mention->node = object;
  int noun = (int)VT_CIRCLE + said_value(s, (int)node->noun - (int)VT_CIRCLE, KINDS);
  if (vt_draw_chance(&s->draw, s->style->name))
    mention->noun = noun;
  else
    mention->family = family_of(noun);
  if (is_said(s, attribute)) mention->colour = said_value(s, (int)node->colour, VT_COLOURS);
  if (is_said(s, attribute)) mention->size = said_value(s, (int)node->size, VT_SIZES);
  /* what is plain or matte is seldom worth a word */
  if (is_said(s, node->texture == VT_TEXTURE_PLAIN ? .1 * attribute : attribute))
    mention->texture = said_value(s, (int)node->texture, SHOWN_TEXTURES);
  bool room = (mention->colour >= 0) + (mention->size >= 0) + (mention->texture >= 0) < 3;
  if (is_said(s, node->material == VT_MATTE ? .1 * attribute : .8 * attribute) && room)
    mention->material = said_value(s, (int)node->material, VT_MATERIALS);
  return mention;
}

static vt_mention *mention_place(speaker *s, int node)
{
  vt_mention *mention = &s->out->states.mentions[s->out->states.mention_count++];
  *mention = nothing_said;
  mention->node = node;
  mention->noun = (int)s->scene->nodes[node].noun;
  return mention;
}

/* ---- sentences ---- */

static void put_opening(speaker *s)
{
  switch (vt_draw_below(&s->draw, 6)) {
  case 0:
    put_words(s, "there", VT_SPEECH_FUNCTION, -1, false);
    put_words(s, "is", VT_SPEECH_VERB, -1, false);
    break;
  case 1:
    put_words(s, "a picture of", VT_SPEECH_FUNCTION, -1, false);
    break;
  case 2:
    put_words(s, "the picture", VT_SPEECH_FUNCTION, -1, false);
    put_words(s, "shows", VT_SPEECH_VERB, -1, false);
    break;
  case 3:
    put_words(s, "here", VT_SPEECH_FUNCTION, -1, false);
    put_words(s, "is", VT_SPEECH_VERB, -1, false);
    break;
  case 4:
    put_words(s, "this scene", VT_SPEECH_FUNCTION, -1, false);
    put_words(s, "has", VT_SPEECH_VERB, -1, false);
    break;
  default:
    break;
  }
}

/* A background element that is no scrap, drawn; −1: there is none. */
static int draw_place(speaker *s)
{
  int places[VT_SCENE_NODES], count = 0;
  for (int i = -1; (i = vt_scene_next(s->scene, i, VT_NODE_BACKGROUND, VT_NOUN_NONE)) >= 0;)
    if (s->scene->nodes[i].noun != VT_CLUTTER) places[count++] = i;
  return count ? places[vt_draw_below(&s->draw, count)] : -1;
}

static void say_place(speaker *s)
{
  int node = draw_place(s);
  if (node < 0) return;
  vt_noun noun = s->scene->nodes[node].noun;
  vt_mention *place = mention_place(s, node);
  const char *before = noun == VT_SKY ? "under" : noun == VT_WALL || noun == VT_BACKDROP ? "before" : "on";
  put(s, before, VT_SPEECH_PREPOSITION, -1, -1, false);
  if (noun == VT_BACKDROP) place->colour = said_value(s, (int)s->scene->nodes[node].colour, VT_COLOURS);
  put_phrase(s, place, noun == VT_BACKDROP ? 'a' : 't', false, true);
}

static void say_listing(speaker *s)
{
  int objects[VT_SCENE_NODES], count = 0, said = 0;
  for (int i = -1; (i = vt_scene_next(s->scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;)
    if (s->scene->nodes[i].noun >= VT_CIRCLE && s->scene->nodes[i].noun <= VT_LANTERN) objects[count++] = i;
  vt_draw_shuffle(&s->draw, objects, count);
  for (int i = 0; i < count && said < 4; i++)
    if (i < 2 || !vt_draw_chance(&s->draw, s->style->omit)) objects[said++] = objects[i];
  put_opening(s);
  for (int i = 0; i < said; i++) {
    if (i > 0 && i < said - 1) put(s, ",", VT_SPEECH_MARK, -1, -1, false);
    if (i > 0 && i == said - 1) put(s, "and", VT_SPEECH_FUNCTION, -1, -1, false);
    put_phrase(s, mention_object(s, objects[i]), 'a', false, true);
  }
  if (is_said(s, .5)) say_place(s);
  end_sentence(s);
}

static bool includes(int said, int asked)
{
  return asked < 0 || said == asked;
}

/* Whether the mention says all that `asked` says. */
static bool fits(const vt_mention *mention, const vt_mention *asked, bool attributes)
{
  bool same = mention->noun == asked->noun && mention->family == asked->family;
  if (!attributes) return same;
  return same && includes(mention->colour, asked->colour) && includes(mention->size, asked->size) &&
         includes(mention->texture, asked->texture) && includes(mention->material, asked->material);
}

/* Whether a definite phrase means this mention only: 1 by its noun, 2 with all its attributes, 0 not. */
static int definite(const vt_statements *states, int number)
{
  for (int attributes = 0; attributes < 2; attributes++) {
    int count = 0;
    for (int i = 0; i < states->mention_count; i++)
      count += fits(&states->mentions[i], &states->mentions[number], attributes == 1);
    if (count == 1) return 1 + attributes;
  }
  return 0;
}

static bool is_object(const speaker *s, int mention)
{
  int node = s->out->states.mentions[mention].node;
  return node >= 0 && s->scene->nodes[node].kind == VT_NODE_OBJECT;
}

/* Mentions of objects that a definite phrase can mean, in drawn order. */
static int definites(speaker *s, int list[VT_CAPTION_MENTIONS])
{
  int count = 0;
  for (int i = 0; i < s->out->states.mention_count; i++)
    if (is_object(s, i) && definite(&s->out->states, i)) list[count++] = i;
  vt_draw_shuffle(&s->draw, list, count);
  return count;
}

static void put_definite(speaker *s, int number)
{
  const vt_statements *states = &s->out->states;
  put_phrase(s, &states->mentions[number], 't', false, definite(states, number) == 2);
}

static bool say_relation(speaker *s)
{
  static const char *const others[VT_RELATIONS] = {"to the left of", "to the right of", "over", "under"};
  int list[VT_CAPTION_MENTIONS], count = definites(s, list);
  vt_statements *states = &s->out->states;
  if (count < 2) return false;
  int a = states->mentions[list[0]].node, b = states->mentions[list[1]].node;
  vt_relation relation = vt_relation_main(s->scene, a, b);
  bool wrong = vt_draw_chance(&s->draw, s->style->error);
  if (wrong) relation = vt_relation_opposite(relation);
  states->facts[states->fact_count++] = (vt_fact){VT_FACT_RELATION, list[0], list[1], (int)relation};
  put_definite(s, list[0]);
  put(s, "is", VT_SPEECH_VERB, -1, -1, false);
  put_words(s, one_of(s, vt_relation_words[relation], others[relation]), VT_SPEECH_PREPOSITION, -1, wrong);
  put_definite(s, list[1]);
  end_sentence(s);
  return true;
}

/* "the cart has blue wheels" */
static bool say_part(speaker *s)
{
  int list[VT_CAPTION_MENTIONS], count = definites(s, list);
  vt_statements *states = &s->out->states;
  for (int i = 0; i < count; i++) {
    int object = states->mentions[list[i]].node, kit = vt_noun_kit(s->scene->nodes[object].noun);
    vt_noun noun = kit < 0 ? VT_NOUN_NONE : vt_kit_parts[kit][0];
    int part = kit < 0 ? -1 : vt_scene_next_part(s->scene, -1, object, noun);
    if (part < 0) continue;
    int number = states->mention_count++;
    vt_mention *mention = &states->mentions[number];
    *mention = nothing_said;
    mention->node = part;
    mention->noun = (int)noun;
    mention->colour = said_value(s, (int)s->scene->nodes[part].colour, VT_COLOURS);
    states->facts[states->fact_count++] = (vt_fact){VT_FACT_PART, list[i], number, -1};
    put_definite(s, list[i]);
    put(s, "has", VT_SPEECH_VERB, -1, -1, false);
    put_phrase(s, mention, 0, true, true);
    end_sentence(s);
    return true;
  }
  return false;
}

/* "the grass is green" */
static void say_background(speaker *s)
{
  int node = draw_place(s);
  if (node < 0) return;
  vt_mention *place = mention_place(s, node);
  phrase_word list[5];
  put_phrase(s, place, 't', false, false);
  put(s, "is", VT_SPEECH_VERB, -1, -1, false);
  place->colour = said_value(s, (int)s->scene->nodes[node].colour, VT_COLOURS);
  phrase_of(s, place, false, true, list);
  put(s, list[0].word, VT_SPEECH_ADJECTIVE, list[0].predicate, list[0].node, list[0].wrong);
  end_sentence(s);
}

void vt_caption_say(const vt_scene *scene, const vt_caption_style *style, uint64_t key, vt_caption *out)
{
  speaker s = {.scene = scene, .style = style, .draw = vt_draw_start(key, "caption"), .out = out};
  memset(out, 0, sizeof *out);
  int drawn = 1 + vt_draw_below(&s.draw, 3), sentences = style->sentences ? style->sentences : drawn;
  bool part = vt_draw_chance(&s.draw, .6);
  say_listing(&s);
  if (sentences > 1 && !say_relation(&s) && sentences == 2) say_background(&s);
  if (sentences > 2 && (!part || !say_part(&s))) say_background(&s);
}

void vt_caption_tokens(const vt_caption *caption, uint16_t tokens[VT_CAPTION_WORDS])
{
  for (int i = 0; i < caption->count; i++)
    tokens[i] = caption->words[i].token;
}
