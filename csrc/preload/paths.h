/* paths.h: how the preload library turns a path into a descriptor and a path below it. It confines nothing: capability mode does, and whatever is
 * wrong in here makes a program see less, or another of the descriptors that it has. It must never make a path of the host's an argument of a
 * call that would look it up from the root. */
#ifndef GAOL_PATHS_H
#define GAOL_PATHS_H

#include <stddef.h>

#define GAOL_PATH 4096

/* A name that leads to a descriptor: of a directory, whose name is that of what lies below, too, or of a file. */
struct gaol_name {
	int fd, dir;
	const char *name; /* absolute and clean, not terminated */
	size_t length;
};

struct gaol_table {
	struct gaol_name *names;
	int count;
	int linker; /* descriptor of the run-time linker; -1: none */
	int ask;    /* what is not in the table is asked of the kernel, which ends the process for it */
};

/* gaol_table_parse reads the variable GAOL_FDS, which must stay as it is while the table is used: k? (lFD,)? ([df]FD,LENGTH:NAME)*. Returns 0, or -1
 * for what is none; the table is then empty. */
int gaol_table_parse(const char *text, struct gaol_table *table);

/* Where a path leads. */
struct gaol_at {
	int fd;                /* -1: a directory above a name of the table, of which nothing but that it is there can be known */
	int dir;
	char below[GAOL_PATH]; /* "" with a file's descriptor, "." with a directory's own */
	char path[GAOL_PATH];  /* the absolute path that it stands for */
};

/* What a walk asks of the file system, below a descriptor. link reads a symbolic link into to, which it terminates: its length; 0 for what is there
 * and no link; -errno. */
struct gaol_walk {
	int (*link)(int fd, const char *below, char *to, size_t room);
};

/* gaol_absolute makes path absolute, from dir, without empty and "." elements; ".." stays, as it means the parent of what a link leads to. A slash
 * at the end stays, too. Returns 0 or -errno. */
int gaol_absolute(const char *dir, const char *path, char to[GAOL_PATH]);

/* gaol_find is the name with the longest prefix of an absolute path, as it is written: the kernel does the rest, and refuses a ".." or a link that
 * leads out of the directory. Returns 0, or -EACCES for what is in no directory of the table. */
int gaol_find(const struct gaol_table *table, const char *absolute, struct gaol_at *at);

/* gaol_walk does what the kernel has refused: it goes from element to element, follows links between directories of the table, and comes to where
 * the last element lies, without following that if nofollow is set. Returns 0 or -errno. */
int gaol_walk(const struct gaol_table *table, const struct gaol_walk *walk, const char *absolute, int nofollow, struct gaol_at *at);

#endif
