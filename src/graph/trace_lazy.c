/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run can leave out.
 */
#include "graph/trace.h"

void vt_trace_lazy(vt_trace *trace, bool on)
{
  trace->lazy = on;
}

/* The hook that replaces a value before anything else is done to it. */
static const vt_hook *replacement(const vt_trace *trace, int value)
{
  if (!trace->hooked[value]) return NULL;
  for (size_t i = 0; i < trace->hook_count; i++)
    if (trace->hooks[i].value == value)
      return trace->hooks[i].kind == VT_HOOK_REPLACE ? &trace->hooks[i] : NULL;
  return NULL;
}

const vt_hook *vt_trace_stand_in(const vt_trace *trace, int value)
{
  int producer = trace->graph->values[value].producer;
  if (!trace->lazy || producer < 0 || producer >= trace->executed || trace->needed[producer]) return NULL;
  return replacement(trace, value);
}

/* Backwards over the nodes; a replaced value asks nothing of the node that makes it. */
void vt_trace_find_needed(vt_trace *trace)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < graph->node_count; i++)
    trace->needed[i] = !trace->lazy;
  if (!trace->lazy) return;
  for (int i = 0; i < graph->value_count; i++) {
    int producer = graph->values[i].producer;
    if (producer < 0 || (!trace->read[i] && !trace->watched[i] && !trace->hooked[i])) continue;
    if (!replacement(trace, i)) trace->needed[producer] = true;
  }
  for (int i = trace->executed - 1; i >= 0; i--)
    for (int k = 0; k < graph->nodes[i].input_count && trace->needed[i]; k++) {
      int value = graph->nodes[i].inputs[k];
      if (value == VT_NO_VALUE || graph->values[value].producer < 0 || replacement(trace, value)) continue;
      trace->needed[graph->values[value].producer] = true;
    }
}
