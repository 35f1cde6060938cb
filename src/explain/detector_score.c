/* SPDX-License-Identifier: Apache-2.0
 *
 * Boxes of proposals and the D-RISE score, with derivatives in closed form.
 */
#include "explain/detector_proposal.h"

#include <math.h>

/* ---- numbers ---- */

static size_t place(const vt_detector_role *role, size_t p, int k)
{
  return role->start + p * role->step + (size_t)k * role->stride;
}

double vt_proposal_number(const vt_detector *detector, const vt_detector_role *role, const vt_values *values,
                          size_t p, int k, bool scored)
{
  size_t at = place(role, p, k);
  double value = values->f32 ? (double)values->f32[at] : values->f64[at];
  return scored && detector->settings->sigmoid ? 1 / (1 + exp(-value)) : value;
}

/* Derivative of a scored number by the raw one, from its value. */
static double slope(const vt_detector *detector, double value)
{
  return detector->settings->sigmoid ? value * (1 - value) : 1;
}

/* ---- boxes ---- */

static double side_of(const vt_detector_settings *s, double number)
{
  switch (s->size_form) {
  case VT_SIZE_LOG_CELLS:
    return exp(number) * s->stride;
  case VT_SIZE_CELLS:
    return number * s->stride;
  default:
    return number;
  }
}

/* Axis 0 is the horizontal. Channel of a centre map that is this axis's. */
static int channel(const vt_detector_settings *s, int axis)
{
  return s->vertical_first ? 1 - axis : axis;
}

static void centre_box(const vt_detector *detector, const vt_values *values, size_t p, double box[4])
{
  const vt_detector_settings *s = detector->settings;
  for (int axis = 0; axis < 2; axis++) {
    double cell = (double)(axis ? p / (size_t)detector->columns : p % (size_t)detector->columns);
    double offset = detector->offsets.present
                        ? vt_proposal_number(detector, &detector->offsets, values, p, channel(s, axis), false)
                        : 0;
    double side =
        side_of(s, vt_proposal_number(detector, &detector->boxes, values, p, channel(s, axis), false));
    double centre = (cell + offset + s->centre) * s->stride;
    box[axis] = centre - side / 2;
    box[axis + 2] = centre + side / 2;
  }
}

static double unit(const vt_detector *detector, int axis)
{
  return !detector->settings->relative ? 1 : axis ? detector->height : detector->width;
}

void vt_proposal_box(const vt_detector *detector, const vt_values *values, size_t p, double box[4])
{
  const vt_detector_settings *s = detector->settings;
  if (s->kind == VT_DETECTOR_CENTRE_MAP) {
    centre_box(detector, values, p, box);
    return;
  }
  for (int axis = 0; axis < 2; axis++) {
    double first = vt_proposal_number(detector, &detector->boxes, values, p, axis, false),
           second = vt_proposal_number(detector, &detector->boxes, values, p, axis + 2, false);
    double low = s->box_form == VT_BOX_CENTRE ? first - second / 2 : first;
    double high = s->box_form == VT_BOX_CENTRE        ? first + second / 2
                  : s->box_form == VT_BOX_CORNER_SIZE ? first + second
                                                      : second;
    box[axis] = low * unit(detector, axis);
    box[axis + 2] = high * unit(detector, axis);
  }
}

/* From the derivative by the box to that by the raw numbers of proposal p. */
static void box_back(const vt_detector *detector, const double *values, size_t p, const double by_box[4],
                     double *gradient)
{
  const vt_detector_settings *s = detector->settings;
  vt_values from = {.f64 = values};
  for (int axis = 0; axis < 2; axis++) {
    double low = by_box[axis], high = by_box[axis + 2];
    if (s->kind == VT_DETECTOR_CENTRE_MAP) {
      int k = channel(s, axis);
      double number = vt_proposal_number(detector, &detector->boxes, &from, p, k, false);
      double rate = s->size_form == VT_SIZE_LOG_CELLS ? side_of(s, number)
                    : s->size_form == VT_SIZE_CELLS   ? s->stride
                                                      : 1;
      gradient[place(&detector->boxes, p, k)] += (high - low) / 2 * rate;
      if (detector->offsets.present) gradient[place(&detector->offsets, p, k)] += (low + high) * s->stride;
      continue;
    }
    low *= unit(detector, axis);
    high *= unit(detector, axis);
    double by_second = s->box_form == VT_BOX_CENTRE ? (high - low) / 2 : high;
    gradient[place(&detector->boxes, p, axis)] += s->box_form == VT_BOX_CORNERS ? low : low + high;
    gradient[place(&detector->boxes, p, axis + 2)] += by_second;
  }
}

/* ---- overlap ---- */

/* With its derivative by the second box; NULL: not wanted. Where two ends coincide (to a thousandth of the
 * side: a detection and itself, computed twice) the two slopes of the kink are averaged, so that boxes
 * that are one have none. */
static double overlap(const double a[4], const double b[4], double by_b[4])
{
  double side[2], own[2], other[2];
  if (by_b) memset(by_b, 0, 4 * sizeof *by_b);
  for (int axis = 0; axis < 2; axis++) {
    side[axis] = fmin(a[axis + 2], b[axis + 2]) - fmax(a[axis], b[axis]);
    other[axis] = a[axis + 2] - a[axis];
    own[axis] = b[axis + 2] - b[axis];
    if (!(side[axis] > 0) || !(own[axis] > 0) || !(other[axis] > 0) || !isfinite(own[axis])) return 0;
  }
  double shared = side[0] * side[1], whole = own[0] * own[1] + other[0] * other[1] - shared;
  for (int axis = 0; by_b && axis < 2; axis++)
    for (int end = 0; end < 2; end++) {
      double sign = end ? 1 : -1;                                     /* of how the side grows */
      double within = sign * (a[axis + 2 * end] - b[axis + 2 * end]); /* how far the end lies inside */
      double share = fabs(within) <= 1e-3 * other[axis] ? 0.5 : within > 0;
      double by_shared = share * sign * side[1 - axis], by_area = sign * own[1 - axis];
      by_b[axis + 2 * end] = (by_shared * whole - shared * (by_area - by_shared)) / (whole * whole);
    }
  return shared / whole;
}

double vt_box_overlap(const double a[4], const double b[4])
{
  return overlap(a, b, NULL);
}

/* ---- the score ---- */

typedef struct match {
  double overlap, cosine, objectness;
  double length; /* of the proposal's class scores */
  int highest;   /* class whose score is the objectness, −1: that has a number of its own */
} match;

static match match_of(const vt_wanted *wanted, const vt_values *values, size_t p)
{
  const vt_detector *detector = wanted->detector;
  match out = {.highest = -1};
  double box[4], dot = 0, square = 0, given = 0, highest = -INFINITY;
  vt_proposal_box(detector, values, p, box);
  out.overlap = vt_box_overlap(wanted->box, box);
  if (out.overlap <= 0) return out;
  for (int k = 0; k < detector->classes; k++) {
    double score = vt_proposal_number(detector, &detector->scores, values, p, k, true);
    dot += score * wanted->classes[k];
    square += score * score;
    given += wanted->classes[k] * wanted->classes[k];
    if (score <= highest) continue;
    highest = score;
    out.highest = k;
  }
  out.length = sqrt(square);
  out.cosine = square > 0 && given > 0 ? dot / (out.length * sqrt(given)) : 0;
  out.objectness = highest;
  if (detector->objectness.present) {
    out.objectness = vt_proposal_number(detector, &detector->objectness, values, p, 0, true);
    out.highest = -1;
  }
  return out;
}

static double best_match(const vt_wanted *wanted, const vt_values *values, size_t *best)
{
  double highest = 0;
  *best = wanted->detector->proposals;
  for (size_t p = 0; p < wanted->detector->proposals; p++) {
    match found = match_of(wanted, values, p);
    double score = found.overlap * found.cosine * found.objectness;
    if (!(score > highest)) continue;
    highest = score;
    *best = p;
  }
  return highest;
}

double vt_wanted_score(const vt_wanted *wanted, const float *values)
{
  size_t best;
  return best_match(wanted, &(vt_values){.f32 = values}, &best);
}

static void match_back(const vt_wanted *wanted, const double *values, size_t p, double *gradient)
{
  const vt_detector *detector = wanted->detector;
  vt_values from = {.f64 = values};
  match found = match_of(wanted, &from, p);
  double box[4], by_box[4], given = 0;
  vt_proposal_box(detector, &from, p, box);
  overlap(wanted->box, box, by_box);
  for (int i = 0; i < 4; i++)
    by_box[i] *= found.cosine * found.objectness;
  box_back(detector, values, p, by_box, gradient);
  for (int k = 0; k < detector->classes; k++)
    given += wanted->classes[k] * wanted->classes[k];
  for (int k = 0; k < detector->classes; k++) {
    double score = vt_proposal_number(detector, &detector->scores, &from, p, k, true);
    double by_score = found.overlap * found.objectness *
                      (wanted->classes[k] / sqrt(given) - found.cosine * score / found.length) / found.length;
    if (k == found.highest) by_score += found.overlap * found.cosine;
    gradient[place(&detector->scores, p, k)] += by_score * slope(detector, score);
  }
  if (detector->objectness.present)
    gradient[place(&detector->objectness, p, 0)] +=
        found.overlap * found.cosine * slope(detector, found.objectness);
}

double vt_wanted_evaluate(const vt_wanted *wanted, const double *values, double *gradient)
{
  size_t best;
  double score = best_match(wanted, &(vt_values){.f64 = values}, &best);
  if (!gradient) return score;
  memset(gradient, 0, vt_detector_floats(wanted->detector) * sizeof *gradient);
  if (best < wanted->detector->proposals) match_back(wanted, values, best, gradient);
  return score;
}
