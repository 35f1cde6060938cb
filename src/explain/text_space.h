/* SPDX-License-Identifier: Apache-2.0
 *
 * Text beside pictures: directions of texts in the space that a model's embedding lies in, as its sidecar
 * says ("text": encoder, mean, scale).
 */
#ifndef VT_EXPLAIN_TEXT_SPACE_H
#define VT_EXPLAIN_TEXT_SPACE_H

#include "explain/model.h"
#include "tensor/tensor.h"

/* Unit vectors of `count` texts, out[i] f32[width] made in `ctx`; NULL texts give NULL. The encoder is read
 * and given up again here. VT_ERROR_INVALID_ARGUMENT when the sidecar names no encoder;
 * VT_ERROR_INVALID_DATA when encoder, mean and the model's embedding are not equally long. */
vt_status vt_text_directions(vt_ctx *ctx, const vt_model *model, const char *const *texts, int count,
                             vt_tensor **out);
/* Factor of cosines with texts. */
double vt_text_scale(const vt_model *model);

#endif
