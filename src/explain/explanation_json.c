/* SPDX-License-Identifier: Apache-2.0
 *
 * explanation.json, schema_version 1. `data` says what was found, `meta` how. Regions are named by their
 * number in labels.npy. To add a value: a line in the group where it belongs; NaN is written as null.
 */
#include "base/base.h"
#include "explain/divide.h"
#include "explain/explanation.h"
#include "explain/method.h"

#include <math.h>

enum { SCHEMA_VERSION = 1 };

/* jansson's setters take the new reference and fail on NULL; failures add up in `failed`. */
typedef struct object {
  json_t *json;
  bool *failed;
} object;

static object new_object(bool *failed)
{
  json_t *json = json_object();
  if (!json) *failed = true;
  return (object){.json = json, .failed = failed};
}

static void set(object to, const char *key, json_t *value)
{
  if (json_object_set_new(to.json, key, value) != 0) *to.failed = true;
}

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text(const char *value)
{
  return value ? json_string(value) : json_null();
}

static json_t *numbers(const double *values, int count)
{
  json_t *list = json_array();
  for (int i = 0; list && i < count; i++)
    if (json_array_append_new(list, number(values[i])) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *integers(const int *values, int count)
{
  json_t *list = json_array();
  for (int i = 0; list && i < count; i++)
    if (json_array_append_new(list, json_integer(values[i])) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *curve(const double *scores, int points, double auc, bool *failed)
{
  object to = new_object(failed);
  set(to, "scores", numbers(scores, points));
  set(to, "auc", number(auc));
  return to.json;
}

static json_t *region_list(const vt_regions *regions, bool *failed)
{
  json_t *list = json_array();
  for (int r = 0; r < vt_regions_count(regions); r++) {
    int box[4];
    double centroid[2];
    vt_regions_box(regions, r, box, centroid);
    object to = new_object(failed);
    set(to, "id", json_integer(r));
    set(to, "area", json_integer(vt_regions_area(regions, r)));
    set(to, "box", integers(box, 4));
    set(to, "centroid", numbers(centroid, 2));
    if (json_array_append_new(list, to.json) != 0) *failed = true;
  }
  return list;
}

static json_t *class_object(const vt_explanation *explanation, int index, bool *failed)
{
  object to = new_object(failed);
  bool is_target = index == explanation->target && explanation->target_name;
  const char *name = is_target            ? explanation->target_name
                     : explanation->model ? vt_model_class_name(explanation->model, index)
                                          : NULL;
  set(to, "index", json_integer(index));
  set(to, "name", vt_json_outside(name));
  return to.json;
}

static json_t *target_object(const vt_explanation *explanation, bool *failed)
{
  object to = {.json = class_object(explanation, explanation->target, failed), .failed = failed};
  set(to, "score_kind", json_string(vt_score_name(explanation->score)));
  set(to, "full", number(explanation->full));
  set(to, "blank", number(explanation->blank));
  if (explanation->target_text) set(to, "text_form", vt_json_outside(explanation->target_text));
  if (explanation->target_details && json_object_update(to.json, explanation->target_details) != 0)
    *failed = true;
  return to.json;
}

static json_t *predicted_object(const vt_explanation *explanation, bool *failed)
{
  if (explanation->predicted < 0) return json_null();
  object to = {.json = class_object(explanation, explanation->predicted, failed), .failed = failed};
  set(to, "probability", number(explanation->full_probability_top));
  return to.json;
}

static json_t *subset(const vt_explanation *explanation, const vt_subset_size *size, bool *failed)
{
  if (size->regions < 0) return json_null();
  object to = new_object(failed);
  set(to, "regions", json_integer(size->regions));
  set(to, "area", number(size->area));
  set(to, "score", number(size->score));
  set(to, "ids", integers(explanation->order, size->regions));
  return to.json;
}

static json_t *subsets(const vt_explanation *explanation, bool *failed)
{
  object to = new_object(failed);
  vt_subset_size objective = {.regions = explanation->best_objective};
  if (objective.regions >= 0) {
    objective.area = explanation->areas[objective.regions];
    objective.score = explanation->insertion[objective.regions];
  }
  set(to, "best", subset(explanation, &explanation->best, failed));
  set(to, "keep", subset(explanation, &explanation->keep, failed));
  set(to, "flip", subset(explanation, &explanation->flip, failed));
  set(to, "objective", subset(explanation, &objective, failed));
  return to.json;
}

static json_t *mistake_object(const vt_explanation *explanation, bool *failed)
{
  const vt_mistake *mistake = &explanation->mistake;
  int count = vt_regions_count(explanation->regions);
  object to = new_object(failed), second = new_object(failed);
  set(to, "predicted", class_object(explanation, mistake->predicted, failed));
  set(second, "scores",
      explanation->insertion_second ? numbers(explanation->insertion_second, count + 1) : json_null());
  set(to, "predicted_insertion", second.json);
  set(to, "peak_step", mistake->peak_step < 0 ? json_null() : json_integer(mistake->peak_step));
  set(to, "peak_area", number(mistake->peak_area));
  set(to, "highest_within_areas", numbers((const double[]){0.25, 0.5, 0.75, 1}, 4));
  set(to, "highest", numbers(mistake->highest, 4));
  int peak = mistake->peak_step < 0 ? count : mistake->peak_step;
  set(to, "misled_by", integers(explanation->order + peak, count - peak));
  return to.json;
}

static json_t *violation_object(const vt_explanation *explanation, bool *failed)
{
  object to = new_object(failed);
  set(to, "rate", number(explanation->violation_rate));
  set(to, "triples", json_integer(explanation->violation_triples));
  return to.json;
}

static json_t *sizes(const int64_t *dims, int rank)
{
  json_t *list = json_array();
  for (int i = 0; list && i < rank; i++)
    if (json_array_append_new(list, json_integer((json_int_t)dims[i])) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

/* The reduced map of inputs that are no pictures: a number for each token or column. */
static json_t *short_map(const vt_explanation *explanation)
{
  bool picture = explanation->attribution_rank == 3;
  int64_t places = picture ? explanation->attribution_dims[1] * explanation->attribution_dims[2]
                           : explanation->attribution_dims[0];
  json_t *list = json_array();
  for (int64_t i = 0; list && i < places; i++)
    if (json_array_append_new(list, number((double)explanation->saliency[i])) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

/* What attribution.npy, saliency.npy and native.npy hold. */
static json_t *map_object(const vt_explanation *explanation, bool *failed)
{
  static const char *const reductions[] = {"auto", "sum", "mean", "abs-max", "abs-sum", "l2"};
  object to = new_object(failed);
  set(to, "shape", sizes(explanation->attribution_dims, explanation->attribution_rank));
  set(to, "reduction", json_string(reductions[explanation->reduction]));
  if (!explanation->model) set(to, "saliency", short_map(explanation));
  if (explanation->native) {
    object native = new_object(failed);
    set(native, "tensor", vt_json_outside(explanation->native_name));
    set(native, "shape", sizes(explanation->native_dims, explanation->native_rank));
    set(to, "native", native.json);
  }
  if (explanation->completeness.present) {
    object completeness = new_object(failed);
    set(completeness, "sum", number(explanation->completeness.sum));
    set(completeness, "difference", number(explanation->completeness.difference));
    set(completeness, "error", number(explanation->completeness.error));
    set(to, "completeness", completeness.json);
  }
  return to.json;
}

static json_t *data_object(const vt_explanation *explanation, bool *failed)
{
  object to = new_object(failed);
  set(to, "target", target_object(explanation, failed));
  set(to, "predicted", predicted_object(explanation, failed));
  if (explanation->regions && explanation->order) {
    int count = vt_regions_count(explanation->regions);
    set(to, "order", integers(explanation->order, count));
    set(to, "known", json_integer(explanation->known));
    set(to, "areas", numbers(explanation->areas, count + 1));
    set(to, "insertion", curve(explanation->insertion, count + 1, explanation->insertion_auc, failed));
    set(to, "deletion", curve(explanation->deletion, count + 1, explanation->deletion_auc, failed));
    set(to, "objective", numbers(explanation->objective, count));
    set(to, "subsets", subsets(explanation, failed));
    if (explanation->mistake.present) set(to, "mistake", mistake_object(explanation, failed));
    set(to, "violation", violation_object(explanation, failed));
    set(to, "uninformative", json_boolean(explanation->uninformative));
  }
  if (explanation->attribution) set(to, "map", map_object(explanation, failed));
  if (explanation->details) set(to, "details", json_incref(explanation->details));
  if (explanation->regions) set(to, "regions", region_list(explanation->regions, failed));
  return to.json;
}

/* What was dropped, merged or left uncovered by the division. */
static json_t *division_object(const vt_regions_report *division, bool *failed)
{
  object to = new_object(failed);
  set(to, "uncovered_pixels", json_integer(division->uncovered_pixels));
  set(to, "overlap_pixels", json_integer(division->overlap_pixels));
  set(to, "dropped_pixels", json_integer(division->dropped_pixels));
  set(to, "dropped_regions", json_integer(division->dropped_regions));
  set(to, "merged_fragments", json_integer(division->merged_fragments));
  return to.json;
}

static json_t *meta_object(const vt_explanation *explanation, bool *failed)
{
  object to = new_object(failed);
  const char *model_sha256 =
      explanation->model ? vt_model_sha256(explanation->model) : explanation->graph_sha256;
  set(to, "version", json_string(vt_version()));
  set(to, "method", text(explanation->method ? explanation->method->id : NULL));
  set(to, "parameters", explanation->parameters ? json_incref(explanation->parameters) : json_object());
  set(to, "protocol", explanation->order ? json_string("lima") : json_null());
  set(to, "division", division_object(&explanation->division, failed));
  if (explanation->prior) set(to, "prior", json_incref(explanation->prior));
  set(to, "model_sha256", text(model_sha256[0] ? model_sha256 : NULL));
  set(to, "image_sha256", text(explanation->image_sha256[0] ? explanation->image_sha256 : NULL));
  set(to, "seed", json_integer((json_int_t)explanation->seed));
  set(to, "model_calls", json_integer(explanation->model_calls));
  set(to, "model_forwards", json_integer(explanation->model_forwards));
  if (explanation->attribution) set(to, "traced_runs", json_integer(explanation->traced_runs));
  set(to, "diagnostic_calls", json_integer(explanation->diagnostic_calls));
  set(to, "seconds", number(explanation->seconds));
  set(to, "threads", json_integer(explanation->threads));
  set(to, "batch", json_integer(explanation->batch));
  set(to, "partial", json_boolean(explanation->partial));
  set(to, "partial_reason", text(explanation->partial_reason));
  set(to, "warnings", json_incref(explanation->warnings));
  return to.json;
}

vt_status vt_explanation_json(vt_ctx *ctx, const vt_explanation *explanation, json_t **out)
{
  bool failed = false;
  object root = new_object(&failed);
  set(root, "schema_version", json_integer(SCHEMA_VERSION));
  set(root, "data", data_object(explanation, &failed));
  set(root, "meta", meta_object(explanation, &failed));
  *out = root.json;
  if (!failed) return VT_OK;
  json_decref(root.json);
  *out = NULL;
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing explanation.json");
}
