/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of text: the first byte says how, the rest is the table.
 */
#include "data/csv.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1) return 0;
  vt_ctx *ctx = fuzz_context();
  vt_csv *table;
  vt_csv_format format = {.separator = data[0] & 1 ? '\t' : ',',
                          .raw = data[0] & 2,
                          .no_header = data[0] & 4,
                          .max_rows = data[0] & 8 ? 2 : 0};
  fuzz_check(ctx, vt_csv_parse(ctx, (const char *)data + 1, size - 1, &format, &table));
  for (size_t row = 0; table && row < vt_csv_rows(table); row++)
    for (size_t column = 0; column < vt_csv_columns(table); column++)
      if (strlen(vt_csv_cell(table, row, column)) >= size) abort();
  vt_csv_free(table);
  vt_ctx_free(ctx);
  return 0;
}
