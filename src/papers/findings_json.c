/* SPDX-License-Identifier: Apache-2.0
 *
 * result.json.
 */
#include <math.h>

#include "papers/findings.h"

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *paper_json(const vt_findings *findings)
{
  const vt_paper *paper = findings->paper;
  return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "number", paper->number, "name", paper->name, "title",
                   paper->title, "citation", paper->citation, "part", findings->part->id, "covered",
                   findings->experiment->coverage);
}

static const char *comparison_name(vt_comparison comparison)
{
  static const char *const names[] = {"difference", "relative", "ratio", "level"};
  return names[comparison];
}

/* What a judgement says, added to what was asked. */
static void add_judgement(json_t *to, const vt_judgement *judgement)
{
  json_object_set_new(to, "verdict", json_string(vt_verdict_name(judgement->verdict)));
  json_object_set_new(to, "estimate", number(judgement->estimate));
  json_object_set_new(to, "interval",
                      json_pack("[o, o]", number(judgement->interval.low), number(judgement->interval.high)));
  json_object_set_new(to, "permutation_p", number(judgement->permutation));
  json_object_set_new(to, "units", json_integer((json_int_t)judgement->units));
  json_object_set_new(to, "left_out", json_integer((json_int_t)judgement->left_out));
}

static json_t *claims_json(const vt_findings *findings)
{
  json_t *list = json_array();
  for (size_t i = 0; i < findings->experiment->claim_count; i++) {
    const vt_claim *claim = &findings->experiment->claims[i];
    json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:o, s:o}", "id", claim->id, "claim",
                            claim->text, "section", claim->section, "yardstick", claim->yardstick, "arm",
                            claim->arm, "against", claim->against, "group", claim->group, "comparison",
                            comparison_name(claim->comparison), "neutral", number(claim->neutral), "margin",
                            number(claim->margin));
    add_judgement(one, &findings->claims[i]);
    json_object_set_new(one, "verdict_without_controls",
                        json_string(vt_verdict_name(findings->claims[i].alone)));
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *controls_json(const vt_findings *findings)
{
  json_t *list = json_array();
  for (size_t i = 0; i < findings->experiment->control_count; i++) {
    const vt_control *control = &findings->experiment->controls[i];
    json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:o, s:o, s:b}", "id", control->id,
                            "control", control->text, "yardstick", control->yardstick, "arm", control->arm,
                            "against", control->against, "group", control->group, "comparison",
                            comparison_name(control->comparison), "at_least", number(control->at_least),
                            "at_most", number(control->at_most), "each", control->each);
    add_judgement(one, &findings->controls[i]);
    json_object_set_new(one, "extreme", number(findings->controls[i].extreme));
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *table_json(const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  json_t *list = json_array();
  for (size_t group = 0; group < experiment->group_count; group++)
    for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
      for (size_t arm = 0; arm < experiment->arm_count; arm++) {
        const vt_cell *cell = vt_findings_cell(findings, group, yardstick, arm);
        if (cell->values + cell->undefined == 0) continue;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I}", "group", experiment->groups[group].id,
                      "yardstick", experiment->yardsticks[yardstick].id, "arm", experiment->arms[arm].id,
                      "mean", number(cell->mean), "sd_over_seeds", number(cell->deviation), "values",
                      (json_int_t)cell->values, "undefined", (json_int_t)cell->undefined));
      }
  return list;
}

/* Rows in runs of one group, yardstick, arm and seed. They are sorted so. */
static json_t *rows_json(const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  json_t *list = json_array();
  for (size_t i = 0, next; i < findings->row_count; i = next) {
    const vt_row *first = &findings->rows[i];
    json_t *items = json_array(), *values = json_array();
    for (next = i; next < findings->row_count; next++) {
      const vt_row *row = &findings->rows[next];
      if (row->group != first->group || row->yardstick != first->yardstick || row->arm != first->arm ||
          row->seed != first->seed)
        break;
      json_array_append_new(items, json_integer((json_int_t)row->item));
      json_array_append_new(values, number(row->value));
    }
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:o, s:o}", "group",
                                          experiment->groups[first->group].id, "yardstick",
                                          experiment->yardsticks[first->yardstick].id, "arm",
                                          experiment->arms[first->arm].id, "seed", first->seed, "items",
                                          items, "values", values));
  }
  return list;
}

static json_t *declared_json(const vt_experiment *experiment)
{
  json_t *arms = json_array(), *yardsticks = json_array(), *groups = json_array();
  for (size_t i = 0; i < experiment->arm_count; i++)
    json_array_append_new(
        arms, json_pack("{s:s, s:s}", "id", experiment->arms[i].id, "title", experiment->arms[i].title));
  for (size_t i = 0; i < experiment->yardstick_count; i++) {
    const vt_yardstick *yardstick = &experiment->yardsticks[i];
    json_array_append_new(yardsticks, json_pack("{s:s, s:s, s:s, s:b, s:f, s:f}", "id", yardstick->id,
                                                "title", yardstick->title, "unit", yardstick->unit,
                                                "higher_is_better", yardstick->higher_is_better, "low",
                                                yardstick->low, "high", yardstick->high));
  }
  for (size_t i = 0; i < experiment->group_count; i++)
    json_array_append_new(groups,
                          json_pack("{s:s, s:s, s:b}", "id", experiment->groups[i].id, "title",
                                    experiment->groups[i].title, "control", experiment->groups[i].control));
  return json_pack("{s:o, s:o, s:o}", "arms", arms, "yardsticks", yardsticks, "groups", groups);
}

static json_t *timing_json(const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  json_t *seeds = json_array();
  double total = 0;
  for (int seed = 0; findings->stage_seconds && seed < findings->seeds_done; seed++) {
    json_t *one = json_object();
    for (size_t stage = 0; stage < experiment->stage_count; stage++) {
      double seconds = findings->stage_seconds[(size_t)seed * experiment->stage_count + stage];
      total += seconds;
      json_object_set_new(one, experiment->stages[stage].id, json_real(seconds));
    }
    json_array_append_new(seeds, one);
  }
  return json_pack("{s:f, s:o, s:i}", "seconds", total, "seconds_by_seed_and_stage", seeds, "threads",
                   findings->threads);
}

json_t *vt_findings_json(vt_ctx *ctx, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  json_t *sizes = vt_params_json(ctx, experiment->fields, experiment->field_count, findings->settings);
  json_t *seeds = json_array();
  for (int seed = 0; seed < findings->seeds_done; seed++)
    json_array_append_new(seeds, json_integer(seed));
  json_t *json = json_pack(
      "{s:i, s:o, s:s, s:b, s:s?, s:s, s:b, s:o, s:o, s:i, s:{s:s, s:i}, s:s, s:s, s:s, s:o, s:o, s:o, s:o, "
      "s:o, s:s, s:o}",
      "schema_version", 1, "paper", paper_json(findings), "verdict", vt_verdict_name(findings->overall),
      "complete", findings->ended == NULL && findings->seeds_done == findings->seeds_asked, "ended",
      findings->ended, "profile", vt_profile_name(findings->profile), "resized", findings->resized, "sizes",
      sizes, "seeds", seeds, "seeds_asked", findings->seeds_asked, "versions", "vitrail", vt_version(),
      "experiment", experiment->version, "protocol", experiment->protocol, "units",
      experiment->items_independent ? "items" : "seeds", "interval",
      "percentile bootstrap over units, 10000 resamples, 95 %", "declared", declared_json(experiment),
      "claims", claims_json(findings), "controls", controls_json(findings), "table", table_json(findings),
      "rows", rows_json(findings), "not_measured", experiment->not_measured, "timing", timing_json(findings));
  if (!json)
    (void)vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%s: no memory for the result", findings->paper->name);
  return json;
}
