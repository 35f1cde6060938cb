/* SPDX-License-Identifier: Apache-2.0
 *
 * From the words of a caption to what they state.
 */
#include "worlds/scene_caption.h"

typedef struct reader {
  vt_scene_reading in;
  vt_statements *out;
} reader;

static bool set_once(int *value, int to)
{
  bool open = *value < 0;
  *value = to;
  return open;
}

/* [size] [material] [texture] [colour] noun, in this order. */
static bool read_phrase(reader *r, vt_mention *out, bool *plural)
{
  static const vt_meaning_kind order[] = {VT_MEANS_SIZE, VT_MEANS_MATERIAL, VT_MEANS_TEXTURE,
                                          VT_MEANS_COLOUR};
  size_t place = 0;
  *out = (vt_mention){-1, -1, -1, -1, -1, -1, -1, -1};
  for (;;) {
    vt_meaning meaning = vt_word_meaning(vt_scene_ahead(&r->in, 0));
    int *const slots[] = {&out->size, &out->material, &out->texture, &out->colour};
    r->in.at++;
    *plural = meaning.plural;
    if (meaning.kind == VT_MEANS_NOUN) return set_once(&out->noun, meaning.value);
    if (meaning.kind == VT_MEANS_FAMILY) return set_once(&out->family, meaning.value);
    if (meaning.kind == VT_MEANS_OUTSIDE) return set_once(&out->outside, meaning.value);
    while (place < VT_COUNT(order) && order[place] != meaning.kind)
      place++;
    if (place == VT_COUNT(order)) return false;
    *slots[place++] = meaning.value;
  }
}

static int add_mention(reader *r, const vt_mention *mention)
{
  if (r->out->mention_count == VT_CAPTION_MENTIONS) return -1;
  r->out->mentions[r->out->mention_count] = *mention;
  return r->out->mention_count++;
}

static bool add_fact(reader *r, vt_fact_kind kind, int subject, int object, int relation)
{
  if (subject < 0 || object < 0 || r->out->fact_count == VT_CAPTION_FACTS) return false;
  r->out->facts[r->out->fact_count++] = (vt_fact){kind, subject, object, relation};
  return true;
}

static bool take_article(reader *r)
{
  return vt_scene_take(&r->in, "an") || vt_scene_take(&r->in, "a");
}

static bool read_place(reader *r)
{
  static const char *const prepositions[] = {"on", "under", "before"};
  vt_mention mention;
  bool plural;
  for (size_t i = 0; i < VT_COUNT(prepositions); i++) {
    if (!vt_scene_take(&r->in, prepositions[i])) continue;
    if (!vt_scene_take(&r->in, "the") && !take_article(r)) return false;
    return read_phrase(r, &mention, &plural) && mention.noun >= 0 &&
           vt_noun_rows[mention.noun].kind == VT_NODE_BACKGROUND && add_mention(r, &mention) >= 0;
  }
  return true;
}

static bool read_listing(reader *r)
{
  vt_mention mention;
  bool plural;
  do {
    if (!take_article(r) || !read_phrase(r, &mention, &plural) || plural || add_mention(r, &mention) < 0)
      return false;
  } while (vt_scene_take(&r->in, ",") || vt_scene_take(&r->in, "and"));
  return read_place(r) && vt_scene_take(&r->in, ".");
}

static bool includes(int said, int asked)
{
  return asked < 0 || said == asked;
}

/* The one mention of the listing with all that the phrase says; −1: none or several. */
static int resolve(const reader *r, const vt_mention *asked)
{
  int found = -1;
  for (int i = 0; i < r->out->mention_count; i++) {
    const vt_mention *m = &r->out->mentions[i];
    bool fits = m->noun == asked->noun && m->family == asked->family && m->outside == asked->outside &&
                includes(m->colour, asked->colour) && includes(m->size, asked->size) &&
                includes(m->texture, asked->texture) && includes(m->material, asked->material);
    if (!fits) continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

static int take_relation(reader *r)
{
  static const char *const others[VT_RELATIONS] = {"to the left of", "to the right of", "over", "under"};
  for (int i = 0; i < VT_RELATIONS; i++)
    if (vt_scene_take(&r->in, vt_relation_words[i]) || vt_scene_take(&r->in, others[i])) return i;
  return -1;
}

/* "the PHRASE is …" and "the PHRASE has …". */
static bool read_statement(reader *r)
{
  vt_mention subject, object;
  bool plural;
  if (!vt_scene_take(&r->in, "the") || !read_phrase(r, &subject, &plural) || plural) return false;
  if (vt_scene_take(&r->in, "has")) {
    int whole = resolve(r, &subject);
    return read_phrase(r, &object, &plural) && object.noun >= 0 &&
           vt_noun_rows[object.noun].kind == VT_NODE_PART && vt_scene_take(&r->in, ".") &&
           add_fact(r, VT_FACT_PART, whole, add_mention(r, &object), -1);
  }
  if (!vt_scene_take(&r->in, "is")) return false;
  int relation = take_relation(r);
  if (relation >= 0)
    return vt_scene_take(&r->in, "the") && read_phrase(r, &object, &plural) && vt_scene_take(&r->in, ".") &&
           add_fact(r, VT_FACT_RELATION, resolve(r, &subject), resolve(r, &object), relation);
  vt_meaning meaning = vt_word_meaning(vt_scene_ahead(&r->in, 0));
  bool place = subject.noun >= 0 && vt_noun_rows[subject.noun].kind == VT_NODE_BACKGROUND;
  if (!place || meaning.kind != VT_MEANS_COLOUR || subject.colour >= 0) return false;
  subject.colour = meaning.value;
  r->in.at++;
  return vt_scene_take(&r->in, ".") && add_mention(r, &subject) >= 0;
}

bool vt_caption_parse(const uint16_t *tokens, int count, vt_statements *out)
{
  static const char *const openings[] = {"there is", "a picture of", "the picture shows", "here is",
                                         "this scene has"};
  reader r = {{tokens, count, 0}, out};
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < VT_COUNT(openings); i++)
    if (vt_scene_take(&r.in, openings[i])) break;
  if (!read_listing(&r)) return false;
  while (r.in.at < count)
    if (!read_statement(&r)) return false;
  return true;
}
