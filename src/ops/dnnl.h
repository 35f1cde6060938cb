/* SPDX-License-Identifier: Apache-2.0
 *
 * oneDNN (C API 2.x), tamed: one engine, primitives made once and kept in a least-recently-used list,
 * scratchpads from vt_alloc (so --max-memory counts them), thread counts that always match.
 *
 * A oneDNN primitive runs only with the thread count it was made for: with fewer its barriers may wait for
 * ever. So a count belongs to the key of a primitive, every execution sets it, and a primitive for several
 * threads is refused inside a parallel region. Operators use dnnl_kernels.h; this header is for that file and
 * for compiled plans.
 */
#ifndef VT_OPS_DNNL_H
#define VT_OPS_DNNL_H

#include <oneapi/dnnl/dnnl.h>

#include "ops/op.h"

/* The engine of this process, made on first use and never freed. */
vt_status vt_dnnl_engine(vt_ctx *ctx, dnnl_engine_t *out);

/* "out of memory", "unimplemented", … Never NULL. */
const char *vt_dnnl_text(dnnl_status_t status);
/* Records "oneDNN WHAT: TEXT" when `status` is not success. */
vt_status vt_dnnl_check(vt_ctx *ctx, dnnl_status_t status, const char *what);

/* ---- memory descriptors ----
 * False when a size does not fit what oneDNN's kernels can address (more than 2^31 − 1 bytes in all). */
bool vt_dnnl_row_major(dnnl_memory_desc_t *out, int rank, const int64_t *dims);
/* Of [batch, channels, sizes…] stored with the channels last. */
bool vt_dnnl_channels_last(dnnl_memory_desc_t *out, int rank, const int64_t *dims);
/* Layout left to the primitive. */
bool vt_dnnl_any(dnnl_memory_desc_t *out, int rank, const int64_t *dims);
/* Strides in elements. */
bool vt_dnnl_strided(dnnl_memory_desc_t *out, int rank, const int64_t *dims, const int64_t *strides);

/* ---- threads ---- */

/* Threads that a primitive made and run here may have: 1 inside a parallel region, else the context's count,
 * but no more than OpenMP's own limits allow. */
int vt_dnnl_threads(const vt_ctx *ctx);

/* Between enter and leave, oneDNN uses `threads` threads when it makes or runs a primitive; leave puts the
 * caller's OpenMP settings back. */
typedef struct vt_dnnl_scope {
  int threads, dynamic;
} vt_dnnl_scope;
vt_dnnl_scope vt_dnnl_enter(int threads);
void vt_dnnl_leave(vt_dnnl_scope scope);

/* ---- primitives ---- */

typedef struct vt_dnnl_primitive {
  dnnl_primitive_t primitive;       /* NULL: oneDNN has no implementation (remembered as well) */
  dnnl_primitive_desc_t descriptor; /* borrowed users ask it for layouts */
  size_t scratchpad;                /* bytes */
  int threads;
  int references; /* under the lock of the list */
} vt_dnnl_primitive;

/* What a primitive is made from, as numbers; equal keys, equal primitives. */
typedef struct vt_dnnl_key {
  int count;
  bool overflow; /* too many numbers: such a primitive is made anew each time */
  int64_t numbers[96];
} vt_dnnl_key;
void vt_dnnl_key_add(vt_dnnl_key *key, int64_t number);
void vt_dnnl_key_list(vt_dnnl_key *key, const int64_t *numbers, int count);
void vt_dnnl_key_layout(vt_dnnl_key *key, const dnnl_memory_desc_t *layout);

/* Makes a primitive descriptor from what `user` says; `attr` asks for a scratchpad of the caller's. Called
 * with the thread count set. */
typedef dnnl_status_t (*vt_dnnl_describe_fn)(const void *user, dnnl_engine_t engine,
                                             const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out);

/* The primitive of this key for `threads` threads (vt_dnnl_threads(), or 1), from the list or new.
 * VT_ERROR_UNSUPPORTED, without a record, when oneDNN cannot do it. Give it back with vt_dnnl_put(). */
vt_status vt_dnnl_get(vt_ctx *ctx, const vt_dnnl_key *key, int threads, vt_dnnl_describe_fn describe,
                      const void *user, vt_dnnl_primitive **out);
void vt_dnnl_put(vt_dnnl_primitive *primitive);
/* Lets go of all that is kept and not in use (tests, and hosts that want the memory back). */
void vt_dnnl_forget(void);

/* Runs with the caller's memory objects; `scratchpad` has primitive->scratchpad bytes (NULL when 0). A thread
 * count that cannot be had here is VT_ERROR_RUNTIME. */
vt_status vt_dnnl_execute(vt_ctx *ctx, const vt_dnnl_primitive *primitive, int count,
                          const dnnl_exec_arg_t *arguments, void *scratchpad);

/* An argument as the caller stores it. */
typedef struct vt_dnnl_argument {
  int index; /* DNNL_ARG_… */
  dnnl_memory_desc_t layout;
  void *data;
  bool output;
} vt_dnnl_argument;

/* Runs on data in the layouts given; where the primitive wants others, reorders inputs
 * before and outputs after. */
vt_status vt_dnnl_run(vt_ctx *ctx, const vt_dnnl_primitive *primitive, const vt_dnnl_argument *arguments,
                      int count);

/* Copies `from` in layout `source` to `to` in layout `target`. */
vt_status vt_dnnl_reorder(vt_ctx *ctx, const dnnl_memory_desc_t *source, const void *from,
                          const dnnl_memory_desc_t *target, void *to);

#endif
