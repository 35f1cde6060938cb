/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening presets, records of items, splits as data sets.
 */
#include "worlds/world.h"

const char *vt_split_name(vt_split split)
{
  static const char *const names[] = {"train", "validation", "test"};
  return names[split];
}

const vt_preset *vt_preset_find(const char *id)
{
  for (size_t i = 0; i < vt_preset_count; i++)
    if (strcmp(vt_presets[i]->id, id) == 0) return vt_presets[i];
  return NULL;
}

static vt_status find_preset(vt_ctx *ctx, const char *id, const vt_preset **out)
{
  *out = vt_preset_find(id);
  if (*out) return VT_OK;
  const char **names = vt_alloc_zero(ctx, vt_preset_count, sizeof *names);
  if (!names) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < vt_preset_count; i++)
    names[i] = vt_presets[i]->id;
  char suggestion[VT_SUGGESTION];
  vt_suggestion(vt_nearest(id, names, vt_preset_count), suggestion);
  vt_free(names);
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no world preset '%s'%s", id, suggestion);
}

static vt_status hash_world(vt_ctx *ctx, vt_world *world)
{
  const vt_preset *preset = world->preset;
  vt_text text = {0};
  vt_text_addf(ctx, &text, "%s %d %llu", preset->id, preset->version, (unsigned long long)world->seed);
  for (size_t i = 0; i < preset->field_count && !text.failed; i++) {
    char *value = vt_params_text(ctx, &preset->fields[i], world->options);
    if (!value) {
      vt_text_free(&text);
      return VT_ERROR_OUT_OF_MEMORY;
    }
    vt_text_addf(ctx, &text, " %s=%s", preset->fields[i].name, value);
    vt_free(value);
  }
  bool failed = text.failed;
  if (!failed) vt_sha256_hex(text.data, text.length, world->key);
  vt_text_free(&text);
  return failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static vt_status open_world(vt_ctx *ctx, vt_world *world, const char *const *settings, size_t count)
{
  const vt_preset *preset = world->preset;
  world->options = vt_alloc_zero(ctx, 1, preset->options_size ? preset->options_size : 1);
  if (!world->options) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_params_defaults(ctx, preset->fields, preset->field_count, world->options, preset->options_size));
  for (size_t i = 0; i < count; i++)
    VT_TRY(vt_params_apply(ctx, preset->fields, preset->field_count, world->options, "world setting",
                           settings[i]));
  VT_TRY(hash_world(ctx, world));
  return preset->open ? preset->open(ctx, world) : VT_OK;
}

vt_status vt_world_open(vt_ctx *ctx, const char *id, const char *const *settings, size_t count, uint64_t seed,
                        vt_world **out)
{
  *out = NULL;
  const vt_preset *preset;
  VT_TRY(find_preset(ctx, id, &preset));
  vt_world *world = vt_alloc_zero(ctx, 1, sizeof *world);
  if (!world) return VT_ERROR_OUT_OF_MEMORY;
  world->preset = preset;
  world->seed = seed;
  world->classes = preset->classes;
  world->class_count = preset->class_count;
  vt_status status = open_world(ctx, world, settings, count);
  if (status != VT_OK) {
    vt_world_close(world);
    return status;
  }
  *out = world;
  return VT_OK;
}

void vt_world_close(vt_world *world)
{
  if (!world) return;
  const vt_preset *preset = world->preset;
  if (preset->close) preset->close(world);
  if (world->options) vt_params_free(preset->fields, preset->field_count, world->options);
  vt_free(world->options);
  vt_free(world);
}

uint64_t vt_world_key(const vt_world *world, vt_split split, int64_t index)
{
  char purpose[96];
  snprintf(purpose, sizeof purpose, "%s %s", world->preset->id, vt_split_name(split));
  uint32_t bits[4];
  vt_random_bits(world->seed, vt_stream(purpose, 0), (uint64_t)index, bits);
  return (uint64_t)bits[0] << 32 | bits[1];
}

vt_status vt_world_record(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, void *record)
{
  if (index < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "item %lld of world %s: numbers start at 0",
                   (long long)index, world->preset->id);
  memset(record, 0, world->preset->record_size);
  return world->preset->make(ctx, world, split, index, vt_world_key(world, split, index), record);
}

vt_status vt_world_show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  *item = (vt_item){0};
  vt_status status = world->preset->show(ctx, world, record, item);
  if (status != VT_OK) vt_item_free(item);
  return status;
}

vt_status vt_item_add_array(vt_ctx *ctx, vt_item *item, const char *name, vt_type type, int rank,
                            const int64_t *dims, vt_tensor **out)
{
  VT_TRY(vt_tensor_new_alone(ctx, type, rank, dims, out));
  snprintf(item->arrays[item->array_count].name, sizeof item->arrays[0].name, "%s", name);
  item->arrays[item->array_count++].tensor = *out; /* the item owns it from here on */
  return VT_OK;
}

void vt_item_free(vt_item *item)
{
  json_decref(item->truth);
  vt_free(item->image);
  vt_free(item->labels);
  vt_free(item->text);
  for (int i = 0; i < item->array_count; i++)
    vt_tensor_free(item->arrays[i].tensor);
  *item = (vt_item){0};
}

typedef struct world_set {
  vt_dataset set; /* first: freed as the set */
  const vt_world *world;
  vt_split split;
} world_set;

static vt_status fill(vt_ctx *ctx, const vt_dataset *set, int64_t index, uint64_t pass, void *const *out)
{
  const world_set *own = set->user;
  const vt_preset *preset = own->world->preset;
  void *record = vt_alloc(ctx, preset->record_size);
  if (!record) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_world_record(ctx, own->world, own->split, index, record);
  if (status == VT_OK) status = preset->fill(ctx, own->world, record, pass, out);
  vt_free(record);
  return status;
}

static void free_set(vt_dataset *set)
{
  vt_free(set);
}

vt_status vt_world_dataset(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t count,
                           vt_dataset **out)
{
  const vt_preset *preset = world->preset;
  if (!preset->describe)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "world %s has no fields to train on", preset->id);
  world_set *own = vt_alloc_zero(ctx, 1, sizeof *own);
  if (!own) return VT_ERROR_OUT_OF_MEMORY;
  own->world = world;
  own->split = split;
  vt_dataset *set = &own->set;
  *set = (vt_dataset){.count = count ? count : preset->counts[split],
                      .classes = world->classes,
                      .class_count = world->class_count,
                      .fill = fill,
                      .free = free_set,
                      .user = own};
  snprintf(set->name, sizeof set->name, "%s %s seed %llu", preset->id, vt_split_name(split),
           (unsigned long long)world->seed);
  char text[128];
  int length = snprintf(text, sizeof text, "%s %d %lld", world->key, (int)split, (long long)set->count);
  vt_sha256_hex(text, (size_t)length, set->key);
  set->field_count = preset->describe(world, set->fields);
  *out = set;
  return VT_OK;
}
