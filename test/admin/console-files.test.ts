/** The console's page and files: what browsers get, and what they may do with it. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConsoleFiles, pagePolicy, tagIsKnown } from '../../src/admin/console-files.ts';
import {
  type AdminAnswer,
  type AdminServer,
  adminAsk,
  adminSpawn,
} from '../support/admin-client.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const STRICT_POLICY =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

let server: AdminServer;
beforeAll(async () => {
  server = await adminSpawn();
});
afterAll(async () => {
  await server.stop();
});

function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<AdminAnswer> {
  return adminAsk(server.adminPort, path, { headers });
}

/** Paths of this server that a text names. */
function pathsIn(text: string): readonly string[] {
  return [...text.matchAll(/["'](\/console\/[\w./-]+\.\w+)["']/g)].map(([, path]) => path);
}

/** Modules that one imports, as paths. `at`: its own path. */
function importsIn(text: string, at: string): readonly string[] {
  const names = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?["']([\w@./-]+)["']/g)];
  return names.flatMap(([, name]) => {
    if (name.startsWith('.')) return new URL(name, `http://x${at}`).pathname;
    if (name === 'uplot') return '/console/lib/uplot/uPlot.esm.js';
    if (name === 'lit-html') return '/console/lib/lit-html/lit-html.js';
    return name.startsWith('lit-html/') ? `/console/lib/${name}` : `/no-module/${name}`;
  });
}

describe('/', () => {
  it('is the console for a browser, and a list for others', async () => {
    const page = await ask('/', HTML);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['vary']).toBe('Accept');
    expect(page.body).toMatch(/^<!doctype html>/);
    for (const headers of [{}, { Accept: '*/*' }]) {
      const list = await ask('/', headers);
      expect(list.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(list.headers['vary']).toBe('Accept');
      expect(list.body).toContain('/console/state');
    }
  });

  it('may run its own scripts and none else', async () => {
    const { headers, body } = await ask('/', HTML);
    const map = /<script type="importmap">([\s\S]*?)<\/script>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(map).digest('base64');
    expect(headers['content-security-policy']).toBe(
      [
        "default-src 'none'",
        `script-src 'self' 'sha256-${hash}'`,
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        'trusted-types lit-html',
      ].join('; '),
    );
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });

  it('needs nothing from elsewhere, and all that it needs is served', async () => {
    const { body } = await ask('/', HTML);
    expect(body).not.toMatch(/https?:\/\//);
    const wanted = new Set(pathsIn(body));
    expect(wanted.size).toBeGreaterThan(3);
    for (const path of wanted) {
      const file = await ask(path);
      expect(file.status, path).toBe(200);
      if (!path.endsWith('.js')) continue;
      expect(file.headers['content-type']).toBe('text/javascript; charset=utf-8');
      for (const next of importsIn(file.body, path)) wanted.add(next);
    }
    expect([...wanted]).toContain('/console/lib/lit-html/lit-html.js');
  });
});

describe('a file', () => {
  it('is JavaScript under both of its names', async () => {
    const [js, ts] = [await ask('/console/console.js'), await ask('/console/console.ts')];
    expect(js.body).toBe(ts.body);
    expect(js.headers['etag']).toBe(ts.headers['etag']);
    expect(js.body).not.toMatch(/\bimport type\b/);
    expect(js.headers['content-security-policy']).toBe(STRICT_POLICY);
  });

  it('is kept by browsers, which ask whether it is the same', async () => {
    const { headers } = await ask('/console/theme.css');
    expect(headers['cache-control']).toBe('no-cache');
    const tag = headers['etag'] ?? '';
    expect(tag).toMatch(/^"[\w-]{43}"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await ask('/console/theme.css', { 'If-None-Match': known });
      expect({ status: again.status, body: again.body }).toEqual({ status: 304, body: '' });
      expect(again.headers['etag']).toBe(tag);
      expect(again.headers['content-length']).toBe(undefined);
    }
    expect((await ask('/console/theme.css', { 'If-None-Match': '"other"' })).status).toBe(200);
  });

  it.each([
    '/console/',
    '/console/index.html',
    '/console/no.js',
    '/console/../looks.ts',
    '/console/%2e%2e/looks.ts',
    '/console/..%2flooks.ts',
    '/console//console.ts',
    '/console/lib/lit-html/package.json',
    '/console/lib/lit-html/../../console.ts',
    '/console/__proto__',
    '/console/constructor',
  ])('is one of those there are: %s is none', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it('is only read', async () => {
    const { status } = await adminAsk(server.adminPort, '/console/theme.css', { method: 'PUT' });
    expect(status).toBe(405);
  });
});

describe('ConsoleFiles', () => {
  it('reads each file once', () => {
    const files = new ConsoleFiles();
    expect(files.file('/console/theme.css')).toBe(files.file('/console/theme.css'));
  });

  it('gives away what the page for signing in is drawn with, and no more', () => {
    const files = new ConsoleFiles();
    const wanted = pathsIn(files.signInPage('').html);
    expect(wanted.length).toBeGreaterThan(0);
    for (const path of wanted) {
      expect(files.file(path), path).not.toBe(null);
      expect(files.isOpen(path), path).toBe(true);
    }
    for (const path of ['/console/console.js', '/console/state', '/theme.css', '/console/lib/x'])
      expect(files.isOpen(path)).toBe(false);
  });

  it('says what went wrong on the page for signing in', () => {
    const files = new ConsoleFiles();
    expect(files.signInPage('This is not the token.').html).toContain(
      '>This is not the token.</p>',
    );
  });

  it('allows scripts inside a page by what they are', () => {
    expect(pagePolicy('<script src="/a.js"></script>')).toContain("script-src 'self';");
    const hash = createHash('sha256').update('let a').digest('base64');
    expect(pagePolicy('<script>let a</script>')).toContain(`script-src 'self' 'sha256-${hash}';`);
  });

  it('compares tags', () => {
    expect(tagIsKnown(undefined, '"a"')).toBe(false);
    expect(tagIsKnown('"b"', '"a"')).toBe(false);
    expect(tagIsKnown('"b" , W/"a"', '"a"')).toBe(true);
  });
});
