/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of a trace: names (trace_names.c), hooks (hook.c), the walk over the nodes (trace.c),
 * gradients (trace_gradient.c).
 */
#ifndef VT_GRAPH_TRACE_H
#define VT_GRAPH_TRACE_H

#include "graph/graph.h"
#include "ops/tape.h"
#include "vitrail/trace.h"

typedef enum vt_hook_kind {
  VT_HOOK_REPLACE,
  VT_HOOK_ADD,
  VT_HOOK_SCALE,
  VT_HOOK_ZERO,
  VT_HOOK_EDIT
} vt_hook_kind;

typedef struct vt_hook {
  int value; /* of the graph */
  vt_hook_kind kind;
  vt_tensor *tensor; /* owned: replace, add */
  double factor;
  vt_edit_fn edit;
  void *user;
} vt_hook;

typedef struct vt_trace_alias_entry {
  char *name; /* owned */
  int value;
} vt_trace_alias_entry;

struct vt_trace {
  const vt_graph *graph;
  vt_type precision;
  vt_hook *hooks;
  size_t hook_count, hook_capacity;
  bool *read, *watched; /* by value */
  bool *hooked;         /* by value: has hooks */
  int stop;             /* value, VT_NO_VALUE: none */
  int segments;
  bool lazy;
  const vt_rule_set *rules; /* borrowed */

  /* of a run */
  vt_tensor **tensors; /* by value: standing alone where they outlive the walk, else of the context */
  vt_tensor **kept;    /* by value, standing alone: read, watched, outputs, inputs */
  vt_tensor **widened; /* by value: f64 copies of constants, made once */
  int *last_use;       /* by value */
  vt_tensor **slots;   /* inputs and outputs of one call */
  bool *needed;        /* by node: runs; all of them unless lazy */
  int executed;        /* nodes run: node_count, or up to the stop */
  bool ran;
  vt_tape *tape;
  vt_tensor **gradients; /* by value, standing alone: of the last backward pass */
  bool *reached;         /* by value */

  vt_trace_alias_entry *aliases; /* made by the recogniser of attention blocks */
  size_t alias_count, alias_capacity;
};

/* Value number of an exact name or alias, VT_NO_VALUE: there is none. */
int vt_trace_lookup(const vt_trace *trace, const char *name);
/* The same as a status: otherwise VT_ERROR_INVALID_ARGUMENT with the nearest names. */
vt_status vt_trace_find(vt_ctx *ctx, const vt_trace *trace, const char *name, int *out);
/* Lazy runs leave out what neither a read, watched or hooked tensor needs, and what would only make tensors
 * that are replaced: many values for one inner tensor then cost what lies behind it. The shape of a
 * replacement is not compared with what was never made. */
void vt_trace_lazy(vt_trace *trace, bool on);
/* Backward rules for the runs from now on; borrowed; NULL: ordinary gradients. */
void vt_trace_rules(vt_trace *trace, const vt_rule_set *rules);
/* vt_trace_backward() with several tensors at once, and with the run of another trace of the same graph and
 * the same watched tensors for rules that compare (NULL: none). */
vt_status vt_trace_backward_from(vt_ctx *ctx, vt_trace *trace, const char *const *of,
                                 const vt_tensor *const *seeds, int count, const vt_trace *reference,
                                 bool keep);
/* Bytes that the tape holds for backward. */
size_t vt_trace_tape_bytes(const vt_trace *trace);

/* ---- between the files ---- */

/* Adds an alias for a value; names that exist already are left out. */
vt_status vt_trace_add_alias(vt_ctx *ctx, vt_trace *trace, int value, const char *format, ...)
    VT_PRINTF(4, 5);
/* Aliases for the tensors of attention blocks. */
vt_status vt_trace_name_blocks(vt_ctx *ctx, vt_trace *trace);
/* Which nodes a run has to execute (trace->needed, trace->executed set before). */
void vt_trace_find_needed(vt_trace *trace);
/* Whether the value is made by its replacement alone, its node being left out; which one then. */
const vt_hook *vt_trace_stand_in(const vt_trace *trace, int value);
/* Lets go of values, gradients and tape of the last run. */
void vt_trace_forget(vt_trace *trace);
/* Runs the hooks on a value just made; `tensor` is replaced in place of the pointer. */
vt_status vt_trace_apply_hooks(vt_ctx *ctx, vt_trace *trace, int value, vt_tensor **tensor);

#endif
