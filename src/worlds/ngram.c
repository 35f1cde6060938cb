/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/ngram.h"

#include <math.h>

typedef struct entry {
  uint64_t key; /* tokens + 1 in 17 bits each, order in the top bits; 0: free */
  uint32_t count;
} entry;

struct vt_ngram {
  int vocabulary;
  entry *entries; /* open addressing */
  size_t capacity, used;
};

/* Key of a gram of `order` tokens, or of its context (the order with 4 added: what it was followed by). */
static uint64_t key_of(int order, int before, int last, int token)
{
  return (uint64_t)order << 51 | (uint64_t)(before + 2) << 34 | (uint64_t)(last + 2) << 17 |
         (uint64_t)(token + 2);
}

static size_t place_of(const vt_ngram *ngram, uint64_t key)
{
  uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);
  size_t at = (size_t)(mixed >> 20) & (ngram->capacity - 1);
  while (ngram->entries[at].key && ngram->entries[at].key != key)
    at = (at + 1) & (ngram->capacity - 1);
  return at;
}

static double count_of(const vt_ngram *ngram, uint64_t key)
{
  return ngram->entries[place_of(ngram, key)].count;
}

static vt_status widen(vt_ctx *ctx, vt_ngram *ngram)
{
  vt_ngram wider = *ngram;
  wider.capacity = ngram->capacity ? 2 * ngram->capacity : 4096;
  wider.entries = vt_alloc_zero(ctx, wider.capacity, sizeof *wider.entries);
  if (!wider.entries) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < ngram->capacity; i++)
    if (ngram->entries[i].key) wider.entries[place_of(&wider, ngram->entries[i].key)] = ngram->entries[i];
  vt_free(ngram->entries);
  *ngram = wider;
  return VT_OK;
}

static vt_status add(vt_ctx *ctx, vt_ngram *ngram, uint64_t key)
{
  if (2 * ngram->used >= ngram->capacity) VT_TRY(widen(ctx, ngram));
  entry *found = &ngram->entries[place_of(ngram, key)];
  ngram->used += found->key == 0;
  found->key = key;
  found->count++;
  return VT_OK;
}

enum { NOTHING = -2, ANY = -2 }; /* no token: −1 stands before bos */

static vt_status add_gram(vt_ctx *ctx, vt_ngram *ngram, int before, int last, int token)
{
  VT_TRY(add(ctx, ngram, key_of(3, before, last, token)));
  VT_TRY(add(ctx, ngram, key_of(7, before, last, ANY)));
  VT_TRY(add(ctx, ngram, key_of(2, NOTHING, last, token)));
  VT_TRY(add(ctx, ngram, key_of(6, NOTHING, last, ANY)));
  VT_TRY(add(ctx, ngram, key_of(1, NOTHING, NOTHING, token)));
  return add(ctx, ngram, key_of(5, NOTHING, NOTHING, ANY));
}

static vt_status count_items(vt_ctx *ctx, const vt_dataset *set, int field, vt_ngram *ngram)
{
  int64_t width = set->fields[field].dims[0];
  int64_t *tokens = vt_alloc_zero(ctx, (size_t)width, sizeof *tokens);
  if (!tokens) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (int64_t item = 0; item < set->count && status == VT_OK; item++) {
    void *out[VT_DATASET_FIELDS] = {0};
    out[field] = tokens;
    status = set->fill(ctx, set, item, 0, out);
    for (int64_t i = 1; i < width && tokens[i] != VT_TOKEN_PAD && status == VT_OK; i++)
      status = add_gram(ctx, ngram, i > 1 ? (int)tokens[i - 2] : -1, (int)tokens[i - 1], (int)tokens[i]);
  }
  vt_free(tokens);
  return status;
}

vt_status vt_ngram_count(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t count, vt_ngram **out)
{
  *out = NULL;
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_dataset *set;
  VT_TRY(vt_world_dataset(ctx, world, split, count, &set));
  int field = vt_dataset_find(set, "tokens");
  vt_ngram *ngram = NULL;
  vt_status status = VT_OK;
  if (!corpus || field < 0)
    status = vt_fail(ctx, VT_ERROR_UNSUPPORTED, "world %s has no tokens to count", world->preset->id);
  if (status == VT_OK) {
    ngram = vt_alloc_zero(ctx, 1, sizeof *ngram);
    status = ngram ? widen(ctx, ngram) : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) {
    ngram->vocabulary = corpus->word_count;
    status = count_items(ctx, set, field, ngram);
  }
  vt_dataset_free(set);
  if (status != VT_OK)
    vt_ngram_free(ngram);
  else
    *out = ngram;
  return status;
}

void vt_ngram_free(vt_ngram *ngram)
{
  if (ngram) vt_free(ngram->entries);
  vt_free(ngram);
}

double vt_ngram_probability(const vt_ngram *ngram, int before, int last, int token)
{
  double three = count_of(ngram, key_of(7, before, last, ANY)),
         two = count_of(ngram, key_of(6, NOTHING, last, ANY));
  double one = count_of(ngram, key_of(5, NOTHING, NOTHING, ANY)), weight = .01;
  double sum = .01 / ngram->vocabulary;
  if (one > 0) weight += .09, sum += .09 * count_of(ngram, key_of(1, NOTHING, NOTHING, token)) / one;
  if (two > 0) weight += .2, sum += .2 * count_of(ngram, key_of(2, NOTHING, last, token)) / two;
  if (three > 0) weight += .7, sum += .7 * count_of(ngram, key_of(3, before, last, token)) / three;
  return sum / weight;
}

double vt_ngram_perplexity(const vt_ngram *ngram, const uint16_t *tokens, int count, int skip)
{
  double sum = 0;
  for (int i = skip; i < count; i++) {
    int last = i > 0 ? tokens[i - 1] : VT_TOKEN_BOS, before = i > 1    ? tokens[i - 2]
                                                              : i == 1 ? VT_TOKEN_BOS
                                                                       : -1;
    sum -= log(vt_ngram_probability(ngram, before, last, tokens[i]));
  }
  return count > skip ? exp(sum / (count - skip)) : NAN;
}

/* The mark that ends a sentence at or after `from`; count: none. */
static int next_end(const vt_corpus *corpus, const uint16_t *tokens, int count, int from)
{
  for (int i = from; i < count; i++) {
    const char *word = tokens[i] < corpus->word_count ? corpus->words[tokens[i]] : "";
    if (*word && !word[1] && strchr(".?!", word[0])) return i;
  }
  return count;
}

double vt_corpus_valid_share(const vt_corpus *corpus, const uint16_t *tokens, int count)
{
  int complete = 0, valid = 0;
  vt_document document;
  for (int first = 0, end; (end = next_end(corpus, tokens, count, first)) < count; first = end + 1) {
    /* a template may hold a mark inside ("is it red ? the …"): up to the second one, then */
    int second = next_end(corpus, tokens, count, end + 1);
    complete++;
    if (vt_corpus_parse(corpus, tokens + first, end + 1 - first, &document)) {
      valid++;
    } else if (second < count && vt_corpus_parse(corpus, tokens + first, second + 1 - first, &document)) {
      valid++;
      end = second;
    }
  }
  return complete ? (double)valid / complete : NAN;
}
