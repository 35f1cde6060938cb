/* SPDX-License-Identifier: Apache-2.0
 *
 * attribution: which parts of a picture make a model decide. One call from photograph to result; everything
 * the command `vitrail explain` can set is an option by name here, in the same text form.
 *
 *   vt_option options[] = {{"regions", "seeds"}, {"target", "espresso"}, {"weights", "20,5,0.05,0.01"}};
 *   vt_attribution *result = NULL;
 *   if (vt_attribute(ctx, model, photo, "lima", options, 3, &result) != VT_OK) puts(vt_ctx_message(ctx));
 */
#ifndef VITRAIL_ATTRIBUTION_H
#define VITRAIL_ATTRIBUTION_H

#include "vitrail/explain.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A setting in text form: of the run (regions, fill, target, class-score, max-calls, time-limit,
 * batch, seed) or of the method. '-' and '_' are the same in names. `vitrail methods ID` lists them
 * with ranges and defaults. */
typedef struct vt_option {
  const char *name, *value;
} vt_option;

/* A finished run: ranking, curves, map, and how they were made. */
typedef struct vt_attribution vt_attribution;

/* Explains the model's decision on `photo` (any size; prepared as the model's sidecar says) with the method
 * of that id or alias. `model` and `photo` are borrowed: the model must outlive the result, the photo need
 * not. A result cut short by max-calls, time-limit or the cancel flag is valid, VT_OK is returned, and
 * vt_attribution_partial() is true. Errors: VT_ERROR_INVALID_ARGUMENT names the option or method, with the
 * nearest that exists. Free with vt_attribution_free(). */
VT_API VT_MUST_CHECK vt_status vt_attribute(vt_ctx *ctx, vt_model *model, const vt_image *photo,
                                            const char *method, const vt_option *options, size_t option_count,
                                            vt_attribution **out);
VT_API void vt_attribution_free(vt_attribution *result); /* accepts NULL */

/* Regions by importance, most important first, as indices of vt_attribution_regions(). [count], borrowed. */
VT_API const int *vt_attribution_order(const vt_attribution *result, int *count);
/* Curves of count + 1 points, borrowed: score with the first j regions shown / removed, share of pixels they
 * cover. A point that a partial run did not reach is NaN. */
VT_API const double *vt_attribution_insertion(const vt_attribution *result);
VT_API const double *vt_attribution_deletion(const vt_attribution *result);
VT_API const double *vt_attribution_areas(const vt_attribution *result);
/* Areas under those curves; higher / lower is better. NaN when points are missing. */
VT_API void vt_attribution_auc(const vt_attribution *result, double *insertion, double *deletion);
/* Raw map at the model's input size [height, width], larger = more important, never normalised. Borrowed. */
VT_API const float *vt_attribution_saliency(const vt_attribution *result, int *height, int *width);
/* Of methods that make maps: the raw signed map [channels, height, width] before it was reduced to the
 * saliency; NULL of methods that rank regions. `dims` receives three sizes. Borrowed. */
VT_API const float *vt_attribution_map(const vt_attribution *result, int64_t dims[3]);
/* The map of a layer at its own size [height, width], before it was resized, with the name of the tensor
 * it was read from; NULL where the method has none. Borrowed. */
VT_API const float *vt_attribution_native(const vt_attribution *result, const char **tensor, int *height,
                                          int *width);
/* Whether the method's map should add up to a difference of scores; then what it sums to, and the
 * difference. */
VT_API bool vt_attribution_completeness(const vt_attribution *result, double *sum, double *difference);
VT_API const vt_regions *vt_attribution_regions(const vt_attribution *result);
/* Class explained; its score for the whole picture and for nothing of it. */
VT_API int vt_attribution_target(const vt_attribution *result, double *full, double *blank);
VT_API bool vt_attribution_partial(const vt_attribution *result);
VT_API int64_t vt_attribution_model_calls(const vt_attribution *result);
/* explanation.json (schema_version 1) as text. Caller frees with vt_text_release(). */
VT_API VT_MUST_CHECK vt_status vt_attribution_json(vt_ctx *ctx, const vt_attribution *result, char **out);
VT_API void vt_text_release(char *text); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
