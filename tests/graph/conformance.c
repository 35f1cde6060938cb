/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs all conformance cases that Debian's libonnx-testdata installs.
 *
 *   conformance [--write PAGE] [--tap] [--data FOLDER] [--suite NAME] [CASE…]
 *
 * Without --tap: a table by operator, the failures, and a line for each suite, `node` last. CASE: only cases
 * whose name contains one of these words. Exit code 0 when nothing failed, 77 when the data is not installed.
 */
#include <dirent.h>
#include <stdlib.h>

#include "conformance.h"

static const char *const all_suites[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};

typedef struct run_options {
  const char *data, *page, *suite;
  bool tap;
  char **words;
  int word_count;
} run_options;

static bool chosen(const run_options *options, const char *name)
{
  for (int i = 0; i < options->word_count; i++)
    if (strstr(name, options->words[i])) return true;
  return options->word_count == 0;
}

/* Runs the cases of one suite; results are appended. */
static bool run_suite(const run_options *options, const char *suite, case_result **results, size_t *count)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", options->data, suite);
  struct dirent **entries;
  int found = scandir(path, &entries, NULL, alphasort);
  if (found < 0) return false;
  for (int i = 0; i < found; i++) {
    const char *name = entries[i]->d_name;
    if (name[0] != '.' && chosen(options, name)) {
      case_result *more = realloc(*results, (*count + 1) * sizeof *more);
      if (!more) abort();
      *results = more;
      snprintf(path, sizeof path, "%s/%s/%s", options->data, suite, name);
      conformance_run(suite, path, name, &more[(*count)++]);
    }
    free(entries[i]);
  }
  free(entries);
  return true;
}

static void print_tap(const case_result *results, size_t count)
{
  printf("1..%zu\n", count);
  for (size_t i = 0; i < count; i++) {
    const case_result *result = &results[i];
    printf("%s %zu - %s/%s", result->verdict == FAILED ? "not ok" : "ok", i + 1, result->suite, result->name);
    if (result->verdict == SKIPPED) printf(" # SKIP %s", result->why);
    printf("\n");
    if (result->verdict == FAILED) printf("# %s\n", result->why);
  }
}

int main(int count, char **arguments)
{
  run_options options = {.data = "/usr/share/libonnx-testdata/data"};
  options.words = calloc((size_t)count + 1, sizeof *options.words);
  if (!options.words) return 1;
  for (int i = 1; i < count; i++) {
    if (strcmp(arguments[i], "--tap") == 0)
      options.tap = true;
    else if (strcmp(arguments[i], "--write") == 0 && i + 1 < count)
      options.page = arguments[++i];
    else if (strcmp(arguments[i], "--suite") == 0 && i + 1 < count)
      options.suite = arguments[++i];
    else if (strcmp(arguments[i], "--data") == 0 && i + 1 < count)
      options.data = arguments[++i];
    else
      options.words[options.word_count++] = arguments[i];
  }
  case_result *results = NULL;
  size_t result_count = 0;
  bool there = true;
  for (size_t i = 0; i < VT_COUNT(all_suites) && !options.suite && there; i++)
    there = run_suite(&options, all_suites[i], &results, &result_count);
  if (options.suite) there = run_suite(&options, options.suite, &results, &result_count);
  int failed = 0;
  for (size_t i = 0; i < result_count; i++)
    failed += results[i].verdict == FAILED;
  if (!there)
    printf(options.tap ? "1..0 # SKIP %s is not installed\n" : "%s is not there: install libonnx-testdata\n",
           options.data);
  else if (options.tap)
    print_tap(results, result_count);
  else
    conformance_print(results, result_count);
  int code = there ? failed > 0 : options.tap ? 0 : 77;
  if (there && options.page) {
    vt_ctx *ctx = vt_ctx_new();
    if (conformance_write(ctx, options.page, results, result_count) != VT_OK) {
      fprintf(stderr, "%s\n", vt_ctx_message(ctx));
      code = 1;
    }
    vt_ctx_free(ctx);
  }
  free(results);
  free(options.words);
  return code;
}
