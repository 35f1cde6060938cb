/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening models and pictures for the verbs that run a model on a picture, and the printed form of an
 * explanation.
 */
#ifndef VT_CLI_EXPLAIN_H
#define VT_CLI_EXPLAIN_H

#include "attribution/attribute.h"
#include "cli/cli.h"
#include "report/report.h"

/* Options about the model. */
typedef struct cli_model_settings {
  char *model, *preprocess, *output, *max_memory, *allow_loader;
} cli_model_settings;
extern const vt_field cli_model_fields[];
extern const size_t cli_model_field_count;

/* Where the model is: `given`, or the default one from $VITRAIL_MODEL, ./models,
 * $XDG_DATA_HOME/vitrail/models, the installed data folder; VT_BUNDLED_NAME when it is asked for or nothing
 * is there. Caller frees. */
vt_status cli_model_path(cli *run, const char *given, char **out);
/* Opens it, and prints what must be said of it and what had to be assumed. Sets the memory limit. */
vt_status cli_model_open(cli *run, const cli_model_settings *settings, const char *embedding, char **path,
                         vt_model **out);

/* Reads a picture ("-": standard input) with the SHA-256 of its file. */
vt_status cli_photo_read(cli *run, const char *path, vt_image **out, char sha256[65]);

/* Most probable classes of the whole picture, best first, at most `most`; one forward that nothing counts. */
vt_status cli_top_classes(cli *run, vt_model *model, const vt_image *picture, int most, vt_class_score *out,
                          int *count);

/* The human form on standard output. `folder`: where the files are, NULL: nowhere. */
vt_status cli_explanation_print(cli *run, const vt_report *report, const char *folder);

#endif
