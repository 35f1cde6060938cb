/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a scene and what they are worth to a model.
 */
#include "metrics/part_truth.h"

#include <math.h>

#include "worlds/scenes.h"

const char *const vt_part_kind_names[VT_PART_KINDS] = {"body", "kit", "sign", "mark", "other thing", "scrap"};

bool vt_part_decides(vt_part_kind kind)
{
  return kind == VT_PART_BODY || kind == VT_PART_KIT || kind == VT_PART_SIGN;
}

bool vt_part_of_thing(vt_part_kind kind)
{
  return vt_part_decides(kind) || kind == VT_PART_MARK;
}

vt_status vt_part_truth_check(vt_ctx *ctx, const vt_world *world, const vt_model *model)
{
  int channels, height, width;
  const char *id = world->preset->id;
  if (strncmp(id, "scenes/", strlen("scenes/")) != 0 || !world->classes)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: parts can be taken away in scenes with classes, such as scenes/object", id);
  vt_model_input_size(model, &channels, &height, &width);
  if (channels != 3 || height != vt_scenes_px(world) || width != vt_scenes_px(world))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the model takes %d×%d pixels of %d channels, %s draws %d×%d of 3: set px", width, height,
                   channels, id, vt_scenes_px(world), vt_scenes_px(world));
  if (vt_model_gives_map(model) || vt_model_classes(model) != world->class_count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the model has %d classes, %s has %d",
                   vt_model_gives_map(model) ? 0 : vt_model_classes(model), id, world->class_count);
  for (int i = 0; i < world->class_count; i++) {
    const char *name = vt_model_class_name(model, i);
    if (name && strcmp(name, world->classes[i]) != 0)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "class %d is '%s' to the model and '%s' in %s", i, name,
                     world->classes[i], id);
  }
  return VT_OK;
}

/* ---- which parts there are ---- */

/* A part as a set of nodes, while the truth is made. */
typedef struct cut {
  char name[40];
  vt_part_kind kind;
  int nodes[VT_SCENE_NODES], count;
} cut;

typedef struct cutting {
  cut cuts[VT_SCENE_NODES];
  int count;
} cutting;

static vt_part_kind kind_of(const vt_node *node)
{
  if (node->kind == VT_NODE_OBJECT) return VT_PART_SIGN;
  if (node->noun == VT_BODY) return VT_PART_BODY;
  for (int kit = 0; kit < VT_KITS; kit++)
    for (int i = 0; i < 2; i++)
      if (vt_kit_parts[kit][i] == node->noun) return VT_PART_KIT;
  return VT_PART_MARK;
}

static void add(cutting *all, const char *name, vt_part_kind kind, int node)
{
  int found = 0;
  while (found < all->count && (all->cuts[found].kind != kind || strcmp(all->cuts[found].name, name) != 0))
    found++;
  if (found == VT_SCENE_NODES) return; /* no scene has more parts than nodes */
  cut *part = &all->cuts[found];
  if (found == all->count) {
    *part = (cut){.kind = kind};
    snprintf(part->name, sizeof part->name, "%s", name);
    all->count++;
  }
  part->nodes[part->count++] = node;
}

static void cut_up(const vt_scenes_item *item, cutting *all)
{
  const vt_scene *scene = &item->scene;
  char name[40];
  int others = 0, scraps = 0;
  all->count = 0;
  for (int i = 0; i < scene->count; i++)
    if (scene->nodes[i].parent == item->main && vt_scene_shown(scene, i))
      add(all, vt_noun_rows[scene->nodes[i].noun].name, kind_of(&scene->nodes[i]), i);
  if (all->count == 0) add(all, vt_noun_rows[scene->nodes[item->main].noun].name, VT_PART_SIGN, item->main);
  for (int i = 0; i < scene->count; i++) {
    const vt_node *node = &scene->nodes[i];
    if (node->parent >= 0 || i == item->main || node->kind == VT_NODE_BACKGROUND || !vt_scene_shown(scene, i))
      continue;
    snprintf(name, sizeof name, "%s %d", vt_noun_rows[node->noun].name, ++others);
    add(all, name, VT_PART_OTHER, i);
  }
  for (int i = 0; i < scene->count; i++)
    if (scene->nodes[i].parent < 0 && scene->nodes[i].noun == VT_CLUTTER && vt_scene_shown(scene, i)) {
      snprintf(name, sizeof name, "scrap %d", ++scraps);
      add(all, name, VT_PART_SCRAP, i);
    }
}

/* Visible pixels of nodes and what is below them. */
static int64_t mark_nodes(const vt_scene *scene, const int *nodes, int count, const uint16_t *labels,
                          int64_t pixels, uint8_t *mask)
{
  bool inside[VT_SCENE_NODES + 1] = {false};
  int64_t area = 0;
  for (int n = 0; n < count; n++)
    for (int i = nodes[n]; i < scene->count; i++)
      inside[i + 1] = inside[i + 1] || vt_scene_below(scene, i, nodes[n]);
  for (int64_t i = 0; i < pixels; i++)
    area += mask[i] = labels[i] <= VT_SCENE_NODES && inside[labels[i]];
  return area;
}

/* ---- what the model says of the scene without each ---- */

typedef struct answers {
  const vt_model *model;
  const vt_image *pictures; /* [count]: the whole one first */
  int label, classes;
  double *probabilities; /* [count, classes] */
  double *logits;        /* [count] of the label */
} answers;

static void compose(void *user, int item, float *input)
{
  const answers *work = user;
  vt_preprocess_floats(vt_model_preprocess(work->model), &work->pictures[item], input);
}

static void consume(void *user, int item, const float *output, const float *embedding)
{
  VT_UNUSED(embedding);
  answers *work = user;
  double *probabilities = work->probabilities + (size_t)item * (size_t)work->classes;
  vt_model_probabilities(work->model, output, probabilities);
  work->logits[item] = vt_model_gives_logits(work->model) ? (double)output[work->label]
                                                          : log(fmax(probabilities[work->label], 1e-300));
}

static int highest(const double *values, int count)
{
  int best = 0;
  for (int i = 1; i < count; i++)
    if (values[i] > values[best]) best = i;
  return best;
}

static vt_status ask(vt_ctx *ctx, vt_model *model, const vt_image *pictures, vt_part_truth *truth)
{
  answers work = {model, pictures, truth->label, vt_model_classes(model), NULL, NULL};
  size_t count = (size_t)truth->count + 1, classes = (size_t)work.classes;
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  work.probabilities = vt_alloc_zero(ctx, count * classes, sizeof *work.probabilities);
  work.logits = vt_alloc_zero(ctx, count, sizeof *work.logits);
  if (!work.probabilities || !work.logits) goto done;
  VT_TRY_DONE(vt_model_run(ctx, model, (int)count, 64, compose, consume, &work));
  truth->logit = work.logits[0];
  truth->probability = work.probabilities[truth->label];
  truth->answer = highest(work.probabilities, work.classes);
  for (size_t p = 1; p < count; p++) {
    vt_part *part = &truth->parts[p - 1];
    const double *probabilities = work.probabilities + p * classes;
    part->logit = truth->logit - work.logits[p];
    part->probability = truth->probability - probabilities[truth->label];
    part->answer = highest(probabilities, work.classes);
  }
done:
  vt_free(work.probabilities);
  vt_free(work.logits);
  return status;
}

/* ---- all of it ---- */

typedef struct making {
  const vt_world *world;
  vt_scenes_item *item, *without; /* the record, and a copy that loses a part */
  cutting *cuts;
  uint16_t *labels;
  uint8_t *bytes;     /* pictures side by side, [cuts + 1, height, width, 3] */
  vt_image *pictures; /* over those, [parts + 1] */
} making;

static vt_status draw_parts(vt_ctx *ctx, making *work, vt_part_truth *truth)
{
  int side = vt_scenes_px(work->world);
  int64_t pixels = (int64_t)side * side;
  size_t record = work->world->preset->record_size;
  memcpy(truth->picture->pixels, work->bytes, (size_t)pixels * 3);
  work->pictures[0] = *truth->picture;
  mark_nodes(&work->item->scene, &work->item->main, 1, work->labels, pixels, truth->thing);
  for (int c = 0; c < work->cuts->count; c++) {
    const cut *from = &work->cuts->cuts[c];
    vt_part *part = &truth->parts[truth->count];
    if (!part->mask && !(part->mask = vt_alloc_zero(ctx, (size_t)pixels, 1))) return VT_ERROR_OUT_OF_MEMORY;
    part->area = mark_nodes(&work->item->scene, from->nodes, from->count, work->labels, pixels, part->mask);
    if (part->area == 0) {
      truth->hidden++;
      continue;
    }
    part->kind = from->kind;
    memcpy(part->name, from->name, sizeof part->name);
    for (int64_t i = 0; vt_part_decides(part->kind) && i < pixels; i++)
      truth->deciding[i] |= part->mask[i];
    truth->count++;
    uint8_t *rgb = work->bytes + (size_t)truth->count * (size_t)pixels * 3;
    memcpy(work->without, work->item, record);
    for (int n = 0; n < from->count; n++)
      vt_scene_drop(&work->without->scene, from->nodes[n]);
    VT_TRY(vt_scenes_picture(ctx, work->world, work->without, 0, rgb, NULL));
    work->pictures[truth->count] = (vt_image){side, side, 3, rgb};
  }
  return VT_OK;
}

static vt_status make_truth(vt_ctx *ctx, making *work, vt_split split, int64_t index, vt_model *model,
                            vt_part_truth *truth)
{
  int side = vt_scenes_px(work->world);
  size_t pixels = (size_t)side * (size_t)side, record = work->world->preset->record_size;
  work->item = vt_alloc_zero(ctx, 1, record);
  work->without = vt_alloc_zero(ctx, 1, record);
  work->cuts = vt_alloc_zero(ctx, 1, sizeof *work->cuts);
  if (!work->item || !work->without || !work->cuts) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_world_record(ctx, work->world, split, index, work->item));
  truth->label = work->item->scene.label;
  if (work->item->main < 0 || truth->label < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: item %lld is not about one thing",
                   work->world->preset->id, (long long)index);
  cut_up(work->item, work->cuts);
  size_t cuts = (size_t)work->cuts->count;
  work->labels = vt_alloc_zero(ctx, pixels, sizeof *work->labels);
  work->bytes = vt_alloc_zero(ctx, cuts + 1, pixels * 3);
  work->pictures = vt_alloc_zero(ctx, cuts + 1, sizeof *work->pictures);
  truth->thing = vt_alloc_zero(ctx, pixels, 1);
  truth->deciding = vt_alloc_zero(ctx, pixels, 1);
  truth->parts = vt_alloc_zero(ctx, cuts + 1, sizeof *truth->parts);
  if (!work->labels || !work->bytes || !work->pictures || !truth->thing || !truth->deciding || !truth->parts)
    return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_image_new(ctx, side, side, 3, &truth->picture));
  VT_TRY(vt_scenes_picture(ctx, work->world, work->item, 0, work->bytes, work->labels));
  VT_TRY(draw_parts(ctx, work, truth));
  return ask(ctx, model, work->pictures, truth);
}

vt_status vt_part_truth_make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index,
                             vt_model *model, vt_part_truth *out)
{
  *out = (vt_part_truth){0};
  VT_TRY(vt_part_truth_check(ctx, world, model));
  making work = {.world = world};
  vt_status status = make_truth(ctx, &work, split, index, model, out);
  vt_free(work.item);
  vt_free(work.without);
  vt_free(work.cuts);
  vt_free(work.labels);
  vt_free(work.bytes);
  vt_free(work.pictures);
  if (status != VT_OK) vt_part_truth_free(out);
  return status;
}

void vt_part_truth_free(vt_part_truth *truth)
{
  /* the one behind the last may hold the mask of a part that does not show */
  for (int p = 0; truth->parts && p <= truth->count; p++)
    vt_free(truth->parts[p].mask);
  vt_free(truth->parts);
  vt_free(truth->thing);
  vt_free(truth->deciding);
  vt_image_free(truth->picture);
  *truth = (vt_part_truth){0};
}

void vt_part_truth_labels(const vt_part_truth *truth, int32_t *labels)
{
  int64_t pixels = (int64_t)truth->picture->height * truth->picture->width;
  for (int64_t i = 0; i < pixels; i++)
    labels[i] = truth->count;
  for (int p = 0; p < truth->count; p++)
    for (int64_t i = 0; i < pixels; i++)
      if (truth->parts[p].mask[i]) labels[i] = p;
}
