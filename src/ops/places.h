/* SPDX-License-Identifier: Apache-2.0
 *
 * Which cell of the data an index names, for operators that gather from cells or scatter into them, forward
 * and backward: place i is the cell that goes with update, or output cell, i.
 */
#ifndef VT_OPS_PLACES_H
#define VT_OPS_PLACES_H

#include "ops/move.h"

typedef struct vt_places {
  int64_t count, *list; /* owned, freed with vt_free() */
  int64_t cells;        /* of the data */
  int64_t cell;         /* elements of a cell */
} vt_places;

/* GatherElements, ScatterElements: input 1 holds one index along `axis` for each element; a cell is one
 * element. */
vt_status vt_places_of_elements(vt_ctx *ctx, const vt_call *call, int64_t axis, vt_places *out);
/* GatherND, ScatterND: the last axis of input 1 holds one index for each axis of the data behind the `batch`
 * leading ones that both share. */
vt_status vt_places_of_tuples(vt_ctx *ctx, const vt_call *call, int batch, vt_places *out);

/* `tensor` as `count` cells. */
vt_tensor vt_places_view(const vt_tensor *tensor, int64_t count, int64_t cell);

#endif
