/* SPDX-License-Identifier: Apache-2.0
 *
 * The one result type of all methods. Raw signed values, never normalised; how they
 * were made travels with them.
 */
#ifndef VT_EXPLAIN_EXPLANATION_H
#define VT_EXPLAIN_EXPLANATION_H

#include <jansson.h>

#include "explain/scorer.h"

/* A prefix of the order that matters; −1 regions: there is none. */
typedef struct vt_subset_size {
  int regions;  /* length of the prefix of the order */
  double area;  /* share of the picture */
  double score; /* target's score with only this prefix shown (flip: with it removed) */
} vt_subset_size;

/* Mistakes (01-lima §9): the target is the true class, the model said another one. */
typedef struct vt_mistake {
  bool present;
  int predicted;     /* class the model answered */
  int peak_step;     /* last step whose score is within 0.005 of the highest */
  double highest[4]; /* highest target score within 25, 50, 75, 100 % of the area; NaN: no step fits */
  double peak_area;  /* revealed area at the highest score */
} vt_mistake;

/* Does what a method gave to the inputs add up to what is to be explained? */
typedef struct vt_completeness {
  bool present;
  double sum;        /* of the map */
  double difference; /* target's score of the picture less that of the baseline */
  double error;      /* sum − difference */
} vt_completeness;

/* How a map over channels became one number a pixel. */
typedef enum vt_reduction {
  VT_REDUCE_AUTO, /* as the method says */
  VT_REDUCE_SUM,
  VT_REDUCE_MEAN,
  VT_REDUCE_ABS_MAX,
  VT_REDUCE_ABS_SUM,
  VT_REDUCE_L2
} vt_reduction;
#define VT_REDUCTION_CHOICES "auto|sum|mean|abs-max|abs-sum|l2"

typedef struct vt_explanation {
  /* what was explained */
  vt_model *model;            /* borrowed */
  const vt_image *picture;    /* borrowed: what the model saw */
  const vt_regions *regions;  /* borrowed */
  vt_regions *own_regions;    /* the same, where nobody else has them; NULL: borrowed */
  vt_regions_report division; /* what had to be done to the division to make it one */
  int target;
  char *target_name;      /* owned, NULL: class without a name */
  char *target_text;      /* owned: what is explained, in words; NULL: the class says it all */
  bool boxed;             /* a box is explained: */
  double target_box[4];   /* x0 y0 x1 y1 in pixels of the model's input */
  json_t *target_details; /* owned object: what data.target of the JSON says besides; NULL: nothing */
  vt_score_kind score;
  double full, blank;          /* target's score of the whole picture and of nothing */
  double full_probability_top; /* highest class probability of the whole picture */
  int predicted;               /* class the model answers for the whole picture */

  /* ranking: k = vt_regions_count() */
  int *order;                         /* [k] region indices, most important first */
  int known;                          /* how many entries a finished search fixed: k, fewer when partial */
  double *insertion;                  /* [k+1] score with the first j regions shown, others filled */
  double *deletion;                   /* [k+1] score with the first j regions removed */
  double *areas;                      /* [k+1] share of pixels in the first j regions */
  double *insertion_second;           /* [k+1] the predicted class in mistakes mode, else NULL */
  double *objective;                  /* [k] F of the prefix where the search evaluated it, NaN elsewhere */
  double insertion_auc, deletion_auc; /* trapezoid over areas (protocol "lima") */
  int best_objective;                 /* length of the prefix with the highest F, −1: none evaluated */
  vt_subset_size best, keep, flip; /* 01-lima §8: highest score; ≥ 0.9·full; decision changes without it */
  vt_mistake mistake;
  double violation_rate; /* share of triples that break diminishing returns; NaN: none evaluated */
  int64_t violation_triples;
  bool uninformative; /* full = blank: the saliency is a rank map */

  /* [height, width] at model resolution, larger = more important: of rankings the raw values of 01-lima §7
   * before min-max, of methods that make maps their reduced map */
  float *saliency;

  /* maps (explain/map.h): raw and signed; NULL: the method ranks regions */
  float *attribution; /* [channels, height, width], or as `attribution_dims` says of other inputs */
  int attribution_rank;
  int64_t attribution_dims[VT_MAX_RANK];
  vt_reduction reduction; /* that made `saliency` */
  float *native;          /* at the layer's own size, before anything was done to it; NULL: there is none */
  int native_rank;
  int64_t native_dims[VT_MAX_RANK];
  char *native_name; /* owned: the tensor it was read from */
  vt_completeness completeness;

  /* how it was made */
  const struct vt_method *method;
  json_t *parameters; /* owned: method parameters and task options */
  char image_sha256[65];
  char graph_sha256[65]; /* where there is no model; "" otherwise */
  uint64_t seed;
  bool partial;
  char *partial_reason; /* owned: see vt_scorer_partial_reason() */
  int64_t model_calls, model_forwards, diagnostic_calls;
  int64_t traced_runs;   /* of model_calls: runs looked into, with or without gradient */
  int64_t composed_runs; /* of model_calls: forwards of inputs that a method composed itself */
  double seconds;
  double method_seconds; /* of those: the method alone, without division, curves and diagnostics */
  int threads, batch;
  json_t *warnings; /* owned array of strings */
  json_t *details;  /* owned: what else the method found, data.details; NULL: nothing */
  json_t *prior; /* owned: the map that divided the picture and how it was made, meta.prior; NULL: none did */
} vt_explanation;

vt_status vt_explanation_new(vt_ctx *ctx, vt_explanation **out);
void vt_explanation_free(vt_explanation *explanation);
/* Sets `regions` and makes the ranking arrays for them: order 0..k−1, every score NaN, insertion_second only
 * when `second`. Called by vt_attribute_run() before a method runs. */
vt_status vt_explanation_ranking(vt_ctx *ctx, vt_explanation *explanation, const vt_regions *regions,
                                 bool second);
/* Appends a sentence to the warnings (printf form). */
vt_status vt_explanation_warn(vt_ctx *ctx, vt_explanation *explanation, const char *format, ...)
    VT_PRINTF(3, 4);

/* From order and scorer: exact curves (every prefix evaluated unless `insertion`/`deletion` hold it already:
 * NaN marks the missing ones), areas, AUCs, the three subsets, the mistake block, the saliency map. Used by
 * every method that ranks regions. Missing points are evaluated as diagnostics when `diagnostic`, else as the
 * method's own calls. When that is cut short (vt_scorer_partial_reason()) the points stay NaN (null
 * in JSON), their AUC too, the explanation is marked partial and VT_OK returned with a clean context. */
vt_status vt_explanation_complete(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer,
                                  bool diagnostic);

/* Trapezoid of `count` points over x. */
double vt_trapezoid(const double *x, const double *y, int count);

/* explanation.json, schema_version 1 (data.order, data.insertion.scores, … meta.…). New reference. */
vt_status vt_explanation_json(vt_ctx *ctx, const vt_explanation *explanation, json_t **out);
/* A JSON string of text from outside (names in a model, paths): bytes that are no UTF-8 become U+FFFD. JSON
 * null for NULL. New reference, NULL when memory is short. */
json_t *vt_json_outside(const char *text);
/* JSON text: keys in the order they were set, numbers %.9g whatever the locale, lists of numbers on one line,
 * a line feed at the end. Caller frees with vt_free(). */
vt_status vt_json_text(vt_ctx *ctx, const json_t *json, char **out);

/* What vt_explanation_read() takes back from a folder: enough to judge the order again. */
typedef struct vt_explanation_file {
  vt_regions *regions; /* from labels.npy */
  int *order;          /* [count] region indices, most important first */
  int count;
  int target;
  vt_score_kind score;
  double full, blank; /* NaN where the file has null */
  char *method;       /* id, NULL when the file names none */
} vt_explanation_file;

/* Reads FOLDER/explanation.json (schema_version 1) and FOLDER/labels.npy. The order must be a permutation of
 * the labels' regions. On failure nothing is left in `out`. */
vt_status vt_explanation_read(vt_ctx *ctx, const char *folder, vt_explanation_file *out);
void vt_explanation_file_free(vt_explanation_file *file); /* members only */

#endif
