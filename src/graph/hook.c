/* SPDX-License-Identifier: Apache-2.0
 *
 * Hooks of a trace.
 */
#include "graph/trace.h"

#include "base/context.h"

/* ---- setting ---- */

vt_status vt_trace_read(vt_ctx *ctx, vt_trace *trace, const char *name)
{
  int value;
  VT_TRY(vt_trace_find(ctx, trace, name, &value));
  trace->read[value] = true;
  return VT_OK;
}

vt_status vt_trace_watch(vt_ctx *ctx, vt_trace *trace, const char *name)
{
  int value;
  VT_TRY(vt_trace_find(ctx, trace, name, &value));
  vt_type type = trace->graph->values[value].type;
  if (type != VT_UNDEFINED && type != VT_F32 && type != VT_F64)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: tensor '%s' is of type %s; gradients exist for f32 and f64", trace->graph->path, name,
                   vt_type_name(type));
  trace->watched[value] = true;
  return VT_OK;
}

vt_status vt_trace_stop_at(vt_ctx *ctx, vt_trace *trace, const char *name)
{
  trace->stop = VT_NO_VALUE;
  return name ? vt_trace_find(ctx, trace, name, &trace->stop) : VT_OK;
}

static vt_status add_hook(vt_ctx *ctx, vt_trace *trace, const char *name, vt_hook hook,
                          const vt_tensor *tensor)
{
  VT_TRY(vt_trace_find(ctx, trace, name, &hook.value));
  VT_TRY(vt_grow(ctx, &trace->hooks, &trace->hook_capacity, trace->hook_count, sizeof *trace->hooks));
  if (tensor && !(hook.tensor = vt_tensor_keep(ctx, tensor))) return VT_ERROR_OUT_OF_MEMORY;
  trace->hooks[trace->hook_count++] = hook;
  trace->hooked[hook.value] = true;
  return VT_OK;
}

vt_status vt_trace_replace(vt_ctx *ctx, vt_trace *trace, const char *name, const vt_tensor *value)
{
  return add_hook(ctx, trace, name, (vt_hook){.kind = VT_HOOK_REPLACE}, value);
}

vt_status vt_trace_add(vt_ctx *ctx, vt_trace *trace, const char *name, const vt_tensor *value)
{
  return add_hook(ctx, trace, name, (vt_hook){.kind = VT_HOOK_ADD}, value);
}

vt_status vt_trace_scale(vt_ctx *ctx, vt_trace *trace, const char *name, double factor)
{
  return add_hook(ctx, trace, name, (vt_hook){.kind = VT_HOOK_SCALE, .factor = factor}, NULL);
}

vt_status vt_trace_zero(vt_ctx *ctx, vt_trace *trace, const char *name)
{
  return add_hook(ctx, trace, name, (vt_hook){.kind = VT_HOOK_ZERO}, NULL);
}

vt_status vt_trace_edit(vt_ctx *ctx, vt_trace *trace, const char *name, vt_edit_fn edit, void *user)
{
  return add_hook(ctx, trace, name, (vt_hook){.kind = VT_HOOK_EDIT, .edit = edit, .user = user}, NULL);
}

vt_status vt_trace_unhook(vt_ctx *ctx, vt_trace *trace, const char *name)
{
  int value = VT_NO_VALUE;
  if (name) VT_TRY(vt_trace_find(ctx, trace, name, &value));
  size_t left = 0;
  for (size_t i = 0; i < trace->hook_count; i++)
    if (name && trace->hooks[i].value != value)
      trace->hooks[left++] = trace->hooks[i];
    else
      vt_tensor_free(trace->hooks[i].tensor);
  trace->hook_count = left;
  for (int i = 0; i < trace->graph->value_count; i++)
    if (!name || i == value) trace->read[i] = trace->watched[i] = trace->hooked[i] = false;
  if (!name) trace->stop = VT_NO_VALUE;
  return VT_OK;
}

/* ---- applying ---- */

static vt_status refuse_value(vt_ctx *ctx, const vt_trace *trace, int value, const char *what,
                              const vt_tensor *given, const vt_tensor *tensor)
{
  char a[160], b[160];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: tensor '%s' is %s; what is to %s it is %s",
                 trace->graph->path, trace->graph->values[value].name, vt_shape_text(tensor, a), what,
                 vt_shape_text(given, b));
}

/* The hook's own tensor in the type of the run. */
static vt_status hook_tensor(vt_ctx *ctx, const vt_hook *hook, vt_type type, vt_tensor **out)
{
  vt_tensor *like;
  *out = hook->tensor;
  if (hook->tensor->type == type || hook->tensor->type != VT_F32 || type != VT_F64) return VT_OK;
  like = vt_tensor_new(ctx, VT_F64, 0, NULL);
  return like ? vt_compute(ctx, "CastLike", NULL, 2, (vt_tensor *[]){hook->tensor, like}, out)
              : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status copy_of(vt_ctx *ctx, const vt_tensor *tensor, bool zero, vt_tensor **out)
{
  *out = vt_tensor_new(ctx, tensor->type, tensor->rank, tensor->dims);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  if (zero)
    memset((*out)->data, 0, vt_bytes(tensor));
  else
    memcpy((*out)->data, tensor->data, vt_bytes(tensor));
  return VT_OK;
}

static vt_status combine(vt_ctx *ctx, const vt_trace *trace, int value, const char *op, vt_tensor *other,
                         vt_tensor **tensor)
{
  vt_tensor *result = NULL;
  vt_status status = vt_apply(ctx, vt_op_find(NULL, op), NULL, trace->graph->values[value].name, 2,
                              (vt_tensor *[]){*tensor, other}, 1, &result);
  if (status == VT_OK && !vt_same_shape(result, *tensor))
    return refuse_value(ctx, trace, value, "be added to", other, *tensor);
  if (status != VT_OK)
    return vt_fail_prefix(ctx, "%s: hook on tensor '%s'", trace->graph->path,
                          trace->graph->values[value].name);
  *tensor = result;
  return VT_OK;
}

static vt_status apply_hook(vt_ctx *ctx, const vt_trace *trace, const vt_hook *hook, vt_tensor **tensor)
{
  const char *name = trace->graph->values[hook->value].name;
  vt_tensor *given;
  switch (hook->kind) {
  case VT_HOOK_REPLACE:
    VT_TRY(hook_tensor(ctx, hook, (*tensor)->type, &given));
    if (given->type != (*tensor)->type || !vt_same_shape(given, *tensor))
      return refuse_value(ctx, trace, hook->value, "replace", hook->tensor, *tensor);
    *tensor = vt_tensor_empty(ctx);
    if (!*tensor) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_tensor_set_shape(ctx, *tensor, given->type, given->rank, given->dims));
    vt_tensor_share(*tensor, given);
    return VT_OK;
  case VT_HOOK_ADD:
    VT_TRY(hook_tensor(ctx, hook, (*tensor)->type, &given));
    if (given->type != (*tensor)->type)
      return refuse_value(ctx, trace, hook->value, "be added to", hook->tensor, *tensor);
    return combine(ctx, trace, hook->value, "Add", given, tensor);
  case VT_HOOK_SCALE:
    if (!(VT_FLOATS & VT_T((*tensor)->type)))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: tensor '%s' is of type %s and cannot be scaled",
                     trace->graph->path, name, vt_type_name((*tensor)->type));
    given = vt_tensor_new(ctx, (*tensor)->type, 0, NULL);
    if (!given) return VT_ERROR_OUT_OF_MEMORY;
    if (given->type == VT_F32)
      *(float *)given->data = (float)hook->factor;
    else
      *(double *)given->data = hook->factor;
    return combine(ctx, trace, hook->value, "Mul", given, tensor);
  case VT_HOOK_ZERO:
    return copy_of(ctx, *tensor, true, tensor);
  case VT_HOOK_EDIT: {
    vt_type type = (*tensor)->type;
    vt_tensor before = **tensor;
    VT_TRY(copy_of(ctx, *tensor, false, tensor));
    vt_tape *recording = vt_tape_stop(ctx);
    vt_status status = hook->edit(ctx, hook->user, name, *tensor);
    vt_tape_start(ctx, recording);
    VT_TRY(status);
    if ((*tensor)->type != type || !vt_same_shape(*tensor, &before))
      return refuse_value(ctx, trace, hook->value, "stand for", *tensor, &before);
    return VT_OK;
  }
  }
  return VT_OK;
}

vt_status vt_trace_apply_hooks(vt_ctx *ctx, vt_trace *trace, int value, vt_tensor **tensor)
{
  bool first = true; /* the value as it was made is the caller's; those between hooks are of no more use */
  for (size_t i = 0; i < trace->hook_count; i++) {
    if (trace->hooks[i].value != value) continue;
    vt_tensor *before = *tensor;
    VT_TRY(apply_hook(ctx, trace, &trace->hooks[i], tensor));
    if (!first && before != *tensor) vt_tensor_drop(before);
    first = false;
  }
  return VT_OK;
}
