/* jail_parts_freebsd.h: what the files of the jail have in common; nobody else includes it. */
#ifndef GAOL_JAIL_PARTS_FREEBSD_H
#define GAOL_JAIL_PARTS_FREEBSD_H

#include <sys/param.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>

#include "jail_freebsd.h"

static inline int result(int r) { return r < 0 ? -errno : r; }

/* text, without allocation */
static inline int join(char to[MAXPATHLEN], const char *a, const char *b, const char *c) {
	const char *parts[] = {a, b, c};
	size_t n = 0;
	for (int i = 0; i < 3; i++) {
		size_t length = strlen(parts[i]);
		if (n + length >= MAXPATHLEN) return -ENAMETOOLONG;
		memcpy(to + n, parts[i], length);
		n += length;
	}
	to[n] = 0;
	return 0;
}

static inline char *decimal(char to[24], long long value) {
	unsigned long long v = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
	char *at = to + 23;
	*at = 0;
	do *--at = (char)('0' + v % 10);
	while (v /= 10);
	if (value < 0) *--at = '-';
	return at;
}

/* The name of the jail is that of its place, which no other has. A dot would make it another jail's child. */
static inline int jail_name(char to[MAXPATHLEN], const char *place) {
	const char *last = strrchr(place, '/');
	if (last == NULL || last[1] == 0 || strchr(last, '.') != NULL) return -EINVAL;
	return join(to, "gaol-", last + 1, "");
}

/* a name and a value for jail_set(2), jail_get(2) */
static inline void parameter(struct iovec *v, const char *name, void *value, size_t size) {
	v[0] = (struct iovec){(void *)(uintptr_t)name, strlen(name) + 1};
	v[1] = (struct iovec){value, size};
}

/* gaol_jail_view does one step of GAOL_JAIL_ROOT to GAOL_JAIL_SEAL: 0 or -errno. The keeper alone calls it. */
int gaol_jail_view(struct gaol_posix_state *state, const char *place, const char *bytes, const struct gaol_step *step);

/* gaol_jail_unview closes what the steps have kept open, which would be in the way of taking the view away. */
void gaol_jail_unview(void);

#endif
