/* SPDX-License-Identifier: Apache-2.0
 *
 * The base room for the other rooms: macros, memory, growable text, random numbers, clock, files.
 */
#ifndef VT_BASE_BASE_H
#define VT_BASE_BASE_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vitrail/base.h"

#define VT_COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define VT_UNUSED(value) ((void)(value))

/* Leaves the calling function with the status of `call` when that is not VT_OK. */
#define VT_TRY(call)                                                                                         \
  do {                                                                                                       \
    vt_status try_status_ = (call);                                                                          \
    if (try_status_ != VT_OK) return try_status_;                                                            \
  } while (0)

/* The same where something must be freed first: sets `status` (a local) and jumps to the label `done`. */
#define VT_TRY_DONE(call)                                                                                    \
  do {                                                                                                       \
    status = (call);                                                                                         \
    if (status != VT_OK) goto done;                                                                          \
  } while (0)

/* Own SIMD loops are compiled once per instruction set and chosen at load time, so that the binary runs
 * everywhere. Off under sanitizers, whose run-time is not ready when the choice is made. For static functions
 * only: clang names the chooser of an external one differently from its callers. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(VT_NO_CLONES)
#define VT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VT_CLONES
#endif

/* ---- memory ----
 * Blocks are 64-byte aligned and counted against the context's limit. vt_free() needs no context. Sizes
 * from outside go through vt_size_mul() first. A failed allocation records VT_ERROR_OUT_OF_MEMORY and
 * returns NULL. */
void *vt_alloc(vt_ctx *ctx, size_t bytes);                   /* not cleared; 0 bytes gives a valid pointer */
void *vt_alloc_zero(vt_ctx *ctx, size_t count, size_t size); /* cleared; checks count × size */
void *vt_realloc(vt_ctx *ctx, void *block, size_t bytes);    /* NULL on failure, `block` stays valid */
void vt_free(void *block);                                   /* accepts NULL */
char *vt_strdup(vt_ctx *ctx, const char *text);
char *vt_strndup(vt_ctx *ctx, const char *text, size_t length);
char *vt_format(vt_ctx *ctx, const char *format, ...) VT_PRINTF(2, 3); /* caller frees with vt_free() */
/* a × b into `out`; false when it does not fit. */
bool vt_size_mul(size_t a, size_t b, size_t *out);

/* Makes room for one more element in a growable array: doubles `*capacity` when `count` has reached it. */
vt_status vt_grow(vt_ctx *ctx, void *array_pointer, size_t *capacity, size_t count, size_t element_size);

/* Bytes of freed blocks that wait to be used again; not in use. */
uint64_t vt_ctx_memory_waiting(const vt_ctx *ctx);

/* Tests only: the n-th allocation from now (1 = the next) of this context and its
 * relatives fails; 0 = never. */
void vt_ctx_fail_allocation(vt_ctx *ctx, long n);

/* ---- growable text ---- */
typedef struct vt_text {
  char *data; /* always terminated once anything was added; NULL when empty */
  size_t length, capacity;
  bool failed; /* an allocation failed; the context has the error */
} vt_text;
void vt_text_add(vt_ctx *ctx, vt_text *text, const char *piece);
void vt_text_add_bytes(vt_ctx *ctx, vt_text *text, const void *bytes, size_t count);
void vt_text_addf(vt_ctx *ctx, vt_text *text, const char *format, ...) VT_PRINTF(3, 4);
void vt_text_free(vt_text *text);
/* %.9g, always with '.' whatever the host's locale; NaN and infinities as "nan", "inf", "-inf".
 * Returns buffer. */
const char *vt_number_text(double value, char buffer[32]);
/* Whole of `text` as a number, locale-free. False when it is not one. */
bool vt_parse_number(const char *text, double *out);
bool vt_parse_integer(const char *text, int64_t *out);
/* Of `count` names the one nearest to `name` in edit distance, NULL when none is near. For "did you mean". */
const char *vt_nearest(const char *name, const char *const *names, size_t count);
/* "; did you mean 'NEAR'?" for the end of a message, "" when `near` is NULL. Returns buffer. */
enum { VT_SUGGESTION = 320 };
const char *vt_suggestion(const char *near, char buffer[VT_SUGGESTION]);

/* ---- random numbers ----
 * Philox4x32-10 (Salmon et al. 2011): a pure function of (seed, stream, index), so a number belongs to an
 * item and not to a thread or a batch. Streams separate uses: hash a purpose with vt_stream(). */
uint64_t vt_stream(const char *purpose, uint64_t item);
void vt_random_bits(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);
double vt_random_uniform(uint64_t seed, uint64_t stream, uint64_t index); /* [0, 1), 53 bits */
double vt_random_normal(uint64_t seed, uint64_t stream, uint64_t index);  /* Box–Muller */
uint64_t vt_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t bound); /* bound ≥ 1 */
/* Fisher–Yates over `order`, which is filled with 0..count−1 first. */
void vt_random_permutation(uint64_t seed, uint64_t stream, int *order, int count);

/* ---- clock, processors ---- */
double vt_clock_seconds(void);
int vt_processor_count(void); /* what this process may use (affinity, OMP_NUM_THREADS not looked at), ≥ 1 */
/* Call between units of long work: VT_ERROR_INTERRUPTED when the cancel flag is up. */
vt_status vt_check_cancel(vt_ctx *ctx);

/* ---- files ---- */
/* Whole file into memory (caller frees). Refuses more than `max_bytes` and anything but a regular file or
 * pipe. One extra zero byte stands behind the content. */
vt_status vt_read_file(vt_ctx *ctx, const char *path, size_t max_bytes, unsigned char **out, size_t *size);
/* Writes beside the target and renames, so that a reader sees the old file or the whole new one. */
vt_status vt_write_file(vt_ctx *ctx, const char *path, const void *data, size_t size);
/* The same for pieces that follow one another. */
typedef struct vt_piece {
  const void *data;
  size_t size;
} vt_piece;
vt_status vt_write_pieces(vt_ctx *ctx, const char *path, const vt_piece *pieces, size_t count);
/* Creates a directory (parents too); fine when it is there. */
vt_status vt_make_directory(vt_ctx *ctx, const char *path);
bool vt_file_exists(const char *path);
/* "DIR/NAME", or NAME alone when it is absolute. Caller frees. */
char *vt_path_join(vt_ctx *ctx, const char *directory, const char *name);
/* Directory part of a path ("." when there is none). Caller frees. */
char *vt_path_directory(vt_ctx *ctx, const char *path);
const char *vt_path_name(const char *path); /* last part, borrowed */

/* SHA-256 of bytes as 64 lower-case hex digits and a zero. */
void vt_sha256_hex(const void *data, size_t size, char out[65]);

#endif
