/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the seeds of an experiment.
 */
#include <math.h>

#include "papers/findings.h"

enum { TIMED_STEPS = 20 }; /* before a forecast */

struct vt_repro {
  vt_ctx *ctx;
  vt_findings *findings;
  const vt_repro_options *options;
  int seed;
  int stage;           /* −1: none began */
  int64_t done, steps; /* of the stage */
  double stage_started;
  double *rates;  /* [stages] seconds a step, 0: not timed yet */
  bool announced; /* the forecast of this stage was printed */
};

const char *vt_profile_name(int profile)
{
  static const char *const names[VT_PROFILES] = {"quick", "std", "full"};
  return names[profile];
}

vt_status vt_profile_settings(vt_ctx *ctx, const vt_experiment *experiment, int profile, void *settings)
{
  VT_TRY(vt_params_defaults(ctx, experiment->fields, experiment->field_count, settings,
                            experiment->settings_size));
  const char *at = experiment->profiles[profile];
  char name[64], value[128];
  int used;
  while (at && sscanf(at, " %63[^= ]=%127s%n", name, value, &used) == 2) {
    VT_TRY(vt_params_set(ctx, experiment->fields, experiment->field_count, settings, name, value));
    at += used;
  }
  return VT_OK;
}

vt_ctx *vt_repro_ctx(vt_repro *repro)
{
  return repro->ctx;
}

vt_cache *vt_repro_cache(vt_repro *repro)
{
  return repro->options->cache;
}

const char *vt_repro_folder(const vt_repro *repro)
{
  return repro->options->folder;
}

uint64_t vt_repro_seed(const vt_repro *repro, const char *purpose, int64_t item)
{
  uint64_t seed = vt_stream(repro->findings->paper->name, (uint64_t)repro->seed);
  uint32_t bits[4];
  vt_random_bits(seed, vt_stream(purpose, (uint64_t)item), 0, bits);
  return (uint64_t)bits[0] << 32 | bits[1];
}

static void end_stage(vt_repro *repro)
{
  if (repro->stage < 0) return;
  double seconds = vt_clock_seconds() - repro->stage_started;
  size_t stages = repro->findings->experiment->stage_count;
  repro->findings->stage_seconds[(size_t)repro->seed * stages + (size_t)repro->stage] = seconds;
  if (repro->done) repro->rates[repro->stage] = seconds / (double)repro->done;
  repro->stage = -1;
}

vt_status vt_repro_stage(vt_repro *repro, const char *stage)
{
  const vt_experiment *experiment = repro->findings->experiment;
  end_stage(repro);
  for (size_t i = 0; i < experiment->stage_count; i++) {
    if (strcmp(experiment->stages[i].id, stage) != 0) continue;
    repro->stage = (int)i;
    repro->done = 0;
    repro->steps = experiment->stages[i].steps(repro->options->settings);
    repro->stage_started = vt_clock_seconds();
    repro->announced = repro->rates[i] > 0;
    return VT_OK;
  }
  return vt_fail(repro->ctx, VT_ERROR_RUNTIME, "%s: stage '%s' is not declared", repro->findings->paper->name,
                 stage);
}

/* What is left of this seed and of the later ones, in the stages that have been timed. */
static void forecast(vt_repro *repro)
{
  const vt_experiment *experiment = repro->findings->experiment;
  int later = repro->options->seeds - repro->seed - 1, untimed = 0;
  double left = 0;
  repro->rates[repro->stage] = (vt_clock_seconds() - repro->stage_started) / (double)repro->done;
  for (int i = 0; i < (int)experiment->stage_count; i++) {
    double steps = (double)experiment->stages[i].steps(repro->options->settings);
    double rounds = later + (i > repro->stage ? 1 : 0);
    if (i == repro->stage) rounds += (steps - (double)repro->done) / (steps > 0 ? steps : 1);
    if (repro->rates[i] > 0)
      left += repro->rates[i] * steps * rounds;
    else
      untimed += steps > 0;
  }
  char line[240], more[64] = "";
  if (untimed)
    snprintf(more, sizeof more, ", and %d stage%s not timed yet", untimed, untimed == 1 ? "" : "s");
  snprintf(line, sizeof line, "%s %s, seed %d: %s takes %.3g s a step; about %.0f s left%s",
           repro->findings->paper->name, repro->findings->part->id, repro->seed,
           experiment->stages[repro->stage].title, repro->rates[repro->stage], left, more);
  repro->announced = true;
  if (repro->options->note) repro->options->note(repro->options->user, line);
}

vt_status vt_repro_step(vt_repro *repro)
{
  if (repro->stage < 0)
    return vt_fail(repro->ctx, VT_ERROR_RUNTIME, "%s: a step outside every stage",
                   repro->findings->paper->name);
  const vt_stage *stage = &repro->findings->experiment->stages[repro->stage];
  char what[64];
  repro->done++;
  if (!repro->announced && (repro->done == TIMED_STEPS || repro->done == repro->steps)) forecast(repro);
  snprintf(what, sizeof what, "seed %d, %s", repro->seed, stage->title);
  vt_progress(repro->ctx, what, (double)repro->done, (double)repro->steps);
  return vt_check_cancel(repro->ctx);
}

#define INDEX_OF(list, count, wanted, out)                                                                   \
  do {                                                                                                       \
    (out) = -1;                                                                                              \
    for (size_t find_ = 0; find_ < (count); find_++)                                                         \
      if (strcmp((list)[find_].id, (wanted)) == 0) (out) = (int)find_;                                       \
  } while (0)

vt_status vt_repro_row(vt_repro *repro, const char *arm, const char *yardstick, const char *group,
                       int64_t item, double value)
{
  vt_findings *findings = repro->findings;
  const vt_experiment *experiment = findings->experiment;
  vt_row row = {.seed = repro->seed, .item = item, .value = value};
  INDEX_OF(experiment->arms, experiment->arm_count, arm, row.arm);
  INDEX_OF(experiment->yardsticks, experiment->yardstick_count, yardstick, row.yardstick);
  INDEX_OF(experiment->groups, experiment->group_count, group, row.group);
  if (row.arm < 0 || row.yardstick < 0 || row.group < 0)
    return vt_fail(repro->ctx, VT_ERROR_RUNTIME, "%s: arm '%s', yardstick '%s' or group '%s' is not declared",
                   findings->paper->name, arm, yardstick, group);
  const vt_yardstick *range = &experiment->yardsticks[row.yardstick];
  double slack = 1e-9 * (fabs(range->low) + fabs(range->high)); /* sums of shares round */
  if (!isnan(value) && (value < range->low - slack || value > range->high + slack || isinf(value)))
    return vt_fail(repro->ctx, VT_ERROR_NOT_FINITE,
                   "%s: %s of %s is %g for item %lld of %s, outside %g to %g", findings->paper->name,
                   yardstick, arm, value, (long long)item, group, range->low, range->high);
  VT_TRY(vt_grow(repro->ctx, &findings->rows, &findings->row_capacity, findings->row_count, sizeof row));
  findings->rows[findings->row_count++] = row;
  return VT_OK;
}

/* One seed; what an interrupted one measured is dropped, since its arms may not have the same items. */
static vt_status run_seed(vt_repro *repro, int seed)
{
  vt_findings *findings = repro->findings;
  size_t before = findings->row_count;
  repro->seed = seed;
  repro->stage = -1;
  vt_status status = vt_check_cancel(repro->ctx);
  if (status == VT_OK) status = findings->experiment->run(repro, seed, repro->options->settings);
  end_stage(repro);
  if (status == VT_OK) {
    findings->seeds_done = seed + 1;
    return VT_OK;
  }
  findings->row_count = before;
  if (status != VT_ERROR_INTERRUPTED)
    return vt_fail_prefix(repro->ctx, "%s %s, seed %d", findings->paper->name, findings->part->id, seed);
  vt_ctx_clear(repro->ctx);
  findings->ended = "interrupted";
  return VT_OK;
}

vt_status vt_repro_run(vt_ctx *ctx, const vt_paper *paper, const vt_paper_piece *part,
                       const vt_repro_options *options, vt_findings **out)
{
  const vt_experiment *experiment = part->experiment;
  vt_findings *findings;
  *out = NULL;
  if (options->seeds < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%d seeds; at least 1 is needed", options->seeds);
  VT_TRY(vt_findings_new(ctx, paper, part, &findings));
  findings->profile = options->profile;
  findings->resized = options->resized;
  findings->settings = options->settings;
  findings->seeds_asked = options->seeds;
  findings->threads = vt_ctx_threads(ctx);
  findings->stage_seconds =
      vt_alloc_zero(ctx, (size_t)options->seeds * experiment->stage_count + 1, sizeof(double));
  vt_repro repro = {.ctx = ctx,
                    .findings = findings,
                    .options = options,
                    .rates = vt_alloc_zero(ctx, experiment->stage_count + 1, sizeof(double))};
  vt_status status = repro.rates && findings->stage_seconds ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int seed = 0; status == VT_OK && !findings->ended && seed < options->seeds; seed++) {
    status = run_seed(&repro, seed);
    if (status == VT_OK) status = vt_findings_judge(ctx, findings);
    if (status == VT_OK && options->seed_done) status = options->seed_done(options->user, findings);
  }
  vt_free(repro.rates);
  if (status == VT_OK)
    *out = findings;
  else
    vt_findings_free(findings);
  return status;
}
