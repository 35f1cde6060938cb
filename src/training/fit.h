/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether settings of a network fit together and fit the data; said when a learner is opened. For use inside
 * the room.
 */
#ifndef VT_TRAINING_FIT_H
#define VT_TRAINING_FIT_H

#include "base/params.h"
#include "nn/resnet.h"
#include "nn/task.h"
#include "nn/vit.h"

/* What a classifier's scores are taught to be; for settings with members `objective` (int), `annealing`
 * (int64_t) and `noise` (double). */
/* clang-format off */
#define VT_OBJECTIVE_FIELDS(type)                                                                           \
  {"objective", VT_FIELD_CHOICE, offsetof(type, objective), "entropy", .choices = VT_OBJECTIVE_CHOICES,     \
   .help = "what is learned: logits by cross-entropy, or evidence e = exp(score) for classes, so that "     \
           "K / sum(e + 1) says how uncertain the network is"},                                             \
  {"annealing", VT_FIELD_INT, offsetof(type, annealing), "0", VT_RANGE(0, 1e9),                             \
   .help = "evidential: steps until evidence for other classes than the label is punished in full "         \
           "(KL to the flat Dirichlet); 0: never"},                                                         \
  {"noise", VT_FIELD_REAL, offsetof(type, noise), "0", VT_RANGE(0, 1),                                      \
   .help = "evidential: pictures of noise added to a batch, as a share of it, for which there is to be no " \
           "evidence"}
/* clang-format on */

/* VT_ERROR_INVALID_ARGUMENT unless the heads divide the width. */
vt_status vt_fit_heads(vt_ctx *ctx, int64_t heads, int64_t width);
/* Channels of a stem into the settings, and the grid that its convolutions make of height × width pixels. At
 * most VT_STEM_STAGES multiples of 8; none: a pixel is a token. */
vt_status vt_fit_stem(vt_ctx *ctx, const vt_ints *stem, int64_t height, int64_t width, vt_vit_settings *out);
/* Stages of a residual network: channels of each, blocks of each (one number holds for all); later stages
 * than the first halve their map. */
vt_status vt_fit_stages(vt_ctx *ctx, const vt_ints *widths, const vt_ints *blocks, int64_t first_stride,
                        vt_resnet_settings *out);

#endif
