/* SPDX-License-Identifier: Apache-2.0
 *
 * Guided integrated gradients: the path from the baseline to the input goes first where the gradient is
 * small, so that noise of saturated and steep places is not picked up. Kapishnikov, Venugopalan, Avci,
 * Wedin, Terry, Bolukbasi: "Guided Integrated Gradients: An Adaptive Path Method for Removing Noise", arXiv
 * 2106.09788 (2021).
 *
 * Along the path the distance to the input (sum of absolute differences) falls by the same amount in every
 * step. In a step the elements with the smallest absolute gradient move, as a share `fraction` of all, but
 * none leaves the band of ± max_dist around the straight path (the anchors).
 */
#include <math.h>

#include "attribution/gradients.h"
#include "attribution/methods.h"

typedef struct settings {
  int64_t n_steps;
  double fraction, max_dist;
  char *baseline;
} settings;

static const vt_field fields[] = {
    {"n_steps", VT_FIELD_INT, offsetof(settings, n_steps), "200", VT_RANGE(1, 100000),
     .help = "steps of the path, a gradient each, one after the other", .aliases = "steps|x_steps"},
    {"fraction", VT_FIELD_REAL, offsetof(settings, fraction), "0.25", VT_RANGE(0.0001, 1),
     .help = "share of the elements that move at a time, those of the smallest gradient"},
    {"max_dist", VT_FIELD_REAL, offsetof(settings, max_dist), "0.02", VT_RANGE(0, 1),
     .help = "how far an element may run ahead of the straight path or stay behind, as a share of the path"},
    {"baseline", VT_FIELD_STRING, offsetof(settings, baseline), "black", .help = VT_BASELINE_HELP,
     .aliases = "baselines"},
};

typedef struct walk {
  const float *input, *baseline;
  size_t floats;
  double *now;      /* where the path is */
  double *gradient; /* there */
  double *reach;    /* where each element may go in this step */
  double *sizes;    /* scratch: absolute gradients of those that may move */
  double *map;
} walk;

static double point(const void *user, int item, size_t i)
{
  VT_UNUSED(item);
  return ((const walk *)user)->now[i];
}

static double end(const void *user, int item, size_t i)
{
  const walk *w = user;
  return (double)(item ? w->input[i] : w->baseline[i]);
}

/* The element of rank `rank` (0: smallest); reorders. Partition in three, so that many equal values (all that
 * have arrived) cost one round. */
static double select_rank(double *values, size_t count, size_t rank)
{
  size_t low = 0, high = count; /* the element is in [low, high) */
  for (;;) {
    double pivot = values[low + (high - low) / 2];
    size_t below = low, at = low, above = high;
    while (at < above) {
      double value = values[at];
      if (value < pivot) {
        values[at++] = values[below];
        values[below++] = value;
      } else if (value > pivot) {
        values[at] = values[--above];
        values[above] = value;
      } else
        at++;
    }
    if (rank < below)
      high = below;
    else if (rank >= above)
      low = above;
    else
      return pivot;
  }
}

static double distance_left(const walk *w)
{
  double sum = 0;
  for (size_t i = 0; i < w->floats; i++)
    sum += fabs((double)w->input[i] - w->now[i]);
  return sum;
}

static void move(walk *w, size_t i, double to)
{
  w->map[i] += (to - w->now[i]) * w->gradient[i];
  w->now[i] = to;
}

/* The absolute gradient up to which elements move: the quantile `fraction` of all elements (lower of two
 * neighbours), those that have reached their end counting as infinite. */
static double threshold_of(walk *w, double fraction)
{
  for (size_t i = 0; i < w->floats; i++)
    w->sizes[i] = w->now[i] == w->reach[i] ? INFINITY : fabs(w->gradient[i]);
  return select_rank(w->sizes, w->floats, (size_t)floor(fraction * (double)(w->floats - 1)));
}

/* Brings those up that stayed behind the band, and sets how far the others may go. */
static void enter_band(walk *w, double low, double high)
{
  for (size_t i = 0; i < w->floats; i++) {
    double from = (double)w->baseline[i], all = (double)w->input[i] - from;
    w->reach[i] = from + high * all;
    if (all != 0 && (w->now[i] - from) / all < low) move(w, i, from + low * all);
  }
}

/* Moves towards `target`, the distance that shall be left. Each round moves all of its elements to their
 * reach or, in the last, part of the way; a round that moves nobody (all have arrived) ends it. */
static void step_to(walk *w, double fraction, double target)
{
  for (;;) {
    double left = distance_left(w), gain = 0;
    if (left - target <= 1e-9 * fmax(fabs(left), 1)) return;
    double threshold = threshold_of(w, fraction);
    if (isinf(threshold)) { /* fewer than the share can move: all that can */
      threshold = -1;
      for (size_t i = 0; i < w->floats; i++)
        if (!isinf(w->sizes[i])) threshold = fmax(threshold, w->sizes[i]);
      if (threshold < 0) return;
    }
    for (size_t i = 0; i < w->floats; i++)
      if (w->now[i] != w->reach[i] && fabs(w->gradient[i]) <= threshold)
        gain += fabs(w->reach[i] - w->now[i]);
    double part = gain > 0 ? (left - target) / gain : 2;
    for (size_t i = 0; i < w->floats; i++)
      if (w->now[i] != w->reach[i] && fabs(w->gradient[i]) <= threshold)
        move(w, i, part > 1 ? w->reach[i] : w->now[i] + part * (w->reach[i] - w->now[i]));
    if (part <= 1) return;
  }
}

static vt_status walk_path(vt_ctx *ctx, const vt_task *task, const settings *set, walk *w,
                           vt_explanation *explanation)
{
  double all = 0;
  for (size_t i = 0; i < w->floats; i++) {
    w->now[i] = (double)w->baseline[i];
    all += fabs((double)w->input[i] - w->now[i]);
  }
  for (int64_t step = 1; step <= set->n_steps; step++) {
    double t = (double)step / (double)set->n_steps;
    memset(w->gradient, 0, w->floats * sizeof *w->gradient);
    vt_gradient_sums one = {.count = 1, .point = point, .user = w, .sum = w->gradient};
    VT_TRY(vt_gradient_sum(ctx, task, explanation, &one));
    enter_band(w, fmax(t - set->max_dist, 0), fmin(t + set->max_dist, 1));
    step_to(w, set->fraction, all * (1 - t));
  }
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  size_t floats = vt_subject_floats(task->subject);
  double scores[2];
  float *baseline = vt_alloc_zero(ctx, floats, sizeof *baseline);
  double *room = vt_alloc_zero(ctx, floats, 5 * sizeof *room);
  vt_status status = baseline && room ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  walk w = {task->input,       baseline,          floats,           room, room + floats,
            room + 2 * floats, room + 3 * floats, room + 4 * floats};
  VT_TRY_DONE(vt_baseline_make(ctx, task, set->baseline, baseline));
  VT_TRY_DONE(vt_score_points(ctx, task, explanation, 2, end, &w, scores));
  VT_TRY_DONE(walk_path(ctx, task, set, &w, explanation));
  status = vt_map_set_complete(ctx, task, explanation, w.map, scores[1] - scores[0]);
done:
  vt_free(baseline);
  vt_free(room);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_steps + 2;
}

const vt_method vt_method_guided_ig = {
    .id = "guided-ig",
    .aliases = "GuidedIG|guided-integrated-gradients",
    .title = "Guided integrated gradients",
    .summary =
        "Integrated gradients on a path of its own choosing, which changes pixels of small gradient first "
        "and "
        "stays near the straight one: less noise on flat areas. The path depends on the model, so two models "
        "cannot be compared with it, and its steps cannot run side by side: slow.",
    .citation =
        "Kapishnikov, A. et al. (2021). Guided Integrated Gradients: An Adaptive Path Method for Removing "
        "Noise. CVPR. arXiv:2106.09788.",
    .cost = "n_steps gradients one after the other and 2 forwards",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
