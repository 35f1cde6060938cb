/* SPDX-License-Identifier: Apache-2.0
 *
 * The equation of Einsum, read, and Einsum backwards.
 */
#ifndef VT_OPS_EINSUM_H
#define VT_OPS_EINSUM_H

#include "ops/gradient.h"

enum {
  VT_EINSUM_LETTERS = 52,
  VT_EINSUM_LABELS = VT_EINSUM_LETTERS + VT_MAX_RANK
}; /* A–Z, a–z, then the
                                                                                         axes of "..." */

typedef struct vt_einsum_attributes {
  char *equation;
} vt_einsum_attributes;

typedef struct vt_einsum_equation {
  int64_t dims[VT_EINSUM_LABELS]; /* size of each label, 1 where only size 1 was seen */
  int uses[VT_EINSUM_LABELS];     /* how often a label stands on the left */
  int last[VT_EINSUM_LABELS];     /* last operand that has it, −1: none */
  int ellipsis;                   /* axes of "..." */
  int out[VT_MAX_RANK], out_count;
  bool kept[VT_EINSUM_LABELS]; /* stands on the right */
} vt_einsum_equation;

vt_status vt_einsum_read(vt_ctx *ctx, const vt_call *call, vt_einsum_equation *out);
/* Labels of operand `index` by axis; `*text` moves from the operand's start behind its comma. The axes of a
 * shorter "..." are the last ones. */
vt_status vt_einsum_operand(vt_ctx *ctx, const vt_call *call, int index, const char **text, int *ellipsis,
                            int labels[VT_MAX_RANK]);

/* Reads the values of all inputs. */
vt_status vt_einsum_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
