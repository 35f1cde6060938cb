/* SPDX-License-Identifier: Apache-2.0
 *
 * The map cut at a threshold against the mask: overlap over union and Dice of pixels, and the overlap of
 * boxes that weakly supervised detection uses (Zhou et al., CVPR 2016).
 */
#include <math.h>

#include "metrics/localisation.h"

typedef struct iou_settings {
  int threshold;
  double box_share;
} iou_settings;

enum { CUT_AREA, CUT_MEAN, CUT_HALF, CUT_OTSU };

static const vt_field fields[] = {
    {"threshold", VT_FIELD_CHOICE, offsetof(iou_settings, threshold), "area",
     .choices = "area|mean|half|otsu",
     .help = "which pixels count: as many of the highest as the mask has, those above the mean, those from "
             "half way "
             "between the least and the greatest value, or those that Otsu's threshold separates"},
    {"box_share", VT_FIELD_REAL, offsetof(iou_settings, box_share), "0.2", VT_RANGE(0, 1),
     .help = "the box holds the largest connected part above this share of the maximum"},
};

/* Otsu 1979 on 256 bins: the threshold that leaves the greatest variance between the two classes. */
static double otsu(const vt_located *located)
{
  enum { BINS = 256 };
  double low = located->values[located->falling[located->pixels - 1]],
         high = located->values[located->falling[0]], counts[BINS] = {0}, total = 0, best = -1, cut = low;
  if (high == low) return low;
  for (int64_t i = 0; i < located->pixels; i++) {
    int bin = (int)((located->values[i] - low) / (high - low) * BINS);
    bin = bin < BINS ? bin : BINS - 1;
    counts[bin]++;
    total += bin;
  }
  double below = 0, sum = 0, n = (double)located->pixels;
  for (int t = 0; t + 1 < BINS; t++) {
    below += counts[t];
    sum += t * counts[t];
    if (below == 0 || below == n) continue;
    double apart = sum / below - (total - sum) / (n - below), variance = below * (n - below) * apart * apart;
    if (variance > best) {
      best = variance;
      cut = low + (high - low) * (t + 1) / BINS;
    }
  }
  return cut;
}

static void cut_map(const vt_located *located, int threshold, uint8_t *chosen)
{
  double low = located->values[located->falling[located->pixels - 1]],
         high = located->values[located->falling[0]], mean = 0, cut = (low + high) / 2;
  if (threshold == CUT_AREA) {
    for (int64_t i = 0; i < located->inside; i++)
      chosen[located->falling[i]] = 1;
    return;
  }
  for (int64_t i = 0; i < located->pixels; i++)
    mean += located->values[i] / (double)located->pixels;
  if (threshold == CUT_OTSU) cut = otsu(located);
  for (int64_t i = 0; i < located->pixels; i++)
    chosen[i] = threshold == CUT_MEAN ? located->values[i] > mean : located->values[i] >= cut;
}

/* ---- boxes ---- */

typedef struct box {
  int left, top, right, bottom; /* right and bottom outside */
} box;

static void grow(box *around, int x, int y)
{
  if (x < around->left) around->left = x;
  if (y < around->top) around->top = y;
  if (x >= around->right) around->right = x + 1;
  if (y >= around->bottom) around->bottom = y + 1;
}

/* Marks the part around `start` with 2 in `chosen`, its pixels' count; neighbours touch by an edge. */
static int64_t flood(const vt_located *located, uint8_t *chosen, int32_t *queue, int32_t start, box *around)
{
  int64_t head = 0, tail = 0;
  *around = (box){located->width, located->height, 0, 0};
  queue[tail++] = start;
  chosen[start] = 2;
  while (head < tail) {
    int32_t p = queue[head++];
    int x = p % located->width, y = p / located->width;
    grow(around, x, y);
    if (x > 0 && chosen[p - 1] == 1) chosen[p - 1] = 2, queue[tail++] = p - 1;
    if (x + 1 < located->width && chosen[p + 1] == 1) chosen[p + 1] = 2, queue[tail++] = p + 1;
    if (y > 0 && chosen[p - located->width] == 1)
      chosen[p - located->width] = 2, queue[tail++] = p - located->width;
    if (y + 1 < located->height && chosen[p + located->width] == 1)
      chosen[p + located->width] = 2, queue[tail++] = p + located->width;
  }
  return tail;
}

static double box_overlap(box a, box b)
{
  double width = fmin(a.right, b.right) - fmax(a.left, b.left),
         height = fmin(a.bottom, b.bottom) - fmax(a.top, b.top);
  double both = width > 0 && height > 0 ? width * height : 0;
  double areas =
      (double)(a.right - a.left) * (a.bottom - a.top) + (double)(b.right - b.left) * (b.bottom - b.top);
  return both / (areas - both);
}

/* Box of the largest part above the share of the maximum, against the box around the mask. */
static double box_iou(const vt_located *located, double share, uint8_t *chosen, int32_t *queue)
{
  double low = located->values[located->falling[located->pixels - 1]],
         high = located->values[located->falling[0]];
  box around_mask = {located->width, located->height, 0, 0}, best = around_mask, around;
  int64_t largest = 0;
  for (int64_t i = 0; i < located->pixels; i++) {
    chosen[i] = high > low && (located->values[i] - low) / (high - low) >= share;
    if (located->mask[i]) grow(&around_mask, (int)(i % located->width), (int)(i / located->width));
  }
  for (int32_t i = 0; i < located->pixels; i++) {
    if (chosen[i] != 1) continue;
    int64_t size = flood(located, chosen, queue, i, &around);
    if (size <= largest) continue;
    largest = size;
    best = around;
  }
  return largest ? box_overlap(best, around_mask) : NAN;
}

static vt_status judge(vt_ctx *ctx, const vt_located *located, const iou_settings *settings, vt_measure *out)
{
  uint8_t *chosen = vt_alloc_zero(ctx, (size_t)located->pixels, 1);
  int32_t *queue = vt_alloc_zero(ctx, (size_t)located->pixels, sizeof *queue);
  vt_status status = chosen && queue ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    int64_t both = 0, taken = 0;
    cut_map(located, settings->threshold, chosen);
    for (int64_t i = 0; i < located->pixels; i++) {
      taken += chosen[i];
      both += chosen[i] && located->mask[i];
    }
    out->value = (double)both / (double)(taken + located->inside - both);
    vt_measure_add(out, "dice", "Dice", 2 * (double)both / (double)(taken + located->inside));
    double iou = box_iou(located, settings->box_share, chosen, queue);
    vt_measure_add(out, "box", "overlap of the boxes over their union", iou);
    vt_measure_add(out, "box_hit", "1 when that is at least a half", isnan(iou) ? NAN : iou >= 0.5);
    vt_measure_add(out, "taken", "share of the picture above the threshold",
                   (double)taken / (double)located->pixels);
  }
  vt_free(chosen);
  vt_free(queue);
  return status;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, true, out, &located));
  vt_status status = located.inside ? judge(ctx, &located, settings, out)
                                    : vt_measure_undefined(ctx, out, "the mask is empty");
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_map_iou = {
    .id = "map-iou",
    .title = "Map IoU",
    .summary = "Overlap over union of the mask of what decides and the pixels of the map above a threshold; "
               "beside it "
               "Dice, and the overlap of the boxes around the largest part of the map and around the mask.",
    .citation =
        "Zhou, B., Khosla, A., Lapedriza, A., Oliva, A., Torralba, A. (2016). Learning deep features for "
        "discriminative localization. CVPR.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .settings_size = sizeof(iou_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
