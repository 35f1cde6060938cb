/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets share: a context that may hold little memory, so that a size that was believed
 * unchecked shows as a refusal, and never as a dead machine.
 */
#ifndef VT_FUZZ_FUZZ_H
#define VT_FUZZ_FUZZ_H

#include <stdlib.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Free with vt_ctx_free(). */
static inline vt_ctx *fuzz_context(void)
{
  vt_ctx *ctx = vt_ctx_new();
  if (!ctx) abort();
  vt_ctx_set_max_memory(ctx, (uint64_t)64 << 20);
  return ctx;
}

/* A failure without a message, or success with one, is a fault of its own. */
static inline void fuzz_check(vt_ctx *ctx, vt_status status)
{
  if (status != vt_ctx_status(ctx) || (status != VT_OK && !vt_ctx_message(ctx)[0])) abort();
  vt_ctx_clear(ctx);
}

#endif
