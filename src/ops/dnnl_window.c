/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows as oneDNN is told of them.
 */
#include "ops/dnnl_window.h"

bool vt_dnnl_ordinary(const vt_window *window)
{
  for (int i = 0; i < VT_WINDOW_AXES; i++)
    if (window->kernel[i] > INT16_MAX || window->stride[i] > INT16_MAX || window->dilation[i] > INT16_MAX ||
        window->begin[i] > INT16_MAX || window->end[i] > INT16_MAX || window->end[i] < INT16_MIN)
      return false;
  return true;
}

void vt_dnnl_last_axes(const vt_window *window, const int64_t sizes[3], int64_t minus, int64_t *out)
{
  for (int i = 0; i < window->axes; i++)
    out[i] = sizes[VT_WINDOW_AXES - window->axes + i] - minus;
}

void vt_dnnl_key_window(vt_dnnl_key *key, const vt_window *window)
{
  int64_t head[] = {window->axes, window->batch, window->channels};
  vt_dnnl_key_list(key, head, VT_COUNT(head));
  const int64_t *lists[] = {window->in,       window->out,   window->kernel, window->stride,
                            window->dilation, window->begin, window->end};
  for (size_t i = 0; i < VT_COUNT(lists); i++)
    vt_dnnl_key_list(key, lists[i], VT_WINDOW_AXES);
}
