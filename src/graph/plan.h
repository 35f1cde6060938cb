/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of a plan. Compiling goes draft (shapes, folding: draft.h) -> fusions (fuse.h) -> steps over buffers
 * (here) -> offsets in one arena (plan_memory.c). A session adds memory to that and runs the steps in order.
 */
#ifndef VT_GRAPH_PLAN_H
#define VT_GRAPH_PLAN_H

#include "graph/graph.h"

/* Where elements of a tensor lie, in oneDNN's terms; opaque outside plan_dnnl.c. NULL means row-major. */
typedef struct vt_layout vt_layout;
typedef struct vt_primitive vt_primitive; /* a compiled oneDNN operation, shared by all sessions */
typedef struct vt_engine vt_engine;
typedef struct vt_bound vt_bound; /* a primitive with the memory of one session */

/* Bytes in the arena, or a constant. Buffers with the same root show the same bytes (views). */
typedef struct vt_buffer {
  int root;                /* itself when it owns its bytes */
  const vt_layout *layout; /* NULL: row-major; owned by the plan */
  size_t bytes;
  vt_tensor *constant; /* owned; NULL: lives in the arena */
  int input;           /* graph input that the caller writes here, −1 */
  bool output;         /* the caller reads it after the run */
  int64_t pending;     /* uses not yet lowered of all values shown in this root (while compiling) */
  int first, last;     /* steps between which the bytes are needed (roots) */
  size_t offset;       /* in the arena (roots) */
} vt_buffer;

typedef enum vt_step_kind {
  VT_STEP_CALL,      /* the operator row's implementation on row-major tensors */
  VT_STEP_PRIMITIVE, /* oneDNN */
  VT_STEP_COPY       /* bytes of slot 0 to slot 1 */
} vt_step_kind;

/* One tensor of a step. For calls the first input_count slots are inputs, the rest outputs; for primitives
 * slots follow the primitive's own arguments. */
typedef struct vt_slot {
  vt_tensor tensor; /* type and shape; no data, no storage */
  int buffer;       /* −1: optional input left out, output not wanted */
  bool written;
} vt_slot;

typedef struct vt_step {
  vt_step_kind kind;
  const char *name, *op_name; /* borrowed from the graph and the table; "reorder" for layout changes */
  const vt_op *op;            /* calls only */
  const void *attributes;
  vt_slot *slots;
  int slot_count, input_count;
  vt_primitive *primitive;
  vt_tensor result; /* shape of the (first) result */
  double flops;
  int fused; /* graph nodes that this step stands for beyond the first */
} vt_step;

struct vt_plan {
  const vt_graph *graph;
  int threads;
  vt_buffer *buffers;
  size_t buffer_count, buffer_capacity;
  vt_step *steps;
  size_t step_count, step_capacity;
  vt_layout **layouts; /* owned, referred to by buffers */
  size_t layout_count, layout_capacity;
  vt_engine *engine;
  int input_count, output_count;
  int *inputs;  /* buffers, −1: the caller gave its value when compiling */
  int *outputs; /* buffers */
  vt_tensor *output_shapes;
  size_t arena_bytes, scratch_bytes;
  double flops;
};

struct vt_session {
  const vt_plan *plan;
  char *arena, *scratch;
  vt_tensor *tensors;   /* headers of all call slots */
  vt_tensor **pointers; /* the same as lists of inputs and outputs */
  vt_call *calls;       /* one a step; op NULL for other kinds */
  const vt_implementation **implementations;
  vt_bound **bound; /* one a step, NULL for calls */
  struct vt_lane *lane;
  double *seconds; /* one a step when profiling, NULL otherwise */
};

/* ---- plan.c ---- */
/* A root of that size, row-major, at the end of the list. */
vt_status vt_plan_add_buffer(vt_ctx *ctx, vt_plan *plan, size_t bytes, int *out);
vt_status vt_plan_add_step(vt_ctx *ctx, vt_plan *plan,
                           const vt_step *step); /* takes slots and primitive, also on failure */
vt_status vt_plan_own_layout(vt_ctx *ctx, vt_plan *plan, vt_layout *layout); /* takes, also on failure */

/* ---- session.c ---- */
/* Thread settings of the caller while work of `threads` threads is made or run. oneDNN's primitives run only
 * with the count they were made for: with fewer threads their barriers would wait for ever. */
typedef struct vt_team {
  int threads, dynamic, context_threads;
} vt_team;
/* VT_ERROR_INVALID_ARGUMENT when that many threads cannot be had here (inside a parallel region, say). */
vt_status vt_team_enter(vt_ctx *ctx, int threads, vt_team *saved);
void vt_team_leave(vt_ctx *ctx, const vt_team *saved);

/* ---- plan_memory.c ---- */
/* Lifetimes from the steps, then an offset for every root such that no two that live at once overlap. */
vt_status vt_plan_place(vt_ctx *ctx, vt_plan *plan);

#endif
