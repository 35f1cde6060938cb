/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of methods. To add one: its file, its line here and in meson.build; everything else reads this
 * list.
 */
#include "attribution/attribute.h"
#include "attribution/lima.h"
#include "attribution/methods.h"

static const vt_method *const methods[] = {
    &vt_method_lima,
    &vt_method_smdl,
    &vt_method_baseline_order,
    &vt_method_saliency,
    &vt_method_guided_backprop,
    &vt_method_deconvolution,
};

const vt_method_list vt_methods = {methods, VT_COUNT(methods)};
