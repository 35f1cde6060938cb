/* SPDX-License-Identifier: Apache-2.0
 *
 * The core of all text worlds: a grammar as data → a document of said sentences → words with their truth.
 *
 * A grammar is word lists and templates. A template is words and slots between blanks: "{list}" or
 * "{LABEL:list}"; the same label twice is the same value. "[x" … "]" around words is a span with the mark x,
 * which is not said. A document is the record: which template was said with which values, and a tag that the
 * preset gives a meaning. Text, tokens and the truth of every token
 * derive from it, and vt_corpus_parse() goes the way back. The vocabulary is the four special tokens and then
 * the sorted union of all words of the grammar, whatever a run says of them.
 *
 * To add a text world: lists, templates, a function that fills a document, one row.
 */
#ifndef VT_WORLDS_CORPUS_H
#define VT_WORLDS_CORPUS_H

#include "worlds/world.h"

enum { VT_CORPUS_TOKENS = 128, VT_CORPUS_SENTENCES = 16, VT_CORPUS_SLOTS = 8, VT_CORPUS_LABEL = 16 };
enum { VT_CORPUS_SPANS = 32 };
enum { VT_TOKEN_PAD, VT_TOKEN_BOS, VT_TOKEN_EOS, VT_TOKEN_UNK, VT_TOKEN_SPECIALS };

typedef struct vt_word_list {
  const char *name;         /* as slots call it */
  const char *const *words; /* a value may be several words */
  int count;
} vt_word_list;
#define VT_WORD_LIST(name, words)                                                                            \
  {                                                                                                          \
    name, words, (int)VT_COUNT(words)                                                                        \
  }

typedef struct vt_template {
  int group; /* kinds of sentences a preset tells apart */
  const char *text;
} vt_template;

typedef struct vt_grammar {
  const vt_word_list *lists;
  int list_count;
  const vt_template *templates;
  int template_count;
} vt_grammar;

typedef struct vt_pattern { /* a compiled template */
  int group, slot_count, part_count;
  int lists[VT_CORPUS_SLOTS]; /* list of each slot, slots in order of first appearance */
  char labels[VT_CORPUS_SLOTS][VT_CORPUS_LABEL];
  const int32_t *parts; /* ≥ 0: a word; otherwise −1 − slot */
  const char *marks;    /* of each part: the mark of the span around it, 0: none */
  const bool *opens;    /* of each part: a span begins with it */
} vt_pattern;

typedef struct vt_corpus vt_corpus;
struct vt_corpus {             /* immutable, shared between threads */
  const vt_grammar *grammar;   /* borrowed; words below are copies */
  int word_count;              /* size of the vocabulary, special tokens included */
  const char *const *words;    /* by token */
  const vt_pattern *patterns;  /* by template */
  const int32_t *const *value; /* [list][value] → start in `spelling` */
  const uint16_t *spelling;    /* tokens of all values, each ended by pad */
};

/* What a preset's `open` calls. An error names template and slot. */
vt_status vt_corpus_open(vt_ctx *ctx, const vt_grammar *grammar, vt_corpus **out);
void vt_corpus_close(vt_corpus *corpus); /* accepts NULL */
/* `open` and `close` of a text world: world->shared is `size` zeroed bytes that begin with a vt_corpus *. */
vt_status vt_text_world_open(vt_ctx *ctx, vt_world *world, const vt_grammar *grammar, size_t size);
void vt_text_world_close(vt_world *world);
/* The corpus of an opened text world; NULL: the preset is none. */
const vt_corpus *vt_world_corpus(const vt_world *world);

/* ---- records ---- */
typedef struct vt_said {
  int16_t pattern;
  int16_t tag;
  int16_t values[VT_CORPUS_SLOTS]; /* index into the slot's list */
} vt_said;

typedef struct vt_document {
  int32_t count;
  vt_said said[VT_CORPUS_SENTENCES];
} vt_document;

/* Slot number of a label; −1: the pattern has none such. */
int vt_corpus_slot(const vt_corpus *corpus, int pattern, const char *label);
/* List number by name; −1: no such list. */
int vt_corpus_list(const vt_corpus *corpus, const char *name);
/* Uniform choice among the patterns of a group; −1: the group is empty. */
int vt_corpus_pick(const vt_corpus *corpus, vt_draw *draw, int group);
/* A sentence of a group (or of one pattern): every slot uniform, slots of the same list distinct. */
vt_said vt_corpus_draw_said(const vt_corpus *corpus, vt_draw *draw, int pattern, int tag);
/* A value of slot `label` anew, uniform among [low, high): lists may be laid out in parts that mean
 * something. No such label: nothing. */
void vt_corpus_draw_value(const vt_corpus *corpus, vt_draw *draw, vt_said *said, const char *label, int low,
                          int high);
/* The same sentences with every value another one of its list (of the same length in words, where the list
 * has such), so that words stand aligned: references of a prompt. */
void vt_corpus_reference(const vt_corpus *corpus, vt_draw *draw, const vt_document *document,
                         vt_document *out);
/* Words of a sentence once spoken. */
int vt_corpus_said_length(const vt_corpus *corpus, const vt_said *said);
/* Text of a slot's value, borrowed from the grammar; NULL: no such label. */
const char *vt_corpus_value(const vt_corpus *corpus, const vt_said *said, const char *label);

/* ---- words ---- */
typedef struct vt_words {
  int32_t count;
  uint16_t tokens[VT_CORPUS_TOKENS];
  int8_t sentences[VT_CORPUS_TOKENS]; /* number of the said sentence */
  int8_t slots[VT_CORPUS_TOKENS];     /* slot that spoke the word; −1: the template */
  int8_t spans[VT_CORPUS_TOKENS];     /* number of the span around it, from 1; 0: none */
  char marks[VT_CORPUS_TOKENS];       /* that span's mark; 0: none */
} vt_words;

typedef struct vt_phrase {
  int first, count, sentence;
  char mark;
} vt_phrase;
/* Spans of spoken words in order; at most VT_CORPUS_SPANS. Returns how many. */
int vt_corpus_phrases(const vt_words *words, vt_phrase spans[VT_CORPUS_SPANS]);

vt_status vt_corpus_speak(vt_ctx *ctx, const vt_corpus *corpus, const vt_document *document, vt_words *out);
/* Words as text: blanks between them, none before . , ; : ? ! and before endings, which start with '-' (no
 * other word has one inside). Caller frees; NULL: out of memory. */
char *vt_corpus_text(vt_ctx *ctx, const vt_corpus *corpus, const uint16_t *tokens, int count);
/* Text as tokens (unknown words: VT_TOKEN_UNK). Returns how many there are, at most `most` are written. */
int vt_corpus_tokens(const vt_corpus *corpus, const char *text, uint16_t *tokens, int most);
/* Token of a word; VT_TOKEN_UNK: not in the vocabulary. */
int vt_corpus_word(const vt_corpus *corpus, const char *word);
/* The document whose words these are (tags are 0: they are not in the words). False: the grammar does not
 * say this, or the search tried more than 20 million values. Of several readings: that of the earliest
 * templates. */
bool vt_corpus_parse(const vt_corpus *corpus, const uint16_t *tokens, int count, vt_document *out);

/* ---- what presets share ---- */
/* bos, words, eos, pad to `length`; targets[i] = tokens[i + 1], −1 where that is padding. Words beyond the
 * length are cut. Either may be NULL. Returns the number of tokens that are not padding. */
int vt_corpus_frame(const vt_words *words, int length, int64_t *tokens, int64_t *targets);
/* Values of each word laid beside the frame: out[i + 1] = values[i], `neutral` elsewhere. */
void vt_corpus_frame_truth(const vt_words *words, int length, const int8_t *values, int64_t neutral,
                           int64_t *out);
/* Text, tokens (array "tokens" i64 [words]) and truth.sentences = [{template, tag, LABEL: value}]. `words`
 * (may be NULL): the document as spoken, for the truth that a preset adds. */
vt_status vt_corpus_show(vt_ctx *ctx, const vt_corpus *corpus, const vt_document *document, vt_item *item,
                         vt_words *words);
/* truth.NAME = the values of the words. */
void vt_corpus_show_truth(vt_item *item, const char *name, const vt_words *words, const int8_t *values);

#endif
