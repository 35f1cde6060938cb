/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking up rows, checking calls, running them.
 */
#include "ops/op.h"

#include <omp.h>
#include <stdatomic.h>

#include "base/context.h"
#include "ops/layout.h"
#include "ops/tape.h"

static atomic_bool plain_only;

void vt_op_force_plain(bool on)
{
  atomic_store(&plain_only, on);
}

bool vt_op_plain_forced(void)
{
  return atomic_load_explicit(&plain_only, memory_order_relaxed);
}

static bool same_domain(const char *a, const char *b)
{
  if (!a || strcmp(a, "ai.onnx") == 0) a = "";
  if (!b || strcmp(b, "ai.onnx") == 0) b = "";
  return strcmp(a, b) == 0;
}

const vt_op *vt_op_find(const char *domain, const char *name)
{
  for (size_t f = 0; f < vt_op_family_count; f++)
    for (size_t i = 0; i < vt_op_families[f]->count; i++) {
      const vt_op *op = &vt_op_families[f]->ops[i];
      if (strcmp(op->name, name) == 0 && same_domain(op->domain, domain)) return op;
    }
  return NULL;
}

vt_tensor *vt_input(const vt_call *call, int index)
{
  return index < call->input_count ? call->inputs[index] : NULL;
}

vt_tensor *vt_output(const vt_call *call, int index)
{
  return index < call->output_count ? call->outputs[index] : NULL;
}

vt_status vt_call_fail(vt_ctx *ctx, const vt_call *call, vt_status status, const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (!call->node || !call->node[0]) return vt_fail(ctx, status, "%s: %s", call->op->name, text);
  return vt_fail(ctx, status, "node '%s' (%s): %s", call->node, call->op->name, text);
}

vt_status vt_need_value(const vt_call *call, int index)
{
  const vt_tensor *input = vt_input(call, index);
  return input && !input->data ? VT_ERROR_DATA_DEPENDENT : VT_OK;
}

vt_status vt_set_output(vt_ctx *ctx, const vt_call *call, int index, vt_type type, int rank,
                        const int64_t *dims)
{
  vt_tensor *output = vt_output(call, index);
  return output ? vt_tensor_set_shape(ctx, output, type, rank, dims) : VT_OK;
}

vt_status vt_input_ints(vt_ctx *ctx, const vt_call *call, int index, int64_t *out, int max, int *count)
{
  const vt_tensor *input = vt_input(call, index);
  *count = -1;
  if (!input) return VT_OK;
  VT_TRY(vt_need_value(call, index));
  int64_t length = vt_count(input);
  if (input->rank > 1 || length > max || !(VT_INDICES & VT_T(input->type))) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input %d is %s; a list of at most %d integers is needed", index,
                        vt_shape_text(input, shape), max);
  }
  for (int64_t i = 0; i < length; i++)
    out[i] = vt_get_i64(input, i);
  *count = (int)length;
  return VT_OK;
}

vt_status vt_shape_same(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *input = call->inputs[0];
  return vt_set_output(ctx, call, 0, input->type, input->rank, input->dims);
}

static vt_status broadcast_to(vt_ctx *ctx, const vt_call *call, vt_type type)
{
  int rank;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_broadcast_shape(ctx, (const vt_tensor *const *)call->inputs, call->input_count, &rank, dims));
  return vt_set_output(ctx, call, 0, type, rank, dims);
}

vt_status vt_shape_broadcast(vt_ctx *ctx, const vt_call *call)
{
  return broadcast_to(ctx, call, call->inputs[0]->type);
}

vt_status vt_shape_compare(vt_ctx *ctx, const vt_call *call)
{
  return broadcast_to(ctx, call, VT_BOOL);
}

uint32_t vt_op_types(const vt_op *op, int index)
{
  int last = 0;
  for (int i = 0; i < VT_OP_INPUTS; i++)
    if (op->types[i]) last = i;
  return op->types[index < last ? index : last];
}

static vt_status check_call(vt_ctx *ctx, const vt_call *call)
{
  const vt_op *op = call->op;
  if (call->input_count < op->min_inputs || call->input_count > op->max_inputs)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d inputs given, %d..%d expected",
                        call->input_count, op->min_inputs, op->max_inputs);
  if (call->output_count > op->max_outputs)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%d outputs asked for, at most %d exist",
                        call->output_count, op->max_outputs);
  for (int i = 0; i < call->input_count; i++) {
    const vt_tensor *input = call->inputs[i];
    if (!input) {
      if (i >= op->min_inputs && op->max_inputs != VT_VARIADIC) continue;
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input %d is missing", i);
    }
    uint32_t types = vt_op_types(op, i);
    if (types && !(types & VT_T(input->type)))
      return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED,
                          "input %d has element type %s, which is not supported here", i,
                          vt_type_name(input->type));
    if (op->same_types && input->type != call->inputs[0]->type)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input %d has element type %s, input 0 has %s",
                          i, vt_type_name(input->type), vt_type_name(call->inputs[0]->type));
  }
  return VT_OK;
}

vt_status vt_call_shape(vt_ctx *ctx, const vt_call *call)
{
  VT_TRY(check_call(ctx, call));
  vt_status status = call->op->shape(ctx, call);
  if (status == VT_OK || status == VT_ERROR_DATA_DEPENDENT || vt_ctx_status(ctx) == VT_OK) return status;
  /* rules that used a general helper did not name the node themselves */
  if (strncmp(vt_ctx_message(ctx), "node '", 6) != 0)
    vt_fail_prefix(ctx, "node '%s' (%s)", call->node ? call->node : "", call->op->name);
  return status;
}

/* Of row-major tensors. */
const vt_implementation *vt_call_implementation(const vt_call *call)
{
  const vt_implementation *list = call->op->implementations;
  int count = 0;
  while (count < VT_OP_IMPLEMENTATIONS && list[count].run)
    count++;
  if (!vt_op_plain_forced())
    for (int i = 0; i < count; i++)
      if (!list[i].channels_last && (!list[i].can || list[i].can(call))) return &list[i];
  return &list[count - 1];
}

vt_status vt_call_tell(vt_ctx *ctx, const vt_call *call)
{
  if (ctx->recorder) VT_TRY(ctx->recorder->record(ctx, ctx->recorder, call));
  for (int i = 0; i < call->output_count && !ctx->recorder; i++)
    if (call->outputs[i]) call->outputs[i]->record = 0;
  return ctx->tape ? vt_tape_record(ctx, ctx->tape, call) : VT_OK;
}

vt_status vt_apply(vt_ctx *ctx, const vt_op *op, const void *attributes, const char *node, int input_count,
                   vt_tensor *const *inputs, int output_count, vt_tensor **outputs)
{
  vt_call call = {op, attributes, node ? node : "", input_count, output_count, inputs, outputs};
  for (int i = 0; i < output_count && i < op->min_outputs; i++)
    if (!outputs[i] && !(outputs[i] = vt_tensor_empty(ctx))) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_any_channels_last(inputs, input_count)) return vt_apply_laid_out(ctx, &call);
  vt_status status = vt_call_shape(ctx, &call);
  if (status == VT_ERROR_DATA_DEPENDENT)
    return vt_call_fail(ctx, &call, VT_ERROR_RUNTIME,
                        "an input has no value although the graph is being run");
  VT_TRY(status);
  if ((op->flags & VT_OP_VIEW) && outputs[0]) {
    vt_tensor_share(outputs[0], inputs[0]);
    return vt_call_tell(ctx, &call);
  }
  for (int i = 0; i < output_count; i++)
    if (outputs[i]) VT_TRY(vt_tensor_allocate(ctx, outputs[i]));
  vt_tape *tape = vt_tape_stop(ctx); /* operators made of operators are one step of the tape */
  vt_recorder *recorder = ctx->recorder;
  ctx->recorder = NULL;
  status = vt_call_implementation(&call)->run(ctx, &call);
  ctx->recorder = recorder;
  vt_tape_start(ctx, tape);
  if (status == VT_OK) return vt_call_tell(ctx, &call);
  if (strncmp(vt_ctx_message(ctx), "node '", 6) != 0)
    vt_fail_prefix(ctx, "node '%s' (%s)", call.node, op->name);
  return status;
}

double vt_call_flops(const vt_call *call)
{
  if (call->op->flops) return call->op->flops(call);
  if (call->op->flags & VT_OP_VIEW) return 0;
  const vt_tensor *output = vt_output(call, 0);
  return output ? (double)vt_count(output) : 0;
}

void vt_parallel(vt_ctx *ctx, int64_t count, int64_t grain, vt_range_fn body, void *user)
{
  if (grain < 1) grain = 1;
  int64_t chunks = (count + grain - 1) / grain;
  int threads = vt_ctx_threads(ctx);
  if (threads > chunks) threads = (int)chunks;
  if (threads <= 1 || omp_in_parallel()) {
    if (count > 0) body(user, 0, count);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    int64_t first = chunk * grain, last = first + grain < count ? first + grain : count;
    body(user, first, last);
  }
}
