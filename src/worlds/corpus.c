/* SPDX-License-Identifier: Apache-2.0
 *
 * Text worlds: compiling a grammar.
 */
#include "worlds/corpus.h"

typedef struct piece { /* a word inside a grammar's text */
  const char *start;
  int length;
} piece;

typedef struct word_bag {
  piece *pieces;
  size_t count, capacity;
} word_bag;

/* The next run of non-blanks at *at, which moves behind it. Slots hold no blanks, so they are one piece. */
static bool next_piece(const char **at, piece *out)
{
  while (**at == ' ')
    (*at)++;
  out->start = *at;
  while (**at && **at != ' ')
    (*at)++;
  out->length = (int)(*at - out->start);
  return out->length > 0;
}

static vt_status collect(vt_ctx *ctx, word_bag *bag, const char *text)
{
  piece found;
  for (const char *at = text; next_piece(&at, &found);) {
    if (strchr("{[]", found.start[0])) continue;
    VT_TRY(vt_grow(ctx, &bag->pieces, &bag->capacity, bag->count, sizeof *bag->pieces));
    bag->pieces[bag->count++] = found;
  }
  return VT_OK;
}

static int compare_pieces(const void *a, const void *b)
{
  const piece *left = a, *right = b;
  int shorter = left->length < right->length ? left->length : right->length;
  int order = memcmp(left->start, right->start, (size_t)shorter);
  return order ? order : left->length - right->length;
}

static vt_status build_vocabulary(vt_ctx *ctx, vt_corpus *corpus, const word_bag *bag)
{
  static const char *const specials[VT_TOKEN_SPECIALS] = {"<pad>", "<bos>", "<eos>", "<unk>"};
  qsort(bag->pieces, bag->count, sizeof *bag->pieces, compare_pieces);
  size_t unique = 0;
  for (size_t i = 0; i < bag->count; i++)
    if (i == 0 || compare_pieces(&bag->pieces[i - 1], &bag->pieces[i]) != 0) unique++;
  if (unique + VT_TOKEN_SPECIALS > UINT16_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a grammar of %zu words: tokens have 16 bits", unique);
  char **words = vt_alloc_zero(ctx, unique + VT_TOKEN_SPECIALS, sizeof *words);
  if (!words) return VT_ERROR_OUT_OF_MEMORY;
  corpus->words = (const char *const *)words;
  for (int i = 0; i < VT_TOKEN_SPECIALS; i++) {
    words[corpus->word_count] = vt_strdup(ctx, specials[i]);
    if (!words[corpus->word_count++]) return VT_ERROR_OUT_OF_MEMORY;
  }
  for (size_t i = 0; i < bag->count; i++) {
    if (i > 0 && compare_pieces(&bag->pieces[i - 1], &bag->pieces[i]) == 0) continue;
    words[corpus->word_count] = vt_strndup(ctx, bag->pieces[i].start, (size_t)bag->pieces[i].length);
    if (!words[corpus->word_count++]) return VT_ERROR_OUT_OF_MEMORY;
  }
  return VT_OK;
}

static int find_word(const vt_corpus *corpus, const char *word, size_t length)
{
  int low = VT_TOKEN_SPECIALS, high = corpus->word_count;
  while (low < high) {
    int middle = (low + high) / 2;
    int order = strncmp(corpus->words[middle], word, length);
    if (order == 0 && corpus->words[middle][length]) order = 1;
    if (order == 0) return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return VT_TOKEN_UNK;
}

int vt_corpus_word(const vt_corpus *corpus, const char *word)
{
  return find_word(corpus, word, strlen(word));
}

static vt_status spell_lists(vt_ctx *ctx, vt_corpus *corpus, size_t most)
{
  const vt_grammar *grammar = corpus->grammar;
  uint16_t *spelling = vt_alloc_zero(ctx, most ? most : 1, sizeof *spelling);
  if (!spelling) return VT_ERROR_OUT_OF_MEMORY;
  corpus->spelling = spelling;
  int32_t **value = vt_alloc_zero(ctx, (size_t)grammar->list_count + 1, sizeof *value);
  if (!value) return VT_ERROR_OUT_OF_MEMORY;
  corpus->value = (const int32_t *const *)value;
  int32_t next = 0;
  for (int list = 0; list < grammar->list_count; list++) {
    const vt_word_list *words = &grammar->lists[list];
    value[list] = vt_alloc_zero(ctx, (size_t)words->count + 1, sizeof **value);
    if (!value[list]) return VT_ERROR_OUT_OF_MEMORY;
    for (int i = 0; i < words->count; i++) {
      value[list][i] = next;
      piece found;
      for (const char *at = words->words[i]; next_piece(&at, &found);)
        spelling[next++] = (uint16_t)find_word(corpus, found.start, (size_t)found.length);
      spelling[next++] = VT_TOKEN_PAD;
    }
  }
  return VT_OK;
}

int vt_corpus_list(const vt_corpus *corpus, const char *name)
{
  for (int i = 0; i < corpus->grammar->list_count; i++)
    if (strcmp(corpus->grammar->lists[i].name, name) == 0) return i;
  return -1;
}

int vt_corpus_slot(const vt_corpus *corpus, int pattern, const char *label)
{
  const vt_pattern *found = &corpus->patterns[pattern];
  for (int i = 0; i < found->slot_count; i++)
    if (strcmp(found->labels[i], label) == 0) return i;
  return -1;
}

/* "{LABEL:list}" or "{list}": its slot number in `out`. */
static vt_status compile_slot(vt_ctx *ctx, const vt_corpus *corpus, int index, piece text, int *out)
{
  vt_pattern *pattern = (vt_pattern *)&corpus->patterns[index];
  char inside[3 * VT_CORPUS_LABEL], *list = inside;
  if (text.length < 3 || text.length - 2 >= (int)sizeof inside || text.start[text.length - 1] != '}')
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "template '%s': slot '%.*s' is not {list} or {LABEL:list}",
                   corpus->grammar->templates[index].text, text.length, text.start);
  snprintf(inside, sizeof inside, "%.*s", text.length - 2, text.start + 1);
  char *sign = strchr(inside, ':');
  if (sign) *sign = 0, list = sign + 1;
  int known = vt_corpus_slot(corpus, index, inside);
  if (known >= 0) {
    *out = known;
    return VT_OK;
  }
  int number = vt_corpus_list(corpus, list);
  if (number < 0 || pattern->slot_count == VT_CORPUS_SLOTS || strlen(inside) >= VT_CORPUS_LABEL)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "template '%s': slot '%s': %s",
                   corpus->grammar->templates[index].text, inside,
                   number < 0 ? "no such list" : "too many slots, or too long a label");
  *out = pattern->slot_count++;
  pattern->lists[*out] = number;
  snprintf(pattern->labels[*out], VT_CORPUS_LABEL, "%s", inside);
  return VT_OK;
}

static vt_status compile(vt_ctx *ctx, const vt_corpus *corpus, int index)
{
  vt_pattern *pattern = (vt_pattern *)&corpus->patterns[index];
  const vt_template *source = &corpus->grammar->templates[index];
  pattern->group = source->group;
  int32_t *parts = vt_alloc_zero(ctx, strlen(source->text) + 1, sizeof *parts);
  if (!parts) return VT_ERROR_OUT_OF_MEMORY;
  pattern->parts = parts;
  char *marks = vt_alloc_zero(ctx, strlen(source->text) + 1, 1);
  pattern->marks = marks;
  bool *opens = vt_alloc_zero(ctx, strlen(source->text) + 1, sizeof *opens);
  pattern->opens = opens;
  if (!marks || !opens) return VT_ERROR_OUT_OF_MEMORY;
  piece found;
  char mark = 0;
  for (const char *at = source->text; next_piece(&at, &found);) {
    int slot = 0;
    if (found.start[0] == '[' || found.start[0] == ']') {
      if ((found.start[0] == '[') != (mark == 0) || found.length != (mark ? 1 : 2))
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "template '%s': spans are '[x words ]', side by side",
                       source->text);
      mark = mark ? 0 : found.start[1];
      opens[pattern->part_count] = mark != 0;
      continue;
    }
    marks[pattern->part_count] = mark;
    bool is_slot = found.start[0] == '{';
    if (is_slot) VT_TRY(compile_slot(ctx, corpus, index, found, &slot));
    parts[pattern->part_count++] = is_slot ? -1 - slot : find_word(corpus, found.start, (size_t)found.length);
  }
  if (mark)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "template '%s': a span is not closed", source->text);
  return VT_OK;
}

static vt_status open_corpus(vt_ctx *ctx, vt_corpus *corpus, word_bag *bag)
{
  const vt_grammar *grammar = corpus->grammar;
  size_t values = 0;
  for (int list = 0; list < grammar->list_count; list++) {
    for (int i = 0; i < grammar->lists[list].count; i++)
      VT_TRY(collect(ctx, bag, grammar->lists[list].words[i]));
    values += (size_t)grammar->lists[list].count;
  }
  size_t spelled = bag->count;
  for (int i = 0; i < grammar->template_count; i++)
    VT_TRY(collect(ctx, bag, grammar->templates[i].text));
  if (bag->count == 0) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a grammar without words");
  VT_TRY(build_vocabulary(ctx, corpus, bag));
  VT_TRY(spell_lists(ctx, corpus, spelled + values));
  vt_pattern *patterns = vt_alloc_zero(ctx, (size_t)grammar->template_count + 1, sizeof *patterns);
  if (!patterns) return VT_ERROR_OUT_OF_MEMORY;
  corpus->patterns = patterns;
  for (int i = 0; i < grammar->template_count; i++)
    VT_TRY(compile(ctx, corpus, i));
  return VT_OK;
}

vt_status vt_corpus_open(vt_ctx *ctx, const vt_grammar *grammar, vt_corpus **out)
{
  *out = NULL;
  vt_corpus *corpus = vt_alloc_zero(ctx, 1, sizeof *corpus);
  if (!corpus) return VT_ERROR_OUT_OF_MEMORY;
  corpus->grammar = grammar;
  word_bag bag = {0};
  vt_status status = open_corpus(ctx, corpus, &bag);
  vt_free(bag.pieces);
  if (status != VT_OK)
    vt_corpus_close(corpus);
  else
    *out = corpus;
  return status;
}

void vt_corpus_close(vt_corpus *corpus)
{
  if (!corpus) return;
  for (int i = 0; i < corpus->word_count; i++)
    vt_free((void *)corpus->words[i]);
  vt_free((void *)corpus->words);
  for (int i = 0; corpus->patterns && i < corpus->grammar->template_count; i++) {
    vt_free((void *)corpus->patterns[i].parts);
    vt_free((void *)corpus->patterns[i].marks);
    vt_free((void *)corpus->patterns[i].opens);
  }
  vt_free((void *)corpus->patterns);
  for (int i = 0; corpus->value && i < corpus->grammar->list_count; i++)
    vt_free((void *)corpus->value[i]);
  vt_free((void *)corpus->value);
  vt_free((void *)corpus->spelling);
  vt_free(corpus);
}

vt_status vt_text_world_open(vt_ctx *ctx, vt_world *world, const vt_grammar *grammar, size_t size)
{
  world->shared = vt_alloc_zero(ctx, 1, size);
  if (!world->shared) return VT_ERROR_OUT_OF_MEMORY;
  return vt_corpus_open(ctx, grammar, world->shared);
}

void vt_text_world_close(vt_world *world)
{
  if (!world->shared) return;
  vt_corpus_close(*(vt_corpus **)world->shared);
  vt_free(world->shared);
}

const vt_corpus *vt_world_corpus(const vt_world *world)
{
  bool text = strncmp(world->preset->id, "corpora/", 8) == 0 || strcmp(world->preset->id, "places") == 0;
  return text ? *(vt_corpus *const *)world->shared : NULL;
}
