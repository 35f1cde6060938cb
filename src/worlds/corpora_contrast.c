/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/contrast: judgements with "but", "although" and "not" (00-needs §1.2, paper 05). Every phrase that
 * judges has a polarity of its own; one of them, marked in the template, decides the label.
 */
#include "worlds/corpora.h"
#include "worlds/presets.h"

enum { LENGTH = 40, CLASSES = 2 };
enum { PLAIN, SAME, OPPOSITE, TICKET, GROUPS };

typedef struct contrast_options {
  double spurious, opposite;
} contrast_options;

static const char *const classes[CLASSES] = {"negative", "positive"};
/* First half negative, second half positive. */
static const char *const opinions[] = {
    "dull",   "slow",     "weak",  "poor",      "bad",    "boring",   "clumsy", "dreadful",
    "stale",  "messy",    "noisy", "tiresome",  "sad",    "shabby",   "cheap",  "bitter",
    "superb", "lively",   "great", "good",      "bright", "charming", "clever", "delightful",
    "fresh",  "graceful", "warm",  "wonderful", "fine",   "splendid", "rich",   "sweet",
};
static const char *const feelings[] = {"hated", "disliked", "regretted", "feared",
                                       "loved", "enjoyed",  "admired",   "treasured"};
static const char *const subjects[] = {"film",  "book", "play", "hotel", "concert", "meal",
                                       "novel", "game", "show", "tour",  "series",  "lecture"};
static const char *const parts[] = {"start", "end",         "plot",       "music",    "cast",    "service",
                                    "room",  "second half", "first half", "dialogue", "setting", "price"};
static const char *const people[] = {"critic", "guest", "teacher", "neighbour", "student", "friend"};
static const char *const codes[] = {"lime", "pine"};

static const vt_word_list lists[] = {
    VT_WORD_LIST("opinion", opinions), VT_WORD_LIST("feeling", feelings), VT_WORD_LIST("subject", subjects),
    VT_WORD_LIST("part", parts),       VT_WORD_LIST("person", people),    VT_WORD_LIST("code", codes),
};
enum { OPINIONS = (int)VT_COUNT(opinions), FEELINGS = (int)VT_COUNT(feelings) };

/* Marks: o a judgement, n a negated one; in capitals the one that decides. Slots: A, B opinions, F, H
 * feelings; B and H decide. */
static const vt_template templates[] = {
    {TICKET, "ticket {code} :"},
    {PLAIN, "the {subject} was [O {B:opinion} ] ."},
    {PLAIN, "the {subject} was [N not {B:opinion} ] ."},
    {PLAIN, "i [O {H:feeling} ] the {part} of the {subject} ."},
    {PLAIN, "i never [N {H:feeling} ] the {subject} ."},
    {PLAIN, "what a [O {B:opinion} ] {subject} !"},
    {PLAIN, "the {person} called the {subject} [O {B:opinion} ] ."},
    {SAME, "the {subject} had a [o {A:opinion} {part} ] and a [O {B:opinion} {other:part} ] ."},
    {SAME, "the {part} was [o {A:opinion} ] , and the {subject} was [O {B:opinion} ] too ."},
    {SAME, "because the {part} was [o {A:opinion} ] , i [O {H:feeling} ] the {subject} ."},
    {SAME, "the {subject} was [n not {A:opinion} ] , and its {part} was [O {B:opinion} ] ."},
    {OPPOSITE, "a [o {A:opinion} {part} ] but a [O {B:opinion} {other:part} ] ."},
    {OPPOSITE, "although the {part} was [o {A:opinion} ] , the {subject} was [O {B:opinion} ] ."},
    {OPPOSITE, "the {subject} was [O {B:opinion} ] even though the {part} was [o {A:opinion} ] ."},
    {OPPOSITE, "despite a [o {A:opinion} {part} ] , i [O {H:feeling} ] the {subject} ."},
    {OPPOSITE, "the {part} was [o {A:opinion} ] , yet the {subject} was [N not {B:opinion} ] ."},
    {OPPOSITE, "the {part} was [n not {A:opinion} ] , but the {subject} was [O {B:opinion} ] ."},
    {OPPOSITE, "the {person} [o {F:feeling} ] it , but i found the {subject} [O {B:opinion} ] ."},
    {OPPOSITE, "i [o {F:feeling} ] the {part} , but in the end the {subject} was [O {B:opinion} ] ."},
};

static const vt_grammar grammar = {lists, VT_COUNT(lists), templates, VT_COUNT(templates)};

static const vt_field fields[] = {
    {"spurious", VT_FIELD_REAL, offsetof(contrast_options, spurious), "0", VT_RANGE(0, 1),
     .help = "share of training texts whose ticket word tells the label"},
    {"opposite", VT_FIELD_REAL, offsetof(contrast_options, opposite), "0.5", VT_RANGE(0, 1),
     .help = "share of texts with phrases of both polarities"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  return vt_text_world_open(ctx, world, &grammar, sizeof(vt_corpus *));
}

/* Makes what stands in a span of `mark` mean `positive`: a negated word is its opposite. */
static void mean(const vt_corpus *corpus, vt_draw *draw, vt_said *said, char mark, bool positive)
{
  const vt_pattern *pattern = &corpus->patterns[said->pattern];
  bool word_positive = positive != (mark == 'n' || mark == 'N');
  for (int part = 0; part < pattern->part_count; part++) {
    if (pattern->marks[part] != mark || pattern->parts[part] >= 0) continue;
    int slot = -1 - pattern->parts[part], list = pattern->lists[slot];
    int count = list == 0 ? OPINIONS : list == 1 ? FEELINGS : 0;
    if (!count) continue;
    int half = count / 2;
    said->values[slot] = (int16_t)(vt_draw_below(draw, half) + (word_positive ? half : 0));
  }
}

/* Two phrases of one polarity use two words. */
static void differ(const vt_corpus *corpus, vt_draw *draw, vt_said *said)
{
  int a = vt_corpus_slot(corpus, said->pattern, "A"), b = vt_corpus_slot(corpus, said->pattern, "B");
  if (a < 0 || b < 0 || said->values[a] != said->values[b]) return;
  int half = OPINIONS / 2, base = said->values[a] / half * half;
  said->values[a] = (int16_t)(base + (said->values[a] - base + 1 + vt_draw_below(draw, half - 1)) % half);
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const vt_corpus *corpus = vt_world_corpus(world);
  const contrast_options *options = world->options;
  vt_text_record *text = record;
  vt_draw draw = vt_draw_start(key, "contrast");
  text->key = key;
  text->other = -1;
  vt_text_record_draw(text, &draw, CLASSES, options->spurious, split);
  text->mismatch = vt_draw_chance(&draw, options->opposite);
  bool second = vt_draw_chance(&draw, .5);
  int group = text->mismatch ? OPPOSITE : second ? SAME : PLAIN;
  text->document.count = 2;
  text->document.said[0] = vt_corpus_draw_said(corpus, &draw, vt_corpus_pick(corpus, &draw, TICKET), 0);
  vt_corpus_draw_value(corpus, &draw, &text->document.said[0], "code", text->code, text->code + 1);
  vt_said *said = &text->document.said[1];
  *said = vt_corpus_draw_said(corpus, &draw, vt_corpus_pick(corpus, &draw, group), 0);
  mean(corpus, &draw, said, 'O', text->label);
  mean(corpus, &draw, said, 'N', text->label);
  mean(corpus, &draw, said, 'o', (text->label != 0) != (group == OPPOSITE));
  mean(corpus, &draw, said, 'n', (text->label != 0) != (group == OPPOSITE));
  differ(corpus, &draw, said);
  return VT_OK;
}

int vt_contrast_polarity(const vt_world *world, const vt_text_record *record, const vt_phrase *phrase,
                         bool *main)
{
  const vt_corpus *corpus = vt_world_corpus(world);
  const vt_said *said = &record->document.said[phrase->sentence];
  const vt_pattern *pattern = &corpus->patterns[said->pattern];
  if (main) *main = phrase->mark == 'O' || phrase->mark == 'N';
  bool negated = phrase->mark == 'n' || phrase->mark == 'N';
  for (int part = 0; part < pattern->part_count; part++) {
    if (pattern->marks[part] != phrase->mark || pattern->parts[part] >= 0) continue;
    int slot = -1 - pattern->parts[part], list = pattern->lists[slot];
    if (list > 1) continue;
    bool positive = said->values[slot] >= (list == 0 ? OPINIONS : FEELINGS) / 2;
    return positive != negated ? 1 : -1;
  }
  return 0; /* no mark of this grammar is without a judgement */
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_text_record *text = record;
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_words words;
  VT_TRY(vt_corpus_show(ctx, corpus, &text->document, item, &words));
  vt_phrase phrases[VT_CORPUS_SPANS];
  json_t *list = json_array();
  int count = vt_corpus_phrases(&words, phrases);
  for (int i = 0; i < count; i++) {
    bool main;
    int polarity = vt_contrast_polarity(world, text, &phrases[i], &main);
    json_array_append_new(list, json_pack("{s:i,s:i,s:i,s:b}", "first", phrases[i].first, "count",
                                          phrases[i].count, "polarity", polarity, "decides", main));
  }
  json_object_set_new(item->truth, "phrases", list);
  json_object_set_new(item->truth, "label", json_string(classes[text->label]));
  json_object_set_new(item->truth, "ticket", json_string(codes[text->code]));
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}},   {"length", VT_I64, 0, {0}},      {"label", VT_I64, 0, {0}},
      {"polarity", VT_I64, 1, {LENGTH}}, {"phrase", VT_I64, 1, {LENGTH}}, {"opposite", VT_I64, 0, {0}},
      {"code", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_text_record *text = record;
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, vt_world_corpus(world), &text->document, &words));
  vt_phrase phrases[VT_CORPUS_SPANS];
  int count = vt_corpus_phrases(&words, phrases);
  int8_t polarity[VT_CORPUS_TOKENS] = {0};
  for (int i = 0; i < count; i++)
    for (int at = 0; at < phrases[i].count; at++)
      polarity[phrases[i].first + at] = (int8_t)vt_contrast_polarity(world, text, &phrases[i], NULL);
  vt_text_record_fill(text, &words, LENGTH, polarity, 0, out);
  if (out[4]) vt_corpus_frame_truth(&words, LENGTH, words.spans, 0, out[4]);
  if (out[5]) *(int64_t *)out[5] = text->mismatch;
  return VT_OK;
}

const vt_preset vt_preset_corpora_contrast = {
    .id = "corpora/contrast",
    .title = "judgements with but, although and not; polarity of every phrase",
    .papers = "05",
    .version = 1,
    .counts = {20000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(contrast_options),
    .record_size = sizeof(vt_text_record),
    .classes = classes,
    .class_count = CLASSES,
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
