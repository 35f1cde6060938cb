/* SPDX-License-Identifier: Apache-2.0
 *
 * Topological order: depth first from each node in the order of the file, so that a sorted file stays as it
 * is.
 */
#include "graph/graph.h"

enum { UNSEEN, OPEN, DONE };

typedef struct step {
  int node, next_input;
} step;

/* Visits everything that `first` needs, without recursion; `stack` has room for all nodes. */
static vt_status visit(vt_ctx *ctx, const vt_graph *graph, int first, unsigned char *state, step *stack,
                       int *order, int *count)
{
  int depth = 0;
  stack[0] = (step){first, 0};
  state[first] = OPEN;
  while (depth >= 0) {
    step *top = &stack[depth];
    const vt_node *node = &graph->nodes[top->node];
    if (top->next_input == node->input_count) {
      state[top->node] = DONE;
      order[(*count)++] = top->node;
      depth--;
      continue;
    }
    int value = node->inputs[top->next_input++];
    int producer = value == VT_NO_VALUE ? -1 : graph->values[value].producer;
    if (producer < 0 || state[producer] == DONE) continue;
    if (state[producer] == OPEN)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                     "the graph has a cycle: node '%s' (%s) needs '%s', which depends on it", node->name,
                     node->op->name, graph->values[value].name);
    state[producer] = OPEN;
    stack[++depth] = (step){producer, 0};
  }
  return VT_OK;
}

vt_status vt_graph_sort(vt_ctx *ctx, vt_graph *graph)
{
  size_t count = (size_t)graph->node_count;
  if (count == 0) return VT_OK;
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  unsigned char *state = vt_alloc_zero(ctx, count, 1);
  step *stack = vt_alloc_zero(ctx, count, sizeof *stack);
  int *order = vt_alloc_zero(ctx, count, sizeof *order), done = 0;
  vt_node *nodes = vt_alloc_zero(ctx, count, sizeof *nodes);
  if (!state || !stack || !order || !nodes) goto done;
  for (int i = 0; i < graph->node_count; i++)
    if (state[i] == UNSEEN) VT_TRY_DONE(visit(ctx, graph, i, state, stack, order, &done));
  for (int i = 0; i < graph->node_count; i++) {
    nodes[i] = graph->nodes[order[i]];
    for (int k = 0; k < nodes[i].output_count; k++)
      if (nodes[i].outputs[k] != VT_NO_VALUE) graph->values[nodes[i].outputs[k]].producer = i;
  }
  vt_node *old = graph->nodes;
  graph->nodes = nodes;
  nodes = old;
  status = VT_OK;
done:
  vt_free(state);
  vt_free(stack);
  vt_free(order);
  vt_free(nodes);
  return status;
}
