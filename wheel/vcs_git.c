/* SPDX-License-Identifier: MIT */
/* git: a partial clone, then the branch, tag, reference or commit that the URL names. */
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/vcs_private.h"

#include <stdlib.h>
#include <string.h>

static const char *const schemes[] = {"http", "https", "ssh", "git", "file", NULL};

/* --filter came with 2.17; servers that break on it can be spared. */
static bool
has_partial_clone(struct vcs_job *job)
{
	const char *broken = g_getenv("PIP_NO_PARTIAL_CLONE_FOR_BROKEN_GIT_SERVER");
	static const char *const yes[] = {"y", "yes", "t", "true", "on", "1", NULL};
	g_autofree char *lower = g_ascii_strdown(broken ? broken : "", -1);
	g_autofree char *version = vcs_ask(job, NULL, "version", NULL);
	if (g_strv_contains(yes, lower) || !version || !g_str_has_prefix(version, "git version "))
		return false;
	char *end = NULL;
	long major = strtol(version + strlen("git version "), &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return major > 2 || (major == 2 && minor >= 17);
}

static bool
looks_like_hash(const char *text)
{
	return strlen(text) == 40 && strspn(text, "0123456789abcdefABCDEF") == 40;
}

static char *
revision_of(struct vcs_job *job, const char *name, GError **error)
{
	return vcs_ask(job, error, "rev-parse", name, NULL);
}

static char *
revision(struct vcs_job *job, GError **error)
{
	return revision_of(job, "HEAD", error);
}

/* The commit of a branch of origin (*is_branch) or of a tag, or NULL. */
static char *
find_ref(struct vcs_job *job, const char *name, bool *is_branch)
{
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"show-ref", name, NULL};
	int status;
	struct vcs_command command = {.arguments = arguments, .quiet = true, .may_fail = true};
	if (!vcs_run(job, &command, output, &status, NULL))
		return NULL;
	g_autofree char *branch = g_strconcat("refs/remotes/origin/", name, NULL);
	g_autofree char *tag = g_strconcat("refs/tags/", name, NULL);
	g_auto(GStrv) lines = g_strsplit(output->str, "\n", 0);
	char *found = NULL;
	for (char **line = lines; *line; line++) {
		char *space = strchr(*line, ' ');
		bool here = space && strcmp(space + 1, branch) == 0;
		if (!here && !(space && !found && strcmp(space + 1, tag) == 0))
			continue;
		g_free(found);
		found = g_strndup(*line, (size_t)(space - *line));
		*is_branch = here;
		if (here)
			break;
	}
	return found;
}

static bool
has_commit(struct vcs_job *job, const char *name)
{
	g_autofree char *commit = g_strconcat(name, "^{commit}", NULL);
	const char *arguments[] = {"rev-parse", "-q", "--verify", commit, NULL};
	int status = 1;
	struct vcs_command command = {.arguments = arguments, .quiet = true, .may_fail = true};
	return vcs_run(job, &command, NULL, &status, NULL) && status == 0;
}

/* What to check out for the URL's revision (NULL: HEAD): a commit, or the name itself when only git
 * can tell. job->branch is set when it is a branch. New string. */
static char *
resolve(struct vcs_job *job, GError **error)
{
	const char *name = job->url.revision ? job->url.revision : "HEAD";
	bool is_branch = false;
	char *commit = find_ref(job, name, &is_branch);
	g_clear_pointer(&job->branch, g_free);
	if (commit) {
		job->branch = is_branch ? g_strdup(name) : NULL;
		return commit;
	}
	if (!looks_like_hash(name))
		log_info(job->options->log,
			"Did not find branch or tag '%s', assuming revision or ref.", name);
	bool must_fetch = g_str_has_prefix(name, "refs/") ||
			  (looks_like_hash(name) && !has_commit(job, name));
	if (!must_fetch)
		return g_strdup(name);
	return vcs_do(job, error, "fetch", "-q", job->url.url, name, NULL)
		       ? revision_of(job, "FETCH_HEAD", error)
		       : NULL;
}

static bool
update_submodules(struct vcs_job *job, GError **error)
{
	g_autofree char *list = g_build_filename(job->folder, ".gitmodules", NULL);
	if (!g_file_test(list, G_FILE_TEST_EXISTS))
		return true;
	return vcs_do(
		job, error, "submodule", "update", "--init", "--recursive", vcs_quiet(job), NULL);
}

static char *
current_branch(struct vcs_job *job)
{
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"symbolic-ref", "-q", "HEAD", NULL};
	int status;
	struct vcs_command command = {.arguments = arguments, .quiet = true, .may_fail = true};
	static const char start[] = "refs/heads/";
	if (!vcs_run(job, &command, output, &status, NULL) || !g_str_has_prefix(output->str, start))
		return NULL;
	const char *name = output->str + strlen(start);
	return g_strndup(name, strcspn(name, "\n"));
}

static bool
check_out(struct vcs_job *job, const char *commit, GError **error)
{
	if (!job->branch) {
		g_autofree char *now = revision(job, error);
		if (!now || strcmp(now, commit) == 0)
			return now != NULL;
		return vcs_do(job, error, "checkout", "-q", commit, NULL);
	}
	g_autofree char *now = current_branch(job);
	if (now && strcmp(now, job->branch) == 0)
		return true;
	g_autofree char *track = g_strconcat("origin/", job->branch, NULL);
	return vcs_do(job, error, "checkout", "-b", job->branch, "--track", track, NULL);
}

static bool
fetch(struct vcs_job *job, GError **error)
{
	bool verbose = log_shows(job->options->log, LOG_VERBOSE);
	bool debug = log_shows(job->options->log, LOG_DEBUG);
	const char *here = job->folder;
	job->folder = NULL; /* does not exist yet */
	const char *arguments[] = {"clone", has_partial_clone(job) ? "--filter=blob:none" : "",
		debug	  ? "--verbose"
		: verbose ? ""
			  : "--quiet",
		debug ? "--progress" : "", job->url.url, here, NULL};
	struct vcs_command command = {.arguments = arguments, .elsewhere = true};
	bool cloned = vcs_run(job, &command, NULL, NULL, error);
	job->folder = here;
	if (!cloned)
		return false;
	g_autofree char *commit = job->url.revision ? resolve(job, error) : revision(job, error);
	if (!commit || (job->url.revision && !check_out(job, commit, error)))
		return false;
	log_info(job->options->log, "Resolved %s to commit %s", job->url.shown, commit);
	return update_submodules(job, error);
}

static bool
update(struct vcs_job *job, GError **error)
{
	if (!vcs_do(job, error, "fetch", "--tags", vcs_quiet(job), NULL))
		return false;
	g_autofree char *commit = resolve(job, error);
	return commit && vcs_do(job, error, "reset", "--hard", vcs_quiet(job), commit, NULL) &&
	       update_submodules(job, error);
}

static bool
switch_to(struct vcs_job *job, GError **error)
{
	return vcs_do(job, error, "config", "remote.origin.url", job->url.url, NULL) &&
	       vcs_do(job, error, "checkout", vcs_quiet(job),
		       job->url.revision ? job->url.revision : "HEAD", NULL) &&
	       update_submodules(job, error);
}

/* git's own forms become URLs: `user@host:path` is ssh, a path that exists is a file. */
static char *
as_url(const char *remote, GError **error)
{
	size_t scheme =
		strspn(remote, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (scheme && g_str_has_prefix(remote + scheme, "://"))
		return g_strdup(remote);
	if (g_file_test(remote, G_FILE_TEST_EXISTS))
		return fs_path_to_url(remote);
	const char *colon = strchr(remote, ':');
	size_t host = strcspn(remote, "/:");
	if (colon && host > 0 && remote + host == colon &&
		(g_ascii_isalnum(colon[1]) || colon[1] == '_') && !strchr(colon + 1, ':'))
		return g_strdup_printf("ssh://%.*s/%s", (int)host, remote, colon + 1);
	error_set(error, ERROR_INVALID_INPUT, "%s", remote);
	return NULL;
}

static char *
remote(struct vcs_job *job, GError **error)
{
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"config", "--get-regexp", "remote\\..*\\.url", NULL};
	int status;
	struct vcs_command command = {.arguments = arguments, .quiet = true, .may_fail = true};
	if (!vcs_run(job, &command, output, &status, error))
		return NULL;
	g_auto(GStrv) lines = g_strsplit(output->str, "\n", 0);
	const char *found = lines[0] && *lines[0] ? lines[0] : NULL;
	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, "remote.origin.url ")) {
			found = *line;
			break;
		}
	const char *url = found ? strchr(found, ' ') : NULL;
	return url ? as_url(url + 1, error) : NULL;
}

static char *
root(struct vcs_job *job, GError **error)
{
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"rev-parse", "--show-toplevel", NULL};
	int status = 1;
	struct vcs_command command = {.arguments = arguments, .quiet = true, .may_fail = true};
	g_autofree char *marker = g_build_filename(job->folder, ".git", NULL);
	if (g_file_test(marker, G_FILE_TEST_EXISTS))
		return g_strdup(job->folder);
	if (!vcs_run(job, &command, output, &status, error) || status != 0)
		return NULL;
	return g_strndup(output->str, strcspn(output->str, "\n"));
}

const struct vcs_kind vcs_git = {.name = "git",
	.marker = ".git",
	.noun = "clone",
	.heading = "Cloning",
	.schemes = schemes,
	.fetch = fetch,
	.update = update,
	.switch_to = switch_to,
	.revision = revision,
	.remote = remote,
	.root = root};
