/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/judged_method.h"

vt_status cli_judged_method_open(cli *run, const char *id, const vt_texts *set, cli_judged_method *out)
{
  vt_ctx *ctx = run->ctx;
  VT_TRY(vt_method_choose(ctx, &vt_methods, id, &out->method, &out->settings));
  const vt_method *method = out->method;
  VT_TRY(vt_params_defaults(ctx, method->fields, method->field_count, out->settings, method->settings_size));
  VT_TRY(
      vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &out->request, sizeof out->request));
  for (size_t i = 0; i < set->count; i++) {
    const char *equals = strchr(set->data[i], '=');
    char name[64];
    snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - set->data[i]) : 0, set->data[i]);
    bool own = vt_params_find(method->fields, method->field_count, name) || !equals;
    VT_TRY(vt_params_apply(ctx, own ? method->fields : vt_request_fields,
                           own ? method->field_count : vt_request_field_count,
                           own ? out->settings : (void *)&out->request, "method setting", set->data[i]));
  }
  return VT_OK;
}

vt_status cli_judged_method_run(cli *run, cli_judged_method *judged, vt_model *model, const vt_image *picture,
                                int target)
{
  char text[32];
  snprintf(text, sizeof text, "%d", target);
  VT_TRY(
      vt_params_set(run->ctx, vt_request_fields, vt_request_field_count, &judged->request, "target", text));
  VT_TRY(vt_attribute_run(run->ctx, model, picture, NULL, judged->method, judged->settings, &judged->request,
                          &judged->result));
  judged->asked = (vt_asked){.model = model,
                             .picture = picture,
                             .method = judged->method,
                             .settings = judged->settings,
                             .request = &judged->request,
                             .target = judged->result.explanation->target,
                             .regions = judged->result.regions};
  judged->explainer = vt_asked_explainer(&judged->asked);
  return VT_OK;
}

void cli_judged_method_close(cli_judged_method *judged)
{
  vt_result_free(&judged->result);
  vt_params_free(vt_request_fields, vt_request_field_count, &judged->request);
  if (judged->settings) vt_params_free(judged->method->fields, judged->method->field_count, judged->settings);
  vt_free(judged->settings);
}
