/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors: shape, storage, marks.
 */
#include "tensor/tensor.h"

#include <math.h>

#include "base/context.h"

static const struct {
  const char *name;
  size_t size;
} type_table[] = {
    [VT_UNDEFINED] = {"undefined", 0},
    [VT_F32] = {"f32", 4},
    [VT_U8] = {"u8", 1},
    [VT_I8] = {"i8", 1},
    [VT_U16] = {"u16", 2},
    [VT_I16] = {"i16", 2},
    [VT_I32] = {"i32", 4},
    [VT_I64] = {"i64", 8},
    [VT_STRING] = {"string", 0},
    [VT_BOOL] = {"bool", 1},
    [VT_F16] = {"f16", 2},
    [VT_F64] = {"f64", 8},
    [VT_U32] = {"u32", 4},
    [VT_U64] = {"u64", 8},
    [VT_C64] = {"c64", 8},
    [VT_C128] = {"c128", 16},
    [VT_BF16] = {"bf16", 2},
};

size_t vt_type_size(vt_type type)
{
  return (size_t)type < VT_COUNT(type_table) ? type_table[type].size : 0;
}

const char *vt_type_name(vt_type type)
{
  return (size_t)type < VT_COUNT(type_table) ? type_table[type].name : "unknown";
}

int64_t vt_span(const vt_tensor *tensor, int from, int to)
{
  int64_t product = 1;
  for (int axis = from; axis < to; axis++)
    product *= tensor->dims[axis];
  return product;
}

int64_t vt_count(const vt_tensor *tensor)
{
  return vt_span(tensor, 0, tensor->rank);
}

size_t vt_bytes(const vt_tensor *tensor)
{
  return (size_t)vt_count(tensor) * vt_type_size(tensor->type);
}

const char *vt_shape_text(const vt_tensor *tensor, char buffer[160])
{
  int used = snprintf(buffer, 160, "%s[", vt_type_name(tensor->type));
  for (int axis = 0; axis < tensor->rank && used < 150; axis++)
    used +=
        snprintf(buffer + used, (size_t)(160 - used), axis ? ",%lld" : "%lld", (long long)tensor->dims[axis]);
  if (used < 158) memcpy(buffer + used, "]", 2);
  return buffer;
}

bool vt_same_shape(const vt_tensor *a, const vt_tensor *b)
{
  return a->rank == b->rank && memcmp(a->dims, b->dims, sizeof a->dims[0] * (size_t)a->rank) == 0;
}

vt_status vt_tensor_set_shape(vt_ctx *ctx, vt_tensor *tensor, vt_type type, int rank, const int64_t *dims)
{
  if (vt_type_size(type) == 0)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "tensors of type %s cannot be stored", vt_type_name(type));
  if (rank < 0 || rank > VT_MAX_RANK)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "tensor of %d dimensions; at most %d are supported", rank,
                   VT_MAX_RANK);
  /* bounded without the zero sizes, so that every partial product of a shape fits as well */
  int64_t bytes = (int64_t)vt_type_size(type);
  for (int axis = 0; axis < rank; axis++) {
    if (dims[axis] < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "dimension %d is %lld; sizes must be 0 or more", axis,
                     (long long)dims[axis]);
    if (dims[axis] > 0 && (__builtin_mul_overflow(bytes, dims[axis], &bytes) || bytes > INT64_MAX / 4))
      return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "tensor too large: dimension %d is %lld", axis,
                     (long long)dims[axis]);
  }
  tensor->type = type;
  tensor->layout = VT_STORED_ROW_MAJOR;
  tensor->rank = rank;
  if (rank > 0 && dims != tensor->dims) memmove(tensor->dims, dims, sizeof dims[0] * (size_t)rank);
  return VT_OK;
}

vt_status vt_tensor_allocate(vt_ctx *ctx, vt_tensor *tensor)
{
  vt_storage *storage = vt_alloc(ctx, sizeof *storage);
  if (!storage) return VT_ERROR_OUT_OF_MEMORY;
  storage->references = 1;
  storage->data = vt_alloc(ctx, vt_bytes(tensor));
  if (!storage->data) {
    vt_free(storage);
    char shape[160];
    return vt_fail_prefix(ctx, "tensor %s", vt_shape_text(tensor, shape));
  }
  vt_tensor_drop(tensor);
  tensor->storage = storage;
  tensor->data = storage->data;
  return VT_OK;
}

void vt_tensor_drop(vt_tensor *tensor)
{
  vt_storage *storage = tensor->storage;
  tensor->storage = NULL;
  tensor->data = NULL;
  if (storage && __atomic_sub_fetch(&storage->references, 1, __ATOMIC_ACQ_REL) == 0) {
    vt_free(storage->data);
    vt_free(storage);
  }
}

void vt_tensor_share(vt_tensor *tensor, const vt_tensor *source)
{
  if (source->storage) __atomic_add_fetch(&source->storage->references, 1, __ATOMIC_RELAXED);
  vt_storage *storage = source->storage;
  void *data = source->data;
  vt_tensor_drop(tensor);
  tensor->storage = storage;
  tensor->data = data;
}

void vt_tensor_release(vt_ctx *ctx, size_t mark)
{
  while (ctx->tensor_count > mark) {
    vt_tensor *tensor = ctx->tensors[--ctx->tensor_count];
    vt_tensor_drop(tensor);
    vt_free(tensor);
  }
}

size_t vt_tensor_mark(const vt_ctx *ctx)
{
  return ctx->tensor_count;
}

static void release_all(vt_ctx *ctx)
{
  vt_tensor_release(ctx, 0);
}

vt_tensor *vt_tensor_alone(vt_ctx *ctx)
{
  vt_tensor *tensor = vt_alloc_zero(ctx, 1, sizeof *tensor);
  if (tensor) tensor->owned = true;
  return tensor;
}

vt_tensor *vt_tensor_empty(vt_ctx *ctx)
{
  if (vt_grow(ctx, &ctx->tensors, &ctx->tensor_capacity, ctx->tensor_count, sizeof(vt_tensor *)) != VT_OK)
    return NULL;
  vt_tensor *tensor = vt_alloc_zero(ctx, 1, sizeof *tensor);
  if (!tensor) return NULL;
  ctx->release_tensors = release_all;
  ctx->tensors[ctx->tensor_count++] = tensor;
  return tensor;
}

vt_tensor *vt_tensor_keep(vt_ctx *ctx, const vt_tensor *tensor)
{
  vt_tensor *kept = vt_tensor_alone(ctx);
  if (!kept) return NULL;
  kept->type = tensor->type;
  kept->layout = tensor->layout;
  kept->rank = tensor->rank;
  memcpy(kept->dims, tensor->dims, sizeof kept->dims);
  kept->record = tensor->record;
  vt_tensor_share(kept, tensor);
  return kept;
}

vt_status vt_tensor_new_alone(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims, vt_tensor **out)
{
  *out = NULL;
  vt_tensor *tensor = vt_tensor_alone(ctx);
  if (!tensor) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_tensor_set_shape(ctx, tensor, type, rank, dims);
  if (status == VT_OK) status = vt_tensor_allocate(ctx, tensor);
  if (status != VT_OK) {
    vt_tensor_free(tensor);
    return status;
  }
  *out = tensor;
  return VT_OK;
}

vt_tensor *vt_tensor_hold(vt_ctx *ctx, const vt_tensor *tensor)
{
  if (tensor->storage) return vt_tensor_keep(ctx, tensor);
  vt_tensor *copy;
  if (vt_tensor_new_alone(ctx, tensor->type, tensor->rank, tensor->dims, &copy) != VT_OK) return NULL;
  copy->layout = tensor->layout;
  memcpy(copy->data, tensor->data, vt_bytes(tensor));
  return copy;
}

void vt_tensor_free(vt_tensor *tensor)
{
  if (!tensor) return;
  vt_tensor_drop(tensor);
  vt_free(tensor);
}

vt_tensor *vt_tensor_new(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims)
{
  vt_tensor *tensor = vt_tensor_empty(ctx);
  if (!tensor) return NULL;
  if (vt_tensor_set_shape(ctx, tensor, type, rank, dims) != VT_OK) return NULL;
  return vt_tensor_allocate(ctx, tensor) == VT_OK ? tensor : NULL;
}

vt_tensor *vt_tensor_borrow(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims, void *data)
{
  vt_tensor *tensor = vt_tensor_empty(ctx);
  if (!tensor) return NULL;
  if (vt_tensor_set_shape(ctx, tensor, type, rank, dims) != VT_OK) return NULL;
  tensor->data = data;
  return tensor;
}

vt_type vt_tensor_type(const vt_tensor *tensor)
{
  return tensor->type;
}

int vt_tensor_rank(const vt_tensor *tensor)
{
  return tensor->rank;
}

int64_t vt_tensor_dim(const vt_tensor *tensor, int axis)
{
  if (axis < 0) axis += tensor->rank;
  return axis >= 0 && axis < tensor->rank ? tensor->dims[axis] : 0;
}

int64_t vt_tensor_count(const vt_tensor *tensor)
{
  return vt_count(tensor);
}

void *vt_tensor_data(vt_tensor *tensor)
{
  return tensor->data;
}

const void *vt_tensor_const_data(const vt_tensor *tensor)
{
  return tensor->data;
}

vt_status vt_check_finite(vt_ctx *ctx, const vt_tensor *tensor, const char *what)
{
  bool real =
      tensor->type == VT_F32 || tensor->type == VT_F64 || tensor->type == VT_F16 || tensor->type == VT_BF16;
  int64_t count = real ? vt_count(tensor) : 0, at = 0;
  while (at < count && isfinite(vt_get_f64(tensor, at)))
    at++;
  if (at == count) return VT_OK;
  vt_text place = {0};
  char number[32];
  for (int axis = 0; axis < tensor->rank; axis++)
    vt_text_addf(ctx, &place, axis ? ",%lld" : "%lld",
                 (long long)(at / vt_span(tensor, axis + 1, tensor->rank) % tensor->dims[axis]));
  vt_status status =
      vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: [%s] is %s; all of its numbers have to be finite", what,
              place.data ? place.data : "", vt_number_text(vt_get_f64(tensor, at), number));
  vt_text_free(&place);
  return status;
}

vt_status vt_axis(vt_ctx *ctx, const char *what, int64_t axis, int rank, int *out)
{
  int64_t real = axis < 0 ? axis + rank : axis;
  if (real < 0 || real >= rank)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: axis %lld is outside a tensor of %d dimensions", what,
                   (long long)axis, rank);
  *out = (int)real;
  return VT_OK;
}

void vt_strides(const vt_tensor *tensor, int64_t strides[VT_MAX_RANK])
{
  int64_t step = 1;
  for (int axis = tensor->rank - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= tensor->dims[axis];
  }
}

vt_status vt_broadcast_shape(vt_ctx *ctx, const vt_tensor *const *inputs, int count, int *rank, int64_t *dims)
{
  *rank = 0;
  for (int i = 0; i < count; i++)
    if (inputs[i]->rank > *rank) *rank = inputs[i]->rank;
  for (int axis = 0; axis < *rank; axis++)
    dims[axis] = 1;
  for (int i = 0; i < count; i++)
    for (int axis = 0; axis < inputs[i]->rank; axis++) {
      int64_t size = inputs[i]->dims[axis], *target = &dims[*rank - inputs[i]->rank + axis];
      if (size == *target || size == 1) continue;
      if (*target != 1) {
        char a[160], b[160];
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "shapes %s and %s cannot be broadcast together",
                       vt_shape_text(inputs[0], a), vt_shape_text(inputs[i], b));
      }
      *target = size;
    }
  return VT_OK;
}

void vt_broadcast_strides(const vt_tensor *tensor, int rank, const int64_t *dims,
                          int64_t strides[VT_MAX_RANK])
{
  int64_t step = 1;
  for (int axis = rank - 1; axis >= 0; axis--) {
    int own = axis - (rank - tensor->rank);
    int64_t size = own >= 0 ? tensor->dims[own] : 1;
    strides[axis] = size == dims[axis] && size != 1 ? step : 0;
    step *= size;
  }
}
