/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions about a graph being compiled.
 */
#include "graph/draft.h"

int vt_draft_resolve(const vt_draft *draft, int value)
{
  while (value >= 0 && draft->values[value].same_as >= 0)
    value = draft->values[value].same_as;
  return value;
}

int vt_draft_input(const vt_draft *draft, int node, int index)
{
  const vt_node *n = &draft->graph->nodes[node];
  return index < n->input_count ? vt_draft_resolve(draft, n->inputs[index]) : VT_NO_VALUE;
}

int vt_draft_output(const vt_draft *draft, int node, int index)
{
  const vt_node *n = &draft->graph->nodes[node];
  return index < n->output_count ? vt_draft_resolve(draft, n->outputs[index]) : VT_NO_VALUE;
}

bool vt_draft_is(const vt_draft *draft, int node, const char *op)
{
  if (node < 0) return false;
  const vt_op *row = draft->graph->nodes[node].op;
  return strcmp(row->name, op) == 0 &&
         (!row->domain || !row->domain[0] || strcmp(row->domain, "ai.onnx") == 0);
}

const vt_tensor *vt_draft_constant(const vt_draft *draft, int value)
{
  return value >= 0 ? draft->values[value].constant : NULL;
}

int vt_draft_only_user(const vt_draft *draft, int value)
{
  const vt_draft_value *v = &draft->values[value];
  return v->use_count == 1 && !v->exposed ? v->users[0] : -1;
}

double vt_draft_flops(const vt_draft *draft, int node)
{
  enum { MOST = 16 };
  const vt_node *n = &draft->graph->nodes[node];
  vt_tensor headers[2 * MOST], *pointers[2 * MOST];
  int inputs = n->input_count < MOST ? n->input_count : MOST,
      outputs = n->output_count < MOST ? n->output_count : MOST;
  for (int i = 0; i < inputs + outputs; i++) {
    int value = i < inputs ? vt_draft_input(draft, node, i) : vt_draft_output(draft, node, i - inputs);
    if (value >= 0) headers[i] = draft->values[value].tensor;
    pointers[i] = value >= 0 ? &headers[i] : NULL;
  }
  vt_call call = {n->op, n->attributes, n->name, inputs, outputs, pointers, pointers + inputs};
  return vt_call_flops(&call);
}

static const vt_field *find_field(const vt_node *node, const char *name)
{
  return node->attributes ? vt_params_find(node->op->fields, node->op->field_count, name) : NULL;
}

static const void *slot(const vt_node *node, const vt_field *field)
{
  return (const char *)node->attributes + field->offset;
}

double vt_attribute_number(const vt_node *node, const char *name, double fallback)
{
  const vt_field *field = find_field(node, name);
  if (!field) return fallback;
  switch (field->kind) {
  case VT_FIELD_INT:
    return (double)*(const int64_t *)slot(node, field);
  case VT_FIELD_REAL:
    return *(const double *)slot(node, field);
  case VT_FIELD_BOOL:
    return *(const bool *)slot(node, field);
  case VT_FIELD_CHOICE:
    return *(const int *)slot(node, field);
  default:
    return fallback;
  }
}

const vt_ints *vt_attribute_ints(const vt_node *node, const char *name)
{
  const vt_field *field = find_field(node, name);
  if (!field || field->kind != VT_FIELD_INTS) return NULL;
  const vt_ints *list = slot(node, field);
  return list->present ? list : NULL;
}

const char *vt_attribute_text(const vt_node *node, const char *name, const char *fallback, char buffer[64])
{
  const vt_field *field = find_field(node, name);
  if (!field) return fallback;
  if (field->kind == VT_FIELD_CHOICE) return vt_choice_name(field, *(const int *)slot(node, field), buffer);
  if (field->kind != VT_FIELD_STRING) return fallback;
  const char *text = *(char *const *)slot(node, field);
  return text ? text : fallback;
}
