/* SPDX-License-Identifier: Apache-2.0
 *
 * What a comparison comes to, from maps whose figures are known: hits and misses of the pointing game.
 */
#include "comparison/compare_world.h"

#include <math.h>
#include <sqlite3.h>

#include "comparison/compare_page.h"
#include "comparison/database.h"
#include "comparison/summary.h"

typedef struct summary_world {
  compare_world base;
  vt_compared compared;
  vt_summary summary;
} summary_world;

/* Contender `name`: the highest pixel lies in the mask where hits[p]; hits[p] < 0: there is no map. */
static void write_hits(compare_world *world, const char *name, const int hits[PICTURES])
{
  char folder[160], picture[8];
  snprintf(folder, sizeof folder, "%s/%s", world->folder, name);
  for (int p = 0; p < PICTURES; p++) {
    float map[SIDE * SIDE] = {0};
    bool bright_above = p % 2 == 0;
    map[(hits[p] == 1) == bright_above ? 1 : SIDE * SIDE - 1] = 1;
    snprintf(picture, sizeof picture, "p%d", p);
    if (hits[p] >= 0) write_map(world, folder, picture, map);
  }
}

static void open_summary(summary_world *world)
{
  char list[500];
  const char *folder = (world_open(&world->base), world->base.folder);
  write_hits(&world->base, "a", (const int[]){1, 1, 1, 0});
  write_hits(&world->base, "b", (const int[]){1, 0, 0, 0});
  write_hits(&world->base, "all", (const int[]){1, 1, 1, 1});
  write_hits(&world->base, "none", (const int[]){0, 0, 0, 0});
  write_hits(&world->base, "gaps", (const int[]){1, -1, 1, 0});
  snprintf(list, sizeof list,
           "a=maps:%s/a,b=maps:%s/b,all=maps:%s/all,none=maps:%s/none,gaps=maps:%s/gaps,centre-prior", folder,
           folder, folder, folder, folder);
  world_name(&world->base, list, "pointing-game,complexity");
  world->base.compare.contest.equal = false;
  assert_ok(world->base.ctx, vt_compare_run(world->base.ctx, &world->base.compare, &world->compared));
  assert_ok(world->base.ctx,
            vt_summary_make(world->base.ctx, &world->base.compare, &world->compared, &world->summary));
}

static void close_summary(summary_world *world)
{
  vt_summary_free(&world->summary);
  vt_compared_free(&world->compared);
  world_close(&world->base);
}

enum { A, B, ALL, NONE, GAPS, CENTRE };

static void test_known_figures(void **unused)
{
  (void)unused;
  summary_world world;
  open_summary(&world);
  const vt_summary *summary = &world.summary;
  assert_int_equal(summary->pictures, PICTURES);
  const vt_summary_cell *cell = vt_summary_cell_of(summary, A, 0, VT_AS_IT_IS);
  assert_int_equal(cell->count, 4);
  assert_near(cell->mean, .75, 1e-12);
  assert_near(cell->spread, .5, 1e-12); /* √(¾·¼·4/3) */
  /* of 10 000 draws the lowest 2.5 % hold 1 hit of 4 (0.25⁴ + 4·0.75·0.25³ = 5 %), the highest 4 */
  assert_near(cell->interval.low, .25, 1e-12);
  assert_near(cell->interval.high, 1, 1e-12);
  cell = vt_summary_cell_of(summary, GAPS, 0, VT_AS_IT_IS);
  assert_int_equal(cell->count, 3);
  assert_int_equal(cell->failed, 1);
  assert_near(cell->mean, 2. / 3, 1e-12);
  cell = vt_summary_cell_of(summary, A, 0, VT_EQUAL_GRANULARITY); /* not measured */
  assert_int_equal(cell->count, 0);
  assert_true(isnan(cell->mean));

  const vt_summary_pair *pair = vt_summary_pair_of(summary, A, B, 0, VT_AS_IT_IS);
  assert_int_equal(pair->count, 4);
  assert_near(pair->difference, .5, 1e-12);
  assert_near(pair->wins, .75, 1e-12); /* two wins, two ties */
  pair = vt_summary_pair_of(summary, B, A, 0, VT_AS_IT_IS);
  assert_near(pair->difference, -.5, 1e-12);
  assert_near(pair->wins, .25, 1e-12);
  pair = vt_summary_pair_of(summary, ALL, NONE, 0, VT_AS_IT_IS); /* the same everywhere: no spread */
  assert_near(pair->interval.low, 1, 1e-12);
  assert_near(pair->interval.high, 1, 1e-12);
  pair = vt_summary_pair_of(summary, A, GAPS, 0, VT_AS_IT_IS); /* only where both have a value */
  assert_int_equal(pair->count, 3);
  assert_near(pair->difference, 0, 1e-12);
  assert_near(pair->wins, .5, 1e-12);
  close_summary(&world);
}

/* Ranks on the three pictures that all have; lower is better where the metric says so. */
static void test_ranks_and_directions(void **unused)
{
  (void)unused;
  summary_world world;
  size_t order[6];
  open_summary(&world);
  const vt_summary *summary = &world.summary;
  /* pictures 0, 2, 3: hits a 1 1 0, b 1 0 0, all 1 1 1, none 0 0 0, gaps 1 1 0, centre: the four pixels in
   * the middle tie, half of them in the mask: ½. Ranks of all: (1+2+3+4)/4 = 2.5, (1+2+3)/3 = 2, 1 */
  assert_int_equal(vt_summary_cell_of(summary, ALL, 0, VT_AS_IT_IS)->ranked, 3);
  assert_near(vt_summary_cell_of(summary, ALL, 0, VT_AS_IT_IS)->rank, (2.5 + 2 + 1) / 3, 1e-12);
  assert_near(vt_summary_cell_of(summary, A, 0, VT_AS_IT_IS)->rank, (2.5 + 2 + 4.5) / 3, 1e-12);
  assert_near(vt_summary_cell_of(summary, B, 0, VT_AS_IT_IS)->rank, (2.5 + 5.5 + 4.5) / 3, 1e-12);
  assert_near(vt_summary_cell_of(summary, CENTRE, 0, VT_AS_IT_IS)->rank, (5 + 4 + 2) / 3., 1e-12);
  /* one pixel is as simple as a map can be: every other contender is better than the bell by complexity */
  const vt_summary_pair *pair = vt_summary_pair_of(summary, A, CENTRE, 1, VT_AS_IT_IS);
  assert_true(pair->difference > .5);
  assert_near(pair->wins, 1, 0);
  assert_near(vt_summary_cell_of(summary, CENTRE, 1, VT_AS_IT_IS)->rank, 6, 1e-12);
  vt_summary_order(summary, VT_AS_IT_IS, order);
  assert_int_equal(order[0], ALL);
  assert_true(isnan(summary->contender[A].rank[VT_EQUAL_GRANULARITY]));
  assert_int_equal(summary->contender[GAPS].explained, 3);
  assert_int_equal(summary->contender[GAPS].failed, 1);
  assert_non_null(strstr(summary->contender[GAPS].error, "p1.npy"));
  close_summary(&world);
}

/* A control that is drawn is drawn anew for every picture, and the same again in the next run. */
static void test_draws(void **unused)
{
  (void)unused;
  compare_world world;
  char signatures[2][PICTURES][17];
  world_open(&world);
  for (int twice = 0; twice < 2; twice++) {
    vt_compared compared;
    remove_folder(world.out);
    world_name(&world, "random(grain=pixel)", "pointing-game");
    assert_ok(world.ctx, vt_compare_run(world.ctx, &world.compare, &compared));
    for (int p = 0; p < PICTURES; p++)
      memcpy(signatures[twice][p], vt_compared_explanation(&compared, (size_t)p, 0)->signature, 17);
    vt_compared_free(&compared);
  }
  assert_memory_equal(signatures[0], signatures[1], sizeof signatures[0]);
  int different = 0; /* 560 sets of three cells: two of four pictures hardly ever share one */
  for (int p = 1; p < PICTURES; p++)
    different += strcmp(signatures[0][p], signatures[0][0]) != 0;
  assert_true(different >= 2);
  world_close(&world);
}

/* Maps with the same highest cells: pictures 0 and 2 look alike and are answered alike, so do 1 and 3. */
static void test_consistency(void **unused)
{
  (void)unused;
  summary_world world;
  open_summary(&world);
  assert_int_equal(world.summary.contender[ALL].alike, 2);
  assert_near(world.summary.contender[ALL].consistency, 1, 0);
  /* the bell is the same on all four: of six pairs the two of one class agree */
  assert_int_equal(world.summary.contender[CENTRE].alike, 6);
  assert_near(world.summary.contender[CENTRE].consistency, 1. / 3, 1e-12);
  close_summary(&world);
}

static int64_t ask(sqlite3 *database, const char *question)
{
  sqlite3_stmt *statement;
  assert_int_equal(sqlite3_prepare_v2(database, question, -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int64_t answer = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return answer;
}

static void test_files(void **unused)
{
  (void)unused;
  summary_world world;
  char rows[160], file[160];
  json_t *json;
  vt_text page[2];
  open_summary(&world);
  vt_ctx *ctx = world.base.ctx;
  snprintf(rows, sizeof rows, "%s/rows.jsonl", world.base.out);
  snprintf(file, sizeof file, "%s/rows.sqlite", world.base.out);
  for (int twice = 0; twice < 2; twice++)
    assert_ok(ctx, vt_database_write(ctx, rows, file));
  sqlite3 *database;
  assert_int_equal(sqlite3_open_v2(file, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  assert_int_equal(ask(database, "SELECT count(*) FROM pictures"), PICTURES);
  assert_int_equal(ask(database, "SELECT count(*) FROM explanations"), 6 * PICTURES);
  assert_int_equal(ask(database, "SELECT count(*) FROM scores"), 6 * 2 * PICTURES);
  assert_int_equal(ask(database, "SELECT 100 * avg(value) FROM scores WHERE method = 'a' AND metric = "
                                 "'pointing-game'"),
                   75);
  assert_int_equal(ask(database, "SELECT count(*) FROM measures WHERE error IS NOT NULL"), 2);
  sqlite3_close(database);

  assert_ok(ctx, vt_summary_json(ctx, &world.summary, &json));
  assert_int_equal(json_array_size(json_object_get(json, "cells")), 6 * 2);
  assert_int_equal(json_array_size(json_object_get(json, "pairs")), 15 * 2);
  json_decref(json);
  for (int i = 0; i < 2; i++)
    assert_ok(ctx, vt_compare_page_html(ctx, &world.summary, &page[i]));
  assert_int_equal(page[0].length, page[1].length);
  assert_memory_equal(page[0].data, page[1].data, page[0].length);
  assert_non_null(strstr(page[0].data, "6 methods on 4 pictures"));
  assert_null(strstr(page[0].data, "{{"));
  vt_text_free(&page[0]);
  vt_text_free(&page[1]);
  assert_fails(ctx, vt_database_write(ctx, rows, "/nowhere/at/all.sqlite"), VT_ERROR_IO, "/nowhere/at/all");
  close_summary(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known_figures), cmocka_unit_test(test_ranks_and_directions),
      cmocka_unit_test(test_consistency),   cmocka_unit_test(test_draws),
      cmocka_unit_test(test_files),
  };
  return cmocka_run_group_tests_name("comparison/summary", tests, NULL, NULL);
}
