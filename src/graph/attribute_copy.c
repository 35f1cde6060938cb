/* SPDX-License-Identifier: Apache-2.0
 *
 * Attribute structs copied and compared by their field tables.
 */
#include "graph/assemble.h"
#include "ops/layout.h"

bool vt_same_tensor(const vt_tensor *a, const vt_tensor *b)
{
  if (a->type != b->type || a->layout != b->layout || !vt_same_shape(a, b)) return false;
  size_t bytes = vt_bytes(a);
  return bytes == 0 || (a->data && b->data && memcmp(a->data, b->data, bytes) == 0);
}

static vt_status copy_rows(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor *copy)
{
  VT_TRY(vt_tensor_set_shape(ctx, copy, tensor->type, tensor->rank, tensor->dims));
  VT_TRY(vt_tensor_allocate(ctx, copy));
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor stored = *tensor; /* the header that others look at stays as it is */
  const vt_tensor *rows = vt_row_major(ctx, &stored);
  if (rows && vt_bytes(rows)) memcpy(copy->data, rows->data, vt_bytes(rows));
  vt_tensor_release(ctx, mark);
  return rows ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_tensor_copy_alone(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor **out)
{
  *out = NULL;
  vt_tensor *copy = vt_tensor_alone(ctx);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = copy_rows(ctx, tensor, copy);
  if (status != VT_OK) {
    vt_tensor_free(copy);
    return status;
  }
  *out = copy;
  return VT_OK;
}

void vt_attributes_free(const vt_op *op, void *attributes)
{
  if (!attributes) return;
  for (size_t i = 0; i < op->field_count; i++)
    if (op->fields[i].kind == VT_FIELD_TENSOR)
      vt_tensor_free(*(vt_tensor **)(void *)((char *)attributes + op->fields[i].offset));
  vt_params_free(op->fields, op->field_count, attributes);
  vt_free(attributes);
}

static vt_status copy_texts(vt_ctx *ctx, const vt_texts *from, vt_texts *to)
{
  *to = (vt_texts){0};
  if (!from->count) return VT_OK;
  to->data = vt_alloc_zero(ctx, from->count, sizeof *to->data);
  if (!to->data) return VT_ERROR_OUT_OF_MEMORY;
  to->capacity = from->count;
  for (; to->count < from->count; to->count++)
    if (!(to->data[to->count] = vt_strdup(ctx, from->data[to->count]))) return VT_ERROR_OUT_OF_MEMORY;
  return VT_OK;
}

/* `to` holds a copy of the bytes of `from`: what those point to is put in place by a copy, or by nothing when
 * that fails. */
static vt_status own_field(vt_ctx *ctx, const vt_field *field, const void *from, void *to)
{
  if (field->kind == VT_FIELD_STRING) {
    char *text = *(char *const *)from, **copy = to;
    *copy = text ? vt_strdup(ctx, text) : NULL;
    return text && !*copy ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
  }
  if (field->kind == VT_FIELD_TENSOR) {
    const vt_tensor *tensor = *(vt_tensor *const *)from;
    *(vt_tensor **)to = NULL;
    return tensor ? vt_tensor_copy_alone(ctx, tensor, to) : VT_OK;
  }
  if (field->kind == VT_FIELD_TEXTS) return copy_texts(ctx, from, to);
  if (field->kind != VT_FIELD_INTS && field->kind != VT_FIELD_REALS) return VT_OK;
  vt_ints *list = to; /* both kinds of lists are laid out alike but for the type pointed to */
  vt_reals *reals = to;
  const void *source = field->kind == VT_FIELD_INTS ? (const void *)((const vt_ints *)from)->data
                                                    : (const void *)((const vt_reals *)from)->data;
  size_t count = field->kind == VT_FIELD_INTS ? list->count : reals->count;
  void *data = NULL;
  if (source && !(data = vt_alloc_zero(ctx, count ? count : 1, 8))) count = 0;
  if (data && count) memcpy(data, source, count * 8);
  if (field->kind == VT_FIELD_INTS)
    *list = (vt_ints){data, count, list->present};
  else
    *reals = (vt_reals){data, count, reals->present};
  return source && !data ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

_Static_assert(sizeof(int64_t) == 8 && sizeof(double) == 8, "elements of both kinds of lists have 8 bytes");

vt_status vt_attributes_copy(vt_ctx *ctx, const vt_op *op, const void *attributes, void **out)
{
  *out = NULL;
  if (!op->attributes_size) return VT_OK;
  void *copy = vt_alloc_zero(ctx, 1, op->attributes_size);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  if (!attributes) {
    status = vt_params_defaults(ctx, op->fields, op->field_count, copy, op->attributes_size);
  } else {
    memcpy(copy, attributes, op->attributes_size);
    for (size_t i = 0; i < op->field_count; i++) { /* all of them, so that what is freed is never borrowed */
      size_t at = op->fields[i].offset;
      vt_status one = own_field(ctx, &op->fields[i], (const char *)attributes + at, (char *)copy + at);
      if (one != VT_OK) status = one;
    }
  }
  if (status != VT_OK) {
    vt_attributes_free(op, copy);
    return status;
  }
  *out = copy;
  return VT_OK;
}

static bool same_text(const char *a, const char *b)
{
  return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_texts(const vt_texts *a, const vt_texts *b)
{
  bool same = a->count == b->count;
  for (size_t i = 0; same && i < a->count; i++)
    same = same_text(a->data[i], b->data[i]);
  return same;
}

static bool same_list(bool a_present, bool b_present, const void *a, const void *b, size_t a_count,
                      size_t b_count)
{
  return a_present == b_present && a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * 8) == 0);
}

bool vt_attribute_same(const vt_field *field, const void *a, const void *b)
{
  switch (field->kind) {
  case VT_FIELD_INT:
    return *(const int64_t *)a == *(const int64_t *)b;
  case VT_FIELD_REAL:
    return memcmp(a, b, sizeof(double)) == 0;
  case VT_FIELD_BOOL:
    return *(const bool *)a == *(const bool *)b;
  case VT_FIELD_CHOICE:
    return *(const int *)a == *(const int *)b;
  case VT_FIELD_STRING:
    return same_text(*(char *const *)a, *(char *const *)b);
  case VT_FIELD_TEXTS:
    return same_texts(a, b);
  case VT_FIELD_INTS: {
    const vt_ints *x = a, *y = b;
    return same_list(x->present, y->present, x->data, y->data, x->count, y->count);
  }
  case VT_FIELD_REALS: {
    const vt_reals *x = a, *y = b;
    return same_list(x->present, y->present, x->data, y->data, x->count, y->count);
  }
  case VT_FIELD_TENSOR: {
    const vt_tensor *x = *(vt_tensor *const *)a, *y = *(vt_tensor *const *)b;
    return x == y || (x && y && vt_same_tensor(x, y));
  }
  }
  return false;
}

const vt_field *vt_attributes_difference(const vt_op *op, const void *a, const void *b)
{
  for (size_t i = 0; i < op->field_count; i++)
    if (!vt_attribute_same(&op->fields[i], (const char *)a + op->fields[i].offset,
                           (const char *)b + op->fields[i].offset))
      return &op->fields[i];
  return NULL;
}
