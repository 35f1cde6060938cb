/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the graph for relevance rules.
 */
#include "attribution/rule_roles.h"

#include "attribution/rule_values.h"

static const char *const convolutions[] = {"Conv", "ConvTranspose", NULL};
static const char *const products[] = {"Gemm", "MatMul", NULL};
static const char *const matmul[] = {"MatMul", NULL};
static const char *const sums[] = {"Add", NULL};
static const char *const two_sided[] = {"Add", "Sub", "Mul", "Div", "Pow", NULL};
static const char *const inverses[] = {"Reciprocal", NULL};
static const char *const quotients[] = {"Div", NULL};
static const char *const powers[] = {"Pow", NULL};
static const char *const multiplications[] = {"Mul", NULL};

bool vt_roles_is_variable(const vt_roles *roles, const vt_node *node, int index)
{
  return index < node->input_count && node->inputs[index] >= 0 && roles->variable[node->inputs[index]];
}

int vt_roles_variables(const vt_roles *roles, const vt_node *node)
{
  int count = 0;
  for (int k = 0; k < node->input_count; k++)
    count += vt_roles_is_variable(roles, node, k);
  return count;
}

bool vt_roles_is_convolution(const vt_roles *roles, const vt_node *node)
{
  return vt_rule_named(node->op, convolutions) && vt_roles_is_variable(roles, node, 0) &&
         !vt_roles_is_variable(roles, node, 1);
}

bool vt_roles_is_dense(const vt_roles *roles, const vt_node *node)
{
  return vt_rule_named(node->op, products) &&
         vt_roles_is_variable(roles, node, 0) != vt_roles_is_variable(roles, node, 1);
}

static bool may_be_real(vt_type type)
{
  return type != VT_I64 && type != VT_I32 && type != VT_BOOL && type != VT_U8;
}

static void follow(vt_roles *roles, const vt_node *node)
{
  bool variable = false, untouched = true;
  for (int k = 0; k < node->input_count; k++) {
    if (!vt_roles_is_variable(roles, node, k)) continue;
    variable = true;
    untouched = untouched && roles->untouched[node->inputs[k]];
  }
  if (!variable || node->op->flags & VT_OP_NOT_REAL) return;
  bool layer = vt_roles_is_convolution(roles, node) || vt_roles_is_dense(roles, node);
  for (int k = 0; k < node->output_count; k++) {
    int value = node->outputs[k];
    if (value < 0 || !may_be_real(roles->graph->values[value].type)) continue;
    roles->variable[value] = true;
    roles->untouched[value] = untouched && !layer;
  }
}

vt_status vt_roles_find(vt_ctx *ctx, const vt_graph *graph, int varying, vt_roles *out)
{
  size_t count = (size_t)graph->value_count + 1;
  *out = (vt_roles){.graph = graph,
                    .variable = vt_alloc_zero(ctx, count, sizeof(bool)),
                    .untouched = vt_alloc_zero(ctx, count, sizeof(bool)),
                    .readers = vt_alloc_zero(ctx, count, sizeof(int)),
                    .reader = vt_alloc_zero(ctx, count, sizeof(int))};
  if (!out->variable || !out->untouched || !out->readers || !out->reader) return VT_ERROR_OUT_OF_MEMORY;
  out->variable[varying] = out->untouched[varying] = true;
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    follow(out, node);
    for (int k = 0; k < node->input_count; k++) {
      if (node->inputs[k] < 0) continue;
      out->readers[node->inputs[k]]++;
      out->reader[node->inputs[k]] = i;
    }
  }
  for (int i = 0; i < graph->output_count; i++)
    out->readers[graph->outputs[i]]++;
  return VT_OK;
}

void vt_roles_free(vt_roles *roles)
{
  vt_free(roles->variable);
  vt_free(roles->untouched);
  vt_free(roles->readers);
  vt_free(roles->reader);
  *roles = (vt_roles){0};
}

/* ---- products that are something else ---- */

static const vt_node *maker(const vt_roles *roles, int value)
{
  int producer = value >= 0 ? roles->graph->values[value].producer : -1;
  return producer >= 0 ? &roles->graph->nodes[producer] : NULL;
}

/* Input of a node that works on one variable element by element, −1: it does not. */
static int passes_through(const vt_roles *roles, const vt_node *node)
{
  if (vt_roles_variables(roles, node) != 1) return -1;
  if (!(node->op->flags & VT_OP_ELEMENTWISE) && !vt_rule_named(node->op, two_sided)) return -1;
  for (int k = 0; k < node->input_count; k++)
    if (vt_roles_is_variable(roles, node, k)) return node->inputs[k];
  return -1;
}

enum { DEEPEST = 12 };

/* Whether `value` is `root`, or made from it alone, element by element. `*steps`: nodes in between. */
static bool comes_from(const vt_roles *roles, int value, int root, int depth, int *steps)
{
  const vt_node *node = maker(roles, value);
  if (value == root) return true;
  if (!node || depth >= DEEPEST) return false;
  ++*steps;
  int through = passes_through(roles, node);
  if (through >= 0) return comes_from(roles, through, root, depth + 1, steps);
  if (!vt_rule_named(node->op, two_sided) || node->input_count != 2) return false;
  return comes_from(roles, node->inputs[0], root, depth + 1, steps) &&
         comes_from(roles, node->inputs[1], root, depth + 1, steps);
}

int vt_roles_gated(const vt_roles *roles, const vt_node *node)
{
  if (!vt_rule_named(node->op, multiplications) || vt_roles_variables(roles, node) != 2) return -1;
  int roots[2] = {node->inputs[0], node->inputs[1]};
  for (int depth = 0; depth < DEEPEST; depth++)
    for (int k = 0; k < 2; k++) {
      int steps[2] = {0, 0};
      if (roots[k] < 0) continue;
      if (comes_from(roles, node->inputs[0], roots[k], 0, &steps[0]) &&
          comes_from(roles, node->inputs[1], roots[k], 0, &steps[1]))
        return steps[0] <= steps[1] ? 0 : 1;
      const vt_node *above = maker(roles, roots[k]);
      roots[k] = above ? passes_through(roles, above) : -1;
    }
  return -1;
}

static bool is_inverse(const vt_roles *roles, int value)
{
  const vt_node *node = maker(roles, value);
  if (!node) return false;
  if (vt_rule_named(node->op, inverses)) return true;
  if (vt_rule_named(node->op, quotients)) return !vt_roles_is_variable(roles, node, 0);
  if (!vt_rule_named(node->op, powers) || node->inputs[1] < 0) return false;
  const vt_tensor *power = roles->graph->values[node->inputs[1]].constant;
  return power && vt_count(power) == 1 && vt_get_f64(power, 0) < 0;
}

int vt_roles_normalised(const vt_roles *roles, const vt_node *node)
{
  if (!vt_rule_named(node->op, multiplications) || vt_roles_variables(roles, node) != 2) return -1;
  for (int k = 0; k < 2; k++)
    if (is_inverse(roles, node->inputs[k]) && !is_inverse(roles, node->inputs[1 - k])) return 1 - k;
  return -1;
}

const vt_tensor *vt_roles_later_bias(const vt_roles *roles, const vt_node *node, int *adder)
{
  int result = node->outputs[0];
  if (!vt_rule_named(node->op, matmul) || roles->readers[result] != 1) return NULL;
  *adder = roles->reader[result];
  const vt_node *add = &roles->graph->nodes[*adder];
  if (!vt_rule_named(add->op, sums) || vt_roles_variables(roles, add) != 1) return NULL;
  int other = add->inputs[add->inputs[0] == result ? 1 : 0];
  const vt_tensor *bias = other >= 0 ? roles->graph->values[other].constant : NULL;
  /* one number for each column, or one for all: then the sum has the product's shape */
  return bias && bias->rank <= 1 ? bias : NULL;
}
