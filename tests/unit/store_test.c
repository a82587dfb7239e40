/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "lib/fs.h"
#include "tests/unit/zip_maker.h"
#include "wheel/store.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *folder; /* scratch: cache, target */
	char *cache, *target;
	Loop *loop;
	Jobs *jobs;
	Store *store;
	struct maker made;
	StoreWheel *wheel; /* what the last addition gave */
	GPtrArray *warnings;
	GError *error;
	bool done;
};

static void
set_up(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	umask(022);
	f->folder = fs_temp_dir("xpip-store-test-", &error);
	g_assert_no_error(error);
	f->cache = g_build_filename(f->folder, "cache", NULL);
	f->target = g_build_filename(f->folder, "target", NULL);
	g_assert_true(fs_mkdirs(f->target, 0755, NULL));
	f->loop = loop_new(&error);
	f->jobs = jobs_new(f->loop, 2);
	f->store = store_open(f->cache, f->target, &error);
	g_assert_no_error(error);
	maker_init(&f->made);
}

static void
clear_result(struct fixture *f)
{
	g_clear_pointer(&f->wheel, store_wheel_free);
	g_clear_pointer(&f->warnings, g_ptr_array_unref);
	g_clear_error(&f->error);
	f->done = false;
}

static void
tear_down(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	clear_result(f);
	jobs_free(f->jobs);
	store_free(f->store);
	loop_free(f->loop);
	maker_clear(&f->made);
	g_assert_true(fs_remove_tree(f->folder, NULL));
	g_free(f->target);
	g_free(f->cache);
	g_free(f->folder);
}

static void
reopen(struct fixture *f)
{
	GError *error = NULL;
	clear_result(f);
	store_free(f->store);
	f->store = store_open(f->cache, f->target, &error);
	g_assert_no_error(error);
}

static void
take_result(StoreWheel *wheel, GPtrArray *warnings, const GError *error, void *user)
{
	struct fixture *f = user;
	f->wheel = wheel;
	f->warnings = g_ptr_array_ref(warnings);
	f->error = error ? g_error_copy(error) : NULL;
	f->done = true;
	g_assert_cmpint(!wheel, ==, error != NULL);
}

static struct digest
digest_of(const struct fixture *f)
{
	struct digest digest;
	digest_bytes(f->made.bytes->data, f->made.bytes->len, &digest);
	return digest;
}

static void
add(struct fixture *f, bool strict)
{
	GError *error = NULL;
	struct digest found, wanted = digest_of(f);
	clear_result(f);
	StoreDownload *download = store_download_new(f->store, &error);
	g_assert_no_error(error);
	store_download_write(download, f->made.bytes->data, f->made.bytes->len, 0, &error);
	g_assert_no_error(error);
	g_assert_true(store_download_digest(download, &found, &error));
	g_assert_true(digest_equal(&found, &wanted));
	struct store_add_options options = {f->made.filename, strict};
	store_add_wheel(f->store, f->jobs, download, &options, take_result, f);
	while (!f->done)
		g_assert_true(loop_turn(f->loop, -1, NULL));
}

static unsigned
count_below(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	unsigned count = 0;
	while (dir && g_dir_read_name(dir))
		count++;
	return count;
}

static char *
read_below(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void
check_tree(struct fixture *f)
{
	g_assert_cmpuint(store_wheel_file_count(f->wheel), ==, f->made.count);
	for (size_t i = 0; i < f->made.count; i++) {
		const struct store_file *file = store_wheel_file(f->wheel, i);
		g_autofree char *text = read_below(store_wheel_tree(f->wheel), file->path);
		struct digest digest;
		g_assert_nonnull(text);
		digest_bytes(text, strlen(text), &digest);
		g_assert_true(digest_equal(&digest, &file->digest));
		g_assert_cmpint(file->size, ==, (int64_t)strlen(text));
		g_autofree char *path =
			g_build_filename(store_wheel_tree(f->wheel), file->path, NULL);
		struct stat info;
		g_assert_cmpint(stat(path, &info), ==, 0);
		g_assert_cmpuint(info.st_mode & 07777, ==, file->executable ? 0755 : 0644);
		g_assert_cmpuint(info.st_ino, ==, file->inode);
		if (i)
			g_assert_cmpstr(file->path, >, store_wheel_file(f->wheel, i - 1)->path);
	}
}

static void
test_add(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_add(&f->made, "hostile-1.0.data/scripts/run", "#!python\n")->mode = 0106711;
	maker_add(&f->made, "hostile/sub/empty.py", "");
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	g_assert_null(store_find(f->store, &digest, f->made.filename));
	g_assert_null(store_wheel_path(f->store, &digest));
	add(f, true);
	g_assert_no_error(f->error);
	g_assert_cmpuint(f->warnings->len, ==, 0);
	g_assert_cmpstr(store_wheel_filename(f->wheel), ==, f->made.filename);
	g_assert_cmpstr(store_wheel_dist_info(f->wheel), ==, "hostile-1.0.dist-info");
	g_assert_true(digest_equal(store_wheel_digest(f->wheel), &digest));
	check_tree(f);
	g_autofree char *kept = store_wheel_path(f->store, &digest);
	g_autofree char *bytes = NULL;
	size_t length;
	g_assert_true(g_file_get_contents(kept, &bytes, &length, NULL));
	g_assert_cmpuint(length, ==, f->made.bytes->len);
	g_assert_cmpint(memcmp(bytes, f->made.bytes->data, length), ==, 0);
	g_autoptr(Metadata) metadata = store_wheel_metadata(f->wheel, NULL);
	g_assert_cmpstr(metadata->name, ==, "hostile");
	g_assert_null(store_wheel_read(f->wheel, "hostile", NULL));

	reopen(f);
	f->wheel = store_find(f->store, &digest, "hostile-1.0-1-py3-none-any.whl");
	g_assert_nonnull(f->wheel);
	g_assert_cmpstr(store_wheel_filename(f->wheel), ==, "hostile-1.0-1-py3-none-any.whl");
	check_tree(f);
	g_assert_null(store_find(f->store, &digest, "friendly-1.0-py3-none-any.whl"));
	reopen(f);
	g_autofree char *root = g_build_filename(f->cache, "store-v1", NULL);
	g_assert_cmpuint(count_below(root, "tmp"), ==, 0);
	g_assert_cmpuint(count_below(root, "trees"), ==, 1);
}

static void
test_refused(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	f->made.record = "hostile/__init__.py,sha256=AAAA,\n";
	maker_build(&f->made);
	add(f, false);
	g_assert_error(f->error, XPIP_ERROR, ERROR_INTEGRITY);
	g_assert_true(g_str_has_prefix(f->error->message, "hostile-1.0-py3-none-any.whl: "));
	g_autofree char *root = g_build_filename(f->cache, "store-v1", NULL);
	g_assert_cmpuint(count_below(root, "trees"), ==, 0);
	g_assert_cmpuint(count_below(root, "wheels"), ==, 0);
	reopen(f);
	g_assert_cmpuint(count_below(root, "tmp"), ==, 0);
}

/* What RECORD objects to is usable once, and judged again next time. */
static void
test_unclean(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	f->made.record = "hostile/ghost.py,,\n";
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	add(f, true);
	g_assert_error(f->error, XPIP_ERROR, ERROR_INTEGRITY);
	add(f, false);
	g_assert_no_error(f->error);
	g_assert_cmpuint(f->warnings->len, ==, 2);
	g_assert_nonnull(strstr(f->warnings->pdata[1], "(so it is with 2 more)"));
	check_tree(f);
	g_assert_null(store_find(f->store, &digest, f->made.filename));
}

/* Large enough for several jobs. */
static void
test_parts(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	size_t size = (size_t)5 << 20;
	g_autofree char *text = g_malloc(size);
	for (size_t i = 0, x = 1; i < size; i++, x = x * 6364136223846793005u + 1)
		text[i] = (char)('a' + (x >> 60));
	text[size - 1] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		static const char *const names[] = {"hostile/a", "hostile/b", "hostile/c"};
		maker_add(&f->made, names[i], text + i)->method = ZIP_DEFLATED;
	}
	maker_build(&f->made);
	add(f, true);
	g_assert_no_error(f->error);
	check_tree(f);
	/* the digests hold, but not the data of the last part */
	f->made.bytes->data[f->made.data[6] + 100000] ^= 1;
	add(f, true);
	g_assert_nonnull(f->error);
	g_assert_nonnull(strstr(f->error->message, "hostile/c"));
}

/* Somebody else was first: their tree is taken, ours goes. */
static void
test_two_processes(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	g_autoptr(Store) other = store_open(f->cache, f->target, NULL);
	add(f, true);
	g_assert_no_error(f->error);
	ino_t first = store_wheel_file(f->wheel, 0)->inode;
	Store *mine = f->store;
	f->store = other;
	add(f, true);
	f->store = mine;
	g_assert_no_error(f->error);
	g_assert_cmpuint(store_wheel_file(f->wheel, 0)->inode, ==, first);
	check_tree(f);
}

/* A tree that a killed process left without a row is replaced. */
static void
test_orphan(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	char hex[65];
	digest_to_hex(&digest, hex);
	g_autofree char *orphan = g_build_filename(f->cache, "store-v1/trees", hex, "evil", NULL);
	g_assert_true(fs_mkdirs(orphan, 0755, NULL));
	g_autofree char *left = g_build_filename(f->cache, "store-v1/tmp/run-gone/0", NULL);
	g_autofree char *fresh = g_build_filename(f->cache, "store-v1/tmp/run-new", NULL);
	g_assert_true(fs_mkdirs(left, 0755, NULL) && fs_mkdirs(fresh, 0755, NULL));
	g_autofree char *run = g_path_get_dirname(left);
	struct timespec old[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	g_assert_cmpint(utimensat(AT_FDCWD, run, old, 0), ==, 0);
	g_assert_null(store_find(f->store, &digest, NULL));
	add(f, true);
	g_assert_no_error(f->error);
	check_tree(f);
	g_assert_false(g_file_test(orphan, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(run, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(fresh, G_FILE_TEST_EXISTS));
}

static void
damage(struct fixture *f, const char *bytes)
{
	g_autofree char *path = g_build_filename(f->cache, "store-v1/store.sqlite", NULL);
	g_assert_true(g_file_set_contents(path, bytes, -1, NULL));
}

static void
test_damaged_index(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	add(f, true);
	g_assert_no_error(f->error);
	reopen(f);
	damage(f, "this is no database, but it is long enough to be looked at as if it were one");
	g_assert_null(store_find(f->store, &digest, NULL));
	add(f, true);
	g_assert_no_error(f->error);
	check_tree(f);
	reopen(f);
	f->wheel = store_find(f->store, &digest, NULL);
	g_assert_nonnull(f->wheel);
	check_tree(f);
	g_autofree char *old = g_build_filename(f->cache, "store-v1/store.sqlite.old", NULL);
	g_assert_true(g_file_test(old, G_FILE_TEST_EXISTS));
}

static void
edit(struct fixture *f, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(f->target, name, NULL);
	g_auto(fd_t) fd = open(path, O_WRONLY | O_TRUNC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_true(fs_write_all(fd, text, strlen(text), NULL));
}

/* A user edits a linked file in place: neither the next environment nor a reader may see it. */
static void
test_altered(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	add(f, true);
	g_assert_no_error(f->error);
	g_auto(fd_t) target = open(f->target, O_RDONLY | O_DIRECTORY);
	size_t last = f->made.count - 1, metadata = 0;
	const struct store_file *file = store_wheel_file(f->wheel, last);
	g_assert_cmpstr(file->path, ==, "hostile/__init__.py");
	for (int link = 0; link < 2; link++) {
		g_assert_true(
			store_wheel_place(f->wheel, last, target, link ? "a" : "b", link, &error));
		g_autofree char *text = read_below(f->target, link ? "a" : "b");
		g_assert_cmpstr(text, ==, f->made.entries[0].text);
		struct stat info;
		g_assert_cmpint(fstatat(target, link ? "a" : "b", &info, 0), ==, 0);
		g_assert_cmpint(info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec, ==,
			file->mtime_ns);
		g_assert_cmpint(info.st_ino == file->inode, ==, link);
	}
	g_assert_false(store_wheel_place(f->wheel, last, target, "a", true, &error));
	g_clear_error(&error);
	g_assert_false(store_wheel_place(f->wheel, last, target, "a", false, &error));
	g_clear_error(&error);
	g_assert_true(store_wheel_place(f->wheel, metadata, target, "m", true, &error));
	edit(f, "a", "edited\n");
	edit(f, "m", "edited\n");
	for (int link = 0; link < 2; link++) {
		const char *to = link ? "c" : "d";
		g_assert_true(store_wheel_place(f->wheel, last, target, to, link, &error));
		g_assert_no_error(error);
		g_autofree char *text = read_below(f->target, to);
		g_assert_cmpstr(text, ==, f->made.entries[0].text);
	}
	g_autofree char *read = store_wheel_read(f->wheel, "hostile-1.0.dist-info/METADATA", NULL);
	g_assert_cmpstr(read, ==, MAKER_METADATA);
	/* touched, not changed: hashed and taken */
	reopen(f);
	g_assert_null(store_find(f->store, &digest, NULL));
	g_autofree char *kept = store_wheel_path(f->store, &digest);
	g_autoptr(StoreDownload) download = store_download_from_file(f->store, kept, &error);
	g_assert_no_error(error);
	struct digest again;
	g_assert_true(store_download_digest(download, &again, &error));
	g_assert_true(digest_equal(&digest, &again));
}

/* The kept wheel is damaged as well: an error, and the next run begins anew. */
static void
test_altered_all(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	add(f, true);
	g_autofree char *kept = store_wheel_path(f->store, &digest);
	g_auto(fd_t) target = open(f->target, O_RDONLY | O_DIRECTORY);
	g_assert_true(store_wheel_place(f->wheel, 0, target, "a", true, &error));
	edit(f, "a", "edited\n");
	g_assert_true(g_file_set_contents(kept, "no wheel", -1, NULL));
	g_assert_false(store_wheel_place(f->wheel, 0, target, "b", true, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INTEGRITY);
	g_clear_error(&error);
	g_assert_null(store_wheel_metadata(f->wheel, &error));
	g_clear_error(&error);
	reopen(f);
	g_assert_null(store_find(f->store, &digest, NULL));
	g_assert_null(store_wheel_path(f->store, &digest));
	add(f, true);
	g_assert_no_error(f->error);
	check_tree(f);
	g_assert_true(store_wheel_place(f->wheel, 0, target, "b", true, &error));
}

static void
test_umask(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_add(&f->made, "hostile/run", "x")->mode = 0100755;
	maker_build(&f->made);
	struct digest digest = digest_of(f);
	add(f, true);
	umask(077);
	reopen(f);
	f->wheel = store_find(f->store, &digest, NULL);
	g_auto(fd_t) target = open(f->target, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < f->made.count; i++) {
		const struct store_file *file = store_wheel_file(f->wheel, i);
		struct stat info;
		g_assert_true(store_wheel_place(f->wheel, i, target, "x", true, NULL));
		g_assert_cmpint(fstatat(target, "x", &info, 0), ==, 0);
		g_assert_cmpuint(info.st_mode & 07777, ==, file->executable ? 0700 : 0600);
		unlinkat(target, "x", 0);
	}
	umask(022);
}

static void
test_private(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	maker_build(&f->made);
	store_free(f->store);
	f->store = store_open(NULL, f->target, &error);
	g_assert_no_error(error);
	add(f, true);
	g_assert_no_error(f->error);
	check_tree(f);
	g_assert_null(store_bytecode_path(f->store, f->wheel, "cpython-311"));
	g_autofree char *tree = g_strdup(store_wheel_tree(f->wheel));
	store_free(f->store);
	f->store = NULL;
	g_assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(f->cache, G_FILE_TEST_IS_REGULAR));
}

static void
test_unusable_cache(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	store_free(f->store);
	g_assert_true(fs_remove_tree(f->cache, NULL));
	g_assert_true(g_file_set_contents(f->cache, "a file", -1, NULL));
	f->store = store_open(f->cache, f->target, NULL);
	add(f, true);
	g_assert_no_error(f->error);
	check_tree(f);
}

static void
test_bytecode(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	add(f, true);
	g_autofree char *path = store_bytecode_path(f->store, f->wheel, "cpython-311-0");
	g_assert_nonnull(strstr(path, "/store-v1/bytecode/"));
	g_assert_true(g_str_has_suffix(path, "/cpython-311-0"));
	g_assert_null(store_bytecode_path(f->store, f->wheel, "../x"));
	g_assert_null(store_bytecode_path(f->store, f->wheel, ".."));
}

/* Offsets in any order, twice, in memory and in a file. */
static void
check_order(struct fixture *f, size_t size, const size_t *order, size_t count, bool in_file)
{
	GError *error = NULL;
	g_autofree uint8_t *bytes = g_malloc(size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	struct digest wanted, found;
	digest_bytes(bytes, size, &wanted);
	g_autoptr(StoreDownload) download = store_download_new(f->store, &error);
	if (in_file)
		g_assert_cmpint(store_download_fd(download, &error), >=, 0);
	size_t part = size / count;
	for (size_t i = 0; i < count; i++) {
		if (i == 1 && order[0] != 0) /* there is a gap */
			g_assert_false(store_download_digest(download, &found, NULL));
		size_t at = order[i] * part, length = order[i] + 1 == count ? size - at : part;
		store_download_write(download, bytes + at, length, (int64_t)at, &error);
		g_assert_no_error(error);
		/* a retry that lies about what is hashed already changes nothing */
		if (order[i] == 0)
			store_download_write(download, "lies", 4, 0, &error);
	}
	g_assert_true(store_download_digest(download, &found, &error));
	g_assert_true(digest_equal(&found, &wanted));
	g_assert_true(store_download_digest(download, &found, &error));
	g_assert_true(digest_equal(&found, &wanted));
	g_assert_false(store_download_write(download, "x", 1, (int64_t)size, NULL));
	int fd = store_download_fd(download, &error);
	g_autofree uint8_t *read_back = g_malloc(size + 1);
	g_assert_cmpint(pread(fd, read_back, size + 1, 0), ==, (ssize_t)size);
	g_assert_cmpint(memcmp(read_back, bytes, size), ==, 0);
}

static void
test_download(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	static const size_t orders[][5] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
	maker_build(&f->made);
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		check_order(f, 10007, orders[i], 5, false);
		check_order(f, 10007, orders[i], 5, true);
	}
	check_order(f, (size_t)70 << 20, orders[2], 5, false);
}

static void
test_restart(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	for (int in_file = 0; in_file < 2; in_file++) {
		GError *error = NULL;
		struct digest wanted, found;
		digest_bytes("new", 3, &wanted);
		g_autoptr(StoreDownload) download = store_download_new(f->store, &error);
		store_download_write(download, "old bytes", 9, 0, &error);
		g_assert_false(store_download_write(download, "x", 1, -1, NULL));
		if (in_file)
			g_assert_cmpint(store_download_fd(download, &error), >=, 0);
		store_download_restart(download);
		store_download_write(download, "w", 1, 2, &error);
		g_assert_false(store_download_digest(download, &found, NULL));
		store_download_write(download, "ne", 2, 0, &error);
		g_assert_no_error(error);
		g_assert_true(store_download_digest(download, &found, &error));
		g_assert_true(digest_equal(&found, &wanted));
	}
}

/* Ending while a wheel is unpacked: its callback still comes. */
static void
test_cancel(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	maker_build(&f->made);
	for (int i = 0; i < 2; i++) {
		StoreDownload *download = store_download_new(f->store, NULL);
		store_download_write(download, f->made.bytes->data, f->made.bytes->len, 0, NULL);
		struct store_add_options options = {f->made.filename, true};
		clear_result(f);
		store_add_wheel(f->store, f->jobs, download, &options, take_result, f);
		jobs_free(f->jobs);
		f->jobs = jobs_new(f->loop, 1);
		g_assert_true(f->done);
		if (!f->wheel)
			g_assert_error(f->error, XPIP_ERROR, ERROR_INTERRUPTED);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/store/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	TEST(add);
	TEST(refused);
	TEST(unclean);
	TEST(parts);
	TEST(two_processes);
	TEST(orphan);
	TEST(damaged_index);
	TEST(altered);
	TEST(altered_all);
	TEST(umask);
	TEST(private);
	TEST(unusable_cache);
	TEST(bytecode);
	TEST(download);
	TEST(restart);
	TEST(cancel);
	return g_test_run();
}
