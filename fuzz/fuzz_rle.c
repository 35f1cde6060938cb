/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks: COCO JSON where the input begins as JSON does, otherwise two bytes of size and a compressed
 * run-length text.
 */
#include "fuzz.h"
#include "vitrail/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2) return 0;
  vt_ctx *ctx = fuzz_context();
  if (data[0] == '{' || data[0] == '[') {
    vt_masks *masks;
    vt_status status = vt_masks_parse(ctx, (const char *)data, size, 0, 0, &masks);
    if (status == VT_OK)
      for (size_t i = 0; i < (size_t)masks->count * (size_t)masks->height * (size_t)masks->width; i++)
        if (masks->bits[i] > 1) abort();
    fuzz_check(ctx, status);
    vt_masks_free(masks);
  } else {
    static uint8_t bits[256 * 256];
    fuzz_check(ctx, vt_rle_decode(ctx, (const char *)data + 2, size - 2, data[0], data[1], bits));
  }
  vt_ctx_free(ctx);
  return 0;
}
