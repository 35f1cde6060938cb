/* SPDX-License-Identifier: Apache-2.0
 *
 * MODEL.json, the sidecar: how a model wants its picture, which ONNX does not say. An unknown key is an
 * error, since a misspelt "mean" would otherwise change every score without a word.
 */
#include <math.h>

#include "data/labels.h"
#include "data/sidecar.h"

enum { MAX_BYTES = 16 << 20, MAX_SIDE = 1 << 16 };

typedef struct reader {
  vt_ctx *ctx;
  vt_preprocess *out;
  const char *folder;
  bool has_crop;
} reader;

/* ---- values ---- */

static vt_status wrong(reader *sidecar, const char *key, const char *expected)
{
  return vt_fail(sidecar->ctx, VT_ERROR_INVALID_DATA, "sidecar: \"%s\" must be %s", key, expected);
}

static bool is_side(const json_t *value)
{
  return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= MAX_SIDE;
}

/* Index of the word in "a|b|c", or an error that lists them. */
static vt_status read_choice(reader *sidecar, const char *key, const json_t *value, const char *const *words,
                             size_t count, int *out)
{
  const char *word = json_string_value(value);
  for (size_t i = 0; word && i < count; i++)
    if (strcmp(words[i], word) == 0) {
      *out = (int)i;
      return VT_OK;
    }
  vt_text list = {0};
  for (size_t i = 0; i < count; i++)
    vt_text_addf(sidecar->ctx, &list, i ? ", %s" : "one of %s", words[i]);
  vt_status status = wrong(sidecar, key, list.data ? list.data : "a known word");
  vt_text_free(&list);
  return status;
}

/* One number for all channels or one for each. */
static vt_status read_channels(reader *sidecar, const char *key, const json_t *value, double low,
                               double out[4])
{
  size_t count = json_is_array(value) ? json_array_size(value) : 1;
  if (count < 1 || count > 4) return wrong(sidecar, key, "a number or a list of up to 4 numbers");
  for (size_t i = 0; i < 4; i++) {
    const json_t *item = json_is_array(value) ? json_array_get(value, count == 1 ? 0 : i) : value;
    if (!item) break; /* as many as the model has channels; checked at the end */
    double number = json_number_value(item);
    if (!json_is_number(item) || !isfinite(number) || !(number > low))
      return wrong(sidecar, key, low < 0 ? "made of finite numbers" : "made of positive numbers");
    out[i] = number;
  }
  return VT_OK;
}

/* ---- keys ---- */

static vt_status read_size(reader *sidecar, const char *key, const json_t *value)
{
  const json_t *height = value, *width = value;
  if (json_is_array(value) && json_array_size(value) == 2) {
    height = json_array_get(value, 0);
    width = json_array_get(value, 1);
  }
  if (!is_side(height) || !is_side(width))
    return wrong(sidecar, key, "[height, width] in pixels, 1 to 65536");
  sidecar->out->height = (int)json_integer_value(height);
  sidecar->out->width = (int)json_integer_value(width);
  return VT_OK;
}

static vt_status read_resize(reader *sidecar, const char *key, const json_t *value)
{
  static const char *const words[] = {"short-side", "stretch", "letterbox"};
  int choice = 0;
  VT_TRY(read_choice(sidecar, key, value, words, VT_COUNT(words), &choice));
  sidecar->out->resize = (vt_resize_mode)choice;
  return VT_OK;
}

static vt_status read_resize_to(reader *sidecar, const char *key, const json_t *value)
{
  if (!is_side(value)) return wrong(sidecar, key, "a number of pixels, 1 to 65536");
  sidecar->out->resize_to = (int)json_integer_value(value);
  return VT_OK;
}

static vt_status read_crop(reader *sidecar, const char *key, const json_t *value)
{
  static const char *const words[] = {"none", "center"};
  int choice = 0;
  VT_TRY(read_choice(sidecar, key, value, words, VT_COUNT(words), &choice));
  sidecar->out->center_crop = choice == 1;
  sidecar->has_crop = true;
  return VT_OK;
}

static vt_status read_interpolation(reader *sidecar, const char *key, const json_t *value)
{
  static const char *const words[] = {"nearest", "bilinear", "bicubic"};
  int choice = 0;
  VT_TRY(read_choice(sidecar, key, value, words, VT_COUNT(words), &choice));
  sidecar->out->interpolation = (vt_interpolation)choice;
  return VT_OK;
}

static vt_status read_scale(reader *sidecar, const char *key, const json_t *value)
{
  double number = json_number_value(value);
  if (!json_is_number(value) || !isfinite(number) || number == 0)
    return wrong(sidecar, key, "a finite number other than 0");
  sidecar->out->scale = number;
  return VT_OK;
}

static vt_status read_mean(reader *sidecar, const char *key, const json_t *value)
{
  return read_channels(sidecar, key, value, -INFINITY, sidecar->out->mean);
}

static vt_status read_std(reader *sidecar, const char *key, const json_t *value)
{
  return read_channels(sidecar, key, value, 0, sidecar->out->std);
}

static vt_status read_layout(reader *sidecar, const char *key, const json_t *value)
{
  static const char *const words[] = {"NCHW", "NHWC"};
  int choice = 0;
  VT_TRY(read_choice(sidecar, key, value, words, VT_COUNT(words), &choice));
  sidecar->out->channels_last = choice == 1;
  return VT_OK;
}

static vt_status read_channel_order(reader *sidecar, const char *key, const json_t *value)
{
  static const char *const words[] = {"RGB", "BGR", "L"};
  int choice = 0;
  VT_TRY(read_choice(sidecar, key, value, words, VT_COUNT(words), &choice));
  sidecar->out->bgr = choice == 1;
  sidecar->out->channels = choice == 2 ? 1 : 3;
  return VT_OK;
}

static vt_status read_output(reader *sidecar, const char *key, const json_t *value)
{
  static const char *const words[] = {"auto", "logits", "probabilities", "embedding"};
  int choice = 0;
  VT_TRY(read_choice(sidecar, key, value, words, VT_COUNT(words), &choice));
  sidecar->out->output = (vt_output_kind)choice;
  return VT_OK;
}

static vt_status read_output_name(reader *sidecar, const char *key, const json_t *value)
{
  if (!json_is_string(value) || !json_string_length(value))
    return wrong(sidecar, key, "the name of an output");
  sidecar->out->output_name = vt_strdup(sidecar->ctx, json_string_value(value));
  return sidecar->out->output_name ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status read_labels(reader *sidecar, const char *key, const json_t *value)
{
  vt_preprocess *out = sidecar->out;
  const char *name = json_string_value(value);
  if (!name) return vt_labels_from_json(sidecar->ctx, value, &out->labels, &out->label_count);
  if (!vt_sidecar_stays_inside(name))
    return wrong(sidecar, key, "a file beside the sidecar (or a list of names)");
  if (!sidecar->folder) return wrong(sidecar, key, "a list of names, since this sidecar is not in a file");
  char *path = vt_path_join(sidecar->ctx, sidecar->folder, name);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_labels_read(sidecar->ctx, path, &out->labels, &out->label_count);
  if (status == VT_ERROR_NO_SUCH_FILE || status == VT_ERROR_IO) { /* the sidecar exists and is wrong */
    vt_fail_restate(sidecar->ctx, VT_ERROR_INVALID_DATA);
    status = vt_fail_prefix(sidecar->ctx, "sidecar: \"%s\"", key);
  }
  vt_free(path);
  return status;
}

static vt_status read_note(reader *sidecar, const char *key, const json_t *value)
{
  return json_is_string(value) ? VT_OK : wrong(sidecar, key, "a text");
}

/* For vt_tokenizer_read(), which reads it from here. */
static vt_status read_tokenizer(reader *sidecar, const char *key, const json_t *value)
{
  return json_is_string(value) || json_is_object(value)
             ? VT_OK
             : wrong(sidecar, key, "a tokenizer, or the name of a file beside the sidecar");
}

static vt_status read_text_space(reader *sidecar, const char *key, const json_t *value)
{
  VT_UNUSED(key);
  return vt_text_space_read(sidecar->ctx, value, sidecar->folder, &sidecar->out->text);
}

static vt_status read_detection(reader *sidecar, const char *key, const json_t *value)
{
  VT_UNUSED(key);
  return vt_detector_settings_read(sidecar->ctx, value, &sidecar->out->detection);
}

/* To add a key: its reader above, a line here, its default in vt_preprocess_parse(). */
static const struct {
  const char *name;
  vt_status (*read)(reader *sidecar, const char *key, const json_t *value);
} keys[] = {
    {"size", read_size},
    {"resize", read_resize},
    {"resize_to", read_resize_to},
    {"crop", read_crop},
    {"interpolation", read_interpolation},
    {"scale", read_scale},
    {"mean", read_mean},
    {"std", read_std},
    {"layout", read_layout},
    {"channels", read_channel_order},
    {"output", read_output},
    {"output_name", read_output_name},
    {"labels", read_labels},
    {"tokenizer", read_tokenizer},
    {"text", read_text_space},
    {"detection", read_detection},
    {"note", read_note},
};

static vt_status unknown_key(vt_ctx *ctx, const char *key)
{
  const char *names[VT_COUNT(keys)];
  for (size_t i = 0; i < VT_COUNT(keys); i++)
    names[i] = keys[i].name;
  const char *nearest = vt_nearest(key, names, VT_COUNT(keys));
  if (nearest)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: unknown key \"%.64s\"; did you mean \"%s\"?", key,
                   nearest);
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: unknown key \"%.64s\"", key);
}

static vt_status read_keys(reader *sidecar, json_t *object)
{
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value)
  {
    size_t i = 0;
    while (i < VT_COUNT(keys) && strcmp(keys[i].name, key) != 0)
      i++;
    if (i == VT_COUNT(keys)) return unknown_key(sidecar->ctx, key);
    VT_TRY(keys[i].read(sidecar, key, value));
  }
  return VT_OK;
}

/* What depends on more than one key. */
static vt_status check(reader *sidecar, const json_t *object)
{
  vt_preprocess *out = sidecar->out;
  if (!sidecar->has_crop) out->center_crop = out->resize == VT_RESIZE_SHORT_SIDE;
  if (out->resize == VT_RESIZE_SHORT_SIDE && !out->center_crop)
    return vt_fail(
        sidecar->ctx, VT_ERROR_INVALID_DATA,
        "sidecar: \"resize\": \"short-side\" leaves one side too long, so \"crop\" must be \"center\"");
  if (out->resize_to && !out->center_crop)
    return vt_fail(sidecar->ctx, VT_ERROR_INVALID_DATA, "sidecar: \"resize_to\" needs \"crop\": \"center\"");
  if (out->resize_to && (out->resize_to < out->height || out->resize_to < out->width))
    return vt_fail(sidecar->ctx, VT_ERROR_INVALID_DATA,
                   "sidecar: \"resize_to\" %d is smaller than \"size\" [%d, %d]", out->resize_to, out->height,
                   out->width);
  static const char *const lists[] = {"mean", "std"};
  for (int i = 0; i < 2; i++) {
    const json_t *list = json_object_get(object, lists[i]);
    size_t count = json_is_array(list) ? json_array_size(list) : 1;
    if (count != 1 && count != (size_t)out->channels)
      return vt_fail(sidecar->ctx, VT_ERROR_INVALID_DATA, "sidecar: \"%s\" has %zu numbers for %d channels",
                     lists[i], count, out->channels);
  }
  return VT_OK;
}

vt_status vt_preprocess_parse(vt_ctx *ctx, const char *json, size_t size, const char *folder,
                              vt_preprocess **out)
{
  *out = NULL;
  json_error_t error;
  json_t *object = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
  if (!json_is_object(object)) {
    json_decref(object);
    if (!object) return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: line %d: %s", error.line, error.text);
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: a JSON object is expected");
  }
  vt_status status = VT_OK;
  vt_preprocess *settings = vt_alloc_zero(ctx, 1, sizeof *settings);
  if (!settings) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  settings->interpolation = VT_BICUBIC;
  settings->scale = 1.0 / 255;
  for (int c = 0; c < 4; c++)
    settings->std[c] = 1;
  settings->channels = 3;
  reader sidecar = {ctx, settings, folder, false};
  VT_TRY_DONE(read_keys(&sidecar, object));
  VT_TRY_DONE(check(&sidecar, object));
  *out = settings;
  settings = NULL;
done:
  vt_preprocess_free(settings);
  json_decref(object);
  return status;
}

vt_status vt_preprocess_read(vt_ctx *ctx, const char *path, vt_preprocess **out)
{
  *out = NULL;
  unsigned char *bytes;
  size_t size;
  VT_TRY(vt_read_file(ctx, path, MAX_BYTES, &bytes, &size));
  char *folder = vt_path_directory(ctx, path);
  vt_status status =
      folder ? vt_preprocess_parse(ctx, (const char *)bytes, size, folder, out) : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(folder);
  vt_free(bytes);
  return status;
}

void vt_preprocess_free(vt_preprocess *preprocess)
{
  if (!preprocess) return;
  vt_labels_free(preprocess->labels, preprocess->label_count);
  vt_free(preprocess->output_name);
  vt_text_space_free(preprocess->text);
  vt_detector_settings_free(preprocess->detection);
  vt_free(preprocess);
}
