/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed distances of shapes, a row of pixels at a time. Angular shapes are polygons in canvas coordinates
 * (exact distance); round ones are computed in the shape's own frame.
 */
#include <math.h>

#include "worlds/raster.h"

#define PI 3.14159265358979323846

static double ratio_of(const vt_shape *shape)
{
  static const double usual[VT_SHAPE_KINDS] = {
      [VT_SHAPE_ROUNDED] = .4,   [VT_SHAPE_RING] = .55, [VT_SHAPE_ARC] = .5,    [VT_SHAPE_CRESCENT] = .8,
      [VT_SHAPE_TRAPEZOID] = .6, [VT_SHAPE_STAR] = .42, [VT_SHAPE_CROSS] = .36, [VT_SHAPE_ARROW] = .4,
  };
  return shape->ratio > 0 ? shape->ratio : usual[shape->kind];
}

/* ---- outlines in units of the half sides ---- */

static int add_point(float (*points)[2], int count, double x, double y)
{
  points[count][0] = (float)x;
  points[count][1] = (float)y;
  return count + 1;
}

static int clamp_corners(int corners, int usual)
{
  if (corners == 0) return usual;
  return corners < 3 ? 3 : corners > 12 ? 12 : corners;
}

static int heart_outline(float (*points)[2])
{
  int count = 0;
  for (int i = 0; i < 36; i++) {
    double t = 2 * PI * i / 36, s = sin(t);
    double y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t);
    count = add_point(points, count, s * s * s, -(y + 2.5) / 14.5);
  }
  return count;
}

static int drop_outline(float (*points)[2])
{
  int count = add_point(points, 0, 0, -1);
  for (int i = 0; i <= 24; i++) { /* a circle below, left out where the tip's tangents meet it */
    double t = PI * (-.13 + 1.26 * i / 24);
    count = add_point(points, count, cos(t) * .98, .3 + .7 * sin(t));
  }
  return count;
}

static int leaf_outline(float (*points)[2])
{
  int count = 0;
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < 14; i++) {
      double t = 1 - 2. * i / 14;
      count = add_point(points, count, side ? -t : t, (side ? -1 : 1) * (1 - t * t));
    }
  return count;
}

static int outline_of(const vt_shape *shape, float (*points)[2])
{
  double ratio = ratio_of(shape);
  int count = 0;
  switch (shape->kind) {
  case VT_SHAPE_TRIANGLE:
    count = add_point(points, count, 0, -1);
    count = add_point(points, count, 1, 1);
    return add_point(points, count, -1, 1);
  case VT_SHAPE_TRAPEZOID: {
    double top = ratio < 1 ? ratio : 1, bottom = ratio < 1 ? 1 : 1 / ratio;
    count = add_point(points, count, -top, -1);
    count = add_point(points, count, top, -1);
    count = add_point(points, count, bottom, 1);
    return add_point(points, count, -bottom, 1);
  }
  case VT_SHAPE_POLYGON:
  case VT_SHAPE_STAR: {
    bool star = shape->kind == VT_SHAPE_STAR;
    int corners = clamp_corners(shape->corners, star ? 5 : 6), all = star ? 2 * corners : corners;
    for (int i = 0; i < all; i++) {
      double radius = star && i % 2 ? ratio : 1, angle = 2 * PI * i / all;
      count = add_point(points, count, radius * sin(angle), -radius * cos(angle));
    }
    return count;
  }
  case VT_SHAPE_CROSS: {
    static const int at[12][2] = {{-1, -2}, {1, -2}, {1, -1}, {2, -1}, {2, 1},   {1, 1},
                                  {1, 2},   {-1, 2}, {-1, 1}, {-2, 1}, {-2, -1}, {-1, -1}};
    for (int i = 0; i < 12; i++)
      count = add_point(points, count, at[i][0] / 2 ? at[i][0] / 2 : at[i][0] * ratio,
                        at[i][1] / 2 ? at[i][1] / 2 : at[i][1] * ratio);
    return count;
  }
  case VT_SHAPE_ARROW:
    count = add_point(points, count, -1, -ratio);
    count = add_point(points, count, .1, -ratio);
    count = add_point(points, count, .1, -1);
    count = add_point(points, count, 1, 0);
    count = add_point(points, count, .1, 1);
    count = add_point(points, count, .1, ratio);
    return add_point(points, count, -1, ratio);
  case VT_SHAPE_HEART:
    return heart_outline(points);
  case VT_SHAPE_DROP:
    return drop_outline(points);
  case VT_SHAPE_LEAF:
    return leaf_outline(points);
  case VT_SHAPE_FREE:
    for (int i = 0; i < shape->corners && i < VT_SHAPE_CORNERS; i++)
      count = add_point(points, count, shape->outline[i][0], shape->outline[i][1]);
    return count;
  default:
    return 0;
  }
}

/* ---- distances ---- */

/* Distance to a polygon with corners in canvas coordinates; even-odd. */
VT_CLONES static void polygon_row(const float (*corner)[2], int corners, int x, int y, int count, float *out)
{
  float sign[VT_RASTER_SIDE];
  float py = (float)y + .5f;
  for (int i = 0; i < count; i++)
    out[i] = 1e12f, sign[i] = 1;
  for (int e = 0; e < corners; e++) {
    const float *a = corner[e], *b = corner[e + 1 < corners ? e + 1 : 0];
    float ex = b[0] - a[0], ey = b[1] - a[1], square = ex * ex + ey * ey;
    if (square < 1e-12f) continue;
    float inverse = 1 / square, wy = py - a[1];
    bool crosses = (a[1] <= py) != (b[1] <= py);
    float cross_x =
        crosses ? a[0] + ex * wy / ey : 1e12f; /* pixels left of it are on one side of this edge */
#pragma omp simd
    for (int i = 0; i < count; i++) {
      float px = (float)(x + i) + .5f, wx = px - a[0];
      float t = (wx * ex + wy * ey) * inverse;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      float dx = wx - ex * t, dy = wy - ey * t, d = dx * dx + dy * dy;
      out[i] = d < out[i] ? d : out[i];
      sign[i] = crosses && px < cross_x ? -sign[i] : sign[i];
    }
  }
#pragma omp simd
  for (int i = 0; i < count; i++)
    out[i] = sign[i] * sqrtf(out[i]);
}

/* First-order distance to an ellipse: k(k−1)/|∇|, exact at the edge and for circles. */
VT_CLONES static void ellipse_row(const float *u, const float *v, int count, float a, float b, float *out)
{
  float ia = 1 / a, ib = 1 / b, least = a < b ? a : b;
#pragma omp simd
  for (int i = 0; i < count; i++) {
    float pu = u[i] * ia, pv = v[i] * ib, k = sqrtf(pu * pu + pv * pv);
    float gu = pu * ia, gv = pv * ib, slope = sqrtf(gu * gu + gv * gv);
    out[i] = k < 1e-3f ? -least : k * (k - 1) / slope;
  }
}

VT_CLONES static void box_row(const float *u, const float *v, int count, float a, float b, float radius,
                              float *out)
{
  float ha = a - radius, hb = b - radius;
#pragma omp simd
  for (int i = 0; i < count; i++) {
    float qu = fabsf(u[i]) - ha, qv = fabsf(v[i]) - hb;
    float ou = qu > 0 ? qu : 0, ov = qv > 0 ? qv : 0, inner = qu > qv ? qu : qv;
    out[i] = sqrtf(ou * ou + ov * ov) + (inner < 0 ? inner : 0) - radius;
  }
}

/* out = max(out, other), or max(out, −other). */
static void cut_row(float *out, const float *other, int count, float sign)
{
  for (int i = 0; i < count; i++) {
    float d = sign * other[i];
    if (d > out[i]) out[i] = d;
  }
}

static void arc_row(const vt_shape *shape, const float *u, const float *v, int count, float *out)
{
  double half = PI * ratio_of(shape);
  float thick = (float)(.125 * (shape->half_width + shape->half_height)) * .5f;
  float a = (float)shape->half_width - thick, b = (float)shape->half_height - thick;
  float end_u = a * (float)sin(half), end_v = -b * (float)cos(half), limit = (float)cos(half);
  ellipse_row(u, v, count, a, b, out);
  for (int i = 0; i < count; i++) {
    float nu = u[i] / a, nv = v[i] / b, k = sqrtf(nu * nu + nv * nv);
    if (k > 1e-3f && -nv < limit * k) { /* beyond the opening: distance to the nearer end */
      float du = fabsf(u[i]) - end_u, dv = v[i] - end_v;
      out[i] = sqrtf(du * du + dv * dv);
    }
    out[i] = fabsf(out[i]) - thick;
  }
}

static void round_row(const vt_shape *shape, const float *u, const float *v, int count, float *out)
{
  float other[VT_RASTER_SIDE];
  if (count <= 0) return;
  float a = (float)shape->half_width, b = (float)shape->half_height, ratio = (float)ratio_of(shape);
  switch (shape->kind) {
  case VT_SHAPE_ELLIPSE:
    ellipse_row(u, v, count, a, b, out);
    break;
  case VT_SHAPE_RECTANGLE:
    box_row(u, v, count, a, b, 0, out);
    break;
  case VT_SHAPE_ROUNDED:
    box_row(u, v, count, a, b, ratio * (a < b ? a : b), out);
    break;
  case VT_SHAPE_CAPSULE:
    box_row(u, v, count, a, b, a < b ? a : b, out);
    break;
  case VT_SHAPE_RING:
    ellipse_row(u, v, count, a, b, out);
    ellipse_row(u, v, count, a * ratio, b * ratio, other);
    cut_row(out, other, count, -1);
    break;
  case VT_SHAPE_ARC:
    arc_row(shape, u, v, count, out);
    break;
  case VT_SHAPE_HALF_DISC: /* centre of the disc on the lower edge of the box */
    for (int i = 0; i < count; i++)
      other[i] = v[i] - b;
    ellipse_row(u, other, count, a, 2 * b, out);
    cut_row(out, other, count, 1);
    break;
  case VT_SHAPE_CRESCENT: {
    float shifted[VT_RASTER_SIDE];
    ellipse_row(u, v, count, a, b, out);
    for (int i = 0; i < count; i++)
      shifted[i] = u[i] - a * (1.25f - ratio);
    ellipse_row(shifted, v, count, a * ratio, b * ratio, other);
    cut_row(out, other, count, -1);
    break;
  }
  default:
    for (int i = 0; i < count; i++)
      out[i] = 1e6f;
  }
}

static bool is_round(vt_shape_kind kind)
{
  return kind <= VT_SHAPE_CRESCENT;
}

void vt_shape_prepare(const vt_shape *shape, vt_shape_plan *out)
{
  double c = cos(shape->angle), s = sin(shape->angle), flip = shape->mirror ? -1 : 1;
  *out = (vt_shape_plan){
      .shape = shape,
      .along = {(float)(c * flip), (float)(s * flip), (float)(-flip * (c * shape->x + s * shape->y))},
      .down = {(float)-s, (float)c, (float)(s * shape->x - c * shape->y)},
  };
  if (is_round(shape->kind)) return;
  out->corners = outline_of(shape, out->corner);
  for (int i = 0; i < out->corners; i++) {
    double u = out->corner[i][0] * shape->half_width * flip, v = out->corner[i][1] * shape->half_height;
    out->corner[i][0] = (float)(shape->x + c * u - s * v);
    out->corner[i][1] = (float)(shape->y + s * u + c * v);
  }
}

void vt_shape_frame(const vt_shape_plan *plan, int x, int y, int count, float *u, float *v)
{
  const float *along = plan->along, *down = plan->down;
  float py = (float)y + .5f;
  for (int i = 0; i < count; i++) {
    float px = (float)(x + i) + .5f;
    u[i] = along[0] * px + along[1] * py + along[2];
    v[i] = down[0] * px + down[1] * py + down[2];
  }
}

void vt_shape_distances(const vt_shape_plan *plan, int x, int y, int count, float *out)
{
  const vt_shape *shape = plan->shape;
  if (!is_round(shape->kind)) {
    polygon_row((const float(*)[2])plan->corner, plan->corners, x, y, count, out);
    return;
  }
  float u[VT_RASTER_SIDE], v[VT_RASTER_SIDE];
  vt_shape_frame(plan, x, y, count, u, v);
  round_row(shape, u, v, count, out);
}

bool vt_shape_bounds(const vt_shape *shape, double margin, int width, int height, int box[4])
{
  double c = fabs(cos(shape->angle)), s = fabs(sin(shape->angle));
  double reach_x = c * shape->half_width + s * shape->half_height + margin;
  double reach_y = s * shape->half_width + c * shape->half_height + margin;
  if (!(shape->half_width > 0 && shape->half_height > 0) || shape->kind == VT_SHAPE_NONE) return false;
  double low_x = floor(shape->x - reach_x), low_y = floor(shape->y - reach_y);
  double high_x = ceil(shape->x + reach_x), high_y = ceil(shape->y + reach_y);
  if (!(low_x < width && low_y < height && high_x > 0 && high_y > 0)) return false;
  box[0] = low_x < 0 ? 0 : (int)low_x;
  box[1] = low_y < 0 ? 0 : (int)low_y;
  box[2] = high_x > width ? width : (int)high_x;
  box[3] = high_y > height ? height : (int)high_y;
  return true;
}

vt_shape vt_shape_line(double x0, double y0, double x1, double y1, double thickness)
{
  double length = hypot(x1 - x0, y1 - y0);
  return (vt_shape){.kind = VT_SHAPE_CAPSULE,
                    .x = (x0 + x1) / 2,
                    .y = (y0 + y1) / 2,
                    .half_width = (length + thickness) / 2,
                    .half_height = thickness / 2,
                    .angle = atan2(y1 - y0, x1 - x0)};
}
