/* SPDX-License-Identifier: Apache-2.0
 *
 * What methods, metrics, dividers and protocols say of themselves, as JSON and as Markdown.
 */
#ifndef VT_CLI_CATALOGUE_H
#define VT_CLI_CATALOGUE_H

#include "explain/divide.h"
#include "metrics/metric.h"

/* "regions, gradients" of vt_needs, into a buffer of 160 bytes. */
const char *cli_needs_text(unsigned needs, char buffer[160]);
const vt_divider *cli_divider_find(const char *id); /* NULL: unknown */
/* Records an error that names the nearest id of any kind. */
vt_status cli_unknown_id(vt_ctx *ctx, const char *id);

/* New references. */
json_t *cli_method_json(const vt_method *method);
json_t *cli_metric_json(const vt_metric *metric);
json_t *cli_catalogue_json(void);
/* All that a metric declares, for people. */
void cli_metric_print(const vt_metric *metric);
/* A table of settings in Markdown; `dashes` stands before their names. Nothing for none. */
void cli_markdown_parameters(const vt_field *fields, size_t count, const char *dashes);
/* docs/methods.md on standard output. */
void cli_catalogue_markdown(void);

#endif
