/* SPDX-License-Identifier: Apache-2.0
 *
 * A model behind an ONNX graph: how it is run (model_onnx.c) and how it is opened (model_open.c).
 */
#ifndef VT_EXPLAIN_MODEL_ONNX_H
#define VT_EXPLAIN_MODEL_ONNX_H

#include <pthread.h>

#include "explain/model_kind.h"
#include "graph/graph.h"

typedef struct vt_onnx_state {
  vt_graph *graph; /* owned */
  vt_plan *plan;   /* of `micro` items and one thread; NULL: shapes depend on data, the graph runs by trace */
  int micro;       /* items of one forward; tails are padded */
  int64_t input_dims[4]; /* [micro, channels, height, width], or channels last */
  int output;            /* index among the graph's outputs */
  int part_count;        /* of a detector: outputs that are read, one behind the other; 0: `output` alone */
  int parts[4];          /* VT_DETECTOR_OUTPUTS */
  int embedding;         /* index among the plan's outputs (or the graph's, by trace), −1: none */
  char *embedding_name;  /* owned, NULL: none */
  pthread_mutex_t lock;  /* guards the sessions not in use */
  vt_session **idle;
  size_t idle_count, idle_capacity;
} vt_onnx_state;

extern const vt_model_kind vt_model_kind_onnx;

/* A state without graph. Free with the kind's free_state. */
vt_status vt_onnx_state_new(vt_ctx *ctx, vt_onnx_state **out);

/* Model of a graph, which it owns from now on, also on failure, like `preprocess`. `preprocess` NULL:
 * everything is assumed, and the assumptions recorded. `path` is for messages. See vt_model_open(). */
vt_status vt_model_of_graph(vt_ctx *ctx, vt_graph *graph, const char *path, vt_preprocess *preprocess,
                            const char *output, const char *embedding, vt_model **out);

/* Chooses output and embedding by name, compiles the plan or falls back to the trace, and sets classes and
 * sizes of `model`, whose preprocess and input are known (model_compile.c). */
vt_status vt_onnx_compile(vt_ctx *ctx, vt_model *model, const char *path, const char *output,
                          const char *embedding);

/* Detectors (model_detector.c): finds the outputs that the sidecar names, and checks their shapes;
 * `outputs` in the order of the parts. Nothing where the model is no detector. */
vt_status vt_onnx_detector_names(vt_ctx *ctx, vt_model *model, const char *path);
vt_status vt_onnx_detector_shape(vt_ctx *ctx, vt_model *model, const char *path,
                                 const vt_tensor *const *outputs);
/* Numbers of item `item` from all parts, in their order, into to[output_floats]. */
void vt_onnx_gather(const vt_model *model, const float *const *outputs, int item, float *to);

#endif
