/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of a trace: those of the file, and aliases in the manner of TransformerLens for attention blocks.
 */
#include "graph/blocks.h"
#include "graph/trace.h"

static bool known_alias(const vt_trace *trace, const char *name, int *value)
{
  for (size_t i = 0; i < trace->alias_count; i++)
    if (strcmp(trace->aliases[i].name, name) == 0) {
      *value = trace->aliases[i].value;
      return true;
    }
  return false;
}

/* The three nearest names, as a piece of the message. */
static void suggest(vt_ctx *ctx, const vt_trace *trace, const char *name, vt_text *text)
{
  enum { SUGGESTIONS = 3 };
  size_t count = (size_t)trace->graph->value_count + trace->alias_count;
  const char **names = vt_alloc_zero(ctx, count + 1, sizeof *names);
  if (!names) return;
  for (int i = 0; i < trace->graph->value_count; i++)
    names[i] = trace->graph->values[i].name;
  for (size_t i = 0; i < trace->alias_count; i++)
    names[(size_t)trace->graph->value_count + i] = trace->aliases[i].name;
  for (int found = 0; found < SUGGESTIONS; found++) {
    const char *near = vt_nearest(name, names, count);
    if (!near) break;
    vt_text_addf(ctx, text, "%s'%s'", found ? ", " : "; near it: ", near);
    for (size_t i = 0; i < count; i++)
      if (names[i] == near) names[i] = NULL;
  }
  vt_free(names);
}

int vt_trace_lookup(const vt_trace *trace, const char *name)
{
  int value = vt_graph_find(trace->graph, name);
  if (value == VT_NO_VALUE) known_alias(trace, name, &value);
  return value;
}

vt_status vt_trace_find(vt_ctx *ctx, const vt_trace *trace, const char *name, int *out)
{
  *out = vt_trace_lookup(trace, name);
  if (*out != VT_NO_VALUE) return VT_OK;
  vt_text near = {0};
  suggest(ctx, trace, name, &near);
  vt_status status =
      vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no tensor '%s'%s; 'vitrail trace --list' lists them",
              trace->graph->path, name, near.data ? near.data : "");
  vt_text_free(&near);
  return status;
}

vt_status vt_trace_add_alias(vt_ctx *ctx, vt_trace *trace, int value, const char *format, ...)
{
  char name[256];
  int known;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  if (vt_graph_find(trace->graph, name) != VT_NO_VALUE || known_alias(trace, name, &known)) return VT_OK;
  VT_TRY(vt_grow(ctx, &trace->aliases, &trace->alias_capacity, trace->alias_count, sizeof *trace->aliases));
  char *owned = vt_strdup(ctx, name);
  if (!owned) return VT_ERROR_OUT_OF_MEMORY;
  trace->aliases[trace->alias_count++] = (vt_trace_alias_entry){owned, value};
  return VT_OK;
}

bool vt_trace_alias(const vt_trace *trace, int index, const char **alias, const char **name)
{
  if (index < 0 || (size_t)index >= trace->alias_count) return false;
  *alias = trace->aliases[index].name;
  *name = trace->graph->values[trace->aliases[index].value].name;
  return true;
}

/* ---- attention blocks ---- */

static vt_status name_block(vt_ctx *ctx, vt_trace *trace, int index, const vt_attention_block *block)
{
  const struct {
    const char *name;
    int value;
  } hooks[] = {
      {"hook_resid_pre", block->resid_pre},
      {"attn.hook_q", block->q},
      {"attn.hook_k", block->k},
      {"attn.hook_v", block->v},
      {"attn.hook_attn_scores", block->scores},
      {"attn.hook_pattern", block->pattern},
      {"attn.hook_z", block->z},
      {"hook_attn_out", block->attn_out},
      {"hook_resid_mid", block->resid_mid},
      {"mlp.hook_post", block->mlp_post},
      {"hook_mlp_out", block->mlp_out},
      {"hook_resid_post", block->resid_post},
  };
  for (size_t i = 0; i < VT_COUNT(hooks); i++)
    if (hooks[i].value != VT_NO_VALUE)
      VT_TRY(vt_trace_add_alias(ctx, trace, hooks[i].value, "blocks.%d.%s", index, hooks[i].name));
  return VT_OK;
}

vt_status vt_trace_name_blocks(vt_ctx *ctx, vt_trace *trace)
{
  vt_attention_block *blocks;
  int count;
  VT_TRY(vt_graph_attention(ctx, trace->graph, &blocks, &count));
  vt_status status = VT_OK;
  if (count > 0 && blocks[0].resid_pre != VT_NO_VALUE)
    status = vt_trace_add_alias(ctx, trace, blocks[0].resid_pre, "hook_embed");
  for (int i = 0; i < count && status == VT_OK; i++)
    status = name_block(ctx, trace, i, &blocks[i]);
  int last = count > 0 ? vt_graph_norm_of(trace->graph, blocks[count - 1].resid_post) : VT_NO_VALUE;
  if (status == VT_OK && last != VT_NO_VALUE)
    status = vt_trace_add_alias(ctx, trace, last, "ln_final.hook_normalized");
  vt_free(blocks);
  return status;
}
