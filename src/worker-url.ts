/** Where the entry points of threads lie: source and build keep src/ and workers/ side by side, and one extension. */
import { extname } from 'node:path';

export function workerUrl(name: string): URL {
  return new URL(`../workers/${name}${extname(import.meta.url)}`, import.meta.url);
}
