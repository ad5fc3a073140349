/* step_freebsd.h: what the caller asks of FreeBSD beside the steps of a plan. */
#ifndef GAOL_STEP_FREEBSD_H
#define GAOL_STEP_FREEBSD_H

/* gaol_capsicum_try enters capability mode in a child that then ends, and looks whether it denies: 0, or an errno. ENOSYS is a kernel without it. */
int gaol_capsicum_try(void);

/* gaol_reaper makes this process the one to which the orphans of its descendants fall, so that a command's are found whatever they have done to
 * their session, group or parent. It stays so. 0 or an errno. */
int gaol_reaper(void);

/* gaol_reaper_kill kills all processes that descend from pid, which was a child of this process: how many, or -errno; -ESRCH: there are none. */
int gaol_reaper_kill(int pid);

/* gaol_reaper_list writes the live processes that descend from pid, which was a child of this process, without pid itself: how many, or -errno.
 * Ended ones that have fallen to this process it takes in. */
int gaol_reaper_list(int pid, int *pids, int room);

#endif
