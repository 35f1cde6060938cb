/* SPDX-License-Identifier: Apache-2.0
 *
 * What the nodes of a graph are to relevance: which values depend on the input, which layers read it, which
 * products are activations in pieces.
 */
#ifndef VT_ATTRIBUTION_RULE_ROLES_H
#define VT_ATTRIBUTION_RULE_ROLES_H

#include "graph/graph.h"

typedef struct vt_roles {
  const vt_graph *graph;
  bool *variable;  /* by value: depends on the input through real numbers */
  bool *untouched; /* by value: … and no layer with weights stands in between */
  int *readers;    /* by value: nodes that read it, outputs of the graph counted too */
  int *reader;     /* by value: the last of them */
} vt_roles;

/* `varying`: value the runs vary. */
vt_status vt_roles_find(vt_ctx *ctx, const vt_graph *graph, int varying, vt_roles *out);
void vt_roles_free(vt_roles *roles);

/* Inputs of a node that are variable. */
int vt_roles_variables(const vt_roles *roles, const vt_node *node);
bool vt_roles_is_variable(const vt_roles *roles, const vt_node *node, int index);
/* Conv, ConvTranspose; Gemm and MatMul of one variable and constants. */
bool vt_roles_is_convolution(const vt_roles *roles, const vt_node *node);
bool vt_roles_is_dense(const vt_roles *roles, const vt_node *node);

/* A product of two functions of one value, element by element, such as x · sigmoid(x) or x · ½ (1 +
 * erf(x/√2)): the input (0 or 1) that is nearest to that value; −1: no such product. */
int vt_roles_gated(const vt_roles *roles, const vt_node *node);
/* A product with the inverse root of something, as normalisations have: the other factor's index, else −1. */
int vt_roles_normalised(const vt_roles *roles, const vt_node *node);
/* The constant that the only reader of this matrix product adds to it, and that reader; NULL: none. */
const vt_tensor *vt_roles_later_bias(const vt_roles *roles, const vt_node *node, int *adder);

#endif
