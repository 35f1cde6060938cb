/* SPDX-License-Identifier: Apache-2.0
 *
 * The English tables of the report grammar.
 */
#include "worlds/report_grammar.h"

static const char *const kind[VT_FINDING_KINDS][VT_PHRASES] = {
    [VT_EFFUSION] = {"effusion", "pleural effusion"},
    [VT_ENLARGED_HEART] = {"cardiomegaly", "enlargement of the heart"},
    [VT_NODULE] = {"nodule", "round lesion"},
    [VT_CONSOLIDATION] = {"consolidation", "airspace opacity"},
    [VT_PNEUMOTHORAX] = {"pneumothorax", "pleural air collection"},
    [VT_COLLAPSE] = {"collapse", "atelectasis"},
    [VT_CAVITY] = {"cavity", "ring lesion"},
    [VT_CALCIFICATION] = {"aortic calcification", "calcification of the aorta"},
    [VT_FRACTURE] = {"vertebral fracture", "fracture of the spine"},
    [VT_NARROWING] = {"tracheal narrowing", "narrowing of the trachea"},
};
static const char *const side[VT_SIDES][VT_PHRASES] = {{""}, {"left"}, {"right"}};
static const char *const zone[VT_ZONES][VT_PHRASES] = {{""}, {"upper"}, {"middle"}, {"lower"}};
#define AMOUNT                                                                                               \
  {                                                                                                          \
    {""}, {"small"}, {"moderate"},                                                                           \
    {                                                                                                        \
      "large"                                                                                                \
    }                                                                                                        \
  }
#define LUMP                                                                                                 \
  {                                                                                                          \
    {""}, {"small", "tiny"}, {"medium"},                                                                     \
    {                                                                                                        \
      "large", "big"                                                                                         \
    }                                                                                                        \
  }
#define AREA                                                                                                 \
  {                                                                                                          \
    {""}, {"small", "limited"}, {"moderate"},                                                                \
    {                                                                                                        \
      "large", "widespread"                                                                                  \
    }                                                                                                        \
  }
#define DEGREE                                                                                               \
  {                                                                                                          \
    {""}, {"mild", "slight"}, {"moderate"},                                                                  \
    {                                                                                                        \
      "severe", "marked"                                                                                     \
    }                                                                                                        \
  }
static const char *const extent[VT_FINDING_KINDS][VT_EXTENTS][VT_PHRASES] = {
    [VT_EFFUSION] = AMOUNT,     [VT_ENLARGED_HEART] = DEGREE, [VT_NODULE] = LUMP, [VT_CONSOLIDATION] = AREA,
    [VT_PNEUMOTHORAX] = AMOUNT, [VT_COLLAPSE] = AREA,         [VT_CAVITY] = LUMP, [VT_CALCIFICATION] = DEGREE,
    [VT_FRACTURE] = DEGREE,     [VT_NARROWING] = DEGREE,
};
static const char *const change[VT_CHANGES][VT_PHRASES] = {
    {""},
    {", new since the prior", ", not seen before"},
    {", larger than before", ", increased"},
    {", unchanged", ", stable since the prior"},
    {", smaller than before", ", decreased"},
    {NULL},
};
static const char *const trend[VT_CHANGES][VT_PHRASES] = {
    {""}, {"new"}, {"larger", "increased"}, {"unchanged", "stable"}, {"smaller", "decreased"}, {"resolved"}};
static const char *const device[VT_DEVICE_KINDS][VT_PHRASES] = {{"breathing tube", "endotracheal tube"},
                                                                {"central line", "venous catheter"},
                                                                {"pacemaker"},
                                                                {"surgical clip", "clip"},
                                                                {"sternal wires", "wires"}};
static const char *const placement[VT_PLACEMENTS][VT_PHRASES] = {
    {""}, {"well placed", "in good position"}, {"too deep", "too low"}, {"on the wrong side", "misplaced"}};

static const vt_chest_template terse[] = {
    {VT_USE_FINDING, VT_OF_ANY, -1, "{trend} {extent} {side} {zone} {kind}"},
    {VT_USE_RESOLVED, VT_OF_ANY, -1, "{trend} {side} {zone} {kind}"},
    {VT_USE_ABSENT, VT_OF_ANY, -1, "no {kind}"},
    {VT_USE_NORMAL, 0, -1, "normal"},
    {VT_USE_NORMAL, 0, -1, "no finding"},
    {VT_USE_DEVICE, VT_OF_JUDGED, -1, "{device} {placement}"},
    {VT_USE_DEVICE, VT_OF(VT_PACEMAKER), -1, "{side} {device}"},
    {VT_USE_DEVICE, VT_OF_PLAIN, -1, "{device}"},
};
static const vt_chest_template list[] = {
    {VT_USE_FINDING, VT_OF_ZONED | VT_OF_SIDED, 0, "{kind} : {side} {zone} , {extent}"},
    {VT_USE_FINDING, VT_OF_ZONED | VT_OF_SIDED, 1, "{kind} : {side} {zone} , {extent} , {trend}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, 0, "{kind} : {extent}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, 1, "{kind} : {extent} , {trend}"},
    {VT_USE_RESOLVED, VT_OF_ZONED | VT_OF_SIDED, -1, "{kind} : {side} {zone} , {trend}"},
    {VT_USE_RESOLVED, VT_OF_MIDLINE, -1, "{kind} : {trend}"},
    {VT_USE_ABSENT, VT_OF_ANY, -1, "{kind} : none"},
    {VT_USE_NORMAL, 0, -1, "finding : none"},
    {VT_USE_DEVICE, VT_OF_JUDGED, -1, "{device} : {placement}"},
    {VT_USE_DEVICE, VT_OF(VT_PACEMAKER), -1, "{device} : {side}"},
    {VT_USE_DEVICE, VT_OF_PLAIN, -1, "{device} : present"},
};
static const vt_chest_template prose[] = {
    {VT_USE_FINDING, VT_OF_ZONED | VT_OF_SIDED, -1, "there is a {extent} {side} {zone} {kind} {change}"},
    {VT_USE_FINDING, VT_OF_ZONED, -1, "a {extent} {kind} is seen in the {side} {zone} lung {change}"},
    {VT_USE_FINDING, VT_OF_SIDED, -1, "a {extent} {kind} is seen on the {side} {change}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, -1, "there is {extent} {kind} {change}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, -1, "{extent} {kind} is seen {change}"},
    {VT_USE_RESOLVED, VT_OF_ANY, -1, "the {side} {zone} {kind} has resolved"},
    {VT_USE_RESOLVED, VT_OF_ANY, -1, "the prior {side} {zone} {kind} is no longer seen"},
    {VT_USE_ABSENT, VT_OF_ANY, -1, "there is no {kind}"},
    {VT_USE_NORMAL, 0, -1, "no abnormality is seen"},
    {VT_USE_NORMAL, 0, -1, "the chest is normal"},
    {VT_USE_DEVICE, VT_OF_JUDGED, -1, "the {device} is {placement}"},
    {VT_USE_DEVICE, VT_OF(VT_PACEMAKER), -1, "a {device} is seen on the {side}"},
    {VT_USE_DEVICE, VT_OF(VT_CLIP), -1, "a {device} is present"},
    {VT_USE_DEVICE, VT_OF(VT_WIRES), -1, "{device} are present"},
};

const vt_chest_grammar vt_chest_english = {
    .kind = kind,
    .side = side,
    .zone = zone,
    .extent = extent,
    .change = change,
    .trend = trend,
    .device = device,
    .placement = placement,
    .style = {[VT_CHEST_TERSE] = {"", ";", ".", terse, VT_COUNT(terse)},
              [VT_CHEST_LIST] = {"-", "-", "", list, VT_COUNT(list)},
              [VT_CHEST_PROSE] = {"", ".", ".", prose, VT_COUNT(prose)}},
};
