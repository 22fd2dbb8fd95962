/**
 * Calls `giveBack` each time the daemon becomes idle: after its start, and after work, which `workDone` counts. While it works,
 * it would soon need the memory again. It is idle after `restMs` without work; noticed after twice as long at most.
 */
export function whenAtRest(workDone: () => number, restMs: number, giveBack: () => void): NodeJS.Timeout {
  let seen = -1;
  let givenBack = -1;
  return setInterval(() => {
    const now = workDone();
    if (now === seen && now !== givenBack) {
      givenBack = now;
      giveBack();
    }
    seen = now;
  }, restMs).unref();
}
