/* SPDX-License-Identifier: Apache-2.0
 *
 * tokenizer: text to the numbers that a language model reads, and back.
 */
#ifndef VITRAIL_TOKENIZER_H
#define VITRAIL_TOKENIZER_H

#include "vitrail/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_tokenizer vt_tokenizer;

/* A growing list of token ids. Start from {0}; free with vt_ids_free(). */
typedef struct vt_ids {
  int64_t *data;
  size_t count, capacity;
} vt_ids;
VT_API void vt_ids_free(vt_ids *ids);

/* Reads a WordPiece `vocab.txt` (a piece a line, its number the line's) or a JSON file as
 * vt_tokenizer_write() makes it: {"kind": "words" | "bpe" | "wordpiece", "vocabulary": [pieces],
 * "specials": {"pad": "[PAD]", …}} and the keys of the kind: bpe "level" (bytes, characters) and "merges"
 * [[left, right], …]; words and wordpiece "lower"; words "unknown" (unk, error). "path" names a vocabulary
 * file beside the JSON file and may stand instead of "vocabulary". A JSON file with a key "tokenizer",
 * such as MODEL.json, holds that object or the name of the file there. */
VT_API VT_MUST_CHECK vt_status vt_tokenizer_read(vt_ctx *ctx, const char *path, vt_tokenizer **out);
/* The JSON form from memory; `folder` is where "path" is looked for, NULL: nowhere. */
VT_API VT_MUST_CHECK vt_status vt_tokenizer_parse(vt_ctx *ctx, const char *json, size_t size,
                                                  const char *folder, vt_tokenizer **out);
VT_API VT_MUST_CHECK vt_status vt_tokenizer_write(vt_ctx *ctx, const vt_tokenizer *tokenizer,
                                                  const char *path);
VT_API void vt_tokenizer_free(vt_tokenizer *tokenizer); /* accepts NULL */

VT_API const char *vt_tokenizer_kind(const vt_tokenizer *tokenizer); /* "words", "bpe", "wordpiece" */
VT_API int64_t vt_tokenizer_size(const vt_tokenizer *tokenizer);     /* ids are 0 to size − 1 */
/* Text of a piece, UTF-8, borrowed; NULL: no such id. Byte-level BPE writes every byte as one printable
 * character, a blank as "Ġ", as GPT-2's files do. */
VT_API const char *vt_tokenizer_piece(const vt_tokenizer *tokenizer, int64_t id);
VT_API int64_t vt_tokenizer_id(const vt_tokenizer *tokenizer, const char *piece); /* −1: none */
/* Id of "pad", "bos", "eos", "unk", "cls", "sep" or "mask"; −1: this tokenizer has none. */
VT_API int64_t vt_tokenizer_special(const vt_tokenizer *tokenizer, const char *name);

/* Appends the ids of `length` bytes of UTF-8. `framed`: between cls or bos, and sep or eos, where there are
 * such. Special pieces in the text ("[MASK]") count as themselves. Broken UTF-8, and an unknown word without
 * an id for such, are errors. */
VT_API VT_MUST_CHECK vt_status vt_tokenizer_encode(vt_ctx *ctx, const vt_tokenizer *tokenizer,
                                                   const char *text, size_t length, bool framed, vt_ids *out);
/* Text of ids, without pad, bos, eos, cls and sep. Byte-level BPE gives back the text as it was; the others
 * give its words (blanks and, where the tokenizer lowers, case and accents are lost). Free `*out` with
 * vt_tokenizer_text_free(). */
VT_API VT_MUST_CHECK vt_status vt_tokenizer_decode(vt_ctx *ctx, const vt_tokenizer *tokenizer,
                                                   const int64_t *ids, size_t count, char **out);
VT_API void vt_tokenizer_text_free(char *text);

/* ---- making one ---- */

/* Names and pieces of specials in pairs, NULL-terminated: {"pad", "<pad>", "unk", "<unk>", NULL}. They stand
 * first in the vocabulary, in this order, unless the words hold them. NULL: none. */

/* One id a word. Text is split at blanks; what is no word as a whole is split further: letters together,
 * digits and punctuation one by one. An unknown word is "unk" where there is one, an error otherwise. */
VT_API VT_MUST_CHECK vt_status vt_tokenizer_words(vt_ctx *ctx, const char *const *words, size_t count,
                                                  const char *const *specials, bool lower,
                                                  vt_tokenizer **out);

typedef enum vt_bpe_level { VT_BPE_BYTES, VT_BPE_CHARACTERS } vt_bpe_level;
/* Byte-pair encoding (Sennrich et al. 2016) learnt from texts up to `size` ids: the pair that is most
 * frequent inside words is merged; of equal ones that of lower ids. Words are split as GPT-2 does. Bytes:
 * 256 base pieces; characters: those of the texts, others become "unk". Stops early when no pair occurs
 * twice. */
VT_API VT_MUST_CHECK vt_status vt_bpe_train(vt_ctx *ctx, const char *const *texts, size_t count,
                                            vt_bpe_level level, int64_t size, const char *const *specials,
                                            vt_tokenizer **out);

#ifdef __cplusplus
}
#endif
#endif
