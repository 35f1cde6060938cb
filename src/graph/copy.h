/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph of one's own, to change.
 */
#ifndef VT_GRAPH_COPY_H
#define VT_GRAPH_COPY_H

#include "graph/graph.h"

/* A deep copy: nodes, values and their numbers, constants, names; the hash of the file is that of the source.
 * Free with vt_graph_free(). */
vt_status vt_graph_copy(vt_ctx *ctx, const vt_graph *graph, vt_graph **out);

#endif
