/* SPDX-License-Identifier: Apache-2.0
 *
 * What composed things and backgrounds are made of. A thing is a body and a kit: the body's outline alone
 * leaves open which kit, the kit alone which body; its noun needs both.
 */
#include <math.h>

#include "worlds/scene.h"

#define PI 3.14159265358979f

/* Where a body offers places for parts, in units of the thing's radius. */
typedef struct body_row {
  vt_shape_kind shape;
  int corners;
  float ratio, half_width, half_height, angle;
  float top, shoulder; /* y of the outline at x = 0 and at |x| = .28, above */
  float side, side_y;  /* x of the outline at y = side_y */
  float bottom;        /* y of the outline at |x| = .36, below */
} body_row;

static const body_row bodies[VT_BODIES] = {
    [VT_BODY_BOX] = {VT_SHAPE_ROUNDED, 0, .22f, .62f, .44f, 0, -.44f, -.44f, .62f, 0, .44f},
    [VT_BODY_EGG] = {VT_SHAPE_ELLIPSE, 0, 0, .66f, .46f, 0, -.46f, -.42f, .65f, 0, .38f},
    [VT_BODY_DOME] = {VT_SHAPE_HALF_DISC, 0, 0, .66f, .42f, 0, -.42f, -.34f, .60f, .08f, .42f},
    [VT_BODY_CONE] = {VT_SHAPE_TRIANGLE, 0, 0, .66f, .56f, 0, -.50f, -.08f, .46f, .2f, .54f},
    [VT_BODY_BOWL] = {VT_SHAPE_HALF_DISC, 0, 0, .66f, .42f, PI, -.42f, -.42f, .60f, -.1f, .30f},
    [VT_BODY_HEXAGON] = {VT_SHAPE_POLYGON, 6, 0, .64f, .56f, 0, -.56f, -.42f, .54f, 0, .36f},
};

static int add_part(vt_scene *scene, int parent, vt_noun noun, float x, float y, float half_width,
                    float half_height, float z, vt_colour colour)
{
  int part = vt_scene_add(scene, parent, noun);
  if (part < 0) return -1;
  vt_node *node = &scene->nodes[part];
  node->x = x, node->y = y, node->z = z;
  node->half_width = half_width, node->half_height = half_height;
  node->colour = node->second = colour;
  return part;
}

static void turn(vt_scene *scene, int part, float angle)
{
  if (part >= 0) scene->nodes[part].angle = angle;
}

static void add_wheels(vt_scene *scene, int thing, const body_row *body, float grow, vt_colour colour)
{
  float radius = .23f * grow;
  for (int side = -1; side <= 1; side += 2) {
    int wheel =
        add_part(scene, thing, VT_WHEEL, .36f * (float)side, body->bottom + .1f, radius, radius, 2, colour);
    if (wheel >= 0) add_part(scene, wheel, VT_HUB, 0, 0, radius * .4f, radius * .4f, 1, VT_GREY);
  }
}

static void add_flag(vt_scene *scene, int thing, const body_row *body, float grow, vt_colour colour)
{
  float height = .5f * grow, x = .05f;
  int flag = add_part(scene, thing, VT_FLAG, x + .2f, body->top - height + .14f, .14f, .2f, -1, colour);
  turn(scene, flag, PI / 2); /* the narrow end away from the pole */
  /* in the flag's frame, which is turned: along its lower edge */
  if (flag >= 0)
    add_part(scene, flag, VT_POLE, height / 2 - .12f, .2f, (height + .14f) / 2, .035f, -1, VT_BROWN);
}

static void add_pair(vt_scene *scene, int thing, vt_noun noun, float x, float y, float half_width,
                     float half_height, float angle, vt_colour colour)
{
  for (int side = -1; side <= 1; side += 2)
    turn(scene, add_part(scene, thing, noun, x * (float)side, y, half_width, half_height, -1, colour),
         angle * (float)side);
}

static void add_lid(vt_scene *scene, int thing, const body_row *body, float grow, vt_colour colour)
{
  int lid = add_part(scene, thing, VT_LID, 0, body->top - .02f, .38f * grow, .075f, 2, colour);
  if (lid >= 0) add_part(scene, lid, VT_HUB, 0, -.15f, .09f * grow, .09f * grow, 1, colour);
}

void vt_scene_add_parts(vt_scene *scene, int thing, vt_body kind, vt_noun noun, float grow, vt_colour colour)
{
  const body_row *body = &bodies[kind];
  switch (noun) {
  case VT_WHEEL:
    add_wheels(scene, thing, body, grow, colour);
    break;
  case VT_FLAG:
    add_flag(scene, thing, body, grow, colour);
    break;
  case VT_LEG:
    add_pair(scene, thing, noun, .34f, body->bottom + .17f, .1f * grow, .3f * grow, -.15f, colour);
    break;
  case VT_EAR:
    add_pair(scene, thing, noun, .3f, body->shoulder - .14f, .15f * grow, .26f * grow, .3f, colour);
    break;
  case VT_WING:
    add_pair(scene, thing, noun, body->side + .16f, body->side_y - .1f, .38f * grow, .17f * grow, -.6f,
             colour);
    break;
  case VT_FIN:
    add_part(scene, thing, VT_FIN, 0, body->bottom + .2f, .26f * grow, .24f * grow, -1, colour);
    break;
  case VT_HANDLE:
    add_pair(scene, thing, noun, body->side + .06f, body->side_y, .2f * grow, .24f * grow, 0, colour);
    break;
  case VT_LID:
    add_lid(scene, thing, body, grow, colour);
    break;
  default:
    break;
  }
}

int vt_scene_add_body(vt_scene *scene, int thing, vt_body kind, vt_colour colour)
{
  const body_row *body = &bodies[kind];
  int part = add_part(scene, thing, VT_BODY, 0, 0, body->half_width, body->half_height, 0, colour);
  if (part < 0) return -1;
  vt_node *node = &scene->nodes[part];
  node->shape = body->shape;
  node->corners = body->corners;
  node->ratio = body->ratio;
  node->angle = body->angle;
  node->outline = .05f;
  return part;
}

const vt_noun vt_kit_parts[VT_KITS][2] = {
    [VT_KIT_WHEELS] = {VT_WHEEL, VT_FLAG},
    [VT_KIT_LEGS] = {VT_LEG, VT_EAR},
    [VT_KIT_WINGS] = {VT_WING, VT_FIN},
    [VT_KIT_HANDLES] = {VT_HANDLE, VT_LID},
};

void vt_scene_add_marks(vt_scene *scene, int thing, vt_draw *draw)
{
  static const vt_noun kinds[] = {VT_WINDOW, VT_EYE, VT_PATCH};
  int count = vt_draw_below(draw, 3);
  for (int i = 0; i < count; i++) {
    vt_noun noun = kinds[vt_draw_below(draw, 3)];
    float x = (count == 1 ? 0 : i ? .2f : -.2f) + (float)vt_draw_uniform(draw, -.06, .06);
    add_part(scene, thing, noun, x, (float)vt_draw_uniform(draw, -.06, .12), .11f, .11f, 3,
             vt_draw_chance(draw, .5) ? VT_WHITE : VT_BLACK);
  }
}

static void add_composed(vt_scene *scene, int thing, vt_draw *draw)
{
  vt_noun noun = scene->nodes[thing].noun;
  vt_body body = (vt_body)vt_noun_body(noun);
  if (vt_scene_add_body(scene, thing, body, scene->nodes[thing].colour) < 0) return;
  float grow = (float)vt_draw_uniform(draw, .9, 1.15);
  for (int i = 0; i < 2; i++)
    vt_scene_add_parts(scene, thing, body, vt_kit_parts[vt_noun_kit(noun)][i], grow,
                       scene->nodes[thing].second);
  vt_scene_add_marks(scene, thing, draw);
}

int vt_scene_add_thing(vt_scene *scene, int parent, vt_noun noun, float x, float y, float radius,
                       vt_colour colour, vt_colour second, vt_draw *draw)
{
  int thing = vt_scene_add(scene, parent, noun);
  if (thing < 0) return -1;
  vt_node *node = &scene->nodes[thing];
  node->x = x, node->y = y, node->scale = radius;
  node->colour = colour;
  node->second = second;
  if (vt_noun_body(noun) >= 0) {
    node->shape = VT_SHAPE_NONE;
    add_composed(scene, thing, draw);
  }
  return thing;
}

/* ---- backgrounds ---- */

static void add_place(vt_scene *scene, vt_draw *draw, vt_noun noun, float top, float bottom, vt_colour colour,
                      vt_colour second, float z)
{
  int number = vt_scene_add(scene, -1, noun);
  if (number < 0) return;
  vt_node *node = &scene->nodes[number];
  static const vt_texture textures[] = {VT_TEXTURE_PLAIN, VT_TEXTURE_CLOUDED, VT_TEXTURE_CLOUDED,
                                        VT_TEXTURE_GRADIENT};
  node->x = scene->width / 2;
  node->y = (top + bottom) / 2 * scene->height;
  node->half_width = scene->width / 2 + .05f;
  node->half_height = (bottom - top) / 2 * scene->height;
  node->z = z;
  node->colour = colour;
  node->second = second;
  node->texture = textures[vt_draw_below(draw, 4)];
  for (int c = 0; c < 3; c++)
    node->tint[c] = (float)vt_draw_uniform(draw, -.06, .06);
  node->seed = (uint32_t)vt_draw_below(draw, 1 << 30);
}

void vt_scene_add_background(vt_scene *scene, vt_draw *draw)
{
  static const struct {
    vt_noun upper, lower;
    vt_colour upper_colour, upper_second, lower_colour, lower_second;
  } rows[] = {
      {VT_WALL, VT_FLOOR, VT_GREY, VT_WHITE, VT_BROWN, VT_GREY},
      {VT_SKY, VT_GRASS, VT_CYAN, VT_WHITE, VT_GREEN, VT_BROWN},
      {VT_SKY, VT_WATER, VT_WHITE, VT_CYAN, VT_BLUE, VT_CYAN},
      {VT_SKY, VT_SAND, VT_CYAN, VT_GREY, VT_YELLOW, VT_BROWN},
  };
  int which = vt_draw_below(draw, 8);
  float horizon = (float)vt_draw_uniform(draw, .4, .8);
  if (which < (int)VT_COUNT(rows)) {
    add_place(scene, draw, rows[which].upper, -.05f, horizon, rows[which].upper_colour,
              rows[which].upper_second, -11);
    add_place(scene, draw, rows[which].lower, horizon, 1.05f, rows[which].lower_colour,
              rows[which].lower_second, -10);
    return;
  }
  vt_colour colour = (vt_colour)vt_draw_below(draw, VT_COLOURS),
            second = (vt_colour)vt_draw_below(draw, VT_COLOURS);
  add_place(scene, draw, VT_BACKDROP, -.05f, 1.05f, colour, second, -10);
}
