/* SPDX-License-Identifier: Apache-2.0
 *
 * graph: ONNX models as operator graphs, and the two ways to run them.
 *
 * A *trace* runs the graph as stored, operator by operator, every tensor under its ONNX name. A *plan* is
 * compiled for one set of input shapes (constants folded, operators fused, memory planned) for the thousands
 * of forwards a black-box method needs. A plan is immutable and shared between threads; a *session* of it
 * belongs to one thread at a time.
 */
#ifndef VITRAIL_GRAPH_H
#define VITRAIL_GRAPH_H

#include "vitrail/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_graph vt_graph;
typedef struct vt_plan vt_plan;
typedef struct vt_session vt_session;

/* How to read a model. Start from vt_graph_options_default(). */
typedef struct vt_graph_options {
  size_t struct_size;
  bool ignore_declared_sizes; /* declared input and output sizes are suggestions (for files that lie) */
  uint64_t max_bytes;         /* largest model file, external data included; default 8 GiB */
} vt_graph_options;
VT_API vt_graph_options vt_graph_options_default(void);

/* Reads an ONNX file: checks the wire format, lifts nodes of opsets 1-21 to one form, loads external data
 * from the model's own folder, infers types. `options` may be NULL. Errors: VT_ERROR_UNSUPPORTED names every
 * unknown operator of the graph with its nodes at once; VT_ERROR_INVALID_MODEL; VT_ERROR_NO_SUCH_FILE. The
 * graph does not depend on `ctx` afterwards. Free with vt_graph_free(). */
VT_API VT_MUST_CHECK vt_status vt_graph_read(vt_ctx *ctx, const char *path, const vt_graph_options *options,
                                             vt_graph **out);
/* The same from memory; `folder` is where external data may lie, NULL: refused. */
VT_API VT_MUST_CHECK vt_status vt_graph_parse(vt_ctx *ctx, const void *bytes, size_t size, const char *folder,
                                              const vt_graph_options *options, vt_graph **out);
VT_API void vt_graph_free(vt_graph *graph); /* accepts NULL */

/* How to write a model. Start from vt_graph_write_options_default(). */
typedef struct vt_graph_write_options {
  size_t struct_size;
  uint64_t external_bytes; /* parameters of more than so many bytes in all go into PATH.data beside the model:
                              a model file cannot hold 2 GB; default 1.9e9, 0: always */
} vt_graph_write_options;
VT_API vt_graph_write_options vt_graph_write_options_default(void);

/* Writes the graph as an ONNX model of opset 17, whole or not at all: operators that came later and vitrail's
 * own are written in those of opset 17. Open sizes stay open. `options` may be NULL. VT_ERROR_UNSUPPORTED
 * names a node that opset 17 cannot say; VT_ERROR_IO, VT_ERROR_NO_SUCH_FILE: the destination. */
VT_API VT_MUST_CHECK vt_status vt_graph_write(vt_ctx *ctx, const vt_graph *graph, const char *path,
                                              const vt_graph_write_options *options);

/* What goes in and comes out. Names borrowed. A size of −1 is left open by the file (batch, say). */
VT_API int vt_graph_input_count(const vt_graph *graph);
VT_API int vt_graph_output_count(const vt_graph *graph);
VT_API const char *vt_graph_input_name(const vt_graph *graph, int index);
VT_API const char *vt_graph_output_name(const vt_graph *graph, int index);
/* Type, rank (−1: unknown) and sizes (space for VT_MAX_RANK) of input / output `index`. */
VT_API void vt_graph_input_shape(const vt_graph *graph, int index, vt_type *type, int *rank, int64_t *dims);
VT_API void vt_graph_output_shape(const vt_graph *graph, int index, vt_type *type, int *rank, int64_t *dims);
VT_API const char *vt_graph_sha256(const vt_graph *graph); /* of the model file, 64 hex digits */

/* Runs the graph once, operator by operator. `inputs` in the order of the graph's inputs. Outputs are
 * made in `ctx`, `outputs[i]` for graph output i. Works for every graph that could be read, also
 * where shapes depend on data. */
VT_API VT_MUST_CHECK vt_status vt_graph_run(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                                            vt_tensor **outputs);

/* Compiles the graph for these input shapes (tensors may lack data; those with data are folded in as
 * constants). `threads`: threads inside each operator of one forward. `wanted`: names of inner tensors
 * to expose beside the graph's outputs (fusion ends there). VT_ERROR_DATA_DEPENDENT when a shape depends
 * on data: vt_ctx_clear(), then vt_graph_run(). A plan of several threads can be made and run only
 * outside of OpenMP parallel regions (VT_ERROR_INVALID_ARGUMENT). The plan keeps a reference to the
 * graph: free the plan first. */
VT_API VT_MUST_CHECK vt_status vt_plan_compile(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                                               int threads, const char *const *wanted, int wanted_count,
                                               vt_plan **out);
VT_API void vt_plan_free(vt_plan *plan);
VT_API int vt_plan_output_count(const vt_plan *plan); /* graph outputs, then `wanted` */
/* Shape of an output as a tensor without data, borrowed from the plan. */
VT_API const vt_tensor *vt_plan_output(const vt_plan *plan, int index);
VT_API double vt_plan_flops(const vt_plan *plan);         /* of one forward, multiply-add = 2 */
VT_API size_t vt_plan_session_bytes(const vt_plan *plan); /* memory one session needs */

/* Items that one forward of a worker should hold, from the cost of one item in floating-point operations
 * (multiply-add = 2): 1 from 100 million up, otherwise as many as reach that, at most 16. By rule and not by
 * timing, so that results have the same bytes on every run. */
VT_API int vt_micro_batch(double flops_per_item);

/* Memory for one thread at a time to run the plan in. Free it before the plan. Any number of sessions may run
 * side by side; each gives the same bytes as if it ran alone. */
VT_API VT_MUST_CHECK vt_status vt_session_new(vt_ctx *ctx, const vt_plan *plan, vt_session **out);
VT_API void vt_session_free(vt_session *session); /* accepts NULL */
/* Row-major memory of input / output `index`, owned by the session: write inputs, run, read outputs. Inputs
 * stay as written from run to run. NULL: no such index, or an input whose value was given when compiling. */
VT_API void *vt_session_input(vt_session *session, int index);
VT_API const void *vt_session_output(const vt_session *session, int index);
VT_API VT_MUST_CHECK vt_status vt_session_run(vt_ctx *ctx, vt_session *session);

#ifdef __cplusplus
}
#endif
#endif
