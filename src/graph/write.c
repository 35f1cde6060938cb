/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a model: the graph in operators of opset 17, as messages, as bytes, as a file or two.
 */
#include "graph/write.h"

#include <limits.h>
#include <unistd.h>

#include "graph/export.h"

enum { EXTERNAL_ALIGNMENT = 64, EXTERNAL_LEAST = 1024 }; /* bytes; small tensors stay in the model */

typedef struct model_writer {
  vt_ctx *ctx;
  vt_arena arena;
  const vt_graph *graph;
  bool *used;           /* by value: read by a node or an output */
  bool vague;           /* sizes are suggestions (vt_graph_options): they are left open */
  vt_names nodes;       /* names given to nodes, which must differ */
  const char *location; /* of external data, NULL: everything in the model */
  vt_piece *pieces;     /* of external data: tensors and the gaps before them */
  size_t piece_count;
  uint64_t offset;
  Onnx__ModelProto *model;
} model_writer;

vt_graph_write_options vt_graph_write_options_default(void)
{
  return (vt_graph_write_options){.struct_size = sizeof(vt_graph_write_options),
                                  .external_bytes = 1900000000};
}

static void *take(model_writer *w, size_t count, size_t size)
{
  return vt_arena_zero(&w->arena, count ? count : 1, size);
}

/* ---- declarations ---- */

static vt_status write_shape(model_writer *w, const vt_value *value, Onnx__TypeProto__Tensor *type)
{
  Onnx__TensorShapeProto *shape = type->shape = take(w, 1, sizeof *shape);
  Onnx__TensorShapeProto__Dimension *dims = take(w, VT_MAX_RANK, sizeof *dims);
  Onnx__TensorShapeProto__Dimension **list = take(w, VT_MAX_RANK, sizeof *list);
  if (!shape || !dims || !list) return vt_ctx_status(w->ctx);
  onnx__tensor_shape_proto__init(shape);
  shape->n_dim = (size_t)value->rank;
  shape->dim = list;
  for (int axis = 0; axis < value->rank; axis++) {
    onnx__tensor_shape_proto__dimension__init(list[axis] = &dims[axis]);
    if (value->dims[axis] >= 0 && !w->vague) {
      dims[axis].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
      dims[axis].dim_value = value->dims[axis];
    } else if (value->dim_names[axis]) {
      dims[axis].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
      dims[axis].dim_param = value->dim_names[axis];
    }
  }
  return VT_OK;
}

static vt_status write_info(model_writer *w, const vt_value *value, Onnx__ValueInfoProto **out)
{
  Onnx__ValueInfoProto *info = *out = take(w, 1, sizeof *info);
  Onnx__TypeProto *type = take(w, 1, sizeof *type);
  Onnx__TypeProto__Tensor *tensor = take(w, 1, sizeof *tensor);
  if (!info || !type || !tensor) return vt_ctx_status(w->ctx);
  onnx__value_info_proto__init(info);
  onnx__type_proto__init(type);
  onnx__type_proto__tensor__init(tensor);
  info->name = value->name;
  info->type = type;
  type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  type->tensor_type = tensor;
  tensor->has_elem_type = 1;
  tensor->elem_type = value->type;
  return value->rank >= 0 ? write_shape(w, value, tensor) : VT_OK;
}

static vt_status write_ends(model_writer *w, const int *values, int count, Onnx__ValueInfoProto ***list,
                            size_t *n)
{
  *list = take(w, (size_t)count, sizeof **list);
  if (!*list) return vt_ctx_status(w->ctx);
  for (int i = 0; i < count; i++)
    VT_TRY(write_info(w, &w->graph->values[values[i]], &(*list)[(*n)++]));
  return VT_OK;
}

static bool is_end(const vt_graph *graph, int value)
{
  for (int i = 0; i < graph->output_count; i++)
    if (graph->outputs[i] == value) return true;
  return false;
}

/* Inner values of which something is known. */
static vt_status write_inner(model_writer *w, Onnx__GraphProto *proto)
{
  const vt_graph *graph = w->graph;
  proto->value_info = take(w, (size_t)graph->value_count, sizeof *proto->value_info);
  if (!proto->value_info) return vt_ctx_status(w->ctx);
  if (w->vague) return VT_OK;
  for (int i = 0; i < graph->value_count; i++) {
    const vt_value *value = &graph->values[i];
    if (value->producer < 0 || value->type == VT_UNDEFINED || value->rank < 0 || is_end(graph, i)) continue;
    VT_TRY(write_info(w, value, &proto->value_info[proto->n_value_info++]));
  }
  return VT_OK;
}

/* ---- initializers ---- */

static vt_status add_entry(model_writer *w, Onnx__TensorProto *proto, const char *key, char *value)
{
  Onnx__StringStringEntryProto *entry = take(w, 1, sizeof *entry);
  if (!entry || !value) return vt_ctx_status(w->ctx);
  onnx__string_string_entry_proto__init(entry);
  entry->key = (char *)key;
  entry->value = value;
  proto->external_data[proto->n_external_data++] = entry;
  return VT_OK;
}

static vt_status move_outside(model_writer *w, Onnx__TensorProto *proto)
{
  static const char zeros[EXTERNAL_ALIGNMENT];
  size_t gap = (size_t)((EXTERNAL_ALIGNMENT - w->offset % EXTERNAL_ALIGNMENT) % EXTERNAL_ALIGNMENT);
  size_t bytes = proto->raw_data.len;
  if (gap) w->pieces[w->piece_count++] = (vt_piece){zeros, gap};
  w->offset += gap;
  w->pieces[w->piece_count++] = (vt_piece){proto->raw_data.data, bytes};
  proto->has_raw_data = 0;
  proto->has_data_location = 1;
  proto->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
  proto->external_data = take(w, 3, sizeof *proto->external_data);
  if (!proto->external_data) return vt_ctx_status(w->ctx);
  VT_TRY(add_entry(w, proto, "location", (char *)w->location));
  VT_TRY(add_entry(w, proto, "offset", vt_arena_format(&w->arena, "%llu", (unsigned long long)w->offset)));
  VT_TRY(add_entry(w, proto, "length", vt_arena_format(&w->arena, "%zu", bytes)));
  w->offset += bytes;
  return VT_OK;
}

static vt_status write_initializers(model_writer *w, Onnx__GraphProto *proto)
{
  const vt_graph *graph = w->graph;
  proto->initializer = take(w, (size_t)graph->value_count, sizeof *proto->initializer);
  if (w->location) w->pieces = take(w, 2 * (size_t)graph->value_count, sizeof *w->pieces);
  if (!proto->initializer || (w->location && !w->pieces)) return vt_ctx_status(w->ctx);
  for (int i = 0; i < graph->value_count; i++) {
    const vt_value *value = &graph->values[i];
    if (!value->constant || !w->used[i]) continue;
    Onnx__TensorProto **slot = &proto->initializer[proto->n_initializer++];
    VT_TRY(vt_write_tensor(w->ctx, &w->arena, value->constant, value->name, slot));
    if (w->location && (*slot)->raw_data.len >= EXTERNAL_LEAST) VT_TRY(move_outside(w, *slot));
  }
  return VT_OK;
}

/* A reduction's axes are written as an attribute, so their constant is not read. */
static bool reads(const vt_node *node, int k)
{
  return k != 1 || strncmp(node->op->name, "Reduce", 6) != 0 || strcmp(node->op->name, "ReduceSum") == 0;
}

static vt_status find_used(model_writer *w, uint64_t *bytes)
{
  const vt_graph *graph = w->graph;
  w->used = take(w, (size_t)graph->value_count, sizeof *w->used);
  if (!w->used) return vt_ctx_status(w->ctx);
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].input_count; k++)
      if (graph->nodes[i].inputs[k] != VT_NO_VALUE && reads(&graph->nodes[i], k))
        w->used[graph->nodes[i].inputs[k]] = true;
  for (int i = 0; i < graph->output_count; i++)
    w->used[graph->outputs[i]] = true;
  *bytes = 0;
  for (int i = 0; i < graph->value_count; i++)
    if (w->used[i] && graph->values[i].constant) *bytes += vt_bytes(graph->values[i].constant);
  return VT_OK;
}

/* ---- the model ---- */

/* Names of nodes only help to find them, but ONNX Runtime wants them to differ. */
static vt_status distinguish(model_writer *w, Onnx__NodeProto *proto)
{
  const char *wish = proto->name;
  for (long number = 2; vt_names_find(&w->nodes, proto->name) >= 0; number++)
    if (!(proto->name = vt_arena_format(&w->arena, "%s#%ld", wish, number))) return vt_ctx_status(w->ctx);
  return vt_names_put(w->ctx, &w->nodes, proto->name, 0);
}

static vt_status write_graph(model_writer *w, Onnx__GraphProto *proto)
{
  const vt_graph *graph = w->graph;
  proto->name = (char *)"vitrail";
  proto->node = take(w, (size_t)graph->node_count, sizeof *proto->node);
  if (!proto->node) return vt_ctx_status(w->ctx);
  for (int i = 0; i < graph->input_count; i++)
    w->vague = w->vague || !graph->values[graph->inputs[i]].declared;
  for (int i = 0; i < graph->node_count; i++) {
    VT_TRY(vt_write_node(w->ctx, &w->arena, graph, &graph->nodes[i], &proto->node[i]));
    proto->n_node++;
    VT_TRY(distinguish(w, proto->node[i]));
  }
  VT_TRY(write_initializers(w, proto));
  VT_TRY(write_ends(w, graph->inputs, graph->input_count, &proto->input, &proto->n_input));
  VT_TRY(write_ends(w, graph->outputs, graph->output_count, &proto->output, &proto->n_output));
  return write_inner(w, proto);
}

static vt_status write_model(model_writer *w)
{
  Onnx__ModelProto *model = w->model = take(w, 1, sizeof *model);
  Onnx__GraphProto *graph = take(w, 1, sizeof *graph);
  Onnx__OperatorSetIdProto *opset = take(w, 1, sizeof *opset);
  Onnx__OperatorSetIdProto **opsets = take(w, 1, sizeof *opsets);
  if (!model || !graph || !opset || !opsets) return vt_ctx_status(w->ctx);
  onnx__model_proto__init(model);
  onnx__graph_proto__init(graph);
  onnx__operator_set_id_proto__init(opset);
  model->has_ir_version = 1;
  model->ir_version = VT_EXPORT_IR;
  model->producer_name = (char *)"vitrail";
  model->producer_version = (char *)vt_version();
  model->graph = graph;
  model->n_opset_import = 1;
  model->opset_import = opsets;
  opsets[0] = opset;
  opset->domain = (char *)"";
  opset->has_version = 1;
  opset->version = VT_EXPORT_OPSET;
  return write_graph(w, graph);
}

/* The data go first: a model without them must never be there. */
static vt_status write_files(model_writer *w, const char *path)
{
  vt_ctx *ctx = w->ctx;
  size_t size = onnx__model_proto__get_packed_size(w->model);
  if (size > INT_MAX)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "%zu bytes, more than a model file can hold: let external_bytes be less", size);
  unsigned char *bytes = vt_alloc(ctx, size);
  if (!bytes) return VT_ERROR_OUT_OF_MEMORY;
  char *data = NULL;
  vt_status status = VT_OK;
  bool replaces = false;
  if (w->piece_count && !(data = vt_format(ctx, "%s.data", path))) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  onnx__model_proto__pack(w->model, bytes);
  if (data) {
    replaces = vt_file_exists(data);
    VT_TRY_DONE(vt_write_pieces(ctx, data, w->pieces, w->piece_count));
  }
  status = vt_write_file(ctx, path, bytes, size);
  if (status != VT_OK && data && !replaces) unlink(data);
done:
  vt_free(data);
  vt_free(bytes);
  return status;
}

vt_status vt_graph_write(vt_ctx *ctx, const vt_graph *graph, const char *path,
                         const vt_graph_write_options *options)
{
  vt_graph_write_options whole = vt_graph_write_options_default();
  if (options)
    memcpy(&whole, options, options->struct_size < sizeof whole ? options->struct_size : sizeof whole);
  vt_graph *lowered = NULL;
  uint64_t bytes = 0;
  model_writer w = {.ctx = ctx, .arena = {.ctx = ctx}};
  vt_status status = vt_graph_export(ctx, graph, &lowered);
  w.graph = lowered;
  if (status == VT_OK) status = find_used(&w, &bytes);
  if (status == VT_OK && bytes > whole.external_bytes)
    if (!(w.location = vt_arena_format(&w.arena, "%s.data", vt_path_name(path)))) status = vt_ctx_status(ctx);
  if (status == VT_OK) status = write_model(&w);
  if (status == VT_OK) status = write_files(&w, path);
  vt_names_free(&w.nodes);
  vt_arena_free(&w.arena);
  vt_graph_free(lowered);
  if (status == VT_OK || strncmp(vt_ctx_message(ctx), path, strlen(path)) == 0) return status;
  return vt_fail_prefix(ctx, "%s", path);
}
