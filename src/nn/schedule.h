/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedules: which share of the learning rate a step takes. A pure function of settings, step and length of
 * the run, so that a run that goes on later meets the same rates; only "plateau" looks at results and keeps a
 * state.
 */
#ifndef VT_NN_SCHEDULE_H
#define VT_NN_SCHEDULE_H

#include "base/params.h"

typedef enum vt_schedule_kind {
  VT_SCHEDULE_CONSTANT,
  VT_SCHEDULE_COSINE, /* floor + (1 − floor) (1 + cos πt) / 2 */
  VT_SCHEDULE_LINEAR, /* 1, then over the last `cooldown` of the steps (default: all) evenly to floor */
  VT_SCHEDULE_WSD,    /* 1, then over the last `cooldown` (default .2) as floor + (1 − floor)(1 − √t)
                          (Hägele et al. 2024) */
  VT_SCHEDULE_POLY,   /* floor + (1 − floor) (1 − t)^power */
  VT_SCHEDULE_STEP,   /* factor to the power of how many milestones are past */
  VT_SCHEDULE_EPOCH,  /* factor to the power of whole epochs */
  VT_SCHEDULE_PLATEAU /* times factor when validation has not improved `patience` times (vt_plateau) */
} vt_schedule_kind;
/* t runs from 0 behind the warm-up, or where the fall begins, to 1 behind the last step. In the warm-up of w
 * steps, step s (from 0) has the share (s + 1) / w, whatever the kind. */

typedef struct vt_schedule_settings {
  int kind;      /* vt_schedule_kind */
  double warmup; /* below 1: share of all steps; otherwise steps */
  double floor;  /* "lr_floor": share of the rate at the end */
  double cooldown, power;
  vt_reals milestones; /* below 1: shares of all steps; otherwise steps */
  double factor;
  int64_t patience;
} vt_schedule_settings;

extern const vt_field vt_schedule_fields[];
extern const size_t vt_schedule_field_count;

/* Share of the rate at `step` (from 0) of `total`; `epoch`: steps in one pass over the data (only "epoch"
 * asks). Plateau: warm-up alone. */
double vt_schedule_share(const vt_schedule_settings *settings, int64_t step, int64_t total, int64_t epoch);

/* State of a plateau schedule; begin with vt_plateau_begin(). Its share multiplies vt_schedule_share(). */
typedef struct vt_plateau {
  double share, best;
  int64_t waited; /* validations without improvement */
  bool any;       /* whether `best` is set */
} vt_plateau;
vt_plateau vt_plateau_begin(void);
/* After a validation; `lower`: lower is better. Nothing for other schedules. */
void vt_plateau_tell(const vt_schedule_settings *settings, vt_plateau *plateau, double value, bool lower);

#endif
