/* SPDX-License-Identifier: Apache-2.0
 *
 * A stack of masks, any overlap, made a division (01-lima §1, "sam"): pair by pair the overlap stays with the
 * mask of which it is the larger share, masks of at most 0.05 % of the picture are dropped, and what no mask
 * covers becomes one more region. Masks are packed into words, since every pair is looked at.
 */
#include "explain/regions.h"

typedef struct packed {
  int count;
  size_t words;   /* of one mask */
  uint64_t *bits; /* [count, words] */
  int64_t *areas; /* [count], kept up to date */
} packed;

static vt_status pack(vt_ctx *ctx, const vt_masks *masks, packed *out)
{
  size_t pixels = (size_t)masks->height * (size_t)masks->width, total;
  out->count = masks->count;
  out->words = (pixels + 63) / 64;
  if (!vt_size_mul((size_t)masks->count, out->words, &total))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%d masks of %zu pixels do not fit into memory", masks->count,
                   pixels);
  out->bits = vt_alloc_zero(ctx, total, sizeof *out->bits);
  out->areas = vt_alloc_zero(ctx, (size_t)masks->count, sizeof *out->areas);
  if (!out->bits || !out->areas) return VT_ERROR_OUT_OF_MEMORY;
  for (int m = 0; m < masks->count; m++) {
    const uint8_t *mask = masks->bits + (size_t)m * pixels;
    uint64_t *bits = out->bits + (size_t)m * out->words;
    for (size_t i = 0; i < pixels; i++)
      if (mask[i]) {
        bits[i / 64] |= (uint64_t)1 << (i % 64);
        out->areas[m]++;
      }
  }
  return VT_OK;
}

static int64_t common_pixels(const uint64_t *a, const uint64_t *b, size_t words)
{
  int64_t count = 0;
  for (size_t w = 0; w < words; w++)
    count += __builtin_popcountll(a[w] & b[w]);
  return count;
}

static void take_away(packed *masks, int loser, const uint64_t *winner, int64_t common)
{
  uint64_t *bits = masks->bits + (size_t)loser * masks->words;
  for (size_t w = 0; w < masks->words; w++)
    bits[w] &= ~winner[w];
  masks->areas[loser] -= common;
}

/* prop_i = |∩|/|i| with the areas as they are by then; when prop_i > prop_j, j loses the overlap, else i. */
static vt_status resolve_pairs(vt_ctx *ctx, packed *masks)
{
  for (int i = 0; i < masks->count; i++) {
    VT_TRY(vt_check_cancel(ctx));
    uint64_t *first = masks->bits + (size_t)i * masks->words;
    for (int j = i + 1; j < masks->count; j++) {
      uint64_t *second = masks->bits + (size_t)j * masks->words;
      int64_t common = common_pixels(first, second, masks->words);
      if (!common) continue;
      /* |∩|/|i| > |∩|/|j| exactly when |i| < |j| */
      if (masks->areas[i] < masks->areas[j])
        take_away(masks, j, first, common);
      else
        take_away(masks, i, second, common);
    }
  }
  return VT_OK;
}

static void count_cover(const vt_masks *masks, vt_regions_report *report)
{
  size_t pixels = (size_t)masks->height * (size_t)masks->width;
  for (size_t i = 0; i < pixels; i++) {
    int cover = 0;
    for (int m = 0; m < masks->count && cover < 2; m++)
      cover += masks->bits[(size_t)m * pixels + i] != 0;
    report->uncovered_pixels += cover == 0;
    report->overlap_pixels += cover > 1;
  }
}

static void write_labels(const packed *masks, int64_t pixels, int32_t *labels, vt_regions_report *report)
{
  int32_t next = 0;
  for (int64_t i = 0; i < pixels; i++)
    labels[i] = -1;
  for (int m = 0; m < masks->count; m++) {
    if (masks->areas[m] * 2000 <= pixels) { /* 0.05 % */
      report->dropped_regions++;
      report->dropped_pixels += masks->areas[m];
      continue;
    }
    const uint64_t *bits = masks->bits + (size_t)m * masks->words;
    for (int64_t i = 0; i < pixels; i++)
      if (bits[i / 64] >> (i % 64) & 1) labels[i] = next;
    next++;
  }
  for (int64_t i = 0; i < pixels; i++)
    if (labels[i] < 0) labels[i] = next;
}

vt_status vt_overlap_resolve(vt_ctx *ctx, const vt_masks *masks, int32_t *labels, vt_regions_report *report)
{
  if (masks->count < 1) return vt_fail(ctx, VT_ERROR_INVALID_DATA, "there is no mask to make regions of");
  packed packed_masks = {0};
  vt_status status = pack(ctx, masks, &packed_masks);
  if (status == VT_OK) status = resolve_pairs(ctx, &packed_masks);
  if (status == VT_OK) {
    count_cover(masks, report);
    write_labels(&packed_masks, (int64_t)masks->height * masks->width, labels, report);
  }
  vt_free(packed_masks.bits);
  vt_free(packed_masks.areas);
  return status;
}

vt_status vt_labels_from_masks(vt_ctx *ctx, const char *path, int height, int width,
                               const vt_placement *placement, int32_t *labels, vt_regions_report *report)
{
  vt_masks *file = NULL;
  vt_masks seen = {.height = height, .width = width};
  int64_t *places = NULL;
  size_t pixels = (size_t)height * (size_t)width;
  vt_status status = vt_masks_read(ctx, path, &file);
  if (status == VT_OK)
    status = vt_places_in_file(ctx, path, file->height, file->width, height, width, placement, &places);
  if (status == VT_OK) {
    seen.count = file->count;
    seen.bits = vt_alloc_zero(ctx, (size_t)file->count, pixels);
    if (!seen.bits) status = VT_ERROR_OUT_OF_MEMORY;
  }
  for (int m = 0; status == VT_OK && m < file->count; m++) {
    const uint8_t *from = file->bits + (size_t)m * (size_t)file->height * (size_t)file->width;
    uint8_t *to = seen.bits + (size_t)m * pixels;
    for (size_t i = 0; i < pixels; i++)
      to[i] = places[i] >= 0 && from[places[i]];
  }
  if (status == VT_OK) {
    status = vt_overlap_resolve(ctx, &seen, labels, report);
    if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  }
  vt_free(seen.bits);
  vt_free(places);
  vt_masks_free(file);
  return status;
}
