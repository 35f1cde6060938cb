/* SPDX-License-Identifier: Apache-2.0
 *
 * The logger: the only global of the library.
 */
#include <pthread.h>

#include "base/base.h"

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static vt_log_fn log_function;
static void *log_user;

void vt_log_set(vt_log_fn log, void *user)
{
  pthread_mutex_lock(&log_lock);
  log_function = log;
  log_user = user;
  pthread_mutex_unlock(&log_lock);
}

void vt_log(vt_log_level level, const char *format, ...)
{
  pthread_mutex_lock(&log_lock);
  if (log_function) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    log_function(log_user, level, message);
  }
  pthread_mutex_unlock(&log_lock);
}
