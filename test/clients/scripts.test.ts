/** Clients of other languages at their everyday work, over either protocol. */
import { describe, it, vi } from 'vitest';
import { BINARY, CLIENTS, everydayWork, OPEN, TEXT } from './script-clients.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

describe('everyday work', () => {
  it.for([
    ['pymemcache', CLIENTS.pymemcache, []],
    ['pylibmc, text', CLIENTS.pylibmc, TEXT],
    ['pylibmc, binary', CLIENTS.pylibmc, BINARY],
    ['PHP, text', CLIENTS.php, TEXT],
    ['PHP, binary', CLIENTS.php, BINARY],
    ['dalli', CLIENTS.dalli, []],
  ] as const)('of %s', ([_name, client, options], context) =>
    everydayWork(context, client, options, OPEN),
  );
});
