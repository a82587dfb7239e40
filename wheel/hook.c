/* SPDX-License-Identifier: MIT */
#include "wheel/hook.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/process.h"
#include "lib/repr.h"
#include "wheel/hook_program.h"

#include <string.h>

enum { MAX_ANSWER = 16 << 20 };

/* --- order and answer ---------------------------------------------------------------------- */

static void
put_strings(JsonWriter *writer, const char *key, const char *const *texts)
{
	json_key(writer, key);
	json_begin(writer, '[');
	for (; *texts; texts++)
		json_put_string(writer, *texts);
	json_end(writer);
}

static size_t
key_length(const char *setting)
{
	return strcspn(setting, "=");
}

static bool
same_key(const char *a, const char *b)
{
	size_t length = key_length(a);
	return length == key_length(b) && strncmp(a, b, length) == 0;
}

static const char *
value_of(const char *setting)
{
	const char *equals = strchr(setting, '=');
	return equals ? equals + 1 : "";
}

/* A key given twice becomes a list, at the place of the first. */
static void
put_settings(JsonWriter *writer, const char *const *settings)
{
	json_key(writer, "settings");
	if (!settings || !*settings) {
		json_put_null(writer);
		return;
	}
	json_begin(writer, '{');
	for (size_t i = 0; settings[i]; i++) {
		size_t before = 0, after = i + 1;
		while (before < i && !same_key(settings[before], settings[i]))
			before++;
		while (settings[after] && !same_key(settings[after], settings[i]))
			after++;
		if (before < i)
			continue;
		g_autofree char *key = g_strndup(settings[i], key_length(settings[i]));
		json_key(writer, key);
		if (!settings[after]) {
			json_put_string(writer, value_of(settings[i]));
			continue;
		}
		json_begin(writer, '[');
		for (size_t j = i; settings[j]; j++)
			if (same_key(settings[j], settings[i]))
				json_put_string(writer, value_of(settings[j]));
		json_end(writer);
	}
	json_end(writer);
}

static bool
write_order(
	const struct hook *hook, const struct hook_call *call, const char *folder, GError **error)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	json_begin(writer, '{');
	json_key(writer, "backend");
	json_put_string(writer, hook->project->backend);
	put_strings(writer, "paths", (const char *const *)hook->project->backend_path);
	json_key(writer, "hook");
	json_put_string(writer, call->name);
	put_settings(writer, hook->config_settings);
	json_key(writer, "folder");
	json_put_string(writer, call->folder);
	json_key(writer, "metadata");
	json_put_string(writer, call->metadata);
	json_end(writer);
	g_autofree char *text = json_writer_take(writer);
	g_autofree char *order = g_build_filename(folder, "order.json", NULL);
	g_autofree char *program = g_build_filename(folder, "hook.py", NULL);
	return fs_mkdirs(folder, 0700, error) &&
	       fs_write_atomic(order, text, strlen(text), 0600, false, error) &&
	       fs_write_atomic(program, HOOK_PROGRAM, strlen(HOOK_PROGRAM), 0600, false, error);
}

static Json *
read_answer(const char *folder, GError **error)
{
	size_t length;
	g_autofree char *path = g_build_filename(folder, "answer.json", NULL);
	g_autofree char *text = fs_read(path, MAX_ANSWER, &length, NULL, error);
	return text ? json_parse(text, length, error) : NULL;
}

/* --- the process --------------------------------------------------------------------------- */

static void
show_line(void *user, const char *line)
{
	log_subprocess(user, LOG_VERBOSE, line);
}

static void
explain_backend(Log *log, const char *backend, const char *why)
{
	g_autofree char *quoted = repr_string(backend);
	g_autofree char *message = g_strdup_printf("Cannot import build backend %s.", quoted);
	log_diagnostic(log, &(struct diagnostic){.reference = "backend-unavailable",
				    .message = message,
				    .context = why,
				    .note = "This is likely not a problem with xpip."});
}

static void
fail(GError **error, const char *what, const char *message)
{
	g_autofree char *step = g_utf8_strdown(message, -1);
	error_set(error, ERROR_IO, "Failed to build '%s' when %s", what, step);
}

/* Runs the program; *status as process_run. */
static bool
run_program(const struct hook *hook, const char *message, const char *folder, GString *output,
	int *status, GError **error)
{
	g_autofree char *program = g_build_filename(folder, "hook.py", NULL);
	g_autofree char *heading = g_strdup_printf("Running command %s", message);
	const char *argv[] = {hook->python->executable, program, NULL};
	struct process_options options = {.argv = argv,
		.folder = hook->source,
		.environment = (const char *const *)hook->env->environment,
		.loop = hook->loop,
		.line = show_line,
		.user = hook->log};
	log_subprocess(hook->log, LOG_VERBOSE, heading);
	return process_run(&options, output, status, error);
}

static void
say(const struct hook *hook, const struct hook_call *call, const char *state)
{
	if (call->message && !hook->quiet)
		log_info(hook->log, "%s: %s", call->message, state);
}

Json *
hook_run(const struct hook *hook, const struct hook_call *call, const char *what, GError **error)
{
	const char *message = call->message ? call->message : "Checking for the build back end";
	g_autofree char *folder = g_build_filename(hook->env->folder, "call", NULL);
	g_autoptr(GString) output = g_string_new(NULL);
	int status = 0;
	if (!fs_remove_tree(folder, error) || !write_order(hook, call, folder, error))
		return NULL;
	say(hook, call, "started");
	if (!run_program(hook, message, folder, output, &status, error))
		return NULL;
	say(hook, call, status ? "finished with status 'error'" : "finished with status 'done'");
	if (status) {
		process_explain(hook->log, message, status,
			log_shows(hook->log, LOG_VERBOSE) ? NULL : output);
		fail(error, what, message);
		return NULL;
	}
	g_autoptr(Json) answer = read_answer(folder, error);
	if (!answer)
		return NULL;
	const char *why = json_string(json_get(json_root(answer), "unavailable"), NULL);
	if (why) {
		explain_backend(hook->log, hook->project->backend, why);
		g_autofree char *step =
			g_strdup_printf("calling build backend hook %s", call->name);
		fail(error, what, step);
		return NULL;
	}
	return g_steal_pointer(&answer);
}
