/* SPDX-License-Identifier: Apache-2.0
 *
 * Noisy linear imputation (Rong et al., ICML 2022): pixels taken out are filled so that what they say is no
 * more than what their neighbours say.
 */
#ifndef VT_METRICS_IMPUTE_H
#define VT_METRICS_IMPUTE_H

#include "base/base.h"

/* Fills one channel [height, width], whose values stand `step` floats apart. Each pixel where `missing` is
 * not 0 becomes the weighted mean of its neighbours, 1/6 for the four that touch, 1/12 for the diagonal
 * ones, divided by the weights inside the picture; all at once, to a residual of 1e-9. At least one pixel
 * must be known. */
vt_status vt_impute(vt_ctx *ctx, const uint8_t *missing, int height, int width, float *channel, size_t step);

#endif
