/* SPDX-License-Identifier: Apache-2.0
 *
 * The Chinese tables of the report grammar: place before finding, amounts by measure words of the kind of
 * finding, comparison last.
 */
#include "worlds/report_grammar.h"

static const char *const kind[VT_FINDING_KINDS][VT_PHRASES] = {
    [VT_EFFUSION] = {"胸腔 积液", "胸水"},      [VT_ENLARGED_HEART] = {"心影 增大", "心脏 扩大"},
    [VT_NODULE] = {"结节", "圆形 病灶"},        [VT_CONSOLIDATION] = {"实变", "气腔 阴影"},
    [VT_PNEUMOTHORAX] = {"气胸", "胸腔 积气"},  [VT_COLLAPSE] = {"肺不张", "肺 萎陷"},
    [VT_CAVITY] = {"空洞", "环形 病灶"},        [VT_CALCIFICATION] = {"主动脉 钙化", "主动脉 壁 钙化"},
    [VT_FRACTURE] = {"椎体 骨折", "脊柱 骨折"}, [VT_NARROWING] = {"气管 狭窄", "气管 变窄"},
};
static const char *const side[VT_SIDES][VT_PHRASES] = {{""}, {"左侧"}, {"右侧"}};
static const char *const zone[VT_ZONES][VT_PHRASES] = {
    {""}, {"上 肺野", "上 肺"}, {"中 肺野", "中 肺"}, {"下 肺野", "下 肺"}};
#define AMOUNT                                                                                               \
  {                                                                                                          \
    {""}, {"少量"}, {"中量", "中等量"},                                                                      \
    {                                                                                                        \
      "大量"                                                                                               \
    }                                                                                                        \
  }
#define LUMP                                                                                                 \
  {                                                                                                          \
    {""}, {"一 枚 小", "一 个 小"}, {"一 枚 中等", "一 个 中等"},                                            \
    {                                                                                                        \
      "一 枚 大", "一 个 较大"                                                                           \
    }                                                                                                        \
  }
#define AREA                                                                                                 \
  {                                                                                                          \
    {""}, {"小片", "局限 的"}, {"片状"},                                                                     \
    {                                                                                                        \
      "大片", "广泛 的"                                                                                   \
    }                                                                                                        \
  }
#define DEGREE                                                                                               \
  {                                                                                                          \
    {""}, {"轻度"}, {"中度"},                                                                                \
    {                                                                                                        \
      "重度", "明显"                                                                                       \
    }                                                                                                        \
  }
static const char *const extent[VT_FINDING_KINDS][VT_EXTENTS][VT_PHRASES] = {
    [VT_EFFUSION] = AMOUNT,     [VT_ENLARGED_HEART] = DEGREE, [VT_NODULE] = LUMP, [VT_CONSOLIDATION] = AREA,
    [VT_PNEUMOTHORAX] = AMOUNT, [VT_COLLAPSE] = AREA,         [VT_CAVITY] = LUMP, [VT_CALCIFICATION] = DEGREE,
    [VT_FRACTURE] = DEGREE,     [VT_NARROWING] = DEGREE,
};
static const char *const change[VT_CHANGES][VT_PHRASES] = {
    {""},
    {"， 为 新 发", "， 前 片 未 见"},
    {"， 较 前 增多", "， 较 前 进展"},
    {"， 较 前 相仿", "， 较 前 无 变化"},
    {"， 较 前 减少", "， 较 前 好转"},
    {NULL},
};
static const char *const trend[VT_CHANGES][VT_PHRASES] = {
    {""}, {"新 发"}, {"增多", "进展"}, {"相仿", "无 变化"}, {"减少", "好转"}, {"消散"}};
static const char *const device[VT_DEVICE_KINDS][VT_PHRASES] = {{"气管 插管", "呼吸 导管"},
                                                                {"中心 静脉 导管", "静脉 置管"},
                                                                {"起搏器"},
                                                                {"手术 夹", "金属 夹"},
                                                                {"胸骨 钢丝", "固定 钢丝"}};
static const char *const placement[VT_PLACEMENTS][VT_PHRASES] = {
    {""}, {"位置 良好", "在 位"}, {"位置 过 深", "位置 过 低"}, {"误入 对侧", "位置 错误"}};

static const vt_chest_template terse[] = {
    {VT_USE_FINDING, VT_OF_ANY, -1, "{side} {zone} {kind} {extent} {trend}"},
    {VT_USE_RESOLVED, VT_OF_ANY, -1, "{side} {zone} {kind} {trend}"},
    {VT_USE_ABSENT, VT_OF_ANY, -1, "无 {kind}"},
    {VT_USE_NORMAL, 0, -1, "正常"},
    {VT_USE_NORMAL, 0, -1, "无 异常"},
    {VT_USE_DEVICE, VT_OF_JUDGED, -1, "{device} {placement}"},
    {VT_USE_DEVICE, VT_OF(VT_PACEMAKER), -1, "{side} {device}"},
    {VT_USE_DEVICE, VT_OF_PLAIN, -1, "{device}"},
};
static const vt_chest_template list[] = {
    {VT_USE_FINDING, VT_OF_ZONED | VT_OF_SIDED, 0, "{side} {zone} ： {kind} ， {extent}"},
    {VT_USE_FINDING, VT_OF_ZONED | VT_OF_SIDED, 1, "{side} {zone} ： {kind} ， {trend} ， {extent}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, 0, "{kind} ： {extent}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, 1, "{kind} ： {trend} ， {extent}"},
    {VT_USE_RESOLVED, VT_OF_ZONED | VT_OF_SIDED, -1, "{side} {zone} ： {kind} ， {trend}"},
    {VT_USE_RESOLVED, VT_OF_MIDLINE, -1, "{kind} ： {trend}"},
    {VT_USE_ABSENT, VT_OF_ANY, -1, "{kind} ： 无"},
    {VT_USE_NORMAL, 0, -1, "异常 ： 无"},
    {VT_USE_DEVICE, VT_OF_JUDGED, -1, "{device} ： {placement}"},
    {VT_USE_DEVICE, VT_OF(VT_PACEMAKER), -1, "{side} ： {device}"},
    {VT_USE_DEVICE, VT_OF_PLAIN, -1, "{device} ： 有"},
};
static const vt_chest_template prose[] = {
    {VT_USE_FINDING, VT_OF_ZONED | VT_OF_SIDED, -1, "{side} {zone} 可见 {extent} {kind} {change}"},
    {VT_USE_FINDING, VT_OF_ZONED, -1, "{side} {zone} 内 有 {extent} {kind} {change}"},
    {VT_USE_FINDING, VT_OF_SIDED, -1, "{side} 有 {extent} {kind} {change}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, -1, "{kind} ， 程度 为 {extent} {change}"},
    {VT_USE_FINDING, VT_OF_MIDLINE, -1, "可见 {extent} {kind} {change}"},
    {VT_USE_RESOLVED, VT_OF_ANY, -1, "{side} {zone} 原有 {kind} 已 消失"},
    {VT_USE_RESOLVED, VT_OF_ANY, -1, "前 片 {side} {zone} {kind} 现 未 见"},
    {VT_USE_ABSENT, VT_OF_ANY, -1, "未 见 {kind}"},
    {VT_USE_NORMAL, 0, -1, "未 见 明显 异常"},
    {VT_USE_NORMAL, 0, -1, "胸部 表现 正常"},
    {VT_USE_DEVICE, VT_OF_JUDGED, -1, "{device} 可见 ， {placement}"},
    {VT_USE_DEVICE, VT_OF(VT_PACEMAKER), -1, "{side} 胸壁 可见 {device}"},
    {VT_USE_DEVICE, VT_OF_PLAIN, -1, "可见 {device}"},
};

const vt_chest_grammar vt_chest_chinese = {
    .kind = kind,
    .side = side,
    .zone = zone,
    .extent = extent,
    .change = change,
    .trend = trend,
    .device = device,
    .placement = placement,
    .style = {[VT_CHEST_TERSE] = {"", "；", "。", terse, VT_COUNT(terse)},
              [VT_CHEST_LIST] = {"-", "-", "", list, VT_COUNT(list)},
              [VT_CHEST_PROSE] = {"", "。", "。", prose, VT_COUNT(prose)}},
};
