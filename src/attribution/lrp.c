/* SPDX-License-Identifier: Apache-2.0
 *
 * Layer-wise relevance propagation. Bach, Binder, Montavon, Klauschen, Müller, Samek: "On Pixel-Wise
 * Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation", PLOS ONE 10(7),
 * 2015. Composites: Montavon et al., "Layer-Wise Relevance Propagation: An Overview", 2019.
 */
#include "attribution/methods.h"
#include "attribution/relevance.h"

typedef struct lrp_settings {
  int composite, convolutions, dense, first, bias;
  double epsilon, stabilizer, gamma, alpha, beta;
} lrp_settings;

#define RULE_CHOICES "composite|" VT_LINEAR_CHOICES

static const vt_field fields[] = {
    {"composite", VT_FIELD_CHOICE, offsetof(lrp_settings, composite), "epsilon-plus",
     .choices = VT_COMPOSITE_CHOICES,
     .help = "which rule the layers have: for matrix products, then convolutions, "
             "then layers that read the picture"},
    {"epsilon", VT_FIELD_REAL, offsetof(lrp_settings, epsilon), "1e-6", VT_RANGE(0, 1e6),
     .help = "of the epsilon rule: added to denominators, away from zero"},
    {"gamma", VT_FIELD_REAL, offsetof(lrp_settings, gamma), "0.25", VT_RANGE(0, 1e6),
     .help = "of the gamma rule: how much more positive weights count"},
    {"alpha", VT_FIELD_REAL, offsetof(lrp_settings, alpha), "2", VT_RANGE(0, 1e6),
     .help = "of alpha-beta: factor of positive contributions, one more than beta"},
    {"beta", VT_FIELD_REAL, offsetof(lrp_settings, beta), "1", VT_RANGE(0, 1e6),
     .help = "of alpha-beta: factor of negative contributions"},
    {"stabilizer", VT_FIELD_REAL, offsetof(lrp_settings, stabilizer), "1e-6", VT_RANGE(0, 1e6),
     .help = "the same as epsilon, of all other rules", .aliases = "stabiliser"},
    {"bias", VT_FIELD_CHOICE, offsetof(lrp_settings, bias), "takes", .choices = "takes|ignored",
     .help = "whether biases keep their share of the relevance or are taken for 0"},
    {"convolutions", VT_FIELD_CHOICE, offsetof(lrp_settings, convolutions), "composite",
     .choices = RULE_CHOICES, .help = "rule of convolutions, over the composite's"},
    {"dense", VT_FIELD_CHOICE, offsetof(lrp_settings, dense), "composite", .choices = RULE_CHOICES,
     .help = "rule of matrix products with weights, over the composite's"},
    {"first", VT_FIELD_CHOICE, offsetof(lrp_settings, first), "composite", .choices = RULE_CHOICES,
     .help = "rule of the layers that read the picture, over the composite's"},
};

static vt_composite_settings translate(const lrp_settings *own)
{
  return (vt_composite_settings){.name = (vt_composite_name)own->composite,
                                 .epsilon = own->epsilon,
                                 .stabilizer = own->stabilizer,
                                 .gamma = own->gamma,
                                 .alpha = own->alpha,
                                 .beta = own->beta,
                                 .ignore_bias = own->bias == 1,
                                 .convolutions = own->convolutions - 1,
                                 .dense = own->dense - 1,
                                 .first = own->first - 1};
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  vt_composite_settings composite = translate(settings);
  return vt_relevance_map(ctx, task, explanation, &composite);
}

const vt_method vt_method_lrp = {
    .id = "lrp",
    .aliases = "LRP|layer-wise-relevance-propagation",
    .title = "Layer-wise relevance propagation",
    .summary =
        "The score handed back layer by layer, each neuron giving to its inputs by what they contributed. "
        "Rules and "
        "composites decide how contributions of both signs are weighed; --class-score logit is what the "
        "literature explains. Rules that favour positive parts are smooth, and tell classes apart less.",
    .citation =
        "Bach, S., Binder, A., Montavon, G., Klauschen, F., Müller, K.-R., Samek, W. (2015). On Pixel-Wise "
        "Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation. PLOS ONE.",
    .cost = "1 forward, 1 backward pass (2 to 5 times a gradient's)",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(lrp_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = vt_rule_one_call,
};
