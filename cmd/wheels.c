/* SPDX-License-Identifier: MIT */
#include "cmd/wheels.h"

static void
say_names(const struct artifact_context *context, const char *words, GPtrArray *names,
	const char *between)
{
	if (names->len == 0 || context->quiet)
		return;
	g_ptr_array_add(names, NULL);
	g_autofree char *list = g_strjoinv(between, (char **)names->pdata);
	g_ptr_array_set_size(names, (gint)names->len - 1);
	log_info(context->x->log, "%s %s", words, list);
}

bool
wheels_build(const struct artifact_context *context, const GPtrArray *artifacts, GPtrArray *failed,
	GError **error)
{
	g_autoptr(GPtrArray) wanted = g_ptr_array_new(), built = g_ptr_array_new();
	for (guint i = 0; i < artifacts->len; i++) {
		const Artifact *artifact = g_ptr_array_index(artifacts, i);
		if (!artifact->wheel)
			g_ptr_array_add(wanted, artifact->metadata->name);
	}
	for (guint i = 0; i < artifacts->len; i++)
		if (!artifact_prepare(context, g_ptr_array_index(artifacts, i), error))
			return false;
	say_names(context, "Building wheels for collected packages:", wanted, ", ");
	log_indent(context->x->log, 1);
	bool ok = true;
	for (guint i = 0; ok && i < artifacts->len; i++) {
		Artifact *artifact = g_ptr_array_index(artifacts, i);
		g_autoptr(GError) why = NULL;
		if (artifact->wheel)
			continue;
		if (artifact_make_wheel(context, artifact, &why)) {
			g_ptr_array_add(built, artifact->metadata->name);
		} else if (g_error_matches(why, XPIP_ERROR, ERROR_SILENT)) {
			g_ptr_array_add(failed, g_strdup(artifact->metadata->name));
		} else {
			g_propagate_error(error, g_steal_pointer(&why));
			ok = false;
		}
	}
	log_indent(context->x->log, -1);
	if (!ok)
		return false;
	say_names(context, "Successfully built", built, " ");
	say_names(context, "Failed to build", failed, " ");
	return true;
}
