/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts with a class each, from CSV, TSV or JSON Lines: SST-2, AG News and the like.
 */
#ifndef VT_DATA_LABELLED_H
#define VT_DATA_LABELLED_H

#include "data/dataset.h"
#include "vitrail/tokenizer.h"

typedef struct vt_labelled {
  size_t count;
  char **texts;    /* owned */
  int64_t *labels; /* 0 to class_count − 1 */
  char **classes;  /* names, owned: sorted as numbers when all are, by bytes otherwise */
  int class_count;
} vt_labelled;

/* Reads a file by its ending (.csv, .tsv, .jsonl). `text` names the columns (keys) that make the text, "a,b":
 * joined by a blank; `label` the one with the class. At most `max_rows` (0: all). SST-2: "sentence", "label";
 * AG News: "title,description", "class". Free with vt_labelled_free(). */
vt_status vt_labelled_read(vt_ctx *ctx, const char *path, const char *text, const char *label,
                           size_t max_rows, vt_labelled **out);
void vt_labelled_free(vt_labelled *set); /* accepts NULL */

/* As training reads it: fields "tokens" and "attention_mask" i64[length] (cut, or filled with pad, mask 0;
 * the tokenizer's frame kept) and "label" i64. `length` ≥ 2. The tokens are made now; `set` must outlive
 * the result, whose class names it lends. The key is a hash of tokens and labels. */
vt_status vt_labelled_dataset(vt_ctx *ctx, const vt_labelled *set, const vt_tokenizer *tokenizer, int length,
                              const char *name, vt_dataset **out);

#endif
