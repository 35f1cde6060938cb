/* SPDX-License-Identifier: Apache-2.0
 *
 * SelectiveScan in operators of ONNX: its steps one after the other. With u, Δ [items, steps, channels],
 * A [channels, states], B, C [items, steps, states]:
 *
 *   h[t] = exp(Δ[t] A) h[t − 1] + Δ[t] u[t] B[t];   y[t] = Σ over states of C[t] h[t] (+ D u[t])
 */
#include "graph/export.h"

enum { U, DELTA, A, B, C, D };
enum { MOST_STEPS = 4096 };

static int wide(vt_export *e, int value, int axis)
{
  return VT_EXPORT(e, "Unsqueeze", NULL, value, VT_EXPORT_INTS(e, axis));
}

void vt_export_selective_scan(vt_export *e)
{
  const vt_value *u = vt_export_value(e, U);
  int64_t steps = u && u->rank == 3 ? u->dims[1] : -1;
  if (steps < 1 || steps > MOST_STEPS) {
    vt_export_refuse(e, "it is unrolled, and the number of its steps is %s",
                     steps < 0 ? "open" : "too large");
    return;
  }
  int delta = vt_export_input(e, DELTA);
  int decay = VT_EXPORT(e, "Exp", NULL, VT_EXPORT(e, "Mul", NULL, wide(e, delta, 3), vt_export_input(e, A)));
  int driven = VT_EXPORT(e, "Mul", NULL, delta, vt_export_input(e, U));
  int enters = VT_EXPORT(e, "Mul", NULL, wide(e, driven, 3), wide(e, vt_export_input(e, B), 2));
  int *states = vt_alloc(e->ctx, (size_t)steps * sizeof *states);
  if (!states) {
    e->status = VT_ERROR_OUT_OF_MEMORY;
    return;
  }
  int state = VT_NO_VALUE;
  for (int64_t t = 0; t < steps && e->status == VT_OK; t++) { /* [items, 1, channels, states] */
    int at = VT_EXPORT_INTS(e, t), added = VT_EXPORT(e, "Gather", "axis=1", enters, at);
    state = t == 0 ? added
                   : VT_EXPORT(e, "Add", NULL, added,
                               VT_EXPORT(e, "Mul", NULL, state, VT_EXPORT(e, "Gather", "axis=1", decay, at)));
    states[t] = state;
  }
  int all = e->status == VT_OK ? vt_export_call(e, "Concat", "axis=1", (int)steps, states) : VT_NO_VALUE;
  vt_free(states);
  int seen = VT_EXPORT(e, "Mul", NULL, all, wide(e, vt_export_input(e, C), 2));
  int skip = vt_export_input(e, D);
  if (skip == VT_NO_VALUE) {
    VT_EXPORT_RESULT(e, "ReduceSum", "keepdims=0", seen, VT_EXPORT_INTS(e, 3));
    return;
  }
  int y = VT_EXPORT(e, "ReduceSum", "keepdims=0", seen, VT_EXPORT_INTS(e, 3));
  VT_EXPORT_RESULT(e, "Add", NULL, y, VT_EXPORT(e, "Mul", NULL, vt_export_input(e, U), skip));
}
