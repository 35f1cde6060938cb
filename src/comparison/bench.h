/* SPDX-License-Identifier: Apache-2.0
 *
 * One picture on the bench: what is needed to explain it by any contender and to measure what came out, the
 * same for all of them.
 */
#ifndef VT_COMPARISON_BENCH_H
#define VT_COMPARISON_BENCH_H

#include "attribution/again.h"
#include "comparison/contender.h"
#include "comparison/criterion.h"

/* A picture that is explained. Everything is borrowed. */
typedef struct vt_exhibit {
  vt_model *model;
  const vt_image *picture; /* of the model's size */
  const vt_placement
      *placement;            /* where that lies in the photograph, for files of its size; NULL: it is it */
  const char *name;          /* of its file, without the ending, for maps made elsewhere; NULL: none */
  int target;                /* class; negative: the one the model answers */
  const vt_truth *truth;     /* NULL: nothing is known */
  const vt_regions *regions; /* the shared division; NULL: as the terms say */
  /* Mixed into the seeds of contenders, so that a control that is drawn is drawn anew for every picture; 0:
   * seeds as they are. */
  uint64_t draw;
} vt_exhibit;

typedef struct vt_bench {
  vt_exhibit exhibit; /* its regions and target are known now */
  vt_terms terms;
  vt_image *blank;
  vt_regions *own_regions;  /* NULL: they were given */
  vt_scorer *scorer;        /* of the shared division */
  int target, predicted;    /* class explained, class that the model answers */
  double full, blank_score; /* what metrics follow, of the whole picture and of nothing */
} vt_bench;

/* Divides, makes the fill, asks the model for its answer. `out` must not move while in use. */
vt_status vt_bench_open(vt_ctx *ctx, const vt_exhibit *exhibit, const vt_terms *terms, vt_bench *out);
void vt_bench_close(vt_bench *bench);

/* What a contender said of the picture. */
typedef struct vt_made {
  const float *map;          /* [height · width], larger = more important; NULL only of a bare order */
  const float *attribution;  /* [channels, height, width] before it was reduced; NULL: there is none */
  const vt_regions *regions; /* the shared ones, or its own division */
  const int *order;          /* of methods that rank regions: they are judged by it. NULL: by the map */
  bool partial;              /* cut short by a budget of its own */
  int64_t calls, forwards;   /* model calls of the method */
  int64_t samples;           /* that a budget gave it; 0: it has its own */
  double seconds;            /* of the method alone */
  /* inside */
  vt_result result;
  vt_regions *division;
  float *own_map;
  void *settings; /* at the budget */
  char target[16];
  vt_request request;
  vt_asked asked;
  vt_explainer explainer; /* `explain` NULL: there is nobody to ask again */
} vt_made;

/* Explains. `budget`: model calls that a sampling method may take, 0: as its settings say.
 * VT_ERROR_INTERRUPTED when the cancel flag went up meanwhile, since a search that was cut short by it is
 * no result. Free with vt_made_free(). */
vt_status vt_bench_explain(vt_ctx *ctx, const vt_bench *bench, const vt_contender *contender, int64_t budget,
                           vt_made **out);
/* A map [height · width] that came from elsewhere (copied), or an order of all regions of a division
 * (borrowed). */
vt_status vt_made_of_map(vt_ctx *ctx, const vt_bench *bench, const float *map, vt_made **out);
vt_status vt_made_of_order(vt_ctx *ctx, const vt_regions *regions, const int *order, vt_made **out);
void vt_made_free(vt_made *made); /* accepts NULL */

typedef enum vt_granularity {
  VT_AS_IT_IS, /* the pixel map of methods that make one, the order of regions of the others */
  /* Every map averaged over the shared regions, which are ranked by it; localisation, complexity and axioms
   * judge the averaged map itself, of rankings the map of the ranking, since an order has no mass. */
  VT_EQUAL_GRANULARITY
} vt_granularity;
#define VT_GRANULARITY_CHOICES "as-it-is|equal"
/* Whether both are one and the same figure for what this contender made. */
bool vt_bench_same(const vt_bench *bench, const vt_made *made, const vt_criterion *criterion);

/* Measures. A metric that asks the method again, where there is none, is NaN with that as its note, and so is
 * one that compares with a truth which is not known of this picture. The measure's calls include those of the
 * method when it was asked again. */
vt_status vt_bench_measure(vt_ctx *ctx, const vt_bench *bench, vt_made *made, const vt_criterion *criterion,
                           vt_granularity granularity, vt_measure *out);

/* File of a contender of kind MAPS for the picture `name` (NULL: none). Caller frees; NULL: recorded. */
char *vt_contender_map_file(vt_ctx *ctx, const vt_contender *contender, const char *name);
/* A map from FILE.npy, one finite number a pixel: of the model's size, or smaller and then enlarged
 * (bilinear), a larger one is VT_ERROR_INVALID_DATA. Floats [height · width] that the caller frees;
 * `*enlarged` (may be NULL) says whether it was. */
vt_status vt_map_read(vt_ctx *ctx, const char *path, int height, int width, float **out, bool *enlarged);
/* A mask of what decides from a picture or .npy of the photograph's or the model's size, 0 elsewhere, as the
 * model sees it: bytes [height · width] that the caller frees. Pixels that the file does not show are
 * outside. */
vt_status vt_truth_mask_read(vt_ctx *ctx, const char *path, const vt_placement *placement, int height,
                             int width, uint8_t **out);

#endif
