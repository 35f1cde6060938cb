/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bundled.h"

#include "cli/terminal.h"

bool cli_is_bundled(const char *name)
{
  return strcmp(name, VT_BUNDLED_NAME) == 0;
}

void cli_bundled_say(const cli *run, bool named, const char *notice)
{
  cli_warn(run, "%s%s%s", named ? "" : "no model was named: ", notice,
           named ? "" : "; another one by --model FILE.onnx");
}

vt_status cli_graph_read(cli *run, const char *name, vt_graph **out)
{
  if (!cli_is_bundled(name)) return vt_graph_read(run->ctx, name, NULL, out);
  vt_preprocess *preprocess;
  char *notice;
  *out = NULL;
  VT_TRY(vt_bundled_preprocess(run->ctx, &preprocess));
  vt_status status = vt_bundled_notice(run->ctx, preprocess, &notice);
  vt_preprocess_free(preprocess);
  VT_TRY(status);
  cli_bundled_say(run, true, notice);
  vt_free(notice);
  return vt_bundled_graph(run->ctx, out);
}
