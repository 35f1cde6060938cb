/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables behind the words of scenes.
 */
#include "worlds/scene_words.h"

#define SHAPE   VT_NODE_OBJECT, "shape"
#define PART    VT_NODE_PART, "part"
#define PLACE   VT_NODE_BACKGROUND, "place"
#define VEHICLE VT_NODE_OBJECT, "vehicle"
#define ANIMAL  VT_NODE_OBJECT, "animal"
#define FLYER   VT_NODE_OBJECT, "flyer"
#define VESSEL  VT_NODE_OBJECT, "vessel"

/* A new noun: a line here and in vt_noun. Composed things need no outline: their body has one. */
const vt_noun_row vt_noun_rows[VT_NOUNS] = {
    [VT_NOUN_NONE] = {"thing", "things", VT_NODE_OBJECT, "thing", VT_SHAPE_NONE, 0, 0},
    [VT_CIRCLE] = {"circle", "circles", SHAPE, VT_SHAPE_ELLIPSE, 0, 0},
    [VT_SQUARE] = {"square", "squares", SHAPE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_TRIANGLE] = {"triangle", "triangles", SHAPE, VT_SHAPE_TRIANGLE, 0, 0},
    [VT_STAR] = {"star", "stars", SHAPE, VT_SHAPE_STAR, 5, 0},
    [VT_CROSS] = {"cross", "crosses", SHAPE, VT_SHAPE_CROSS, 0, 0},
    [VT_RING] = {"ring", "rings", SHAPE, VT_SHAPE_RING, 0, 0},
    [VT_DIAMOND] = {"diamond", "diamonds", SHAPE, VT_SHAPE_POLYGON, 4, 0},
    [VT_HEXAGON] = {"hexagon", "hexagons", SHAPE, VT_SHAPE_POLYGON, 6, 0},
    [VT_HEART] = {"heart", "hearts", SHAPE, VT_SHAPE_HEART, 0, 0},
    [VT_CRESCENT] = {"crescent", "crescents", SHAPE, VT_SHAPE_CRESCENT, 0, 0},
    [VT_CART] = {"cart", "carts", VEHICLE},
    [VT_TANKER] = {"tanker", "tankers", VEHICLE},
    [VT_BUGGY] = {"buggy", "buggies", VEHICLE},
    [VT_RACER] = {"racer", "racers", VEHICLE},
    [VT_BARROW] = {"barrow", "barrows", VEHICLE},
    [VT_TRACTOR] = {"tractor", "tractors", VEHICLE},
    [VT_ROBOT] = {"robot", "robots", ANIMAL},
    [VT_SHEEP] = {"sheep", "sheep", ANIMAL},
    [VT_TURTLE] = {"turtle", "turtles", ANIMAL},
    [VT_GOAT] = {"goat", "goats", ANIMAL},
    [VT_CRAB] = {"crab", "crabs", ANIMAL},
    [VT_BEETLE] = {"beetle", "beetles", ANIMAL},
    [VT_KITE] = {"kite", "kites", FLYER},
    [VT_FISH] = {"fish", "fish", FLYER},
    [VT_BAT] = {"bat", "bats", FLYER},
    [VT_ROCKET] = {"rocket", "rockets", FLYER},
    [VT_GULL] = {"gull", "gulls", FLYER},
    [VT_DRONE] = {"drone", "drones", FLYER},
    [VT_POT] = {"pot", "pots", VESSEL},
    [VT_URN] = {"urn", "urns", VESSEL},
    [VT_BELL] = {"bell", "bells", VESSEL},
    [VT_FUNNEL] = {"funnel", "funnels", VESSEL},
    [VT_TUB] = {"tub", "tubs", VESSEL},
    [VT_LANTERN] = {"lantern", "lanterns", VESSEL},
    [VT_BODY] = {"body", "bodies", PART, VT_SHAPE_ROUNDED, 0, .25},
    [VT_WHEEL] = {"wheel", "wheels", PART, VT_SHAPE_ELLIPSE, 0, 0},
    [VT_FLAG] = {"flag", "flags", PART, VT_SHAPE_TRAPEZOID, 0, .35},
    [VT_LEG] = {"leg", "legs", PART, VT_SHAPE_CAPSULE, 0, 0},
    [VT_EAR] = {"ear", "ears", PART, VT_SHAPE_TRIANGLE, 0, 0},
    [VT_WING] = {"wing", "wings", PART, VT_SHAPE_LEAF, 0, 0},
    [VT_FIN] = {"fin", "fins", PART, VT_SHAPE_TRIANGLE, 0, 0},
    [VT_HANDLE] = {"handle", "handles", PART, VT_SHAPE_RING, 0, .6},
    [VT_LID] = {"lid", "lids", PART, VT_SHAPE_ROUNDED, 0, .5},
    [VT_WINDOW] = {"window", "windows", PART, VT_SHAPE_ROUNDED, 0, .3},
    [VT_EYE] = {"eye", "eyes", PART, VT_SHAPE_ELLIPSE, 0, 0},
    [VT_PATCH] = {"patch", "patches", PART, VT_SHAPE_POLYGON, 4, 0},
    [VT_HUB] = {"hub", "hubs", PART, VT_SHAPE_ELLIPSE, 0, 0},
    [VT_POLE] = {"pole", "poles", PART, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_SKY] = {"sky", "skies", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_WALL] = {"wall", "walls", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_FLOOR] = {"floor", "floors", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_WATER] = {"water", "waters", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_GRASS] = {"grass", "grasses", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_SAND] = {"sand", "sands", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_BACKDROP] = {"backdrop", "backdrops", PLACE, VT_SHAPE_RECTANGLE, 0, 0},
    [VT_GROUP] = {"group", "groups", VT_NODE_GROUP, "group", VT_SHAPE_NONE, 0, 0},
    [VT_CLUTTER] = {"scrap", "scraps", VT_NODE_BACKGROUND, "scrap", VT_SHAPE_CAPSULE, 0, 0},
};

const char *const vt_colour_names[VT_COLOURS] = {"red",  "green", "blue",  "yellow", "purple", "orange",
                                                 "cyan", "pink",  "brown", "white",  "grey",   "black"};
const char *const vt_size_names[VT_SIZES] = {"small", "medium", "large"};
const char *const vt_material_names[VT_MATERIALS] = {"matte", "shiny", "rough"};
const char *const vt_pose_names[VT_POSES] = {"upright", "leaning left", "leaning right", "upside down"};
const char *const vt_role_names[VT_ROLES] = {"real", "pictured", "reflection", "shadow"};
const char *const vt_texture_names[VT_TEXTURES] = {"plain",  "striped",  "dotted",  "checked",
                                                   "zigzag", "speckled", "clouded", "gradient"};
const char *const vt_node_kind_names[VT_NODE_KINDS] = {"background", "group", "object", "part"};
const char *const vt_body_names[VT_BODIES] = {"box", "egg", "dome", "cone", "bowl", "hexagon"};
const char *const vt_kit_names[VT_KITS] = {"wheels", "legs", "wings", "handles"};

const float vt_colour_rgb[VT_COLOURS][3] = {
    [VT_RED] = {.84f, .16f, .16f},    [VT_GREEN] = {.20f, .62f, .24f},  [VT_BLUE] = {.16f, .34f, .82f},
    [VT_YELLOW] = {.95f, .83f, .20f}, [VT_PURPLE] = {.52f, .22f, .66f}, [VT_ORANGE] = {.95f, .52f, .12f},
    [VT_CYAN] = {.22f, .76f, .80f},   [VT_PINK] = {.95f, .56f, .70f},   [VT_BROWN] = {.48f, .31f, .16f},
    [VT_WHITE] = {.94f, .94f, .92f},  [VT_GREY] = {.55f, .55f, .56f},   [VT_BLACK] = {.10f, .10f, .11f},
};
const float vt_size_scales[VT_SIZES] = {.7f, 1, 1.4f};

vt_noun vt_thing_noun(vt_body body, vt_kit kit)
{
  return (vt_noun)((int)VT_CART + (int)kit * VT_BODIES + (int)body);
}

int vt_noun_body(vt_noun noun)
{
  return noun >= VT_CART && noun <= VT_LANTERN ? ((int)noun - (int)VT_CART) % VT_BODIES : -1;
}

int vt_noun_kit(vt_noun noun)
{
  return noun >= VT_CART && noun <= VT_LANTERN ? ((int)noun - (int)VT_CART) / VT_BODIES : -1;
}
