/* SPDX-License-Identifier: Apache-2.0
 *
 * Grad-CAM: channels weighed by their mean gradient. Selvaraju and others, arXiv 1610.02391 (2017).
 */
#include "attribution/cam.h"
#include "attribution/methods.h"

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  double *weights = vt_alloc_zero(ctx, (size_t)cam->layer.channels, sizeof *weights);
  if (!weights) return VT_ERROR_OUT_OF_MEMORY;
  vt_cam_mean_gradients(cam, weights);
  vt_cam_weigh(cam, weights, map);
  vt_free(weights);
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, true, formula);
}

const vt_method vt_method_grad_cam = {
    .id = "grad-cam",
    .aliases = "GradCAM|LayerGradCam|gradcam",
    .title = "Grad-CAM: activations weighed by mean gradients",
    .summary =
        "Which places of a late layer carry the channels that raise the score. Coarse, and cheap; it passes "
        "the randomisation test that guided methods fail. Averaging the gradients first can light up places "
        "the model did not use: HiResCAM does not.",
    .citation = "Selvaraju, R. R. et al. (2017). Grad-CAM: Visual Explanations from Deep Networks via "
                "Gradient-based Localization. arXiv:1610.02391.",
    .cost = "1 gradient",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
    .calls = vt_cam_one_call,
};
