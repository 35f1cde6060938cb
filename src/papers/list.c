/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of papers. To build one: its experiments' files, a table of its parts here, the state and the
 * table in its line, and a line in meson.build.
 */
#include "papers/experiments.h"

static const vt_paper_piece lima_parts[] = {
    {"planted", "Planted models", &vt_experiment_lima_planted, VT_IN_ALL},
    {"faithfulness", "Faithfulness, on trained models", &vt_experiment_lima_faithfulness, VT_IN_ALL},
    {"mistakes", "Mistakes", &vt_experiment_lima_mistakes, VT_IN_STD | VT_IN_FULL},
    {"truth", "Truth", &vt_experiment_lima_truth, VT_IN_STD | VT_IN_FULL},
    {"speed", "Speed, and the boundary where both ends meet", &vt_experiment_lima_speed, VT_IN_ALL},
    {"ablations", "Ablations", &vt_experiment_lima_ablations, VT_IN_FULL},
    {"theory", "Diminishing returns, and the best subset", &vt_experiment_lima_theory, VT_IN_ALL},
    {"search", "Other searches with fewer calls", &vt_experiment_lima_search, VT_IN_STD | VT_IN_FULL},
};

static const vt_paper_piece smdl_parts[] = {
    {"refine", "Refining the maps of other methods", &vt_experiment_smdl_refine, VT_IN_ALL},
    {"scores", "The four scores, and the prior", &vt_experiment_smdl_scores, VT_IN_ALL},
    {"uncertainty", "What the evidential network knows", &vt_experiment_smdl_uncertainty, VT_IN_ALL},
    {"photographs", "Refining maps of photographs", &vt_experiment_smdl_photographs, VT_IN_FULL},
};

#define PARTS(list) list, VT_COUNT(list)
#define NOT_YET     VT_PAPER_NOT_YET, NULL, 0

const vt_paper vt_papers[] = {
    {1, "lima", "Less is More: Efficient Black-box Attribution via Minimal Interpretable Subset Selection",
     "Chen et al. 2025, arXiv 2504.00470", 40, VT_PAPER_PARTLY, PARTS(lima_parts)},
    {2, "smdl", "Less is More: Fewer Interpretable Region via Submodular Subset Selection",
     "Chen et al., ICLR 2024, arXiv 2402.09164", 30, VT_PAPER_PARTLY, PARTS(smdl_parts)},
    {3, "uncertainty-subset",
     "Uncertainty-Aware Subset Selection for Robust Visual Explainability under Distribution Shifts",
     "Gupta, Vishak Prasad, Ramakrishnan 2025, arXiv 2512.08445", 35, NOT_YET},
    {4, "msea-arc", "Explaining multimodal LLMs via intra-modal token interactions",
     "Liang et al. 2025, arXiv 2509.22415", 8, NOT_YET},
    {5, "cdt", "Mechanistic Interpretation through Contextual Decomposition in Transformers",
     "Hsu et al. 2024, ICLR 2025, arXiv 2407.00886", 34, NOT_YET},
    {6, "affinity-explainer",
     "Matching-Based Few-Shot Semantic Segmentation Models Are Interpretable by Design",
     "2025, arXiv 2511.18163", 20, NOT_YET},
    {7, "prompt-cam", "Prompt-CAM: Making Vision Transformers Interpretable for Fine-Grained Analysis",
     "CVPR 2025, arXiv 2501.09333", 38, NOT_YET},
    {8, "progressive-localisation", "Progressive Localisation in Localist LLMs",
     "Diederich 2025, arXiv 2511.18375", 38, NOT_YET},
    {9, "latentlens", "LatentLens: Revealing Highly Interpretable Visual Tokens in LLMs",
     "Krojer et al. 2026, arXiv 2602.00462", 6, NOT_YET},
    {10, "geospatial", "Geospatial Mechanistic Interpretability of Large Language Models",
     "De Sabbata, Mizzaro, Roitero 2025, arXiv 2505.03368", 35, NOT_YET},
    {11, "mpsae", "From Flat to Hierarchical: Extracting Sparse Representations with Matching Pursuit",
     "NeurIPS 2025, arXiv 2506.03093", 26, NOT_YET},
    {12, "recsae", "Interpret the Internal States of Recommendation Model with Sparse Autoencoder",
     "2024, arXiv 2411.06112", 22, NOT_YET},
    {13, "maira-sae",
     "Insights into a radiology-specialised multimodal large language model with sparse autoencoders",
     "workshop at ICML 2025, arXiv 2507.12950", 34, NOT_YET},
    {14, "snmf",
     "Decomposing MLP Activations into Interpretable Features via Semi-Nonnegative Matrix Factorization",
     "2025, arXiv 2506.10920", 35, NOT_YET},
    {15, "concept-centric-transformers",
     "Concept-Centric Transformers: Enhancing Model Interpretability through Object-Centric Concept Learning "
     "within a Shared Global Workspace",
     "WACV 2024, arXiv 2305.15775", 37, NOT_YET},
    {16, "sesa", "SESA: Supervised Explicit Semantic Analysis", "Bogdanova, Yazdani 2017, arXiv 1708.03246",
     32, NOT_YET},
    {17, "iis", "Enhancing Pre-trained Representation Classifiability can Boost its Interpretability",
     "ICLR 2025, arXiv 2510.24105", 40, NOT_YET},
    {18, "scaleprotoseg", "Multi-Scale Grouped Prototypes for Interpretable Semantic Segmentation",
     "WACV 2025", 35, NOT_YET},
    {19, "evalprotopnet",
     "Evaluation and Improvement of Interpretability for Self-Explainable Part-Prototype Networks",
     "ICCV 2023, arXiv 2212.05946", 38, NOT_YET},
    {20, "rbf-pbn", "A Robust Prototype-Based Network with Interpretable RBF Classifier Foundations",
     "AAAI 2025, arXiv 2412.15499", 30, NOT_YET},
    {21, "prototype-because",
     "This Looks Like That, Because ... Explaining Prototypes for Interpretable Image Recognition",
     "2020, arXiv 2011.02863", 35, NOT_YET},
    {22, "dynamic-subspace-learners", "Attention-based Dynamic Subspace Learners for Medical Image Analysis",
     "IEEE JBHI 2022, arXiv 2206.09068", 38, NOT_YET},
    {23, "lmsnet", "LMS-Net: A Learned Mumford-Shah Network For Few-Shot Medical Image Segmentation",
     "Neurocomputing 2025, arXiv 2502.05473", 38, NOT_YET},
    {24, "gres-rela", "GRES: Generalized Referring Expression Segmentation", "CVPR 2023, arXiv 2306.00968",
     39, NOT_YET},
    {25, "coseg", "Co-Seg++: Mutual Prompt-Guided Collaborative Learning for Versatile Medical Segmentation",
     "2025, arXiv 2506.17159", 38, NOT_YET},
    {26, "emergent-language",
     "Towards Emergent Language Symbolic Semantic Segmentation and Model Interpretability",
     "2020, arXiv 2007.09448", 39, NOT_YET},
    {27, "pathmr", "PathMR: Multimodal Visual Reasoning for Interpretable Pathology Diagnosis",
     "2025, arXiv 2508.20851", 39, NOT_YET},
    {28, "region-attention-transformer", "Region Attention Transformer for Medical Image Restoration",
     "MICCAI 2024, arXiv 2407.09268", 38, NOT_YET},
    {29, "glmix", "Revisiting the Integration of Convolution and Attention for Vision Backbone",
     "NeurIPS 2024, arXiv 2411.14429", 38, NOT_YET},
    {30, "ureca", "URECA: Unique Region Caption Anything", "2025, arXiv 2504.05305", 39, NOT_YET},
    {31, "regionblip",
     "RegionBLIP: A Unified Multi-modal Pre-training Framework for Holistic and Regional Comprehension",
     "2023, arXiv 2308.02299", 33, NOT_YET},
    {32, "gar", "Grasp Any Region: Towards Precise, Contextual Pixel Understanding for Multimodal LLMs",
     "ICLR 2026, arXiv 2510.18876", 38, NOT_YET},
    {33, "gpt4roi", "GPT4RoI: Instruction Tuning Large Language Model on Region-of-Interest",
     "2023, arXiv 2307.03601", 28, NOT_YET},
    {34, "regionspot", "Recognize Any Regions", "NeurIPS 2024, arXiv 2311.01373", 22, NOT_YET},
    {35, "medregion-ct",
     "MedRegion-CT: Region-Focused Multimodal LLM for Comprehensive 3D CT Report Generation",
     "2025, arXiv 2506.23102", 31, NOT_YET},
    {36, "medrega", "Interpretable Bilingual Multimodal Large Language Model for Diverse Biomedical Tasks",
     "ICLR 2025, arXiv 2410.18387", 27, NOT_YET},
    {37, "anatomy-vlm", "Anatomy-VLM: A Fine-grained Vision-Language Model for Medical Interpretation",
     "Gu, Gao, Zhou, Metaxas 2025, arXiv 2511.08402", 38, NOT_YET},
    {38, "regionrag",
     "RegionRAG: Region-level Retrieval-Augmented Generation for Visual Document Understanding",
     "AAAI 2026, arXiv 2510.27261", 34, NOT_YET},
    {39, "classification-by-description", "Visual Classification via Description from Large Language Models",
     "ICLR 2023, arXiv 2210.07183", 4, NOT_YET},
    {40, "description-semantics", "Does VLM Classification Benefit from LLM Description Semantics?",
     "AAAI 2025, arXiv 2412.11917", 3, NOT_YET},
    {41, "ssd-llm", "LLM as Dataset Analyst: Subpopulation Structure Discovery with Large Language Model",
     "ECCV 2024, arXiv 2405.02363", 30, NOT_YET},
    {42, "survey-mllm",
     "Explainable and Interpretable Multimodal Large Language Models: A Comprehensive Survey",
     "Dang et al. 2024, arXiv 2412.02104", 25, NOT_YET},
};
const size_t vt_paper_count = VT_COUNT(vt_papers);

const char *vt_paper_state_name(vt_paper_state state)
{
  static const char *const names[] = {"not yet", "partly", "built"};
  return names[state];
}

const vt_paper *vt_paper_find(const char *name)
{
  int64_t number;
  bool numbered = vt_parse_integer(name, &number);
  for (size_t i = 0; i < vt_paper_count; i++)
    if (strcmp(vt_papers[i].name, name) == 0 || (numbered && vt_papers[i].number == number))
      return &vt_papers[i];
  return NULL;
}

vt_status vt_paper_choose(vt_ctx *ctx, const char *name, const vt_paper **out)
{
  const char *names[64];
  char suggestion[VT_SUGGESTION];
  *out = vt_paper_find(name);
  for (size_t i = 0; i < vt_paper_count && i < VT_COUNT(names); i++)
    names[i] = vt_papers[i].name;
  if (!*out)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "there is no paper '%s'%s (vitrail repro --list shows all)", name,
                   vt_suggestion(vt_nearest(name, names, vt_paper_count), suggestion));
  if ((*out)->part_count) return VT_OK;
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "the experiment of paper %d, %s, is not built yet; vitrail repro --list shows which ones are",
      (*out)->number, (*out)->name);
}

const vt_paper_piece *vt_paper_part(const vt_paper *paper, const char *id)
{
  for (size_t i = 0; i < paper->part_count; i++)
    if (strcmp(paper->parts[i].id, id) == 0) return &paper->parts[i];
  return NULL;
}
