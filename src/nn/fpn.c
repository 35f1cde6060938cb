/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/fpn.h"

static vt_tensor *sized_like(vt_ctx *ctx, vt_tensor *x, const vt_tensor *like, const char *mode)
{
  if (vt_dim(x, 2) == vt_dim(like, 2) && vt_dim(x, 3) == vt_dim(like, 3)) return x;
  return vt_resize_to(ctx, x, vt_dim(like, 2), vt_dim(like, 3), mode);
}

vt_maps vt_fpn(vt_scope s, const vt_maps *maps, int64_t width)
{
  vt_ctx *ctx = s.run->ctx;
  vt_maps out = {.count = maps->count};
  vt_tensor *above = NULL;
  for (int i = maps->count - 1; i >= 0; i--) {
    vt_conv_settings lateral = {.out = width, .kernel = 1, .bias = VT_BIAS};
    vt_conv_settings last = {.out = width, .kernel = 3, .padding = -1, .bias = VT_BIAS};
    vt_tensor *x = vt_conv(vt_sub(s, "lateral.%d", i), maps->maps[i], lateral);
    if (above) x = vt_add(ctx, x, sized_like(ctx, above, x, "nearest"));
    above = x;
    char number[16];
    snprintf(number, sizeof number, "%d", i);
    out.maps[i] = vt_name(vt_sub(s, "fpn"), vt_conv(vt_sub(s, "out.%d", i), x, last), number);
  }
  return out;
}

static vt_tensor *exchanged(vt_ctx *ctx, const vt_maps *maps, int at)
{
  vt_tensor *own = maps->maps[at];
  vt_tensor *coarser = maps->maps[at + 1 < maps->count ? at + 1 : at],
            *finer = maps->maps[at > 0 ? at - 1 : 0];
  int64_t width = vt_dim(own, 1), quarter = width / 4, half = width - 2 * quarter;
  vt_tensor *parts[] = {
      vt_slice(ctx, own, 1, 0, half),
      sized_like(ctx, vt_slice(ctx, coarser, 1, half + quarter, width), own, "linear"),
      sized_like(ctx, vt_slice(ctx, finer, 1, half, half + quarter), own, "linear"),
  };
  return vt_concat(ctx, 1, 3, parts);
}

vt_maps vt_shuffle_fuse(vt_scope s, const vt_maps *maps, int rounds)
{
  vt_ctx *ctx = s.run->ctx;
  vt_maps now = *maps;
  vt_map_norm_settings norm = {.kind = VT_NORM_GROUP};
  for (int round = 0; round < rounds; round++) {
    vt_maps next = {.count = now.count};
    for (int i = 0; i < now.count; i++) {
      vt_conv_settings conv = {.out = vt_dim(now.maps[i], 1), .kernel = 3, .padding = -1};
      vt_tensor *x = exchanged(ctx, &now, i);
      x = vt_conv_norm(vt_sub(s, "rounds.%d", round), "conv", "norm", x, conv, norm);
      next.maps[i] = vt_activate(ctx, x, VT_RELU);
    }
    now = next;
  }
  return now;
}
