/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph written, read again and run: the same outputs. With VITRAIL_EXPORT_DIR set the file stays there,
 * beside NAME.npz with inputs and outputs, for tools/check_export.py.
 */
#ifndef VT_TESTS_GRAPH_EXPORT_CASE_H
#define VT_TESTS_GRAPH_EXPORT_CASE_H

#include <math.h>

#include "graph/assemble.h"
#include "graph/graph.h"
#include "test.h"
#include "vitrail/data.h"

enum { EXPORT_ENDS = 16 };

static inline void export_keep(vt_ctx *ctx, const vt_graph *graph, const char *path, vt_tensor *const *inputs,
                               vt_tensor *const *outputs)
{
  char names[2 * EXPORT_ENDS][256];
  const char *pointers[2 * EXPORT_ENDS];
  vt_tensor *tensors[2 * EXPORT_ENDS];
  int count = 0;
  for (int i = 0; i < graph->input_count; i++) {
    snprintf(names[count], sizeof names[0], "in:%.200s", vt_graph_input_name(graph, i));
    tensors[count++] = inputs[i];
  }
  for (int i = 0; i < graph->output_count; i++) {
    snprintf(names[count], sizeof names[0], "out:%.200s", vt_graph_output_name(graph, i));
    tensors[count++] = outputs[i];
  }
  for (int i = 0; i < count; i++)
    pointers[i] = names[i];
  char npz[4096];
  snprintf(npz, sizeof npz, "%.4000s.npz", path);
  assert_ok(ctx, vt_npz_write(ctx, npz, pointers, tensors, count));
}

/* `tolerance` 0: bit for bit; otherwise relative to the largest number of each output. */
static inline void export_check(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                                const char *name, double tolerance, const vt_graph_options *options)
{
  vt_tensor *before[EXPORT_ENDS] = {NULL}, *after[EXPORT_ENDS] = {NULL};
  char path[4096], folder[] = "/tmp/vitrail-export-XXXXXX";
  const char *kept = getenv("VITRAIL_EXPORT_DIR");
  vt_graph *again;
  assert_true(graph->input_count <= EXPORT_ENDS && graph->output_count <= EXPORT_ENDS);
  if (!kept) assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%.2000s/%.200s.onnx", kept ? kept : folder, name);
  assert_ok(ctx, vt_graph_run(ctx, graph, inputs, before));
  assert_ok(ctx, vt_graph_write(ctx, graph, path, NULL));
  assert_ok(ctx, vt_graph_read(ctx, path, options, &again));
  assert_int_equal(again->opset, 17);
  assert_string_equal(again->producer, "vitrail");
  assert_int_equal(again->input_count, graph->input_count);
  assert_int_equal(again->output_count, graph->output_count);
  for (int i = 0; i < graph->input_count; i++)
    assert_string_equal(vt_graph_input_name(again, i), vt_graph_input_name(graph, i));
  assert_ok(ctx, vt_graph_run(ctx, again, inputs, after));
  for (int i = 0; i < graph->output_count; i++) {
    char a[160], b[160];
    assert_string_equal(vt_graph_output_name(again, i), vt_graph_output_name(graph, i));
    if (before[i]->type != after[i]->type || !vt_same_shape(before[i], after[i]))
      fail_msg("%s: output %d was %s and is %s", name, i, vt_shape_text(before[i], a),
               vt_shape_text(after[i], b));
    if (tolerance == 0) {
      if (!vt_same_tensor(before[i], after[i])) fail_msg("%s: output %d has other bits", name, i);
      continue;
    }
    double most = 0, worst = 0;
    for (int64_t k = 0; k < vt_count(before[i]); k++) {
      most = fmax(most, fabs(vt_get_f64(before[i], k)));
      double difference = fabs(vt_get_f64(before[i], k) - vt_get_f64(after[i], k));
      if (!(difference <= worst)) worst = difference;
    }
    if (!(worst <= tolerance * most))
      fail_msg("%s: output %d is %g off, its largest number is %g", name, i, worst, most);
  }
  if (kept) export_keep(ctx, graph, path, inputs, before);
  vt_graph_free(again);
  if (kept) return;
  unlink(path);
  rmdir(folder);
}

#endif
