/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of tokenizers share. A kind is one row of functions; everything about specials, files and
 * vocabulary is in tokenizer.c.
 */
#ifndef VT_DATA_TOKENIZER_H
#define VT_DATA_TOKENIZER_H

#include <jansson.h>

#include "data/vocabulary.h"
#include "vitrail/tokenizer.h"

typedef struct vt_tokenizer_kind_row {
  const char *name;
  /* Appends the ids of valid UTF-8 in which no special piece stands. */
  vt_status (*encode)(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                      vt_ids *out);
  /* Appends the text of valid ids. */
  void (*decode)(vt_ctx *ctx, const vt_tokenizer *tokenizer, const int64_t *ids, size_t count, vt_text *out);
  /* The kind's own keys, from and to JSON; the vocabulary and specials are there. */
  vt_status (*read)(vt_ctx *ctx, const json_t *object, vt_tokenizer *tokenizer);
  vt_status (*write)(vt_ctx *ctx, const vt_tokenizer *tokenizer, json_t *object);
} vt_tokenizer_kind_row;

extern const vt_tokenizer_kind_row vt_tokenizer_words_kind, vt_tokenizer_bpe_kind,
    vt_tokenizer_wordpiece_kind;

enum {
  VT_SPECIAL_PAD,
  VT_SPECIAL_BOS,
  VT_SPECIAL_EOS,
  VT_SPECIAL_UNK,
  VT_SPECIAL_CLS,
  VT_SPECIAL_SEP,
  VT_SPECIAL_MASK,
  VT_SPECIAL_COUNT
};

extern const char *const vt_special_names[VT_SPECIAL_COUNT];

/* Two neighbours that become one piece. */
typedef struct vt_merge {
  int32_t left, right, into;
} vt_merge;

struct vt_tokenizer {
  const vt_tokenizer_kind_row *kind;
  vt_vocabulary vocabulary;
  int64_t specials[VT_SPECIAL_COUNT]; /* −1: none */
  bool lower;                         /* words, wordpiece */
  bool unknown_fails;                 /* words */
  /* bpe: merges in the order in which they were learnt, and where to find one by its pair */
  vt_bpe_level level;
  vt_merge *merges;
  size_t merge_count, merge_capacity;
  int32_t *merge_slots; /* open addressing; −1: free */
  size_t merge_slot_count;
};

/* An empty tokenizer of a kind, without specials. */
vt_status vt_tokenizer_new(vt_ctx *ctx, const vt_tokenizer_kind_row *kind, vt_tokenizer **out);
/* Adds names and pieces in pairs, NULL-terminated; NULL: none. */
vt_status vt_tokenizer_add_specials(vt_ctx *ctx, vt_tokenizer *tokenizer, const char *const *specials);
bool vt_tokenizer_is_special(const vt_tokenizer *tokenizer, int64_t id);
vt_status vt_ids_add(vt_ctx *ctx, vt_ids *ids, int64_t id);
/* Appends a word to text: after a blank, unless it is closing punctuation or both neighbours are digits. */
void vt_tokenizer_join(vt_ctx *ctx, vt_text *out, const char *word);
/* Text with every character in lower case and without accents (canonical decomposition, marks dropped). */
vt_status vt_tokenizer_lower(vt_ctx *ctx, const char *text, size_t length, vt_text *out);
vt_status vt_tokenizer_read_bool(vt_ctx *ctx, const json_t *object, const char *key, bool fallback,
                                 bool *out);
/* The vocabulary of a file: a piece a line. */
vt_status vt_tokenizer_read_lines(vt_ctx *ctx, const char *path, vt_vocabulary *out);

/* Adds one merge and finds it again by its pair; −1: none. */
vt_status vt_bpe_add_merge(vt_ctx *ctx, vt_tokenizer *tokenizer, int32_t left, int32_t right);
int64_t vt_bpe_find_merge(const vt_tokenizer *tokenizer, int32_t left, int32_t right);
/* Length of the first word of valid text, as GPT-2 splits it: a contraction, or letters, numbers or others
 * with one blank before, or blanks. */
size_t vt_bpe_word(const char *text, size_t length);
/* The printable character that stands for a byte. */
int32_t vt_bpe_byte_character(unsigned char byte);
/* Text as the vocabulary writes it: byte characters, or the text itself. */
void vt_bpe_spell(vt_ctx *ctx, vt_bpe_level level, const char *text, size_t length, vt_text *out);

#endif
