/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/blocks: documents of topic blocks with known borders (00-needs §1.2, paper 08). People are
 * introduced by name and office in one block; later blocks ask the office and answer with the name, so
 * that attention within a block is not enough.
 */
#include "worlds/corpora.h"
#include "worlds/presets.h"
#include "worlds/topic_words.h"

enum { LENGTH = 128 };
enum { TOPIC, MEET, RECALL };

typedef struct blocks_options {
  double recall;
} blocks_options;

static const char *const names[] = {
    "Abbot",    "Adler",  "Archer", "Barlow", "Becker", "Bishop", "Blake",  "Bowen",  "Brandt", "Carver",
    "Chandler", "Cobb",   "Conway", "Crane",  "Dalton", "Drake",  "Draper", "Dunn",   "Ellis",  "Falk",
    "Farrow",   "Fisk",   "Foster", "Frost",  "Garner", "Gibbs",  "Glover", "Graves", "Haas",   "Harper",
    "Hobbs",    "Hurst",  "Ingram", "Jarvis", "Keller", "Kent",   "Knox",   "Lang",   "Lowell", "Lynch",
    "Marlow",   "Mercer", "Moss",   "Nash",   "Norton", "Odell",  "Osborn", "Parker", "Pell",   "Pratt",
    "Quill",    "Ramsey", "Reeve",  "Rowe",   "Sawyer", "Sharp",  "Slater", "Stark",  "Tanner", "Thorne",
    "Tucker",   "Turner", "Upton",  "Vance",  "Vogel",  "Waller", "Webb",   "Wilder", "Yates",  "Zeller",
};
static const char *const roles[] = {"president", "treasurer", "secretary", "director", "manager", "chairman",
                                    "founder",   "curator",   "speaker",   "warden",   "steward", "auditor"};
static const char *const times[] = {"today", "yesterday", "again", "later", "in autumn", "at night"};
static const char *const places[] = {"Ridgeton", "Salford", "Tilbury", "Umber", "Verwood", "Wexley"};

static const vt_word_list lists[] = {
    {"actor", vt_topic_actors, VT_TOPICS *VT_TOPIC_ACTORS},
    {"deed", vt_topic_deeds, VT_TOPICS *VT_TOPIC_DEEDS},
    {"thing", vt_topic_things, VT_TOPICS *VT_TOPIC_THINGS},
    {"scene", vt_topic_scenes, VT_TOPICS *VT_TOPIC_SCENES},
    {"quality", vt_topic_qualities, VT_TOPICS *VT_TOPIC_QUALITIES},
    VT_WORD_LIST("name", names),
    VT_WORD_LIST("role", roles),
    VT_WORD_LIST("time", times),
    VT_WORD_LIST("place", places),
};
enum { TOPICAL = 5, NAMES = (int)VT_COUNT(names), ROLES = (int)VT_COUNT(roles) };
static const int words_a_topic[TOPICAL] = {VT_TOPIC_ACTORS, VT_TOPIC_DEEDS, VT_TOPIC_THINGS, VT_TOPIC_SCENES,
                                           VT_TOPIC_QUALITIES};

static const vt_template templates[] = {
    {TOPIC, "the {actor} {deed} the {thing} {time} ."},
    {TOPIC, "in the {scene} the {quality} {actor} {deed} the {thing} ."},
    {TOPIC, "the {quality} {thing} was for the {actor} ."},
    {TOPIC, "people at the {scene} spoke of the {thing} ."},
    {TOPIC, "near the {scene} stood the {actor} with the {thing} ."},
    {TOPIC, "the {thing} and the {other:thing} were {quality} ."},
    {TOPIC, "then the {actor} and the {other:actor} {deed} the {thing} ."},
    {TOPIC, "{time} the {actor} came to the {scene} ."},
    {TOPIC, "the {scene} is known for the {quality} {thing} ."},
    {TOPIC, "no {actor} ever {deed} the {quality} {thing} ."},
    {MEET, "the {R:role} here is {E:name} ."},
    {MEET, "{E:name} from {place} is the {R:role} ."},
    {MEET, "this year {E:name} became the {R:role} ."},
    {RECALL, "the {R:role} , {E:name} , saw the {thing} ."},
    {RECALL, "the {actor} met the {R:role} , {E:name} ."},
    {RECALL, "so said the {R:role} , {E:name} ."},
};

static const vt_grammar grammar = {lists, VT_COUNT(lists), templates, VT_COUNT(templates)};

static const vt_field fields[] = {
    {"recall", VT_FIELD_REAL, offsetof(blocks_options, recall), "0.25", VT_RANGE(0, 1),
     .help = "share of sentences behind the first block that name a person met before"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  return vt_text_world_open(ctx, world, &grammar, sizeof(vt_corpus *));
}

/* A sentence of a group with words of a topic. Two slots of one list differ. */
static vt_said say(const vt_corpus *corpus, vt_draw *draw, int group, int topic, int block)
{
  vt_said said = vt_corpus_draw_said(corpus, draw, vt_corpus_pick(corpus, draw, group), block);
  const vt_pattern *pattern = &corpus->patterns[said.pattern];
  for (int slot = 0; slot < pattern->slot_count; slot++) {
    int list = pattern->lists[slot];
    if (list >= TOPICAL) continue;
    int count = words_a_topic[list], value = topic * count + vt_draw_below(draw, count);
    for (int before = 0; before < slot; before++)
      if (pattern->lists[before] == list && said.values[before] == value)
        value = topic * count + (value + 1 - topic * count) % count;
    said.values[slot] = (int16_t)value;
  }
  return said;
}

static void name_person(const vt_corpus *corpus, vt_draw *draw, const vt_blocks_record *text, int person,
                        vt_said *said)
{
  vt_corpus_draw_value(corpus, draw, said, "E", text->names[person], text->names[person] + 1);
  vt_corpus_draw_value(corpus, draw, said, "R", text->roles[person], text->roles[person] + 1);
}

static void draw_cast(vt_draw *draw, vt_blocks_record *text)
{
  static const double block_weights[] = {1, 2, 2};
  text->blocks = 2 + vt_draw_weighted(draw, block_weights, 3);
  int topics[VT_TOPICS], all_names[NAMES], all_roles[ROLES];
  for (int i = 0; i < VT_TOPICS; i++)
    topics[i] = i;
  for (int i = 0; i < NAMES; i++)
    all_names[i] = i;
  for (int i = 0; i < ROLES; i++)
    all_roles[i] = i;
  vt_draw_shuffle(draw, topics, VT_TOPICS);
  vt_draw_shuffle(draw, all_names, NAMES);
  vt_draw_shuffle(draw, all_roles, ROLES);
  for (int i = 0; i < text->blocks; i++)
    text->topics[i] = topics[i];
  text->people = 1 + vt_draw_below(draw, VT_BLOCK_PEOPLE);
  for (int i = 0; i < text->people; i++)
    text->names[i] = all_names[i], text->roles[i] = all_roles[i];
}

/* The first block meets everybody, at any place in it; later ones recall. Words are shared out between
 * blocks so that the frame holds them all. */
static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const vt_corpus *corpus = vt_world_corpus(world);
  const blocks_options *options = world->options;
  vt_blocks_record *text = record;
  vt_draw draw = vt_draw_start(key, "blocks");
  draw_cast(&draw, text);
  int words = 0, left = VT_CORPUS_SENTENCES;
  for (int block = 0; block < text->blocks; block++) {
    int room = (LENGTH - 2 - words) / (text->blocks - block);
    room -= block + 1 < text->blocks ? vt_draw_below(&draw, room / 3) : 0;
    int people = block == 0 ? text->people : 0, spoken = 0;
    int sentences = left / (text->blocks - block);
    if (sentences > 4 + people) sentences = 4 + people;
    for (int i = 0; i < sentences; i++) {
      bool meet = block == 0 && vt_draw_below(&draw, sentences - i) < people;
      bool recall = block > 0 && vt_draw_chance(&draw, options->recall);
      vt_said said = say(corpus, &draw, meet ? MEET : recall ? RECALL : TOPIC, text->topics[block], block);
      if (meet) name_person(corpus, &draw, text, --people, &said);
      if (recall) name_person(corpus, &draw, text, vt_draw_below(&draw, text->people), &said);
      int length = vt_corpus_said_length(corpus, &said);
      if (i > 0 && !meet && spoken + length > room) continue; /* everybody is met, whatever else is said */
      text->document.said[text->document.count++] = said;
      spoken += length, left--;
    }
    words += spoken;
  }
  return VT_OK;
}

int vt_block_borders(const vt_world *world, const vt_blocks_record *record, int borders[VT_BLOCKS_MOST])
{
  const vt_corpus *corpus = vt_world_corpus(world);
  int position = 1, count = 0;
  for (int i = 0; i < record->document.count; i++) {
    if (record->document.said[i].tag == count) borders[count++] = position;
    position += vt_corpus_said_length(corpus, &record->document.said[i]);
  }
  return count;
}

void vt_block_antecedents(const vt_world *world, const vt_blocks_record *record, const vt_words *words,
                          int8_t antecedents[VT_CORPUS_TOKENS])
{
  const vt_corpus *corpus = vt_world_corpus(world);
  int list = vt_corpus_list(corpus, "name");
  for (int i = 0; i < words->count; i++) {
    const vt_said *said = &record->document.said[words->sentences[i]];
    antecedents[i] = -1;
    if (said->tag == 0 || words->slots[i] < 0 ||
        corpus->patterns[said->pattern].lists[words->slots[i]] != list)
      continue;
    for (int before = 0; before < i && antecedents[i] < 0; before++)
      if (words->tokens[before] == words->tokens[i]) antecedents[i] = (int8_t)before;
  }
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_blocks_record *text = record;
  VT_TRY(vt_corpus_show(ctx, vt_world_corpus(world), &text->document, item, NULL));
  int borders[VT_BLOCKS_MOST], count = vt_block_borders(world, text, borders);
  json_t *blocks = json_array(), *people = json_array();
  for (int i = 0; i < count; i++)
    json_array_append_new(
        blocks, json_pack("{s:i,s:s}", "first", borders[i] - 1, "topic", vt_topic_names[text->topics[i]]));
  for (int i = 0; i < text->people; i++)
    json_array_append_new(
        people, json_pack("{s:s,s:s}", "name", names[text->names[i]], "role", roles[text->roles[i]]));
  json_object_set_new(item->truth, "blocks", blocks);
  json_object_set_new(item->truth, "people", people);
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}}, {"targets", VT_I64, 1, {LENGTH}}, {"length", VT_I64, 0, {0}},
      {"block", VT_I64, 1, {LENGTH}},  {"topic", VT_I64, 1, {LENGTH}},   {"antecedent", VT_I64, 1, {LENGTH}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_blocks_record *text = record;
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, vt_world_corpus(world), &text->document, &words));
  int used = vt_corpus_frame(&words, LENGTH, out[0], out[1]);
  if (out[2]) *(int64_t *)out[2] = used;
  int8_t antecedents[VT_CORPUS_TOKENS];
  vt_block_antecedents(world, text, &words, antecedents);
  int64_t *blocks = out[3], *topics = out[4], *sources = out[5];
  for (int i = 0; i < LENGTH; i++) {
    int word =
        i - 1 < words.count ? i - 1 : words.count - 1; /* eos belongs to the last block, bos to the first */
    int block = text->document.said[words.sentences[word < 0 ? 0 : word]].tag;
    bool is_word = i >= 1 && i <= words.count;
    if (blocks) blocks[i] = i < used ? block : -1;
    if (topics) topics[i] = is_word ? text->topics[block] : -1;
    if (sources) sources[i] = is_word && antecedents[word] >= 0 ? antecedents[word] + 1 : -1;
  }
  return VT_OK;
}

const vt_preset vt_preset_corpora_blocks = {
    .id = "corpora/blocks",
    .title = "documents of topic blocks; names copied across blocks",
    .papers = "08",
    .version = 1,
    .counts = {36000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(blocks_options),
    .record_size = sizeof(vt_blocks_record),
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
