/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder with a few tiny pictures and masks, and a model whose answers are known: class 0 is as probable as
 * the upper half is bright, class 1 as the lower half, the rest is class 2.
 */
#ifndef VT_TESTS_COMPARE_WORLD_H
#define VT_TESTS_COMPARE_WORLD_H

#include "test.h"

#include <dirent.h>
#include <sys/stat.h>

#include "comparison/compare.h"
#include "tensor/tensor.h"

enum { SIDE = 4, PICTURES = 4 };

typedef struct compare_world {
  vt_ctx *ctx;
  char folder[64], list[96], out[96], masks[96];
  volatile int cancel;
  long calls_until_cancel; /* > 0: the flag goes up at that item */
  vt_model *model;
  vt_album album;
  vt_contender *contenders;
  vt_criterion *criteria;
  vt_compare compare;
} compare_world;

static inline vt_status halves_predict(vt_ctx *ctx, void *user, int count, const float *inputs,
                                       float *outputs)
{
  compare_world *world = user;
  (void)ctx;
  for (int n = 0; n < count; n++) {
    const float *plane = inputs + (size_t)n * 3 * SIDE * SIDE;
    double upper = 0, lower = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
      *(i < SIDE * SIDE / 2 ? &upper : &lower) += (double)plane[i] / (SIDE * SIDE);
    outputs[3 * n] = (float)upper;
    outputs[3 * n + 1] = (float)lower;
    outputs[3 * n + 2] = (float)(1 - upper - lower);
    if (world->calls_until_cancel > 0 && --world->calls_until_cancel == 0) world->cancel = 1;
  }
  return VT_OK;
}

/* Picture p: the upper half white and the lower half dark by turns; a mask of the bright half. */
static inline void write_pictures(compare_world *world)
{
  char path[160];
  for (int p = 0; p < PICTURES; p++) {
    vt_image *picture, *mask;
    assert_ok(world->ctx, vt_image_new(world->ctx, SIDE, SIDE, 3, &picture));
    assert_ok(world->ctx, vt_image_new(world->ctx, SIDE, SIDE, 1, &mask));
    for (int i = 0; i < SIDE * SIDE; i++) {
      bool bright = (i < SIDE * SIDE / 2) == (p % 2 == 0);
      for (int c = 0; c < 3; c++)
        picture->pixels[3 * i + c] = (uint8_t)(bright ? 255 - p : 40 + 3 * i);
      mask->pixels[i] = bright ? 255 : 0;
    }
    snprintf(path, sizeof path, "%s/p%d.png", world->folder, p);
    assert_ok(world->ctx, vt_image_write_png(world->ctx, picture, path, NULL));
    snprintf(path, sizeof path, "%s/p%d.png", world->masks, p);
    assert_ok(world->ctx, vt_image_write_png(world->ctx, mask, path, NULL));
    vt_image_free(picture);
    vt_image_free(mask);
  }
}

static inline void write_text(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  fclose(file);
}

static inline void write_map(compare_world *world, const char *folder, const char *name, const float *values)
{
  char path[200];
  size_t mark = vt_tensor_mark(world->ctx);
  vt_tensor *map = vt_tensor_new(world->ctx, VT_F32, 2, (int64_t[]){SIDE, SIDE});
  assert_non_null(map);
  memcpy(vt_tensor_data(map), values, SIDE * SIDE * sizeof *values);
  mkdir(folder, 0777);
  snprintf(path, sizeof path, "%s/%s.npy", folder, name);
  assert_ok(world->ctx, vt_npy_write(world->ctx, path, map));
  vt_tensor_release(world->ctx, mark);
}

/* Labels: all right but that of the third picture. */
static inline void world_open(compare_world *world)
{
  *world = (compare_world){.folder = "/tmp/vitrail_compare_XXXXXX"};
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->list, sizeof world->list, "%s/list.csv", world->folder);
  snprintf(world->out, sizeof world->out, "%s/out", world->folder);
  snprintf(world->masks, sizeof world->masks, "%s/masks", world->folder);
  mkdir(world->masks, 0777);
  world->ctx = vt_ctx_new();
  vt_ctx_set_cancel(world->ctx, &world->cancel);
  vt_ctx_set_threads(world->ctx, 1);
  write_pictures(world);
  write_text(world->list, "path,label\np0.png,0\np1.png,1\np2.png,1\np3.png,1\n");
  assert_ok(world->ctx, vt_model_from_function(world->ctx, halves_predict, world, 3, SIDE, SIDE, 3, false,
                                               &world->model));
}

/* Names who and what; frees those named before. */
static inline void world_name(compare_world *world, const char *contenders, const char *criteria)
{
  vt_contest *contest = &world->compare.contest;
  vt_contenders_free(world->contenders, contest->contender_count);
  vt_criteria_free(world->criteria, contest->criterion_count);
  vt_album_free(&world->album);
  *contest = (vt_contest){.terms = {.regions = "grid:2x2", .fill = "black", .seed = 5},
                          .as_it_is = true,
                          .equal = true,
                          .budget_of = -1};
  assert_ok(world->ctx, vt_contenders_parse(world->ctx, contenders, &contest->terms, &world->contenders,
                                            &contest->contender_count));
  assert_ok(world->ctx,
            vt_criteria_parse(world->ctx, criteria, "lima", &world->criteria, &contest->criterion_count));
  assert_ok(world->ctx, vt_album_read(world->ctx, world->model, world->list, world->masks, &world->album));
  contest->contenders = world->contenders;
  contest->criteria = world->criteria;
  world->compare.model = world->model;
  world->compare.model_name = "halves";
  world->compare.album = &world->album;
  world->compare.folder = world->out;
  world->compare.end = 1000;
  world->compare.shown = 2;
}

static inline void remove_folder(const char *path)
{
  DIR *folder = opendir(path);
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    char *inner;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    assert_true(asprintf(&inner, "%s/%s", path, entry->d_name) > 0);
    if (unlink(inner) != 0) remove_folder(inner);
    free(inner);
  }
  if (folder) closedir(folder);
  rmdir(path);
}

static inline void world_close(compare_world *world)
{
  vt_contenders_free(world->contenders, world->compare.contest.contender_count);
  vt_criteria_free(world->criteria, world->compare.contest.criterion_count);
  vt_album_free(&world->album);
  vt_model_free(world->model);
  vt_ctx_free(world->ctx);
  remove_folder(world->folder);
}

#endif
