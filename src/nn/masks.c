/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/masks.h"

vt_tensor *vt_mask_causal(vt_ctx *ctx, int64_t queries, int64_t keys, int64_t offset, int64_t window)
{
  vt_tensor *query = vt_unsqueeze(ctx, vt_range(ctx, offset, offset + queries), 1); // [queries, 1]
  vt_tensor *key = vt_unsqueeze(ctx, vt_range(ctx, 0, keys), 0);                    // [1, keys]
  vt_tensor *open = vt_pair(ctx, "LessOrEqual", key, query);
  if (window <= 0) return open;
  vt_tensor *behind = vt_sub_of(ctx, query, key);
  return vt_pair(ctx, "And", open, vt_pair(ctx, "Less", behind, vt_integers(ctx, 1, &window)));
}

vt_tensor *vt_mask_window(vt_ctx *ctx, int64_t count, int64_t window)
{
  vt_tensor *place = vt_range(ctx, 0, count);
  vt_tensor *apart = vt_sub_of(ctx, vt_unsqueeze(ctx, place, 1), vt_unsqueeze(ctx, place, 0));
  return vt_pair(ctx, "Less", vt_map(ctx, "Abs", apart), vt_integers(ctx, 1, &window));
}

vt_tensor *vt_mask_keys(vt_ctx *ctx, vt_tensor *valid)
{
  vt_tensor *there = vt_cast(ctx, valid, VT_BOOL);
  return vt_unsqueeze(ctx, vt_unsqueeze(ctx, there, 1), 1);
}

vt_tensor *vt_mask_regions(vt_ctx *ctx, vt_tensor *query_ids, vt_tensor *key_ids)
{
  vt_tensor *same =
      vt_equal(ctx, vt_unsqueeze(ctx, query_ids, -1), vt_unsqueeze(ctx, key_ids, 1)); // [batch, Q, K]
  return vt_unsqueeze(ctx, same, 1);
}

vt_tensor *vt_mask_above(vt_ctx *ctx, vt_tensor *activation, double threshold)
{
  return vt_pair(ctx, "Greater", activation, vt_number(ctx, threshold));
}

vt_tensor *vt_mask_and(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  if (!a || !b) return a ? a : b;
  return vt_pair(ctx, "And", a, b);
}

vt_tensor *vt_mask_reopen(vt_ctx *ctx, vt_tensor *mask)
{
  vt_tensor *any = vt_max_axis(ctx, vt_cast(ctx, mask, VT_F32), -1, true);
  vt_tensor *closed = vt_map(ctx, "Not", vt_cast(ctx, any, VT_BOOL));
  return vt_pair(ctx, "Or", mask, closed);
}

vt_tensor *vt_mask_additive(vt_ctx *ctx, vt_tensor *mask)
{
  if (!mask || mask->type != VT_BOOL) return mask;
  return vt_where(ctx, mask, vt_number(ctx, 0), vt_number(ctx, VT_BLOCKED));
}

/* ---- windows of a grid ---- */

vt_tensor *vt_window_ids(vt_ctx *ctx, int64_t height, int64_t width, int64_t side, int64_t shift)
{
  if (side < 1 || shift < 0 || shift >= side) {
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "windows of side %lld cannot be shifted by %lld",
                  (long long)side, (long long)shift);
    return vt_void();
  }
  vt_tensor *ids = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){1, height * width});
  if (!ids) return vt_void();
  /* a grid moved by `shift` begins with cut windows: their rows count from `side − shift` */
  int64_t before = (side - shift) % side, across = (width + before + side - 1) / side;
  int64_t *data = ids->data;
  for (int64_t y = 0; y < height; y++)
    for (int64_t x = 0; x < width; x++)
      data[y * width + x] = (y + before) / side * across + (x + before) / side;
  return ids;
}

static bool divides(vt_ctx *ctx, int64_t height, int64_t width, int64_t side)
{
  if (side > 0 && height % side == 0 && width % side == 0) return true;
  (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "windows of side %lld do not divide a grid of %lld by %lld",
                (long long)side, (long long)height, (long long)width);
  return false;
}

vt_tensor *vt_window_cut(vt_ctx *ctx, vt_tensor *x, int64_t height, int64_t width, int64_t side)
{
  if (vt_is_void(x) || !divides(ctx, height, width, side)) return vt_void();
  int64_t channels = vt_dim(x, -1), batch = vt_dim(x, 0);
  vt_tensor *grid = vt_reshape(ctx, x, VT_DIMS(batch, height / side, side, width / side, side, channels));
  grid = vt_transpose(ctx, grid, VT_DIMS(0, 1, 3, 2, 4, 5));
  return vt_reshape(ctx, grid, VT_DIMS(-1, side * side, channels));
}

vt_tensor *vt_window_join(vt_ctx *ctx, vt_tensor *windows, int64_t height, int64_t width, int64_t side)
{
  if (vt_is_void(windows) || !divides(ctx, height, width, side)) return vt_void();
  int64_t channels = vt_dim(windows, -1);
  vt_tensor *grid = vt_reshape(ctx, windows, VT_DIMS(-1, height / side, width / side, side, side, channels));
  grid = vt_transpose(ctx, grid, VT_DIMS(0, 1, 3, 2, 4, 5));
  return vt_reshape(ctx, grid, VT_DIMS(0, height * width, channels));
}
