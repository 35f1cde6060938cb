/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of a trace: names (trace_names.c), hooks (hook.c), the walk over the nodes (trace.c),
 * gradients (trace_gradient.c), gradients with little memory (trace_segments.c).
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
  int segments;         /* asked for; 0 or 1: the whole graph at once */
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
  vt_tensor **given;     /* by input, standing alone: as they came */
  bool keeping;          /* values that were asked for are kept */
  bool holding;          /* what lies between stretches is held, and nothing recorded */
  vt_tensor **gradients; /* by value, standing alone: of the last backward pass */
  bool *reached;         /* by value */

  /* of a run in stretches (trace_segments.c); the arrays exist once there was one */
  int parts_asked, part_count; /* 0 or 1: the run is on the tape */
  int *cuts;                   /* first node of each stretch, and the number of nodes run */
  int *part_of;                /* by node */
  vt_tensor **held;            /* by value, standing alone: what a later stretch reads */
  vt_tensor **pending;         /* by value, standing alone: gradients on their way to the value's stretch */
  bool *depends;               /* by value: computed from something watched */
  bool spent;                  /* what was held is let go */

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
 * the same watched tensors for rules that compare (NULL: none; it may be run once more, on its own
 * inputs). */
vt_status vt_trace_backward_from(vt_ctx *ctx, vt_trace *trace, const char *const *of,
                                 const vt_tensor *const *seeds, int count, vt_trace *reference, bool keep);
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
/* `tensor` under a header of the context. */
vt_status vt_trace_show(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor **out);
/* Executes nodes first..last−1 on trace->tensors. */
vt_status vt_trace_run_nodes(vt_ctx *ctx, vt_trace *trace, int first, int last);

/* Divides what is to be executed into about `parts` stretches. */
vt_status vt_trace_divide(vt_ctx *ctx, vt_trace *trace, int parts);
/* Holds a value that has just come to be where a later stretch needs it. */
vt_status vt_trace_hold(vt_ctx *ctx, vt_trace *trace, int value);
/* Runs once more on the inputs of the last run, to hold what lies between `parts` stretches. Values that
 * were asked for stay as they are. */
vt_status vt_trace_hold_again(vt_ctx *ctx, vt_trace *trace, int parts);
/* How many stretches to try after this failure; 0: none, it is for good. */
int vt_trace_more_parts(const vt_ctx *ctx, const vt_trace *trace, vt_status status);
void vt_trace_drop_parts(vt_trace *trace);
/* The backward pass of a run in stretches; fills trace->gradients where something came. */
vt_status vt_trace_backward_parts(vt_ctx *ctx, vt_trace *trace, const int *values, vt_tensor *const *seeds,
                                  int count, vt_trace *reference, bool keep);

/* Runs the hooks on a value just made; `tensor` is replaced in place of the pointer. */
vt_status vt_trace_apply_hooks(vt_ctx *ctx, vt_trace *trace, int value, vt_tensor **tensor);

#endif
