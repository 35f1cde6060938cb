/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/randomise.h"

#include <math.h>

#include "explain/model_onnx.h"
#include "graph/copy.h"
#include "tensor/tensor.h"

static const vt_graph *graph_of(const vt_model *model)
{
  return model->kind == &vt_model_kind_onnx ? ((const vt_onnx_state *)model->state)->graph : NULL;
}

static const vt_tensor *weight(const vt_graph *graph, const vt_node *node, int input)
{
  int value = node->inputs[input];
  const vt_tensor *constant = value == VT_NO_VALUE ? NULL : graph->values[value].constant;
  return constant && constant->type == VT_F32 && constant->data && vt_count(constant) > 1 ? constant : NULL;
}

static bool is_matrix(const vt_tensor *tensor)
{
  int longer = 0;
  for (int i = 0; i < tensor->rank; i++)
    longer += tensor->dims[i] > 1;
  return longer >= 2;
}

static bool is_layer(const vt_graph *graph, const vt_node *node)
{
  bool normalises = strstr(node->op->name, "Normalization") != NULL;
  for (int i = 0; i < node->input_count; i++) {
    const vt_tensor *constant = weight(graph, node, i);
    if (constant && (normalises || is_matrix(constant))) return true;
  }
  return false;
}

/* Node of layer `index` from the output, −1: there are fewer; `*count` (may be NULL) receives how many there
 * are when there are fewer. */
static int find_layer(const vt_graph *graph, int index, int *count)
{
  int seen = 0;
  for (int n = graph->node_count - 1; n >= 0; n--)
    if (is_layer(graph, &graph->nodes[n]) && seen++ == index) return n;
  if (count) *count = seen;
  return -1;
}

int vt_model_layers(const vt_model *model)
{
  int count = 0;
  const vt_graph *graph = graph_of(model);
  if (graph) find_layer(graph, -1, &count);
  return count;
}

const char *vt_model_layer_name(const vt_model *model, int index)
{
  const vt_graph *graph = graph_of(model);
  int node = graph ? find_layer(graph, index, NULL) : -1;
  return node < 0 ? NULL : graph->nodes[node].name;
}

static void draw(float *values, int64_t count, uint64_t seed, uint64_t stream)
{
  double mean = 0, square = 0;
  for (int64_t i = 0; i < count; i++)
    mean += (double)values[i] / (double)count;
  for (int64_t i = 0; i < count; i++)
    square += ((double)values[i] - mean) * ((double)values[i] - mean) / (double)count;
  for (int64_t i = 0; i < count; i++)
    values[i] = (float)(mean + sqrt(square) * vt_random_normal(seed, stream, (uint64_t)i));
}

static void shuffle(float *values, int64_t count, uint64_t seed, uint64_t stream)
{
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t other = (int64_t)vt_random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1);
    float kept = values[i];
    values[i] = values[other];
    values[other] = kept;
  }
}

static void forget(vt_graph *graph, int number, uint64_t seed)
{
  const vt_node *node = &graph->nodes[number];
  for (int i = 0; i < node->input_count; i++) {
    const vt_tensor *constant = weight(graph, node, i);
    if (!constant) continue;
    float *values = constant->data;
    uint64_t stream = vt_stream("randomised weights", (uint64_t)node->inputs[i]);
    if (is_matrix(constant))
      draw(values, vt_count(constant), seed, stream);
    else
      shuffle(values, vt_count(constant), seed, stream);
  }
}

static vt_status copy_preprocess(vt_ctx *ctx, const vt_preprocess *from, vt_preprocess **out)
{
  vt_preprocess *copy = vt_alloc_zero(ctx, 1, sizeof *copy);
  *out = copy;
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  *copy = *from;
  copy->labels = NULL; /* a model that forgot needs no names of classes */
  copy->label_count = 0;
  copy->output_name = NULL;
  if (!from->output_name || (copy->output_name = vt_strdup(ctx, from->output_name))) return VT_OK;
  vt_preprocess_free(copy);
  *out = NULL;
  return VT_ERROR_OUT_OF_MEMORY;
}

/* The model around a graph of the same form, which is the state's already. */
static vt_status wrap(vt_ctx *ctx, const vt_model *like, vt_model *model)
{
  const vt_onnx_state *from = like->state;
  vt_onnx_state *state = model->state;
  memcpy(state->input_dims, from->input_dims, sizeof state->input_dims);
  model->input_floats = like->input_floats;
  VT_TRY(copy_preprocess(ctx, like->preprocess, &model->preprocess));
  VT_TRY(vt_onnx_compile(ctx, model, state->graph->path, vt_graph_output_name(from->graph, from->output),
                         from->embedding_name));
  model->logits = like->logits;
  model->map = like->map;
  return VT_OK;
}

vt_status vt_model_randomised(vt_ctx *ctx, const vt_model *model, int first, int count, uint64_t seed,
                              vt_model **out)
{
  *out = NULL;
  const vt_graph *graph = graph_of(model);
  if (!graph)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "only the outputs of this model are known: it has no weights to draw anew");
  vt_onnx_state *state;
  vt_model *made = NULL;
  VT_TRY(vt_onnx_state_new(ctx, &state));
  vt_status status = vt_graph_copy(ctx, graph, &state->graph);
  if (status == VT_OK) status = vt_model_new(ctx, &vt_model_kind_onnx, state, &made);
  if (status != VT_OK) {
    vt_model_kind_onnx.free_state(state);
    return status;
  }
  for (int layer = first; layer < first + count; layer++) {
    int node = find_layer(graph, layer, NULL);
    if (node >= 0) forget(state->graph, node, seed);
  }
  status = wrap(ctx, model, made);
  if (status != VT_OK) {
    vt_model_free(made);
    return status;
  }
  *out = made;
  return VT_OK;
}
