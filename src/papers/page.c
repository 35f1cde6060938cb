/* SPDX-License-Identifier: Apache-2.0
 *
 * The measured part of docs/papers/NN-name.md.
 */
#include <math.h>

#include "papers/findings.h"

enum { LARGEST_PAGE = 4 << 20 };
static const char begin_mark[] =
    "<!-- vitrail repro %s %s: begin. Made by the program; what is written in here "
    "is lost -->";
static const char end_mark[] = "<!-- vitrail repro %s %s: end -->";
static const char verdict_mark[] = "Verdict: ";

static void add_interval(vt_ctx *ctx, vt_text *out, vt_comparison comparison, vt_interval interval)
{
  char low[48], high[48];
  if (isnan(interval.low)) {
    vt_text_add(ctx, out, "–");
    return;
  }
  vt_text_addf(ctx, out, "[%s, %s]", vt_estimate_text(comparison, interval.low, low),
               vt_estimate_text(comparison, interval.high, high));
}

static void add_claims(vt_ctx *ctx, vt_text *out, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  char text[48], p[32];
  vt_text_add(ctx, out,
              "| claim | in the paper | needed | measured | 95 % interval | p | units | verdict |\n"
              "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < experiment->claim_count; i++) {
    const vt_claim *claim = &experiment->claims[i];
    const vt_judgement *judgement = &findings->claims[i];
    char *need = vt_claim_need_text(ctx, experiment, claim);
    vt_text_addf(ctx, out, "| %s | %s | %s | %s | ", claim->text, claim->section, need ? need : "",
                 vt_estimate_text(claim->comparison, judgement->estimate, text));
    add_interval(ctx, out, claim->comparison, judgement->interval);
    if (isnan(judgement->permutation))
      snprintf(p, sizeof p, "–");
    else
      snprintf(p, sizeof p, "%.4f", judgement->permutation);
    vt_text_addf(ctx, out, " | %s | %zu", p, judgement->units);
    if (judgement->left_out) vt_text_addf(ctx, out, ", %zu left out", judgement->left_out);
    vt_text_addf(ctx, out, " | **%s** |\n", vt_verdict_name(judgement->verdict));
    vt_free(need);
  }
}

static void add_controls(vt_ctx *ctx, vt_text *out, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  char text[48];
  if (experiment->control_count == 0) return;
  vt_text_add(ctx, out,
              "\nControls: what would show that the result is trivial.\n\n| control | must be | "
              "measured | verdict |\n|---|---|---|---|\n");
  for (size_t i = 0; i < experiment->control_count; i++) {
    const vt_control *control = &experiment->controls[i];
    const vt_judgement *judgement = &findings->controls[i];
    char *need = vt_control_need_text(ctx, control);
    double value = control->each ? judgement->extreme : judgement->estimate;
    vt_text_addf(ctx, out, "| %s | %s | %s | %s |\n", control->text, need ? need : "",
                 vt_estimate_text(control->comparison, value, text), vt_verdict_name(judgement->verdict));
    vt_free(need);
  }
}

/* One table a group: arms down, yardsticks across, those that were measured in it. */
static void add_tables(vt_ctx *ctx, vt_text *out, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  char text[80];
  for (size_t group = 0; group < experiment->group_count; group++) {
    if (!vt_findings_measured(findings, (int)group, -1, -1)) continue;
    vt_text_addf(ctx, out, "\n%s%s; mean ± sd over seeds:\n\n| |", experiment->groups[group].title,
                 experiment->groups[group].control ? " (control)" : "");
    for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
      if (vt_findings_measured(findings, (int)group, (int)yardstick, -1))
        vt_text_addf(ctx, out, " %s %s |", experiment->yardsticks[yardstick].title,
                     experiment->yardsticks[yardstick].higher_is_better ? "↑" : "↓");
    vt_text_add(ctx, out, "\n|---|");
    for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
      if (vt_findings_measured(findings, (int)group, (int)yardstick, -1)) vt_text_add(ctx, out, "---|");
    vt_text_add(ctx, out, "\n");
    for (size_t arm = 0; arm < experiment->arm_count; arm++) {
      if (!vt_findings_measured(findings, (int)group, -1, (int)arm)) continue;
      vt_text_addf(ctx, out, "| %s |", experiment->arms[arm].title);
      for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
        if (vt_findings_measured(findings, (int)group, (int)yardstick, -1))
          vt_text_addf(ctx, out, " %s |",
                       vt_cell_text(vt_findings_cell(findings, group, yardstick, arm), text));
      vt_text_add(ctx, out, "\n");
    }
  }
}

static void add_sizes(vt_ctx *ctx, vt_text *out, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  for (size_t i = 0; i < experiment->field_count; i++) {
    char *value = vt_params_text(ctx, &experiment->fields[i], findings->settings);
    vt_text_addf(ctx, out, "%s%s %s", i ? ", " : "", experiment->fields[i].name, value ? value : "");
    vt_free(value);
  }
}

vt_status vt_page_text(vt_ctx *ctx, const vt_findings *findings, const char *directory, vt_text *out)
{
  const vt_experiment *experiment = findings->experiment;
  double seconds = 0;
  int measured = findings->seeds_done;
  for (size_t i = 0; findings->stage_seconds && i < (size_t)measured * experiment->stage_count; i++)
    seconds += findings->stage_seconds[i];
  vt_text_addf(ctx, out, "## %s: `vitrail repro %s --part %s`\n\n", findings->part->title,
               findings->paper->name, findings->part->id);
  vt_text_addf(ctx, out, "%s%s (profile %s%s, %d seed%s, vitrail %s, experiment version %d)\n\n",
               verdict_mark, vt_verdict_name(findings->overall), vt_profile_name(findings->profile),
               findings->resized ? " with other sizes" : "", measured, measured == 1 ? "" : "s", vt_version(),
               experiment->version);
  vt_text_addf(
      ctx, out,
      "Covered: %s. Claims are in our words. Intervals: percentile bootstrap over %s, 10 000 resamples; "
      "p: paired permutation test. The direction holds when the whole interval lies on the good side.\n\n",
      experiment->coverage, experiment->items_independent ? "items" : "seeds");
  add_claims(ctx, out, findings);
  add_controls(ctx, out, findings);
  add_tables(ctx, out, findings);
  if (experiment->more && directory) VT_TRY(experiment->more(ctx, findings, directory, out));
  vt_text_addf(ctx, out, "\nProtocol: %s\n\nSizes: ", experiment->protocol);
  add_sizes(ctx, out, findings);
  vt_text_addf(ctx, out, ". Seeds 0 to %d. Seconds: %.0f, %d thread%s.\n", measured - 1, seconds,
               findings->threads, findings->threads == 1 ? "" : "s");
  if (experiment->reading) vt_text_addf(ctx, out, "\nTo keep in mind: %s\n", experiment->reading);
  vt_text_addf(ctx, out, "\n### What was not measured\n\n%s\n", experiment->not_measured);
  return out->failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static char *page_path(vt_ctx *ctx, const vt_paper *paper, const char *directory)
{
  return vt_format(ctx, "%s/%02d-%s.md", directory, paper->number, paper->name);
}

/* Where a part begins and ends on a page, marks included. False: it is not there. */
static bool find_part(const char *page, const vt_paper *paper, const vt_paper_piece *part, const char **start,
                      const char **end)
{
  char begin[sizeof begin_mark + 160], last[sizeof end_mark + 160];
  snprintf(begin, sizeof begin, begin_mark, paper->name, part->id);
  snprintf(last, sizeof last, end_mark, paper->name, part->id);
  *start = strstr(page, begin);
  *end = *start ? strstr(*start, last) : NULL;
  if (!*end) return false;
  *end += strlen(last);
  return true;
}

/* Where a part that is not on the page belongs: before the first later one, or behind the last earlier
 * one, or at the end. */
static const char *place_of(const char *page, const vt_paper *paper, const vt_paper_piece *part)
{
  const char *start, *end, *place = NULL;
  for (const vt_paper_piece *other = paper->parts; other < paper->parts + paper->part_count; other++) {
    if (other == part || !find_part(page, paper, other, &start, &end)) continue;
    if (other > part) return start;
    place = end;
  }
  return place ? place : page + strlen(page);
}

/* The page with the part in its place. */
static vt_status compose(vt_ctx *ctx, const vt_findings *findings, const char *directory, const char *old,
                         vt_text *page)
{
  const vt_paper *paper = findings->paper;
  const char *start, *end;
  bool there = find_part(old, paper, findings->part, &start, &end);
  if (!there) start = end = place_of(old, paper, findings->part);
  vt_text_add_bytes(ctx, page, old, (size_t)(start - old));
  if (!there && start > old)
    vt_text_add(ctx, page, start[-1] != '\n' ? "\n\n" : start - old > 1 && start[-2] == '\n' ? "" : "\n");
  vt_text_addf(ctx, page, begin_mark, paper->name, findings->part->id);
  vt_text_add(ctx, page, "\n");
  VT_TRY(vt_page_text(ctx, findings, directory, page));
  vt_text_addf(ctx, page, end_mark, paper->name, findings->part->id);
  if (!there) vt_text_add(ctx, page, *end == 0 ? "\n" : *end == '\n' ? "" : "\n\n");
  vt_text_add(ctx, page, end);
  return page->failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

vt_status vt_page_write(vt_ctx *ctx, const vt_findings *findings, const char *directory)
{
  unsigned char *old = NULL;
  size_t size = 0;
  vt_text page = {0}, fresh = {0};
  char *path = page_path(ctx, findings->paper, directory);
  vt_status status = path ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && vt_file_exists(path)) status = vt_read_file(ctx, path, LARGEST_PAGE, &old, &size);
  if (status == VT_OK) status = vt_make_directory(ctx, directory);
  if (status != VT_OK) goto done;
  if (!old)
    vt_text_addf(ctx, &fresh, "# %02d %s\n\n%s\n\n", findings->paper->number, findings->paper->title,
                 findings->paper->citation);
  status = fresh.failed ? VT_ERROR_OUT_OF_MEMORY
                        : compose(ctx, findings, directory, old ? (const char *)old : fresh.data, &page);
  if (status == VT_OK) status = vt_write_file(ctx, path, page.data, page.length);
done:
  vt_free(path);
  vt_free(old);
  vt_text_free(&page);
  vt_text_free(&fresh);
  return status;
}

/* The verdict that stands in a part; VT_NOT_MEASURED when there is none. */
static vt_verdict verdict_in(const char *start, const char *end)
{
  const char *line = strstr(start, verdict_mark);
  if (!line || line >= end) return VT_NOT_MEASURED;
  line += strlen(verdict_mark);
  for (vt_verdict verdict = VT_UNSOUND; verdict > VT_NOT_MEASURED; verdict--)
    if (strncmp(line, vt_verdict_name(verdict), strlen(vt_verdict_name(verdict))) == 0) return verdict;
  return VT_NOT_MEASURED;
}

vt_status vt_page_verdict(vt_ctx *ctx, const vt_paper *paper, const char *directory, char **out)
{
  unsigned char *page = NULL;
  size_t size;
  const char *start, *end;
  vt_verdict worst = VT_NOT_MEASURED;
  bool any = false;
  *out = NULL;
  char *path = page_path(ctx, paper, directory);
  vt_status status = path ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && vt_file_exists(path)) status = vt_read_file(ctx, path, LARGEST_PAGE, &page, &size);
  for (size_t i = 0; status == VT_OK && page && i < paper->part_count; i++) {
    if (!find_part((const char *)page, paper, &paper->parts[i], &start, &end)) continue;
    vt_verdict verdict = verdict_in(start, end);
    if (verdict > worst) worst = verdict;
    any = true;
  }
  if (status == VT_OK && !(*out = vt_strdup(ctx, any ? vt_verdict_name(worst) : "")))
    status = VT_ERROR_OUT_OF_MEMORY;
  vt_free(page);
  vt_free(path);
  return status;
}
