/* SPDX-License-Identifier: Apache-2.0
 *
 * places: the map behind the sentences (paper 10). A square of 1 000 km; x grows to the east, y to the north.
 */
#ifndef VT_WORLDS_PLACES_H
#define VT_WORLDS_PLACES_H

#include "worlds/corpus.h"

enum { VT_PLACES = 2500, VT_PLACE_REGIONS = 8, VT_PLACE_DISTRICTS = 32, VT_PLACE_NEIGHBOURS = 8 };

typedef struct vt_place {
  char name[32]; /* "Bram-holt": two words of the vocabulary, "Bram" and "-holt" */
  double x, y;   /* km */
  int region, district;
  int kind;                            /* 0 village, 1 town, 2 city */
  bool native;                         /* the ending of the name is one of the region's own */
  int neighbours[VT_PLACE_NEIGHBOURS]; /* nearest first */
} vt_place;

typedef struct vt_place_record {
  vt_document document;
  int32_t place; /* what all sentences speak of */
} vt_place_record;

const vt_place *vt_place_of(const vt_world *world, int place); /* 0 … VT_PLACES − 1; borrowed */
int vt_place_region_of_district(const vt_world *world, int district);
const char *vt_place_region_name(int region);
const char *vt_place_district_name(int district);
/* 0 north, 1 northeast, 2 east, … of the way from one point to another. */
int vt_place_direction(double from_x, double from_y, double to_x, double to_y);
/* A bare name, or "name, region", for probing: tokens without bos; returns how many (≤ 4). */
int vt_place_prompt(const vt_world *world, int place, bool with_region, uint16_t tokens[4]);

/* For the world's own files: the map of a seed. */
typedef struct vt_place_map {
  vt_place places[VT_PLACES];
  int district_region[VT_PLACE_DISTRICTS];
  bool borders[VT_PLACE_REGIONS][VT_PLACE_REGIONS]; /* some place has its nearest neighbours across */
} vt_place_map;
void vt_place_map_draw(uint64_t seed, vt_place_map *map);

#endif
