/* SPDX-License-Identifier: Apache-2.0
 *
 * What takes part in a comparison: a method with its settings, maps made elsewhere, or the truth itself.
 */
#ifndef VT_COMPARISON_CONTENDER_H
#define VT_COMPARISON_CONTENDER_H

#include "attribution/attribute.h"

/* What holds for every contender of a comparison, and for what is measured. Texts are borrowed. */
typedef struct vt_terms {
  const char *regions;       /* vt_divide() text: the division they share */
  const char *fill;          /* vt_fill_make() text: what hides a region */
  vt_score_kind class_score; /* what metrics follow */
  /* What is explained: 0 `class_score`, but for methods that look inside the logit instead of a probability,
   * whose gradient vanishes where the model is sure; else 1 + vt_score_kind for all. */
  int explained;
  int64_t seed;
} vt_terms;

typedef enum vt_contender_kind {
  VT_CONTENDER_METHOD, /* the controls random and centre-prior are methods, too */
  VT_CONTENDER_MAPS,   /* maps made elsewhere: FILE.npy, or a folder with NAME.npy for every picture */
  VT_CONTENDER_ORACLE  /* the mask of what decides, taken as a map: what localisation can reach */
} vt_contender_kind;

typedef struct vt_contender {
  vt_contender_kind kind;
  char *label;
  const vt_method *method; /* of METHOD, with its settings (owned) and those of its run */
  void *settings;
  vt_request request;
  bool own_regions; /* the division is not that of the terms */
  char *path;       /* of MAPS */
} vt_contender;

/* From "rise", "rise@captum", "quick=rise(n_samples=500)", "maps:DIR", "oracle". Settings in parentheses are
 * those of the method and, where it has none of that name, of the run (regions, fill, class_score, seed,
 * max_calls …; not the target, which is the comparison's). A preset comes before them. Unknown names:
 * VT_ERROR_INVALID_ARGUMENT with the nearest. Free members with vt_contender_free(). */
vt_status vt_contender_parse(vt_ctx *ctx, const char *text, const vt_terms *terms, vt_contender *out);
/* The same from parts: a method's id or alias, its preset (NULL: none), settings; label NULL: the id. */
vt_status vt_contender_method(vt_ctx *ctx, const char *label, const char *id, const char *preset,
                              const vt_texts *set, const vt_terms *terms, vt_contender *out);
void vt_contender_free(vt_contender *contender);

/* A list of them: "lima,rise@captum,rise(n_samples=500)". Two of one label are VT_ERROR_INVALID_ARGUMENT. */
vt_status vt_contenders_parse(vt_ctx *ctx, const char *list, const vt_terms *terms, vt_contender **out,
                              size_t *count);
void vt_contenders_free(vt_contender *contenders, size_t count);

/* Settings of the method and of its run as JSON, as far as they change an explanation. New reference. */
json_t *vt_contender_json(vt_ctx *ctx, const vt_contender *contender);

/* The method's settings with the most samples for which its model calls on `regions` regions are at most
 * `calls`; with the fewest it can have where even these ask more. `*samples` is their number and
 * `*settings` a copy that borrows the contender's texts: vt_free() it, no more. A method that draws no
 * samples, or cannot tell its calls beforehand: 0 and NULL. */
vt_status vt_contender_at_budget(vt_ctx *ctx, const vt_contender *contender, int regions, bool embedding,
                                 int64_t calls, void **settings, int64_t *samples);

#endif
