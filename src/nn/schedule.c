/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/schedule.h"

#include <math.h>

#define FIELD(name_, kind_, member, fallback_, ...)                                                          \
  {                                                                                                          \
    name_, kind_, offsetof(vt_schedule_settings, member), fallback_, __VA_ARGS__                             \
  }

const vt_field vt_schedule_fields[] = {
    FIELD("sched", VT_FIELD_CHOICE, kind, "cosine",
          .choices = "constant|cosine|linear|wsd|poly|step|epoch|plateau",
          .help = "how the learning rate changes", .aliases = "schedule"),
    FIELD("warmup", VT_FIELD_REAL, warmup, "0.05", VT_RANGE(0, 1e12),
          .help = "rising rate at the beginning: below 1 a share of all steps, otherwise steps"),
    FIELD("lr_floor", VT_FIELD_REAL, floor, "0.01", VT_RANGE(0, 1), .help = "share of the rate at the end"),
    FIELD("cooldown", VT_FIELD_REAL, cooldown, "0", VT_RANGE(0, 1),
          .help = "linear, wsd: share of the steps in which the rate falls; 0: all, .2"),
    FIELD("power", VT_FIELD_REAL, power, "0.9", VT_RANGE(0, 100), .help = "poly: exponent"),
    FIELD("milestones", VT_FIELD_REALS, milestones, "0.5,0.75", VT_RANGE(0, 1e12),
          .help = "step: where the rate drops, as shares of all steps or as steps"),
    FIELD("factor", VT_FIELD_REAL, factor, "0.1", VT_RANGE(0, 1),
          .help = "step, epoch, plateau: what the rate is multiplied by"),
    FIELD("plateau_patience", VT_FIELD_INT, patience, "3", VT_RANGE(1, 1000000),
          .help = "plateau: validations without improvement before the rate drops"),
};
const size_t vt_schedule_field_count = VT_COUNT(vt_schedule_fields);

/* A share of all steps, or steps. */
static double in_steps(double given, int64_t total)
{
  return given < 1 ? given * (double)total : given;
}

static double clamp(double value, double low, double high)
{
  return value < low ? low : value > high ? high : value;
}

double vt_schedule_share(const vt_schedule_settings *settings, int64_t step, int64_t total, int64_t epoch)
{
  double at = (double)step, warmup = floor(in_steps(settings->warmup, total)), low = settings->floor;
  if (at < warmup) return (at + 1) / warmup;
  double begin = warmup, cooldown = settings->cooldown;
  if (settings->kind == VT_SCHEDULE_WSD && cooldown == 0) cooldown = .2;
  if ((settings->kind == VT_SCHEDULE_WSD || settings->kind == VT_SCHEDULE_LINEAR) && cooldown > 0)
    begin = fmax(warmup, (double)total * (1 - cooldown));
  double t = clamp((at - begin) / fmax(1, (double)total - begin), 0, 1);
  switch ((vt_schedule_kind)settings->kind) {
  case VT_SCHEDULE_CONSTANT:
  case VT_SCHEDULE_PLATEAU:
    return 1;
  case VT_SCHEDULE_COSINE:
    return low + (1 - low) * .5 * (1 + cos(M_PI * t));
  case VT_SCHEDULE_LINEAR:
    return low + (1 - low) * (1 - t);
  case VT_SCHEDULE_WSD:
    return low + (1 - low) * (1 - sqrt(t));
  case VT_SCHEDULE_POLY:
    return low + (1 - low) * pow(1 - t, settings->power);
  case VT_SCHEDULE_STEP: {
    int past = 0;
    for (size_t i = 0; i < settings->milestones.count; i++)
      if (at >= in_steps(settings->milestones.data[i], total)) past++;
    return pow(settings->factor, past);
  }
  case VT_SCHEDULE_EPOCH:
    return pow(settings->factor, epoch > 0 ? (double)(step / epoch) : 0);
  }
  return 1;
}

vt_plateau vt_plateau_begin(void)
{
  return (vt_plateau){.share = 1};
}

void vt_plateau_tell(const vt_schedule_settings *settings, vt_plateau *plateau, double value, bool lower)
{
  if (settings->kind != VT_SCHEDULE_PLATEAU) return;
  if (!plateau->any || (lower ? value < plateau->best : value > plateau->best)) {
    plateau->best = value;
    plateau->any = true;
    plateau->waited = 0;
  } else if (++plateau->waited >= settings->patience) {
    plateau->share *= settings->factor;
    plateau->waited = 0;
  }
}
