/* SPDX-License-Identifier: Apache-2.0
 *
 * Perturbation curves on models that add up pixels, where every point is known.
 */
#include "attribution/pixel_world.h"

#include <math.h>

#include "metrics/baseline.h"
#include "metrics/curve.h"
#include "metrics/pixel_order.h"

enum { COUNT = 25 };

static void open_additive(pixel_world *world)
{
  for (int i = 0; i < COUNT; i++)
    world->weights[i] = (1 + (i * 7) % COUNT) / 512.0;
  world_open(world, COUNT, pixel_sum, 0);
}

static vt_measure measure(pixel_world *world, const char *metric, const char *protocol, const float *map,
                          const int *order)
{
  vt_measure out = {0};
  vt_judged judged = {.map = map, .regions = order ? world->regions : NULL, .order = order};
  assert_ok(world->ctx, vt_metric_run(world->ctx, vt_metric_find(metric), &world->task, &judged,
                                      vt_protocol_find(protocol), NULL, &out));
  return out;
}

/* The map that is the weights: each step adds the next largest. */
static void test_known_curve(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  open_additive(&world);
  float map[COUNT];
  double sorted[COUNT], total = 0;
  for (int i = 0; i < COUNT; i++) {
    map[i] = (float)world.weights[i];
    sorted[(COUNT - 1) - (i * 7) % COUNT] = world.weights[i];
    total += world.weights[i];
  }
  vt_measure insertion = measure(&world, "insertion", "lima", map, NULL);
  vt_measure deletion = measure(&world, "deletion", "lima", map, NULL);
  assert_int_equal(insertion.points, COUNT + 1);
  double sum = 0, area = 0;
  for (int t = 0; t <= COUNT; t++) {
    if (t > 0) {
      area += (sum + sum + sorted[t - 1]) / 2 / COUNT;
      sum += sorted[t - 1];
    }
    assert_near(insertion.scores[t], sum, 1e-6);
    assert_near(deletion.scores[t], total - sum, 1e-6);
    assert_near(insertion.areas[t], (double)t / COUNT, 1e-12);
  }
  assert_near(insertion.value, area, 1e-6);
  assert_near(deletion.value, total - area, 1e-6);
  assert_near(insertion.normalised, area / total, 1e-6);
  assert_near(insertion.tied_share, 0, 0);
  vt_measure_free(&insertion);
  vt_measure_free(&deletion);
  world_close(&world);
}

/* 00-metrics (c): the true order beats 100 random ones, its reverse is the worst. (d): the curves of an order
 * and of its reverse mirror each other. */
static void test_orders(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  open_additive(&world);
  int best[COUNT], reversed[COUNT];
  float map[COUNT];
  for (int i = 0; i < COUNT; i++)
    map[i] = (float)world.weights[i];
  assert_ok(world.ctx, vt_region_order_of_map(world.ctx, world.regions, map, best));
  for (int i = 0; i < COUNT; i++)
    reversed[i] = best[COUNT - 1 - i];
  vt_measure top = measure(&world, "insertion", "lima", NULL, best);
  vt_measure bottom = measure(&world, "insertion", "lima", NULL, reversed);
  vt_measure removal = measure(&world, "deletion", "lima", NULL, best);
  vt_measure mirrored = measure(&world, "deletion", "lima", NULL, reversed);
  for (int t = 0; t <= COUNT; t++)
    assert_near(top.scores[t], mirrored.scores[COUNT - t], 1e-6);
  for (uint64_t trial = 0; trial < 100; trial++) {
    int order[COUNT];
    vt_random_permutation(11, trial, order, COUNT);
    vt_measure shuffled = measure(&world, "insertion", "lima", NULL, order);
    vt_measure shuffled_removal = measure(&world, "deletion", "lima", NULL, order);
    assert_true(shuffled.value < top.value && shuffled.value > bottom.value);
    assert_true(shuffled_removal.value > removal.value);
    vt_measure_free(&shuffled);
    vt_measure_free(&shuffled_removal);
  }
  vt_measure_free(&top);
  vt_measure_free(&bottom);
  vt_measure_free(&removal);
  vt_measure_free(&mirrored);
  world_close(&world);
}

/* Steps of every protocol: how many points, how many pixels at each; more steps
 * than pixels become one each. */
static void test_steps(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  open_additive(&world);
  float map[COUNT] = {0};
  vt_measure fifty = measure(&world, "insertion", "vitrail-50", map, NULL);
  assert_int_equal(fifty.points, COUNT + 1);
  assert_near(fifty.tied_share, 1, 0);
  /* all tied: lower index first */
  double sum = 0;
  for (int t = 1; t <= COUNT; t++) {
    sum += world.weights[t - 1];
    assert_near(fifty.scores[t], sum, 1e-6);
  }
  vt_measure ten = measure(&world, "deletion", "xplique", map, NULL);
  assert_int_equal(ten.points, 11);
  for (int t = 0; t <= 10; t++)
    assert_near(ten.areas[t], floor(t * COUNT / 10.0) / COUNT, 1e-12);
  vt_measure rise = measure(&world, "deletion", "rise", map, NULL);
  assert_int_equal(rise.points, 2);
  vt_measure_free(&fifty);
  vt_measure_free(&ten);
  vt_measure_free(&rise);
  world_close(&world);
}

static void test_highest_confidence(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  for (int i = 0; i < COUNT; i++)
    world.weights[i] = i < 10 ? 1.0 / 32 : -1.0 / 64; /* rises for ten regions, then falls */
  world.weights[COUNT - 1] = 0;
  world_open(&world, COUNT, pixel_sum, 0);
  int order[COUNT];
  for (int i = 0; i < COUNT; i++)
    order[i] = i;
  vt_measure out = measure(&world, "average-highest-confidence", "lima", NULL, order);
  assert_near(out.extra[0], 6 / 32.0, 1e-6); /* 25 % of 25 regions: six */
  for (int s = 1; s < 4; s++)
    assert_near(out.extra[s], 10 / 32.0, 1e-6);
  assert_near(out.extra[4], 10.0 / COUNT, 1e-12);
  assert_int_equal(out.extra_count, 5);
  assert_string_equal(out.extra_names[3], "100");
  vt_measure_free(&out);
  world_close(&world);
}

static void test_bad_maps(void **unused)
{
  (void)unused;
  pixel_world world = {0};
  open_additive(&world);
  float map[COUNT] = {0};
  map[3] = NAN;
  vt_measure out = {0};
  vt_judged judged = {.map = map};
  const vt_protocol *protocol = vt_protocol_find("vitrail-50");
  assert_fails(
      world.ctx,
      vt_metric_run(world.ctx, vt_metric_find("insertion"), &world.task, &judged, protocol, NULL, &out),
      VT_ERROR_INVALID_DATA, "pixel (3, 0) is NaN");
  map[3] = INFINITY;
  assert_fails(
      world.ctx,
      vt_metric_run(world.ctx, vt_metric_find("insertion"), &world.task, &judged, protocol, NULL, &out),
      VT_ERROR_INVALID_DATA, "infinite");
  world.task.regions = NULL;
  assert_fails(world.ctx,
               vt_metric_run(world.ctx, vt_metric_find("insertion"), &world.task, &judged,
                             vt_protocol_find("lima"), NULL, &out),
               VT_ERROR_INVALID_ARGUMENT, "steps by region");
  assert_null(vt_protocol_find("lime"));
  assert_null(vt_metric_find("insertions"));
  world_close(&world);
}

/* The kernel keeps the mass of a picture away from the border, is symmetric, and
 * flatter than the plain Gaussian. */
static void test_rise_kernel(void **unused)
{
  (void)unused;
  double kernel[11][11], sum = 0;
  vt_rise_kernel(kernel);
  for (int y = 0; y < 11; y++)
    for (int x = 0; x < 11; x++) {
      sum += kernel[y][x];
      assert_near(kernel[y][x], kernel[x][y], 1e-15);
      assert_near(kernel[y][x], kernel[10 - y][x], 1e-15);
    }
  assert_near(sum, 1, 1e-12);
  assert_true(kernel[0][0] / kernel[5][5] > exp(-0.5 * 50 / 25.0));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known_curve), cmocka_unit_test(test_orders),
      cmocka_unit_test(test_steps),       cmocka_unit_test(test_highest_confidence),
      cmocka_unit_test(test_bad_maps),    cmocka_unit_test(test_rise_kernel),
  };
  return cmocka_run_group_tests_name("metrics/curves", tests, NULL, NULL);
}
