/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks of attention. A mask is boolean (true: this query may look at this key) or additive (f32, added to
 * the scores), and broadcasts to [batch, heads, queries, keys]. Boolean masks are combined first and then
 * made additive once for all blocks of a model. Everything here is operators: sizes stay open in a graph.
 */
#ifndef VT_NN_MASKS_H
#define VT_NN_MASKS_H

#include "nn/eager.h"

/* What a blocked key's score is lowered by: its weight is exactly 0 in f32 next to any open key. Finite, so
 * that a row without open keys stays finite (all keys alike). */
#define VT_BLOCKED (-1e9)

/* Query i stands at place offset + i, key j at j: open when j ≤ place and, for `window` > 0, place − j <
 * window. [queries, keys] bool. */
vt_tensor *vt_mask_causal(vt_ctx *ctx, int64_t queries, int64_t keys, int64_t offset, int64_t window);
/* |i − j| < window, both ways: [count, count] bool. */
vt_tensor *vt_mask_window(vt_ctx *ctx, int64_t count, int64_t window);
/* Keys that are there: `valid` [batch, keys], any number type, 0 = padding. [batch, 1, 1, keys] bool. */
vt_tensor *vt_mask_keys(vt_ctx *ctx, vt_tensor *valid);
/* Tokens of the same region look at each other: ids i64 [batch, queries] and [batch, keys].
 * [batch, 1, queries, keys] bool. */
vt_tensor *vt_mask_regions(vt_ctx *ctx, vt_tensor *query_ids, vt_tensor *key_ids);
/* Open where another activation lies above the threshold. Comparisons carry no gradient: the mask is
 * detached by its nature. Same shape, bool. */
vt_tensor *vt_mask_above(vt_ctx *ctx, vt_tensor *activation, double threshold);
/* Both must be open. Either may be NULL (all open). */
vt_tensor *vt_mask_and(vt_ctx *ctx, vt_tensor *a, vt_tensor *b);
/* Rows (last axis) without an open key become all open; the others stay. */
vt_tensor *vt_mask_reopen(vt_ctx *ctx, vt_tensor *mask);
/* Boolean to additive: 0 and VT_BLOCKED. f32 masks pass, NULL too. */
vt_tensor *vt_mask_additive(vt_ctx *ctx, vt_tensor *mask);

/* Region ids of the square windows of side `side` that a grid is cut into, moved by `shift` cells down and
 * right (Swin: side / 2); i64 [1, height · width]. With vt_mask_regions() this is windowed attention on any
 * grid; sizes that `side` does not divide give smaller windows at the border. */
vt_tensor *vt_window_ids(vt_ctx *ctx, int64_t height, int64_t width, int64_t side, int64_t shift);
/* Tokens [batch, height · width, C] to [batch · windows, side², C] and back: the cheap form, for sides that
 * divide the grid. */
vt_tensor *vt_window_cut(vt_ctx *ctx, vt_tensor *x, int64_t height, int64_t width, int64_t side);
vt_tensor *vt_window_join(vt_ctx *ctx, vt_tensor *windows, int64_t height, int64_t width, int64_t side);

#endif
