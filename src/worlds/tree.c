/* SPDX-License-Identifier: Apache-2.0
 *
 * tree: sparse features of a hierarchy, summed as directions (00-needs §1.2, paper 11). A child can be active
 * only when its parent is; the children of one parent exclude each other, and so do those at the top.
 */
#include <math.h>

#include "worlds/item_fields.h"
#include "worlds/presets.h"
#include "worlds/tree.h"

typedef struct tree_options {
  int64_t width, parents, children, leaves, planes;
  double parent_chance, child_chance, leaf_chance, plane_chance, correlation, mean, spread;
  bool independent;
  char *shape;
} tree_options;

/* The fields of both presets; what differs are the defaults given. */
/* clang-format off */
#define AT(member) offsetof(tree_options, member)
#define TREE_FIELDS(width_default, children_default, child_chance_default, spread_default) \
  {"d", VT_FIELD_INT, AT(width), width_default, VT_RANGE(0, 1024), \
   .help = "dimensions of x; 0: as many as the directions need; fewer: random directions overlap"}, \
  {"parents", VT_FIELD_INT, AT(parents), "3", VT_RANGE(0, 8), .help = "parent features"}, \
  {"children", VT_FIELD_INT, AT(children), children_default, VT_RANGE(0, 12), \
   .help = "exclusive children of each parent"}, \
  {"leaves", VT_FIELD_INT, AT(leaves), "8", VT_RANGE(0, 24), .help = "lone features"}, \
  {"parent_chance", VT_FIELD_REAL, AT(parent_chance), "0.2", VT_RANGE(0, 1), \
   .help = "chance of each parent"}, \
  {"child_chance", VT_FIELD_REAL, AT(child_chance), child_chance_default, VT_RANGE(0, 1), \
   .help = "chance of each child, given the parent"}, \
  {"leaf_chance", VT_FIELD_REAL, AT(leaf_chance), "0.05", VT_RANGE(0, 1), \
   .help = "chance of each lone feature"}, \
  {"shape", VT_FIELD_STRING, AT(shape), NULL, \
   .help = "any other tree, as in (.2(.5)(.1))(.05); parents, children and leaves are then not read"}, \
  {"independent", VT_FIELD_BOOL, AT(independent), "0", \
   .help = "features at the top do not exclude each other"}, \
  {"correlation", VT_FIELD_REAL, AT(correlation), "0", VT_RANGE(0, .95), \
   .help = "cosine of features of one level: at the top, and among the children of one parent"}, \
  {"mean", VT_FIELD_REAL, AT(mean), "1.5", VT_RANGE(.1, 10), \
   .help = "mean activation of an active feature"}, \
  {"spread", VT_FIELD_REAL, AT(spread), spread_default, VT_RANGE(0, 1), \
   .help = "standard deviation of the activation"}, \
  {"planes", VT_FIELD_INT, AT(planes), "0", VT_RANGE(0, VT_TREE_PLANES), \
   .help = "planar features: an angle on a circle"}, \
  {"plane_chance", VT_FIELD_REAL, AT(plane_chance), "0.2", VT_RANGE(0, 1), \
   .help = "chance of each planar feature"}
/* clang-format on */

static const vt_field hierarchy_fields[] = {TREE_FIELDS("20", "3", "0.2", "0.25")};
static const vt_field subspace_fields[] = {TREE_FIELDS("20", "6", "0.1", "0.4")};

/* An activation is never below this, however wide the spread: an active feature is told from a silent one. */
static const double least_activation = .01;

static void plain_shape(const tree_options *options, vt_tree *tree)
{
  for (int parent = 0; parent < options->parents; parent++) {
    int number = tree->features++;
    tree->parent[number] = -1;
    tree->chance[number] = options->parent_chance;
    for (int child = 0; child < options->children; child++) {
      tree->parent[tree->features] = number;
      tree->chance[tree->features++] = options->child_chance;
    }
  }
  for (int leaf = 0; leaf < options->leaves; leaf++) {
    tree->parent[tree->features] = -1;
    tree->chance[tree->features++] = options->leaf_chance;
  }
}

/* Exclusive chances must leave room for each other; the true L0. */
static vt_status check_chances(vt_ctx *ctx, const tree_options *options, vt_tree *tree)
{
  if (tree->features == 0) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "world tree: no features");
  double sums[VT_TREE_FEATURES + 1] = {0}, active[VT_TREE_FEATURES];
  for (int feature = 0; feature < tree->features; feature++) {
    int parent = tree->parent[feature];
    sums[parent + 1] += tree->chance[feature];
    active[feature] = tree->chance[feature] * (parent < 0 ? 1 : active[parent]);
    tree->density += active[feature];
  }
  for (int family = options->independent; family <= tree->features; family++)
    if (sums[family] > 1 + 1e-9)
      return vt_fail(
          ctx, VT_ERROR_INVALID_ARGUMENT,
          "world tree: the chances of the features %s exclude each other and add up to %.3g, more than 1",
          family ? "below one parent" : "at the top", sums[family]);
  return VT_OK;
}

static vt_status open_tree(vt_ctx *ctx, vt_world *world)
{
  const tree_options *options = world->options;
  vt_tree *tree = vt_alloc_zero(ctx, 1, sizeof *tree);
  if (!tree) return VT_ERROR_OUT_OF_MEMORY;
  world->shared = tree;
  if (options->shape && options->shape[0])
    VT_TRY(vt_tree_read_shape(ctx, options->shape, tree));
  else
    plain_shape(options, tree);
  tree->planes = (int)options->planes;
  tree->plane_chance = options->plane_chance;
  VT_TRY(check_chances(ctx, options, tree));
  vt_tree_geometry geometry = {.width = options->width,
                               .top_correlation = options->correlation,
                               .child_correlation = options->correlation,
                               .subspaces = world->preset == &vt_preset_tree_subspaces};
  return vt_tree_place(ctx, &geometry, world->seed, tree);
}

static void close_tree(vt_world *world)
{
  vt_tree *tree = world->shared;
  if (tree) vt_free(tree->directions);
  vt_free(tree);
}

const vt_tree *vt_tree_of(const vt_world *world)
{
  return world->shared;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const tree_options *options = world->options;
  const vt_tree *tree = world->shared;
  vt_tree_record *out = record;
  vt_draw choice = vt_draw_start(key, "tree choice"), size = vt_draw_start(key, "tree size");
  double left[VT_TREE_FEATURES + 1]; /* of each family: where its draw stands; below 0: it has fallen */
  left[0] = vt_draw_uniform(&choice, 0, 1);
  for (int feature = 0; feature < tree->features; feature++) {
    int parent = tree->parent[feature];
    double own = vt_draw_uniform(&choice, 0, 1), value = vt_draw_normal(&size);
    if (parent < 0 && options->independent) left[0] = vt_draw_uniform(&choice, 0, 1);
    bool on = (parent < 0 || out->activation[parent] > 0) && left[parent + 1] >= 0 &&
              left[parent + 1] < tree->chance[feature];
    left[parent + 1] -= tree->chance[feature];
    left[feature + 1] = own;
    value = options->mean + options->spread * value;
    if (on) out->activation[feature] = (float)(value > least_activation ? value : least_activation);
  }
  for (int plane = 0; plane < tree->planes; plane++) {
    bool on = vt_draw_chance(&choice, tree->plane_chance);
    double angle = vt_draw_uniform(&choice, 0, 2 * 3.14159265358979323846);
    double radius = options->mean + options->spread * vt_draw_normal(&size);
    out->angle[plane] = on ? (float)angle : NAN;
    if (!on) continue;
    if (radius < least_activation) radius = least_activation;
    out->activation[tree->features + 2 * plane] = (float)(radius * cos(angle));
    out->activation[tree->features + 2 * plane + 1] = (float)(radius * sin(angle));
  }
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_tree_record *tree = record;
  const vt_tree *shape = world->shared;
  json_t *active = json_array(), *angles = json_array();
  for (int i = 0; i < shape->features; i++)
    if (tree->activation[i] > 0)
      json_array_append_new(active, json_pack("{s:i,s:f,s:i}", "feature", i, "value",
                                              (double)tree->activation[i], "parent", shape->parent[i]));
  for (int plane = 0; plane < shape->planes; plane++)
    json_array_append_new(angles,
                          isnan(tree->angle[plane]) ? json_null() : json_real((double)tree->angle[plane]));
  item->truth = json_pack("{s:o,s:o}", "active", active, "angles", angles);
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  const vt_tree *tree = world->shared;
  out[0] = (vt_dataset_field){"x", VT_F32, 1, {tree->width}};
  out[1] = (vt_dataset_field){"activation", VT_F32, 1, {tree->features + 2 * tree->planes}};
  if (tree->planes) out[2] = (vt_dataset_field){"angle", VT_F32, 1, {tree->planes}};
  return tree->planes ? 3 : 2;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const vt_tree *tree = world->shared;
  const vt_tree_record *from = record;
  int rows = tree->features + 2 * tree->planes;
  float *x = out[0];
  for (int i = 0; x && i < tree->width; i++) {
    double sum = 0;
    for (int row = 0; row < rows; row++)
      if (from->activation[row] != 0)
        sum += (double)from->activation[row] *
               (double)tree->directions[(size_t)row * (size_t)tree->width + (size_t)i];
    x[i] = (float)sum;
  }
  if (out[1]) memcpy(out[1], from->activation, (size_t)rows * sizeof(float));
  if (tree->planes && out[2]) memcpy(out[2], from->angle, (size_t)tree->planes * sizeof(float));
  return VT_OK;
}

const vt_preset vt_preset_tree = {
    .id = "tree",
    .title = "sparse features of a hierarchy",
    .papers = "11",
    .version = 2,
    .counts = {100000, 10000, 10000},
    .fields = hierarchy_fields,
    .field_count = VT_COUNT(hierarchy_fields),
    .options_size = sizeof(tree_options),
    .record_size = sizeof(vt_tree_record),
    .open = open_tree,
    .close = close_tree,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};

const vt_preset vt_preset_tree_subspaces = {
    .id = "tree/subspaces",
    .title = "six children of a parent in three dimensions: more features than dimensions",
    .papers = "11",
    .version = 1,
    .counts = {100000, 10000, 10000},
    .fields = subspace_fields,
    .field_count = VT_COUNT(subspace_fields),
    .options_size = sizeof(tree_options),
    .record_size = sizeof(vt_tree_record),
    .open = open_tree,
    .close = close_tree,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
