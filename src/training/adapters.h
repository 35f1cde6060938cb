/* SPDX-License-Identifier: Apache-2.0
 *
 * Low-rank adapters (nn/lora.h) of a recipe: "lora=TARGETS/RANK/ALPHA/DROPOUT" in a stage. The stage's name
 * is theirs. For use inside the room.
 */
#ifndef VT_TRAINING_ADAPTERS_H
#define VT_TRAINING_ADAPTERS_H

#include "training/learner.h"
#include "training/recipe.h"

/* Reads the value of "lora". VT_ERROR_INVALID_ARGUMENT says what is wrong with it. `targets` of `out` is the
 * caller's to free; its name is `stage`, borrowed. */
vt_status vt_adapter_parse(vt_ctx *ctx, const char *stage, const char *text, vt_adapter *out, char **targets);

/* Patterns of what a stage trains: its adapters and what "train" names beside them; without adapters "train"
 * alone. NULL with VT_OK: everything. Free with vt_free(). */
vt_status vt_stage_trains(vt_ctx *ctx, const vt_recipe_stage *stage, char **out);
/* Whether the store has parameters of the adapter. */
bool vt_adapter_present(const vt_parameters *parameters, const char *name);
/* Whether the adapters fit a learner: each pattern fits a linear layer, the rank is no larger than that of
 * its matrix, no other adapter has the name. VT_ERROR_INVALID_ARGUMENT lists the layers there are. Runs
 * the model once. */
vt_status vt_adapter_fits(vt_ctx *ctx, vt_learner *learner, const vt_adapter *adapter);

#endif
