/* SPDX-License-Identifier: Apache-2.0
 *
 * A pair of towers as a classifier of pictures: the vector of a class is the mean of what the text tower
 * makes of all prompts with its name (Radford et al. 2021), logits are its products with the picture's,
 * times the learned scale.
 */
#ifndef VT_TRAINING_ZERO_SHOT_H
#define VT_TRAINING_ZERO_SHOT_H

#include "training/learner.h"

/* Unit vectors of classes, f32 [classes, width], of a learner of kind "towers": each prompt's vector has
 * length 1, so has their mean. `names` are what classes are called. The tensor is made in the context. */
vt_status vt_class_vectors(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                           const char *const *names, int count, vt_tensor **out);
/* image → "logits" [batch, classes of the data], "image.embedding" [batch, width]. Free with
 * vt_graph_free(). */
vt_status vt_zero_shot_graph(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                             vt_graph **out);

/* ---- of learner_towers.c ---- */

/* image [batch, …], tokens i64 [batch, length] → unit rows [batch, width]. */
vt_tensor *vt_learner_embed_images(vt_scope s, const vt_learner *learner, vt_tensor *image);
vt_tensor *vt_learner_embed_texts(vt_scope s, const vt_learner *learner, vt_tensor *tokens);

#endif
