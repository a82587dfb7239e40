/* SPDX-License-Identifier: MIT */
/* Answers the shells' completion scripts (see completion.c), by pip's protocol of variables. */
#pragma once
#include <stdbool.h>

/* true if PIP_AUTO_COMPLETE, COMP_WORDS and COMP_CWORD ask for completions. */
bool complete_wanted(void);
/* Prints what may stand for the current word; the exit status, which is always 1. */
int complete_run(void);
