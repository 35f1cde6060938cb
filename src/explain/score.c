/* SPDX-License-Identifier: Apache-2.0
 *
 * From raw outputs to the numbers that methods work with, all in f64 (01-lima §2: consistency and
 * collaboration come from the target's probability, confidence from the entropy).
 */
#include <math.h>

#include "explain/detector.h"
#include "explain/scorer_inside.h"

/* −p ln(p + 1e-7), the term of the entropy as the paper's code has it. */
static double entropy_term(double p)
{
  return -p * log(p + 1e-7);
}

static vt_scored score_single(const vt_model *model, const vt_scorer_options *options, double value)
{
  double p = model->logits ? 1 / (1 + exp(-value)) : value, copy = value;
  vt_target target = vt_scorer_target(options);
  return (vt_scored){.target = vt_target_evaluate(&target, model->logits, &copy, 1, NULL),
                     .confidence = 1 - (entropy_term(p) + entropy_term(1 - p)) / log(2),
                     .top = p >= 0.5 ? 0 : -1};
}

vt_target vt_scorer_target(const vt_scorer_options *options)
{
  return (vt_target){.score = options->score,
                     .index = options->target,
                     .contrast = options->contrast,
                     .direction = options->direction,
                     .direction_count = options->direction_count,
                     .against = options->against,
                     .factor = options->factor,
                     .weights = options->weights,
                     .weight_count = options->weight_count,
                     .wanted = options->wanted};
}

static double cosine(const float *direction, const float *values, size_t count)
{
  double sum = 0, square = 0, given = 0;
  for (size_t i = 0; i < count; i++) {
    double value = (double)values[i], wanted = (double)direction[i];
    sum += value * wanted;
    square += value * value;
    given += wanted * wanted;
  }
  return square > 0 && given > 0 ? sum / sqrt(square * given) : 0;
}

static double mean(const float *weights, const float *values, size_t count)
{
  double sum = 0, weight = 0;
  for (size_t i = 0; i < count; i++) {
    double share = weights ? (double)weights[i] : 1;
    sum += share * (double)values[i];
    weight += share;
  }
  return sum / weight;
}

/* Scores that know no class, in the formulas of vt_target_evaluate(). */
static vt_scored score_without_class(const vt_scorer_options *options, const float *values, size_t count)
{
  double value;
  if (options->score == VT_SCORE_DETECTION) {
    value = vt_wanted_score(options->wanted, values);
  } else if (options->score == VT_SCORE_MEAN) {
    value = mean(options->weights, values, count);
  } else {
    value = cosine(options->direction, values, count);
    if (options->against) value -= cosine(options->against, values, count);
    if (options->factor != 0) value *= options->factor;
  }
  return (vt_scored){.target = value, .top = -1};
}

/* From the largest output and the sum of exp(output − largest). */
static double log_probability(const vt_model *model, const float *output, int index, int top, double sum)
{
  if (!model->logits) return log(fmax((double)output[index], 1e-300));
  return (double)output[index] - (double)output[top] - log(sum);
}

/* Margin of class `index` over the contrast class or the strongest other, from raw outputs. */
static double margin_of(const vt_model *model, int contrast, int index, const float *output)
{
  int other = contrast;
  if (other < 0 || other == index) {
    other = index == 0;
    for (int c = other + 1; c < model->classes; c++)
      if (c != index && output[c] > output[other]) other = c;
  }
  double a = (double)output[index], b = (double)output[other];
  return model->logits ? a - b : log(fmax(a, 1e-300)) - log(fmax(b, 1e-300));
}

vt_scored vt_scored_from(const vt_model *model, const vt_scorer_options *options, const float *output,
                         const float *embedding, double *probabilities)
{
  int classes = model->classes, top = 0;
  if (!vt_score_has_class(options->score)) {
    bool embedded = options->score == VT_SCORE_SIMILARITY && embedding;
    if (probabilities) memset(probabilities, 0, (size_t)classes * sizeof *probabilities);
    return score_without_class(options, embedded ? embedding : output,
                               embedded ? model->embedding_floats : model->output_floats);
  }
  if (probabilities) vt_model_probabilities(model, output, probabilities);
  if (classes == 1 && !model->map) return score_single(model, options, output[0]);
  for (int c = 1; c < classes; c++)
    if (output[c] > output[top]) top = c;
  double sum = 1, entropy = 0, target = 0, second = 0;
  if (model->logits) {
    sum = 0;
    for (int c = 0; c < classes; c++)
      sum += exp((double)output[c] - output[top]);
  }
  for (int c = 0; c < classes; c++) {
    double p = model->logits ? exp((double)output[c] - output[top]) / sum : output[c];
    entropy += entropy_term(p);
    if (c == options->target) target = p;
    if (c == options->second) second = p;
  }
  switch (options->score) {
  case VT_SCORE_LOGIT:
    target = output[options->target];
    second = options->second >= 0 ? output[options->second] : 0;
    break;
  case VT_SCORE_LOG_PROBABILITY:
    target = log_probability(model, output, options->target, top, sum);
    second = options->second >= 0 ? log_probability(model, output, options->second, top, sum) : 0;
    break;
  case VT_SCORE_MARGIN:
    target = margin_of(model, options->contrast, options->target, output);
    second = options->second >= 0 ? margin_of(model, options->contrast, options->second, output) : 0;
    break;
  default:
    break;
  }
  return (vt_scored){
      .target = target, .second = second, .confidence = 1 - entropy / log(classes), .top = top};
}
