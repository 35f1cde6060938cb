/* SPDX-License-Identifier: Apache-2.0
 *
 * The objective of LiMA and SMDL, and the effectiveness of a growing set.
 */
#include "attribution/objective.h"

#include <math.h>

vt_status vt_objective_weights_from(vt_ctx *ctx, const vt_reals *list, vt_objective_weights *out)
{
  if (list->count != 4)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "weights: %zu numbers given; four are needed: consistency,collaboration,confidence,effectiveness",
        list->count);
  double sum = 0;
  for (int i = 0; i < 4; i++) {
    if (!isfinite(list->data[i]) || list->data[i] < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "weights: %g is not a finite number ≥ 0", list->data[i]);
    sum += list->data[i];
  }
  if (sum == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "weights: all four are zero, nothing would be ranked");
  *out = (vt_objective_weights){list->data[0], list->data[1], list->data[2], list->data[3]};
  return VT_OK;
}

double vt_objective(const vt_objective_weights *weights, const vt_scored *shown, const vt_scored *removed,
                    double effectiveness)
{
  return weights->consistency * shown->target + weights->collaboration * (1 - removed->target) +
         weights->confidence * shown->confidence + weights->effectiveness * effectiveness;
}

vt_status vt_region_distances(vt_ctx *ctx, vt_scorer *scorer, const vt_model *model, int count, double **out)
{
  size_t width = vt_model_embedding_floats(model), floats;
  *out = NULL;
  if (!vt_size_mul((size_t)count, width, &floats))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "embeddings of %d regions are too large", count);
  vt_status status = VT_OK;
  float *embeddings = vt_alloc_zero(ctx, floats, sizeof *embeddings);
  double *distances = vt_alloc_zero(ctx, (size_t)count * (size_t)count, sizeof *distances);
  if (!embeddings || !distances) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  VT_TRY_DONE(vt_scorer_region_embeddings(ctx, scorer, embeddings));
  for (int i = 0; i < count; i++)
    for (int j = 0; j < i; j++) {
      const float *a = embeddings + (size_t)i * width, *b = embeddings + (size_t)j * width;
      double dot = 0;
      for (size_t c = 0; c < width; c++)
        dot += (double)a[c] * (double)b[c];
      dot = dot > 1 ? 1 : dot < -1 ? -1 : dot;
      double distance = acos(dot) / 3.14159265358979323846;
      distances[(size_t)i * (size_t)count + (size_t)j] = distance;
      distances[(size_t)j * (size_t)count + (size_t)i] = distance;
    }
  *out = distances;
  distances = NULL;
done:
  vt_free(embeddings);
  vt_free(distances);
  return status;
}

vt_status vt_diversity_init(vt_ctx *ctx, vt_diversity *set, const double *distances, int count)
{
  *set = (vt_diversity){.distances = distances, .count = count};
  set->members = vt_alloc_zero(ctx, (size_t)count, sizeof *set->members);
  set->nearest = vt_alloc_zero(ctx, (size_t)count, sizeof *set->nearest);
  return set->members && set->nearest ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

void vt_diversity_free(vt_diversity *set)
{
  vt_free(set->members);
  vt_free(set->nearest);
  *set = (vt_diversity){0};
}

double vt_diversity_with(const vt_diversity *set, int region)
{
  if (!set->distances || set->size == 0) return 0;
  const double *row = set->distances + (size_t)region * (size_t)set->count;
  double sum = 0, own = INFINITY;
  for (int i = 0; i < set->size; i++) {
    double distance = row[set->members[i]];
    sum += distance < set->nearest[i] ? distance : set->nearest[i];
    if (distance < own) own = distance;
  }
  return sum + own;
}

void vt_diversity_add(vt_diversity *set, int region)
{
  set->value = vt_diversity_with(set, region);
  double own = INFINITY;
  if (set->distances) {
    const double *row = set->distances + (size_t)region * (size_t)set->count;
    for (int i = 0; i < set->size; i++) {
      double distance = row[set->members[i]];
      if (distance < set->nearest[i]) set->nearest[i] = distance;
      if (distance < own) own = distance;
    }
  }
  set->members[set->size] = region;
  set->nearest[set->size++] = own;
}
