/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving elements without looking at them, and reading index tensors: what the shape, concat, slice, gather,
 * scatter and space families share.
 */
#ifndef VT_OPS_MOVE_H
#define VT_OPS_MOVE_H

#include "ops/op.h"

#define VT_MOVE_RANK (2 * VT_MAX_RANK)

/* A copy between two strided boxes of the same sizes. Strides in elements, may be 0
 * (source: repeats) or negative. */
typedef struct vt_move {
  int rank; /* ≤ VT_MOVE_RANK */
  int64_t dims[VT_MOVE_RANK], to_strides[VT_MOVE_RANK], from_strides[VT_MOVE_RANK];
} vt_move;

void vt_move_axis(vt_move *move, int64_t dim, int64_t to_stride, int64_t from_stride); /* appends an axis */
/* Fills `to_strides` as of a dense row-major box. */
void vt_move_dense(vt_move *move);
/* Exchanges target and source. */
void vt_move_turn(vt_move *move);
/* Copies. `to` and `from` point at the element of index 0 on every axis; the boxes must not overlap. Axes are
 * merged where possible, contiguous runs go by memcpy, transpositions by tiles. */
void vt_move_run(vt_ctx *ctx, const vt_move *move, size_t element_size, void *to, const void *from);

/* `count` copies of one element. */
void vt_fill_elements(void *to, int64_t count, size_t element_size, const void *element);

/* Copies `data` into `output` of the same type and rank through one list for each axis: maps[axis][i] is the
 * input index of output index i, −1 where `constant` (one element) stands. NULL: the axis stays as it is. */
vt_status vt_remap(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output,
                   const int64_t *const maps[VT_MAX_RANK], const void *constant);

/* The way back, for f32 and f64: `sum` (the shape of `data`) gets at each place the sum of all elements of
 * `gradient` (the shape of `output`) that vt_remap() copied from there. Sums in f64 in index order. */
vt_status vt_remap_add(vt_ctx *ctx, const vt_tensor *gradient, const int64_t *const maps[VT_MAX_RANK],
                       vt_tensor *sum);
/* The sum of all elements of `gradient` where vt_remap() put the constant. */
double vt_remap_constant_sum(const vt_tensor *gradient, const int64_t *const maps[VT_MAX_RANK]);

/* Copies one element of 1, 2, 4, 8 or 16 bytes. */
static inline void vt_copy_element(void *to, const void *from, size_t element_size)
{
  switch (element_size) {
  case 1:
    memcpy(to, from, 1);
    break;
  case 2:
    memcpy(to, from, 2);
    break;
  case 4:
    memcpy(to, from, 4);
    break;
  case 8:
    memcpy(to, from, 8);
    break;
  default:
    memcpy(to, from, element_size);
  }
}

/* Bytes of input 0 to output 0: the implementation of views where storage is not shared. */
vt_status vt_run_copy(vt_ctx *ctx, const vt_call *call);

/* Index `position` of an i32 or i64 tensor; negative ones count from `size`. */
static inline int64_t vt_index_at(const vt_tensor *indices, int64_t position, int64_t size)
{
  int64_t index = indices->type == VT_I64 ? ((const int64_t *)indices->data)[position]
                                          : ((const int32_t *)indices->data)[position];
  return index < 0 ? index + size : index;
}

/* Every element of index input `input` must lie in −size..size−1; otherwise a failure that names the first
 * bad one. */
vt_status vt_check_indices(vt_ctx *ctx, const vt_call *call, int input, int64_t size);

#endif
