/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/evidence.h"

#include <math.h>

static double evidence_of(double score)
{
  return exp(fmax(-VT_EVIDENCE_MOST, fmin(VT_EVIDENCE_MOST, score)));
}

static double strength(const float *scores, size_t classes)
{
  double sum = 0;
  for (size_t k = 0; k < classes; k++)
    sum += evidence_of((double)scores[k]) + 1;
  return sum;
}

double vt_evidential_uncertainty(const float *scores, size_t classes)
{
  return (double)classes / strength(scores, classes);
}

double vt_evidential_probability(const float *scores, size_t classes, size_t index)
{
  return (evidence_of((double)scores[index]) + 1) / strength(scores, classes);
}
