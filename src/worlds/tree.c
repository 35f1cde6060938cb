/* SPDX-License-Identifier: Apache-2.0
 *
 * tree: sparse features of a hierarchy, summed as directions (00-needs §1.2, `tree`).
 */
#include "worlds/presets.h"

typedef struct tree_options {
  int64_t parents, children, leaves;
} tree_options;

#define MOST_FEATURES 64

typedef struct tree_record {
  float activation[MOST_FEATURES];
} tree_record;

static const vt_field fields[] = {
    {"parents", VT_FIELD_INT, offsetof(tree_options, parents), "3", VT_RANGE(1, 8),
     .help = "parent features"},
    {"children", VT_FIELD_INT, offsetof(tree_options, children), "3", VT_RANGE(1, 7),
     .help = "exclusive children of each parent"},
    {"leaves", VT_FIELD_INT, offsetof(tree_options, leaves), "8", VT_RANGE(0, 8), .help = "lone features"},
};

static const double parent_chance = .2, leaf_chance = .05;

static int feature_count(const vt_world *world)
{
  const tree_options *options = world->options;
  return (int)(options->parents * (1 + options->children) + options->leaves);
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const tree_options *options = world->options;
  tree_record *tree = record;
  vt_draw draw = vt_draw_start(key, "tree");
  int feature = 0;
  for (int parent = 0; parent < options->parents; parent++) {
    bool on = vt_draw_chance(&draw, parent_chance);
    /* each child has chance .2, exclusive: child c when the draw falls into its fifth */
    double which = vt_draw_uniform(&draw, 0, 1);
    tree->activation[feature++] = on ? 1.5f + .25f * (float)vt_draw_normal(&draw) : 0;
    for (int child = 0; child < options->children; child++) {
      bool child_on = on && which >= .2 * child && which < .2 * (child + 1);
      tree->activation[feature++] = child_on ? 1.5f + .25f * (float)vt_draw_normal(&draw) : 0;
    }
  }
  for (int leaf = 0; leaf < options->leaves; leaf++) {
    bool on = vt_draw_chance(&draw, leaf_chance);
    tree->activation[feature++] = on ? 1.5f + .25f * (float)vt_draw_normal(&draw) : 0;
  }
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const tree_record *tree = record;
  json_t *active = json_array();
  for (int i = 0; i < feature_count(world); i++)
    if (tree->activation[i] != 0)
      json_array_append_new(active, json_pack("{s:i,s:f}", "feature", i, "value", tree->activation[i]));
  item->truth = json_pack("{s:o}", "active", active);
  return item->truth ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  out[0] = (vt_dataset_field){"activation", VT_F32, 1, {feature_count(world)}};
  return 1;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const tree_record *tree = record;
  if (out[0]) memcpy(out[0], tree->activation, (size_t)feature_count(world) * sizeof(float));
  return VT_OK;
}

const vt_preset vt_preset_tree = {
    .id = "tree",
    .title = "sparse features of a hierarchy",
    .papers = "11",
    .version = 1,
    .counts = {100000, 10000, 10000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(tree_options),
    .record_size = sizeof(tree_record),
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
