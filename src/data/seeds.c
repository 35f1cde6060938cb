/* SPDX-License-Identifier: Apache-2.0
 *
 * SEEDS, superpixels extracted via energy-driven sampling (Van den Bergh et al. 2012): start from a grid and
 * let blocks, then smaller blocks, then single pixels change sides while the colour histograms of the
 * superpixels become purer. A move must not break the superpixel it leaves. Histograms have 5 bins a channel;
 * ties leave things as they are.
 */
#include <math.h>

#include "data/components.h"
#include "data/picture.h"

enum {
  BINS = 5,
  MAX_BINS = BINS * BINS * BINS,
  SWEEPS = 10,
  BLOCK_PASSES = 2,
  MAX_WANTED = 4096,
  MAX_LEVELS = 8
};
static const double small_share = 0.25; /* of the mean region: smaller fragments are merged */

typedef struct seeds {
  vt_ctx *ctx;
  int width, height, bins;
  uint8_t *bin;        /* [height, width]: joint colour bin */
  int32_t *histograms; /* [regions, MAX_BINS] */
  int64_t *areas;      /* [regions]: pixels */
  int64_t *members;    /* [regions]: blocks of the level at work, or pixels */
} seeds;

/* A grid of things that carry a label: blocks of one level, or the pixels themselves. */
typedef struct label_grid {
  int width, height;
  int32_t *labels;
} label_grid;

static int32_t label_at(const label_grid *grid, int x, int y)
{
  if (x < 0 || y < 0 || x >= grid->width || y >= grid->height) return -1;
  return grid->labels[(size_t)y * (size_t)grid->width + (size_t)x];
}

/* Whether the region of (x, y) stays in one piece around it when it leaves: its side neighbours of the same
 * label must hang together through the ring of eight. */
static bool may_leave(const label_grid *grid, int x, int y)
{
  static const int ring_x[] = {0, 1, 1, 1, 0, -1, -1, -1}, ring_y[] = {-1, -1, 0, 1, 1, 1, 0, -1};
  int32_t own = label_at(grid, x, y);
  bool same[8];
  int sides = 0, gaps = 0;
  for (int i = 0; i < 8; i++)
    same[i] = label_at(grid, x + ring_x[i], y + ring_y[i]) == own;
  for (int i = 0; i < 8; i += 2) {
    sides += same[i];
    /* the way from this side to the next is open only through the corner between them */
    gaps += same[i] && !(same[i + 1] && same[(i + 2) % 8]);
  }
  return sides > 0 && gaps <= 1;
}

/* ---- blocks ---- */

typedef struct rectangle {
  int left, top, right, bottom; /* right and bottom excluded */
} rectangle;

static rectangle block_area(const seeds *run, const label_grid *blocks, int x, int y)
{
  return (rectangle){(int)((int64_t)x * run->width / blocks->width),
                     (int)((int64_t)y * run->height / blocks->height),
                     (int)((int64_t)(x + 1) * run->width / blocks->width),
                     (int)((int64_t)(y + 1) * run->height / blocks->height)};
}

static int64_t block_histogram(const seeds *run, const rectangle *area, int32_t histogram[MAX_BINS])
{
  memset(histogram, 0, MAX_BINS * sizeof *histogram);
  for (int y = area->top; y < area->bottom; y++)
    for (int x = area->left; x < area->right; x++)
      histogram[run->bin[(size_t)y * (size_t)run->width + (size_t)x]]++;
  return (int64_t)(area->right - area->left) * (area->bottom - area->top);
}

/* Σ_c min(block's share of bin c, region's share of it); with `without` the block is
 * taken out of the region first. */
static double intersection(const seeds *run, int32_t region, const int32_t *block, int64_t block_area_pixels,
                           bool without)
{
  const int32_t *histogram = run->histograms + (size_t)region * MAX_BINS;
  double area = (double)(run->areas[region] - (without ? block_area_pixels : 0)), sum = 0;
  if (area <= 0) return 0;
  for (int c = 0; c < run->bins; c++)
    if (block[c])
      sum += fmin(block[c] / (double)block_area_pixels, (histogram[c] - (without ? block[c] : 0)) / area);
  return sum;
}

static void move_block(seeds *run, label_grid *blocks, int x, int y, int32_t to, const int32_t *histogram,
                       int64_t area)
{
  int32_t *label = &blocks->labels[(size_t)y * (size_t)blocks->width + (size_t)x], from = *label;
  for (int c = 0; c < run->bins; c++) {
    run->histograms[(size_t)from * MAX_BINS + c] -= histogram[c];
    run->histograms[(size_t)to * MAX_BINS + c] += histogram[c];
  }
  run->areas[from] -= area;
  run->areas[to] += area;
  run->members[from]--;
  run->members[to]++;
  *label = to;
}

/* Gives block (x, y) to region `to` when it fits there better. */
static bool try_block(seeds *run, label_grid *blocks, int x, int y, int32_t to)
{
  int32_t histogram[MAX_BINS], from = label_at(blocks, x, y);
  if (run->members[from] < 2 || !may_leave(blocks, x, y)) return false;
  rectangle area = block_area(run, blocks, x, y);
  int64_t pixels = block_histogram(run, &area, histogram);
  if (intersection(run, to, histogram, pixels, false) <= intersection(run, from, histogram, pixels, true))
    return false;
  move_block(run, blocks, x, y, to, histogram, pixels);
  return true;
}

static void sweep_blocks(seeds *run, label_grid *blocks)
{
  for (int down = 0; down < 2; down++)
    for (int y = 0; y + down < blocks->height; y++)
      for (int x = 0; x + !down < blocks->width; x++) {
        int to_x = x + !down, to_y = y + down;
        int32_t first = label_at(blocks, x, y), second = label_at(blocks, to_x, to_y);
        if (first != second && !try_block(run, blocks, x, y, second))
          try_block(run, blocks, to_x, to_y, first);
      }
}

/* ---- pixels ---- */

/* How often each label of the pair stands among the ten pixels around it. */
static void count_around(const label_grid *grid, int x, int y, bool down, int32_t first, int32_t second,
                         int *firsts, int *seconds)
{
  *firsts = *seconds = 0;
  for (int dy = -1; dy <= 1 + down; dy++)
    for (int dx = -1; dx <= 1 + !down; dx++) {
      if ((dx == 0 && dy == 0) || (dx == !down && dy == down)) continue;
      int32_t label = label_at(grid, x + dx, y + dy);
      *firsts += label == first;
      *seconds += label == second;
    }
}

/* Gives the pixel to region `to` when h_to[c]/T_to² · n_to² > h_from[c]/T_from² · n_from². */
static bool try_pixel(seeds *run, label_grid *grid, int x, int y, int32_t to, int count_from, int count_to)
{
  size_t at = (size_t)y * (size_t)grid->width + (size_t)x;
  int32_t from = grid->labels[at];
  int c = run->bin[at];
  double ratio = count_to > 0 ? (double)count_from / count_to : 1;
  double area_from = (double)run->areas[from], area_to = (double)run->areas[to];
  double share_from = run->histograms[(size_t)from * MAX_BINS + c] / (area_from * area_from) * ratio * ratio;
  double share_to = run->histograms[(size_t)to * MAX_BINS + c] / (area_to * area_to);
  if (share_to <= share_from || run->members[from] < 2 || !may_leave(grid, x, y)) return false;
  run->histograms[(size_t)from * MAX_BINS + c]--;
  run->histograms[(size_t)to * MAX_BINS + c]++;
  run->areas[from]--;
  run->areas[to]++;
  run->members[from]--;
  run->members[to]++;
  grid->labels[at] = to;
  return true;
}

static void sweep_pixels(seeds *run, label_grid *grid, int sweep)
{
  for (int down = 0; down < 2; down++)
    for (int y = 0; y + down < grid->height; y++)
      for (int x = 0; x + !down < grid->width; x++) {
        int to_x = x + !down, to_y = y + down, firsts, seconds;
        int32_t first = label_at(grid, x, y), second = label_at(grid, to_x, to_y);
        if (first == second) continue;
        count_around(grid, x, y, down != 0, first, second, &firsts, &seconds);
        /* neither direction is preferred over all sweeps */
        bool forward = sweep % 2 == 0;
        if (forward && try_pixel(run, grid, x, y, second, firsts, seconds)) continue;
        if (try_pixel(run, grid, to_x, to_y, first, seconds, firsts)) continue;
        if (!forward) try_pixel(run, grid, x, y, second, firsts, seconds);
      }
}

/* ---- the whole ---- */

static void fill_bins(seeds *run, const vt_image *image)
{
  int channels = image->channels < 3 ? image->channels : 3;
  run->bins = 1;
  for (int c = 0; c < channels; c++)
    run->bins *= BINS;
  for (size_t i = 0; i < (size_t)image->width * (size_t)image->height; i++) {
    int joint = 0;
    for (int c = 0; c < channels; c++)
      joint = joint * BINS + image->pixels[i * (size_t)image->channels + (size_t)c] * BINS / 256;
    run->bin[i] = (uint8_t)joint;
  }
}

/* Labels of the grid `fine` from those of the twice as coarse `coarse`. */
static void refine(const label_grid *coarse, label_grid *fine)
{
  for (int y = 0; y < fine->height; y++)
    for (int x = 0; x < fine->width; x++)
      fine->labels[(size_t)y * (size_t)fine->width + (size_t)x] = label_at(coarse, x / 2, y / 2);
}

static void count_members(seeds *run, const label_grid *grid, int regions)
{
  for (int i = 0; i < regions; i++)
    run->members[i] = 0;
  for (size_t i = 0; i < (size_t)grid->width * (size_t)grid->height; i++)
    run->members[grid->labels[i]]++;
}

/* Rows of the starting grid; columns follow. As many as fit, at least one pixel each. */
static void starting_grid(const vt_image *image, int wanted, label_grid *out)
{
  double rows = floor(sqrt((double)wanted * image->height / image->width));
  rows = fmax(1, fmin(rows, fmin(image->height, wanted)));
  double columns = floor(rows * image->width / image->height);
  columns = fmax(1, fmin(columns, fmin(image->width, floor(wanted / rows))));
  out->height = (int)rows;
  out->width = (int)columns;
}

static void paint(const seeds *run, const label_grid *blocks, int32_t *labels)
{
  for (int y = 0; y < blocks->height; y++)
    for (int x = 0; x < blocks->width; x++) {
      rectangle area = block_area(run, blocks, x, y);
      for (int row = area.top; row < area.bottom; row++)
        for (int column = area.left; column < area.right; column++)
          labels[(size_t)row * (size_t)run->width + (size_t)column] = label_at(blocks, x, y);
    }
}

static void measure(seeds *run, const int32_t *labels)
{
  for (size_t i = 0; i < (size_t)run->width * (size_t)run->height; i++) {
    run->histograms[(size_t)labels[i] * MAX_BINS + run->bin[i]]++;
    run->areas[labels[i]]++;
  }
}

/* Halves the blocks `levels − 1` times and lets them move each time. On return `labels` holds pixels. */
static vt_status run_blocks(seeds *run, const label_grid *start, int levels, int32_t *labels)
{
  int regions = start->width * start->height;
  label_grid blocks = *start, fine;
  vt_status status = VT_OK;
  blocks.labels = vt_alloc_zero(run->ctx, (size_t)regions, sizeof *blocks.labels);
  if (!blocks.labels) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < regions; i++)
    blocks.labels[i] = i;
  paint(run, &blocks, labels);
  measure(run, labels);
  for (int level = 1; level < levels; level++) {
    fine = (label_grid){blocks.width * 2, blocks.height * 2, NULL};
    if (fine.width > run->width || fine.height > run->height) break;
    VT_TRY_DONE(vt_check_cancel(run->ctx));
    fine.labels = vt_alloc_zero(run->ctx, (size_t)fine.width * (size_t)fine.height, sizeof *fine.labels);
    if (!fine.labels) {
      status = VT_ERROR_OUT_OF_MEMORY;
      goto done;
    }
    refine(&blocks, &fine);
    vt_free(blocks.labels);
    blocks = fine;
    count_members(run, &blocks, regions);
    for (int pass = 0; pass < BLOCK_PASSES; pass++)
      sweep_blocks(run, &blocks);
  }
  paint(run, &blocks, labels);
done:
  vt_free(blocks.labels);
  return status;
}

vt_status vt_seeds(vt_ctx *ctx, const vt_image *image, int wanted, int levels, int32_t *labels, int *count,
                   int *merged)
{
  *count = 0;
  if (wanted < 1 || wanted > MAX_WANTED || levels < 1 || levels > MAX_LEVELS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "seeds: %d regions must be 1 to %d, %d levels 1 to %d",
                   wanted, MAX_WANTED, levels, MAX_LEVELS);
  vt_status status = VT_OK;
  size_t pixels = (size_t)image->width * (size_t)image->height;
  seeds run = {.ctx = ctx, .width = image->width, .height = image->height};
  label_grid start = {0}, grid = {image->width, image->height, labels};
  starting_grid(image, wanted, &start);
  size_t regions = (size_t)start.width * (size_t)start.height;
  run.bin = vt_alloc_zero(ctx, pixels, sizeof *run.bin);
  run.histograms = vt_alloc_zero(ctx, regions, MAX_BINS * sizeof *run.histograms);
  run.areas = vt_alloc_zero(ctx, regions, sizeof *run.areas);
  run.members = vt_alloc_zero(ctx, regions, sizeof *run.members);
  if (!run.bin || !run.histograms || !run.areas || !run.members) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  fill_bins(&run, image);
  VT_TRY_DONE(run_blocks(&run, &start, levels, labels));
  count_members(&run, &grid, (int)regions);
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    VT_TRY_DONE(vt_check_cancel(ctx));
    sweep_pixels(&run, &grid, sweep);
  }
  VT_TRY_DONE(vt_regions_clean(ctx, labels, image->height, image->width,
                               small_share * (double)pixels / (double)regions, count, merged));
done:
  vt_free(run.bin);
  vt_free(run.histograms);
  vt_free(run.areas);
  vt_free(run.members);
  return status;
}
