/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of a training as a picture.
 */
#ifndef VT_CLI_TRAIN_CURVES_H
#define VT_CLI_TRAIN_CURVES_H

#include "cli/cli.h"

/* Draws DIR/log.jsonl into DIR/curves.svg and DIR/curves.png: loss, learning rate, and the first measure of
 * the validations. */
vt_status cli_train_curves(cli *run, const char *folder, const char *title);

#endif
