/* filter_linux.c: the steps that install a seccomp filter, and how process 1 gets the listener of one. As all of the child's: raw system calls
 * only, and nothing allocated. A filter must never be less strict for being told of. */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sys_linux.h"

static const struct sock_filter *filter_of(const struct gaol_plan *p, const struct gaol_step *s) {
	return (const void *)((const char *)p + s->a);
}

static long install(unsigned flags, const struct sock_filter *code, uint32_t count) {
	struct sock_fprog f;
	f.len = (unsigned short)count;
	f.filter = (struct sock_filter *)(uintptr_t)code; /* the kernel only reads it */
	return sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f);
}

/* A copy of a filter; GAOL_SELF_PID becomes the number of this process, which nobody knew before, and one answer another. */
static void copy_filter(struct sock_filter *to, const struct gaol_plan *p, const struct gaol_step *s, uint32_t answer, uint32_t other) {
	const struct sock_filter *from = filter_of(p, s);
	uint32_t self = (uint32_t)sys(SYS_getpid);
	for (uint32_t i = 0; i < s->b; i++) {
		to[i].code = from[i].code, to[i].jt = from[i].jt, to[i].jf = from[i].jf;
		to[i].k = from[i].k == GAOL_SELF_PID ? self : from[i].k;
		if (to[i].code == (BPF_RET | BPF_K) && to[i].k == answer) to[i].k = other;
	}
}

long gaol_send(int socket, const int *fds, size_t n) {
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(GAOL_NS_COUNT * sizeof(int))];
	} message;
	int *to = (void *)CMSG_DATA(&message.head);
	for (size_t i = 0; i < n; i++) to[i] = fds[i];
	char byte = 0;
	struct iovec io = {&byte, 1};
	message.head.cmsg_len = CMSG_LEN(n * sizeof(int));
	message.head.cmsg_level = SOL_SOCKET;
	message.head.cmsg_type = SCM_RIGHTS;
	struct msghdr m;
	m.msg_name = 0, m.msg_namelen = 0, m.msg_iov = &io, m.msg_iovlen = 1, m.msg_flags = 0;
	m.msg_control = &message, m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	long r = sys(SYS_sendmsg, socket, &m, MSG_NOSIGNAL);
	return r < 0 ? r : 0;
}

/* Where there is someone to tell, each call that the filter would kill for waits instead until process 1, which gets the listener, has
 * killed everything; nobody ever answers it. The descriptor is gone with the exec (the kernel makes it CLOEXEC), and no process can have a
 * second listener on top of this filter, since seccomp with that flag is among what is denied: it would be asked first (man 2
 * seccomp_unotify). With a kernel before 5.0, and where the listener cannot be sent (as many descriptors in flight as the user may have, a
 * security module), the kernel kills by itself, also on top of a filter that has lost its listener: of two filters the stricter counts. */
static long told_filter(struct gaol_step_state *st, const struct gaol_plan *p, const struct gaol_step *s) {
	struct sock_filter code[GAOL_TOLD_MAX];
	if (st->tell >= 0) {
		copy_filter(code, p, s, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_USER_NOTIF);
		long listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER, code, s->b);
		if (listener >= 0) {
			int fd = (int)listener;
			long r = gaol_send(st->tell, &fd, 1);
			sys(SYS_close, fd);
			if (r != -ETOOMANYREFS && r != -EACCES) return r;
		} else if (listener != -EINVAL) return listener;
	}
	copy_filter(code, p, s, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS);
	return install(0, code, s->b);
}

long gaol_filter(struct gaol_step_state *st, const struct gaol_plan *p, const struct gaol_step *s) {
	return s->flags & GAOL_FILTER_TOLD ? told_filter(st, p, s) : install(0, filter_of(p, s), s->b);
}

/* Where no pid namespace and no scope bounds whom a signal reaches, this filter does. */
long gaol_self_filter(struct gaol_step_state *st, const struct gaol_plan *p, const struct gaol_step *s) {
	(void)st;
	struct sock_filter code[GAOL_SELF_MAX];
	copy_filter(code, p, s, 0, 0);
	return install(0, code, s->b);
}
