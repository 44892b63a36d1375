/** `--hash-password`, and the files of users as the program takes them at its start. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { login, STATUS_AUTH_ERROR, STATUS_OK, UserFiles } from '../server/auth-fixture.ts';
import { programRun } from '../server/program.ts';
import { BinaryClient } from '../support/binary-client.ts';
import type { CommandEnd } from '../support/command-run.ts';
import { spawnFlagstone } from '../support/server.ts';

vi.setConfig({ testTimeout: 60_000 });

const MAIN_TS = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LINE = /^\S+ \$scrypt\$\S+ \$scram-sha-256\$\S+\n$/;

const files = new UserFiles();
afterAll(() => files.remove());

/** The program's end after it was given the pieces of its input, one after the other. */
function hash(user: string, ...pieces: readonly (string | Buffer)[]): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN_TS, '--hash-password', user]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
    child.stdin.on('error', () => undefined); // it may end without reading
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    const give = (at: number): void => {
      if (at === pieces.length) child.stdin.end();
      else child.stdin.write(pieces[at], () => setTimeout(() => give(at + 1), 50));
    };
    give(0);
  });
}

function expectOneLine({ code, out, err }: CommandEnd): void {
  expect(code).not.toBe(0);
  expect(out).toBe('');
  expect(err).toMatch(/^flagstone: .+\n$/);
}

describe('--hash-password', () => {
  it('makes lines by which their users can log in', async () => {
    const made = [
      await hash('alice', 'sec', 'ret\n'), // also where the input takes its time
      await hash('bob', 'pass: word\r\n'),
      await hash('çelik@realm', 'ﬁn'),
    ];
    for (const { code, out, err } of made)
      expect([code, err, LINE.test(out)]).toEqual([0, '', true]);
    const path = files.write(
      'users',
      `# those of the test\n\n${made.map(({ out }) => out).join('')}`,
    );
    const server = await spawnFlagstone({ flags: ['-S', '--users-file', path], isBinary: true });
    for (const [user, password, status] of [
      ['alice', 'secret', STATUS_OK],
      ['bob', 'pass: word', STATUS_OK],
      ['çelik@realm', 'fin', STATUS_OK],
      ['alice', 'pass: word', STATUS_AUTH_ERROR],
    ] as const) {
      const client = await BinaryClient.open(server.address);
      expect(await login(client, user, password), user).toBe(status);
      client.destroy();
    }
    expect(await server.stop()).toBe(0);
  });

  it('refuses in one line what cannot be a name or a password', async () => {
    for (const end of await Promise.all([
      hash('alice'),
      hash('alice', '\n'),
      hash('alice', 'a\tb'),
      hash('alice', Buffer.from([0xff, 0xfe])),
      hash('alice', 'x'.repeat(2000)),
      hash('two words', 'secret'),
      hash('#alice', 'secret'),
      hash('', 'secret'),
    ])) {
      expectOneLine(end);
    }
  });
});

describe('a file of users that is no good', () => {
  const bad: readonly (readonly [what: string, flags: () => readonly string[], says: RegExp])[] = [
    ['-S without one', () => ['-S'], /--users-file/],
    ['one that is not there', () => ['-S', '--users-file', '/nowhere/users'], /\/nowhere\/users/],
    ['a folder', () => ['-S', '--users-file', '/'], /not a file/],
    ['an empty one', () => ['-S', '--users-file', files.write('empty', '')], /no users/],
    ['one of comments', () => ['-S', '--users-file', files.write('comments', '# a\n')], /no users/],
    [
      'a password in the clear',
      () => ['-S', '--users-file', files.write('clear', 'a secret\n')],
      /:1/,
    ],
    ['-Y with nothing', () => ['-Y', '/nowhere/auth'], /\/nowhere\/auth/],
    ['-Y with an empty one', () => ['-Y', files.write('nobody', '')], /no users/],
    ['-Y with a bad line', () => ['-Y', files.write('line', 'a:b\nsecret\n')], /:2/],
    ['-S with -Y', () => ['-S', '-Y', files.write('both', 'a:b\n')], /-S with -Y/],
    ['-S with UDP', () => ['-S', '--users-file', '/nowhere', '-U', '11211'], /datagram/],
    ['-Y with UDP', () => ['-Y', '/nowhere', '-U', '11211'], /datagram/],
    ['-S with text', () => ['-S', '--users-file', '/nowhere', '-l', 'proto[ascii]:::1'], /-S with/],
    ['-Y with binary', () => ['-Y', '/nowhere', '-B', 'binary'], /-Y with/],
  ];

  it.each(bad)('%s ends the start, and one line says why', async (_, flags, says) => {
    const end = await programRun([...flags()]);
    expectOneLine(end);
    expect(end.err).toMatch(says);
    expect(end.err).not.toContain('secret');
  });
});
