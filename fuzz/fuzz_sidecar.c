/* SPDX-License-Identifier: Apache-2.0
 *
 * The sidecar, and the preparing of a small picture as it says.
 */
#include "data/picture.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  vt_ctx *ctx = fuzz_context();
  vt_preprocess *preprocess;
  vt_image *photo = NULL, *picture = NULL;
  fuzz_check(ctx, vt_preprocess_parse(ctx, (const char *)data, size, NULL, &preprocess));
  bool small =
      preprocess && preprocess->width <= 64 && preprocess->height <= 64 && preprocess->resize_to <= 96;
  if (small && vt_image_new(ctx, 9, 5, 3, &photo) == VT_OK) {
    vt_placement placement;
    vt_status status = vt_preprocess_image(ctx, preprocess, photo, &picture, &placement);
    if (status == VT_OK) {
      static float floats[64 * 64 * 4];
      vt_preprocess_floats(preprocess, picture, floats);
    }
    fuzz_check(ctx, status);
  }
  vt_image_free(photo);
  vt_image_free(picture);
  vt_preprocess_free(preprocess);
  vt_ctx_free(ctx);
  return 0;
}
