/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/item_fields.h"

vt_status vt_item_add_fields(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  vt_dataset_field fields[VT_DATASET_FIELDS];
  void *out[VT_DATASET_FIELDS] = {0};
  int count = world->preset->describe(world, fields);
  for (int i = 0; i < count && item->array_count < VT_ITEM_ARRAYS; i++) {
    if (fields[i].rank == 0) continue;
    const vt_dataset_field *field = &fields[i];
    vt_tensor *tensor;
    VT_TRY(vt_item_add_array(ctx, item, field->name, field->type, field->rank, field->dims, &tensor));
    out[i] = tensor->data;
  }
  return world->preset->fill(ctx, world, record, 0, out);
}
