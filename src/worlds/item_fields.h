/* SPDX-License-Identifier: Apache-2.0
 *
 * For `show` of presets whose items are tables rather than pictures or text.
 */
#ifndef VT_WORLDS_ITEM_FIELDS_H
#define VT_WORLDS_ITEM_FIELDS_H

#include "worlds/world.h"

/* Adds the record's training fields of rank 1 and more as arrays of the same names, at most as many as
 * an item holds. On failure the item keeps what it has. */
vt_status vt_item_add_fields(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item);

#endif
