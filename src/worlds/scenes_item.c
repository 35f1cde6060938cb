/* SPDX-License-Identifier: Apache-2.0
 *
 * Scenes presets: from the record to picture, truth and training fields.
 */
#include "worlds/scenes.h"

/* ---- picture ---- */

/* Share of blocks that stay; 1: nothing is erased. */
static double kept_share(const vt_scenes_options *options, const vt_scenes_item *item, uint64_t pass)
{
  if (item->split != VT_TRAIN || options->block_erase <= 0) return 1;
  uint64_t stream = vt_stream("block erase", pass);
  if (vt_random_uniform(item->scene.nuisance, stream, 0) >= options->block_erase) return 1;
  return .15 + .85 * vt_random_uniform(item->scene.nuisance, stream, 1);
}

static void erase(const vt_world *world, const vt_scenes_item *item, uint64_t pass, uint8_t *rgb,
                  uint8_t *kept)
{
  int px = vt_scenes_px(world);
  double share = kept_share(world->options, item, pass);
  if (share < 1)
    vt_erase_blocks(rgb, px, px, share, vt_stream("block erase", pass) ^ item->scene.nuisance, kept);
}

static vt_status picture(vt_ctx *ctx, const vt_world *world, const vt_scenes_item *item, uint64_t pass,
                         uint8_t *rgb, uint16_t *labels, uint8_t *kept)
{
  const vt_scenes_options *options = world->options;
  int px = (int)options->px;
  VT_TRY(vt_scene_render(ctx, &item->scene, rgb, labels));
  if (!rgb) return VT_OK;
  if (options->shift >= VT_SHIFT_CORRUPT) {
    vt_corruption kind = (vt_corruption)(options->shift - VT_SHIFT_CORRUPT + 1);
    uint64_t seed = vt_stream("corruption", item->scene.nuisance);
    VT_TRY(vt_corrupt(ctx, rgb, px, px, kind, (int)options->level, seed));
  }
  erase(world, item, pass, rgb, kept);
  return VT_OK;
}

vt_status vt_scenes_picture(vt_ctx *ctx, const vt_world *world, const vt_scenes_item *item, uint64_t pass,
                            uint8_t *rgb, uint16_t *labels)
{
  return picture(ctx, world, item, pass, rgb, labels, NULL);
}

/* ---- what an item shows ---- */

static vt_status add_erased(json_t *truth, const uint8_t *kept, int blocks)
{
  json_t *erased = json_array();
  for (int i = 0; i < blocks; i++)
    if (!kept[i]) json_array_append_new(erased, json_integer(i));
  if (json_array_size(erased)) json_object_set(truth, "erased_blocks", erased);
  json_decref(erased);
  return VT_OK;
}

static json_t *truth_of(const vt_world *world, const vt_scenes_item *item, const uint16_t *labels)
{
  json_t *truth = json_object(), *scene = vt_scene_json(&item->scene, labels);
  if (item->scene.label >= 0) {
    json_object_set_new(truth, "class", json_string(world->classes[item->scene.label]));
    json_object_set_new(truth, "label", json_integer(item->label));
  }
  if (item->label != item->scene.label)
    json_object_set_new(truth, "true_label", json_integer(item->scene.label));
  if (item->main >= 0) json_object_set_new(truth, "main", json_integer(item->main + 1));
  if (item->distractor >= 0) json_object_set_new(truth, "distractor", json_integer(item->distractor + 1));
  if (item->held_out) json_object_set_new(truth, "held_out_combination", json_true());
  if (item->spurious) json_object_set_new(truth, "spurious_background", json_true());
  json_object_set_new(truth, "levels", json_pack("[s,s]", "node", "object"));
  json_object_update(truth, scene);
  json_decref(scene);
  return truth;
}

vt_status vt_scenes_show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *out)
{
  const vt_scenes_item *item = record;
  int px = vt_scenes_px(world), blocks = px / VT_BLOCK * (px / VT_BLOCK);
  size_t pixels = (size_t)px * (size_t)px;
  uint8_t kept[(256 / VT_BLOCK) * (256 / VT_BLOCK)];
  memset(kept, 1, sizeof kept);
  out->width = out->height = px;
  out->levels = 2;
  out->image = vt_alloc(ctx, 3 * pixels);
  out->labels = vt_alloc(ctx, 2 * pixels * sizeof *out->labels);
  if (!out->image || !out->labels) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(picture(ctx, world, item, 0, out->image, out->labels, kept));
  vt_scene_label_map(&item->scene, out->labels, VT_NODE_OBJECT, out->labels + pixels);
  out->truth = truth_of(world, item, out->labels);
  if (!out->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return add_erased(out->truth, kept, blocks);
}

/* ---- training fields ---- */

int vt_scenes_describe(const vt_world *world, unsigned which, vt_dataset_field *fields)
{
  int px = vt_scenes_px(world), count = 0;
  if (which & VT_SCENES_IMAGE) fields[count++] = (vt_dataset_field){"image", VT_F32, 3, {3, px, px}};
  if (which & VT_SCENES_LABEL) fields[count++] = (vt_dataset_field){"label", VT_I64, 0, {0}};
  if (which & VT_SCENES_MASK) fields[count++] = (vt_dataset_field){"mask", VT_U8, 2, {px, px}};
  if (which & VT_SCENES_DISTRACTOR) fields[count++] = (vt_dataset_field){"distractor", VT_U8, 2, {px, px}};
  if (which & VT_SCENES_PARTS) fields[count++] = (vt_dataset_field){"parts", VT_U8, 2, {px, px}};
  if (which & VT_SCENES_BOXES) {
    fields[count++] = (vt_dataset_field){"boxes", VT_F32, 2, {3, 4}};
    fields[count++] = (vt_dataset_field){"box_labels", VT_I64, 1, {3}};
  }
  return count;
}

static void fill_mask(const vt_scenes_item *item, const uint16_t *labels, int pixels, int node, uint8_t *out)
{
  uint8_t inside[VT_SCENE_NODES + 1] = {0};
  for (int i = node; node >= 0 && i < item->scene.count; i++)
    inside[i + 1] = vt_scene_below(&item->scene, i, node);
  for (int i = 0; i < pixels; i++)
    out[i] = inside[labels[i]];
}

static void fill_parts(const vt_scenes_item *item, const uint16_t *labels, int pixels, uint8_t *out)
{
  uint8_t part[VT_SCENE_NODES + 1] = {0};
  for (int i = 0; i < item->scene.count; i++)
    if (item->scene.nodes[i].kind == VT_NODE_PART)
      part[i + 1] = (uint8_t)(item->scene.nodes[i].noun - VT_BODY + 1);
  for (int i = 0; i < pixels; i++)
    out[i] = part[labels[i]];
}

static void fill_boxes(const vt_scenes_item *item, const uint16_t *labels, int px,
                       int (*class_of)(const vt_scenes_item *item, int object), uint8_t *bits, float *boxes,
                       int64_t *box_labels)
{
  int count = 0;
  for (int i = 0; i < 12; i++)
    boxes[i] = -1;
  for (int i = 0; i < 3; i++)
    box_labels[i] = -1;
  for (int i = -1; count < 3 && (i = vt_scene_next(&item->scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;) {
    int box[4];
    fill_mask(item, labels, px * px, i, bits);
    if (!vt_bits_box(bits, px, px, box)) continue;
    for (int k = 0; k < 4; k++)
      boxes[4 * count + k] = (float)box[k];
    box_labels[count++] = class_of ? class_of(item, i) : i == item->main ? item->scene.label : -1;
  }
}

vt_status vt_scenes_fill(vt_ctx *ctx, const vt_world *world, const vt_scenes_item *item, uint64_t pass,
                         unsigned which, int (*class_of)(const vt_scenes_item *item, int object),
                         void *const *out)
{
  int px = vt_scenes_px(world), pixels = px * px, at = 0;
  size_t bytes = (size_t)pixels;
  void *image = which & VT_SCENES_IMAGE ? out[at++] : NULL;
  int64_t *label = which & VT_SCENES_LABEL ? out[at++] : NULL;
  uint8_t *mask = which & VT_SCENES_MASK ? out[at++] : NULL;
  uint8_t *distractor = which & VT_SCENES_DISTRACTOR ? out[at++] : NULL;
  uint8_t *parts = which & VT_SCENES_PARTS ? out[at++] : NULL;
  float *boxes = which & VT_SCENES_BOXES ? out[at] : NULL;
  int64_t *box_labels = which & VT_SCENES_BOXES ? out[at + 1] : NULL;
  bool maps = mask || distractor || parts || boxes || box_labels;
  if (label) *label = item->label;
  if (!image && !maps) return VT_OK;
  uint8_t *rgb = image ? vt_alloc(ctx, 3 * bytes) : NULL, *bits = maps ? vt_alloc(ctx, bytes) : NULL;
  uint16_t *labels = maps ? vt_alloc(ctx, 2 * bytes) : NULL;
  vt_status status = (!image || rgb) && (!maps || (bits && labels)) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_scenes_picture(ctx, world, item, pass, rgb, labels);
  if (status == VT_OK) {
    float spare[12];
    int64_t spare_labels[3];
    if (image) vt_picture_floats(rgb, px, px, image);
    if (mask) fill_mask(item, labels, pixels, item->main, mask);
    if (distractor) fill_mask(item, labels, pixels, item->distractor, distractor);
    if (parts) fill_parts(item, labels, pixels, parts);
    if (boxes || box_labels)
      fill_boxes(item, labels, px, class_of, bits, boxes ? boxes : spare,
                 box_labels ? box_labels : spare_labels);
  }
  vt_free(rgb);
  vt_free(bits);
  vt_free(labels);
  return status;
}
