/* SPDX-License-Identifier: MIT */
/* Answers the shells' completion scripts (see completion.c), by pip's protocol of variables. */
#pragma once
#include <stdbool.h>

/* true if PIP_AUTO_COMPLETE, COMP_WORDS and COMP_CWORD ask for completions. */
bool complete_wanted(void);
/* What may stand for the current word, one a line, each with a line feed. New string. */
char *complete_words(void);
