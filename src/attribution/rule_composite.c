/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving every node its rule.
 */
#include "attribution/rule_composite.h"

#include <stdlib.h>

#include "attribution/rule_relevance.h"
#include "attribution/rule_roles.h"
#include "attribution/rule_values.h"

typedef struct named_node {
  const char *name; /* the graph's own text */
  int index;
} named_node;

struct vt_composite {
  const vt_graph *graph;
  vt_rule_set set;
  vt_rule *rules;         /* by node; id NULL: none */
  vt_relevance *settings; /* by node */
  named_node *names;      /* by address */
};

/* ---- what the composites say ---- */

enum { NONE = VT_RULE_OF_COMPOSITE };

static const struct {
  int convolutions, dense;
  int first; /* of layers that read the input, NONE: like all others */
  bool first_of_convolutions;
} composites[] = {
    [VT_COMPOSITE_EPSILON] = {VT_LINEAR_EPSILON, VT_LINEAR_EPSILON, NONE, false},
    [VT_COMPOSITE_EPSILON_PLUS] = {VT_LINEAR_Z_PLUS, VT_LINEAR_EPSILON, NONE, false},
    [VT_COMPOSITE_EPSILON_GAMMA_BOX] = {VT_LINEAR_GAMMA, VT_LINEAR_EPSILON, VT_LINEAR_Z_BOX, true},
    [VT_COMPOSITE_EPSILON_PLUS_FLAT] = {VT_LINEAR_Z_PLUS, VT_LINEAR_EPSILON, VT_LINEAR_FLAT, false},
    [VT_COMPOSITE_EPSILON_ALPHA2_BETA1] = {VT_LINEAR_ALPHA_BETA, VT_LINEAR_EPSILON, NONE, false},
    [VT_COMPOSITE_EPSILON_ALPHA2_BETA1_FLAT] = {VT_LINEAR_ALPHA_BETA, VT_LINEAR_EPSILON, VT_LINEAR_FLAT,
                                                false},
    [VT_COMPOSITE_ALPHA_BETA] = {VT_LINEAR_ALPHA_BETA, VT_LINEAR_EPSILON, NONE, false},
    [VT_COMPOSITE_GAMMA] = {VT_LINEAR_GAMMA, VT_LINEAR_GAMMA, NONE, false},
};

vt_composite_settings vt_composite_defaults(vt_composite_name name)
{
  return (vt_composite_settings){.name = name,
                                 .epsilon = 1e-6,
                                 .stabilizer = 1e-6,
                                 .gamma = 0.25,
                                 .alpha = 2,
                                 .beta = 1,
                                 .convolutions = NONE,
                                 .dense = NONE,
                                 .first = NONE};
}

/* ---- operators without weights ---- */

static const char *const sums[] = {"Add", "Sub", "Sum", "Mean", NULL};
static const char *const averages[] = {
    "AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceSum", "Resize", "CumSum", "GridSample", NULL};
static const char *const scalings[] = {"Mul", "Div", NULL};
static const char *const quotients[] = {"Div", NULL};
static const char *const softmaxes[] = {"Softmax", NULL};
static const char *const norms[] = {"LayerNormalization", "RMSNormalization", "InstanceNormalization",
                                    "GroupNormalization", NULL};
/* what changes numbers one by one, or by a factor that is taken for a constant */
static const char *const passing[] = {
    "BatchNormalization", "LRN", "LpNormalization", "MeanVarianceNormalization", "LogSoftmax", "Pow", NULL};
/* what moves or chooses numbers: relevance goes where the gradient does */
static const char *const moves[] = {"Cast",
                                    "CastLike",
                                    "CenterCropPad",
                                    "Col2Im",
                                    "Compress",
                                    "Concat",
                                    "DepthToSpace",
                                    "Dropout",
                                    "Expand",
                                    "Flatten",
                                    "Gather",
                                    "GatherElements",
                                    "GatherND",
                                    "GlobalMaxPool",
                                    "Identity",
                                    "Max",
                                    "MaxPool",
                                    "MaxUnpool",
                                    "Min",
                                    "Pad",
                                    "ReduceMax",
                                    "ReduceMin",
                                    "Reshape",
                                    "ReverseSequence",
                                    "ScatterElements",
                                    "ScatterND",
                                    "Slice",
                                    "SpaceToDepth",
                                    "Split",
                                    "Squeeze",
                                    "Tile",
                                    "TopK",
                                    "Transpose",
                                    "Trilu",
                                    "Unsqueeze",
                                    "Where",
                                    NULL};

typedef struct builder {
  vt_ctx *ctx;
  const vt_subject *subject;
  const vt_composite_settings *settings;
  vt_roles roles;
  vt_composite *composite;
} builder;

typedef vt_status (*relevance_fn)(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);

static void give(builder *b, int index, const char *id, relevance_fn backward)
{
  vt_composite *c = b->composite;
  c->rules[index] = (vt_rule){id, backward, &c->settings[index], VT_SAVES_ALL};
}

static void give_pass(builder *b, int index, int receives)
{
  b->composite->settings[index].receives = receives;
  give(b, index, "pass", vt_pass_backward);
}

/* ---- layers ---- */

/* Values that the layer reads when the input is `values`. */
static vt_status bound(builder *b, const char *name, const float *values, vt_tensor **out)
{
  const vt_subject *s = b->subject;
  vt_ctx *ctx = b->ctx;
  vt_tensor *inputs[VT_RULE_SLOTS], *found;
  vt_tensor *varying = vt_tensor_new(ctx, VT_F32, s->rank, s->dims);
  int count = vt_graph_input_count(s->graph);
  if (!varying) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(varying->data, values, vt_bytes(varying));
  if (strcmp(name, s->varying) == 0) {
    *out = vt_tensor_keep(ctx, varying);
    return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
  if (count > VT_RULE_SLOTS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a graph of %d inputs has no z-box rule", count);
  bool inner = true;
  for (int i = 0; i < count; i++) {
    bool here = strcmp(vt_graph_input_name(s->graph, i), s->varying) == 0;
    inputs[i] = here ? varying : s->inputs ? (vt_tensor *)(uintptr_t)s->inputs[i] : NULL;
    inner = inner && !here;
  }
  vt_trace *trace;
  VT_TRY(vt_trace_new(ctx, s->graph, &trace));
  vt_status status = inner ? vt_trace_replace(ctx, trace, s->varying, varying) : VT_OK;
  if (status == VT_OK) status = vt_trace_read(ctx, trace, name);
  if (status == VT_OK) status = vt_trace_stop_at(ctx, trace, name);
  if (status == VT_OK) status = vt_trace_run(ctx, trace, inputs);
  if (status == VT_OK) status = vt_trace_value(ctx, trace, name, &found);
  if (status == VT_OK && !(*out = vt_tensor_keep(ctx, found))) status = VT_ERROR_OUT_OF_MEMORY;
  vt_trace_free(trace);
  return status;
}

static vt_status give_box(builder *b, const vt_node *node, vt_relevance *own)
{
  const char *name =
      b->roles.graph->values[node->inputs[vt_roles_is_variable(&b->roles, node, 0) ? 0 : 1]].name;
  if (!b->settings->low || !b->settings->high)
    return vt_fail(
        b->ctx, VT_ERROR_INVALID_ARGUMENT,
        "the z-box rule needs the smallest and largest input, which are known of pictures only: choose "
        "another composite");
  size_t mark = vt_tensor_mark(b->ctx);
  vt_status status = bound(b, name, b->settings->low, &own->low);
  if (status == VT_OK) status = bound(b, name, b->settings->high, &own->high);
  vt_tensor_release(b->ctx, mark);
  return status;
}

static vt_status give_layer(builder *b, int index, bool convolution)
{
  static const char *const ids[] = {"epsilon", "gamma",    "alpha-beta", "z-plus",
                                    "flat",    "w-square", "z-box",      "pass"};
  const vt_composite_settings *s = b->settings;
  const vt_node *node = &b->roles.graph->nodes[index];
  vt_relevance *own = &b->composite->settings[index];
  int input = node->inputs[vt_roles_is_variable(&b->roles, node, 0) ? 0 : 1], adder;
  int first = s->first != NONE                                            ? s->first
              : convolution || !composites[s->name].first_of_convolutions ? composites[s->name].first
                                                                          : NONE;
  int kind = convolution ? s->convolutions : s->dense;
  if (kind == NONE) kind = convolution ? composites[s->name].convolutions : composites[s->name].dense;
  if (b->roles.untouched[input] && first != NONE) kind = first;
  own->kind = (vt_linear_kind)kind;
  own->bias = vt_roles_later_bias(&b->roles, node, &adder);
  if (own->bias) give_pass(b, adder, -1);
  give(b, index, ids[kind], vt_linear_backward);
  return kind == VT_LINEAR_Z_BOX ? give_box(b, node, own) : VT_OK;
}

/* ---- all of them ---- */

static void give_sum(builder *b, int index, int variables)
{
  if (variables > 1)
    give(b, index, "sum", vt_sum_backward);
  else if (b->settings->ignore_bias)
    give_pass(b, index, -1);
  else
    give(b, index, "epsilon", vt_bilinear_backward);
}

static void give_scaling(builder *b, int index, const vt_node *node, int variables)
{
  int gated = vt_roles_gated(&b->roles, node), normalised = vt_roles_normalised(&b->roles, node);
  if (variables == 1)
    give_pass(b, index, -1);
  else if (vt_rule_named(node->op, quotients))
    give_pass(b, index, 0);
  else if (gated >= 0 || normalised >= 0)
    give_pass(b, index, gated >= 0 ? gated : normalised);
  else
    give(b, index, "product", vt_bilinear_backward);
}

static vt_status give_rule(builder *b, int index)
{
  const vt_node *node = &b->roles.graph->nodes[index];
  int variables = vt_roles_variables(&b->roles, node);
  if (!variables || b->composite->rules[index].id || node->op->flags & VT_OP_NOT_REAL) return VT_OK;
  if (vt_roles_is_convolution(&b->roles, node)) return give_layer(b, index, true);
  if (vt_roles_is_dense(&b->roles, node)) return give_layer(b, index, false);
  if (vt_rule_named(node->op, moves)) return VT_OK;
  if (vt_rule_named(node->op, sums))
    give_sum(b, index, variables);
  else if (vt_rule_named(node->op, averages))
    give(b, index, "sum", vt_sum_backward);
  else if (vt_rule_named(node->op, scalings))
    give_scaling(b, index, node, variables);
  else if (vt_rule_named(node->op, softmaxes))
    give(b, index, "softmax", vt_softmax_relevance);
  else if (vt_rule_named(node->op, norms))
    give(b, index, "norm", vt_norm_relevance);
  else if (vt_rule_named(node->op, passing) || node->op->flags & VT_OP_ELEMENTWISE)
    give_pass(b, index, -1);
  else
    give(b, index, variables > 1 ? "product" : "epsilon", vt_bilinear_backward);
  return VT_OK;
}

/* ---- finding them again while recording ---- */

static int by_address(const void *a, const void *b)
{
  uintptr_t x = (uintptr_t)((const named_node *)a)->name, y = (uintptr_t)((const named_node *)b)->name;
  return x < y ? -1 : x > y;
}

/* A trace hands every call the text of its node's name, which no two nodes share. */
static const vt_rule *choose(const void *user, const vt_call *call)
{
  const vt_composite *c = user;
  const named_node key = {call->node, 0};
  const named_node *found =
      bsearch(&key, c->names, (size_t)c->graph->node_count, sizeof *c->names, by_address);
  return found ? vt_composite_rule(c, found->index) : NULL;
}

const vt_rule *vt_composite_rule(const vt_composite *composite, int index)
{
  return composite->rules[index].id ? &composite->rules[index] : NULL;
}

const vt_rule_set *vt_composite_rules(const vt_composite *composite)
{
  return &composite->set;
}

void vt_composite_free(vt_composite *composite)
{
  if (!composite) return;
  for (int i = 0; composite->settings && i < composite->graph->node_count; i++) {
    vt_tensor_free(composite->settings[i].low);
    vt_tensor_free(composite->settings[i].high);
  }
  vt_free(composite->rules);
  vt_free(composite->settings);
  vt_free(composite->names);
  vt_free(composite);
}

static vt_status check(vt_ctx *ctx, const vt_composite_settings *s)
{
  if (s->alpha - s->beta < 1 - 1e-9 || s->alpha - s->beta > 1 + 1e-9 || s->beta < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "alpha %g and beta %g: beta must not be negative, and alpha one more than beta", s->alpha,
                   s->beta);
  return VT_OK;
}

static vt_status build(builder *b, vt_composite *c)
{
  const vt_graph *graph = b->subject->graph;
  const vt_composite_settings *s = b->settings;
  bool fixed =
      s->name == VT_COMPOSITE_EPSILON_ALPHA2_BETA1 || s->name == VT_COMPOSITE_EPSILON_ALPHA2_BETA1_FLAT;
  size_t count = (size_t)graph->node_count + 1;
  int varying = vt_graph_find(graph, b->subject->varying);
  c->graph = graph;
  c->set = (vt_rule_set){"composite", choose, c};
  c->rules = vt_alloc_zero(b->ctx, count, sizeof *c->rules);
  c->settings = vt_alloc_zero(b->ctx, count, sizeof *c->settings);
  c->names = vt_alloc_zero(b->ctx, count, sizeof *c->names);
  if (!c->rules || !c->settings || !c->names) return VT_ERROR_OUT_OF_MEMORY;
  if (varying == VT_NO_VALUE)
    return vt_fail(b->ctx, VT_ERROR_INVALID_ARGUMENT, "%s: there is no tensor '%s'", graph->path,
                   b->subject->varying);
  VT_TRY(vt_roles_find(b->ctx, graph, varying, &b->roles));
  for (int i = 0; i < graph->node_count; i++) {
    c->names[i] = (named_node){graph->nodes[i].name, i};
    c->settings[i] = (vt_relevance){.epsilon = s->epsilon,
                                    .stabilizer = s->stabilizer,
                                    .gamma = s->gamma,
                                    .alpha = fixed ? 2 : s->alpha,
                                    .beta = fixed ? 1 : s->beta,
                                    .ignore_bias = s->ignore_bias,
                                    .receives = -1};
  }
  qsort(c->names, (size_t)graph->node_count, sizeof *c->names, by_address);
  for (int i = 0; i < graph->node_count; i++)
    VT_TRY(give_rule(b, i));
  return VT_OK;
}

vt_status vt_composite_new(vt_ctx *ctx, const vt_subject *subject, const vt_composite_settings *settings,
                           vt_composite **out)
{
  *out = NULL;
  VT_TRY(check(ctx, settings));
  builder b = {.ctx = ctx, .subject = subject, .settings = settings};
  b.composite = vt_alloc_zero(ctx, 1, sizeof *b.composite);
  if (!b.composite) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = build(&b, b.composite);
  vt_roles_free(&b.roles);
  if (status == VT_OK)
    *out = b.composite;
  else
    vt_composite_free(b.composite);
  return status;
}
