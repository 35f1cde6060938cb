/* SPDX-License-Identifier: Apache-2.0
 *
 * `.safetensors`: named tensors in one file, and short texts beside them. Weights, optimiser states and
 * dictionaries of features are kept so. Layout (the format's published description): 8 bytes little-endian
 * length of the header, the header as JSON {"NAME": {"dtype", "shape", "data_offsets": [begin, end]}},
 * and the elements one tensor after the other, without a hole.
 */
#ifndef VT_DATA_SAFETENSORS_H
#define VT_DATA_SAFETENSORS_H

#include "tensor/tensor.h"

typedef struct vt_safetensors vt_safetensors;

/* Reads and checks the header: offsets without holes or overlap that end with the file, sizes that fit shape
 * and type, no name twice, texts only in `__metadata__`. Elements stay in the file, which is held open, until
 * they are asked for. A context may share the file with others as long as nobody closes it. */
vt_status vt_safetensors_open(vt_ctx *ctx, const char *path, vt_safetensors **out);
/* The same over bytes in memory, which must outlive the result. */
vt_status vt_safetensors_parse(vt_ctx *ctx, const void *bytes, size_t size, vt_safetensors **out);
void vt_safetensors_close(vt_safetensors *file); /* accepts NULL; tensors that were read live on */

/* Tensors in the order of their names (bytes compared). */
size_t vt_safetensors_count(const vt_safetensors *file);
const char *vt_safetensors_name(const vt_safetensors *file, size_t index); /* borrowed */
/* Number of a tensor by name; −1: no such tensor. */
int64_t vt_safetensors_find(const vt_safetensors *file, const char *name);
/* Type and shape into `out`, a header of the caller's without data. Types that vitrail lacks (8-bit floats
 * and narrower) are VT_UNDEFINED. */
void vt_safetensors_shape(const vt_safetensors *file, size_t index, vt_tensor *out);

/* One tensor by name, made in `ctx`. An unknown name is an error that suggests the nearest. */
vt_status vt_safetensors_tensor(vt_ctx *ctx, const vt_safetensors *file, const char *name, vt_tensor **out);
/* The same into a row-major tensor that is there; type and shape must be those of the file. */
vt_status vt_safetensors_fill(vt_ctx *ctx, const vt_safetensors *file, const char *name, vt_tensor *target);

/* Texts of `__metadata__` in the order of their keys; borrowed. */
size_t vt_safetensors_metadata_count(const vt_safetensors *file);
void vt_safetensors_metadata(const vt_safetensors *file, size_t index, const char **key, const char **value);
const char *vt_safetensors_metadata_get(const vt_safetensors *file, const char *key); /* NULL: none */

/* Writes `count` row-major tensors under their names, whole or not at all. `metadata`: pairs of key and text,
 * NULL-terminated; NULL: none. The same content gives the same bytes in whatever order it comes: wider
 * elements first, so that every tensor is aligned to its own, then by name; the first starts at a multiple of
 * 64 bytes. Nothing is copied. */
vt_status vt_safetensors_write(vt_ctx *ctx, const char *path, const char *const *names,
                               vt_tensor *const *tensors, int count, const char *const *metadata);

/* Name of a type in the format, NULL: it has none. */
const char *vt_safetensors_type_name(vt_type type);

#endif
