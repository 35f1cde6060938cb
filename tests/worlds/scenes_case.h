/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be true of every scenes preset.
 */
#ifndef VT_TESTS_SCENES_CASE_H
#define VT_TESTS_SCENES_CASE_H

#include <math.h>

#include "test.h"
#include "worlds/scenes.h"

static inline vt_world *open_scenes(vt_ctx *ctx, const char *id, const char *setting)
{
  vt_world *world;
  assert_ok(ctx, vt_world_open(ctx, id, &setting, setting ? 1 : 0, 11, &world));
  return world;
}

/* Everything of one record: areas, inclusion of masks, and that removing a node changes its pixels only. */
static inline void check_scene_truth(vt_ctx *ctx, const vt_scene *scene)
{
  int width = vt_scene_pixels_wide(scene), height = vt_scene_pixels_high(scene), pixels = width * height;
  uint8_t *rgb = malloc((size_t)pixels * 3), *without = malloc((size_t)pixels * 3);
  uint8_t *visible = malloc((size_t)pixels), *full = malloc((size_t)pixels),
          *touched = malloc((size_t)pixels);
  uint16_t *labels = malloc((size_t)pixels * 2);
  int32_t areas[VT_SCENE_NODES];
  assert_ok(ctx, vt_scene_render(ctx, scene, rgb, labels));
  vt_scene_areas(scene, labels, areas);
  int64_t total = 0;
  for (int i = 0; i < scene->count; i++)
    if (scene->nodes[i].parent < 0) total += areas[i];
  for (int i = 0; i < pixels; i++)
    assert_true(labels[i] > 0); /* backgrounds leave no hole */
  assert_int_equal(total, pixels);
  vt_scene *copy = malloc(sizeof *copy);
  for (int node = 0; node < scene->count; node++) {
    if (!vt_scene_shown(scene, node)) continue;
    int64_t visible_area, full_area, touched_area;
    assert_ok(ctx, vt_scene_mask(ctx, scene, node, VT_MASK_VISIBLE, visible, &visible_area));
    assert_ok(ctx, vt_scene_mask(ctx, scene, node, VT_MASK_FULL, full, &full_area));
    assert_ok(ctx, vt_scene_mask(ctx, scene, node, VT_MASK_TOUCHED, touched, &touched_area));
    assert_int_equal(visible_area, areas[node]);
    assert_true(visible_area <= full_area && full_area <= touched_area);
    *copy = *scene;
    vt_scene_drop(copy, node);
    assert_ok(ctx, vt_scene_render(ctx, copy, without, NULL));
    int changed = 0;
    for (int i = 0; i < pixels; i++) {
      bool same = memcmp(rgb + 3 * i, without + 3 * i, 3) == 0;
      assert_true(same || touched[i]);
      assert_true(visible[i] <= full[i] && full[i] <= touched[i]);
      changed += visible[i] && !same;
    }
    /* a part may by chance lie on its own colour; what is an object or a place shows */
    if (scene->nodes[node].kind != VT_NODE_PART && scene->nodes[node].noun != VT_CLUTTER && visible_area > 8)
      assert_true(changed > visible_area / 4);
  }
  free(copy);
  free(rgb), free(without), free(visible), free(full), free(touched), free(labels);
}

/* Items of all splits: the same bytes for 1 and 2 threads, and no picture twice. */
static inline void check_scenes_pure(vt_ctx *ctx, const vt_world *world)
{
  enum { ITEMS = 24 };
  uint64_t seen[VT_SPLITS * ITEMS];
  int seen_count = 0;
  for (int split = 0; split < VT_SPLITS; split++) {
    vt_dataset *set;
    vt_batch one, two;
    int64_t indices[ITEMS];
    for (int i = 0; i < ITEMS; i++)
      indices[i] = ITEMS - 1 - i;
    assert_ok(ctx, vt_world_dataset(ctx, world, (vt_split)split, 0, &set));
    size_t mark = vt_tensor_mark(ctx);
    vt_ctx_set_threads(ctx, 1);
    assert_ok(ctx, vt_batch_make(ctx, set, indices, ITEMS, 3, NULL, &one));
    vt_ctx_set_threads(ctx, 2);
    assert_ok(ctx, vt_batch_make(ctx, set, indices, ITEMS, 3, NULL, &two));
    for (int field = 0; field < set->field_count; field++)
      assert_memory_equal(one.tensors[field]->data, two.tensors[field]->data, vt_bytes(one.tensors[field]));
    const float *image = vt_batch_get(ctx, &one, "image")->data;
    size_t item = vt_bytes(one.tensors[0]) / ITEMS;
    for (int i = 0; i < ITEMS; i++) {
      char hex[65];
      vt_sha256_hex((const char *)image + (size_t)i * item, item, hex);
      hex[16] = 0;
      seen[seen_count] = strtoull(hex, NULL, 16);
      for (int k = 0; k < seen_count; k++)
        assert_true(seen[k] != seen[seen_count]);
      seen_count++;
    }
    vt_tensor_release(ctx, mark);
    vt_dataset_free(set);
  }
}

/* The truth of four records of a preset, and purity. */
static inline void check_scenes_preset(vt_ctx *ctx, const char *id)
{
  vt_world *world = open_scenes(ctx, id, NULL);
  void *record = malloc(world->preset->record_size);
  for (int i = 0; i < 4; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, record));
    check_scene_truth(ctx, &((const vt_scenes_item *)record)->scene);
  }
  free(record);
  check_scenes_pure(ctx, world);
  vt_world_close(world);
}

/* Solves the symmetric system of `size` unknowns in place (Gauss with pivots); right sides of `width`. */
static inline void solve(double *matrix, double *right, int size, int width)
{
  for (int column = 0; column < size; column++) {
    int pivot = column;
    for (int row = column + 1; row < size; row++)
      if (fabs(matrix[row * size + column]) > fabs(matrix[pivot * size + column])) pivot = row;
    for (int k = 0; k < size; k++) {
      double kept = matrix[column * size + k];
      matrix[column * size + k] = matrix[pivot * size + k];
      matrix[pivot * size + k] = kept;
    }
    for (int k = 0; k < width; k++) {
      double kept = right[column * width + k];
      right[column * width + k] = right[pivot * width + k];
      right[pivot * width + k] = kept;
    }
    for (int row = 0; row < size; row++) {
      if (row == column) continue;
      double factor = matrix[row * size + column] / matrix[column * size + column];
      for (int k = column; k < size; k++)
        matrix[row * size + k] -= factor * matrix[column * size + k];
      for (int k = 0; k < width; k++)
        right[row * width + k] -= factor * right[column * width + k];
    }
  }
  for (int row = 0; row < size; row++)
    for (int k = 0; k < width; k++)
      right[row * width + k] /= matrix[row * size + row];
}

/* Accuracy on unseen items of the best linear classifier (least squares on one-hot targets) on the mean and
 * the mean square of each channel: what colour alone gives away. */
static inline double colour_leak(vt_ctx *ctx, const vt_world *world, int count)
{
  enum { FEATURES = 7, MOST_CLASSES = 32 };
  int classes = world->class_count, px = vt_scenes_px(world), right_guesses = 0;
  double matrix[FEATURES * FEATURES] = {0}, weights[FEATURES * MOST_CLASSES] = {0};
  size_t bytes = (size_t)world->preset->record_size;
  void *record = malloc(bytes);
  uint8_t *rgb = malloc((size_t)(px * px) * 3);
  for (int split = 0; split < 2; split++) {
    if (split) {
      for (int i = 0; i < FEATURES; i++)
        matrix[i * FEATURES + i] += 1e-6 * count;
      solve(matrix, weights, FEATURES, classes);
    }
    for (int n = 0; n < count; n++) {
      assert_ok(ctx, vt_world_record(ctx, world, split ? VT_TEST : VT_TRAIN, n, record));
      const vt_scenes_item *item = record;
      assert_ok(ctx, vt_scenes_picture(ctx, world, item, 0, rgb, NULL));
      double feature[FEATURES] = {1}, score, best = -1e9;
      int guess = 0;
      for (int i = 0; i < px * px; i++)
        for (int c = 0; c < 3; c++) {
          feature[1 + c] += rgb[3 * i + c] / (255. * px * px);
          feature[4 + c] += rgb[3 * i + c] * rgb[3 * i + c] / (255. * 255 * px * px);
        }
      if (!split) {
        for (int i = 0; i < FEATURES; i++) {
          for (int k = 0; k < FEATURES; k++)
            matrix[i * FEATURES + k] += feature[i] * feature[k];
          weights[i * classes + item->scene.label] += feature[i];
        }
        continue;
      }
      for (int label = 0; label < classes; label++) {
        score = 0;
        for (int i = 0; i < FEATURES; i++)
          score += feature[i] * weights[i * classes + label];
        if (score > best) best = score, guess = label;
      }
      right_guesses += guess == item->scene.label;
    }
  }
  free(record);
  free(rgb);
  return (double)right_guesses / count;
}

#endif
