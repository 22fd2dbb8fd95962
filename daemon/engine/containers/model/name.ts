import { randomInt } from 'node:crypto';

const adjectives =
  'amber bold brave bright brisk calm clever cosmic crisp curious daring eager fair fleet gentle golden happy humble keen kind light lively lucid merry mighty mellow modest neat nimble noble plucky polite prime proud quick quiet rapid ready serene sharp silent smart solid steady sturdy sunny swift tidy vivid warm wise witty'.split(
    ' ',
  );
const nouns =
  'aalto ampere babbage banach bohr boole cerf church clarke curie darwin dijkstra einstein euler faraday fermat feynman franklin gauss germain goedel hamilton hawking hopper hypatia johnson kepler knuth lamarr lamport leibniz liskov lovelace maxwell meitner mendel minsky morse newton noether pascal perlman planck ptolemy ramanujan ritchie sagan shannon sinoussi tesla thompson torvalds turing volta wiles wing'.split(
    ' ',
  );

/** A name that `taken` says is free, such as brave_hopper. */
export function makeName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const base = `${adjectives[randomInt(adjectives.length)]}_${nouns[randomInt(nouns.length)]}`;
    const name = attempt < 10 ? base : `${base}_${randomInt(1_000_000)}`;
    if (!taken(name)) return name;
  }
}
