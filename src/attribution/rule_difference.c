/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of DeepLift, and which operator has which.
 */
#include "attribution/rule_difference.h"

#include <math.h>

#include "attribution/rule_path.h"
#include "attribution/rule_values.h"

/* ---- element by element ---- */

typedef struct rescale_settings {
  bool kinked; /* straight pieces: Δy / Δx is exact however small Δx is */
} rescale_settings;

/* Where Δx is this small the derivative stands for Δy / Δx. Smooth functions lose Δx² of the slope by taking
 * the mean of the two derivatives, against the rounding of y over Δx. */
#define SMALL_KINKED     1e-10
#define SMALL_SMOOTH_F32 1e-3
#define SMALL_SMOOTH_F64 1e-5

/* values: Δx, Δy, derivative at x, derivative at x₀ */
static double rescaled(const double *values, const void *settings)
{
  double small = *(const double *)settings;
  if (fabs(values[0]) >= small) return values[1] / values[0];
  return small > SMALL_KINKED ? (values[2] + values[3]) / 2 : values[2];
}

static double less(const double *values, const void *settings)
{
  (void)settings;
  return values[0] - values[1];
}

static vt_status difference(vt_ctx *ctx, const vt_tensor *a, const vt_tensor *b, vt_tensor **out)
{
  return vt_rule_each(ctx, 2, (const vt_tensor *const[]){a, b}, less, NULL, out);
}

/* Derivative of an elementwise operator where `call` ran. */
static vt_status slope(vt_ctx *ctx, const vt_gradient *gradient, const vt_call *call, int index,
                       vt_tensor **out)
{
  vt_tensor *ones, *found[VT_RULE_SLOTS];
  VT_TRY(vt_rule_fill(ctx, call->outputs[0], 1, &ones));
  VT_TRY(vt_rule_backward(ctx, gradient, call->inputs, call->outputs, &ones, found));
  *out = found[index];
  return *out ? VT_OK : vt_rule_fill(ctx, call->outputs[0], 0, out);
}

static int only_wanted(const vt_gradient *gradient)
{
  int found = -1;
  for (int k = 0; k < gradient->call->input_count; k++) {
    if (!gradient->wanted[k]) continue;
    if (found >= 0) return -1;
    found = k;
  }
  return found;
}

static vt_status rescale_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  const rescale_settings *own = settings;
  const vt_call *call = gradient->call, *reference = gradient->reference;
  int index = only_wanted(gradient);
  VT_TRY(vt_rule_check(ctx, call));
  if (index < 0 || vt_count(call->inputs[index]) != vt_count(call->outputs[0]) ||
      !vt_same_shape(call->inputs[index], call->outputs[0]))
    return vt_path_backward(ctx, gradient, NULL);
  vt_tensor *dx, *dy, *at, *at_reference, *multiplier;
  VT_TRY(difference(ctx, call->inputs[index], reference->inputs[index], &dx));
  VT_TRY(difference(ctx, call->outputs[0], reference->outputs[0], &dy));
  VT_TRY(slope(ctx, gradient, call, index, &at));
  VT_TRY(slope(ctx, gradient, reference, index, &at_reference));
  double small = own->kinked ? SMALL_KINKED : dx->type == VT_F32 ? SMALL_SMOOTH_F32 : SMALL_SMOOTH_F64;
  VT_TRY(vt_rule_each(ctx, 4, (const vt_tensor *const[]){dx, dy, at, at_reference}, rescaled, &small,
                      &multiplier));
  return vt_rule_multiply(ctx, gradient->output_gradients[0], multiplier, &gradient->input_gradients[index]);
}

/* ---- products and quotients ---- */

static double halfway(const double *values, const void *settings)
{
  (void)settings;
  return (values[0] + values[1]) / 2;
}

/* The gradient of a polynomial of degree two, averaged over a line, is that of its middle. */
static vt_status product_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  const vt_call *call = gradient->call;
  vt_tensor *inputs[VT_RULE_SLOTS], *found[VT_RULE_SLOTS];
  VT_TRY(vt_rule_check(ctx, call));
  for (int k = 0; k < call->input_count; k++) {
    inputs[k] = call->inputs[k];
    if (gradient->wanted[k])
      VT_TRY(vt_rule_each(ctx, 2, (const vt_tensor *const[]){inputs[k], gradient->reference->inputs[k]},
                          halfway, NULL, &inputs[k]));
  }
  VT_TRY(vt_rule_backward(ctx, gradient, inputs, call->outputs, gradient->output_gradients, found));
  for (int k = 0; k < call->input_count; k++)
    gradient->input_gradients[k] = found[k];
  return VT_OK;
}

static double mean_inverse(const double *values, const void *settings)
{
  (void)settings;
  return (1 / values[0] + 1 / values[1]) / 2;
}

static double inverse_slope(const double *values, const void *settings)
{
  (void)settings;
  return -1 / (values[0] * values[1]);
}

static vt_status quotient_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  const vt_call *call = gradient->call, *reference = gradient->reference;
  vt_tensor *g = gradient->output_gradients[0], *full, *part, *mean;
  const vt_tensor *const bottom[] = {call->inputs[1], reference->inputs[1]};
  VT_TRY(vt_rule_each(ctx, 2, bottom, mean_inverse, NULL, &part));
  if (gradient->wanted[0]) {
    VT_TRY(vt_rule_multiply(ctx, g, part, &full));
    VT_TRY(vt_gradient_reduce(ctx, full, call->inputs[0], &gradient->input_gradients[0]));
  }
  if (!gradient->wanted[1]) return VT_OK;
  VT_TRY(vt_rule_each(ctx, 2, bottom, inverse_slope, NULL, &part));
  VT_TRY(vt_rule_each(ctx, 2, (const vt_tensor *const[]){call->inputs[0], reference->inputs[0]}, halfway,
                      NULL, &mean));
  VT_TRY(vt_rule_multiply(ctx, mean, part, &full));
  VT_TRY(vt_rule_multiply(ctx, g, full, &full));
  return vt_gradient_reduce(ctx, full, call->inputs[1], &gradient->input_gradients[1]);
}

/* ---- largest and smallest ---- */

/* values: g, y, y₀ */
static double gain(const double *values, const void *settings)
{
  (void)settings;
  return values[1] > values[2] ? values[0] * (values[1] - values[2]) : 0;
}

static double loss(const double *values, const void *settings)
{
  (void)settings;
  return values[1] < values[2] ? values[0] * (values[1] - values[2]) : 0;
}

/* values: what the input's place received, Δx, gradient */
static double share(const double *values, const void *settings)
{
  (void)settings;
  return values[1] == 0 ? values[2] : values[0] / values[1];
}

typedef struct extreme_settings {
  bool smallest;
} extreme_settings;

/* With y the largest x: at the winner of the run x − x₀ ≥ y − y₀, at that of the reference x − x₀ ≤ y − y₀,
 * so that no multiplier leaves [0, 1]. For the smallest, gains and losses change places. */
static vt_status extreme_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  const extreme_settings *own = settings;
  const vt_call *call = gradient->call, *reference = gradient->reference;
  vt_tensor *won[2], *here[VT_RULE_SLOTS], *there[VT_RULE_SLOTS], *plain[VT_RULE_SLOTS];
  VT_TRY(vt_rule_check(ctx, call));
  const vt_tensor *const ends[] = {gradient->output_gradients[0], call->outputs[0], reference->outputs[0]};
  VT_TRY(vt_rule_each(ctx, 3, ends, own->smallest ? loss : gain, NULL, &won[0]));
  VT_TRY(vt_rule_each(ctx, 3, ends, own->smallest ? gain : loss, NULL, &won[1]));
  VT_TRY(vt_rule_backward(ctx, gradient, call->inputs, call->outputs, &won[0], here));
  VT_TRY(vt_rule_backward(ctx, gradient, reference->inputs, reference->outputs, &won[1], there));
  VT_TRY(vt_rule_backward(ctx, gradient, call->inputs, call->outputs, gradient->output_gradients, plain));
  for (int k = 0; k < call->input_count; k++) {
    if (!gradient->wanted[k] || !here[k] || !there[k] || !plain[k]) continue;
    vt_tensor *dx, *sum;
    VT_TRY(difference(ctx, call->inputs[k], reference->inputs[k], &dx));
    VT_TRY(vt_rule_add(ctx, here[k], there[k], &sum));
    VT_TRY(vt_rule_each(ctx, 3, (const vt_tensor *const[]){sum, dx, plain[k]}, share, NULL,
                        &gradient->input_gradients[k]));
  }
  return VT_OK;
}

/* ---- which operator has which ---- */

static const char *const linear[] = {"Add",
                                     "AveragePool",
                                     "BatchNormalization",
                                     "Cast",
                                     "CastLike",
                                     "CenterCropPad",
                                     "Col2Im",
                                     "Compress",
                                     "Concat",
                                     "CumSum",
                                     "DepthToSpace",
                                     "Dropout",
                                     "Expand",
                                     "Flatten",
                                     "Gather",
                                     "GatherElements",
                                     "GatherND",
                                     "GlobalAveragePool",
                                     "Identity",
                                     "Mean",
                                     "Neg",
                                     "Pad",
                                     "ReduceMean",
                                     "ReduceSum",
                                     "Reshape",
                                     "Resize",
                                     "ReverseSequence",
                                     "ScatterND",
                                     "Slice",
                                     "SpaceToDepth",
                                     "Split",
                                     "Squeeze",
                                     "Sub",
                                     "Sum",
                                     "Tile",
                                     "Transpose",
                                     "Trilu",
                                     "Unsqueeze",
                                     "Where",
                                     NULL};
static const char *const products[] = {"Mul", "MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", NULL};
static const char *const kinked[] = {"Relu",  "Clip",   "LeakyRelu",   "PRelu", "ThresholdedRelu",
                                     "Abs",   "Shrink", "HardSigmoid", "Floor", "Ceil",
                                     "Round", "Sign",   NULL};
static const char *const largest[] = {"MaxPool", "GlobalMaxPool", "ReduceMax", "Max", NULL};
static const char *const smallest[] = {"ReduceMin", "Min", NULL};
static const char *const quotient[] = {"Div", NULL};
static const char *const other_elementwise[] = {"Pow", NULL};

static const rescale_settings with_kinks = {true}, without_kinks = {false};
static const extreme_settings of_largest = {false}, of_smallest = {true};
static const vt_rule rule_rescale = {"rescale", rescale_backward, &without_kinks, VT_SAVES_ALL};
static const vt_rule rule_rescale_kinked = {"rescale", rescale_backward, &with_kinks, VT_SAVES_ALL};
static const vt_rule rule_product = {"average", product_backward, NULL, VT_SAVES_ALL};
static const vt_rule rule_quotient = {"quotient", quotient_backward, NULL, VT_SAVES_INPUTS};
static const vt_rule rule_largest = {"winners", extreme_backward, &of_largest, VT_SAVES_ALL};
static const vt_rule rule_smallest = {"winners", extreme_backward, &of_smallest, VT_SAVES_ALL};
static const vt_rule rule_path = {"line", vt_path_backward, NULL, VT_SAVES_ALL};

static int variables(const vt_call *call)
{
  int count = 0;
  for (int k = 0; k < call->input_count; k++)
    count += vt_rule_depends(call, k);
  return count;
}

static const vt_rule *choose(const void *user, const vt_call *call)
{
  (void)user;
  int count = variables(call);
  if (vt_rule_named(call->op, linear)) return NULL;
  if (vt_rule_named(call->op, products)) return count == 1 ? NULL : count == 2 ? &rule_product : &rule_path;
  if (vt_rule_named(call->op, quotient)) return vt_rule_depends(call, 1) ? &rule_quotient : NULL;
  if (vt_rule_named(call->op, largest)) return &rule_largest;
  if (vt_rule_named(call->op, smallest)) return &rule_smallest;
  if (vt_rule_named(call->op, kinked)) return &rule_rescale_kinked;
  if (call->op->flags & VT_OP_ELEMENTWISE || vt_rule_named(call->op, other_elementwise)) return &rule_rescale;
  return &rule_path;
}

const vt_rule_set vt_rules_difference = {"difference", choose, NULL};
