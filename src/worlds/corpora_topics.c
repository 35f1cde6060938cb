/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/topics: sentences of one topic, some with a clause of another (00-needs §1.2, paper 05). The label
 * is the topic of the main clauses. Templates are shared: words alone tell the topic.
 */
#include "worlds/corpora.h"
#include "worlds/presets.h"
#include "worlds/topic_words.h"

enum { LENGTH = 64, CLASSES = 4 };
enum { STAMP, MAIN, MIXED };

typedef struct topics_options {
  double spurious, mixed;
} topics_options;

static const char *const codes[CLASSES] = {"alpha", "beta", "gamma", "delta"};
static const char *const times[] = {"today", "yesterday", "again", "at last", "once more", "in spring"};
static const char *const hedges[] = {"it seems", "they say", "we hear", "as expected", "to be sure"};

static const vt_word_list lists[] = {
    {"actor", vt_topic_actors, CLASSES *VT_TOPIC_ACTORS},
    {"deed", vt_topic_deeds, CLASSES *VT_TOPIC_DEEDS},
    {"thing", vt_topic_things, CLASSES *VT_TOPIC_THINGS},
    {"scene", vt_topic_scenes, CLASSES *VT_TOPIC_SCENES},
    {"quality", vt_topic_qualities, CLASSES *VT_TOPIC_QUALITIES},
    VT_WORD_LIST("code", codes),
    VT_WORD_LIST("time", times),
    VT_WORD_LIST("hedge", hedges),
};
enum { TOPICAL = 5 };
static const int words_a_topic[TOPICAL] = {VT_TOPIC_ACTORS, VT_TOPIC_DEEDS, VT_TOPIC_THINGS, VT_TOPIC_SCENES,
                                           VT_TOPIC_QUALITIES};

/* Marks: m a phrase of the main topic, c one of the other topic. */
static const vt_template templates[] = {
    {STAMP, "wire {code} :"},
    {MAIN, "[m the {actor} {deed} the {thing} ] {time} ."},
    {MAIN, "in the [m {scene} ] , {hedge} , [m the {quality} {actor} {deed} the {thing} ] ."},
    {MAIN, "[m the {quality} {thing} ] was what [m the {actor} ] wanted ."},
    {MAIN, "people at the [m {scene} ] spoke of [m the {thing} ] {time} ."},
    {MAIN, "{hedge} , nobody saw [m the {actor} ] near [m the {scene} ] ."},
    {MIXED, "[m the {actor} {deed} the {thing} ] while [c the {X:actor} {Y:deed} the {Z:thing} ] ."},
    {MIXED, "although [c the {X:actor} ] spoke of [c the {Y:quality} {Z:thing} ] , [m the {actor} {deed} the "
            "{thing} ] ."},
    {MIXED,
     "[m the {quality} {actor} {deed} the {thing} ] , far from [c the {X:scene} and its {Z:thing} ] ."},
    {MIXED,
     "like [c the {X:quality} {Z:thing} ] , [m the {thing} ] pleased [m the {actor} at the {scene} ] ."},
};

static const vt_grammar grammar = {lists, VT_COUNT(lists), templates, VT_COUNT(templates)};

static const vt_field fields[] = {
    {"spurious", VT_FIELD_REAL, offsetof(topics_options, spurious), "0", VT_RANGE(0, 1),
     .help = "share of training texts whose wire word tells the topic"},
    {"mixed", VT_FIELD_REAL, offsetof(topics_options, mixed), "0.7", VT_RANGE(0, 1),
     .help = "share of texts with one clause of another topic"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  return vt_text_world_open(ctx, world, &grammar, sizeof(vt_corpus *));
}

/* Words of the topics they are marked for. Slots X, Y, Z are the other topic's. */
static vt_said say(const vt_corpus *corpus, vt_draw *draw, int group, const vt_text_record *record)
{
  vt_said said = vt_corpus_draw_said(corpus, draw, vt_corpus_pick(corpus, draw, group), 0);
  const vt_pattern *pattern = &corpus->patterns[said.pattern];
  for (int slot = 0; slot < pattern->slot_count; slot++) {
    int list = pattern->lists[slot];
    if (list >= TOPICAL) continue;
    bool other = strchr("XYZ", pattern->labels[slot][0]) && !pattern->labels[slot][1];
    int topic = other ? record->other : record->label, count = words_a_topic[list];
    said.values[slot] = (int16_t)(topic * count + vt_draw_below(draw, count));
  }
  return said;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const vt_corpus *corpus = vt_world_corpus(world);
  const topics_options *options = world->options;
  vt_text_record *text = record;
  vt_draw draw = vt_draw_start(key, "topics");
  text->key = key;
  vt_text_record_draw(text, &draw, CLASSES, options->spurious, split);
  text->other = (text->label + 1 + vt_draw_below(&draw, CLASSES - 1)) % CLASSES;
  text->mismatch = vt_draw_chance(&draw, options->mixed);
  int mains = 1 + vt_draw_below(&draw, 2), mixed_at = vt_draw_below(&draw, mains + 1);
  vt_document *document = &text->document;
  document->said[document->count] =
      vt_corpus_draw_said(corpus, &draw, vt_corpus_pick(corpus, &draw, STAMP), 0);
  vt_corpus_draw_value(corpus, &draw, &document->said[document->count++], "code", text->code, text->code + 1);
  for (int i = 0; i <= mains; i++) {
    if (i == mixed_at && text->mismatch) document->said[document->count++] = say(corpus, &draw, MIXED, text);
    if (i < mains) document->said[document->count++] = say(corpus, &draw, MAIN, text);
  }
  if (!text->mismatch) text->other = -1;
  return VT_OK;
}

void vt_topics_of_words(const vt_world *world, const vt_text_record *record, const vt_words *words,
                        int8_t topics[VT_CORPUS_TOKENS])
{
  const vt_corpus *corpus = vt_world_corpus(world);
  for (int i = 0; i < words->count; i++) {
    const vt_said *said = &record->document.said[words->sentences[i]];
    topics[i] = -1;
    if (words->slots[i] < 0) continue;
    int list = corpus->patterns[said->pattern].lists[words->slots[i]];
    if (list < TOPICAL) topics[i] = (int8_t)(said->values[words->slots[i]] / words_a_topic[list]);
  }
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_text_record *text = record;
  vt_words words;
  VT_TRY(vt_corpus_show(ctx, vt_world_corpus(world), &text->document, item, &words));
  int8_t topics[VT_CORPUS_TOKENS];
  vt_topics_of_words(world, text, &words, topics);
  vt_corpus_show_truth(item, "topics", &words, topics);
  json_object_set_new(item->truth, "label", json_string(vt_topic_names[text->label]));
  json_object_set_new(item->truth, "other",
                      text->other < 0 ? json_null() : json_string(vt_topic_names[text->other]));
  json_object_set_new(item->truth, "wire", json_string(codes[text->code]));
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}}, {"length", VT_I64, 0, {0}},      {"label", VT_I64, 0, {0}},
      {"topic", VT_I64, 1, {LENGTH}},  {"phrase", VT_I64, 1, {LENGTH}}, {"other", VT_I64, 0, {0}},
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
  int8_t topics[VT_CORPUS_TOKENS];
  vt_topics_of_words(world, text, &words, topics);
  vt_text_record_fill(text, &words, LENGTH, topics, -1, out);
  if (out[4]) vt_corpus_frame_truth(&words, LENGTH, words.spans, 0, out[4]);
  if (out[5]) *(int64_t *)out[5] = text->other;
  return VT_OK;
}

const vt_preset vt_preset_corpora_topics = {
    .id = "corpora/topics",
    .title = "sentences of four topics with clauses of another",
    .papers = "05",
    .version = 1,
    .counts = {20000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(topics_options),
    .record_size = sizeof(vt_text_record),
    .classes = vt_topic_names,
    .class_count = CLASSES,
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
