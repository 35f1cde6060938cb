/* SPDX-License-Identifier: Apache-2.0
 *
 * Declared settings: one table of fields beside a plain C struct. Method parameters, operator attributes,
 * command-line options and everything printed about them (help, JSON, docs) read the same table; defaults
 * live nowhere else.
 */
#ifndef VT_BASE_PARAMS_H
#define VT_BASE_PARAMS_H

#include <jansson.h>

#include "base/base.h"

typedef enum vt_field_kind {
  VT_FIELD_INT,    /* int64_t */
  VT_FIELD_REAL,   /* double */
  VT_FIELD_BOOL,   /* bool */
  VT_FIELD_STRING, /* char *, owned, NULL when absent */
  VT_FIELD_CHOICE, /* int: index into `choices` ("a|b|c") */
  VT_FIELD_INTS,   /* vt_ints */
  VT_FIELD_REALS,  /* vt_reals; text form "20,5,0.05,0.01" */
  VT_FIELD_TENSOR, /* struct vt_tensor *, kept by whoever filled it; operators only */
  VT_FIELD_TEXTS   /* vt_texts; grows by one text each time it is set, since texts may hold commas */
} vt_field_kind;

typedef struct vt_ints {
  int64_t *data;
  size_t count;
  bool present; /* false: not given (an empty list that was given is present) */
} vt_ints;

typedef struct vt_reals {
  double *data;
  size_t count;
  bool present;
} vt_reals;

typedef struct vt_texts {
  char **data; /* owned */
  size_t count, capacity;
} vt_texts;

/* To add a setting: one line here with offsetof(), nothing else. */
typedef struct vt_field {
  const char *name; /* as in C, JSON and ONNX; the command line writes '-' for '_' */
  vt_field_kind kind;
  size_t offset;
  const char *fallback; /* default in text form; NULL: absent (strings, lists, tensors) or zero */
  double low, high;     /* closed range of INT, REAL and list elements; low == high: no bound */
  const char *choices;  /* CHOICE: "black|mean|blur" */
  const char *help;     /* one line, with unit */
  const char *aliases;  /* other spellings, "a|b"; NULL: none */
  bool required;
} vt_field;

#define VT_RANGE(from, to) .low = (from), .high = (to)

/* Fills `settings` (a struct of the given size, overwritten) with the defaults of the table. */
vt_status vt_params_defaults(vt_ctx *ctx, const vt_field *fields, size_t count, void *settings, size_t size);
/* Frees strings and lists. Tensors are not touched. */
void vt_params_free(const vt_field *fields, size_t count, void *settings);
/* Sets one field from text, with kind, range and choice checked. `name` may use '-' or an alias. */
vt_status vt_params_set(vt_ctx *ctx, const vt_field *fields, size_t count, void *settings, const char *name,
                        const char *value);
/* The same from one text "name=value"; `what` names its kind in messages ("world setting"). */
vt_status vt_params_apply(vt_ctx *ctx, const vt_field *fields, size_t count, void *settings, const char *what,
                          const char *text);
const vt_field *vt_params_find(const vt_field *fields, size_t count,
                               const char *name); /* NULL: no such field */
/* One more text, copied from `length` bytes. */
vt_status vt_texts_add(vt_ctx *ctx, vt_texts *texts, const char *text, size_t length);
/* Frees owned texts and their list, which is empty then. */
void vt_texts_free(vt_texts *texts);
/* Text form of a field as it stands, caller frees; the inverse of vt_params_set(). "" when absent. */
char *vt_params_text(vt_ctx *ctx, const vt_field *field, const void *settings);
/* JSON object {name: value} of all fields as they stand (new reference). */
json_t *vt_params_json(vt_ctx *ctx, const vt_field *fields, size_t count, const void *settings);
/* JSON array describing the table: name, type, default, range, choices, help, aliases (new reference). */
json_t *vt_params_schema(const vt_field *fields, size_t count);
/* Name of choice `index` into a buffer of 64 bytes. */
const char *vt_choice_name(const vt_field *field, int index, char buffer[64]);

#endif
