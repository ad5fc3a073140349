/* paths.c: see paths.h. It makes no system call. */
#include "paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINKS 32 /* MAXSYMLINKS of FreeBSD */

static const char *number(const char *text, int *to) {
	long n = 0;
	if (*text < '0' || *text > '9') return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		n = n * 10 + (*text - '0');
		if (n > 1 << 20) return NULL;
	}
	*to = (int)n;
	return text;
}

int gaol_table_parse(const char *text, struct gaol_table *table) {
	int room = 0;
	memset(table, 0, sizeof *table);
	table->linker = -1;
	if (text == NULL) return -1;
	if (*text == 'k') table->ask = 1, text++;
	if (*text == 'l') {
		text = number(text + 1, &table->linker);
		if (text == NULL || *text++ != ',') goto bad;
	}
	while (*text) {
		struct gaol_name n = {0};
		int length;
		if (*text != 'd' && *text != 'f') goto bad;
		n.dir = *text == 'd';
		if ((text = number(text + 1, &n.fd)) == NULL || *text++ != ',') goto bad;
		if ((text = number(text, &length)) == NULL || *text++ != ':') goto bad;
		if (length == 0 || length >= GAOL_PATH || memchr(text, 0, (size_t)length) != NULL || text[0] != '/') goto bad;
		n.name = text, n.length = (size_t)length;
		if (n.length == 1) n.length = 0; /* the root: a prefix of everything */
		text += length;
		if (table->count == room) {
			room = room ? room * 2 : 16;
			void *more = realloc(table->names, (size_t)room * sizeof *table->names);
			if (more == NULL) goto bad;
			table->names = more;
		}
		table->names[table->count++] = n;
	}
	return 0;
bad:
	free(table->names);
	memset(table, 0, sizeof *table);
	table->linker = -1;
	return -1;
}

static int add(char to[GAOL_PATH], size_t *n, const char *from, size_t length) {
	if (*n + length >= GAOL_PATH) return -ENAMETOOLONG;
	memcpy(to + *n, from, length);
	*n += length;
	to[*n] = 0;
	return 0;
}

int gaol_absolute(const char *dir, const char *path, char to[GAOL_PATH]) {
	size_t n = 0;
	const char *parts[2] = {path[0] == '/' ? "" : dir, path};
	if (path[0] == 0) return -ENOENT;
	to[0] = 0;
	for (int i = 0; i < 2; i++) {
		for (const char *p = parts[i]; *p;) {
			size_t length = strcspn(p, "/");
			if (length != 0 && !(length == 1 && p[0] == '.'))
				if (add(to, &n, "/", 1) < 0 || add(to, &n, p, length) < 0) return -ENAMETOOLONG;
			p += length;
			while (*p == '/') p++;
		}
	}
	size_t length = strlen(path);
	int slash = path[length - 1] == '/' || (path[length - 1] == '.' && (length == 1 || path[length - 2] == '/'));
	if (n == 0 || slash) return add(to, &n, "/", 1);
	return 0;
}

/* Whether the path is the name or lies below it. */
static int covers(const struct gaol_name *n, const char *path, size_t length) {
	return length >= n->length && memcmp(path, n->name, n->length) == 0 && (length == n->length || path[n->length] == '/');
}

int gaol_find(const struct gaol_table *table, const char *absolute, struct gaol_at *at) {
	size_t length = strlen(absolute);
	const struct gaol_name *best = NULL;
	int above = 0;
	for (int i = 0; i < table->count; i++) {
		const struct gaol_name *n = &table->names[i];
		size_t bare = length > 0 && absolute[length - 1] == '/' ? length - 1 : length;
		if (covers(n, absolute, length) && (n->dir || bare == n->length)) {
			if (best == NULL || n->length > best->length) best = n;
		}
		if (n->length > bare && n->name[bare] == '/' && memcmp(n->name, absolute, bare) == 0) above = 1;
	}
	if (length >= GAOL_PATH) return -ENAMETOOLONG;
	memcpy(at->path, absolute, length + 1);
	if (length > 1 && absolute[length - 1] == '/') at->path[length - 1] = 0;
	if (best == NULL) {
		if (!above) return -EACCES;
		at->fd = -1, at->dir = 1, at->below[0] = 0;
		return 0;
	}
	const char *rest = absolute + best->length;
	while (*rest == '/') rest++;
	at->fd = best->fd, at->dir = best->dir;
	if (!best->dir) {
		at->below[0] = 0;
		return absolute[length - 1] == '/' ? -ENOTDIR : 0;
	}
	memcpy(at->below, *rest ? rest : ".", *rest ? strlen(rest) + 1 : 2);
	return 0;
}

int gaol_walk(const struct gaol_table *table, const struct gaol_walk *walk, const char *absolute, int nofollow, struct gaol_at *at) {
	char here[GAOL_PATH] = "", rest[GAOL_PATH], target[GAOL_PATH], joined[GAOL_PATH];
	size_t n = 0;
	int links = 0, r;

	if (strlen(absolute) >= GAOL_PATH) return -ENAMETOOLONG;
	strcpy(rest, absolute);
	for (char *p = rest; *p;) {
		while (*p == '/') p++;
		size_t length = strcspn(p, "/");
		if (length == 0) break;
		char *behind = p + length;
		if (length == 1 && p[0] == '.') {
			p = behind;
			continue;
		}
		if (length == 2 && p[0] == '.' && p[1] == '.') {
			while (n > 0 && here[n] != '/') n--;
			here[n] = 0;
			p = behind;
			continue;
		}
		size_t before = n;
		if (add(here, &n, "/", 1) < 0 || add(here, &n, p, length) < 0) return -ENAMETOOLONG;
		if ((r = gaol_find(table, here, at)) < 0) return r;
		p = behind;
		int last = p[strspn(p, "/")] == 0;
		if (at->fd >= 0 && at->below[0] == 0 && *p != 0) return -ENOTDIR;
		if (at->fd < 0 || at->below[0] == 0 || strcmp(at->below, ".") == 0) continue; /* a name of the table, or above one */
		if (last && nofollow && *p == 0) break;
		r = walk->link(at->fd, at->below, target, sizeof target);
		if (r == -ENOENT && last) break; /* it may be made there */
		if (r < 0) return r;
		if (r == 0) continue;
		if (++links > LINKS) return -ELOOP;
		size_t m = 0;
		if (add(joined, &m, target, strlen(target)) < 0 || add(joined, &m, p, strlen(p)) < 0) return -ENAMETOOLONG;
		memcpy(rest, joined, m + 1);
		p = rest;
		n = target[0] == '/' ? 0 : before;
		here[n] = 0;
	}
	size_t length = strlen(absolute);
	if (n == 0 || (length > 1 && absolute[length - 1] == '/')) {
		if (add(here, &n, "/", 1) < 0) return -ENAMETOOLONG;
	}
	return gaol_find(table, here, at);
}
