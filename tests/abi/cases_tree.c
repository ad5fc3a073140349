/* This file is cases.h. */
#define _GNU_SOURCE
#include "cases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NAMES = 8, SERVICES = 16 };

struct names {
	char *name[NAMES], *value[NAMES]; /* the first is the tree */
	int n, fd[SERVICES], nfd;
};

void must(int ok, const char *what) {
	if (ok) return;
	fprintf(stderr, "cases: %s: %s\n", what, strerror(errno));
	exit(1);
}

char *text(const char *format, ...) {
	char *out;
	va_list arguments;
	va_start(arguments, format);
	must(vasprintf(&out, format, arguments) >= 0, "memory");
	va_end(arguments);
	return out;
}

cJSON *parsed(const char *path) {
	static char json[1 << 20];
	FILE *f = fopen(path, "r");
	must(f != NULL, path);
	size_t n = fread(json, 1, sizeof json, f);
	must(n < sizeof json && !ferror(f), path);
	fclose(f);
	cJSON *table = cJSON_ParseWithLength(json, n);
	must(table != NULL, "the table is no JSON");
	return table;
}

FILE *results_of(const char *name) {
	const char *dir = getenv("GAOL_CASES_RESULTS");
	char *path = dir ? text("%s/%s", dir, name) : text("/dev/null");
	FILE *f = fopen(path, "w");
	must(f != NULL, path);
	free(path);
	return f;
}

/* expected is an expectation for the engine: a word is for both. */
static const char *expected(const cJSON *expect, const char *engine) {
	if (cJSON_IsString(expect)) return expect->valuestring;
	const cJSON *of = cJSON_GetObjectItem(expect, engine);
	return of ? of->valuestring : NULL;
}

int parts_of(const cJSON *one, const char *engine, struct part parts[2]) {
	const cJSON *twin = cJSON_GetObjectItem(one, "twin"), *item;
	parts[0] = (struct part){"case", expected(cJSON_GetObjectItem(one, "expect"), engine), cJSON_GetObjectItem(one, "profile"), cJSON_GetObjectItem(one, "action")};
	if (!parts[0].want) return 0;
	if (!twin) return 1;
	parts[1] = (struct part){"twin", "ok", parts[0].profile, parts[0].action};
	if ((item = cJSON_GetObjectItem(twin, "profile"))) parts[1].profile = item;
	if ((item = cJSON_GetObjectItem(twin, "action"))) parts[1].action = item;
	if ((item = cJSON_GetObjectItem(twin, "expect"))) parts[1].want = expected(item, engine);
	return parts[1].want ? 2 : 1;
}

int met(const char *want, const char *saw) {
	static const char rest[] = "…";
	size_t open = sizeof rest - 1;
	for (const char *next; want; want = next) {
		next = strchr(want, '|');
		size_t n = next ? (size_t)(next++ - want) : strlen(want);
		if (n == strlen(saw) && memcmp(want, saw, n) == 0) return 1;
		if (n >= open && memcmp(want + n - open, rest, open) == 0 && strncmp(want, saw, n - open) == 0) return 1;
	}
	return 0;
}

cJSON *joined(const cJSON *always, const cJSON *own) {
	cJSON *all = cJSON_Duplicate(always, 1);
	const cJSON *value, *item;
	cJSON_ArrayForEach(value, own) {
		cJSON *first = cJSON_GetObjectItemCaseSensitive(all, value->string);
		if (cJSON_IsArray(first) && cJSON_IsArray(value)) {
			cJSON_ArrayForEach(item, value) cJSON_AddItemToArray(first, cJSON_Duplicate(item, 1));
		} else {
			cJSON_DeleteItemFromObjectCaseSensitive(all, value->string);
			cJSON_AddItemToObject(all, value->string, cJSON_Duplicate(value, 1));
		}
	}
	return all;
}

static char *swapped(const char *in, const char *what, const char *by) {
	char *out = text("%s", ""), *longer;
	for (const char *at; (at = strstr(in, what)); in = at + strlen(what)) {
		longer = text("%s%.*s%s", out, (int)(at - in), in, by);
		free(out);
		out = longer;
	}
	longer = text("%s%s", out, in);
	free(out);
	return longer;
}

char *replaced(const struct names *names, const char *in) {
	char *out = text("%s", in), *next;
	for (int i = 0; i < names->n; i++) {
		next = swapped(out, names->name[i], names->value[i]);
		free(out);
		out = next;
	}
	return out;
}

char *in_a_line(const struct names *names, const char *said) {
	char *out = swapped(said, names->value[0], names->name[0]);
	size_t n = strlen(out);
	if (n && out[n - 1] == '\n') out[n - 1] = 0;
	char *line = swapped(out, "\n", "; ");
	free(out);
	return line;
}

static void name(struct names *names, const char *word, char *value) {
	must(names->n < NAMES, "too many names");
	names->name[names->n] = text("${%s}", word);
	names->value[names->n++] = value;
}

static void keep(struct names *names, int fd) {
	must(fd >= 0 && names->nfd < SERVICES, "a service");
	names->fd[names->nfd++] = fd;
}

/* port_of serves a port that the kernel chooses, and leaves who comes to the kernel's queue. */
static char *port_of(struct names *names, int type) {
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	must(bind(fd, (struct sockaddr *)&at, size) == 0 && getsockname(fd, (struct sockaddr *)&at, &size) == 0, "a port");
	must(type != SOCK_STREAM || listen(fd, 16) == 0, "a port");
	if (names) keep(names, fd);
	else close(fd);
	return text("%d", ntohs(at.sin_port));
}

/* local serves a Unix socket; an abstract name begins with @. */
static void local(struct names *names, const char *at) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(at));
	must(strlen(at) < sizeof address.sun_path, at);
	memcpy(address.sun_path, at, strlen(at));
	if (*at == '@') *address.sun_path = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0, at);
	keep(names, fd);
}

static void copy(const char *from, const char *to) {
	struct stat st;
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	must(in >= 0 && out >= 0 && fstat(in, &st) == 0 && fchmod(out, 0755) == 0, from);
	for (off_t at = 0; at < st.st_size;) must(sendfile(out, in, &at, (size_t)(st.st_size - at)) > 0, to);
	close(in), close(out);
}

static void write_file(const char *path, const char *content) {
	FILE *f = fopen(path, "w");
	must(f && fputs(content, f) >= 0 && fclose(f) == 0 && chmod(path, 0644) == 0, path);
}

static const char *of(const cJSON *entry, const char *key) {
	const cJSON *item = cJSON_GetObjectItem(entry, key);
	return item ? item->valuestring : NULL;
}

struct names *grown(const cJSON *tree, const char *victim) {
	struct names *names = calloc(1, sizeof *names);
	const char *base = getenv("TMPDIR");
	char *made = text("%s/gaol-cases-XXXXXX", base ? base : "/var/tmp"), *dir; /* not /tmp, which cases make private */
	must(names && mkdtemp(made) && chmod(made, 0755) == 0 && (dir = realpath(made, NULL)), made);
	name(names, "T", dir);
	const cJSON *entry;
	cJSON_ArrayForEach(entry, tree) {
		char *path = text("%s/%s", dir, cJSON_GetArrayItem(entry, 0)->valuestring);
		if (of(entry, "dir")) must(mkdir(path, 0755) == 0 && chmod(path, 0755) == 0, path);
		else if (of(entry, "file")) write_file(path, of(entry, "text"));
		else if (of(entry, "link")) must(symlink(of(entry, "to"), path) == 0, path);
		else if (of(entry, "victim")) copy(victim, path);
		else if (of(entry, "socket")) local(names, path);
		else must(0, "an entry of the tree that is unknown");
		free(path);
	}
	char *abstract = text("@%s", strrchr(dir, '/') + 1);
	local(names, abstract);
	name(names, "VICTIM", text("%s", victim));
	name(names, "TCP", port_of(names, SOCK_STREAM));
	name(names, "TCP2", port_of(names, SOCK_STREAM));
	name(names, "UDP", port_of(names, SOCK_DGRAM));
	name(names, "FREE", port_of(NULL, SOCK_STREAM));
	name(names, "ABSTRACT", abstract);
	name(names, "PID", text("%d", (int)getpid()));
	free(made);
	return names;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void felled(struct names *names) {
	for (int i = 0; i < names->nfd; i++) close(names->fd[i]);
	must(nftw(names->value[0], remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, names->value[0]);
	for (int i = 0; i < names->n; i++) free(names->name[i]), free(names->value[i]);
	free(names);
}
