/* SPDX-License-Identifier: Apache-2.0
 *
 * The chart of the LiMA experiment's part "search".
 */
#ifndef VT_PAPERS_LIMA_SEARCH_H
#define VT_PAPERS_LIMA_SEARCH_H

#include "papers/findings.h"

/* Quality against model calls: a picture 01-lima-search-GROUP.svg in `directory` for each measured group, and
 * Markdown that shows them. What vt_experiment.more is. */
vt_status vt_lima_search_chart(vt_ctx *ctx, const vt_findings *findings, const char *directory, vt_text *out);

#endif
