/* SPDX-License-Identifier: Apache-2.0
 *
 * What brings maps of several sizes together.
 */
#ifndef VT_NN_FPN_H
#define VT_NN_FPN_H

#include "nn/maps.h"

/* Feature pyramid (Lin et al. 2017): every map by 1×1 to `width` channels, plus the coarser one made larger
 * (nearest), then 3×3. Maps come and go finest first. Parameters: lateral.I, out.I; names: fpn.I. */
vt_maps vt_fpn(vt_scope s, const vt_maps *maps, int64_t width);

/* Exchange between neighbours of a pyramid of equal channels C (a multiple of 4), `rounds` times: each map
 * keeps the first half of its channels, takes the last quarter of the coarser map's and the third quarter of
 * the finer one's (its own at the ends), made its size (linear), and goes through the round's 3×3, group norm
 * and ReLU, which all maps share. Parameters: rounds.R.{conv, norm}. */
vt_maps vt_shuffle_fuse(vt_scope s, const vt_maps *maps, int rounds);

#endif
