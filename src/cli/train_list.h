/* SPDX-License-Identifier: Apache-2.0
 *
 * What vitrail train can be asked before it trains: recipes there are, keys that recipes may have.
 */
#ifndef VT_CLI_TRAIN_LIST_H
#define VT_CLI_TRAIN_LIST_H

#include "cli/cli.h"

vt_status cli_list_recipes(cli *run);
/* Keys of all blocks with defaults, or those of one learner; `learner` NULL: of all blocks. */
vt_status cli_list_keys(cli *run, const char *learner);

#endif
