/* SPDX-License-Identifier: Apache-2.0
 *
 * The measured part of docs/papers/NN-name.md.
 */
#include <math.h>

#include "papers/findings.h"

enum { LARGEST_PAGE = 4 << 20 };
static const char begin_mark[] =
    "<!-- vitrail repro: begin. Made by the program; what is written in here is lost -->";
static const char end_mark[] = "<!-- vitrail repro: end -->";
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

/* One table a group: arms down, yardsticks across. */
static void add_tables(vt_ctx *ctx, vt_text *out, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  char text[80];
  for (size_t group = 0; group < experiment->group_count; group++) {
    vt_text_addf(ctx, out, "\n%s%s; mean ± sd over seeds:\n\n| |", experiment->groups[group].title,
                 experiment->groups[group].control ? " (control)" : "");
    for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
      vt_text_addf(ctx, out, " %s %s |", experiment->yardsticks[yardstick].title,
                   experiment->yardsticks[yardstick].higher_is_better ? "↑" : "↓");
    vt_text_add(ctx, out, "\n|---|");
    for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
      vt_text_add(ctx, out, "---|");
    vt_text_add(ctx, out, "\n");
    for (size_t arm = 0; arm < experiment->arm_count; arm++) {
      vt_text_addf(ctx, out, "| %s |", experiment->arms[arm].title);
      for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
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

vt_status vt_page_text(vt_ctx *ctx, const vt_findings *findings, vt_text *out)
{
  const vt_experiment *experiment = findings->experiment;
  double seconds = 0;
  int measured = findings->seeds_done;
  for (size_t i = 0; findings->stage_seconds && i < (size_t)measured * experiment->stage_count; i++)
    seconds += findings->stage_seconds[i];
  vt_text_addf(ctx, out, "## Measured: `vitrail repro %s`\n\n", findings->paper->name);
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

/* Where the measured part of a page begins and ends, marks included. False: there is none. */
static bool find_part(const char *page, const char **start, const char **end)
{
  *start = strstr(page, begin_mark);
  *end = *start ? strstr(*start, end_mark) : NULL;
  if (!*end) return false;
  *end += strlen(end_mark);
  return true;
}

vt_status vt_page_write(vt_ctx *ctx, const vt_findings *findings, const char *directory)
{
  unsigned char *old = NULL;
  size_t size = 0;
  vt_text page = {0};
  const char *start, *end = "\n";
  char *path = page_path(ctx, findings->paper, directory);
  vt_status status = path ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && vt_file_exists(path)) status = vt_read_file(ctx, path, LARGEST_PAGE, &old, &size);
  if (status != VT_OK) goto done;
  if (!old) {
    vt_text_addf(ctx, &page, "# %02d %s\n\n%s\n\n", findings->paper->number, findings->paper->title,
                 findings->paper->citation);
  } else if (find_part((const char *)old, &start, &end)) {
    vt_text_add_bytes(ctx, &page, old, (size_t)(start - (const char *)old));
  } else { /* written by people so far: the measured part goes to its end */
    vt_text_add(ctx, &page, (const char *)old);
    vt_text_add(ctx, &page, size && old[size - 1] == '\n' ? "\n" : "\n\n");
    end = "\n";
  }
  vt_text_addf(ctx, &page, "%s\n", begin_mark);
  VT_TRY_DONE(vt_page_text(ctx, findings, &page));
  vt_text_addf(ctx, &page, "%s", end_mark);
  vt_text_add(ctx, &page, end);
  status = page.failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
  if (status == VT_OK) status = vt_make_directory(ctx, directory);
  if (status == VT_OK) status = vt_write_file(ctx, path, page.data, page.length);
done:
  vt_free(path);
  vt_free(old);
  vt_text_free(&page);
  return status;
}

vt_status vt_page_verdict(vt_ctx *ctx, const vt_paper *paper, const char *directory, char **out)
{
  unsigned char *page = NULL;
  size_t size;
  const char *start, *end;
  *out = NULL;
  char *path = page_path(ctx, paper, directory);
  vt_status status = path ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && vt_file_exists(path)) status = vt_read_file(ctx, path, LARGEST_PAGE, &page, &size);
  if (status == VT_OK && page && find_part((const char *)page, &start, &end)) {
    const char *verdict = strstr(start, verdict_mark);
    if (verdict && verdict < end) {
      verdict += strlen(verdict_mark);
      size_t length = strcspn(verdict, "(\n");
      while (length && verdict[length - 1] == ' ')
        length--;
      *out = vt_strndup(ctx, verdict, length < 80 ? length : 80);
      status = *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
    }
  }
  if (status == VT_OK && !*out && !(*out = vt_strdup(ctx, ""))) status = VT_ERROR_OUT_OF_MEMORY;
  vt_free(page);
  vt_free(path);
  return status;
}
