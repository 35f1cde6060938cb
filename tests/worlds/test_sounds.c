/* SPDX-License-Identifier: Apache-2.0 */
#include "world_case.h"
#include "worlds/sounds.h"

enum { SIDE = VT_SOUND_SIDE, PIXELS = SIDE * SIDE };

typedef struct pictures {
  vt_sound_tables *tables;
  float wave[VT_SOUND_SAMPLES];
  uint8_t grey[PIXELS], without[PIXELS], mask[PIXELS], other[PIXELS];
} pictures;

static void picture(vt_ctx *ctx, pictures *p, const vt_sound *sound, uint8_t *grey)
{
  vt_sound_wave(sound, p->wave);
  assert_ok(ctx, vt_sound_picture(ctx, p->tables, p->wave, grey));
}

static pictures *new_pictures(vt_ctx *ctx)
{
  pictures *p = malloc(sizeof *p);
  assert_ok(ctx, vt_sound_tables_new(ctx, &p->tables));
  return p;
}

static void free_pictures(pictures *p)
{
  vt_sound_tables_free(p->tables);
  free(p);
}

static bool near_mask(const uint8_t *mask, int pixel)
{
  int x = pixel % SIDE, y = pixel / SIDE;
  for (int dy = -2; dy <= 2; dy++)
    for (int dx = -2; dx <= 2; dx++)
      if (x + dx >= 0 && x + dx < SIDE && y + dy >= 0 && y + dy < SIDE && mask[(y + dy) * SIDE + x + dx])
        return true;
  return false;
}

/* What an event changes lies in its box: windows and bands overlap, so two pixels around it count too, and
 * what is left is below a tenth of a decibel a pixel. Inside it stands out from the noise. */
static void test_box(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "sounds", "second=0", NULL);
  pictures *p = new_pictures(ctx);
  for (int i = 0; i < 200; i++) {
    vt_sound sound;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &sound));
    assert_int_equal(sound.count, 1);
    const vt_sound_event *event = &sound.events[0];
    assert_true(event->frame >= 2 && event->frame + event->frames <= SIDE - 2);
    assert_true(event->band >= 2 && event->band + event->bands <= SIDE - 2);
    picture(ctx, p, &sound, p->grey);
    vt_sound quiet = sound;
    quiet.count = 0;
    picture(ctx, p, &quiet, p->without);
    vt_sound_mask(event, p->mask);
    double outside = 0, loudest = 0, inside = 0;
    int far = 0, area = 0;
    for (int k = 0; k < PIXELS; k++) {
      double change = abs(p->grey[k] - p->without[k]) / 127.5 * 40;
      if (!near_mask(p->mask, k)) outside += change, far++;
      if (p->mask[k]) loudest = fmax(loudest, change), inside += change, area++;
    }
    assert_int_equal(area, event->frames * event->bands);
    assert_true(outside / far < .1);
    assert_true(loudest > 15);
    assert_true(inside / area > 1.5);
  }
  free_pictures(p);
  vt_world_close(world);
}

/* Noise alone: its floor is the blank. Its mean power is 1, its decibels are below (the logarithm of a
 * mean of a few exponential variables), their mean within 3 dB of the blank's. */
static void test_floor(void **state)
{
  vt_ctx *ctx = *state;
  pictures *p = new_pictures(ctx);
  double sum = 0, power = 0;
  for (int i = 0; i < 20; i++) {
    vt_sound noise = {.nuisance = vt_stream("floor", (uint64_t)i)};
    picture(ctx, p, &noise, p->grey);
    for (int k = 0; k < PIXELS; k++)
      sum += p->grey[k];
    for (int k = 0; k < VT_SOUND_SAMPLES; k++)
      power += (double)p->wave[k] * p->wave[k];
  }
  assert_near(power / (20. * VT_SOUND_SAMPLES), 1, .02);
  double decibel = (sum / (20. * PIXELS) - 127.5) / 127.5 * 40;
  print_message("# noise lies %.2f dB over the blank\n", decibel);
  assert_true(decibel > -3 && decibel < 0);
  free_pictures(p);
}

/* A steady tone is brightest in the band that holds its frequency, at the loudness that was asked for. */
static void test_tone(void **state)
{
  vt_ctx *ctx = *state;
  pictures *p = new_pictures(ctx);
  for (int band = 10; band < 60; band += 7) {
    double hertz = vt_sound_hertz(band + .5);
    for (int i = 0; i < VT_SOUND_SAMPLES; i++)
      p->wave[i] = (float)sin(2 * 3.14159265358979 * hertz * i / VT_SOUND_RATE);
    assert_ok(ctx, vt_sound_picture(ctx, p->tables, p->wave, p->grey));
    for (int frame = 0; frame < SIDE; frame++) {
      int best = 0;
      for (int row = 1; row < SIDE; row++)
        if (p->grey[row * SIDE + frame] > p->grey[best * SIDE + frame]) best = row;
      assert_true(abs(SIDE - 1 - best - band) <= 1);
      /* (sum of the window / 2)² / (its squares) = 16.3 dB, less what the band's triangle leaves to others */
      double decibel = (p->grey[best * SIDE + frame] - 127.5) / 127.5 * 40;
      assert_true(decibel > 9 && decibel < 16.5);
    }
  }
  free_pictures(p);
}

/* The second event is of another kind, softer, elsewhere; erased blocks are at the floor. */
static void test_second(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "sounds", "second=1", "block_erase=1");
  pictures *p = new_pictures(ctx);
  vt_dataset *set;
  int pairs = 0, erased = 0;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 300, &set));
  for (int i = 0; i < 300; i++) {
    vt_sound sound;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &sound));
    if (sound.count < 2) continue;
    pairs++;
    assert_int_equal(sound.events[0].kind, sound.label);
    assert_int_not_equal(sound.events[1].kind, sound.label);
    assert_true(sound.events[1].loudness < sound.events[0].loudness - 4.9);
    vt_sound_mask(&sound.events[0], p->mask);
    vt_sound_mask(&sound.events[1], p->other);
    for (int k = 0; k < PIXELS; k++)
      assert_false(p->mask[k] && p->other[k]);
  }
  assert_true(pairs > 250);
  size_t mark = vt_tensor_mark(ctx);
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, set, (const int64_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8, 1, NULL, &batch));
  const float *image = vt_batch_get(ctx, &batch, "image")->data;
  for (int block = 0; block < 8 * 64; block++) {
    const float *from = image + block / 64 * PIXELS + block % 64 / 8 * 8 * SIDE + block % 8 * 8;
    bool flat = true;
    for (int k = 0; k < 64; k++)
      flat = flat && fabsf(from[k / 8 * SIDE + k % 8]) < .005f;
    erased += flat;
  }
  assert_in_range(erased, 8 * 64 / 10, 8 * 64 * 8 / 10);
  vt_tensor_release(ctx, mark);
  vt_dataset_free(set);
  free_pictures(p);
  vt_world_close(world);
}

static void test_pure(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "sounds", NULL, NULL);
  check_scenes_pure(ctx, world);
  check_short_memory(ctx, world, 3);
  vt_world_close(world);
}

/* Mean and spread of the picture are a weak hint at the kind (chance .125), and so are place and size of the
 * box, which are drawn from the same numbers for all kinds but clicks. */
static void test_energy_tells_little(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "sounds", NULL, NULL);
  double leak = channel_leak(ctx, world, 1500);
  print_message("# energy tells %.3f (chance .125)\n", leak);
  assert_true(leak < .4);
  double area[VT_SOUND_KINDS] = {0}, middle[VT_SOUND_KINDS] = {0};
  int count[VT_SOUND_KINDS] = {0};
  for (int i = 0; i < 4000; i++) {
    vt_sound sound;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &sound));
    const vt_sound_event *event = &sound.events[0];
    area[sound.label] += event->frames * event->bands;
    middle[sound.label] += event->band + event->bands / 2.;
    count[sound.label]++;
  }
  for (int k = 0; k < VT_SOUND_KINDS; k++) {
    assert_true(count[k] > 400);
    assert_near(middle[k] / count[k], SIDE / 2., 2); /* 4 standard errors */
    if (k != VT_SOUND_CLICK) assert_near(area[k] / count[k], 20 * 23, 25);
  }
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_box, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_floor, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_tone, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_second, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pure, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_energy_tells_little, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/sounds", tests, NULL, NULL);
}
