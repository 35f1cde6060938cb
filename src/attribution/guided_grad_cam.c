/* SPDX-License-Identifier: Apache-2.0
 *
 * Guided Grad-CAM: guided backpropagation, seen through the positive part of Grad-CAM. Selvaraju and others,
 * arXiv 1610.02391 (2017). The map of the layer is enlarged to the picture by nearest neighbours unless
 * "bilinear" is asked for.
 */
#include "attribution/cam.h"
#include "attribution/methods.h"
#include "attribution/rule_guided.h"
#include "attribution/rule_map.h"
#include "data/picture.h"

enum { RESIZE_NEAREST, RESIZE_BILINEAR };

typedef struct guided_settings {
  char *layer;
  int resize;
} guided_settings;

static const vt_field fields[] = {
    {"layer", VT_FIELD_STRING, offsetof(guided_settings, layer),
     .help = "tensor of the Grad-CAM part, by name; default: the last one with spatial extent",
     .aliases = "target_layer"},
    {"resize", VT_FIELD_CHOICE, offsetof(guided_settings, resize), "nearest", .choices = "nearest|bilinear",
     .help = "how the layer's map is brought to the picture's size", .aliases = "interpolate_mode"},
};

/* The map without its negative part at the size of the input: [height, width], or [tokens] of sequences. */
static void enlarge(const vt_layer *layer, const double *map, bool nearest, float *cut, float *out,
                    int height, int width)
{
  for (size_t i = 0; i < vt_layer_places(layer); i++)
    cut[i] = map[i] > 0 ? (float)map[i] : 0;
  if (!nearest) {
    vt_map_resize(cut, layer->height, layer->width, out, height, width);
    return;
  }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int64_t row = (int64_t)y * layer->height / height, column = (int64_t)x * layer->width / width;
      out[(size_t)y * (size_t)width + (size_t)x] = cut[row * layer->width + column];
    }
}

/* guided [floats], in the layout of the varying tensor, times the mask of its place. */
static void mask(const vt_task *task, double *guided, const float *shown, int height, int width)
{
  size_t places = (size_t)height * (size_t)width, channels = vt_subject_floats(task->subject) / places;
  bool channels_last = !task->model || vt_model_preprocess(task->model)->channels_last;
  for (size_t i = 0; i < places; i++)
    for (size_t c = 0; c < channels; c++)
      guided[channels_last ? i * channels + c : c * places + i] *= (double)shown[i];
}

static vt_status combine(vt_ctx *ctx, const vt_task *task, const guided_settings *settings, const vt_cam *cam,
                         const double *map, vt_explanation *explanation)
{
  const vt_rule_request request = {.rules = &vt_rules_guided};
  int channels, height = 1, width = task->subject->rank > 1 ? (int)task->subject->dims[1] : 1;
  double *guided;
  VT_TRY(vt_rule_map(ctx, task, explanation, &request, &guided));
  if (task->model) vt_model_input_size(task->model, &channels, &height, &width);
  float *cut = vt_alloc_zero(ctx, cam->places, sizeof *cut);
  float *shown = vt_alloc_zero(ctx, (size_t)height, (size_t)width * sizeof *shown);
  vt_status status = cut && shown ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    enlarge(&cam->layer, map, settings->resize == RESIZE_NEAREST, cut, shown, height, width);
    mask(task, guided, shown, height, width);
    status = vt_map_set(ctx, task, explanation, guided, VT_REDUCE_ABS_MAX);
  }
  vt_free(cut);
  vt_free(shown);
  vt_free(guided);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  const guided_settings *wanted = settings;
  vt_cam cam;
  VT_TRY(vt_cam_open(ctx, task, wanted->layer, explanation, true, &cam));
  double *map = vt_alloc_zero(ctx, cam.places, sizeof *map);
  double *weights = vt_alloc_zero(ctx, (size_t)cam.layer.channels, sizeof *weights);
  vt_status status = map && weights ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_cam_mean_gradients(&cam, weights);
    vt_cam_weigh(&cam, weights, map);
    status = vt_map_set_native(ctx, task, explanation, cam.layer.name, map, cam.layer.height, cam.layer.width,
                               true);
  }
  if (status == VT_OK) status = combine(ctx, task, wanted, &cam, map, explanation);
  vt_free(map);
  vt_free(weights);
  vt_cam_close(&cam);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 2;
}

const vt_method vt_method_guided_grad_cam = {
    .id = "guided-grad-cam",
    .aliases = "GuidedGradCam",
    .title = "Guided Grad-CAM: guided backpropagation where Grad-CAM is positive",
    .summary =
        "Fine detail from guided backpropagation, cut out by the coarse map of Grad-CAM. The detail is "
        "mostly "
        "edges of the picture and survives random weights; what it says about the model is what Grad-CAM "
        "alone says. native.npy is the Grad-CAM part.",
    .citation = "Selvaraju, R. R. et al. (2017). Grad-CAM: Visual Explanations from Deep Networks via "
                "Gradient-based Localization. arXiv:1610.02391.",
    .cost = "2 gradients",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    .settings_size = sizeof(guided_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
