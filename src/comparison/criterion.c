/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/criterion.h"

#include "comparison/named.h"

static const char *const default_protocol = "vitrail-50";

static vt_status find_metric(vt_ctx *ctx, const char *id, vt_criterion *out)
{
  const char *names[128];
  char suggestion[VT_SUGGESTION];
  size_t known = 0;
  if ((out->metric = vt_metric_find(id))) return VT_OK;
  for (size_t i = 0; i < vt_metric_count && known < VT_COUNT(names); i++)
    names[known++] = vt_metrics[i]->id;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "there is no metric '%s'%s", id,
                 vt_suggestion(vt_nearest(id, names, known), suggestion));
}

static vt_status find_protocol(vt_ctx *ctx, const char *id, vt_criterion *out)
{
  const char *names[64];
  char suggestion[VT_SUGGESTION];
  size_t known = 0;
  if ((out->protocol = vt_protocol_find(id))) return VT_OK;
  for (size_t i = 0; i < vt_protocol_count && known < VT_COUNT(names); i++)
    names[known++] = vt_protocols[i].id;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "there is no protocol '%s'%s", id,
                 vt_suggestion(vt_nearest(id, names, known), suggestion));
}

static vt_status fill(vt_ctx *ctx, const char *id, const char *protocol, const vt_texts *set,
                      vt_criterion *out)
{
  VT_TRY(find_metric(ctx, id, out));
  const vt_metric *metric = out->metric;
  VT_TRY(find_protocol(ctx, protocol ? protocol : default_protocol, out));
  if (!metric->curve) out->protocol = NULL;
  if (set && set->count && !metric->field_count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no settings", metric->id);
  if (!metric->field_count) return VT_OK;
  out->settings = vt_alloc_zero(ctx, 1, metric->settings_size);
  if (!out->settings) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_params_defaults(ctx, metric->fields, metric->field_count, out->settings, metric->settings_size));
  for (size_t i = 0; set && i < set->count; i++)
    VT_TRY(vt_params_apply(ctx, metric->fields, metric->field_count, out->settings, "metric setting",
                           set->data[i]));
  return VT_OK;
}

vt_status vt_criterion_make(vt_ctx *ctx, const char *label, const char *id, const char *protocol,
                            const vt_texts *set, vt_criterion *out)
{
  *out = (vt_criterion){0};
  vt_status status = fill(ctx, id, protocol, set, out);
  if (status == VT_OK && !(out->label = vt_strdup(ctx, label ? label : out->metric->id)))
    status = VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) vt_criterion_free(out);
  return status;
}

vt_status vt_criterion_parse(vt_ctx *ctx, const char *text, const char *protocol, vt_criterion *out)
{
  vt_named named;
  *out = (vt_criterion){0};
  VT_TRY(vt_named_parse(ctx, text, &named));
  vt_status status;
  status = vt_criterion_make(ctx, named.label, named.id, named.variant ? named.variant : protocol, &named.set,
                             out);
  if (status == VT_OK && named.argument && !(out->extra = vt_strdup(ctx, named.argument))) {
    vt_criterion_free(out);
    status = VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK && named.variant && !out->protocol) {
    vt_criterion_free(out);
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s makes no curve, and has no protocol", named.id);
  }
  vt_named_free(&named);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", text);
}

void vt_criterion_free(vt_criterion *criterion)
{
  if (criterion->settings)
    vt_params_free(criterion->metric->fields, criterion->metric->field_count, criterion->settings);
  vt_free(criterion->settings);
  vt_free(criterion->label);
  vt_free(criterion->extra);
  *criterion = (vt_criterion){0};
}

static vt_status add_all(vt_ctx *ctx, const vt_texts *entries, const char *protocol, vt_criterion *criteria,
                         size_t *count)
{
  for (size_t i = 0; i < entries->count; i++) {
    VT_TRY(vt_criterion_parse(ctx, entries->data[i], protocol, &criteria[i]));
    *count = i + 1;
    for (size_t j = 0; j < i; j++)
      if (strcmp(criteria[i].label, criteria[j].label) == 0)
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                       "'%s' is named twice; give one a label of its own: LABEL=%s", criteria[i].label,
                       entries->data[i]);
  }
  return VT_OK;
}

vt_status vt_criteria_parse(vt_ctx *ctx, const char *list, const char *protocol, vt_criterion **out,
                            size_t *count)
{
  vt_texts entries = {0};
  *out = NULL;
  *count = 0;
  vt_status status = vt_named_split(ctx, list, &entries);
  if (status == VT_OK && entries.count == 0)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no metric is named");
  if (status == VT_OK && !(*out = vt_alloc_zero(ctx, entries.count, sizeof **out)))
    status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = add_all(ctx, &entries, protocol, *out, count);
  vt_texts_free(&entries);
  if (status == VT_OK) return VT_OK;
  vt_criteria_free(*out, *count);
  *out = NULL;
  *count = 0;
  return status;
}

void vt_criteria_free(vt_criterion *criteria, size_t count)
{
  for (size_t i = 0; i < count; i++)
    vt_criterion_free(&criteria[i]);
  vt_free(criteria);
}

json_t *vt_criterion_json(vt_ctx *ctx, const vt_criterion *criterion)
{
  const vt_metric *metric = criterion->metric;
  return json_pack("{s:s, s:o, s:o, s:s*}", "metric", metric->id, "protocol",
                   criterion->protocol ? json_string(criterion->protocol->id) : json_null(), "settings",
                   metric->field_count
                       ? vt_params_json(ctx, metric->fields, metric->field_count, criterion->settings)
                       : json_object(),
                   "extra", criterion->extra);
}
