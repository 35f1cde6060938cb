/* SPDX-License-Identifier: Apache-2.0
 *
 * A trigram model of a text world, counted on items of one split: a judge of fluency that shares nothing with
 * the model it judges (paper 14).
 *
 * P(w | u v) = .7 P₃(w | u v) + .2 P₂(w | v) + .09 P₁(w) + .01 / V; a context never seen gives its weight to
 * the shorter ones in their proportions.
 */
#ifndef VT_WORLDS_NGRAM_H
#define VT_WORLDS_NGRAM_H

#include "worlds/corpus.h"

typedef struct vt_ngram vt_ngram;

/* Counts the "tokens" of items 0 … count − 1 of a split of a text world whose items are frames (bos …
 * eos). */
vt_status vt_ngram_count(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t count, vt_ngram **out);
void vt_ngram_free(vt_ngram *ngram); /* accepts NULL */
/* Probability of a token after the two before it; −1 stands for nothing before bos. */
double vt_ngram_probability(const vt_ngram *ngram, int before, int last, int token);
/* exp of the mean −log P of `tokens` after bos (not in them); NaN when there is none. With `skip` the
 * first ones are context alone: a prompt. */
double vt_ngram_perplexity(const vt_ngram *ngram, const uint16_t *tokens, int count, int skip);

/* Share of the complete sentences (up to . ? !) among words that the grammar says; what follows the last mark
 * does not count. NaN: no complete sentence. */
double vt_corpus_valid_share(const vt_corpus *corpus, const uint16_t *tokens, int count);

#endif
