/* SPDX-License-Identifier: Apache-2.0
 *
 * What is trained: a task says how a batch becomes a loss, and how good a model is. The usual ones are made
 * by functions here.
 */
#ifndef VT_NN_TASK_H
#define VT_NN_TASK_H

#include "data/dataset.h"
#include "nn/step.h"

/* Named numbers about a model; the first decides which model is best. */
enum { VT_MEASURES = 16 };
typedef struct vt_measures {
  int count;
  struct {
    char name[40];
    double value;
    bool lower; /* lower is better */
  } items[VT_MEASURES];
} vt_measures;
/* More than VT_MEASURES are dropped. */
void vt_measures_add(vt_measures *measures, const char *name, double value, bool lower);
/* NaN: no such measure. */
double vt_measures_get(const vt_measures *measures, const char *name);

typedef struct vt_learning_task {
  const char *id;
  const char *const *fields; /* of the data set that the loss reads, NULL-terminated; NULL: all */
  /* Runs the model on a training batch and adds the parts of the loss. */
  void (*loss)(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses);
  /* Measures the model on a whole set; run->training is off. */
  vt_status (*measure)(vt_run *run, const vt_dataset *set, int64_t batch, const void *user, vt_measures *out);
  const void *user;
} vt_learning_task;

/* Calls `body` with each batch of a set in order, tensors released behind each. `fields` as in
 * vt_learning_task. */
typedef vt_status (*vt_batch_fn)(vt_run *run, const vt_batch *batch, void *user);
vt_status vt_each_batch(vt_run *run, const vt_dataset *set, int64_t batch, const char *const *fields,
                        vt_batch_fn body, void *user);
/* Bit set of field numbers for vt_batch_make(). An unknown name is an error that lists the fields. */
vt_status vt_fields_of(vt_ctx *ctx, const vt_dataset *set, const char *const *names, uint32_t *out);

/* ---- classification ---- */

/* A model of one tensor: x [N, …] → scores [N, classes]. */
typedef vt_tensor *(*vt_model_fn)(vt_scope s, vt_tensor *x, const void *settings);

/* What the scores of a classifier are taught to be. */
typedef enum vt_objective_kind {
  VT_OBJECTIVE_ENTROPY,        /* logits, by cross-entropy */
  VT_OBJECTIVE_EVIDENTIAL_LOG, /* evidence (nn/evidence.h), by one of its losses */
  VT_OBJECTIVE_EVIDENTIAL_DIGAMMA,
  VT_OBJECTIVE_EVIDENTIAL_SQUARED
} vt_objective_kind;
#define VT_OBJECTIVE_CHOICES "entropy|evidential-log|evidential-digamma|evidential-squared"

/* Cross-entropy of "label" given `input`, or an evidential loss; measures accuracy (top 1; the lowest of
 * equal scores), entropy (mean −ln of the label's probability, nats; evidential: of its expected one) and,
 * of evidential ones, uncertainty (mean u). */
typedef struct vt_classify {
  vt_model_fn model;
  const void *settings; /* of the model */
  const char *input;    /* field, "image" */
  double smoothing;     /* of cross-entropy */
  vt_objective_kind objective;
  /* Evidential: steps until KL(Dir(α̃) ‖ Dir(1)) counts in full, growing evenly; 0: it never counts. */
  int64_t annealing;
  /* Evidential: pictures of noise added to a training batch, as a share of it; all evidence for them is
   * punished. 0: none. (Not in the paper: without it a network that never saw noise is sure of it.) */
  double noise;
  const char *fields[3]; /* set by vt_classify_task() */
} vt_classify;
vt_learning_task vt_classify_task(vt_classify *classify); /* borrows */

#endif
