/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors of the methods that make maps, each at the foot of its file. (Those that rank regions: lima.h.)
 */
#ifndef VT_ATTRIBUTION_METHODS_H
#define VT_ATTRIBUTION_METHODS_H

#include "explain/method.h"

/* perturbation */
extern const vt_method vt_method_rise;
extern const vt_method vt_method_d_rise;
extern const vt_method vt_method_occlusion;
extern const vt_method vt_method_feature_ablation;
extern const vt_method vt_method_lime;
extern const vt_method vt_method_kernel_shap;
extern const vt_method vt_method_shapley;
extern const vt_method vt_method_shapley_sampling;
extern const vt_method vt_method_owen;
extern const vt_method vt_method_sobol;
extern const vt_method vt_method_hsic;

/* controls */
extern const vt_method vt_method_random;
extern const vt_method vt_method_centre_prior;

/* gradients */
extern const vt_method vt_method_saliency;
extern const vt_method vt_method_input_x_gradient;
extern const vt_method vt_method_integrated_gradients;
extern const vt_method vt_method_smoothgrad;
extern const vt_method vt_method_smoothgrad_sq;
extern const vt_method vt_method_vargrad;
extern const vt_method vt_method_gradient_shap;
extern const vt_method vt_method_blur_ig;
extern const vt_method vt_method_guided_ig;
extern const vt_method vt_method_xrai;
extern const vt_method vt_method_fullgrad;

/* backward rules */
extern const vt_method vt_method_guided_backprop;
extern const vt_method vt_method_deconvolution;
extern const vt_method vt_method_deeplift;
extern const vt_method vt_method_lrp;
extern const vt_method vt_method_attn_lrp;

/* class-activation maps */
extern const vt_method vt_method_grad_cam;
extern const vt_method vt_method_grad_cam_pp;
extern const vt_method vt_method_xgrad_cam;
extern const vt_method vt_method_hires_cam;
extern const vt_method vt_method_layer_cam;
extern const vt_method vt_method_eigen_cam;
extern const vt_method vt_method_score_cam;
extern const vt_method vt_method_ablation_cam;
extern const vt_method vt_method_guided_grad_cam;

/* attention */
extern const vt_method vt_method_attention_rollout;
extern const vt_method vt_method_gradient_rollout;
extern const vt_method vt_method_grad_eclip;
extern const vt_method vt_method_vit_cx;

#endif
