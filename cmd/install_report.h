/* SPDX-License-Identifier: MIT */
/* --report: what was, or with --dry-run would be, installed, as JSON of pip's version 1. */
#pragma once
#include "cmd/plan.h"

/* The report's text, indented by two. New string. */
char *install_report(const Plan *plan);
