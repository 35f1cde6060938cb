/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs over many pictures: stopped, gone on with, damaged, and what is bad among what is good.
 */
#include "comparison/compare_world.h"

#include <math.h>

#include "data/jsonl.h"

static const char who[] = "feature-ablation,random,oracle", what[] = "insertion,pointing-game";
enum { ROWS_A_PICTURE = 1 + 3 + 3 * 2 * 2 };

static vt_compared run(compare_world *world)
{
  vt_compared compared;
  assert_ok(world->ctx, vt_compare_run(world->ctx, &world->compare, &compared));
  return compared;
}

static void rows_path(const compare_world *world, char path[160])
{
  snprintf(path, 160, "%s/rows.jsonl", world->out);
}

/* All rows as lines without their seconds; frees with vt_texts_free(). */
static vt_texts rows_of(compare_world *world)
{
  char path[160];
  vt_jsonl file;
  vt_texts rows = {0};
  rows_path(world, path);
  assert_ok(world->ctx, vt_jsonl_open(world->ctx, path, &file));
  for (json_t *row;;) {
    assert_ok(world->ctx, vt_jsonl_next(world->ctx, &file, &row));
    if (!row) break;
    json_object_del(row, "seconds");
    char *text = json_dumps(row, JSON_COMPACT);
    assert_ok(world->ctx, vt_texts_add(world->ctx, &rows, text, strlen(text)));
    free(text);
    json_decref(row);
  }
  vt_jsonl_close(&file);
  return rows;
}

static void test_goes_on(void **unused)
{
  (void)unused;
  compare_world world;
  world_open(&world);
  world_name(&world, who, what);
  world.compare.end = 2;
  vt_compared compared = run(&world);
  assert_int_equal(compared.judged, 2);
  assert_int_equal(compared.new_rows, 2 * ROWS_A_PICTURE);
  assert_false(compared.partial);
  vt_compared_free(&compared);
  world.compare.end = 1000;
  compared = run(&world);
  assert_int_equal(compared.judged, PICTURES);
  assert_int_equal(compared.new_rows, (PICTURES - 2) * ROWS_A_PICTURE);
  vt_compared_free(&compared);
  compared = run(&world);
  assert_int_equal(compared.new_rows, 0);
  vt_compared_free(&compared);
  vt_texts in_parts = rows_of(&world);

  /* one more metric and one more method: only theirs */
  world_name(&world, "feature-ablation,random,oracle,centre-prior", "insertion,pointing-game,deletion");
  compared = run(&world);
  assert_int_equal(compared.new_rows, PICTURES * (3 * 2 + 1 + 3 * 2));
  vt_compared_free(&compared);
  /* the same method with other settings is another one */
  world_name(&world, "random(grain=pixel)", "insertion");
  compared = run(&world);
  assert_int_equal(compared.new_rows, PICTURES * 3);
  vt_compared_free(&compared);

  /* the same rows in the same order as in one go, seconds apart */
  remove_folder(world.out);
  world_name(&world, who, what);
  compared = run(&world);
  vt_compared_free(&compared);
  vt_texts at_once = rows_of(&world);
  assert_int_equal(at_once.count, in_parts.count);
  for (size_t i = 0; i < at_once.count; i++)
    assert_string_equal(at_once.data[i], in_parts.data[i]);
  vt_texts_free(&at_once);
  vt_texts_free(&in_parts);
  world_close(&world);
}

/* The flag goes up at every item in turn: nothing that was written is lost or measured twice. */
static void test_interrupted_anywhere(void **unused)
{
  (void)unused;
  compare_world world;
  world_open(&world);
  world_name(&world, who, what);
  int partial = 0;
  for (long calls = 1; calls < 200; calls += 3) {
    remove_folder(world.out);
    world.calls_until_cancel = calls;
    vt_compared compared = run(&world);
    size_t before = vt_ledger_count(compared.ledger);
    bool cut = compared.partial;
    partial += cut;
    vt_compared_free(&compared);
    world.calls_until_cancel = 0;
    world.cancel = 0;
    compared = run(&world);
    assert_false(compared.partial);
    assert_int_equal(vt_ledger_count(compared.ledger), PICTURES * ROWS_A_PICTURE);
    assert_int_equal(compared.new_rows, (int64_t)(PICTURES * ROWS_A_PICTURE - before));
    vt_compared_free(&compared);
    if (!cut) break;
  }
  assert_in_range(partial, 5, 66);
  world_close(&world);
}

static void cut_file(const char *path, long bytes)
{
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(truncate(path, about.st_size - bytes), 0);
}

static void test_damaged_file(void **unused)
{
  (void)unused;
  compare_world world;
  char path[160];
  world_open(&world);
  world_name(&world, who, what);
  vt_compared compared = run(&world);
  vt_compared_free(&compared);
  vt_texts whole = rows_of(&world);
  rows_path(&world, path);
  cut_file(path, 25); /* in the middle of the last line */
  compared = run(&world);
  assert_true(compared.repaired);
  assert_int_equal(compared.new_rows, 1);
  vt_compared_free(&compared);
  vt_texts again = rows_of(&world);
  assert_int_equal(again.count, whole.count);
  assert_string_equal(again.data[again.count - 1], whole.data[whole.count - 1]);
  vt_texts_free(&again);
  vt_texts_free(&whole);

  FILE *file = fopen(path, "r+");
  assert_non_null(file);
  fseek(file, 3, SEEK_SET);
  fputs("?????????", file);
  fclose(file);
  assert_fails(world.ctx, vt_compare_run(world.ctx, &world.compare, &compared), VT_ERROR_INVALID_DATA,
               "line 1 is no row");
  world_close(&world);
}

static void test_other_terms(void **unused)
{
  (void)unused;
  compare_world world;
  world_open(&world);
  world_name(&world, who, what);
  vt_compared compared = run(&world), second;
  /* it is locked as long as it is open */
  assert_fails(world.ctx, vt_compare_run(world.ctx, &world.compare, &second), VT_ERROR_EXISTS, "another run");
  vt_compared_free(&compared);
  world.compare.contest.terms.fill = "mean";
  assert_fails(world.ctx, vt_compare_run(world.ctx, &world.compare, &compared), VT_ERROR_EXISTS,
               "fill \"black\"");
  world.compare.contest.terms.fill = "black";
  world.compare.contest.budget_of = 0;
  assert_fails(world.ctx, vt_compare_run(world.ctx, &world.compare, &compared), VT_ERROR_EXISTS, "budget_of");
  world.compare.contest.budget_of = -1;
  world.compare.begin = 4;
  assert_fails(world.ctx, vt_compare_run(world.ctx, &world.compare, &compared), VT_ERROR_INVALID_ARGUMENT,
               "there is none");
  world_close(&world);
}

/* A file that is no picture, one that is not there, a mask of another size: rows with an error. */
static void test_bad_among_good(void **unused)
{
  (void)unused;
  compare_world world;
  char path[160];
  vt_image *large;
  world_open(&world);
  snprintf(path, sizeof path, "%s/p1.png", world.folder);
  write_text(path, "no picture");
  write_text(world.list, "file\tclass\tother\np0.png\t0\tx\np1.png\t1\tx\nmissing.png\t\tx\np3.png\t1\tx\n");
  snprintf(path, sizeof path, "%s/list.tsv", world.folder);
  assert_int_equal(rename(world.list, path), 0);
  snprintf(world.list, sizeof world.list, "%s/list.tsv", world.folder);
  assert_ok(world.ctx, vt_image_new(world.ctx, 7, 9, 1, &large));
  snprintf(path, sizeof path, "%s/p3.png", world.masks);
  assert_ok(world.ctx, vt_image_write_png(world.ctx, large, path, NULL));
  vt_image_free(large);
  world_name(&world, who, what);
  vt_compared compared = run(&world);
  assert_int_equal(vt_ctx_status(world.ctx), VT_OK);
  assert_int_equal(compared.judged, 1);
  assert_int_equal(compared.bad, 3);
  assert_int_equal(compared.new_rows, ROWS_A_PICTURE + 3);
  const vt_ledger_row *row = vt_ledger_find(compared.ledger, compared.entries[2].picture_key);
  assert_non_null(strstr(row->error, "missing.png"));
  row = vt_ledger_find(compared.ledger, compared.entries[3].picture_key);
  assert_non_null(strstr(row->error, "p3.png"));
  vt_compared_free(&compared);
  compared = run(&world); /* told once */
  assert_int_equal(compared.new_rows, 0);
  vt_compared_free(&compared);
  world_close(&world);
}

static void test_right_and_wrong(void **unused)
{
  (void)unused;
  compare_world world;
  world_open(&world);
  world_name(&world, "feature-ablation", "insertion");
  world.compare.which = VT_WHICH_WRONG;
  vt_compared compared = run(&world);
  assert_int_equal(compared.judged, 1);
  assert_int_equal(compared.left_out, 3);
  assert_int_equal(compared.entries[2].state, VT_ENTRY_JUDGED);
  const vt_ledger_row *row = vt_ledger_find(compared.ledger, compared.entries[2].picture_key);
  assert_int_equal(row->target, 1); /* the true class is explained, not the answer */
  assert_int_equal(row->predicted, 0);
  vt_compared_free(&compared);
  world.compare.which = VT_WHICH_RIGHT;
  compared = run(&world);
  assert_int_equal(compared.judged, 3);
  vt_compared_free(&compared);
  world_close(&world);
}

/* What failed stays a row; with `retry` it is tried again, and the later row counts. */
static void test_retry(void **unused)
{
  (void)unused;
  compare_world world;
  char folder[160], list[200];
  const float map[SIDE * SIDE] = {1};
  world_open(&world);
  snprintf(folder, sizeof folder, "%s/maps", world.folder);
  snprintf(list, sizeof list, "theirs=maps:%s", folder);
  world_name(&world, list, "pointing-game");
  world.compare.end = 1;
  vt_compared compared = run(&world);
  assert_non_null(vt_compared_explanation(&compared, 0, 0)->error);
  vt_compared_free(&compared);
  write_map(&world, folder, "p0", map);
  compared = run(&world); /* the map is another one now, and so is the key */
  assert_null(vt_compared_explanation(&compared, 0, 0)->error);
  vt_compared_free(&compared);

  world_name(&world, "saliency", "pointing-game"); /* a function cannot be looked into, now or later */
  world.compare.end = 1;
  compared = run(&world);
  assert_int_equal(compared.new_rows, 3);
  vt_compared_free(&compared);
  compared = run(&world);
  assert_int_equal(compared.new_rows, 0);
  vt_compared_free(&compared);
  world.compare.retry = true;
  compared = run(&world);
  assert_int_equal(compared.new_rows, 3);
  assert_non_null(vt_compared_explanation(&compared, 0, 0)->error);
  vt_compared_free(&compared);
  world_close(&world);
}

static void test_albums(void **unused)
{
  (void)unused;
  compare_world world;
  char path[160];
  vt_album album;
  world_open(&world);
  /* a folder: by name, other files and folders passed over */
  assert_ok(world.ctx, vt_album_read(world.ctx, world.model, world.folder, NULL, &album));
  assert_int_equal(album.count, PICTURES);
  assert_int_equal(album.labelled, 0);
  assert_string_equal(album.pictures[3].name, "p3");
  vt_album_free(&album);
  /* a plain list; the same name twice is made two */
  snprintf(path, sizeof path, "%s/plain.txt", world.folder);
  write_text(path, "p0.png\nmasks/p0.png\n");
  assert_ok(world.ctx, vt_album_read(world.ctx, world.model, path, world.masks, &album));
  assert_int_equal(album.count, 2);
  assert_string_equal(album.pictures[1].name, "p0~2");
  assert_int_equal(album.masked, 1);
  vt_album_free(&album);
  /* a table without headings */
  write_text(world.list, "p0.png,2\np1.png,\n");
  assert_ok(world.ctx, vt_album_read(world.ctx, world.model, world.list, NULL, &album));
  assert_int_equal(album.pictures[0].label, 2);
  assert_int_equal(album.pictures[1].label, -1);
  assert_int_equal(album.labelled, 1);
  vt_album_free(&album);
  write_text(world.list, "p0.png,7\n");
  assert_fails(world.ctx, vt_album_read(world.ctx, world.model, world.list, NULL, &album),
               VT_ERROR_INVALID_ARGUMENT, "list.csv, line 1: target 7");
  assert_fails(world.ctx, vt_album_read(world.ctx, world.model, "/nowhere", NULL, &album),
               VT_ERROR_NO_SUCH_FILE, "/nowhere");
  assert_fails(world.ctx, vt_album_read(world.ctx, world.model, world.folder, "/nowhere", &album),
               VT_ERROR_NO_SUCH_FILE, "folder of masks");
  snprintf(path, sizeof path, "%s/empty", world.folder);
  mkdir(path, 0777);
  assert_fails(world.ctx, vt_album_read(world.ctx, world.model, path, NULL, &album),
               VT_ERROR_INVALID_ARGUMENT, "no picture in this folder");
  assert_fails(world.ctx, vt_album_read(world.ctx, world.model, world.folder, path, &album),
               VT_ERROR_INVALID_ARGUMENT, "no mask of any picture");
  world_close(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_goes_on),        cmocka_unit_test(test_interrupted_anywhere),
      cmocka_unit_test(test_damaged_file),   cmocka_unit_test(test_other_terms),
      cmocka_unit_test(test_bad_among_good), cmocka_unit_test(test_right_and_wrong),
      cmocka_unit_test(test_retry),          cmocka_unit_test(test_albums),
  };
  return cmocka_run_group_tests_name("comparison/compare", tests, NULL, NULL);
}
