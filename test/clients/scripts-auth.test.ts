/** Clients of other languages at their everyday work, where they have to authenticate first. */
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { BINARY, CLIENTS, everydayWork, settingOf } from './script-clients.ts';
import { saslMissing, UsersFile } from './users-file.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('everyday work after SASL', () => {
  let users: UsersFile;
  beforeAll(async () => {
    users = await UsersFile.forSasl('PLAIN');
  });
  afterAll(() => users.remove());

  it.for([
    ['pylibmc', CLIENTS.pylibmc],
    ['PHP', CLIENTS.php],
  ] as const)('of %s', async ([_name, client], context) => {
    const missing = saslMissing();
    if (missing !== null) return context.skip(missing);
    await everydayWork(context, client, BINARY, settingOf(users));
  });

  it('of dalli', (context) => everydayWork(context, CLIENTS.dalli, [], settingOf(users)));
});

describe('everyday work after a first set that authenticates', () => {
  let users: UsersFile;
  beforeAll(() => {
    users = UsersFile.forText();
  });
  afterAll(() => users.remove());

  it('of pymemcache', (context) => everydayWork(context, CLIENTS.pymemcache, [], settingOf(users)));
});
