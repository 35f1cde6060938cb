/* SPDX-License-Identifier: Apache-2.0
 *
 * EigenCAM: the first principal component of the activations. Muhammad and Yeasin, arXiv 2008.00299 (2020).
 */
#include "attribution/cam.h"
#include "attribution/methods.h"
#include "math/svd.h"

/* Every channel less its mean over the places, since without that the first component is the mean itself. */
static void centre(const vt_cam *cam, double *centred)
{
  for (int k = 0; k < cam->layer.channels; k++) {
    const double *a = cam->values + (size_t)k * cam->places;
    double sum = 0;
    for (size_t i = 0; i < cam->places; i++)
      sum += a[i];
    for (size_t i = 0; i < cam->places; i++)
      centred[(size_t)k * cam->places + i] = a[i] - sum / (double)cam->places;
  }
}

/* A singular vector has no sign of its own. Ours: places where the layer is active on the whole are positive
 * (the map is not negatively correlated with the mean of the channels); where that says nothing, the largest
 * magnitude is. */
static double sign_of(const vt_cam *cam, const double *map, const double *centred)
{
  double together = 0, extreme = 0, map_square = 0, mean_square = 0;
  for (size_t i = 0; i < cam->places; i++) {
    double mean = 0;
    for (int k = 0; k < cam->layer.channels; k++)
      mean += centred[(size_t)k * cam->places + i];
    together += map[i] * mean;
    map_square += map[i] * map[i];
    mean_square += mean * mean;
    if ((map[i] < 0 ? -map[i] : map[i]) > (extreme < 0 ? -extreme : extreme)) extreme = map[i];
  }
  bool says = together * together > 1e-18 * map_square * mean_square;
  return (says ? together : extreme) < 0 ? -1 : 1;
}

/* The centred activations [channels, places] are U·S·Vᵀ with places on the right: the map is the projection
 * of each place on the first direction of the channels, s₁·v₁. */
static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  size_t channels = (size_t)cam->layer.channels;
  double *centred = vt_alloc_zero(ctx, channels * cam->places, sizeof *centred), value;
  if (!centred) return VT_ERROR_OUT_OF_MEMORY;
  centre(cam, centred);
  vt_status status = vt_svd_first(ctx, centred, channels, cam->places, &value, NULL, map);
  if (status == VT_OK) {
    double factor = value * sign_of(cam, map, centred);
    for (size_t i = 0; i < cam->places; i++)
      map[i] *= factor;
  }
  vt_free(centred);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, false, formula);
}

const vt_method vt_method_eigen_cam = {
    .id = "eigen-cam",
    .aliases = "EigenCAM|eigencam",
    .title = "EigenCAM: first principal component of a layer",
    .summary =
        "What dominates the layer, whatever the class: the target plays no part, so it cannot tell why one "
        "class won over another. The component's sign is arbitrary by nature; here it follows the mean "
        "activation. Other toolkits may give the negative.",
    .citation = "Muhammad, M. B., Yeasin, M. (2020). Eigen-CAM: Class Activation Map using Principal "
                "Components. arXiv:2008.00299.",
    .cost = "1 forward",
    .needs = VT_NEEDS_HOOKS | VT_NEEDS_LAYER,
    VT_CAM_SETTINGS,
    .run = run,
    .calls = vt_cam_one_call,
};
