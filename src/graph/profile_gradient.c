/* SPDX-License-Identifier: Apache-2.0
 *
 * Time and memory of a traced forward with its backward pass.
 */
#include "graph/profile.h"
#include "graph/trace.h"

static const char *first_float(const vt_graph *graph, const int *values, int count)
{
  for (int i = 0; i < count; i++)
    if (graph->values[values[i]].type == VT_F32) return graph->values[values[i]].name;
  return NULL;
}

static vt_status run_once(vt_ctx *ctx, vt_trace *trace, vt_tensor *const *inputs,
                          vt_gradient_profile *profile)
{
  vt_tensor *output;
  double begin = vt_clock_seconds();
  VT_TRY(vt_trace_run(ctx, trace, inputs));
  double middle = vt_clock_seconds();
  VT_TRY(vt_trace_value(ctx, trace, profile->of, &output));
  vt_tensor *seed = vt_tensor_new(ctx, output->type, output->rank, output->dims);
  if (!seed) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < vt_count(seed); i++)
    ((float *)seed->data)[i] = 1;
  profile->tape_bytes = vt_trace_tape_bytes(trace);
  VT_TRY(vt_trace_backward(ctx, trace, profile->of, seed, false));
  profile->forward_milliseconds += 1e3 * (middle - begin);
  profile->backward_milliseconds += 1e3 * (vt_clock_seconds() - middle);
  return VT_OK;
}

vt_status vt_profile_gradient(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, int warm_up,
                              int runs, vt_gradient_profile *out)
{
  vt_trace *trace = NULL;
  vt_status status;
  *out = (vt_gradient_profile){.of = first_float(graph, graph->outputs, graph->output_count),
                               .wrt = first_float(graph, graph->inputs, graph->input_count)};
  if (!out->of || !out->wrt)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: a gradient is timed from the first f32 output to the first "
                   "f32 input, and the graph has no such %s",
                   graph->path, out->of ? "input" : "output");
  VT_TRY_DONE(vt_trace_new(ctx, graph, &trace));
  VT_TRY_DONE(vt_trace_watch(ctx, trace, out->wrt));
  for (int i = 0; i < warm_up + runs; i++) {
    if (i == warm_up) out->forward_milliseconds = out->backward_milliseconds = 0;
    size_t mark = vt_tensor_mark(ctx);
    status = run_once(ctx, trace, inputs, out);
    vt_tensor_release(ctx, mark);
    if (status != VT_OK) goto done;
  }
  out->forward_milliseconds /= runs;
  out->backward_milliseconds /= runs;
  out->peak_bytes = vt_ctx_memory_peak(ctx);
done:
  vt_trace_free(trace);
  return status;
}
