/* SPDX-License-Identifier: Apache-2.0
 *
 * COCO run lengths. The compressed form writes each count (from the fourth on as difference to the one two
 * before) in groups of five bits, low first, as characters 48 + group; bit 32 says that more follows, bit 16
 * of the last is the sign.
 */
#include "data/masks.h"

vt_status vt_rle_fill(vt_ctx *ctx, const int64_t *counts, size_t count, int height, int width, uint8_t *bits)
{
  int64_t total = (int64_t)height * width, at = 0;
  for (size_t i = 0; i < count; i++) {
    if (counts[i] < 0 || counts[i] > total - at)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "RLE: run %zu of %lld pixels does not fit a mask of %d×%d",
                     i, (long long)counts[i], height, width);
    for (int64_t end = at + counts[i]; at < end; at++)
      bits[(size_t)(at % height) * (size_t)width + (size_t)(at / height)] = (uint8_t)(i & 1);
  }
  if (at != total)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "RLE: the runs cover %lld of the %lld pixels of a mask of %d×%d", (long long)at,
                   (long long)total, height, width);
  return VT_OK;
}

vt_status vt_rle_decode(vt_ctx *ctx, const char *text, size_t length, int height, int width, uint8_t *bits)
{
  if (height < 1 || width < 1 || height > VT_MASK_MAX_SIDE || width > VT_MASK_MAX_SIDE)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "RLE: a mask of %d×%d; sides of 1 to %d are read", height,
                   width, VT_MASK_MAX_SIDE);
  /* each count takes at least one character */
  int64_t *counts = vt_alloc_zero(ctx, length, sizeof *counts);
  if (!counts) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  size_t count = 0, at = 0;
  while (at < length && status == VT_OK) {
    int64_t value = 0;
    int shift = 0;
    bool more = true;
    while (more && status == VT_OK) {
      int group = at < length ? (unsigned char)text[at++] - 48 : -1;
      /* 2^32 pixels and their sign fit in seven groups */
      if (group < 0 || group > 63 || shift > 30) {
        status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "RLE: damaged compressed counts at character %zu", at);
        break;
      }
      value |= (int64_t)(group & 31) << shift;
      shift += 5;
      more = (group & 32) != 0;
      if (!more && (group & 16)) value -= (int64_t)1 << shift;
    }
    /* earlier counts may be any 35-bit numbers, so their sum is watched before the runs are checked */
    if (count > 2) value += counts[count - 2];
    if (status == VT_OK && (value < 0 || value > (int64_t)height * width))
      status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "RLE: count %zu is %lld for a mask of %d×%d", count,
                       (long long)value, height, width);
    counts[count++] = value;
  }
  if (status == VT_OK) status = vt_rle_fill(ctx, counts, count, height, width, bits);
  vt_free(counts);
  return status;
}
