/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/concepts: texts whose words belong to 27 sub-concepts of 6 super-concepts, or to none (00-needs
 * §1.2, paper 14). A text keeps to one sub-concept, or turns to a second one half way.
 */
#include "worlds/concept_words.h"
#include "worlds/corpora.h"
#include "worlds/presets.h"

enum { LENGTH = 64, LISTS = 2 * VT_SUPER_CONCEPTS };
enum { NEUTRAL = VT_SUPER_CONCEPTS, OWN = 100 }; /* groups: super-concepts, neutral, OWN + sub-concept */

typedef struct concepts_options {
  double neutral, turn;
} concepts_options;

static const char *const names[] = {"Alma",  "Bela",  "Cyril", "Dora",  "Egon",   "Fanny", "Gustav", "Hedda",
                                    "Ilse",  "Jonas", "Kira",  "Lars",  "Mona",   "Nils",  "Orla",   "Pia",
                                    "Rufus", "Sonja", "Tilda", "Ulrik", "Viktor", "Wanda", "Yusuf",  "Zoe"};
static const char *const verbs[] = {"said",  "knew",  "thought", "heard",  "noticed", "believed",
                                    "wrote", "found", "felt",    "agreed", "guessed", "forgot"};
static const char *const links[] = {"then",   "later", "often", "perhaps",  "indeed", "still",
                                    "anyway", "soon",  "again", "suddenly", "today",  "meanwhile"};
static const char *const matters[] = {"plan",   "question", "story", "answer", "idea",   "reason",
                                      "rumour", "message",  "joke",  "rule",   "secret", "promise"};
static const char *const manners[] = {"good",   "strange", "simple", "clear", "odd", "useful",
                                      "common", "rare",    "plain",  "quiet", "new", "important"};

/* Words of super-concept s are list 2s, their companions ("time_with") list 2s + 1; then these. */
static const vt_word_list other_lists[] = {
    VT_WORD_LIST("name", names),     VT_WORD_LIST("verb", verbs),     VT_WORD_LIST("link", links),
    VT_WORD_LIST("matter", matters), VT_WORD_LIST("manner", manners),
};

static const vt_template templates[] = {
    {0, "{link} , {A:time} came , and with it the {T:time_with} ."},
    {0, "{name} waited from {A:time} to {B:time} for the {T:time_with} ."},
    {0, "there is no {T:time_with} before {A:time} or {B:time} ."},
    {0, "every {A:time} {name} thinks of the {T:time_with} ."},
    {1, "{name} likes {A:looks} more than {B:looks} , like the {T:looks_with} ."},
    {1, "the {T:looks_with} looked {A:looks} , and {link} {B:looks} ."},
    {1, "{A:looks} and {B:looks} go well with the {T:looks_with} ."},
    {1, "is it {A:looks} ? the {T:looks_with} is {B:looks} ."},
    {2, "the {A:animals} and the {B:animals} stayed close to the {T:animals_with} ."},
    {2, "{name} met a {A:animals} with its {T:animals_with} ."},
    {2, "a {A:animals} is not a {B:animals} , said {name} , look at the {T:animals_with} ."},
    {2, "near the {T:animals_with} lay a sleeping {A:animals} ."},
    {3, "{name} took the {A:tools} and the {B:tools} for the {T:tools_with} ."},
    {3, "with a {A:tools} one can work on the {T:tools_with} ."},
    {3, "the {T:tools_with} is ready , so put the {A:tools} beside the {B:tools} ."},
    {3, "who borrowed my {A:tools} ? the {T:tools_with} has to wait ."},
    {4, "{name} walked from the {A:places} to the {B:places} and admired the {T:places_with} ."},
    {4, "the {T:places_with} of the {A:places} can be seen from afar ."},
    {4, "behind the {A:places} there is a {B:places} with a famous {T:places_with} ."},
    {4, "in the {A:places} {name} looked at the {T:places_with} ."},
    {5, "the {A:people} and the {B:people} have to do with {T:people_with} ."},
    {5, "{name} spoke of {A:people} and {T:people_with} ."},
    {5, "without {A:people} there is no {T:people_with} , only {B:people} ."},
    {5, "{link} {name} remembered the {A:people} and the {T:people_with} ."},
    {NEUTRAL, "{name} {verb} that the {matter} was {manner} ."},
    {NEUTRAL, "{link} {name} {verb} it too ."},
    {NEUTRAL, "it is a {manner} {matter} , {name} {verb} ."},
    {NEUTRAL, "the {matter} of {name} is {manner} and {other:manner} ."},
    {NEUTRAL, "nobody {verb} the {matter} , but {link} it was {manner} ."},
    {NEUTRAL, "{name} and {other:name} {verb} about the {matter} ."},
    {NEUTRAL, "why is the {matter} so {manner} ?"},
    {NEUTRAL, "{link} , that is how the {matter} goes ."},
    {OWN + 0, "the shop is closed on {A:time} because of the {T:time_with} ."},
    {OWN + 1, "the {T:time_with} is due at the end of {A:time} ."},
    {OWN + 2, "we celebrate {A:time} together with a {T:time_with} ."},
    {OWN + 3, "shortly before {A:time} one could see the {T:time_with} ."},
    {OWN + 4, "mix {A:looks} with {B:looks} on your {T:looks_with} ."},
    {OWN + 5, "draw a {A:looks} inside a {B:looks} with one {T:looks_with} ."},
    {OWN + 6, "under the hand the {T:looks_with} feels {A:looks} ."},
    {OWN + 7, "next to the {A:looks} {T:looks_with} everything seems {B:looks} ."},
    {OWN + 8, "the {A:looks} {T:looks_with} is out of fashion ."},
    {OWN + 9, "high above , the {A:animals} flew back to its {T:animals_with} ."},
    {OWN + 10, "deep below , the {A:animals} swam with trembling {T:animals_with} ."},
    {OWN + 11, "all around , the {A:animals} buzzed about the {T:animals_with} ."},
    {OWN + 12, "in winter the {A:animals} sleeps with warm {T:animals_with} ."},
    {OWN + 13, "on the hot stone the {A:animals} hissed over its {T:animals_with} ."},
    {OWN + 14, "build the {T:tools_with} with {A:tools} and {B:tools} ."},
    {OWN + 15, "heat the {T:tools_with} and reach for the {A:tools} ."},
    {OWN + 16, "outside , the {A:tools} is best for the {T:tools_with} ."},
    {OWN + 17, "finish your {T:tools_with} with the {A:tools} or the {B:tools} ."},
    {OWN + 18, "mend the {T:tools_with} with {A:tools} and {B:tools} ."},
    {OWN + 19, "row across the {A:places} past the {T:places_with} ."},
    {OWN + 20, "the {A:places} opened its doors and showed the {T:places_with} ."},
    {OWN + 21, "climb over the {A:places} along the {T:places_with} ."},
    {OWN + 22, "upstairs , beyond the {A:places} , stands a {T:places_with} ."},
    {OWN + 23, "as a {A:people} one needs {T:people_with} ."},
    {OWN + 24, "my {A:people} and your {B:people} came to the {T:people_with} ."},
    {OWN + 25, "full of {A:people} and {B:people} , {name} showed {T:people_with} ."},
    {OWN + 26, "{name} hurt one {A:people} and had {T:people_with} ."},
};

static const vt_field fields[] = {
    {"neutral", VT_FIELD_REAL, offsetof(concepts_options, neutral), "0.3", VT_RANGE(0, 1),
     .help = "share of sentences that speak of no concept"},
    {"turn", VT_FIELD_REAL, offsetof(concepts_options, turn), "0.5", VT_RANGE(0, 1),
     .help = "share of texts that turn to another sub-concept half way"},
};

typedef struct concepts_shared {
  vt_corpus *corpus; /* first: vt_text_world_open() */
  vt_word_list lists[LISTS + VT_COUNT(other_lists)];
  char names[VT_SUPER_CONCEPTS][24];
  vt_grammar grammar;
  int8_t *concepts; /* of each token */
} concepts_shared;

/* The sub-concept of a value of a list; −1: none. */
static int concept_of_value(int list, int value)
{
  if (list >= LISTS) return -1;
  return vt_super_concepts[list / 2].first + value / (list % 2 ? VT_CONCEPT_COMPANIONS : VT_CONCEPT_WORDS);
}

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  concepts_shared *shared = vt_alloc_zero(ctx, 1, sizeof *shared);
  if (!shared) return VT_ERROR_OUT_OF_MEMORY;
  world->shared = shared;
  for (int i = 0; i < VT_SUPER_CONCEPTS; i++) {
    const vt_super_concept *super = &vt_super_concepts[i];
    snprintf(shared->names[i], sizeof shared->names[i], "%s_with", super->name);
    shared->lists[2 * i] = (vt_word_list){super->name, super->words, super->count * VT_CONCEPT_WORDS};
    shared->lists[2 * i + 1] =
        (vt_word_list){shared->names[i], super->companions, super->count * VT_CONCEPT_COMPANIONS};
  }
  memcpy(shared->lists + LISTS, other_lists, sizeof other_lists);
  shared->grammar = (vt_grammar){shared->lists, VT_COUNT(shared->lists), templates, VT_COUNT(templates)};
  VT_TRY(vt_corpus_open(ctx, &shared->grammar, &shared->corpus));
  int words = shared->corpus->word_count;
  shared->concepts = vt_alloc(ctx, (size_t)words);
  if (!shared->concepts) return VT_ERROR_OUT_OF_MEMORY;
  memset(shared->concepts, -1, (size_t)words);
  for (int list = 0; list < LISTS; list++)
    for (int value = 0; value < shared->lists[list].count; value++)
      shared->concepts[vt_corpus_word(shared->corpus, shared->lists[list].words[value])] =
          (int8_t)concept_of_value(list, value);
  return VT_OK;
}

static void close_world(vt_world *world)
{
  concepts_shared *shared = world->shared;
  if (shared) vt_free(shared->concepts);
  vt_text_world_close(world);
}

int vt_concept_of_token(const vt_world *world, int token)
{
  const concepts_shared *shared = world->shared;
  return token >= 0 && token < shared->corpus->word_count ? shared->concepts[token] : -1;
}

int vt_concept_super(int concept)
{
  int super = 0;
  while (super + 1 < VT_SUPER_CONCEPTS && vt_super_concepts[super + 1].first <= concept)
    super++;
  return super;
}

const char *vt_concept_name(int concept)
{
  return vt_concept_names[concept];
}

double vt_concept_score(const vt_world *world, const uint16_t *tokens, int count, int concept, int *found)
{
  int words = 0, own = 0;
  for (int i = 0; i < count; i++) {
    if (tokens[i] < VT_TOKEN_SPECIALS) continue;
    words++;
    own += vt_concept_of_token(world, tokens[i]) == concept;
  }
  if (found) *found = own;
  return words ? (double)own / words : 0;
}

static vt_said say(const vt_corpus *corpus, vt_draw *draw, int concept)
{
  int super = vt_concept_super(concept);
  int group = vt_draw_chance(draw, .4) ? OWN + concept : super;
  vt_said said = vt_corpus_draw_said(corpus, draw, vt_corpus_pick(corpus, draw, group), concept);
  int place = concept - vt_super_concepts[super].first;
  vt_corpus_draw_value(corpus, draw, &said, "A", place * VT_CONCEPT_WORDS, (place + 1) * VT_CONCEPT_WORDS);
  vt_corpus_draw_value(corpus, draw, &said, "T", place * VT_CONCEPT_COMPANIONS,
                       (place + 1) * VT_CONCEPT_COMPANIONS);
  int a = vt_corpus_slot(corpus, said.pattern, "A"), b = vt_corpus_slot(corpus, said.pattern, "B");
  if (b >= 0) /* another word of the same sub-concept */
    said.values[b] = (int16_t)(place * VT_CONCEPT_WORDS + (said.values[a] - place * VT_CONCEPT_WORDS + 1 +
                                                           vt_draw_below(draw, VT_CONCEPT_WORDS - 1)) %
                                                              VT_CONCEPT_WORDS);
  return said;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const concepts_options *options = world->options;
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_concepts_record *text = record;
  vt_draw draw = vt_draw_start(key, "concepts");
  text->concepts[0] = vt_draw_below(&draw, VT_CONCEPTS);
  text->concepts[1] = text->concepts[0];
  if (vt_draw_chance(&draw, options->turn))
    text->concepts[1] = (text->concepts[0] + 1 + vt_draw_below(&draw, VT_CONCEPTS - 1)) % VT_CONCEPTS;
  int words = 0;
  while (text->document.count < VT_CORPUS_SENTENCES) {
    bool neutral = vt_draw_chance(&draw, options->neutral);
    int concept = text->concepts[words >= LENGTH / 2];
    vt_said said = neutral ? vt_corpus_draw_said(corpus, &draw, vt_corpus_pick(corpus, &draw, NEUTRAL), -1)
                           : say(corpus, &draw, concept);
    int length = vt_corpus_said_length(corpus, &said);
    if (words + length > LENGTH - 2) break;
    text->document.said[text->document.count++] = said;
    words += length;
  }
  return VT_OK;
}

static void concepts_of(const vt_world *world, const vt_words *words, int8_t concepts[VT_CORPUS_TOKENS])
{
  for (int i = 0; i < words->count; i++)
    concepts[i] = (int8_t)vt_concept_of_token(world, words->tokens[i]);
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_concepts_record *text = record;
  vt_words words;
  VT_TRY(vt_corpus_show(ctx, vt_world_corpus(world), &text->document, item, &words));
  int8_t concepts[VT_CORPUS_TOKENS];
  concepts_of(world, &words, concepts);
  vt_corpus_show_truth(item, "concepts", &words, concepts);
  json_object_set_new(item->truth, "first", json_string(vt_concept_name(text->concepts[0])));
  json_object_set_new(item->truth, "second", json_string(vt_concept_name(text->concepts[1])));
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"tokens", VT_I64, 1, {LENGTH}},  {"targets", VT_I64, 1, {LENGTH}}, {"length", VT_I64, 0, {0}},
      {"concept", VT_I64, 1, {LENGTH}}, {"first", VT_I64, 0, {0}},        {"second", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_concepts_record *text = record;
  vt_words words;
  VT_TRY(vt_corpus_speak(ctx, vt_world_corpus(world), &text->document, &words));
  int8_t concepts[VT_CORPUS_TOKENS];
  concepts_of(world, &words, concepts);
  int used = vt_corpus_frame(&words, LENGTH, out[0], out[1]);
  if (out[2]) *(int64_t *)out[2] = used;
  if (out[3]) vt_corpus_frame_truth(&words, LENGTH, concepts, -1, out[3]);
  if (out[4]) *(int64_t *)out[4] = text->concepts[0];
  if (out[5]) *(int64_t *)out[5] = text->concepts[1];
  return VT_OK;
}

const vt_preset vt_preset_corpora_concepts = {
    .id = "corpora/concepts",
    .title = "texts of 27 sub-concepts in 6 super-concepts; concept of every word",
    .papers = "14",
    .version = 1,
    .counts = {60000, 2000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(concepts_options),
    .record_size = sizeof(vt_concepts_record),
    .open = open_world,
    .close = close_world,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
