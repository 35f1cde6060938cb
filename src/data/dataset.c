/* SPDX-License-Identifier: Apache-2.0 */
#include "data/dataset.h"

#include "ops/op.h"

void vt_dataset_free(vt_dataset *set)
{
  if (set && set->free) set->free(set);
}

int vt_dataset_find(const vt_dataset *set, const char *name)
{
  for (int i = 0; i < set->field_count; i++)
    if (strcmp(set->fields[i].name, name) == 0) return i;
  return -1;
}

size_t vt_dataset_field_bytes(const vt_dataset_field *field)
{
  size_t bytes = vt_type_size(field->type);
  for (int i = 0; i < field->rank; i++)
    bytes *= (size_t)field->dims[i];
  return bytes;
}

/* ---- batches ---- */

typedef struct batch_job {
  const vt_dataset *set;
  const int64_t *indices;
  uint64_t pass;
  vt_tensor *const *tensors;
  size_t bytes[VT_DATASET_FIELDS];
  vt_ctx **contexts; /* one an item that failed: the lowest index's error is kept */
  vt_ctx *parent;
} batch_job;

static void fill_range(void *user, int64_t first, int64_t last)
{
  batch_job *job = user;
  vt_ctx *ctx = vt_ctx_child(job->parent);
  for (int64_t i = first; i < last; i++) {
    void *out[VT_DATASET_FIELDS] = {0};
    for (int field = 0; field < job->set->field_count; field++)
      if (job->tensors[field]) out[field] = (char *)job->tensors[field]->data + (size_t)i * job->bytes[field];
    if (!ctx || job->set->fill(ctx, job->set, job->indices[i], job->pass, out) != VT_OK) {
      job->contexts[i] = ctx ? ctx : job->parent;
      return;
    }
  }
  vt_ctx_free(ctx);
}

/* The failure of the lowest item, if any; frees the contexts that hold failures. */
static vt_status first_failure(vt_ctx *ctx, const batch_job *job, int count)
{
  vt_status status = VT_OK;
  for (int i = 0; i < count; i++) {
    vt_ctx *failed = job->contexts[i];
    if (!failed) continue;
    if (failed == job->parent) {
      if (status == VT_OK) status = VT_ERROR_OUT_OF_MEMORY;
      continue;
    }
    if (status == VT_OK)
      status = vt_fail(ctx, vt_ctx_status(failed), "%s, item %lld: %s", job->set->name,
                       (long long)job->indices[i], vt_ctx_message(failed));
    vt_ctx_free(failed);
  }
  return status;
}

vt_status vt_batch_make(vt_ctx *ctx, const vt_dataset *set, const int64_t *indices, int count, uint64_t pass,
                        const uint32_t *fields, vt_batch *out)
{
  *out = (vt_batch){.set = set, .count = count, .indices = indices};
  batch_job job = {.set = set, .indices = indices, .pass = pass, .tensors = out->tensors, .parent = ctx};
  for (int i = 0; i < count; i++)
    if (indices[i] < 0 || indices[i] >= set->count)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no item %lld (it has %lld)", set->name,
                     (long long)indices[i], (long long)set->count);
  for (int i = 0; i < set->field_count; i++) {
    const vt_dataset_field *field = &set->fields[i];
    job.bytes[i] = vt_dataset_field_bytes(field);
    if (fields && !(*fields >> i & 1)) continue;
    int64_t dims[VT_DATASET_RANK + 1] = {count};
    memcpy(dims + 1, field->dims, (size_t)field->rank * sizeof *dims);
    out->tensors[i] = vt_tensor_new(ctx, field->type, field->rank + 1, dims);
    if (!out->tensors[i]) return vt_ctx_status(ctx);
  }
  job.contexts = vt_alloc_zero(ctx, (size_t)count, sizeof *job.contexts);
  if (!job.contexts) return VT_ERROR_OUT_OF_MEMORY;
  vt_parallel(ctx, count, 1, fill_range, &job);
  vt_status status = first_failure(ctx, &job, count);
  vt_free(job.contexts);
  return status;
}

vt_tensor *vt_batch_get(vt_ctx *ctx, const vt_batch *batch, const char *name)
{
  int field = vt_dataset_find(batch->set, name);
  if (field >= 0 && batch->tensors[field]) return batch->tensors[field];
  vt_text names = {0};
  for (int i = 0; i < batch->set->field_count; i++)
    vt_text_addf(ctx, &names, "%s%s", i ? ", " : "", batch->set->fields[i].name);
  (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no field '%s'; it has: %s", batch->set->name, name,
                names.data ? names.data : "none");
  vt_text_free(&names);
  return NULL;
}

vt_status vt_dataset_shuffle(vt_ctx *ctx, int64_t count, uint64_t seed, uint64_t pass, int64_t *order)
{
  VT_UNUSED(ctx);
  uint64_t stream = vt_stream("dataset order", pass);
  for (int64_t i = 0; i < count; i++)
    order[i] = i;
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t other = (int64_t)vt_random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
  return VT_OK;
}

/* One turn of the network on 2 · half bits: a permutation of all numbers below 4 ^ half. */
static uint64_t turn(uint64_t value, int half, uint64_t seed, uint64_t stream)
{
  enum { ROUNDS = 4 };
  uint64_t mask = (UINT64_C(1) << half) - 1, left = value >> half, right = value & mask;
  for (uint64_t round = 0; round < ROUNDS; round++) {
    uint32_t bits[4];
    vt_random_bits(seed, stream, round << 32 | right, bits); /* half ≤ 32 */
    uint64_t mixed = left ^ (bits[0] & mask);
    left = right;
    right = mixed;
  }
  return left << half | right;
}

int64_t vt_dataset_place(int64_t count, uint64_t seed, uint64_t pass, int64_t index)
{
  uint64_t stream = vt_stream("dataset place", pass), value = (uint64_t)index;
  int half = 1;
  while (half < 31 && (UINT64_C(1) << (2 * half)) < (uint64_t)count)
    half++;
  /* from below count the walk comes back to below count: a permutation has no dead ends */
  do
    value = turn(value, half, seed, stream);
  while (value >= (uint64_t)count);
  return (int64_t)value;
}

/* ---- sets in memory ---- */

typedef struct memory_set {
  vt_dataset set; /* first: freed as the set */
  vt_tensor *tensors[VT_DATASET_FIELDS];
  size_t bytes[VT_DATASET_FIELDS];
} memory_set;

static vt_status fill_memory(vt_ctx *ctx, const vt_dataset *set, int64_t index, uint64_t pass,
                             void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const memory_set *own = set->user;
  for (int i = 0; i < set->field_count; i++)
    if (out[i])
      memcpy(out[i], (const char *)own->tensors[i]->data + (size_t)index * own->bytes[i], own->bytes[i]);
  return VT_OK;
}

static void free_memory_set(vt_dataset *set)
{
  memory_set *own = (memory_set *)set;
  for (int i = 0; i < VT_DATASET_FIELDS; i++)
    vt_tensor_free(own->tensors[i]);
  vt_free(own);
}

static memory_set *memory_set_new(vt_ctx *ctx)
{
  memory_set *own = vt_alloc_zero(ctx, 1, sizeof *own);
  if (own) own->set = (vt_dataset){.fill = fill_memory, .free = free_memory_set, .user = own};
  return own;
}

vt_status vt_dataset_tensors(vt_ctx *ctx, const char *name, int field_count, const char *const *names,
                             vt_tensor *const *tensors, vt_dataset **out)
{
  *out = NULL;
  if (field_count < 1 || field_count > VT_DATASET_FIELDS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: %d fields (1 to %d are possible)", name, field_count,
                   VT_DATASET_FIELDS);
  for (int i = 0; i < field_count; i++) {
    char text[160];
    if (tensors[i]->rank < 1 || tensors[i]->rank > VT_DATASET_RANK + 1 ||
        tensors[i]->dims[0] != tensors[0]->dims[0])
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: field %s is %s; fields share their first size",
                     name, names[i], vt_shape_text(tensors[i], text));
  }
  memory_set *own = memory_set_new(ctx);
  if (!own) return VT_ERROR_OUT_OF_MEMORY;
  vt_dataset *set = &own->set;
  snprintf(set->name, sizeof set->name, "%s", name);
  set->count = tensors[0]->dims[0];
  set->field_count = field_count;
  for (int i = 0; i < field_count; i++) {
    vt_dataset_field *field = &set->fields[i];
    *field = (vt_dataset_field){names[i], tensors[i]->type, tensors[i]->rank - 1, {0}};
    memcpy(field->dims, tensors[i]->dims + 1, (size_t)field->rank * sizeof *field->dims);
    own->bytes[i] = vt_dataset_field_bytes(field);
    own->tensors[i] = vt_tensor_keep(ctx, tensors[i]);
    if (!own->tensors[i]) {
      free_memory_set(set);
      return vt_ctx_status(ctx);
    }
  }
  *out = set;
  return VT_OK;
}

vt_status vt_dataset_cache(vt_ctx *ctx, const vt_dataset *source, vt_dataset **out)
{
  *out = NULL;
  int64_t *indices = vt_alloc_zero(ctx, (size_t)source->count, sizeof *indices);
  if (!indices) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < source->count; i++)
    indices[i] = i;
  size_t mark = vt_tensor_mark(ctx);
  vt_batch batch;
  vt_status status = vt_batch_make(ctx, source, indices, (int)source->count, 0, NULL, &batch);
  const char *names[VT_DATASET_FIELDS];
  for (int i = 0; i < source->field_count; i++)
    names[i] = source->fields[i].name;
  if (status == VT_OK)
    status = vt_dataset_tensors(ctx, source->name, source->field_count, names, batch.tensors, out);
  vt_tensor_release(ctx, mark);
  vt_free(indices);
  if (status != VT_OK) return status;
  memcpy((*out)->key, source->key, sizeof source->key);
  (*out)->classes = source->classes;
  (*out)->class_count = source->class_count;
  return VT_OK;
}
