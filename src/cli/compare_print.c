/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/compare.h"

vt_status cli_compare_give(cli *run, const vt_compare *compare, const vt_compared *compared)
{
  VT_UNUSED(run);
  printf("%s: %zu pictures, %zu left out, %zu bad, %lld new rows\n", compare->folder, compared->judged,
         compared->left_out, compared->bad, (long long)compared->new_rows);
  return VT_OK;
}
