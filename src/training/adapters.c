/* SPDX-License-Identifier: Apache-2.0 */
#include "training/adapters.h"

#include <math.h>

#include "nn/patterns.h"
#include "training/export.h"

/* ---- the text ---- */

static vt_status refuse(vt_ctx *ctx, const char *text, const char *why)
{
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "'%.120s': %s; it is TARGETS/RANK/ALPHA/DROPOUT, as in *.q_proj,*.v_proj/4/8, alpha and "
                 "dropout may be left out",
                 text, why);
}

/* The name becomes a piece of parameter names and of patterns. */
static bool is_plain(const char *name)
{
  size_t length = strlen(name);
  return length > 0 && length <= 32 &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == length;
}

static vt_status parse_numbers(vt_ctx *ctx, const char *text, char *const pieces[4], int count,
                               vt_adapter *out)
{
  if (count < 2) return refuse(ctx, text, "no rank");
  if (!vt_parse_integer(pieces[1], &out->rank)) return refuse(ctx, text, "the rank is no whole number");
  if (out->rank < 1) return refuse(ctx, text, "the rank is at least 1");
  if (count > 2 && (!vt_parse_number(pieces[2], &out->alpha) || !isfinite(out->alpha) || out->alpha <= 0))
    return refuse(ctx, text, "alpha is a number above 0");
  if (count > 3 &&
      (!vt_parse_number(pieces[3], &out->dropout) || !(out->dropout >= 0 && out->dropout <= .95)))
    return refuse(ctx, text, "dropout lies in 0 to 0.95");
  return VT_OK;
}

static vt_status parse_pieces(vt_ctx *ctx, const char *text, char *copy, vt_adapter *out)
{
  enum { PIECES = 4 };
  char *pieces[PIECES];
  int count = 0;
  for (char *rest = copy; rest; count++) {
    if (count == PIECES) return refuse(ctx, text, "more than four pieces");
    pieces[count] = rest;
    rest = strchr(rest, '/');
    if (rest) *rest++ = 0;
  }
  const char *list = copy, *piece;
  size_t length;
  if (!*copy) return refuse(ctx, text, "no targets");
  while (vt_patterns_next(&list, &piece, &length))
    if (length == 0) return refuse(ctx, text, "an empty pattern among the targets");
  return parse_numbers(ctx, text, pieces, count, out);
}

vt_status vt_adapter_parse(vt_ctx *ctx, const char *stage, const char *text, vt_adapter *out, char **targets)
{
  *out = (vt_adapter){.name = stage};
  *targets = NULL;
  if (!is_plain(stage))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the stage's name is that of its adapters: 1 to 32 letters, digits, - and _, not '%.60s'",
                   stage);
  char *copy = vt_strdup(ctx, text);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = parse_pieces(ctx, text, copy, out);
  if (status != VT_OK) {
    vt_free(copy);
    return status;
  }
  out->targets = *targets = copy; /* what follows the targets is cut off by a zero */
  return VT_OK;
}

/* ---- what is trained ---- */

vt_status vt_stage_trains(vt_ctx *ctx, const vt_recipe_stage *stage, char **out)
{
  const char *train = stage->training.train;
  *out = NULL;
  if (!stage->more.lora && !train) return VT_OK;
  if (!stage->more.lora)
    *out = vt_strdup(ctx, train);
  else
    *out = vt_format(ctx, "*lora_[AB].%s.weight%s%s", stage->adapter.name, train && *train ? "," : "",
                     train ? train : "");
  return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Length of the layer's path when the parameter is the adapter's A ("PATH.lora_A.NAME.weight"); −1: it is
 * not. */
static int layer_length(const char *parameter, const char *name)
{
  static const char middle[] = "lora_A.", last[] = ".weight";
  size_t whole = strlen(parameter), tail = strlen(middle) + strlen(name) + strlen(last);
  if (whole < tail) return -1;
  const char *at = parameter + whole - tail;
  bool is = strncmp(at, middle, strlen(middle)) == 0 &&
            strncmp(at + strlen(middle), name, strlen(name)) == 0 &&
            strcmp(at + strlen(middle) + strlen(name), last) == 0;
  if (!is || (at > parameter && at[-1] != '.')) return -1;
  return at > parameter ? (int)(at - parameter) - 1 : 0;
}

bool vt_adapter_present(const vt_parameters *parameters, const char *name)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++)
    if (layer_length(vt_parameters_at(parameters, i)->name, name) >= 0) return true;
  return false;
}

/* ---- whether it fits ---- */

/* A store that a run with one adapter on every linear layer filled: its A's say where they are. */
static const char probe[] = "probe";

typedef struct layers {
  const vt_parameters *store;
  int count;
  vt_text names;
} layers;

static vt_status list_layers(vt_ctx *ctx, layers *l)
{
  enum { SHOWN = 40 };
  for (int i = 0; i < vt_parameters_count(l->store); i++) {
    const char *name = vt_parameters_at(l->store, i)->name;
    int length = layer_length(name, probe);
    if (length < 0) continue;
    if (l->count < SHOWN) vt_text_addf(ctx, &l->names, "%s%.*s", l->count ? ", " : "", length, name);
    if (l->count == SHOWN) vt_text_addf(ctx, &l->names, ", …");
    l->count++;
  }
  return l->names.failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static vt_status check_layer(vt_ctx *ctx, const vt_adapter *adapter, const layers *l, const char *path,
                             int64_t inputs)
{
  char name[VT_PATH + 48];
  snprintf(name, sizeof name, "%.*s%slora_B.%s.weight", VT_PATH, path, *path ? "." : "", probe);
  const vt_parameter *up = vt_parameters_find(l->store, name);
  int64_t outputs = up ? up->value->dims[0] : inputs, most = inputs < outputs ? inputs : outputs;
  if (adapter->rank <= most) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "lora: rank %lld is more than the matrix of %s has, which is %lld x %lld",
                 (long long)adapter->rank, path, (long long)outputs, (long long)inputs);
}

static vt_status check_pattern(vt_ctx *ctx, const vt_adapter *adapter, const layers *l, const char *pattern)
{
  int fits = 0;
  for (int i = 0; i < vt_parameters_count(l->store); i++) {
    const vt_parameter *parameter = vt_parameters_at(l->store, i);
    int length = layer_length(parameter->name, probe);
    char path[VT_PATH + 48];
    if (length < 0) continue;
    snprintf(path, sizeof path, "%.*s", length, parameter->name);
    if (!vt_patterns_fit(pattern, path)) continue;
    VT_TRY(check_layer(ctx, adapter, l, path, parameter->value->dims[1]));
    fits++;
  }
  if (fits) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "lora: no linear layer fits '%.120s'; there are: %s",
                 pattern, l->names.data ? l->names.data : "none");
}

static vt_status check_targets(vt_ctx *ctx, const vt_learner *learner, const vt_adapter *adapter, layers *l)
{
  VT_TRY(list_layers(ctx, l));
  if (l->count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "lora: adapters stand beside linear layers, and learner '%s' has none", learner->kind->id);
  const char *rest = adapter->targets, *piece;
  size_t length;
  while (vt_patterns_next(&rest, &piece, &length)) {
    char *pattern = vt_strndup(ctx, piece, length);
    if (!pattern) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = check_pattern(ctx, adapter, l, pattern);
    vt_free(pattern);
    VT_TRY(status);
  }
  return VT_OK;
}

vt_status vt_adapter_fits(vt_ctx *ctx, vt_learner *learner, const vt_adapter *adapter)
{
  vt_adapter everywhere = {.name = probe, .targets = "*", .rank = 1};
  vt_lora before = learner->lora;
  vt_parameters *store;
  VT_TRY(vt_parameters_new(ctx, 0, &store));
  learner->lora = (vt_lora){&everywhere, 1};
  vt_status status = vt_learner_begin(ctx, learner, store);
  learner->lora = before;
  layers l = {.store = store};
  if (status == VT_OK) status = check_targets(ctx, learner, adapter, &l);
  vt_text_free(&l.names);
  vt_parameters_free(store);
  return status;
}
