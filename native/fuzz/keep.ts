// node native/fuzz/keep.ts [TARGET…]: keeps what long runs have found (npm run fuzz) with the source, as native/fuzz/corpus/TARGET.txt.
import { build, fillCorpus, keepCorpus, targets } from './targets.ts';

const wanted = process.argv.slice(2);
build();
for (const target of targets) {
  if (wanted.length > 0 && !wanted.includes(target.name)) continue;
  fillCorpus(target);
  keepCorpus(target);
}
