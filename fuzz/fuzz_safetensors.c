/* SPDX-License-Identifier: Apache-2.0
 *
 * `.safetensors`: the header, and every tensor of a file that was taken.
 */
#include "data/safetensors.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  vt_ctx *ctx = fuzz_context();
  vt_safetensors *file;
  fuzz_check(ctx, vt_safetensors_parse(ctx, data, size, &file));
  for (size_t i = 0; file && i < vt_safetensors_count(file); i++) {
    vt_tensor *tensor;
    vt_status status = vt_safetensors_tensor(ctx, file, vt_safetensors_name(file, i), &tensor);
    if (status == VT_OK && vt_count(tensor) > 0 && tensor->type != VT_C64)
      (void)vt_get_f64(tensor, vt_count(tensor) - 1);
    fuzz_check(ctx, status);
  }
  vt_safetensors_close(file);
  vt_ctx_free(ctx);
  return 0;
}
