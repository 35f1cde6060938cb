/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/ioi: two people, one gives, the other receives (00-needs §1.2, paper 05). The name that ends a
 * prompt is the one said once. Around the prompts there is a language of other sentences with the same names,
 * and of prompts with a third giver, where either of the two may receive.
 */
#include "worlds/corpora.h"
#include "worlds/presets.h"

enum { LENGTH = 32 };
enum { ABBA, BABA, NEUTRAL };

typedef struct ioi_options {
  double neutral, three;
  int order;
  int64_t template;
} ioi_options;

static const char *const names[] = {
    "Ada",    "Albert", "Alice", "Anna",   "Arthur", "Ben",   "Bruno",  "Carl",  "Clara", "David",
    "Diana",  "Edgar",  "Elena", "Emil",   "Emma",   "Erik",  "Eva",    "Felix", "Flora", "Frank",
    "Grace",  "Greta",  "Hanna", "Henry",  "Hugo",   "Ida",   "Irene",  "Ivan",  "Jacob", "Jane",
    "Julia",  "Karl",   "Kate",  "Laura",  "Leo",    "Lena",  "Linda",  "Lucas", "Maria", "Martin",
    "Max",    "Mia",    "Nina",  "Nora",   "Oliver", "Olga",  "Oscar",  "Otto",  "Paul",  "Peter",
    "Robert", "Rosa",   "Ruth",  "Samuel", "Simon",  "Sofia", "Thomas", "Tina",  "Vera",  "Victor",
};
static const char *const places[] = {
    "market",  "harbour", "library", "station", "garden",   "museum", "school", "bakery",
    "theatre", "park",    "river",   "beach",   "kitchen",  "office", "cinema", "workshop",
    "castle",  "forest",  "farm",    "lake",    "hospital", "tower",  "cafe",   "bridge",
};
static const char *const objects[] = {
    "book",   "key",    "letter", "lamp",   "basket", "ring",   "coat",    "map",
    "ticket", "cup",    "guitar", "pencil", "hammer", "mirror", "blanket", "bottle",
    "camera", "violin", "flower", "ladder", "rope",   "candle", "ball",    "sandwich",
};
static const char *const adjectives[] = {"old",   "new",   "small", "heavy", "broken", "lovely",
                                         "plain", "dusty", "warm",  "green", "red",    "blue"};
static const char *const moods[] = {"tired", "happy", "hungry", "late", "busy", "calm", "angry", "proud"};
static const char *const doings[] = {"slept", "sang",   "waited", "worked",  "laughed",
                                     "read",  "danced", "walked", "painted", "rested"};
static const char *const times[] = {"morning", "evening", "afternoon", "night", "summer", "winter"};
static const char *const skies[] = {"rain", "snow", "fog", "wind", "frost", "sunshine"};
static const char *const animals[] = {"dog", "cat", "horse", "bird", "goat", "donkey", "fox", "hen"};

static const vt_word_list lists[] = {
    VT_WORD_LIST("name", names),           VT_WORD_LIST("place", places), VT_WORD_LIST("object", objects),
    VT_WORD_LIST("adjective", adjectives), VT_WORD_LIST("mood", moods),   VT_WORD_LIST("doing", doings),
    VT_WORD_LIST("time", times),           VT_WORD_LIST("sky", skies),    VT_WORD_LIST("animal", animals),
};

/* A prompt in both orders: A receives, B is there with A, G gives (B, or a third one). */
#define BOTH(before, middle, after)                                                                          \
  {ABBA, before "{A:name} and {B:name} " middle " {G:name} " after " to {A:name} ."},                        \
  {                                                                                                          \
    BABA, before "{B:name} and {A:name} " middle " {G:name} " after " to {A:name} ."                         \
  }

static const vt_template templates[] = {
    BOTH("when ", "went to the {place} ,", "gave a {object}"),
    BOTH("when ", "came home from the {place} ,", "handed a {object}"),
    BOTH("after ", "met near the {place} ,", "passed a {object}"),
    BOTH("then ", "went to the {place} together , and", "gave a {object}"),
    BOTH("then ", "had a long talk at the {place} , and then", "gave a {object}"),
    BOTH("while ", "were waiting at the {place} ,", "offered a {object}"),
    BOTH("once ", "had left the {place} ,", "sold a {object}"),
    BOTH("", "spent the day at the {place} , and", "lent a {object}"),
    BOTH("", "found a {object} near the {place} , and", "gave it"),
    BOTH("", "were friends , so", "brought a {object} from the {place}"),
    BOTH("the friends ", "stopped at the {place} , where", "threw a {object}"),
    BOTH("before ", "reached the {place} ,", "returned a {object}"),
    BOTH("later ", "looked for a {object} in the {place} , and", "showed it"),
    BOTH("at the {place} ", "sat down , and soon", "gave a {object}"),
    BOTH("because ", "liked the {place} ,", "wanted to give a {object}"),

    {NEUTRAL, "{A:name} walked to the {place} with a {object} ."},
    {NEUTRAL, "{A:name} saw a {adjective} {object} near the {place} ."},
    {NEUTRAL, "the {object} was {adjective} , and the {other:object} was {more:adjective} ."},
    {NEUTRAL, "{A:name} was {mood} , so {A:name} {doing} all {time} ."},
    {NEUTRAL, "{A:name} and {B:name} {doing} near the {place} ."},
    {NEUTRAL, "in the {time} there was {sky} over the {place} ."},
    {NEUTRAL, "there is a {adjective} {place} behind the {other:place} ."},
    {NEUTRAL, "the {animal} of {A:name} {doing} in the {place} ."},
    {NEUTRAL, "{A:name} bought a {object} for the {animal} ."},
    {NEUTRAL, "{A:name} told {B:name} about the {adjective} {animal} ."},
    {NEUTRAL, "{A:name} asked {B:name} for a {object} , but {B:name} was {mood} ."},
    {NEUTRAL, "{A:name} lost a {object} , and {B:name} found it at the {place} ."},
    {NEUTRAL, "a {adjective} {animal} came from the {place} to the {other:place} ."},
    {NEUTRAL, "nobody at the {place} knew why {A:name} was {mood} ."},
    {NEUTRAL, "{A:name} knew that {B:name} was {mood} in the {time} ."},
    {NEUTRAL, "{A:name} put the {object} beside the {other:object} and {doing} ."},
    {NEUTRAL, "every {time} the {animal} {doing} near the {place} ."},
    {NEUTRAL, "{A:name} gave a {adjective} {object} to the {animal} ."},
    {NEUTRAL, "{A:name} sent a {object} to {B:name} in the {time} ."},
    {NEUTRAL, "the way from the {place} to the {other:place} was long ."},
    {NEUTRAL, "{A:name} {doing} , {B:name} {also:doing} , and {C:name} was {mood} ."},
    {NEUTRAL, "because of the {sky} , {A:name} stayed at the {place} ."},
    {NEUTRAL, "after the {sky} , {A:name} went to the {place} and {doing} ."},
    {NEUTRAL, "{A:name} likes the {animal} , but {B:name} likes the {other:animal} ."},
    {NEUTRAL, "is the {object} of {A:name} {adjective} ? it is {more:adjective} ."},
};

static const vt_grammar grammar = {lists, VT_COUNT(lists), templates, VT_COUNT(templates)};
enum { PROMPTS = 15 };

static const vt_field fields[] = {
    {"neutral", VT_FIELD_REAL, offsetof(ioi_options, neutral), "0.35", VT_RANGE(0, 1),
     .help = "share of training items that are other sentences"},
    {"three", VT_FIELD_REAL, offsetof(ioi_options, three), "0.1", VT_RANGE(0, 1),
     .help = "share of training prompts whose giver is a third person"},
    {"order", VT_FIELD_CHOICE, offsetof(ioi_options, order), "both", .choices = "both|abba|baba",
     .help = "order of the two names: receiver first (abba) or giver first (baba)"},
    {"template", VT_FIELD_INT, offsetof(ioi_options, template), "-1", VT_RANGE(-1, PROMPTS - 1),
     .help = "one template for all prompts; -1: all"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  return vt_text_world_open(ctx, world, &grammar, sizeof(vt_corpus *));
}

bool vt_ioi_held_out(int name, int other)
{
  int low = name < other ? name : other, high = name < other ? other : name;
  return vt_random_uniform(0, vt_stream("ioi held-out pairs", 0), (uint64_t)(low * 1000 + high)) < .1;
}

/* Whether any two names of a document are a held-out pair. */
static bool any_held_out(const vt_corpus *corpus, const vt_document *document)
{
  int said[VT_CORPUS_SENTENCES * VT_CORPUS_SLOTS], count = 0;
  int list = vt_corpus_list(corpus, "name");
  for (int i = 0; i < document->count; i++) {
    const vt_pattern *pattern = &corpus->patterns[document->said[i].pattern];
    for (int slot = 0; slot < pattern->slot_count; slot++)
      if (pattern->lists[slot] == list) said[count++] = document->said[i].values[slot];
  }
  for (int i = 0; i < count; i++)
    for (int j = 0; j < i; j++)
      if (said[i] != said[j] && vt_ioi_held_out(said[i], said[j])) return true;
  return false;
}

static void make_neutral(const vt_corpus *corpus, vt_draw *draw, vt_document *document)
{
  int wanted = 1 + vt_draw_below(draw, 3), words = 0;
  for (int tries = 0; tries < 32 && document->count < wanted; tries++) {
    vt_said said = vt_corpus_draw_said(corpus, draw, vt_corpus_pick(corpus, draw, NEUTRAL), 0);
    int length = vt_corpus_said_length(corpus, &said);
    if (words + length > LENGTH - 2) continue;
    document->said[document->count++] = said;
    words += length;
    if (any_held_out(corpus, document)) document->count--, words -= length;
  }
}

/* Patterns stand in pairs: ABBA, BABA of prompt 0, then of prompt 1, … */
static void make_prompt(const vt_corpus *corpus, const ioi_options *options, vt_draw *draw, bool test,
                        bool three, vt_document *document)
{
  int prompt = options->template >= 0 ? (int)options->template : vt_draw_below(draw, PROMPTS);
  int order = options->order ? options->order - 1 : vt_draw_below(draw, 2);
  int pattern = 2 * prompt + order;
  int a = vt_corpus_slot(corpus, pattern, "A"), b = vt_corpus_slot(corpus, pattern, "B");
  int giver = vt_corpus_slot(corpus, pattern, "G");
  vt_said *said = &document->said[0];
  document->count = 1;
  do { /* a tenth of all pairs are held out: twenty draws or so */
    *said = vt_corpus_draw_said(corpus, draw, pattern, 0);
    if (!three) said->values[giver] = said->values[b];
  } while (test ? !vt_ioi_held_out(said->values[a], said->values[b]) : any_held_out(corpus, document));
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const vt_corpus *corpus = vt_world_corpus(world);
  const ioi_options *options = world->options;
  vt_ioi_record *ioi = record;
  ioi->key = key;
  vt_draw kind = vt_draw_start(key, "kind"), draw = vt_draw_start(key, "sentences");
  bool train = split == VT_TRAIN;
  bool neutral = vt_draw_chance(&kind, options->neutral), three = vt_draw_chance(&kind, options->three);
  ioi->kind = train && neutral ? VT_IOI_NEUTRAL : train && three ? VT_IOI_THREE : VT_IOI_PROMPT;
  if (ioi->kind == VT_IOI_NEUTRAL)
    make_neutral(corpus, &draw, &ioi->document);
  else
    make_prompt(corpus, options, &draw, split == VT_TEST, ioi->kind == VT_IOI_THREE, &ioi->document);
  return VT_OK;
}

static uint16_t name_token(const vt_corpus *corpus, const vt_said *said, const char *label)
{
  int slot = vt_corpus_slot(corpus, said->pattern, label);
  return corpus->spelling[corpus->value[corpus->patterns[said->pattern].lists[slot]][said->values[slot]]];
}

vt_ioi_answer vt_ioi_answer_of(const vt_world *world, const vt_ioi_record *record)
{
  if (record->kind != VT_IOI_PROMPT) return (vt_ioi_answer){-1, -1, -1};
  const vt_corpus *corpus = vt_world_corpus(world);
  const vt_said *said = &record->document.said[0];
  /* a prompt ends with the name and a full stop; bos stands before it */
  return (vt_ioi_answer){vt_corpus_said_length(corpus, said) - 2, name_token(corpus, said, "A"),
                         name_token(corpus, said, "B")};
}

void vt_ioi_reference(const vt_world *world, const vt_ioi_record *record, uint64_t which,
                      vt_ioi_record *reference)
{
  const vt_corpus *corpus = vt_world_corpus(world);
  const vt_said *from = &record->document.said[0];
  vt_draw draw = vt_draw_start(record->key ^ vt_stream("reference", which), "sentences");
  *reference = *record;
  if (record->kind == VT_IOI_NEUTRAL) return;
  reference->kind = VT_IOI_THREE;
  vt_said *said = &reference->document.said[0];
  const vt_pattern *pattern = &corpus->patterns[from->pattern];
  bool fresh = false;
  while (!fresh) {
    *said = vt_corpus_draw_said(corpus, &draw, from->pattern, from->tag);
    fresh = true;
    for (int slot = 0; slot < pattern->slot_count; slot++)
      for (int other = 0; other < pattern->slot_count; other++)
        if (pattern->lists[slot] == pattern->lists[other] && said->values[slot] == from->values[other])
          fresh = false;
  }
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  static const char *const kinds[] = {"prompt", "three", "neutral"};
  const vt_ioi_record *ioi = record;
  const vt_corpus *corpus = vt_world_corpus(world);
  VT_TRY(vt_corpus_show(ctx, corpus, &ioi->document, item, NULL));
  json_object_set_new(item->truth, "kind", json_string(kinds[ioi->kind]));
  if (ioi->kind != VT_IOI_PROMPT) return VT_OK;
  vt_ioi_answer answer = vt_ioi_answer_of(world, ioi);
  json_object_set_new(item->truth, "answer_position", json_integer(answer.position));
  json_object_set_new(item->truth, "correct", json_string(corpus->words[answer.correct]));
  json_object_set_new(item->truth, "distractor", json_string(corpus->words[answer.distractor]));
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}},     {"targets", VT_I64, 1, {LENGTH}}, {"length", VT_I64, 0, {0}},
      {"answer_position", VT_I64, 0, {0}}, {"correct", VT_I64, 0, {0}},      {"distractor", VT_I64, 0, {0}},
      {"template", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_ioi_record *ioi = record;
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, vt_world_corpus(world), &ioi->document, &words));
  int used = vt_corpus_frame(&words, LENGTH, out[0], out[1]);
  vt_ioi_answer answer = vt_ioi_answer_of(world, ioi);
  const int64_t numbers[] = {used, answer.position, answer.correct, answer.distractor,
                             ioi->document.said[0].pattern};
  for (size_t i = 0; i < VT_COUNT(numbers); i++)
    if (out[2 + i]) *(int64_t *)out[2 + i] = numbers[i];
  return VT_OK;
}

const vt_preset vt_preset_corpora_ioi = {
    .id = "corpora/ioi",
    .title = "who receives: two names, one gives (indirect object)",
    .papers = "05",
    .version = 1,
    .counts = {60000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(ioi_options),
    .record_size = sizeof(vt_ioi_record),
    .open = open_world,
    .close = vt_text_world_close,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
