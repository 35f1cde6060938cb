/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph as an object: reading it, asking about it, letting go of it.
 */
#include <limits.h>

#include "graph/assemble.h"
#include "graph/onnx.h"

vt_graph_options vt_graph_options_default(void)
{
  return (vt_graph_options){.struct_size = sizeof(vt_graph_options), .max_bytes = UINT64_C(8) << 30};
}

static void free_node(vt_node *node)
{
  if (node->op) vt_attributes_free(node->op, node->attributes);
  vt_free(node->name);
  vt_free(node->inputs);
  vt_free(node->outputs);
}

void vt_graph_free(vt_graph *graph)
{
  if (!graph) return;
  for (int i = 0; i < graph->node_count; i++)
    free_node(&graph->nodes[i]);
  for (int i = 0; i < graph->value_count; i++) {
    vt_value *value = &graph->values[i];
    vt_free(value->name);
    for (int axis = 0; axis < VT_MAX_RANK; axis++)
      vt_free(value->dim_names[axis]);
    vt_tensor_free(value->constant);
  }
  vt_names_free(&graph->names);
  vt_free(graph->nodes);
  vt_free(graph->values);
  vt_free(graph->inputs);
  vt_free(graph->outputs);
  vt_free(graph->path);
  vt_free(graph->producer);
  vt_free(graph);
}

/* ---- reading ---- */

static vt_status check_model(vt_reader *reader)
{
  const Onnx__ModelProto *model = reader->model;
  vt_graph *graph = reader->graph;
  vt_ctx *ctx = reader->ctx;
  if (!model->graph)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "no graph inside: this is not an ONNX model");
  graph->ir_version = model->ir_version;
  graph->opset = model->n_opset_import ? 0 : 1;
  for (size_t i = 0; i < model->n_opset_import; i++)
    if (strcmp(vt_onnx_domain(model->opset_import[i]->domain), "") == 0)
      graph->opset = model->opset_import[i]->version;
  if (graph->opset > VT_ONNX_OPSET)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "operators of opset %lld; versions 1 to %d are supported: export it again",
                   (long long)graph->opset, VT_ONNX_OPSET);
  graph->producer = vt_strdup(ctx, model->producer_name ? model->producer_name : "");
  return graph->producer ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* `own`: `bytes` comes from vt_alloc() and is freed as soon as it has been
 * unpacked, which halves the peak. */
static vt_status read_bytes(vt_reader *reader, const unsigned char *bytes, size_t size, unsigned char *own)
{
  vt_ctx *ctx = reader->ctx;
  vt_sha256_hex(bytes, size, reader->graph->sha256);
  ProtobufCMessage *message = NULL;
  vt_status status =
      size ? vt_wire_unpack(&reader->arena, bytes, size, &onnx__model_proto__descriptor, &message)
           : vt_fail(ctx, VT_ERROR_INVALID_MODEL, "the file is empty");
  vt_free(own);
  VT_TRY(status);
  reader->model = (Onnx__ModelProto *)message;
  VT_TRY(check_model(reader));
  VT_TRY(vt_onnx_inline(reader));
  VT_TRY(vt_onnx_lift(reader));
  VT_TRY(vt_onnx_check_operators(reader));
  VT_TRY(vt_onnx_build(reader));
  VT_TRY(vt_graph_sort(ctx, reader->graph));
  VT_TRY(vt_graph_infer(ctx, reader->graph));
  return vt_onnx_check_types(reader);
}

static vt_status read_graph(vt_ctx *ctx, const char *path, const unsigned char *bytes, size_t size,
                            unsigned char *own, const char *folder, const vt_graph_options *options,
                            vt_graph **out)
{
  *out = NULL;
  vt_reader reader = {.ctx = ctx, .folder = folder, .ignore_declared_sizes = options->ignore_declared_sizes};
  reader.bytes_left = options->max_bytes - size;
  /* a message takes some ten times the bytes it has in the file; nothing honest takes more than this */
  reader.arena =
      (vt_arena){.ctx = ctx, .limit = (size < SIZE_MAX / 64 ? 32 * size : SIZE_MAX / 2) + (64u << 20)};
  reader.graph = vt_alloc_zero(ctx, 1, sizeof *reader.graph);
  vt_status status = reader.graph ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && !(reader.graph->path = vt_strdup(ctx, path))) status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    status = read_bytes(&reader, bytes, size, own);
  else
    vt_free(own);
  for (size_t i = 0; i < reader.lacking.count; i++)
    vt_text_free(&reader.lacking.texts[i]);
  vt_free(reader.pending.items);
  vt_arena_free(&reader.arena);
  if (status != VT_OK) {
    vt_graph_free(reader.graph);
    return vt_fail_prefix(ctx, "%s", path);
  }
  *out = reader.graph;
  return VT_OK;
}

static vt_graph_options options_or_default(const vt_graph_options *options)
{
  vt_graph_options whole = vt_graph_options_default();
  if (options)
    memcpy(&whole, options, options->struct_size < sizeof whole ? options->struct_size : sizeof whole);
  return whole;
}

vt_status vt_graph_parse(vt_ctx *ctx, const void *bytes, size_t size, const char *folder,
                         const vt_graph_options *options, vt_graph **out)
{
  vt_graph_options whole = options_or_default(options);
  *out = NULL;
  if (size > whole.max_bytes)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "<memory>: %zu bytes, more than the %llu allowed", size,
                   (unsigned long long)whole.max_bytes);
  return read_graph(ctx, "<memory>", bytes, size, NULL, folder, &whole, out);
}

vt_status vt_graph_read(vt_ctx *ctx, const char *path, const vt_graph_options *options, vt_graph **out)
{
  vt_graph_options whole = options_or_default(options);
  unsigned char *bytes;
  size_t size;
  *out = NULL;
  size_t most = whole.max_bytes > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)whole.max_bytes;
  vt_status status = vt_read_file(ctx, path, most, &bytes, &size);
  if (status == VT_ERROR_INVALID_DATA) status = vt_fail_restate(ctx, VT_ERROR_INVALID_MODEL);
  VT_TRY(status);
  char *folder = vt_path_directory(ctx, path);
  if (!folder) {
    vt_free(bytes);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  status = read_graph(ctx, path, bytes, size, bytes, folder, &whole, out);
  vt_free(folder);
  return status;
}

/* ---- asking ---- */

int vt_graph_find(const vt_graph *graph, const char *name)
{
  int index = vt_names_find(&graph->names, name);
  return index < 0 ? VT_NO_VALUE : index;
}

int vt_graph_input_count(const vt_graph *graph)
{
  return graph->input_count;
}

int vt_graph_output_count(const vt_graph *graph)
{
  return graph->output_count;
}

const char *vt_graph_input_name(const vt_graph *graph, int index)
{
  return index >= 0 && index < graph->input_count ? graph->values[graph->inputs[index]].name : NULL;
}

const char *vt_graph_output_name(const vt_graph *graph, int index)
{
  return index >= 0 && index < graph->output_count ? graph->values[graph->outputs[index]].name : NULL;
}

static void tell_shape(const vt_value *value, vt_type *type, int *rank, int64_t *dims)
{
  *type = value ? value->type : VT_UNDEFINED;
  *rank = value ? value->rank : -1;
  for (int axis = 0; axis < *rank; axis++)
    dims[axis] = value->dims[axis];
}

void vt_graph_input_shape(const vt_graph *graph, int index, vt_type *type, int *rank, int64_t *dims)
{
  bool there = index >= 0 && index < graph->input_count;
  tell_shape(there ? &graph->values[graph->inputs[index]] : NULL, type, rank, dims);
}

void vt_graph_output_shape(const vt_graph *graph, int index, vt_type *type, int *rank, int64_t *dims)
{
  bool there = index >= 0 && index < graph->output_count;
  tell_shape(there ? &graph->values[graph->outputs[index]] : NULL, type, rank, dims);
}

const char *vt_graph_sha256(const vt_graph *graph)
{
  return graph->sha256;
}
