/* SPDX-License-Identifier: Apache-2.0
 *
 * skills: persons, jobs and how their skills are put into words (paper 16).
 */
#ifndef VT_WORLDS_SKILLS_H
#define VT_WORLDS_SKILLS_H

#include "worlds/corpus.h"
#include "worlds/skill_words.h"

enum { VT_SKILL_FORMS_MOST = 1200, VT_PERSON_SKILLS = 8, VT_JOB_SKILLS = 6 };

typedef enum vt_form_kind { VT_FORM_NAME, VT_FORM_TOOL, VT_FORM_DUTY, VT_FORM_KINDS } vt_form_kind;

/* One way to put a skill into words. */
typedef struct vt_skill_form {
  vt_form_kind kind;
  char text[32]; /* "masonry", "balado", "raise beams" */
  int value;     /* number in the grammar's list of its kind */
  int owners[2]; /* skills; the second −1: it means one skill alone */
  bool held_out; /* never said in training and validation */
} vt_skill_form;

typedef struct vt_skill_forms {
  int count;
  vt_skill_form forms[VT_SKILL_FORMS_MOST];
  int first[VT_SKILLS + 1]; /* forms first owned by skill s: first[s] … first[s + 1] − 1, the name first */
} vt_skill_forms;

typedef struct vt_person {
  int count, skills[VT_PERSON_SKILLS], levels[VT_PERSON_SKILLS]; /* level 0 a little, 1 well, 2 expertly */
  bool listed[VT_SKILLS];                                        /* 60 % of the skills, and 5 % wrong ones */
  uint64_t key;
} vt_person;

typedef struct vt_job {
  int count, skills[VT_JOB_SKILLS], weights[VT_JOB_SKILLS]; /* weight 1 perhaps, 2 often, 3 above all */
  uint64_t key;
} vt_job;

typedef struct vt_skill_record {
  vt_document profile, job; /* tag: the skill that a sentence puts into words, −1: none */
  int32_t person_number, job_number, label, held_out, split;
  float coverage;
} vt_skill_record;

/* Persons and jobs of a split are numbered from 0; splits share none. */
int vt_skills_persons(vt_split split);
int vt_skills_jobs(vt_split split);
void vt_skills_person(const vt_world *world, vt_split split, int number, vt_person *out);
void vt_skills_job(const vt_world *world, vt_split split, int number, vt_job *out);
/* Share of the job's weight that the person's skills bring; a little of a skill brings half. */
double vt_skills_coverage(const vt_person *person, const vt_job *job);
/* Relevant without noise: coverage ≥ .6. */
bool vt_skills_relevant(const vt_person *person, const vt_job *job);
/* Texts, the same whenever asked. `held_out`: skills are said in forms held out of training where there are
 * such. */
void vt_skills_profile(const vt_world *world, const vt_person *person, bool held_out, vt_document *out);
void vt_skills_advert(const vt_world *world, const vt_job *job, bool held_out, vt_document *out);
const vt_skill_forms *vt_skills_forms(const vt_world *world); /* borrowed */
const char *vt_skill_name(int skill);

/* For the world's own files: the forms, the same for every seed. */
void vt_skills_draw_forms(vt_skill_forms *forms);

#endif
