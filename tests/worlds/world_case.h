/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be true of every preset with pictures, seen through its training fields alone.
 */
#ifndef VT_TESTS_WORLD_CASE_H
#define VT_TESTS_WORLD_CASE_H

#include "scenes_case.h"

static inline vt_world *open_with(vt_ctx *ctx, const char *id, const char *first, const char *second)
{
  const char *settings[2] = {first, second};
  vt_world *world;
  assert_ok(ctx, vt_world_open(ctx, id, settings, first ? second ? 2 : 1 : 0, 11, &world));
  return world;
}

/* Accuracy on unseen items of the best linear classifier (least squares on one-hot targets) on mean and mean
 * square of each channel of field "image": what colour alone gives away. */
static inline double channel_leak(vt_ctx *ctx, const vt_world *world, int count)
{
  enum { MOST_CHANNELS = 3, FEATURES = 1 + 2 * MOST_CHANNELS, MOST_CLASSES = 32, CHUNK = 50 };
  int classes = world->class_count, right = 0;
  double matrix[FEATURES * FEATURES] = {0}, weights[FEATURES * MOST_CLASSES] = {0};
  assert_true(classes <= MOST_CLASSES && count % CHUNK == 0);
  for (int split = 0; split < 2; split++) {
    vt_dataset *set;
    assert_ok(ctx, vt_world_dataset(ctx, world, split ? VT_TEST : VT_TRAIN, count, &set));
    uint32_t fields = 1u << vt_dataset_find(set, "image") | 1u << vt_dataset_find(set, "label");
    int64_t channels = set->fields[vt_dataset_find(set, "image")].dims[0];
    size_t pixels =
        vt_dataset_field_bytes(&set->fields[vt_dataset_find(set, "image")]) / 4 / (size_t)channels;
    if (split) {
      for (int i = 0; i < FEATURES; i++)
        matrix[i * FEATURES + i] += 1e-6 * count;
      solve(matrix, weights, FEATURES, classes);
    }
    for (int from = 0; from < count; from += CHUNK) {
      int64_t indices[CHUNK];
      for (int i = 0; i < CHUNK; i++)
        indices[i] = from + i;
      vt_batch batch;
      size_t mark = vt_tensor_mark(ctx);
      assert_ok(ctx, vt_batch_make(ctx, set, indices, CHUNK, 0, &fields, &batch));
      const float *image = vt_batch_get(ctx, &batch, "image")->data;
      const int64_t *labels = vt_batch_get(ctx, &batch, "label")->data;
      for (int n = 0; n < CHUNK; n++) {
        double feature[FEATURES] = {1}, best = -1e9;
        int guess = 0;
        for (int c = 0; c < channels; c++)
          for (size_t i = 0; i < pixels; i++) {
            double value = .5 + .5 * image[((size_t)n * (size_t)channels + (size_t)c) * pixels + i];
            feature[1 + c] += value / (double)pixels;
            feature[1 + MOST_CHANNELS + c] += value * value / (double)pixels;
          }
        for (int i = 0; i < FEATURES && !split; i++) {
          for (int k = 0; k < FEATURES; k++)
            matrix[i * FEATURES + k] += feature[i] * feature[k];
          weights[i * classes + labels[n]] += feature[i];
        }
        for (int label = 0; label < classes && split; label++) {
          double score = 0;
          for (int i = 0; i < FEATURES; i++)
            score += feature[i] * weights[i * classes + label];
          if (score > best) best = score, guess = label;
        }
        right += split && guess == labels[n];
      }
      vt_tensor_release(ctx, mark);
    }
    vt_dataset_free(set);
  }
  return (double)right / count;
}

/* Whichever allocation fails, the answer is a status and nothing is leaked (seen by the sanitizer); more than
 * `least` of them do. */
static inline void check_short_memory(vt_ctx *ctx, const vt_world *world, int least)
{
  void *record = malloc(world->preset->record_size), *out[VT_DATASET_FIELDS] = {NULL};
  assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, 0, record));
  vt_dataset_field table[VT_DATASET_FIELDS];
  int count = world->preset->describe(world, table), tries = 0;
  for (int i = 0; i < count; i++)
    out[i] = malloc(vt_dataset_field_bytes(&table[i]));
  bool failed = true;
  for (long n = 1; failed; n++, tries++) {
    vt_item item;
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_world_show(ctx, world, record, &item);
    if (status == VT_OK) {
      vt_item_free(&item);
      status = world->preset->fill(ctx, world, record, 0, out);
    }
    failed = status != VT_OK;
    if (failed) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_ctx_fail_allocation(ctx, 0);
    vt_ctx_clear(ctx);
  }
  assert_true(tries > least);
  for (int i = 0; i < count; i++)
    free(out[i]);
  free(record);
}

#endif
