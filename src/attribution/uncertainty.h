/* SPDX-License-Identifier: Apache-2.0
 *
 * How uncertain an evidential network (nn/evidence.h) is about a picture of which only some regions are
 * shown: u(x_S) = K / Σ (e_k + 1). The network has its own preprocessing, and any number of outputs.
 */
#ifndef VT_ATTRIBUTION_UNCERTAINTY_H
#define VT_ATTRIBUTION_UNCERTAINTY_H

#include "explain/method.h"

typedef struct vt_uncertainty vt_uncertainty;

/* Composites have the size of `picture` and `blank`; a network of another size gets them stretched to it.
 * The model must give scores (logits); everything is borrowed. Free with vt_uncertainty_free(). */
vt_status vt_uncertainty_new(vt_ctx *ctx, vt_model *model, const vt_image *picture, const vt_image *blank,
                             const vt_regions *regions, vt_uncertainty **out);
void vt_uncertainty_free(vt_uncertainty *uncertainty); /* accepts NULL */
/* u of `count` subsets, subset i at bits[i·words]. Every subset is one forward of the network. */
vt_status vt_uncertainty_subsets(vt_ctx *ctx, vt_uncertainty *uncertainty, const uint64_t *bits, int words,
                                 int count, double *out);
/* Forwards so far. */
int64_t vt_uncertainty_forwards(const vt_uncertainty *uncertainty);

/* u of pictures of any size, [count]: one forward each. */
vt_status vt_uncertainty_pictures(vt_ctx *ctx, vt_model *model, const vt_image *const *pictures, int count,
                                  double *out);

#endif
