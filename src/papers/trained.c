/* SPDX-License-Identifier: Apache-2.0
 *
 * Two entries a model: the graph and its sidecar, which are made by the same training.
 */
#include "papers/trained.h"

#include <stdlib.h>
#include <unistd.h>

#include "training/train.h"

/* Goes up when the same recipe gives another model. */
static const char version[] = "1";

enum { GRAPH, SIDECAR, FILES };
static const char *const kinds[FILES] = {"model", "sidecar"};
static const char *const names[FILES] = {VT_ONNX_FILE, "model.json"};

typedef struct training {
  vt_cache *cache;
  const vt_recipe *recipe;
  vt_cache_key keys[FILES];
  int wanted; /* of FILES */
} training;

/* ---- making ---- */

static vt_status train_into(vt_ctx *ctx, const vt_recipe *recipe, const char *folder)
{
  vt_trainee trainee;
  vt_recipe_result result;
  VT_TRY(vt_trainee_open(ctx, recipe, &trainee));
  vt_status status = vt_recipe_train(ctx, recipe, &trainee, folder, false, &result);
  vt_trainee_close(&trainee);
  return status;
}

static vt_status read_made(vt_ctx *ctx, const char *folder, int file, unsigned char **data, size_t *size)
{
  *data = NULL;
  char *path = vt_path_join(ctx, folder, names[file]);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_read_file(ctx, path, (size_t)1 << 30, data, size);
  vt_free(path);
  return status;
}

/* All that a training leaves in its folder, and the folder. */
static void sweep(vt_ctx *ctx, const char *folder)
{
  static const char *const files[] = {VT_ONNX_FILE,       "model.json", VT_MODEL_FILE,
                                      VT_CHECKPOINT_FILE, VT_LOG_FILE,  VT_RECIPE_FILE};
  for (size_t i = 0; i < VT_COUNT(files); i++) {
    char *path = vt_path_join(ctx, folder, files[i]);
    if (path) unlink(path);
    vt_free(path);
  }
  rmdir(folder);
}

/* The entry that was asked for goes to `path`, the other one into the cache at once. */
static vt_status make_entry(vt_ctx *ctx, void *user, const char *path)
{
  const training *work = user;
  char *folder = vt_format(ctx, "%s.training", path);
  if (!folder) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_make_directory(ctx, folder);
  if (status == VT_OK) status = train_into(ctx, work->recipe, folder);
  for (int file = 0; file < FILES && status == VT_OK; file++) {
    unsigned char *data;
    size_t size;
    status = read_made(ctx, folder, file, &data, &size);
    if (status == VT_OK && file == work->wanted)
      status = vt_write_file(ctx, path, data, size);
    else if (status == VT_OK)
      status = vt_cache_store(ctx, work->cache, &work->keys[file], data, size);
    vt_free(data);
  }
  sweep(ctx, folder);
  vt_free(folder);
  return status;
}

/* ---- opening ---- */

static vt_status open_cached(vt_ctx *ctx, training *work, const char *embedding, vt_model **out)
{
  char *paths[FILES] = {NULL};
  vt_status status = VT_OK;
  for (int file = 0; file < FILES && status == VT_OK; file++) {
    work->wanted = file;
    status = vt_cache_file(ctx, work->cache, &work->keys[file], make_entry, work, &paths[file], NULL);
  }
  if (status == VT_OK) status = vt_model_open(ctx, paths[GRAPH], paths[SIDECAR], NULL, embedding, out);
  for (int file = 0; file < FILES; file++)
    vt_free(paths[file]);
  return status;
}

static vt_status open_anew(vt_ctx *ctx, const vt_recipe *recipe, const char *embedding, vt_model **out)
{
  const char *place = getenv("TMPDIR");
  char *folder = vt_format(ctx, "%s/vitrail-XXXXXX", place && *place ? place : "/tmp");
  if (!folder) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  if (!mkdtemp(folder)) {
    status = vt_fail(ctx, VT_ERROR_IO, "%s: no folder could be made there for a training", folder);
    vt_free(folder);
    return status;
  }
  status = train_into(ctx, recipe, folder);
  char *path = vt_path_join(ctx, folder, names[GRAPH]);
  if (status == VT_OK && !path) status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_model_open(ctx, path, NULL, NULL, embedding, out);
  vt_free(path);
  sweep(ctx, folder);
  vt_free(folder);
  return status;
}

static vt_status read_wish(vt_ctx *ctx, const vt_trained_wish *wish, vt_recipe **out)
{
  const char **overrides = vt_alloc_zero(ctx, wish->override_count + 1, sizeof *overrides);
  char seed[48];
  if (!overrides) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < wish->override_count; i++)
    overrides[i] = wish->overrides[i];
  snprintf(seed, sizeof seed, "recipe.seed=%lld", (long long)wish->seed);
  overrides[wish->override_count] = seed;
  vt_status status = vt_recipe_read(ctx, wish->recipe, overrides, wish->override_count + 1, out);
  vt_free(overrides);
  return status;
}

vt_status vt_trained_open(vt_ctx *ctx, vt_cache *cache, const vt_trained_wish *wish, vt_model **out)
{
  vt_recipe *recipe = NULL;
  vt_world *world = NULL;
  *out = NULL;
  vt_status status = read_wish(ctx, wish, &recipe);
  if (status == VT_OK && !cache) {
    status = open_anew(ctx, recipe, wish->embedding, out);
  } else if (status == VT_OK) {
    const vt_recipe_data *data = &recipe->train;
    status = vt_world_open(ctx, data->world, (const char *const *)data->settings.data, data->settings.count,
                           (uint64_t)data->seed, &world);
    training work = {.cache = cache, .recipe = recipe};
    for (int file = 0; file < FILES && status == VT_OK; file++)
      work.keys[file] = (vt_cache_key){
          .kind = kinds[file], .recipe = recipe->text, .world = world->key, .version = version};
    if (status == VT_OK) status = open_cached(ctx, &work, wish->embedding, out);
  }
  vt_world_close(world);
  vt_recipe_free(recipe);
  return status;
}
