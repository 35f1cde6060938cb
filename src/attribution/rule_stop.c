/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention patterns held fixed.
 */
#include "attribution/rule_stop.h"

#include "graph/blocks.h"

static vt_status nothing_passes(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  VT_UNUSED(settings);
  return vt_backward_zero(ctx, gradient);
}

static const vt_rule stopped = {.id = "stop-gradient", .backward = nothing_passes};

/* Calls know their node by name; a graph may use a name twice, so the operator is looked at first. */
static const vt_rule *choose(const void *user, const vt_call *call)
{
  const vt_stop_attention *rules = user;
  if (strcmp(call->op->name, "Softmax") != 0) return NULL;
  for (int i = 0; i < rules->count; i++)
    if (strcmp(rules->graph->nodes[rules->nodes[i]].name, call->node) == 0) return &stopped;
  return NULL;
}

vt_status vt_stop_attention_new(vt_ctx *ctx, const vt_graph *graph, vt_stop_attention **out)
{
  vt_attention_block *blocks;
  int count;
  *out = NULL;
  VT_TRY(vt_graph_attention(ctx, graph, &blocks, &count));
  if (count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s has no attention blocks whose gradient could be stopped", graph->path);
  vt_stop_attention *rules = vt_alloc_zero(ctx, 1, sizeof *rules);
  if (rules) rules->nodes = vt_alloc_zero(ctx, (size_t)count, sizeof *rules->nodes);
  if (!rules || !rules->nodes) {
    vt_free(blocks);
    vt_free(rules);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (int i = 0; i < count; i++)
    rules->nodes[rules->count++] = graph->values[blocks[i].pattern].producer;
  rules->graph = graph;
  rules->rules = (vt_rule_set){.id = "stop-attention", .choose = choose, .user = rules};
  vt_free(blocks);
  *out = rules;
  return VT_OK;
}

void vt_stop_attention_free(vt_stop_attention *rules)
{
  if (!rules) return;
  vt_free(rules->nodes);
  vt_free(rules);
}
