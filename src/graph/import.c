/* SPDX-License-Identifier: Apache-2.0
 *
 * Values and nodes of the graph from the lifted node messages: every name made once, every name used made
 * somewhere.
 */
#include "graph/assemble.h"
#include "graph/onnx.h"

static vt_status add_value(vt_reader *reader, const char *name, int *out)
{
  return vt_graph_add_value(reader->ctx, reader->graph, name, out);
}

static const char *text_or_empty(const char *text)
{
  return text ? text : "";
}

/* ---- declared types ---- */

static vt_status read_shape(vt_reader *reader, const Onnx__TensorShapeProto *shape, const char *what,
                            vt_value *value)
{
  vt_ctx *ctx = reader->ctx;
  if (shape->n_dim > VT_MAX_RANK)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s '%s': %zu dimensions; at most %d are supported", what,
                   value->name, shape->n_dim, VT_MAX_RANK);
  value->rank = (int)shape->n_dim;
  for (size_t i = 0; i < shape->n_dim; i++) {
    const Onnx__TensorShapeProto__Dimension *dim = shape->dim[i];
    value->dims[i] = -1;
    if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) {
      if (dim->dim_value < -1)
        return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s '%s': dimension %zu is %lld", what, value->name, i,
                       (long long)dim->dim_value);
      value->dims[i] = dim->dim_value;
    } else if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && dim->dim_param[0]) {
      vt_free(value->dim_names[i]);
      value->dim_names[i] = vt_strdup(ctx, dim->dim_param);
      if (!value->dim_names[i]) return VT_ERROR_OUT_OF_MEMORY;
    }
  }
  return VT_OK;
}

/* A declaration of the file. `binding`: of an input, so that what cannot be stored is an error. */
static vt_status read_type(vt_reader *reader, const Onnx__ValueInfoProto *info, const char *what,
                           vt_value *value, bool binding)
{
  vt_ctx *ctx = reader->ctx;
  const Onnx__TypeProto *type = info->type;
  if (!type || type->value_case == ONNX__TYPE_PROTO__VALUE__NOT_SET) return VT_OK;
  if (type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
    return binding
               ? vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s '%s' is no tensor but a %s, which is not supported",
                         what, value->name,
                         type->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE        ? "sequence"
                         : type->value_case == ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE ? "sparse tensor"
                                                                                          : "optional")
               : VT_OK;
  int element = type->tensor_type->elem_type;
  if (vt_type_size((vt_type)element) == 0) {
    if (!binding) return VT_OK;
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s '%s' has element type %d%s, which is not supported", what,
                   value->name, element, element == VT_STRING ? " (string)" : "");
  }
  value->type = (vt_type)element;
  if (!type->tensor_type->shape) return VT_OK;
  VT_TRY(read_shape(reader, type->tensor_type->shape, what, value));
  value->declared = binding && !reader->ignore_declared_sizes;
  return VT_OK;
}

/* ---- inputs, initializers, outputs ---- */

static vt_status check_new(vt_reader *reader, const char *name, const char *what)
{
  if (!name[0]) return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL, "%s without a name", what);
  if (vt_names_find(&reader->graph->names, name) < 0) return VT_OK;
  return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL, "%s '%s': the name is given to something else already",
                 what, name);
}

static vt_status add_initializers(vt_reader *reader)
{
  vt_graph *graph = reader->graph;
  const Onnx__GraphProto *source = reader->model->graph;
  if (source->n_sparse_initializer)
    return vt_fail(reader->ctx, VT_ERROR_UNSUPPORTED,
                   "the graph has %zu sparse initializers, which are not supported",
                   source->n_sparse_initializer);
  for (size_t i = 0; i < source->n_initializer; i++) {
    Onnx__TensorProto *proto = source->initializer[i];
    const char *name = text_or_empty(proto->name);
    VT_TRY(check_new(reader, name, "initializer"));
    vt_tensor *tensor;
    int index;
    char what[256];
    snprintf(what, sizeof what, "initializer '%.200s'", name);
    VT_TRY(vt_onnx_tensor(reader, proto, what, &tensor));
    vt_status status = add_value(reader, name, &index);
    if (status != VT_OK) {
      vt_tensor_free(tensor);
      return status;
    }
    vt_graph_set_constant(graph, index, tensor);
    if (VT_T(tensor->type) & (VT_FLOATS | VT_T(VT_F16) | VT_T(VT_BF16)))
      graph->parameter_count += vt_count(tensor);
  }
  return VT_OK;
}

/* Inputs that are initializers too are constants (IR 3 listed every weight as an input). */
static vt_status add_inputs(vt_reader *reader)
{
  vt_graph *graph = reader->graph;
  const Onnx__GraphProto *source = reader->model->graph;
  graph->inputs = vt_alloc_zero(reader->ctx, source->n_input ? source->n_input : 1, sizeof *graph->inputs);
  if (!graph->inputs) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < source->n_input; i++) {
    const char *name = text_or_empty(source->input[i]->name);
    int index = vt_names_find(&graph->names, name);
    if (index >= 0 && graph->values[index].constant) continue;
    VT_TRY(check_new(reader, name, "input"));
    VT_TRY(add_value(reader, name, &index));
    VT_TRY(read_type(reader, source->input[i], "input", &graph->values[index], true));
    graph->inputs[graph->input_count++] = index;
  }
  return VT_OK;
}

static vt_status add_outputs(vt_reader *reader)
{
  vt_graph *graph = reader->graph;
  const Onnx__GraphProto *source = reader->model->graph;
  if (source->n_output == 0) return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL, "the graph has no output");
  graph->outputs = vt_alloc_zero(reader->ctx, source->n_output, sizeof *graph->outputs);
  if (!graph->outputs) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < source->n_output; i++) {
    const char *name = text_or_empty(source->output[i]->name);
    int index = name[0] ? vt_names_find(&graph->names, name) : -1;
    if (index < 0)
      return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL, "output '%s' of the graph is made by no node",
                     name);
    vt_value *value = &graph->values[index];
    graph->outputs[graph->output_count++] = index;
    if (value->type == VT_UNDEFINED || value->rank < 0)
      VT_TRY(read_type(reader, source->output[i], "output", value, false));
  }
  return VT_OK;
}

static vt_status add_value_infos(vt_reader *reader)
{
  vt_graph *graph = reader->graph;
  const Onnx__GraphProto *source = reader->model->graph;
  if (reader->ignore_declared_sizes) return VT_OK;
  for (size_t i = 0; i < source->n_value_info; i++) {
    int index = vt_names_find(&graph->names, text_or_empty(source->value_info[i]->name));
    if (index < 0 || graph->values[index].type != VT_UNDEFINED) continue;
    VT_TRY(read_type(reader, source->value_info[i], "value", &graph->values[index], false));
  }
  return VT_OK;
}

/* ---- nodes ---- */

static int count_named(char *const *names, size_t count)
{
  while (count > 0 && !names[count - 1][0])
    count--;
  return (int)count;
}

static vt_status define(vt_reader *reader, const Onnx__NodeProto *proto, const char *name, int producer,
                        int *out)
{
  if (vt_names_find(&reader->graph->names, name) >= 0)
    return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL,
                   "node '%s' (%s): '%s' is made by something else already", vt_onnx_node_name(proto),
                   text_or_empty(proto->op_type), name);
  VT_TRY(add_value(reader, name, out));
  reader->graph->values[*out].producer = producer;
  return VT_OK;
}

static bool is_constant(const vt_pending *item)
{
  return strcmp(text_or_empty(item->node->op_type), "Constant") == 0 &&
         strcmp(vt_onnx_domain(item->node->domain), "") == 0;
}

static vt_status add_constant(vt_reader *reader, const Onnx__NodeProto *proto)
{
  if (proto->n_output != 1 || !proto->output[0][0])
    return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL, "node '%s' (Constant): one output is needed",
                   vt_onnx_node_name(proto));
  vt_tensor *tensor;
  VT_TRY(vt_onnx_constant(reader, proto, &tensor));
  int index;
  vt_status status = define(reader, proto, proto->output[0], -1, &index);
  if (status == VT_OK)
    vt_graph_set_constant(reader->graph, index, tensor);
  else
    vt_tensor_free(tensor);
  return status;
}

/* First pass: the node, its attributes, and the values it makes. */
static vt_status add_node(vt_reader *reader, const Onnx__NodeProto *proto)
{
  vt_ctx *ctx = reader->ctx;
  vt_graph *graph = reader->graph;
  vt_node *node = &graph->nodes[graph->node_count];
  *node = (vt_node){.op = vt_op_find(vt_onnx_domain(proto->domain), text_or_empty(proto->op_type))};
  int number = graph->node_count++;
  const char *name = vt_onnx_node_name(proto);
  node->name = vt_strdup(ctx, name);
  node->inputs = vt_alloc_zero(ctx, proto->n_input ? proto->n_input : 1, sizeof *node->inputs);
  node->outputs = vt_alloc_zero(ctx, proto->n_output ? proto->n_output : 1, sizeof *node->outputs);
  if (!node->name || !node->inputs || !node->outputs) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_onnx_attributes(reader, node->op, proto, &node->attributes));
  node->output_count = count_named(proto->output, proto->n_output);
  const vt_op *op = node->op;
  if (node->output_count < 1 || node->output_count > op->max_outputs)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "node '%s' (%s): %d outputs, %d..%d expected", name, op->name,
                   node->output_count, op->min_outputs, op->max_outputs);
  for (int i = 0; i < node->output_count; i++) {
    node->outputs[i] = VT_NO_VALUE;
    if (proto->output[i][0]) VT_TRY(define(reader, proto, proto->output[i], number, &node->outputs[i]));
  }
  return VT_OK;
}

/* Second pass, when all values have numbers. */
static vt_status connect(vt_reader *reader, const Onnx__NodeProto *proto, vt_node *node)
{
  vt_ctx *ctx = reader->ctx;
  const vt_op *op = node->op;
  int given = count_named(proto->input, proto->n_input);
  if (given < op->min_inputs || given > op->max_inputs)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "node '%s' (%s): %d inputs, %d..%d expected", node->name,
                   op->name, given, op->min_inputs, op->max_inputs);
  for (int i = 0; i < given; i++) {
    const char *name = proto->input[i];
    node->inputs[i] = name[0] ? vt_names_find(&reader->graph->names, name) : VT_NO_VALUE;
    if (name[0] && node->inputs[i] < 0)
      return vt_fail(
          ctx, VT_ERROR_INVALID_MODEL,
          "node '%s' (%s): input '%s' is made by no node and is no input or initializer of the graph",
          node->name, op->name, name);
    if (!name[0] && (i < op->min_inputs || op->max_inputs == VT_VARIADIC))
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "node '%s' (%s): input %d is missing", node->name, op->name,
                     i);
  }
  node->input_count = given;
  return VT_OK;
}

static vt_status add_nodes(vt_reader *reader)
{
  vt_graph *graph = reader->graph;
  const vt_pending_list *pending = &reader->pending;
  graph->nodes = vt_alloc_zero(reader->ctx, pending->count ? pending->count : 1, sizeof *graph->nodes);
  if (!graph->nodes) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < pending->count; i++) {
    if (is_constant(&pending->items[i]))
      VT_TRY(add_constant(reader, pending->items[i].node));
    else
      VT_TRY(add_node(reader, pending->items[i].node));
  }
  int next = 0;
  for (size_t i = 0; i < pending->count; i++)
    if (!is_constant(&pending->items[i]))
      VT_TRY(connect(reader, pending->items[i].node, &graph->nodes[next++]));
  return VT_OK;
}

/* Casts to types that vitrail does not store, told by their attribute. */
static const Onnx__AttributeProto *strange_target(const Onnx__NodeProto *node)
{
  static const char *const names[] = {"to", "dtype"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    const Onnx__AttributeProto *target = vt_onnx_attribute(node, names[i]);
    if (target && target->has_i && vt_type_size((vt_type)target->i) == 0) return target;
  }
  return NULL;
}

vt_status vt_onnx_check_operators(vt_reader *reader)
{
  for (size_t i = 0; i < reader->pending.count; i++) {
    const vt_pending *item = &reader->pending.items[i];
    const char *domain = vt_onnx_domain(item->node->domain), *type = text_or_empty(item->node->op_type);
    const char *name = vt_onnx_node_name(item->node);
    if (!domain[0] && item->opset < 1)
      return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL,
                     "node '%s' (%s): the model imports no version of ONNX's operators", name, type);
    if (is_constant(item)) continue;
    const vt_op *op = vt_op_find(domain, type);
    char what[256];
    const Onnx__AttributeProto *target = op ? strange_target(item->node) : NULL;
    if (op && !target && (op->last == 0 || item->opset <= op->last || domain[0])) continue;
    int length = snprintf(what, sizeof what, "%.100s%s%.100s", domain, domain[0] ? "." : "", type);
    if (target)
      snprintf(what + length, sizeof what - (size_t)length, " to element type %lld", (long long)target->i);
    else if (op)
      snprintf(what + length, sizeof what - (size_t)length, " of opset %lld", (long long)item->opset);
    VT_TRY(vt_lacking_add(reader, what, name));
  }
  return vt_lacking_fail(reader, "operators that are not supported (with their nodes)");
}

vt_status vt_onnx_build(vt_reader *reader)
{
  VT_TRY(add_initializers(reader));
  VT_TRY(add_inputs(reader));
  VT_TRY(add_nodes(reader));
  VT_TRY(add_value_infos(reader));
  return add_outputs(reader);
}
