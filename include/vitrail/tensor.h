/* SPDX-License-Identifier: Apache-2.0
 *
 * tensor: dense arrays of up to 8 dimensions in every ONNX number type.
 *
 * A tensor belongs to the context it was made in and lives until the mark set before it is released;
 * code that computes never frees. Arithmetic is offered in f32, f64, i64, i32, u8 and bool; other types
 * are stored, moved and cast.
 */
#ifndef VITRAIL_TENSOR_H
#define VITRAIL_TENSOR_H

#include "vitrail/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VT_MAX_RANK 8

/* Values are those of ONNX TensorProto.DataType. */
typedef enum vt_type {
  VT_UNDEFINED = 0,
  VT_F32 = 1,
  VT_U8 = 2,
  VT_I8 = 3,
  VT_U16 = 4,
  VT_I16 = 5,
  VT_I32 = 6,
  VT_I64 = 7,
  VT_STRING = 8, /* known by name, never stored */
  VT_BOOL = 9,
  VT_F16 = 10,
  VT_F64 = 11,
  VT_U32 = 12,
  VT_U64 = 13,
  VT_C64 = 14,
  VT_C128 = 15,
  VT_BF16 = 16
} vt_type;

VT_API size_t vt_type_size(vt_type type);      /* bytes an element; 0 for VT_UNDEFINED and VT_STRING */
VT_API const char *vt_type_name(vt_type type); /* "f32", "i64", … */

typedef struct vt_tensor vt_tensor;

/* A tensor of `rank` sizes `dims`, contents undefined. NULL on failure (status in the context). */
VT_API vt_tensor *vt_tensor_new(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims);
/* The same over the caller's memory, which must outlive the tensor; row-major. */
VT_API vt_tensor *vt_tensor_borrow(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims, void *data);

VT_API vt_type vt_tensor_type(const vt_tensor *tensor);
VT_API int vt_tensor_rank(const vt_tensor *tensor);
VT_API int64_t vt_tensor_dim(const vt_tensor *tensor, int axis); /* axis may count from the end (−1 = last) */
VT_API int64_t vt_tensor_count(const vt_tensor *tensor);         /* elements */
VT_API void *vt_tensor_data(vt_tensor *tensor);
VT_API const void *vt_tensor_const_data(const vt_tensor *tensor);

/* Everything made in `ctx` after vt_tensor_mark() is freed by vt_tensor_release() with that mark. */
VT_API size_t vt_tensor_mark(const vt_ctx *ctx);
VT_API void vt_tensor_release(vt_ctx *ctx, size_t mark);

#ifdef __cplusplus
}
#endif
#endif
