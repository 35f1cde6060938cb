/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors of the methods that make maps, each at the foot of its file. (Those that rank regions: lima.h.)
 */
#ifndef VT_ATTRIBUTION_METHODS_H
#define VT_ATTRIBUTION_METHODS_H

#include "explain/method.h"

/* gradients */
extern const vt_method vt_method_saliency;

/* backward rules */
extern const vt_method vt_method_guided_backprop;
extern const vt_method vt_method_deconvolution;

#endif
