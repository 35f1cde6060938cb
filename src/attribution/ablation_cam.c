/* SPDX-License-Identifier: Apache-2.0
 *
 * Ablation-CAM: channels weighed by the relative drop of the score when they are set to 0. Desai and
 * Ramaswamy, WACV 2020. What comes before the layer is computed once; each channel costs the part behind it.
 */
#include <math.h>

#include "attribution/cam.h"
#include "attribution/methods.h"

typedef struct ablation {
  const vt_cam *cam;
  const vt_tensor *input; /* of the varying tensor, for what goes around the layer */
  double *scores;         /* [channels] */
} ablation;

static void compose_ablated(void *user, int item, float *layer)
{
  const vt_cam *cam = ((const ablation *)user)->cam;
  memcpy(layer, cam->tensor, vt_layer_floats(&cam->layer) * sizeof *layer);
  for (size_t i = 0; i < cam->places; i++)
    layer[vt_layer_index(&cam->layer, item, i)] = 0;
  for (int i = 0; i < cam->layer.skipped; i++) /* tokens before the grid have the channel too */
    layer[(size_t)i * (size_t)cam->layer.channels + (size_t)item] = 0;
}

/* Where the varying tensor is an inner one, what goes around the layer must still see its values. */
static vt_status keep_input(vt_ctx *ctx, void *user, int item, vt_trace *trace)
{
  VT_UNUSED(item);
  const ablation *a = user;
  const vt_subject *subject = a->cam->task->subject;
  int varying = vt_graph_find(subject->graph, subject->varying);
  if (subject->graph->values[varying].producer < 0) return VT_OK;
  return vt_trace_replace(ctx, trace, subject->varying, a->input);
}

static vt_status see_ablated(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  const ablation *a = user;
  a->scores[sight->item] = sight->score;
  return VT_OK;
}

/* The part of the graph behind the layer as a subject of its own: the layer is what varies. */
static vt_status look_behind(vt_ctx *ctx, ablation *a, const vt_tensor **inputs)
{
  const vt_task *task = a->cam->task;
  const vt_subject *whole = task->subject;
  vt_subject behind = *whole;
  vt_task part = *task;
  for (int i = 0; i < vt_graph_input_count(whole->graph); i++)
    inputs[i] = whole->inputs && whole->inputs[i] ? whole->inputs[i] : a->input;
  behind.inputs = inputs;
  behind.varying = a->cam->layer.name;
  behind.rank = a->cam->layer.rank;
  memcpy(behind.dims, a->cam->layer.dims, sizeof behind.dims);
  part.subject = &behind;
  vt_look look = {.target = &task->target, .prepare = keep_input};
  return vt_task_look(ctx, &part, a->cam->explanation, a->cam->layer.channels, &look, compose_ablated,
                      see_ablated, a);
}

/* Relative drops become weights. Divided by the score's magnitude, so that a channel whose loss lowers the
 * score supports it for negative scores too. */
static vt_status weigh_drops(vt_ctx *ctx, const vt_cam *cam, double *scores)
{
  for (int k = 0; k < cam->layer.channels; k++) {
    double drop = cam->score - scores[k];
    if (drop != 0 && cam->score == 0)
      return vt_fail(
          ctx, VT_ERROR_NOT_FINITE,
          "ablation-cam: the score of the picture is 0, and drops cannot be measured by it; choose "
          "another class score or target");
    scores[k] = drop == 0 ? 0 : drop / fabs(cam->score);
  }
  return VT_OK;
}

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  const vt_subject *subject = cam->task->subject;
  VT_TRY(vt_cam_check_budget(ctx, cam, "ablation-cam", (int64_t)cam->layer.channels + 1));
  size_t mark = vt_tensor_mark(ctx);
  ablation a = {.cam = cam};
  a.input =
      vt_tensor_borrow(ctx, subject->type, subject->rank, subject->dims, (void *)(uintptr_t)cam->task->input);
  const vt_tensor **inputs =
      vt_alloc_zero(ctx, (size_t)vt_graph_input_count(subject->graph) + 1, sizeof *inputs);
  a.scores = vt_alloc_zero(ctx, (size_t)cam->layer.channels, sizeof *a.scores);
  vt_status status = a.input && inputs && a.scores ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = look_behind(ctx, &a, inputs);
  if (status == VT_OK) status = weigh_drops(ctx, cam, a.scores);
  if (status == VT_OK) vt_cam_weigh(cam, a.scores, map);
  vt_free(a.scores);
  vt_free(inputs);
  vt_tensor_release(ctx, mark);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, false, formula);
}

const vt_method vt_method_ablation_cam = {
    .id = "ablation-cam",
    .aliases = "AblationCAM|ablationcam",
    .title = "Ablation-CAM: channels weighed by the drop without them",
    .summary =
        "Sets each channel of the layer to 0 and weighs it by the share of the score that is lost. Needs no "
        "gradient; only the part of the network behind the layer is run again. Scores should keep clear of "
        "0, which they are divided by; channels of both signs are set to 0 too, as in the paper.",
    .citation =
        "Desai, S., Ramaswamy, H. G. (2020). Ablation-CAM: Visual Explanations for Deep Convolutional "
        "Network via Gradient-free Localization. WACV 2020.",
    .cost = "1 forward and, behind the layer, 1 for each of its channels",
    .needs = VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
};
