import type { BenchImage } from '../images/bench-images.ts';

/** Shell commands of an engine that takes images. */
export interface ImageCommands {
  /** Fetches the image from its registry, and unpacks it. */
  pull(image: BenchImage): string;
  /** Takes the image from a file, and unpacks it. */
  load(image: BenchImage): string;
  /** Removes the image with all its files. */
  remove(image: BenchImage): string;
}
