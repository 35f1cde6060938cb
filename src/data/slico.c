/* SPDX-License-Identifier: Apache-2.0
 *
 * SLICO: k-means in colour and place, each cluster in a window around its centre, with the weight of colour
 * adapted to each cluster so that no compactness has to be chosen (Achanta et al. 2012, SLIC, section on
 * SLICO): D = Δcolour² / M_n + Δplace² / step², M_n = largest Δcolour² seen so far in cluster n, starting at
 * 10². Colour is 8-bit RGB as it comes, like the division used by the published LiMA runs.
 */
#include <float.h>
#include <math.h>

#include "data/components.h"
#include "data/picture.h"

enum { START_COLOUR = 100, MAX_REGIONS = 1024 };
static const double small_share = 0.25; /* of the mean region: smaller fragments are merged */

typedef struct cluster {
  double x, y, colour[4];
  double range; /* M: colour distance², at which colour weighs 1 */
} cluster;

typedef struct slico {
  vt_ctx *ctx;
  const vt_image *image;
  int step, count;
  cluster *clusters;
  double *nearest;        /* [height, width]: distance to the owner */
  double *colour_squared; /* [height, width]: the colour part of it, before weighting */
  int32_t *labels;        /* [height, width] */
} slico;

static const uint8_t *pixel_at(const vt_image *image, int x, int y)
{
  return image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels;
}

/* Squared central differences, channels summed, edges repeated. */
static int gradient(const vt_image *image, int x, int y)
{
  const uint8_t *left = pixel_at(image, x > 0 ? x - 1 : 0, y);
  const uint8_t *right = pixel_at(image, x + 1 < image->width ? x + 1 : x, y);
  const uint8_t *above = pixel_at(image, x, y > 0 ? y - 1 : 0);
  const uint8_t *below = pixel_at(image, x, y + 1 < image->height ? y + 1 : y);
  int sum = 0;
  for (int c = 0; c < image->channels; c++) {
    int across = right[c] - left[c], down = below[c] - above[c];
    sum += across * across + down * down;
  }
  return sum;
}

static void place_cluster(const slico *run, int x, int y, cluster *out)
{
  const vt_image *image = run->image;
  int best_x = x, best_y = y, lowest = gradient(image, x, y);
  for (int to_y = y > 0 ? y - 1 : 0; to_y <= y + 1 && to_y < image->height; to_y++)
    for (int to_x = x > 0 ? x - 1 : 0; to_x <= x + 1 && to_x < image->width; to_x++) {
      int steepness = gradient(image, to_x, to_y);
      if (steepness < lowest) lowest = steepness, best_x = to_x, best_y = to_y;
    }
  const uint8_t *pixel = pixel_at(image, best_x, best_y);
  out->x = best_x;
  out->y = best_y;
  out->range = START_COLOUR;
  for (int c = 0; c < image->channels; c++)
    out->colour[c] = pixel[c];
}

/* First seed of a side: half a step in, or the middle of a side shorter than that. */
static int first_seed(int size, int start)
{
  return start < size ? start : (size - 1) / 2;
}

/* Seeds on a grid whose odd rows are shifted by half a step. Fills run->clusters when there are any. */
static int place_seeds(const slico *run, bool fill)
{
  int count = 0, step = run->step, row = 0;
  for (int y = first_seed(run->image->height, step / 2); y < run->image->height; y += step, row++)
    for (int x = first_seed(run->image->width, row % 2 ? step : step / 2); x < run->image->width;
         x += step, count++)
      if (fill) place_cluster(run, x, y, &run->clusters[count]);
  return count;
}

static int clamp(int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

static void assign(const slico *run)
{
  const vt_image *image = run->image;
  int width = image->width, height = image->height, channels = image->channels;
  double place_weight = 1.0 / ((double)run->step * run->step);
  for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
    run->nearest[i] = DBL_MAX;
  for (int n = 0; n < run->count; n++) {
    const cluster *own = &run->clusters[n];
    int left = clamp((int)floor(own->x) - run->step, 0, width),
        right = clamp((int)ceil(own->x) + run->step, 0, width - 1);
    int top = clamp((int)floor(own->y) - run->step, 0, height),
        bottom = clamp((int)ceil(own->y) + run->step, 0, height - 1);
    double colour_weight = 1.0 / own->range;
    for (int y = top; y <= bottom; y++)
      for (int x = left; x <= right; x++) {
        size_t at = (size_t)y * (size_t)width + (size_t)x;
        const uint8_t *pixel = image->pixels + at * (size_t)channels;
        double squared = 0;
        for (int c = 0; c < channels; c++)
          squared += (pixel[c] - own->colour[c]) * (pixel[c] - own->colour[c]);
        double distance = squared * colour_weight +
                          ((x - own->x) * (x - own->x) + (y - own->y) * (y - own->y)) * place_weight;
        if (distance >= run->nearest[at]) continue;
        run->nearest[at] = distance;
        run->colour_squared[at] = squared;
        run->labels[at] = n;
      }
  }
}

/* Centres to the means of their pixels, ranges up to the largest colour distance. Empty clusters stay where
 * they are. */
static vt_status update(const slico *run)
{
  const vt_image *image = run->image;
  int channels = image->channels;
  struct {
    double x, y, colour[4], count;
  } *sums = vt_alloc_zero(run->ctx, (size_t)run->count, sizeof *sums);
  if (!sums) return VT_ERROR_OUT_OF_MEMORY;
  for (int y = 0; y < image->height; y++)
    for (int x = 0; x < image->width; x++) {
      size_t at = (size_t)y * (size_t)image->width + (size_t)x;
      int n = run->labels[at];
      const uint8_t *pixel = image->pixels + at * (size_t)channels;
      sums[n].x += x;
      sums[n].y += y;
      sums[n].count += 1;
      for (int c = 0; c < channels; c++)
        sums[n].colour[c] += pixel[c];
      if (run->nearest[at] < DBL_MAX && run->colour_squared[at] > run->clusters[n].range)
        run->clusters[n].range = run->colour_squared[at];
    }
  for (int n = 0; n < run->count; n++) {
    if (sums[n].count == 0) continue;
    run->clusters[n].x = sums[n].x / sums[n].count;
    run->clusters[n].y = sums[n].y / sums[n].count;
    for (int c = 0; c < channels; c++)
      run->clusters[n].colour[c] = sums[n].colour[c] / sums[n].count;
  }
  vt_free(sums);
  return VT_OK;
}

static int automatic_step(const vt_image *image)
{
  int shorter = image->width < image->height ? image->width : image->height;
  double step = fmax(shorter / 7.5, sqrt((double)image->width * image->height / MAX_REGIONS));
  return step < 1 ? 1 : (int)(step + 0.5);
}

vt_status vt_slico(vt_ctx *ctx, const vt_image *image, int step, int iterations, int32_t *labels, int *count,
                   int *merged)
{
  *count = 0;
  if (step < 0 || step > 1 << 15 || iterations < 1 || iterations > 1000)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "slico: step %d must be 0 (automatic) to %d, iterations %d 1 to 1000", step, 1 << 15,
                   iterations);
  vt_status status = VT_OK;
  size_t pixels = (size_t)image->width * (size_t)image->height;
  slico run = {.ctx = ctx, .image = image, .step = step ? step : automatic_step(image), .labels = labels};
  run.count = place_seeds(&run, false);
  run.clusters = vt_alloc_zero(ctx, (size_t)run.count, sizeof *run.clusters);
  run.nearest = vt_alloc_zero(ctx, pixels, sizeof *run.nearest);
  run.colour_squared = vt_alloc_zero(ctx, pixels, sizeof *run.colour_squared);
  if (!run.clusters || !run.nearest || !run.colour_squared) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  place_seeds(&run, true);
  memset(labels, 0, pixels * sizeof *labels);
  for (int i = 0; i < iterations; i++) {
    VT_TRY_DONE(vt_check_cancel(ctx));
    assign(&run);
    VT_TRY_DONE(update(&run));
  }
  assign(&run);
  VT_TRY_DONE(vt_regions_clean(ctx, labels, image->height, image->width,
                               small_share * (double)pixels / run.count, count, merged));
done:
  vt_free(run.clusters);
  vt_free(run.nearest);
  vt_free(run.colour_squared);
  return status;
}
