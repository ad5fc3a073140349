/* fault.h: with -DGAOL_FAULT, which only the Go build tag gaolfault sets, every system call that the core makes before an exec can be made
 * to fail, in whichever process it is made. Without it nothing of this is compiled: it must never be in what is shipped.
 * It is included by sys_linux.h, behind all other headers, since it puts macros in the place of functions of libc. */
#ifndef GAOL_FAULT_H
#define GAOL_FAULT_H

#include "fault_linux.h"

#define GAOL_FAULT_SECOND(nr, a, b, ...) ((long)(b))
#define GAOL_FAULT_FIRST(nr, ...) (nr)
#define GAOL_FAULTY(...) gaol_fault(__func__, __LINE__, GAOL_FAULT_FIRST(__VA_ARGS__, 0), GAOL_FAULT_SECOND(__VA_ARGS__, 0, 0, 0))

#ifndef GAOL_RESIDENT /* see sys_linux.h */
/* gaol_clone(flags, …) */
#define gaol_clone(...) ({ long fault_ = gaol_fault(__func__, __LINE__, SYS_clone, 0); fault_ == 0 ? (gaol_clone)(__VA_ARGS__) : fault_; })
#define gaol_clone3(...) ({ long fault_ = gaol_fault(__func__, __LINE__, SYS_clone3, 0); fault_ == 0 ? (gaol_clone3)(__VA_ARGS__) : fault_; })
#endif

#define GAOL_FAULT_LIBC(nr, failed, call) ({ long fault_ = gaol_fault(__func__, __LINE__, nr, 0); if (fault_ != 0) errno = (int)-fault_; fault_ == 0 ? (call) : (failed); })
#define mmap(...) GAOL_FAULT_LIBC(SYS_mmap, MAP_FAILED, gaol_fault_made((mmap)(__VA_ARGS__), GAOL_FAULT_MAPPED))
#define munmap(...) (gaol_fault_made(0, GAOL_FAULT_MAPPED), (munmap)(__VA_ARGS__))
#define malloc(n) GAOL_FAULT_LIBC(SYS_brk, (void *)0, gaol_fault_made((malloc)(n), GAOL_FAULT_ALLOCATED))
#define free(p) ((p) ? (gaol_fault_made(0, GAOL_FAULT_ALLOCATED), (free)(p)) : (void)0)
#define socketpair(...) GAOL_FAULT_LIBC(SYS_socketpair, -1, (socketpair)(__VA_ARGS__))
#define recvmsg(...) GAOL_FAULT_LIBC(SYS_recvmsg, -1, (recvmsg)(__VA_ARGS__))
#define pipe2(...) GAOL_FAULT_LIBC(SYS_pipe2, -1, (pipe2)(__VA_ARGS__))
#define memfd_create(...) GAOL_FAULT_LIBC(SYS_memfd_create, -1, (memfd_create)(__VA_ARGS__))
#define pwrite(...) GAOL_FAULT_LIBC(SYS_pwrite64, -1, (pwrite)(__VA_ARGS__))
#define fchmod(...) GAOL_FAULT_LIBC(SYS_fchmod, -1, (fchmod)(__VA_ARGS__))
#define openat(...) GAOL_FAULT_LIBC(SYS_openat, -1, (openat)(__VA_ARGS__))
#define open(...) GAOL_FAULT_LIBC(SYS_openat, -1, (open)(__VA_ARGS__))
#define write(...) GAOL_FAULT_LIBC(SYS_write, -1, (write)(__VA_ARGS__))
#define read(...) GAOL_FAULT_LIBC(SYS_read, -1, (read)(__VA_ARGS__))
#define poll(...) GAOL_FAULT_LIBC(SYS_ppoll, -1, (poll)(__VA_ARGS__))
#define fcntl(...) GAOL_FAULT_LIBC(SYS_fcntl, -1, (fcntl)(__VA_ARGS__))

#endif
