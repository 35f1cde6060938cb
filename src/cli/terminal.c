/* SPDX-License-Identifier: Apache-2.0
 *
 * Progress, messages and signals of the command.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* What the signal handler may touch. */
static volatile int cancelled;

/* The line on the screen. One process has one terminal. */
static struct {
  double started, last_shown, first; /* first: what was done when the work began, after a resume */
  char what[64];                     /* up to the first comma: what follows may change */
  bool on_screen;
} progress;

static void on_signal(int signal_number)
{
  VT_UNUSED(signal_number); /* SA_RESETHAND: the next one ends the process */
  cancelled = 1;
}

void cli_hold_streams(void)
{
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
    if (fcntl(file, F_GETFD) < 0) /* the lowest free number is this one; opened so that its use still fails */
      if (open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
}

void cli_signals(vt_ctx *ctx)
{
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* these two come back as errors of a write */
  signal(SIGXFSZ, SIG_IGN);
  cli_heed_signals(ctx, true);
}

void cli_heed_signals(vt_ctx *ctx, bool on)
{
  vt_ctx_set_cancel(ctx, on ? &cancelled : NULL);
}

static void seconds_text(double seconds, char buffer[32])
{
  if (seconds < 100)
    snprintf(buffer, 32, "%.0f s", seconds);
  else if (seconds < 6000)
    snprintf(buffer, 32, "%.0f min", seconds / 60);
  else
    snprintf(buffer, 32, "%.1f h", seconds / 3600);
}

/* Starts a new measure when the work has another name. True when it is time to show something. */
static bool due(const char *what, double done, double total)
{
  double now = vt_clock_seconds();
  int length = (int)strcspn(what, ",");
  if (strncmp(progress.what, what, (size_t)length) != 0 || progress.what[length < 64 ? length : 63]) {
    snprintf(progress.what, sizeof progress.what, "%.*s", length, what);
    progress.started = now;
    progress.first = done;
    progress.last_shown = 0;
  }
  if (now - progress.last_shown < 0.1 && !(total > 0 && done >= total)) return false;
  progress.last_shown = now;
  return true;
}

static void show_line(void *user, const char *what, double done, double total)
{
  VT_UNUSED(user);
  if (!due(what, done, total)) return;
  double spent = vt_clock_seconds() - progress.started;
  char eta[32] = "…";
  progress.on_screen = true;
  if (total <= 0) {
    fprintf(stderr, "\r\033[K%s: %.0f", what, done);
    return;
  }
  if (done > progress.first && spent > 0.5)
    seconds_text(spent * (total - done) / (done - progress.first), eta);
  char bar[25];
  for (int i = 0; i < 24; i++)
    bar[i] = i < (int)(24 * done / total) ? '#' : '.';
  bar[24] = 0;
  fprintf(stderr, "\r\033[K%s %s %.0f/%.0f, %s left", what, bar, done, total, eta);
}

static void show_json(void *user, const char *what, double done, double total)
{
  VT_UNUSED(user);
  if (!due(what, done, total)) return;
  json_t *line = json_pack("{s:s, s:f, s:f, s:f}", "what", what, "done", done, "total", total, "seconds",
                           vt_clock_seconds() - progress.started);
  char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  if (text) fprintf(stderr, "%s\n", text);
  free(text);
  json_decref(line);
}

void cli_progress_end(void)
{
  if (progress.on_screen) fprintf(stderr, "\r\033[K");
  progress.on_screen = false;
}

static void show_log(void *user, vt_log_level level, const char *message)
{
  const cli *run = user;
  if (level > VT_LOG_WARNING && !run->common.verbose) return;
  if (level == VT_LOG_DEBUG) return;
  cli_progress_end();
  fprintf(stderr, "vitrail: %s%s\n", level == VT_LOG_WARNING ? "warning: " : "", message);
}

static bool is_capable(int file)
{
  const char *term = getenv("TERM");
  return isatty(file) && term && strcmp(term, "dumb") != 0;
}

void cli_terminal_begin(cli *run)
{
  const char *no_color = getenv("NO_COLOR");
  run->color = run->common.color == CLI_COLOR_ALWAYS ||
               (run->common.color == CLI_COLOR_AUTO && is_capable(STDOUT_FILENO) && !(no_color && *no_color));
  if (run->common.progress == CLI_PROGRESS_JSON)
    vt_ctx_set_progress(run->ctx, show_json, NULL);
  else if (run->common.progress == CLI_PROGRESS_AUTO && !run->common.quiet && is_capable(STDERR_FILENO))
    vt_ctx_set_progress(run->ctx, show_line, NULL);
  vt_log_set(run->common.quiet ? NULL : show_log, run);
}

void cli_warn(const cli *run, const char *format, ...)
{
  if (run->common.quiet) return;
  va_list arguments;
  va_start(arguments, format);
  cli_progress_end();
  fputs("vitrail: warning: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

void cli_note(const cli *run, const char *format, ...)
{
  if (!run->common.verbose || run->common.quiet) return;
  va_list arguments;
  va_start(arguments, format);
  cli_progress_end();
  fputs("vitrail: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

vt_status cli_flush(vt_ctx *ctx)
{
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return VT_OK;
  return vt_fail(ctx, VT_ERROR_IO, "cannot write to standard output%s%s", errno ? ": " : "",
                 errno ? strerror(errno) : "");
}
