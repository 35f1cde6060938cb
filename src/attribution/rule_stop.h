/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention patterns taken as given: no gradient passes back through their Softmax to queries and keys,
 * only along the values.
 */
#ifndef VT_ATTRIBUTION_RULE_STOP_H
#define VT_ATTRIBUTION_RULE_STOP_H

#include "graph/graph.h"
#include "ops/tape.h"

typedef struct vt_stop_attention {
  vt_rule_set rules; /* refers to this struct, which must not move */
  const vt_graph *graph;
  int *nodes; /* that make the patterns, rising */
  int count;
} vt_stop_attention;

/* Rules for this graph, which must outlive them. VT_ERROR_INVALID_ARGUMENT when it has no attention
 * blocks. Free with vt_stop_attention_free(). */
vt_status vt_stop_attention_new(vt_ctx *ctx, const vt_graph *graph, vt_stop_attention **out);
void vt_stop_attention_free(vt_stop_attention *rules); /* accepts NULL */

#endif
