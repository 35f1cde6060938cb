/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the scorer, shared by its files: composing (scorer_compose.c), the map of what is known
 * (scorer_cache.c), and counting, budgets and runs (scorer.c).
 */
#ifndef VT_EXPLAIN_SCORER_INSIDE_H
#define VT_EXPLAIN_SCORER_INSIDE_H

#include "explain/model_kind.h"
#include "explain/regions.h"
#include "explain/scorer_cache.h"

/* `length` pixels in a row from `start`. */
typedef struct vt_pixel_run {
  int32_t start, length;
} vt_pixel_run;

/* The two inputs that composites are made of, normalised and in the model's layout. */
typedef struct vt_composer {
  size_t floats;
  int channels;
  int64_t pixels; /* height · width */
  bool channels_last;
  float *shown, *hidden;     /* picture and blank */
  const vt_regions *regions; /* may be NULL */
  vt_pixel_run *runs;        /* of region r: runs[offsets[r]] … runs[offsets[r + 1] − 1] */
  int64_t *offsets;
} vt_composer;

vt_status vt_composer_init(vt_ctx *ctx, vt_composer *composer, const vt_model *model, const vt_image *picture,
                           const vt_image *blank, const vt_scorer_options *options,
                           const vt_regions *regions);
void vt_composer_free(vt_composer *composer); /* members only */
/* Regions in `bits` from the picture, the others from the blank. */
void vt_compose_subset(const vt_composer *composer, const uint64_t *bits, float *input);
/* Pixels whose `shown` byte is not 0 from the picture. */
void vt_compose_pixels(const vt_composer *composer, const uint8_t *shown, float *input);

struct vt_scorer {
  vt_model *model;
  vt_scorer_options options;
  vt_composer composer;
  vt_subset_cache cache;
  vt_cached full; /* the whole picture, with probabilities */
  int words, region_count;
  uint32_t call_number;
  bool diagnostic;
  const char *stopped_by; /* the limit of the last refusal, NULL: none yet */
  int64_t calls, forwards, diagnostic_calls;
  double started, run_seconds, invariance;
};

#endif
