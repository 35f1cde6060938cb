/* SPDX-License-Identifier: Apache-2.0
 *
 * Every operator that has real inputs and outputs can be differentiated or says why not.
 */
#include "op_case.h"

#include "ops/gradient.h"

static bool takes_real_inputs(const vt_op *op)
{
  for (int i = 0; i < op->max_inputs && i < VT_OP_INPUTS; i++)
    if (!vt_op_types(op, i) || vt_op_types(op, i) & VT_FLOATS) return true;
  return false;
}

#define EACH_OP(op)                                                                                          \
  for (size_t family = 0; family < vt_op_family_count; family++)                                             \
    for (const vt_op *op = vt_op_families[family]->ops, *behind = op + vt_op_families[family]->count;        \
         op < behind; op++)

static void every_operator_has_a_gradient_or_a_reason(void **state)
{
  VT_UNUSED(state);
  char missing[2000] = "";
  int count = 0;
  EACH_OP(op)
  {
    if (op->backward || op->no_gradient || op->flags & VT_OP_NOT_REAL || !takes_real_inputs(op)) continue;
    size_t used = strlen(missing);
    snprintf(missing + used, sizeof missing - used, " %s", op->name);
    count++;
  }
  if (count) fail_msg("%d operators have neither a gradient nor a reason:%s", count, missing);
}

static void rows_do_not_contradict_themselves(void **state)
{
  VT_UNUSED(state);
  EACH_OP(op)
  {
    if (op->backward && op->no_gradient) fail_msg("%s has a gradient and a reason for having none", op->name);
    if (op->saves && !op->backward) fail_msg("%s saves values for a gradient it does not have", op->name);
    if (op->backward == vt_backward_zero && op->saves) fail_msg("%s saves values for nothing", op->name);
    if (op->flags & VT_OP_NOT_REAL && (op->backward || op->no_gradient))
      fail_msg("%s has no real outputs, so there is nothing to say of its gradient", op->name);
    if (op->no_gradient && !*op->no_gradient) fail_msg("%s has an empty reason", op->name);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_operator_has_a_gradient_or_a_reason),
      cmocka_unit_test(rows_do_not_contradict_themselves),
  };
  return cmocka_run_group_tests_name("ops/gradient_table", tests, NULL, NULL);
}
