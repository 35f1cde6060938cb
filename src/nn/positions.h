/* SPDX-License-Identifier: Apache-2.0
 *
 * Where tokens stand: learned tables, sinusoids, rotations.
 */
#ifndef VT_NN_POSITIONS_H
#define VT_NN_POSITIONS_H

#include "nn/scope.h"

/* Rows `first` to `first + count` of the learned table "weight" [limit, width]: [count, width]. More rows
 * than the table has is an error that names both. */
vt_tensor *vt_positions_learned(vt_scope s, int64_t first, int64_t count, int64_t limit, int64_t width,
                                double std);
/* The learned table of a grid, "pos_embed" [1, rows · columns, width], resampled bilinearly (half-pixel
 * centres) to another grid: [1, height · width_of_grid, width]. */
vt_tensor *vt_positions_grid(vt_scope s, int64_t rows, int64_t columns, int64_t height, int64_t across,
                             int64_t width, double std);
/* Fixed 2-D sinusoids [1, height · across, width]: quarters sin y, cos y, sin x, cos x at frequencies
 * 10000^(−4k/width) (Vaswani et al. 2017, one axis each half). `span` 0: cells count 0, 1, 2 …; otherwise
 * cell i of n stands at span · (i + ½) / n, which keeps a picture's places when its grid changes. `width` is
 * a multiple of 4. */
vt_tensor *vt_positions_sinusoid(vt_ctx *ctx, int64_t height, int64_t across, int64_t width, double span);

/* Rotations of queries and keys (Su et al. 2021): channel k turns with channel k + width/2. Both NULL: none.
 * Tables broadcast to [batch, heads, tokens, width]. */
typedef struct vt_rotary {
  vt_tensor *cosine, *sine;
} vt_rotary;
/* positions i64 or f32, [tokens] or [batch, tokens]; frequencies base^(−2k/width), base 0: 10000. */
vt_rotary vt_rotary_line(vt_ctx *ctx, vt_tensor *positions, int64_t width, double base);
/* Axial: the first half of the pairs turns with the row, the second with the column; base 0: 100. `prefix`
 * tokens in front (CLS, prompts) do not turn. `width` is a multiple of 4. */
vt_rotary vt_rotary_grid(vt_ctx *ctx, int64_t prefix, int64_t height, int64_t across, int64_t width,
                         double base);
vt_tensor *vt_rotate(vt_ctx *ctx, vt_tensor *x, vt_rotary rotary);

#endif
