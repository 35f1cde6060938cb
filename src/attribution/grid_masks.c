/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks from grids. Nothing of a mask is stored but its cells: pixels are worked out where they are needed.
 */
#include "attribution/grid_masks.h"

#include <math.h>

int vt_grid_cell_height(const vt_grid_mask *mask)
{
  return (mask->height + mask->size - 1) / mask->size;
}

int vt_grid_cell_width(const vt_grid_mask *mask)
{
  return (mask->width + mask->size - 1) / mask->size;
}

void vt_grid_mask_draw(vt_grid_mask *mask, double kept, uint64_t seed, uint64_t number)
{
  uint64_t stream = vt_stream("rise", number), count = (uint64_t)mask->size * (uint64_t)mask->size;
  for (uint64_t i = 0; i < count; i++)
    mask->cells[i] = vt_random_uniform(seed, stream, i) < kept;
  mask->down = (int)vt_random_below(seed, stream, count, (uint64_t)vt_grid_cell_height(mask));
  mask->right = (int)vt_random_below(seed, stream, count + 1, (uint64_t)vt_grid_cell_width(mask));
}

/* Cells on both sides of a pixel of the enlarged grid, (size + 1) cells long, and how far it is between. */
static double between(int pixel, int cell, int size, int *near, int *far)
{
  double at = fabs(((double)pixel + .5) * size / ((double)(size + 1) * cell) - .5), last = size - 1;
  if (at > last) at = 2 * last - at;
  at = fmin(fmax(at, 0), last);
  *near = (int)at;
  *far = *near + 1 < size ? *near + 1 : *near;
  return at - *near;
}

void vt_grid_mask_walk(const vt_grid_mask *mask, vt_grid_visit_fn visit, void *user)
{
  int cell_height = vt_grid_cell_height(mask), cell_width = vt_grid_cell_width(mask), size = mask->size;
  for (int y = 0; y < mask->height; y++) {
    int top, below, left, beside;
    double v = between(y + mask->down, cell_height, size, &top, &below);
    const unsigned char *upper = mask->cells + top * size, *lower = mask->cells + below * size;
    for (int x = 0; x < mask->width; x++) {
      double u = between(x + mask->right, cell_width, size, &left, &beside);
      double kept = (1 - v) * ((1 - u) * upper[left] + u * upper[beside]) +
                    v * ((1 - u) * lower[left] + u * lower[beside]);
      visit(user, (size_t)y * (size_t)mask->width + (size_t)x, kept);
    }
  }
}

typedef struct mixing {
  const float *shown, *hidden;
  size_t pixels, channels;
  bool channels_last;
  float *out;
} mixing;

static void mix_pixel(void *user, size_t pixel, double kept)
{
  const mixing *m = user;
  for (size_t c = 0; c < m->channels; c++) {
    size_t place = m->channels_last ? pixel * m->channels + c : c * m->pixels + pixel;
    double nothing = (double)m->hidden[place];
    m->out[place] = (float)(nothing + kept * ((double)m->shown[place] - nothing));
  }
}

void vt_grid_mask_mix(const vt_grid_mask *mask, const float *shown, const float *hidden, int channels,
                      bool channels_last, float *out)
{
  mixing m = {shown,         hidden, (size_t)mask->height * (size_t)mask->width, (size_t)channels,
              channels_last, out};
  vt_grid_mask_walk(mask, mix_pixel, &m);
}
