/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: what is explained (model, target, regions) and the result every method fills (explanation).
 *
 * Every attribution method and every faithfulness metric is written once against these.
 */
#ifndef VITRAIL_EXPLAIN_H
#define VITRAIL_EXPLAIN_H

#include "vitrail/data.h"
#include "vitrail/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- model ---- */

typedef struct vt_model vt_model;

/* A black box written by the caller: `count` items, each `input_floats` normalised floats, in;
 * `count` × `output_floats` raw outputs, out. Called from one thread at a time. Return VT_OK, or
 * record a failure in `ctx`. */
typedef vt_status (*vt_predict_fn)(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs);

/* Opens an ONNX image model with its sidecar (`preprocess` NULL: MODEL.json beside it when there, assumptions
 * otherwise; vt_model_assumption() lists them). `output`: name of the graph output explained, NULL: the
 * sidecar's or the first. `embedding`: name of an inner tensor read as the item's embedding, NULL: none. */
VT_API VT_MUST_CHECK vt_status vt_model_open(vt_ctx *ctx, const char *path, const char *preprocess,
                                             const char *output, const char *embedding, vt_model **out);
/* Opens the model inside the library: a small classifier of drawn things, vitrail's own, for trying methods
 * where no model is at hand (share/models/scene_classifier.md). vt_model_notice() says what it knows, and
 * that it is no judge of photographs. `output`, `embedding`: as above; NULL: logits, none. */
VT_API VT_MUST_CHECK vt_status vt_model_open_bundled(vt_ctx *ctx, const char *output, const char *embedding,
                                                     vt_model **out);
/* A model from a function, for pictures of height × width × channels (1 or 3), which it gets as [channels,
 * height, width] in [0, 1]. Outputs are logits when `logits`, else probabilities. */
VT_API VT_MUST_CHECK vt_status vt_model_from_function(vt_ctx *ctx, vt_predict_fn predict, void *user,
                                                      int channels, int height, int width, int classes,
                                                      bool logits, vt_model **out);
VT_API void vt_model_free(vt_model *model);

VT_API int vt_model_classes(const vt_model *model);
VT_API void vt_model_input_size(const vt_model *model, int *channels, int *height, int *width);
/* Name of a class, NULL when the model has no labels. */
VT_API const char *vt_model_class_name(const vt_model *model, int index);
/* Sentences about what had to be assumed for lack of a sidecar. `index` from 0; NULL behind the last. */
VT_API const char *vt_model_assumption(const vt_model *model, int index);
/* What must be said before anything the model answers, a sentence; it is the first warning of every
 * explanation of the model. NULL: nothing, as of all models but the bundled one. */
VT_API const char *vt_model_notice(const vt_model *model);
/* Of the model file, 64 hex digits; "" for functions. */
VT_API const char *vt_model_sha256(const vt_model *model);

/* ---- regions ---- */

/* A division of the model's input: every pixel belongs to exactly one region. */
typedef struct vt_regions vt_regions;

/* What had to be done to a given division to make it one. Counts of pixels, but for the last two. */
typedef struct vt_regions_report {
  int64_t uncovered_pixels; /* in no mask: they became a region of their own */
  int64_t overlap_pixels;   /* in several masks: resolved by the overlap rule (01-lima §1) */
  int64_t dropped_pixels;   /* in masks too small to keep, given to the rest */
  int merged_fragments, dropped_regions;
} vt_regions_report;

/* From ids [height, width]; any ids from 0 up, made consecutive in order of value (`vt_regions_id`
 * gives the old one). Regions need not be connected. VT_ERROR_INVALID_DATA for holes (negative ids).
 * Free with vt_regions_free(). */
VT_API VT_MUST_CHECK vt_status vt_regions_from_labels(vt_ctx *ctx, const int32_t *labels, int height,
                                                      int width, vt_regions **out);
VT_API void vt_regions_free(vt_regions *regions);
VT_API int vt_regions_count(const vt_regions *regions);
VT_API int32_t vt_regions_id(const vt_regions *regions, int index); /* id as in the given labels */
VT_API int64_t vt_regions_area(const vt_regions *regions, int index);
VT_API const int32_t *vt_regions_labels(const vt_regions *regions, int *height, int *width); /* 0..count−1 */

#ifdef __cplusplus
}
#endif
#endif
