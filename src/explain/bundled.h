/* SPDX-License-Identifier: Apache-2.0
 *
 * The model inside the library: share/models/scene_classifier.onnx and its sidecar, compiled in. See
 * vt_model_open_bundled().
 */
#ifndef VT_EXPLAIN_BUNDLED_H
#define VT_EXPLAIN_BUNDLED_H

#include "vitrail/explain.h"

/* What stands for a path in messages and results. */
#define VT_BUNDLED_NAME "bundled"

extern const char vt_bundled_onnx[], vt_bundled_sidecar[];
extern const size_t vt_bundled_onnx_size, vt_bundled_sidecar_size;

/* The graph, its path VT_BUNDLED_NAME. Free with vt_graph_free(). */
vt_status vt_bundled_graph(vt_ctx *ctx, vt_graph **out);
/* How it takes pictures. Free with vt_preprocess_free(). */
vt_status vt_bundled_preprocess(vt_ctx *ctx, vt_preprocess **out);
/* The sentence of vt_model_notice(), which names the classes. Caller frees with vt_free(). */
vt_status vt_bundled_notice(vt_ctx *ctx, const vt_preprocess *preprocess, char **out);

#endif
