/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine, the list of primitives, execution.
 */
#include "ops/dnnl.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- engine, errors ---- */

static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static dnnl_status_t engine_status;

static void make_engine(void)
{
  engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
}

vt_status vt_dnnl_engine(vt_ctx *ctx, dnnl_engine_t *out)
{
  pthread_once(&engine_once, make_engine);
  VT_TRY(vt_dnnl_check(ctx, engine_status, "engine"));
  *out = engine;
  return VT_OK;
}

const char *vt_dnnl_text(dnnl_status_t status)
{
  switch (status) {
  case dnnl_success:
    return "success";
  case dnnl_out_of_memory:
    return "out of memory";
  case dnnl_invalid_arguments:
    return "invalid arguments";
  case dnnl_unimplemented:
    return "not implemented for these shapes";
  case dnnl_iterator_ends:
    return "no more implementations";
  case dnnl_runtime_error:
    return "failed while running";
  case dnnl_not_required:
    return "not required";
  default:
    return "unknown status";
  }
}

vt_status vt_dnnl_check(vt_ctx *ctx, dnnl_status_t status, const char *what)
{
  if (status == dnnl_success) return VT_OK;
  vt_status mapped = status == dnnl_out_of_memory   ? VT_ERROR_OUT_OF_MEMORY
                     : status == dnnl_unimplemented ? VT_ERROR_UNSUPPORTED
                                                    : VT_ERROR_RUNTIME;
  return vt_fail(ctx, mapped, "oneDNN %s: %s", what, vt_dnnl_text(status));
}

/* ---- memory descriptors ---- */

static bool addressable(int rank, const int64_t *dims)
{
  int64_t bytes = (int64_t)sizeof(float);
  if (rank < 1 || rank > VT_MAX_RANK) return false;
  for (int i = 0; i < rank; i++)
    if (dims[i] < 1 || __builtin_mul_overflow(bytes, dims[i], &bytes) || bytes > INT32_MAX) return false;
  return true;
}

/* oneDNN's own type of sizes is longer than ours. */
static void widen(int rank, const int64_t *sizes, dnnl_dims_t out)
{
  memset(out, 0, sizeof(dnnl_dims_t));
  for (int i = 0; i < rank && i < VT_MAX_RANK; i++)
    out[i] = sizes[i];
}

bool vt_dnnl_strided(dnnl_memory_desc_t *out, int rank, const int64_t *dims, const int64_t *strides)
{
  dnnl_dims_t sizes, steps;
  if (!addressable(rank, dims)) return false;
  widen(rank, dims, sizes);
  widen(rank, strides, steps);
  return dnnl_memory_desc_init_by_strides(out, rank, sizes, dnnl_f32, steps) == dnnl_success;
}

bool vt_dnnl_row_major(dnnl_memory_desc_t *out, int rank, const int64_t *dims)
{
  int64_t strides[VT_MAX_RANK], step = 1;
  if (!addressable(rank, dims)) return false;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = step;
    step *= dims[i];
  }
  return vt_dnnl_strided(out, rank, dims, strides);
}

bool vt_dnnl_channels_last(dnnl_memory_desc_t *out, int rank, const int64_t *dims)
{
  int64_t strides[VT_MAX_RANK];
  if (rank < 3 || !addressable(rank, dims)) return false;
  int64_t step = dims[1];
  strides[1] = 1;
  for (int i = rank - 1; i >= 2; i--) {
    strides[i] = step;
    step *= dims[i];
  }
  strides[0] = step;
  return vt_dnnl_strided(out, rank, dims, strides);
}

bool vt_dnnl_any(dnnl_memory_desc_t *out, int rank, const int64_t *dims)
{
  dnnl_dims_t sizes;
  if (!addressable(rank, dims)) return false;
  widen(rank, dims, sizes);
  return dnnl_memory_desc_init_by_tag(out, rank, sizes, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
}

/* ---- threads ---- */

int vt_dnnl_threads(const vt_ctx *ctx)
{
  if (omp_in_parallel() || omp_get_max_active_levels() < 1) return 1;
  int threads = vt_ctx_threads(ctx), limit = omp_get_thread_limit();
  return threads < limit ? threads : limit;
}

vt_dnnl_scope vt_dnnl_enter(int threads)
{
  vt_dnnl_scope scope = {omp_get_max_threads(), omp_get_dynamic()};
  omp_set_dynamic(0); /* a team smaller than asked for would leave barriers waiting */
  omp_set_num_threads(threads);
  return scope;
}

void vt_dnnl_leave(vt_dnnl_scope scope)
{
  omp_set_num_threads(scope.threads);
  omp_set_dynamic(scope.dynamic);
}

/* ---- keys ---- */

void vt_dnnl_key_add(vt_dnnl_key *key, int64_t number)
{
  if (key->count < (int)VT_COUNT(key->numbers))
    key->numbers[key->count++] = number;
  else
    key->overflow = true;
}

void vt_dnnl_key_list(vt_dnnl_key *key, const int64_t *numbers, int count)
{
  for (int i = 0; i < count; i++)
    vt_dnnl_key_add(key, numbers[i]);
}

void vt_dnnl_key_layout(vt_dnnl_key *key, const dnnl_memory_desc_t *layout)
{
  const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
  vt_dnnl_key_add(key, layout->ndims);
  vt_dnnl_key_add(key, layout->data_type);
  vt_dnnl_key_add(key, layout->format_kind);
  vt_dnnl_key_add(key, layout->offset0);
  vt_dnnl_key_add(key, (int64_t)layout->extra.flags);
  vt_dnnl_key_list(key, layout->dims, layout->ndims);
  if (layout->format_kind == dnnl_blocked) {
    vt_dnnl_key_list(key, blocking->strides, layout->ndims);
    vt_dnnl_key_add(key, blocking->inner_nblks);
    vt_dnnl_key_list(key, blocking->inner_blks, blocking->inner_nblks);
    vt_dnnl_key_list(key, blocking->inner_idxs, blocking->inner_nblks);
  } else if (layout->format_kind != dnnl_format_kind_any) {
    key->overflow = true; /* opaque layouts are not compared */
  }
}

static uint64_t hash_of(const vt_dnnl_key *key, int threads)
{
  uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)threads;
  for (int i = 0; i < key->count; i++) {
    hash = (hash ^ (uint64_t)key->numbers[i]) * UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 32;
  }
  return hash;
}

/* ---- the list ---- */

enum { LIST_LENGTH = 512 };

typedef struct list_entry {
  vt_dnnl_primitive *primitive; /* NULL: free place */
  int64_t *numbers;             /* `count` of them */
  int count;
  uint64_t hash;
  uint64_t used; /* turn of the last use */
} list_entry;

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static list_entry list[LIST_LENGTH];
static uint64_t list_turn;

static void unref(vt_dnnl_primitive *primitive) /* under the lock */
{
  if (--primitive->references > 0) return;
  if (primitive->primitive) dnnl_primitive_destroy(primitive->primitive);
  if (primitive->descriptor) dnnl_primitive_desc_destroy(primitive->descriptor);
  free(primitive);
}

void vt_dnnl_put(vt_dnnl_primitive *primitive)
{
  if (!primitive) return;
  pthread_mutex_lock(&list_lock);
  unref(primitive);
  pthread_mutex_unlock(&list_lock);
}

static void clear_entry(list_entry *entry)
{
  if (entry->primitive) unref(entry->primitive);
  free(entry->numbers);
  *entry = (list_entry){NULL};
}

void vt_dnnl_forget(void)
{
  pthread_mutex_lock(&list_lock);
  for (int i = 0; i < LIST_LENGTH; i++)
    clear_entry(&list[i]);
  pthread_mutex_unlock(&list_lock);
}

static vt_dnnl_primitive *look_up(const vt_dnnl_key *key, int threads, uint64_t hash) /* under the lock */
{
  size_t bytes = sizeof key->numbers[0] * (size_t)key->count;
  for (int i = 0; i < LIST_LENGTH; i++) {
    list_entry *entry = &list[i];
    if (!entry->primitive || entry->hash != hash || entry->count != key->count ||
        entry->primitive->threads != threads || memcmp(entry->numbers, key->numbers, bytes) != 0)
      continue;
    entry->used = ++list_turn;
    entry->primitive->references++;
    return entry->primitive;
  }
  return NULL;
}

/* Takes the place of the entry not used for the longest time. Without memory the
 * primitive is simply not kept. */
static void remember(const vt_dnnl_key *key, uint64_t hash, vt_dnnl_primitive *primitive) /* under the lock */
{
  size_t bytes = sizeof key->numbers[0] * (size_t)key->count;
  int64_t *numbers = malloc(bytes ? bytes : 1);
  if (!numbers) return;
  memcpy(numbers, key->numbers, bytes);
  list_entry *oldest = &list[0];
  for (int i = 0; i < LIST_LENGTH; i++)
    if (list[i].used < oldest->used) oldest = &list[i];
  clear_entry(oldest);
  primitive->references++;
  *oldest = (list_entry){primitive, numbers, key->count, hash, ++list_turn};
}

static dnnl_status_t create(vt_dnnl_primitive *made, dnnl_engine_t cpu, vt_dnnl_describe_fn describe,
                            const void *user)
{
  dnnl_primitive_attr_t attr;
  dnnl_status_t status = dnnl_primitive_attr_create(&attr);
  if (status != dnnl_success) return status;
  status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (status == dnnl_success) status = describe(user, cpu, attr, &made->descriptor);
  dnnl_primitive_attr_destroy(attr);
  if (status != dnnl_success) {
    made->descriptor = NULL;
    return status;
  }
  const dnnl_memory_desc_t *pad = dnnl_primitive_desc_query_md(made->descriptor, dnnl_query_scratchpad_md, 0);
  made->scratchpad = pad ? dnnl_memory_desc_get_size(pad) : 0;
  return dnnl_primitive_create(&made->primitive, made->descriptor);
}

vt_status vt_dnnl_get(vt_ctx *ctx, const vt_dnnl_key *key, int threads, vt_dnnl_describe_fn describe,
                      const void *user, vt_dnnl_primitive **out)
{
  uint64_t hash = hash_of(key, threads);
  dnnl_engine_t cpu;
  *out = NULL;
  VT_TRY(vt_dnnl_engine(ctx, &cpu));
  pthread_mutex_lock(&list_lock);
  if (!key->overflow) *out = look_up(key, threads, hash);
  pthread_mutex_unlock(&list_lock);
  if (!*out) {
    /* outside the lock: others need not wait a millisecond. Two threads may make the
     * same one; either will do. */
    vt_dnnl_primitive *made = calloc(1, sizeof *made);
    if (!made) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory for a oneDNN primitive");
    made->threads = threads;
    made->references = 1;
    vt_dnnl_scope scope = vt_dnnl_enter(threads);
    dnnl_status_t status = create(made, cpu, describe, user);
    vt_dnnl_leave(scope);
    /* what it cannot do is found out by asking; both answers mean that */
    bool cannot = status == dnnl_unimplemented || status == dnnl_invalid_arguments;
    if (status != dnnl_success && !cannot) {
      vt_dnnl_put(made);
      return vt_dnnl_check(ctx, status, "primitive");
    }
    pthread_mutex_lock(&list_lock);
    if (!key->overflow) remember(key, hash, made);
    pthread_mutex_unlock(&list_lock);
    *out = made;
  }
  if ((*out)->primitive) return VT_OK;
  vt_dnnl_put(*out);
  *out = NULL;
  return VT_ERROR_UNSUPPORTED;
}

/* ---- execution ---- */

enum { ARGUMENTS = 16 };

static vt_status execute_on(vt_ctx *ctx, const vt_dnnl_primitive *primitive, dnnl_engine_t cpu, int count,
                            dnnl_exec_arg_t *arguments, void *scratchpad)
{
  dnnl_memory_t pad = NULL;
  dnnl_stream_t stream = NULL;
  dnnl_status_t status = dnnl_success;
  if (primitive->scratchpad) {
    const dnnl_memory_desc_t *layout =
        dnnl_primitive_desc_query_md(primitive->descriptor, dnnl_query_scratchpad_md, 0);
    status = dnnl_memory_create(&pad, layout, cpu, scratchpad);
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, pad};
  }
  if (status == dnnl_success) status = dnnl_stream_create(&stream, cpu, dnnl_stream_default_flags);
  if (status == dnnl_success) {
    vt_dnnl_scope scope = vt_dnnl_enter(primitive->threads);
    status = dnnl_primitive_execute(primitive->primitive, stream, count, arguments);
    if (status == dnnl_success) status = dnnl_stream_wait(stream);
    vt_dnnl_leave(scope);
  }
  if (stream) dnnl_stream_destroy(stream);
  if (pad) dnnl_memory_destroy(pad);
  return vt_dnnl_check(ctx, status, "primitive");
}

vt_status vt_dnnl_execute(vt_ctx *ctx, const vt_dnnl_primitive *primitive, int count,
                          const dnnl_exec_arg_t *arguments, void *scratchpad)
{
  dnnl_exec_arg_t all[ARGUMENTS + 1];
  dnnl_engine_t cpu;
  if (count > ARGUMENTS) return vt_fail(ctx, VT_ERROR_RUNTIME, "oneDNN primitive: %d arguments", count);
  if (primitive->threads > 1 &&
      (omp_in_parallel() || omp_get_max_active_levels() < 1 || omp_get_thread_limit() < primitive->threads))
    return vt_fail(
        ctx, VT_ERROR_RUNTIME,
        "a oneDNN primitive made for %d threads cannot run here, where fewer can be had (inside a parallel "
        "region, or under OMP_THREAD_LIMIT); make it for 1 thread",
        primitive->threads);
  VT_TRY(vt_dnnl_engine(ctx, &cpu));
  memcpy(all, arguments, sizeof *arguments * (size_t)count);
  return execute_on(ctx, primitive, cpu, count, all, scratchpad);
}
