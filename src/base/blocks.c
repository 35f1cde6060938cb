/* SPDX-License-Identifier: Apache-2.0
 *
 * Large blocks that wait to be used again.
 */
#include "base/blocks.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* Tools that watch for use after free must see a free. */
#if defined(__SANITIZE_ADDRESS__) || defined(VT_NO_CLONES)
static const bool reuse = false;
#else
static const bool reuse = true;
#endif

/* Class of a size, which is rounded up to the end of it. −1: none, and only rounded to whole lines. */
static int class_of(size_t *whole)
{
  size_t lines = (*whole + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  size_t smallest = (size_t)1 << VT_BLOCKS_SMALLEST;
  *whole = lines;
  if (!reuse || lines < smallest) return -1;
  int octave = 63 - __builtin_clzll((unsigned long long)lines);
  size_t step = ((size_t)1 << octave) / VT_BLOCKS_STEPS, over = lines - ((size_t)1 << octave);
  size_t steps = (over + step - 1) / step;
  int class = (octave - VT_BLOCKS_SMALLEST) * VT_BLOCKS_STEPS + (int)steps;
  if (class >= VT_BLOCKS_CLASSES) return -1;
  *whole = ((size_t)1 << octave) + steps * step;
  return class;
}

/* Pages of 2 MB where the system has them: fewer faults. */
static vt_block *ask_system(size_t whole)
{
  bool large = reuse && whole >= 2 * (size_t)HUGE_PAGE;
  void *base = aligned_alloc(large ? HUGE_PAGE : ALIGNMENT, whole);
#ifdef MADV_HUGEPAGE
  if (base && large) madvise(base, whole, MADV_HUGEPAGE); /* advice: a refusal changes nothing */
#endif
  if (base) *(vt_block *)base = (vt_block){.whole = whole};
  return base;
}

void vt_blocks_init(vt_blocks *blocks)
{
  *blocks = (vt_blocks){0};
  pthread_mutex_init(&blocks->lock, NULL);
  atomic_init(&blocks->waiting, 0);
}

void vt_blocks_end(vt_blocks *blocks)
{
  vt_blocks_trim(blocks, 0);
  pthread_mutex_destroy(&blocks->lock);
}

/* Under the lock. */
static void unlink_block(vt_blocks *blocks, vt_block *block)
{
  size_t whole = block->whole;
  int kind = class_of(&whole); /* never −1: what waits has a class */
  if (block->above)
    block->above->below = block->below;
  else if (kind >= 0)
    blocks->top[kind] = block->below;
  if (block->below) block->below->above = block->above;
  if (block->younger)
    block->younger->older = block->older;
  else
    blocks->youngest = block->older;
  if (block->older)
    block->older->younger = block->younger;
  else
    blocks->oldest = block->younger;
  atomic_fetch_sub(&blocks->waiting, (long long)block->bytes);
}

vt_block *vt_blocks_take(vt_blocks *blocks, size_t whole)
{
  int class = class_of(&whole);
  if (class < 0) return ask_system(whole);
  pthread_mutex_lock(&blocks->lock);
  vt_block *block = blocks->top[class];
  if (!block && class + 1 < VT_BLOCKS_CLASSES) block = blocks->top[class + 1];
  if (block) unlink_block(blocks, block);
  pthread_mutex_unlock(&blocks->lock);
  return block ? block : ask_system(whole);
}

void vt_blocks_put(vt_blocks *blocks, vt_block *block)
{
  size_t whole = block->whole;
  int class = class_of(&whole);
  if (class < 0) {
    free(block);
    return;
  }
  pthread_mutex_lock(&blocks->lock);
  block->above = block->younger = NULL;
  block->below = blocks->top[class];
  if (block->below) block->below->above = block;
  blocks->top[class] = block;
  block->older = blocks->youngest;
  if (block->older)
    block->older->younger = block;
  else
    blocks->oldest = block;
  blocks->youngest = block;
  atomic_fetch_add(&blocks->waiting, (long long)block->bytes);
  pthread_mutex_unlock(&blocks->lock);
}

void vt_blocks_trim(vt_blocks *blocks, long long bytes)
{
  while (atomic_load(&blocks->waiting) > (bytes > 0 ? bytes : 0)) {
    pthread_mutex_lock(&blocks->lock);
    vt_block *block = blocks->oldest;
    if (block) unlink_block(blocks, block);
    pthread_mutex_unlock(&blocks->lock);
    if (!block) return; /* others were faster */
    free(block);
  }
}
