/* SPDX-License-Identifier: Apache-2.0
 *
 * Running oneDNN primitives on tensors as they are stored: layouts that a primitive prefers are made before
 * and undone after.
 */
#include "ops/dnnl.h"

enum { ARGUMENTS = 8, CANARY = 4096, CANARY_BYTE = 0xA5 };

typedef struct layouts {
  const dnnl_memory_desc_t *source, *target;
} layouts;

static dnnl_status_t describe_reorder(const void *user, dnnl_engine_t engine,
                                      const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
  const layouts *between = user;
  return dnnl_reorder_primitive_desc_create(out, between->source, engine, between->target, engine, attr);
}

/* Working memory with a canary behind it: machine code made at run time is seen by no sanitizer, and
 * oneDNN 2.6 has kernels that ask for less than they write (conv_accepts() in dnnl_conv.c). */
static uint8_t *new_scratchpad(vt_ctx *ctx, size_t bytes)
{
  uint8_t *pad = vt_alloc(ctx, bytes + CANARY);
  if (pad) memset(pad + bytes, CANARY_BYTE, CANARY);
  return pad;
}

static vt_status check_scratchpad(vt_ctx *ctx, const vt_dnnl_primitive *primitive, const uint8_t *pad)
{
  const char *name = "";
  for (int i = 0; i < CANARY; i++) {
    if (pad[primitive->scratchpad + (size_t)i] == CANARY_BYTE) continue;
    dnnl_primitive_desc_query(primitive->descriptor, dnnl_query_impl_info_str, 0, &name);
    return vt_fail(ctx, VT_ERROR_RUNTIME, "oneDNN's %s wrote beyond its %zu bytes of working memory", name,
                   primitive->scratchpad);
  }
  return VT_OK;
}

/* One memory object an argument, over `data` in the layout the primitive wants. */
static vt_status execute(vt_ctx *ctx, const vt_dnnl_primitive *primitive, int count, const int *indices,
                         const dnnl_memory_desc_t *const *wanted, void *const *data)
{
  dnnl_exec_arg_t list[ARGUMENTS];
  dnnl_engine_t engine;
  uint8_t *scratchpad = NULL;
  int made = 0;
  vt_status status = VT_OK;
  VT_TRY(vt_dnnl_engine(ctx, &engine));
  for (; made < count; made++) {
    list[made].arg = indices[made];
    VT_TRY_DONE(vt_dnnl_check(ctx, dnnl_memory_create(&list[made].memory, wanted[made], engine, data[made]),
                              "memory"));
  }
  if (primitive->scratchpad && !(scratchpad = new_scratchpad(ctx, primitive->scratchpad))) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  status = vt_dnnl_execute(ctx, primitive, count, list, scratchpad);
  if (status == VT_OK && scratchpad) status = check_scratchpad(ctx, primitive, scratchpad);
done:
  vt_free(scratchpad);
  for (int i = 0; i < made; i++)
    dnnl_memory_destroy(list[i].memory);
  return status;
}

vt_status vt_dnnl_reorder(vt_ctx *ctx, const dnnl_memory_desc_t *source, const void *from,
                          const dnnl_memory_desc_t *target, void *to)
{
  layouts between = {source, target};
  vt_dnnl_key key = {0};
  vt_dnnl_primitive *primitive;
  vt_dnnl_key_add(&key, dnnl_reorder);
  vt_dnnl_key_layout(&key, source);
  vt_dnnl_key_layout(&key, target);
  vt_status status = vt_dnnl_get(ctx, &key, vt_dnnl_threads(ctx), describe_reorder, &between, &primitive);
  if (status == VT_ERROR_UNSUPPORTED) return vt_dnnl_check(ctx, dnnl_unimplemented, "reorder");
  VT_TRY(status);
  int indices[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
  const dnnl_memory_desc_t *wanted[] = {source, target};
  void *data[] = {(void *)(uintptr_t)from, to};
  status = execute(ctx, primitive, 2, indices, wanted, data);
  vt_dnnl_put(primitive);
  return status;
}

vt_status vt_dnnl_run(vt_ctx *ctx, const vt_dnnl_primitive *primitive, const vt_dnnl_argument *arguments,
                      int count)
{
  int indices[ARGUMENTS] = {0};
  const dnnl_memory_desc_t *wanted[ARGUMENTS] = {NULL};
  void *data[ARGUMENTS] = {NULL}, *copies[ARGUMENTS] = {NULL};
  vt_status status = VT_OK;
  if (count > ARGUMENTS) return vt_fail(ctx, VT_ERROR_RUNTIME, "oneDNN primitive: %d arguments", count);
  for (int i = 0; i < count; i++) {
    const vt_dnnl_argument *argument = &arguments[i];
    indices[i] = argument->index;
    data[i] = argument->data;
    wanted[i] = dnnl_primitive_desc_query_md(primitive->descriptor, dnnl_query_exec_arg_md, argument->index);
    if (!wanted[i] || dnnl_memory_desc_equal(wanted[i], &argument->layout)) {
      wanted[i] = &argument->layout;
      continue;
    }
    data[i] = copies[i] = vt_alloc(ctx, dnnl_memory_desc_get_size(wanted[i]));
    if (!copies[i]) {
      status = VT_ERROR_OUT_OF_MEMORY;
      goto done;
    }
    if (!argument->output)
      VT_TRY_DONE(vt_dnnl_reorder(ctx, &argument->layout, argument->data, wanted[i], copies[i]));
  }
  VT_TRY_DONE(execute(ctx, primitive, count, indices, wanted, data));
  for (int i = 0; i < count; i++)
    if (copies[i] && arguments[i].output)
      VT_TRY_DONE(vt_dnnl_reorder(ctx, wanted[i], copies[i], &arguments[i].layout, arguments[i].data));
done:
  for (int i = 0; i < count; i++)
    vt_free(copies[i]);
  return status;
}
