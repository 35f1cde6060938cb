/* SPDX-License-Identifier: Apache-2.0
 *
 * What backward rules are made of: arithmetic on whole tensors, and an operator run once more, forwards or
 * backwards, on other values than those it ran on.
 */
#ifndef VT_ATTRIBUTION_RULE_VALUES_H
#define VT_ATTRIBUTION_RULE_VALUES_H

#include "ops/tape.h"

enum { VT_RULE_SLOTS = 64 }; /* most inputs or outputs of an operator that a rule runs again */

/* A number from those of up to four tensors at one place. */
typedef double (*vt_each_fn)(const double *values, const void *settings);
/* out[i] = each({tensors[0][i], tensors[1][i], …}): f32 or f64 tensors of one type and count; `out` is made
 * in the context with the shape of the first. Computed in f64. */
vt_status vt_rule_each(vt_ctx *ctx, int count, const vt_tensor *const *tensors, vt_each_fn each,
                       const void *settings, vt_tensor **out);

/* Short forms, all results made in the context: a · b, a + b, one number everywhere, and `tensor` in the
 * element type of `like`. */
vt_status vt_rule_multiply(vt_ctx *ctx, vt_tensor *a, vt_tensor *b, vt_tensor **out);
vt_status vt_rule_add(vt_ctx *ctx, vt_tensor *a, vt_tensor *b, vt_tensor **out);
vt_status vt_rule_fill(vt_ctx *ctx, const vt_tensor *like, double value, vt_tensor **out);
vt_status vt_rule_cast(vt_ctx *ctx, vt_tensor *tensor, const vt_tensor *like, vt_tensor **out);
/* Σ a·b over all elements. */
double vt_rule_dot(const vt_tensor *a, const vt_tensor *b);

/* a over b pushed away from zero: b + epsilon where b ≥ 0, b − epsilon below. 0 where the sum is 0. */
double vt_rule_divide(double a, double b, double epsilon);

/* The operator of `call` on other inputs. `outputs` [call->output_count] receives those that the call has,
 * NULL for the others. */
vt_status vt_rule_forward(vt_ctx *ctx, const vt_call *call, vt_tensor *const *inputs, vt_tensor **outputs);
/* The operator's own vector-Jacobian product at `inputs` and `outputs`, from `output_gradients`; for the
 * inputs that `gradient` wants. `found` [call->input_count] may hold NULL (zero), and what was handed in. */
vt_status vt_rule_backward(vt_ctx *ctx, const vt_gradient *gradient, vt_tensor *const *inputs,
                           vt_tensor **outputs, vt_tensor *const *output_gradients, vt_tensor **found);

/* VT_OK when a rule can run the operator again; else names the node. */
vt_status vt_rule_check(vt_ctx *ctx, const vt_call *call);

/* Name of an ONNX operator in a list that NULL ends. */
bool vt_rule_named(const vt_op *op, const char *const *names);
/* Whether input `index` of a call being recorded depends on what is watched. */
bool vt_rule_depends(const vt_call *call, int index);

#endif
