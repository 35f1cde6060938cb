/* SPDX-License-Identifier: Apache-2.0
 *
 * Local functions: each call is replaced by the function's nodes, under names of their own.
 */
#include "graph/onnx.h"

enum { DEEPEST = 16 };

/* The function call that nodes are being copied for. */
typedef struct call_scope {
  const Onnx__FunctionProto *function;
  const Onnx__NodeProto *call;
  const char *prefix; /* of the names inside, unique to the call */
  vt_names formals;   /* formal inputs and outputs: index into `actuals` */
  char **actuals;
} call_scope;

typedef struct inline_state {
  vt_reader *reader;
  vt_names functions; /* "domain\nname\noverload": index into the model's functions */
  long calls;
} inline_state;

const char *vt_onnx_domain(const char *domain)
{
  return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

const char *vt_onnx_node_name(const Onnx__NodeProto *node)
{
  if (node->name && node->name[0]) return node->name;
  for (size_t i = 0; i < node->n_output; i++)
    if (node->output[i][0]) return node->output[i];
  return node->op_type ? node->op_type : "";
}

vt_status vt_pending_add(vt_reader *reader, vt_pending_list *pending, Onnx__NodeProto *node, int64_t opset)
{
  if (pending->count >= VT_ONNX_NODES)
    return vt_fail(reader->ctx, VT_ERROR_INVALID_MODEL, "more than %d nodes", VT_ONNX_NODES);
  VT_TRY(vt_grow(reader->ctx, &pending->items, &pending->capacity, pending->count, sizeof *pending->items));
  pending->items[pending->count++] = (vt_pending){node, opset};
  return VT_OK;
}

/* Version of ONNX's own operator set among the imports, `otherwise` when it is not imported. */
static int64_t opset_of(Onnx__OperatorSetIdProto *const *imports, size_t count, int64_t otherwise)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(vt_onnx_domain(imports[i]->domain), "") == 0) return imports[i]->version;
  return otherwise;
}

static char *function_key(vt_reader *reader, const char *domain, const char *name, const char *overload)
{
  return vt_arena_format(&reader->arena, "%s\n%s\n%s", vt_onnx_domain(domain), name ? name : "",
                         overload ? overload : "");
}

/* A name inside the function as it is called outside. NULL when memory is short. */
static char *rename_value(vt_reader *reader, const call_scope *scope, char *name)
{
  if (!name[0]) return name;
  int formal = vt_names_find(&scope->formals, name);
  return formal >= 0 ? scope->actuals[formal] : vt_arena_format(&reader->arena, "%s/%s", scope->prefix, name);
}

/* The attribute that a node of the body gets: its own, the caller's under its name, or the function's
 * default. `*out` NULL: left out. */
static vt_status resolve_attribute(vt_reader *reader, const call_scope *scope, Onnx__AttributeProto *own,
                                   Onnx__AttributeProto **out)
{
  *out = own;
  if (!own->ref_attr_name || !own->ref_attr_name[0]) return VT_OK;
  const Onnx__AttributeProto *given = vt_onnx_attribute(scope->call, own->ref_attr_name);
  for (size_t i = 0; !given && i < scope->function->n_attribute_proto; i++) {
    const Onnx__AttributeProto *fallback = scope->function->attribute_proto[i];
    if (fallback->name && strcmp(fallback->name, own->ref_attr_name) == 0) given = fallback;
  }
  *out = NULL;
  if (!given) return VT_OK;
  Onnx__AttributeProto *copy = vt_arena_take(&reader->arena, sizeof *copy);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  *copy = *given;
  copy->name = own->name;
  *out = copy;
  return VT_OK;
}

static vt_status rename_all(vt_reader *reader, const call_scope *scope, char **names, size_t count,
                            char ***out)
{
  *out = vt_arena_zero(&reader->arena, count, sizeof **out);
  if (!*out) return vt_ctx_status(reader->ctx);
  for (size_t i = 0; i < count; i++)
    if (!((*out)[i] = rename_value(reader, scope, names[i]))) return vt_ctx_status(reader->ctx);
  return VT_OK;
}

static vt_status copy_node(vt_reader *reader, const call_scope *scope, const Onnx__NodeProto *node,
                           Onnx__NodeProto **out)
{
  vt_ctx *ctx = reader->ctx;
  Onnx__NodeProto *copy = vt_arena_take(&reader->arena, sizeof *copy);
  if (!copy) return vt_ctx_status(ctx);
  *copy = *node;
  VT_TRY(rename_all(reader, scope, node->input, node->n_input, &copy->input));
  VT_TRY(rename_all(reader, scope, node->output, node->n_output, &copy->output));
  copy->name = vt_arena_format(&reader->arena, "%s/%s", scope->prefix, vt_onnx_node_name(node));
  copy->attribute = vt_arena_zero(&reader->arena, node->n_attribute, sizeof *copy->attribute);
  if (!copy->name || !copy->attribute) return vt_ctx_status(ctx);
  copy->n_attribute = 0;
  for (size_t i = 0; i < node->n_attribute; i++) {
    Onnx__AttributeProto *attribute;
    VT_TRY(resolve_attribute(reader, scope, node->attribute[i], &attribute));
    if (attribute) copy->attribute[copy->n_attribute++] = attribute;
  }
  *out = copy;
  return VT_OK;
}

static vt_status add_identity(vt_reader *reader, char *from, char *to, int64_t opset)
{
  Onnx__NodeProto *node = vt_arena_take(&reader->arena, sizeof *node);
  char **names = vt_arena_zero(&reader->arena, 2, sizeof *names);
  if (!node || !names) return vt_ctx_status(reader->ctx);
  onnx__node_proto__init(node);
  names[0] = from;
  names[1] = to;
  node->op_type = (char *)"Identity";
  node->n_input = node->n_output = 1;
  node->input = names;
  node->output = names + 1;
  return vt_pending_add(reader, &reader->pending, node, opset);
}

/* Binds formal names to what the call gives. An output that is an input handed on becomes an Identity. */
static vt_status bind(vt_reader *reader, call_scope *scope, int64_t opset)
{
  vt_ctx *ctx = reader->ctx;
  const Onnx__FunctionProto *function = scope->function;
  const Onnx__NodeProto *call = scope->call;
  if (call->n_input > function->n_input || call->n_output > function->n_output)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                   "node '%s': function '%s' has %zu inputs and %zu outputs, not %zu and %zu",
                   vt_onnx_node_name(call), function->name, function->n_input, function->n_output,
                   call->n_input, call->n_output);
  scope->actuals =
      vt_arena_zero(&reader->arena, function->n_input + function->n_output, sizeof *scope->actuals);
  if (!scope->actuals) return vt_ctx_status(ctx);
  for (size_t i = 0; i < function->n_input; i++) {
    scope->actuals[i] = i < call->n_input ? call->input[i] : (char *)"";
    VT_TRY(vt_names_put(ctx, &scope->formals, function->input[i], (int)i));
  }
  for (size_t i = 0; i < call->n_output; i++) {
    if (!call->output[i][0]) continue;
    int formal = vt_names_find(&scope->formals, function->output[i]);
    if (formal >= 0) {
      VT_TRY(add_identity(reader, scope->actuals[formal], call->output[i], opset));
      continue;
    }
    scope->actuals[function->n_input + i] = call->output[i];
    VT_TRY(vt_names_put(ctx, &scope->formals, function->output[i], (int)(function->n_input + i)));
  }
  return VT_OK;
}

static vt_status add_nodes(inline_state *inliner, Onnx__NodeProto *const *nodes, size_t count,
                           const call_scope *scope, int64_t opset, int depth);

static vt_status add_call(inline_state *inliner, const Onnx__FunctionProto *function,
                          const Onnx__NodeProto *call, int64_t outer_opset, int depth)
{
  vt_reader *reader = inliner->reader;
  vt_ctx *ctx = reader->ctx;
  if (depth == DEEPEST)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                   "node '%s': function '%s' is nested more than %d deep or calls itself",
                   vt_onnx_node_name(call), function->name, DEEPEST);
  if (++inliner->calls > VT_ONNX_NODES)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "more than %d function calls", VT_ONNX_NODES);
  int64_t opset = opset_of(function->opset_import, function->n_opset_import, outer_opset);
  call_scope scope = {.function = function, .call = call};
  scope.prefix = vt_arena_format(&reader->arena, "%s.%ld", function->name, inliner->calls);
  if (!scope.prefix) return vt_ctx_status(ctx);
  vt_status status = bind(reader, &scope, outer_opset);
  if (status == VT_OK)
    status = add_nodes(inliner, function->node, function->n_node, &scope, opset, depth + 1);
  vt_names_free(&scope.formals);
  return status;
}

static vt_status add_nodes(inline_state *inliner, Onnx__NodeProto *const *nodes, size_t count,
                           const call_scope *scope, int64_t opset, int depth)
{
  vt_reader *reader = inliner->reader;
  for (size_t i = 0; i < count; i++) {
    Onnx__NodeProto *node = nodes[i];
    if (scope) VT_TRY(copy_node(reader, scope, node, &node));
    int called = -1;
    if (inliner->functions.count) {
      char *key = function_key(reader, node->domain, node->op_type, node->overload);
      if (!key) return vt_ctx_status(reader->ctx);
      called = vt_names_find(&inliner->functions, key);
    }
    if (called >= 0)
      VT_TRY(add_call(inliner, reader->model->functions[called], node, opset, depth));
    else
      VT_TRY(vt_pending_add(reader, &reader->pending, node, opset));
  }
  return VT_OK;
}

vt_status vt_onnx_inline(vt_reader *reader)
{
  const Onnx__ModelProto *model = reader->model;
  vt_ctx *ctx = reader->ctx;
  inline_state inliner = {.reader = reader};
  vt_status status = VT_OK;
  for (size_t i = 0; i < model->n_functions && status == VT_OK; i++) {
    Onnx__FunctionProto *function = model->functions[i];
    if (!function->name) function->name = (char *)"";
    char *key = function_key(reader, function->domain, function->name, function->overload);
    status = key ? vt_names_put(ctx, &inliner.functions, key, (int)i) : vt_ctx_status(ctx);
  }
  int64_t opset = opset_of(model->opset_import, model->n_opset_import, model->n_opset_import ? 0 : 1);
  if (status == VT_OK) status = add_nodes(&inliner, model->graph->node, model->graph->n_node, NULL, opset, 0);
  vt_names_free(&inliner.functions);
  return status;
}
