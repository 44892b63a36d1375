/**
 * libmemcached's command-line tools. Debian names its builds memc…, other systems mem…; the tool that
 * puts a server through its paces is memcapable, or memccapable.
 */
import type { TestContext } from 'vitest';
import { programFind } from '../../bench/support/command.ts';

/** The tool under the first name that is on the PATH. */
export function toolFind(context: TestContext, ...names: readonly string[]): string {
  const path = names.map(programFind).find((found) => found !== null);
  return path ?? context.skip(`no ${names.join(' or ')} on the PATH (Debian: libmemcached-tools)`);
}
