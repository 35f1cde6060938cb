/* SPDX-License-Identifier: Apache-2.0
 *
 * The result every method fills: making, warning, freeing. What follows from an order is in complete.c.
 */
#include "explain/explanation.h"

#include "base/base.h"

#include <math.h>

vt_status vt_explanation_new(vt_ctx *ctx, vt_explanation **out)
{
  vt_explanation *explanation = vt_alloc_zero(ctx, 1, sizeof *explanation);
  *out = explanation;
  if (!explanation) return VT_ERROR_OUT_OF_MEMORY;
  explanation->warnings = json_array();
  if (!explanation->warnings) {
    vt_explanation_free(explanation);
    *out = NULL;
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: no room for an explanation's warnings");
  }
  const vt_subset_size none = {.regions = -1, .area = NAN, .score = NAN};
  explanation->best = explanation->keep = explanation->flip = none;
  explanation->target = explanation->predicted = explanation->best_objective = -1;
  explanation->full = explanation->blank = explanation->full_probability_top = NAN;
  explanation->insertion_auc = explanation->deletion_auc = explanation->violation_rate = NAN;
  explanation->mistake = (vt_mistake){.predicted = -1, .peak_step = -1, .peak_area = NAN};
  for (int i = 0; i < 4; i++)
    explanation->mistake.highest[i] = NAN;
  return VT_OK;
}

static void free_ranking(vt_explanation *explanation)
{
  vt_free(explanation->order);
  vt_free(explanation->insertion);
  vt_free(explanation->deletion);
  vt_free(explanation->areas);
  vt_free(explanation->insertion_second);
  vt_free(explanation->objective);
  explanation->order = NULL;
  explanation->insertion = explanation->deletion = explanation->areas = NULL;
  explanation->insertion_second = explanation->objective = NULL;
}

void vt_explanation_free(vt_explanation *explanation)
{
  if (!explanation) return;
  free_ranking(explanation);
  vt_regions_free(explanation->own_regions);
  vt_free(explanation->target_name);
  vt_free(explanation->target_text);
  json_decref(explanation->target_details);
  vt_free(explanation->saliency);
  vt_free(explanation->attribution);
  vt_free(explanation->native);
  vt_free(explanation->native_name);
  vt_free(explanation->partial_reason);
  json_decref(explanation->parameters);
  json_decref(explanation->warnings);
  json_decref(explanation->details);
  json_decref(explanation->prior);
  vt_free(explanation);
}

static double *unknown_scores(vt_ctx *ctx, size_t count)
{
  double *scores = vt_alloc_zero(ctx, count, sizeof *scores);
  for (size_t i = 0; scores && i < count; i++)
    scores[i] = NAN;
  return scores;
}

vt_status vt_explanation_ranking(vt_ctx *ctx, vt_explanation *explanation, const vt_regions *regions,
                                 bool second)
{
  free_ranking(explanation);
  explanation->regions = regions;
  size_t count = (size_t)vt_regions_count(regions);
  explanation->order = vt_alloc_zero(ctx, count, sizeof *explanation->order);
  explanation->insertion = unknown_scores(ctx, count + 1);
  explanation->deletion = unknown_scores(ctx, count + 1);
  explanation->areas = unknown_scores(ctx, count + 1);
  explanation->objective = unknown_scores(ctx, count);
  if (second) explanation->insertion_second = unknown_scores(ctx, count + 1);
  if (!explanation->order || !explanation->insertion || !explanation->deletion || !explanation->areas ||
      !explanation->objective || (second && !explanation->insertion_second)) {
    free_ranking(explanation);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (size_t i = 0; i < count; i++)
    explanation->order[i] = (int)i;
  return VT_OK;
}

vt_status vt_explanation_warn(vt_ctx *ctx, vt_explanation *explanation, const char *format, ...)
{
  char sentence[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  if (json_array_append_new(explanation->warnings, vt_json_outside(sentence)) != 0)
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: a warning could not be kept");
  return VT_OK;
}

double vt_trapezoid(const double *x, const double *y, int count)
{
  double sum = 0;
  for (int i = 1; i < count; i++)
    sum += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
  return sum;
}
