/* SPDX-License-Identifier: Apache-2.0
 *
 * The tape: what operators did, so that it can be differentiated.
 *
 *   vt_tape *tape;
 *   vt_tape_new(ctx, &tape);
 *   vt_tape_start(ctx, tape);
 *   vt_tape_watch(ctx, tape, x);                      x is a variable from now on
 *   … vt_apply() …                                    recorded where a variable goes in
 *   vt_tape_stop(ctx);
 *   vt_tape_backward(ctx, tape, &y, &seed, 1, NULL);
 *   vt_tape_gradient(tape, x);
 *
 * Only calls with a variable among their inputs are recorded, and of their tensors only the values that the
 * operator's backward reads are held: everything else goes when the caller lets it go. Attributes are
 * borrowed and must outlive the tape. A tape belongs to one context.
 */
#ifndef VT_OPS_TAPE_H
#define VT_OPS_TAPE_H

#include "ops/gradient.h"

typedef struct vt_tape vt_tape;

/* ---- backward rules ----
 * A rule takes the place of an operator's gradient: guided backpropagation, layer-wise relevance, DeepLift.
 * Rules are chosen for each node while it is recorded. */
typedef struct vt_rule {
  const char *id;
  vt_status (*backward)(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);
  const void *settings; /* handed to backward; borrowed */
  unsigned saves;       /* VT_SAVES_… */
} vt_rule;

typedef struct vt_rule_set {
  const char *id;
  /* The rule of this call, NULL: its ordinary gradient. The call has all values. */
  const vt_rule *(*choose)(const void *user, const vt_call *call);
  const void *user;
} vt_rule_set;

/* ---- recording ---- */

vt_status vt_tape_new(vt_ctx *ctx, vt_tape **out);
void vt_tape_free(vt_tape *tape); /* accepts NULL; stop recording first */
/* Forgets everything recorded and all variables; rules stay. */
void vt_tape_clear(vt_tape *tape);
/* Rules for what is recorded from now on; borrowed; NULL: ordinary gradients. */
void vt_tape_set_rules(vt_tape *tape, const vt_rule_set *rules);
void vt_tape_start(vt_ctx *ctx, vt_tape *tape);
vt_tape *vt_tape_stop(vt_ctx *ctx); /* what was recording, NULL: nothing */

/* Makes a float tensor a variable whose gradient is kept. A tensor that is one already (the result of a
 * recorded call) keeps its number: then this asks for its gradient to be kept. Other types:
 * VT_ERROR_INVALID_ARGUMENT. */
vt_status vt_tape_watch(vt_ctx *ctx, vt_tape *tape, vt_tensor *tensor);
bool vt_tape_has(const vt_tape *tape, const vt_tensor *tensor);
/* Hands attributes that an eager call made (a vt_alloc block filled through the row's field table) over to
 * the tape, which frees them when it is cleared; on failure too. */
vt_status vt_tape_own_attributes(vt_ctx *ctx, vt_tape *tape, const vt_op *op, void *attributes);
/* Called by vt_apply(). */
vt_status vt_tape_record(vt_ctx *ctx, vt_tape *tape, const vt_call *call);
int vt_tape_node_count(const vt_tape *tape);
/* Bytes of the values held for backward, a tensor held twice counted twice. */
size_t vt_tape_bytes(const vt_tape *tape);

/* ---- backward ---- */

typedef struct vt_backward_options {
  bool keep; /* hold values for another backward pass; otherwise each node's go as soon as it is done */
  /* Another recording of the same calls on other values, for rules that compare: node i of one
   * is node i of the other. */
  const vt_tape *reference;
} vt_backward_options;

/* Gradients of Σ_i ⟨seeds[i], of[i]⟩ with respect to all watched tensors; earlier ones are dropped.
 * VT_ERROR_UNSUPPORTED names the node when an operator on the way has no gradient;
 * VT_ERROR_INVALID_ARGUMENT when of[i] is not on the tape or the seed has another shape, or when the values
 * were let go by an earlier pass. */
vt_status vt_tape_backward(vt_ctx *ctx, vt_tape *tape, vt_tensor *const *of, vt_tensor *const *seeds,
                           int count, const vt_backward_options *options);
/* Gradient of a watched tensor, valid until the next backward, clear or free; NULL: nothing of `of` depends
 * on it. */
vt_tensor *vt_tape_gradient(const vt_tape *tape, const vt_tensor *tensor);

#endif
