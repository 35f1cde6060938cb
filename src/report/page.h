/* SPDX-License-Identifier: Apache-2.0
 *
 * report.html: one file with the photograph, the raw values and the controls to look at them.
 */
#ifndef VT_REPORT_PAGE_H
#define VT_REPORT_PAGE_H

#include "report/report.h"

/* The page as text, caller frees. Seconds, threads and batch are left out, so that it has the same bytes for
 * any of them. */
vt_status vt_page_html(vt_ctx *ctx, const vt_report *report, const vt_view *scene, vt_text *out);
/* The values that the page reads (new reference). */
vt_status vt_page_data(vt_ctx *ctx, const vt_report *report, const vt_view *scene, json_t **out);
/* Name and value of all that made the result: array of [name, text] (new reference). */
json_t *vt_page_facts(vt_ctx *ctx, const vt_report *report, const vt_view *scene);

void vt_text_add_base64(vt_ctx *ctx, vt_text *text, const void *bytes, size_t count);

/* page/page.html, page.css, base.js + view.js + facts.js. */
extern const char vt_page_template[], vt_page_style[], vt_page_script[];
extern const size_t vt_page_template_size, vt_page_style_size, vt_page_script_size;

/* ---- what pages share ---- */

/* Writes what stands for the hole {{hole}} of a template; `length` bytes of name. */
typedef vt_status (*vt_page_fill_fn)(vt_ctx *ctx, void *user, const char *hole, size_t length, vt_text *text);
/* A template with its holes filled; "version" is known. On failure `out` is empty. */
vt_status vt_page_fill(vt_ctx *ctx, const char *template, vt_page_fill_fn fill, void *user, vt_text *out);
bool vt_page_hole_is(const char *hole, size_t length, const char *name);
/* JSON that may stand in a script element: no '<' in it. */
vt_status vt_page_add_json(vt_ctx *ctx, vt_text *text, const json_t *data);
/* Adds text with the characters of HTML escaped. */
void vt_page_add_escaped(vt_ctx *ctx, vt_text *text, const char *piece);

#endif
