/* SPDX-License-Identifier: Apache-2.0
 *
 * Borders of label maps.
 */
#include <math.h>

#include "report/contour.h"
#include "test.h"

static double length_of(const vt_contour *line)
{
  double sum = 0;
  size_t segments = line->closed ? line->count : line->count - 1;
  for (size_t i = 0; i < segments; i++) {
    const double *from = line->points[i], *to = line->points[(i + 1) % line->count];
    sum += hypot(to[0] - from[0], to[1] - from[1]);
  }
  return sum;
}

static void halves_share_one_straight_line(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  static const int32_t labels[3 * 4] = {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1};
  vt_contours borders;
  assert_ok(ctx, vt_contours_trace(ctx, labels, 3, 4, 2, &borders));
  assert_int_equal(borders.count, 1);
  assert_false(borders.list[0].closed);
  assert_int_equal(borders.list[0].labels[0], 0);
  assert_int_equal(borders.list[0].labels[1], 1);
  for (size_t i = 0; i < borders.list[0].count; i++)
    assert_near(borders.list[0].points[i][0], 2, 0);
  assert_near(length_of(&borders.list[0]), 3, 1e-12);
  vt_contours_free(&borders);
  vt_ctx_free(ctx);
}

static void an_island_is_one_closed_line(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  int32_t labels[25] = {0};
  labels[12] = 5;
  vt_contours borders;
  assert_ok(ctx, vt_contours_trace(ctx, labels, 5, 5, 0, &borders));
  assert_int_equal(borders.count, 1);
  assert_true(borders.list[0].closed);
  assert_int_equal(borders.list[0].count, 4);                     /* the middles of the four sides */
  assert_near(length_of(&borders.list[0]), 4 * sqrt(0.5), 1e-12); /* a square on its corner */
  vt_contours_free(&borders);
  vt_ctx_free(ctx);
}

/* A staircase of single steps becomes its diagonal: the middles of its edges lie on one line. */
static void stairs_become_straight(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  enum { SIDE = 16 };
  int32_t labels[SIDE * SIDE];
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      labels[y * SIDE + x] = x >= y;
  vt_contours borders;
  assert_ok(ctx, vt_contours_trace(ctx, labels, SIDE, SIDE, 2, &borders));
  assert_int_equal(borders.count, 1);
  const vt_contour *line = &borders.list[0];
  for (size_t i = 1; i + 1 < line->count; i++)
    if (fabs(line->points[i][0] - line->points[i][1] + 0.5) > 0.5)
      fail_msg("point %zu at %g, %g", i, line->points[i][0], line->points[i][1]);
  vt_contours_free(&borders);
  vt_ctx_free(ctx);
}

/* Every pixel edge between two labels is walked exactly once: without corner cutting,
 * middles of edges are points. */
static void every_edge_is_walked_once(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  enum { SIDE = 24 };
  int32_t labels[SIDE * SIDE];
  size_t edges = 0, middles = 0;
  for (int i = 0; i < SIDE * SIDE; i++)
    labels[i] = (int32_t)vt_random_below(3, 1, (uint64_t)i, 4); /* junctions and checkerboards everywhere */
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      edges += x > 0 && labels[y * SIDE + x] != labels[y * SIDE + x - 1];
      edges += y > 0 && labels[y * SIDE + x] != labels[(y - 1) * SIDE + x];
    }
  vt_contours borders;
  assert_ok(ctx, vt_contours_trace(ctx, labels, SIDE, SIDE, 0, &borders));
  for (size_t i = 0; i < borders.count; i++)
    for (size_t j = 0; j < borders.list[i].count; j++) {
      const double *point = borders.list[i].points[j];
      middles += (point[0] != floor(point[0])) != (point[1] != floor(point[1]));
      assert_int_not_equal(borders.list[i].labels[0], borders.list[i].labels[1]);
    }
  assert_int_equal(middles, edges);
  vt_contours_free(&borders);
  vt_ctx_free(ctx);
}

static void failed_allocations_leave_nothing(void **state)
{
  (void)state;
  static const int32_t labels[16] = {0, 0, 1, 1, 0, 2, 2, 1, 3, 2, 2, 1, 3, 3, 3, 1};
  for (long n = 1; n < 60; n++) {
    vt_ctx *ctx = vt_ctx_new();
    vt_contours borders;
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_contours_trace(ctx, labels, 4, 4, 2, &borders);
    vt_ctx_fail_allocation(ctx, 0);
    if (status == VT_OK)
      vt_contours_free(&borders);
    else
      assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
    vt_ctx_free(ctx);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(halves_share_one_straight_line),   cmocka_unit_test(an_island_is_one_closed_line),
      cmocka_unit_test(stairs_become_straight),           cmocka_unit_test(every_edge_is_walked_once),
      cmocka_unit_test(failed_allocations_leave_nothing),
  };
  return cmocka_run_group_tests_name("report/contour", tests, NULL, NULL);
}
