/* SPDX-License-Identifier: Apache-2.0
 *
 * From a graph to something that can be asked: output and embedding chosen by name, micro-batch by rule, plan
 * compiled, shapes checked.
 */
#include "explain/detector.h"
#include "explain/model_onnx.h"
#include "tensor/tensor.h"

/* "a, b, c" of the first names of outputs, with shapes. */
static void list_outputs(vt_ctx *ctx, const vt_graph *graph, vt_text *text)
{
  enum { LISTED = 12 };
  int count = vt_graph_output_count(graph);
  for (int i = 0; i < count && i < LISTED; i++) {
    vt_type type;
    int rank;
    int64_t dims[VT_MAX_RANK];
    vt_graph_output_shape(graph, i, &type, &rank, dims);
    vt_text_addf(ctx, text, "%s'%s' %s[", i ? ", " : "", vt_graph_output_name(graph, i), vt_type_name(type));
    for (int d = 0; d < rank; d++)
      vt_text_addf(ctx, text, dims[d] < 0 ? "%s?" : "%s%lld", d ? "," : "", (long long)dims[d]);
    vt_text_add(ctx, text, rank < 0 ? "?]" : "]");
  }
  if (count > LISTED) vt_text_addf(ctx, text, " and %d more", count - LISTED);
}

static int find_output(const vt_graph *graph, const char *name)
{
  for (int i = 0; i < vt_graph_output_count(graph); i++)
    if (strcmp(vt_graph_output_name(graph, i), name) == 0) return i;
  return -1;
}

/* A name that is not there is the sidecar's fault when the sidecar has it, else the caller's. */
static vt_status choose_output(vt_ctx *ctx, const vt_model *model, const char *path, const char *name,
                               int *out)
{
  const vt_graph *graph = ((const vt_onnx_state *)model->state)->graph;
  if (vt_graph_output_count(graph) < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: the graph has no output", path);
  *out = name ? find_output(graph, name) : 0;
  if (*out >= 0) return VT_OK;
  vt_text known = {0};
  list_outputs(ctx, graph, &known);
  const char *own = model->preprocess->output_name;
  vt_status status =
      vt_fail(ctx, own && strcmp(own, name) == 0 ? VT_ERROR_INVALID_DATA : VT_ERROR_INVALID_ARGUMENT,
              "%s has no output '%s'%s; its outputs are %s", path, name,
              own && strcmp(own, name) == 0 ? ", which its sidecar names (\"output_name\")" : "",
              known.data ? known.data : "not to be listed");
  vt_text_free(&known);
  return status;
}

/* The nearest of all names in the graph. */
static const char *nearest_value(const vt_graph *graph, const char *name)
{
  const char *best = NULL;
  for (int i = 0; i < graph->value_count; i++) {
    if (graph->values[i].constant) continue;
    const char *pair[2] = {best ? best : graph->values[i].name, graph->values[i].name};
    const char *nearer = vt_nearest(name, pair, 2);
    if (nearer) best = nearer;
  }
  return best;
}

static vt_status check_embedding_name(vt_ctx *ctx, const vt_graph *graph, const char *path, const char *name)
{
  int value = vt_graph_find(graph, name);
  if (value != VT_NO_VALUE && !graph->values[value].constant) return VT_OK;
  const char *near = value == VT_NO_VALUE ? nearest_value(graph, name) : NULL;
  char suggestion[VT_SUGGESTION];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s: %s '%s' for an embedding%s; 'vitrail inspect' lists the tensors", path,
                 value == VT_NO_VALUE ? "there is no tensor" : "a constant cannot serve:", name,
                 vt_suggestion(near, suggestion));
}

/* Compiles for `micro` items. */
static vt_status compile(vt_ctx *ctx, vt_onnx_state *state, int micro, const char *wanted, vt_plan **out)
{
  *out = NULL;
  int64_t dims[4];
  memcpy(dims, state->input_dims, sizeof dims);
  dims[0] = micro;
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *input = vt_tensor_empty(ctx);
  vt_status status = input ? vt_tensor_set_shape(ctx, input, VT_F32, 4, dims) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_plan_compile(ctx, state->graph, &input, 1, &wanted, wanted ? 1 : 0, out);
  vt_tensor_release(ctx, mark);
  return status;
}

/* [micro, n, 1, 1 …] (or [micro], when `one_a_row`) to n; false for anything else. `any`: whatever stands
 * behind the first axis is flattened. */
static bool row_length(const vt_tensor *tensor, int micro, bool any, size_t *out)
{
  if (tensor->type != VT_F32 || tensor->rank < 1 || tensor->dims[0] != micro) return false;
  *out = (size_t)vt_span(tensor, 1, tensor->rank);
  bool flat = tensor->rank < 3 || vt_span(tensor, 2, tensor->rank) == 1;
  return *out > 0 && *out <= INT32_MAX && (any || flat);
}

static vt_status refuse_output(vt_ctx *ctx, const vt_onnx_state *state, const char *path,
                               const vt_tensor *answer)
{
  char shape[160];
  vt_text known = {0};
  list_outputs(ctx, state->graph, &known);
  vt_status status =
      vt_fail(ctx, VT_ERROR_UNSUPPORTED,
              "%s: output '%s' is %s for %d item%s; explaining a class needs f32 [batch, classes]. Outputs: "
              "%s; choose one with --output",
              path, vt_graph_output_name(state->graph, state->output), vt_shape_text(answer, shape),
              state->micro, state->micro > 1 ? "s" : "", known.data ? known.data : "");
  vt_text_free(&known);
  return status;
}

static vt_status refuse_embedding(vt_ctx *ctx, const char *path, const char *name, const vt_tensor *tensor)
{
  char shape[160];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s: tensor '%s' is %s; an embedding is f32 with the batch as its first axis", path, name,
                 vt_shape_text(tensor, shape));
}

static vt_status take_shapes(vt_ctx *ctx, vt_model *model, const char *path, const char *embedding,
                             const vt_tensor *answer, const vt_tensor *embedded)
{
  const vt_onnx_state *state = model->state;
  model->map = !row_length(answer, state->micro, false, &model->output_floats);
  if (model->map && !row_length(answer, state->micro, true, &model->output_floats))
    return refuse_output(ctx, state, path, answer);
  model->classes = (int)model->output_floats;
  model->output_rank = answer->rank - 1;
  memcpy(model->output_dims, answer->dims + 1, sizeof *answer->dims * (size_t)model->output_rank);
  model->embedding_floats = 0;
  if (embedded && !row_length(embedded, state->micro, true, &model->embedding_floats))
    return refuse_embedding(ctx, path, embedding, embedded);
  return VT_OK;
}

/* More items a forward where one is cheap. Graphs whose inner shapes fix one item keep to one: neither their
 * failure to compile nor a wrong first axis is an error then. */
static vt_status enlarge(vt_ctx *ctx, vt_onnx_state *state, const char *wanted)
{
  int micro = vt_micro_batch(vt_plan_flops(state->plan));
  if (micro <= 1) return VT_OK;
  vt_plan *larger;
  vt_status status = compile(ctx, state, micro, wanted, &larger);
  if (status == VT_ERROR_OUT_OF_MEMORY || status == VT_ERROR_INTERRUPTED) return status;
  if (status != VT_OK) {
    vt_ctx_clear(ctx);
    return VT_OK;
  }
  size_t row;
  bool fits =
      row_length(vt_plan_output(larger, state->output), micro, true, &row) &&
      (state->embedding < 0 || row_length(vt_plan_output(larger, state->embedding), micro, true, &row));
  if (!fits) {
    vt_plan_free(larger);
    return VT_OK;
  }
  vt_plan_free(state->plan);
  state->plan = larger;
  state->micro = micro;
  return VT_OK;
}

/* By trace nothing is known of the shapes before a run: a black input shows them. */
static vt_status probe_trace(vt_ctx *ctx, vt_model *model, const char *path, const char *embedding)
{
  vt_onnx_state *state = model->state;
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *input = vt_tensor_new(ctx, VT_F32, 4, state->input_dims);
  vt_tensor **outputs = vt_alloc_zero(ctx, (size_t)vt_graph_output_count(state->graph), sizeof *outputs);
  vt_status status = input && outputs ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    memset(input->data, 0, vt_bytes(input));
    status = vt_graph_run(ctx, state->graph, &input, outputs);
  }
  if (status == VT_OK)
    status = take_shapes(ctx, model, path, embedding, outputs[state->output],
                         state->embedding >= 0 ? outputs[state->embedding] : NULL);
  const vt_tensor *parts[VT_DETECTOR_OUTPUTS] = {NULL};
  for (int i = 0; status == VT_OK && i < state->part_count; i++)
    parts[i] = outputs[state->parts[i]];
  if (status == VT_OK) status = vt_onnx_detector_shape(ctx, model, path, parts);
  vt_free(outputs);
  vt_tensor_release(ctx, mark);
  return status;
}

vt_status vt_onnx_compile(vt_ctx *ctx, vt_model *model, const char *path, const char *output,
                          const char *embedding)
{
  vt_onnx_state *state = model->state;
  bool open_batch = state->input_dims[0] < 1;
  VT_TRY(choose_output(ctx, model, path, output, &state->output));
  if (!output && vt_graph_output_count(state->graph) > 1)
    VT_TRY(vt_model_assume(ctx, model, "the graph has %d outputs; the first one, '%s', is explained",
                           vt_graph_output_count(state->graph), vt_graph_output_name(state->graph, 0)));
  if (embedding) {
    VT_TRY(check_embedding_name(ctx, state->graph, path, embedding));
    if (!(state->embedding_name = vt_strdup(ctx, embedding))) return VT_ERROR_OUT_OF_MEMORY;
  }
  state->micro = open_batch ? 1 : (int)state->input_dims[0];
  state->embedding = embedding ? find_output(state->graph, embedding) : -1;
  const char *wanted = embedding && state->embedding < 0 ? embedding : NULL;
  if (wanted) state->embedding = vt_graph_output_count(state->graph); /* behind the graph's own outputs */
  vt_status status = compile(ctx, state, state->micro, wanted, &state->plan);
  if (status == VT_ERROR_DATA_DEPENDENT && !wanted) {
    VT_TRY(vt_model_assume(ctx, model,
                           "shapes inside the graph depend on the data (%s): it runs operator by operator, "
                           "which is slower",
                           vt_ctx_message(ctx)));
    vt_ctx_clear(ctx);
    state->input_dims[0] = state->micro;
    return probe_trace(ctx, model, path, embedding);
  }
  if (status == VT_ERROR_DATA_DEPENDENT)
    return vt_fail_prefix(ctx, "%s: an inner tensor can be the embedding only of graphs that compile", path);
  if (status != VT_OK) return status;
  if (open_batch) VT_TRY(enlarge(ctx, state, wanted));
  state->input_dims[0] = state->micro;
  VT_TRY(take_shapes(ctx, model, path, embedding, vt_plan_output(state->plan, state->output),
                     state->embedding >= 0 ? vt_plan_output(state->plan, state->embedding) : NULL));
  const vt_tensor *outputs[VT_DETECTOR_OUTPUTS] = {NULL};
  for (int i = 0; i < state->part_count; i++)
    outputs[i] = vt_plan_output(state->plan, state->parts[i]);
  return vt_onnx_detector_shape(ctx, model, path, outputs);
}
