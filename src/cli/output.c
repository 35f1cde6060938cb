/* SPDX-License-Identifier: Apache-2.0
 *
 * Results on disk and on standard output.
 */
#include "cli/output.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explain/explanation.h"

vt_status cli_print_json(cli *run, const json_t *json)
{
  char *text = NULL;
  VT_TRY(vt_json_text(run->ctx, json, &text));
  vt_status status = VT_OK;
  if (fputs(text, stdout) == EOF)
    status = vt_fail(run->ctx, VT_ERROR_IO, "cannot write to standard output: %s", strerror(errno));
  vt_free(text);
  return status;
}

bool cli_is_folder(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

char *cli_folder_name(vt_ctx *ctx, const char *image)
{
  const char *name = vt_path_name(image), *dot = strrchr(name, '.');
  if (dot && dot != name) return vt_strndup(ctx, name, (size_t)(dot - name));
  return vt_format(ctx, "%s-explained",
                   *name ? name : "image"); /* no extension: not over the picture itself */
}

static vt_status fail_errno(cli *run, vt_status status, const char *path, const char *what)
{
  return vt_fail(run->ctx, status, "%s: %s: %s", path, what, strerror(errno));
}

vt_status cli_folder_check(cli *run, const char *target, bool force, cli_folder *out)
{
  *out = (cli_folder){.force = force};
  struct stat info;
  size_t length = strlen(target);
  if (length == 0)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--out: the name of the folder is empty");
  while (length > 1 && target[length - 1] == '/')
    length--;
  out->target = vt_strndup(run->ctx, target, length);
  if (!out->target) return VT_ERROR_OUT_OF_MEMORY;
  bool exists = lstat(out->target, &info) == 0;
  if (exists && !force)
    return vt_fail(run->ctx, VT_ERROR_EXISTS,
                   "%s exists; choose another place with --out DIR, or overwrite with --force", out->target);
  if (exists && stat(out->target, &info) == 0 && !S_ISDIR(info.st_mode))
    return vt_fail(run->ctx, VT_ERROR_EXISTS, "%s is not a folder", out->target);
  char *parent = vt_path_directory(run->ctx, out->target);
  if (!parent) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  /* parents that do not exist yet are made later; the first one that does must let us write */
  while (status == VT_OK && access(parent, F_OK) != 0 && strcmp(parent, ".") != 0 &&
         strcmp(parent, "/") != 0) {
    char *above = vt_path_directory(run->ctx, parent);
    vt_free(parent);
    parent = above;
    if (!parent) return VT_ERROR_OUT_OF_MEMORY;
  }
  const char *written = exists ? out->target : parent;
  if (stat(written, &info) == 0 && !S_ISDIR(info.st_mode))
    status = vt_fail(run->ctx, VT_ERROR_IO, "%s: cannot be made: %s is not a folder", out->target, written);
  else if (access(written, W_OK | X_OK) != 0)
    status = fail_errno(run, VT_ERROR_IO, out->target, exists ? "cannot write into it" : "cannot be made");
  vt_free(parent);
  return status;
}

vt_status cli_folder_begin(cli *run, cli_folder *folder)
{
  char *parent = vt_path_directory(run->ctx, folder->target);
  if (!parent) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_make_directory(run->ctx, parent);
  vt_free(parent);
  VT_TRY(status);
  folder->work = vt_format(run->ctx, "%s.part-%ld", folder->target, (long)getpid());
  if (!folder->work) return VT_ERROR_OUT_OF_MEMORY;
  if (mkdir(folder->work, 0777) == 0) return VT_OK;
  status = fail_errno(run, VT_ERROR_IO, folder->work, "cannot make the folder");
  vt_free(folder->work);
  folder->work = NULL;
  return status;
}

/* Calls `act` for each file of the folder; false when one fails. */
static bool each_file(const char *folder, bool (*act)(const char *path, const char *name, void *user),
                      void *user)
{
  DIR *directory = opendir(folder);
  if (!directory) return false;
  bool good = true;
  for (struct dirent *entry; good && (entry = readdir(directory));) {
    char path[4096];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path) good = false;
    if (good) good = act(path, entry->d_name, user);
  }
  closedir(directory);
  return good;
}

static bool remove_tree(const char *path, const char *name, void *user)
{
  struct stat info;
  VT_UNUSED(name);
  VT_UNUSED(user);
  if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
    each_file(path, remove_tree, NULL);
    return rmdir(path) == 0;
  }
  return unlink(path) == 0;
}

/* Moves a file, or the files of a folder, into the folder `user`. */
static bool move_into(const char *path, const char *name, void *user)
{
  char target[4096];
  struct stat info;
  if (snprintf(target, sizeof target, "%s/%s", (const char *)user, name) >= (int)sizeof target) return false;
  if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return rename(path, target) == 0;
  if (mkdir(target, 0777) != 0 && errno != EEXIST) return false;
  return each_file(path, move_into, target) && rmdir(path) == 0;
}

vt_status cli_folder_finish(cli *run, cli_folder *folder)
{
  bool moved;
  if (folder->force && vt_file_exists(folder->target))
    moved = each_file(folder->work, move_into, folder->target) && rmdir(folder->work) == 0;
  else
    moved = rename(folder->work, folder->target) == 0;
  if (!moved) return fail_errno(run, VT_ERROR_IO, folder->target, "cannot put the results in place");
  vt_free(folder->work);
  folder->work = NULL;
  return VT_OK;
}

void cli_folder_close(cli_folder *folder)
{
  if (folder->work) remove_tree(folder->work, NULL, NULL);
  vt_free(folder->work);
  vt_free(folder->target);
  *folder = (cli_folder){0};
}
