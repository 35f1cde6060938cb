/* SPDX-License-Identifier: Apache-2.0
 *
 * The scorer: values of region subsets. It composes masked inputs in normalised space, drops duplicates
 * (a subset is known by its bits), runs micro-batches on all workers, counts, and keeps budgets. The
 * heart of every black-box method.
 */
#ifndef VT_EXPLAIN_SCORER_H
#define VT_EXPLAIN_SCORER_H

#include "explain/model.h"
#include "explain/target.h"

enum { VT_CLASS_NONE = -1, VT_CLASS_PREDICTED = -2 };

typedef struct vt_scorer_options {
  /* Class explained; any negative number: the one the model answers for the whole picture. */
  int target;
  /* A class recorded beside it; VT_CLASS_NONE, or VT_CLASS_PREDICTED: the model's answer where that is
   * another class than the target, none otherwise. */
  int second;
  vt_score_kind score;
  int contrast;           /* of a margin; negative: the strongest other class */
  const float *direction; /* of a similarity, [direction_count]; borrowed */
  size_t direction_count;
  const float *against; /* see vt_target; borrowed, like the weights */
  double factor;
  const float *weights;
  size_t weight_count;
  const struct vt_wanted *wanted;
  int batch;         /* for models outside this process; no effect on results */
  int64_t max_calls; /* budget over calls asked for; 0: none */
  double time_limit; /* seconds from the scorer's start; 0: none. The first request begins in any case */
  /* The blank after normalisation, in the model's layout, where no 8-bit picture can say it; NULL: from
   * `blank`. Copied. */
  const float *blank_floats;
  const float *shown_floats; /* the same of the picture; both given: there need be no pictures */
} vt_scorer_options;

/* What the model said of one composite. */
typedef struct vt_scored {
  double target; /* score of the target */
  double second; /* the same of the second class; 0 without one, and for scores without class */
  /* 1 − H(p)/ln K, H with ln(p + 1e-7) (01-lima §2); one class: binary entropy over ln 2. */
  double confidence;
  /* Most probable class, lowest index on ties; one class: 0, or −1 when its probability is below ½; −1 for
   * scores without class. */
  int top;
} vt_scored;

typedef struct vt_scorer vt_scorer;

/* `picture` and `blank` (the fill everywhere) have the model's input size; `regions` too, or NULL for a
 * scorer that only scores pixel composites. `regions` and `model` are borrowed and must outlive the scorer;
 * pictures are copied. The whole picture is run three times in different places of a batch and the blank
 * once: four diagnostic calls, two distinct forwards, whose answers are known from then on. */
vt_status vt_scorer_new(vt_ctx *ctx, vt_model *model, const vt_image *picture, const vt_image *blank,
                        const vt_regions *regions, const vt_scorer_options *options, vt_scorer **out);
void vt_scorer_free(vt_scorer *scorer);
/* Largest difference of a class probability between the runs of the whole picture at the start. Above 1e-4
 * the model is random or not batch-invariant, and no explanation of it can be trusted. */
double vt_scorer_invariance(const vt_scorer *scorer);

/* The options the scorer was made with, target and second resolved to classes (second −1: none). Borrowed. */
const vt_scorer_options *vt_scorer_options_of(const vt_scorer *scorer);
/* What one item's raw outputs (and embedding, NULL when there is none) say about the classes of `options`
 * (resolved ones). `probabilities`
 * receives those of all [classes]; NULL: not wanted. For callers that compose inputs themselves and go
 * through vt_model_run(). */
vt_scored vt_scored_from(const vt_model *model, const vt_scorer_options *options, const float *output,
                         const float *embedding, double *probabilities);
/* The target that these options name. */
vt_target vt_scorer_target(const vt_scorer_options *options);

int vt_scorer_words(const vt_scorer *scorer); /* 64-bit words of a subset */
/* Scores `count` subsets, subset i at bits[i·words]: pixels of its regions from the picture, the rest
 * from the blank. Asked-for calls are counted whether or not they had to be run. VT_ERROR_LIMIT when the
 * budget or the time would be exceeded: nothing of this call was counted or scored then.
 * VT_ERROR_NOT_FINITE names the subset. */
vt_status vt_scorer_subsets(vt_ctx *ctx, vt_scorer *scorer, const uint64_t *bits, int count, vt_scored *out);
/* What is known of a subset already, without running, counting or failing. False: nothing. */
bool vt_scorer_peek(const vt_scorer *scorer, const uint64_t *bits, vt_scored *out);
/* Scores arbitrary composites: pixel (y·width + x) of composite i comes from the picture where
 * shown[i][pixel] is not 0. */
vt_status vt_scorer_pixels(vt_ctx *ctx, vt_scorer *scorer, const uint8_t *const *shown, int count,
                           vt_scored *out);
/* Scores inputs that the caller composes (vt_scorer_shown() and vt_scorer_hidden() are what from).
 * Counted and kept within the budget like subsets, but not remembered. */
vt_status vt_scorer_inputs(vt_ctx *ctx, vt_scorer *scorer, int count, vt_compose_fn compose, void *user,
                           vt_scored *out);
/* Picture and blank, normalised and in the model's layout, [vt_model_input_floats()]. Borrowed. */
const float *vt_scorer_shown(const vt_scorer *scorer);
const float *vt_scorer_hidden(const vt_scorer *scorer);
/* Calls that the budget still allows; INT64_MAX without one. */
int64_t vt_scorer_left(const vt_scorer *scorer);
/* Class probabilities [classes] of one subset (bits NULL: the whole picture). Counted as one call. */
vt_status vt_scorer_probabilities(vt_ctx *ctx, vt_scorer *scorer, const uint64_t *bits,
                                  double *probabilities);
/* Class probabilities [classes] of the whole picture from the scorer's first look, not counted. Borrowed. */
const double *vt_scorer_full_probabilities(const vt_scorer *scorer);
/* Embeddings of `count` subsets, no two of them alike, [count, embedding_floats], L2-normalised; what the
 * model answers for them is known afterwards (vt_scorer_peek()). Counts `count` calls, known subsets too. */
vt_status vt_scorer_embeddings(vt_ctx *ctx, vt_scorer *scorer, const uint64_t *bits, int count,
                               float *embeddings);
/* Embeddings of the single regions on the blank, [count, embedding_floats],
 * L2-normalised. Counts `count` calls. */
vt_status vt_scorer_region_embeddings(vt_ctx *ctx, vt_scorer *scorer, float *embeddings);

/* Why a search that ended with `status` may keep what it has, as explanation.json says it: "max-calls",
 * "time-limit", "max-memory", "interrupted". NULL: `status` is no such end. */
const char *vt_scorer_partial_reason(const vt_scorer *scorer, vt_status status);

/* From now on calls count as diagnostics (meta.diagnostic_calls) and are outside the budget,
 * or as the search's again. */
void vt_scorer_set_diagnostic(vt_scorer *scorer, bool on);
int64_t vt_scorer_calls(const vt_scorer *scorer);    /* asked for by the search */
int64_t vt_scorer_forwards(const vt_scorer *scorer); /* distinct ones really run, by anyone */
int64_t vt_scorer_diagnostic_calls(const vt_scorer *scorer);

/* Mean seconds of one forward so far; 0 before the first. For decisions about time limits only. */
double vt_scorer_seconds_each(const vt_scorer *scorer);

/* Bits. */
static inline void vt_subset_add(uint64_t *bits, int region)
{
  bits[region >> 6] |= (uint64_t)1 << (region & 63);
}
static inline void vt_subset_remove(uint64_t *bits, int region)
{
  bits[region >> 6] &= ~((uint64_t)1 << (region & 63));
}
static inline bool vt_subset_has(const uint64_t *bits, int region)
{
  return bits[region >> 6] >> (region & 63) & 1;
}

#endif
