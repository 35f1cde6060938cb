/* SPDX-License-Identifier: Apache-2.0
 *
 * Arms that stand for several others.
 */
#include <math.h>

#include "papers/lima_study.h"

vt_status vt_lima_table_add(vt_ctx *ctx, vt_lima_table *table, int arm, int yardstick, int group,
                            int64_t item, double value)
{
  VT_TRY(vt_grow(ctx, &table->rows, &table->capacity, table->count, sizeof *table->rows));
  table->rows[table->count++] =
      (vt_lima_row){.arm = arm, .yardstick = yardstick, .group = group, .item = item, .value = value};
  return VT_OK;
}

void vt_lima_table_free(vt_lima_table *table)
{
  vt_free(table->rows);
  *table = (vt_lima_table){0};
}

/* `group` negative: all that are no controls. */
static double mean_of(const vt_experiment *experiment, const vt_lima_table *table, int arm, int yardstick,
                      int group)
{
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < table->count; i++) {
    const vt_lima_row *row = &table->rows[i];
    bool fits = group < 0 ? !experiment->groups[row->group].control : row->group == group;
    if (row->arm != arm || row->yardstick != yardstick || !fits || isnan(row->value)) continue;
    sum += row->value;
    count++;
  }
  return count ? sum / (double)count : NAN;
}

double vt_lima_table_mean(const vt_lima_table *table, int arm, int yardstick, int group)
{
  return mean_of(NULL, table, arm, yardstick, group);
}

static vt_status write_row(vt_repro *repro, const vt_experiment *experiment, int arm, const vt_lima_row *row,
                           double value)
{
  return vt_repro_row(repro, experiment->arms[arm].id, experiment->yardsticks[row->yardstick].id,
                      experiment->groups[row->group].id, row->item, value);
}

static vt_status write_best(vt_repro *repro, const vt_experiment *experiment, const vt_lima_table *table,
                            const bool *baseline, int yardstick, int best)
{
  bool higher = experiment->yardsticks[yardstick].higher_is_better;
  int chosen = -1;
  double value = NAN;
  for (int arm = 0; arm < (int)experiment->arm_count; arm++) {
    double mean = baseline[arm] ? mean_of(experiment, table, arm, yardstick, -1) : NAN;
    if (isnan(mean) || (chosen >= 0 && (higher ? mean <= value : mean >= value))) continue;
    chosen = arm;
    value = mean;
  }
  for (size_t i = 0; chosen >= 0 && i < table->count; i++)
    if (table->rows[i].arm == chosen && table->rows[i].yardstick == yardstick)
      VT_TRY(write_row(repro, experiment, best, &table->rows[i], table->rows[i].value));
  return VT_OK;
}

static bool same_item(const vt_lima_row *a, const vt_lima_row *b)
{
  return a->group == b->group && a->item == b->item;
}

/* The mean over baselines with the row's item and yardstick, written once: with the first of them. Rows of an
 * item stand together. */
static vt_status write_mean(vt_repro *repro, const vt_experiment *experiment, const vt_lima_table *table,
                            const bool *baseline, size_t at, int mean)
{
  const vt_lima_row *of = &table->rows[at];
  double sum = 0;
  int count = 0;
  size_t first = at;
  while (first > 0 && same_item(&table->rows[first - 1], of))
    first--;
  for (size_t i = first; i < table->count && same_item(&table->rows[i], of); i++) {
    const vt_lima_row *row = &table->rows[i];
    if (row->yardstick != of->yardstick || !baseline[row->arm] || isnan(row->value)) continue;
    if (count == 0 && i < at) return VT_OK;
    sum += row->value;
    count++;
  }
  return count ? write_row(repro, experiment, mean, of, sum / count) : VT_OK;
}

vt_status vt_lima_table_write(vt_repro *repro, const vt_experiment *experiment, const vt_lima_table *table,
                              const bool *baseline, int mean, int best)
{
  for (size_t i = 0; i < table->count; i++) {
    const vt_lima_row *row = &table->rows[i];
    VT_TRY(write_row(repro, experiment, row->arm, row, row->value));
    if (mean >= 0 && baseline[row->arm] && !isnan(row->value))
      VT_TRY(write_mean(repro, experiment, table, baseline, i, mean));
  }
  for (int y = 0; best >= 0 && y < (int)experiment->yardstick_count; y++)
    VT_TRY(write_best(repro, experiment, table, baseline, y, best));
  return VT_OK;
}
