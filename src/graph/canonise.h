/* SPDX-License-Identifier: Apache-2.0
 *
 * Canonisation: the same function written with fewer kinds of node, for rules that treat layer by layer.
 *
 *   BatchNormalization behind Conv, ConvTranspose or Gemm   folded into its weights and bias
 *   BatchNormalization before Conv or Gemm                  folded where that is exact: no padding, or
 *                                                           nothing is added by the normalisation
 *
 * A value whose meaning stays keeps its name; the inner value of a folded pair is no longer made, and a hook
 * on it is an error by name. Sums of two branches (residual adds) need no pass: rules see that both summands
 * depend on the input.
 */
#ifndef VT_GRAPH_CANONISE_H
#define VT_GRAPH_CANONISE_H

#include "graph/graph.h"

/* A graph that shares attributes, names and unchanged constants with `graph`, which must outlive it. Free it
 * with vt_canonise_free() and nothing else. `folded` (may be NULL): how many normalisations are gone. */
vt_status vt_canonise(vt_ctx *ctx, const vt_graph *graph, vt_graph **out, int *folded);
void vt_canonise_free(vt_graph *graph); /* accepts NULL */

#endif
