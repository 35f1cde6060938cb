/* SPDX-License-Identifier: Apache-2.0
 *
 * Referring expressions: from trees to words and back.
 */
#include "worlds/scene_refer.h"

static const char *const numbers[] = {NULL,  NULL,    "two",   "three", "four", "five",
                                      "six", "seven", "eight", "nine",  "ten"};
static const char *const ranks[] = {NULL,    NULL,    "second",  "third", "fourth",
                                    "fifth", "sixth", "seventh", "eighth"};
static const char *const firsts[VT_SIDES] = {NULL, "leftmost", "rightmost", "topmost", "lowest"};
static const char *const sides[VT_SIDES] = {NULL, "left", "right", "top", "bottom"};
static const char *const quantifiers[] = {"the", "all", "every"};
static const char *const poses[VT_POSES] = {"standing upright", "leaning left", "leaning right",
                                            "upside down"};
static const char *const relations[VT_RELATIONS + 1] = {"left of", "right of", "above", "below", "of"};

/* ---- saying ---- */

typedef struct writer {
  uint16_t *tokens;
  int count;
} writer;

static void put(writer *w, const char *words)
{
  while (*words) {
    size_t length = strcspn(words, " ");
    if (w->count < VT_REFER_WORDS) w->tokens[w->count] = (uint16_t)vt_scene_word(words, length);
    w->count++;
    words += length + (words[length] == ' ');
  }
}

static void put_noun(writer *w, const vt_term *term)
{
  char family[32];
  if (term->one)
    put(w, term->plural ? "ones" : "one");
  else if (term->noun >= 0)
    put(w, term->plural ? vt_noun_rows[term->noun].plural : vt_noun_rows[term->noun].name);
  else if (term->family >= 0) {
    snprintf(family, sizeof family, "%s%s", vt_noun_rows[term->family].family, term->plural ? "s" : "");
    put(w, family);
  } else
    put(w, term->plural ? "objects" : "object");
}

static void put_side(writer *w, const vt_term *term)
{
  bool level = term->side == VT_SIDE_LEFT || term->side == VT_SIDE_RIGHT;
  if (!term->side || (term->number == 0 && term->rank == 1)) return;
  put(w, term->number == 0 ? "from the" : level ? "on the" : "at the");
  put(w, sides[term->side]);
}

static void put_term(writer *w, const vt_reference *reference, int number)
{
  const vt_term *term = &reference->terms[number];
  put(w, quantifiers[term->quantifier]);
  if (term->number > 1) put(w, numbers[term->number]);
  if (term->rank > 0) put(w, term->rank == 1 ? firsts[term->side] : ranks[term->rank]);
  if (term->size >= 0) put(w, vt_size_names[term->size]);
  if (term->material >= 0) put(w, vt_material_names[term->material]);
  if (term->texture >= 0) put(w, vt_texture_names[term->texture]);
  if (term->colour >= 0) put(w, vt_colour_names[term->colour]);
  put_noun(w, term);
  if (term->pose >= 0) put(w, poses[term->pose]);
  put_side(w, term);
  if (term->relation < 0 || term->anchor <= number) return;
  put(w, relations[term->relation]);
  put_term(w, reference, term->anchor);
}

int vt_reference_say(const vt_reference *reference, uint16_t tokens[VT_REFER_WORDS])
{
  writer w = {.tokens = tokens};
  for (int i = 0; i < reference->root_count; i++) {
    if (i) put(&w, reference->except ? "except" : "and");
    put_term(&w, reference, reference->roots[i]);
  }
  return w.count;
}

/* ---- reading ---- */

typedef struct reader {
  vt_scene_reading in;
  vt_reference *out;
} reader;

/* Number of the phrase that comes next; −1: none. */
static int take_one(reader *r, const char *const *list, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (list[i] && vt_scene_take(&r->in, list[i])) return (int)i;
  return -1;
}

static bool read_noun(reader *r, vt_term *term)
{
  vt_meaning meaning = vt_word_meaning(vt_scene_ahead(&r->in, 0));
  if (vt_scene_take(&r->in, "object") || vt_scene_take(&r->in, "objects")) {
    term->plural = strcmp(vt_scene_ahead(&r->in, -1), "objects") == 0;
    return true;
  }
  if (vt_scene_take(&r->in, "one") || vt_scene_take(&r->in, "ones")) {
    term->one = true;
    term->plural = strcmp(vt_scene_ahead(&r->in, -1), "ones") == 0;
    return true;
  }
  r->in.at++;
  if (meaning.kind == VT_MEANS_NOUN) term->noun = (int8_t)meaning.value;
  if (meaning.kind == VT_MEANS_FAMILY) term->family = (int8_t)meaning.value;
  term->plural = meaning.plural;
  return meaning.kind == VT_MEANS_NOUN || meaning.kind == VT_MEANS_FAMILY;
}

static bool read_phrase(reader *r, vt_term *term)
{
  static const vt_meaning_kind order[] = {VT_MEANS_SIZE, VT_MEANS_MATERIAL, VT_MEANS_TEXTURE,
                                          VT_MEANS_COLOUR};
  int8_t *const slots[] = {&term->size, &term->material, &term->texture, &term->colour};
  for (size_t i = 0; i < VT_COUNT(order); i++) {
    vt_meaning meaning = vt_word_meaning(vt_scene_ahead(&r->in, 0));
    if (meaning.kind != order[i]) continue;
    *slots[i] = (int8_t)meaning.value;
    r->in.at++;
  }
  return read_noun(r, term);
}

/* "from the left" after a rank, "on the left" after a number. */
static bool read_side(reader *r, vt_term *term)
{
  if (term->rank > 1) {
    int side = vt_scene_take(&r->in, "from the") ? take_one(r, sides, VT_SIDES) : -1;
    term->side = (int8_t)(side < 0 ? 0 : side);
    return side > 0;
  }
  bool on = vt_scene_take(&r->in, "on the"), at = !on && vt_scene_take(&r->in, "at the");
  if (!on && !at) return true;
  int side = take_one(r, sides, VT_SIDES);
  bool level = side == VT_SIDE_LEFT || side == VT_SIDE_RIGHT;
  term->side = (int8_t)(side < 0 ? 0 : side);
  return side > 0 && on == level && term->number > 0;
}

/* Whether the noun's number goes with the words before it. "sheep" is both. */
static bool agrees(vt_term *term)
{
  bool both = term->noun >= 0 && strcmp(vt_noun_rows[term->noun].name, vt_noun_rows[term->noun].plural) == 0;
  bool several = term->quantifier == VT_ALL || term->number > 1;
  if (both && !term->one) {
    term->plural = several;
    return true;
  }
  if (several) return term->plural;
  return !term->plural || (term->quantifier == VT_THE && term->rank == 0);
}

/* Inner terms are read inside the outer one: at most VT_REFER_TERMS deep. */
static int read_term(reader *r)
{
  if (r->out->count == VT_REFER_TERMS) return -1;
  int number = r->out->count++, which;
  vt_term term = vt_term_nothing;
  which = take_one(r, quantifiers, VT_COUNT(quantifiers));
  if (which < 0) return -1;
  term.quantifier = (int8_t)which;
  which = take_one(r, numbers, VT_COUNT(numbers));
  if (which > 0) term.number = (int8_t)which;
  which = term.number ? -1 : take_one(r, firsts, VT_COUNT(firsts));
  if (which > 0) term.side = (int8_t)which, term.rank = 1;
  which = term.number || term.rank ? -1 : take_one(r, ranks, VT_COUNT(ranks));
  if (which > 0) term.rank = (int8_t)which;
  if (!read_phrase(r, &term)) return -1;
  term.pose = (int8_t)take_one(r, poses, VT_COUNT(poses));
  bool ordered = term.rank == 0 || term.quantifier == VT_THE;
  if (!read_side(r, &term) || !agrees(&term) || !ordered) return -1;
  term.relation = (int8_t)take_one(r, relations, VT_COUNT(relations));
  if (term.relation >= 0) {
    int anchor = read_term(r);
    if (anchor < 0) return -1;
    term.anchor = (int8_t)anchor;
  }
  r->out->terms[number] = term;
  return number;
}

bool vt_reference_read(const uint16_t *tokens, int count, vt_reference *out)
{
  reader r = {{tokens, count, 0}, out};
  memset(out, 0, sizeof *out);
  do {
    int root = read_term(&r);
    if (root < 0) return false;
    out->roots[out->root_count++] = (int8_t)root;
    if (out->root_count == 1 && vt_scene_take(&r.in, "except")) {
      out->except = true;
      continue;
    }
    if (out->except || !vt_scene_take(&r.in, "and")) break;
  } while (r.in.at < count);
  if (r.in.at != count || (out->except && out->root_count != 2)) return false;
  if (strcmp(vt_scene_ahead(&r.in, -1), "and") == 0) return false;
  for (int i = 0; i < out->count; i++) {
    vt_term *term = &out->terms[i];
    if (!term->one) continue;
    if (i == 0 || i != out->roots[out->root_count - 1] || out->terms[0].one) return false;
    term->noun = out->terms[0].noun;
    term->family = out->terms[0].family;
  }
  return true;
}
