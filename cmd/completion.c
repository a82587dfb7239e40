/* SPDX-License-Identifier: MIT */
/* `xpip completion`: scripts that make a shell ask xpip (complete.c) what may come next. */
#include "cmd/cmd.h"

static const char bash[] = "\
_xpip_words() {\n\
    local IFS=$' \\t\\n' found\n\
    found=$(COMP_WORDS=\"${COMP_WORDS[*]}\" COMP_CWORD=$COMP_CWORD PIP_AUTO_COMPLETE=1 \"$1\" 2>/dev/null)\n\
    COMPREPLY=($found)\n\
}\n\
complete -o default -F _xpip_words %s\n";

static const char zsh[] = "\
#compdef %s\n\
_xpip_words() {\n\
  local -a found\n\
  found=(${(f)\"$(COMP_WORDS=\"$words[*]\" COMP_CWORD=$((CURRENT-1)) PIP_AUTO_COMPLETE=1 $words[1] 2>/dev/null)\"})\n\
  compadd -a found\n\
}\n\
compdef _xpip_words %s\n";

static const char fish[] = "\
function __xpip_words\n\
    set -lx COMP_WORDS (commandline -opc) (commandline -ct)\n\
    set -lx COMP_CWORD (math (count $COMP_WORDS) - 1)\n\
    set -lx PIP_AUTO_COMPLETE 1\n\
    $COMP_WORDS[1]\n\
end\n\
complete -f -c %s -a '(__xpip_words)'\n";

static const char powershell[] = "\
Register-ArgumentCompleter -Native -CommandName %s -ScriptBlock {\n\
    param($word, $line, $position)\n\
    $text = $line.ToString()\n\
    if ($position -gt $text.Length) { $text += ' ' }\n\
    $Env:COMP_WORDS = $text\n\
    $Env:COMP_CWORD = $text.Split().Length - 1\n\
    $Env:PIP_AUTO_COMPLETE = 1\n\
    & %s | ForEach-Object { $_ }\n\
    Remove-Item Env:COMP_WORDS, Env:COMP_CWORD, Env:PIP_AUTO_COMPLETE\n\
}\n";

static const struct shell {
	enum option option;
	const char *name, *script;
} shells[] = {
	{OPT_BASH, "bash", bash},
	{OPT_ZSH, "zsh", zsh},
	{OPT_FISH, "fish", fish},
	{OPT_POWERSHELL, "powershell", powershell},
};

static bool
run(struct xpip *x, GError **error)
{
	(void)error;
	for (size_t i = 0; i < G_N_ELEMENTS(shells); i++) {
		if (!options_flag(x->options, shells[i].option))
			continue;
		g_auto(GStrv) parts = g_strsplit(shells[i].script, "%s", 0);
		g_autofree char *script = g_strjoinv(x->program, parts);
		g_autofree char *text =
			g_strdup_printf("\n# %s %s completion start\n%s# %s %s completion end\n",
				x->program, shells[i].name, script, x->program, shells[i].name);
		log_output(x->log, text);
		return true;
	}
	/* pip says so and ends with 0 */
	log_error(x->log, "You must pass --bash or --fish or --powershell or --zsh");
	return true;
}

static const enum option own_options[] = {
	OPT_BASH, OPT_ZSH, OPT_FISH, OPT_POWERSHELL, OPTION_COUNT};

const struct command completion_command = {
	.name = "completion",
	.summary = "A helper command used for command completion.",
	.usage = "[options]",
	.description = "Write a script that completes commands and options, for a shell to read:\n"
		       "eval \"$(xpip completion --bash)\"",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
