/* SPDX-License-Identifier: Apache-2.0
 *
 * A cache of what takes long to make: trained models, results of stages. An entry is known by a hash of
 * everything that made it, so nothing ever has to be declared stale.
 */
#ifndef VT_PAPERS_CACHE_H
#define VT_PAPERS_CACHE_H

#include "base/base.h"

typedef struct vt_cache vt_cache;

/* Everything that decides the bytes of an entry. NULL is "". */
typedef struct vt_cache_key {
  const char *kind;    /* file name's beginning: "model", "activations" */
  const char *recipe;  /* recipe text, sizes included */
  const char *world;   /* vt_world.key */
  const char *version; /* of the code that makes it; changed by hand when its results change */
  uint64_t seed;
} vt_cache_key;

/* `directory` NULL: $VITRAIL_CACHE, else $XDG_CACHE_HOME/vitrail/models, else ~/.cache/vitrail/models. It is
 * made when something is first stored. VT_ERROR_INVALID_ARGUMENT when there is no such place. */
vt_status vt_cache_open(vt_ctx *ctx, const char *directory, vt_cache **out);
void vt_cache_close(vt_cache *cache); /* accepts NULL */
const char *vt_cache_directory(const vt_cache *cache);

/* Writes what belongs under the key into the file `path` (a new name beside the entry). */
typedef vt_status (*vt_cache_make_fn)(vt_ctx *ctx, void *user, const char *path);

/* Path of the entry (caller frees with vt_free()); made with `make` when it is not there, or damaged: its
 * content no longer has the hash it was stored with, which is logged as a warning. The file appears whole or
 * not at all. `made` (may be NULL): whether it had to be made. A `cache` of NULL is an error: callers that
 * may run without one make their files themselves. */
vt_status vt_cache_file(vt_ctx *ctx, vt_cache *cache, const vt_cache_key *key, vt_cache_make_fn make,
                        void *user, char **path, bool *made);

/* The same for bytes. `*data` NULL: not there, or damaged. Caller frees. */
vt_status vt_cache_load(vt_ctx *ctx, vt_cache *cache, const vt_cache_key *key, unsigned char **data,
                        size_t *size);
vt_status vt_cache_store(vt_ctx *ctx, vt_cache *cache, const vt_cache_key *key, const void *data,
                         size_t size);

#endif
