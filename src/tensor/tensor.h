/* SPDX-License-Identifier: Apache-2.0
 *
 * The tensor as the rooms above see it. Always dense; row-major, or channels-last where somebody asked for it
 * (ops/layout.h). `data == NULL` means that only type and shape are known; shape rules work on such tensors.
 */
#ifndef VT_TENSOR_TENSOR_H
#define VT_TENSOR_TENSOR_H

#include "base/base.h"
#include "vitrail/tensor.h"

/* Reference-counted block behind one or more tensors (views share it). */
typedef struct vt_storage {
  long references; /* changed with atomics: constants of a model are shared between threads */
  void *data;      /* from vt_alloc */
} vt_storage;

/* How the elements of [batch, channels, sizes…] are stored. Nearly all code sees row-major tensors alone:
 * only rows that say so are given others (ops/layout.h). */
typedef enum vt_storage_order {
  VT_STORED_ROW_MAJOR,
  VT_STORED_CHANNELS_LAST /* as [batch, sizes…, channels] row-major; 3 dimensions or more */
} vt_storage_order;

struct vt_tensor {
  vt_type type;
  vt_storage_order layout;
  int rank;
  int64_t dims[VT_MAX_RANK];
  void *data;
  vt_storage *storage; /* NULL: borrowed memory, or no data */
  bool owned;          /* made by vt_tensor_keep or standing alone: freed by vt_tensor_free, not by a mark */
  uint32_t tape;       /* serial of the tape this is a variable of; 0: of none (ops/tape.h) */
  int variable;        /* its number there */
  uint64_t record;     /* recording (upper half) and value there (graph/record.h); 0: of none */
};

/* Elements; 1 for a scalar, 0 when any size is 0. Dims are known to be ≥ 0 and their product to fit. */
int64_t vt_count(const vt_tensor *tensor);
size_t vt_bytes(const vt_tensor *tensor);
/* Product of dims[from..to−1]. */
int64_t vt_span(const vt_tensor *tensor, int from, int to);

/* Sets type and shape, row-major, and checks them (rank ≤ 8, sizes ≥ 0, product fits). No data. */
vt_status vt_tensor_set_shape(vt_ctx *ctx, vt_tensor *tensor, vt_type type, int rank, const int64_t *dims);
/* Gives a shaped tensor without data its own storage. */
vt_status vt_tensor_allocate(vt_ctx *ctx, vt_tensor *tensor);
/* `tensor` shows the data of `source` (same byte count) under its own shape: storage shared. */
void vt_tensor_share(vt_tensor *tensor, const vt_tensor *source);
/* Lets go of the data now; the header stays until its mark is released. */
void vt_tensor_drop(vt_tensor *tensor);

/* A header in the context with nothing set. NULL on failure. */
vt_tensor *vt_tensor_empty(vt_ctx *ctx);
/* A header of its own, outside marks, that shares the data of `tensor`: for what
 * outlives a step. NULL on failure. */
vt_tensor *vt_tensor_keep(vt_ctx *ctx, const vt_tensor *tensor);
/* The same where `tensor` owns its storage; borrowed memory is copied. */
vt_tensor *vt_tensor_hold(vt_ctx *ctx, const vt_tensor *tensor);
/* A header of its own with nothing set. */
vt_tensor *vt_tensor_alone(vt_ctx *ctx);
/* One with type, shape and storage, contents undefined. */
vt_status vt_tensor_new_alone(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims, vt_tensor **out);
void vt_tensor_free(vt_tensor *tensor); /* of those above; accepts NULL */

/* "f32[2,3,224,224]" into a buffer of 160 bytes. */
const char *vt_shape_text(const vt_tensor *tensor, char buffer[160]);
bool vt_same_shape(const vt_tensor *a, const vt_tensor *b);

/* Reads element `index` of any number or bool type as f64 / i64 (f16 and bf16
 * widened, complex: real part). */
double vt_get_f64(const vt_tensor *tensor, int64_t index);
int64_t vt_get_i64(const vt_tensor *tensor, int64_t index);
float vt_f16_to_f32(uint16_t bits);
uint16_t vt_f32_to_f16(float value); /* round to nearest, ties to even */
float vt_bf16_to_f32(uint16_t bits);
uint16_t vt_f32_to_bf16(float value);

/* VT_ERROR_INVALID_DATA when a float tensor holds NaN or infinity, naming the first: "WHAT: [0,5] is nan". */
vt_status vt_check_finite(vt_ctx *ctx, const vt_tensor *tensor, const char *what);

/* Axis in −rank..rank−1 to 0..rank−1; an error naming `what` otherwise. */
vt_status vt_axis(vt_ctx *ctx, const char *what, int64_t axis, int rank, int *out);

/* Row-major strides in elements. */
void vt_strides(const vt_tensor *tensor, int64_t strides[VT_MAX_RANK]);

/* NumPy broadcasting of `count` shapes into `rank` and `dims`. */
vt_status vt_broadcast_shape(vt_ctx *ctx, const vt_tensor *const *inputs, int count, int *rank,
                             int64_t *dims);
/* Strides of `tensor` as seen from a broadcast shape of `rank` dims: 0 where it repeats. */
void vt_broadcast_strides(const vt_tensor *tensor, int rank, const int64_t *dims,
                          int64_t strides[VT_MAX_RANK]);

#endif
