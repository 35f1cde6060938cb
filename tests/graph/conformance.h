/* SPDX-License-Identifier: Apache-2.0
 *
 * The ONNX project's own cases: finding, running, comparing, reporting.
 */
#ifndef VT_TESTS_GRAPH_CONFORMANCE_H
#define VT_TESTS_GRAPH_CONFORMANCE_H

#include "graph/graph.h"

typedef enum case_verdict { PASSED, FAILED, SKIPPED } case_verdict;

typedef struct case_result {
  char suite[32];
  char name[160];
  char operators[160]; /* operators of the file, Constant left out, at most a few */
  case_verdict verdict;
  bool shape_only; /* random operator: shape and type compared */
  char why[1024];  /* of a failure or skip */
} case_result;

/* Runs the case in `folder` (model.onnx and its test_data_set_N). */
void conformance_run(const char *suite, const char *folder, const char *name, case_result *out);

enum { CONFORMANCE_TENSORS = 64 }; /* inputs or outputs of one case */
/* Runs the graph by plan; outputs are made in the context. Shapes that depend on data: integer inputs are
 * given when compiling; when that is not enough VT_ERROR_DATA_DEPENDENT. */
vt_status conformance_plan(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, vt_tensor **outputs);

/* Table by operator on stdout, one line for each suite. */
void conformance_print(const case_result *results, size_t count);
/* The page docs/conformance.md. */
vt_status conformance_write(vt_ctx *ctx, const char *path, const case_result *results, size_t count);

#endif
