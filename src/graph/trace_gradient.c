/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of a traced run.
 */
#include "graph/trace.h"

void vt_trace_rules(vt_trace *trace, const vt_rule_set *rules)
{
  trace->rules = rules;
}

size_t vt_trace_tape_bytes(const vt_trace *trace)
{
  return vt_tape_bytes(trace->tape);
}

vt_status vt_trace_segments(vt_ctx *ctx, vt_trace *trace, int segments)
{
  if (segments < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%d segments; 0 or more are possible", segments);
  trace->segments = segments;
  return VT_OK;
}

static vt_status ones_like(vt_ctx *ctx, const vt_trace *trace, const char *name, const vt_tensor *tensor,
                           vt_tensor **out)
{
  char shape[160];
  if (vt_count(tensor) != 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: tensor '%s' is %s; the gradient of more than one element needs a seed, which says of "
                   "which sum of them",
                   trace->graph->path, name, vt_shape_text(tensor, shape));
  *out = vt_tensor_new(ctx, tensor->type, tensor->rank, tensor->dims);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  if (tensor->type == VT_F32)
    *(float *)(*out)->data = 1;
  else
    *(double *)(*out)->data = 1;
  return VT_OK;
}

static vt_status prepare_seed(vt_ctx *ctx, vt_trace *trace, const char *name, const vt_tensor *seed,
                              int *value, vt_tensor **of, vt_tensor **out)
{
  char given[160], wanted[160];
  VT_TRY(vt_trace_find(ctx, trace, name, value));
  *of = trace->kept[*value];
  if (!*of)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: tensor '%s' is not there to be differentiated: %s",
                   trace->graph->path, name,
                   trace->ran ? "it is no output and was neither read nor watched" : "nothing was run");
  if (!(VT_FLOATS & VT_T((*of)->type)))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: tensor '%s' is %s; only f32 and f64 tensors can be differentiated",
                   trace->graph->path, name, vt_shape_text(*of, wanted));
  if (!seed) return ones_like(ctx, trace, name, *of, out);
  if (!vt_same_shape(seed, *of) ||
      (seed->type != (*of)->type && !(seed->type == VT_F32 && (*of)->type == VT_F64)))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: tensor '%s' is %s, its seed %s", trace->graph->path,
                   name, vt_shape_text(*of, wanted), vt_shape_text(seed, given));
  *out = vt_tensor_empty(ctx);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  if (seed->type != (*of)->type) {
    VT_TRY(vt_tensor_set_shape(ctx, *out, VT_F64, seed->rank, seed->dims));
    VT_TRY(vt_tensor_allocate(ctx, *out));
    for (int64_t i = 0; i < vt_count(seed); i++)
      ((double *)(*out)->data)[i] = (double)((const float *)seed->data)[i];
    return VT_OK;
  }
  VT_TRY(vt_tensor_set_shape(ctx, *out, seed->type, seed->rank, seed->dims));
  vt_tensor_share(*out, seed);
  return VT_OK;
}

/* Hands the gradients to the trace: zeros where nothing came. */
static vt_status collect(vt_ctx *ctx, vt_trace *trace)
{
  for (int i = 0; i < trace->graph->value_count; i++) {
    if (!trace->watched[i]) continue;
    vt_tensor *found = trace->gradients[i], *own;
    if (trace->parts_asked < 2) {
      vt_tensor_free(trace->gradients[i]);
      trace->gradients[i] = NULL;
      found = vt_tape_gradient(trace->tape, trace->kept[i]);
    }
    trace->reached[i] = found != NULL;
    if (trace->gradients[i]) continue;
    trace->gradients[i] = own = found ? vt_tensor_keep(ctx, found) : vt_tensor_alone(ctx);
    if (!own) return VT_ERROR_OUT_OF_MEMORY;
    if (found) continue;
    const vt_tensor *like = trace->kept[i];
    VT_TRY(vt_tensor_set_shape(ctx, own, like->type, like->rank, like->dims));
    VT_TRY(vt_tensor_allocate(ctx, own));
    memset(own->data, 0, vt_bytes(own));
  }
  return VT_OK;
}

enum { MOST = 16 }; /* tensors differentiated at once */

typedef struct backward_request {
  int values[MOST], count;
  vt_tensor *tensors[MOST], *seeds[MOST];
} backward_request;

static vt_status pass(vt_ctx *ctx, vt_trace *trace, const backward_request *request, vt_trace *reference,
                      bool keep)
{
  if (trace->parts_asked > 1)
    return vt_trace_backward_parts(ctx, trace, request->values, request->seeds, request->count, reference,
                                   keep);
  if (reference && reference->parts_asked > 1) VT_TRY(vt_trace_hold_again(ctx, reference, 1));
  vt_tensor *of[MOST], *seeds[MOST];
  int on_tape = 0;
  for (int i = 0; i < request->count; i++) {
    if (!vt_tape_has(trace->tape, request->tensors[i])) continue;
    of[on_tape] = request->tensors[i];
    seeds[on_tape++] = request->seeds[i];
  }
  vt_backward_options options = {.keep = keep, .reference = reference ? reference->tape : NULL};
  return vt_tape_backward(ctx, trace->tape, of, seeds, on_tape, &options);
}

static vt_status backward(vt_ctx *ctx, vt_trace *trace, const char *const *of, const vt_tensor *const *seeds,
                          int count, vt_trace *reference, bool keep)
{
  backward_request request = {.count = count};
  int parts;
  if (count < 1 || count > MOST)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%d tensors to differentiate at once; 1 to %d are possible", count, MOST);
  for (int i = 0; i < count; i++)
    VT_TRY(prepare_seed(ctx, trace, of[i], seeds ? seeds[i] : NULL, &request.values[i], &request.tensors[i],
                        &request.seeds[i]));
  if (reference && !reference->ran)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the run to compare with was not made, or failed");
  vt_status status = pass(ctx, trace, &request, reference, keep);
  while ((parts = vt_trace_more_parts(ctx, trace, status)) > 0) {
    vt_ctx_clear(ctx);
    status = vt_trace_hold_again(ctx, trace, parts);
    if (status == VT_OK) status = pass(ctx, trace, &request, reference, keep);
  }
  return status == VT_OK ? collect(ctx, trace) : status;
}

vt_status vt_trace_backward_from(vt_ctx *ctx, vt_trace *trace, const char *const *of,
                                 const vt_tensor *const *seeds, int count, vt_trace *reference, bool keep)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = backward(ctx, trace, of, seeds, count, reference, keep);
  vt_tensor_release(ctx, mark);
  if (status != VT_OK && strncmp(vt_ctx_message(ctx), trace->graph->path, strlen(trace->graph->path)) != 0)
    vt_fail_prefix(ctx, "%s", trace->graph->path);
  return status;
}

vt_status vt_trace_backward(vt_ctx *ctx, vt_trace *trace, const char *of, const vt_tensor *seed, bool keep)
{
  return vt_trace_backward_from(ctx, trace, &of, &seed, 1, NULL, keep);
}

vt_status vt_trace_gradient(vt_ctx *ctx, vt_trace *trace, const char *name, vt_tensor **out)
{
  int value;
  *out = NULL;
  VT_TRY(vt_trace_find(ctx, trace, name, &value));
  *out = trace->gradients[value];
  if (*out) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: there is no gradient with respect to tensor '%s': %s",
                 trace->graph->path, name,
                 trace->watched[value] ? "no backward pass was made since the run"
                                       : "it was not watched before the run (vt_trace_watch)");
}

bool vt_trace_reached(const vt_trace *trace, const char *name)
{
  int value = vt_trace_lookup(trace, name);
  return value != VT_NO_VALUE && trace->reached[value];
}
