/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/item_fields.h"

vt_status vt_item_add_fields(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  vt_dataset_field fields[VT_DATASET_FIELDS];
  void *out[VT_DATASET_FIELDS] = {0};
  int count = world->preset->describe(world, fields);
  for (int i = 0; i < count && item->array_count < VT_ITEM_ARRAYS; i++) {
    if (fields[i].rank == 0) continue;
    vt_tensor *tensor = vt_tensor_alone(ctx);
    if (!tensor) return VT_ERROR_OUT_OF_MEMORY;
    snprintf(item->arrays[item->array_count].name, sizeof item->arrays[0].name, "%s", fields[i].name);
    item->arrays[item->array_count++].tensor = tensor; /* the item owns it from here on */
    VT_TRY(vt_tensor_set_shape(ctx, tensor, fields[i].type, fields[i].rank, fields[i].dims));
    VT_TRY(vt_tensor_allocate(ctx, tensor));
    out[i] = tensor->data;
  }
  return world->preset->fill(ctx, world, record, 0, out);
}
