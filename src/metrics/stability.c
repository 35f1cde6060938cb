/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a map moves when the picture is shaken a little: max- and average sensitivity (Yeh et al.,
 * NeurIPS 2019), local Lipschitz estimate (Alvarez-Melis, Jaakkola, NeurIPS 2018), average stability (as
 * xplique), and the relative forms (Agarwal et al., 2022) in relative_stability.c.
 */
#include <math.h>

#include "metrics/shake.h"

typedef struct stability_settings {
  int64_t samples;
  double radius;
  bool keep_answer;
} stability_settings;

#define FIELDS(count, size, what)                                                                            \
  {                                                                                                          \
    {"samples", VT_FIELD_INT,     offsetof(stability_settings, samples),                                     \
     count,     VT_RANGE(1, 1e6), .help = "shaken pictures, each explained anew"},                           \
        {"radius", VT_FIELD_REAL,        offsetof(stability_settings, radius),                               \
         size,     VT_RANGE(1e-12, 1e6), .help = what ", in the normalised picture"},                        \
    {                                                                                                        \
      "keep_answer", VT_FIELD_BOOL, offsetof(stability_settings, keep_answer), "false",                      \
          .help = "leave out shaken pictures that the model answers otherwise"                               \
    }                                                                                                        \
  }
static const vt_field sensitivity_fields[] =
    FIELDS("10", "0.02", "noise is uniform between plus and minus this");
static const vt_field lipschitz_fields[] = FIELDS("200", "0.1", "standard deviation of the normal noise");
static const vt_field stability_fields[] = FIELDS("20", "0.1", "noise is uniform between 0 and this");

typedef struct noise {
  uint64_t seed;
  double radius;
  size_t floats;
} noise;

static void perturb_both_ways(void *user, int sample, float *perturbation)
{
  const noise *n = user;
  uint64_t stream = vt_stream("sensitivity", (uint64_t)sample);
  for (size_t i = 0; i < n->floats; i++)
    perturbation[i] = (float)(n->radius * (2 * vt_random_uniform(n->seed, stream, i) - 1));
}

static void perturb_upwards(void *user, int sample, float *perturbation)
{
  const noise *n = user;
  uint64_t stream = vt_stream("stability", (uint64_t)sample);
  for (size_t i = 0; i < n->floats; i++)
    perturbation[i] = (float)(n->radius * vt_random_uniform(n->seed, stream, i));
}

static void perturb_normally(void *user, int sample, float *perturbation)
{
  const noise *n = user;
  uint64_t stream = vt_stream("lipschitz", (uint64_t)sample);
  for (size_t i = 0; i < n->floats; i++)
    perturbation[i] = (float)(n->radius * vt_random_normal(n->seed, stream, i));
}

/* Of the distances between maps, over what `scale` says of each. */
typedef struct distances {
  enum { OVER_MAP, OVER_INPUT, AS_THEY_ARE } scale;
  double sum, most, base;
} distances;

static vt_status see(vt_ctx *ctx, void *user, const vt_shaken *shaken)
{
  VT_UNUSED(ctx);
  distances *d = user;
  double distance = vt_distance(shaken->map, shaken->base, shaken->size), moved = 0;
  d->base = vt_length(shaken->base, shaken->size);
  if (d->scale == OVER_MAP) distance /= d->base;
  for (size_t i = 0; d->scale == OVER_INPUT && i < shaken->floats; i++) {
    double step = (double)shaken->input[i] - (double)shaken->picture[i];
    moved += step * step;
  }
  if (d->scale == OVER_INPUT) distance /= sqrt(moved);
  d->sum += distance;
  if (!(distance <= d->most)) d->most = distance; /* NaN stays */
  return VT_OK;
}

static vt_status shake(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                       const stability_settings *settings, vt_perturb_fn perturb, distances *d, bool most,
                       vt_measure *out)
{
  vt_probe probe = {0};
  vt_shake_report report = {0};
  vt_status status = vt_probe_open(ctx, task, VT_BASELINE_ZERO, &probe);
  noise n = {task->seed, settings->radius, probe.floats};
  if (status == VT_OK)
    status = vt_shake(ctx, &probe, judged->explainer, (int)settings->samples, perturb, &n,
                      settings->keep_answer, see, d, &report);
  vt_probe_close(&probe);
  VT_TRY(status);
  out->value = most ? d->most : d->sum / report.kept;
  vt_measure_add(out, "explanations", "times the method was asked", report.kept + 2);
  vt_measure_add(out, "self", "distance of the map with other random numbers, as a share of it", report.self);
  vt_measure_add(out, "left_out", "shaken pictures that were answered otherwise",
                 (double)settings->samples - report.kept);
  if (report.kept == 0)
    return vt_measure_undefined(ctx, out, "the model answers every shaken picture otherwise");
  if (d->scale == OVER_MAP && d->base == 0)
    return vt_measure_undefined(ctx, out, "the map of the picture is zero everywhere");
  return VT_OK;
}

static vt_status measure_most(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  distances d = {.scale = OVER_MAP};
  return shake(ctx, task, judged, settings, perturb_both_ways, &d, true, out);
}

static vt_status measure_mean(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  distances d = {.scale = OVER_MAP};
  return shake(ctx, task, judged, settings, perturb_both_ways, &d, false, out);
}

static vt_status measure_lipschitz(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                   const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  distances d = {.scale = OVER_INPUT};
  return shake(ctx, task, judged, settings, perturb_normally, &d, true, out);
}

static vt_status measure_stability(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                   const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  distances d = {.scale = AS_THEY_ARE};
  return shake(ctx, task, judged, settings, perturb_upwards, &d, false, out);
}

const vt_metric vt_metric_max_sensitivity = {
    .id = "max-sensitivity",
    .title = "Max-sensitivity",
    .summary = "Largest distance, over slightly shaken pictures, of the map from the picture's own, as a "
               "share of the "
               "length of that one. Low for maps that do not look at the picture at all, too.",
    .citation =
        "Yeh, C.-K., Hsieh, C.-Y., Suggala, A., Inouye, D., Ravikumar, P. (2019). On the (in)fidelity and "
        "sensitivity of explanations. NeurIPS.",
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .settings_size = sizeof(stability_settings),
    .fields = sensitivity_fields,
    .field_count = VT_COUNT(sensitivity_fields),
    .run = measure_most,
};

const vt_metric vt_metric_avg_sensitivity = {
    .id = "avg-sensitivity",
    .title = "Average sensitivity",
    .summary =
        "Mean distance, over slightly shaken pictures, of the map from the picture's own, as a share of the "
        "length of that one.",
    .citation =
        "Yeh, C.-K., Hsieh, C.-Y., Suggala, A., Inouye, D., Ravikumar, P. (2019). On the (in)fidelity and "
        "sensitivity of explanations. NeurIPS.",
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .settings_size = sizeof(stability_settings),
    .fields = sensitivity_fields,
    .field_count = VT_COUNT(sensitivity_fields),
    .run = measure_mean,
};

const vt_metric vt_metric_local_lipschitz = {
    .id = "local-lipschitz",
    .title = "Local Lipschitz estimate",
    .summary = "Largest ratio, over pictures shaken by normal noise, of how far the map moves to how far the "
               "picture "
               "does. It has the map's unit: only maps of one method compare.",
    .citation = "Alvarez-Melis, D., Jaakkola, T. (2018). On the robustness of interpretability methods. "
                "arXiv:1806.08049.",
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .settings_size = sizeof(stability_settings),
    .fields = lipschitz_fields,
    .field_count = VT_COUNT(lipschitz_fields),
    .run = measure_lipschitz,
};

const vt_metric vt_metric_average_stability = {
    .id = "average-stability",
    .title = "Average stability",
    .summary =
        "Mean distance of the map from the picture's own over pictures made brighter by uniform noise, as "
        "xplique has it. It has the map's unit: only maps of one method compare.",
    .citation = "Bhatt, U., Weller, A., Moura, J. (2020). Evaluating and aggregating feature-based model "
                "explanations. IJCAI.",
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .settings_size = sizeof(stability_settings),
    .fields = stability_fields,
    .field_count = VT_COUNT(stability_fields),
    .run = measure_stability,
};
