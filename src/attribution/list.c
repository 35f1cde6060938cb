/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of methods. To add one: its file, its line here and in meson.build; everything else reads this
 * list.
 */
#include "attribution/attribute.h"
#include "attribution/lima.h"
#include "attribution/methods.h"

static const vt_method *const methods[] = {
    &vt_method_lima,
    &vt_method_smdl,
    &vt_method_baseline_order,
    &vt_method_random,
    &vt_method_centre_prior,
    &vt_method_rise,
    &vt_method_d_rise,
    &vt_method_occlusion,
    &vt_method_feature_ablation,
    &vt_method_lime,
    &vt_method_kernel_shap,
    &vt_method_shapley,
    &vt_method_shapley_sampling,
    &vt_method_owen,
    &vt_method_sobol,
    &vt_method_hsic,
    &vt_method_saliency,
    &vt_method_input_x_gradient,
    &vt_method_integrated_gradients,
    &vt_method_smoothgrad,
    &vt_method_smoothgrad_sq,
    &vt_method_vargrad,
    &vt_method_gradient_shap,
    &vt_method_blur_ig,
    &vt_method_guided_ig,
    &vt_method_xrai,
    &vt_method_fullgrad,
    &vt_method_guided_backprop,
    &vt_method_deconvolution,
    &vt_method_grad_cam,
    &vt_method_grad_cam_pp,
    &vt_method_xgrad_cam,
    &vt_method_hires_cam,
    &vt_method_layer_cam,
    &vt_method_eigen_cam,
    &vt_method_score_cam,
    &vt_method_ablation_cam,
    &vt_method_guided_grad_cam,
    &vt_method_attention_rollout,
    &vt_method_gradient_rollout,
    &vt_method_grad_eclip,
    &vt_method_vit_cx,
    &vt_method_deeplift,
    &vt_method_lrp,
    &vt_method_attn_lrp,
};

const vt_method_list vt_methods = {methods, VT_COUNT(methods)};
