/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail evaluate --method: the map is made here, and the method can be asked again.
 */
#ifndef VT_CLI_JUDGED_METHOD_H
#define VT_CLI_JUDGED_METHOD_H

#include "attribution/again.h"
#include "cli/cli.h"

typedef struct cli_judged_method {
  const vt_method *method;
  void *settings;
  vt_request request;
  vt_result result;
  vt_asked asked;
  vt_explainer explainer;
} cli_judged_method;

/* Finds the method and sets what `set` names. */
vt_status cli_judged_method_open(cli *run, const char *id, const vt_texts *set, cli_judged_method *out);
/* Explains; request (but for the target) is filled by the caller. */
vt_status cli_judged_method_run(cli *run, cli_judged_method *judged, vt_model *model, const vt_image *picture,
                                int target);
void cli_judged_method_close(cli_judged_method *judged);

#endif
