/* SPDX-License-Identifier: Apache-2.0
 *
 * planted/groups: rows of neuron activations that are sums of a few sparse groups (paper 14). Groups of a
 * pair (0 and 1, 2 and 3, …) may share neurons: the core of a super-concept.
 */
#include <math.h>

#include "worlds/item_fields.h"
#include "worlds/planted.h"
#include "worlds/presets.h"

typedef struct groups_options {
  int64_t neurons, groups, size, shared;
  double noise;
} groups_options;

typedef struct groups_record {
  uint64_t key;
  float usage[VT_GROUPS_MOST];
} groups_record;

static const vt_field fields[] = {
    {"neurons", VT_FIELD_INT, offsetof(groups_options, neurons), "512", VT_RANGE(1, VT_GROUP_NEURONS),
     .help = "activations of a row"},
    {"groups", VT_FIELD_INT, offsetof(groups_options, groups), "20", VT_RANGE(1, VT_GROUPS_MOST),
     .help = "number of groups"},
    {"size", VT_FIELD_INT, offsetof(groups_options, size), "10", VT_RANGE(1, 128),
     .help = "neurons of each group"},
    {"shared", VT_FIELD_INT, offsetof(groups_options, shared), "0", VT_RANGE(0, 128),
     .help = "neurons that the two groups of a pair have in common"},
    {"noise", VT_FIELD_REAL, offsetof(groups_options, noise), "0.05", VT_RANGE(0, 10),
     .help = "standard deviation of what is added to every activation"},
};

static vt_status open_world(vt_ctx *ctx, vt_world *world)
{
  const groups_options *options = world->options;
  if (options->shared > options->size || options->groups * options->size > options->neurons)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "world planted/groups: %lld groups of %lld neurons (%lld shared) do not fit %lld neurons",
                   (long long)options->groups, (long long)options->size, (long long)options->shared,
                   (long long)options->neurons);
  vt_neuron_groups *groups = vt_alloc_zero(ctx, 1, sizeof *groups);
  if (!groups) return VT_ERROR_OUT_OF_MEMORY;
  world->shared = groups;
  groups->neurons = (int)options->neurons;
  groups->groups = (int)options->groups;
  groups->size = (int)options->size;
  groups->loadings = vt_alloc_zero(ctx, (size_t)groups->groups * (size_t)groups->neurons, sizeof(float));
  if (!groups->loadings) return VT_ERROR_OUT_OF_MEMORY;
  vt_draw draw = vt_draw_start(world->seed, "neuron groups");
  int order[VT_GROUP_NEURONS];
  for (int i = 0; i < groups->neurons; i++)
    order[i] = i;
  vt_draw_shuffle(&draw, order, groups->neurons);
  for (int group = 0; group < groups->groups; group++) {
    for (int i = 0; i < groups->size; i++) {
      bool core = group % 2 == 1 && i < options->shared; /* the neurons of the group before */
      int neuron = order[(group - core) * groups->size + i];
      double size = vt_draw_uniform(&draw, .5, 1.5);
      bool negative = vt_draw_chance(&draw, .5);
      groups->loadings[(size_t)group * (size_t)groups->neurons + (size_t)neuron] =
          (float)(negative ? -size : size);
    }
  }
  return VT_OK;
}

static void close_world(vt_world *world)
{
  vt_neuron_groups *groups = world->shared;
  if (groups) vt_free(groups->loadings);
  vt_free(groups);
}

const vt_neuron_groups *vt_planted_groups(const vt_world *world)
{
  return world->shared;
}

/* One to three groups are used, with amounts of .2 and an exponential of mean 1. */
static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const vt_neuron_groups *groups = world->shared;
  groups_record *row = record;
  row->key = key;
  vt_draw draw = vt_draw_start(key, "groups used");
  for (int i = 1 + vt_draw_below(&draw, 3); i > 0; i--)
    row->usage[vt_draw_below(&draw, groups->groups)] = (float)(.2 - log(1 - vt_draw_uniform(&draw, 0, 1)));
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_neuron_groups *groups = world->shared;
  const groups_record *row = record;
  json_t *used = json_array();
  for (int group = 0; group < groups->groups; group++)
    if (row->usage[group] > 0)
      json_array_append_new(used,
                            json_pack("{s:i,s:f}", "group", group, "amount", (double)row->usage[group]));
  item->truth = json_pack("{s:o}", "used", used);
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  const vt_neuron_groups *groups = world->shared;
  out[0] = (vt_dataset_field){"activation", VT_F32, 1, {groups->neurons}};
  out[1] = (vt_dataset_field){"usage", VT_F32, 1, {groups->groups}};
  return 2;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const groups_options *options = world->options;
  const vt_neuron_groups *groups = world->shared;
  const groups_record *row = record;
  float *activation = out[0];
  vt_draw noise = vt_draw_start(row->key, "groups noise");
  for (int neuron = 0; activation && neuron < groups->neurons; neuron++) {
    double sum = options->noise > 0 ? options->noise * vt_draw_normal(&noise) : 0;
    for (int group = 0; group < groups->groups; group++)
      if (row->usage[group] > 0)
        sum += (double)row->usage[group] *
               (double)groups->loadings[(size_t)group * (size_t)groups->neurons + (size_t)neuron];
    activation[neuron] = (float)sum;
  }
  if (out[1]) memcpy(out[1], row->usage, (size_t)groups->groups * sizeof(float));
  return VT_OK;
}

const vt_preset vt_preset_planted_groups = {
    .id = "planted/groups",
    .title = "activations that are sums of sparse groups of neurons",
    .papers = "14",
    .version = 1,
    .counts = {20000, 2000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(groups_options),
    .record_size = sizeof(groups_record),
    .open = open_world,
    .close = close_world,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
