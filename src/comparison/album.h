/* SPDX-License-Identifier: Apache-2.0
 *
 * The pictures of a comparison: from a folder or a list, with true classes and masks where there are any.
 */
#ifndef VT_COMPARISON_ALBUM_H
#define VT_COMPARISON_ALBUM_H

#include "vitrail/explain.h"

typedef struct vt_album_picture {
  char *path; /* as it is opened */
  char *name; /* of the file without its ending, made unique by a number; names results and finds masks */
  int label;  /* true class; −1: not known */
  char *mask; /* file of what decides; NULL: none */
} vt_album_picture;

typedef struct vt_album {
  vt_album_picture *pictures;
  size_t count, capacity;
  size_t labelled, masked; /* how many have a label, a mask */
} vt_album;

/* `path` is a folder (its pictures by rising name; other files are passed over) or a list: .csv, .tsv, or
 * anything else with a path a line. Tables have the paths in the column "path", "image" or "file" and the
 * classes (index or name) in "label" or "class"; without such headings in the first and the second. Paths
 * are relative to the list. `masks` (NULL: none): a folder with NAME.png or NAME.npy, the pictures without
 * one have no mask. VT_ERROR_INVALID_ARGUMENT when there is no picture, when a label is no class of the
 * model (`model` NULL: labels are not read), and when there is no mask at all. Whether pictures can be
 * opened is not looked at. Free with vt_album_free(). */
vt_status vt_album_read(vt_ctx *ctx, const vt_model *model, const char *path, const char *masks,
                        vt_album *out);
void vt_album_free(vt_album *album);

#endif
