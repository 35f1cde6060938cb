/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON form of a tokenizer, up to the first zero byte; what follows is text for it.
 */
#include "fuzz.h"
#include "vitrail/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  vt_ctx *ctx = fuzz_context();
  vt_tokenizer *tokenizer;
  const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
  size_t length = zero ? (size_t)(zero - data) : size;
  fuzz_check(ctx, vt_tokenizer_parse(ctx, (const char *)data, length, NULL, &tokenizer));
  if (tokenizer && zero) {
    vt_ids ids = {0};
    char *text = NULL;
    fuzz_check(ctx,
               vt_tokenizer_encode(ctx, tokenizer, (const char *)zero + 1, size - length - 1, true, &ids));
    fuzz_check(ctx, vt_tokenizer_decode(ctx, tokenizer, ids.data, ids.count, &text));
    vt_tokenizer_text_free(text);
    vt_ids_free(&ids);
  }
  vt_tokenizer_free(tokenizer);
  vt_ctx_free(ctx);
  return 0;
}
