/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/compare_keys.h"

#include <stdlib.h>

/* JSON as one line with sorted keys. Takes the reference. */
static vt_status dump(vt_ctx *ctx, json_t *json, char **out)
{
  char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  json_decref(json);
  *out = text ? vt_strdup(ctx, text) : NULL;
  free(text);
  return *out ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for settings as text");
}

static json_t *terms_json(const vt_compare *compare)
{
  const vt_terms *terms = &compare->contest.terms;
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "draws", "by picture", "model_sha256",
                   vt_model_sha256(compare->model), "regions", terms->regions, "fill", terms->fill,
                   "class_score", vt_score_name(terms->class_score), "seed", (json_int_t)terms->seed);
}

/* Maps made elsewhere are known by what is in them. */
static vt_status hash_file(vt_ctx *ctx, const char *path, char out[65])
{
  unsigned char *bytes;
  size_t size;
  snprintf(out, 65, "%s", "none");
  if (!vt_file_exists(path)) return VT_OK;
  if (vt_read_file(ctx, path, (size_t)1 << 30, &bytes, &size) !=
      VT_OK) { /* it will say why when it is read */
    vt_ctx_clear(ctx);
    return VT_OK;
  }
  vt_sha256_hex(bytes, size, out);
  vt_free(bytes);
  return VT_OK;
}

/* Takes out of the settings of a run what stands as it does when nothing is said, so that an option which a
 * later version adds changes no key. */
static vt_status drop_defaults(vt_ctx *ctx, json_t *run)
{
  vt_request request;
  VT_TRY(vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  json_t *defaults = vt_params_json(ctx, vt_request_fields, vt_request_field_count, &request), *value;
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  if (!defaults) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for settings as text");
  const char *name;
  json_object_foreach(defaults, name, value)
  {
    if (json_equal(value, json_object_get(run, name))) json_object_del(run, name);
  }
  json_decref(defaults);
  return VT_OK;
}

vt_status vt_compare_contender_json(vt_ctx *ctx, const vt_contender *contender, json_t **out)
{
  *out = vt_contender_json(ctx, contender);
  if (!*out) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for settings as text");
  json_t *run = json_object_get(*out, "run");
  vt_status status = run ? drop_defaults(ctx, run) : VT_OK;
  if (status == VT_OK) return VT_OK;
  json_decref(*out);
  *out = NULL;
  return status;
}

static vt_status contender_text(vt_ctx *ctx, const vt_compare *compare, size_t index, char **out)
{
  const vt_contest *contest = &compare->contest;
  const vt_contender *contender = &contest->contenders[index];
  json_t *json, *budget;
  VT_TRY(vt_compare_contender_json(ctx, contender, &json));
  bool samples = contender->kind == VT_CONTENDER_METHOD && contender->method->samples;
  if (contest->budget_of >= 0 && samples && (int)index != contest->budget_of) {
    /* its own number of samples is not looked at */
    json_object_del(json_object_get(json, "settings"), contender->method->samples);
    vt_status status = vt_compare_contender_json(ctx, &contest->contenders[contest->budget_of], &budget);
    if (status != VT_OK) {
      json_decref(json);
      return status;
    }
    json_object_set_new(json, "budget_of", budget);
  }
  return dump(ctx, json, out);
}

vt_status vt_compare_texts_make(vt_ctx *ctx, const vt_compare *compare, vt_compare_texts *out)
{
  const vt_contest *contest = &compare->contest;
  *out = (vt_compare_texts){0};
  out->contenders = vt_alloc_zero(ctx, contest->contender_count, sizeof *out->contenders);
  out->criteria = vt_alloc_zero(ctx, contest->criterion_count, sizeof *out->criteria);
  vt_status status = out->contenders && out->criteria ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = dump(ctx, terms_json(compare), &out->terms);
  for (size_t i = 0; status == VT_OK && i < contest->contender_count; i++)
    status = contender_text(ctx, compare, i, &out->contenders[i]);
  for (size_t i = 0; status == VT_OK && i < contest->criterion_count; i++)
    status = dump(ctx, vt_criterion_json(ctx, &contest->criteria[i]), &out->criteria[i]);
  if (status != VT_OK) vt_compare_texts_free(compare, out);
  return status;
}

void vt_compare_texts_free(const vt_compare *compare, vt_compare_texts *texts)
{
  for (size_t i = 0; texts->contenders && i < compare->contest.contender_count; i++)
    vt_free(texts->contenders[i]);
  for (size_t i = 0; texts->criteria && i < compare->contest.criterion_count; i++)
    vt_free(texts->criteria[i]);
  vt_free(texts->contenders);
  vt_free(texts->criteria);
  vt_free(texts->terms);
  *texts = (vt_compare_texts){0};
}

vt_status vt_compare_input_hash(vt_ctx *ctx, const vt_model *model, const vt_image *picture, char out[65])
{
  size_t floats = vt_model_input_floats(model);
  float *input = vt_alloc_zero(ctx, floats, sizeof *input);
  if (!input) return VT_ERROR_OUT_OF_MEMORY;
  vt_preprocess_floats(vt_model_preprocess(model), picture, input);
  vt_sha256_hex(input, floats * sizeof *input, out);
  vt_free(input);
  return VT_OK;
}

vt_status vt_compare_picture_key(vt_ctx *ctx, const vt_compare *compare, const vt_compare_texts *texts,
                                 const char *input, int label, char out[VT_LEDGER_KEY])
{
  char about[64];
  snprintf(about, sizeof about, "%d %d", label, compare->to_predicted);
  return vt_ledger_key(ctx, out, (const char *const[]){"picture", texts->terms, input, about, NULL});
}

static vt_status explanation_key(vt_ctx *ctx, const vt_compare *compare, const vt_compare_texts *texts,
                                 const char *input, const char *target, const char *mask, const char *name,
                                 size_t contender, char out[VT_LEDGER_KEY])
{
  const vt_contender *who = &compare->contest.contenders[contender];
  char content[65] = "";
  if (who->kind == VT_CONTENDER_ORACLE) snprintf(content, sizeof content, "%s", mask);
  if (who->kind == VT_CONTENDER_MAPS) {
    char *file = vt_contender_map_file(ctx, who, name);
    vt_status status = file ? hash_file(ctx, file, content) : VT_ERROR_OUT_OF_MEMORY;
    vt_free(file);
    VT_TRY(status);
  }
  return vt_ledger_key(ctx, out,
                       (const char *const[]){"explanation", texts->terms, input, target,
                                             texts->contenders[contender], content, NULL});
}

vt_status vt_compare_entry_keys(vt_ctx *ctx, const vt_compare *compare, const vt_compare_texts *texts,
                                const char *input, int target, const char *mask, const char *name,
                                vt_entry *entry)
{
  const vt_contest *contest = &compare->contest;
  size_t contenders = contest->contender_count, criteria = contest->criterion_count;
  char about[24];
  snprintf(about, sizeof about, "%d", target);
  entry->explanations = vt_alloc_zero(ctx, contenders, sizeof *entry->explanations);
  entry->measures = vt_alloc_zero(ctx, contenders * criteria * 2, sizeof *entry->measures);
  if (!entry->explanations || !entry->measures) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t c = 0; c < contenders; c++) {
    VT_TRY(explanation_key(ctx, compare, texts, input, about, mask, name, c, entry->explanations[c]));
    for (size_t m = 0; m < criteria; m++)
      for (size_t g = 0; g < 2; g++) {
        bool masked = contest->criteria[m].metric->needs & VT_NEEDS_MASKS;
        VT_TRY(vt_ledger_key(ctx, entry->measures[(c * criteria + m) * 2 + g],
                             (const char *const[]){"measure", entry->explanations[c], texts->criteria[m],
                                                   g ? "equal" : "as-it-is", masked ? mask : "", NULL}));
      }
  }
  return VT_OK;
}

/* ---- run.json ---- */

static vt_status settings_json(vt_ctx *ctx, const vt_compare *compare, json_t **out)
{
  json_t *json = terms_json(compare), *budget = json_null();
  int budget_of = compare->contest.budget_of;
  vt_status status = VT_OK;
  if (budget_of >= 0)
    status = vt_compare_contender_json(ctx, &compare->contest.contenders[budget_of], &budget);
  if (status != VT_OK) {
    json_decref(json);
    return status;
  }
  if (json) {
    json_object_set_new(json, "schema_version", json_integer(1));
    json_object_set(json, "budget_of", budget);
  }
  json_decref(budget);
  *out = json;
  return json ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for run.json");
}

static vt_status say_difference(vt_ctx *ctx, const vt_compare *compare, const json_t *there,
                                const json_t *here)
{
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)here, name, value)
  {
    const json_t *other = json_object_get(there, name);
    if (json_equal(value, other)) continue;
    char *mine = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY),
         *theirs = other ? json_dumps(other, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    vt_status status =
        vt_fail(ctx, VT_ERROR_EXISTS,
                "%s holds a comparison with %s %.100s, and this one has %.100s: give another folder",
                compare->folder, name, theirs ? theirs : "none", mine ? mine : "");
    free(mine);
    free(theirs);
    return status;
  }
  return VT_OK;
}

vt_status vt_compare_check_folder(vt_ctx *ctx, const vt_compare *compare)
{
  json_t *here = NULL, *there = NULL;
  unsigned char *bytes = NULL;
  size_t size;
  char *path = vt_path_join(ctx, compare->folder, "run.json"), *text = NULL;
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = settings_json(ctx, compare, &here);
  if (status == VT_OK && vt_file_exists(path)) {
    status = vt_read_file(ctx, path, 1 << 20, &bytes, &size);
    if (status == VT_OK && !(there = json_loadb((char *)bytes, size, 0, NULL)))
      status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s is no JSON; remove it to go on in this folder", path);
    if (status == VT_OK) status = say_difference(ctx, compare, there, here);
  } else if (status == VT_OK) {
    status = vt_json_text(ctx, here, &text);
    if (status == VT_OK) status = vt_write_file(ctx, path, text, strlen(text));
  }
  vt_free(bytes);
  vt_free(text);
  vt_free(path);
  json_decref(here);
  json_decref(there);
  return status;
}
