/* SPDX-License-Identifier: Apache-2.0 */
#include "world_case.h"
#include "worlds/chest.h"

enum { MOST = 96 * 96 };
static const char *const forms[] = {"form=36", "form=13", "form=37"};

/* Sum of coverage of a finding; its centre in the body frame. */
static double covered(const vt_study *study, int finding, bool prior, vt_chest_planes *planes,
                      double centre[2])
{
  double sum = 0, middle[2] = {0};
  vt_chest_cover_finding(study, finding, prior, planes);
  for (int i = 0; i < study->px * study->px; i++) {
    double at[2], weight = planes->shape.coverage[i];
    if (weight <= 0) continue;
    vt_chest_unplace(prior ? &study->before : &study->body, i % study->px + .5, i / study->px + .5, at);
    sum += weight;
    middle[0] += weight * at[0];
    middle[1] += weight * at[1];
  }
  for (int axis = 0; centre && axis < 2; axis++)
    centre[axis] = sum > 0 ? middle[axis] / sum : 0;
  return sum;
}

/* Findings are where they are said to be, visible, of sizes in order, and change as they are said to. */
static void test_findings(void **state)
{
  vt_ctx *ctx = *state;
  for (int form = 0; form < 3; form++) {
    vt_world *world = open_with(ctx, "scans2d/chest", forms[form], "styles=1");
    double size[VT_FINDING_KINDS][VT_EXTENTS] = {{0}};
    int count[VT_FINDING_KINDS][VT_EXTENTS] = {{0}}, found = 0;
    static uint8_t bits[MOST];
    vt_chest_planes planes;
    assert_ok(ctx, vt_chest_planes_new(ctx, vt_chest_px(world), &planes));
    for (int i = 0; i < 600; i++) {
      vt_study study;
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &study));
      for (int k = 0; k < study.facts.findings; k++) {
        const vt_finding *f = &study.facts.finding[k];
        double centre[2], now = covered(&study, k, false, &planes, centre);
        double before = covered(&study, k, true, &planes, NULL);
        int64_t area;
        assert_ok(ctx, vt_chest_finding_mask(ctx, &study, k, bits, &area));
        found++;
        assert_int_equal(now > 0, f->change != VT_CHANGE_RESOLVED);
        assert_int_equal(before > 0, f->change >= VT_CHANGE_LARGER);

        if (f->change == VT_CHANGE_RESOLVED) {
          assert_int_equal(area, 0);
          continue;
        }
        double share = (double)area / (study.px * study.px);
        assert_true(share >= (form == 2 ? .003 : .001) && (form != 2 || share <= .03));
        if (f->side && f->kind != VT_COLLAPSE)
          assert_true((centre[0] > .1) == (f->side == VT_SIDE_LEFT) &&
                      (centre[0] < -.1) == (f->side == VT_SIDE_RIGHT));
        if (f->zone == VT_ZONE_UPPER) assert_true(centre[1] < -.33);
        if (f->zone == VT_ZONE_MIDDLE) assert_in_range((int)(100 * (centre[1] + 1)), 50, 110);
        if (f->zone == VT_ZONE_LOWER) assert_true(centre[1] > -.05);
        double scale = study.body.scale * study.body.scale, past = study.before.scale * study.before.scale;
        size[f->kind][f->extent] += form == 2 ? share : now / scale;
        count[f->kind][f->extent]++;
        if (f->kind == VT_ENLARGED_HEART || f->change < VT_CHANGE_LARGER) continue;
        double ratio = before / past / (now / scale); /* of areas in units of the body; borders cut some */
        if (f->change == VT_CHANGE_LARGER) assert_true(ratio < .93);
        if (f->change == VT_CHANGE_SMALLER && f->extent < VT_EXTENT_LARGE) assert_true(ratio > 1.08);
        if (f->change == VT_CHANGE_SAME) assert_true(ratio > .6 && ratio < 1.7);
      }
    }
    assert_true(found > 500);
    for (int kind = 0; kind < VT_FINDING_KINDS; kind++) {
      if (!count[kind][1]) continue;
      for (int extent = 1; extent < VT_EXTENTS; extent++)
        size[kind][extent] /= count[kind][extent];
      assert_true(size[kind][1] * 1.12 < size[kind][2] && size[kind][2] * 1.12 < size[kind][3]);
    }
    vt_chest_planes_free(&planes);
    vt_world_close(world);
  }
}

/* Zones are the lung cut in three; label maps show organs, findings and devices; taking a finding away
 * changes no pixel it does not cover. */
static void test_masks(void **state)
{
  vt_ctx *ctx = *state;
  static uint8_t bits[MOST], whole[MOST], rgb[3 * MOST], without[3 * MOST];
  for (int form = 0; form < 3; form++) {
    vt_world *world = open_with(ctx, "scans2d/chest", forms[form], NULL);
    vt_chest_planes planes;
    int px = vt_chest_px(world), pixels = px * px, dropped = 0;
    assert_ok(ctx, vt_chest_planes_new(ctx, px, &planes));
    for (int i = 0; i < 60; i++) {
      vt_study study, less;
      assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, &study));
      for (int side = 0; side < 2; side++) {
        int64_t area, lung, sum = 0;
        assert_ok(ctx, vt_chest_organ_mask(ctx, &study, (vt_organ)side, whole, &lung));
        for (int zone = 0; zone < 3; zone++) {
          assert_ok(ctx, vt_chest_region_mask(ctx, &study, 3 * side + zone, bits, &area));
          for (int p = 0; p < pixels; p++)
            assert_true(bits[p] <= whole[p]);
          sum += area;
        }
        assert_int_equal(sum, lung);
      }
      vt_item item;
      assert_ok(ctx, vt_world_show(ctx, world, &study, &item));
      int most[3] = {0};
      for (int p = 0; p < 3 * pixels; p++)
        most[p / pixels] = item.labels[p] > most[p / pixels] ? item.labels[p] : most[p / pixels];
      assert_in_range(most[0], 5, VT_ORGANS);
      assert_true(most[1] <= study.facts.findings && most[2] <= study.facts.devices);
      assert_int_equal(json_array_size(json_object_get(item.truth, "findings")), study.facts.findings);
      vt_item_free(&item);
      assert_ok(ctx, vt_chest_picture(ctx, &study, false, rgb));
      for (int k = 0; k < study.facts.findings; k++) {
        if (study.facts.finding[k].kind == VT_ENLARGED_HEART || !vt_chest_in_current(&study.facts.finding[k]))
          continue;
        less = study;
        vt_chest_drop_finding(&less, k);
        assert_ok(ctx, vt_chest_picture(ctx, &less, false, without));
        vt_chest_cover_finding(&study, k, false, &planes);
        int changed = 0;
        for (int p = 0; p < pixels; p++) {
          bool same = memcmp(rgb + 3 * p, without + 3 * p, 3) == 0;
          assert_true(same || planes.shape.coverage[p] > 0);
          changed += !same;
        }
        assert_true(changed > 3);
        dropped++;
      }
    }
    assert_true(dropped > 20);
    vt_chest_planes_free(&planes);
    vt_world_close(world);
  }
}

/* Reports of all studies say their study, in both languages and all styles, in at most 64 words that have
 * numbers. */
static void test_reports(void **state)
{
  vt_ctx *ctx = *state;
  for (int form = 0; form < 3; form++) {
    vt_world *world = open_with(ctx, "scans2d/chest", forms[form], NULL);
    int languages[VT_LANGUAGES] = {0};
    for (int i = 0; i < 700; i++) {
      vt_study study;
      vt_chest_facts read;
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &study));
      languages[study.language]++;
      for (int n = 0; n < VT_CHEST_STYLES * VT_LANGUAGES; n++) {
        char *text;
        int words = 1;
        vt_chest_style style;
        assert_ok(ctx, vt_chest_report(ctx, &study, (vt_chest_style)(n / 2), (vt_language)(n % 2), &text));
        assert_true(vt_chest_report_parse(text, (vt_language)(n % 2), &read, &style));
        assert_true(vt_chest_facts_equal(&read, &study.facts) && (int)style == n / 2);
        for (const char *at = text; *at; at++)
          words += *at == ' ';
        assert_true(words <= 64);
        vt_free(text);
      }
      vt_chest_facts facts = study.facts;
      vt_chest_flip(&study);
      for (int k = 0; k < study.facts.findings; k++)
        assert_true(study.facts.finding[k].side == VT_SIDE_NONE || study.facts.findings > 1 ||
                    study.facts.finding[k].side != facts.finding[k].side);
      vt_chest_flip(&study);
      assert_true(vt_chest_facts_equal(&facts, &study.facts));
    }
    assert_true(languages[0] == 350 && languages[1] == 350);
    vt_world_close(world);
  }
}

static double box_iou(const double *a, const float *b)
{
  double wide = fmin(a[2], b[2]) - fmax(a[0], b[0]), high = fmin(a[3], b[3]) - fmax(a[1], b[1]);
  double both = wide > 0 && high > 0 ? wide * high : 0;
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

/* Organs move: the mean box of the training items is no detector. */
static void test_mean_box(void **state)
{
  vt_ctx *ctx = *state;
  for (int form = 0; form < 3; form++) {
    vt_world *world = open_with(ctx, "scans2d/chest", forms[form], "styles=1");
    double mean[VT_CHEST_REGIONS][4] = {{0}}, overlap[VT_CHEST_REGIONS] = {0}, all = 0;
    int rows = form == 2 ? VT_CHEST_REGIONS : VT_ORGANS, seen[VT_CHEST_REGIONS] = {0},
        tested[VT_CHEST_REGIONS] = {0};
    for (int i = 0; i < 500; i++) {
      vt_study study;
      float boxes[VT_CHEST_REGIONS][4];
      void *out[VT_DATASET_FIELDS] = {[7] = boxes};
      vt_dataset_field table[VT_DATASET_FIELDS];
      assert_int_equal(world->preset->describe(world, table), VT_DATASET_FIELDS);
      assert_string_equal(table[7].name, "boxes");
      assert_ok(ctx, vt_world_record(ctx, world, i < 300 ? VT_TRAIN : VT_TEST, i, &study));
      assert_ok(ctx, world->preset->fill(ctx, world, &study, 0, out));
      for (int row = 0; row < rows; row++) {
        if (boxes[row][0] < 0) continue;
        if (i == 300 || (i > 300 && !tested[row]))
          for (int k = 0; k < 4 && !tested[row]; k++)
            mean[row][k] /= seen[row];
        if (i < 300) {
          for (int k = 0; k < 4; k++)
            mean[row][k] += boxes[row][k];
          seen[row]++;
        } else {
          overlap[row] += box_iou(mean[row], boxes[row]);
          tested[row]++;
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      assert_true(tested[row] > 150);
      print_message("# %s %s: mean box has IoU %.3f\n", forms[form],
                    form == 2 ? vt_chest_region_names[row] : vt_organ_names[row], overlap[row] / tested[row]);
      assert_true(overlap[row] / tested[row] <= .5);
      all += overlap[row] / tested[row] / rows;
    }
    print_message("# %s: mean box has IoU %.3f over all\n", forms[form], all);
    vt_world_close(world);
  }
}

static void test_pure(void **state)
{
  vt_ctx *ctx = *state;
  for (int form = 0; form < 3; form++) {
    vt_world *world = open_with(ctx, "scans2d/chest", forms[form], NULL);
    check_scenes_pure(ctx, world);
    check_short_memory(ctx, world, 3);
    vt_world_close(world);
  }
}

/* Neither brightness nor the kind of picture tells what is found: all kinds of findings are as frequent in
 * each, and pictures with a finding are about as bright as others. */
static void test_leaks(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "scans2d/chest", "form=36", NULL);
  int by[VT_MODALITIES][VT_FINDING_KINDS] = {{0}}, items[VT_MODALITIES] = {0};
  enum { ITEMS = 4000, PICTURES = 500 };
  for (int i = 0; i < ITEMS; i++) {
    vt_study study;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &study));
    items[study.modality]++;
    for (int k = 0; k < study.facts.findings; k++)
      by[study.modality][study.facts.finding[k].kind]++;
  }
  for (int kind = 0; kind < VT_CAVITY; kind++) {
    double total = 0;
    for (int m = 0; m < VT_MODALITIES; m++)
      total += by[m][kind];
    for (int m = 0; m < VT_MODALITIES; m++) { /* four standard deviations of a count */
      double expected = total * items[m] / ITEMS;
      assert_true(fabs(by[m][kind] - expected) < 4 * sqrt(expected));
    }
  }
  vt_world_close(world);
  world = open_with(ctx, "scans2d/chest", "form=37", NULL);
  static uint8_t rgb[3 * MOST];
  double sum[2] = {0}, square = 0, all = 0;
  int count[2] = {0};
  for (int i = 0; i < PICTURES; i++) {
    vt_study study;
    double mean = 0;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &study));
    assert_ok(ctx, vt_chest_picture(ctx, &study, false, rgb));
    for (int p = 0; p < 3 * MOST; p++)
      mean += rgb[p] / (3. * MOST);
    int found = study.facts.findings > 0;
    sum[found] += mean;
    count[found]++;
    all += mean / PICTURES;
    square += mean * mean / PICTURES;
  }
  double gap = fabs(sum[1] / count[1] - sum[0] / count[0]) / sqrt(square - all * all);
  print_message("# with a finding: %d of %d, %.2f standard deviations brighter or darker\n", count[1],
                PICTURES, gap);
  assert_true(gap < .3);
  vt_world_close(world);
}

/* The novel kinds are missing from training and there in the test split. */
static void test_novel(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "scans2d/chest", "form=37", "novel=true");
  int cavities[VT_SPLITS] = {0}, right[VT_SPLITS] = {0}, left[VT_SPLITS] = {0};
  for (int i = 0; i < 900; i++) {
    vt_study study;
    assert_ok(ctx, vt_world_record(ctx, world, (vt_split)(i % 3), i, &study));
    for (int k = 0; k < study.facts.findings; k++) {
      const vt_finding *f = &study.facts.finding[k];
      cavities[i % 3] += f->kind == VT_CAVITY;
      right[i % 3] += f->kind == VT_CONSOLIDATION && f->side == VT_SIDE_RIGHT;
      left[i % 3] += f->kind == VT_CONSOLIDATION && f->side == VT_SIDE_LEFT;
    }
  }
  assert_true(!cavities[VT_TRAIN] && !cavities[VT_VALIDATION] && cavities[VT_TEST] > 10);
  assert_true(!right[VT_TRAIN] && !right[VT_VALIDATION] && right[VT_TEST] > 5 && left[VT_TRAIN] > 10);
  vt_world_close(world);
}

static void test_fields(void **state)
{
  vt_ctx *ctx = *state;
  for (int form = 0; form < 3; form++) {
    vt_world *world = open_with(ctx, "scans2d/chest", forms[form], NULL);
    vt_dataset *set;
    assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 100, &set));
    for (int i = 0; i < 100; i++) {
      vt_study study;
      int64_t index = i;
      vt_batch batch;
      size_t mark = vt_tensor_mark(ctx);
      assert_ok(ctx, vt_batch_make(ctx, set, &index, 1, 0, NULL, &batch));
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &study));
      vt_tensor *findings = vt_batch_get(ctx, &batch, "findings"),
                *rows = vt_batch_get(ctx, &batch, "region_findings");
      const int64_t *tokens = vt_batch_get(ctx, &batch, "tokens")->data;
      int64_t labels = vt_bytes(findings), set_labels = 0, set_rows = 0, expected = 0;
      for (int64_t k = 0; k < labels; k++)
        set_labels += ((uint8_t *)findings->data)[k];
      for (size_t k = 0; k < vt_bytes(rows); k++)
        set_rows += ((uint8_t *)rows->data)[k];
      for (int k = 0; k < study.facts.findings; k++)
        expected += vt_chest_in_current(&study.facts.finding[k]);
      assert_true(set_labels <= expected && set_rows <= expected && (expected == 0) == (set_labels == 0));
      int64_t present = *(int64_t *)vt_batch_get(ctx, &batch, "prior_present")->data;
      assert_int_equal(present, study.has_prior);
      char *text;
      assert_ok(ctx, vt_chest_report(ctx, &study, study.style, study.language, &text));
      int count;
      const char *const *words = vt_scan_words(&count);
      const char *at = text;
      for (int k = 0; k < 64; k++) {
        assert_true(tokens[k] >= 0 && tokens[k] < count);
        if (!tokens[k]) continue;
        assert_int_equal(strncmp(at, words[tokens[k]], strlen(words[tokens[k]])), 0);
        at += strlen(words[tokens[k]]);
        at += *at == ' ';
      }
      assert_int_equal(*at, 0);
      vt_free(text);
      vt_tensor_release(ctx, mark);
    }
    vt_dataset_free(set);
    vt_world_close(world);
  }
}

/* Every setting changes what is made; a picture too small is refused. */
static void test_settings(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const settings[] = {"form=13",    "px=64",       "styles=1",   "language=zh",
                                         "shift=gain", "shift=noise", "shift=view", NULL};
  for (int i = 0; settings[i]; i++) {
    vt_world *usual = open_with(ctx, "scans2d/chest", NULL, NULL);
    vt_world *other = open_with(ctx, "scans2d/chest", settings[i], NULL);
    vt_study record;
    int differ = 0;
    for (int k = 0; k < 4; k++) {
      vt_item a, b;
      assert_ok(ctx, vt_world_record(ctx, usual, VT_TRAIN, k, &record));
      assert_ok(ctx, vt_world_show(ctx, usual, &record, &a));
      assert_ok(ctx, vt_world_record(ctx, other, VT_TRAIN, k, &record));
      assert_ok(ctx, vt_world_show(ctx, other, &record, &b));
      differ += a.width != b.width || strcmp(a.text, b.text) != 0 || memcmp(a.image, b.image, 3 * MOST) != 0;
      vt_item_free(&a);
      vt_item_free(&b);
    }
    assert_true(differ > 0);
    vt_world_close(usual);
    vt_world_close(other);
  }
  vt_world *world;
  const char *small = "px=40";
  assert_fails(ctx, vt_world_open(ctx, "scans2d/chest", &small, 1, 0, &world), VT_ERROR_INVALID_ARGUMENT,
               "48 pixels");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_findings, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_masks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_reports, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_mean_box, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pure, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_leaks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_novel, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_fields, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_settings, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/chest", tests, NULL, NULL);
}
