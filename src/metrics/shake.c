/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/shake.h"

#include <math.h>

double vt_distance(const double *a, const double *b, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum);
}

double vt_length(const double *a, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += a[i] * a[i];
  return sqrt(sum);
}

typedef struct pair {
  const float *inputs[2];
  size_t floats;
} pair;

static void compose(void *user, int item, float *input)
{
  const pair *two = user;
  memcpy(input, two->inputs[item], two->floats * sizeof *input);
}

/* Whether the model answers the same for both inputs. */
static vt_status same_answer(vt_ctx *ctx, const vt_probe *probe, const float *input, bool *same)
{
  pair two = {{probe->picture, input}, probe->floats};
  double scores[2];
  int answers[2];
  VT_TRY(vt_probe_score(ctx, probe, 2, compose, &two, scores, answers));
  *same = answers[0] == answers[1];
  return VT_OK;
}

vt_status vt_shake(vt_ctx *ctx, const vt_probe *probe, const vt_explainer *explainer, int count,
                   vt_perturb_fn perturb, void *perturb_user, bool keep_answer, vt_shaken_fn see, void *user,
                   vt_shake_report *out)
{
  vt_shaken shaken = {.size = explainer->size, .picture = probe->picture, .floats = probe->floats};
  double *map = vt_alloc_zero(ctx, explainer->size, sizeof *map);
  double *base = vt_alloc_zero(ctx, explainer->size, sizeof *base);
  float *input = vt_alloc_zero(ctx, probe->floats, sizeof *input);
  vt_status status = map && base && input ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  vt_again again = {.target = VT_CLASS_NONE};
  if (status == VT_OK) status = explainer->explain(ctx, explainer->user, &again, base);
  shaken.map = map;
  shaken.base = base;
  again.input = shaken.input = input;
  *out = (vt_shake_report){0};
  vt_again redrawn = {.target = VT_CLASS_NONE, .redraw = true};
  if (status == VT_OK) status = explainer->explain(ctx, explainer->user, &redrawn, map);
  if (status == VT_OK && vt_length(base, shaken.size) > 0)
    out->self = vt_distance(map, base, shaken.size) / vt_length(base, shaken.size);
  for (int i = 0; status == VT_OK && i < count; i++) {
    bool same = true;
    memset(input, 0, probe->floats * sizeof *input);
    perturb(perturb_user, i, input);
    for (size_t f = 0; f < probe->floats; f++)
      input[f] += probe->picture[f];
    if (keep_answer) status = same_answer(ctx, probe, input, &same);
    if (status != VT_OK || !same) continue;
    shaken.sample = i;
    status = explainer->explain(ctx, explainer->user, &again, map);
    if (status == VT_OK) status = see(ctx, user, &shaken);
    out->kept++;
  }
  vt_free(map);
  vt_free(base);
  vt_free(input);
  return status;
}
