/** Without work for so long at least, for twice as long at most, it is at rest. */
const lookMs = 1000;

/**
 * Calls `giveBack` each time the daemon comes to rest: after its start, and after work, which `workDone` counts. While it
 * works it would fetch again what it gives back.
 */
export function whenAtRest(workDone: () => number, giveBack: () => void): NodeJS.Timeout {
  let seen = -1;
  let givenBack = -1;
  return setInterval(() => {
    const now = workDone();
    if (now === seen && now !== givenBack) {
      givenBack = now;
      giveBack();
    }
    seen = now;
  }, lookMs).unref();
}
