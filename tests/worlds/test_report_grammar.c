/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "worlds/report_grammar.h"
#include "worlds/world.h"

/* Studies of every kind: with and without prior, up to four findings and four devices. */
static vt_chest_facts draw_facts(uint64_t seed)
{
  vt_draw draw = vt_draw_start(seed, "facts");
  vt_chest_facts facts = {0};
  bool prior = vt_draw_chance(&draw, .5);
  int findings = vt_draw_below(&draw, 5), devices = vt_draw_below(&draw, 4);
  for (int i = 0; i < findings; i++) {
    vt_finding f = {.kind = (vt_finding_kind)vt_draw_below(&draw, VT_FINDING_KINDS)};
    if (vt_finding_rows[f.kind].sided) f.side = (vt_side)(1 + vt_draw_below(&draw, 2));
    if (vt_finding_rows[f.kind].zoned) f.zone = (vt_zone)(1 + vt_draw_below(&draw, 3));
    if (prior) f.change = (vt_change)(1 + vt_draw_below(&draw, VT_CHANGES - 1));
    if (f.change != VT_CHANGE_RESOLVED) f.extent = (vt_extent)(1 + vt_draw_below(&draw, 3));
    vt_chest_facts_add_finding(&facts, f);
  }
  for (int i = 0; i < devices; i++) {
    vt_device device = {.kind = (vt_device_kind)vt_draw_below(&draw, VT_DEVICE_KINDS)};
    if (device.kind == VT_TUBE || device.kind == VT_LINE)
      device.placement = (vt_placement)(1 + vt_draw_below(&draw, 3));
    if (device.kind == VT_PACEMAKER) device.side = (vt_side)(1 + vt_draw_below(&draw, 2));
    vt_chest_facts_add_device(&facts, device);
  }
  return facts;
}

/* Each word of the text is in the list; the count of words through the return value. */
static int check_words(const char *text)
{
  char word[64];
  int count = 0;
  while (*text) {
    size_t length = strcspn(text, " ");
    assert_true(length > 0 && length < sizeof word);
    memcpy(word, text, length);
    word[length] = 0;
    if (vt_scan_word(word) < 0) fail_msg("'%s' is not in the list of words", word);
    text += length;
    text += *text == ' ';
    count++;
  }
  return count;
}

/* Every report says exactly its study and shows its style; the other language does not understand it. */
static void test_round_trip(void **state)
{
  vt_ctx *ctx = *state;
  int longest = 0;
  for (uint64_t seed = 0; seed < 6000; seed++) {
    vt_chest_facts facts = draw_facts(seed), read;
    for (int style = 0; style < VT_CHEST_STYLES; style++)
      for (int language = 0; language < VT_LANGUAGES; language++) {
        char *text;
        vt_chest_style read_style;
        assert_ok(ctx, vt_chest_report_write(ctx, &facts, (vt_chest_style)style, (vt_language)language, seed,
                                             &text));
        if (!vt_chest_report_parse(text, (vt_language)language, &read, &read_style) ||
            !vt_chest_facts_equal(&facts, &read) || (int)read_style != style)
          fail_msg("seed %d, %s %s: %s", (int)seed, vt_language_names[language], vt_chest_style_names[style],
                   text);
        int count = check_words(text);
        longest = count > longest ? count : longest;
        assert_false(vt_chest_report_parse(text, (vt_language)!language, &read, NULL));
        vt_free(text);
      }
  }
  print_message("# longest report: %d words\n", longest);
  assert_true(longest <= 100 && longest < VT_CHEST_WORDS);
}

static void expect(const char *text, vt_language language, vt_chest_style style, vt_chest_facts facts)
{
  vt_chest_facts read;
  vt_chest_style read_style;
  if (!vt_chest_report_parse(text, language, &read, &read_style)) fail_msg("unparsable: %s", text);
  assert_true(vt_chest_facts_equal(&facts, &read));
  assert_int_equal(read_style, style);
}

/* Texts written by hand. */
static void test_examples(void **state)
{
  VT_UNUSED(state);
  vt_chest_facts one = {0};
  assert_true(vt_chest_facts_add_finding(
      &one, (vt_finding){VT_NODULE, VT_SIDE_LEFT, VT_ZONE_UPPER, VT_EXTENT_SMALL, VT_CHANGE_NEW}));
  assert_true(vt_chest_facts_add_finding(
      &one, (vt_finding){VT_EFFUSION, VT_SIDE_RIGHT, VT_ZONE_NONE, VT_EXTENT_NONE, VT_CHANGE_RESOLVED}));
  assert_true(vt_chest_facts_add_device(&one, (vt_device){VT_TUBE, VT_PLACEMENT_DEEP, VT_SIDE_NONE}));
  expect("there is a tiny left upper nodule , not seen before . the right effusion has resolved . "
         "the breathing tube is too low . there is no pneumothorax .",
         VT_ENGLISH, VT_CHEST_PROSE, one);
  expect("resolved right pleural effusion ; new small left upper round lesion ; endotracheal tube too deep .",
         VT_ENGLISH, VT_CHEST_TERSE, one);
  expect("- nodule : left upper , small , new - effusion : right , resolved - breathing tube : too deep",
         VT_ENGLISH, VT_CHEST_LIST, one);
  expect("左侧 上 肺野 可见 一 枚 小 结节 ， 为 新 发 。 右侧 原有 胸腔 积液 已 消失 。 气管 插管 可见 ， "
         "位置 过 深 。",
         VT_CHINESE, VT_CHEST_PROSE, one);
  vt_chest_facts normal = {0};
  expect("the chest is normal .", VT_ENGLISH, VT_CHEST_PROSE, normal);
  expect("- 异常 ： 无", VT_CHINESE, VT_CHEST_LIST, normal);
}

static void test_unparsable(void **state)
{
  VT_UNUSED(state);
  static const char *const english[] = {
      /* off the grammar, impossible, contradictory, of two styles or another language */
      "",
      ".",
      "small left upper nodule",                /* no end */
      "there is a small left nodule .",         /* no zone */
      "there is a small left upper effusion .", /* a zone too many */
      "there is a left upper nodule .",         /* no size */
      "there is a small left upper nodule . there is a small left upper nodule , unchanged .",
      "there is a small left upper nodule . there is no nodule .",
      "there is a small left upper nodule . no abnormality is seen .",
      "there is a mild left upper nodule .",                             /* not a word for its size */
      "there is a small left upper nodule . new large right collapse .", /* two styles */
      "small left upper nodule ; ; no effusion .",
      "the pacemaker is too deep .",
      "- nodule : left upper , small , resolved",
      "there is a small small left upper nodule .",
      "左侧 气胸 少量 。",
  };
  vt_chest_facts facts;
  for (size_t i = 0; i < VT_COUNT(english); i++) {
    if (vt_chest_report_parse(english[i], VT_ENGLISH, &facts, NULL)) fail_msg("parsed: %s", english[i]);
    assert_int_equal(facts.findings + facts.devices, 0);
  }
  /* said twice is said once */
  assert_true(vt_chest_report_parse(
      "there is a small left upper nodule . there is a tiny left upper nodule .", VT_ENGLISH, &facts, NULL));
  assert_int_equal(facts.findings, 1);
  char text[4 * VT_CHEST_WORDS + 8] = "";
  for (int i = 0; i < VT_CHEST_WORDS + 1; i++)
    strcat(text, "a ");
  assert_false(vt_chest_report_parse(text, VT_ENGLISH, NULL, NULL));
}

/* A word moved, dropped or doubled: never read as the same study in another style, never a crash. */
static void test_damaged(void **state)
{
  vt_ctx *ctx = *state;
  int parsed = 0, tried = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    vt_chest_facts facts = draw_facts(seed), read;
    char *text, *damaged = malloc(4096);
    vt_language language = (vt_language)(seed % 2);
    assert_ok(ctx, vt_chest_report_write(ctx, &facts, (vt_chest_style)(seed % 3), language, seed, &text));
    for (char *blank = strchr(text, ' '); blank;
         blank = strchr(blank + 1, ' ')) { /* the word after it goes */
      size_t head = (size_t)(blank - text);
      memcpy(damaged, text, head);
      strcpy(damaged + head, blank + 1 + strcspn(blank + 1, " "));
      tried++;
      parsed += vt_chest_report_parse(damaged, language, &read, NULL) && vt_chest_facts_equal(&facts, &read);
    }
    free(damaged);
    vt_free(text);
  }
  print_message("# of %d texts that lack a word %d say the same\n", tried, parsed);
  assert_true(parsed < tried / 10);
}

static void test_words(void **state)
{
  VT_UNUSED(state);
  int count;
  const char *const *words = vt_scan_words(&count);
  assert_true(count <= VT_SCAN_WORDS);
  for (int i = 0; i < count; i++)
    assert_int_equal(vt_scan_word(words[i]), i); /* so no word is there twice */
  assert_int_equal(vt_scan_word("no such word"), -1);
}

/* The same facts in the two languages have another order: finding before place here, after it there. */
static void test_order_differs(void **state)
{
  vt_ctx *ctx = *state;
  vt_chest_facts facts = {0};
  vt_chest_facts_add_finding(
      &facts, (vt_finding){VT_NODULE, VT_SIDE_LEFT, VT_ZONE_UPPER, VT_EXTENT_SMALL, VT_CHANGE_NONE});
  for (uint64_t seed = 0; seed < 20; seed++) {
    char *english, *chinese;
    assert_ok(ctx, vt_chest_report_write(ctx, &facts, VT_CHEST_TERSE, VT_ENGLISH, seed, &english));
    assert_ok(ctx, vt_chest_report_write(ctx, &facts, VT_CHEST_TERSE, VT_CHINESE, seed, &chinese));
    const char *lump = strstr(chinese, "结节") ? strstr(chinese, "结节") : strstr(chinese, "病灶");
    assert_true(strncmp(english, "small", 5) == 0 || strncmp(english, "tiny", 4) == 0);
    assert_true(lump && strstr(chinese, "小") > lump && strstr(chinese, "左侧") < lump);
    vt_free(english);
    vt_free(chinese);
  }
}

static void test_short_memory(void **state)
{
  vt_ctx *ctx = *state;
  vt_chest_facts facts = draw_facts(3);
  char *text;
  int failures = 0;
  for (long n = 1;; n++, failures++) {
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_chest_report_write(ctx, &facts, VT_CHEST_PROSE, VT_CHINESE, 1, &text);
    vt_ctx_fail_allocation(ctx, 0);
    if (status == VT_OK) break;
    assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    assert_null(text);
    vt_ctx_clear(ctx);
  }
  assert_true(failures > 0);
  vt_free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_round_trip, new_context, free_context),
      cmocka_unit_test(test_examples),
      cmocka_unit_test(test_unparsable),
      cmocka_unit_test_setup_teardown(test_damaged, new_context, free_context),
      cmocka_unit_test(test_words),
      cmocka_unit_test_setup_teardown(test_order_differs, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_short_memory, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/report_grammar", tests, NULL, NULL);
}
