/* SPDX-License-Identifier: Apache-2.0
 *
 * One run and one backward pass under a rule set: what every method built on backward rules does.
 */
#ifndef VT_ATTRIBUTION_RULE_MAP_H
#define VT_ATTRIBUTION_RULE_MAP_H

#include "explain/map.h"

typedef struct vt_rule_request {
  const vt_rule_set *rules;
  const vt_graph
      *graph; /* in place of the subject's: the same tensors by name (graph/canonise.h). NULL: its own */
  int start;  /* VT_START_… */
  const float *reference; /* VT_START_DIFFERENCE: [floats] */
} vt_rule_request;

/* What the rules made of the target at the picture explained, [floats] in the layout of the varying tensor,
 * in f64; the caller frees it. */
vt_status vt_rule_map(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                      const vt_rule_request *request, double **out);
/* The same, with the score, and what a relevance started with: Σ output · derivative of the target. */
typedef struct vt_rule_start {
  double score, relevance;
} vt_rule_start;
vt_status vt_rule_map_start(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                            const vt_rule_request *request, double **out, vt_rule_start *start);

/* vt_method.calls of these methods: one. */
int64_t vt_rule_one_call(const void *settings, int regions, bool embedding);

#endif
