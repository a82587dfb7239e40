/* SPDX-License-Identifier: MIT */
/* Mercurial, Subversion and Bazaar. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/ini.h"
#include "wheel/vcs_private.h"

#include <string.h>
#include <unistd.h>

enum { MAX_HGRC = 1 << 20 };

static char *
marker_root(struct vcs_job *job)
{
	g_autofree char *marker = g_build_filename(job->folder, job->kind->marker, NULL);
	return g_file_test(marker, G_FILE_TEST_EXISTS) ? g_strdup(job->folder) : NULL;
}

static char *
path_as_url(char *remote)
{
	char *url = *remote == '/' ? fs_path_to_url(remote) : g_strdup(remote);
	g_free(remote);
	return url;
}

/* --- Mercurial ------------------------------------------------------------------------------ */

static const char *const hg_schemes[] = {"file", "http", "https", "ssh", "static-http", NULL};

static char *
hg_revision_option(const struct vcs_job *job)
{
	return job->url.revision ? g_strconcat("--rev=", job->url.revision, NULL) : g_strdup("");
}

static bool
hg_fetch(struct vcs_job *job, GError **error)
{
	g_autofree char *revision = hg_revision_option(job);
	const char *flag = log_shows(job->options->log, LOG_DEBUG)     ? "--verbose"
			   : log_shows(job->options->log, LOG_VERBOSE) ? ""
								       : "--quiet";
	const char *arguments[] = {"clone", "--noupdate", flag, job->url.url, job->folder, NULL};
	struct vcs_command command = {.arguments = arguments, .elsewhere = true};
	return vcs_run(job, &command, NULL, NULL, error) &&
	       vcs_do(job, error, "update", flag, revision, NULL);
}

static bool
hg_update(struct vcs_job *job, GError **error)
{
	g_autofree char *revision = hg_revision_option(job);
	return vcs_do(job, error, "pull", vcs_quiet(job), NULL) &&
	       vcs_do(job, error, "update", vcs_quiet(job), revision, NULL);
}

static bool
hg_switch(struct vcs_job *job, GError **error)
{
	g_autofree char *path = g_build_filename(job->folder, ".hg", "hgrc", NULL);
	g_autofree char *revision = hg_revision_option(job);
	size_t length = 0;
	g_autofree char *text = fs_read(path, MAX_HGRC, &length, NULL, error);
	g_autoptr(Ini) ini = text ? ini_parse(text, length, path, error) : NULL;
	if (!ini)
		return false;
	ini_set(ini, "paths", "default", job->url.secret);
	g_autofree char *changed = ini_text(ini);
	return fs_write_atomic(path, changed, strlen(changed), 0600, false, error) &&
	       vcs_do(job, error, "update", vcs_quiet(job), revision, NULL);
}

/* PEP 610 wants the hash: pip writes the number that only this clone knows. */
static char *
hg_revision(struct vcs_job *job, GError **error)
{
	return vcs_ask(job, error, "parents", "--template={node}", NULL);
}

static char *
hg_remote(struct vcs_job *job, GError **error)
{
	char *found = vcs_ask(job, error, "showconfig", "paths.default", NULL);
	return found ? path_as_url(found) : NULL;
}

static char *
hg_root(struct vcs_job *job, GError **error)
{
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"root", NULL};
	int status = 1;
	struct vcs_command command = {.arguments = arguments, .quiet = true, .may_fail = true};
	char *here = marker_root(job);
	if (here)
		return here;
	if (!vcs_run(job, &command, output, &status, error) || status != 0)
		return NULL;
	return g_strndup(output->str, strcspn(output->str, "\n"));
}

const struct vcs_kind vcs_hg = {.name = "hg",
	.marker = ".hg",
	.noun = "clone",
	.heading = "Cloning hg",
	.schemes = hg_schemes,
	.fetch = hg_fetch,
	.update = hg_update,
	.switch_to = hg_switch,
	.revision = hg_revision,
	.remote = hg_remote,
	.root = hg_root};

/* --- Subversion ----------------------------------------------------------------------------- */

static const char *const svn_schemes[] = {"ssh", "http", "https", "svn", "file", NULL};

/* `svn VERB …`: the password is read from stdin, so that no argument list shows it. */
static bool
svn_call(struct vcs_job *job, const char *verb, const char *flag, bool with_url, GError **error)
{
	const struct vcs_url *url = &job->url;
	bool asks = isatty(STDIN_FILENO) && !job->options->no_input && !url->password;
	const char *arguments[] = {verb, flag, asks ? "--force-interactive" : "--non-interactive",
		url->revision ? "-r" : "", url->revision ? url->revision : "",
		url->user ? "--username" : "", url->user ? url->user : "",
		url->password ? "--password-from-stdin" : "", with_url ? url->url : "", job->folder,
		NULL};
	struct vcs_command command = {
		.arguments = arguments, .input = url->password, .elsewhere = true};
	return vcs_run(job, &command, NULL, NULL, error);
}

static bool
svn_fetch(struct vcs_job *job, GError **error)
{
	bool verbose = log_shows(job->options->log, LOG_VERBOSE);
	return svn_call(job, "checkout", verbose ? "" : "--quiet", true, error);
}

static bool
svn_update(struct vcs_job *job, GError **error)
{
	return svn_call(job, "update", "", false, error);
}

static bool
svn_switch(struct vcs_job *job, GError **error)
{
	return svn_call(job, "switch", "", true, error);
}

/* A piece of `svn info --xml` between two texts; new string or NULL. */
static char *
svn_info(struct vcs_job *job, const char *before, const char *after, GError **error)
{
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"info", "--xml", job->folder, NULL};
	struct vcs_command command = {.arguments = arguments, .quiet = true, .elsewhere = true};
	if (!vcs_run(job, &command, output, NULL, error))
		return NULL;
	const char *start = strstr(output->str, before);
	const char *end = start ? strstr(start + strlen(before), after) : NULL;
	if (!end) {
		error_set(error, ERROR_INVALID_INPUT, "svn info says nothing of %s", job->folder);
		return NULL;
	}
	start += strlen(before);
	return g_strndup(start, (gsize)(end - start));
}

static char *
svn_revision(struct vcs_job *job, GError **error)
{
	return svn_info(job, "revision=\"", "\"", error);
}

static char *
svn_remote(struct vcs_job *job, GError **error)
{
	return svn_info(job, "<url>", "</url>", error);
}

static char *
svn_root(struct vcs_job *job, GError **error)
{
	(void)error;
	return marker_root(job);
}

const struct vcs_kind vcs_svn = {.name = "svn",
	.marker = ".svn",
	.noun = "checkout",
	.heading = "Checking out",
	.schemes = svn_schemes,
	.fetch = svn_fetch,
	.update = svn_update,
	.switch_to = svn_switch,
	.revision = svn_revision,
	.remote = svn_remote,
	.root = svn_root};

/* --- Bazaar --------------------------------------------------------------------------------- */

static const char *const bzr_schemes[] = {
	"http", "https", "ssh", "sftp", "ftp", "lp", "file", NULL};

static bool
bzr_fetch(struct vcs_job *job, GError **error)
{
	const char *revision = job->url.revision;
	bool verbose = log_shows(job->options->log, LOG_VERBOSE);
	const char *arguments[] = {"checkout", "--lightweight", verbose ? "" : "--quiet",
		revision ? "-r" : "", revision ? revision : "", job->url.url, job->folder, NULL};
	struct vcs_command command = {.arguments = arguments, .elsewhere = true};
	return vcs_run(job, &command, NULL, NULL, error);
}

static bool
bzr_update(struct vcs_job *job, GError **error)
{
	const char *revision = job->url.revision;
	return vcs_do(job, error, "update", vcs_quiet(job), revision ? "-r" : "",
		revision ? revision : "", NULL);
}

static bool
bzr_switch(struct vcs_job *job, GError **error)
{
	return vcs_do(job, error, "switch", job->url.url, NULL);
}

static char *
bzr_revision(struct vcs_job *job, GError **error)
{
	return vcs_ask(job, error, "revno", NULL);
}

static char *
bzr_remote(struct vcs_job *job, GError **error)
{
	static const char *const starts[] = {"checkout of branch: ", "parent branch: "};
	g_autoptr(GString) output = g_string_new(NULL);
	const char *arguments[] = {"info", NULL};
	struct vcs_command command = {.arguments = arguments, .quiet = true};
	if (!vcs_run(job, &command, output, NULL, error))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		const char *found = strstr(output->str, starts[i]);
		if (!found)
			continue;
		found += strlen(starts[i]);
		return path_as_url(g_strndup(found, strcspn(found, "\n")));
	}
	return NULL;
}

const struct vcs_kind vcs_bzr = {.name = "bzr",
	.marker = ".bzr",
	.noun = "branch",
	.heading = "Checking out",
	.schemes = bzr_schemes,
	.fetch = bzr_fetch,
	.update = bzr_update,
	.switch_to = bzr_switch,
	.revision = bzr_revision,
	.remote = bzr_remote,
	.root = svn_root};
