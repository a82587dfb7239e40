/* SPDX-License-Identifier: MIT */
/* Credentials, in pip's order: the URL, an index URL of the same origin, netrc, and after a 401 the
 * keyring command and the user. They are sent to the origin that they were given for only. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/http_private.h"
#include "lib/json.h"

#include <string.h>

enum { MAX_NETRC = 1 << 20, MAX_ANSWER = 65536 };

static void
login_free(void *data)
{
	struct http_login *login = data;
	g_free(login->origin);
	g_free(login->path);
	g_free(login->user);
	g_free(login->password);
	g_free(login);
}

static const char *
path_of(const char *url)
{
	const char *at = strstr(url, "://");
	return at ? at + 3 + strcspn(at + 3, "/?#") : url;
}

/* Takes user and password. */
static void
remember(Http *http, const char *url, char *user, char *password)
{
	struct http_login *login = g_new0(struct http_login, 1);
	login->origin = http_url_origin(url);
	login->path = g_strdup(path_of(url));
	login->user = user;
	login->password = password;
	if (!http->logins)
		http->logins = g_ptr_array_new_with_free_func(login_free);
	for (guint i = 0; i < http->logins->len; i++) {
		const struct http_login *other = g_ptr_array_index(http->logins, i);
		if (g_strcmp0(other->origin, login->origin) == 0 &&
			strcmp(other->path, login->path) == 0) {
			g_ptr_array_remove_index(http->logins, i);
			break;
		}
	}
	g_ptr_array_add(http->logins, login);
}

char *
http_auth_strip(Http *http, const char *url)
{
	char *user, *password, *clean = http_url_split(url, &user, &password);
	g_autofree char *origin = user ? http_url_origin(clean) : NULL;
	if (origin) {
		remember(http, clean, user, password);
	} else {
		g_free(user);
		g_free(password);
	}
	return clean;
}

void
http_know_url(Http *http, const char *url)
{
	char *user, *password;
	g_autofree char *clean = http_url_split(url, &user, &password);
	g_autofree char *origin = http_url_origin(clean);
	if (origin) {
		remember(http, clean, user, password);
	} else {
		g_free(user);
		g_free(password);
	}
}

/* The login of the URL's origin whose path agrees longest with it; with_user: that has a user. */
static const struct http_login *
best_login(const Http *http, const char *url, bool with_user)
{
	const struct http_login *best = NULL;
	size_t best_common = 0;
	if (!http->logins)
		return NULL;
	g_autofree char *origin = http_url_origin(url);
	const char *path = path_of(url);
	for (guint i = 0; origin && i < http->logins->len; i++) {
		const struct http_login *login = g_ptr_array_index(http->logins, i);
		if (strcmp(login->origin, origin) != 0 || (with_user && !login->user))
			continue;
		size_t common = 0;
		while (path[common] && path[common] == login->path[common])
			common++;
		if (!best || common >= best_common) {
			best = login;
			best_common = common;
		}
	}
	return best;
}

/* --- netrc --------------------------------------------------------------------------------- */

/* The next word: white space separates, quotes group, `\` takes the next byte as it is. */
static bool
next_word(const char **at, GString *word)
{
	const char *p = *at + strspn(*at, " \t\r\n");
	g_string_truncate(word, 0);
	if (!*p)
		return false;
	char quote = *p == '"' ? *p++ : '\0';
	while (*p && (quote ? *p != quote : !strchr(" \t\r\n", *p))) {
		if (*p == '\\' && p[1])
			p++;
		g_string_append_c(word, *p++);
	}
	*at = p + (quote && *p);
	return true;
}

/* A macro ends at an empty line. */
static const char *
skip_macro(const char *at)
{
	const char *end = strstr(at, "\n\n");
	return end ? end + 2 : at + strlen(at);
}

bool
http_auth_netrc(const char *text, const char *host, char **user, char **password)
{
	g_autoptr(GString) word = g_string_new(NULL);
	g_autofree char *login = NULL, *secret = NULL;
	bool ours = false, found = false;
	while (next_word(&text, word)) {
		bool is_default = strcmp(word->str, "default") == 0;
		if (is_default || strcmp(word->str, "machine") == 0) {
			if (found)
				break;
			ours = is_default ||
			       (next_word(&text, word) && g_ascii_strcasecmp(word->str, host) == 0);
			found = ours;
		} else if (word->str[0] == '#') {
			text += strcspn(text, "\n");
		} else if (strcmp(word->str, "macdef") == 0) {
			text = skip_macro(text);
		} else if (strcmp(word->str, "login") == 0 || strcmp(word->str, "user") == 0) {
			if (next_word(&text, word) && ours) {
				g_free(login);
				login = g_strdup(word->str);
			}
		} else if (strcmp(word->str, "password") == 0) {
			if (next_word(&text, word) && ours) {
				g_free(secret);
				secret = g_strdup(word->str);
			}
		} else if (strcmp(word->str, "account") == 0) {
			next_word(&text, word);
		}
	}
	if (!found || (!login && !secret))
		return false;
	*user = login ? g_steal_pointer(&login) : g_strdup("");
	*password = secret ? g_steal_pointer(&secret) : g_strdup("");
	return true;
}

static const char *
netrc_text(Http *http)
{
	if (http->netrc)
		return http->netrc;
	const char *named = g_getenv("NETRC");
	g_autofree char *first =
		named && *named ? fs_expand_user(named) : fs_expand_user("~/.netrc");
	http->netrc = fs_read(first, MAX_NETRC, NULL, NULL, NULL);
	if (!http->netrc && !(named && *named)) {
		g_autofree char *second = fs_expand_user("~/_netrc");
		http->netrc = fs_read(second, MAX_NETRC, NULL, NULL, NULL);
	}
	if (!http->netrc)
		http->netrc = g_strdup("");
	return http->netrc;
}

bool
http_auth_find(Http *http, const char *url, char **user, char **password)
{
	const struct http_login *login = best_login(http, url, true);
	if (login && login->password) {
		*user = g_strdup(login->user);
		*password = g_strdup(login->password);
		return true;
	}
	g_autofree char *host = NULL, *host_port = NULL;
	if (*netrc_text(http) && http_url_host(url, &host, &host_port) &&
		http_auth_netrc(http->netrc, host, user, password))
		return true;
	if (!login)
		return false;
	*user = g_strdup(login->user); /* a token alone */
	*password = g_strdup("");
	return true;
}

/* --- keyring ------------------------------------------------------------------------------- */

static const char *
keyring_command(Http *http)
{
	if (http->keyring)
		return http->keyring;
	const char *provider = http->options.keyring_provider;
	bool automatic = !provider || !*provider || strcmp(provider, "auto") == 0;
	/* Without somebody to answer its questions it is used only if it was asked for. */
	bool wanted = automatic ? !http->options.no_input : strcmp(provider, "disabled") != 0;
	char *path = wanted ? g_find_program_in_path("keyring") : NULL;
	http->keyring = path ? path : g_strdup("");
	return http->keyring;
}

static bool
read_keyring_answer(const char *text, char **user, char **password)
{
	size_t length = strlen(text);
	g_autoptr(Json) json = length < MAX_ANSWER ? json_parse(text, length, NULL) : NULL;
	if (!json)
		return false;
	const char *name = json_string(json_get(json_root(json), "username"), NULL);
	const char *secret = json_string(json_get(json_root(json), "password"), NULL);
	if (!name || !secret)
		return false;
	*user = g_strdup(name);
	*password = g_strdup(secret);
	return true;
}

/* `keyring --mode=creds --output=json get SERVICE [USER]`: no secret is in its arguments. */
static bool
ask_keyring(Http *http, const char *service, const char *user_or_null, char **user, char **password)
{
	const char *command = keyring_command(http);
	if (!*command || *service == '-')
		return false;
	char *arguments[] = {(char *)command, (char *)"--mode=creds", (char *)"--output=json",
		(char *)"get", (char *)service, (char *)user_or_null, NULL};
	g_auto(GStrv) environment =
		g_environ_setenv(g_get_environ(), "PYTHONIOENCODING", "utf-8", TRUE);
	g_autofree char *out = NULL, *err = NULL;
	g_autoptr(GError) error = NULL;
	int status = 0;
	log_debug(http->log, "Getting credentials from keyring for %s", service);
	if (!g_spawn_sync(NULL, arguments, environment, G_SPAWN_DEFAULT, loop_restore_signals,
		    http->loop, &out, &err, &status, &error)) {
		log_warning(
			http->log, "Keyring is skipped due to an exception: %s", error->message);
		*http->keyring = '\0';
		return false;
	}
	if (err && strstr(err, "unrecognized arguments") && strstr(err, "--mode=creds")) {
		log_warning(http->log,
			"Keyring is skipped due to an exception: Keyring util is outdated; "
			"must be at least version 25.2.1, please upgrade it");
		*http->keyring = '\0';
		return false;
	}
	return status == 0 && out && read_keyring_answer(out, user, password);
}

bool
http_auth_ask(Http *http, const char *url)
{
	char *user = NULL, *password = NULL;
	const struct http_login *login = best_login(http, url, false);
	g_autofree char *host = NULL, *host_port = NULL;
	const char *name = login && !login->password ? login->user : NULL;
	if (!http_url_host(url, &host, &host_port))
		return false;
	g_autofree char *index_url = login ? g_strconcat(login->origin, login->path, NULL) : NULL;
	bool found = (index_url && ask_keyring(http, index_url, name, &user, &password)) ||
		     ask_keyring(http, host_port, name, &user, &password);
	if (!found && !http->options.no_input && http->options.ask)
		found = http->options.ask(http->options.ask_user, host_port, &user, &password);
	if (found)
		remember(http, url, user, password);
	return found;
}

void
http_auth_clear(Http *http)
{
	if (http->logins)
		g_ptr_array_unref(http->logins);
	g_free(http->netrc);
	g_free(http->keyring);
}
