/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/onnx.h"
vt_status vt_onnx_lift(vt_reader *reader)
{
  VT_UNUSED(reader);
  return VT_OK;
}
