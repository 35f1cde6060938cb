/* SPDX-License-Identifier: Apache-2.0
 *
 * Methods declare themselves: one descriptor with everything that help, docs, JSON and pages need to know.
 */
#ifndef VT_EXPLAIN_METHOD_H
#define VT_EXPLAIN_METHOD_H

#include "base/params.h"
#include "explain/explanation.h"
#include "explain/look.h"

/* What a method is given. Everything is borrowed. */
typedef struct vt_task {
  vt_model *model;         /* NULL: the subject is no picture model (tokens) */
  const vt_image *picture; /* [model height, model width] RGB; NULL as above, like the next three */
  const vt_image *blank;   /* the fill, same size */
  const vt_regions *regions;
  vt_scorer *scorer; /* set to the target */
  uint64_t seed;
  /* for methods that look inside (needs gradients or hooks); else subject is NULL */
  const vt_subject *subject;
  vt_target target;   /* resolved: the class explained has its index */
  const float *input; /* [vt_subject_floats()] the varying tensor of the picture explained, normalised */
  vt_type precision;  /* of looks that ask for none: VT_F32 (or 0), VT_F64 */
  const vt_rule_set *rules; /* of looks at gradients that ask for none; NULL: ordinary gradients */
  /* Of arrays: which places (tokens, columns) are hidden together, [places of the first axis] in
   * 0..group_count−1, −1 for those that always stay; NULL: each place by itself. */
  const int32_t *groups;
  int group_count;
} vt_task;

typedef enum vt_needs {
  VT_NEEDS_REGIONS = 1,
  VT_NEEDS_GRADIENTS = 2,
  VT_NEEDS_HOOKS = 4, /* reads or replaces inner tensors */
  VT_NEEDS_LABELS = 8,
  VT_NEEDS_MASKS = 16,
  VT_NEEDS_EMBEDDING = 32,
  VT_NEEDS_PICTURE = 64,     /* not for tokens */
  VT_NEEDS_LAYER = 128,      /* an inner tensor with spatial extent */
  VT_NEEDS_ATTENTION = 256,  /* attention blocks in the graph */
  VT_NEEDS_INPUT = 512,      /* composes inputs of its own, and needs no more than outputs */
  VT_NEEDS_PARTS = 1024,     /* parts of the picture with their true effects */
  VT_NEEDS_PLAYERS = 2048,   /* regions of a picture, or tokens or columns of arrays; may stop half way */
  VT_NEEDS_EXPLAINER = 4096, /* metrics: what made the map, to be asked again */
  VT_NEEDS_WEIGHTS = 8192    /* metrics: a model whose weights can be drawn anew */
} vt_needs;

/* Settings that another toolkit, or a paper, uses by default. */
typedef struct vt_method_preset {
  const char *id;       /* "captum" */
  const char *settings; /* "name=value name=value …": of the method, and of the run (fill, regions) */
} vt_method_preset;

/* To add a method: its file in attribution/ ending in one of these, and a line in attribution/list.c. */
typedef struct vt_method {
  const char *id, *aliases; /* aliases "a|b": names in other toolkits; NULL: none */
  const char *title;
  const char *summary; /* two or three sentences: what it answers and when not to use it */
  const char *citation;
  const char *cost;  /* model calls in words or as a formula */
  const char *place; /* of the survey: "data · token", "model · layer", … */
  unsigned needs;    /* vt_needs */
  size_t settings_size;
  const vt_field *fields;
  size_t field_count;
  const vt_method_preset *presets; /* by rising id; NULL: none */
  size_t preset_count;
  /* Optional check before anything is computed (message says what to change). */
  vt_status (*check)(vt_ctx *ctx, const vt_task *task, const void *settings);
  /* Fills the ranking or, through explain/map.h, the map: a map is reduced and its regions ranked for it.
   * VT_ERROR_LIMIT and VT_ERROR_INTERRUPTED after the explanation was made valid as a partial one are
   * reported through `explanation->partial`, with VT_OK. */
  vt_status (*run)(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation);
  /* Model calls on `regions` regions, full and blank included (`embedding`: effectiveness is on);
   * NULL: not known before. */
  int64_t (*calls)(const void *settings, int regions, bool embedding);
  /* Of methods that draw samples: the whole number among the settings that says how many, so that they can be
   * given a budget of calls; NULL: none. */
  const char *samples;
} vt_method;

/* Registry type: the list itself belongs to the room that has the methods. */
typedef struct vt_method_list {
  const vt_method *const *methods;
  size_t count;
} vt_method_list;

/* By id or alias; NULL when unknown. vt_method_nearest() helps with the message. */
const vt_method *vt_method_find(const vt_method_list *list, const char *name);
const char *vt_method_nearest(const vt_method_list *list, const char *name);
/* The same with room for its settings, not filled yet (vt_free() them). Unknown: VT_ERROR_INVALID_ARGUMENT
 * with the nearest id. */
vt_status vt_method_choose(vt_ctx *ctx, const vt_method_list *list, const char *name,
                           const vt_method **method, void **settings);

#endif
