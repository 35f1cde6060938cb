/* SPDX-License-Identifier: Apache-2.0
 *
 * What model code sees: parameters on first use, named tensors, noise.
 */
#include "nn/scope.h"

#include "base/context.h"
#include "nn/parameters.h"

/* Occurrences of names in this run. */
struct vt_run_names {
  vt_names map;
  char **texts;
  int *counts;
  size_t count, text_capacity, count_capacity;
};

void vt_run_begin(vt_run *run)
{
  run->draws = 0;
  for (size_t i = 0; run->names && i < run->names->count; i++)
    run->names->counts[i] = 0;
}

void vt_run_end(vt_run *run)
{
  struct vt_run_names *names = run->names;
  if (!names) return;
  for (size_t i = 0; i < names->count; i++)
    vt_free(names->texts[i]);
  vt_free(names->texts);
  vt_free(names->counts);
  vt_names_free(&names->map);
  vt_free(names);
  run->names = NULL;
}

static vt_status count_occurrence(vt_ctx *ctx, vt_run *run, const char *name, int *out)
{
  if (!run->names && !(run->names = vt_alloc_zero(ctx, 1, sizeof *run->names))) return VT_ERROR_OUT_OF_MEMORY;
  struct vt_run_names *names = run->names;
  int index = vt_names_find(&names->map, name);
  if (index < 0) {
    VT_TRY(vt_grow(ctx, &names->texts, &names->text_capacity, names->count, sizeof *names->texts));
    VT_TRY(vt_grow(ctx, &names->counts, &names->count_capacity, names->count, sizeof *names->counts));
    char *text = vt_strdup(ctx, name);
    if (!text) return VT_ERROR_OUT_OF_MEMORY;
    index = (int)names->count++;
    names->texts[index] = text;
    names->counts[index] = 0;
    VT_TRY(vt_names_put(ctx, &names->map, text, index));
  }
  *out = names->counts[index]++;
  return VT_OK;
}

/* ---- scopes ---- */

vt_scope vt_root(vt_run *run)
{
  return (vt_scope){.run = run};
}

vt_scope vt_sub(vt_scope s, const char *format, ...)
{
  size_t length = strlen(s.path);
  if (length && length < VT_PATH - 1) s.path[length++] = '.';
  va_list arguments;
  va_start(arguments, format);
  int more = vsnprintf(s.path + length, VT_PATH - length, format, arguments);
  va_end(arguments);
  if (more < 0 || (size_t)more >= VT_PATH - length)
    (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT, "scope '%s…' is deeper than %d characters", s.path,
                  VT_PATH - 1);
  return s;
}

enum { FULL_NAME = VT_PATH + 96 };

static vt_status full_name(vt_scope s, const char *name, char out[FULL_NAME])
{
  int length = snprintf(out, FULL_NAME, "%s%s%s", s.path, s.path[0] ? "." : "", name);
  if (length < FULL_NAME) return VT_OK;
  return vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT, "the name '%s…' is too long", out);
}

/* ---- parameters ---- */

static vt_status make_parameter(vt_run *run, const char *name, int rank, const int64_t *dims, vt_initial init,
                                bool state, vt_parameter **out)
{
  vt_ctx *ctx = run->ctx;
  if (run->locked) return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "the model has no parameter '%s'", name);
  vt_tensor *value;
  VT_TRY(vt_tensor_new_alone(ctx, VT_F32, rank, dims, &value));
  vt_init_fill(value, init, run->parameters->seed, name);
  vt_status status = vt_parameters_add(ctx, run->parameters, name, value, state, out);
  if (status != VT_OK) vt_tensor_free(value);
  return status;
}

static vt_status get_parameter(vt_scope s, const char *name, int rank, const int64_t *dims, vt_initial init,
                               bool state, vt_parameter **out)
{
  vt_ctx *ctx = s.run->ctx;
  char full[FULL_NAME], wanted[160], there[160];
  VT_TRY(vt_ctx_status(ctx));
  VT_TRY(full_name(s, name, full));
  *out = vt_parameters_find(s.run->parameters, full);
  if (!*out) return make_parameter(s.run, full, rank, dims, init, state, out);
  vt_tensor shape = {.type = VT_F32, .rank = rank};
  if (rank) memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
  if (vt_same_shape((*out)->value, &shape)) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "parameter %s is %s, and %s is asked for", full,
                 vt_shape_text((*out)->value, there), vt_shape_text(&shape, wanted));
}

/* A parameter under its name in the graph that is being recorded. */
static vt_tensor *introduced(vt_run *run, vt_parameter *parameter)
{
  if (run->record && vt_record_constant(run->ctx, run->record, parameter->value, parameter->name) != VT_OK)
    return vt_void();
  return parameter->value;
}

vt_tensor *vt_param(vt_scope s, const char *name, int rank, const int64_t *dims, vt_initial init)
{
  vt_ctx *ctx = s.run->ctx;
  vt_parameter *parameter;
  if (get_parameter(s, name, rank, dims, init, false, &parameter) != VT_OK) return vt_void();
  if (ctx->tape && !parameter->frozen && vt_tape_watch(ctx, ctx->tape, parameter->value) != VT_OK)
    return vt_void();
  return introduced(s.run, parameter);
}

vt_tensor *vt_state(vt_scope s, const char *name, int rank, const int64_t *dims, vt_initial init)
{
  vt_parameter *parameter;
  if (get_parameter(s, name, rank, dims, init, true, &parameter) != VT_OK) return vt_void();
  return introduced(s.run, parameter);
}

void vt_state_write(vt_scope s, const char *name, const vt_tensor *value)
{
  vt_ctx *ctx = s.run->ctx;
  char full[FULL_NAME];
  if (vt_ctx_status(ctx) != VT_OK || full_name(s, name, full) != VT_OK) return;
  vt_parameter *parameter = vt_parameters_find(s.run->parameters, full);
  if (!parameter || !parameter->state || !vt_same_shape(parameter->value, value)) {
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s is no state of this shape", full);
    return;
  }
  vt_tensor *kept = vt_tensor_keep(ctx, value);
  if (!kept) return;
  vt_tensor_free(parameter->value);
  parameter->value = kept;
}

/* ---- names, noise ---- */

vt_tensor *vt_name(vt_scope s, vt_tensor *x, const char *name)
{
  vt_run *run = s.run;
  if (vt_is_void(x) || !(run->hook || run->record)) return x;
  char full[FULL_NAME];
  int occurrence;
  if (full_name(s, name, full) != VT_OK) return vt_void();
  if (run->record && vt_record_name(run->ctx, run->record, x, full) != VT_OK) return vt_void();
  if (!run->hook) return x;
  if (count_occurrence(run->ctx, run, full, &occurrence) != VT_OK) return vt_void();
  vt_tensor *other = run->hook(run->ctx, run->hook_user, full, occurrence, x);
  return other ? other : x;
}

vt_noise vt_noise_of(vt_scope s, const char *purpose)
{
  char text[FULL_NAME + 64];
  snprintf(text, sizeof text, "%s %s %llu", s.path, purpose, (unsigned long long)s.run->draws++);
  return (vt_noise){.seed = s.run->seed, .stream = vt_stream(text, s.run->step)};
}
