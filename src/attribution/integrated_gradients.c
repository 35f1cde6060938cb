/* SPDX-License-Identifier: Apache-2.0
 *
 * Integrated gradients: the mean gradient on the straight line from a baseline to the input, times their
 * difference. Sundararajan, Taly, Yan: "Axiomatic Attribution for Deep Networks", arXiv 1703.01365 (2017).
 */
#include "attribution/gradients.h"
#include "attribution/methods.h"
#include "math/quadrature.h"

typedef struct settings {
  int64_t n_steps;
  int quadrature;
  char *baseline;
} settings;

static const vt_field fields[] = {
    {"n_steps", VT_FIELD_INT, offsetof(settings, n_steps), "50", VT_RANGE(1, 100000),
     .help = "points on the path, a gradient each", .aliases = "steps"},
    {"quadrature", VT_FIELD_CHOICE, offsetof(settings, quadrature), "gauss-legendre",
     .choices = VT_QUADRATURE_CHOICES,
     .help =
         "where the points lie and what they weigh; riemann-trapezoid is captum's, whose weights add up to "
         "(n-1)/n"},
    {"baseline", VT_FIELD_STRING, offsetof(settings, baseline), "zero", .help = VT_BASELINE_HELP,
     .aliases = "baseline_mode|baselines"},
};

typedef struct path {
  const float *input, *baseline;
  const double *places;
} path;

static double point(const void *user, int item, size_t i)
{
  const path *line = user;
  double from = (double)line->baseline[i];
  return from + line->places[item] * ((double)line->input[i] - from);
}

/* Item 0: the baseline, 1: the input. */
static double end(const void *user, int item, size_t i)
{
  const path *line = user;
  return (double)(item ? line->input[i] : line->baseline[i]);
}

static vt_status integrate(vt_ctx *ctx, const vt_task *task, const settings *set, float *baseline,
                           double *places, double *sum, vt_explanation *explanation)
{
  double scores[2];
  size_t floats = vt_subject_floats(task->subject);
  int steps = (int)set->n_steps;
  path line = {task->input, baseline, places};
  VT_TRY(vt_baseline_make(ctx, task, set->baseline, baseline));
  VT_TRY(vt_quadrature_make(ctx, (vt_quadrature)set->quadrature, steps, places, places + steps));
  VT_TRY(vt_score_points(ctx, task, explanation, 2, end, &line, scores));
  vt_gradient_sums sums = {
      .count = steps, .point = point, .weights = places + steps, .user = &line, .sum = sum};
  VT_TRY(vt_gradient_sum(ctx, task, explanation, &sums));
  for (size_t i = 0; i < floats; i++)
    sum[i] *= (double)task->input[i] - (double)baseline[i];
  return vt_map_set_complete(ctx, task, explanation, sum, scores[1] - scores[0]);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  size_t floats = vt_subject_floats(task->subject);
  float *baseline = vt_alloc_zero(ctx, floats, sizeof *baseline);
  double *places = vt_alloc_zero(ctx, 2 * (size_t)set->n_steps, sizeof *places);
  double *sum = vt_alloc_zero(ctx, floats, sizeof *sum);
  vt_status status = baseline && places && sum ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = integrate(ctx, task, set, baseline, places, sum, explanation);
  vt_free(baseline);
  vt_free(places);
  vt_free(sum);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_steps + 2;
}

static const vt_method_preset presets[] = {
    {"captum", "n_steps=50 quadrature=gauss-legendre baseline=zero"},
    {"lima-paper", "n_steps=80 quadrature=trapezoid baseline=zero"},
    {"xplique", "n_steps=50 quadrature=trapezoid baseline=zero"},
};

const vt_method vt_method_integrated_gradients = {
    .id = "integrated-gradients",
    .aliases = "IntegratedGradients|ig",
    .title = "Integrated gradients",
    .summary =
        "Shares out the difference between the score of the input and of a baseline; the map adds up to it, "
        "and "
        "how nearly is always reported. Depends on the baseline: pixels that equal it get nothing, so do not "
        "use black where dark things matter. Few steps on a deep network are far from converged.",
    .citation = "Sundararajan, M., Taly, A., Yan, Q. (2017). Axiomatic Attribution for Deep Networks. ICML. "
                "arXiv:1703.01365.",
    .cost = "n_steps gradients and 2 forwards",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .presets = presets,
    .preset_count = VT_COUNT(presets),
    .run = run,
    .calls = calls,
};
