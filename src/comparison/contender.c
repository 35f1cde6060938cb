/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/contender.h"

#include "comparison/named.h"

/* ---- from text ---- */

static vt_status set_request(vt_ctx *ctx, vt_contender *contender, const char *name, const char *value)
{
  return vt_params_set(ctx, vt_request_fields, vt_request_field_count, &contender->request, name, value);
}

static vt_status apply(vt_ctx *ctx, vt_contender *contender, const char *text)
{
  const vt_method *method = contender->method;
  const char *equals = strchr(text, '=');
  char name[64];
  snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - text) : 0, text);
  const vt_field *of_run = vt_params_find(vt_request_fields, vt_request_field_count, name);
  bool own = !equals || !of_run || vt_params_find(method->fields, method->field_count, name);
  if (!own && strcmp(of_run->name, "target") == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the target is the same for all that are compared");
  VT_TRY(vt_params_apply(ctx, own ? method->fields : vt_request_fields,
                         own ? method->field_count : vt_request_field_count,
                         own ? contender->settings : (void *)&contender->request, "method setting", text));
  return VT_OK;
}

static vt_status fill_method(vt_ctx *ctx, const char *id, const char *preset, const vt_texts *set,
                             const vt_terms *terms, vt_contender *out)
{
  VT_TRY(vt_method_choose(ctx, &vt_methods, id, &out->method, &out->settings));
  const vt_method *method = out->method;
  VT_TRY(vt_params_defaults(ctx, method->fields, method->field_count, out->settings, method->settings_size));
  VT_TRY(
      vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &out->request, sizeof out->request));
  bool inside = method->needs & (VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS);
  VT_TRY(set_request(ctx, out, "regions", terms->regions));
  VT_TRY(set_request(ctx, out, "fill", terms->fill));
  bool flat = terms->class_score == VT_SCORE_PROBABILITY || terms->class_score == VT_SCORE_LOG_PROBABILITY;
  out->request.class_score = terms->explained ? terms->explained - 1
                             : inside && flat ? VT_SCORE_LOGIT
                                              : (int)terms->class_score;
  out->request.seed = terms->seed;
  out->request.bare = true;
  if (preset)
    VT_TRY(vt_preset_apply(ctx, method, preset, out->settings, vt_request_fields, vt_request_field_count,
                           &out->request));
  for (size_t i = 0; set && i < set->count; i++)
    VT_TRY(apply(ctx, out, set->data[i]));
  out->own_regions = strcmp(out->request.regions, terms->regions) != 0;
  return VT_OK;
}

vt_status vt_contender_method(vt_ctx *ctx, const char *label, const char *id, const char *preset,
                              const vt_texts *set, const vt_terms *terms, vt_contender *out)
{
  *out = (vt_contender){.kind = VT_CONTENDER_METHOD};
  vt_status status = fill_method(ctx, id, preset, set, terms, out);
  if (status == VT_OK && !(out->label = vt_strdup(ctx, label ? label : out->method->id)))
    status = VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) vt_contender_free(out);
  return status;
}

/* The two that are no methods. */
static vt_status fill_other(vt_ctx *ctx, const vt_named *named, vt_contender *out)
{
  bool maps = strcmp(named->id, "maps") == 0;
  *out = (vt_contender){.kind = maps ? VT_CONTENDER_MAPS : VT_CONTENDER_ORACLE};
  if (named->set.count || named->variant)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has neither settings nor presets", named->id);
  if (maps && (!named->argument || !*named->argument))
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "maps needs a file or a folder: maps:FILE.npy, or maps:DIR with NAME.npy for each picture");
  out->label = vt_strdup(ctx, named->label);
  if (maps) out->path = vt_strdup(ctx, named->argument);
  return out->label && (!maps || out->path) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_contender_parse(vt_ctx *ctx, const char *text, const vt_terms *terms, vt_contender *out)
{
  vt_named named;
  *out = (vt_contender){0};
  VT_TRY(vt_named_parse(ctx, text, &named));
  vt_status status;
  if (strcmp(named.id, "maps") == 0 || strcmp(named.id, "oracle") == 0)
    status = fill_other(ctx, &named, out);
  else if (named.argument)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a method has nothing behind a colon");
  else
    status = vt_contender_method(ctx, named.label, named.id, named.variant, &named.set, terms, out);
  vt_named_free(&named);
  if (status == VT_OK) return VT_OK;
  vt_contender_free(out);
  return vt_fail_prefix(ctx, "%s", text);
}

void vt_contender_free(vt_contender *contender)
{
  vt_params_free(vt_request_fields, vt_request_field_count, &contender->request);
  if (contender->settings)
    vt_params_free(contender->method->fields, contender->method->field_count, contender->settings);
  vt_free(contender->settings);
  vt_free(contender->label);
  vt_free(contender->path);
  *contender = (vt_contender){0};
}

static vt_status add_all(vt_ctx *ctx, const vt_texts *entries, const vt_terms *terms,
                         vt_contender *contenders, size_t *count)
{
  for (size_t i = 0; i < entries->count; i++) {
    VT_TRY(vt_contender_parse(ctx, entries->data[i], terms, &contenders[i]));
    *count = i + 1;
    for (size_t j = 0; j < i; j++)
      if (strcmp(contenders[i].label, contenders[j].label) == 0)
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                       "'%s' is named twice; give one a label of its own: LABEL=%s", contenders[i].label,
                       entries->data[i]);
  }
  return VT_OK;
}

vt_status vt_contenders_parse(vt_ctx *ctx, const char *list, const vt_terms *terms, vt_contender **out,
                              size_t *count)
{
  vt_texts entries = {0};
  *out = NULL;
  *count = 0;
  vt_status status = vt_named_split(ctx, list, &entries);
  if (status == VT_OK && entries.count == 0)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no method is named");
  if (status == VT_OK && !(*out = vt_alloc_zero(ctx, entries.count, sizeof **out)))
    status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = add_all(ctx, &entries, terms, *out, count);
  vt_texts_free(&entries);
  if (status == VT_OK) return VT_OK;
  vt_contenders_free(*out, *count);
  *out = NULL;
  *count = 0;
  return status;
}

void vt_contenders_free(vt_contender *contenders, size_t count)
{
  for (size_t i = 0; i < count; i++)
    vt_contender_free(&contenders[i]);
  vt_free(contenders);
}

json_t *vt_contender_json(vt_ctx *ctx, const vt_contender *contender)
{
  if (contender->kind == VT_CONTENDER_ORACLE) return json_pack("{s:s}", "kind", "oracle");
  if (contender->kind == VT_CONTENDER_MAPS)
    return json_pack("{s:s, s:o}", "kind", "maps", "path", vt_json_outside(contender->path));
  const vt_method *method = contender->method;
  json_t *run = vt_params_json(ctx, vt_request_fields, vt_request_field_count, &contender->request);
  if (run) {
    json_object_del(run, "target"); /* stands with the picture */
    json_object_del(run, "batch");
  }
  return json_pack("{s:s, s:s, s:o, s:o}", "kind", "method", "method", method->id, "settings",
                   vt_params_json(ctx, method->fields, method->field_count, contender->settings), "run", run);
}

/* ---- budgets ---- */

vt_status vt_contender_at_budget(vt_ctx *ctx, const vt_contender *contender, int regions, bool embedding,
                                 int64_t calls, void **settings, int64_t *samples)
{
  const vt_method *method = contender->method;
  *settings = NULL;
  *samples = 0;
  if (contender->kind != VT_CONTENDER_METHOD || !method->samples || !method->calls) return VT_OK;
  const vt_field *field = vt_params_find(method->fields, method->field_count, method->samples);
  char *copy = vt_alloc(ctx, method->settings_size);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(copy, contender->settings, method->settings_size);
  int64_t *slot = (int64_t *)(void *)(copy + field->offset);
  bool bounded = field->low < field->high;
  int64_t low = bounded && field->low > 1 ? (int64_t)field->low : 1, high = low + (calls > 0 ? calls : 0);
  if (bounded && high > (int64_t)field->high) high = (int64_t)field->high;
  while (low < high) { /* calls never fall with the samples */
    *slot = low + (high - low + 1) / 2;
    if (method->calls(copy, regions, embedding) <= calls)
      low = *slot;
    else
      high = *slot - 1;
  }
  *samples = *slot = low;
  *settings = copy;
  return VT_OK;
}
