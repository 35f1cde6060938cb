/* SPDX-License-Identifier: Apache-2.0 */
#include "papers/lima_subjects.h"

#include <stdlib.h>
#include <unistd.h>

#include "explain/model_onnx.h"
#include "training/export.h"
#include "training/train.h"
#include "training/zero_shot.h"

/* Two things in a scene: the label is that of the larger one; of two sounds of equal loudness it is that of
 * either; of two structures in a slide of equal size, of the first. */
const vt_lima_kind vt_lima_kinds[] = {
    {.id = "cnn",
     .title = "residual network, scenes",
     .recipe = "lima-cnn",
     .fill = "black",
     .regions = "slico",
     .extra = "",
     .two = {"form=two"},
     .corrupted = {"shift=noise", "level=4"}},
    {.id = "vit",
     .title = "vision transformer, scenes",
     .recipe = "lima-vit",
     .fill = "black",
     .regions = "slico",
     .extra = "attention-rollout,vit-cx",
     .two = {"form=two"},
     .corrupted = {"shift=noise", "level=4"}},
    {.id = "towers",
     .title = "picture and text towers, scenes",
     .recipe = "lima-towers",
     .fill = "black",
     .regions = "slico",
     .towers = true,
     .embedding = "image.embedding",
     .extra = "grad-eclip",
     .two = {"form=two"},
     .corrupted = {"shift=noise", "level=4"}},
    {.id = "mixer",
     .title = "state-space network, scenes",
     .recipe = "lima-mixer",
     .fill = "black",
     .regions = "slico",
     .extra = "",
     .two = {"form=two"},
     .corrupted = {"shift=noise", "level=4"}},
    {.id = "sounds",
     .title = "classifier of sounds",
     .recipe = "lima-sounds",
     .fill = "zero",
     .regions = "grid:8x8",
     .extra = "",
     .two = {"second=1", "below=0"},
     .corrupted = {"loudness=-16"}},
    {.id = "slides",
     .title = "picture and text towers, tissue",
     .recipe = "lima-slides",
     .fill = "black",
     .regions = "slico",
     .towers = true,
     .embedding = "image.embedding",
     .extra = "grad-eclip",
     .two = {"second=1", "smaller=1"}},
};
const size_t vt_lima_kind_count = VT_COUNT(vt_lima_kinds);

const vt_lima_kind *vt_lima_kind_find(const char *id)
{
  for (size_t i = 0; i < vt_lima_kind_count; i++)
    if (strcmp(vt_lima_kinds[i].id, id) == 0) return &vt_lima_kinds[i];
  return NULL;
}

/* ---- training ---- */

static vt_status read_recipe(vt_ctx *ctx, const vt_lima_kind *kind, const vt_lima_training *training,
                             vt_recipe **out)
{
  char seed[48], steps[48], count[48];
  const char *set[8];
  size_t used = 0;
  snprintf(seed, sizeof seed, "recipe.seed=%d", training->seed);
  snprintf(steps, sizeof steps, "stage.steps=%lld", (long long)training->steps);
  snprintf(count, sizeof count, "data.count=%lld", (long long)training->count);
  set[used++] = seed;
  if (training->variant == VT_LIMA_PLAIN) set[used++] = "data.block_erase=0";
  if (training->steps) set[used++] = steps;
  if (training->count) set[used++] = count;
  return vt_recipe_read(ctx, kind->recipe, set, used, out);
}

typedef struct maker {
  const vt_recipe *recipe;
  vt_trainee *trainee;
} maker;

static void remove_training(vt_ctx *ctx, const char *folder)
{
  static const char *const files[] = {VT_MODEL_FILE,  VT_CHECKPOINT_FILE, VT_LOG_FILE,
                                      VT_RECIPE_FILE, VT_ONNX_FILE,       "model.json"};
  for (size_t i = 0; i < VT_COUNT(files); i++) {
    char *path = vt_trainer_path(ctx, folder, files[i]);
    if (path) remove(path);
    vt_free(path);
  }
  rmdir(folder);
}

/* Trains in a folder beside `path` and leaves the best model's parameters there. */
static vt_status make_model(vt_ctx *ctx, void *user, const char *path)
{
  const maker *m = user;
  vt_recipe_result result;
  char *folder = vt_format(ctx, "%s.training-XXXXXX", path), *model = NULL;
  if (!folder) return VT_ERROR_OUT_OF_MEMORY;
  if (!mkdtemp(folder)) {
    vt_status status = vt_fail(ctx, VT_ERROR_IO, "%s: no folder can be made here to train in", folder);
    vt_free(folder);
    return status;
  }
  vt_status status = vt_recipe_train(ctx, m->recipe, m->trainee, folder, false, &result);
  if (status == VT_OK) {
    model = vt_trainer_path(ctx, folder, VT_MODEL_FILE);
    status = model ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK && rename(model, path) != 0)
    status = vt_fail(ctx, VT_ERROR_IO, "%s: cannot be moved to %s", model, path);
  vt_free(model);
  remove_training(ctx, folder);
  vt_free(folder);
  return status;
}

static vt_status get_model(vt_ctx *ctx, vt_cache *cache, const vt_lima_training *training, maker *m,
                           bool *trained)
{
  vt_cache_key key = {.kind = "model",
                      .recipe = m->recipe->text,
                      .world = m->trainee->data[VT_TRAIN].worlds[0]->key,
                      .version = "1",
                      .seed = (uint64_t)training->seed};
  char *path = NULL;
  char alone[] = "/tmp/vitrail-subject-XXXXXX";
  vt_status status;
  *trained = true;
  if (cache) {
    status = vt_cache_file(ctx, cache, &key, make_model, m, &path, trained);
  } else {
    if (!mkdtemp(alone)) return vt_fail(ctx, VT_ERROR_IO, "%s: no folder can be made here", alone);
    path = vt_format(ctx, "%s/model", alone);
    status = path ? make_model(ctx, m, path) : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) status = vt_trainee_load(ctx, m->trainee, path);
  if (!cache) {
    if (path) remove(path);
    rmdir(alone);
  }
  vt_free(path);
  return status;
}

/* ---- as a model ---- */

/* How pictures of worlds become numbers (worlds/world.h), with the names of the classes. */
static vt_status sidecar_of(vt_ctx *ctx, const vt_dataset *set, vt_preprocess **out)
{
  const vt_dataset_field *image = &set->fields[vt_dataset_find(set, "image")];
  json_t *labels = json_array();
  for (int i = 0; i < set->class_count; i++)
    json_array_append_new(labels, json_string(set->classes[i]));
  json_t *sidecar = json_pack(
      "{s:[I,I], s:s, s:s, s:f, s:f, s:s, s:s, s:s, s:o}", "size", (json_int_t)image->dims[1],
      (json_int_t)image->dims[2], "resize", "stretch", "crop", "none", "mean", .5, "std", .5, "channels",
      image->dims[0] == 1 ? "L" : "RGB", "output", "logits", "output_name", "logits", "labels", labels);
  char *text = sidecar ? json_dumps(sidecar, JSON_COMPACT) : NULL;
  vt_status status = text ? vt_preprocess_parse(ctx, text, strlen(text), NULL, out) : VT_ERROR_OUT_OF_MEMORY;
  free(text);
  json_decref(sidecar);
  return status;
}

static vt_status open_model(vt_ctx *ctx, const vt_trainee *trainee, vt_lima_subject *out)
{
  vt_graph *graph = NULL;
  vt_preprocess *sidecar = NULL;
  vt_status status = out->kind->towers
                         ? vt_zero_shot_graph(ctx, trainee->learner, trainee->parameters, &graph)
                         : vt_learner_graph(ctx, trainee->learner, trainee->parameters, &graph);
  VT_TRY(status);
  status = sidecar_of(ctx, trainee->data[VT_TRAIN].set, &sidecar);
  if (status != VT_OK) {
    vt_graph_free(graph);
    return status;
  }
  return vt_model_of_graph(ctx, graph, out->kind->recipe, sidecar, "logits", out->kind->embedding,
                           &out->model);
}

/* ---- subjects ---- */

vt_status vt_lima_subject_open(vt_ctx *ctx, vt_cache *cache, const vt_lima_kind *kind,
                               const vt_lima_training *training, vt_lima_subject *out)
{
  vt_recipe *recipe;
  vt_trainee trainee;
  memset(&trainee, 0, sizeof trainee);
  *out = (vt_lima_subject){.kind = kind, .training = *training};
  VT_TRY(read_recipe(ctx, kind, training, &recipe));
  maker m = {.recipe = recipe, .trainee = &trainee};
  vt_status status = vt_trainee_open(ctx, recipe, &trainee);
  if (status == VT_OK) {
    snprintf(out->world, sizeof out->world, "%s", trainee.data[VT_TRAIN].worlds[0]->preset->id);
    status = get_model(ctx, cache, training, &m, &out->trained);
    if (status == VT_OK) status = open_model(ctx, &trainee, out);
    if (status == VT_OK) status = vt_lima_subject_measure(ctx, trainee.data[VT_TEST].set, out);
    out->parameters = vt_parameters_numbers(trainee.parameters, false);
    vt_trainee_close(&trainee);
  }
  vt_recipe_free(recipe);
  if (status != VT_OK) vt_lima_subject_close(out);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "subject %s", kind->id);
}

void vt_lima_subject_close(vt_lima_subject *subject)
{
  vt_model_free(subject->model);
  subject->model = NULL;
}
