// Every limit proved by what it does to a container, not by the file that holds it.
import { effectSuite, limitsByEffect } from './effects/all.ts';

limitsByEffect(effectSuite());
