/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of a comparison: what rows are known by.
 */
#ifndef VT_COMPARISON_COMPARE_KEYS_H
#define VT_COMPARISON_COMPARE_KEYS_H

#include "comparison/compare.h"

/* Texts that are the same for all pictures. */
typedef struct vt_compare_texts {
  char *terms;       /* JSON of model and terms */
  char **contenders; /* [contenders] JSON, the budget's in it where it counts */
  char **criteria;   /* [criteria] */
} vt_compare_texts;
vt_status vt_compare_texts_make(vt_ctx *ctx, const vt_compare *compare, vt_compare_texts *out);
void vt_compare_texts_free(const vt_compare *compare, vt_compare_texts *texts);

/* What a contender is known by: its kind, method and settings, and those of its run that are not the
 * defaults. New reference. */
vt_status vt_compare_contender_json(vt_ctx *ctx, const vt_contender *contender, json_t **out);

/* Hash of the picture as the model gets it: normalised, so that it stands for the sidecar, too. */
vt_status vt_compare_input_hash(vt_ctx *ctx, const vt_model *model, const vt_image *picture, char out[65]);

/* Keys of an entry: of the picture by `input` (a hash, or for one that cannot be read its path); then, with
 * the target known, of every explanation and measure. `mask`: the mask's hash, "" for none. */
vt_status vt_compare_picture_key(vt_ctx *ctx, const vt_compare *compare, const vt_compare_texts *texts,
                                 const char *input, int label, char out[VT_LEDGER_KEY]);
vt_status vt_compare_entry_keys(vt_ctx *ctx, const vt_compare *compare, const vt_compare_texts *texts,
                                const char *input, int target, const char *mask, const char *name,
                                vt_entry *entry);

/* run.json: what must be the same when a run goes on in a folder. VT_ERROR_EXISTS says what is not. */
vt_status vt_compare_check_folder(vt_ctx *ctx, const vt_compare *compare);

#endif
