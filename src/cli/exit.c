/* SPDX-License-Identifier: Apache-2.0
 *
 * From status to exit code.
 */
#include "cli/cli.h"

int cli_exit_code(vt_status status, cli_stage stage)
{
  switch (status) {
  case VT_OK:
    return CLI_EXIT_OK;
  case VT_ERROR_INVALID_ARGUMENT:
    return CLI_EXIT_USAGE;
  case VT_ERROR_INVALID_MODEL:
    return CLI_EXIT_MODEL;
  case VT_ERROR_INVALID_DATA:
    return CLI_EXIT_DATA;
  case VT_ERROR_NO_SUCH_FILE:
  case VT_ERROR_UNSUPPORTED:
  case VT_ERROR_IO:
    return stage == CLI_MODEL ? CLI_EXIT_MODEL : stage == CLI_INPUT ? CLI_EXIT_DATA : CLI_EXIT_FAILED;
  case VT_ERROR_DATA_DEPENDENT:
    return CLI_EXIT_MODEL;
  case VT_ERROR_REMOTE:
    return CLI_EXIT_REMOTE;
  case VT_ERROR_LIMIT:
    return CLI_EXIT_LIMIT;
  case VT_ERROR_INTERRUPTED:
    return CLI_EXIT_INTERRUPTED;
  case VT_ERROR_OUT_OF_MEMORY:
  case VT_ERROR_NOT_FINITE:
  case VT_ERROR_EXISTS:
  case VT_ERROR_RUNTIME:
    return CLI_EXIT_FAILED;
  }
  return CLI_EXIT_FAILED;
}
