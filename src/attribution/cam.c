/* SPDX-License-Identifier: Apache-2.0
 *
 * What class-activation maps share.
 */
#include "attribution/cam.h"

#include "tensor/tensor.h"

const vt_field vt_cam_fields[VT_CAM_FIELD_COUNT] = {
    {"layer", VT_FIELD_STRING, offsetof(vt_cam_settings, layer),
     .help = "tensor the map is made of, by name; default: the last one with spatial extent",
     .aliases = "target_layer"},
    {"relu", VT_FIELD_BOOL, offsetof(vt_cam_settings, relu), "false",
     .help = "cut negative values before the map is resized (native.npy keeps them)"},
};

/* ---- looking ---- */

static void compose_input(void *user, int item, float *input)
{
  VT_UNUSED(item);
  const vt_cam *cam = user;
  memcpy(input, cam->task->input, vt_subject_floats(cam->task->subject) * sizeof *input);
}

static void arrange(const vt_cam *cam, const vt_tensor *tensor, double *out)
{
  for (int k = 0; k < cam->layer.channels; k++)
    for (size_t i = 0; i < cam->places; i++)
      out[(size_t)k * cam->places + i] = vt_get_f64(tensor, (int64_t)vt_layer_index(&cam->layer, k, i));
}

static vt_status see_layer(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  vt_cam *cam = user;
  char shape[160];
  if ((size_t)vt_count(sight->values[0]) != vt_layer_floats(&cam->layer))
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "tensor '%s' changed its shape to %s", cam->layer.name,
                   vt_shape_text(sight->values[0], shape));
  cam->score = sight->score;
  for (size_t i = 0; i < vt_layer_floats(&cam->layer); i++)
    cam->tensor[i] = (float)vt_get_f64(sight->values[0], (int64_t)i);
  arrange(cam, sight->values[0], cam->values);
  if (cam->gradients) arrange(cam, sight->gradients[0], cam->gradients);
  return VT_OK;
}

static vt_status open_layer(vt_ctx *ctx, const char *layer, bool gradients, vt_cam *cam)
{
  VT_TRY(vt_layer_find(ctx, cam->task, layer, &cam->layer));
  cam->places = vt_layer_places(&cam->layer);
  size_t count = (size_t)cam->layer.channels * cam->places;
  cam->values = vt_alloc_zero(ctx, count, sizeof *cam->values);
  cam->tensor = vt_alloc_zero(ctx, vt_layer_floats(&cam->layer), sizeof *cam->tensor);
  if (gradients) cam->gradients = vt_alloc_zero(ctx, count, sizeof *cam->gradients);
  if (!cam->values || !cam->tensor || (gradients && !cam->gradients)) return VT_ERROR_OUT_OF_MEMORY;
  vt_look look = {
      .target = &cam->task->target, .names = &cam->layer.name, .name_count = 1, .name_gradients = gradients};
  return vt_task_look(ctx, cam->task, cam->explanation, 1, &look, compose_input, see_layer, cam);
}

vt_status vt_cam_open(vt_ctx *ctx, const vt_task *task, const char *layer, vt_explanation *explanation,
                      bool gradients, vt_cam *out)
{
  *out = (vt_cam){.task = task, .explanation = explanation};
  vt_status status = open_layer(ctx, layer, gradients, out);
  if (status != VT_OK) vt_cam_close(out);
  return status;
}

void vt_cam_close(vt_cam *cam)
{
  vt_free(cam->values);
  vt_free(cam->gradients);
  vt_free(cam->tensor);
  cam->tensor = NULL;
  cam->values = cam->gradients = NULL;
}

vt_status vt_cam_run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation,
                     bool gradients, vt_cam_formula formula)
{
  const vt_cam_settings *wanted = settings;
  vt_cam cam;
  VT_TRY(vt_cam_open(ctx, task, wanted->layer, explanation, gradients, &cam));
  double *map = vt_alloc_zero(ctx, cam.places, sizeof *map);
  vt_status status = map ? formula(ctx, &cam, map) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    status = vt_map_set_native(ctx, task, explanation, cam.layer.name, map, cam.layer.height, cam.layer.width,
                               wanted->relu);
  vt_free(map);
  vt_cam_close(&cam);
  return status;
}

/* ---- for formulas ---- */

void vt_cam_weigh(const vt_cam *cam, const double *weights, double *map)
{
  for (int k = 0; k < cam->layer.channels; k++)
    for (size_t i = 0; i < cam->places; i++)
      map[i] += weights[k] * cam->values[(size_t)k * cam->places + i];
}

void vt_cam_mean_gradients(const vt_cam *cam, double *weights)
{
  for (int k = 0; k < cam->layer.channels; k++) {
    double sum = 0;
    for (size_t i = 0; i < cam->places; i++)
      sum += cam->gradients[(size_t)k * cam->places + i];
    weights[k] = sum / (double)cam->places;
  }
}

int64_t vt_cam_one_call(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 1;
}

vt_status vt_cam_check_budget(vt_ctx *ctx, const vt_cam *cam, const char *id, int64_t calls)
{
  int64_t most = cam->task->scorer ? vt_scorer_options_of(cam->task->scorer)->max_calls : 0;
  if (most <= 0 || calls <= most) return VT_OK;
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "%s needs %lld model calls, one for each channel of '%s', more than the budget of %lld: name "
      "a layer with fewer channels",
      id, (long long)calls, cam->layer.name, (long long)most);
}
