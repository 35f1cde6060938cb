/* SPDX-License-Identifier: Apache-2.0
 *
 * How much a map says: sparseness (Gini index; Chalasani et al. 2020), complexity (entropy; Bhatt et al.
 * 2020) and effective complexity (Nguyen, Martínez 2020), of absolute values over their maximum. None runs
 * the model.
 */
#include <math.h>

#include "math/statistics.h"
#include "metrics/localisation.h"

typedef struct effective_settings {
  double least;
} effective_settings;

static const vt_field effective_fields[] = {
    {"least", VT_FIELD_REAL, offsetof(effective_settings, least), "1e-5", VT_RANGE(0, 1),
     .help = "a pixel counts above this share of the largest absolute value", .aliases = "eps"},
};

/* |values| over their maximum, in place; the maximum. A map of zeros stays one. */
static double shrink(double *values, int64_t count)
{
  double most = 0;
  for (int64_t i = 0; i < count; i++)
    most = fmax(most, fabs(values[i]));
  for (int64_t i = 0; i < count; i++)
    values[i] = most > 0 ? fabs(values[i]) / most : 0;
  return most;
}

static vt_status measure_sparseness(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                    const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, false, out, &located));
  double n = (double)located.pixels, weighted = 0, sum = 0;
  shrink(located.values, located.pixels);
  vt_sort_rising(located.values, (size_t)located.pixels);
  for (int64_t i = 0; i < located.pixels; i++) {
    double value = located.values[i] + 1e-7; /* so that a map of zeros has an index, 0 */
    weighted += (2 * (double)(i + 1) - n - 1) * value;
    sum += value;
  }
  out->value = weighted / (n * sum);
  vt_located_free(&located);
  return VT_OK;
}

static vt_status measure_complexity(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                    const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, false, out, &located));
  double sum = 0, entropy = 0;
  bool empty = shrink(located.values, located.pixels) == 0;
  for (int64_t i = 0; i < located.pixels; i++)
    sum += located.values[i];
  for (int64_t i = 0; i < located.pixels && !empty; i++) {
    double p = located.values[i] / sum;
    if (p > 0) entropy -= p * log(p);
  }
  out->value = entropy;
  vt_measure_add(out, "most", "of a constant map of this size", log((double)located.pixels));
  vt_located_free(&located);
  return empty ? vt_measure_undefined(ctx, out, "the map is zero everywhere") : VT_OK;
}

static vt_status measure_effective(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                   const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const effective_settings *settings = given;
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, false, out, &located));
  int64_t above = 0;
  shrink(located.values, located.pixels);
  for (int64_t i = 0; i < located.pixels; i++)
    above += located.values[i] > settings->least;
  out->value = (double)above;
  vt_measure_add(out, "share", "share of the picture", (double)above / (double)located.pixels);
  vt_located_free(&located);
  return VT_OK;
}

const vt_metric vt_metric_sparseness = {
    .id = "sparseness",
    .title = "Sparseness",
    .summary = "Gini index of the map's absolute values: 0 when all are equal, near 1 when one pixel has "
               "everything.",
    .citation =
        "Chalasani, P., Chen, J., Chowdhury, A. R., Jha, S., Wu, X. (2020). Concise explanations of neural "
        "networks using adversarial training. ICML.",
    .category = "complexity",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .run = measure_sparseness,
};

const vt_metric vt_metric_complexity = {
    .id = "complexity",
    .title = "Complexity",
    .summary = "Entropy of the map's absolute values as shares of their sum, in nats: 0 when one pixel has "
               "everything, the logarithm of the number of pixels when all are equal.",
    .citation = "Bhatt, U., Weller, A., Moura, J. (2020). Evaluating and aggregating feature-based model "
                "explanations. IJCAI.",
    .category = "complexity",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .run = measure_complexity,
};

const vt_metric vt_metric_effective_complexity = {
    .id = "effective-complexity",
    .title = "Effective complexity",
    .summary = "Number of pixels whose absolute value is more than a small share of the largest.",
    .citation = "Nguyen, A., Martínez, M. R. (2020). On quantitative aspects of model interpretability. "
                "arXiv:2007.07584.",
    .category = "complexity",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .settings_size = sizeof(effective_settings),
    .fields = effective_fields,
    .field_count = VT_COUNT(effective_fields),
    .run = measure_effective,
};
