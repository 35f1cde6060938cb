/* SPDX-License-Identifier: Apache-2.0
 *
 * report.html of a comparison: one file with the maps of the shown pictures on one scale, and all figures.
 */
#ifndef VT_COMPARISON_COMPARE_PAGE_H
#define VT_COMPARISON_COMPARE_PAGE_H

#include "comparison/summary.h"

/* The page as text, caller frees. Maps and pictures are read from the folder of the run; one that is not
 * there is an empty tile. Seconds are left out, so that it has the same bytes every time. */
vt_status vt_compare_page_html(vt_ctx *ctx, const vt_summary *summary, vt_text *out);
/* Maps and pictures of the shown pictures as the page reads them (new reference): [{name, class, image,
 * tiles: [{least, most, data}]}]; sets the scale of every method in `methods` (its array of objects). */
enum { VT_COMPARE_TILE = 64 };
vt_status vt_compare_page_tiles(vt_ctx *ctx, const vt_summary *summary, json_t *methods, json_t **out);

/* page/compare.html, report's page.css + compare.css, compare.js. */
extern const char vt_compare_template[], vt_compare_style[], vt_compare_script[];
extern const size_t vt_compare_template_size, vt_compare_style_size, vt_compare_script_size;

#endif
