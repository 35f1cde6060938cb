/* SPDX-License-Identifier: Apache-2.0
 *
 * What findings and devices look like: their coverage.
 */
#include <math.h>

#include "worlds/chest.h"

vt_status vt_chest_planes_new(vt_ctx *ctx, int px, vt_chest_planes *out)
{
  *out = (vt_chest_planes){0};
  vt_status status = vt_raster_new(ctx, px, px, VT_PLANE_COVERAGE, &out->shape);
  if (status == VT_OK) status = vt_raster_new(ctx, px, px, VT_PLANE_COVERAGE, &out->lung);
  if (status == VT_OK) status = vt_raster_new(ctx, px, px, VT_PLANE_COVERAGE, &out->inner);
  if (status != VT_OK) vt_chest_planes_free(out);
  return status;
}

void vt_chest_planes_free(vt_chest_planes *planes)
{
  vt_raster_free(&planes->shape);
  vt_raster_free(&planes->lung);
  vt_raster_free(&planes->inner);
}

bool vt_chest_in_current(const vt_finding *finding)
{
  return finding->change != VT_CHANGE_RESOLVED;
}

bool vt_chest_in_prior(const vt_finding *finding)
{
  return finding->change != VT_CHANGE_NONE && finding->change != VT_CHANGE_NEW;
}

/* Factor on lengths in the prior picture. */
static double prior_factor(vt_change change)
{
  return change == VT_CHANGE_LARGER ? .6 : change == VT_CHANGE_SMALLER ? 1.55 : 1;
}

double vt_chest_enlarged(const vt_study *study, bool prior)
{
  for (int i = 0; i < study->facts.findings; i++) {
    const vt_finding *f = &study->facts.finding[i];
    if (f->kind != VT_ENLARGED_HEART || !(prior ? vt_chest_in_prior(f) : vt_chest_in_current(f))) continue;
    double factor = prior ? prior_factor(f->change) : 1;
    return 1 + factor * (.16 + .42 * study->lesion[i].amount);
  }
  return 1;
}

/* ---- shapes ---- */

static const vt_chest_body *body_of(const vt_study *study, bool prior)
{
  return prior ? &study->before : &study->body;
}

static void cover(vt_shape shape, const vt_chest_body *body, double soft, vt_raster *plane)
{
  vt_shape placed = vt_chest_place(body, shape);
  vt_paint paint = {.soft = fmax(1, soft * body->scale)};
  vt_raster_paint(plane, &placed, &paint, VT_LABEL_KEEP);
}

static void cover_line(const vt_chest_body *body, double x0, double y0, double x1, double y1,
                       double thickness, vt_raster *plane)
{
  double a[2], b[2];
  vt_chest_point(body, x0, y0, a);
  vt_chest_point(body, x1, y1, b);
  vt_shape line = vt_shape_line(a[0], a[1], b[0], b[1], fmax(1, thickness * body->scale));
  vt_raster_paint(plane, &line, &(vt_paint){.soft = 1}, VT_LABEL_KEEP);
}

static vt_shape round_shape(vt_shape_kind kind, double x, double y, double half_width, double half_height)
{
  return (vt_shape){.kind = kind, .x = x, .y = y, .half_width = half_width, .half_height = half_height};
}

/* A polygon whose corners are in the body frame. */
static void cover_polygon(const vt_chest_body *body, const double (*corner)[2], int corners, double soft,
                          vt_raster *plane)
{
  float outline[VT_SHAPE_CORNERS][2];
  double box[4] = {1e9, 1e9, -1e9, -1e9}, at[VT_SHAPE_CORNERS][2];
  for (int i = 0; i < corners; i++) {
    vt_chest_point(body, corner[i][0], corner[i][1], at[i]);
    for (int axis = 0; axis < 2; axis++) {
      box[axis] = fmin(box[axis], at[i][axis]);
      box[2 + axis] = fmax(box[2 + axis], at[i][axis]);
    }
  }
  vt_shape shape = {.kind = VT_SHAPE_FREE,
                    .x = (box[0] + box[2]) / 2,
                    .y = (box[1] + box[3]) / 2,
                    .half_width = fmax((box[2] - box[0]) / 2, 1e-3),
                    .half_height = fmax((box[3] - box[1]) / 2, 1e-3),
                    .corners = corners,
                    .outline = (const float(*)[2])outline};
  for (int i = 0; i < corners; i++) {
    outline[i][0] = (float)((at[i][0] - shape.x) / shape.half_width);
    outline[i][1] = (float)((at[i][1] - shape.y) / shape.half_height);
  }
  vt_raster_paint(plane, &shape, &(vt_paint){.soft = fmax(1, soft * body->scale)}, VT_LABEL_KEEP);
}

/* shape = shape · lung */
static void clip(vt_chest_planes *planes, const vt_chest_body *body, vt_side side)
{
  size_t pixels = (size_t)planes->shape.width * (size_t)planes->shape.height;
  vt_raster_clear(&planes->lung);
  vt_chest_cover_lung(body, side, 1, &planes->lung);
  for (size_t i = 0; i < pixels; i++)
    planes->shape.coverage[i] *= planes->lung.coverage[i];
}

static void effusion(const vt_chest_body *body, vt_side side, double amount, double grow,
                     vt_chest_planes *planes)
{
  double s = side == VT_SIDE_LEFT ? 1 : -1, high = grow * (.16 + .62 * amount);
  const double corner[6][2] = {{s * .95, .95},
                               {s * .05, .95},
                               {s * .05, .62 - .8 * high},
                               {s * .40, .56 - .9 * high},
                               {s * .66, .56 - 1.15 * high},
                               {s * .95, .56 - 1.5 * high}};
  cover_polygon(body, corner, 6, .03, &planes->shape);
  clip(planes, body, side);
}

/* Air between the lung, drawn back, and the wall; not below the level of the heart. */
static void pneumothorax(const vt_chest_body *body, vt_side side, double amount, double grow,
                         vt_chest_planes *planes)
{
  int px = planes->shape.width;
  vt_chest_cover_lung(body, side, 1, &planes->shape);
  vt_raster_clear(&planes->inner);
  vt_chest_cover_lung(body, side, 1 - fmin(.75, grow * (.12 + .34 * amount)), &planes->inner);
  for (int y = 0; y < px; y++)
    for (int x = 0; x < px; x++) {
      double at[2];
      float *value = &planes->shape.coverage[y * px + x];
      if (*value <= 0) continue;
      vt_chest_unplace(body, x + .5, y + .5, at);
      double above = fmin(1, fmax(0, (.22 - at[1]) * 12));
      double outside = fabs(at[0]) > .2 ? 1 : fmax(0, (fabs(at[0]) - .14) / .06);
      *value *= (float)((1 - planes->inner.coverage[y * px + x]) * above * outside);
    }
}

static void consolidation(const vt_chest_body *body, const vt_lesion *lesion, vt_side side,
                          vt_chest_planes *planes)
{
  double radius = lesion->grow * (.085 + .13 * lesion->amount);
  for (int i = 0; i < 5; i++) {
    double turn = 1.2566 * i + lesion->angle, far = i ? .55 * radius : 0;
    double own = radius * (.55 + .35 * vt_random_uniform(lesion->seed, 1, (uint64_t)i));
    cover(round_shape(VT_SHAPE_ELLIPSE, lesion->x + far * cos(turn), lesion->y + far * sin(turn), own, own),
          body, .05, &planes->shape);
  }
  clip(planes, body, side);
}

static void collapse(const vt_chest_body *body, vt_side side, double amount, double grow,
                     vt_chest_planes *planes)
{
  double s = side == VT_SIDE_LEFT ? 1 : -1, wide = grow * (.16 + .36 * amount);
  const double corner[4][2] = {{s * .13, -.06 - .3 * wide},
                               {s * (.15 + .55 * wide), .02},
                               {s * (.20 + 1.1 * wide), .55},
                               {s * .10, .55}};
  cover_polygon(body, corner, 4, .03, &planes->shape);
  clip(planes, body, side);
}

void vt_chest_cover_finding(const vt_study *study, int finding, bool prior, vt_chest_planes *planes)
{
  const vt_finding *f = &study->facts.finding[finding];
  vt_lesion lesion = study->lesion[finding];
  const vt_chest_body *body = body_of(study, prior);
  vt_raster_clear(&planes->shape);
  if (!(prior ? vt_chest_in_prior(f) : vt_chest_in_current(f))) return;
  if (prior) lesion.grow *= (float)prior_factor(f->change);
  double amount = lesion.amount, grow = lesion.grow, x = lesion.x, y = lesion.y, r;
  vt_shape shape;
  switch (f->kind) {
  case VT_EFFUSION:
    effusion(body, f->side, amount, grow, planes);
    return;
  case VT_PNEUMOTHORAX:
    pneumothorax(body, f->side, amount, grow, planes);
    return;
  case VT_CONSOLIDATION:
    consolidation(body, &lesion, f->side, planes);
    return;
  case VT_COLLAPSE:
    collapse(body, f->side, amount, grow, planes);
    return;
  case VT_ENLARGED_HEART:
    vt_chest_cover_organ(body, VT_HEART_ORGAN, vt_chest_enlarged(study, prior), &planes->shape);
    return;
  case VT_NODULE:
    r = grow * (.05 + .085 * amount);
    cover(round_shape(VT_SHAPE_ELLIPSE, x, y, r, r), body, 0, &planes->shape);
    return;
  case VT_CAVITY:
    r = grow * (.085 + .08 * amount);
    shape = round_shape(VT_SHAPE_RING, x, y, r, r);
    shape.ratio = .58;
    cover(shape, body, 0, &planes->shape);
    return;
  case VT_CALCIFICATION: /* down the outer wall */
    r = sqrt(grow);
    cover_line(body, x, y, x - .03, y + r * (.10 + .42 * amount), r * .055, &planes->shape);
    return;
  case VT_FRACTURE:
    cover(round_shape(VT_SHAPE_ROUNDED, x, y, .12, grow * (.06 + .07 * amount)), body, 0, &planes->shape);
    return;
  default: /* NARROWING: from both sides */
    r = .035 + .03 * amount;
    for (int side = -1; side <= 1; side += 2)
      cover(round_shape(VT_SHAPE_ELLIPSE, x + side * .07, y, r, grow * (.09 + .06 * amount)), body, 0,
            &planes->shape);
  }
}

/* ---- devices ---- */

static void cover_tube(const vt_chest_body *body, vt_placement placement, vt_raster *plane)
{
  double x = body->trachea_x + .1 * body->turn;
  cover_line(body, x, -1.8, x, placement == VT_PLACEMENT_GOOD ? -.58 : -.42, .045, plane);
  if (placement == VT_PLACEMENT_DEEP) /* on into the right bronchus */
    cover_line(body, x, -.42, x - .15, -.2, .045, plane);
  if (placement == VT_PLACEMENT_WRONG_SIDE) /* beside the windpipe, down the gullet on the left */
    cover_line(body, x, -.42, x + .22, .06, .045, plane);
}

static void cover_central_line(const vt_chest_body *body, vt_placement placement, vt_raster *plane)
{
  cover_line(body, -.86, -.72, -.34, -.72, .03, plane);
  if (placement == VT_PLACEMENT_WRONG_SIDE) { /* across the middle into the left arm's vein */
    cover_line(body, -.34, -.72, .02, -.6, .03, plane);
    cover_line(body, .02, -.6, .56, -.74, .03, plane);
    return;
  }
  cover_line(body, -.34, -.72, -.13, -.54, .03, plane);
  cover_line(body, -.13, -.54, -.12, -.1, .03, plane);
  if (placement == VT_PLACEMENT_DEEP) cover_line(body, -.12, -.1, .04, .36, .03, plane);
}

static void cover_pacemaker(const vt_chest_body *body, vt_side side, vt_raster *plane)
{
  double s = side == VT_SIDE_LEFT ? 1 : -1;
  vt_shape box = round_shape(VT_SHAPE_ROUNDED, s * .56, -.58, .13, .10);
  box.ratio = .5;
  cover(box, body, 0, plane);
  cover_line(body, s * .46, -.64, s * .14, -.6, .025, plane);
  cover_line(body, s * .14, -.6, -.06, -.2, .025, plane);
  cover_line(body, -.06, -.2, .14, .3, .025, plane);
}

void vt_chest_cover_device(const vt_study *study, int device, vt_chest_planes *planes)
{
  const vt_device *d = &study->facts.device[device];
  const vt_chest_body *body = &study->body;
  vt_raster *plane = &planes->shape;
  vt_raster_clear(plane);
  switch (d->kind) {
  case VT_TUBE:
    cover_tube(body, d->placement, plane);
    return;
  case VT_LINE:
    cover_central_line(body, d->placement, plane);
    return;
  case VT_PACEMAKER:
    cover_pacemaker(body, d->side, plane);
    return;
  case VT_CLIP: /* below the right lung, where gall bladders were */
    cover_line(body, -.40, .62, -.30, .72, .035, plane);
    cover_line(body, -.30, .72, -.24, .60, .035, plane);
    return;
  default: /* WIRES: loops down the breast bone */
    for (int i = 0; i < 5; i++) {
      vt_shape loop = round_shape(VT_SHAPE_RING, .1 * body->turn, -.34 + .16 * i, .06, .045);
      loop.ratio = .5;
      cover(loop, body, 0, plane);
    }
  }
}
