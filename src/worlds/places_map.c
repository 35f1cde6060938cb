/* SPDX-License-Identifier: Apache-2.0
 *
 * places: drawing the map and naming what is on it.
 */
#include <math.h>

#include "worlds/places.h"

static const double side = 1000;

static const char *const region_names[VT_PLACE_REGIONS] = {"Aldermoor", "Brisland", "Corvane", "Dunmarch",
                                                           "Estrey",    "Falmora",  "Gorland", "Hessary"};
static const char *const district_names[VT_PLACE_DISTRICTS] = {
    "Amber", "Birch", "Cedar", "Copper", "Crane", "Dale",  "Eagle",  "Elm",     "Falcon", "Fern",   "Flint",
    "Gorse", "Grove", "Hazel", "Heath",  "Heron", "Iron",  "Ivory",  "Juniper", "Larch",  "Linden", "Marsh",
    "Mill",  "Oak",   "Otter", "Pebble", "Raven", "Rowan", "Silver", "Thorn",   "Vale",   "Willow"};

/* Beginnings of names. Each region prefers its own eighth of them, and its own three endings. */
static const char *const stems[] = {
    "Abel",  "Adra",  "Agra",  "Alva",  "Amra",  "Anto",  "Arga",  "Asta",  "Auro",  "Avel",  "Balta",
    "Bana",  "Barro", "Basta", "Belo",  "Bera",  "Bira",  "Bodra", "Bolta", "Boro",  "Bram",  "Brena",
    "Brica", "Buro",  "Cala",  "Cando", "Caro",  "Casta", "Celo",  "Cera",  "Cinda", "Cora",  "Costa",
    "Crava", "Cumbo", "Curla", "Dalo",  "Dara",  "Deva",  "Dina",  "Dola",  "Dorva", "Drago", "Drina",
    "Dura",  "Eboro", "Edra",  "Elba",  "Elda",  "Emba",  "Enda",  "Erda",  "Esko",  "Etta",  "Fala",
    "Faro",  "Fela",  "Fenda", "Fira",  "Flora", "Fola",  "Forda", "Frama", "Fura",  "Gala",  "Gando",
    "Garo",  "Gela",  "Gilda", "Gola",  "Gorda", "Grana", "Greda", "Gula",  "Hada",  "Halo",  "Harra",
    "Helga", "Hilda", "Hola",  "Horda", "Hula",  "Ida",   "Ilva",  "Inda",  "Irma",  "Isola", "Jaro",
    "Jela",  "Jora",  "Kalda", "Kara",  "Kela",  "Kirna", "Kola",  "Korda", "Krava", "Kura",  "Lada",
    "Lara",  "Leda",  "Lima",  "Loda",  "Lorna", "Luda",  "Mada",  "Mara",  "Melda", "Mira",  "Mola",
    "Morda", "Mura",  "Nada",  "Nara",  "Nela",  "Nira",  "Nola",  "Norda", "Nura",  "Oda",   "Olba",
    "Onda",  "Orla",  "Osta",  "Pada",  "Para",  "Pela",  "Pirna", "Pola",  "Porta", "Prada", "Pura",
    "Rada",  "Rama",  "Reda",  "Rima",  "Roda",  "Rona",  "Ruda",  "Sada",  "Sara",  "Selda", "Sila",
    "Sola",  "Sorna", "Stela", "Sura",  "Tada",  "Tara",  "Telda", "Tira",  "Tola",  "Torda", "Tura",
    "Uda",   "Ulma",  "Varna", "Vela",  "Vira",  "Vola"};
static const char *const endings[3 * VT_PLACE_REGIONS] = {
    "-by",   "-holt", "-wick", "-ford",  "-ham",   "-ley",  "-dorf",  "-brunn",
    "-feld", "-grad", "-nitz", "-ow",    "-ville", "-mont", "-court", "-sund",
    "-vik",  "-ness", "-port", "-mouth", "-haven", "-burg", "-stad",  "-lund"};
enum { STEMS = (int)VT_COUNT(stems), ENDINGS = (int)VT_COUNT(endings) };
static const double native_ending = .6, native_stem = .3;

const char *vt_place_region_name(int region)
{
  return region_names[region];
}

const char *vt_place_district_name(int district)
{
  return district_names[district];
}

int vt_place_direction(double from_x, double from_y, double to_x, double to_y)
{
  double turn = atan2(to_x - from_x, to_y - from_y) / (3.14159265358979323846 / 4); /* clockwise from north */
  return ((int)floor(turn + .5) + 8) % 8;
}

typedef struct point {
  double x, y;
} point;

static double distance(double x, double y, double other_x, double other_y)
{
  return hypot(x - other_x, y - other_y);
}

/* `count` points at least `apart` from each other; after 200 tries a point stands where it falls. */
static void scatter(vt_draw *draw, int count, double apart, double margin, point *out)
{
  for (int i = 0; i < count; i++) {
    for (int tries = 0; tries < 200; tries++) {
      out[i] =
          (point){vt_draw_uniform(draw, margin, side - margin), vt_draw_uniform(draw, margin, side - margin)};
      bool free = true;
      for (int before = 0; before < i && free; before++)
        free = distance(out[i].x, out[i].y, out[before].x, out[before].y) >= apart;
      if (free) break;
    }
  }
}

static int nearest(const point *points, int count, double x, double y)
{
  int best = 0;
  for (int i = 1; i < count; i++)
    if (distance(points[i].x, points[i].y, x, y) < distance(points[best].x, points[best].y, x, y)) best = i;
  return best;
}

/* Districts belong to the region whose centre is nearest, places to the nearest district. Drawn again until
 * every region has two districts or more. */
static void draw_regions(vt_draw *draw, vt_place_map *map, point *districts)
{
  for (int tries = 0; tries < 200; tries++) {
    point regions[VT_PLACE_REGIONS];
    int sizes[VT_PLACE_REGIONS] = {0};
    scatter(draw, VT_PLACE_REGIONS, 240, 80, regions);
    scatter(draw, VT_PLACE_DISTRICTS, 110, 20, districts);
    for (int i = 0; i < VT_PLACE_DISTRICTS; i++) {
      map->district_region[i] = nearest(regions, VT_PLACE_REGIONS, districts[i].x, districts[i].y);
      sizes[map->district_region[i]]++;
    }
    bool all = true;
    for (int region = 0; region < VT_PLACE_REGIONS; region++)
      all = all && sizes[region] >= 2;
    if (all) return;
  }
}

static void draw_name(vt_draw *draw, bool *taken, vt_place *place)
{
  int stem, ending;
  do { /* 3 840 names for 2 500 places: some draws are taken */
    bool own_ending = vt_draw_chance(draw, native_ending), own_stem = vt_draw_chance(draw, native_stem);
    int own = STEMS / VT_PLACE_REGIONS;
    stem = own_stem ? place->region * own + vt_draw_below(draw, own) : vt_draw_below(draw, STEMS);
    ending = own_ending ? place->region * 3 + vt_draw_below(draw, 3) : vt_draw_below(draw, ENDINGS);
  } while (taken[stem * ENDINGS + ending]);
  taken[stem * ENDINGS + ending] = true;
  place->native = ending / 3 == place->region;
  snprintf(place->name, sizeof place->name, "%s%s", stems[stem], endings[ending]);
}

static void find_neighbours(vt_place_map *map, int number)
{
  vt_place *place = &map->places[number];
  double far[VT_PLACE_NEIGHBOURS];
  int count = 0;
  for (int other = 0; other < VT_PLACES; other++) {
    if (other == number) continue;
    double here = distance(place->x, place->y, map->places[other].x, map->places[other].y);
    if (count == VT_PLACE_NEIGHBOURS && here >= far[count - 1]) continue;
    int at = count < VT_PLACE_NEIGHBOURS ? count++ : count - 1;
    for (; at > 0 && far[at - 1] > here; at--)
      far[at] = far[at - 1], place->neighbours[at] = place->neighbours[at - 1];
    far[at] = here, place->neighbours[at] = other;
  }
  for (int i = 0; i < VT_PLACE_NEIGHBOURS; i++) {
    int region = map->places[place->neighbours[i]].region;
    if (region != place->region)
      map->borders[place->region][region] = map->borders[region][place->region] = true;
  }
}

void vt_place_map_draw(uint64_t seed, vt_place_map *map)
{
  vt_draw draw = vt_draw_start(seed, "places map");
  point districts[VT_PLACE_DISTRICTS], points[VT_PLACES];
  draw_regions(&draw, map, districts);
  scatter(&draw, VT_PLACES, 6, 0, points);
  bool taken[STEMS * ENDINGS] = {0};
  for (int i = 0; i < VT_PLACES; i++) {
    vt_place *place = &map->places[i];
    place->x = points[i].x, place->y = points[i].y;
    place->district = nearest(districts, VT_PLACE_DISTRICTS, place->x, place->y);
    place->region = map->district_region[place->district];
    double rank = vt_draw_uniform(&draw, 0, 1);
    place->kind = rank < .7 ? 0 : rank < .95 ? 1 : 2;
    draw_name(&draw, taken, place);
  }
  for (int i = 0; i < VT_PLACES; i++)
    find_neighbours(map, i);
}
