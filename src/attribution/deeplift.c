/* SPDX-License-Identifier: Apache-2.0
 *
 * DeepLift with the rescale rule. Shrikumar, Greenside, Kundaje: "Learning Important Features Through
 * Propagating Activation Differences", ICML 2017, arXiv 1704.02685.
 */
#include "attribution/methods.h"
#include "attribution/rule_difference.h"
#include "attribution/rule_map.h"

typedef struct deeplift_settings {
  char *baseline;
} deeplift_settings;

static const vt_field fields[] = {
    {"baseline", VT_FIELD_STRING, offsetof(deeplift_settings, baseline), "zero", .help = VT_BASELINE_HELP},
};

typedef struct scores {
  const float *input;
  size_t floats;
  double score;
} scores;

static void compose(void *user, int item, float *input)
{
  VT_UNUSED(item);
  const scores *found = user;
  memcpy(input, found->input, found->floats * sizeof *input);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  ((scores *)user)->score = sight->score;
  return VT_OK;
}

static vt_status attribute(vt_ctx *ctx, const vt_task *task, const deeplift_settings *own,
                           vt_explanation *explanation, float *baseline)
{
  scores reference = {.input = baseline, .floats = vt_subject_floats(task->subject)};
  const vt_rule_request request = {
      .rules = &vt_rules_difference, .start = VT_START_DIFFERENCE, .reference = baseline};
  const vt_look look = {.target = &task->target};
  vt_rule_start start;
  double *map, sum = 0;
  VT_TRY(vt_baseline_make(ctx, task, own->baseline, baseline));
  VT_TRY(vt_task_look(ctx, task, explanation, 1, &look, compose, see, &reference));
  VT_TRY(vt_rule_map_start(ctx, task, explanation, &request, &map, &start));
  for (size_t i = 0; i < reference.floats; i++) {
    map[i] *= (double)task->input[i] - (double)baseline[i];
    sum += map[i];
  }
  vt_status status = vt_map_set(ctx, task, explanation, map, VT_REDUCE_SUM);
  vt_map_complete(explanation, sum, start.score - reference.score);
  vt_free(map);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  float *baseline = vt_alloc_zero(ctx, vt_subject_floats(task->subject), sizeof *baseline);
  if (!baseline) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = attribute(ctx, task, settings, explanation, baseline);
  vt_free(baseline);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  return 1 + vt_rule_one_call(settings, regions, embedding);
}

const vt_method vt_method_deeplift = {
    .id = "deeplift",
    .aliases = "DeepLift|deep-lift|rescale",
    .title = "DeepLift (rescale rule)",
    .summary = "How the difference between the picture and a baseline passes through every operator: each is "
               "given the "
               "slope between its two runs instead of its derivative, so saturated units count and the map "
               "adds up to "
               "the difference of the scores. The answer depends on the baseline.",
    .citation = "Shrikumar, A., Greenside, P., Kundaje, A. (2017). Learning Important Features Through "
                "Propagating Activation Differences. arXiv:1704.02685.",
    .cost = "2 forwards, 1 gradient",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(deeplift_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
