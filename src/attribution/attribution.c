/* SPDX-License-Identifier: Apache-2.0
 *
 * The public face: options as text, an opaque result.
 */
#include "vitrail/attribution.h"

#include "attribution/attribute.h"

struct vt_attribution {
  vt_result result;
  const vt_method *method;
  void *settings;
  vt_request request;
};

void vt_attribution_free(vt_attribution *attribution)
{
  if (!attribution) return;
  vt_result_free(&attribution->result);
  vt_params_free(vt_request_fields, vt_request_field_count, &attribution->request);
  if (attribution->settings)
    vt_params_free(attribution->method->fields, attribution->method->field_count, attribution->settings);
  vt_free(attribution->settings);
  vt_free(attribution);
}

/* An option belongs to the run when the run's table knows it, to the method otherwise. */
static vt_status set_option(vt_ctx *ctx, vt_attribution *attribution, const vt_option *option)
{
  if (vt_params_find(vt_request_fields, vt_request_field_count, option->name))
    return vt_params_set(ctx, vt_request_fields, vt_request_field_count, &attribution->request, option->name,
                         option->value);
  return vt_params_set(ctx, attribution->method->fields, attribution->method->field_count,
                       attribution->settings, option->name, option->value);
}

vt_status vt_attribute(vt_ctx *ctx, vt_model *model, const vt_image *photo, const char *method,
                       const vt_option *options, size_t option_count, vt_attribution **out)
{
  *out = NULL;
  vt_attribution *made = vt_alloc_zero(ctx, 1, sizeof *made);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status;
  VT_TRY_DONE(vt_method_choose(ctx, &vt_methods, method, &made->method, &made->settings));
  VT_TRY_DONE(vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &made->request,
                                 sizeof made->request));
  VT_TRY_DONE(vt_params_defaults(ctx, made->method->fields, made->method->field_count, made->settings,
                                 made->method->settings_size));
  for (size_t i = 0; i < option_count; i++)
    VT_TRY_DONE(set_option(ctx, made, &options[i]));
  VT_TRY_DONE(
      vt_attribute_run(ctx, model, photo, NULL, made->method, made->settings, &made->request, &made->result));
  *out = made;
  made = NULL;
done:
  vt_attribution_free(made);
  return status;
}

const int *vt_attribution_order(const vt_attribution *result, int *count)
{
  if (count) *count = vt_regions_count(result->result.regions);
  return result->result.explanation->order;
}

const double *vt_attribution_insertion(const vt_attribution *result)
{
  return result->result.explanation->insertion;
}

const double *vt_attribution_deletion(const vt_attribution *result)
{
  return result->result.explanation->deletion;
}

const double *vt_attribution_areas(const vt_attribution *result)
{
  return result->result.explanation->areas;
}

void vt_attribution_auc(const vt_attribution *result, double *insertion, double *deletion)
{
  *insertion = result->result.explanation->insertion_auc;
  *deletion = result->result.explanation->deletion_auc;
}

const float *vt_attribution_saliency(const vt_attribution *result, int *height, int *width)
{
  *height = result->result.picture->height;
  *width = result->result.picture->width;
  return result->result.explanation->saliency;
}

const float *vt_attribution_map(const vt_attribution *result, int64_t dims[3])
{
  const vt_explanation *explanation = result->result.explanation;
  if (explanation->attribution) memcpy(dims, explanation->attribution_dims, 3 * sizeof *dims);
  return explanation->attribution;
}

const float *vt_attribution_native(const vt_attribution *result, const char **tensor, int *height, int *width)
{
  const vt_explanation *explanation = result->result.explanation;
  if (!explanation->native) return NULL;
  *tensor = explanation->native_name;
  *height = (int)explanation->native_dims[0];
  *width = (int)explanation->native_dims[1];
  return explanation->native;
}

bool vt_attribution_completeness(const vt_attribution *result, double *sum, double *difference)
{
  const vt_completeness *completeness = &result->result.explanation->completeness;
  if (completeness->present) {
    *sum = completeness->sum;
    *difference = completeness->difference;
  }
  return completeness->present;
}

const vt_regions *vt_attribution_regions(const vt_attribution *result)
{
  return result->result.regions;
}

int vt_attribution_target(const vt_attribution *result, double *full, double *blank)
{
  if (full) *full = result->result.explanation->full;
  if (blank) *blank = result->result.explanation->blank;
  return result->result.explanation->target;
}

bool vt_attribution_partial(const vt_attribution *result)
{
  return result->result.explanation->partial;
}

int64_t vt_attribution_model_calls(const vt_attribution *result)
{
  return result->result.explanation->model_calls;
}

vt_status vt_attribution_json(vt_ctx *ctx, const vt_attribution *result, char **out)
{
  json_t *json = NULL;
  *out = NULL;
  VT_TRY(vt_explanation_json(ctx, result->result.explanation, &json));
  vt_status status = vt_json_text(ctx, json, out);
  json_decref(json);
  return status;
}

void vt_text_release(char *text)
{
  vt_free(text);
}
