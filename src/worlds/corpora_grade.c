/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/grade: reports of many fields, one of which is asked for (00-needs §1.2, paper 05). The primary
 * grade is stated once, sometimes said again, sometimes another one is denied; the same three words stand in
 * other fields too.
 */
#include "worlds/corpora.h"
#include "worlds/presets.h"

enum { LENGTH = 96, LEVELS = 3 };
enum { HEAD, STATED, AGAIN, DENIED, SECOND, DECOY, PLAIN };

typedef struct grade_options {
  double spurious, again, denied;
  int64_t layout;
} grade_options;

static const char *const levels[LEVELS] = {"three", "four", "five"};
static const char *const codes[] = {"amber", "basalt", "cobalt"};
static const char *const clinics[] = {"northgate", "riverside", "hillcrest", "lakeview",
                                      "oldtown",   "westfield", "eastbank",  "stonebridge"};
static const char *const sides[] = {"left", "right"};
static const char *const parts[] = {"apex", "base", "middle", "margin", "capsule", "centre"};
static const char *const sizes[] = {"small", "medium", "large", "tiny", "broad", "narrow"};
static const char *const colours[] = {"grey", "tan", "white", "brown", "yellow", "pink"};
static const char *const findings[] = {"inflammation", "atrophy",   "scarring", "calcification",
                                       "bleeding",     "infection", "swelling", "necrosis"};
static const char *const stains[] = {"eosin", "silver", "iron", "alcian", "methyl", "giemsa"};
static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday"};

static const vt_word_list lists[] = {
    VT_WORD_LIST("level", levels),   VT_WORD_LIST("code", codes),       VT_WORD_LIST("clinic", clinics),
    VT_WORD_LIST("side", sides),     VT_WORD_LIST("part", parts),       VT_WORD_LIST("size", sizes),
    VT_WORD_LIST("colour", colours), VT_WORD_LIST("finding", findings), VT_WORD_LIST("stain", stains),
    VT_WORD_LIST("day", days),
};

static const vt_template templates[] = {
    {HEAD, "report from {clinic} , series {code} ."},
    {STATED, "[g the primary grade is {G:level} ] ."},
    {STATED, "[g primary pattern : grade {G:level} ] ."},
    {STATED, "[g the growth is mainly of grade {G:level} ] ."},
    {STATED, "[g we read a primary grade of {G:level} ] ."},
    {AGAIN, "[g so grade {G:level} leads here ] ."},
    {AGAIN, "[g once more , grade {G:level} is the primary one ] ."},
    {DENIED, "[n no primary grade {N:level} is seen ] ."},
    {DENIED, "[n the earlier reading of primary grade {N:level} was wrong ] ."},
    {SECOND, "[d the secondary grade is {S:level} ] ."},
    {SECOND, "[d grade {S:level} comes second ] ."},
    {DECOY, "[d {S:level} cores were taken ] ."},
    {DECOY, "[d the stage is {S:level} ] ."},
    {DECOY, "[d {S:level} nodes are free ] ."},
    {DECOY, "[d nuclear score {S:level} ] ."},
    {DECOY, "[d the patient came back after {S:level} weeks ] ."},
    {PLAIN, "the piece is from the {side} {part} ."},
    {PLAIN, "the {part} is {colour} and {size} ."},
    {PLAIN, "there is {finding} at the {part} ."},
    {PLAIN, "no {finding} is seen ."},
    {PLAIN, "the {stain} stain is {size} ."},
    {PLAIN, "received on {day} ."},
    {PLAIN, "the {side} {part} shows {finding} ."},
    {PLAIN, "a {size} {colour} piece was cut ."},
};

static const vt_grammar grammar = {lists, VT_COUNT(lists), templates, VT_COUNT(templates)};

static const vt_field fields[] = {
    {"spurious", VT_FIELD_REAL, offsetof(grade_options, spurious), "0", VT_RANGE(0, 1),
     .help = "share of training reports whose series word tells the grade"},
    {"again", VT_FIELD_REAL, offsetof(grade_options, again), "0.3", VT_RANGE(0, 1),
     .help = "share of reports that say the grade again"},
    {"denied", VT_FIELD_REAL, offsetof(grade_options, denied), "0.4", VT_RANGE(0, 1),
     .help = "share of reports that name another grade and deny it"},
    {"layout", VT_FIELD_INT, offsetof(grade_options, layout), "-1", VT_RANGE(-1, 1000000),
     .help = "number of a layout that all reports share, so that words stand aligned; -1: each its own"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  return vt_text_world_open(ctx, world, &grammar, sizeof(vt_corpus *));
}

/* The kinds of sentences of one report in order: the head first, everything else shuffled. */
static int draw_layout(const vt_corpus *corpus, const grade_options *options, vt_draw *draw,
                       int patterns[VT_CORPUS_SENTENCES])
{
  int kinds[VT_CORPUS_SENTENCES], count = 0;
  kinds[count++] = STATED;
  kinds[count++] = SECOND;
  if (vt_draw_chance(draw, options->again)) kinds[count++] = AGAIN;
  if (vt_draw_chance(draw, options->denied)) kinds[count++] = DENIED;
  for (int i = 1 + vt_draw_below(draw, 2); i > 0; i--)
    kinds[count++] = DECOY;
  for (int i = 2 + vt_draw_below(draw, 4); i > 0; i--)
    kinds[count++] = PLAIN;
  vt_draw_shuffle(draw, kinds, count);
  patterns[0] = vt_corpus_pick(corpus, draw, HEAD);
  for (int i = 0; i < count; i++)
    patterns[i + 1] = vt_corpus_pick(corpus, draw, kinds[i]);
  return count + 1;
}

/* One grade throughout, another one where it is denied, and the code word. */
static void agree(const vt_corpus *corpus, vt_draw *draw, vt_text_record *record)
{
  int wrong = (record->label + 1 + vt_draw_below(draw, LEVELS - 1)) % LEVELS;
  record->mismatch = 0;
  for (int i = 0; i < record->document.count; i++) {
    vt_said *said = &record->document.said[i];
    vt_corpus_draw_value(corpus, draw, said, "G", record->label, record->label + 1);
    vt_corpus_draw_value(corpus, draw, said, "N", wrong, wrong + 1);
    vt_corpus_draw_value(corpus, draw, said, "code", record->code, record->code + 1);
    record->mismatch |= vt_corpus_slot(corpus, said->pattern, "N") >= 0;
  }
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const vt_corpus *corpus = vt_world_corpus(world);
  const grade_options *options = world->options;
  vt_text_record *report = record;
  report->key = key;
  report->other = -1;
  bool shared = options->layout >= 0;
  vt_draw layout =
      vt_draw_start(shared ? vt_stream("grade layout", (uint64_t)options->layout) : key, "layout");
  vt_draw values = vt_draw_start(key, "values"), label = vt_draw_start(key, "label");
  int patterns[VT_CORPUS_SENTENCES];
  report->document.count = draw_layout(corpus, options, &layout, patterns);
  vt_text_record_draw(report, &label, LEVELS, options->spurious, split);
  for (int i = 0; i < report->document.count; i++)
    report->document.said[i] = vt_corpus_draw_said(corpus, &values, patterns[i], 0);
  agree(corpus, &values, report);
  return VT_OK;
}

vt_grade_role vt_grade_role_of(char mark)
{
  return mark == 'g'   ? VT_GRADE_EVIDENCE
         : mark == 'n' ? VT_GRADE_DENIED
         : mark == 'd' ? VT_GRADE_DECOY
                       : VT_GRADE_NONE;
}

void vt_grade_reference(const vt_world *world, const vt_text_record *record, uint64_t which,
                        vt_text_record *reference)
{
  vt_draw draw = vt_draw_start(record->key ^ vt_stream("reference", which), "values");
  *reference = *record;
  vt_corpus_reference(vt_world_corpus(world), &draw, &record->document, &reference->document);
  reference->label = (record->label + 1 + vt_draw_below(&draw, LEVELS - 1)) % LEVELS;
  reference->code = (record->code + 1 + vt_draw_below(&draw, LEVELS - 1)) % LEVELS;
  agree(vt_world_corpus(world), &draw, reference);
}

/* Position in the frame of the word that states the grade. */
static int key_position(const vt_corpus *corpus, const vt_text_record *report, const vt_words *words)
{
  for (int i = 0; i < words->count; i++)
    if (words->slots[i] >= 0 && words->marks[i] == 'g' &&
        corpus->patterns[report->document.said[words->sentences[i]].pattern].group == STATED)
      return i + 1;
  return -1;
}

static void roles_of(const vt_words *words, int8_t roles[VT_CORPUS_TOKENS])
{
  for (int i = 0; i < words->count; i++)
    roles[i] = (int8_t)vt_grade_role_of(words->marks[i]);
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_text_record *report = record;
  vt_words words;
  VT_TRY(vt_corpus_show(ctx, vt_world_corpus(world), &report->document, item, &words));
  int8_t roles[VT_CORPUS_TOKENS];
  roles_of(&words, roles);
  vt_corpus_show_truth(item, "roles", &words, roles);
  json_object_set_new(item->truth, "grade", json_string(levels[report->label]));
  json_object_set_new(item->truth, "series", json_string(codes[report->code]));
  json_object_set_new(item->truth, "denied", json_boolean(report->mismatch));
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}}, {"length", VT_I64, 0, {0}},       {"label", VT_I64, 0, {0}},
      {"role", VT_I64, 1, {LENGTH}},   {"key_position", VT_I64, 0, {0}}, {"denied", VT_I64, 0, {0}},
      {"code", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_text_record *report = record;
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, corpus, &report->document, &words));
  int8_t roles[VT_CORPUS_TOKENS];
  roles_of(&words, roles);
  vt_text_record_fill(report, &words, LENGTH, roles, VT_GRADE_NONE, out);
  if (out[4]) *(int64_t *)out[4] = key_position(corpus, report, &words);
  if (out[5]) *(int64_t *)out[5] = report->mismatch;
  return VT_OK;
}

const vt_preset vt_preset_corpora_grade = {
    .id = "corpora/grade",
    .title = "reports whose primary grade is asked for among decoys",
    .papers = "05",
    .version = 1,
    .counts = {20000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(grade_options),
    .record_size = sizeof(vt_text_record),
    .classes = levels,
    .class_count = LEVELS,
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
