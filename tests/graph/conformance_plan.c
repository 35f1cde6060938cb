/* SPDX-License-Identifier: Apache-2.0
 *
 * A conformance case once more, by plan.
 */
#include "conformance.h"

static vt_status compile(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, bool integers_known,
                         vt_plan **out)
{
  vt_tensor *shapes[CONFORMANCE_TENSORS];
  for (int i = 0; i < graph->input_count; i++) {
    shapes[i] = inputs[i];
    if (integers_known && inputs[i]->type != VT_F32) continue;
    if (!(shapes[i] = vt_tensor_empty(ctx))) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_tensor_set_shape(ctx, shapes[i], inputs[i]->type, inputs[i]->rank, inputs[i]->dims));
  }
  return vt_plan_compile(ctx, graph, shapes, 1, NULL, 0, out);
}

static vt_status run(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, const vt_plan *plan,
                     vt_tensor **outputs)
{
  vt_session *session;
  VT_TRY(vt_session_new(ctx, plan, &session));
  for (int i = 0; i < graph->input_count; i++)
    if (vt_session_input(session, i))
      memcpy(vt_session_input(session, i), inputs[i]->data, vt_bytes(inputs[i]));
  vt_status status = vt_session_run(ctx, session);
  for (int i = 0; i < graph->output_count && status == VT_OK; i++) {
    const vt_tensor *shape = vt_plan_output(plan, i);
    outputs[i] = vt_tensor_new(ctx, shape->type, shape->rank, shape->dims);
    if (outputs[i])
      memcpy(outputs[i]->data, vt_session_output(session, i), vt_bytes(shape));
    else
      status = vt_ctx_status(ctx);
  }
  vt_session_free(session);
  return status;
}

vt_status conformance_plan(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, vt_tensor **outputs)
{
  vt_plan *plan = NULL;
  vt_status status = compile(ctx, graph, inputs, false, &plan);
  if (status == VT_ERROR_DATA_DEPENDENT) {
    vt_ctx_clear(ctx);
    status = compile(ctx, graph, inputs, true, &plan);
  }
  if (status == VT_OK) status = run(ctx, graph, inputs, plan, outputs);
  vt_plan_free(plan);
  return status;
}
