/* SPDX-License-Identifier: Apache-2.0
 *
 * GradientSHAP: integrated gradients with random places on the path and random baselines. Lundberg, Lee: "A
 * Unified Approach to Interpreting Model Predictions", arXiv 1705.07874 (2017); Erion et al.: "Improving
 * performance of deep learning models with axiomatic attribution priors and expected gradients", arXiv
 * 1906.10670 (2021).
 */
#include "attribution/gradients.h"
#include "attribution/methods.h"

typedef struct settings {
  int64_t n_samples;
  double stdevs;
  char *baseline, *alphas;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "5", VT_RANGE(1, 1000000),
     .help = "random points, a gradient each", .aliases = "nb_samples"},
    {"stdevs", VT_FIELD_REAL, offsetof(settings, stdevs), "0", VT_RANGE(0, 1e6),
     .help = "standard deviation of noise added to the input first, in units of the normalised input"},
    {"baseline", VT_FIELD_STRING, offsetof(settings, baseline), "zero",
     .help =
         "what the picture is compared with: zero (after normalisation), black, white, mean, blur, noise or "
         "image files; several, with commas between, are drawn from at random",
     .aliases = "baselines"},
    {"alphas", VT_FIELD_STRING, offsetof(settings, alphas),
     .help = "file of n_samples places on the path from 0 to 1 (.npy) in place of seeded ones"},
};

enum { MOST_BASELINES = 64 };

typedef struct cloud {
  const vt_task *task;
  size_t floats;
  double deviation;
  const float *baselines; /* [count, floats] */
  int baseline_count;
  const double *alphas; /* [n_samples] */
  const int *chosen;    /* [n_samples] */
} cloud;

static double noisy(const cloud *c, int item, size_t i)
{
  double value = (double)c->task->input[i];
  if (c->deviation > 0)
    value += c->deviation * vt_random_normal(c->task->seed, vt_stream("gradient-shap-noise", (uint64_t)item),
                                             vt_plane_index(c->task, i));
  return value;
}

static double baseline_of(const cloud *c, int item, size_t i)
{
  return (double)c->baselines[(size_t)c->chosen[item] * c->floats + i];
}

static double point(const void *user, int item, size_t i)
{
  const cloud *c = user;
  double from = baseline_of(c, item, i);
  return from + c->alphas[item] * (noisy(c, item, i) - from);
}

static double difference(const void *user, int item, size_t i)
{
  const cloud *c = user;
  return noisy(c, item, i) - baseline_of(c, item, i);
}

/* The baselines one after the other, then the input. */
static double end(const void *user, int item, size_t i)
{
  const cloud *c = user;
  return (double)(item < c->baseline_count ? c->baselines[(size_t)item * c->floats + i] : c->task->input[i]);
}

static int count_baselines(const char *list)
{
  int count = 1;
  for (; *list; list++)
    count += *list == ',';
  return count;
}

static vt_status make_baselines(vt_ctx *ctx, const vt_task *task, const char *list, float *out)
{
  size_t floats = vt_subject_floats(task->subject);
  for (int i = 0; list; i++) {
    const char *comma = strchr(list, ',');
    char *name = vt_strndup(ctx, list, comma ? (size_t)(comma - list) : strlen(list));
    if (!name) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = vt_baseline_make(ctx, task, name, out + (size_t)i * floats);
    vt_free(name);
    VT_TRY(status);
    list = comma ? comma + 1 : NULL;
  }
  return VT_OK;
}

static vt_status draw(vt_ctx *ctx, const vt_task *task, const settings *set, int baselines, double **alphas,
                      int *chosen)
{
  size_t samples = (size_t)set->n_samples;
  if (set->alphas)
    VT_TRY(vt_numbers_read(ctx, "alphas", set->alphas, samples, alphas));
  else if (!(*alphas = vt_alloc_zero(ctx, samples, sizeof **alphas)))
    return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < samples; i++) {
    if (!set->alphas) (*alphas)[i] = vt_random_uniform(task->seed, vt_stream("gradient-shap-alpha", i), 0);
    chosen[i] =
        (int)vt_random_below(task->seed, vt_stream("gradient-shap-baseline", i), 0, (uint64_t)baselines);
  }
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  size_t floats = vt_subject_floats(task->subject);
  double scores[MOST_BASELINES + 1], expected = 0, *alphas = NULL;
  int count = count_baselines(set->baseline);
  if (count > MOST_BASELINES)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%d baselines: at most %d are possible", count,
                   MOST_BASELINES);
  float *baselines = vt_alloc_zero(ctx, (size_t)count, floats * sizeof *baselines);
  int *chosen = vt_alloc_zero(ctx, (size_t)set->n_samples, sizeof *chosen);
  double *sum = vt_alloc_zero(ctx, floats, sizeof *sum);
  vt_status status = baselines && chosen && sum ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  VT_TRY_DONE(make_baselines(ctx, task, set->baseline, baselines));
  VT_TRY_DONE(draw(ctx, task, set, count, &alphas, chosen));
  cloud c = {task, floats, set->stdevs, baselines, count, alphas, chosen};
  VT_TRY_DONE(vt_score_points(ctx, task, explanation, count + 1, end, &c, scores));
  vt_gradient_sums sums = {
      .count = (int)set->n_samples, .point = point, .factor = difference, .user = &c, .sum = sum};
  VT_TRY_DONE(vt_gradient_sum(ctx, task, explanation, &sums));
  for (int64_t i = 0; i < set->n_samples; i++)
    expected += scores[chosen[i]] / (double)set->n_samples;
  status = vt_map_set_complete(ctx, task, explanation, sum, scores[count] - expected);
done:
  vt_free(baselines);
  vt_free(chosen);
  vt_free(sum);
  vt_free(alphas);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_samples + count_baselines(set->baseline) + 1;
}

const vt_method vt_method_gradient_shap = {
    .id = "gradient-shap",
    .aliases = "GradientShap|expected-gradients",
    .title = "GradientSHAP: expected gradients",
    .summary = "Integrated gradients estimated at random points of paths from one or several baselines: "
               "Shapley values "
               "of a model that is linear between them. A Monte Carlo estimate: with a few samples the sum "
               "of the map "
               "may be far from the difference of scores (reported); for one baseline integrated-gradients "
               "is better "
               "value.",
    .citation =
        "Lundberg, S., Lee, S.-I. (2017). A Unified Approach to Interpreting Model Predictions. NeurIPS. "
        "arXiv:1705.07874.",
    .cost = "n_samples gradients, a forward for each baseline and one more",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
    .samples = "n_samples",
};
