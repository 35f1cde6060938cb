/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of gradients (./run gradients): what the tests found, by operator.
 *
 *   gradients CHECKS          prints it; CHECKS is what VITRAIL_GRADIENT_TABLE had the tests write
 *   gradients CHECKS PAGE     writes it to the file PAGE
 *
 * Exit 1 when an operator with a gradient was not checked, or one without says not why.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/gradient.h"

enum { SHAPES_SHOWN = 2, SHAPES_LENGTH = 200 };

typedef struct tally {
  const vt_op *op;
  char name[64]; /* "NAME", or "DOMAIN.NAME" */
  int checks, shape_count;
  char shapes[SHAPES_SHOWN][SHAPES_LENGTH];
  double exact, fast; /* largest errors */
} tally;

typedef struct gradient_table {
  tally *rows;
  size_t count;
} gradient_table;

typedef enum gradient_verdict { CHECKED, ZERO, NOTHING, REFUSED, FORGOTTEN } gradient_verdict;

static bool takes_real_inputs(const vt_op *op)
{
  for (int i = 0; i < op->max_inputs && i < VT_OP_INPUTS; i++)
    if (!vt_op_types(op, i) || vt_op_types(op, i) & VT_FLOATS) return true;
  return false;
}

static gradient_verdict verdict_of(const vt_op *op)
{
  if (op->backward) return op->backward == vt_backward_zero ? ZERO : CHECKED;
  if (op->no_gradient) return REFUSED;
  return op->flags & VT_OP_NOT_REAL || !takes_real_inputs(op) ? NOTHING : FORGOTTEN;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const tally *)a)->name, ((const tally *)b)->name);
}

static bool make_table(gradient_table *out)
{
  *out = (gradient_table){0};
  for (size_t i = 0; i < vt_op_family_count; i++)
    out->count += vt_op_families[i]->count;
  out->rows = calloc(out->count, sizeof *out->rows);
  if (!out->rows) return false;
  size_t used = 0;
  for (size_t i = 0; i < vt_op_family_count; i++)
    for (size_t k = 0; k < vt_op_families[i]->count; k++) {
      const vt_op *op = &vt_op_families[i]->ops[k];
      tally *row = &out->rows[used++];
      row->op = op;
      snprintf(row->name, sizeof row->name, "%s%s%s", op->domain ? op->domain : "", op->domain ? "." : "",
               op->name);
    }
  qsort(out->rows, out->count, sizeof *out->rows, by_name);
  return true;
}

static tally *find(const gradient_table *all, const char *name)
{
  for (size_t i = 0; i < all->count; i++)
    if (strcmp(all->rows[i].name, name) == 0) return &all->rows[i];
  return NULL;
}

/* "f64[2,3] i64[3]" becomes "2×3, i64 3": f64 goes without saying. */
static void shorten(const char *text, char out[SHAPES_LENGTH])
{
  const struct {
    const char *from, *to;
  } pairs[] = {{"f64[]", "scalar"}, {"f64[", ""}, {"[]", " scalar"}, {"[", " "},
               {"]", ""},           {",", "×"},   {" ", ", "}};
  size_t used = 0;
  while (*text && used + 8 < SHAPES_LENGTH) {
    const char *piece = NULL;
    for (size_t i = 0; !piece && i < sizeof pairs / sizeof *pairs; i++)
      if (strncmp(text, pairs[i].from, strlen(pairs[i].from)) == 0) {
        piece = pairs[i].to;
        text += strlen(pairs[i].from);
      }
    if (piece)
      used += (size_t)snprintf(out + used, SHAPES_LENGTH - used, "%s", piece);
    else
      out[used++] = *text++;
  }
  out[used] = 0;
}

static void add_shapes(tally *row, const char *text)
{
  char shapes[SHAPES_LENGTH];
  shorten(text, shapes);
  for (int i = 0; i < row->shape_count && i < SHAPES_SHOWN; i++)
    if (strcmp(row->shapes[i], shapes) == 0) return;
  if (row->shape_count < SHAPES_SHOWN) memcpy(row->shapes[row->shape_count], shapes, sizeof shapes);
  row->shape_count++;
}

/* Lines of tests/ops/gradient_case.h: operator, attributes, shapes, f64 error, f32 error, by tabs. */
static bool read_checks(const char *path, gradient_table *all)
{
  FILE *file = fopen(path, "r");
  char line[4096];
  bool sound = file != NULL;
  while (sound && fgets(line, sizeof line, file)) {
    char *fields[5] = {line};
    int count = 1;
    for (char *at = line; *at && count < 5; at++)
      if (*at == '\t') {
        *at = 0;
        fields[count++] = at + 1;
      }
    tally *row = count == 5 ? find(all, fields[0]) : NULL;
    if (!(sound = row != NULL)) break;
    row->checks++;
    add_shapes(row, fields[2]);
    row->exact = fmax(row->exact, strtod(fields[3], NULL));
    row->fast = fmax(row->fast, strtod(fields[4], NULL));
  }
  if (file) fclose(file);
  return sound;
}

static size_t count_of(const gradient_table *all, gradient_verdict wanted, int *checks)
{
  size_t count = 0;
  *checks = 0;
  for (size_t i = 0; i < all->count; i++)
    if (verdict_of(all->rows[i].op) == wanted) {
      count++;
      *checks += all->rows[i].checks;
    }
  return count;
}

static void print_names(FILE *file, const gradient_table *all, gradient_verdict wanted)
{
  int column = 0;
  for (size_t i = 0; i < all->count; i++) {
    const char *name = all->rows[i].name;
    if (verdict_of(all->rows[i].op) != wanted) continue;
    int length = (int)strlen(name);
    bool wrap = column + 2 + length > 100;
    fprintf(file, "%s%s", column == 0 ? "" : wrap ? ",\n" : ", ", name);
    column = (wrap ? 0 : column + 2) + length;
  }
  fprintf(file, "%s\n", column ? "." : "None.");
}

static void print_table(FILE *file, const gradient_table *all)
{
  int checks, rest;
  size_t checked = count_of(all, CHECKED, &checks), zero = count_of(all, ZERO, &rest);
  fprintf(file,
          "# Gradients\n\n"
          "Written by `./run gradients`. Each check runs an operator forward and backward twice\n"
          "(`tests/ops/gradient_case.h`): in f64 against central differences of a random weighted sum of "
          "its\noutputs, and in f32, as it runs in use, against f64. Errors are ‖a − b‖ / ‖b‖ over one "
          "input, the\nlargest of all checks; a check fails beyond 2e-7 in f64 and beyond its own stated "
          "bound in f32.\nInputs of one check are separated by commas.\n\n");
  fprintf(file, "%zu operators have a gradient, checked %d times; that of %zu is zero.\n\n", checked + zero,
          checks + rest, zero);
  fprintf(file,
          "| operator | checks | shapes tried | error in f64 | error in f32 |\n|---|---:|---|---:|---:|\n");
  for (size_t i = 0; i < all->count; i++) {
    const tally *row = &all->rows[i];
    if (verdict_of(row->op) != CHECKED) continue;
    fprintf(file, "| %s | %d | ", row->name, row->checks);
    for (int k = 0; k < row->shape_count && k < SHAPES_SHOWN; k++)
      fprintf(file, "%s%s", k ? "; " : "", row->shapes[k]);
    fprintf(file, "%s | %.1e | %.1e |\n", row->shape_count > SHAPES_SHOWN ? "; …" : "", row->exact,
            row->fast);
  }
  fprintf(file, "\n## The gradient is zero\n\nSteps, and results that do not depend on the values of their "
                "inputs.\n\n");
  print_names(file, all, ZERO);
  fprintf(file, "\n## Nothing to differentiate\n\nNo input or no output is ever a real number.\n\n");
  print_names(file, all, NOTHING);
  fprintf(file, "\n## No gradient\n\nDifferentiating through one of these is an error that names it.\n\n"
                "| operator | why |\n|---|---|\n");
  for (size_t i = 0; i < all->count; i++)
    if (verdict_of(all->rows[i].op) == REFUSED)
      fprintf(file, "| %s | %s |\n", all->rows[i].name, all->rows[i].op->no_gradient);
}

static int complain(const gradient_table *all)
{
  int faults = 0;
  for (size_t i = 0; i < all->count; i++) {
    const vt_op *op = all->rows[i].op;
    gradient_verdict verdict = verdict_of(op);
    if ((verdict == CHECKED || verdict == ZERO) && all->rows[i].checks == 0)
      fprintf(stderr, "%s has a gradient that no test checks\n", all->rows[i].name), faults++;
    if (verdict == FORGOTTEN)
      fprintf(stderr, "%s has neither a gradient nor a reason for having none\n", all->rows[i].name),
          faults++;
  }
  return faults;
}

int main(int count, char **arguments)
{
  gradient_table all;
  if (count < 2 || count > 3) {
    fprintf(stderr, "usage: gradients CHECKS [PAGE]\n");
    return 2;
  }
  if (!make_table(&all)) return 1;
  bool sound = read_checks(arguments[1], &all);
  FILE *page = sound && count == 3 ? fopen(arguments[2], "w") : stdout;
  if (!sound || !page) {
    fprintf(stderr, "%s: cannot be %s\n", arguments[sound ? 2 : 1],
            sound ? "written" : "read, or has a line that is not operator, attributes, shapes, two errors");
    free(all.rows);
    return 1;
  }
  print_table(page, &all);
  bool written = !ferror(page) && (page == stdout || fclose(page) == 0);
  int faults = complain(&all);
  free(all.rows);
  return written && faults == 0 ? 0 : 1;
}
