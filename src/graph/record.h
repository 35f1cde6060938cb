/* SPDX-License-Identifier: Apache-2.0
 *
 * The recorder: eager calls become an operator graph.
 *
 *   vt_record *record;
 *   vt_record_new(ctx, &record);
 *   vt_record_start(ctx, record);
 *   vt_record_input(ctx, record, x, "image", (const char *const[]){"batch", NULL, NULL, NULL});
 *   vt_record_constant(ctx, record, weight, "conv.weight");
 *   … vt_apply() …                                     every call is recorded, whatever the types
 *   vt_record_name(ctx, record, hidden, "blocks.0.out");
 *   vt_record_output(ctx, record, y, "logits");
 *   vt_record_stop(ctx);
 *   vt_record_graph(ctx, record, &graph);
 *
 * What a call takes and nobody introduced becomes a constant: its value at that moment is copied. So are
 * results of calls made while the recorder was stopped, which freezes them. Results computed by other means
 * than vt_apply() from recorded tensors are frozen too, without a word: models are written in operators.
 * Attributes and constants are copied, tensors may be released at once. A record belongs to one context.
 */
#ifndef VT_GRAPH_RECORD_H
#define VT_GRAPH_RECORD_H

#include "graph/graph.h"

typedef struct vt_record vt_record;

vt_status vt_record_new(vt_ctx *ctx, vt_record **out);
void vt_record_free(vt_record *record); /* accepts NULL; stop recording first */
void vt_record_start(vt_ctx *ctx, vt_record *record);
/* The record that was recording, NULL: none. vt_record_start() goes on with it. */
vt_record *vt_record_stop(vt_ctx *ctx);

/* `tensor` is an input of the graph. `dim_names` has an entry for each axis, NULL where the size is fixed, or
 * is NULL as a whole. Names of open sizes matter to vt_record_graph_open() alone. Names in a record are
 * unique: VT_ERROR_INVALID_ARGUMENT otherwise. */
vt_status vt_record_input(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name,
                          const char *const *dim_names);
/* `tensor` is a parameter: an initializer of that name, with the values it has now. Again with the same name
 * and the same values: nothing happens. VT_ERROR_INVALID_ARGUMENT for the result of a recorded call. */
vt_status vt_record_constant(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name);
/* Names a value: its hook in the graph. A name met again becomes "NAME#2", "NAME#3" …; a tensor that has a
 * name already goes on behind an Identity, so that hooks act at the place where each name was given. */
vt_status vt_record_name(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name);
/* `tensor` is an output of the graph. Its name must be new, or that which the tensor has. */
vt_status vt_record_output(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name);

/* The recorded calls that the outputs depend on, as a graph with exactly the sizes recorded: shapes are
 * checked against those by the operators' rules. Free with vt_graph_free(). */
vt_status vt_record_graph(vt_ctx *ctx, const vt_record *record, vt_graph **out);
/* The same with the sizes that vt_record_input() named left open. `other` recorded the same model at other
 * sizes: each named size must differ, none may be below 2. Integers that differ between the two as those
 * sizes do (Reshape targets, ends of slices, ranges, the sizes of expanded constants) are computed in the
 * graph from the sizes of its inputs. VT_ERROR_INVALID_ARGUMENT names the node where the two differ in
 * anything else. */
vt_status vt_record_graph_open(vt_ctx *ctx, const vt_record *record, const vt_record *other, vt_graph **out);

#endif
