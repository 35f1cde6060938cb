/* SPDX-License-Identifier: Apache-2.0
 *
 * A recipe carried out: worlds opened, learner made, stages run one after the other, the model tested and
 * exported.
 */
#ifndef VT_TRAINING_TRAIN_H
#define VT_TRAINING_TRAIN_H

#include "training/learner.h"
#include "training/mixture.h"
#include "training/recipe.h"

/* Data, learner and parameters of a recipe. */
typedef struct vt_trainee {
  vt_mixture data[VT_SPLITS];              /* of data, validation, test */
  vt_mixture stage_data[VT_RECIPE_STAGES]; /* of stages that train on other items; not opened: on data */
  vt_learner *learner;
  vt_parameters *parameters;
  vt_adapter *adapters; /* of the stages that have some, in their order; the learner's `lora` has them. Off
                           until their stage begins or a model that has them is loaded */
} vt_trainee;

/* Opens worlds and learner; parameters have the values they begin with. Free with vt_trainee_close(). */
vt_status vt_trainee_open(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out);
void vt_trainee_close(vt_trainee *trainee);
/* Adapters of the stages up to this one are on and have parameters. */
vt_status vt_trainee_begin_stage(vt_ctx *ctx, vt_trainee *trainee, const vt_recipe *recipe, int stage);

typedef struct vt_recipe_result {
  int stages; /* that ran here */
  vt_trained trained[VT_RECIPE_STAGES];
  vt_measures test;   /* of the last stage's best model on the test set */
  int64_t parameters; /* numbers that are not state */
  double seconds;     /* of training with its validations, here */
  int64_t steps;      /* of all stages */
} vt_recipe_result;

/* Trains into a folder that exists: the trainer's files (nn/trainer.h), recipe.txt, and at the end model.onnx
 * with its sidecar. `resume`: from the folder's checkpoint; otherwise these files of another training are
 * removed first. A parameter that a stage does not train and whose
 * bytes changed all the same is VT_ERROR_RUNTIME. Other failures are those of vt_trainer_run(). */
vt_status vt_recipe_train(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                          bool resume, vt_recipe_result *out);

/* Reads the model of a training folder into the trainee. */
vt_status vt_trainee_load(vt_ctx *ctx, vt_trainee *trainee, const char *path);
/* Whether it can be measured on a set, which has the fields that its task reads and the same classes in the
 * same order; VT_ERROR_INVALID_ARGUMENT says what is missing. */
vt_status vt_trainee_fits(vt_ctx *ctx, const vt_trainee *trainee, const vt_dataset *set);
/* Measures it on items, and on those of each part of a mixture. */
vt_status vt_trainee_measure(vt_ctx *ctx, const vt_trainee *trainee, const vt_mixture *items, int64_t batch,
                             vt_measures *out);
/* A failure that the recipe is to blame for says where in it. */
vt_status vt_recipe_blame(vt_ctx *ctx, const vt_recipe *recipe, const char *block, const char *name,
                          vt_status status);

#define VT_RECIPE_FILE  "recipe.txt"
#define VT_ONNX_FILE    "model.onnx"
#define VT_SIDECAR_FILE "model.json"

#endif
