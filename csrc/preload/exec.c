/* exec.c: a program executes another one: by its descriptor, and through the run-time linker's if it is dynamically linked, with the table and the
 * working directory in its environment whatever the program has made of that. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

#ifdef __linux__ /* in tests: O_EXEC is none of Linux's, and the kernel finds the linker by itself */
#define OPEN_PROGRAM O_RDONLY
#else
#include <sys/syscall.h>
#define OPEN_PROGRAM O_RDONLY
#endif

static const char *const kept[] = {"LD_PRELOAD", "LD_LIBRARY_PATH_FDS", "GAOL_FDS"};
static char *values[sizeof kept / sizeof kept[0]];

/* of the program's own start: what it makes of its environment later does not count */
__attribute__((constructor(102))) static void keep(void) {
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const char *v = getenv(kept[i]);
		if (v != NULL && (values[i] = malloc(strlen(kept[i]) + strlen(v) + 2)) != NULL) sprintf(values[i], "%s=%s", kept[i], v);
	}
}

static int named(const char *variable, const char *name) {
	size_t n = strlen(name);
	return strncmp(variable, name, n) == 0 && variable[n] == '=';
}

/* The environment for what is executed, on the heap: between fork and exec of a program with threads that is what its C library's own execvp does. */
static char **environment(char *const envp[], char cwd[GAOL_PATH + 16]) {
	size_t n = 0, m = 0;
	while (envp != NULL && envp[n] != NULL) n++;
	char **out = malloc((n + sizeof kept / sizeof kept[0] + 2) * sizeof *out);
	if (out == NULL) return NULL;
	for (size_t i = 0; i < n; i++) {
		int drop = named(envp[i], "GAOL_CWD");
		for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++) drop = drop || named(envp[i], kept[k]);
		if (!drop) out[m++] = envp[i];
	}
	for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++)
		if (values[k] != NULL) out[m++] = values[k];
	memcpy(cwd, "GAOL_CWD=", 9);
	gaol_directory(cwd + 9);
	out[m++] = cwd, out[m] = NULL;
	return out;
}

/* Whether the file asks for a run-time linker: 1, 0, or -1 for what is no program of this machine's word size. */
static int dynamic(int fd) {
	union { unsigned char ident[EI_NIDENT]; Elf64_Ehdr h; } e;
	if (pread(fd, &e, sizeof e, 0) != (ssize_t)sizeof e || memcmp(e.ident, ELFMAG, SELFMAG) != 0 || e.ident[EI_CLASS] != ELFCLASS64) return -1;
	for (unsigned i = 0; i < e.h.e_phnum && i < 128; i++) {
		Elf64_Phdr p;
		if (pread(fd, &p, sizeof p, (off_t)(e.h.e_phoff + (unsigned long)i * e.h.e_phentsize)) != (ssize_t)sizeof p) return -1;
		if (p.p_type == PT_INTERP) return 1;
	}
	return 0;
}

static int start(int fd, char *const argv[], char *const envp[]) {
#ifdef __FreeBSD__
	if (dynamic(fd) == 1) {
		size_t n = 0;
		char number[16];
		if (gaol_table.linker < 0) return errno = ENOEXEC, -1;
		while (argv[n] != NULL) n++;
		char **with = malloc((n + 5) * sizeof *with);
		if (with == NULL) return -1;
		snprintf(number, sizeof number, "%d", fd);
		char *head[] = {(char *)(uintptr_t)"ld-elf.so.1", (char *)(uintptr_t)"-f", number, (char *)(uintptr_t)"--"};
		memcpy(with, head, sizeof head);
		memcpy(with + 4, argv, (n + 1) * sizeof *with);
		(void)fcntl(fd, F_SETFD, 0); /* the linker reads it after the exec */
		(void)syscall(SYS_fexecve, gaol_table.linker, with, envp);
		int error = errno;
		free(with);
		errno = error;
		return -1;
	}
	return (int)syscall(SYS_fexecve, fd, argv, envp);
#else
	if (dynamic(fd) < 0) return errno = ENOEXEC, -1;
	return fexecve(fd, argv, envp);
#endif
}

static int execute(const char *path, char *const argv[], char *const envp[], int depth) {
	char line[256], cwd[GAOL_PATH + 16];
	struct stat st;
	int error;
	if (depth > 4) return errno = ELOOP, -1;
	int fd = gaol_open(AT_FDCWD, path, OPEN_PROGRAM | O_CLOEXEC, 0);
	if (fd < 0) return -1;
	if (fstat(fd, &st) < 0) goto out;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0) {
		errno = EACCES;
		goto out;
	}
	ssize_t n = pread(fd, line, sizeof line - 1, 0);
	if (n > 2 && line[0] == '#' && line[1] == '!') { /* the kernel would look the interpreter up by its path */
		line[n] = 0;
		line[strcspn(line, "\n")] = 0;
		char *with = line + 2 + strspn(line + 2, " \t"), *argument = with + strcspn(with, " \t");
		if (*argument) {
			*argument++ = 0;
			argument += strspn(argument, " \t");
			for (size_t m = strlen(argument); m > 0 && strchr(" \t", argument[m - 1]); m--) argument[m - 1] = 0;
		}
		size_t count = 0, m = 0;
		while (argv[count] != NULL) count++;
		char **more = malloc((count + 4) * sizeof *more);
		if (more == NULL) goto out;
		more[m++] = with;
		if (*argument) more[m++] = argument;
		more[m++] = (char *)(uintptr_t)path;
		for (size_t i = 1; i < count; i++) more[m++] = argv[i];
		more[m] = NULL;
		(void)execute(with, more, envp, depth + 1);
		error = errno;
		free(more);
		errno = error;
		goto out;
	}
	char **env = environment(envp, cwd);
	if (env == NULL) goto out;
	(void)start(fd, argv, env);
	error = errno;
	free(env);
	errno = error;
out:
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

extern char **environ;
int execve(const char *path, char *const argv[], char *const envp[]) { return execute(path, argv, envp, 0); }
int execv(const char *path, char *const argv[]) { return execute(path, argv, environ, 0); }

int execvpe(const char *file, char *const argv[], char *const envp[]) {
	char at[GAOL_PATH];
	int refused = ENOENT;
	if (strchr(file, '/') != NULL) return execute(file, argv, envp, 0);
	const char *p = getenv("PATH");
	if (p == NULL) p = "/usr/bin:/bin";
	for (;; p++) {
		size_t n = strcspn(p, ":");
		if (snprintf(at, sizeof at, "%.*s/%s", n ? (int)n : 1, n ? p : ".", file) < (int)sizeof at) {
			(void)execute(at, argv, envp, 0);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return -1;
			if (errno == EACCES) refused = EACCES;
		}
		p += n;
		if (*p == 0) break;
	}
	errno = refused;
	return -1;
}
int execvp(const char *file, char *const argv[]) { return execvpe(file, argv, environ); }
#ifdef __FreeBSD__
extern __typeof(execve) _execve __attribute__((alias("execve")));
#endif
