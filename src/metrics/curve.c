/* SPDX-License-Identifier: Apache-2.0
 *
 * Perturbation curves (00-metrics "perturbation curves"). Composites are made in normalised space: some
 * baselines, such as RISE's blur, exist only there.
 */
#include "metrics/curve.h"

#include <math.h>

#include "metrics/pixel_order.h"

typedef struct run {
  const vt_probe *probe;
  const float *start, *paste; /* normalised, in the model's layout */
  const int32_t *pixels;      /* order */
  const int64_t *shown;       /* [points] pixels pasted at each step */
} run;

static void compose(void *user, int item, float *input)
{
  const run *r = user;
  memcpy(input, r->start, r->probe->floats * sizeof *input);
  vt_probe_paste(r->probe, r->paste, r->pixels, r->shown[item], input);
}

vt_status vt_curve_scores(vt_ctx *ctx, const vt_probe *probe, const int32_t *pixels, const int64_t *shown,
                          int points, bool insertion, double *scores)
{
  run r = {.probe = probe,
           .start = insertion ? probe->baseline : probe->picture,
           .paste = insertion ? probe->picture : probe->baseline,
           .pixels = pixels,
           .shown = shown};
  return vt_probe_score(ctx, probe, points, compose, &r, scores, NULL);
}

/* Pixels pasted at each step, [points] (caller frees); one step for each region when the protocol says so. */
static vt_status plan_steps(vt_ctx *ctx, const vt_judged *judged, const vt_protocol *protocol, int64_t pixels,
                            int64_t **out, int *points)
{
  int64_t steps = protocol->steps;
  bool by_region = steps == 0 && protocol->pixels_per_step == 0;
  if (by_region) steps = vt_regions_count(judged->regions);
  if (protocol->pixels_per_step) steps = (pixels + protocol->pixels_per_step - 1) / protocol->pixels_per_step;
  if (steps > pixels) steps = pixels;
  int64_t *shown = vt_alloc_zero(ctx, (size_t)steps + 1, sizeof *shown);
  if (!shown) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t t = 1; t <= steps; t++) {
    if (by_region)
      shown[t] = shown[t - 1] + vt_regions_area(judged->regions, judged->order[t - 1]);
    else if (protocol->pixels_per_step)
      shown[t] = t * protocol->pixels_per_step < pixels ? t * protocol->pixels_per_step : pixels;
    else
      shown[t] = t * pixels / steps;
  }
  *out = shown;
  *points = (int)steps + 1;
  return VT_OK;
}

/* A protocol that steps by region judges a map through the regions' means. */
static vt_status judge_regions(vt_ctx *ctx, const vt_task *task, const vt_protocol *protocol,
                               vt_judged *judged, int **order)
{
  if (judged->order || protocol->steps || protocol->pixels_per_step) return VT_OK;
  if (!task->regions)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "protocol %s steps by region: give regions, or a protocol that steps by pixels such as vitrail-50",
        protocol->id);
  *order = vt_alloc_zero(ctx, (size_t)vt_regions_count(task->regions), sizeof **order);
  if (!*order) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_region_order_of_map(ctx, task->regions, judged->map, *order));
  *judged = (vt_judged){.regions = task->regions, .order = *order};
  return VT_OK;
}

vt_status vt_curve_run(vt_ctx *ctx, const vt_task *task, const vt_judged *given, const vt_protocol *protocol,
                       bool insertion, vt_curve *out)
{
  *out = (vt_curve){0};
  vt_judged judged = *given;
  int *order = NULL;
  vt_probe probe = {0};
  int32_t *sequence = NULL;
  int64_t *shown = NULL;
  vt_status status;
  VT_TRY_DONE(judge_regions(ctx, task, protocol, &judged, &order));
  VT_TRY_DONE(vt_probe_open(ctx, task, insertion ? protocol->insertion : protocol->deletion, &probe));
  VT_TRY_DONE(plan_steps(ctx, &judged, protocol, (int64_t)probe.pixels, &shown, &out->points));
  out->region_steps = protocol->steps == 0 && protocol->pixels_per_step == 0;
  sequence = vt_alloc_zero(ctx, probe.pixels, sizeof *sequence);
  out->scores = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->scores);
  out->areas = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->areas);
  if (!sequence || !out->scores || !out->areas) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  VT_TRY_DONE(vt_pixel_order(ctx, &judged, probe.height, probe.width, sequence, &out->tied_share));
  VT_TRY_DONE(vt_curve_scores(ctx, &probe, sequence, shown, out->points, insertion, out->scores));
  for (int t = 0; t < out->points; t++)
    out->areas[t] = (double)shown[t] / (double)probe.pixels;
done:
  vt_free(order);
  vt_free(sequence);
  vt_free(shown);
  vt_probe_close(&probe);
  if (status != VT_OK) vt_curve_free(out);
  return status;
}

void vt_curve_free(vt_curve *curve)
{
  vt_free(curve->scores);
  vt_free(curve->areas);
  *curve = (vt_curve){0};
}

static double area_under(const double *areas, const double *scores, int points, bool area_axis)
{
  if (area_axis) return vt_trapezoid(areas, scores, points);
  double sum = 0;
  for (int t = 0; t < points; t++)
    sum += scores[t];
  return (sum - scores[0] / 2 - scores[points - 1] / 2) / (points - 1);
}

double vt_curve_auc(const vt_curve *curve, const vt_protocol *protocol)
{
  return area_under(curve->areas, curve->scores, curve->points, protocol->area_axis);
}

double vt_curve_normalised_auc(const vt_curve *curve, const vt_protocol *protocol, bool insertion)
{
  double first = curve->scores[0], last = curve->scores[curve->points - 1];
  double blank = insertion ? first : last, full = insertion ? last : first, auc = 0;
  if (!(full - blank > 0.05)) return NAN;
  double before = 0, before_area = 0;
  for (int t = 0; t < curve->points; t++) {
    double value = (curve->scores[t] - blank) / (full - blank);
    value = value < 0 ? 0 : value > 1 ? 1 : value;
    double area = protocol->area_axis ? curve->areas[t] : (double)t / (curve->points - 1);
    if (t > 0) auc += (area - before_area) * (value + before) / 2;
    before = value;
    before_area = area;
  }
  return auc;
}

void vt_curve_give(vt_curve *curve, vt_measure *measure)
{
  measure->scores = curve->scores;
  measure->areas = curve->areas;
  measure->points = curve->points;
  measure->tied_share = curve->tied_share;
  measure->calls = curve->points;
  *curve = (vt_curve){0};
}
