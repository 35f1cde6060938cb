/* SPDX-License-Identifier: Apache-2.0
 *
 * HiResCAM: gradient times activation, place by place. Draelos and Carin, arXiv 2011.08891 (2020).
 */
#include "attribution/cam.h"
#include "attribution/methods.h"

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  VT_UNUSED(ctx);
  for (int k = 0; k < cam->layer.channels; k++)
    for (size_t i = 0; i < cam->places; i++)
      map[i] += cam->gradients[(size_t)k * cam->places + i] * cam->values[(size_t)k * cam->places + i];
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, true, formula);
}

const vt_method vt_method_hires_cam = {
    .id = "hires-cam",
    .aliases = "HiResCAM|hirescam",
    .title = "HiResCAM: gradient times activation",
    .summary =
        "What each place of the layer adds to the score, exactly so where only linear steps follow the "
        "layer. "
        "Equal to Grad-CAM when the layer is averaged right away; for layers further back it is the safer of "
        "the two, and the noisier.",
    .citation =
        "Draelos, R. L., Carin, L. (2020). Use HiResCAM instead of Grad-CAM for faithful explanations "
        "of convolutional neural networks. arXiv:2011.08891.",
    .cost = "1 gradient",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
    .calls = vt_cam_one_call,
};
