/* SPDX-License-Identifier: Apache-2.0
 *
 * A sentence encoder (Reimers & Gurevych 2019): a bidirectional encoder whose token vectors are averaged and
 * brought to length one, read from a folder of the form that sentence-transformers and Hugging Face write:
 *
 *   config.json         num_attention_heads, layer_norm_eps (1e-12 when not given), hidden_act (gelu)
 *   model.safetensors   BERT's tensors, f32; a prefix "bert." is fine. Sizes are theirs
 *   vocab.txt           WordPiece; lower case
 *
 * Everything in it is untrusted.
 */
#ifndef VT_NN_SENTENCE_H
#define VT_NN_SENTENCE_H

#include "nn/scope.h"

typedef struct vt_sentence_encoder vt_sentence_encoder;

/* VT_ERROR_INVALID_DATA (or what reading said) names file and tensor. Free with
 * vt_sentence_encoder_free(). */
vt_status vt_sentence_encoder_open(vt_ctx *ctx, const char *folder, vt_sentence_encoder **out);
void vt_sentence_encoder_free(vt_sentence_encoder *encoder); /* accepts NULL */
int64_t vt_sentence_encoder_width(const vt_sentence_encoder *encoder);
/* The unit vector of a text into out[width]. VT_ERROR_INVALID_ARGUMENT for a text that is empty, no UTF-8 or
 * longer than the encoder reads: nothing is cut off. */
vt_status vt_sentence_encode(vt_ctx *ctx, const vt_sentence_encoder *encoder, const char *text, float *out);

#endif
