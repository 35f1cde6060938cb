/* SPDX-License-Identifier: Apache-2.0
 *
 * trace: a graph run operator by operator with every tensor under its ONNX name: read, replaced,
 * differentiated.
 *
 *   vt_trace *trace;
 *   vt_trace_new(ctx, graph, &trace);
 *   vt_trace_read(ctx, trace, "/layer3/Relu_output_0");     its value is kept
 *   vt_trace_zero(ctx, trace, "/layer1/Add_output_0");      … while this one is silenced
 *   vt_trace_watch(ctx, trace, "image");                    a gradient with respect to it is wanted
 *   vt_trace_run(ctx, trace, inputs);
 *   vt_trace_backward(ctx, trace, "logits", seed);
 *   vt_trace_gradient(ctx, trace, "image", &gradient);
 *
 * Names are those of the ONNX file, constants and parameters among them. Where attention blocks are
 * recognised, names in the manner of TransformerLens ("blocks.0.attn.hook_pattern") are aliases. An unknown
 * name is VT_ERROR_INVALID_ARGUMENT with the nearest ones. Hooks stay until vt_trace_unhook() and apply in
 * the order they were set. A trace belongs to one thread at a time; the graph may be shared and must outlive
 * it.
 */
#ifndef VITRAIL_TRACE_H
#define VITRAIL_TRACE_H

#include "vitrail/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_trace vt_trace;

VT_API VT_MUST_CHECK vt_status vt_trace_new(vt_ctx *ctx, const vt_graph *graph, vt_trace **out);
VT_API void vt_trace_free(vt_trace *trace); /* accepts NULL */

/* Computes in this type from now on: VT_F32 (the default) or VT_F64: every f32 parameter and input is
 * widened, and every f32 result that an operator makes on its own. Slower by far: for checking, not for
 * production. */
VT_API VT_MUST_CHECK vt_status vt_trace_precision(vt_ctx *ctx, vt_trace *trace, vt_type type);

/* ---- hooks ---- */

/* Keeps the value as it is after the hooks on it, for vt_trace_value(). */
VT_API VT_MUST_CHECK vt_status vt_trace_read(vt_ctx *ctx, vt_trace *trace, const char *name);
/* Puts `value` in its place (f32 is widened under VT_F64). Another type or shape than the tensor's is an
 * error of the run that names both. Replacing a tensor cuts the gradient to what made it. `value` is kept
 * by reference: do not change it afterwards. */
VT_API VT_MUST_CHECK vt_status vt_trace_replace(vt_ctx *ctx, vt_trace *trace, const char *name,
                                                const vt_tensor *value);
/* Adds `value`, of the tensor's type and shape or one that broadcasts to it. Gradients pass. */
VT_API VT_MUST_CHECK vt_status vt_trace_add(vt_ctx *ctx, vt_trace *trace, const char *name,
                                            const vt_tensor *value);
/* Multiplies by a number (float tensors); gradients follow. */
VT_API VT_MUST_CHECK vt_status vt_trace_scale(vt_ctx *ctx, vt_trace *trace, const char *name, double factor);
/* Sets every element to 0, whatever it was, NaN too; no gradient passes. */
VT_API VT_MUST_CHECK vt_status vt_trace_zero(vt_ctx *ctx, vt_trace *trace, const char *name);
/* Calls `edit` with a private copy of the value, which it may change in place (not its shape). Counts as a
 * replacement for gradients. With recomputation it is called once more for each run of its part. */
typedef vt_status (*vt_edit_fn)(vt_ctx *ctx, void *user, const char *name, vt_tensor *value);
VT_API VT_MUST_CHECK vt_status vt_trace_edit(vt_ctx *ctx, vt_trace *trace, const char *name, vt_edit_fn edit,
                                             void *user);
/* Ends the run once the tensor is made and the hooks on it have run; what comes behind is not executed, and
 * reading it is an error. NULL: run to the end. */
VT_API VT_MUST_CHECK vt_status vt_trace_stop_at(vt_ctx *ctx, vt_trace *trace, const char *name);
/* Removes all hooks, watches and reads of a tensor; NULL: of all tensors, stop-at too. */
VT_API VT_MUST_CHECK vt_status vt_trace_unhook(vt_ctx *ctx, vt_trace *trace, const char *name);

/* ---- running ---- */

/* Runs the graph on `inputs`, in the order of its inputs. They are borrowed: their memory stays as it is
 * until the gradients of this run are computed. Values and gradients of an earlier run are gone. A hook on a
 * tensor that the run never makes is VT_ERROR_INVALID_ARGUMENT before anything runs. */
VT_API VT_MUST_CHECK vt_status vt_trace_run(vt_ctx *ctx, vt_trace *trace, vt_tensor *const *inputs);
/* The value of a tensor that was read, of an output or an input of the graph, or of a constant. Owned by the
 * trace, valid until the next run. */
VT_API VT_MUST_CHECK vt_status vt_trace_value(vt_ctx *ctx, vt_trace *trace, const char *name,
                                              vt_tensor **out);

/* ---- gradients ---- */

/* Before the run: a gradient with respect to this tensor will be wanted. Inputs, parameters and inner tensors
 * of type f32 or f64. */
VT_API VT_MUST_CHECK vt_status vt_trace_watch(vt_ctx *ctx, vt_trace *trace, const char *name);
/* Vector-Jacobian product: gradients of ⟨seed, of⟩ with respect to every watched tensor. `of` must be an
 * output of the graph, or read or watched. `seed` NULL: `of` has one element, and its own gradient is wanted.
 * Several passes over one run are allowed (`keep`); without `keep` values are let go as the pass goes, and
 * another one is an error. VT_ERROR_UNSUPPORTED names a node on the way that has no gradient. */
VT_API VT_MUST_CHECK vt_status vt_trace_backward(vt_ctx *ctx, vt_trace *trace, const char *of,
                                                 const vt_tensor *seed, bool keep);
/* Gradient of a watched tensor from the last backward pass, of its type and shape; zeros when `of` does not
 * depend on it. Owned by the trace, valid until the next pass or run. */
VT_API VT_MUST_CHECK vt_status vt_trace_gradient(vt_ctx *ctx, vt_trace *trace, const char *name,
                                                 vt_tensor **out);
/* Whether `of` of the last backward pass depended on the watched tensor at all. */
VT_API bool vt_trace_reached(const vt_trace *trace, const char *name);
/* Divides the graph into about `segments` stretches and has one of them on the tape at a time (0 or 1: all of
 * it at once): the forward run keeps only what lies between stretches, and a backward pass runs each once
 * more. Same gradients, bit for bit. The square root of the number of layers is a good choice. For the runs
 * from now on; under vt_ctx_set_max_memory() a run or pass that memory does not suffice for tries more
 * stretches by itself. */
VT_API VT_MUST_CHECK vt_status vt_trace_segments(vt_ctx *ctx, vt_trace *trace, int segments);

/* ---- names ---- */

/* Alias `index` from 0 with the ONNX name it stands for; false behind the last. */
VT_API bool vt_trace_alias(const vt_trace *trace, int index, const char **alias, const char **name);

#ifdef __cplusplus
}
#endif
#endif
