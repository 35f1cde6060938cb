/* SPDX-License-Identifier: Apache-2.0
 *
 * Where each buffer lies in a session's arena. Roots are placed from large to small at the lowest offset that
 * is free during their whole life; among large tensors of a network that is close to the peak of what is
 * alive at once.
 */
#include <stdlib.h>

#include "graph/plan.h"

enum { ALIGNMENT = 64 };

static size_t aligned(size_t bytes)
{
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void lifetimes(vt_plan *plan)
{
  int end = (int)plan->step_count;
  for (size_t i = 0; i < plan->buffer_count; i++) {
    plan->buffers[i].first = end;
    plan->buffers[i].last = -1;
  }
  for (size_t s = 0; s < plan->step_count; s++)
    for (int k = 0; k < plan->steps[s].slot_count; k++) {
      int index = plan->steps[s].slots[k].buffer;
      if (index < 0) continue;
      vt_buffer *root = &plan->buffers[plan->buffers[index].root];
      if ((int)s < root->first) root->first = (int)s;
      if ((int)s > root->last) root->last = (int)s;
    }
  for (size_t i = 0; i < plan->buffer_count; i++) {
    vt_buffer *buffer = &plan->buffers[i], *root = &plan->buffers[buffer->root];
    /* inputs are the caller's from before the first step and stay as written; outputs until after the last */
    if (buffer->input >= 0) {
      root->first = -1;
      root->last = end;
    }
    if (buffer->output) root->last = end;
  }
}

typedef struct item {
  int buffer;
  size_t bytes;
} item;

static int by_size(const void *a, const void *b)
{
  const item *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return x->buffer - y->buffer;
}

static int by_offset(const void *a, const void *b)
{
  const item *x = a, *y = b;
  return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Lowest offset at which `bytes` fit beside the `taken` buffers (their `bytes`
 * field holds an offset here). */
static size_t lowest_gap(const vt_plan *plan, const item *taken, size_t count, size_t bytes)
{
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    const vt_buffer *other = &plan->buffers[taken[i].buffer];
    if (other->offset >= offset + bytes) break;
    size_t end = other->offset + aligned(other->bytes);
    if (end > offset) offset = end;
  }
  return offset;
}

vt_status vt_plan_place(vt_ctx *ctx, vt_plan *plan)
{
  lifetimes(plan);
  item *order = vt_alloc_zero(ctx, plan->buffer_count + 1, sizeof *order);
  item *taken = vt_alloc_zero(ctx, plan->buffer_count + 1, sizeof *taken);
  if (!order || !taken) {
    vt_free(order);
    vt_free(taken);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  size_t count = 0;
  for (size_t i = 0; i < plan->buffer_count; i++) {
    const vt_buffer *buffer = &plan->buffers[i];
    if (buffer->root == (int)i && !buffer->constant && (buffer->last >= buffer->first || buffer->output))
      order[count++] = (item){(int)i, aligned(buffer->bytes)};
  }
  qsort(order, count, sizeof *order, by_size);
  plan->arena_bytes = 0;
  for (size_t i = 0; i < count; i++) {
    vt_buffer *buffer = &plan->buffers[order[i].buffer];
    size_t alive = 0;
    for (size_t k = 0; k < i; k++) {
      const vt_buffer *other = &plan->buffers[order[k].buffer];
      if (other->first <= buffer->last && buffer->first <= other->last)
        taken[alive++] = (item){order[k].buffer, other->offset};
    }
    qsort(taken, alive, sizeof *taken, by_offset);
    buffer->offset = lowest_gap(plan, taken, alive, order[i].bytes);
    size_t end = buffer->offset + order[i].bytes;
    if (end > plan->arena_bytes) plan->arena_bytes = end;
  }
  vt_free(order);
  vt_free(taken);
  return VT_OK;
}
