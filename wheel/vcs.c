/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/http.h"
#include "lib/process.h"
#include "wheel/vcs_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_URL = 8192, MAX_BACKUPS = 10000 };

static const struct vcs_kind *const kinds[] = {&vcs_git, &vcs_hg, &vcs_svn, &vcs_bzr};

/* --- URLs ---------------------------------------------------------------------------------- */

static const struct vcs_kind *
kind_of(const char *url)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		size_t length = strlen(kinds[i]->name);
		if (g_ascii_strncasecmp(url, kinds[i]->name, length) != 0 || url[length] != '+')
			continue;
		const char *scheme = url + length + 1, *end = strstr(scheme, "://");
		for (const char *const *known = kinds[i]->schemes; end && *known; known++)
			if (strlen(*known) == (size_t)(end - scheme) &&
				strncmp(scheme, *known, (size_t)(end - scheme)) == 0)
				return kinds[i];
	}
	return NULL;
}

bool
vcs_is_url(const char *url)
{
	return kind_of(url) != NULL;
}

static void
clear_url(struct vcs_url *url)
{
	g_free(url->url);
	g_free(url->secret);
	g_free(url->shown);
	g_free(url->revision);
	g_free(url->user);
	g_free(url->password);
}

/* No option can be made of it, and no control or line-separating character hides in it. */
static bool
is_harmless(const char *text)
{
	if (*text == '-' || !g_utf8_validate(text, -1, NULL))
		return false;
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (g_unichar_iscntrl(c) || (c > 0x7f && g_unichar_isspace(c)))
			return false;
	}
	return true;
}

static bool
split_revision(struct vcs_url *out, char *bare, const char *whole, GError **error)
{
	char *path = strchr(strstr(bare, "://") + 3, '/');
	char *at = path ? strrchr(path, '@') : NULL;
	if (!at)
		return true;
	if (!at[1])
		return error_set(error, ERROR_INVALID_INPUT,
			"The URL '%s' has an empty revision (after @) which is not supported. "
			"Include a revision after @ or remove @ from the URL.",
			whole);
	out->revision = g_uri_unescape_string(at + 1, NULL);
	*at = '\0';
	return true;
}

/* svn takes name and password as options; its URL must not have them. */
static void
take_password(struct vcs_url *out)
{
	char *host = strstr(out->url, "://") + 3;
	char *at = memrchr(host, '@', strcspn(host, "/"));
	if (!at || g_str_has_prefix(out->url, "ssh:"))
		return;
	g_autofree char *login = g_strndup(host, (size_t)(at - host));
	char *colon = strchr(login, ':');
	out->password = colon ? g_uri_unescape_string(colon + 1, NULL) : NULL;
	if (colon)
		*colon = '\0';
	out->user = g_uri_unescape_string(login, NULL);
	memmove(host, at + 1, strlen(at));
}

static bool
parse_url(const struct vcs_kind *kind, const char *text, struct vcs_url *out, GError **error)
{
	g_autofree char *bare = g_strndup(text, strcspn(text, "#"));
	memset(out, 0, sizeof *out);
	if (strlen(bare) > MAX_URL || !split_revision(out, bare, text, error))
		return *error ? false : error_set(error, ERROR_INVALID_INPUT, "URL too long");
	const char *stripped = bare + strlen(kind->name) + 1;
	bool file = g_str_has_prefix(stripped, "file:");
	/* These two programs know their own schemes for ssh only. */
	bool own = (kind == &vcs_svn || kind == &vcs_bzr) && g_str_has_prefix(stripped, "ssh:");
	const char *host = strstr(stripped, "://") + 3;
	g_autofree char *decoded = file ? g_uri_unescape_string(stripped, NULL) : NULL;
	if (*host == '-' || !is_harmless(bare) || (file && !decoded) ||
		(out->revision && !is_harmless(out->revision)))
		return error_set(error, ERROR_INVALID_INPUT, "refusing the URL '%s'", text);
	out->secret = g_strdup(own ? bare : file && kind == &vcs_git ? decoded : stripped);
	out->url = g_strdup(out->secret);
	if (kind == &vcs_svn)
		take_password(out);
	out->shown = http_redact_url(out->secret);
	return true;
}

/* --- commands ------------------------------------------------------------------------------ */

const char *
vcs_quiet(const struct vcs_job *job)
{
	return log_shows(job->options->log, LOG_VERBOSE) ? "" : "-q";
}

static void
show_line(void *user, const char *line)
{
	log_subprocess(user, LOG_INFO, line);
}

/* What is shown of a command: quoted as a shell would want it, without passwords. */
static char *
describe(const struct vcs_job *job, const char *const *argv)
{
	g_autoptr(GString) out = g_string_new(NULL);
	static const char plain[] = "%+,-./:=@_^*";
	for (size_t i = 0; argv[i]; i++) {
		const char *text = job->url.secret && strcmp(argv[i], job->url.secret) == 0
					   ? job->url.shown
					   : argv[i];
		bool bare = *text;
		for (const char *at = text; *at; at++)
			bare = bare && (g_ascii_isalnum(*at) || (strchr(plain, *at) && *at != '^'));
		g_autofree char *quoted = bare ? g_strdup(text) : g_shell_quote(text);
		g_string_append_printf(out, "%s%s", i ? " " : "", quoted);
	}
	return g_strdup(out->str);
}

bool
vcs_run(struct vcs_job *job, const struct vcs_command *command, GString *output, int *status,
	GError **error)
{
	Log *log = job->options->log;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_ptr_array_add(argv, (char *)job->kind->name);
	for (const char *const *text = command->arguments; *text; text++)
		if (**text)
			g_ptr_array_add(argv, (char *)*text);
	g_ptr_array_add(argv, NULL);
	g_autofree char *shown = describe(job, (const char *const *)argv->pdata);
	struct process_options options = {.argv = (const char *const *)argv->pdata,
		.folder = command->elsewhere ? NULL : job->folder,
		.environment = (const char *const *)job->environment,
		.loop = job->options->loop,
		.shares_terminal = true,
		.separate_errors = command->quiet,
		.input = command->input,
		.line = command->quiet ? NULL : show_line,
		.user = log};
	if (!command->quiet) {
		g_autofree char *heading = g_strdup_printf("Running command %s", shown);
		log_subprocess(log, LOG_INFO, heading);
	}
	g_autofree char *program = g_find_program_in_path(job->kind->name);
	if (!program)
		return error_set(error, ERROR_ENVIRONMENT,
			"Cannot find command '%s' - do you have '%s' installed and in your PATH?",
			job->kind->name, job->kind->name);
	g_autoptr(GString) seen = g_string_new(NULL);
	int code = 0;
	if (!process_run(&options, seen, &code, error))
		return false;
	if (output)
		g_string_append_len(output, seen->str, (gssize)seen->len);
	if (status)
		*status = code;
	if (code == 0 || command->may_fail)
		return true;
	process_explain(
		log, shown, code, command->quiet || !log_shows(log, LOG_INFO) ? seen : NULL);
	return error_set(error, ERROR_SILENT, "%s exited with %d", shown, code);
}

static const char **
collect(va_list args)
{
	GPtrArray *list = g_ptr_array_new();
	for (const char *text; (text = va_arg(args, const char *));)
		g_ptr_array_add(list, (char *)text);
	g_ptr_array_add(list, NULL);
	return (const char **)g_ptr_array_free(list, FALSE);
}

bool
vcs_do(struct vcs_job *job, GError **error, ...)
{
	va_list args;
	va_start(args, error);
	g_autofree const char **list = collect(args);
	va_end(args);
	return vcs_run(job, &(struct vcs_command){.arguments = list}, NULL, NULL, error);
}

char *
vcs_ask(struct vcs_job *job, GError **error, ...)
{
	va_list args;
	va_start(args, error);
	g_autofree const char **list = collect(args);
	va_end(args);
	g_autoptr(GString) output = g_string_new(NULL);
	struct vcs_command command = {.arguments = list, .quiet = true};
	if (!vcs_run(job, &command, output, NULL, error))
		return NULL;
	return g_strndup(output->str, strcspn(output->str, "\n"));
}

/* --- jobs ---------------------------------------------------------------------------------- */

/* A password goes to git by its configuration in the environment, which other users cannot read,
 * and not into the argument list. */
static void
hide_password(struct vcs_job *job)
{
	struct vcs_url *url = &job->url;
	char *host = strstr(url->url, "://");
	char *at = host ? memrchr(host + 3, '@', strcspn(host + 3, "/")) : NULL;
	if (job->kind != &vcs_git || !at || !g_str_has_prefix(url->url, "http") ||
		g_getenv("GIT_CONFIG_COUNT"))
		return;
	g_autofree char *with = g_strndup(url->url, (size_t)(at + 1 - url->url));
	g_autofree char *without = g_strndup(url->url, (size_t)(host + 3 - url->url));
	g_autofree char *rest = g_strndup(at + 1, strcspn(at + 1, "/"));
	g_autofree char *key = g_strdup_printf("url.%s%s/.insteadOf", with, rest);
	g_autofree char *value = g_strdup_printf("%s%s/", without, rest);
	job->environment = g_environ_setenv(job->environment, "GIT_CONFIG_COUNT", "1", TRUE);
	job->environment = g_environ_setenv(job->environment, "GIT_CONFIG_KEY_0", key, TRUE);
	job->environment = g_environ_setenv(job->environment, "GIT_CONFIG_VALUE_0", value, TRUE);
	memmove(host + 3, at + 1, strlen(at));
}

static void
open_job(struct vcs_job *job, const struct vcs_options *options, const struct vcs_kind *kind,
	const char *folder)
{
	memset(job, 0, sizeof *job);
	job->options = options;
	job->kind = kind;
	job->folder = folder;
	const char *changes[] = {"GIT_DIR", NULL, "GIT_WORK_TREE", NULL, NULL};
	job->environment = process_environment(changes);
	if (!options->no_input)
		return;
	job->environment = g_environ_setenv(job->environment, "GIT_TERMINAL_PROMPT", "0", TRUE);
	job->environment =
		g_environ_setenv(job->environment, "GIT_SSH_COMMAND", "ssh -oBatchMode=yes", TRUE);
}

static void
close_job(struct vcs_job *job)
{
	clear_url(&job->url);
	g_strfreev(job->environment);
	g_free(job->branch);
}

/* `./src/x` for what lies below the working directory. */
static char *
display_path(const char *path)
{
	g_autofree char *here = g_get_current_dir();
	size_t length = strlen(here);
	if (strncmp(path, here, length) == 0 && path[length] == '/')
		return g_strconcat(".", path + length, NULL);
	return g_strdup(path);
}

static char *
to_revision(const struct vcs_job *job)
{
	return job->url.revision ? g_strdup_printf(" (to revision %s)", job->url.revision)
				 : g_strdup("");
}

static bool
fetch(struct vcs_job *job, GError **error)
{
	g_autofree char *where = display_path(job->folder), *revision = to_revision(job);
	log_info(job->options->log, "%s %s%s to %s", job->kind->heading, job->url.shown, revision,
		where);
	g_autofree char *parent = g_path_get_dirname(job->folder);
	rmdir(job->folder); /* an empty one is as good as none */
	return fs_mkdirs(parent, 0777, error) && job->kind->fetch(job, error);
}

/* --- what to do with a folder that exists --------------------------------------------------- */

static bool
back_up(struct vcs_job *job, GError **error)
{
	struct stat info;
	for (int n = 1; n < MAX_BACKUPS; n++) {
		g_autofree char *number = n > 1 ? g_strdup_printf("%d", n) : g_strdup("");
		g_autofree char *target = g_strdup_printf("%s.bak%s", job->folder, number);
		if (lstat(target, &info) == 0)
			continue;
		g_autofree char *where = display_path(job->folder);
		log_warning(job->options->log, "Backing up %s to %s", where, target);
		if (rename(job->folder, target) != 0)
			return error_set_errno(error, errno, "moving %s", job->folder);
		return true;
	}
	return error_set(error, ERROR_IO, "%s: too many backups", job->folder);
}

/* One of `letters` or 'a'; 0 if nobody says. */
static char
choose_action(const struct vcs_options *options, const char *prompt, const char *letters)
{
	for (const char *const *action = options->exists_action; action && *action; action++)
		if (**action && !(*action)[1] && strchr(letters, **action))
			return **action;
	return options->ask && !options->no_input ? options->ask(options->user, prompt, letters)
						  : '\0';
}

static bool
settle(struct vcs_job *job, bool is_checkout, GError **error)
{
	Log *log = job->options->log;
	log_warning(log, "The plan is to install the %s repository %s", job->kind->name,
		job->url.shown);
	char action = choose_action(job->options,
		is_checkout ? "What to do?  (s)witch, (i)gnore, (w)ipe, (b)ackup "
			    : "What to do?  (i)gnore, (w)ipe, (b)ackup ",
		is_checkout ? "siwb" : "iwb");
	g_autofree char *where = display_path(job->folder), *revision = to_revision(job);
	switch (action) {
	case 'i':
		return true;
	case 'w':
		log_warning(log, "Deleting %s", where);
		return fs_remove_tree(job->folder, error) && fetch(job, error);
	case 'b':
		return back_up(job, error) && fetch(job, error);
	case 's':
		log_info(log, "Switching %s %s to %s%s", job->kind->noun, where, job->url.shown,
			revision);
		return job->kind->switch_to(job, error);
	default:
		return error_set(error, ERROR_INVALID_INPUT,
			"%s exists: say what to do with it by --exists-action", where);
	}
}

static bool
same_url(const char *a, const char *b)
{
	g_autofree char *left = g_uri_unescape_string(a, NULL);
	g_autofree char *right = g_uri_unescape_string(b, NULL);
	if (!left || !right)
		return strcmp(a, b) == 0;
	for (char *end = left + strlen(left); end > left && end[-1] == '/';)
		*--end = '\0';
	for (char *end = right + strlen(right); end > right && end[-1] == '/';)
		*--end = '\0';
	return strcmp(left, right) == 0;
}

static bool
renew(struct vcs_job *job, GError **error)
{
	Log *log = job->options->log;
	g_autofree char *marker = g_build_filename(job->folder, job->kind->marker, NULL);
	g_autofree char *where = display_path(job->folder), *revision = to_revision(job);
	if (!g_file_test(marker, G_FILE_TEST_EXISTS)) {
		log_warning(log, "Directory %s already exists, and is not a %s %s.", job->folder,
			job->kind->name, job->kind->noun);
		return settle(job, false, error);
	}
	GError *why = NULL;
	g_autofree char *remote = job->kind->remote(job, &why);
	if (why) {
		g_propagate_error(error, why);
		return false;
	}
	if (!remote || !(same_url(remote, job->url.url) || same_url(remote, job->url.secret))) {
		g_autofree char *shown = remote ? http_redact_url(remote) : g_strdup("(none)");
		log_warning(log, "%s %s in %s exists with URL %s", job->kind->name, job->kind->noun,
			where, shown);
		return settle(job, true, error);
	}
	g_autofree char *now = NULL;
	if (job->url.revision && job->kind == &vcs_git)
		now = job->kind->revision(job, NULL);
	if (now && strcmp(now, job->url.revision) == 0) {
		log_info(log, "Skipping because already up-to-date.");
		return true;
	}
	log_info(log, "Updating %s %s%s", where, job->kind->noun, revision);
	return job->kind->update(job, error);
}

static bool
obtain(const struct vcs_options *options, const char *url, const char *folder, bool may_exist,
	char **commit, GError **error)
{
	const struct vcs_kind *kind = kind_of(url);
	if (!kind)
		return error_set(error, ERROR_INVALID_INPUT, "unsupported VCS URL: %s", url);
	struct vcs_job job;
	g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
	open_job(&job, options, kind, absolute);
	GError *why = NULL;
	char *made = NULL;
	if (parse_url(kind, url, &job.url, &why)) {
		hide_password(&job);
		bool exists = may_exist && g_file_test(absolute, G_FILE_TEST_EXISTS);
		if (exists ? renew(&job, &why) : fetch(&job, &why))
			made = kind->revision(&job, &why);
	}
	close_job(&job);
	if (!made)
		g_propagate_error(error, why);
	else
		*commit = made;
	return made != NULL;
}

bool
vcs_checkout(const struct vcs_options *options, const char *url, const char *folder, char **commit,
	GError **error)
{
	return obtain(options, url, folder, false, commit, error);
}

bool
vcs_update(const struct vcs_options *options, const char *url, const char *folder, char **commit,
	GError **error)
{
	return obtain(options, url, folder, true, commit, error);
}

/* --- the way back --------------------------------------------------------------------------- */

/* The program whose repository encloses the folder most closely. */
static const struct vcs_kind *
find_kind(const struct vcs_options *options, const char *folder, char **root)
{
	const struct vcs_kind *best = NULL;
	size_t longest = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		struct vcs_job job;
		open_job(&job, options, kinds[i], folder);
		g_autofree char *found = kinds[i]->root(&job, NULL);
		close_job(&job);
		if (!found || strlen(found) <= longest)
			continue;
		longest = strlen(found);
		g_free(*root);
		*root = g_steal_pointer(&found);
		best = kinds[i];
	}
	return best;
}

/* The project's folder relative to the repository's, or NULL when they are one. */
static char *
subdirectory(const char *folder, const char *root)
{
	g_autofree char *real_root = realpath(root, NULL), *at = realpath(folder, NULL);
	while (real_root && at && strcmp(at, real_root) != 0 && strlen(at) > 1) {
		g_autofree char *toml = g_build_filename(at, "pyproject.toml", NULL);
		g_autofree char *setup = g_build_filename(at, "setup.py", NULL);
		size_t length = strlen(real_root);
		if (g_file_test(toml, G_FILE_TEST_IS_REGULAR) ||
			g_file_test(setup, G_FILE_TEST_IS_REGULAR))
			return strncmp(at, real_root, length) == 0 && at[length] == '/'
				       ? g_strdup(at + length + 1)
				       : NULL;
		char *parent = g_path_get_dirname(at);
		free(at);
		at = parent;
	}
	return NULL;
}

static char *
requirement_of(const struct vcs_kind *kind, const char *remote, const char *commit,
	const char *project, const char *below)
{
	g_autofree char *name = g_strdelimit(g_strdup(project), "-", '_');
	g_autofree char *start = g_strconcat(kind->name, ":", NULL);
	bool prefixed = kind != &vcs_git && kind != &vcs_svn && g_str_has_prefix(remote, start);
	g_autofree char *escaped = g_uri_escape_string(commit, "/", FALSE);
	return g_strdup_printf("%s%s%s@%s#egg=%s%s%s", prefixed ? "" : kind->name,
		prefixed ? "" : "+", remote, escaped, name, below ? "&subdirectory=" : "",
		below ? below : "");
}

enum vcs_found
vcs_requirement(const struct vcs_options *options, const char *folder, const char *project,
	char **text, const char **kind)
{
	g_autofree char *root = NULL;
	const struct vcs_kind *found = find_kind(options, folder, &root);
	if (!found)
		return VCS_NONE;
	struct vcs_job job;
	open_job(&job, options, found, folder);
	*kind = found->name;
	g_autoptr(GError) error = NULL;
	g_autofree char *remote = found->remote(&job, &error);
	g_autofree char *commit = remote ? found->revision(&job, &error) : NULL;
	close_job(&job);
	if (g_error_matches(error, XPIP_ERROR, ERROR_ENVIRONMENT)) {
		*text = g_strdup(found->name);
		return VCS_NO_COMMAND;
	}
	if (g_error_matches(error, XPIP_ERROR, ERROR_INVALID_INPUT)) {
		*text = g_strdup(error->message);
		return VCS_BAD_REMOTE;
	}
	if (!remote)
		return VCS_NO_REMOTE;
	if (!commit)
		return VCS_NONE;
	g_autofree char *below =
		found == &vcs_git || found == &vcs_hg ? subdirectory(folder, root) : NULL;
	*text = requirement_of(found, remote, commit, project, below);
	return VCS_FOUND;
}
