/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of a run that belong to no method, and reading a target.
 */
#include <strings.h>

#include "attribution/attribute.h"

const vt_field vt_request_fields[] = {
    {"regions", VT_FIELD_STRING, offsetof(vt_request, regions), "slico",
     .help = "slico, seeds, grid:RxC, felzenszwalb, labels:FILE, masks:FILE or prior:MAP.npy"},
    {"prior", VT_FIELD_STRING, offsetof(vt_request, prior),
     .help =
         "a method whose map of the picture is cut into patches of falling value, which are the regions (in "
         "place of --regions): METHOD or METHOD:NAME=VALUE:NAME=VALUE"},
    {"prior_grid", VT_FIELD_INT, offsetof(vt_request, prior_grid), "0", VT_RANGE(0, 4096),
     .help = "patches a side; 0: 8 below 128 pixels, 10 from there on"},
    {"prior_patches", VT_FIELD_INT, offsetof(vt_request, prior_patches), "4", VT_RANGE(1, 1e6),
     .help = "patches a region; the last region gets what is left"},
    {"fill", VT_FIELD_STRING, offsetof(vt_request, fill), "black",
     .help =
         "what hides a region: black, white, mean, blur, noise, zero (after normalisation) or an image file"},
    {"target", VT_FIELD_STRING, offsetof(vt_request, target), "pred",
     .help = "class index, class name, or pred for what the model answers", .aliases = "class"},
    {"class_score", VT_FIELD_CHOICE, offsetof(vt_request, class_score), "probability",
     .choices = VT_SCORE_CHOICES,
     .help = "the number explained; contrast, text and the like mean the one they belong to",
     .aliases = "score"},
    {"contrast", VT_FIELD_STRING, offsetof(vt_request, contrast),
     .help = "why the target and not this class: the other side of a margin, index or name [the strongest "
             "other class]",
     .aliases = "not"},
    {"text", VT_FIELD_STRING, offsetof(vt_request, text),
     .help = "text that a similarity is taken with, where the sidecar names an encoder of texts"},
    {"not_text", VT_FIELD_STRING, offsetof(vt_request, not_text),
     .help = "why the text and not this one: its similarity is taken off"},
    {"similar_to", VT_FIELD_STRING, offsetof(vt_request, similar_to),
     .help =
         "direction that a similarity is taken with: a .npy file as long as the embedding (or the output)"},
    {"mask", VT_FIELD_STRING, offsetof(vt_request, mask),
     .help = "mean of the output where this label file (.npy or picture, of the photograph's size, the "
             "model's view or the output) is not 0; target then names a channel [all]"},
    {"box", VT_FIELD_STRING, offsetof(vt_request, box),
     .help = "of a detector: what speaks for a thing in this box, x0,y0,x1,y1 in pixels of the photograph"},
    {"detection", VT_FIELD_STRING, offsetof(vt_request, detection),
     .help = "of a detector: number of what it finds in the whole picture, best first [0]"},
    {"reduce", VT_FIELD_CHOICE, offsetof(vt_request, reduce), "auto", .choices = VT_REDUCTION_CHOICES,
     .help = "how a map over channels becomes one number a pixel; auto: as the method says"},
    {"region_score", VT_FIELD_CHOICE, offsetof(vt_request, region_score), "mean", .choices = "mean|sum",
     .help = "how a map ranks regions: by its mean or its sum over them"},
    {"attention_gradient", VT_FIELD_CHOICE, offsetof(vt_request, attention_gradient), "through",
     .choices = "through|stopped",
     .help = "whether gradients pass through attention patterns, or patterns are held fixed and only values "
             "carry them"},
    {"precision", VT_FIELD_CHOICE, offsetof(vt_request, precision), "f32", .choices = "f32|f64",
     .help = "numbers that methods compute with that look inside the model; f64 is for checking, and slow"},
    {"max_calls", VT_FIELD_INT, offsetof(vt_request, max_calls), "0", VT_RANGE(0, 1e15),
     .help = "stop the search before it asks for more model calls than this; 0: no limit"},
    {"time_limit", VT_FIELD_REAL, offsetof(vt_request, time_limit), "0", VT_RANGE(0, 1e9),
     .help = "stop the search after this many seconds; 0: no limit"},
    {"batch", VT_FIELD_INT, offsetof(vt_request, batch), "64", VT_RANGE(1, 65536),
     .help = "inputs handed at once to a model outside this process; never changes a result",
     .aliases = "internal_batch_size"},
    {"seed", VT_FIELD_INT, offsetof(vt_request, seed), "0", VT_RANGE(0, 9e15),
     .help = "seed of everything random"},
};
const size_t vt_request_field_count = VT_COUNT(vt_request_fields);

static bool contains(const char *text, const char *part)
{
  size_t length = strlen(part);
  for (; *text; text++)
    if (strncasecmp(text, part, length) == 0) return true;
  return false;
}

static vt_status parse_name(vt_ctx *ctx, const vt_model *model, const char *text, int *out)
{
  int classes = vt_model_classes(model), found = -1, partial = -1, partial_count = 0;
  if (!vt_model_class_name(model, 0))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "target '%s': the model has no class names (key \"labels\" of its sidecar); give an index "
                   "from 0 to %d",
                   text, classes - 1);
  for (int i = 0; i < classes && found < 0; i++) {
    const char *name = vt_model_class_name(model, i);
    if (!name) continue;
    if (strcasecmp(name, text) == 0) found = i;
    if (contains(name, text)) {
      if (partial_count++ == 0) partial = i;
    }
  }
  if (found < 0 && partial_count == 1) found = partial;
  if (found >= 0) {
    *out = found;
    return VT_OK;
  }
  vt_text message = {0};
  vt_text_addf(ctx, &message, "target '%s' is no class of this model", text);
  if (partial_count > 1) {
    vt_text_add(ctx, &message, "; it could mean");
    for (int i = 0, shown = 0; i < classes && shown < 6; i++)
      if (vt_model_class_name(model, i) && contains(vt_model_class_name(model, i), text))
        vt_text_addf(ctx, &message, "%s '%s' (%d)", shown++ ? "," : "", vt_model_class_name(model, i), i);
  } else {
    const char **names = vt_alloc_zero(ctx, (size_t)classes, sizeof *names);
    if (names) {
      for (int i = 0; i < classes; i++)
        names[i] = vt_model_class_name(model, i);
      const char *near = vt_nearest(text, names, (size_t)classes);
      if (near) vt_text_addf(ctx, &message, "; did you mean '%s'?", near);
      vt_free(names);
    }
  }
  vt_status status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s",
                             message.data ? message.data : "target is no class of this model");
  vt_text_free(&message);
  return status;
}

vt_status vt_target_parse(vt_ctx *ctx, const vt_model *model, const char *text, int *out)
{
  int64_t index;
  int classes = vt_model_classes(model);
  if (strcmp(text, "pred") == 0 || strcmp(text, "-1") == 0) {
    *out = -1;
    return VT_OK;
  }
  if (!vt_parse_integer(text, &index)) return parse_name(ctx, model, text, out);
  if (index < 0 || index >= classes)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "target %lld: the model has %d classes, 0 to %d",
                   (long long)index, classes, classes - 1);
  *out = (int)index;
  return VT_OK;
}

vt_status vt_request_direction(vt_ctx *ctx, const vt_request *request, vt_tensor **out)
{
  const char *path = request->similar_to ? request->similar_to : "the direction";
  vt_tensor *direction = (vt_tensor *)(uintptr_t)request->direction;
  char shape[160];
  bool somewhere = false;
  *out = NULL;
  if (!request->similar_to && !direction) return VT_OK;
  if (request->class_score != VT_SCORE_SIMILARITY)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a direction (similar_to) belongs to the class score 'similarity'");
  if (!direction) VT_TRY(vt_npy_read(ctx, path, &direction));
  if (direction->type != VT_F32)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s is %s; a direction is an array of f32", path,
                   vt_shape_text(direction, shape));
  VT_TRY(vt_check_finite(ctx, direction, path));
  for (int64_t i = 0; i < vt_count(direction) && !somewhere; i++)
    somewhere = vt_get_f64(direction, i) != 0;
  if (!somewhere)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s holds no number but 0, which is no direction", path);
  *out = direction;
  return VT_OK;
}
