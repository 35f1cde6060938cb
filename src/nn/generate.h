/* SPDX-License-Identifier: Apache-2.0
 *
 * Text from a causal model: greedy, sampling, beam search. The model is a step function; vt_gpt_step is that
 * of nn/gpt.h. Hooks of the run are active: names met at each step count up. Tensors of a step are let go
 * before the next one, so a hook copies what it wants to keep.
 */
#ifndef VT_NN_GENERATE_H
#define VT_NN_GENERATE_H

#include "nn/gpt.h"

/* Reads ids i64 [batch, tokens] behind what the cache holds and returns the logits behind the last of them,
 * [batch, vocabulary]. Adds to cache->length. `cache` NULL: ids are the whole text. */
typedef vt_tensor *(*vt_step_logits_fn)(vt_scope s, const void *model, vt_tensor *ids, vt_cache *cache);
vt_tensor *vt_gpt_step(vt_scope s, const void *gpt_settings, vt_tensor *ids, vt_cache *cache);

typedef struct vt_generate_settings {
  int64_t layers;      /* of the cache */
  int64_t new_tokens;  /* at most */
  int64_t limit;       /* of prompt and answer together; 0: none */
  int64_t eos;         /* ends a text, and is part of it; −1: none */
  int64_t pad;         /* what stands behind the end */
  bool no_cache;       /* reads everything again for each token: slow, for checking */
  bool sample;         /* otherwise the largest logit, the lowest id of equal ones */
  double temperature;  /* 0: 1 */
  int64_t top_k;       /* > 0: among the k largest; of equal ones the lowest ids */
  double top_p;        /* in (0, 1): among the fewest that hold this probability together */
  uint64_t seed;       /* the draw of row r at step t is a function of (seed, r, t) */
  int64_t beams;       /* > 1: beam search, not with `sample` */
  double length_power; /* a finished beam is worth log p / tokens^power; 0: log p */
} vt_generate_settings;

typedef struct vt_generated {
  int64_t batch, length; /* of ids: new tokens of the longest */
  int64_t *ids;          /* [batch, length], without the prompt, padded */
  int64_t *lengths;      /* [batch], eos counted */
  double *log_p;         /* [batch], natural logarithm of the text's probability, without temperature */
} vt_generated;
void vt_generated_free(vt_generated *generated); /* what it holds */

/* prompt i64 [batch, tokens ≥ 1], all of one length. Stops when all rows have ended. The run must neither
 * train nor record nor be on a tape. */
vt_status vt_generate(vt_scope s, vt_step_logits_fn step, const void *model, vt_tensor *prompt,
                      const vt_generate_settings *settings, vt_generated *out);

/* Draws from logits of `count` words by the settings' rules; `uniform` in [0, 1). */
int64_t vt_choose(vt_ctx *ctx, const float *logits, int64_t count, const vt_generate_settings *settings,
                  double uniform, vt_status *status);
/* log Σ exp of them, f64. */
double vt_log_total(const float *logits, int64_t count);

/* Beam search over one prompt [1, tokens], called by vt_generate(). ids: room for new_tokens. */
vt_status vt_beam_search(vt_scope s, vt_step_logits_fn step, const void *model, vt_tensor *prompt,
                         const vt_generate_settings *settings, int64_t *ids, int64_t *length, double *log_p);

#endif
