/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs by role, and what is found in them.
 */
#include "explain/detector.h"

#include <math.h>
#include <stdlib.h>

#include "explain/detector_proposal.h"

enum { MOST_CANDIDATES = 20000, MOST_FOUND = 1000 };

/* ---- outputs ---- */

static int place_of(const vt_detector *detector, const char *name)
{
  for (int i = 0; name && i < detector->output_count; i++)
    if (strcmp(detector->names[i], name) == 0) return i;
  return -1;
}

void vt_detector_names(const vt_detector_settings *settings, vt_detector *out)
{
  const char *wanted[VT_DETECTOR_OUTPUTS] = {
      settings->scores, settings->kind == VT_DETECTOR_BOXES ? settings->boxes : settings->sizes,
      settings->kind == VT_DETECTOR_BOXES ? NULL : settings->offsets, settings->objectness};
  *out = (vt_detector){.settings = settings};
  for (int i = 0; i < VT_DETECTOR_OUTPUTS; i++)
    if (wanted[i] && place_of(out, wanted[i]) < 0) out->names[out->output_count++] = wanted[i];
}

size_t vt_detector_floats(const vt_detector *detector)
{
  size_t floats = 0;
  for (int i = 0; i < detector->output_count; i++)
    floats += detector->floats[i];
  return floats;
}

/* An output as a table, axes of length 1 left out in front. */
typedef struct table {
  int rank;
  int64_t dims[VT_MAX_RANK];
  size_t start;
} table;

static table table_of(const vt_detector *detector, int place, const int64_t dims[][VT_MAX_RANK],
                      const int *ranks, int least)
{
  table out = {0};
  int first = 0;
  while (first < ranks[place] - least && dims[place][first] == 1)
    first++;
  for (int i = first; i < ranks[place]; i++)
    out.dims[out.rank++] = dims[place][i];
  for (int i = 0; i < place; i++)
    out.start += detector->floats[i];
  return out;
}

static vt_status misfit(vt_ctx *ctx, const char *name, const table *found, const char *expected)
{
  vt_text shape = {0};
  for (int i = 0; i < found->rank; i++)
    vt_text_addf(ctx, &shape, i ? ",%lld" : "%lld", (long long)found->dims[i]);
  vt_status status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                             "output '%s', which \"detection\" of the sidecar reads, is [%s]; %s", name,
                             shape.data ? shape.data : "", expected);
  vt_text_free(&shape);
  return status;
}

/* [channels, rows, columns] of a centre map; `channels` < 0: any number, which is set. */
static vt_status map_role(vt_ctx *ctx, vt_detector *detector, const char *name,
                          const int64_t dims[][VT_MAX_RANK], const int *ranks, int64_t channels,
                          vt_detector_role *role)
{
  char expected[128];
  if (!name) return VT_OK;
  table found = table_of(detector, place_of(detector, name), dims, ranks, 3);
  bool first = !detector->proposals, fits = found.rank == 3 && (channels < 0 || found.dims[0] == channels);
  if (fits && !first)
    fits =
        found.dims[2] == detector->columns && (size_t)(found.dims[1] * found.dims[2]) == detector->proposals;
  snprintf(expected, sizeof expected, "a centre map of %s channels%s is expected",
           channels == 2   ? "2"
           : channels == 1 ? "1"
                           : "any number of",
           first ? "" : ", as large as that of the scores,");
  if (!fits) return misfit(ctx, name, &found, expected);
  if (first) {
    detector->columns = (int)found.dims[2];
    detector->proposals = (size_t)(found.dims[1] * found.dims[2]);
    detector->classes = (int)found.dims[0];
  }
  *role = (vt_detector_role){.present = true, .start = found.start, .step = 1, .stride = detector->proposals};
  return VT_OK;
}

/* [proposals, numbers] or [numbers, proposals]; a single axis is one number a proposal. */
static vt_status list_role(vt_ctx *ctx, vt_detector *detector, const char *name,
                           const int64_t dims[][VT_MAX_RANK], const int *ranks, int64_t from, int64_t count,
                           vt_detector_role *role, int64_t *left)
{
  char expected[160];
  if (!name) return VT_OK;
  table found = table_of(detector, place_of(detector, name), dims, ranks, 2);
  if (found.rank == 1) { /* [proposals] */
    found.dims[1] = detector->settings->columns ? found.dims[0] : 1;
    if (detector->settings->columns) found.dims[0] = 1;
    found.rank = 2;
  }
  int64_t rows = found.dims[0], numbers = found.dims[1];
  if (detector->settings->columns) {
    rows = found.dims[1];
    numbers = found.dims[0];
  }
  bool fits = found.rank == 2 && rows > 0 && numbers >= from + count &&
              (!detector->proposals || detector->proposals == (size_t)rows);
  snprintf(expected, sizeof expected, "%s with at least %lld numbers a proposal are expected",
           detector->settings->columns ? "columns" : "rows", (long long)(from + count));
  if (!fits) return misfit(ctx, name, &found, expected);
  detector->proposals = (size_t)rows;
  size_t step = detector->settings->columns ? 1 : (size_t)numbers,
         stride = detector->settings->columns ? (size_t)rows : 1;
  *role = (vt_detector_role){
      .present = true, .start = found.start + (size_t)from * stride, .step = step, .stride = stride};
  if (left) *left = numbers - from;
  return VT_OK;
}

vt_status vt_detector_shape(vt_ctx *ctx, vt_detector *detector, const int64_t dims[][VT_MAX_RANK],
                            const int *ranks, int width, int height)
{
  const vt_detector_settings *s = detector->settings;
  detector->width = width;
  detector->height = height;
  detector->proposals = 0;
  for (int i = 0; i < detector->output_count; i++) {
    size_t floats = 1;
    for (int k = 0; k < ranks[i]; k++)
      if (dims[i][k] < 1 || !vt_size_mul(floats, (size_t)dims[i][k], &floats) || floats > INT32_MAX)
        return vt_fail(ctx, VT_ERROR_INVALID_DATA, "output '%s' has no usable size", detector->names[i]);
    detector->floats[i] = floats;
  }
  if (s->kind == VT_DETECTOR_CENTRE_MAP) {
    VT_TRY(map_role(ctx, detector, s->scores, dims, ranks, -1, &detector->scores));
    VT_TRY(map_role(ctx, detector, s->sizes, dims, ranks, 2, &detector->boxes));
    VT_TRY(map_role(ctx, detector, s->offsets, dims, ranks, 2, &detector->offsets));
    return map_role(ctx, detector, s->objectness, dims, ranks, 1, &detector->objectness);
  }
  int64_t left = 0;
  VT_TRY(list_role(ctx, detector, s->boxes, dims, ranks, s->boxes_from, 4, &detector->boxes, NULL));
  VT_TRY(list_role(ctx, detector, s->scores, dims, ranks, s->scores_from, s->classes ? s->classes : 1,
                   &detector->scores, &left));
  detector->classes = (int)(s->classes ? s->classes : left);
  return list_role(ctx, detector, s->objectness, dims, ranks, s->objectness_from, 1, &detector->objectness,
                   NULL);
}

/* ---- what is found ---- */

static int by_confidence(const void *a, const void *b)
{
  const vt_found *x = a, *y = b;
  if (x->confidence != y->confidence) return x->confidence > y->confidence ? -1 : 1;
  return x->proposal < y->proposal ? -1 : x->proposal > y->proposal;
}

static bool look_at(const vt_detector *detector, const float *output, size_t proposal, vt_found *out)
{
  vt_values values = {.f32 = output};
  double highest = -INFINITY;
  *out = (vt_found){.proposal = proposal};
  for (int k = 0; k < detector->classes; k++) {
    double score = vt_proposal_number(detector, &detector->scores, &values, proposal, k, true);
    if (score <= highest) continue;
    highest = score;
    out->label = k;
  }
  out->confidence = highest;
  if (detector->objectness.present)
    out->confidence *= vt_proposal_number(detector, &detector->objectness, &values, proposal, 0, true);
  if (!(out->confidence >= detector->settings->threshold)) return false;
  vt_proposal_box(detector, &values, proposal, out->box);
  return isfinite(out->box[0]) && isfinite(out->box[1]) && isfinite(out->box[2]) && isfinite(out->box[3]) &&
         out->box[2] > out->box[0] && out->box[3] > out->box[1];
}

/* Keeps the first of those that overlap; count of what stays. */
static int suppress(const vt_detector *detector, vt_found *list, int count)
{
  int kept = 0;
  for (int i = 0; i < count && kept < MOST_FOUND; i++) {
    bool alone = true;
    for (int j = 0; alone && j < kept; j++)
      alone = list[j].label != list[i].label ||
              vt_box_overlap(list[j].box, list[i].box) <= detector->settings->overlap;
    if (alone) list[kept++] = list[i];
  }
  return kept;
}

vt_status vt_detector_list(vt_ctx *ctx, const vt_detector *detector, const float *output, vt_found **out,
                           int *count)
{
  size_t found = 0, capacity = 0;
  *out = NULL;
  *count = 0;
  for (size_t p = 0; p < detector->proposals && found < MOST_CANDIDATES; p++) {
    vt_found one;
    if (!look_at(detector, output, p, &one)) continue;
    vt_status status = vt_grow(ctx, out, &capacity, found, sizeof **out);
    if (status != VT_OK) {
      vt_free(*out);
      *out = NULL;
      return status;
    }
    (*out)[found++] = one;
  }
  if (!found) return VT_OK;
  qsort(*out, found, sizeof **out, by_confidence);
  *count = suppress(detector, *out, (int)found);
  return VT_OK;
}

void vt_detector_classes(const vt_detector *detector, const float *output, size_t proposal, double *classes)
{
  vt_values values = {.f32 = output};
  for (int k = 0; k < detector->classes; k++)
    classes[k] = vt_proposal_number(detector, &detector->scores, &values, proposal, k, true);
}
