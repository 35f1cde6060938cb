/* SPDX-License-Identifier: Apache-2.0
 *
 * Defaults of other toolkits and papers, by name.
 */
#include "attribution/attribute.h"

static vt_status unknown_preset(vt_ctx *ctx, const vt_method *method, const char *name)
{
  vt_text list = {0};
  for (size_t i = 0; i < method->preset_count; i++)
    vt_text_addf(ctx, &list, "%s%s", i ? ", " : "", method->presets[i].id);
  vt_status status =
      list.failed ? VT_ERROR_OUT_OF_MEMORY
      : method->preset_count
          ? vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no preset '%s'; it has: %s", method->id, name,
                    list.data)
          : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no preset '%s', nor any other", method->id, name);
  vt_text_free(&list);
  return status;
}

vt_status vt_preset_apply(vt_ctx *ctx, const vt_method *method, const char *name, void *settings,
                          const vt_field *fields, size_t count, vt_request *request)
{
  const vt_method_preset *preset = NULL;
  for (size_t i = 0; i < method->preset_count; i++)
    if (strcmp(method->presets[i].id, name) == 0) preset = &method->presets[i];
  if (!preset) return unknown_preset(ctx, method, name);
  char *text = vt_strdup(ctx, preset->settings), *rest = text;
  if (!text) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (char *word; status == VT_OK && (word = strtok_r(rest, " ", &rest)) != NULL;) {
    char *value = strchr(word, '=');
    *value++ = 0;
    if (vt_params_find(method->fields, method->field_count, word))
      status = vt_params_set(ctx, method->fields, method->field_count, settings, word, value);
    else if (vt_params_find(fields, count, word))
      status = vt_params_set(ctx, fields, count, request, word, value);
  }
  vt_free(text);
  return status;
}
