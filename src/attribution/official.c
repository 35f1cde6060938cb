/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the LiMA authors' repository: a stack of region pictures in ranked order and a JSON object of
 * score lists. consistency_score[j] = p_y of the first j+1 regions; collaboration_score[j] = 1 − p_y without
 * them; the last entries are those of the full and the blank picture.
 */
#include <math.h>

#include "attribution/attribute.h"

static vt_status write_stack(vt_ctx *ctx, const vt_explanation *explanation, const char *path)
{
  const vt_image *picture = explanation->picture;
  int count = vt_regions_count(explanation->regions);
  int64_t dims[4] = {count, picture->height, picture->width, picture->channels};
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *stack = vt_tensor_new(ctx, VT_U8, 4, dims);
  if (!stack) return vt_ctx_status(ctx);
  uint8_t *bytes = vt_tensor_data(stack);
  size_t channels = (size_t)picture->channels,
         frame = (size_t)picture->height * (size_t)picture->width * channels;
  memset(bytes, 0, frame * (size_t)count);
  for (int j = 0; j < count; j++) {
    int64_t pixels;
    const int32_t *places = vt_regions_pixels(explanation->regions, explanation->order[j], &pixels);
    for (int64_t i = 0; i < pixels; i++)
      memcpy(bytes + (size_t)j * frame + (size_t)places[i] * channels,
             picture->pixels + (size_t)places[i] * channels, channels);
  }
  vt_status status = vt_npy_write(ctx, path, stack);
  vt_tensor_release(ctx, mark);
  return status;
}

/* A score as JSON; NaN (a partial run's missing point) as null. */
static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static vt_status write_scores(vt_ctx *ctx, const vt_explanation *explanation, const char *path)
{
  int count = vt_regions_count(explanation->regions), best = -1;
  json_t *object = json_object(), *consistency = json_array(), *collaboration = json_array(),
         *objective = json_array(), *failure = json_array();
  for (int j = 1; j <= count; j++) {
    json_array_append_new(consistency, number(explanation->insertion[j]));
    json_array_append_new(collaboration, number(1 - explanation->deletion[j]));
    double value = explanation->objective[j - 1];
    json_array_append_new(objective, number(value));
    if (isfinite(value) && (best < 0 || value > explanation->objective[best])) best = j - 1;
    if (explanation->insertion_second)
      json_array_append_new(failure, number(explanation->insertion_second[j]));
  }
  json_object_set_new(object, "sub-k", json_integer(count));
  json_object_set_new(object, "consistency_score", consistency);
  json_object_set_new(object, "collaboration_score", collaboration);
  json_object_set_new(object, "smdl_score", objective);
  if (best >= 0) {
    json_object_set_new(object, "smdl_score_max", json_real(explanation->objective[best]));
    json_object_set_new(object, "smdl_score_max_index", json_integer(best));
  }
  json_t *weights = json_object_get(explanation->parameters, "weights");
  for (size_t i = 0; i < json_array_size(weights); i++) {
    char name[32];
    snprintf(name, sizeof name, "lambda%zu", i + 1);
    json_object_set(object, name, json_array_get(weights, i));
  }
  json_object_set_new(object, "org_score", number(explanation->full));
  json_object_set_new(object, "baseline_score", number(explanation->blank));
  json_object_set_new(object, "gt_label", json_integer(explanation->target));
  if (explanation->insertion_second) {
    json_object_set_new(object, "failure_label", json_integer(explanation->predicted));
    json_object_set_new(object, "failure_score", failure);
    json_object_set_new(object, "original_gt_score", number(explanation->full));
  } else {
    json_decref(failure);
  }
  char *text = NULL;
  vt_status status = vt_json_text(ctx, object, &text);
  if (status == VT_OK) status = vt_write_file(ctx, path, text, strlen(text));
  vt_free(text);
  json_decref(object);
  return status;
}

vt_status vt_official_write(vt_ctx *ctx, const vt_explanation *explanation, const char *npy_path,
                            const char *json_path)
{
  VT_TRY(write_stack(ctx, explanation, npy_path));
  return write_scores(ctx, explanation, json_path);
}

/* Label of each pixel: the first picture of the stack that shows it. Pixels black in all
 * are counted and get `count`. */
static int64_t labels_of_stack(const uint8_t *bytes, int count, int64_t pixels, int64_t channels,
                               int32_t *labels)
{
  int64_t uncovered = 0;
  for (int64_t p = 0; p < pixels; p++) {
    labels[p] = count;
    for (int j = 0; j < count && labels[p] == count; j++)
      for (int64_t c = 0; c < channels; c++)
        if (bytes[((int64_t)j * pixels + p) * channels + c]) labels[p] = j;
    uncovered += labels[p] == count;
  }
  return uncovered;
}

vt_status vt_official_read(vt_ctx *ctx, const char *npy_path, const char *json_path, int32_t **labels,
                           int *height, int *width, int **order, int *count)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *stack = NULL;
  *labels = NULL;
  *order = NULL;
  unsigned char *text = NULL;
  size_t size;
  json_t *object = NULL;
  vt_status status;
  VT_TRY_DONE(vt_npy_read(ctx, npy_path, &stack));
  if (vt_tensor_rank(stack) != 4 || vt_tensor_type(stack) != VT_U8 || vt_tensor_dim(stack, 0) < 1 ||
      vt_tensor_dim(stack, 0) > 65536 || vt_tensor_dim(stack, 1) > 65536 || vt_tensor_dim(stack, 2) > 65536 ||
      vt_tensor_count(stack) == 0) {
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                     "%s: not a stack of region pictures, u8 [regions, height, width, 3]", npy_path);
    goto done;
  }
  VT_TRY_DONE(vt_read_file(ctx, json_path, (size_t)64 << 20, &text, &size));
  json_error_t error;
  object = json_loadb((const char *)text, size, 0, &error);
  json_t *scores = object ? json_object_get(object, "consistency_score") : NULL;
  if (!object || json_array_size(scores) != (size_t)vt_tensor_dim(stack, 0)) {
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                     "%s: no list consistency_score with one entry for each of the %lld regions", json_path,
                     (long long)vt_tensor_dim(stack, 0));
    goto done;
  }
  *count = (int)vt_tensor_dim(stack, 0);
  *height = (int)vt_tensor_dim(stack, 1);
  *width = (int)vt_tensor_dim(stack, 2);
  int64_t pixels = (int64_t)*height * *width;
  *labels = vt_alloc_zero(ctx, (size_t)pixels, sizeof **labels);
  *order = vt_alloc_zero(ctx, (size_t)*count + 1, sizeof **order);
  if (!*labels || !*order) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  if (labels_of_stack(vt_tensor_const_data(stack), *count, pixels, vt_tensor_dim(stack, 3), *labels) > 0)
    (*count)++;
  for (int j = 0; j < *count; j++)
    (*order)[j] = j;
done:
  if (status != VT_OK) {
    vt_free(*labels);
    vt_free(*order);
    *labels = NULL;
    *order = NULL;
  }
  json_decref(object);
  vt_free(text);
  vt_tensor_release(ctx, mark);
  return status;
}
