/* SPDX-License-Identifier: Apache-2.0
 *
 * From a request (model, photograph, method, settings) to an explanation: the one way in for the command
 * line, the viewer and C callers.
 */
#ifndef VT_ATTRIBUTION_ATTRIBUTE_H
#define VT_ATTRIBUTION_ATTRIBUTE_H

#include "explain/divide.h"
#include "explain/method.h"

/* All attribution methods (attribution/list.c). */
extern const vt_method_list vt_methods;

/* Settings of a run that do not belong to one method. The command line makes its flags from
 * vt_request_fields. */
typedef struct vt_request {
  char *regions; /* vt_divide() text */
  char *prior;   /* method whose map divides the picture in place of `regions`; NULL: none */
  int64_t prior_grid, prior_patches; /* patches a side (0: by the picture's size), patches a region */
  char *fill;                        /* vt_fill_make() text */
  char *target;                      /* "pred", a class index or a class name */
  int class_score;                   /* vt_score_kind */
  char *contrast;                    /* of a margin: class index or name; NULL: the strongest other class */
  char *similar_to;                  /* of a similarity: file of the direction (.npy); NULL: none */
  char *text, *not_text;             /* of a similarity: texts it is taken with, and against; NULL: none */
  char *mask;                        /* of a mean: label file, where it is not 0; NULL: everywhere */
  char *box;                         /* of a detector: "x0,y0,x1,y1" in the photograph; NULL: a detection */
  char *detection;                   /* of a detector: number of what it finds, best first; NULL: 0 */
  int reduce;                        /* vt_reduction, of methods that make maps */
  int region_score;                  /* of those: mean of the map over a region, or sum */
  int attention_gradient; /* of methods that look inside: 0 through the patterns, 1 patterns held fixed */
  int precision;          /* of methods that look inside: 0 f32, 1 f64 */
  int64_t max_calls;      /* 0: none */
  double time_limit;      /* seconds, 0: none */
  int64_t batch;
  int64_t seed;
  /* C callers: a division at the model's size instead of the one `regions` names, which then only says what
   * it is; NULL: none. Borrowed. */
  const vt_regions *division;
  /* C callers: the direction of a similarity, f32, instead of a file; NULL: none. Borrowed. */
  const struct vt_tensor *direction;
  /* C callers: the varying tensor itself, [vt_model_input_floats()], for methods that look inside or compose
   * inputs; NULL: from the picture. Borrowed. */
  const float *input;
  bool bare; /* C callers: no curves are made of a map */
} vt_request;
extern const vt_field vt_request_fields[];
extern const size_t vt_request_field_count;

/* Sets what preset `name` of the method says: of the method in `settings`, and of the run in `request`,
 * by those of its fields that the caller uses (`fields`: vt_request_fields or a part of them).
 * VT_ERROR_INVALID_ARGUMENT for a name that the method does not have lists those it has. */
vt_status vt_preset_apply(vt_ctx *ctx, const vt_method *method, const char *name, void *settings,
                          const vt_field *fields, size_t count, vt_request *request);

/* A finished run with all that its explanation points into. */
typedef struct vt_result {
  vt_image *picture, *blank;
  vt_placement placement;
  vt_regions *regions;
  vt_regions_report regions_report;
  vt_explanation *explanation;
} vt_result;

/* Index of the class that `text` names: an index, "-1"/"pred" (−1 in `*out`), or a class name (exact, else
 * unique part of a name; otherwise an error with the nearest names). */
vt_status vt_target_parse(vt_ctx *ctx, const vt_model *model, const char *text, int *out);

/* The direction of a similarity, f32, made in `ctx`; NULL when none is named. A file that holds NaN, infinity
 * or nothing but zeros points nowhere: VT_ERROR_INVALID_DATA. VT_ERROR_INVALID_ARGUMENT when the class score
 * is another one, which would not look at it. */
vt_status vt_request_direction(vt_ctx *ctx, const vt_request *request, vt_tensor **out);

/* Runs `method` with `settings` (its settings struct) on the photograph. `photo_sha256` may be NULL. */
vt_status vt_attribute_run(vt_ctx *ctx, vt_model *model, const vt_image *photo, const char *photo_sha256,
                           const vt_method *method, const void *settings, const vt_request *request,
                           vt_result *out);
void vt_result_free(vt_result *result); /* members only */

/* What a run would cost, for --dry-run and the warning above 512 regions: model calls of the method on
 * `regions` regions (embedding: effectiveness is on); −1 when the method cannot tell. */
int64_t vt_attribute_calls(const vt_method *method, const void *settings, int regions, bool embedding);

/* The official LiMA repository's files, so that its evaluators can score ours: npy stack [k, H, W, 3] of
 * region pictures in ranked order and JSON of score lists (01-lima "Interface"). */
vt_status vt_official_write(vt_ctx *ctx, const vt_explanation *explanation, const char *npy_path,
                            const char *json_path);
/* Order and label map from such files: order[j] = j, labels by stack place, pixels in no
 * region in one more region. */
vt_status vt_official_read(vt_ctx *ctx, const char *npy_path, const char *json_path, int32_t **labels,
                           int *height, int *width, int **order, int *count);

#endif
