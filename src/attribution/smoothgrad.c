/* SPDX-License-Identifier: Apache-2.0
 *
 * SmoothGrad, its square, and the variance of its gradients: what is left of a gradient when the input is
 * shaken. Smilkov, Thorat, Kim, Viégas, Wattenberg: "SmoothGrad: removing noise by adding noise", arXiv
 * 1706.03825 (2017); Hooker et al.: "A Benchmark for Interpretability Methods in Deep Neural Networks", arXiv
 * 1806.10758 (2019), for the square; Adebayo et al.: "Local Explanation Methods for Deep Neural Networks Lack
 * Sensitivity to Parameter Values", arXiv 1810.03307 (2018), for the variance.
 */
#include <math.h>

#include "attribution/gradients.h"
#include "attribution/methods.h"

typedef struct settings {
  int64_t n_samples;
  double noise_level, stdevs;
  char *noise;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "50", VT_RANGE(1, 1000000),
     .help = "noisy copies, a gradient each", .aliases = "nb_samples|nt_samples"},
    {"noise_level", VT_FIELD_REAL, offsetof(settings, noise_level), "0.15", VT_RANGE(0, 100),
     .help = "standard deviation of the noise as a share of largest less smallest value of the input, after "
             "normalisation",
     .aliases = "stdev_spread"},
    {"stdevs", VT_FIELD_REAL, offsetof(settings, stdevs), "0", VT_RANGE(0, 1e6),
     .help = "the same in units of the normalised input, as captum and xplique mean it; 0: by noise_level",
     .aliases = "sigma"},
    {"noise", VT_FIELD_STRING, offsetof(settings, noise),
     .help = "file of standard normal numbers [n_samples, C, H, W] (.npy) in place of seeded ones"},
};

typedef struct shaken {
  const vt_task *task;
  const double *noise; /* [n_samples, floats], planes; NULL: seeded */
  size_t floats;
  double deviation;
} shaken;

static double point(const void *user, int item, size_t i)
{
  const shaken *s = user;
  size_t at = vt_plane_index(s->task, i);
  double z = s->noise ? s->noise[(size_t)item * s->floats + at]
                      : vt_random_normal(s->task->seed, vt_stream("smoothgrad", (uint64_t)item), at);
  return (double)s->task->input[i] + s->deviation * z;
}

static double value_range(const float *input, size_t count)
{
  float low = input[0], high = input[0];
  for (size_t i = 1; i < count; i++) {
    if (input[i] < low) low = input[i];
    if (input[i] > high) high = input[i];
  }
  return (double)high - (double)low;
}

/* Σ g/n and, where wanted, Σ g²/n. */
static vt_status shake(vt_ctx *ctx, const vt_task *task, const settings *set, vt_explanation *explanation,
                       double *mean, double *squares)
{
  size_t floats = vt_subject_floats(task->subject), numbers;
  double *noise = NULL;
  if (!vt_size_mul(floats, (size_t)set->n_samples, &numbers))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%lld samples are too many", (long long)set->n_samples);
  if (set->noise) VT_TRY(vt_numbers_read(ctx, "noise", set->noise, numbers, &noise));
  double deviation = set->stdevs > 0 ? set->stdevs : set->noise_level * value_range(task->input, floats);
  shaken s = {task, noise, floats, deviation};
  vt_gradient_sums sums = {
      .count = (int)set->n_samples, .point = point, .user = &s, .sum = mean, .squares = squares};
  vt_status status = vt_gradient_sum(ctx, task, explanation, &sums);
  vt_free(noise);
  return status;
}

enum { MEAN, SQUARE, VARIANCE };

static vt_status run_kind(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation,
                          int kind)
{
  size_t floats = vt_subject_floats(task->subject);
  double *mean = vt_alloc_zero(ctx, floats, sizeof *mean);
  double *squares = kind == MEAN ? NULL : vt_alloc_zero(ctx, floats, sizeof *squares);
  vt_status status = mean && (squares || kind == MEAN) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = shake(ctx, task, given, explanation, mean, squares);
  if (status == VT_OK && kind == VARIANCE)
    for (size_t i = 0; i < floats; i++)
      squares[i] = fmax(0, squares[i] - mean[i] * mean[i]);
  if (status == VT_OK)
    status = vt_map_set(ctx, task, explanation, kind == MEAN ? mean : squares,
                        kind == MEAN ? VT_REDUCE_ABS_MAX : VT_REDUCE_SUM);
  vt_free(mean);
  vt_free(squares);
  return status;
}

static vt_status run_mean(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  return run_kind(ctx, task, given, explanation, MEAN);
}

static vt_status run_square(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  return run_kind(ctx, task, given, explanation, SQUARE);
}

static vt_status run_variance(vt_ctx *ctx, const vt_task *task, const void *given,
                              vt_explanation *explanation)
{
  return run_kind(ctx, task, given, explanation, VARIANCE);
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_samples;
}

static const vt_method_preset presets[] = {
    {"captum", "n_samples=5 stdevs=1"},
    {"lima-paper", "n_samples=80 stdevs=0.2"},
    {"xplique", "n_samples=50 stdevs=0.2"},
};

const vt_method vt_method_smoothgrad = {
    .id = "smoothgrad",
    .aliases = "SmoothGrad|smooth-grad|NoiseTunnel",
    .title = "SmoothGrad: mean gradient under noise",
    .summary =
        "The signed gradient averaged over noisy copies of the input: the gradient of a smoothed model. "
        "Steadier to look at than saliency, but it explains the model's answers to noisy pictures; with much "
        "noise these are no longer the answer in question.",
    .citation = "Smilkov, D. et al. (2017). SmoothGrad: removing noise by adding noise. arXiv:1706.03825.",
    .cost = "n_samples gradients",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .presets = presets,
    .preset_count = VT_COUNT(presets),
    .run = run_mean,
    .calls = calls,
    .samples = "n_samples",
};

const vt_method vt_method_smoothgrad_sq = {
    .id = "smoothgrad-sq",
    .aliases = "SquareGrad|smoothgrad_square|smoothgrad-squared",
    .title = "SmoothGrad squared: mean squared gradient under noise",
    .summary =
        "The mean of the squared gradients over noisy copies: where the score is sensitive at all, in either "
        "direction. Ranks pixels better than smoothgrad in removal benchmarks; says nothing about the sign, "
        "so "
        "not for asking what speaks against a class.",
    .citation = "Hooker, S. et al. (2019). A Benchmark for Interpretability Methods in Deep Neural Networks. "
                "NeurIPS. arXiv:1806.10758.",
    .cost = "n_samples gradients",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run_square,
    .calls = calls,
    .samples = "n_samples",
};

const vt_method vt_method_vargrad = {
    .id = "vargrad",
    .aliases = "VarGrad|var-grad",
    .title = "VarGrad: variance of the gradient under noise",
    .summary =
        "The variance (over n, as in captum) of the gradient over noisy copies: where the gradient cannot be "
        "trusted. High where the model is strongly curved; a pixel that matters in a linear way gets "
        "nothing, "
        "so it is no measure of importance on simple models.",
    .citation =
        "Adebayo, J. et al. (2018). Local Explanation Methods for Deep Neural Networks Lack Sensitivity "
        "to Parameter Values. arXiv:1810.03307.",
    .cost = "n_samples gradients",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run_variance,
    .calls = calls,
    .samples = "n_samples",
};
