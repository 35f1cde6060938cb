/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model needs and vitrail lacks, all of it in one message.
 */
#include "graph/onnx.h"

enum { NAMED = 12 }; /* nodes named for each entry; the rest are counted */

static int find_entry(const vt_lacking *lacking, const char *what)
{
  for (size_t i = 0; i < lacking->count; i++)
    if (strcmp(lacking->keys[i], what) == 0) return (int)i;
  return -1;
}

static vt_status new_entry(vt_reader *reader, const char *what)
{
  vt_ctx *ctx = reader->ctx;
  vt_lacking *lacking = &reader->lacking;
  size_t capacity = lacking->capacity ? lacking->capacity * 2 : 16;
  if (lacking->count == lacking->capacity) {
    void *texts = vt_arena_zero(&reader->arena, capacity, sizeof *lacking->texts);
    void *keys = vt_arena_zero(&reader->arena, capacity, sizeof *lacking->keys);
    void *counts = vt_arena_zero(&reader->arena, capacity, sizeof *lacking->counts);
    if (!texts || !keys || !counts) return vt_ctx_status(ctx);
    if (lacking->count) {
      /* the texts move with their entries; the old array stays in the arena unused */
      memcpy(texts, lacking->texts, lacking->count * sizeof *lacking->texts);
      memcpy(keys, lacking->keys, lacking->count * sizeof *lacking->keys);
      memcpy(counts, lacking->counts, lacking->count * sizeof *lacking->counts);
    }
    lacking->texts = texts;
    lacking->keys = keys;
    lacking->counts = counts;
    lacking->capacity = capacity;
  }
  lacking->keys[lacking->count] = vt_arena_copy(&reader->arena, what);
  if (!lacking->keys[lacking->count]) return vt_ctx_status(ctx);
  lacking->count++;
  return VT_OK;
}

vt_status vt_lacking_add(vt_reader *reader, const char *what, const char *where)
{
  vt_lacking *lacking = &reader->lacking;
  int entry = find_entry(lacking, what);
  if (entry < 0) {
    VT_TRY(new_entry(reader, what));
    entry = (int)lacking->count - 1;
  }
  if (lacking->counts[entry]++ < NAMED)
    vt_text_addf(reader->ctx, &lacking->texts[entry], "%s'%s'", lacking->counts[entry] > 1 ? ", " : "",
                 where);
  return VT_OK;
}

vt_status vt_lacking_fail(vt_reader *reader, const char *head)
{
  vt_ctx *ctx = reader->ctx;
  vt_lacking *lacking = &reader->lacking;
  if (lacking->count == 0) return VT_OK;
  vt_text text = {0};
  for (size_t i = 0; i < lacking->count; i++) {
    vt_text_addf(ctx, &text, "%s%s (%s", i ? "; " : "", lacking->keys[i],
                 lacking->texts[i].data ? lacking->texts[i].data : "");
    if (lacking->counts[i] > NAMED) vt_text_addf(ctx, &text, " and %d more", lacking->counts[i] - NAMED);
    vt_text_add(ctx, &text, ")");
    vt_text_free(&lacking->texts[i]);
  }
  lacking->count = 0;
  vt_status status = vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: %s", head, text.data ? text.data : "");
  vt_text_free(&text);
  return status;
}
