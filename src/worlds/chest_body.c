/* SPDX-License-Identifier: Apache-2.0
 *
 * The organs of the chest as shapes in the body frame.
 */
#include <math.h>

#include "worlds/chest.h"

const char *const vt_organ_names[VT_ORGANS] = {"left lung", "right lung", "heart",      "aorta",
                                               "spine",     "trachea",    "left angle", "right angle"};
const char *const vt_chest_region_names[VT_CHEST_REGIONS] = {"left upper zone",
                                                             "left middle zone",
                                                             "left lower zone",
                                                             "right upper zone",
                                                             "right middle zone",
                                                             "right lower zone",
                                                             "heart",
                                                             "aorta",
                                                             "spine",
                                                             "trachea",
                                                             "left angle",
                                                             "right angle"};

/* The left lung; apex above, the costophrenic angle at the lower right. */
enum { LUNG_POINTS = 17 };
static const float lung_outline[LUNG_POINTS][2] = {
    {.15f, -.58f}, {.20f, -.74f}, {.28f, -.83f}, {.38f, -.86f}, {.49f, -.80f}, {.59f, -.65f},
    {.67f, -.42f}, {.72f, -.15f}, {.75f, .12f},  {.77f, .36f},  {.78f, .54f},  {.66f, .42f},
    {.52f, .34f},  {.36f, .34f},  {.18f, .42f},  {.14f, .10f},  {.12f, -.22f}};

/* ---- frame ---- */

void vt_chest_point(const vt_chest_body *body, double x, double y, double out[2])
{
  double c = cos(body->angle), s = sin(body->angle);
  x *= body->scale * body->aspect;
  y *= body->scale;
  out[0] = body->x + c * x - s * y;
  out[1] = body->y + s * x + c * y;
}

void vt_chest_unplace(const vt_chest_body *body, double px, double py, double out[2])
{
  double c = cos(body->angle), s = sin(body->angle), x = px - body->x, y = py - body->y;
  out[0] = (c * x + s * y) / (body->scale * body->aspect);
  out[1] = (c * y - s * x) / body->scale;
}

/* Sizes follow the height alone: a wide chest moves things apart and does not make them wide. */
vt_shape vt_chest_place(const vt_chest_body *body, vt_shape shape)
{
  double at[2];
  vt_chest_point(body, shape.x, shape.y, at);
  shape.x = at[0];
  shape.y = at[1];
  shape.half_width *= body->scale;
  shape.half_height *= body->scale;
  shape.angle += body->angle;
  return shape;
}

static void cover(const vt_shape *shape, vt_raster *plane)
{
  vt_paint paint = {.soft = 1};
  vt_raster_paint(plane, shape, &paint, VT_LABEL_KEEP);
}

static void cover_line(const vt_chest_body *body, double x0, double y0, double x1, double y1,
                       double thickness, vt_raster *plane)
{
  double a[2], b[2];
  vt_chest_point(body, x0, y0, a);
  vt_chest_point(body, x1, y1, b);
  vt_shape line = vt_shape_line(a[0], a[1], b[0], b[1], thickness * body->scale);
  cover(&line, plane);
}

static void cover_ellipse(const vt_chest_body *body, double x, double y, double half_width,
                          double half_height, double angle, vt_raster *plane)
{
  vt_shape shape = vt_chest_place(body, (vt_shape){.kind = VT_SHAPE_ELLIPSE,
                                                   .x = x,
                                                   .y = y,
                                                   .half_width = half_width,
                                                   .half_height = half_height,
                                                   .angle = angle});
  cover(&shape, plane);
}

/* ---- organs ---- */

static double sign_of(vt_side side)
{
  return side == VT_SIDE_LEFT ? 1 : -1;
}

static void lung_point(const vt_chest_body *body, vt_side side, double x, double y, double out[2])
{
  int i = (int)side - 1;
  double low = y > -.2 ? (y + .2) * body->lung_height[i] - .2 : y;
  vt_chest_point(body, sign_of(side) * (.12 + (x - .12) * body->lung_width[i]), low, out);
}

void vt_chest_cover_lung(const vt_chest_body *body, vt_side side, double factor, vt_raster *plane)
{
  static const double hilum[2] = {.14, -.05};
  float outline[LUNG_POINTS][2];
  double box[4] = {1e9, 1e9, -1e9, -1e9}, at[LUNG_POINTS][2];
  for (int i = 0; i < LUNG_POINTS; i++) {
    double x = hilum[0] + factor * (lung_outline[i][0] - hilum[0]);
    double y = hilum[1] + factor * (lung_outline[i][1] - hilum[1]);
    lung_point(body, side, x, y, at[i]);
    for (int axis = 0; axis < 2; axis++) {
      box[axis] = fmin(box[axis], at[i][axis]);
      box[2 + axis] = fmax(box[2 + axis], at[i][axis]);
    }
  }
  vt_shape shape = {.kind = VT_SHAPE_FREE,
                    .x = (box[0] + box[2]) / 2,
                    .y = (box[1] + box[3]) / 2,
                    .half_width = (box[2] - box[0]) / 2,
                    .half_height = (box[3] - box[1]) / 2,
                    .corners = LUNG_POINTS,
                    .outline = (const float(*)[2])outline};
  for (int i = 0; i < LUNG_POINTS; i++) {
    outline[i][0] = (float)((at[i][0] - shape.x) / shape.half_width);
    outline[i][1] = (float)((at[i][1] - shape.y) / shape.half_height);
  }
  cover(&shape, plane);
}

static double spine_at(const vt_chest_body *body, double y)
{
  return -.35 * body->turn + body->spine_bend * (1 - y * y / 3);
}

void vt_chest_cover_vertebrae(const vt_chest_body *body, vt_raster *plane)
{
  for (int i = -4; i < 15; i++) {
    double y = -.98 + .215 * i;
    vt_shape shape = vt_chest_place(body, (vt_shape){.kind = VT_SHAPE_ROUNDED,
                                                     .x = spine_at(body, y),
                                                     .y = y,
                                                     .half_width = .095,
                                                     .half_height = .083,
                                                     .ratio = .35});
    cover(&shape, plane);
  }
}

static void cover_spine(const vt_chest_body *body, vt_raster *plane)
{
  for (int i = -3; i < 12; i++) {
    double y = -1 + .26 * i;
    cover_line(body, spine_at(body, y), y, spine_at(body, y + .26), y + .26, .16, plane);
  }
  vt_chest_cover_vertebrae(body, plane);
}

static void cover_trachea(const vt_chest_body *body, vt_raster *plane)
{
  double x = body->trachea_x + .1 * body->turn;
  cover_line(body, x, -1.8, x, -.42, .11, plane);
  cover_line(body, x, -.42, x - .16, -.24, .075, plane);
  cover_line(body, x, -.42, x + .17, -.22, .075, plane);
}

void vt_chest_cover_organ(const vt_chest_body *body, vt_organ organ, double enlarged, vt_raster *plane)
{
  double at[2], size = body->heart_size * enlarged;
  switch (organ) {
  case VT_LEFT_LUNG:
  case VT_RIGHT_LUNG:
    vt_chest_cover_lung(body, organ == VT_LEFT_LUNG ? VT_SIDE_LEFT : VT_SIDE_RIGHT, 1, plane);
    return;
  case VT_HEART_ORGAN: /* grows to the sides, mostly to the left */
    cover_ellipse(body, body->heart_x + .3 * body->turn + .10 + .12 * (enlarged - 1), .20, .29 * size,
                  .23 * (.5 * size + .5 * body->heart_size), body->heart_angle, plane);
    cover_ellipse(body, body->heart_x + .2 * body->turn + .02, -.02, .13, .22, .1, plane);
    return;
  case VT_AORTA:
    cover_ellipse(body, body->aorta_x + .13, -.36, .115, .12, 0, plane);
    cover_line(body, body->aorta_x + .15, -.32, body->aorta_x + .12, .5, .10, plane);
    return;
  case VT_SPINE:
    cover_spine(body, plane);
    return;
  case VT_TRACHEA:
    cover_trachea(body, plane);
    return;
  default: { /* a disc at the corner */
    vt_side side = organ == VT_LEFT_ANGLE ? VT_SIDE_LEFT : VT_SIDE_RIGHT;
    lung_point(body, side, .72, .45, at);
    vt_shape disc = {.kind = VT_SHAPE_ELLIPSE,
                     .x = at[0],
                     .y = at[1],
                     .half_width = .13 * body->scale,
                     .half_height = .13 * body->scale};
    cover(&disc, plane);
  }
  }
}

void vt_chest_cover_ribs(const vt_chest_body *body, vt_raster *plane)
{
  for (int side = 0; side < 2; side++) {
    double sign = side ? 1 : -1;
    for (int i = 0; i < 7; i++) {
      double y = -.78 + .2 * i, wide = .46 + .025 * i;
      cover_line(body, sign * .10, y, sign * .4, y - .06, .04, plane);
      cover_line(body, sign * .4, y - .06, sign * (.16 + wide), y + .06, .04, plane);
      cover_line(body, sign * (.16 + wide), y + .06, sign * (.24 + wide), y + .24, .04, plane);
    }
    cover_line(body, sign * .08, -.66, sign * .72, -.86, .065, plane); /* clavicle */
  }
}
