// Proves every limit by its effect on a container, not by the contents of its file.
import { effectSuite, limitsByEffect } from './effects/all.ts';

limitsByEffect(effectSuite());
