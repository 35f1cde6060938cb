/* SPDX-License-Identifier: Apache-2.0
 *
 * Means, spreads and intervals of a study of parts, and its JSON form.
 */
#include <math.h>

#include "papers/part_study.h"

/* Values of scenes in order, those that are NaN left out; means of single seeds beside them. */
static vt_status summarise(vt_ctx *ctx, const vt_study *study, const double *values, const uint64_t *seeds,
                           size_t count, vt_study_summary *out)
{
  int seed_count = study->options->seeds, used = 0;
  double *means = vt_alloc_zero(ctx, (size_t)seed_count + 1, sizeof *means);
  if (!means) return VT_ERROR_OUT_OF_MEMORY;
  for (int s = 0; s < seed_count; s++) {
    double sum = 0;
    size_t of_seed = 0;
    for (size_t i = 0; i < count; i++)
      if (seeds[i] == study->options->seed + (uint64_t)s) sum += values[i], of_seed++;
    if (of_seed) means[used++] = sum / (double)of_seed;
  }
  *out = (vt_study_summary){
      .mean = vt_mean(values, count), .spread = vt_standard_deviation(means, (size_t)used), .count = count};
  vt_free(means);
  return vt_bootstrap_mean(ctx, values, count, VT_BOOTSTRAP_RESAMPLES, .95, study->options->seed,
                           &out->interval);
}

vt_status vt_study_compare(vt_ctx *ctx, const vt_study *study, int arm, int against, int value,
                           vt_study_summary *out)
{
  size_t scenes = study->row_count / (size_t)study->arm_count, count = 0;
  double *values = vt_alloc_zero(ctx, scenes + 1, sizeof *values);
  uint64_t *seeds = vt_alloc_zero(ctx, scenes + 1, sizeof *seeds);
  vt_status status = values && seeds ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; status == VT_OK && i < scenes; i++) {
    const vt_study_row *rows = study->rows + i * (size_t)study->arm_count;
    double difference = rows[arm].values[value] - (against < 0 ? 0 : rows[against].values[value]);
    if (isnan(difference)) continue;
    seeds[count] = rows->seed;
    values[count++] = difference;
  }
  if (status == VT_OK) status = summarise(ctx, study, values, seeds, count, out);
  vt_free(values);
  vt_free(seeds);
  return status;
}

vt_status vt_study_summarise(vt_ctx *ctx, const vt_study *study, int arm, int value, vt_study_summary *out)
{
  return vt_study_compare(ctx, study, arm, -1, value, out);
}

vt_status vt_study_effect_of(vt_ctx *ctx, const vt_study *study, vt_part_kind kind, vt_study_effect *out)
{
  double *sizes = vt_alloc_zero(ctx, study->part_count + 1, sizeof *sizes);
  if (!sizes) return VT_ERROR_OUT_OF_MEMORY;
  *out = (vt_study_effect){0};
  for (size_t i = 0; i < study->part_count; i++) {
    const vt_study_part *part = &study->parts[i];
    if (part->kind != kind) continue;
    sizes[out->count++] = fabs(part->logit);
    out->logit += part->logit;
    out->logit_size += fabs(part->logit);
    out->probability += part->probability;
    out->probability_size += fabs(part->probability);
    out->flips += part->flips;
  }
  double count = out->count ? (double)out->count : NAN;
  out->logit /= count;
  out->logit_size /= count;
  out->probability /= count;
  out->probability_size /= count;
  out->flips /= count;
  vt_sort_rising(sizes, out->count);
  out->logit_high = vt_quantile_sorted(sizes, out->count, .95);
  vt_free(sizes);
  return VT_OK;
}

/* ---- JSON ---- */

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *summary_json(const vt_study_summary *summary)
{
  return json_pack("{s:o, s:o, s:[o,o], s:I}", "mean", number(summary->mean), "spread_over_seeds",
                   number(summary->spread), "interval_95", number(summary->interval.low),
                   number(summary->interval.high), "scenes", (json_int_t)summary->count);
}

/* Seconds differ from run to run: they stand under "timing". */
static vt_status arms_json(vt_ctx *ctx, const vt_study *study, json_t *arms, json_t *timing)
{
  for (int a = 0; a < study->arm_count; a++) {
    const vt_study_arm *arm = &study->arms[a];
    json_t *values = json_object(), *settings = json_null();
    if (arm->contender.method) {
      json_decref(settings);
      settings = vt_params_json(ctx, arm->contender.method->fields, arm->contender.method->field_count,
                                arm->contender.settings);
    }
    const char *regions = !arm->contender.method                            ? NULL
                          : arm->true_parts                                 ? "true parts"
                          : arm->contender.method->needs & VT_NEEDS_REGIONS ? study->options->regions
                                                                            : NULL;
    json_array_append_new(arms, json_pack("{s:s, s:s?, s:s?, s:s?, s:o, s:o}", "title", arm->title, "method",
                                          arm->contender.method ? arm->contender.method->id : NULL, "regions",
                                          regions, "score",
                                          arm->contender.method ? vt_score_name(arm->score) : NULL,
                                          "settings", settings, "values", values));
    for (int v = 0; v < VT_STUDY_VALUES; v++) {
      vt_study_summary summary;
      VT_TRY(vt_study_summarise(ctx, study, a, v, &summary));
      json_object_set_new(v == VT_STUDY_SECONDS ? timing : values,
                          v == VT_STUDY_SECONDS ? arm->title : vt_study_values[v].id, summary_json(&summary));
    }
  }
  return VT_OK;
}

static vt_status effects_json(vt_ctx *ctx, const vt_study *study, json_t *effects)
{
  for (int k = 0; k < VT_PART_KINDS; k++) {
    vt_study_effect effect;
    VT_TRY(vt_study_effect_of(ctx, study, (vt_part_kind)k, &effect));
    if (effect.count)
      json_object_set_new(effects, vt_part_kind_names[k],
                          json_pack("{s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "parts",
                                    (json_int_t)effect.count, "decides", vt_part_decides((vt_part_kind)k),
                                    "logit", number(effect.logit), "logit_size", number(effect.logit_size),
                                    "logit_size_95", number(effect.logit_high), "probability",
                                    number(effect.probability), "probability_size",
                                    number(effect.probability_size), "flips", number(effect.flips)));
  }
  return VT_OK;
}

static json_t *rows_json(const vt_study *study)
{
  json_t *rows = json_array();
  for (size_t i = 0; i < study->row_count; i++) {
    const vt_study_row *row = &study->rows[i];
    json_t *json = json_pack("{s:I, s:I, s:s}", "seed", (json_int_t)row->seed, "item", (json_int_t)row->item,
                             "arm", study->arms[row->arm].title);
    for (int v = 0; v < VT_STUDY_VALUES; v++)
      if (v != VT_STUDY_SECONDS) json_object_set_new(json, vt_study_values[v].id, number(row->values[v]));
    json_array_append_new(rows, json);
  }
  return rows;
}

static json_t *parts_json(const vt_study *study)
{
  json_t *parts = json_array();
  for (size_t i = 0; i < study->part_count; i++) {
    const vt_study_part *part = &study->parts[i];
    json_array_append_new(parts, json_pack("{s:I, s:I, s:s, s:s, s:I, s:o, s:o, s:b}", "seed",
                                           (json_int_t)part->seed, "item", (json_int_t)part->item, "name",
                                           part->name, "kind", vt_part_kind_names[part->kind], "area",
                                           (json_int_t)part->area, "logit", number(part->logit),
                                           "probability", number(part->probability), "flips", part->flips));
  }
  return parts;
}

vt_status vt_study_json(vt_ctx *ctx, const vt_study *study, const vt_model *model, json_t **out)
{
  const vt_study_options *options = study->options;
  json_t *arms = json_array(), *effects = json_object(), *timing = json_object(), *settings = json_array();
  vt_status status = arms_json(ctx, study, arms, timing);
  if (status == VT_OK) status = effects_json(ctx, study, effects);
  for (size_t i = 0; i < options->setting_count; i++)
    json_array_append_new(settings, vt_json_outside(options->settings[i]));
  const char *sha256 = vt_model_sha256(model);
  *out = json_pack(
      "{s:i, s:s, s:o, s:I, s:i, s:s, s:b, s:I, s:I, s:I, s:f, s:o, s:s, s:o, s:o, s:o, s:o, s:o}",
      "schema_version", 1, "world", options->world, "settings", settings, "seed", (json_int_t)options->seed,
      "seeds", options->seeds, "split", vt_split_name(options->split), "complete", !study->partial, "scenes",
      (json_int_t)study->scenes, "wrong", (json_int_t)study->wrong, "hidden_parts", (json_int_t)study->hidden,
      "chance", study->area, "division", vt_json_outside(options->regions), "model_sha256",
      sha256 ? sha256 : "", "methods", arms, "effects", effects, "rows", rows_json(study), "parts",
      parts_json(study), "timing", timing);
  if (status == VT_OK && !*out)
    status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing the study as JSON");
  if (status != VT_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}
