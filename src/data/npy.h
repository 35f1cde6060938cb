/* SPDX-License-Identifier: Apache-2.0
 *
 * The `.npy` form of an array in memory.
 */
#ifndef VT_DATA_NPY_H
#define VT_DATA_NPY_H

#include "tensor/tensor.h"

/* Appends header and data to an empty text (the header is padded to 64 bytes from its start). */
vt_status vt_npy_text(vt_ctx *ctx, const vt_tensor *tensor, vt_text *out);

#endif
