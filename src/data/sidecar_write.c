/* SPDX-License-Identifier: Apache-2.0
 *
 * MODEL.json written: every key that vt_preprocess_parse() reads, so that the file says what holds without
 * knowing defaults.
 */
#include <jansson.h>
#include <stdlib.h>

#include "data/picture.h"

static json_t *channel_list(const vt_preprocess *settings, const double numbers[4])
{
  json_t *list = json_array();
  for (int c = 0; c < settings->channels && c < 4; c++)
    json_array_append_new(list, json_real(numbers[c]));
  return list;
}

static json_t *label_list(const vt_preprocess *settings)
{
  json_t *list = json_array();
  for (int i = 0; i < settings->label_count; i++)
    json_array_append_new(list, json_string(settings->labels[i]));
  return list;
}

static const char *word(const char *const *words, size_t count, int index)
{
  return index >= 0 && (size_t)index < count ? words[index] : "?";
}
#define WORD(index, ...)                                                                                     \
  json_string(word((const char *const[]){__VA_ARGS__}, VT_COUNT(((const char *const[]){__VA_ARGS__})), index))

static json_t *make_object(const vt_preprocess *settings)
{
  json_t *object = json_object();
  if (settings->height > 0)
    json_object_set_new(object, "size", json_pack("[i,i]", settings->height, settings->width));
  json_object_set_new(object, "resize", WORD((int)settings->resize, "short-side", "stretch", "letterbox"));
  if (settings->resize_to > 0) json_object_set_new(object, "resize_to", json_integer(settings->resize_to));
  json_object_set_new(object, "crop", json_string(settings->center_crop ? "center" : "none"));
  json_object_set_new(object, "interpolation",
                      WORD((int)settings->interpolation, "nearest", "bilinear", "bicubic"));
  json_object_set_new(object, "scale", json_real(settings->scale));
  json_object_set_new(object, "mean", channel_list(settings, settings->mean));
  json_object_set_new(object, "std", channel_list(settings, settings->std));
  json_object_set_new(object, "layout", json_string(settings->channels_last ? "NHWC" : "NCHW"));
  json_object_set_new(object, "channels",
                      json_string(settings->channels == 1 ? "L"
                                  : settings->bgr         ? "BGR"
                                                          : "RGB"));
  json_object_set_new(object, "output",
                      WORD((int)settings->output, "auto", "logits", "probabilities", "embedding"));
  if (settings->output_name) json_object_set_new(object, "output_name", json_string(settings->output_name));
  if (settings->label_count > 0) json_object_set_new(object, "labels", label_list(settings));
  return object;
}

vt_status vt_sidecar_write(vt_ctx *ctx, const char *path, const vt_preprocess *settings)
{
  json_t *object = make_object(settings);
  char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  json_decref(object);
  if (!text)
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%s: out of memory, or a text that is not UTF-8", path);
  vt_preprocess *again = NULL; /* what cannot be read back is not written */
  vt_status status = vt_preprocess_parse(ctx, text, strlen(text), NULL, &again);
  vt_preprocess_free(again);
  if (status == VT_OK) {
    vt_piece pieces[] = {{text, strlen(text)}, {"\n", 1}};
    status = vt_write_pieces(ctx, path, pieces, VT_COUNT(pieces));
  } else {
    vt_fail_restate(ctx, status == VT_ERROR_OUT_OF_MEMORY ? status : VT_ERROR_INVALID_ARGUMENT);
    status = vt_fail_prefix(ctx, "%s", path);
  }
  free(text);
  return status;
}
