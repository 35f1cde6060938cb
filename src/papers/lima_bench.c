/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures and runs for the parts of the LiMA experiment.
 */
#include "papers/lima_bench.h"

vt_status vt_lima_scenes_open(vt_ctx *ctx, uint64_t seed, vt_lima_scenes *out)
{
  *out = (vt_lima_scenes){0};
  VT_TRY(vt_model_open_bundled(ctx, NULL, NULL, &out->model));
  vt_status status = vt_world_open(ctx, "scenes/object", NULL, 0, seed >> 12, &out->world);
  if (status != VT_OK) vt_lima_scenes_close(out);
  return status;
}

void vt_lima_scenes_close(vt_lima_scenes *scenes)
{
  vt_world_close(scenes->world);
  vt_model_free(scenes->model);
  *scenes = (vt_lima_scenes){0};
}

vt_status vt_lima_scenes_next(vt_ctx *ctx, vt_lima_scenes *scenes, vt_part_truth *out)
{
  for (;;) {
    /* a model that errs on most scenes is not worth a search without end */
    if (scenes->next >= 4 * scenes->right + 100)
      return vt_fail(ctx, VT_ERROR_RUNTIME, "of %lld scenes the classifier gets %lld right",
                     (long long)scenes->next, (long long)scenes->right);
    VT_TRY(vt_part_truth_make(ctx, scenes->world, VT_TEST, scenes->next++, scenes->model, out));
    if (out->answer == out->label) break;
    vt_part_truth_free(out);
  }
  scenes->right++;
  return VT_OK;
}

/* "name=value name=value" into the method's settings or the request. */
static vt_status apply(vt_ctx *ctx, const vt_method *method, void *settings, vt_request *request,
                       const char *text)
{
  char name[64], value[160];
  int used;
  for (; text && sscanf(text, " %63[^= ]=%159s%n", name, value, &used) == 2; text += used) {
    bool of_run = vt_params_find(vt_request_fields, vt_request_field_count, name) != NULL;
    VT_TRY(of_run ? vt_params_set(ctx, vt_request_fields, vt_request_field_count, request, name, value)
                  : vt_params_set(ctx, method->fields, method->field_count, settings, name, value));
  }
  return VT_OK;
}

static vt_status fill_request(vt_ctx *ctx, const vt_lima_question *question, vt_request *request)
{
  char target[16];
  snprintf(target, sizeof target, "%d", question->target);
  VT_TRY(vt_params_set(ctx, vt_request_fields, vt_request_field_count, request, "target", target));
  VT_TRY(
      vt_params_set(ctx, vt_request_fields, vt_request_field_count, request, "regions", question->regions));
  request->division = question->division;
  request->max_calls = question->max_calls;
  request->seed = (int64_t)(question->seed >> 12);
  return VT_OK;
}

vt_status vt_lima_ask(vt_ctx *ctx, const vt_lima_question *question, vt_result *out)
{
  const vt_method *method = NULL;
  void *settings = NULL;
  vt_request request = {0};
  vt_status status;
  *out = (vt_result){0};
  VT_TRY(vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  VT_TRY_DONE(fill_request(ctx, question, &request));
  VT_TRY_DONE(vt_method_choose(ctx, &vt_methods, question->method, &method, &settings));
  VT_TRY_DONE(vt_params_defaults(ctx, method->fields, method->field_count, settings, method->settings_size));
  VT_TRY_DONE(apply(ctx, method, settings, &request, question->settings));
  VT_TRY_DONE(
      vt_attribute_run(ctx, question->model, question->picture, NULL, method, settings, &request, out));
  if (out->explanation->partial && !question->max_calls) { /* nothing but the user ends it early */
    status = vt_check_cancel(ctx);
    if (status == VT_OK) status = vt_fail(ctx, VT_ERROR_RUNTIME, "%s ended early", method->id);
    vt_result_free(out);
    *out = (vt_result){0};
  }
done:
  if (settings) vt_params_free(method->fields, method->field_count, settings);
  vt_free(settings);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  return status;
}
