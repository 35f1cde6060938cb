/* SPDX-License-Identifier: Apache-2.0
 *
 * Infidelity (Yeh, Hsieh, Suggala, Inouye, Ravikumar, NeurIPS 2019): mean over perturbations I of the squared
 * difference between what the map says of x − I and what the score does.
 */
#include "metrics/infidelity.h"

#include <math.h>

#include "metrics/localisation.h"

typedef struct infidelity_settings {
  int noise, reading;
  int64_t samples, block;
  double sigma;
  int baseline;
} infidelity_settings;

enum { NOISE_BLOCK, NOISE_GAUSSIAN };
enum { READ_AUTO, READ_SENSITIVITY, READ_ATTRIBUTION };

static const vt_field fields[] = {
    {"noise", VT_FIELD_CHOICE, offsetof(infidelity_settings, noise), "block", .choices = "block|gaussian",
     .help = "what is taken off: the picture down to the baseline in one square, or normal noise everywhere"},
    {"samples", VT_FIELD_INT, offsetof(infidelity_settings, samples), "50", VT_RANGE(1, 1e6),
     .help = "perturbations drawn, each from the whole picture", .aliases = "n_perturb_samples"},
    {"block", VT_FIELD_INT, offsetof(infidelity_settings, block), "32", VT_RANGE(1, 65536),
     .help = "side of the square in pixels; larger than the picture is the picture"},
    {"sigma", VT_FIELD_REAL, offsetof(infidelity_settings, sigma), "0.03", VT_RANGE(0, 100),
     .help = "standard deviation of the noise as a share of the range of the normalised picture"},
    {"reading", VT_FIELD_CHOICE, offsetof(infidelity_settings, reading), "auto",
     .choices = "auto|sensitivity|attribution",
     .help = "what the map holds: rates of change (gradients), or shares of the score (most methods); auto: "
             "shares for blocks, rates for noise"},
    {"baseline", VT_FIELD_CHOICE, offsetof(infidelity_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

typedef struct weighing {
  const vt_probe *probe;
  const double *map;
  const float *attribution;
  vt_reading reading;
  vt_perturb_fn perturb;
  void *user;
  double *told;
} weighing;

static double tell(const weighing *w, const float *perturbation)
{
  const vt_probe *probe = w->probe;
  double sum = 0;
  for (size_t p = 0; p < probe->pixels; p++)
    for (int c = 0; c < probe->channels; c++) {
      size_t at = vt_probe_at(probe, p, c);
      if (perturbation[at] == 0) continue;
      double value = w->attribution ? (double)w->attribution[(size_t)c * probe->pixels + p]
                                    : w->map[p] / probe->channels;
      double step = (double)perturbation[at];
      if (w->reading == VT_READING_ATTRIBUTION) {
        double whole = (double)probe->picture[at] - (double)probe->baseline[at];
        step = whole != 0 ? step / whole : 0;
      }
      sum += value * step;
    }
  return sum;
}

/* Item 0 is the whole picture. What the map says is worked out here, where the perturbation is at hand. */
static void compose(void *user, int item, float *input)
{
  const weighing *w = user;
  memset(input, 0, w->probe->floats * sizeof *input);
  if (item > 0) {
    w->perturb(w->user, item - 1, input);
    w->told[item - 1] = tell(w, input);
  }
  for (size_t i = 0; i < w->probe->floats; i++)
    input[i] = w->probe->picture[i] - input[i];
}

vt_status vt_infidelity_weigh(vt_ctx *ctx, const vt_probe *probe, const double *map, const float *attribution,
                              vt_reading reading, vt_perturb_fn perturb, void *user, int count, double *told,
                              double *drops)
{
  weighing w = {probe, map, attribution, reading, perturb, user, told};
  double *scores = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *scores);
  vt_status status = scores ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_probe_score(ctx, probe, count + 1, compose, &w, scores, NULL);
  for (int i = 0; status == VT_OK && i < count; i++)
    drops[i] = scores[0] - scores[i + 1];
  vt_free(scores);
  return status;
}

void vt_infidelity_of(const double *told, const double *drops, int count, double *raw, double *scaled,
                      double *beta)
{
  double product = 0, square = 0, sum = 0, sum_scaled = 0;
  for (int i = 0; i < count; i++) {
    product += told[i] * drops[i];
    square += told[i] * told[i];
  }
  *beta = square > 0 ? product / square : 0;
  for (int i = 0; i < count; i++) {
    sum += (told[i] - drops[i]) * (told[i] - drops[i]);
    sum_scaled += (*beta * told[i] - drops[i]) * (*beta * told[i] - drops[i]);
  }
  *raw = sum / count;
  *scaled = sum_scaled / count;
}

/* ---- perturbations drawn here ---- */

typedef struct drawing {
  const vt_probe *probe;
  uint64_t seed;
  int side_y, side_x; /* of the square */
  double sigma;
} drawing;

static void perturb_block(void *user, int sample, float *perturbation)
{
  const drawing *d = user;
  const vt_probe *probe = d->probe;
  uint64_t stream = vt_stream("infidelity block", (uint64_t)sample);
  int top = (int)vt_random_below(d->seed, stream, 0, (uint64_t)(probe->height - d->side_y + 1));
  int left = (int)vt_random_below(d->seed, stream, 1, (uint64_t)(probe->width - d->side_x + 1));
  for (int y = top; y < top + d->side_y; y++)
    for (int x = left; x < left + d->side_x; x++)
      for (int c = 0; c < probe->channels; c++) {
        size_t at = vt_probe_at(probe, (size_t)y * (size_t)probe->width + (size_t)x, c);
        perturbation[at] = probe->picture[at] - probe->baseline[at];
      }
}

static void perturb_gaussian(void *user, int sample, float *perturbation)
{
  const drawing *d = user;
  uint64_t stream = vt_stream("infidelity noise", (uint64_t)sample);
  for (size_t i = 0; i < d->probe->floats; i++)
    perturbation[i] = (float)(d->sigma * vt_random_normal(d->seed, stream, i));
}

static double range_of(const vt_probe *probe)
{
  float low = probe->picture[0], high = low;
  for (size_t i = 1; i < probe->floats; i++) {
    if (probe->picture[i] < low) low = probe->picture[i];
    if (probe->picture[i] > high) high = probe->picture[i];
  }
  return (double)high - (double)low;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const infidelity_settings *settings = given;
  bool blocks = settings->noise == NOISE_BLOCK;
  bool rates = settings->reading == READ_SENSITIVITY || (settings->reading == READ_AUTO && !blocks);
  if (!blocks && !rates)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "noise gaussian moves values that equal the baseline, of which a map of shares says "
                   "nothing: choose noise block, or reading sensitivity");
  vt_located located = {0};
  vt_probe probe = {0};
  int count = (int)settings->samples;
  double scaled, beta, *told = vt_alloc_zero(ctx, 2 * (size_t)count, sizeof *told);
  vt_status status = told ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, out, &located));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  drawing d = {.probe = &probe,
               .seed = task->seed,
               .side_y = settings->block < probe.height ? (int)settings->block : probe.height,
               .side_x = settings->block < probe.width ? (int)settings->block : probe.width,
               .sigma = settings->sigma * range_of(&probe)};
  VT_TRY_DONE(vt_infidelity_weigh(ctx, &probe, located.values, judged->attribution,
                                  rates ? VT_READING_SENSITIVITY : VT_READING_ATTRIBUTION,
                                  blocks ? perturb_block : perturb_gaussian, &d, count, told, told + count));
  out->calls = count + 1;
  vt_infidelity_of(told, told + count, count, &out->value, &scaled, &beta);
  vt_measure_add(out, "scaled", "with the map scaled to fit best", scaled);
  vt_measure_add(out, "beta", "the factor that fits best", beta);
done:
  vt_probe_close(&probe);
  vt_located_free(&located);
  vt_free(told);
  return status;
}

const vt_metric vt_metric_infidelity = {
    .id = "infidelity",
    .title = "Infidelity",
    .summary =
        "Mean squared difference between what the map says a perturbation costs and what it costs. Depends "
        "on "
        "the scale of the map and of the score; beside it the same after the map was scaled to fit best.",
    .citation =
        "Yeh, C.-K., Hsieh, C.-Y., Suggala, A., Inouye, D., Ravikumar, P. (2019). On the (in)fidelity "
        "and sensitivity of explanations. NeurIPS.",
    .category = "faithfulness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(infidelity_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
