/* SPDX-License-Identifier: Apache-2.0
 *
 * Input × gradient: Shrikumar, Greenside, Shcherbina, Kundaje: "Not Just a Black Box: Learning Important
 * Features Through Propagating Activation Differences", arXiv 1605.01713 (2016).
 */
#include "attribution/gradients.h"
#include "attribution/methods.h"

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  VT_UNUSED(settings);
  double *gradient = NULL;
  VT_TRY(vt_gradient_at(ctx, task, explanation, task->input, NULL, &gradient));
  for (size_t i = 0; i < vt_subject_floats(task->subject); i++)
    gradient[i] *= (double)task->input[i];
  vt_status status = vt_map_set(ctx, task, explanation, gradient, VT_REDUCE_SUM);
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

const vt_method vt_method_input_x_gradient = {
    .id = "input-x-gradient",
    .aliases = "InputXGradient|GradientInput|gradient-x-input|gradient-input",
    .title = "Input × gradient",
    .summary =
        "The first term of a Taylor series about zero: exact for linear models, and for networks of ReLUs "
        "without biases. Pixels of value 0 after normalisation get nothing, whatever they mean: prefer "
        "integrated-gradients with a baseline of your own where that matters.",
    .citation = "Shrikumar, A. et al. (2016). Not Just a Black Box: Learning Important Features Through "
                "Propagating Activation Differences. arXiv:1605.01713.",
    .cost = "1 gradient",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .run = run,
    .calls = calls,
};
