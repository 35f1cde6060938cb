/* SPDX-License-Identifier: Apache-2.0
 *
 * Methods that make maps: from the numbers a method found to the explanation's attribution, saliency,
 * native map and ranking of regions. Values stay raw and signed.
 */
#ifndef VT_EXPLAIN_MAP_H
#define VT_EXPLAIN_MAP_H

#include "explain/method.h"

/* ---- what a method asks and says ---- */

/* vt_subject_look() for a method: counted in the explanation, in the precision of the task unless `look`
 * names one. */
vt_status vt_task_look(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int count,
                       const vt_look *look, vt_compose_fn compose, vt_see_fn see, void *user);

/* The target's scores of `count` inputs that a method composes itself, in scores[count], by the model alone
 * (no inside is needed): counted in the explanation. */
vt_status vt_task_score(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int count,
                        vt_compose_fn compose, void *user, double *scores);

/* Elements of the varying tensor, known for models without an inside too. */
size_t vt_task_floats(const vt_task *task);

/* The map as found: one number for each element of the varying tensor, in its layout (`values`,
 * [vt_task_floats()]). Pictures are stored [channels, height, width] whatever the model's layout; other
 * inputs without their batch axis. `reduction` is what AUTO means for this method. */
vt_status vt_map_set(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const double *values,
                     vt_reduction reduction);
/* The map of a layer, [height, width] (one row for tokens: height 1), of the tensor `name`: kept as native
 * map, and resized to the input (bilinear, half-pixel centres, edges clamped). The attribution is that
 * resized map divided evenly among the channels, so that its sum over channels is the saliency. `relu`:
 * negative values are cut before resizing (native keeps them). */
vt_status vt_map_set_native(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const char *name,
                            const double *values, int height, int width, bool relu);
/* One number for each pixel of a picture, `values` [height, width], divided evenly among its channels. */
vt_status vt_map_set_pixels(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                            const double *values);
/* One number for each region of a picture (`values` [regions]) or for each place of the first axis of
 * arrays (tokens, columns, or their groups): every pixel or token carries the number of its region,
 * divided evenly among its channels or elements, so that their sum is it. */
vt_status vt_map_set_regions(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                             const double *values);
/* Records that the map should add up to `difference`; the sum is taken from the attribution. */
void vt_map_complete(vt_explanation *explanation, double sum, double difference);

/* What stands for "nothing" in methods that compare, in `out` [floats]: "zero" (0 after normalisation),
 * "fill" (what hides regions in this run), or as a picture: black, white, mean, blur, noise, an image
 * file. For inputs that are no pictures only zero. */
vt_status vt_baseline_make(vt_ctx *ctx, const vt_task *task, const char *text, float *out);
#define VT_BASELINE_HELP                                                                                     \
  "what the picture is compared with: zero (after normalisation), fill (what hides regions), black, white, " \
  "mean, blur, noise or a file"

/* ---- after the method ---- */

/* Reduces the attribution to the saliency ([height, width] of pictures, [tokens] of sequences) and ranks the
 * regions by it: mean (`by_sum`: sum) of the saliency over a region, ties to the lower index. `reduction`:
 * what the user asked for. */
vt_status vt_map_finish(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, vt_reduction reduction,
                        bool by_sum);

#endif
