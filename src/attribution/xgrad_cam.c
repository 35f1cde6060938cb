/* SPDX-License-Identifier: Apache-2.0
 *
 * XGrad-CAM: gradients averaged with the activations as weights. Fu and others, arXiv 2008.02312 (2020).
 */
#include "attribution/cam.h"
#include "attribution/methods.h"

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  double *weights = vt_alloc_zero(ctx, (size_t)cam->layer.channels, sizeof *weights);
  if (!weights) return VT_ERROR_OUT_OF_MEMORY;
  for (int k = 0; k < cam->layer.channels; k++) {
    const double *a = cam->values + (size_t)k * cam->places, *g = cam->gradients + (size_t)k * cam->places;
    double sum = 0, product = 0;
    for (size_t i = 0; i < cam->places; i++) {
      sum += a[i];
      product += g[i] * a[i];
    }
    /* 1e-7 keeps silent channels from dividing by 0; sums that cancel it exactly carry nothing */
    weights[k] = sum + 1e-7 == 0 ? 0 : product / (sum + 1e-7);
  }
  vt_cam_weigh(cam, weights, map);
  vt_free(weights);
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, true, formula);
}

const vt_method vt_method_xgrad_cam = {
    .id = "xgrad-cam",
    .aliases = "XGradCAM|xgradcam",
    .title = "XGrad-CAM: gradients averaged where the layer is active",
    .summary =
        "Grad-CAM whose weights come from the places where a channel is active, so that the map sums to what "
        "the layer contributes. Made for layers behind a ReLU: where activations of both signs cancel in a "
        "channel, its weight is ill-defined.",
    .citation = "Fu, R. et al. (2020). Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation "
                "of CNNs. arXiv:2008.02312.",
    .cost = "1 gradient",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
    .calls = vt_cam_one_call,
};
