/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the context. Rooms above see the slots that belong to them (tensors, tape, hooks) as opaque
 * pointers; nobody else reaches in here but base and tensor.
 */
#ifndef VT_BASE_CONTEXT_H
#define VT_BASE_CONTEXT_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/blocks.h"

struct vt_recorder;
struct vt_tape;
struct vt_tensor;

/* Shared by a context and its children; freed with the last block or context that refers to it. */
typedef struct vt_memory {
  atomic_llong in_use, peak, limit;
  atomic_long references;
  atomic_long fail_at; /* counts down to a forced failure (tests); 0 = off */
  vt_blocks blocks;    /* freed, to be used again */
} vt_memory;

vt_memory *vt_memory_new(void); /* with one reference; NULL when memory is short */
void vt_memory_unref(vt_memory *memory);

struct vt_ctx {
  vt_memory *memory;
  const vt_ctx *parent;
  vt_status status;
  char *message; /* plain malloc, so that running out of budget can still be told */
  int threads;
  bool short_products; /* vt_ctx_set_short_products() */
  const volatile int *cancel;
  vt_progress_fn progress;
  void *progress_user;
  /* tensors made in this context and not yet released, oldest first (tensor room) */
  struct vt_tensor **tensors;
  size_t tensor_count, tensor_capacity;
  void (*release_tensors)(vt_ctx *ctx); /* set by the tensor room with the first tensor */
  struct vt_tape *tape;                 /* what operators record on; NULL: nothing (ops room) */
  struct vt_recorder *recorder;         /* who hears of every call; NULL: nobody (ops room) */
};

#endif
