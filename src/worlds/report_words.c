/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of all worlds of scans. New ones go to the end of the list: a word's number is its token, and
 * later words make every model trained on the list before them invalid.
 */
#include "worlds/report_grammar.h"

/* clang-format off */
static const char *const all[] = {
    /* specials */
    "<pad>", "<bos>", "<eos>", "<unk>", "<img>", "</img>", "<q>", "<a>", "<reg>", "<p0>", "<p1>", "<p2>",
    "<p3>", "<p4>", "<ref>", "</ref>", "<box>", "</box>", "<en>", "<zh>", "<prior>",
    /* digits */
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
    /* punctuation */
    ".", ",", ";", ":", "-", "?", "(", ")", "，", "。", "；", "：", "？", "、",
    /* English, reports */
    "effusion", "pleural", "cardiomegaly", "enlargement", "of", "the", "heart", "nodule", "round",
    "lesion", "consolidation", "airspace", "opacity", "pneumothorax", "air", "collection", "collapse",
    "atelectasis", "cavity", "ring", "aortic", "calcification", "aorta", "vertebral", "fracture", "spine",
    "tracheal", "narrowing", "trachea", "left", "right", "upper", "middle", "lower", "small", "moderate",
    "large", "tiny", "medium", "big", "limited", "widespread", "mild", "slight", "severe", "marked",
    "new", "since", "prior", "not", "seen", "before", "larger", "than", "increased", "unchanged",
    "stable", "smaller", "decreased", "resolved", "breathing", "tube", "endotracheal", "central", "line",
    "venous", "catheter", "pacemaker", "surgical", "clip", "sternal", "wires", "well", "placed", "in",
    "good", "position", "too", "deep", "low", "on", "wrong", "side", "misplaced", "no", "normal",
    "finding", "none", "present", "there", "is", "a", "lung", "has", "longer", "abnormality", "chest",
    "are",
    /* English, questions, regions, knowledge, volumes */
    "lungs", "costophrenic", "angle", "angles", "liver", "lobe", "zone", "region", "structure", "organ",
    "device", "image", "study", "report", "what", "where", "which", "how", "many", "does", "do", "show",
    "shown", "any", "it", "at", "its", "and", "or", "for", "from", "to", "with", "without", "by", "this",
    "that", "here", "find", "locate", "detect", "name", "describe", "identify", "give", "write", "answer",
    "list", "all", "question", "box", "boxes", "inside", "outside", "contains", "yes", "cannot", "tell",
    "diagnosis", "candidate", "candidates", "findings", "impression", "size", "extent", "change",
    "modality", "style", "language", "x-ray", "ct", "mr", "ultrasound", "dermoscopy", "fundus",
    "endoscopy", "pathology", "english", "chinese", "first", "then", "therefore", "because", "so",
    "looks", "appears", "like", "as", "bright", "dark", "grey", "white", "black", "oval", "spot", "band",
    "crescent", "patch", "cloudy", "dense", "shadow", "clear", "sharp", "blunt", "blunted", "smooth",
    "irregular", "border", "edge", "wide", "narrow", "silhouette", "density", "near", "above", "below",
    "between", "apex", "base", "hilum", "wall", "fluid", "level", "filled", "empty", "thin", "thick",
    "absent", "volume", "loss", "half", "width", "more", "less", "wider", "narrower", "higher", "curved",
    "straight", "high", "tip", "crosses", "shifted", "visible", "hidden", "centre", "centred", "outer",
    "inner", "mm", "cm", "measures", "measuring", "diameter", "height", "thickness", "slice", "slices",
    "dilated", "dilation", "cyst", "mass", "hepatic", "wedge", "deformity", "implant", "stent",
    "moderately", "severely", "mildly", "one", "two", "three", "four", "five", "previous", "current",
    "unremarkable", "abnormal", "stays", "moves", "points", "ends", "carina",
    /* Chinese, reports */
    "胸腔", "积液", "胸水", "心影", "增大", "心脏", "扩大", "结节", "圆形", "病灶", "实变", "气腔",
    "阴影", "气胸", "积气", "肺不张", "肺", "萎陷", "空洞", "环形", "主动脉", "钙化", "壁", "椎体",
    "骨折", "脊柱", "气管", "狭窄", "变窄", "左侧", "右侧", "上", "肺野", "中", "下", "少量", "中量",
    "中等量", "大量", "一", "枚", "小", "个", "中等", "大", "较大", "小片", "局限", "的", "片状", "大片",
    "广泛", "轻度", "中度", "重度", "明显", "为", "新", "发", "前", "片", "未", "见", "较", "增多",
    "进展", "相仿", "无", "变化", "减少", "好转", "消散", "插管", "呼吸", "导管", "中心", "静脉", "置管",
    "起搏器", "手术", "夹", "金属", "胸骨", "钢丝", "固定", "位置", "良好", "在", "位", "过", "深", "低",
    "误入", "对侧", "错误", "正常", "异常", "有", "可见", "内", "程度", "原有", "已", "消失", "现",
    "胸部", "表现", "胸壁",
    /* Chinese, questions, regions, knowledge, volumes */
    "左肺", "右肺", "左", "右", "肋膈角", "肝脏", "肝", "肺叶", "上叶", "中叶", "下叶", "区域", "结构",
    "器官", "装置", "图像", "图", "检查", "报告", "什么", "哪里", "哪个", "哪些", "多少", "几", "是",
    "否", "是否", "吗", "和", "或", "从", "到", "这", "这里", "外", "找出", "定位", "检测", "名称",
    "说明", "描述", "识别", "给出", "写出", "回答", "列出", "所有", "问题", "框", "包含", "显示", "属于",
    "对应", "没有", "不能", "判断", "诊断", "候选", "以下", "所见", "印象", "侧别", "大小", "方式",
    "风格", "语言", "X线", "CT", "磁共振", "超声", "皮肤镜", "眼底", "内镜", "病理", "英文", "中文",
    "首先", "然后", "因此", "因为", "呈", "像", "亮", "暗", "灰", "白", "黑", "圆", "椭圆", "点", "环",
    "带状", "线状", "新月形", "斑片", "云雾状", "致密", "影", "清晰", "锐利", "变钝", "模糊", "光滑",
    "不规则", "边缘", "轮廓", "宽", "窄", "密度", "增高", "减低", "靠近", "上方", "下方", "之间", "肺尖",
    "肺底", "肺门", "液平", "充满", "空", "薄", "厚", "气体", "缺如", "体积", "缩小", "一半", "胸廓",
    "宽度", "超过", "少于", "更宽", "更窄", "弯曲", "笔直", "高", "尖端", "越过", "移位", "可辨", "中央",
    "外侧", "内侧", "毫米", "厘米", "直径", "高度", "厚度", "层", "层面", "第", "至", "扩张", "囊肿",
    "肿块", "楔形", "变形", "植入物", "支架", "两", "三", "四", "五", "既往", "目前", "稳定", "隆突",
    "终止", "指向",
};
/* clang-format on */

const char *const *vt_scan_words(int *count)
{
  if (count) *count = (int)VT_COUNT(all);
  return all;
}

int vt_scan_word(const char *word)
{
  for (size_t i = 0; i < VT_COUNT(all); i++)
    if (strcmp(all[i], word) == 0) return (int)i;
  return -1;
}
