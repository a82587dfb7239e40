/* SPDX-License-Identifier: MIT */
/* The texts of `--help` and of usage errors, made from the option and command tables. */
#pragma once
#include "cmd/cmd.h"

/* "\nUsage:   \n  xpip install …\n"; command NULL: of xpip itself. New string. */
char *usage_text(const char *program, const struct command *command);

/* The whole help of a command, or of xpip. `width` is the terminal's. New string, no final line
 * feed. */
char *usage_help(const char *program, const struct command *command, size_t width, bool color);

/* Columns of the terminal: COLUMNS, else what stdout says, else 80. */
size_t usage_width(void);
