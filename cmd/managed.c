/* SPDX-License-Identifier: MIT */
#include "cmd/managed.h"
#include "lib/fs.h"
#include "lib/ini.h"

#include <string.h>
#include <unistd.h>

bool
managed_check(const struct xpip *x, const Python *python, GError **error)
{
	if (!python->externally_managed || options_flag(x->options, OPT_BREAK_SYSTEM_PACKAGES))
		return true;
	g_autofree char *text = fs_read(python->externally_managed, 0, NULL, NULL, NULL);
	g_autoptr(Ini) ini =
		text ? ini_parse(text, strlen(text), python->externally_managed, NULL) : NULL;
	const char *words = ini ? ini_get(ini, "externally-managed", "error") : NULL;
	if (!words)
		words = "The Python environment under this prefix is managed externally, and may "
			"not be\nmanipulated by the user. Please use specific tooling from the "
			"distributor of\nthe Python installation to interact with this environment "
			"instead.";
	log_diagnostic(x->log,
		&(struct diagnostic){.reference = "externally-managed-environment",
			.message = "This environment is externally managed",
			.context = words,
			.note = "If you believe this is a mistake, please contact your Python "
				"installation or OS distribution provider. You can override this, "
				"at the risk of breaking your Python installation or OS, by "
				"passing --break-system-packages.",
			.hint = "See PEP 668 for the detailed specification.",
			.is_last = true});
	return error_set(error, ERROR_SILENT, "externally-managed-environment");
}

void
managed_warn_root(const struct xpip *x, const Python *python)
{
	if (geteuid() != 0 || python->is_venv ||
		strcmp(options_string(x->options, OPT_ROOT_USER_ACTION), "ignore") == 0)
		return;
	log_warning(x->log,
		"Running %s as the 'root' user can result in broken permissions and conflicting "
		"behaviour with the system package manager, possibly rendering your system "
		"unusable. It is recommended to use a virtual environment instead. Use the "
		"--root-user-action option if you know what you are doing and want to suppress "
		"this warning.",
		x->program);
}
