/* SPDX-License-Identifier: Apache-2.0
 *
 * Does the map depend on what the model learnt, and on the class? Model parameter randomisation (Adebayo et
 * al., NeurIPS 2018; smooth and efficient forms: Hedström et al., 2023) and random logit (Sixt, Granz,
 * Landgraf, ICML 2020).
 */
#include <math.h>

#include "explain/randomise.h"
#include "math/statistics.h"
#include "metrics/probe.h"
#include "metrics/similarity.h"

typedef struct mprt_settings {
  int64_t layers;
  int order;
  int64_t samples;
  double radius;
  int64_t bins;
} mprt_settings;

enum { TOP_DOWN, BOTTOM_UP };

#define LAYERS_FIELD                                                                                         \
  {                                                                                                          \
    "layers", VT_FIELD_INT, offsetof(mprt_settings, layers), "0", VT_RANGE(0, 1e6),                          \
        .help = "steps from the first layer to all, evenly spread; 0: one for each layer"                    \
  }
#define ORDER_FIELD(which)                                                                                   \
  {                                                                                                          \
    "order", VT_FIELD_CHOICE, offsetof(mprt_settings, order), which,                                         \
        .choices = "top-down|bottom-up", .help = "where forgetting begins: at the output or at the input"    \
  }

static const vt_field plain_fields[] = {LAYERS_FIELD, ORDER_FIELD("top-down")};
static const vt_field smooth_fields[] = {
    LAYERS_FIELD,
    ORDER_FIELD("bottom-up"),
    {"samples", VT_FIELD_INT, offsetof(mprt_settings, samples), "50", VT_RANGE(1, 1e6),
     .help = "noisy pictures whose maps are averaged"},
    {"radius", VT_FIELD_REAL, offsetof(mprt_settings, radius), "0.1", VT_RANGE(0, 1e6),
     .help = "standard deviation of the noise, in the normalised picture"},
};
static const vt_field efficient_fields[] = {
    {"bins", VT_FIELD_INT, offsetof(mprt_settings, bins), "100", VT_RANGE(2, 1e6),
     .help = "bins of the histogram of the map's values"},
};

typedef struct asking {
  const vt_probe *probe;
  const vt_explainer *explainer;
  uint64_t seed;
  int64_t samples; /* 0: the picture as it is */
  double radius;
  float *input;  /* [floats] */
  double *one;   /* [size] */
  int64_t count; /* explanations asked for */
} asking;

/* The map of `model` (NULL: the model itself), averaged over noisy pictures where there are samples. */
static vt_status explain(vt_ctx *ctx, asking *a, vt_model *model, double *map)
{
  vt_again again = {.target = VT_CLASS_NONE, .model = model};
  if (a->samples == 0) {
    a->count++;
    return a->explainer->explain(ctx, a->explainer->user, &again, map);
  }
  again.input = a->input;
  memset(map, 0, a->explainer->size * sizeof *map);
  for (int64_t s = 0; s < a->samples; s++) {
    uint64_t stream = vt_stream("smooth mprt", (uint64_t)s);
    for (size_t i = 0; i < a->probe->floats; i++)
      a->input[i] = a->probe->picture[i] + (float)(a->radius * vt_random_normal(a->seed, stream, i));
    a->count++;
    VT_TRY(a->explainer->explain(ctx, a->explainer->user, &again, a->one));
    for (size_t i = 0; i < a->explainer->size; i++)
      map[i] += a->one[i] / (double)a->samples;
  }
  return VT_OK;
}

/* The map of the model without what its `count` outermost (bottom-up: innermost) layers learnt. */
static vt_status explain_without(vt_ctx *ctx, asking *a, const mprt_settings *settings, int layers, int count,
                                 double *map)
{
  vt_model *model;
  VT_TRY(vt_model_randomised(ctx, a->probe->model, settings->order == TOP_DOWN ? 0 : layers - count, count,
                             a->seed, &model));
  vt_status status = explain(ctx, a, model, map);
  vt_model_free(model);
  return status;
}

static vt_status absolute_spearman(vt_ctx *ctx, const double *a, const double *b, size_t count, double *room,
                                   double *out)
{
  for (size_t i = 0; i < count; i++) {
    room[i] = fabs(a[i]);
    room[count + i] = fabs(b[i]);
  }
  return vt_spearman(ctx, room, room + count, count, out);
}

/* Similarity after each step; the measure's scores and areas (share of the layers forgotten). */
static vt_status sweep(vt_ctx *ctx, asking *a, const mprt_settings *settings, int layers, double *maps,
                       vt_measure *out)
{
  size_t size = a->explainer->size;
  int steps = settings->layers > 0 && settings->layers < layers ? (int)settings->layers : layers, defined = 0;
  double sum = 0;
  out->points = steps + 1;
  out->scores = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->scores);
  out->areas = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->areas);
  if (!out->scores || !out->areas) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(explain(ctx, a, NULL, maps));
  out->scores[0] = 1;
  for (int t = 1; t <= steps; t++) {
    int count = (int)((int64_t)layers * t / steps);
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(explain_without(ctx, a, settings, layers, count, maps + size));
    VT_TRY(absolute_spearman(ctx, maps, maps + size, size, maps + 2 * size, &out->scores[t]));
    out->areas[t] = (double)count / layers;
    if (isnan(out->scores[t])) continue;
    sum += out->scores[t];
    defined++;
  }
  out->value = defined ? sum / defined : NAN;
  vt_measure_add(out, "last", "when every layer is forgotten", out->scores[steps]);
  vt_measure_add(out, "layers", "layers with weights", layers);
  vt_measure_add(out, "undefined", "steps with a constant map", steps - defined);
  vt_measure_add(out, "explanations", "times the method was asked", (double)a->count);
  return defined ? VT_OK : vt_measure_undefined(ctx, out, "the maps are constant");
}

static vt_status compare_entropy(vt_ctx *ctx, asking *a, const mprt_settings *settings, int layers,
                                 double *maps, vt_measure *out)
{
  size_t size = a->explainer->size;
  double before, after;
  VT_TRY(explain(ctx, a, NULL, maps));
  VT_TRY(explain_without(ctx, a, settings, layers, layers, maps + size));
  VT_TRY(vt_histogram_entropy(ctx, maps, size, (int)settings->bins, &before));
  VT_TRY(vt_histogram_entropy(ctx, maps + size, size, (int)settings->bins, &after));
  vt_measure_add(out, "before", "entropy of the map", before);
  vt_measure_add(out, "after", "entropy when every layer is forgotten", after);
  if (!(before > 0)) return vt_measure_undefined(ctx, out, "the map is constant");
  out->value = (after - before) / before;
  return VT_OK;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const mprt_settings *settings, bool entropy, vt_measure *out)
{
  int layers = vt_model_layers(task->model);
  if (layers == 0)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "this model has no layers whose weights can be drawn anew: it must be an ONNX model");
  vt_probe probe = {0};
  asking a = {.probe = &probe,
              .explainer = judged->explainer,
              .seed = task->seed,
              .samples = settings->samples,
              .radius = settings->radius};
  vt_status status;
  double *maps = vt_alloc_zero(ctx, judged->explainer->size, 5 * sizeof *maps);
  if (!maps) return VT_ERROR_OUT_OF_MEMORY;
  a.one = maps + 4 * judged->explainer->size;
  VT_TRY_DONE(vt_probe_open(ctx, task, VT_BASELINE_ZERO, &probe));
  a.input = vt_alloc_zero(ctx, probe.floats, sizeof *a.input);
  if (!a.input) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  status = entropy ? compare_entropy(ctx, &a, settings, layers, maps, out)
                   : sweep(ctx, &a, settings, layers, maps, out);
done:
  vt_free(a.input);
  vt_free(maps);
  vt_probe_close(&probe);
  return status;
}

static vt_status measure_mprt(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  return measure(ctx, task, judged, settings, false, out);
}

static vt_status measure_entropy(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                 const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  return measure(ctx, task, judged, settings, true, out);
}

/* ---- random logit ---- */

static vt_status measure_logit(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                               const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  int classes = vt_model_classes(task->model), target = vt_scorer_options_of(task->scorer)->target;
  if (classes < 2 || target < 0 || vt_model_gives_map(task->model))
    return vt_measure_undefined(ctx, out, "there is no other class");
  const vt_explainer *explainer = judged->explainer;
  size_t size = explainer->size;
  int other =
      (int)vt_random_below(task->seed, vt_stream("random logit", (uint64_t)target), 0, (uint64_t)classes - 1);
  vt_again again = {.target = VT_CLASS_NONE}, off = {.target = other >= target ? other + 1 : other};
  double *maps = vt_alloc_zero(ctx, size, 2 * sizeof *maps);
  vt_status status = maps ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = explainer->explain(ctx, explainer->user, &again, maps);
  if (status == VT_OK) status = explainer->explain(ctx, explainer->user, &off, maps + size);
  if (status == VT_OK) status = vt_spearman(ctx, maps, maps + size, size, &out->value);
  if (status == VT_OK) {
    vt_scale_to_one(maps, size);
    vt_scale_to_one(maps + size, size);
    vt_measure_add(out, "ssim", "structural similarity along the flattened maps, as Quantus",
                   vt_ssim_line(maps, maps + size, size));
    vt_measure_add(out, "other", "the other class", off.target);
    if (isnan(out->value)) status = vt_measure_undefined(ctx, out, "one of the two maps is constant");
  }
  vt_free(maps);
  return status;
}

const vt_metric vt_metric_mprt = {
    .id = "mprt",
    .title = "Parameter randomisation (MPRT)",
    .summary =
        "Spearman's correlation of the map's absolute values with those after layer upon layer has forgotten "
        "what it learnt, mean over the steps. A map that stays as it was does not show the model. The method "
        "is asked once for each layer.",
    .citation =
        "Adebayo, J., Gilmer, J., Muelly, M., Goodfellow, I., Hardt, M., Kim, B. (2018). Sanity checks for "
        "saliency maps. NeurIPS.",
    .category = "randomisation",
    .higher_is_better = false,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER | VT_NEEDS_WEIGHTS,
    .settings_size = sizeof(mprt_settings),
    .fields = plain_fields,
    .field_count = VT_COUNT(plain_fields),
    .run = measure_mprt,
};

const vt_metric vt_metric_smooth_mprt = {
    .id = "smooth-mprt",
    .title = "Smooth MPRT",
    .summary =
        "Parameter randomisation of maps that are averaged over noisy pictures, so that the noise of single "
        "maps does not look like a dependence on the model.",
    .citation = "Hedström, A., Weber, L., Lapuschkin, S., Höhne, M. (2023). Sanity checks revisited. "
                "arXiv:2401.06465.",
    .category = "randomisation",
    .higher_is_better = false,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER | VT_NEEDS_WEIGHTS,
    .settings_size = sizeof(mprt_settings),
    .fields = smooth_fields,
    .field_count = VT_COUNT(smooth_fields),
    .run = measure_mprt,
};

const vt_metric vt_metric_efficient_mprt = {
    .id = "efficient-mprt",
    .title = "Efficient MPRT",
    .summary =
        "Rise of the entropy of the histogram of the map's values when all layers have forgotten what they "
        "learnt, as a share of what it was. The method is asked twice.",
    .citation = "Hedström, A., Weber, L., Lapuschkin, S., Höhne, M. (2023). Sanity checks revisited. "
                "arXiv:2401.06465.",
    .category = "randomisation",
    .higher_is_better = true,
    .low = -1,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER | VT_NEEDS_WEIGHTS,
    .settings_size = sizeof(mprt_settings),
    .fields = efficient_fields,
    .field_count = VT_COUNT(efficient_fields),
    .run = measure_entropy,
};

const vt_metric vt_metric_random_logit = {
    .id = "random-logit",
    .title = "Random logit",
    .summary = "Spearman's correlation of the signed map with that of another class, drawn at random. A map "
               "that is the "
               "same for every class does not show what is for the target.",
    .citation = "Sixt, L., Granz, M., Landgraf, T. (2020). When explanations lie. ICML.",
    .category = "randomisation",
    .higher_is_better = false,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .run = measure_logit,
};
