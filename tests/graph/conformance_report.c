/* SPDX-License-Identifier: Apache-2.0
 *
 * What the conformance run says: a table by operator, a line for each suite, the page of skips.
 */
#include <stdlib.h>

#include "conformance.h"

typedef struct tally {
  const char *key;
  int counts[3];
} tally;

static int by_key(const void *a, const void *b)
{
  return strcmp(((const tally *)a)->key, ((const tally *)b)->key);
}

/* Counts by operators (of one suite when `suite` is given), sorted. Caller frees. */
static tally *tally_operators(const case_result *results, size_t count, size_t *kinds)
{
  tally *list = calloc(count + 1, sizeof *list);
  *kinds = 0;
  for (size_t i = 0; list && i < count; i++) {
    size_t k = 0;
    while (k < *kinds && strcmp(list[k].key, results[i].operators) != 0)
      k++;
    if (k == *kinds) list[(*kinds)++].key = results[i].operators;
    list[k].counts[results[i].verdict]++;
  }
  if (list) qsort(list, *kinds, sizeof *list, by_key);
  return list;
}

static void count_suite(const case_result *results, size_t count, const char *suite, int counts[3])
{
  memset(counts, 0, 3 * sizeof *counts);
  for (size_t i = 0; i < count; i++)
    if (strcmp(results[i].suite, suite) == 0) counts[results[i].verdict]++;
}

/* Suites in the order of the results; `node` is printed last, so that its line ends the output. */
static void print_suites(FILE *file, const case_result *results, size_t count, const char *format)
{
  for (int last = 0; last < 2; last++)
    for (size_t i = 0; i < count; i++) {
      bool node = strcmp(results[i].suite, "node") == 0;
      if ((i > 0 && strcmp(results[i - 1].suite, results[i].suite) == 0) || node != (last == 1)) continue;
      int counts[3];
      count_suite(results, count, results[i].suite, counts);
      fprintf(file, format, results[i].suite, counts[PASSED], counts[FAILED], counts[SKIPPED]);
    }
}

void conformance_print(const case_result *results, size_t count)
{
  size_t kinds;
  tally *list = tally_operators(results, count, &kinds);
  printf("%-52s %7s %7s %7s\n", "operators", "passed", "failed", "skipped");
  for (size_t k = 0; list && k < kinds; k++)
    printf("%-52.52s %7d %7d %7d\n", list[k].key, list[k].counts[PASSED], list[k].counts[FAILED],
           list[k].counts[SKIPPED]);
  free(list);
  for (size_t i = 0; i < count; i++)
    if (results[i].verdict == FAILED)
      printf("failed: %s/%s: %s\n", results[i].suite, results[i].name, results[i].why);
  for (size_t i = 0; i < count; i++)
    if (results[i].shape_only) printf("shape and type only: %s/%s\n", results[i].suite, results[i].name);
  print_suites(stdout, results, count, "%s: %d passed, %d failed, %d skipped\n");
}

vt_status conformance_write(vt_ctx *ctx, const char *path, const case_result *results, size_t count)
{
  FILE *file = fopen(path, "w");
  if (!file) return vt_fail(ctx, VT_ERROR_IO, "%s: cannot be written", path);
  fputs(
      "# ONNX conformance\n\n"
      "The ONNX project's own cases (Debian package `libonnx-testdata` 1.12.0), run by `./run conformance`;\n"
      "this page is written by `./run conformance --write docs/conformance.md`. Floats:\n"
      "|a - b| <= 1e-7 + 1e-3 |b|, everything else exact. A case is skipped only because an operator, its\n"
      "version or an element type is absent from the operator table; that is decided before anything runs.\n"
      "What passes passes twice, by trace and, where its shapes are known beforehand, by plan.\n\n"
      "One exception: node/test_cast_FLOAT_to_BFLOAT16, test_castlike_FLOAT_to_BFLOAT16 and its expanded "
      "form\n"
      "store bits that were cut off. vitrail rounds to nearest, as ONNX Runtime 1.32 and the ONNX project's\n"
      "own reference evaluator 1.23 do, and is allowed one unit in the last place there.\n\n"
      "| suite | passed | failed | skipped |\n|---|---:|---:|---:|\n",
      file);
  print_suites(file, results, count, "| %s | %d | %d | %d |\n");
  fputs("\n## Compared in shape and type only\n\nTheir output is random.\n\n", file);
  for (size_t i = 0; i < count; i++)
    if (results[i].shape_only) fprintf(file, "- %s/%s\n", results[i].suite, results[i].name);
  fputs("\n## By operator\n\n| operators of the case | passed | failed | skipped |\n|---|---:|---:|---:|\n",
        file);
  size_t kinds;
  tally *list = tally_operators(results, count, &kinds);
  for (size_t k = 0; list && k < kinds; k++)
    fprintf(file, "| %s | %d | %d | %d |\n", list[k].key, list[k].counts[PASSED], list[k].counts[FAILED],
            list[k].counts[SKIPPED]);
  free(list);
  fputs("\n## Skipped\n\n| case | why |\n|---|---|\n", file);
  for (size_t i = 0; i < count; i++) {
    if (results[i].verdict != SKIPPED) continue;
    fprintf(file, "| %s/%s | ", results[i].suite, results[i].name);
    for (const char *c = results[i].why; *c; c++)
      if (*c == '|')
        fputs("\\|", file);
      else
        fputc(*c, file);
    fputs(" |\n", file);
  }
  if (fclose(file) != 0) return vt_fail(ctx, VT_ERROR_IO, "%s: cannot be written", path);
  return VT_OK;
}
