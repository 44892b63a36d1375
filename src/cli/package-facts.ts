/**
 * What the package says of itself: its version and its licence. The files are looked for upwards
 * from here, since the sources lie at another depth than the compiled package.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../base/assert.ts';

const DEPTH_MAX = 5;

/** The version in package.json, such as `0.1.0`. */
export function packageVersion(): string {
  const facts: unknown = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'));
  assert(
    typeof facts === 'object' && facts !== null && 'version' in facts,
    'package.json has a version',
  );
  return String(facts.version);
}

/** The text of the licence, ending in a newline. */
export function packageLicense(): string {
  return readFileSync(join(packageFolder(), 'LICENSE'), 'utf8');
}

function packageFolder(): string {
  let folder = import.meta.dirname;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    folder = dirname(folder);
  }
  throw new Error('broken invariant: package.json lies above the sources');
}
