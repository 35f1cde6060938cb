/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding and opening models, reading pictures.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/bundled.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/terminal.h"

#define DEFAULT_MODEL "efficientnet_lite0.onnx"
#ifndef VITRAIL_DATADIR
#define VITRAIL_DATADIR "/usr/local/share"
#endif

const vt_field cli_model_fields[] = {
    {"model", VT_FIELD_STRING, offsetof(cli_model_settings, model),
     .help =
         "ONNX file; its sidecar MODEL.json says how pictures are prepared [$VITRAIL_MODEL, or " DEFAULT_MODEL
         " in ./models, $XDG_DATA_HOME/vitrail/models, the installed data folder; when there is none: "
         "bundled, a small classifier of drawings inside the program]"},
    {"preprocess", VT_FIELD_STRING, offsetof(cli_model_settings, preprocess),
     .help = "sidecar file instead of MODEL.json"},
    {"output", VT_FIELD_STRING, offsetof(cli_model_settings, output),
     .help = "name of the model's output to explain [the sidecar's, or the first]"},
    {"max_memory", VT_FIELD_STRING, offsetof(cli_model_settings, max_memory),
     .help = "most memory to hold at once, such as 800M or 2G [all that the machine has]"},
    {"allow_loader", VT_FIELD_STRING, offsetof(cli_model_settings, allow_loader),
     .help = "also open pictures with this libvips loader, such as svgload or openslideload; its formats are "
             "off because it is not hardened against hostile files"},
};
const size_t cli_model_field_count = VT_COUNT(cli_model_fields);

vt_status cli_model_path(cli *run, const char *given, char **out)
{
  *out = NULL;
  const char *named = given ? given : getenv("VITRAIL_MODEL");
  if (named && *named) {
    *out = vt_strdup(run->ctx, named);
    return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
  const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
  char *places[3] = {
      vt_strdup(run->ctx, "models/" DEFAULT_MODEL),
      data && *data ? vt_format(run->ctx, "%s/vitrail/models/" DEFAULT_MODEL, data)
                    : vt_format(run->ctx, "%s/.local/share/vitrail/models/" DEFAULT_MODEL, home ? home : ""),
      vt_strdup(run->ctx, VITRAIL_DATADIR "/vitrail/models/" DEFAULT_MODEL)};
  for (int i = 0; i < 3; i++) {
    if (places[i] && !*out && vt_file_exists(places[i]))
      *out = places[i];
    else
      vt_free(places[i]);
  }
  if (!*out) *out = vt_strdup(run->ctx, VT_BUNDLED_NAME);
  return vt_ctx_status(run->ctx);
}

/* A kernel that promises more than it has would end the run in the middle; 0 when it does not say. */
static uint64_t machine_memory(void)
{
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

vt_status cli_limit_memory(cli *run, const char *text)
{
  uint64_t bytes;
  run->stage = CLI_USAGE;
  VT_TRY(cli_parse_bytes(run->ctx, "max-memory", text, &bytes));
  vt_ctx_set_max_memory(run->ctx, bytes ? bytes : machine_memory());
  return VT_OK;
}

static vt_status open_model(cli *run, const cli_model_settings *settings, const char *path,
                            const char *embedding, vt_model **out)
{
  vt_ctx *ctx = run->ctx;
  if (!cli_is_bundled(path))
    return vt_model_open(ctx, path, settings->preprocess, settings->output, embedding, out);
  if (settings->preprocess) {
    run->stage = CLI_USAGE;
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--preprocess: the bundled model brings its own sidecar; name the model it is for with "
                   "--model FILE.onnx");
  }
  VT_TRY(vt_model_open_bundled(ctx, settings->output, embedding, out));
  const char *named = settings->model ? settings->model : getenv("VITRAIL_MODEL");
  cli_bundled_say(run, named && *named, vt_model_notice(*out));
  return VT_OK;
}

vt_status cli_model_open(cli *run, const cli_model_settings *settings, const char *embedding, char **path,
                         vt_model **out)
{
  if (settings->allow_loader) VT_TRY(vt_allow_loader(run->ctx, settings->allow_loader));
  VT_TRY(cli_limit_memory(run, settings->max_memory));
  run->stage = CLI_MODEL;
  VT_TRY(cli_model_path(run, settings->model, path));
  cli_note(run, "model %s", *path);
  VT_TRY(open_model(run, settings, *path, embedding, out));
  const char *assumption;
  /* the printed explanation says it itself */
  for (int i = 0; (assumption = vt_model_assumption(*out, i)); i++)
    if (run->common.json || run->verb != &cli_explain) cli_warn(run, "assumed: %s", assumption);
  return VT_OK;
}

/* A seekable copy of standard input in memory; its path into `path`. */
static vt_status keep_input(cli *run, const unsigned char *bytes, size_t size, char path[64], int *file)
{
  *file = memfd_create("vitrail-input", MFD_CLOEXEC);
  if (*file < 0) return vt_fail(run->ctx, VT_ERROR_IO, "standard input: %s", strerror(errno));
  for (size_t done = 0; done < size;) {
    ssize_t put = write(*file, bytes + done, size - done);
    if (put < 0 && errno != EINTR)
      return vt_fail(run->ctx, VT_ERROR_IO, "standard input: %s", strerror(errno));
    if (put > 0) done += (size_t)put;
  }
  snprintf(path, 64, "/proc/self/fd/%d", *file);
  return VT_OK;
}

vt_status cli_photo_read(cli *run, const char *path, vt_image **out, char sha256[65])
{
  run->stage = CLI_INPUT;
  bool standard = strcmp(path, "-") == 0;
  unsigned char *bytes = NULL;
  size_t size = 0;
  int file = -1;
  char copy[64];
  vt_status status;
  vt_image_limits limits = vt_image_limits_default();
  VT_TRY(vt_read_file(run->ctx, standard ? "/dev/stdin" : path, (size_t)limits.max_bytes, &bytes, &size));
  vt_sha256_hex(bytes, size, sha256);
  if (standard) {
    VT_TRY_DONE(keep_input(run, bytes, size, copy, &file));
    path = copy;
  }
  vt_free(bytes);
  bytes = NULL;
  status = vt_image_read(run->ctx, path, &limits, out);
  if (status != VT_OK && standard) status = vt_fail_prefix(run->ctx, "standard input");
done:
  if (file >= 0) close(file);
  vt_free(bytes);
  return status;
}

typedef struct look {
  const vt_model *model;
  const vt_image *picture;
  double *probabilities;
} look;

static void compose_whole(void *user, int item, float *input)
{
  const look *of = user;
  VT_UNUSED(item);
  vt_preprocess_floats(vt_model_preprocess(of->model), of->picture, input);
}

static void take_whole(void *user, int item, const float *output, const float *embedding)
{
  const look *of = user;
  VT_UNUSED(item);
  VT_UNUSED(embedding);
  vt_model_probabilities(of->model, output, of->probabilities);
}

vt_status cli_top_classes(cli *run, vt_model *model, const vt_image *picture, int most, vt_class_score *out,
                          int *count)
{
  int classes = vt_model_classes(model);
  *count = 0;
  look of = {model, picture, vt_alloc_zero(run->ctx, (size_t)classes, sizeof(double))};
  if (!of.probabilities) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_model_run(run->ctx, model, 1, 1, compose_whole, take_whole, &of);
  while (status == VT_OK && *count < most && *count < classes) {
    int best = 0;
    for (int i = 1; i < classes; i++)
      if (of.probabilities[i] > of.probabilities[best]) best = i;
    out[(*count)++] = (vt_class_score){best, of.probabilities[best]};
    of.probabilities[best] = -1;
  }
  vt_free(of.probabilities);
  return status;
}
