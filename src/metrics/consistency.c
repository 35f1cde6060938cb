/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/consistency.h"

#include <math.h>
#include <stdlib.h>

static int rising(const void *a, const void *b)
{
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return x < y ? -1 : x > y;
}

vt_status vt_consistency_signature(vt_ctx *ctx, const int32_t *falling, int64_t pixels, int64_t top,
                                   uint64_t *out)
{
  char digest[65];
  if (top > pixels) top = pixels;
  int32_t *chosen = vt_alloc_zero(ctx, (size_t)top + 1, sizeof *chosen);
  if (!chosen) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(chosen, falling, (size_t)top * sizeof *chosen);
  qsort(chosen, (size_t)top, sizeof *chosen, rising);
  vt_sha256_hex(chosen, (size_t)top * sizeof *chosen, digest);
  digest[16] = 0;
  *out = strtoull(digest, NULL, 16);
  vt_free(chosen);
  return VT_OK;
}

double vt_consistency(const uint64_t *signatures, const int *classes, size_t count, int64_t *pairs)
{
  int64_t alike = 0, agreed = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++) {
      if (signatures[i] != signatures[j]) continue;
      alike++;
      agreed += classes[i] == classes[j];
    }
  if (pairs) *pairs = alike;
  return alike ? (double)agreed / (double)alike : NAN;
}
