/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/prior_map.h"

#include "explain/regions.h"

enum { SMALL_SIDE = 128, SMALL_GRID = 8, USUAL_GRID = 10 };

int vt_prior_grid(const vt_request *request, int height, int width)
{
  if (request->prior_grid > 0) return (int)request->prior_grid;
  return (height < width ? height : width) < SMALL_SIDE ? SMALL_GRID : USUAL_GRID;
}

int vt_prior_region_count(const vt_request *request, int height, int width)
{
  int64_t grid = vt_prior_grid(request, height, width), each = request->prior_patches;
  return (int)((grid * grid + each - 1) / each);
}

/* ---- the method ---- */

/* NAME=VALUE texts between colons. */
static vt_status set_options(vt_ctx *ctx, const vt_method *method, void *settings, char *options)
{
  for (char *at = options; at;) {
    char *colon = strchr(at, ':');
    if (colon) *colon = 0;
    VT_TRY(vt_params_apply(ctx, method->fields, method->field_count, settings, "setting of the prior", at));
    at = colon ? colon + 1 : NULL;
  }
  return VT_OK;
}

/* `settings` is filled when this succeeds, and only then has to be freed with vt_params_free() too. */
static vt_status choose(vt_ctx *ctx, const char *text, const vt_method **method, void **settings)
{
  char *name = vt_strdup(ctx, text);
  if (!name) return VT_ERROR_OUT_OF_MEMORY;
  char *colon = strchr(name, ':');
  if (colon) *colon = 0;
  bool filled = false;
  vt_status status = vt_method_choose(ctx, &vt_methods, name, method, settings);
  if (status == VT_OK) {
    status = vt_params_defaults(ctx, (*method)->fields, (*method)->field_count, *settings,
                                (*method)->settings_size);
    filled = status == VT_OK;
  }
  if (filled && colon) status = set_options(ctx, *method, *settings, colon + 1);
  if (status != VT_OK) {
    if (filled) vt_params_free((*method)->fields, (*method)->field_count, *settings);
    vt_free(*settings);
    *settings = NULL;
    vt_fail_prefix(ctx, "prior '%s'", text);
  }
  vt_free(name);
  return status;
}

/* ---- the map and its patches ---- */

static json_t *tell(const vt_result *result, const vt_request *request, int grid, bool constant)
{
  const vt_explanation *explanation = result->explanation;
  json_t *json = json_object();
  json_object_set_new(json, "method", json_string(explanation->method->id));
  json_object_set(json, "parameters", explanation->parameters);
  json_object_set_new(json, "grid", json_integer(grid));
  json_object_set_new(json, "patches", json_integer((json_int_t)request->prior_patches));
  json_object_set_new(json, "constant", json_boolean(constant));
  json_object_set_new(json, "model_calls", json_integer((json_int_t)explanation->model_calls));
  json_object_set_new(json, "model_forwards", json_integer((json_int_t)explanation->model_forwards));
  return json;
}

static vt_status cut(vt_ctx *ctx, const vt_result *result, const vt_request *request, vt_regions **out,
                     json_t **told)
{
  int height = result->picture->height, width = result->picture->width;
  int grid = vt_prior_grid(request, height, width);
  bool constant = false;
  int32_t *labels = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_prior_labels(ctx, result->explanation->saliency, height, width, grid,
                                     (int)request->prior_patches, height, width, labels, &constant);
  if (status == VT_OK) status = vt_regions_from_labels(ctx, labels, height, width, out);
  if (status == VT_OK) *told = tell(result, request, grid, constant);
  if (status == VT_OK && !*told) status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the prior");
  vt_free(labels);
  return status;
}

vt_status vt_prior_division(vt_ctx *ctx, vt_model *model, const vt_image *photo, const vt_request *request,
                            vt_regions **out, json_t **told)
{
  const vt_method *method;
  void *settings = NULL;
  vt_result result;
  vt_request asked = *request;
  *told = NULL;
  VT_TRY(choose(ctx, request->prior, &method, &settings));
  asked.prior = NULL;
  asked.bare = true;
  vt_status status = vt_attribute_run(ctx, model, photo, NULL, method, settings, &asked, &result);
  if (status == VT_OK && result.explanation->partial)
    status = vt_fail(ctx, VT_ERROR_LIMIT, "the map was cut short (%s)",
                     result.explanation->partial_reason ? result.explanation->partial_reason : "limit");
  if (status == VT_OK) status = cut(ctx, &result, request, out, told);
  if (status != VT_OK) vt_fail_prefix(ctx, "prior '%s'", request->prior);
  vt_result_free(&result);
  vt_params_free(method->fields, method->field_count, settings);
  vt_free(settings);
  return status;
}
