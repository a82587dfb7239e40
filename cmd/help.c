/* SPDX-License-Identifier: MIT */
/* `xpip help [COMMAND]` */
#include "cmd/usage.h"

static bool
run(struct xpip *x, GError **error)
{
	const char *name = options_arguments(x->options)[0];
	const struct command *command = name ? command_find(name) : NULL;
	if (name && !command)
		return command_refuse(name, error);
	g_autofree char *text =
		usage_help(x->program, command, usage_width(), log_color(x->log, stdout));
	log_output(x->log, text);
	return true;
}

const struct command help_command = {
	.name = "help",
	.summary = "Show help for commands.",
	.usage = "<command>",
	.description = "Show help for commands.",
	.run = run,
	.no_virtualenv_check = true,
};
