/* SPDX-License-Identifier: Apache-2.0
 *
 * Low-rank adapters (Hu et al. 2021): a linear layer gives W x + b + Σ alpha/rank · B (A x), summed over the
 * adapters of the run that fit its path. A is [rank, in] and begins normal, B is [out, rank] and begins at
 * zero: a new adapter changes nothing. Which adapters are on is a matter of the run, not of the model:
 *
 *   const vt_adapter adapters[] = {{.name = "region", .targets = "blocks.*.attn.[qv]_proj", .rank = 4}};
 *   vt_run run = {…, .lora = &(vt_lora){adapters, 1}};
 *   vt_parameters_train_only(ctx, parameters, (const char *[]){"*.lora_?.region.weight"}, 1);
 *
 * Parameters: PATH.lora_A.NAME.weight and PATH.lora_B.NAME.weight, as PEFT names them.
 */
#ifndef VT_NN_LORA_H
#define VT_NN_LORA_H

#include "nn/scope.h"

typedef struct vt_adapter {
  const char *name;    /* borrowed */
  const char *targets; /* globs on the path of a linear layer, commas between; borrowed */
  int64_t rank;
  double alpha;   /* 0: rank, which is a factor of 1 */
  double dropout; /* of what goes into A */
  bool off;
} vt_adapter;

struct vt_lora {
  const vt_adapter *adapters;
  int count;
};

/* y and what the adapters of the run add for the linear layer of this scope, x [..., in], y [..., out]. */
vt_tensor *vt_lora_apply(vt_scope s, vt_tensor *x, vt_tensor *y, int64_t out);
/* Adds an adapter into the weights it stands beside, alpha/rank · B A, and makes its B zero: the model is the
 * same with it and without. A layer whose weight is missing is VT_ERROR_INVALID_MODEL. */
vt_status vt_lora_merge(vt_ctx *ctx, vt_parameters *parameters, const vt_adapter *adapter);
/* Whether any is on; NULL: none. */
bool vt_lora_on(const vt_lora *lora);
/* A store of its own with the same values, in which all adapters that are on are merged: the model without
 * adapters. Free with vt_parameters_free(). */
vt_status vt_lora_merged(vt_ctx *ctx, const vt_parameters *parameters, const vt_lora *lora,
                         vt_parameters **out);

#endif
