/* SPDX-License-Identifier: Apache-2.0
 *
 * The anatomy of creatures: which shapes a part is made of and where it joins the body. Creature units, the
 * body's centre at (0, 0), looking to the right, y downward.
 */
#include <math.h>

#include "worlds/creatures.h"

/* Half sides of the body of each shape; the drop's tip points to the tail. */
static const double body_half[VT_CREATURE_SHAPES][2] = {{.46, .40}, {.60, .29}, {.58, .38}, {.50, .34}};

static const float hook[6][2] = {{-1, -.75f}, {-.1f, -1}, {.75f, -.45f}, {1, 1}, {.35f, .35f}, {-1, .75f}};
static const float dart[4][2] = {{1, -.2f}, {.75f, .9f}, {-1, .55f}, {-.2f, -1}};
static const float fingers[9][2] = {{1, -.15f},  {.35f, -1},   {-1, -.85f}, {-.35f, -.35f}, {-.95f, -.05f},
                                    {-.3f, .2f}, {-.75f, .8f}, {.2f, .75f}, {.85f, .45f}};
static const float fork[5][2] = {{1, -.35f}, {1, .35f}, {-1, 1}, {-.25f, 0}, {-1, -1}};
static const float crest[7][2] = {{-1, 1},     {-1, -.3f}, {-.45f, .35f}, {0, -1},
                                  {.4f, .35f}, {1, -.45f}, {.9f, 1}};
static const float web[3][2] = {{-.55f, -1}, {1, 1}, {-1, 1}};

/* A frame that turns about a joint; shapes are given in it. */
typedef struct joint {
  double x, y, angle, size;
} joint;

static void at_joint(const joint *j, double x, double y, double *out_x, double *out_y)
{
  double c = cos(j->angle), s = sin(j->angle);
  *out_x = j->x + j->size * (c * x - s * y);
  *out_y = j->y + j->size * (s * x + c * y);
}

static vt_creature_piece piece(const joint *j, vt_shape_kind kind, double x, double y, double half_width,
                               double half_height, double turn, vt_creature_layer layer)
{
  vt_creature_piece out = {.layer = layer};
  out.shape = (vt_shape){.kind = kind,
                         .half_width = half_width * j->size,
                         .half_height = half_height * j->size,
                         .angle = j->angle + turn};
  at_joint(j, x, y, &out.shape.x, &out.shape.y);
  return out;
}

static vt_creature_piece free_piece(const joint *j, const float (*outline)[2], int corners, double x,
                                    double y, double half_width, double half_height, vt_creature_layer layer)
{
  vt_creature_piece out = piece(j, VT_SHAPE_FREE, x, y, half_width, half_height, 0, layer);
  out.shape.outline = outline;
  out.shape.corners = corners;
  return out;
}

static vt_creature_piece line_piece(const joint *j, double x0, double y0, double x1, double y1,
                                    double thickness, vt_creature_layer layer)
{
  vt_creature_piece out = {.layer = layer};
  double a[2], b[2];
  at_joint(j, x0, y0, &a[0], &a[1]);
  at_joint(j, x1, y1, &b[0], &b[1]);
  out.shape = vt_shape_line(a[0], a[1], b[0], b[1], thickness * j->size);
  return out;
}

static int shape_of(const vt_creature *creature, vt_creature_part part)
{
  return creature->traits[part].value[VT_CREATURE_SHAPE];
}

/* ---- joints ---- */

static void body_size(const vt_creature *creature, double half[2])
{
  const double *usual = body_half[shape_of(creature, VT_CREATURE_BODY)];
  half[0] = usual[0] * creature->view.size[VT_CREATURE_BODY];
  half[1] = usual[1] * creature->view.size[VT_CREATURE_BODY];
}

static joint head_joint(const vt_creature *creature)
{
  const vt_creature_view *view = &creature->view;
  double half[2], size = view->size[VT_CREATURE_HEAD];
  body_size(creature, half);
  return (joint){.62 * half[0] + .16 + view->head_x, -.58 * half[1] - .17 * size + view->head_y,
                 view->head_angle, size};
}

static joint beak_joint(const vt_creature *creature)
{
  static const double front[VT_CREATURE_SHAPES] = {.22, .30, .22, .20};
  joint head = head_joint(creature), out = head;
  at_joint(&head, front[shape_of(creature, VT_CREATURE_HEAD)], .04, &out.x, &out.y);
  out.size = creature->view.size[VT_CREATURE_BEAK];
  return out;
}

static joint wing_joint(const vt_creature *creature)
{
  double half[2];
  body_size(creature, half);
  return (joint){.30 * half[0], -.28 * half[1], creature->view.wing_angle,
                 creature->view.size[VT_CREATURE_WING]};
}

static joint tail_joint(const vt_creature *creature)
{
  double half[2];
  body_size(creature, half);
  return (joint){-.82 * half[0], -.12 * half[1], creature->view.tail_angle,
                 creature->view.size[VT_CREATURE_TAIL]};
}

static joint leg_joint(const vt_creature *creature, int which)
{
  double half[2];
  body_size(creature, half);
  return (joint){(which ? -.24 : .14) * half[0] / .46 * .9, .72 * half[1], creature->view.stride[which],
                 creature->view.size[VT_CREATURE_LEG]};
}

/* ---- parts ---- */

static int head_pieces(const vt_creature *creature, vt_creature_piece *out)
{
  joint j = head_joint(creature), trunk = {0, 0, 0, 1};
  int count = 0;
  double half[2];
  body_size(creature, half);
  /* the neck, behind the body */
  out[count++] =
      line_piece(&trunk, .5 * half[0], -.3 * half[1], j.x - .02, j.y + .04, .2, VT_CREATURE_BEHIND);
  switch (shape_of(creature, VT_CREATURE_HEAD)) {
  case 0:
    out[count++] = piece(&j, VT_SHAPE_ELLIPSE, 0, 0, .26, .26, 0, VT_CREATURE_FRONT);
    break;
  case 1:
    out[count++] = piece(&j, VT_SHAPE_ELLIPSE, .04, 0, .36, .19, 0, VT_CREATURE_FRONT);
    break;
  case 2:
    out[count++] = piece(&j, VT_SHAPE_ROUNDED, 0, 0, .25, .24, 0, VT_CREATURE_FRONT);
    out[count - 1].shape.ratio = .25;
    break;
  default:
    out[count++] = free_piece(&j, crest, 7, -.04, -.25, .22, .20, VT_CREATURE_MIDDLE);
    out[count++] = piece(&j, VT_SHAPE_ELLIPSE, 0, 0, .24, .23, 0, VT_CREATURE_FRONT);
  }
  out[count] = piece(&j, VT_SHAPE_ELLIPSE, .09, -.05, .075, .075, 0, VT_CREATURE_FRONT);
  out[count++].mark = 1;
  out[count] = piece(&j, VT_SHAPE_ELLIPSE, .105, -.05, .04, .04, 0, VT_CREATURE_FRONT);
  out[count++].mark = 2;
  return count;
}

static int beak_pieces(const vt_creature *creature, vt_creature_piece *out)
{
  joint j = beak_joint(creature);
  switch (shape_of(creature, VT_CREATURE_BEAK)) {
  case 0: /* a triangle on its side: half sides are those before the turn */
    out[0] = piece(&j, VT_SHAPE_TRIANGLE, .11, 0, .15, .18, 1.5708, VT_CREATURE_MIDDLE);
    return 1;
  case 1:
    out[0] = piece(&j, VT_SHAPE_TRIANGLE, .21, 0, .11, .28, 1.5708, VT_CREATURE_MIDDLE);
    return 1;
  case 2:
    out[0] = free_piece(&j, hook, 6, .11, .03, .18, .17, VT_CREATURE_MIDDLE);
    return 1;
  default:
    out[0] = piece(&j, VT_SHAPE_ROUNDED, .04, 0, .10, .07, 0, VT_CREATURE_MIDDLE);
    out[1] = piece(&j, VT_SHAPE_ELLIPSE, .20, 0, .15, .11, 0, VT_CREATURE_MIDDLE);
    return 2;
  }
}

static int wing_pieces(const vt_creature *creature, vt_creature_piece *out)
{
  joint j = wing_joint(creature);
  switch (shape_of(creature, VT_CREATURE_WING)) {
  case 0:
    out[0] = piece(&j, VT_SHAPE_LEAF, -.30, 0, .44, .19, 0, VT_CREATURE_FRONT);
    return 1;
  case 1:
    out[0] = free_piece(&j, dart, 4, -.30, .02, .40, .24, VT_CREATURE_FRONT);
    return 1;
  case 2:
    out[0] = piece(&j, VT_SHAPE_ELLIPSE, -.24, .02, .30, .21, 0, VT_CREATURE_FRONT);
    return 1;
  default:
    out[0] = free_piece(&j, fingers, 9, -.30, 0, .42, .27, VT_CREATURE_FRONT);
    return 1;
  }
}

static int body_pieces(const vt_creature *creature, vt_creature_piece *out)
{
  static const vt_shape_kind kinds[VT_CREATURE_SHAPES] = {VT_SHAPE_ELLIPSE, VT_SHAPE_ELLIPSE, VT_SHAPE_DROP,
                                                          VT_SHAPE_ROUNDED};
  int shape = shape_of(creature, VT_CREATURE_BODY);
  joint j = {0, 0, 0, creature->view.size[VT_CREATURE_BODY]};
  bool drop = kinds[shape] == VT_SHAPE_DROP; /* its tip is up before the turn */
  out[0] = piece(&j, kinds[shape], 0, 0, body_half[shape][drop ? 1 : 0], body_half[shape][drop ? 0 : 1],
                 drop ? -1.5708 : 0, VT_CREATURE_MIDDLE);
  out[0].shape.ratio = kinds[shape] == VT_SHAPE_ROUNDED ? .45 : 0;
  return 1;
}

static int tail_pieces(const vt_creature *creature, vt_creature_piece *out)
{
  joint j = tail_joint(creature);
  switch (shape_of(creature, VT_CREATURE_TAIL)) {
  case 0: /* narrow side at the body */
    out[0] = piece(&j, VT_SHAPE_TRAPEZOID, -.22, 0, .26, .26, 1.5708, VT_CREATURE_BEHIND);
    out[0].shape.ratio = .3;
    return 1;
  case 1:
    out[0] = free_piece(&j, fork, 5, -.26, 0, .32, .25, VT_CREATURE_BEHIND);
    return 1;
  case 2:
    out[0] = piece(&j, VT_SHAPE_CAPSULE, -.30, 0, .38, .10, 0, VT_CREATURE_BEHIND);
    return 1;
  default:
    out[0] = piece(&j, VT_SHAPE_DROP, -.25, 0, .20, .33, 1.5708, VT_CREATURE_BEHIND);
    return 1;
  }
}

static int one_leg(const vt_creature *creature, int which, vt_creature_piece *out)
{
  joint j = leg_joint(creature, which);
  vt_creature_layer layer = VT_CREATURE_BEHIND;
  switch (shape_of(creature, VT_CREATURE_LEG)) {
  case 0:
    out[0] = line_piece(&j, 0, -.05, 0, .50, .11, layer);
    out[1] = line_piece(&j, 0, .50, .14, .50, .10, layer);
    return 2;
  case 1:
    out[0] = piece(&j, VT_SHAPE_ROUNDED, 0, .12, .12, .20, 0, layer);
    return 1;
  case 2:
    out[0] = line_piece(&j, 0, -.05, 0, .28, .10, layer);
    out[1] = free_piece(&j, web, 3, .05, .34, .20, .12, layer);
    return 2;
  default:
    out[0] = line_piece(&j, 0, -.05, -.13, .20, .12, layer);
    out[1] = line_piece(&j, -.13, .20, .04, .42, .11, layer);
    return 2;
  }
}

int vt_creature_pieces(const vt_creature *creature, vt_creature_part part,
                       vt_creature_piece pieces[VT_CREATURE_PART_SHAPES])
{
  switch (part) {
  case VT_CREATURE_HEAD:
    return head_pieces(creature, pieces);
  case VT_CREATURE_BEAK:
    return beak_pieces(creature, pieces);
  case VT_CREATURE_WING:
    return wing_pieces(creature, pieces);
  case VT_CREATURE_BODY:
    return body_pieces(creature, pieces);
  case VT_CREATURE_TAIL:
    return tail_pieces(creature, pieces);
  default: {
    int far = one_leg(creature, 1, pieces);
    return far + one_leg(creature, 0, pieces + far);
  }
  }
}

void vt_creature_anchor(const vt_creature *creature, vt_creature_part part, double anchor[2])
{
  static const double leg[VT_CREATURE_SHAPES][2] = {{0, .32}, {0, .22}, {.04, .38}, {-.06, .29}};
  static const double tail[VT_CREATURE_SHAPES] = {-.30, -.20, -.40, -.32};
  static const double beak[VT_CREATURE_SHAPES] = {.09, .14, .09, .21};
  static const double wing[VT_CREATURE_SHAPES] = {-.30, -.25, -.26, -.1};
  int shape = shape_of(creature, part);
  double half[2];
  joint j;
  switch (part) {
  case VT_CREATURE_HEAD: /* behind the eye */
    j = head_joint(creature);
    at_joint(&j, -.06, .06, &anchor[0], &anchor[1]);
    return;
  case VT_CREATURE_BEAK:
    j = beak_joint(creature);
    at_joint(&j, beak[shape], shape == 2 ? -.02 : 0, &anchor[0], &anchor[1]);
    return;
  case VT_CREATURE_WING:
    j = wing_joint(creature);
    at_joint(&j, wing[shape], .02, &anchor[0], &anchor[1]);
    return;
  case VT_CREATURE_BODY: /* the breast, which no wing reaches */
    body_size(creature, half);
    anchor[0] = .45 * half[0];
    anchor[1] = .45 * half[1];
    return;
  case VT_CREATURE_TAIL:
    j = tail_joint(creature);
    at_joint(&j, tail[shape], 0, &anchor[0], &anchor[1]);
    return;
  default:
    j = leg_joint(creature, 0);
    at_joint(&j, leg[shape][0], leg[shape][1], &anchor[0], &anchor[1]);
  }
}

/* ---- on the canvas ---- */

void vt_creature_to_pixels(const vt_creature_view *view, const double point[2], double out[2])
{
  double c = cos(view->angle), s = sin(view->angle), x = view->mirror ? -point[0] : point[0], y = point[1];
  out[0] = view->x + view->unit * (c * x - s * y);
  out[1] = view->y + view->unit * (s * x + c * y);
}

void vt_creature_extent(const vt_creature *creature, double box[4])
{
  vt_creature_view view = creature->view;
  double c = fabs(cos(view.angle)), s = fabs(sin(view.angle));
  box[0] = box[1] = 1e9;
  box[2] = box[3] = -1e9;
  view.x = view.y = 0;
  view.unit = 1;
  for (int part = 0; part < VT_CREATURE_PARTS; part++) {
    vt_creature_piece pieces[VT_CREATURE_PART_SHAPES];
    int count = vt_creature_pieces(creature, (vt_creature_part)part, pieces);
    for (int i = 0; i < count; i++) {
      const vt_shape *shape = &pieces[i].shape;
      double a = fabs(cos(shape->angle)), b = fabs(sin(shape->angle)), centre[2];
      double wide = a * shape->half_width + b * shape->half_height;
      double high = b * shape->half_width + a * shape->half_height;
      double reach[2] = {c * wide + s * high, s * wide + c * high};
      vt_creature_to_pixels(&view, (const double[2]){shape->x, shape->y}, centre);
      for (int axis = 0; axis < 2; axis++) {
        box[axis] = fmin(box[axis], centre[axis] - reach[axis]);
        box[2 + axis] = fmax(box[2 + axis], centre[axis] + reach[axis]);
      }
    }
  }
}
