/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of linear layers, from a table of parts.
 */
#include "attribution/rule_linear.h"

#include "attribution/rule_values.h"

typedef enum change {
  SAME,
  POSITIVE,
  NEGATIVE,
  MORE_POSITIVE, /* p + γ max(p, 0) */
  MORE_NEGATIVE, /* p + γ min(p, 0) */
  ONE,
  SQUARE,
  ZERO,
  LOW,
  HIGH
} change;

typedef struct part {
  change input, weights, bias;
  int sign;
} part;

/* Parts over one denominator. */
typedef struct group {
  int count;
  part parts[3];
  int where; /* sign of the layer's result that this group is for, 0: everywhere */
  enum { TIMES_ONE, TIMES_ALPHA, TIMES_MINUS_BETA } factor;
} group;

typedef struct recipe {
  int count;
  group groups[2];
} recipe;

static const recipe recipes[] = {
    [VT_LINEAR_EPSILON] = {1, {{.count = 1, .parts = {{SAME, SAME, SAME, 1}}}}},
    [VT_LINEAR_GAMMA] =
        {2,
         {{.count = 2,
           .parts = {{POSITIVE, MORE_POSITIVE, MORE_POSITIVE, 1}, {NEGATIVE, MORE_NEGATIVE, ZERO, 1}},
           .where = 1},
          {.count = 2,
           .parts = {{POSITIVE, MORE_NEGATIVE, MORE_NEGATIVE, 1}, {NEGATIVE, MORE_POSITIVE, ZERO, 1}},
           .where = -1}}},
    [VT_LINEAR_ALPHA_BETA] = {2,
                              {{.count = 2,
                                .parts = {{POSITIVE, POSITIVE, POSITIVE, 1}, {NEGATIVE, NEGATIVE, ZERO, 1}},
                                .factor = TIMES_ALPHA},
                               {.count = 2,
                                .parts = {{POSITIVE, NEGATIVE, NEGATIVE, 1}, {NEGATIVE, POSITIVE, ZERO, 1}},
                                .factor = TIMES_MINUS_BETA}}},
    [VT_LINEAR_Z_PLUS] = {1,
                          {{.count = 2,
                            .parts = {{POSITIVE, POSITIVE, POSITIVE, 1}, {NEGATIVE, NEGATIVE, ZERO, 1}}}}},
    [VT_LINEAR_FLAT] = {1, {{.count = 1, .parts = {{ONE, ONE, ZERO, 1}}}}},
    [VT_LINEAR_W_SQUARE] = {1, {{.count = 1, .parts = {{ONE, SQUARE, SQUARE, 1}}}}},
    [VT_LINEAR_Z_BOX] =
        {1,
         {{.count = 3,
           .parts = {{SAME, SAME, SAME, 1}, {LOW, POSITIVE, POSITIVE, -1}, {HIGH, NEGATIVE, NEGATIVE, -1}}}}},
};

typedef struct changing {
  change kind;
  double gamma;
} changing;

static double changed(const double *values, const void *settings)
{
  const changing *how = settings;
  double p = values[0];
  switch (how->kind) {
  case POSITIVE:
    return p > 0 ? p : 0;
  case NEGATIVE:
    return p < 0 ? p : 0;
  case MORE_POSITIVE:
    return p > 0 ? p + how->gamma * p : p;
  case MORE_NEGATIVE:
    return p < 0 ? p + how->gamma * p : p;
  case ONE:
    return 1;
  case SQUARE:
    return p * p;
  case ZERO:
    return 0;
  default:
    return p;
  }
}

/* One layer being asked. */
typedef struct layer {
  const vt_gradient *gradient;
  const vt_relevance *own;
  int input, weights, bias; /* which inputs of the operator; bias −1: it has none */
} layer;

static vt_status change_one(vt_ctx *ctx, const layer *l, change kind, vt_tensor *tensor, vt_tensor **out)
{
  const changing how = {kind, l->own->gamma};
  *out = tensor;
  if (kind == LOW || kind == HIGH) {
    vt_tensor *bound = kind == LOW ? l->own->low : l->own->high;
    if (!bound || !vt_same_shape(bound, tensor))
      return vt_call_fail(ctx, l->gradient->call, VT_ERROR_UNSUPPORTED,
                          "has no smallest and largest input for the z-box rule");
    return vt_rule_cast(ctx, bound, tensor, out);
  }
  return kind == SAME ? VT_OK : vt_rule_each(ctx, 1, (const vt_tensor *const[]){tensor}, changed, &how, out);
}

/* `result` plus the bias that a later node adds, changed like any other. */
static vt_status add_later_bias(vt_ctx *ctx, const layer *l, change kind, vt_tensor **result)
{
  vt_tensor *bias, *constant = (vt_tensor *)(uintptr_t)l->own->bias;
  if (!constant || l->own->ignore_bias || kind == ZERO) return VT_OK;
  VT_TRY(vt_rule_cast(ctx, constant, *result, &bias));
  VT_TRY(change_one(ctx, l, kind, bias, &bias));
  return vt_rule_add(ctx, *result, bias, result);
}

/* The layer's result as it was, bias and all: its sign chooses between groups. */
static vt_status real_result(vt_ctx *ctx, const layer *l, vt_tensor **result)
{
  vt_tensor *bias, *constant = (vt_tensor *)(uintptr_t)l->own->bias;
  if (!constant) return VT_OK;
  VT_TRY(vt_rule_cast(ctx, constant, *result, &bias));
  return vt_rule_add(ctx, *result, bias, result);
}

typedef struct asked {
  vt_tensor *inputs[VT_RULE_SLOTS], *outputs[1];
} asked;

static vt_status ask(vt_ctx *ctx, const layer *l, const part *p, asked *out, vt_tensor **result)
{
  const vt_call *call = l->gradient->call;
  for (int k = 0; k < call->input_count; k++)
    out->inputs[k] = call->inputs[k];
  VT_TRY(change_one(ctx, l, p->input, call->inputs[l->input], &out->inputs[l->input]));
  VT_TRY(change_one(ctx, l, p->weights, call->inputs[l->weights], &out->inputs[l->weights]));
  if (l->bias >= 0) {
    bool none = l->own->ignore_bias || p->bias == ZERO;
    out->inputs[l->bias] = NULL;
    if (!none) VT_TRY(change_one(ctx, l, p->bias, call->inputs[l->bias], &out->inputs[l->bias]));
  }
  VT_TRY(vt_rule_forward(ctx, call, out->inputs, out->outputs));
  *result = out->outputs[0];
  return add_later_bias(ctx, l, p->bias, result);
}

typedef struct sharing {
  double epsilon, factor;
  int where;
} sharing;

/* values: R, denominator, the layer's result */
static double over(const double *values, const void *settings)
{
  const sharing *how = settings;
  if (how->where > 0 && !(values[2] > 0)) return 0;
  if (how->where < 0 && !(values[2] < 0)) return 0;
  return how->factor * vt_rule_divide(values[0], values[1], how->epsilon);
}

static double signed_sum(const double *values, const void *settings)
{
  return values[0] + *(const double *)settings * values[1];
}

static vt_status accumulate(vt_ctx *ctx, vt_tensor **sum, vt_tensor *more, int sign)
{
  double factor = sign;
  if (!*sum && sign > 0) {
    *sum = more;
    return VT_OK;
  }
  if (!*sum) VT_TRY(vt_rule_fill(ctx, more, 0, sum));
  return vt_rule_each(ctx, 2, (const vt_tensor *const[]){*sum, more}, signed_sum, &factor, sum);
}

static vt_status add_group(vt_ctx *ctx, const layer *l, const group *g, vt_tensor *result,
                           vt_tensor **relevance)
{
  const vt_gradient *gradient = l->gradient;
  const vt_relevance *own = l->own;
  asked parts[3];
  vt_tensor *denominator = NULL, *share, *made, *found[VT_RULE_SLOTS];
  const sharing how = {.epsilon = own->kind == VT_LINEAR_EPSILON ? own->epsilon : own->stabilizer,
                       .factor = g->factor == TIMES_ALPHA        ? own->alpha
                                 : g->factor == TIMES_MINUS_BETA ? -own->beta
                                                                 : 1,
                       .where = g->where};
  if (how.factor == 0) return VT_OK;
  for (int i = 0; i < g->count; i++) {
    VT_TRY(ask(ctx, l, &g->parts[i], &parts[i], &made));
    VT_TRY(accumulate(ctx, &denominator, made, g->parts[i].sign));
  }
  VT_TRY(vt_rule_each(ctx, 3, (const vt_tensor *const[]){gradient->output_gradients[0], denominator, result},
                      over, &how, &share));
  for (int i = 0; i < g->count; i++) {
    VT_TRY(vt_rule_backward(ctx, gradient, parts[i].inputs, parts[i].outputs, &share, found));
    VT_TRY(vt_rule_multiply(ctx, parts[i].inputs[l->input], found[l->input], &made));
    VT_TRY(accumulate(ctx, relevance, made, g->parts[i].sign));
  }
  return VT_OK;
}

static bool find_roles(const vt_gradient *gradient, layer *l)
{
  bool has_bias = gradient->call->input_count > 2 && gradient->call->inputs[2];
  l->gradient = gradient;
  l->input = vt_gradient_wanted(gradient, 0) ? 0 : 1;
  l->weights = 1 - l->input;
  l->bias = has_bias ? 2 : -1;
  return vt_gradient_wanted(gradient, l->input);
}

vt_status vt_linear_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  layer l = {.own = settings};
  vt_tensor *relevance = NULL, *result = gradient->call->outputs[0];
  VT_TRY(vt_rule_check(ctx, gradient->call));
  if (!find_roles(gradient, &l)) return VT_OK;
  if (l.own->kind == VT_LINEAR_PASS) {
    if (!vt_same_shape(gradient->call->inputs[l.input], result))
      return vt_call_fail(ctx, gradient->call, VT_ERROR_UNSUPPORTED,
                          "changes the shape, so relevance cannot pass it as it is: choose another rule");
    gradient->input_gradients[l.input] = gradient->output_gradients[0];
    return VT_OK;
  }
  const recipe *r = &recipes[l.own->kind];
  if (r->groups[0].where) VT_TRY(real_result(ctx, &l, &result));
  for (int i = 0; i < r->count; i++)
    VT_TRY(add_group(ctx, &l, &r->groups[i], result, &relevance));
  gradient->input_gradients[l.input] = relevance;
  return VT_OK;
}
