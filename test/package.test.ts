/**
 * The published package: packed, installed into an empty folder as a user would, started, spoken to
 * and stopped. Needs npm and a registry (or a cache) that holds the runtime dependencies.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const INSTALL_MS_MAX = 240_000;
const START_MS_MAX = 20_000;
const REPLY_MS_MAX = 10_000;
const RETRY_MS = 50;

/** As a shell of its own: this Node first, and nothing inherited from an `npm test` around us. */
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
};
delete env['npm_config_local_prefix'];
delete env['npm_config_prefix'];
delete env['NODE_OPTIONS'];

const npmVersion = spawnSync('npm', ['--version'], { env, encoding: 'utf8' });
const npmMissing = npmVersion.status !== 0;

let folder = '';
let installed = '';
let flagstone = '';
let server: ChildProcess | undefined;

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', timeout: INSTALL_MS_MAX });
}

/** A port that was free a moment ago. */
async function portFree(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  return address.port;
}

/** Connects as soon as the server listens; fails when it exits or takes too long. */
async function connectWhenUp(child: ChildProcess, port: number): Promise<Socket> {
  const deadlineMs = Date.now() + START_MS_MAX;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (child.exitCode !== null) throw new Error(`the server exited with ${child.exitCode}`);
      if (Date.now() > deadlineMs) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Sends a request and reads until the reply has come whole. */
async function ask(socket: Socket, request: string, reply: string): Promise<void> {
  let received = '';
  const timeout = AbortSignal.timeout(REPLY_MS_MAX);
  socket.write(request);
  while (received.length < reply.length) {
    const [chunk] = (await once(socket, 'data', { signal: timeout })) as [Buffer];
    received += chunk.toString('latin1');
  }
  expect(received).toBe(reply);
}

/** The console's page, and all that it loads, down to the modules that its modules import. */
async function consoleCheck(origin: string): Promise<void> {
  const page = await fetch(origin, { headers: { Accept: 'text/html' } });
  expect(page.headers.get('content-type')).toContain('text/html');
  const html = await page.text();
  const paths = new Set(
    [...html.matchAll(/"(\/console\/[\w./-]+\.\w+)"/g)].map(([, path]) => path),
  );
  expect([...paths]).toContain('/console/console.js');
  for (const path of paths) {
    const file = await fetch(origin + path);
    const text = await file.text();
    expect(file.status, path).toBe(200);
    if (!path.endsWith('.js') || path.includes('/lib/')) continue;
    for (const [, name] of text.matchAll(/\bfrom ["'](\.[\w./-]+)["']/g))
      paths.add(new URL(name, origin + path).pathname);
  }
  expect([...paths].filter((path) => !path.includes('/lib/')).length).toBeGreaterThan(10);
  expect((await fetch(`${origin}/console/state`)).status).toBe(200);
}

describe.skipIf(npmMissing)('the published package (skipped where npm is missing)', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagstone-package-'));
    run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    // npm looks upwards for a project when the folder holds none: this one ends the search.
    writeFileSync(join(empty, 'package.json'), '{ "private": true }\n');
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    run('npm', ['install', ...quiet, join(folder, tarball)], empty);
    installed = join(empty, 'node_modules', 'flagstone');
    flagstone = join(empty, 'node_modules', '.bin', 'flagstone');
  }, INSTALL_MS_MAX);

  afterAll(() => {
    server?.kill('SIGKILL');
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  it('holds compiled JavaScript, what the console looks like, and the papers, nothing else', () => {
    const names = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const papers = /^(?:package\.json|README\.md|LICENSE)$/;
    const ours = /^dist\/(?:.*\.js|src\/admin\/console\/[\w-]+\.(?:html|css|svg))$/;
    const strangers = names.filter((name) => !papers.test(name) && !ours.test(name));
    expect(strangers).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/src/main.js']));
  });

  it('brings no runtime along', () => {
    const all = readdirSync(dirname(installed));
    expect(all.filter((name) => /^node-(?:bin|linux|darwin)/.test(name))).toEqual([]);
  });

  it('says its version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const said = run('npx', ['flagstone', '--version'], join(folder, 'empty'));
    expect(said.trim()).toMatch(new RegExp(`\\b${version.replaceAll('.', '\\.')}$`));
  });

  it('serves a set, a get, its console and its own load, and leaves with 0 on SIGTERM', async () => {
    const [port, adminPort] = [await portFree(), await portFree()];
    const args = ['-p', String(port), '-l', '127.0.0.1', '--admin-port', String(adminPort)];
    const child = spawn(flagstone, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    server = child;
    let log = '';
    child.stdout.on('data', (chunk) => {
      log += chunk;
    });
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    const exited = once(child, 'exit');
    const socket = await connectWhenUp(child, port).catch((cause) => {
      throw new Error(`no server on port ${port}:\n${log}`, { cause });
    });
    await ask(socket, 'set stone 5 0 4\r\nflag\r\n', 'STORED\r\n');
    await ask(socket, 'get stone\r\n', 'VALUE stone 5 4\r\nflag\r\nEND\r\n');
    socket.destroy();
    (await connectWhenUp(child, adminPort)).destroy();
    await consoleCheck(`http://127.0.0.1:${adminPort}`);
    const load = ['bench', String(port), '-n', '200', '--warmup', '0', '--keys', '10'];
    run(flagstone, [...load, '--json', 'load.json', '--quiet'], folder);
    const record = readFileSync(join(folder, 'load.json'), 'utf8');
    expect(JSON.parse(record)).toMatchObject({ operationCount: 200, errorCount: 0, missCount: 0 });
    child.kill('SIGTERM');
    const [code, signal] = await exited;
    expect({ code, signal }, log).toEqual({ code: 0, signal: null });
  });
});
