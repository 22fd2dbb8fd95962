/** 2^32 - 1 stands for "none". */
const lastId = 2 ** 32 - 2;
/** What one container takes. */
const leastCount = 65_536;

/** Reads START-END, with both, or START:COUNT. Throws an Error for the user. */
export function parseUsernsPool(text: string): { readonly start: number; readonly count: number } {
  const invalid = (why: string) => new Error(`Invalid --userns-pool '${text}': ${why}`);
  const [, first, separator, second] = /^(\d{1,10})([-:])(\d{1,10})$/.exec(text) ?? [];
  if (first === undefined) throw invalid('give START-END or START:COUNT, such as 600000-1255359');
  const start = Number(first);
  const count = separator === '-' ? Number(second) - start + 1 : Number(second);
  if (start === 0) throw invalid('id 0 is root on the host');
  if (count < leastCount) throw invalid(`it has fewer than ${leastCount} ids, which one container takes`);
  if (start + count - 1 > lastId) throw invalid(`it reaches beyond the last id, ${lastId}`);
  return { start, count };
}
