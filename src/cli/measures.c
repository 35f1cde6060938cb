/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/measures.h"

#include <math.h>

json_t *cli_measures_json(const vt_measures *measures)
{
  json_t *json = json_object();
  for (int i = 0; i < measures->count; i++) {
    double value = measures->items[i].value;
    json_object_set_new(json, measures->items[i].name, isfinite(value) ? json_real(value) : json_null());
  }
  return json;
}

vt_status cli_measures_rows(cli *run, cli_table *table, const char *set, const vt_measures *measures)
{
  if (table->count == 0) VT_TRY(cli_table_row(run->ctx, table, "Items\tMeasure\t>Value\tBetter"));
  for (int i = 0; i < measures->count; i++)
    VT_TRY(cli_table_row(run->ctx, table, "%s\t%s\t%.4g\t%s", set, measures->items[i].name,
                         measures->items[i].value, measures->items[i].lower ? "lower" : "higher"));
  return VT_OK;
}
