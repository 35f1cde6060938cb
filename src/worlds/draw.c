/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/world.h"

vt_draw vt_draw_start(uint64_t key, const char *purpose)
{
  return (vt_draw){.seed = key, .stream = vt_stream(purpose, 0)};
}

double vt_draw_uniform(vt_draw *draw, double low, double high)
{
  return low + (high - low) * vt_random_uniform(draw->seed, draw->stream, draw->next++);
}

int vt_draw_below(vt_draw *draw, int bound)
{
  return (int)vt_random_below(draw->seed, draw->stream, draw->next++, (uint64_t)bound);
}

double vt_draw_normal(vt_draw *draw)
{
  return vt_random_normal(draw->seed, draw->stream, draw->next++);
}

bool vt_draw_chance(vt_draw *draw, double probability)
{
  return vt_random_uniform(draw->seed, draw->stream, draw->next++) < probability;
}

int vt_draw_weighted(vt_draw *draw, const double *weights, int count)
{
  double total = 0;
  for (int i = 0; i < count; i++)
    total += weights[i];
  double at = vt_draw_uniform(draw, 0, total);
  for (int i = 0; i < count - 1; i++) {
    if (at < weights[i]) return i;
    at -= weights[i];
  }
  return count - 1;
}

void vt_draw_shuffle(vt_draw *draw, int *items, int count)
{
  for (int i = count - 1; i > 0; i--) {
    int other = vt_draw_below(draw, i + 1), kept = items[i];
    items[i] = items[other];
    items[other] = kept;
  }
}
