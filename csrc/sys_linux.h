/* sys_linux.h: system calls without libc. Between clone and exec the child may share the caller's memory, errno included, so it
 * calls the kernel itself; every function here returns the kernel's own result, -errno on failure. */
#ifndef GAOL_SYS_LINUX_H
#define GAOL_SYS_LINUX_H

#include <stdint.h>
#include <sys/syscall.h>

/* always_inline: the init's code is copied out of this binary and must call nothing that stays behind, even at -O0 */
#define GAOL_INLINE static inline __attribute__((always_inline, unused))

#if defined(__x86_64__)
GAOL_INLINE long gaol_syscall(long nr, long a, long b, long c, long d, long e, long f) {
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "+a"(nr) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return nr;
}
/* clone with a stack and a function that never returns (man 2 clone: on x86-64 ctid comes before tls) */
GAOL_INLINE long gaol_clone(unsigned long flags, void *stack, void *ptid, void *ctid, void (*fn)(void *), void *arg) {
	long ret;
	register long r10 __asm__("r10") = (long)ctid, r8 __asm__("r8") = 0;
	register void (*entry)(void *) __asm__("r12") = fn;
	register void *first __asm__("r13") = arg;
	__asm__ volatile("syscall\n\ttest %%rax,%%rax\n\tjnz 1f\n\txor %%ebp,%%ebp\n\tmov %%r13,%%rdi\n\tcall *%%r12\n\thlt\n1:"
		: "=a"(ret)
		: "0"((long)SYS_clone), "D"(flags), "S"(stack), "d"(ptid), "r"(r10), "r"(r8), "r"(entry), "r"(first)
		: "rcx", "r11", "memory");
	return ret;
}
/* clone3 with a stack in its arguments and a function that never returns; what = struct clone_args (linux/sched.h) */
GAOL_INLINE long gaol_clone3(const void *what, unsigned long size, void (*fn)(void *), void *arg) {
	long ret;
	register void (*entry)(void *) __asm__("r12") = fn;
	register void *first __asm__("r13") = arg;
	__asm__ volatile("syscall\n\ttest %%rax,%%rax\n\tjnz 1f\n\txor %%ebp,%%ebp\n\tmov %%r13,%%rdi\n\tcall *%%r12\n\thlt\n1:"
		: "=a"(ret)
		: "0"(435l), "D"(what), "S"(size), "r"(entry), "r"(first)
		: "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
GAOL_INLINE long gaol_syscall(long nr, long a, long b, long c, long d, long e, long f) {
	register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
GAOL_INLINE long gaol_clone(unsigned long flags, void *stack, void *ptid, void *ctid, void (*fn)(void *), void *arg) {
	register long x8 __asm__("x8") = SYS_clone, x0 __asm__("x0") = (long)flags, x1 __asm__("x1") = (long)stack;
	register long x2 __asm__("x2") = (long)ptid, x3 __asm__("x3") = 0, x4 __asm__("x4") = (long)ctid;
	register void (*entry)(void *) __asm__("x19") = fn;
	register void *first __asm__("x20") = arg;
	__asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, xzr\n\tmov x0, x20\n\tblr x19\n\tbrk 0\n1:"
		: "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(entry), "r"(first) : "x30", "memory");
	return x0;
}
GAOL_INLINE long gaol_clone3(const void *what, unsigned long size, void (*fn)(void *), void *arg) {
	register long x8 __asm__("x8") = 435, x0 __asm__("x0") = (long)what, x1 __asm__("x1") = (long)size;
	register void (*entry)(void *) __asm__("x19") = fn;
	register void *first __asm__("x20") = arg;
	__asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, xzr\n\tmov x0, x20\n\tblr x19\n\tbrk 0\n1:"
		: "+r"(x0) : "r"(x8), "r"(x1), "r"(entry), "r"(first) : "x30", "memory");
	return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
GAOL_INLINE long gaol_syscall(long nr, long a, long b, long c, long d, long e, long f) {
	register long a7 __asm__("a7") = nr, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
	return a0;
}
GAOL_INLINE long gaol_clone(unsigned long flags, void *stack, void *ptid, void *ctid, void (*fn)(void *), void *arg) {
	register long a7 __asm__("a7") = SYS_clone, a0 __asm__("a0") = (long)flags, a1 __asm__("a1") = (long)stack;
	register long a2 __asm__("a2") = (long)ptid, a3 __asm__("a3") = 0, a4 __asm__("a4") = (long)ctid;
	register void (*entry)(void *) __asm__("s2") = fn;
	register void *first __asm__("s3") = arg;
	__asm__ volatile("ecall\n\tbnez a0, 1f\n\tmv fp, zero\n\tmv a0, s3\n\tjalr s2\n\tebreak\n1:"
		: "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(entry), "r"(first) : "ra", "memory");
	return a0;
}
GAOL_INLINE long gaol_clone3(const void *what, unsigned long size, void (*fn)(void *), void *arg) {
	register long a7 __asm__("a7") = 435, a0 __asm__("a0") = (long)what, a1 __asm__("a1") = (long)size;
	register void (*entry)(void *) __asm__("s2") = fn;
	register void *first __asm__("s3") = arg;
	__asm__ volatile("ecall\n\tbnez a0, 1f\n\tmv fp, zero\n\tmv a0, s3\n\tjalr s2\n\tebreak\n1:"
		: "+r"(a0) : "r"(a7), "r"(a1), "r"(entry), "r"(first) : "ra", "memory");
	return a0;
}
#else
#error "gaol: no system calls for this machine yet: x86-64, arm64 and riscv64 have them"
#endif

#define GAOL_SYS_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define GAOL_SYS0(n) gaol_syscall(n, 0, 0, 0, 0, 0, 0)
#define GAOL_SYS1(n, a) gaol_syscall(n, (long)(a), 0, 0, 0, 0, 0)
#define GAOL_SYS2(n, a, b) gaol_syscall(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define GAOL_SYS3(n, a, b, c) gaol_syscall(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define GAOL_SYS4(n, a, b, c, d) gaol_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define GAOL_SYS5(n, a, b, c, d, e) gaol_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define GAOL_SYS6(n, a, b, c, d, e, f) gaol_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define GAOL_SYS(...) \
	GAOL_SYS_PICK(__VA_ARGS__, GAOL_SYS6, GAOL_SYS5, GAOL_SYS4, GAOL_SYS3, GAOL_SYS2, GAOL_SYS1, GAOL_SYS0)(__VA_ARGS__)
/* sys(nr, up to six arguments) */
#define sys(...) GAOL_SYS(__VA_ARGS__)

#ifdef GAOL_FAULT /* builds for tests alone */
#include "fault.h"
#ifndef GAOL_RESIDENT /* code that is copied out of this binary cannot ask whether to fail */
#undef sys
#define sys(...) ({ long fault_ = GAOL_FAULTY(__VA_ARGS__); fault_ == 0 ? GAOL_SYS(__VA_ARGS__) : fault_; })
#endif
#endif

GAOL_INLINE _Noreturn void gaol_exit(int code) {
	for (;;) sys(SYS_exit_group, code);
}

#endif
