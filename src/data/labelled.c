/* SPDX-License-Identifier: Apache-2.0 */
#include "data/labelled.h"

#include <stdlib.h>

#include "data/csv.h"
#include "data/jsonl.h"
#include "data/vocabulary.h"

enum { MAX_COLUMNS = 8, MAX_CLASSES = 1 << 16 };

typedef struct builder {
  vt_ctx *ctx;
  vt_labelled *set;
  size_t text_capacity, label_capacity;
  vt_vocabulary classes;
  char *names[MAX_COLUMNS]; /* owned: columns of the text */
  size_t name_count;
} builder;

/* ---- rows ---- */

static vt_status add_row(builder *b, const char *const *parts, const char *label)
{
  vt_ctx *ctx = b->ctx;
  vt_labelled *set = b->set;
  vt_text text = {0};
  VT_TRY(vt_grow(ctx, &set->texts, &b->text_capacity, set->count, sizeof *set->texts));
  VT_TRY(vt_grow(ctx, &set->labels, &b->label_capacity, set->count, sizeof *set->labels));
  if (b->classes.count >= MAX_CLASSES)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "more than %d classes; is the label a number of its own each time?", MAX_CLASSES);
  VT_TRY(vt_vocabulary_add(ctx, &b->classes, label, strlen(label), &set->labels[set->count], NULL));
  vt_text_add(ctx, &text, "");
  for (size_t i = 0; i < b->name_count; i++) {
    if (i) vt_text_add(ctx, &text, " ");
    vt_text_add(ctx, &text, parts[i]);
  }
  char *copy = text.failed ? NULL : vt_strdup(ctx, text.data ? text.data : "");
  vt_text_free(&text);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  set->texts[set->count++] = copy;
  return VT_OK;
}

static vt_status take_table(builder *b, const vt_csv *table, const char *label)
{
  size_t columns[MAX_COLUMNS], label_column;
  for (size_t i = 0; i < b->name_count; i++)
    VT_TRY(vt_csv_column(b->ctx, table, b->names[i], &columns[i]));
  VT_TRY(vt_csv_column(b->ctx, table, label, &label_column));
  for (size_t row = 0; row < vt_csv_rows(table); row++) {
    const char *parts[MAX_COLUMNS];
    for (size_t i = 0; i < b->name_count; i++)
      parts[i] = vt_csv_cell(table, row, columns[i]);
    VT_TRY(add_row(b, parts, vt_csv_cell(table, row, label_column)));
  }
  return VT_OK;
}

static vt_status read_table(builder *b, const char *path, const char *label, size_t max_rows)
{
  vt_csv *table;
  VT_TRY(vt_csv_read(b->ctx, path, &(vt_csv_format){.max_rows = max_rows}, &table));
  vt_status status = take_table(b, table, label);
  vt_csv_free(table);
  return status;
}

static vt_status take_object(builder *b, const vt_jsonl *file, const json_t *object, const char *label)
{
  const char *parts[MAX_COLUMNS];
  const json_t *class = json_object_get(object, label);
  char number[32];
  for (size_t i = 0; i < b->name_count; i++) {
    parts[i] = json_string_value(json_object_get(object, b->names[i]));
    if (!parts[i])
      return vt_fail(b->ctx, VT_ERROR_INVALID_DATA, "%s: line %zu has no text under \"%.64s\"", file->path,
                     file->line, b->names[i]);
  }
  if (json_is_integer(class)) snprintf(number, sizeof number, "%lld", (long long)json_integer_value(class));
  if (!json_is_integer(class) && !json_is_string(class))
    return vt_fail(b->ctx, VT_ERROR_INVALID_DATA, "%s: line %zu has no text or integer under \"%.64s\"",
                   file->path, file->line, label);
  return add_row(b, parts, json_is_integer(class) ? number : json_string_value(class));
}

static vt_status read_lines(builder *b, const char *path, const char *label, size_t max_rows)
{
  vt_jsonl file;
  VT_TRY(vt_jsonl_open(b->ctx, path, &file));
  vt_status status = VT_OK;
  while (status == VT_OK && (max_rows == 0 || b->set->count < max_rows)) {
    json_t *object;
    status = vt_jsonl_next(b->ctx, &file, &object);
    if (status != VT_OK || !object) break;
    status = take_object(b, &file, object, label);
    json_decref(object);
  }
  vt_jsonl_close(&file);
  return status;
}

/* ---- classes ---- */

typedef struct class_name {
  char *name;
  int64_t number;
  size_t first; /* as met in the file */
} class_name;

static int by_number(const void *a, const void *b)
{
  const class_name *left = a, *right = b;
  if (left->number != right->number) return left->number < right->number ? -1 : 1;
  return strcmp(left->name, right->name);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const class_name *)a)->name, ((const class_name *)b)->name);
}

static vt_status sort_classes(builder *b)
{
  size_t count = b->classes.count;
  vt_labelled *set = b->set;
  bool numbers = true;
  class_name *sorted = vt_alloc_zero(b->ctx, count + 1, sizeof *sorted);
  int64_t *place = vt_alloc_zero(b->ctx, count + 1, sizeof *place);
  set->classes = vt_alloc_zero(b->ctx, count + 1, sizeof *set->classes);
  if (sorted && place && set->classes) {
    for (size_t i = 0; i < count; i++) {
      sorted[i] = (class_name){.name = b->classes.pieces[i], .first = i};
      numbers = vt_parse_integer(sorted[i].name, &sorted[i].number) && numbers;
    }
    qsort(sorted, count, sizeof *sorted, numbers ? by_number : by_name);
    for (size_t i = 0; i < count; i++) {
      place[sorted[i].first] = (int64_t)i;
      set->classes[i] = sorted[i].name;
    }
    set->class_count = (int)count;
    b->classes.count = 0; /* the set owns the names now */
    for (size_t i = 0; i < set->count; i++)
      set->labels[i] = place[set->labels[i]];
  }
  vt_free(sorted);
  vt_free(place);
  return set->class_count == (int)count ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- reading ---- */

static vt_status split_names(builder *b, const char *text)
{
  for (;;) {
    size_t length = strcspn(text, ",");
    if (length == 0 || b->name_count == MAX_COLUMNS)
      return vt_fail(b->ctx, VT_ERROR_INVALID_ARGUMENT, "text columns are named as 'a,b', up to %d",
                     MAX_COLUMNS);
    b->names[b->name_count] = vt_strndup(b->ctx, text, length);
    if (!b->names[b->name_count]) return VT_ERROR_OUT_OF_MEMORY;
    b->name_count++;
    if (!text[length]) return VT_OK;
    text += length + 1;
  }
}

static vt_status read_file(builder *b, const char *path, const char *text, const char *label, size_t max_rows)
{
  size_t length = strlen(path);
  bool lines = length > 6 && strcmp(path + length - 6, ".jsonl") == 0;
  VT_TRY(split_names(b, text));
  VT_TRY(lines ? read_lines(b, path, label, max_rows) : read_table(b, path, label, max_rows));
  return sort_classes(b);
}

vt_status vt_labelled_read(vt_ctx *ctx, const char *path, const char *text, const char *label,
                           size_t max_rows, vt_labelled **out)
{
  builder b = {.ctx = ctx};
  *out = NULL;
  b.set = vt_alloc_zero(ctx, 1, sizeof *b.set);
  if (!b.set) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = read_file(&b, path, text, label, max_rows);
  for (size_t i = 0; i < b.name_count; i++)
    vt_free(b.names[i]);
  vt_vocabulary_free(&b.classes);
  if (status != VT_OK) {
    vt_labelled_free(b.set);
    return status;
  }
  *out = b.set;
  return VT_OK;
}

void vt_labelled_free(vt_labelled *set)
{
  if (!set) return;
  for (size_t i = 0; i < set->count; i++)
    vt_free(set->texts[i]);
  for (int i = 0; i < set->class_count; i++)
    vt_free(set->classes[i]);
  vt_free(set->texts);
  vt_free(set->labels);
  vt_free(set->classes);
  vt_free(set);
}

/* ---- as a data set ---- */

/* The key: a hash of all that the set holds. */
static void hash_content(vt_tensor *const *tensors, char key[65])
{
  char hashes[2 * 65];
  vt_sha256_hex(tensors[0]->data, vt_bytes(tensors[0]), hashes);
  vt_sha256_hex(tensors[2]->data, vt_bytes(tensors[2]), hashes + 65);
  vt_sha256_hex(hashes, sizeof hashes, key);
}

/* Ids of one text into a row; what is too long is cut in front of the last of the frame. */
static vt_status fill_row(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, int length,
                          vt_ids *ids, int64_t *tokens, int64_t *mask)
{
  int64_t pad = vt_tokenizer_special(tokenizer, "pad"), last = vt_tokenizer_special(tokenizer, "sep");
  if (last < 0) last = vt_tokenizer_special(tokenizer, "eos");
  ids->count = 0;
  VT_TRY(vt_tokenizer_encode(ctx, tokenizer, text, strlen(text), true, ids));
  for (int i = 0; i < length; i++) {
    mask[i] = (size_t)i < ids->count;
    tokens[i] = mask[i] ? ids->data[i] : pad < 0 ? 0 : pad;
  }
  if (ids->count > (size_t)length && last >= 0) tokens[length - 1] = last;
  return VT_OK;
}

vt_status vt_labelled_dataset(vt_ctx *ctx, const vt_labelled *set, const vt_tokenizer *tokenizer, int length,
                              const char *name, vt_dataset **out)
{
  *out = NULL;
  if (length < 2)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "texts of %d tokens; 2 or more are needed", length);
  static const char *const names[] = {"tokens", "attention_mask", "label"};
  int64_t dims[2] = {(int64_t)set->count, length};
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *tensors[3] = {vt_tensor_new(ctx, VT_I64, 2, dims), vt_tensor_new(ctx, VT_I64, 2, dims),
                           vt_tensor_new(ctx, VT_I64, 1, dims)};
  vt_status status = tensors[0] && tensors[1] && tensors[2] ? VT_OK : vt_ctx_status(ctx);
  vt_ids ids = {0};
  for (size_t i = 0; i < set->count && status == VT_OK; i++) {
    status = fill_row(ctx, tokenizer, set->texts[i], length, &ids,
                      (int64_t *)tensors[0]->data + i * (size_t)length,
                      (int64_t *)tensors[1]->data + i * (size_t)length);
    ((int64_t *)tensors[2]->data)[i] = set->labels[i];
    if (status != VT_OK) vt_fail_prefix(ctx, "text %zu", i);
  }
  vt_ids_free(&ids);
  if (status == VT_OK) status = vt_dataset_tensors(ctx, name, 3, names, tensors, out);
  if (status == VT_OK) hash_content(tensors, (*out)->key);
  vt_tensor_release(ctx, mark);
  if (status != VT_OK) return status;
  (*out)->classes = (const char *const *)set->classes;
  (*out)->class_count = set->class_count;
  return VT_OK;
}
