/* SPDX-License-Identifier: Apache-2.0
 *
 * What every test includes: cmocka and a context that reports its message when something fails.
 */
#ifndef VT_TESTS_TEST_H
#define VT_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

/* The call must succeed; otherwise the test fails with the context's message. */
#define assert_ok(ctx, call)                                                                                 \
  do {                                                                                                       \
    vt_status assert_status_ = (call);                                                                       \
    if (assert_status_ != VT_OK) fail_msg("%s: %s", #call, vt_ctx_message(ctx));                             \
  } while (0)

/* The call must fail with `expected` and a message that contains `part`; the context is cleared. */
#define assert_fails(ctx, call, expected, part)                                                              \
  do {                                                                                                       \
    vt_status assert_status_ = (call);                                                                       \
    if (assert_status_ != (expected))                                                                        \
      fail_msg("%s: %s instead of %s: %s", #call, vt_status_name(assert_status_), vt_status_name(expected),  \
               vt_ctx_message(ctx));                                                                         \
    if (!strstr(vt_ctx_message(ctx), (part)))                                                                \
      fail_msg("message '%s' lacks '%s'", vt_ctx_message(ctx), (part));                                      \
    vt_ctx_clear(ctx);                                                                                       \
  } while (0)

#define assert_near(a, b, tolerance)                                                                         \
  do {                                                                                                       \
    double assert_a_ = (a), assert_b_ = (b);                                                                 \
    if (!(assert_a_ - assert_b_ <= (tolerance) && assert_b_ - assert_a_ <= (tolerance)))                     \
      fail_msg("%s = %.9g, %s = %.9g, further apart than %g", #a, assert_a_, #b, assert_b_,                  \
               (double)(tolerance));                                                                         \
  } while (0)

/* Setup and teardown of a test that needs nothing but a context, its *state. */
static inline int new_context(void **state)
{
  *state = vt_ctx_new();
  return *state ? 0 : -1;
}

static inline int free_context(void **state)
{
  vt_ctx_free(*state);
  return 0;
}

/* Path below the folder of outside truth, or NULL when it is not there (then the test calls
 * skip()). Static buffer. */
static inline const char *shared_path(const char *name)
{
  static char path[4096];
  const char *root = getenv("VITRAIL_SHARED");
  if (!root) return NULL;
  snprintf(path, sizeof path, "%s/%s", root, name);
  return access(path, R_OK) == 0 ? path : NULL;
}

#endif
