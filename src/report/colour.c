/* SPDX-License-Identifier: Apache-2.0
 *
 * Colour maps from published anchor colours (ten equidistant ones of viridis, inferno and turbo;
 * ColorBrewer-like blues and reds for the diverging map), joined by monotone cubics in each channel, and from
 * formulas.
 *
 * Between two anchors the curve is the cubic Hermite of Fritsch and Carlson (SIAM J. Numer. Anal. 17, 1980):
 * where the anchors of a channel rise, so does the curve, and no colour overshoots.
 */
#include "report/colour.h"

#include <math.h>

static const uint32_t viridis[] = {0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e,
                                   0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725};
static const uint32_t inferno[] = {0x000004, 0x1b0c41, 0x4a0c6b, 0x781c6d, 0xa52c60,
                                   0xcf4446, 0xed6925, 0xfb9b06, 0xf7d13d, 0xfcffa4};
static const uint32_t turbo[] = {0x30123b, 0x4662d7, 0x36aaf9, 0x1ae4b6, 0x72fe5e,
                                 0xc7ef34, 0xfaba39, 0xf66b19, 0xca2a04, 0x7a0403};
/* An odd number of anchors, white in the middle; lightness falls alike on both sides. */
static const uint32_t blue_white_red[] = {0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xffffff,
                                          0xf4a582, 0xd6604d, 0xb2182b, 0x67001f};

/* Three overlapping trapezoids; the map of the older literature, kept for comparison. */
static void jet(double position, double rgb[3])
{
  for (int channel = 0; channel < 3; channel++) {
    double value = 1.5 - fabs(4 * position - 3 + channel);
    rgb[channel] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

static void grey(double position, double rgb[3])
{
  rgb[0] = rgb[1] = rgb[2] = position;
}

#define ANCHORS(array) .anchor_count = (int)VT_COUNT(array), .anchors = (array)

const vt_colour_map vt_colour_maps[] = {
    {.id = "viridis",
     .summary = "dark violet to yellow; even steps, safe for colour-blind readers",
     ANCHORS(viridis)},
    {.id = "inferno", .summary = "black over red to pale yellow; even steps", ANCHORS(inferno)},
    {.id = "turbo", .summary = "rainbow with smooth lightness", ANCHORS(turbo)},
    {.id = "jet", .summary = "the rainbow of older papers; uneven steps", .formula = jet},
    {.id = "grey", .summary = "black to white", .formula = grey},
    {.id = "blue-white-red",
     .summary = "for signed maps: blue against, white nothing, red for",
     .diverging = true,
     ANCHORS(blue_white_red)},
};
const size_t vt_colour_map_count = VT_COUNT(vt_colour_maps);

const vt_colour_map *vt_colour_map_find(const char *id)
{
  for (size_t i = 0; i < vt_colour_map_count; i++)
    if (strcmp(vt_colour_maps[i].id, id) == 0) return &vt_colour_maps[i];
  return NULL;
}

static double anchor(const vt_colour_map *map, int index, int channel)
{
  return (map->anchors[index] >> (16 - 8 * channel) & 255) / 255.0;
}

/* Slope at an anchor: harmonic mean of the two neighbouring secants, zero at an extremum; one-sided at the
 * ends and at the neutral colour of a diverging map, whose halves must not influence each other. */
static double slope(const vt_colour_map *map, int index, int channel, bool towards_right)
{
  int last = map->anchor_count - 1;
  double left = index > 0 ? anchor(map, index, channel) - anchor(map, index - 1, channel) : 0;
  double right = index < last ? anchor(map, index + 1, channel) - anchor(map, index, channel) : 0;
  if (index == 0) return right;
  if (index == last) return left;
  if (map->diverging && 2 * index == last) return towards_right ? right : left;
  return left * right > 0 ? 2 * left * right / (left + right) : 0;
}

static void between_anchors(const vt_colour_map *map, double position, double rgb[3])
{
  double place = position * (map->anchor_count - 1);
  int index = (int)place;
  if (index > map->anchor_count - 2) index = map->anchor_count - 2;
  double t = place - index, t2 = t * t, t3 = t2 * t;
  for (int channel = 0; channel < 3; channel++)
    rgb[channel] = (2 * t3 - 3 * t2 + 1) * anchor(map, index, channel) +
                   (t3 - 2 * t2 + t) * slope(map, index, channel, true) +
                   (3 * t2 - 2 * t3) * anchor(map, index + 1, channel) +
                   (t3 - t2) * slope(map, index + 1, channel, false);
}

void vt_colour_at(const vt_colour_map *map, double position, uint8_t rgb[3])
{
  if (isnan(position)) {
    rgb[0] = rgb[1] = rgb[2] = 128;
    return;
  }
  position = position < 0 ? 0 : position > 1 ? 1 : position;
  double value[3];
  if (map->formula)
    map->formula(position, value);
  else
    between_anchors(map, position, value);
  for (int channel = 0; channel < 3; channel++) {
    double level = floor(value[channel] * 255 + 0.5);
    rgb[channel] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
  }
}

void vt_colour_table(const vt_colour_map *map, uint8_t table[VT_COLOUR_STEPS][3])
{
  for (int i = 0; i < VT_COLOUR_STEPS; i++)
    vt_colour_at(map, (double)i / (VT_COLOUR_STEPS - 1), table[i]);
}
