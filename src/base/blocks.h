/* SPDX-License-Identifier: Apache-2.0
 *
 * Large blocks that were freed and wait to be used again. The system clears each page that it hands out,
 * which for a large operator costs more than computing.
 *
 * Sizes are rounded up to eight classes an octave, so that a wait for the same size seldom fails. Blocks know
 * their age; the oldest go first. Every call may come from any thread.
 */
#ifndef VT_BASE_BLOCKS_H
#define VT_BASE_BLOCKS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

struct vt_memory;

/* What stands before the first byte of every block of memory. */
typedef struct vt_block {
  size_t bytes; /* asked for */
  size_t whole; /* taken from the system, this header and rounding included */
  struct vt_memory *memory;
  struct vt_block *above, *below;   /* of the same class, waiting */
  struct vt_block *younger, *older; /* of all that wait */
} vt_block;

enum {
  VT_BLOCKS_SMALLEST = 16, /* log₂: 64 KB; smaller ones go straight back */
  VT_BLOCKS_OCTAVES = 18,  /* up to 16 GB */
  VT_BLOCKS_STEPS = 8,     /* an octave */
  VT_BLOCKS_CLASSES = VT_BLOCKS_OCTAVES * VT_BLOCKS_STEPS
};

typedef struct vt_blocks {
  pthread_mutex_t lock;
  vt_block *top[VT_BLOCKS_CLASSES];
  vt_block *youngest, *oldest;
  atomic_llong waiting; /* Σ bytes */
} vt_blocks;

void vt_blocks_init(vt_blocks *blocks);
/* Gives all back to the system; nobody else may use it any more. */
void vt_blocks_end(vt_blocks *blocks);

/* A block whose `whole` holds `whole` bytes, waiting or new from the system. NULL: the system refused. */
vt_block *vt_blocks_take(vt_blocks *blocks, size_t whole);
/* Lets a block wait, or gives it back when it is small. */
void vt_blocks_put(vt_blocks *blocks, vt_block *block);
/* Gives the oldest back to the system until no more than `bytes` wait. */
void vt_blocks_trim(vt_blocks *blocks, long long bytes);

#endif
