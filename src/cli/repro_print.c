/* SPDX-License-Identifier: Apache-2.0
 *
 * What vitrail repro prints of a part: tables, claims, controls, verdict.
 */
#include <math.h>

#include "cli/repro.h"

static const char *title_of(const vt_experiment *experiment, const char *arm)
{
  for (size_t i = 0; i < experiment->arm_count; i++)
    if (strcmp(experiment->arms[i].id, arm) == 0) return experiment->arms[i].title;
  return arm;
}

static vt_status print_group(cli *run, const vt_findings *findings, size_t group)
{
  const vt_experiment *experiment = findings->experiment;
  cli_table table = {0};
  vt_text row = {0};
  char text[80];
  vt_status status = VT_OK;
  if (!vt_findings_measured(findings, (int)group, -1, -1)) return VT_OK;
  printf("%s%s\n", experiment->groups[group].title, experiment->groups[group].control ? " (control)" : "");
  vt_text_add(run->ctx, &row, "Arm");
  for (size_t i = 0; i < experiment->yardstick_count; i++)
    if (vt_findings_measured(findings, (int)group, (int)i, -1))
      vt_text_addf(run->ctx, &row, "\t>%s %s", experiment->yardsticks[i].title,
                   experiment->yardsticks[i].higher_is_better ? "↑" : "↓");
  for (size_t arm = 0; status == VT_OK; arm++) {
    status = row.failed ? VT_ERROR_OUT_OF_MEMORY : cli_table_row(run->ctx, &table, "%s", row.data);
    vt_text_free(&row);
    row = (vt_text){0};
    while (arm < experiment->arm_count && !vt_findings_measured(findings, (int)group, -1, (int)arm))
      arm++;
    if (arm >= experiment->arm_count) break;
    vt_text_add(run->ctx, &row, experiment->arms[arm].title);
    for (size_t i = 0; i < experiment->yardstick_count; i++)
      if (vt_findings_measured(findings, (int)group, (int)i, -1))
        vt_text_addf(run->ctx, &row, "\t%s", vt_cell_text(vt_findings_cell(findings, group, i, arm), text));
  }
  if (status == VT_OK) cli_table_print(run, &table);
  printf("\n");
  cli_table_free(&table);
  return status;
}

static void print_claim(cli *run, const vt_experiment *experiment, const vt_claim *claim,
                        const vt_judgement *judgement)
{
  char estimate[48], low[48], high[48];
  char *need = vt_claim_need_text(run->ctx, experiment, claim);
  printf("  %s\n    %s%s%s; the paper: %s\n    needed %s; measured %s", claim->text,
         title_of(experiment, claim->arm), claim->against ? " against " : "",
         claim->against ? title_of(experiment, claim->against) : "", claim->section, need ? need : "",
         vt_estimate_text(claim->comparison, judgement->estimate, estimate));
  if (!isnan(judgement->interval.low))
    printf(" [%s, %s]", vt_estimate_text(claim->comparison, judgement->interval.low, low),
           vt_estimate_text(claim->comparison, judgement->interval.high, high));
  printf(", %zu %s\n    -> %s\n", judgement->units, experiment->items_independent ? "items" : "seeds",
         vt_verdict_name(judgement->verdict));
  vt_free(need);
}

static void print_control(cli *run, const vt_control *control, const vt_judgement *judgement)
{
  char estimate[48];
  char *need = vt_control_need_text(run->ctx, control);
  double value = control->each ? judgement->extreme : judgement->estimate;
  printf("  %s: %s; must be %s; measured %s\n", vt_verdict_name(judgement->verdict), control->text,
         need ? need : "", vt_estimate_text(control->comparison, value, estimate));
  vt_free(need);
}

vt_status cli_print_findings(cli *run, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  printf("%d %s: %s\n%s. Part %s. Covered: %s.\nProfile %s%s, %d of %d seeds; mean ± sd over seeds, "
         "intervals 95 %%.\n\n",
         findings->paper->number, findings->paper->name, findings->paper->title, findings->paper->citation,
         findings->part->id, experiment->coverage, vt_profile_name(findings->profile),
         findings->resized ? " with other sizes" : "", findings->seeds_done, findings->seeds_asked);
  for (size_t group = 0; group < experiment->group_count; group++)
    VT_TRY(print_group(run, findings, group));
  printf("Claims\n");
  for (size_t i = 0; i < experiment->claim_count; i++)
    print_claim(run, experiment, &experiment->claims[i], &findings->claims[i]);
  printf("\nControls\n");
  for (size_t i = 0; i < experiment->control_count; i++)
    print_control(run, &experiment->controls[i], &findings->controls[i]);
  printf("\nNot measured\n%s\n\nVerdict: %s\n", experiment->not_measured, vt_verdict_name(findings->overall));
  return VT_OK;
}
