/* SPDX-License-Identifier: Apache-2.0
 *
 * What a convolution and its transpose share: the attribute `group`, and the plain way on f64 copies.
 */
#ifndef VT_OPS_CONV_H
#define VT_OPS_CONV_H

#include "ops/window.h"

typedef struct vt_conv_work {
  vt_window window;
  int64_t outputs, group_inputs, group_outputs; /* channels of Y; of X and of Y in one group */
  double *x, *w, *bias, *y;
} vt_conv_work;

/* Fills the output of a call whose window and channels stand in `work`: copies what is read (a bias of zeros
 * when there is none), has `planes` compute planes [first, last) of Y, counted over batch and output
 * channels, from several threads, and rounds Y into the output. */
vt_status vt_conv_plain(vt_ctx *ctx, const vt_call *call, vt_conv_work *work,
                        void (*planes)(void *work, int64_t first, int64_t last));

#define VT_GROUP_FIELD(type)                                                                                 \
  {                                                                                                          \
    .name = "group", .kind = VT_FIELD_INT, .offset = offsetof(type, group), .fallback = "1",                 \
    VT_RANGE(1, 0x7fffffff), .help = "groups of channels that do not see each other"                         \
  }

#endif
