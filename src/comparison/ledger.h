/* SPDX-License-Identifier: Apache-2.0
 *
 * rows.jsonl: what a comparison has measured, a JSON object a line, appended as it comes. Every row has a key
 * made of all that its figures depend on, so that a run that is started again does only what is missing.
 */
#ifndef VT_COMPARISON_LEDGER_H
#define VT_COMPARISON_LEDGER_H

#include <jansson.h>

#include "base/base.h"

enum { VT_LEDGER_KEY = 33 }; /* 32 hex digits and a zero */

typedef enum vt_ledger_kind {
  VT_LEDGER_PICTURE,     /* what the model answers; or why the picture could not be read */
  VT_LEDGER_EXPLANATION, /* calls and seconds of a contender on a picture; or why there is none */
  VT_LEDGER_MEASURE      /* a figure, or why there is none */
} vt_ledger_kind;

/* What is kept of a row in memory; the file has all of it. Numbers that a row does not have are NaN, −1 or
 * 0. */
typedef struct vt_ledger_row {
  char key[VT_LEDGER_KEY];
  vt_ledger_kind kind;
  char *error;           /* what failed; NULL: nothing */
  char *note;            /* why a value is undefined */
  double value, seconds; /* seconds: of the method alone, or of measuring */
  int64_t calls, forwards, samples;
  int target, predicted;
  double full, blank;
  char signature[17]; /* of the explanation, "" when there is none */
} vt_ledger_row;

typedef struct vt_ledger vt_ledger;

/* Opens FILE for appending, made when it is not there. A last line that was cut off in the middle is taken
 * out of the file (`*repaired`, may be NULL, says so); any other line that is no row is
 * VT_ERROR_INVALID_DATA and names the line. VT_ERROR_EXISTS when another process writes there. */
vt_status vt_ledger_open(vt_ctx *ctx, const char *path, bool *repaired, vt_ledger **out);
void vt_ledger_close(vt_ledger *ledger); /* accepts NULL */

/* The row with that key; NULL: there is none. Valid until rows are added. */
const vt_ledger_row *vt_ledger_find(const vt_ledger *ledger, const char *key);
/* Appends a row in one write (its members "key" and "kind" must be set); a key that is there already is left
 * as it is. Takes the reference. */
vt_status vt_ledger_add(vt_ctx *ctx, vt_ledger *ledger, json_t *row);
/* Makes rows with an error unknown, so that they are measured again; the last row of a key is the one that
 * counts. */
void vt_ledger_forget_errors(vt_ledger *ledger);
size_t vt_ledger_count(const vt_ledger *ledger);

/* Key of the texts, each with its length before it: 32 hex digits of their SHA-256. The list ends with
 * NULL. */
vt_status vt_ledger_key(vt_ctx *ctx, char out[VT_LEDGER_KEY], const char *const *texts);

extern const char *const vt_ledger_kind_names[];

#endif
