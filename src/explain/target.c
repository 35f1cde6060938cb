/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets in f64, with gradients.
 */
#include "explain/target.h"

#include <math.h>

#include "explain/detector.h"
#include "explain/model_kind.h"

static const char *const names[VT_SCORE_KINDS] = {"probability", "logit", "log-probability", "margin",
                                                  "similarity",  "mean",  "detection"};

const char *vt_score_name(vt_score_kind score)
{
  return names[score];
}

bool vt_score_has_class(vt_score_kind score)
{
  return score != VT_SCORE_SIMILARITY && score != VT_SCORE_MEAN && score != VT_SCORE_DETECTION;
}

bool vt_target_reads_embedding(const vt_target *target, const vt_model *model)
{
  return target->score == VT_SCORE_SIMILARITY && model->embedding_floats > 0;
}

static void clear(double *gradient, size_t count)
{
  if (gradient) memset(gradient, 0, count * sizeof *gradient);
}

/* ---- one output ---- */

static double evaluate_single(const vt_target *target, bool logits, double value, double *gradient)
{
  double p = logits ? 1 / (1 + exp(-value)) : value, slope = logits ? p * (1 - p) : 1, result = value,
         derivative = 1;
  if (target->score == VT_SCORE_PROBABILITY) {
    result = p;
    derivative = slope;
  } else if (target->score == VT_SCORE_LOG_PROBABILITY) {
    result = logits ? (value > 0 ? -log1p(exp(-value)) : value - log1p(exp(value))) : log(fmax(p, 1e-300));
    derivative = logits ? 1 - p : 1 / fmax(p, 1e-300);
  } else if (!logits) { /* margin over the other side, in logits */
    double kept = fmin(fmax(p, 1e-16), 1 - 1e-16);
    result = log(kept / (1 - kept));
    derivative = 1 / (kept * (1 - kept));
  }
  if (gradient) *gradient = derivative;
  return result;
}

/* ---- classes ---- */

static double log_sum(const double *values, size_t count, double *largest)
{
  double sum = 0;
  *largest = values[0];
  for (size_t i = 1; i < count; i++)
    if (values[i] > *largest) *largest = values[i];
  for (size_t i = 0; i < count; i++)
    sum += exp(values[i] - *largest);
  return log(sum) + *largest;
}

static double evaluate_probability(const vt_target *target, bool logits, const double *values, size_t count,
                                   double *gradient)
{
  size_t index = (size_t)target->index;
  bool logarithm = target->score == VT_SCORE_LOG_PROBABILITY;
  if (!logits) {
    double p = fmax(values[index], 1e-300);
    if (gradient) gradient[index] = logarithm ? 1 / p : 1;
    return logarithm ? log(p) : values[index];
  }
  double largest, normaliser = log_sum(values, count, &largest), log_p = values[index] - normaliser,
                  p = exp(log_p);
  for (size_t i = 0; gradient && i < count; i++) {
    double slope = (i == index) - exp(values[i] - normaliser);
    gradient[i] = logarithm ? slope : p * slope;
  }
  return logarithm ? log_p : p;
}

static double evaluate_margin(const vt_target *target, bool logits, const double *values, size_t count,
                              double *gradient)
{
  size_t index = (size_t)target->index, other = (size_t)target->contrast;
  if (target->contrast < 0) {
    other = index == 0;
    for (size_t i = other + 1; i < count; i++)
      if (i != index && values[i] > values[other]) other = i;
  }
  double a = values[index], b = values[other];
  if (gradient) {
    gradient[index] += logits ? 1 : 1 / fmax(a, 1e-300);
    gradient[other] -= logits ? 1 : 1 / fmax(b, 1e-300);
  }
  return logits ? a - b : log(fmax(a, 1e-300)) - log(fmax(b, 1e-300));
}

/* ---- the rest ---- */

/* Adds `factor` times its gradient to `gradient`. */
static double cosine(const float *direction, double factor, const double *values, size_t count,
                     double *gradient)
{
  double dot = 0, square = 0, given = 0;
  for (size_t i = 0; i < count; i++) {
    dot += values[i] * (double)direction[i];
    square += values[i] * values[i];
    given += (double)direction[i] * (double)direction[i];
  }
  if (square == 0 || given == 0) return 0;
  double length = sqrt(square), value = dot / (length * sqrt(given));
  for (size_t i = 0; gradient && i < count; i++)
    gradient[i] += factor * ((double)direction[i] / (length * sqrt(given)) - value * values[i] / square);
  return factor * value;
}

static double evaluate_similarity(const vt_target *target, const double *values, size_t count,
                                  double *gradient)
{
  double factor = target->factor != 0 ? target->factor : 1;
  double value = cosine(target->direction, factor, values, count, gradient);
  if (target->against) value += cosine(target->against, -factor, values, count, gradient);
  return value;
}

static double weighted_mean(const vt_target *target, const double *values, size_t count, double *gradient)
{
  double sum = 0, weight = 0;
  for (size_t i = 0; i < count; i++) {
    sum += (double)target->weights[i] * values[i];
    weight += (double)target->weights[i];
  }
  for (size_t i = 0; gradient && i < count; i++)
    gradient[i] = (double)target->weights[i] / weight;
  return sum / weight;
}

static double evaluate_mean(const vt_target *target, const double *values, size_t count, double *gradient)
{
  if (target->weights) return weighted_mean(target, values, count, gradient);
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += values[i];
    if (gradient) gradient[i] = 1 / (double)count;
  }
  return sum / (double)count;
}

double vt_target_evaluate(const vt_target *target, bool logits, const double *values, size_t count,
                          double *gradient)
{
  clear(gradient, count);
  switch (target->score) {
  case VT_SCORE_SIMILARITY:
    return evaluate_similarity(target, values, count, gradient);
  case VT_SCORE_MEAN:
    return evaluate_mean(target, values, count, gradient);
  case VT_SCORE_DETECTION:
    return vt_wanted_evaluate(target->wanted, values, gradient);
  default:
    break;
  }
  if (count == 1) return evaluate_single(target, logits, values[0], gradient);
  switch (target->score) {
  case VT_SCORE_LOGIT:
    if (gradient) gradient[target->index] = 1;
    return values[target->index];
  case VT_SCORE_MARGIN:
    return evaluate_margin(target, logits, values, count, gradient);
  default:
    return evaluate_probability(target, logits, values, count, gradient);
  }
}

/* Composite midpoint rule on 64 parts: targets are smooth between two outputs, and the line is short. */
void vt_target_average_gradient(const vt_target *target, bool logits, const double *from, const double *to,
                                size_t count, double *scratch, double *weights)
{
  enum { PARTS = 64 };
  double *point = scratch, *gradient = scratch + count;
  bool linear = target->score == VT_SCORE_LOGIT || target->score == VT_SCORE_MEAN;
  int parts = linear ? 1 : PARTS;
  clear(weights, count);
  for (int part = 0; part < parts; part++) {
    double t = (part + 0.5) / parts;
    for (size_t i = 0; i < count; i++)
      point[i] = from[i] + t * (to[i] - from[i]);
    vt_target_evaluate(target, logits, point, count, gradient);
    for (size_t i = 0; i < count; i++)
      weights[i] += gradient[i] / parts;
  }
}

vt_status vt_target_check(vt_ctx *ctx, const vt_target *target, const vt_model *model)
{
  if (target->score == VT_SCORE_SIMILARITY) {
    size_t wanted = model->embedding_floats ? model->embedding_floats : model->output_floats;
    if (!target->direction)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "the score 'similarity' needs a direction to compare with (similar_to)");
    if (target->direction_count != wanted)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "the direction to compare with has %zu numbers, the model's %s %zu",
                     target->direction_count, model->embedding_floats ? "embedding" : "output", wanted);
    return VT_OK;
  }
  if (target->score == VT_SCORE_MEAN) {
    if (target->weights && target->weight_count != model->output_floats)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "%zu weights of a mean, the model's output has %zu numbers", target->weight_count,
                     model->output_floats);
    return VT_OK;
  }
  if (target->score == VT_SCORE_DETECTION) {
    if (target->wanted && target->wanted->detector == model->detector) return VT_OK;
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the class score 'detection' needs a detector and a box: the model's sidecar says nothing "
                   "of detections (key \"detection\"), or no box was named");
  }
  if (model->map)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "the model's output is a map or an embedding and no list of classes: explain its mean or a "
        "similarity (class score 'mean' or 'similarity'), or choose another output");
  if (target->score == VT_SCORE_LOGIT && !model->logits)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the model answers probabilities, so there is no logit to explain: use the class score "
                   "'prob', or name an output with logits");
  if (target->index >= model->classes || target->contrast >= model->classes)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s class %d: the model has %d classes, 0 to %d",
                   target->index >= model->classes ? "target" : "contrast",
                   target->index >= model->classes ? target->index : target->contrast, model->classes,
                   model->classes - 1);
  if (target->score == VT_SCORE_MARGIN && target->index >= 0 && target->index == target->contrast)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "class %d cannot be contrasted with itself",
                   target->index);
  return VT_OK;
}
