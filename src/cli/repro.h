/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail repro: what its files share.
 */
#ifndef VT_CLI_REPRO_H
#define VT_CLI_REPRO_H

#include "cli/output.h"
#include "cli/terminal.h"
#include "papers/findings.h"

/* Tables, claims, controls and the verdict of one part, to standard output. */
vt_status cli_print_findings(cli *run, const vt_findings *findings);

#endif
