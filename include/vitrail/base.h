/* SPDX-License-Identifier: Apache-2.0
 *
 * base: status codes, the context, memory, random numbers, logging.
 *
 * Every call that can fail takes a `vt_ctx *` first and returns a `vt_status`. The message of the first
 * failure stays in the context until vt_ctx_clear(). A context serves one thread at a time; give each worker
 * its own with vt_ctx_child().
 */
#ifndef VITRAIL_BASE_H
#define VITRAIL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VT_VERSION_MAJOR 0
#define VT_VERSION_MINOR 1
#define VT_VERSION_PATCH 0
#define VT_VERSION_TEXT  "0.1.0"

#if defined(__GNUC__)
#define VT_API                                  __attribute__((visibility("default")))
#define VT_MUST_CHECK                           __attribute__((warn_unused_result))
#define VT_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#else
#define VT_API
#define VT_MUST_CHECK
#define VT_PRINTF(format_index, first_argument)
#endif

/* A code for each failure that a caller can act on. Values are part of the ABI and never reused. */
typedef enum vt_status {
  VT_OK = 0,
  VT_ERROR_INVALID_ARGUMENT = 1, /* the caller asked for the impossible: unknown name, index out of range */
  VT_ERROR_NO_SUCH_FILE = 2,
  VT_ERROR_IO = 3,              /* reading or writing failed: disk full, permission, closed pipe */
  VT_ERROR_INVALID_MODEL = 4,   /* the model file is damaged or contradicts itself */
  VT_ERROR_UNSUPPORTED = 5,     /* well formed, but needs an operator, version or type that vitrail lacks */
  VT_ERROR_INVALID_DATA = 6,    /* an image, array, mask or sidecar file is damaged or does not fit */
  VT_ERROR_OUT_OF_MEMORY = 7,   /* the system or --max-memory said no */
  VT_ERROR_LIMIT = 8,           /* a budget (calls, seconds) was used up; a partial result is valid */
  VT_ERROR_INTERRUPTED = 9,     /* the cancel flag was raised; a partial result is valid */
  VT_ERROR_REMOTE = 10,         /* a model outside this process failed */
  VT_ERROR_DATA_DEPENDENT = 11, /* a shape rule needs the value of a tensor that is not known yet */
  VT_ERROR_NOT_FINITE = 12,     /* a model answered NaN or infinity */
  VT_ERROR_EXISTS = 13,         /* would overwrite */
  VT_ERROR_RUNTIME = 14         /* everything else */
} vt_status;

/* Short stable name of a status ("invalid-argument", …). Never NULL. */
VT_API const char *vt_status_name(vt_status status);

/* Library version at run time, "MAJOR.MINOR.PATCH". */
VT_API const char *vt_version(void);

/* ---- context ---- */

typedef struct vt_ctx vt_ctx;

/* A new context, or NULL when memory is short. Free with vt_ctx_free(). */
VT_API vt_ctx *vt_ctx_new(void);

/* A context for another thread: shares memory accounting, limits and cancel flag of `parent`, has its own
 * error and tensors. NULL when memory is short. Must be freed before its parent. */
VT_API vt_ctx *vt_ctx_child(vt_ctx *parent);

/* Frees the context and every tensor still in it. Accepts NULL. */
VT_API void vt_ctx_free(vt_ctx *ctx);

/* First failure since the last vt_ctx_clear(), VT_OK when there was none. */
VT_API VT_MUST_CHECK vt_status vt_ctx_status(const vt_ctx *ctx);

/* Text of that failure: what failed, where (file, node, tensor, shape), what to do. "" when there was none.
 * Borrowed; valid until the next failure or clear. */
VT_API const char *vt_ctx_message(const vt_ctx *ctx);
VT_API void vt_ctx_clear(vt_ctx *ctx);

/* Records a failure and returns `status`. The first one sticks; later ones are ignored until vt_ctx_clear().
 * The message is one line: control characters, which names from files may hold, become spaces. */
VT_API vt_status vt_fail(vt_ctx *ctx, vt_status status, const char *format, ...) VT_PRINTF(3, 4);

/* Puts "PREFIX: " before the recorded message, so that an outer call can say which file or node it was busy
 * with. Returns the status on record. */
VT_API vt_status vt_fail_prefix(vt_ctx *ctx, const char *format, ...) VT_PRINTF(2, 3);

/* Gives the failure on record another status, when an outer call knows better what it means (a size
 * that no memory holds is a damaged file when a file states it). Nothing when there is none.
 * Returns the status on record. */
VT_API vt_status vt_fail_restate(vt_ctx *ctx, vt_status status);

/* Copies the failure of `from` (a child) into `to`. Returns its status. */
VT_API vt_status vt_fail_adopt(vt_ctx *to, const vt_ctx *from);

/* Threads used inside one operation or over items of one call. 0 = as many as the
 * process may use. Default 0. */
VT_API void vt_ctx_set_threads(vt_ctx *ctx, int threads);
VT_API int vt_ctx_threads(const vt_ctx *ctx);

/* Whether factors of large matrix products are rounded to bfloat16 (8 bits of precision); sums stay f32. For
 * training on processors that have instructions for it; elsewhere nothing changes. Default no. */
VT_API void vt_ctx_set_short_products(vt_ctx *ctx, bool on);
VT_API bool vt_ctx_short_products(const vt_ctx *ctx);

/* Bytes this context and its children may hold at once; 0 = no limit (the default). */
VT_API void vt_ctx_set_max_memory(vt_ctx *ctx, uint64_t bytes);
VT_API uint64_t vt_ctx_memory_in_use(const vt_ctx *ctx);
VT_API uint64_t vt_ctx_memory_peak(const vt_ctx *ctx);
/* Large blocks that were freed are kept to be used again; with what is in use they are at most a quarter and
 * 32 MB more than once was in use. This gives them back to the system. */
VT_API void vt_ctx_trim_memory(vt_ctx *ctx);

/* `flag` becomes non-zero (from a signal handler, say) to ask running work to stop with VT_ERROR_INTERRUPTED.
 * Borrowed; NULL takes it back. */
VT_API void vt_ctx_set_cancel(vt_ctx *ctx, const volatile int *flag);
VT_API bool vt_ctx_cancelled(const vt_ctx *ctx);

/* Called from long work, from one thread at a time, with the part done so far of
 * `total` units (0 = unknown). */
typedef void (*vt_progress_fn)(void *user, const char *what, double done, double total);
VT_API void vt_ctx_set_progress(vt_ctx *ctx, vt_progress_fn progress, void *user);
VT_API void vt_progress(vt_ctx *ctx, const char *what, double done, double total);

/* ---- log: the one global of the library ---- */

typedef enum vt_log_level { VT_LOG_ERROR, VT_LOG_WARNING, VT_LOG_INFO, VT_LOG_DEBUG } vt_log_level;
typedef void (*vt_log_fn)(void *user, vt_log_level level, const char *message);

/* Default: messages are dropped (library code never prints). NULL restores that. */
VT_API void vt_log_set(vt_log_fn log, void *user);
VT_API void vt_log(vt_log_level level, const char *format, ...) VT_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
