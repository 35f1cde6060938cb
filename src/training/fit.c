/* SPDX-License-Identifier: Apache-2.0 */
#include "training/fit.h"

vt_status vt_fit_heads(vt_ctx *ctx, int64_t heads, int64_t width)
{
  if (width % heads == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "heads: %lld do not divide the width %lld", (long long)heads,
                 (long long)width);
}

vt_status vt_fit_stem(vt_ctx *ctx, const vt_ints *stem, int64_t height, int64_t width, vt_vit_settings *out)
{
  if (stem->count > VT_STEM_STAGES)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "stem: %zu convolutions; %d at most", stem->count,
                   VT_STEM_STAGES);
  for (size_t i = 0; i < stem->count; i++) {
    if (stem->data[i] % 8)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "stem: %lld channels are no multiple of 8",
                     (long long)stem->data[i]);
    out->stem[i] = stem->data[i];
    height = (height + 1) / 2; /* stride 2, padding 1 */
    width = (width + 1) / 2;
  }
  out->rows = height;
  out->columns = width;
  return VT_OK;
}

vt_status vt_fit_stages(vt_ctx *ctx, const vt_ints *widths, const vt_ints *blocks, int64_t first_stride,
                        vt_resnet_settings *out)
{
  if (widths->count < 1 || widths->count >= VT_MOST_MAPS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "widths: %zu stages; 1 to %d are possible", widths->count,
                   VT_MOST_MAPS - 1);
  if (blocks->count != 1 && blocks->count != widths->count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "blocks: %zu numbers for %zu stages; give one, or one each", blocks->count, widths->count);
  for (size_t i = 0; i < widths->count; i++)
    out->stages[i] = (vt_resnet_stage){.width = widths->data[i],
                                       .stride = i ? 2 : first_stride,
                                       .blocks = blocks->data[blocks->count == 1 ? 0 : i]};
  return VT_OK;
}
