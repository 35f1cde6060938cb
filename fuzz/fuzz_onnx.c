/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models: read, shapes inferred, and run when the inputs are small. Every operator is behind this door.
 */
#include "fuzz.h"
#include "graph/graph.h"

enum { MOST_INPUTS = 8, MOST_ELEMENTS = 4096 };

/* Inputs of ones in the declared sizes, open sizes 2. False when they would not be small. */
static bool make_inputs(vt_ctx *ctx, const vt_graph *graph, vt_tensor **inputs)
{
  if (graph->input_count > MOST_INPUTS || graph->output_count > MOST_INPUTS) return false;
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *value = &graph->values[graph->inputs[i]];
    int64_t dims[VT_MAX_RANK], elements = 1;
    if (value->rank < 0) return false;
    for (int axis = 0; axis < value->rank; axis++) {
      dims[axis] = value->dims[axis] < 0 ? 2 : value->dims[axis];
      if (dims[axis] > MOST_ELEMENTS || (elements *= dims[axis]) > MOST_ELEMENTS) return false;
    }
    inputs[i] = vt_tensor_new(ctx, value->type, value->rank, dims);
    if (!inputs[i]) return false;
    memset(inputs[i]->data, 1, vt_bytes(inputs[i]));
  }
  return true;
}

static vt_status run(vt_ctx *ctx, const vt_graph *graph)
{
  vt_tensor *inputs[MOST_INPUTS] = {NULL}, *outputs[MOST_INPUTS] = {NULL};
  if (!make_inputs(ctx, graph, inputs)) return vt_ctx_status(ctx);
  VT_TRY(vt_graph_run(ctx, graph, inputs, outputs));
  for (int i = 0; i < graph->output_count; i++) /* touch what came out */
    for (int64_t k = 0; k < vt_count(outputs[i]); k++)
      (void)vt_get_f64(outputs[i], k);
  return VT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  vt_ctx *ctx = fuzz_context();
  vt_graph *graph = NULL;
  vt_ctx_set_threads(ctx, 1);
  vt_status status = vt_graph_parse(ctx, data, size, NULL, NULL, &graph);
  if (status == VT_OK) status = run(ctx, graph);
  fuzz_check(ctx, status);
  vt_graph_free(graph);
  vt_ctx_free(ctx);
  return 0;
}
