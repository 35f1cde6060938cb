/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the LiMA experiment share: pictures of drawn scenes that a classifier gets right, and one
 * way to run a method on a picture.
 */
#ifndef VT_PAPERS_LIMA_BENCH_H
#define VT_PAPERS_LIMA_BENCH_H

#include "attribution/attribute.h"
#include "metrics/part_truth.h"

/* Scenes of scenes/object that the bundled classifier answers rightly, one after the other. */
typedef struct vt_lima_scenes {
  vt_model *model;
  vt_world *world;
  int64_t next, right;
} vt_lima_scenes;

/* Worlds of different seeds share no scene. */
vt_status vt_lima_scenes_open(vt_ctx *ctx, uint64_t seed, vt_lima_scenes *out);
void vt_lima_scenes_close(vt_lima_scenes *scenes);
/* The next one, which the caller frees with vt_part_truth_free(). */
vt_status vt_lima_scenes_next(vt_ctx *ctx, vt_lima_scenes *scenes, vt_part_truth *out);

/* What is explained, and how. */
typedef struct vt_lima_question {
  vt_model *model;
  const vt_image *picture;
  int target;
  const char *regions;        /* as the command line has it */
  const char *method;         /* id */
  const char *settings;       /* "name=value name=value": of the method, or of the run; NULL: none */
  const vt_regions *division; /* instead of `regions`, which then only says what it is; NULL: none */
  int64_t max_calls;          /* 0: none */
  uint64_t seed;
} vt_lima_question;

/* Without a budget, a search that ends early is an error. */
vt_status vt_lima_ask(vt_ctx *ctx, const vt_lima_question *question, vt_result *out);

#endif
