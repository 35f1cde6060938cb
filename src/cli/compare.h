/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail compare: what it prints and leaves.
 */
#ifndef VT_CLI_COMPARE_H
#define VT_CLI_COMPARE_H

#include "cli/cli.h"
#include "comparison/compare.h"

/* Summary, page, database and pictures into the folder; tables or JSON on standard output. */
vt_status cli_compare_give(cli *run, const vt_compare *compare, const vt_compared *compared);

#endif
