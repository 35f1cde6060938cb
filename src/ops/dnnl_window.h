/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows as oneDNN is told of them: the last 1 to 3 of three sizes.
 */
#ifndef VT_OPS_DNNL_WINDOW_H
#define VT_OPS_DNNL_WINDOW_H

#include "ops/dnnl.h"
#include "ops/window.h"

/* False for settings beyond any real model's, which overflow the 32-bit offsets inside oneDNN's kernels. */
bool vt_dnnl_ordinary(const vt_window *window);
/* The last `window->axes` of three sizes, less `minus` each. */
void vt_dnnl_last_axes(const vt_window *window, const int64_t sizes[3], int64_t minus, int64_t *out);
void vt_dnnl_key_window(vt_dnnl_key *key, const vt_window *window);

#endif
