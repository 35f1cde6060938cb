/* SPDX-License-Identifier: Apache-2.0
 *
 * Learners: what a recipe can train by name. A learner joins a network of the nn room to the fields of a data
 * set: it says what the loss reads, how good the model is, and what an exported graph takes and gives.
 *
 * Adding one: a file learner_X.c with its row, a line in list.c, a test in tests/training/.
 */
#ifndef VT_TRAINING_LEARNER_H
#define VT_TRAINING_LEARNER_H

#include "nn/lora.h"
#include "nn/task.h"
#include "worlds/world.h"

enum { VT_LEARNER_INPUTS = 4, VT_LEARNER_OUTPUTS = 4 };

/* An input of the exported graph: a field of the data set, one axis in front for the items. */
typedef struct vt_learner_input {
  const char *field;
  const char
      *open[VT_DATASET_RANK]; /* names of axes of an item that stay open ("tokens"); NULL: as trained */
} vt_learner_input;

typedef struct vt_learner vt_learner;

typedef struct vt_learner_kind {
  const char *id;         /* "resnet" */
  const char *title;      /* one line: what it is and what it learns */
  const vt_field *fields; /* of the network */
  size_t field_count, settings_size;
  /* Reads sizes (classes, vocabulary) from the data and fills learner->task, learner->state. Data from which
   * it cannot learn: VT_ERROR_INVALID_ARGUMENT that says what is missing. */
  vt_status (*open)(vt_ctx *ctx, vt_learner *learner);
  void (*close)(vt_learner *learner);         /* frees learner->state; NULL: nothing to free */
  vt_learner_input inputs[VT_LEARNER_INPUTS]; /* up to the first without a field */
  const char *outputs[VT_LEARNER_OUTPUTS];    /* names, up to the first NULL */
  /* The model as it is used: inputs in the order above → outputs. */
  void (*forward)(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs, vt_tensor **outputs);
} vt_learner_kind;

struct vt_learner {
  const vt_learner_kind *kind;
  void *settings;        /* kind->settings_size bytes */
  const vt_world *world; /* borrowed; NULL: the data is of no world */
  const vt_dataset *set; /* borrowed; fields and classes count, not items */
  void *state;
  vt_learning_task task; /* its `user` is the learner's, or its state */
  vt_lora lora;          /* of all runs of the model; adapters borrowed. A graph has them in its weights */
  bool reads_classes;    /* asked for by vt_learner_classes() */
};

extern const vt_learner_kind *const vt_learner_kinds[];
extern const size_t vt_learner_kind_count;
const vt_learner_kind *vt_learner_find(const char *id); /* NULL: unknown */
/* The same; an unknown id is an error that gives the nearest. */
vt_status vt_learner_named(vt_ctx *ctx, const char *id, const vt_learner_kind **out);

/* Opens a learner by id. `settings` are "name=value" texts; an unknown id or name gives the nearest. World
 * and set must outlive it. Free with vt_learner_close(). */
vt_status vt_learner_open(vt_ctx *ctx, const char *id, const char *const *settings, size_t count,
                          const vt_world *world, const vt_dataset *set, vt_learner **out);
void vt_learner_close(vt_learner *learner); /* accepts NULL */

/* A field of the learner's data that must be there with this type and rank: VT_ERROR_INVALID_ARGUMENT names
 * learner, data and what there is. */
vt_status vt_learner_field(vt_ctx *ctx, const vt_learner *learner, const char *name, vt_type type, int rank,
                           const vt_dataset_field **out);
/* How many classes the data names: VT_ERROR_INVALID_ARGUMENT below 2. */
vt_status vt_learner_classes(vt_ctx *ctx, vt_learner *learner, int64_t *out);

#endif
