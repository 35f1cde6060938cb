/* SPDX-License-Identifier: Apache-2.0
 *
 * Grad-ECLIP: the values that the last block gathers, weighed by the gradient at what it gathered and by how
 * alike query and key are. Zhao, Wang, Zeng, Zhao, Chan: "Gradient-based Visual Explanation for
 * Transformer-based CLIP", ICML 2024; longer: arXiv 2502.18816.
 *
 *   φ_i = max(Σ_c g_c · v_ic · λ_i, 0)     g = ∂score/∂z of the class token, z = pattern · v
 *                                          λ_i = cosine of q of the class token and k_i, scaled to [0, 1]
 *
 * Decisions where the paper has one head, a class token and an image-text pair:
 *   heads       the model stays as it is; q, k, v and z of all heads are joined into one vector, over which
 *               the sum over c and the cosine go. (The authors run the last block anew with a single head.)
 *   no class token, or a target read from a map of tokens
 *               the mean over the tokens that look, each with its own gradient and scaled cosines, cut at
 *               zero after the mean
 *   target      any; the paper's is --class-score similarity
 * λ is 1 where all cosines are equal. The native map is not cut.
 */
#include <math.h>

#include "attribution/attention.h"
#include "attribution/methods.h"

typedef struct eclip_settings {
  int row;
  bool relu;
} eclip_settings;

static const vt_field fields[] = {
    VT_ATTENTION_ROW_FIELD(eclip_settings, row),
    {"relu", VT_FIELD_BOOL, offsetof(eclip_settings, relu), "true",
     .help = "cut negative values before the map is resized (native.npy keeps them)"},
};

enum { Q, K, V, Z, PATTERN, SEEN };

typedef struct eclip {
  const vt_attention *attention;
  const eclip_settings *settings;
  vt_explanation *explanation;
  vt_heads seen[SEEN], gradient; /* gradient: of z */
  bool keys_transposed;
  double *weights, *map, *alike; /* [tokens] */
} eclip;

static double key_at(const eclip *e, int head, int token, int channel)
{
  return e->keys_transposed ? vt_heads_at(&e->seen[K], head, channel, token)
                            : vt_heads_at(&e->seen[K], head, token, channel);
}

/* Head of a tensor that may have fewer heads than the queries. */
static int head_of(const vt_heads *tensor, int head, int heads)
{
  return (int)((int64_t)head * tensor->heads / heads);
}

static double cosine(const eclip *e, int query, int key)
{
  const vt_heads *q = &e->seen[Q];
  double product = 0, a = 0, b = 0;
  for (int h = 0; h < q->heads; h++)
    for (int c = 0; c < q->columns; c++) {
      double x = vt_heads_at(q, h, query, c), y = key_at(e, head_of(&e->seen[K], h, q->heads), key, c);
      product += x * y;
      a += x * x;
      b += y * y;
    }
  return a > 0 && b > 0 ? product / sqrt(a * b) : 0;
}

/* λ of a query, over the tokens that the map shows. */
static void find_alike(const eclip *e, int query)
{
  int first = e->attention->stream.skipped, tokens = e->attention->tokens;
  double low = INFINITY, high = -INFINITY;
  for (int i = first; i < tokens; i++) {
    e->alike[i] = cosine(e, query, i);
    low = fmin(low, e->alike[i]);
    high = fmax(high, e->alike[i]);
  }
  for (int i = first; i < tokens; i++)
    e->alike[i] = high > low ? (e->alike[i] - low) / (high - low) : 1;
}

/* Σ over heads and channels of the gradient at what `query` gathered, times the values of `token`. */
static double gathered(const eclip *e, int query, int token)
{
  const vt_heads *g = &e->gradient, *v = &e->seen[V];
  double sum = 0;
  for (int h = 0; h < g->heads; h++)
    for (int c = 0; c < g->columns; c++)
      sum += vt_heads_at(g, h, query, c) * vt_heads_at(v, head_of(v, h, g->heads), token, c);
  return sum;
}

static vt_status read_block(vt_ctx *ctx, eclip *e, const vt_attention_block *block, const vt_sight *sight)
{
  const vt_attention *a = e->attention;
  int tokens = a->tokens, z = block->z;
  vt_heads *seen = e->seen;
  VT_TRY(vt_heads_read(ctx, a, z, sight->values[Z], tokens, 0, &seen[Z]));
  VT_TRY(vt_heads_read(ctx, a, z, sight->gradients[Z], tokens, seen[Z].columns, &e->gradient));
  VT_TRY(vt_heads_read(ctx, a, block->v, sight->values[V], tokens, seen[Z].columns, &seen[V]));
  VT_TRY(vt_heads_read(ctx, a, block->pattern, sight->values[PATTERN], tokens, tokens, &seen[PATTERN]));
  VT_TRY(vt_heads_read(ctx, a, block->q, sight->values[Q], tokens, 0, &seen[Q]));
  int channels = seen[Q].columns;
  e->keys_transposed = block->k_transposed;
  VT_TRY(vt_heads_read(ctx, a, block->k, sight->values[K], block->k_transposed ? channels : tokens,
                       block->k_transposed ? tokens : channels, &seen[K]));
  if (seen[K].heads <= seen[Q].heads && seen[V].heads <= seen[Z].heads) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s: the last attention block has more heads of keys or values ('%s') than of queries",
                 a->graph->path, a->graph->values[block->v].name);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  eclip *e = user;
  const vt_attention *a = e->attention;
  VT_TRY(read_block(ctx, e, &a->blocks[a->count - 1], sight));
  VT_TRY(vt_attention_rows(ctx, a, e->settings->row, vt_attention_causal(&e->seen[PATTERN]), e->explanation,
                           e->weights));
  for (int query = 0; query < a->tokens; query++) {
    if (e->weights[query] == 0) continue;
    find_alike(e, query);
    for (int i = a->stream.skipped; i < a->tokens; i++)
      e->map[i] += e->weights[query] * gathered(e, query, i) * e->alike[i];
  }
  return VT_OK;
}

static vt_status weigh(vt_ctx *ctx, eclip *e)
{
  const vt_attention *a = e->attention;
  const vt_attention_block *last = &a->blocks[a->count - 1];
  const int values[SEEN] = {
      [Q] = last->q, [K] = last->k, [V] = last->v, [Z] = last->z, [PATTERN] = last->pattern};
  e->weights = vt_alloc_zero(ctx, (size_t)a->tokens, sizeof *e->weights);
  e->map = vt_alloc_zero(ctx, (size_t)a->tokens, sizeof *e->map);
  e->alike = vt_alloc_zero(ctx, (size_t)a->tokens, sizeof *e->alike);
  if (!e->weights || !e->map || !e->alike) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_attention_look(ctx, a, e->explanation, values, SEEN, true, see, e));
  return vt_attention_map(ctx, a, e->explanation, e->map, e->settings->relu);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  vt_attention attention;
  VT_TRY(vt_attention_open(ctx, task, &attention));
  eclip e = {.attention = &attention, .settings = settings, .explanation = explanation};
  vt_status status = weigh(ctx, &e);
  vt_free(e.weights);
  vt_free(e.map);
  vt_free(e.alike);
  vt_attention_close(&attention);
  return status;
}

const vt_method vt_method_grad_eclip = {
    .id = "grad-eclip",
    .aliases = "GradECLIP|eclip",
    .title = "Grad-ECLIP: values gathered by the last block",
    .summary =
        "What the class token gathers in the last attention block, weighed by the gradient there and by the "
        "likeness of query and key in place of the sharp attention pattern. Made for image-text similarity "
        "(--class-score similarity --similar-to TEXT.npy), and works for any target. Sees one block only: "
        "what tokens exchanged before stays hidden.",
    .citation =
        "Zhao, C., Wang, K., Zeng, X., Zhao, R., Chan, A. B. (2024). Gradient-based Visual Explanation "
        "for Transformer-based CLIP. ICML. (Longer: arXiv:2502.18816).",
    .cost = "1 gradient",
    .place = "model · attention",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_ATTENTION,
    .settings_size = sizeof(eclip_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = vt_attention_check,
    .run = run,
    .calls = vt_attention_one_call,
};
