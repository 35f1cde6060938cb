/* SPDX-License-Identifier: Apache-2.0
 *
 * Saliency: the gradient itself. Simonyan, Vedaldi, Zisserman: "Deep Inside Convolutional Networks:
 * Visualising Image Classification Models and Saliency Maps", arXiv 1312.6034 (2013).
 */
#include "attribution/gradients.h"
#include "attribution/methods.h"

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  VT_UNUSED(settings);
  double *gradient = NULL;
  VT_TRY(vt_gradient_at(ctx, task, explanation, task->input, NULL, &gradient));
  vt_status status = vt_map_set(ctx, task, explanation, gradient, VT_REDUCE_ABS_MAX);
  vt_free(gradient);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 1;
}

const vt_method vt_method_saliency = {
    .id = "saliency",
    .aliases = "Saliency|Gradients|vanilla-gradient",
    .title = "Saliency: gradient of the score",
    .summary =
        "How much the score would change for a small change of each pixel. Cheap and exact, but about an "
        "infinitely small step: noisy in deep networks, and zero where the score has saturated.",
    .citation = "Simonyan, K., Vedaldi, A., Zisserman, A. (2013). Deep Inside Convolutional Networks. "
                "arXiv:1312.6034.",
    .cost = "1 gradient",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .run = run,
    .calls = calls,
};
