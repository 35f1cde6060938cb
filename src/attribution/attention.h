/* SPDX-License-Identifier: Apache-2.0
 *
 * What methods made of attention share: the blocks of the graph that matter, how their tokens lie on the
 * input, their tensors head by head, and whose row is asked.
 */
#ifndef VT_ATTRIBUTION_ATTENTION_H
#define VT_ATTRIBUTION_ATTENTION_H

#include "attribution/layer.h"
#include "explain/map.h"
#include "graph/blocks.h"

typedef struct vt_attention {
  const vt_task *task;
  const vt_graph *graph;
  vt_attention_block *blocks; /* those between the varying tensor and what the target reads, in order */
  int count;                  /* ≥ 1 */
  vt_layer stream; /* the tokens that go into the last block, normalised where the file does that first:
                    * [1, tokens, channels], and how they lie on the input */
  int tokens;      /* T: stream.skipped (class token, registers) and stream.height · stream.width */
} vt_attention;

/* Every block must be self-attention over the same tokens. VT_ERROR_INVALID_ARGUMENT when there is none, or
 * when one is over windows or other tokens (named). Free with vt_attention_close(), also on failure. */
vt_status vt_attention_open(vt_ctx *ctx, const vt_task *task, vt_attention *out);
void vt_attention_close(vt_attention *attention);
/* `check` of these methods: opens and closes. */
vt_status vt_attention_check(vt_ctx *ctx, const vt_task *task, const void *settings);

/* One tensor of a block seen head by head; the batch is one, with or without an axis of its own. */
typedef struct vt_heads {
  const vt_tensor *tensor;
  int heads, rows, columns;
} vt_heads;

/* Checks what a run gave for `value` of the graph against `rows` and `columns` (0: any). */
vt_status vt_heads_read(vt_ctx *ctx, const vt_attention *attention, int value, const vt_tensor *tensor,
                        int rows, int columns, vt_heads *out);
static inline double vt_heads_at(const vt_heads *h, int head, int row, int column)
{
  return vt_get_f64(h->tensor, ((int64_t)head * h->rows + row) * h->columns + column);
}

/* Whether no token of `pattern` looks at a later one. */
bool vt_attention_causal(const vt_heads *pattern);

/* Whose attention the map shows. */
typedef enum vt_attention_row {
  VT_ROW_AUTO, /* CLS where a picture model has one and the target is not read from a map; else LAST in causal
                * models; else MEAN */
  VT_ROW_CLS,  /* the first token */
  VT_ROW_MEAN, /* mean over the tokens that the map shows */
  VT_ROW_LAST  /* the last token */
} vt_attention_row;
#define VT_ATTENTION_ROW_FIELD(type, member)                                                                 \
  {                                                                                                          \
    "row", VT_FIELD_CHOICE, offsetof(type, member), "auto",                                                  \
        .choices = "auto|cls|mean|last",                                                                     \
        .help = "whose attention is shown: of the first (class) token, the mean over tokens, or of the "     \
                "last; auto: cls, in causal models last, without class token or for maps mean"               \
  }

/* Weights of the rows, [tokens], adding up to 1; what AUTO came to is written into the explanation's
 * parameters. VT_ERROR_INVALID_ARGUMENT: CLS of a picture model without one. */
vt_status vt_attention_rows(vt_ctx *ctx, const vt_attention *attention, int row, bool causal,
                            vt_explanation *explanation, double *weights);

/* Looks once at the picture explained, reading `values` of the graph (and their gradients). `see` as for
 * vt_task_look(). */
vt_status vt_attention_look(vt_ctx *ctx, const vt_attention *attention, vt_explanation *explanation,
                            const int *values, int count, bool gradients, vt_see_fn see, void *user);
/* The same for the patterns of all blocks, in their order. */
vt_status vt_attention_look_patterns(vt_ctx *ctx, const vt_attention *attention, vt_explanation *explanation,
                                     bool gradients, vt_see_fn see, void *user);

/* Stores numbers of tokens [tokens] as the native map, of the last block's pattern; the skipped ones are
 * left out. Warns when nothing is left. */
vt_status vt_attention_map(vt_ctx *ctx, const vt_attention *attention, vt_explanation *explanation,
                           const double *tokens, bool relu);

/* `calls` of methods that look once. */
int64_t vt_attention_one_call(const void *settings, int regions, bool embedding);

#endif
