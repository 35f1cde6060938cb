/* SPDX-License-Identifier: Apache-2.0
 *
 * LayerCAM: positive gradient times activation, place by place. Jiang and others, IEEE Transactions on Image
 * Processing 30 (2021).
 */
#include "attribution/cam.h"
#include "attribution/methods.h"

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  VT_UNUSED(ctx);
  for (int k = 0; k < cam->layer.channels; k++)
    for (size_t i = 0; i < cam->places; i++) {
      double gradient = cam->gradients[(size_t)k * cam->places + i];
      if (gradient > 0) map[i] += gradient * cam->values[(size_t)k * cam->places + i];
    }
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, true, formula);
}

const vt_method vt_method_layer_cam = {
    .id = "layer-cam",
    .aliases = "LayerCAM|layercam",
    .title = "LayerCAM: positive gradient times activation",
    .summary =
        "Like HiResCAM with negative gradients left out, which keeps maps of early and fine layers readable. "
        "Evidence against the class is not seen, so the map adds up to nothing in particular.",
    .citation = "Jiang, P.-T. et al. (2021). LayerCAM: Exploring Hierarchical Class Activation Maps for "
                "Localization. IEEE Transactions on Image Processing 30.",
    .cost = "1 gradient",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
    .calls = vt_cam_one_call,
};
