/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of experiments: a recipe that comes with vitrail, trained once and kept in the cache.
 */
#ifndef VT_PAPERS_TRAINED_H
#define VT_PAPERS_TRAINED_H

#include "papers/cache.h"
#include "vitrail/explain.h"

typedef struct vt_trained_wish {
  const char *recipe;           /* name of one that comes with vitrail, or a path */
  const char *const *overrides; /* "block.key=value", as `vitrail train --set` takes them */
  size_t override_count;
  int64_t seed;          /* of weights, order and noise; the data are those of the recipe */
  const char *embedding; /* inner tensor read as embedding; NULL: none */
} vt_trained_wish;

/* The trained model with its sidecar, from the cache when it is there; `cache` NULL: trained anew in a
 * folder that is taken away again. An entry is known by the recipe's text, the world and the seed. Honours
 * the cancel flag. Free with vt_model_free(). */
vt_status vt_trained_open(vt_ctx *ctx, vt_cache *cache, const vt_trained_wish *wish, vt_model **out);

#endif
