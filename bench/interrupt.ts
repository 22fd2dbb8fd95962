let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    interrupted = true;
  });
}

export function isInterrupted(): boolean {
  return interrupted;
}

/** Call between the steps of a measurement: throws after an interrupt, so that everything started is disposed of. */
export function goOn(): void {
  if (interrupted) throw new Error('interrupted');
}
