/* SPDX-License-Identifier: Apache-2.0
 *
 * Tracing along the corners of the pixel grid. A corner where two borders meet continues one line; where one,
 * three or four meet, lines end.
 */
#include "report/contour.h"

/* Directions from a corner. Opposite of d is d ^ 2. */
enum { EAST, SOUTH, WEST, NORTH, DIRECTIONS };
static const int step_x[DIRECTIONS] = {1, 0, -1, 0}, step_y[DIRECTIONS] = {0, 1, 0, -1};

typedef struct tracer {
  const int32_t *labels;
  int height, width, rounds;
  uint8_t *visited; /* bit EAST, SOUTH of corner [height + 1, width + 1] */
} tracer;

/* The two pixels beside the edge that leaves corner (x, y) in a direction; false where
 * that is the frame or outside. */
static bool beside(const tracer *trace, int x, int y, int direction, int32_t pair[2])
{
  if (direction == WEST) x--;
  if (direction == NORTH) y--;
  bool across = direction == EAST || direction == WEST; /* a horizontal edge, pixels above and below */
  if (x < 0 || y < 0 || x >= trace->width || y >= trace->height || (across ? y == 0 : x == 0)) return false;
  const int32_t *at = trace->labels + (size_t)y * (size_t)trace->width + x;
  pair[0] = across ? at[-trace->width] : at[-1];
  pair[1] = at[0];
  return true;
}

static bool is_border(const tracer *trace, int x, int y, int direction)
{
  int32_t pair[2];
  return beside(trace, x, y, direction, pair) && pair[0] != pair[1];
}

static int degree(const tracer *trace, int x, int y)
{
  int count = 0;
  for (int d = 0; d < DIRECTIONS; d++)
    count += is_border(trace, x, y, d);
  return count;
}

/* The byte and bit that remember an edge. */
static uint8_t *mark_of(const tracer *trace, int x, int y, int direction, uint8_t *bit)
{
  if (direction == WEST) x--;
  if (direction == NORTH) y--;
  *bit = direction == EAST || direction == WEST ? 1 : 2;
  return trace->visited + (size_t)y * ((size_t)trace->width + 1) + x;
}

static bool is_open(const tracer *trace, int x, int y, int direction)
{
  uint8_t bit;
  return is_border(trace, x, y, direction) && !(*mark_of(trace, x, y, direction, &bit) & bit);
}

static vt_status add_point(vt_ctx *ctx, vt_contour *line, size_t *capacity, double x, double y)
{
  VT_TRY(vt_grow(ctx, &line->points, capacity, line->count, sizeof *line->points));
  line->points[line->count][0] = x;
  line->points[line->count][1] = y;
  line->count++;
  return VT_OK;
}

/* One round of corner cutting; ends of open lines stay. */
static vt_status cut_corners(vt_ctx *ctx, vt_contour *line)
{
  if (line->count < 3) return VT_OK;
  size_t segments = line->closed ? line->count : line->count - 1;
  vt_contour smooth = {{line->labels[0], line->labels[1]}, line->closed, 0, NULL};
  size_t capacity = 0;
  vt_status status = VT_OK;
  if (!line->closed) status = add_point(ctx, &smooth, &capacity, line->points[0][0], line->points[0][1]);
  for (size_t i = 0; i < segments && status == VT_OK; i++) {
    const double *from = line->points[i], *to = line->points[(i + 1) % line->count];
    status = add_point(ctx, &smooth, &capacity, 0.75 * from[0] + 0.25 * to[0], 0.75 * from[1] + 0.25 * to[1]);
    if (status == VT_OK)
      status =
          add_point(ctx, &smooth, &capacity, 0.25 * from[0] + 0.75 * to[0], 0.25 * from[1] + 0.75 * to[1]);
  }
  if (!line->closed && status == VT_OK)
    status = add_point(ctx, &smooth, &capacity, line->points[line->count - 1][0],
                       line->points[line->count - 1][1]);
  if (status != VT_OK) {
    vt_free(smooth.points);
    return status;
  }
  vt_free(line->points);
  *line = smooth;
  return VT_OK;
}

/* Follows a border from corner (x, y) until it ends or comes back. */
static vt_status follow(vt_ctx *ctx, tracer *trace, int x, int y, int direction, vt_contours *out)
{
  VT_TRY(vt_grow(ctx, &out->list, &out->capacity, out->count, sizeof *out->list));
  vt_contour *line = &out->list[out->count++];
  *line = (vt_contour){.count = 0};
  beside(trace, x, y, direction, line->labels);
  size_t capacity = 0;
  int start_x = x, start_y = y;
  bool from_junction = degree(trace, x, y) != 2;
  if (from_junction) VT_TRY(add_point(ctx, line, &capacity, x, y));
  for (;;) {
    uint8_t bit;
    *mark_of(trace, x, y, direction, &bit) |= bit;
    VT_TRY(add_point(ctx, line, &capacity, x + 0.5 * step_x[direction], y + 0.5 * step_y[direction]));
    x += step_x[direction];
    y += step_y[direction];
    if (degree(trace, x, y) != 2) {
      VT_TRY(add_point(ctx, line, &capacity, x, y));
      break;
    }
    if (!from_junction && x == start_x && y == start_y) {
      line->closed = true;
      break;
    }
    int next = 0;
    while (next < DIRECTIONS && (next == (direction ^ 2) || !is_border(trace, x, y, next)))
      next++;
    direction = next;
  }
  for (int round = 0; round < trace->rounds; round++)
    VT_TRY(cut_corners(ctx, line));
  return VT_OK;
}

static vt_status trace_all(vt_ctx *ctx, tracer *trace, bool junctions, vt_contours *out)
{
  for (int y = 0; y <= trace->height; y++)
    for (int x = 0; x <= trace->width; x++) {
      if (junctions && degree(trace, x, y) == 2) continue;
      for (int d = 0; d < DIRECTIONS; d++)
        if (is_open(trace, x, y, d)) VT_TRY(follow(ctx, trace, x, y, d, out));
    }
  return VT_OK;
}

vt_status vt_contours_trace(vt_ctx *ctx, const int32_t *labels, int height, int width, int rounds,
                            vt_contours *out)
{
  *out = (vt_contours){0};
  tracer trace = {labels, height, width, rounds, vt_alloc_zero(ctx, (size_t)height + 1, (size_t)width + 1)};
  if (!trace.visited) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = trace_all(ctx, &trace, true, out);             /* lines that end somewhere */
  if (status == VT_OK) status = trace_all(ctx, &trace, false, out); /* what is left are closed ones */
  vt_free(trace.visited);
  if (status != VT_OK) vt_contours_free(out);
  return status;
}

void vt_contours_free(vt_contours *contours)
{
  for (size_t i = 0; i < contours->count; i++)
    vt_free(contours->list[i].points);
  vt_free(contours->list);
  *contours = (vt_contours){0};
}
