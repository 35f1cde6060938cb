/* SPDX-License-Identifier: Apache-2.0
 *
 * planted/peaks and planted/masks: maps and masks whose metrics are known from arithmetic on boxes and counts
 * (papers 18, 19, 24, 25, 29).
 */
#include <math.h>

#include "worlds/item_fields.h"
#include "worlds/planted.h"
#include "worlds/presets.h"

typedef struct peaks_options {
  double share, invisible, stable;
} peaks_options;

typedef struct peaks_record {
  uint64_t key;
  int32_t cells[VT_PEAK_PARTS]; /* of the grid, row × 16 + column */
  bool visible[VT_PEAK_PARTS];
  int32_t peak, noisy_peak; /* parts */
} peaks_record;

static const vt_field peaks_fields[] = {
    {"share", VT_FIELD_REAL, offsetof(peaks_options, share), "0.8", VT_RANGE(0, 1),
     .help = "share of the images that show part 0 whose peak lies on it; exact in every hundred"},
    {"invisible", VT_FIELD_REAL, offsetof(peaks_options, invisible), "0", VT_RANGE(0, 1),
     .help = "share of images that do not show part 0; exact in every hundred"},
    {"stable", VT_FIELD_REAL, offsetof(peaks_options, stable), "1", VT_RANGE(0, 1),
     .help = "share of images whose peak stays under noise; exact in every hundred"},
};

vt_peak_plan vt_planted_peak_plan(const vt_world *world)
{
  const peaks_options *options = world->options;
  int visible = (int)lround(VT_PEAK_IMAGES * (1 - options->invisible));
  return (vt_peak_plan){visible, (int)lround(options->share * visible),
                        (int)lround(options->stable * VT_PEAK_IMAGES)};
}

/* Place of an item in a shuffle of its hundred, so that shares are exact and yet unordered. */
static int place_in_hundred(const vt_world *world, vt_split split, int64_t index, const char *what)
{
  char purpose[64];
  snprintf(purpose, sizeof purpose, "peaks %s %s", what, vt_split_name(split));
  int order[VT_PEAK_IMAGES];
  vt_random_permutation(world->seed, vt_stream(purpose, (uint64_t)(index / VT_PEAK_IMAGES)), order,
                        VT_PEAK_IMAGES);
  return order[index % VT_PEAK_IMAGES];
}

static vt_status make_peaks(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                            void *record)
{
  VT_UNUSED(ctx);
  /* parts are 20 pixels apart or more, boxes around a peak have half a side of 10.3: a peak hits one part */
  static const int lattice[] = {2, 8, 13};
  vt_peak_plan plan = vt_planted_peak_plan(world);
  peaks_record *image = record;
  image->key = key;
  vt_draw draw = vt_draw_start(key, "peaks");
  int spots[9];
  for (int i = 0; i < 9; i++)
    spots[i] = lattice[i / 3] * VT_PEAK_GRID + lattice[i % 3];
  vt_draw_shuffle(&draw, spots, 9);
  int place = place_in_hundred(world, split, index, "part");
  for (int part = 0; part < VT_PEAK_PARTS; part++) {
    image->cells[part] = spots[part];
    image->visible[part] = part != 0 || place < plan.visible;
  }
  int other = 1 + vt_draw_below(&draw, VT_PEAK_PARTS - 1);
  image->peak = place < plan.on_part ? 0 : other;
  image->noisy_peak = image->peak;
  if (place_in_hundred(world, split, index, "noise") >= plan.stable) {
    int next = 1 + vt_draw_below(&draw, VT_PEAK_PARTS - 2); /* another of the parts that are always shown */
    image->noisy_peak = image->peak == 0 ? other : 1 + (image->peak - 1 + next) % (VT_PEAK_PARTS - 1);
  }
  return VT_OK;
}

static vt_status show_peaks(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const peaks_record *image = record;
  vt_peak_plan plan = vt_planted_peak_plan(world);
  item->truth = json_pack("{s:i,s:i,s:b,s:{s:i,s:i,s:i}}", "peak", image->peak, "noisy_peak",
                          image->noisy_peak, "shows_part", image->visible[0], "of_a_hundred", "visible",
                          plan.visible, "on_part", plan.on_part, "stable", plan.stable);
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe_peaks(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"map", VT_F32, 2, {VT_PEAK_GRID, VT_PEAK_GRID}},
      {"noisy_map", VT_F32, 2, {VT_PEAK_GRID, VT_PEAK_GRID}},
      {"keypoints", VT_F32, 2, {VT_PEAK_PARTS, 2}},
      {"visible", VT_I64, 1, {VT_PEAK_PARTS}},
      {"peak", VT_I64, 0, {0}},
      {"noisy_peak", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static void draw_map(uint64_t key, const char *what, int peak_cell, float *map)
{
  vt_draw draw = vt_draw_start(key, what);
  for (int i = 0; i < VT_PEAK_GRID * VT_PEAK_GRID; i++)
    map[i] = (float)vt_draw_uniform(&draw, 0, .2);
  map[peak_cell] = 1;
}

static vt_status fill_peaks(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass,
                            void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(world), VT_UNUSED(pass);
  const peaks_record *image = record;
  if (out[0]) draw_map(image->key, "map", image->cells[image->peak], out[0]);
  if (out[1]) draw_map(image->key, "noisy map", image->cells[image->noisy_peak], out[1]);
  float pixels = (float)VT_PEAK_PIXELS / VT_PEAK_GRID;
  for (int part = 0; part < VT_PEAK_PARTS; part++) {
    int row = image->cells[part] / VT_PEAK_GRID, column = image->cells[part] % VT_PEAK_GRID;
    if (out[2]) ((float *)out[2])[2 * part] = ((float)column + .5f) * pixels;
    if (out[2]) ((float *)out[2])[2 * part + 1] = ((float)row + .5f) * pixels;
    if (out[3]) ((int64_t *)out[3])[part] = image->visible[part];
  }
  if (out[4]) *(int64_t *)out[4] = image->peak;
  if (out[5]) *(int64_t *)out[5] = image->noisy_peak;
  return VT_OK;
}

const vt_preset vt_preset_planted_peaks = {
    .id = "planted/peaks",
    .title = "maps with one peak on a part in an exact share of images",
    .papers = "18 19",
    .version = 1,
    .counts = {1000, 100, 100},
    .fields = peaks_fields,
    .field_count = VT_COUNT(peaks_fields),
    .options_size = sizeof(peaks_options),
    .record_size = sizeof(peaks_record),
    .make = make_peaks,
    .show = show_peaks,
    .describe = describe_peaks,
    .fill = fill_peaks,
};

/* ---- masks ---- */

typedef struct box { /* half-open; empty: left == right */
  int32_t left, top, right, bottom;
} box;

enum { CELLS = 9, CELL = 8 };

typedef struct masks_record {
  int32_t kind;
  box predicted, truth;
  int32_t predicted_flag, true_flag;                     /* 1: there is no target */
  box predicted_instances[CELLS], true_instances[CELLS]; /* at most one of each in a cell of 8 × 8 */
} masks_record;

static int area(const box *a)
{
  return (a->right - a->left) * (a->bottom - a->top);
}

static int overlap(const box *a, const box *b)
{
  int left = a->left > b->left ? a->left : b->left, right = a->right < b->right ? a->right : b->right;
  int top = a->top > b->top ? a->top : b->top, bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
  return right > left && bottom > top ? (right - left) * (bottom - top) : 0;
}

static box draw_box(vt_draw *draw, int left, int top, int side, int least)
{
  int width = least + vt_draw_below(draw, side - least), height = least + vt_draw_below(draw, side - least);
  int x = left + vt_draw_below(draw, side - width + 1), y = top + vt_draw_below(draw, side - height + 1);
  return (box){x, y, x + width, y + height};
}

static vt_status make_masks(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                            void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(world), VT_UNUSED(split);
  masks_record *masks = record;
  vt_draw draw = vt_draw_start(key, "masks");
  masks->kind = (int32_t)(index % VT_MASK_CASES);
  box one = draw_box(&draw, 0, 0, VT_MASK_SIDE, 6), two = draw_box(&draw, 0, 0, VT_MASK_SIDE, 6);
  bool has_truth = masks->kind == VT_MASK_OVERLAP || masks->kind == VT_MASK_PERFECT ||
                   masks->kind == VT_MASK_MISSED || masks->kind == VT_MASK_WRONG_FLAG;
  bool has_mask = masks->kind == VT_MASK_OVERLAP || masks->kind == VT_MASK_PERFECT ||
                  masks->kind == VT_MASK_INVENTED || masks->kind == VT_MASK_WRONG_FLAG;
  if (has_truth) masks->truth = one;
  if (has_mask) masks->predicted = masks->kind == VT_MASK_PERFECT ? one : two;
  masks->true_flag = !has_truth;
  masks->predicted_flag = masks->kind == VT_MASK_FLAGGED || masks->kind == VT_MASK_WRONG_FLAG;
  bool none = index % 10 == 9; /* no instances at all, on either side */
  for (int cell = 0; cell < CELLS; cell++) {
    int left = cell % 3 * CELL, top = cell / 3 * CELL;
    bool both = vt_draw_chance(&draw, .6), first = vt_draw_chance(&draw, .7),
         second = vt_draw_chance(&draw, .7);
    box truth = draw_box(&draw, left, top, CELL, 4), predicted = draw_box(&draw, left, top, CELL, 4);
    if (vt_draw_chance(&draw, .3)) predicted = truth;
    if (none) continue;
    if (both || first) masks->true_instances[cell] = truth;
    if (both || second) masks->predicted_instances[cell] = predicted;
  }
  return VT_OK;
}

typedef struct mask_truth {
  double dice, iou;              /* NaN dice: both empty; iou by the rule of the flag (paper 24) */
  int intersection, joined;      /* by that rule */
  int matched, invented, missed; /* instances, IoU above ½ */
  double matched_iou, aji;
} mask_truth;

static mask_truth truth_of(const masks_record *masks)
{
  mask_truth truth = {0};
  int inside = overlap(&masks->predicted, &masks->truth),
      both = area(&masks->predicted) + area(&masks->truth);
  truth.dice = both ? 2. * inside / both : NAN;
  /* a raised flag empties the prediction; without a target the flag alone is right or wrong */
  truth.intersection = masks->predicted_flag ? 0 : inside;
  truth.joined = (masks->predicted_flag ? area(&masks->truth) : both - inside);
  truth.iou = masks->true_flag   ? masks->predicted_flag
              : truth.joined > 0 ? (double)truth.intersection / truth.joined
                                 : 0;
  int shared = 0, joined = 0;
  for (int cell = 0; cell < CELLS; cell++) {
    const box *a = &masks->true_instances[cell], *b = &masks->predicted_instances[cell];
    int common = overlap(a, b), all = area(a) + area(b) - common;
    bool match = 2 * common > all;
    truth.matched += match;
    truth.matched_iou += match ? (double)common / all : 0;
    truth.missed += area(a) > 0 && !match;
    truth.invented += area(b) > 0 && !match;
    shared += common;
    joined += all; /* what does not meet counts whole, as in the aggregated Jaccard index */
  }
  truth.aji = joined ? (double)shared / joined : 1;
  return truth;
}

static vt_status show_masks(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  static const char *const names[VT_MASK_CASES] = {"overlap", "perfect",    "missed", "invented",
                                                   "flagged", "wrong flag", "silent"};
  const masks_record *masks = record;
  mask_truth truth = truth_of(masks);
  item->truth =
      json_pack("{s:s,s:o,s:f,s:i,s:i,s:{s:i,s:i,s:i,s:f,s:f}}", "case", names[masks->kind], "dice",
                isnan(truth.dice) ? json_null() : json_real(truth.dice), "iou", truth.iou, "intersection",
                truth.intersection, "union", truth.joined, "instances", "matched", truth.matched, "invented",
                truth.invented, "missed", truth.missed, "matched_iou", truth.matched_iou, "aji", truth.aji);
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe_masks(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"predicted_mask", VT_U8, 2, {VT_MASK_SIDE, VT_MASK_SIDE}},
      {"true_mask", VT_U8, 2, {VT_MASK_SIDE, VT_MASK_SIDE}},
      {"flags", VT_I64, 1, {2}},
      {"dice", VT_F32, 0, {0}},
      {"iou", VT_F32, 0, {0}},
      {"areas", VT_I64, 1, {2}},
      {"predicted_labels", VT_I64, 2, {VT_MASK_SIDE, VT_MASK_SIDE}},
      {"true_labels", VT_I64, 2, {VT_MASK_SIDE, VT_MASK_SIDE}},
      {"matches", VT_I64, 1, {3}},
      {"matched_iou", VT_F32, 0, {0}},
      {"aji", VT_F32, 0, {0}},
      {"case", VT_I64, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static bool holds(const box *a, int x, int y)
{
  return x >= a->left && x < a->right && y >= a->top && y < a->bottom;
}

static int64_t instance_at(const box *instances, int x, int y)
{
  int cell = y / CELL * 3 + x / CELL;
  return holds(&instances[cell], x, y) ? cell + 1 : 0;
}

static vt_status fill_masks(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass,
                            void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(world), VT_UNUSED(pass);
  const masks_record *masks = record;
  mask_truth truth = truth_of(masks);
  for (int i = 0; i < VT_MASK_SIDE * VT_MASK_SIDE; i++) {
    int x = i % VT_MASK_SIDE, y = i / VT_MASK_SIDE;
    if (out[0]) ((uint8_t *)out[0])[i] = holds(&masks->predicted, x, y);
    if (out[1]) ((uint8_t *)out[1])[i] = holds(&masks->truth, x, y);
    if (out[6]) ((int64_t *)out[6])[i] = instance_at(masks->predicted_instances, x, y);
    if (out[7]) ((int64_t *)out[7])[i] = instance_at(masks->true_instances, x, y);
  }
  if (out[2]) ((int64_t *)out[2])[0] = masks->predicted_flag, ((int64_t *)out[2])[1] = masks->true_flag;
  if (out[3]) *(float *)out[3] = (float)truth.dice;
  if (out[4]) *(float *)out[4] = (float)truth.iou;
  if (out[5]) ((int64_t *)out[5])[0] = truth.intersection, ((int64_t *)out[5])[1] = truth.joined;
  const int64_t matches[] = {truth.matched, truth.invented, truth.missed};
  if (out[8]) memcpy(out[8], matches, sizeof matches);
  if (out[9]) *(float *)out[9] = (float)truth.matched_iou;
  if (out[10]) *(float *)out[10] = (float)truth.aji;
  if (out[11]) *(int64_t *)out[11] = masks->kind;
  return VT_OK;
}

const vt_preset vt_preset_planted_masks = {
    .id = "planted/masks",
    .title = "boxes as masks and instances, flags, and their metrics from arithmetic",
    .papers = "24 25 29",
    .version = 1,
    .counts = {700, 70, 70},
    .record_size = sizeof(masks_record),
    .make = make_masks,
    .show = show_masks,
    .describe = describe_masks,
    .fill = fill_masks,
};
