/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of scenes: the list, and from texts to tokens and back.
 */
#include "worlds/scene_vocabulary.h"

#include <ctype.h>

#include "worlds/scene.h"

/* clang-format off */
static const char *const words[] = {
    "<pad>", "<bos>", "<eos>", "<unk>", "<img>", "</img>", "<reg>", "<p0>", "<p1>", "<p2>", "<p3>",
    "<p4>", "<q>", "<a>", "<ref>", "</ref>", "<box>", "</box>",
    ",", ".", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", "?", "A", "B", "C", "D", "a",
    "above", "action", "after", "all", "alone", "amber", "an", "anchor", "and", "animal", "animals",
    "another", "answer", "are", "around", "as", "ashen", "at", "away", "azure", "backdrop", "background",
    "backgrounds", "bandcircle", "bandcrescent", "bandcross", "banddiamond", "banded", "bandheart",
    "bandhexagon", "bandring", "bandsquare", "bandstar", "bandtriangle", "barrow", "barrows", "basket",
    "bat", "bats", "be", "beach", "because", "beetle", "beetles", "before", "behind", "bell", "bells",
    "below", "beside", "between", "big", "black", "block", "blocks", "blue", "body", "both", "bottle",
    "bottom", "bowl", "box", "briefly", "bright", "brown", "buggies", "buggy", "but", "by", "candle",
    "carrying", "cart", "carts", "castle", "centre", "change", "changes", "checkcircle", "checkcrescent",
    "checkcross", "checkdiamond", "checked", "checkheart", "checkhexagon", "checkring", "checksquare",
    "checkstar", "checktriangle", "chequered", "chestnut", "choose", "circle", "circles", "clouded",
    "cloudy", "coarse", "colour", "cone", "contains", "cool", "corner", "count", "covering", "covers",
    "crab", "crabs", "crescent", "crescents", "crimson", "cross", "crosses", "cyan", "dark", "describe",
    "detail", "diamond", "diamonds", "different", "direction", "disc", "does", "dome", "dotcircle",
    "dotcrescent", "dotcross", "dotdiamond", "dotheart", "dothexagon", "dotring", "dotsquare", "dotstar",
    "dotted", "dottriangle", "down", "drone", "drones", "dull", "each", "ear", "ears", "ebony", "edge",
    "egg", "eight", "eighth", "emerald", "every", "except", "eye", "eyes", "false", "farther", "faster",
    "fifth", "fin", "fins", "first", "fish", "fits", "five", "flag", "flags", "floor", "flyer", "flyers",
    "flying", "for", "four", "fourth", "frame", "frames", "from", "front", "funnel", "funnels", "glossy",
    "goat", "goats", "golden", "gradient", "grainy", "grass", "green", "grey", "group", "groups", "gull",
    "gulls", "hammer", "handle", "handles", "has", "have", "hearing", "heart", "hearts", "helmet", "here",
    "hexagon", "hexagons", "hidden", "hold", "holding", "holds", "how", "hub", "hubs", "huge", "if", "in",
    "indoor", "inside", "is", "it", "its", "ivory", "jagcircle", "jagcrescent", "jagcross", "jagdiamond",
    "jagged", "jagheart", "jaghexagon", "jagring", "jagsquare", "jagstar", "jagtriangle", "kettle",
    "kite", "kites", "ladder", "lantern", "lanterns", "large", "larger", "largest", "last", "lawn",
    "leaning", "leans", "leaves", "left", "leftmost", "leg", "legs", "lemon", "lid", "lids", "likely",
    "line", "little", "living", "lower", "lowest", "lying", "many", "material", "matte", "meadow",
    "medium", "middle", "mirror", "mirrors", "more", "most", "move", "moves", "moving", "much", "name",
    "named", "names", "nature", "near", "nearer", "nearest", "next", "nine", "no", "none", "not",
    "nothing", "number", "object", "objects", "of", "on", "one", "ones", "only", "or", "orange", "other",
    "others", "outdoor", "outline", "outside", "over", "overlapping", "part", "parts", "patch", "patches",
    "path", "pattern", "picture", "pictured", "pictures", "pink", "place", "plain", "pole", "poles",
    "pose", "pot", "pots", "purple", "racer", "racers", "reach", "reached", "real", "red", "reflection",
    "reflections", "region", "regions", "rhombus", "right", "rightmost", "ring", "rings", "robot",
    "robots", "rocket", "rockets", "rolling", "room", "rosy", "rotates", "rough", "round", "same", "sand",
    "scene", "scrap", "sea", "second", "see", "seeing", "sees", "seven", "seventh", "shaded", "shadow",
    "shadows", "shape", "shapes", "sheep", "shiny", "shore", "shows", "side", "since", "six", "sixth",
    "size", "sky", "slower", "small", "smaller", "smallest", "some", "speckled", "spotted", "square",
    "squares", "standing", "stands", "star", "stars", "still", "striped", "swimming", "tall", "tanker",
    "tankers", "teapot", "ten", "texture", "than", "that", "the", "them", "then", "there", "these",
    "they", "thing", "things", "third", "this", "those", "three", "tilting", "tiny", "to", "together",
    "top", "topmost", "touched", "touches", "touching", "toward", "tractor", "tractors", "transport",
    "triangle", "triangles", "true", "trumpet", "tub", "tubs", "turquoise", "turtle", "turtles", "two",
    "under", "uniform", "unknown", "up", "upper", "upright", "upside", "urn", "urns", "vehicle",
    "vehicles", "vessel", "vessels", "violet", "violin", "visible", "wagon", "walking", "wall", "warm",
    "was", "water", "way", "what", "wheel", "wheels", "when", "where", "which", "white", "why", "wide",
    "window", "windows", "wing", "wings", "with", "without", "would", "yellow", "yes", "zigzag",
};
const char *const vt_scene_names[VT_SCENE_NAMES] = {
    "bandcircle", "bandsquare", "bandtriangle", "bandstar", "bandcross", "bandring", "banddiamond",
    "bandhexagon", "bandheart", "bandcrescent", "dotcircle", "dotsquare", "dottriangle", "dotstar",
    "dotcross", "dotring", "dotdiamond", "dothexagon", "dotheart", "dotcrescent", "checkcircle",
    "checksquare", "checktriangle", "checkstar", "checkcross", "checkring", "checkdiamond",
    "checkhexagon", "checkheart", "checkcrescent", "jagcircle", "jagsquare", "jagtriangle", "jagstar",
    "jagcross", "jagring", "jagdiamond", "jaghexagon", "jagheart", "jagcrescent",
};
/* clang-format on */
_Static_assert(VT_COUNT(words) <= VT_SCENE_WORDS_MOST, "the vocabulary of scenes is full");

const char *const *vt_scene_words(int *count)
{
  if (count) *count = (int)VT_COUNT(words);
  return words;
}

int vt_scene_word(const char *word, size_t length)
{
  if (length > 1 && word[0] == '<')
    for (int i = 0; i < VT_SCENE_SPECIALS; i++)
      if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0) return i;
  int low = VT_SCENE_SPECIALS, high = (int)VT_COUNT(words);
  while (low < high) {
    int middle = (low + high) / 2, order = strncmp(words[middle], word, length);
    if (order == 0 && words[middle][length]) order = 1;
    if (order == 0) return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return VT_SCENE_UNK;
}

/* Stands alone, whatever is beside it. */
static bool is_single(char c)
{
  return c == ',' || c == '.' || c == '?' || c == ':' || (c >= '0' && c <= '9');
}

int vt_scene_tokens(const char *text, uint16_t *tokens, int most)
{
  int count = 0;
  while (*text) {
    size_t length = 1;
    if (isspace((unsigned char)*text)) {
      text++;
      continue;
    }
    if (*text == '<') { /* "<p0>": to its end */
      while (text[length] && text[length - 1] != '>' && !isspace((unsigned char)text[length]))
        length++;
    } else if (!is_single(*text)) {
      while (text[length] && text[length] != '<' && !is_single(text[length]) &&
             !isspace((unsigned char)text[length]))
        length++;
    }
    if (count < most) tokens[count] = (uint16_t)vt_scene_word(text, length);
    count++;
    text += length;
  }
  return count;
}

size_t vt_scene_spell(const uint16_t *tokens, int count, char *text, size_t size)
{
  size_t used = 0;
  bool digit = false;
  for (int i = 0; i < count; i++) {
    const char *word = tokens[i] < VT_COUNT(words) ? words[tokens[i]] : words[VT_SCENE_UNK];
    bool number = word[0] >= '0' && word[0] <= '9';
    bool joined = i == 0 || (is_single(word[0]) && !number) || (number && digit);
    if (!joined && ++used < size) text[used - 1] = ' ';
    for (const char *c = word; *c; c++)
      if (++used < size) text[used - 1] = *c;
    digit = number;
  }
  if (size) text[used < size ? used : size - 1] = 0;
  return used;
}

int vt_scene_frame(const uint16_t *tokens, int count, int length, int64_t *out)
{
  int said = count < length - 2 ? count : length - 2;
  if (said < 0) said = 0;
  for (int i = 0; out && i < length; i++)
    out[i] = i == 0 ? VT_SCENE_BOS : i <= said ? tokens[i - 1] : i == said + 1 ? VT_SCENE_EOS : VT_SCENE_PAD;
  return said + 2;
}

/* ---- what words mean ---- */

const char *const vt_colour_synonyms[VT_COLOURS] = {"crimson",  "emerald", "azure",     "golden",
                                                    "violet",   "amber",   "turquoise", "rosy",
                                                    "chestnut", "ivory",   "ashen",     "ebony"};
const char *const vt_size_synonyms[VT_SIZES] = {"tiny", NULL, "huge"};
const char *const vt_material_synonyms[VT_MATERIALS] = {"dull", "glossy", "coarse"};
const char *const vt_texture_synonyms[VT_TEXTURES] = {"uniform", "banded", "spotted", "chequered",
                                                      "jagged",  "grainy", "cloudy",  "shaded"};
const char *const vt_scene_outside[VT_SCENE_OUTSIDE] = {"violin", "teapot", "candle", "ladder",
                                                        "anchor", "castle", "bottle", "basket",
                                                        "hammer", "helmet", "kettle", "trumpet"};

const char *vt_noun_synonym(vt_noun noun)
{
  switch (noun) {
  case VT_CIRCLE:
    return "disc";
  case VT_DIAMOND:
    return "rhombus";
  case VT_CART:
    return "wagon";
  default:
    return NULL;
  }
}

static int find(const char *const *list, int count, const char *word)
{
  for (int i = 0; i < count; i++)
    if (list[i] && strcmp(list[i], word) == 0) return i;
  return -1;
}

static bool find_noun(const char *word, vt_meaning *out)
{
  static const vt_noun with_synonym[] = {VT_CIRCLE, VT_DIAMOND, VT_CART};
  for (int i = 1; i < VT_NOUNS; i++) {
    bool name = strcmp(vt_noun_rows[i].name, word) == 0;
    if (!name && strcmp(vt_noun_rows[i].plural, word) != 0) continue;
    *out = (vt_meaning){.kind = VT_MEANS_NOUN, .value = i, .plural = !name};
    return true;
  }
  for (size_t i = 0; i < VT_COUNT(with_synonym); i++)
    if (strcmp(vt_noun_synonym(with_synonym[i]), word) == 0) {
      *out = (vt_meaning){.kind = VT_MEANS_NOUN, .value = (int)with_synonym[i], .synonym = true};
      return true;
    }
  return false;
}

/* "vehicle", "vehicles" of things; parts and places have no family of their own. */
static bool find_family(const char *word, vt_meaning *out)
{
  size_t length = strlen(word);
  for (int i = VT_CIRCLE; i <= VT_LANTERN; i++) {
    size_t own = strlen(vt_noun_rows[i].family);
    bool plural = length == own + 1 && word[own] == 's';
    if (strncmp(word, vt_noun_rows[i].family, own) != 0 || (length != own && !plural)) continue;
    *out = (vt_meaning){.kind = VT_MEANS_FAMILY, .value = i, .plural = plural};
    return true;
  }
  return false;
}

vt_meaning vt_word_meaning(const char *word)
{
  static const struct {
    vt_meaning_kind kind;
    const char *const *names, *const *synonyms;
    int count;
  } lists[] = {
      {VT_MEANS_COLOUR, vt_colour_names, vt_colour_synonyms, VT_COLOURS},
      {VT_MEANS_TEXTURE, vt_texture_names, vt_texture_synonyms, VT_TEXTURES},
      {VT_MEANS_MATERIAL, vt_material_names, vt_material_synonyms, VT_MATERIALS},
      {VT_MEANS_SIZE, vt_size_names, vt_size_synonyms, VT_SIZES},
      {VT_MEANS_POSE, vt_pose_names, NULL, VT_POSES},
      {VT_MEANS_OUTSIDE, vt_scene_outside, NULL, VT_SCENE_OUTSIDE},
  };
  vt_meaning meaning = {.kind = VT_MEANS_NOTHING};
  for (size_t i = 0; i < VT_COUNT(lists); i++)
    for (int synonym = 0; synonym < 2; synonym++) {
      const char *const *names = synonym ? lists[i].synonyms : lists[i].names;
      int value = names ? find(names, lists[i].count, word) : -1;
      if (value >= 0) return (vt_meaning){.kind = lists[i].kind, .value = value, .synonym = synonym == 1};
    }
  if (!find_noun(word, &meaning)) find_family(word, &meaning);
  return meaning;
}

int vt_meaning_predicate(vt_meaning meaning)
{
  switch (meaning.kind) {
  case VT_MEANS_NOUN:
    return meaning.value;
  case VT_MEANS_COLOUR:
    return VT_NOUNS + meaning.value;
  case VT_MEANS_TEXTURE:
    return VT_NOUNS + VT_COLOURS + meaning.value;
  case VT_MEANS_MATERIAL:
    return VT_NOUNS + VT_COLOURS + VT_TEXTURES + meaning.value;
  case VT_MEANS_SIZE:
    return VT_NOUNS + VT_COLOURS + VT_TEXTURES + VT_MATERIALS + meaning.value;
  default:
    return -1;
  }
}

/* ---- reading ---- */

const char *vt_scene_ahead(const vt_scene_reading *in, int ahead)
{
  int count;
  const char *const *spelling = vt_scene_words(&count);
  int at = in->at + ahead;
  return at < in->count && in->tokens[at] < count ? spelling[in->tokens[at]] : "";
}

bool vt_scene_take(vt_scene_reading *in, const char *phrase)
{
  int ahead = 0;
  for (const char *c = phrase; *c; ahead++) {
    size_t length = strcspn(c, " ");
    const char *next = vt_scene_ahead(in, ahead);
    if (strlen(next) != length || strncmp(c, next, length) != 0) return false;
    c += length + (c[length] == ' ');
  }
  in->at += ahead;
  return true;
}
