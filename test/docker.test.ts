/**
 * What can be checked of the image without Docker: that its files are there, and its health check. The
 * steps of the Dockerfile themselves, packing and installing, are those of package.test.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandRun } from './support/command-run.ts';
import { portFree } from './support/free-port.ts';
import { spawnFlagstone } from './support/server.ts';

const ROOT = join(import.meta.dirname, '..');
const HEALTHCHECK = join(ROOT, 'docker', 'healthcheck.mjs');

function healthcheck(port: number): ReturnType<typeof commandRun> {
  return commandRun(process.execPath, [HEALTHCHECK, `${port}`]);
}

describe('the image', () => {
  it('copies only what is there, and not what is kept out', () => {
    const text = readFileSync(join(ROOT, 'docker', 'Dockerfile'), 'utf8');
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').trim().split('\n');
    const copies = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((m) =>
      m[1].split(' '),
    );
    expect(copies).toContain('package-lock.json');
    for (const path of copies) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(ignored).not.toContain(path);
    }
  });

  it('runs as somebody without rights, with a process 1 that hands on signals', () => {
    const text = readFileSync(join(ROOT, 'docker', 'Dockerfile'), 'utf8');
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^ENTRYPOINT \["tini", "--", "flagstone"\]$/m);
  });
});

describe('the health check', () => {
  it('passes while the server answers', async () => {
    const server = await spawnFlagstone();
    expect((await healthcheck(server.port)).code).toBe(0);
    await server.stop();
    expect((await healthcheck(server.port)).code).toBe(1);
  });

  it('fails where nobody listens', async () => {
    const { code, err } = await healthcheck(await portFree());
    expect(code).toBe(1);
    expect(err).toContain('ECONNREFUSED');
  });
});
