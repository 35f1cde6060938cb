/* SPDX-License-Identifier: Apache-2.0
 *
 * Grad-CAM++: channels weighed by positive gradients, each place with its own coefficient. Chattopadhay and
 * others, arXiv 1710.11063 (2018). The coefficients are made from first-order gradients of the score itself,
 * g² / (2g² + ΣA·g³ + 1e-6): the paper's derivation takes the exponential of the score, under which higher
 * derivatives become these powers.
 */
#include "attribution/cam.h"
#include "attribution/methods.h"

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  double *weights = vt_alloc_zero(ctx, (size_t)cam->layer.channels, sizeof *weights);
  if (!weights) return VT_ERROR_OUT_OF_MEMORY;
  for (int k = 0; k < cam->layer.channels; k++) {
    const double *a = cam->values + (size_t)k * cam->places, *g = cam->gradients + (size_t)k * cam->places;
    double sum = 0;
    for (size_t i = 0; i < cam->places; i++)
      sum += a[i];
    for (size_t i = 0; i < cam->places; i++) {
      if (g[i] <= 0) continue;
      double square = g[i] * g[i];
      weights[k] += square / (2 * square + sum * square * g[i] + 1e-6) * g[i];
    }
  }
  vt_cam_weigh(cam, weights, map);
  vt_free(weights);
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, true, formula);
}

const vt_method vt_method_grad_cam_pp = {
    .id = "grad-cam++",
    .aliases = "GradCAMPlusPlus|GradCAMPP|grad-cam-pp|gradcam++|gradcampp",
    .title = "Grad-CAM++: activations weighed by positive gradients",
    .summary =
        "Grad-CAM with a coefficient for each place, made to cover several objects of the class. Gradients "
        "of "
        "the score itself are used, as in common toolkits. Negative evidence is left out, and the constant "
        "1e-6 in the formula matters where gradients are small: scores should be logits.",
    .citation = "Chattopadhay, A. et al. (2018). Grad-CAM++: Improved Visual Explanations for Deep "
                "Convolutional Networks. arXiv:1710.11063.",
    .cost = "1 gradient",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
    .calls = vt_cam_one_call,
};
