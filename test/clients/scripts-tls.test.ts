/** Clients of other languages at their everyday work, over TLS. */
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import { CLIENTS, everydayWork, OPEN, type Setting, settingOf } from './script-clients.ts';
import { UsersFile } from './users-file.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe.skipIf(!OPENSSL_IS_THERE)(`everyday work over TLS${OPENSSL_REASON}`, () => {
  let certificates: Certificates;
  let users: UsersFile;
  beforeAll(async () => {
    certificates = new Certificates();
    users = await UsersFile.forSasl('PLAIN');
  });
  afterAll(() => {
    users.remove();
    certificates.remove();
  });

  const overTls = (setting: Setting): Setting => {
    const { flags = [], ...others } = setting.spawnOptions;
    const tls = certificates.client();
    return {
      ...setting,
      spawnOptions: { ...others, flags: [...flags, ...certificates.flags()], tls },
      options: [...setting.options, `ca=${certificates.path('authority.crt')}`],
    };
  };

  it('of pymemcache', (context) => everydayWork(context, CLIENTS.pymemcache, [], overTls(OPEN)));

  it('of dalli, with SASL as well', (context) =>
    everydayWork(context, CLIENTS.dalli, [], overTls(settingOf(users))));
});
