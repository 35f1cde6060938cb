/* SPDX-License-Identifier: Apache-2.0
 *
 * AttnLRP: relevance through attention. Achtibat, Hatefi, Dreyer, Jain, Wiegand, Lapuschkin, Samek: "AttnLRP:
 * Attention-Aware Layer-Wise Relevance Propagation for Transformers", ICML 2024, arXiv 2402.05602.
 */
#include "attribution/methods.h"
#include "attribution/relevance.h"
#include "graph/blocks.h"

typedef struct attn_settings {
  double epsilon;
  int bias;
} attn_settings;

static const vt_field fields[] = {
    {"epsilon", VT_FIELD_REAL, offsetof(attn_settings, epsilon), "1e-6", VT_RANGE(0, 1e6),
     .help = "added to denominators, away from zero"},
    {"bias", VT_FIELD_CHOICE, offsetof(attn_settings, bias), "takes", .choices = "takes|ignored",
     .help = "whether biases and positions keep their share of the relevance or are taken for 0"},
};

static vt_status check(vt_ctx *ctx, const vt_task *task, const void *settings)
{
  VT_UNUSED(settings);
  const vt_graph *graph = task->subject->graph;
  vt_attention_block *blocks;
  int count;
  VT_TRY(vt_graph_attention(ctx, graph, &blocks, &count));
  vt_free(blocks);
  return count ? VT_OK
               : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no attention blocks: use the method 'lrp'",
                         graph->path);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  const attn_settings *own = settings;
  vt_composite_settings composite = vt_composite_defaults(VT_COMPOSITE_EPSILON);
  composite.epsilon = composite.stabilizer = own->epsilon;
  composite.ignore_bias = own->bias == 1;
  return vt_relevance_map(ctx, task, explanation, &composite);
}

const vt_method vt_method_attn_lrp = {
    .id = "attn-lrp",
    .aliases = "AttnLRP|attnlrp",
    .title = "AttnLRP: relevance through attention",
    .summary =
        "Layer-wise relevance propagation for transformers: relevance also passes through softmax, and is "
        "shared evenly by the two factors of each attention product. One backward pass; what biases take "
        "and cancellation costs is printed.",
    .citation =
        "Achtibat, R., Hatefi, S. M. V., Dreyer, M., Jain, A., Wiegand, T., Lapuschkin, S., Samek, W. "
        "(2024). AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for Transformers. ICML.",
    .cost = "1 forward, 1 backward pass",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_ATTENTION,
    .settings_size = sizeof(attn_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = check,
    .run = run,
    .calls = vt_rule_one_call,
};
