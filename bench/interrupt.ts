let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    interrupted = true;
  });
}

export function isInterrupted(): boolean {
  return interrupted;
}

/** Between two steps of a measurement: throws after an interrupt, so that all that was started is ended on the way out. */
export function goOn(): void {
  if (interrupted) throw new Error('interrupted');
}
