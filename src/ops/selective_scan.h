/* SPDX-License-Identifier: Apache-2.0
 *
 * What SelectiveScan and its gradient share.
 */
#ifndef VT_OPS_SELECTIVE_SCAN_H
#define VT_OPS_SELECTIVE_SCAN_H

#include "ops/gradient.h"

enum { VT_SCAN_U, VT_SCAN_DELTA, VT_SCAN_A, VT_SCAN_B, VT_SCAN_C, VT_SCAN_SKIP, VT_SCAN_INPUTS };
enum { VT_SCAN_CHANNELS = 16, VT_SCAN_STATES = 64 }; /* channels of a task; the most states of one */

vt_status vt_selective_scan_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
