/* SPDX-License-Identifier: Apache-2.0
 *
 * What every preset of text and tables must keep, whatever it says.
 */
#ifndef VT_TESTS_TEXT_CASE_H
#define VT_TESTS_TEXT_CASE_H

#include "test.h"
#include "worlds/corpora.h"

static inline vt_world *open_preset(vt_ctx *ctx, const char *id, const char *setting)
{
  vt_world *world;
  assert_ok(ctx, vt_world_open(ctx, id, &setting, setting ? 1 : 0, 0, &world));
  return world;
}

/* A record as its preset has it; free(). */
static inline void *make_record(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index)
{
  void *record = malloc(world->preset->record_size);
  assert_non_null(record);
  assert_ok(ctx, vt_world_record(ctx, world, split, index, record));
  return record;
}

/* All fields of 64 items: the same bytes on one and two threads, in any order. */
static inline void same_bytes_on_any_threads(vt_ctx *ctx, const vt_world *world)
{
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 64, &set));
  int64_t forward[64], back[64];
  for (int i = 0; i < 64; i++)
    forward[i] = i, back[i] = 63 - i;
  vt_batch one, two;
  vt_ctx_set_threads(ctx, 1);
  assert_ok(ctx, vt_batch_make(ctx, set, forward, 64, 0, NULL, &one));
  vt_ctx_set_threads(ctx, 2);
  assert_ok(ctx, vt_batch_make(ctx, set, back, 64, 0, NULL, &two));
  for (int field = 0; field < set->field_count; field++) {
    size_t bytes = vt_dataset_field_bytes(&set->fields[field]);
    const char *a = one.tensors[field]->data, *b = two.tensors[field]->data;
    for (int i = 0; i < 64; i++)
      assert_memory_equal(a + (size_t)i * bytes, b + (size_t)(63 - i) * bytes, bytes);
  }
  vt_dataset_free(set);
}

/* Of `count` items of each split no two splits share more than `chance` of their texts. */
static inline void splits_share_few_texts(vt_ctx *ctx, const vt_world *world, int count, double chance)
{
  char(*hashes)[65] = malloc((size_t)count * sizeof *hashes);
  int shared = 0;
  for (int i = 0; i < count; i++) {
    void *record = make_record(ctx, world, VT_TRAIN, i);
    vt_item item;
    assert_ok(ctx, vt_world_show(ctx, world, record, &item));
    vt_sha256_hex(item.text, strlen(item.text), hashes[i]);
    vt_item_free(&item);
    free(record);
  }
  for (int i = 0; i < count; i++) {
    void *record = make_record(ctx, world, VT_TEST, i);
    vt_item item;
    char hash[65];
    assert_ok(ctx, vt_world_show(ctx, world, record, &item));
    vt_sha256_hex(item.text, strlen(item.text), hash);
    bool found = false;
    for (int j = 0; j < count && !found; j++)
      found = strcmp(hash, hashes[j]) == 0;
    shared += found;
    vt_item_free(&item);
    free(record);
  }
  free(hashes);
  if (shared > chance * count) fail_msg("%d of %d test texts are in the training split", shared, count);
}

/* Words → text → words is the identity, the parser finds a document that says the same words, no word is
 * unknown. `document` is where the record keeps it. */
static inline void texts_come_back(vt_ctx *ctx, const vt_world *world, vt_split split, int count,
                                   size_t document)
{
  const vt_corpus *corpus = vt_world_corpus(world);
  for (int i = 0; i < count; i++) {
    char *record = make_record(ctx, world, split, i);
    vt_words words, again;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, (vt_document *)(record + document), &words));
    assert_true(words.count > 0);
    char *text = vt_corpus_text(ctx, corpus, words.tokens, words.count);
    assert_non_null(text);
    uint16_t read[VT_CORPUS_TOKENS];
    assert_int_equal(vt_corpus_tokens(corpus, text, read, VT_CORPUS_TOKENS), words.count);
    assert_memory_equal(read, words.tokens, (size_t)words.count * sizeof *read);
    for (int at = 0; at < words.count; at++)
      assert_true(read[at] >= VT_TOKEN_SPECIALS);
    vt_document parsed;
    if (!vt_corpus_parse(corpus, read, words.count, &parsed)) fail_msg("does not parse: %s", text);
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &parsed, &again));
    assert_int_equal(again.count, words.count);
    assert_memory_equal(again.tokens, words.tokens, (size_t)words.count * sizeof *read);
    vt_free(text);
    free(record);
  }
}

#endif
