/* SPDX-License-Identifier: Apache-2.0
 *
 * A model under construction: x [2, 3] goes in, y comes out, nodes and tensors are added by the test.
 */
#ifndef VT_TESTS_GRAPH_MODEL_FIXTURE_H
#define VT_TESTS_GRAPH_MODEL_FIXTURE_H

#include "onnx_writer.h"
#include "vitrail/graph.h"

static const int64_t two_by_three[2] = {2, 3};

typedef struct fixture {
  vt_ctx *ctx;
  pb graph;
} fixture;

static inline int set_up(void **state)
{
  fixture *f = calloc(1, sizeof *f);
  f->ctx = vt_ctx_new();
  f->graph = onnx_graph(f->ctx, 2, two_by_three);
  *state = f;
  return 0;
}

static inline int tear_down(void **state)
{
  fixture *f = *state;
  vt_text_free(&f->graph);
  vt_ctx_free(f->ctx);
  free(f);
  return 0;
}

static inline void add(fixture *f, pb node)
{
  pb_message(f->ctx, &f->graph, ONNX_NODE, &node);
}

static inline void add_tensor(fixture *f, pb tensor)
{
  pb_message(f->ctx, &f->graph, ONNX_INITIALIZER, &tensor);
}

/* Reads the model, which must be accepted, and frees its bytes. */
static inline vt_graph *read_model(vt_ctx *ctx, pb *model)
{
  vt_graph *graph;
  assert_ok(ctx, vt_graph_parse(ctx, model->data, model->length, NULL, NULL, &graph));
  vt_text_free(model);
  return graph;
}

static inline vt_graph *read_opset(fixture *f, int64_t opset)
{
  pb model = onnx_model(f->ctx, opset, &f->graph);
  return read_model(f->ctx, &model);
}

#endif
