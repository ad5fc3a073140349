/* signals.h: what the Go runtime does to the signals of a process that loads it, undone as far as it does without. */
#ifndef GAOL_SIGNALS_H
#define GAOL_SIGNALS_H

/* libgaol_signals_back is called once, when the Go runtime has started, by a thread of it. */
void libgaol_signals_back(void);

#endif
