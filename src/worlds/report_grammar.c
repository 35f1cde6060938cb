/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing and parsing reports: one engine over the tables of a language.
 */
#include "worlds/report_grammar.h"

#include "worlds/world.h"

const vt_finding_row vt_finding_rows[VT_FINDING_KINDS] = {
    [VT_EFFUSION] = {"effusion", true, false},
    [VT_ENLARGED_HEART] = {"enlarged heart", false, false},
    [VT_NODULE] = {"nodule", true, true},
    [VT_CONSOLIDATION] = {"consolidation", true, true},
    [VT_PNEUMOTHORAX] = {"pneumothorax", true, false},
    [VT_COLLAPSE] = {"collapse", true, false},
    [VT_CAVITY] = {"cavity", true, true},
    [VT_CALCIFICATION] = {"calcification", false, false},
    [VT_FRACTURE] = {"fracture", false, false},
    [VT_NARROWING] = {"narrowing", false, false},
};
const char *const vt_side_names[VT_SIDES] = {"none", "left", "right"};
const char *const vt_zone_names[VT_ZONES] = {"none", "upper", "middle", "lower"};
const char *const vt_extent_names[VT_EXTENTS] = {"none", "small", "medium", "large"};
const char *const vt_change_names[VT_CHANGES] = {"none", "new", "larger", "unchanged", "smaller", "resolved"};
const char *const vt_device_names[VT_DEVICE_KINDS] = {"tube", "line", "pacemaker", "clip", "wires"};
const char *const vt_placement_names[VT_PLACEMENTS] = {"none", "good", "too deep", "wrong side"};
const char *const vt_chest_style_names[VT_CHEST_STYLES] = {"terse", "list", "prose"};
const char *const vt_language_names[VT_LANGUAGES] = {"en", "zh"};

/* ---- facts ---- */

static bool possible_finding(const vt_finding *f)
{
  const vt_finding_row *row = &vt_finding_rows[f->kind];
  return row->sided == (f->side != VT_SIDE_NONE) && row->zoned == (f->zone != VT_ZONE_NONE) &&
         (f->change == VT_CHANGE_RESOLVED) == (f->extent == VT_EXTENT_NONE);
}

static bool possible_device(const vt_device *device)
{
  bool judged = device->kind == VT_TUBE || device->kind == VT_LINE;
  return judged == (device->placement != VT_PLACEMENT_NONE) &&
         (device->kind == VT_PACEMAKER) == (device->side != VT_SIDE_NONE);
}

static int place_of(const vt_finding *f)
{
  return ((int)f->kind * VT_SIDES + (int)f->side) * VT_ZONES + (int)f->zone;
}

bool vt_chest_facts_add_finding(vt_chest_facts *facts, vt_finding finding)
{
  int at = 0;
  if (!possible_finding(&finding)) return false;
  while (at < facts->findings && place_of(&facts->finding[at]) < place_of(&finding))
    at++;
  if (at < facts->findings && place_of(&facts->finding[at]) == place_of(&finding))
    return facts->finding[at].extent == finding.extent && facts->finding[at].change == finding.change;
  if (facts->findings == VT_CHEST_FINDINGS) return false;
  memmove(&facts->finding[at + 1], &facts->finding[at], sizeof finding * (size_t)(facts->findings - at));
  facts->finding[at] = finding;
  facts->findings++;
  return true;
}

bool vt_chest_facts_add_device(vt_chest_facts *facts, vt_device device)
{
  int at = 0;
  if (!possible_device(&device)) return false;
  while (at < facts->devices && facts->device[at].kind < device.kind)
    at++;
  if (at < facts->devices && facts->device[at].kind == device.kind)
    return facts->device[at].placement == device.placement && facts->device[at].side == device.side;
  if (facts->devices == VT_CHEST_DEVICES) return false;
  memmove(&facts->device[at + 1], &facts->device[at], sizeof device * (size_t)(facts->devices - at));
  facts->device[at] = device;
  facts->devices++;
  return true;
}

bool vt_chest_facts_equal(const vt_chest_facts *one, const vt_chest_facts *other)
{
  return one->findings == other->findings && one->devices == other->devices &&
         memcmp(one->finding, other->finding, sizeof *one->finding * (size_t)one->findings) == 0 &&
         memcmp(one->device, other->device, sizeof *one->device * (size_t)one->devices) == 0;
}

/* ---- templates ---- */

/* Values of the slots of one item. */
typedef struct values {
  int of[VT_SLOTS];
} values;

static const char *const slot_names[VT_SLOTS] = {"{kind}",   "{side}",  "{zone}",   "{extent}",
                                                 "{change}", "{trend}", "{device}", "{placement}"};
static const int slot_sizes[VT_SLOTS] = {VT_FINDING_KINDS, VT_SIDES,   VT_ZONES,        VT_EXTENTS,
                                         VT_CHANGES,       VT_CHANGES, VT_DEVICE_KINDS, VT_PLACEMENTS};

/* Next word of a text of words and blanks; its length, 0 at the end. */
static int next_word(const char **cursor, const char **word)
{
  while (**cursor == ' ')
    (*cursor)++;
  *word = *cursor;
  while (**cursor && **cursor != ' ')
    (*cursor)++;
  return (int)(*cursor - *word);
}

/* −1: a plain word. */
static int slot_of(const char *word, int length)
{
  for (int slot = 0; slot < VT_SLOTS; slot++)
    if ((int)strlen(slot_names[slot]) == length && memcmp(slot_names[slot], word, (size_t)length) == 0)
      return slot;
  return -1;
}

static const char *const *phrases_of(const vt_chest_grammar *grammar, int slot, int value, int kind)
{
  switch (slot) {
  case VT_SLOT_KIND:
    return grammar->kind[value];
  case VT_SLOT_SIDE:
    return grammar->side[value];
  case VT_SLOT_ZONE:
    return grammar->zone[value];
  case VT_SLOT_EXTENT:
    return grammar->extent[kind][value];
  case VT_SLOT_CHANGE:
    return grammar->change[value];
  case VT_SLOT_TREND:
    return grammar->trend[value];
  case VT_SLOT_DEVICE:
    return grammar->device[value];
  default:
    return grammar->placement[value];
  }
}

static int phrase_count(const char *const *phrases)
{
  int count = 0;
  while (count < VT_PHRASES && phrases[count])
    count++;
  return count;
}

/* ---- writing ---- */

typedef struct writer {
  vt_ctx *ctx;
  const vt_chest_grammar *grammar;
  vt_draw draw;
  vt_text text;
} writer;

static void write_word(writer *w, const char *word, int length)
{
  if (length == 0) return;
  if (w->text.length) vt_text_add(w->ctx, &w->text, " ");
  vt_text_add_bytes(w->ctx, &w->text, word, (size_t)length);
}

static void write_words(writer *w, const char *words)
{
  const char *word;
  for (int length; (length = next_word(&words, &word)) > 0;)
    write_word(w, word, length);
}

static void write_item(writer *w, const vt_style_grammar *style, vt_chest_use use, const values *v,
                       bool prior)
{
  int fitting[16], count = 0, kind = use == VT_USE_DEVICE ? v->of[VT_SLOT_DEVICE] : v->of[VT_SLOT_KIND];
  for (int i = 0; i < style->count && count < 16; i++) {
    const vt_chest_template *t = &style->templates[i];
    if (t->use == use && (use == VT_USE_NORMAL || t->kinds >> kind & 1) &&
        (t->change < 0 || t->change == prior))
      fitting[count++] = i;
  }
  const char *pattern = style->templates[fitting[vt_draw_below(&w->draw, count)]].text, *word;
  for (int length; (length = next_word(&pattern, &word)) > 0;) {
    int slot = slot_of(word, length);
    if (slot < 0) {
      write_word(w, word, length);
      continue;
    }
    const char *const *phrases = phrases_of(w->grammar, slot, v->of[slot], v->of[VT_SLOT_KIND]);
    write_words(w, phrases[vt_draw_below(&w->draw, phrase_count(phrases))]);
  }
}

static values of_finding(const vt_finding *f)
{
  return (values){{[VT_SLOT_KIND] = (int)f->kind,
                   [VT_SLOT_SIDE] = (int)f->side,
                   [VT_SLOT_ZONE] = (int)f->zone,
                   [VT_SLOT_EXTENT] = (int)f->extent,
                   [VT_SLOT_CHANGE] = (int)f->change,
                   [VT_SLOT_TREND] = (int)f->change}};
}

static bool names_kind(const vt_chest_facts *facts, int kind)
{
  for (int i = 0; i < facts->findings; i++)
    if ((int)facts->finding[i].kind == kind) return true;
  return false;
}

static void write_all(writer *w, const vt_chest_facts *facts, const vt_style_grammar *style)
{
  int order[VT_CHEST_FINDINGS], items = 0;
  for (int i = 0; i < facts->findings; i++)
    order[i] = i;
  vt_draw_shuffle(&w->draw, order, facts->findings);
  write_words(w, style->start);
  if (facts->findings == 0) write_item(w, style, VT_USE_NORMAL, &(values){{0}}, false), items++;
  for (int i = 0; i < facts->findings; i++) {
    const vt_finding *f = &facts->finding[order[i]];
    values v = of_finding(f);
    if (items++) write_words(w, style->between);
    write_item(w, style, f->change == VT_CHANGE_RESOLVED ? VT_USE_RESOLVED : VT_USE_FINDING, &v,
               f->change != VT_CHANGE_NONE);
  }
  for (int i = 0; i < facts->devices; i++) {
    const vt_device *device = &facts->device[i];
    values v = {{[VT_SLOT_DEVICE] = (int)device->kind,
                 [VT_SLOT_SIDE] = (int)device->side,
                 [VT_SLOT_PLACEMENT] = (int)device->placement}};
    write_words(w, style->between);
    write_item(w, style, VT_USE_DEVICE, &v, false);
  }
  int absent = vt_draw_below(&w->draw, 2 * VT_CAVITY); /* half of the reports name one of the usual kinds */
  if (facts->findings && absent < VT_CAVITY && !names_kind(facts, absent)) {
    write_words(w, style->between);
    write_item(w, style, VT_USE_ABSENT, &(values){{[VT_SLOT_KIND] = absent}}, false);
  }
  write_words(w, style->end);
}

static const vt_chest_grammar *grammar_of(vt_language language)
{
  return language == VT_CHINESE ? &vt_chest_chinese : &vt_chest_english;
}

vt_status vt_chest_report_write(vt_ctx *ctx, const vt_chest_facts *facts, vt_chest_style style,
                                vt_language language, uint64_t seed, char **out)
{
  writer w = {.ctx = ctx, .grammar = grammar_of(language), .draw = vt_draw_start(seed, "report")};
  *out = NULL;
  write_all(&w, facts, &w.grammar->style[style]);
  if (w.text.failed) {
    vt_text_free(&w.text);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = w.text.data;
  return VT_OK;
}

/* ---- parsing ---- */

typedef struct words {
  int count;
  struct {
    const char *at;
    int length;
  } word[VT_CHEST_WORDS];
} words;

typedef struct parser {
  const vt_chest_grammar *grammar;
  const words *text;
  int end; /* of the item */
  vt_chest_facts facts;
  unsigned absent; /* kinds said to be absent */
  bool normal;
} parser;

static bool split(const char *text, words *out)
{
  out->count = 0;
  for (;;) {
    const char *word;
    int length = next_word(&text, &word);
    if (length == 0) return true;
    if (out->count == VT_CHEST_WORDS) return false;
    out->word[out->count].at = word;
    out->word[out->count++].length = length;
  }
}

static bool word_is(const parser *p, int at, const char *word, int length)
{
  return p->text->word[at].length == length && memcmp(p->text->word[at].at, word, (size_t)length) == 0;
}

/* Place after the phrase when it stands at `at`; −1: it does not. */
static int after_phrase(const parser *p, int at, const char *phrase)
{
  const char *word;
  for (int length; (length = next_word(&phrase, &word)) > 0; at++)
    if (at >= p->end || !word_is(p, at, word, length)) return -1;
  return at;
}

static bool change_of(const vt_chest_template *t, const values *v, vt_change *out)
{
  *out = (vt_change)(v->of[VT_SLOT_TREND] > v->of[VT_SLOT_CHANGE] ? v->of[VT_SLOT_TREND]
                                                                  : v->of[VT_SLOT_CHANGE]);
  if (t->use == VT_USE_RESOLVED) { /* the template says it, or its trend does */
    bool said = *out == VT_CHANGE_NONE || *out == VT_CHANGE_RESOLVED;
    bool asked = strstr(t->text, "{trend}") != NULL;
    bool right = asked ? *out == VT_CHANGE_RESOLVED : said;
    *out = VT_CHANGE_RESOLVED;
    return right;
  }
  return *out != VT_CHANGE_RESOLVED && (t->change < 0 || t->change == (*out != VT_CHANGE_NONE));
}

static bool item_holds(const vt_chest_template *t, const values *v)
{
  vt_finding finding = {(vt_finding_kind)v->of[VT_SLOT_KIND], (vt_side)v->of[VT_SLOT_SIDE],
                        (vt_zone)v->of[VT_SLOT_ZONE], (vt_extent)v->of[VT_SLOT_EXTENT], VT_CHANGE_NONE};
  vt_device device = {(vt_device_kind)v->of[VT_SLOT_DEVICE], (vt_placement)v->of[VT_SLOT_PLACEMENT],
                      (vt_side)v->of[VT_SLOT_SIDE]};
  switch (t->use) {
  case VT_USE_FINDING:
  case VT_USE_RESOLVED:
    return change_of(t, v, &finding.change) && possible_finding(&finding);
  case VT_USE_DEVICE:
    return possible_device(&device);
  default:
    return true;
  }
}

/* Whether the pattern fits the item's words from `at` on, all of them; fills the values. As deep as a pattern
 * is long. */
static bool match(const parser *p, const vt_chest_template *t, const char *pattern, int at, values *v)
{
  const char *word;
  int length = next_word(&pattern, &word);
  if (length == 0) return at == p->end && item_holds(t, v);
  int slot = slot_of(word, length);
  if (slot < 0) return at < p->end && word_is(p, at, word, length) && match(p, t, pattern, at + 1, v);
  bool fixed = slot == VT_SLOT_KIND || slot == VT_SLOT_DEVICE;
  for (int value = fixed ? v->of[slot] : 0; value < (fixed ? v->of[slot] + 1 : slot_sizes[slot]); value++) {
    const char *const *phrases = phrases_of(p->grammar, slot, value, v->of[VT_SLOT_KIND]);
    int kept = v->of[slot];
    v->of[slot] = value;
    for (int i = 0; i < phrase_count(phrases); i++) {
      int after = after_phrase(p, at, phrases[i]);
      if (after >= 0 && match(p, t, pattern, after, v)) return true;
    }
    v->of[slot] = kept;
  }
  return false;
}

static bool take_item(parser *p, const vt_chest_template *t, const values *v)
{
  vt_finding finding = {(vt_finding_kind)v->of[VT_SLOT_KIND], (vt_side)v->of[VT_SLOT_SIDE],
                        (vt_zone)v->of[VT_SLOT_ZONE], (vt_extent)v->of[VT_SLOT_EXTENT], VT_CHANGE_NONE};
  switch (t->use) {
  case VT_USE_NORMAL:
    p->normal = true;
    return true;
  case VT_USE_ABSENT:
    p->absent |= 1u << v->of[VT_SLOT_KIND];
    return true;
  case VT_USE_DEVICE:
    return vt_chest_facts_add_device(&p->facts, (vt_device){(vt_device_kind)v->of[VT_SLOT_DEVICE],
                                                            (vt_placement)v->of[VT_SLOT_PLACEMENT],
                                                            (vt_side)v->of[VT_SLOT_SIDE]});
  default:
    return change_of(t, v, &finding.change) && vt_chest_facts_add_finding(&p->facts, finding);
  }
}

static bool parse_item(parser *p, const vt_style_grammar *style, int from, int to)
{
  p->end = to;
  for (int i = 0; i < style->count; i++) {
    const vt_chest_template *t = &style->templates[i];
    bool device = t->use == VT_USE_DEVICE;
    for (int kind = 0; kind < (device ? VT_DEVICE_KINDS : VT_FINDING_KINDS); kind++) {
      if (t->use == VT_USE_NORMAL ? kind > 0 : !(t->kinds >> kind & 1)) continue;
      values v = {{[VT_SLOT_KIND] = device ? 0 : kind, [VT_SLOT_DEVICE] = device ? kind : 0}};
      if (match(p, t, t->text, from, &v)) return take_item(p, t, &v);
    }
  }
  return false;
}

static bool consistent(const parser *p)
{
  if (p->normal && p->facts.findings) return false;
  for (int i = 0; i < p->facts.findings; i++)
    if (p->facts.finding[i].change != VT_CHANGE_RESOLVED && p->absent >> p->facts.finding[i].kind & 1)
      return false;
  return true;
}

/* Start, items, end; marks are single words. */
static bool parse_style(parser *p, const vt_style_grammar *style)
{
  int at = 0, last = p->text->count, start = (int)strlen(style->start), end = (int)strlen(style->end);
  if (start && (at >= last || !word_is(p, at++, style->start, start))) return false;
  if (end && (last <= at || !word_is(p, --last, style->end, end))) return false;
  for (int from = at;; from = at + 1) {
    for (at = from; at < last && !word_is(p, at, style->between, (int)strlen(style->between));)
      at++;
    if (at == from || !parse_item(p, style, from, at)) return false;
    if (at >= last) return consistent(p);
  }
}

bool vt_chest_report_parse(const char *text, vt_language language, vt_chest_facts *out, vt_chest_style *style)
{
  words list;
  if (out) *out = (vt_chest_facts){0};
  if (!split(text, &list)) return false;
  for (int s = 0; s < VT_CHEST_STYLES; s++) {
    parser p = {.grammar = grammar_of(language), .text = &list};
    if (!parse_style(&p, &p.grammar->style[s])) continue;
    if (out) *out = p.facts;
    if (style) *style = (vt_chest_style)s;
    return true;
  }
  return false;
}
