/* SPDX-License-Identifier: Apache-2.0
 *
 * Graphs made by hand for tests: names instead of numbers, attributes as text.
 *
 *   builder b;
 *   builder_init(&b, ctx);
 *   builder_input(&b, "x", VT_F32, 2, DIMS(2, 3));
 *   builder_scalar(&b, "two", 2);
 *   builder_node(&b, "Mul", "x two", "y", NULL);
 *   builder_output(&b, "y");
 */
#ifndef VT_TESTS_GRAPH_BUILDER_H
#define VT_TESTS_GRAPH_BUILDER_H

#include "graph/graph.h"
#include "test.h"

#define DIMS(...) ((const int64_t[]){__VA_ARGS__})

enum { BUILDER_VALUES = 256, BUILDER_NODES = 128, BUILDER_ENDS = 16 };

typedef struct builder {
  vt_graph graph;
  vt_ctx *ctx;
} builder;

static inline void builder_init(builder *b, vt_ctx *ctx)
{
  memset(b, 0, sizeof *b);
  b->ctx = ctx;
  vt_graph *g = &b->graph;
  g->path = vt_strdup(ctx, "<memory>");
  g->opset = 21;
  g->values = vt_alloc_zero(ctx, BUILDER_VALUES, sizeof *g->values);
  g->nodes = vt_alloc_zero(ctx, BUILDER_NODES, sizeof *g->nodes);
  g->inputs = vt_alloc_zero(ctx, BUILDER_ENDS, sizeof *g->inputs);
  g->outputs = vt_alloc_zero(ctx, BUILDER_ENDS, sizeof *g->outputs);
  assert_true(g->path && g->values && g->nodes && g->inputs && g->outputs);
}

/* Number of a value, made when it is new. */
static inline int builder_value(builder *b, const char *name)
{
  vt_graph *g = &b->graph;
  for (int i = 0; i < g->value_count; i++)
    if (strcmp(g->values[i].name, name) == 0) return i;
  assert_true(g->value_count < BUILDER_VALUES);
  vt_value *v = &g->values[g->value_count];
  v->name = vt_strdup(b->ctx, name);
  assert_non_null(v->name);
  assert_ok(b->ctx, vt_names_put(b->ctx, &g->names, v->name, g->value_count));
  v->rank = -1;
  v->producer = -1;
  return g->value_count++;
}

static inline void builder_input(builder *b, const char *name, vt_type type, int rank, const int64_t *dims)
{
  vt_value *v = &b->graph.values[builder_value(b, name)];
  v->type = type;
  v->rank = rank;
  for (int i = 0; i < rank; i++)
    v->dims[i] = dims[i];
  v->declared = true;
  b->graph.inputs[b->graph.input_count++] = (int)(v - b->graph.values);
}

static inline void builder_output(builder *b, const char *name)
{
  b->graph.outputs[b->graph.output_count++] = builder_value(b, name);
}

static inline void *builder_constant(builder *b, const char *name, vt_type type, int rank,
                                     const int64_t *dims, const void *data)
{
  vt_tensor *tensor = vt_tensor_alone(b->ctx);
  assert_non_null(tensor);
  assert_ok(b->ctx, vt_tensor_set_shape(b->ctx, tensor, type, rank, dims));
  assert_ok(b->ctx, vt_tensor_allocate(b->ctx, tensor));
  if (data) memcpy(tensor->data, data, vt_bytes(tensor));
  b->graph.values[builder_value(b, name)].constant = tensor;
  return tensor->data;
}

/* A constant of f32 filled from a seeded normal distribution times `scale`. */
static inline void builder_random(builder *b, const char *name, int rank, const int64_t *dims, double scale)
{
  float *data = builder_constant(b, name, VT_F32, rank, dims, NULL);
  int64_t count = 1;
  for (int i = 0; i < rank; i++)
    count *= dims[i];
  for (int64_t i = 0; i < count; i++)
    data[i] = (float)(scale * vt_random_normal(7, vt_stream(name, 0), (uint64_t)i));
}

static inline void builder_ints(builder *b, const char *name, int64_t count, const int64_t *data)
{
  builder_constant(b, name, VT_I64, 1, &count, data);
}

static inline void builder_scalar(builder *b, const char *name, float value)
{
  builder_constant(b, name, VT_F32, 0, NULL, &value);
}

static inline int builder_names(builder *b, const char *names, int *list)
{
  int count = 0;
  char buffer[256], *save = NULL;
  snprintf(buffer, sizeof buffer, "%s", names);
  for (char *name = strtok_r(buffer, " ", &save); name; name = strtok_r(NULL, " ", &save))
    list[count++] = strcmp(name, "-") == 0 ? VT_NO_VALUE : builder_value(b, name);
  return count;
}

/* Names separated by spaces, "-" for one left out; attributes as "pads=1,1,1,1 group=4". */
static inline void builder_node(builder *b, const char *op, const char *inputs, const char *outputs,
                                const char *attributes)
{
  vt_graph *g = &b->graph;
  assert_true(g->node_count < BUILDER_NODES);
  vt_node *node = &g->nodes[g->node_count];
  node->op = strncmp(op, "vt.", 3) == 0 ? vt_op_find("vt", op + 3) : vt_op_find(NULL, op);
  if (!node->op) fail_msg("no operator %s", op);
  node->name = vt_format(b->ctx, "%s_%d", op, g->node_count);
  if (node->op->attributes_size) {
    node->attributes = vt_alloc_zero(b->ctx, 1, node->op->attributes_size);
    assert_ok(b->ctx, vt_params_defaults(b->ctx, node->op->fields, node->op->field_count, node->attributes,
                                         node->op->attributes_size));
  }
  char buffer[256], *save = NULL;
  snprintf(buffer, sizeof buffer, "%s", attributes ? attributes : "");
  for (char *pair = strtok_r(buffer, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
    char *equals = strchr(pair, '=');
    assert_non_null(equals);
    *equals = 0;
    assert_ok(b->ctx, vt_params_set(b->ctx, node->op->fields, node->op->field_count, node->attributes, pair,
                                    equals + 1));
  }
  int list[32];
  node->input_count = builder_names(b, inputs, list);
  node->inputs = vt_alloc_zero(b->ctx, 32, sizeof(int));
  memcpy(node->inputs, list, sizeof(int) * (size_t)node->input_count);
  node->output_count = builder_names(b, outputs, list);
  node->outputs = vt_alloc_zero(b->ctx, 32, sizeof(int));
  memcpy(node->outputs, list, sizeof(int) * (size_t)node->output_count);
  for (int i = 0; i < node->output_count; i++)
    if (list[i] >= 0) g->values[list[i]].producer = g->node_count;
  g->node_count++;
}

static inline void builder_free(builder *b)
{
  vt_graph *g = &b->graph;
  for (int i = 0; i < g->value_count; i++) {
    vt_free(g->values[i].name);
    vt_tensor_free(g->values[i].constant);
  }
  for (int i = 0; i < g->node_count; i++) {
    vt_free(g->nodes[i].name);
    if (g->nodes[i].attributes)
      vt_params_free(g->nodes[i].op->fields, g->nodes[i].op->field_count, g->nodes[i].attributes);
    vt_free(g->nodes[i].attributes);
    vt_free(g->nodes[i].inputs);
    vt_free(g->nodes[i].outputs);
  }
  vt_names_free(&g->names);
  vt_free(g->path);
  vt_free(g->values);
  vt_free(g->nodes);
  vt_free(g->inputs);
  vt_free(g->outputs);
}

#endif
