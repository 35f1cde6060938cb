/* SPDX-License-Identifier: Apache-2.0
 *
 * `.npy`, and `.npz` where the input begins as a ZIP archive does.
 */
#include "fuzz.h"
#include "tensor/tensor.h"
#include "vitrail/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  vt_ctx *ctx = fuzz_context();
  vt_tensor *array;
  bool archive = size > 1 && data[0] == 'P' && data[1] == 'K';
  vt_status status =
      archive ? vt_npz_parse(ctx, data, size, "a", &array) : vt_npy_parse(ctx, data, size, &array);
  if (status == VT_OK && vt_count(array) > 0 && array->type != VT_C64 && array->type != VT_C128)
    (void)vt_get_f64(array, vt_count(array) - 1);
  fuzz_check(ctx, status);
  vt_ctx_free(ctx);
  return 0;
}
