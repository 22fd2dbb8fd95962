/** Labels by which an image says what limits its containers have, unless others are asked for: as the flags of `run`. */
export const limitLabels = {
  memory: 'dev.liker.default.memory',
  memoryReservation: 'dev.liker.default.memory-reservation',
  cpus: 'dev.liker.default.cpus',
  cpuShares: 'dev.liker.default.cpu-shares',
  /** Names with commas between them. */
  capDrop: 'dev.liker.default.cap-drop',
  noNewPrivileges: 'dev.liker.default.no-new-privileges',
} as const;
