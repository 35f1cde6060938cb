/* SPDX-License-Identifier: Apache-2.0
 *
 * The store: parameters by name, groups, projections, gradients.
 */
#include "nn/parameters.h"

#include <fnmatch.h>

vt_status vt_parameters_new(vt_ctx *ctx, uint64_t seed, vt_parameters **out)
{
  *out = vt_alloc_zero(ctx, 1, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  (*out)->seed = seed;
  return VT_OK;
}

static void free_parameter(vt_parameter *parameter)
{
  vt_tensor_free(parameter->value);
  vt_tensor_free(parameter->gradient);
  vt_tensor_free(parameter->moments[0]);
  vt_tensor_free(parameter->moments[1]);
  vt_tensor_free(parameter->average);
  vt_free(parameter->name);
  vt_free(parameter);
}

void vt_parameters_free(vt_parameters *parameters)
{
  if (!parameters) return;
  for (size_t i = 0; i < parameters->count; i++)
    free_parameter(parameters->items[i]);
  for (size_t i = 0; i < parameters->group_count; i++)
    vt_free(parameters->groups[i].pattern);
  for (size_t i = 0; i < parameters->projection_count; i++)
    vt_free(parameters->projections[i].pattern);
  vt_free(parameters->items);
  vt_free(parameters->groups);
  vt_free(parameters->projections);
  vt_names_free(&parameters->names);
  vt_free(parameters);
}

uint64_t vt_parameters_seed(const vt_parameters *parameters)
{
  return parameters->seed;
}

int vt_parameters_count(const vt_parameters *parameters)
{
  return (int)parameters->count;
}

vt_parameter *vt_parameters_at(const vt_parameters *parameters, int index)
{
  return parameters->items[index];
}

vt_parameter *vt_parameters_find(const vt_parameters *parameters, const char *name)
{
  int index = vt_names_find(&parameters->names, name);
  return index < 0 ? NULL : parameters->items[index];
}

int64_t vt_parameters_numbers(const vt_parameters *parameters, bool trained)
{
  int64_t numbers = 0;
  for (size_t i = 0; i < parameters->count; i++) {
    const vt_parameter *parameter = parameters->items[i];
    if (!parameter->state && !(trained && parameter->frozen)) numbers += vt_count(parameter->value);
  }
  return numbers;
}

/* ---- groups ---- */

static void apply_groups(const vt_parameters *parameters, vt_parameter *parameter)
{
  parameter->frozen = parameters->only_listed;
  parameter->rate = parameter->decay = 1;
  for (size_t i = 0; i < parameters->group_count; i++) {
    const vt_group *group = &parameters->groups[i];
    if (fnmatch(group->pattern, parameter->name, 0) != 0) continue;
    parameter->frozen = group->frozen;
    if (group->rate >= 0) parameter->rate = group->rate;
    if (group->decay >= 0) parameter->decay = group->decay;
  }
}

static void apply_groups_to_all(vt_parameters *parameters)
{
  for (size_t i = 0; i < parameters->count; i++)
    apply_groups(parameters, parameters->items[i]);
}

vt_status vt_parameters_group(vt_ctx *ctx, vt_parameters *parameters, const vt_parameter_group *group)
{
  VT_TRY(vt_grow(ctx, &parameters->groups, &parameters->group_capacity, parameters->group_count,
                 sizeof *parameters->groups));
  char *pattern = vt_strdup(ctx, group->pattern);
  if (!pattern) return VT_ERROR_OUT_OF_MEMORY;
  parameters->groups[parameters->group_count++] =
      (vt_group){.pattern = pattern, .frozen = group->frozen, .rate = group->rate, .decay = group->decay};
  apply_groups_to_all(parameters);
  return VT_OK;
}

size_t vt_parameters_group_count(const vt_parameters *parameters)
{
  return parameters->group_count;
}

void vt_parameters_ungroup(vt_parameters *parameters, size_t count)
{
  for (; count > 0 && parameters->group_count > 0; count--)
    vt_free(parameters->groups[--parameters->group_count].pattern);
  apply_groups_to_all(parameters);
}

vt_status vt_parameters_train_only(vt_ctx *ctx, vt_parameters *parameters, const char *const *patterns,
                                   int count)
{
  for (size_t i = 0; i < parameters->group_count; i++)
    vt_free(parameters->groups[i].pattern);
  parameters->group_count = 0;
  parameters->only_listed = count > 0;
  for (int i = 0; i < count; i++)
    VT_TRY(vt_parameters_group(ctx, parameters,
                               &(vt_parameter_group){.pattern = patterns[i], .rate = 1, .decay = 1}));
  apply_groups_to_all(parameters);
  return VT_OK;
}

/* ---- adding ---- */

static vt_status add(vt_ctx *ctx, vt_parameters *parameters, vt_parameter *parameter)
{
  VT_TRY(
      vt_grow(ctx, &parameters->items, &parameters->capacity, parameters->count, sizeof *parameters->items));
  VT_TRY(vt_names_put(ctx, &parameters->names, parameter->name, (int)parameters->count));
  parameters->items[parameters->count++] = parameter;
  apply_groups(parameters, parameter);
  return VT_OK;
}

vt_status vt_parameters_add(vt_ctx *ctx, vt_parameters *parameters, const char *name, vt_tensor *value,
                            bool state, vt_parameter **out)
{
  vt_parameter *parameter = vt_alloc_zero(ctx, 1, sizeof *parameter);
  vt_status status = parameter ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    parameter->state = state;
    parameter->name = vt_strdup(ctx, name);
    if (!parameter->name) status = VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) status = add(ctx, parameters, parameter);
  if (status != VT_OK) {
    if (parameter) free_parameter(parameter);
    return status;
  }
  parameter->value = value;
  *out = parameter;
  return VT_OK;
}

vt_status vt_parameters_put(vt_ctx *ctx, vt_parameters *parameters, const char *name, const vt_tensor *value,
                            bool state)
{
  char there[160], given[160];
  vt_parameter *parameter = vt_parameters_find(parameters, name);
  if (value->type != VT_F32)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "parameter %s is %s; parameters are f32", name,
                   vt_shape_text(value, given));
  if (parameter && !vt_same_shape(parameter->value, value))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "parameter %s is %s, not %s", name,
                   vt_shape_text(parameter->value, there), vt_shape_text(value, given));
  vt_tensor *kept = vt_tensor_keep(ctx, value);
  if (!kept) return vt_ctx_status(ctx);
  if (parameter) {
    vt_tensor_free(parameter->value);
    parameter->value = kept;
    return VT_OK;
  }
  vt_status status = vt_parameters_add(ctx, parameters, name, kept, state, &parameter);
  if (status != VT_OK) vt_tensor_free(kept);
  return status;
}

/* ---- projections ---- */

vt_status vt_parameters_project(vt_ctx *ctx, vt_parameters *parameters, const char *pattern,
                                vt_projection_fn projection, const void *user)
{
  VT_TRY(vt_grow(ctx, &parameters->projections, &parameters->projection_capacity,
                 parameters->projection_count, sizeof *parameters->projections));
  char *copy = vt_strdup(ctx, pattern);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  parameters->projections[parameters->projection_count++] =
      (vt_projection){.pattern = copy, .run = projection, .user = user};
  return VT_OK;
}

vt_status vt_parameters_run_projections(vt_ctx *ctx, vt_parameters *parameters)
{
  for (size_t i = 0; i < parameters->projection_count; i++) {
    const vt_projection *projection = &parameters->projections[i];
    for (size_t k = 0; k < parameters->count; k++)
      if (fnmatch(projection->pattern, parameters->items[k]->name, 0) == 0)
        VT_TRY(projection->run(ctx, parameters->items[k], projection->user));
  }
  return VT_OK;
}

/* ---- gradients ---- */

void vt_parameters_drop_gradients(vt_parameters *parameters)
{
  for (size_t i = 0; i < parameters->count; i++) {
    vt_tensor_free(parameters->items[i]->gradient);
    parameters->items[i]->gradient = NULL;
  }
}

static vt_status add_gradient(vt_ctx *ctx, vt_parameter *parameter, vt_tensor *gradient)
{
  if (!parameter->gradient) {
    VT_TRY(vt_tensor_new_alone(ctx, VT_F32, gradient->rank, gradient->dims, &parameter->gradient));
    memcpy(parameter->gradient->data, gradient->data, vt_bytes(gradient));
    return VT_OK;
  }
  float *sum = parameter->gradient->data;
  const float *more = gradient->data;
  for (int64_t i = 0; i < vt_count(gradient); i++)
    sum[i] += more[i];
  return VT_OK;
}

vt_status vt_parameters_backward(vt_ctx *ctx, vt_parameters *parameters, vt_tape *tape, vt_tensor *loss,
                                 double scale)
{
  VT_TRY(vt_ctx_status(ctx));
  char shape[160];
  if (vt_count(loss) != 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a loss is one number; this one is %s",
                   vt_shape_text(loss, shape));
  vt_tensor *seed = vt_tensor_new(ctx, VT_F32, loss->rank, loss->dims);
  if (!seed) return vt_ctx_status(ctx);
  *(float *)seed->data = (float)scale;
  VT_TRY(vt_tape_backward(ctx, tape, &loss, &seed, 1, NULL));
  for (size_t i = 0; i < parameters->count; i++) {
    vt_parameter *parameter = parameters->items[i];
    if (!vt_tape_has(tape, parameter->value)) continue;
    vt_tensor *gradient = vt_tape_gradient(tape, parameter->value);
    if (gradient) VT_TRY(add_gradient(ctx, parameter, gradient));
  }
  return VT_OK;
}
