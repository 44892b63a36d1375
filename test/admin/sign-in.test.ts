/** Signing in: the form, the cookie, how sessions end, and how guesses are slowed down. */
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SESSION, Sessions, sessionCookie } from '../../src/admin/sessions.ts';
import { TokenLimit, WAITING_PER_SOURCE_MAX } from '../../src/admin/token-limit.ts';
import { GuessLimit } from '../../src/auth/guess-limit.ts';
import {
  type AdminAnswer,
  type AdminServer,
  adminAsk,
  adminSpawn,
  metricsAsk,
} from '../support/admin-client.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TOKEN = 'correct-horse-battery';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const HTML = { Accept: 'text/html' };
const COOKIE_PATTERN = /^flagstone_session_\d+=([\w-]{43}); HttpOnly; SameSite=Strict; Path=\/$/;

/** An address of this machine that is not loopback, or loopback where there is none. */
const OUTER =
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

let server: AdminServer;
beforeAll(async () => {
  server = await adminSpawn(['--admin-listen', '*', '--admin-token', TOKEN]);
});
afterAll(async () => {
  await server.stop();
});

function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<AdminAnswer> {
  const asking = { host: OUTER, headers, method: body === undefined ? 'GET' : 'POST' };
  return adminAsk(server.adminPort, path, body === undefined ? asking : { ...asking, body });
}

function tokenSend(token: string, headers: Readonly<Record<string, string>> = {}) {
  return ask('/session', { ...FORM, ...headers }, `token=${encodeURIComponent(token)}`);
}

/** The cookie as a browser sends it back. */
async function cookieGet(): Promise<Readonly<Record<string, string>>> {
  const { headers } = await tokenSend(TOKEN);
  const [name] = COOKIE_PATTERN.exec(headers['set-cookie']?.[0] ?? '') ?? [];
  expect(name, `${headers['set-cookie']}`).toBeDefined();
  return { Cookie: `theme=dark; ${name?.split(';')[0]}` };
}

describe('without a session', () => {
  it('a browser gets a form, and nothing else', async () => {
    const page = await ask('/', HTML);
    expect(page.status).toBe(401);
    expect(page.headers['www-authenticate']).toBe('Bearer realm="flagstone"');
    expect(page.headers['content-security-policy']).toContain("form-action 'self'");
    expect(page.headers['content-security-policy']).not.toContain('sha256');
    expect(page.body).toContain('<form method="post" action="/session">');
    for (const path of ['/', '/console/state', '/console/console.js', '/metrics', '/loglevel']) {
      const { status, body } = await ask(path);
      expect(status, path).toBe(401);
      expect(body).toBe('this needs the token: Authorization: Bearer TOKEN\n');
    }
    for (const path of ['/console/theme.css', '/console/sign-in.css', '/console/icon.svg'])
      expect((await ask(path)).status, path).toBe(200);
    expect((await ask('/session')).body).toContain('"isSignedIn": false');
  });

  it.each(['/console/flush', '/console/disconnect', '/console/pages', '/console/hotkeys'])(
    'nothing is done: %s',
    async (path) => {
      const json = { 'Content-Type': 'application/json' };
      const name = `flagstone_session_${server.adminPort}`;
      for (const cookie of ['', `${name}=${'A'.repeat(43)}`, `${name}=`]) {
        expect((await ask(path, { ...json, Cookie: cookie }, '{}')).status).toBe(401);
      }
    },
  );
});

describe('with the token', () => {
  it('there is a session, which may do what the token may', async () => {
    const answer = await tokenSend(TOKEN);
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe('/');
    const cookie = await cookieGet();
    const page = await ask('/', { ...HTML, ...cookie });
    expect(page.status).toBe(200);
    expect(page.body).toContain('/console/console.js');
    for (const path of ['/console/state', '/console/console.js', '/metrics'])
      expect((await ask(path, cookie)).status, path).toBe(200);
    expect((await ask('/session', cookie)).body).toContain('"isSignedIn": true');
    const json = { 'Content-Type': 'application/json', ...cookie };
    expect((await ask('/console/flush', json, '{}')).status).toBe(200);
  });

  it('another site can do nothing with the cookie', async () => {
    const json = { 'Content-Type': 'application/json', ...(await cookieGet()) };
    for (const other of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ]) {
      expect((await ask('/console/flush', { ...json, ...other }, '{}')).status).toBe(403);
      expect((await tokenSend(TOKEN, other)).status).toBe(403);
      expect((await ask('/session/end', { ...json, ...other }, '')).status).toBe(403);
      expect((await ask('/session', { ...json, ...other })).status).toBe(403);
    }
    const form = { ...json, ...FORM };
    expect((await ask('/console/flush', form, '{}')).status).toBe(415);
  });

  it('a link on another site leads here, where the browser asks again by itself', async () => {
    const visit = { ...HTML, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    for (const site of ['cross-site', 'same-site']) {
      const page = await ask('/', { ...visit, 'Sec-Fetch-Site': site });
      expect(page.status).toBe(200);
      expect(page.body).toContain('http-equiv="refresh" content="0;url=/"');
      expect(page.body).not.toContain('/console/');
      for (const other of [{ 'Sec-Fetch-Dest': 'iframe' }, { 'Sec-Fetch-Mode': 'no-cors' }]) {
        const refused = await ask('/', { ...visit, 'Sec-Fetch-Site': site, ...other });
        expect(refused.status).toBe(403);
      }
      const data = await ask('/console/state', {
        ...visit,
        ...(await cookieGet()),
        'Sec-Fetch-Site': site,
      });
      expect(data.status).toBe(403);
    }
  });

  it('a session ends where its owner says so', async () => {
    const [cookie, other] = [await cookieGet(), await cookieGet()];
    const ended = await ask('/session/end', cookie, '');
    expect(ended.status).toBe(303);
    expect(ended.headers['set-cookie']).toEqual([
      `flagstone_session_${server.adminPort}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`,
    ]);
    expect((await ask('/console/state', cookie)).status).toBe(401);
    expect((await ask('/console/state', other)).status).toBe(200);
  });

  it('a form is a form, and a short one', async () => {
    const json = { 'Content-Type': 'application/json' };
    expect((await ask('/session', json, `{"token":"${TOKEN}"}`)).status).toBe(415);
    expect((await ask('/session', FORM, `token=${'x'.repeat(2000)}`)).status).toBe(413);
  });

  it('programs send it with each request', async () => {
    const { status } = await ask('/console/state', { Authorization: `Bearer ${TOKEN}` });
    expect(status).toBe(200);
  });
});

describe('a wrong token', () => {
  it('brings the form again, and is counted; the right one still does', async () => {
    const wrong = await tokenSend('no-such-token-at-all');
    expect(wrong.status).toBe(401);
    expect(wrong.headers['set-cookie']).toBe(undefined);
    expect(wrong.body).toContain('This is not the token.');
    expect(wrong.body).not.toContain('no-such-token-at-all');
    for (const body of ['', 'token=', 'other=x']) {
      // A guess from a place that has guessed wrong waits for its turn.
      expect((await ask('/session', FORM, body)).status).toBe(401);
    }
    const cookie = await cookieGet();
    const metrics = await metricsAsk(server.adminPort, { host: OUTER, headers: cookie });
    expect(metrics.get('flagstone_admin_token_failures_total')).toBe(4);
  });
});

describe('where no token is needed', () => {
  it('there is nothing to sign in to', async () => {
    const open = await adminSpawn();
    try {
      const body = 'token=whatever';
      const asking = { method: 'POST', headers: FORM, body };
      const answer = await adminAsk(open.adminPort, '/session', asking);
      expect(answer.status).toBe(303);
      expect(answer.headers['set-cookie']).toBe(undefined);
      const page = await adminAsk(open.adminPort, '/', { headers: HTML });
      expect(page.status).toBe(200);
    } finally {
      await open.stop();
    }
  });
});

describe('sessions', () => {
  it('end half an hour after they were used last, and after half a day', () => {
    let nowMs = 0;
    const sessions = new Sessions(() => nowMs);
    const [idle, busy] = [sessions.begin(), sessions.begin()];
    for (; nowMs <= SESSION.msMax; nowMs += SESSION.idleMsMax) {
      expect(sessions.use(busy)).toBe(true);
      if (nowMs === SESSION.idleMsMax + SESSION.idleMsMax) expect(sessions.use(idle)).toBe(false);
    }
    expect(sessions.use(busy)).toBe(false);
    expect(sessions.count).toBe(0);
    const late = sessions.begin();
    nowMs += SESSION.idleMsMax + 1;
    expect(sessions.use(late)).toBe(false);
  });

  it('are so many; the one unused longest gives way', () => {
    const sessions = new Sessions(() => 0);
    const names = Array.from({ length: SESSION.countMax }, () => sessions.begin());
    expect(new Set(names).size).toBe(SESSION.countMax);
    expect(sessions.use(names[0])).toBe(true);
    sessions.begin();
    expect(sessions.count).toBe(SESSION.countMax);
    expect(sessions.use(names[1])).toBe(false);
    expect(sessions.use(names[0])).toBe(true);
    sessions.endAll();
    expect(sessions.use(names[0])).toBe(false);
  });

  it('are for TLS alone where there is TLS', () => {
    expect(sessionCookie('x', 'cache-b', true)).toBe(
      'flagstone_session=x; HttpOnly; SameSite=Strict; Path=/; Secure',
    );
  });

  it('are told apart by the port: of two servers on a host neither takes that of the other', () => {
    const [one, other] = ['cache-b:11280', '[::1]:11281'];
    expect(sessionCookie('x', one, false)).toMatch(/^flagstone_session_11280=x;/);
    expect(sessionCookie('x', other, false)).toMatch(/^flagstone_session_11281=x;/);
  });
});

describe('guesses', () => {
  it('wait longer each time, by where they come from, and few at a time', async () => {
    let nowMs = 0;
    const waits: { readonly untilMs: number; readonly resolve: () => void }[] = [];
    const clock = {
      nowMs: () => nowMs,
      wait: (ms: number) =>
        new Promise<void>((resolve) => void waits.push({ untilMs: nowMs + ms, resolve })),
    };
    const limit = new TokenLimit(new GuessLimit(clock));
    expect(await limit.judge('10.0.0.1', true)).toBe('right');
    const guesses = Array.from({ length: WAITING_PER_SOURCE_MAX }, () =>
      limit.judge('10.0.0.1', false),
    );
    // Who hangs up frees no place: it is the judgement that takes it.
    expect(await limit.judge('10.0.0.1', true)).toBe('refused');
    expect(await limit.judge('10.0.0.2', true)).toBe('right');
    const settled = Promise.all(guesses);
    let isSettled = false;
    void settled.then(() => {
      isSettled = true;
    });
    while (!isSettled) {
      await new Promise((resolve) => setImmediate(resolve));
      waits.sort((a, b) => a.untilMs - b.untilMs);
      const next = waits.shift();
      if (next === undefined) continue;
      nowMs = Math.max(nowMs, next.untilMs);
      next.resolve();
    }
    expect(await settled).toEqual(Array(WAITING_PER_SOURCE_MAX).fill('wrong'));
    expect(limit.failures).toBe(WAITING_PER_SOURCE_MAX);
    expect(nowMs).toBeGreaterThan(1000);
  });
});
