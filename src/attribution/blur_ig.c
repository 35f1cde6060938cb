/* SPDX-License-Identifier: Apache-2.0
 *
 * Blur integrated gradients: the path leads from a blurred picture to the sharp one, through all scales
 * between. Xu, Venugopalan, Sundararajan: "Attribution in Scale and Space", arXiv 2004.03383 (2020).
 *
 * The integral over the scale is taken by the trapezoid rule in the picture, not in the scale: between
 * neighbouring levels the mean of their gradients times the difference of their pictures. A linear model is
 * then explained exactly whatever the levels.
 */
#include <math.h>

#include "attribution/gradients.h"
#include "attribution/methods.h"

typedef struct settings {
  double max_sigma;
  int64_t n_steps;
  int spacing;
} settings;

enum { LINEAR, QUADRATIC };

static const vt_field fields[] = {
    {"max_sigma", VT_FIELD_REAL, offsetof(settings, max_sigma), "50", VT_RANGE(0.01, 10000),
     .help = "standard deviation of the strongest blur, in pixels of the model's input"},
    {"n_steps", VT_FIELD_INT, offsetof(settings, n_steps), "50", VT_RANGE(1, 10000),
     .help = "steps between no blur and the strongest", .aliases = "steps"},
    {"spacing", VT_FIELD_CHOICE, offsetof(settings, spacing), "quadratic", .choices = "linear|quadratic",
     .help = "how the standard deviation grows with the step: evenly, or as its square (fine where details "
             "vanish)"},
};

/* ---- blur ---- */

/* transposed[j·size + i]: share of pixel j in blurred pixel i; kernel cut at 4σ, edges repeated. */
static void blur_matrix(double sigma, int size, double *transposed)
{
  int radius = (int)(4 * sigma + 0.5);
  memset(transposed, 0, (size_t)size * (size_t)size * sizeof *transposed);
  double total = 0;
  for (int d = -radius; d <= radius; d++)
    total += exp(-0.5 * d * d / (sigma * sigma));
  for (int i = 0; i < size; i++)
    for (int d = -radius; d <= radius; d++) {
      int j = i + d < 0 ? 0 : i + d >= size ? size - 1 : i + d;
      transposed[(size_t)j * (size_t)size + (size_t)i] += exp(-0.5 * d * d / (sigma * sigma)) / total;
    }
}

/* What the picture is made of: [outer, size, inner] along the axis that is blurred. */
static void blur_axis(const double *in, size_t outer, size_t size, size_t inner, const double *transposed,
                      double *out)
{
  memset(out, 0, outer * size * inner * sizeof *out);
  for (size_t o = 0; o < outer; o++)
    for (size_t j = 0; j < size; j++) {
      const double *from = in + (o * size + j) * inner, *share = transposed + j * size;
      double *to = out + o * size * inner;
      if (inner == 1) {
        for (size_t i = 0; i < size; i++)
          to[i] += share[i] * from[0];
        continue;
      }
      for (size_t i = 0; i < size; i++)
        for (size_t k = 0; share[i] != 0 && k < inner; k++)
          to[i * inner + k] += share[i] * from[k];
    }
}

/* The varying tensor seen as planes × height × width × interleaved channels. */
typedef struct layout {
  size_t planes, height, width, interleaved;
} layout;

static layout layout_of(const vt_task *task)
{
  int channels, height, width;
  vt_model_input_size(task->model, &channels, &height, &width);
  bool last = vt_model_preprocess(task->model)->channels_last;
  return (layout){last ? 1 : (size_t)channels, (size_t)height, (size_t)width, last ? (size_t)channels : 1};
}

/* Levels 0 (sharp) … n [n + 1, floats]. */
static vt_status make_levels(vt_ctx *ctx, const vt_task *task, const settings *set, double *levels)
{
  layout l = layout_of(task);
  size_t floats = vt_subject_floats(task->subject), side = l.height > l.width ? l.height : l.width;
  double *matrix = vt_alloc_zero(ctx, side * side, sizeof *matrix);
  double *rows = vt_alloc_zero(ctx, floats, sizeof *rows);
  vt_status status = matrix && rows ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < floats; i++)
    levels[i] = (double)task->input[i];
  for (int64_t step = 1; status == VT_OK && step <= set->n_steps; step++) {
    double t = (double)step / (double)set->n_steps;
    double sigma = set->max_sigma * (set->spacing == QUADRATIC ? t * t : t);
    blur_matrix(sigma, (int)l.width, matrix);
    blur_axis(levels, l.planes * l.height, l.width, l.interleaved, matrix, rows);
    blur_matrix(sigma, (int)l.height, matrix);
    blur_axis(rows, l.planes, l.height, l.width * l.interleaved, matrix, levels + (size_t)step * floats);
    status = vt_check_cancel(ctx);
  }
  vt_free(matrix);
  vt_free(rows);
  return status;
}

/* ---- path ---- */

typedef struct scales {
  const double *levels; /* [last + 1, floats] */
  size_t floats;
  int last;
} scales;

static double point(const void *user, int item, size_t i)
{
  const scales *s = user;
  return s->levels[(size_t)item * s->floats + i];
}

/* Half of what the picture gains on both sides of the level. */
static double gain(const void *user, int item, size_t i)
{
  const scales *s = user;
  int sharper = item > 0 ? item - 1 : 0, softer = item < s->last ? item + 1 : s->last;
  return (point(user, sharper, i) - point(user, softer, i)) / 2;
}

static double end(const void *user, int item, size_t i)
{
  const scales *s = user;
  return point(user, item ? s->last : 0, i);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  size_t floats = vt_subject_floats(task->subject), count = (size_t)set->n_steps + 1, numbers;
  double scores[2];
  if (!vt_size_mul(floats, count, &numbers))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%zu blurred pictures are too many", count);
  double *levels = vt_alloc_zero(ctx, numbers, sizeof *levels);
  double *weights = vt_alloc_zero(ctx, count, sizeof *weights);
  double *sum = vt_alloc_zero(ctx, floats, sizeof *sum);
  vt_status status = levels && weights && sum ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  VT_TRY_DONE(make_levels(ctx, task, set, levels));
  for (size_t i = 0; i < count; i++)
    weights[i] = 1;
  scales s = {levels, floats, (int)set->n_steps};
  VT_TRY_DONE(vt_score_points(ctx, task, explanation, 2, end, &s, scores));
  vt_gradient_sums sums = {
      .count = (int)count, .point = point, .factor = gain, .weights = weights, .user = &s, .sum = sum};
  VT_TRY_DONE(vt_gradient_sum(ctx, task, explanation, &sums));
  status = vt_map_set_complete(ctx, task, explanation, sum, scores[0] - scores[1]);
done:
  vt_free(levels);
  vt_free(weights);
  vt_free(sum);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_steps + 3;
}

const vt_method vt_method_blur_ig = {
    .id = "blur-ig",
    .aliases = "BlurIG|blur-integrated-gradients",
    .title = "Blur integrated gradients",
    .summary =
        "Integrated gradients on the path from a blurred picture to the sharp one: no colour is taken for "
        "nothing, and the map adds up to what sharpness gave the score. It explains details against their "
        "surroundings; a class that is already seen in the blurred picture (a colour, a large shape) has "
        "little "
        "left to share out.",
    .citation = "Xu, S., Venugopalan, S., Sundararajan, M. (2020). Attribution in Scale and Space. CVPR. "
                "arXiv:2004.03383.",
    .cost = "n_steps + 1 gradients and 2 forwards",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_PICTURE,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
