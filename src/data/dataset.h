/* SPDX-License-Identifier: Apache-2.0
 *
 * A data set as training sees it: numbered items with named fields of fixed shape. Worlds, files and arrays
 * in memory make them; the trainer of the nn room reads them without knowing which.
 */
#ifndef VT_DATA_DATASET_H
#define VT_DATA_DATASET_H

#include "tensor/tensor.h"

enum { VT_DATASET_FIELDS = 12, VT_DATASET_RANK = 4 };

typedef struct vt_dataset_field {
  const char *name; /* "image", "label", "mask", "tokens" */
  vt_type type;
  int rank; /* of one item; 0: a number */
  int64_t dims[VT_DATASET_RANK];
} vt_dataset_field;

typedef struct vt_dataset vt_dataset;
struct vt_dataset {
  char name[160]; /* for messages and logs: "scenes/object train seed 0" */
  char key[65];   /* hash of everything the content depends on; part of cache keys. "" : unknown */
  int64_t count;  /* items */
  int field_count;
  vt_dataset_field fields[VT_DATASET_FIELDS];
  const char *const *classes; /* names of the values of field "label"; NULL: none */
  int class_count;
  /* Writes item `index` into out[field], row-major, out[field] NULL: not wanted. `pass` is the epoch: 0 is
   * the item as it is, others may be augmented. Called from several threads at once, each with its own
   * context; the result is a function of (index, pass) alone. */
  vt_status (*fill)(vt_ctx *ctx, const vt_dataset *set, int64_t index, uint64_t pass, void *const *out);
  void (*free)(vt_dataset *set); /* frees the set and what `user` owns; NULL: nothing to free */
  const void *user;
};

void vt_dataset_free(vt_dataset *set); /* accepts NULL */
/* Field number by name; −1: no such field. */
int vt_dataset_find(const vt_dataset *set, const char *name);
/* Bytes of one item of a field. */
size_t vt_dataset_field_bytes(const vt_dataset_field *field);

/* Some items side by side: one tensor [count, dims…] a field. */
typedef struct vt_batch {
  const vt_dataset *set;
  int count;
  const int64_t *indices; /* borrowed */
  vt_tensor *tensors[VT_DATASET_FIELDS];
} vt_batch;

/* Tensors are made in the context; items are filled on its threads. `fields` NULL: all of them, otherwise a
 * bit set of field numbers. */
vt_status vt_batch_make(vt_ctx *ctx, const vt_dataset *set, const int64_t *indices, int count, uint64_t pass,
                        const uint32_t *fields, vt_batch *out);
/* Tensor of a field. On a missing name records a failure that lists what there is, and returns NULL. */
vt_tensor *vt_batch_get(vt_ctx *ctx, const vt_batch *batch, const char *name);

/* The order of one pass over `count` items: a permutation that is a function of (seed, pass). */
vt_status vt_dataset_shuffle(vt_ctx *ctx, int64_t count, uint64_t seed, uint64_t pass, int64_t *order);

/* Where place `index` of such an order leads, without the others and in no memory, for any count: another
 * permutation of 0 … count − 1 than vt_dataset_shuffle()'s, a function of (seed, pass) too. A Feistel network
 * of four rounds (Luby & Rackoff 1988), walked until it lands below `count` (Black & Rogaway 2002). */
int64_t vt_dataset_place(int64_t count, uint64_t seed, uint64_t pass, int64_t index);

/* All items in memory (fields of pass 0), for sets that are read many times: same name and key, borrowed
 * field table. Frees with vt_dataset_free(); `source` may go. */
vt_status vt_dataset_cache(vt_ctx *ctx, const vt_dataset *source, vt_dataset **out);
/* A set over tensors [count, …] in memory, which are kept (shared). names[i] are borrowed. */
vt_status vt_dataset_tensors(vt_ctx *ctx, const char *name, int field_count, const char *const *names,
                             vt_tensor *const *tensors, vt_dataset **out);

#endif
