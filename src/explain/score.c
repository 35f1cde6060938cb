/* SPDX-License-Identifier: Apache-2.0
 *
 * From raw outputs to the numbers that methods work with, all in f64 (01-lima §2: consistency and
 * collaboration come from the target's probability, confidence from the entropy).
 */
#include <math.h>

#include "explain/scorer_inside.h"

/* −p ln(p + 1e-7), the term of the entropy as the paper's code has it. */
static double entropy_term(double p)
{
  return -p * log(p + 1e-7);
}

static vt_scored score_single(const vt_model *model, const vt_scorer_options *options, double value)
{
  double p = model->logits ? 1 / (1 + exp(-value)) : value;
  return (vt_scored){.target = options->score == VT_SCORE_LOGIT ? value : p,
                     .confidence = 1 - (entropy_term(p) + entropy_term(1 - p)) / log(2),
                     .top = p >= 0.5 ? 0 : -1};
}

vt_scored vt_scored_from(const vt_model *model, const vt_scorer_options *options, const float *output,
                         double *probabilities)
{
  int classes = model->classes, top = 0;
  if (probabilities) vt_model_probabilities(model, output, probabilities);
  if (classes == 1) return score_single(model, options, output[0]);
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
  if (options->score == VT_SCORE_LOGIT) {
    target = output[options->target];
    second = options->second >= 0 ? output[options->second] : 0;
  }
  return (vt_scored){
      .target = target, .second = second, .confidence = 1 - entropy / log(classes), .top = top};
}
