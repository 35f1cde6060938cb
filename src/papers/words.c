/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers and demands in words, the same on pages and on the terminal.
 */
#include <math.h>

#include "papers/findings.h"

/* Locale-free; what four digits would show as 0 gets an exponent. */
static void fixed(double value, int digits, bool sign, char *buffer, size_t size)
{
  if (value == 0) value = 0; /* no minus zero */
  bool tiny = value != 0 && fabs(value) < 1e-4;
  snprintf(buffer, size, tiny ? sign ? "%+.*e" : "%.*e" : sign ? "%+.*f" : "%.*f", tiny ? 1 : digits, value);
  for (char *at = buffer; *at; at++)
    if (*at == ',') *at = '.';
}

/* As many digits as three or four significant ones need. */
static int digits_for(double value)
{
  double size = fabs(value);
  return size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
}

const char *vt_estimate_text(vt_comparison comparison, double value, char buffer[48])
{
  char number[40];
  if (isnan(value)) return "–";
  switch (comparison) {
  case VT_COMPARE_RELATIVE:
    fixed(100 * value, 1, true, number, sizeof number);
    snprintf(buffer, 48, "%s %%", number);
    break;
  case VT_COMPARE_RATIO:
    fixed(value, 3, false, number, sizeof number);
    snprintf(buffer, 48, "%s ×", number);
    break;
  case VT_COMPARE_DIFFERENCE:
    fixed(value, digits_for(value), true, buffer, 48);
    break;
  case VT_COMPARE_LEVEL:
    fixed(value, digits_for(value), false, buffer, 48);
    break;
  }
  return buffer;
}

const char *vt_cell_text(const vt_cell *cell, char buffer[80])
{
  char mean[32], deviation[32];
  if (isnan(cell->mean)) return "–";
  int digits = digits_for(cell->mean);
  fixed(cell->mean, digits, false, mean, sizeof mean);
  if (isnan(cell->deviation)) {
    snprintf(buffer, 80, "%s", mean);
    return buffer;
  }
  fixed(cell->deviation, digits, false, deviation, sizeof deviation);
  snprintf(buffer, 80, "%s ± %s", mean, deviation);
  return buffer;
}

char *vt_claim_need_text(vt_ctx *ctx, const vt_experiment *experiment, const vt_claim *claim)
{
  char neutral[48], margin[48];
  bool lower = false;
  for (size_t i = 0; i < experiment->yardstick_count; i++)
    if (strcmp(experiment->yardsticks[i].id, claim->yardstick) == 0)
      lower = claim->comparison == VT_COMPARE_LEVEL && !experiment->yardsticks[i].higher_is_better;
  const char *side = lower ? "below" : "above";
  if (claim->neutral == claim->margin)
    return vt_format(ctx, "%s %s", side, vt_estimate_text(claim->comparison, claim->neutral, neutral));
  return vt_format(ctx, "%s %s, margin %s", side,
                   vt_estimate_text(claim->comparison, claim->neutral, neutral),
                   vt_estimate_text(claim->comparison, claim->margin, margin));
}

char *vt_control_need_text(vt_ctx *ctx, const vt_control *control)
{
  char low[48], high[48];
  const char *each = control->each ? ", each unit" : "";
  vt_estimate_text(control->comparison, control->at_least, low);
  vt_estimate_text(control->comparison, control->at_most, high);
  if (isinf(control->at_most)) return vt_format(ctx, "at least %s%s", low, each);
  if (isinf(control->at_least)) return vt_format(ctx, "at most %s%s", high, each);
  return vt_format(ctx, "%s to %s%s", low, high, each);
}
