/* SPDX-License-Identifier: Apache-2.0
 *
 * FullGrad: the gradient's share of the input and of every bias. Srinivas, Fleuret: "Full-Gradient
 * Representation for Neural Network Visualization", arXiv 1905.00780 (2019).
 *
 * Every node y = g(x) is y = J·x + b near where it is, with b = y − J·x its bias, explicit (convolutions,
 * dense layers) or implicit (batch normalisation, added constants, the 6 of a ReLU6, any curved activation or
 * product). So f(x) = Σ x·∂f/∂x + Σ_nodes Σ b·∂f/∂y, to rounding, for every network: that sum is what the
 * completeness compares with f(x). The map is Σ ψ over the input and all nodes with a picture's shape,
 * ψ = resized sum over channels of |·| brought to [0, 1] over the layer.
 *
 * The biases are collected on the way back by a rule that is the ordinary gradient and looks on.
 */
#include <math.h>

#include "attribution/gradients.h"
#include "attribution/methods.h"
#include "data/picture.h"
#include "tensor/tensor.h"

/* A node whose bias is below this share of what cancels in it has none: rounding must not be brought to [0,
 * 1]. */
#define ROUNDING 1e-5

typedef struct collector {
  const vt_task *task;
  int height, width;
  double *map; /* [height, width] */
  double biases, inputs, score, rest;
} collector;

/* ---- ψ ---- */

/* Values [channels, height, width], or interleaved, are brought to [0, 1] together and added to the map. */
static vt_status add_layer(vt_ctx *ctx, collector *to, const double *values, size_t channels, int height,
                           int width, bool interleaved)
{
  size_t pixels = (size_t)height * (size_t)width, count = channels * pixels,
         large = (size_t)to->height * (size_t)to->width;
  double low = INFINITY, high = 0;
  for (size_t i = 0; i < count; i++) {
    low = fmin(low, fabs(values[i]));
    high = fmax(high, fabs(values[i]));
  }
  if (!(high > low)) return VT_OK;
  float *small = vt_alloc_zero(ctx, pixels, sizeof *small),
        *resized = vt_alloc_zero(ctx, large, sizeof *resized);
  vt_status status = small && resized ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (size_t p = 0; p < pixels; p++) {
      double sum = 0;
      for (size_t c = 0; c < channels; c++)
        sum += (fabs(values[interleaved ? p * channels + c : c * pixels + p]) - low) / (high - low);
      small[p] = (float)sum;
    }
    vt_map_resize(small, height, width, resized, to->height, to->width);
    for (size_t i = 0; i < large; i++)
      to->map[i] += (double)resized[i];
  }
  vt_free(small);
  vt_free(resized);
  return status;
}

/* A layer of the network: [1, channels, height, width], or the input's own layout. */
static vt_status add_tensor(vt_ctx *ctx, collector *to, const vt_tensor *like, const double *values)
{
  const vt_subject *subject = to->task->subject;
  if (like->rank != 4 || like->dims[0] != 1) return VT_OK;
  bool same = true;
  for (int i = 0; i < 4; i++)
    same = same && like->dims[i] == subject->dims[i];
  bool interleaved = same && vt_model_preprocess(to->task->model)->channels_last;
  const int64_t *dims = like->dims;
  if (interleaved) return add_layer(ctx, to, values, (size_t)dims[3], (int)dims[1], (int)dims[2], true);
  return add_layer(ctx, to, values, (size_t)dims[1], (int)dims[2], (int)dims[3], false);
}

/* ---- biases ---- */

static double dot(const vt_tensor *a, const vt_tensor *b)
{
  double sum = 0;
  for (int64_t i = 0, count = vt_count(a); i < count; i++)
    sum += vt_get_f64(a, i) * vt_get_f64(b, i);
  return sum;
}

static bool is_convolution(const vt_call *call)
{
  return strcmp(call->op->name, "Conv") == 0 || strcmp(call->op->name, "ConvTranspose") == 0;
}

/* bias[channel] · gradient of the output. */
static void convolution_bias(const vt_call *call, const vt_tensor *gradient, double *values)
{
  if (call->input_count < 3 || !call->inputs[2]) return;
  int64_t channels = gradient->dims[1], count = vt_count(gradient),
          pixels = vt_span(gradient, 2, gradient->rank);
  for (int64_t i = 0; i < count; i++)
    values[i] = vt_get_f64(gradient, i) * vt_get_f64(call->inputs[2], i / pixels % channels);
}

/* Element by element, where the variable inputs have the output's shape; false: only the sum is known. */
static bool equal_shapes(const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  if (call->output_count < 1 || !gradient->output_gradients[0]) return false;
  for (int i = 1; i < call->output_count; i++)
    if (gradient->output_gradients[i]) return false;
  for (int i = 0; i < call->input_count; i++)
    if (gradient->input_gradients[i] && !vt_same_shape(call->inputs[i], call->outputs[0])) return false;
  return true;
}

static vt_status collect_elements(vt_ctx *ctx, collector *to, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const vt_tensor *slope = gradient->output_gradients[0];
  size_t count = (size_t)vt_count(slope);
  double *values = vt_alloc_zero(ctx, count, sizeof *values), size = 0, bias = 0;
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  if (is_convolution(call))
    convolution_bias(call, slope, values);
  else {
    for (size_t i = 0; i < count; i++) {
      values[i] = vt_get_f64(slope, (int64_t)i) * vt_get_f64(call->outputs[0], (int64_t)i);
      size += fabs(values[i]);
    }
    for (int k = 0; k < call->input_count; k++)
      for (size_t i = 0; gradient->input_gradients[k] && i < count; i++) {
        double term =
            vt_get_f64(gradient->input_gradients[k], (int64_t)i) * vt_get_f64(call->inputs[k], (int64_t)i);
        values[i] -= term;
        size += fabs(term);
      }
  }
  for (size_t i = 0; i < count; i++)
    bias += fabs(values[i]);
  vt_status status = VT_OK;
  if (bias > ROUNDING * size) {
    to->biases += vt_sum(values, count);
    status = add_tensor(ctx, to, slope, values);
  }
  vt_free(values);
  return status;
}

static vt_status collect(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  collector *to = *(collector *const *)settings;
  const vt_call *call = gradient->call;
  VT_TRY(call->op->backward(ctx, gradient));
  if (is_convolution(call) || equal_shapes(gradient)) return collect_elements(ctx, to, gradient);
  double sum = 0, size = 0;
  for (int i = 0; i < call->output_count; i++)
    if (gradient->output_gradients[i]) {
      double term = dot(gradient->output_gradients[i], call->outputs[i]);
      sum += term;
      size += fabs(term);
    }
  for (int i = 0; i < call->input_count; i++)
    if (gradient->input_gradients[i]) {
      double term = dot(gradient->input_gradients[i], call->inputs[i]);
      sum -= term;
      size += fabs(term);
    }
  if (fabs(sum) > ROUNDING * size) to->biases += sum;
  return VT_OK;
}

static const vt_rule *choose(const void *user, const vt_call *call)
{
  return call->op->backward ? user : NULL;
}

/* ---- the input and the target ---- */

static void compose(void *user, int item, float *input)
{
  const collector *to = user;
  VT_UNUSED(item);
  memcpy(input, to->task->input, vt_subject_floats(to->task->subject) * sizeof *input);
}

/* What the score adds of its own: f − ⟨∂f/∂output, output⟩, 0 for logits. */
static void target_bias(collector *to, const vt_sight *sight)
{
  to->score = to->rest = sight->score;
  for (size_t i = 0; i < sight->read_count; i++)
    to->rest -= sight->slopes[i] * sight->read[i];
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  collector *to = user;
  size_t floats = vt_subject_floats(to->task->subject);
  target_bias(to, sight);
  double *values = vt_alloc_zero(ctx, floats, sizeof *values);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < floats; i++)
    values[i] = vt_get_f64(sight->gradient, (int64_t)i) * (double)to->task->input[i];
  to->inputs = vt_sum(values, floats);
  vt_status status = add_tensor(ctx, to, sight->gradient, values);
  vt_free(values);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  VT_UNUSED(settings);
  int channels, height, width;
  vt_model_input_size(task->model, &channels, &height, &width);
  size_t pixels = (size_t)height * (size_t)width, floats = vt_subject_floats(task->subject);
  collector to = {.task = task, .height = height, .width = width}, *at = &to;
  double *spread = vt_alloc_zero(ctx, floats, sizeof *spread);
  to.map = vt_alloc_zero(ctx, pixels, sizeof *to.map);
  vt_status status = spread && to.map ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  vt_rule rule = {.id = "intercepts", .backward = collect, .settings = &at, .saves = VT_SAVES_ALL};
  vt_rule_set rules = {.id = "fullgrad", .choose = choose, .user = &rule};
  vt_look look = {.target = &task->target, .gradient = true, .rules = &rules};
  VT_TRY_DONE(vt_task_look(ctx, task, explanation, 1, &look, compose, see, &to));
  for (size_t i = 0; i < floats; i++)
    spread[i] = to.map[vt_plane_index(task, i) % pixels] / channels;
  VT_TRY_DONE(vt_map_set(ctx, task, explanation, spread, VT_REDUCE_SUM));
  vt_map_complete(explanation, to.inputs + to.biases + to.rest, to.score);
done:
  vt_free(to.map);
  vt_free(spread);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 1;
}

const vt_method vt_method_fullgrad = {
    .id = "fullgrad",
    .aliases = "FullGrad|full-gradient",
    .title = "FullGrad: gradients of the input and of all biases",
    .summary = "Adds the parts that biases have in the score, layer by layer, to input × gradient: with them "
               "the parts "
               "add up to the score itself (reported, before absolute values are taken). The picture is "
               "unsigned and "
               "each layer counts the same after rescaling, so do not read amounts or signs off it.",
    .citation =
        "Srinivas, S., Fleuret, F. (2019). Full-Gradient Representation for Neural Network Visualization. "
        "NeurIPS. arXiv:1905.00780.",
    .cost = "1 gradient",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_PICTURE,
    .run = run,
    .calls = calls,
};
