/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking inside: many traced runs of a graph on varying values of one tensor, each with the target's score,
 * its gradient, and inner tensors. What every white-box method is written against.
 *
 * Items run in parallel, one thread in each, and are handed over in order, one at a time: sums over them need
 * no care and have the same bits for any number of threads.
 */
#ifndef VT_EXPLAIN_LOOK_H
#define VT_EXPLAIN_LOOK_H

#include "explain/model.h"
#include "explain/target.h"
#include "graph/trace.h"

/* What is looked into: a graph, and the tensor that varies from item to item (the picture of an image
 * model; the embedded tokens of a text model). */
typedef struct vt_subject {
  const vt_graph *graph;          /* borrowed */
  const vt_tensor *const *inputs; /* [graph inputs], one item each; NULL at the varying one. Borrowed */
  const char *varying; /* name of the tensor that items give; an input of the graph or an inner tensor */
  vt_type type;        /* of it: VT_F32 */
  int rank;
  int64_t dims[VT_MAX_RANK];          /* of one item, its batch axis (1) included: [1, C, H, W], [1, T, D] */
  const char *output;                 /* what the target reads */
  const char *embedding;              /* what a similarity reads, NULL: the output */
  const struct vt_detector *detector; /* whose outputs a detection reads, NULL: none */
  bool logits;
  bool last_row; /* class scores read the last row of an output [1, positions, classes] */
} vt_subject;

/* The subject of a model. VT_ERROR_UNSUPPORTED for models of which only outputs are known (functions).
 * What it points to belongs to the model. */
vt_status vt_model_subject(vt_ctx *ctx, const vt_model *model, vt_subject *out);
/* Elements of the varying tensor. */
size_t vt_subject_floats(const vt_subject *subject);

/* What one item showed. Valid during the call. */
typedef struct vt_sight {
  int item;
  double score;            /* the target's; 0 without one */
  const vt_tensor *output; /* the (first) output the target reads, as the graph made it */
  size_t read_count;       /* with a target: the numbers it reads, of all outputs, or their last row … */
  const double *read;      /* … [read_count], and its derivative by them */
  const double *slopes;
  const vt_tensor *gradient; /* of the target with respect to the varying tensor, its shape; or what the rules
                                  * made of it (relevance, multipliers). NULL: not asked for */
  vt_tensor *const *values;  /* [name_count] */
  vt_tensor *const
      *gradients; /* [name_count] zeros where the target does not depend on it; NULL: not asked */
} vt_sight;

typedef struct vt_look {
  const vt_target *target;  /* NULL: nothing is scored */
  bool gradient;            /* with respect to the varying tensor */
  const char *const *names; /* inner tensors wanted, by ONNX name or alias */
  int name_count;
  bool name_gradients;
  /* Rules in place of gradients, and how they start: NULL: ordinary gradients from the target's
   * derivative. */
  const vt_rule_set *rules;
  enum { VT_START_GRADIENT, VT_START_RELEVANCE, VT_START_DIFFERENCE } start;
  const float
      *reference;    /* START_DIFFERENCE: the run compared with, [floats]; values of the varying tensor */
  vt_type precision; /* VT_F32 (or 0), VT_F64 */
  int segments;      /* see vt_trace_segments() */
  /* Called before each run, to set hooks (vt_trace_zero(), …) on `trace` for this item; those of the last
   * item are gone. NULL: none. From worker threads. */
  vt_status (*prepare)(vt_ctx *ctx, void *user, int item, vt_trace *trace);
} vt_look;

/* Hands over one item; called for item 0, 1, 2, … one after the other, from any thread. `ctx` is the
 * worker's. */
typedef vt_status (*vt_see_fn)(vt_ctx *ctx, void *user, const vt_sight *sight);

/* Looks at `count` items, whose values `compose` writes ([floats] each, see vt_compose_fn). The first
 * failure in order of the items ends it. Honours the cancel flag. How a relevance starts: every output
 * times the target's derivative with respect to it (for a logit: the logit); a difference: the target's
 * derivative averaged between the two outputs (vt_target_average_gradient()). */
vt_status vt_subject_look(vt_ctx *ctx, const vt_subject *subject, int count, const vt_look *look,
                          vt_compose_fn compose, vt_see_fn see, void *user);

/* sums[i] += factor · tensor[i], f32 or f64. */
void vt_look_add(double *sums, const vt_tensor *tensor, double factor);

#endif
