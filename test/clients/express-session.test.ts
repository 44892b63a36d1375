/** An Express application with express-session, whose sessions connect-redis keeps. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

declare module 'express-session' {
  interface SessionData {
    user: string;
    views: number;
  }
}

const TTL_SEC = 1800;
let server: RespServer;
let redis: ReturnType<typeof clientMake>;
let store: RedisStore;
let listener: Server;
let origin: string;

const clientMake = () =>
  createClient({ socket: { host: server.host, port: server.port } }).on('error', () => undefined);

/** Several of them would share the sessions: nothing is kept in the application. */
function applicationMake(): express.Express {
  const application = express();
  application.use(
    session({
      store,
      secret: 'of the test',
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: TTL_SEC * 1000 },
    }),
  );
  application.post('/login/:user', (request, response) => {
    request.session.regenerate(() => {
      request.session.user = request.params.user;
      request.session.views = 0;
      response.send('welcome');
    });
  });
  application.get('/', ({ session }, response) => {
    if (session.user === undefined) return void response.status(401).send('who are you?');
    session.views = (session.views ?? 0) + 1;
    response.json({ user: session.user, views: session.views });
  });
  application.get('/name', ({ session }, response) => void response.send(session.user));
  application.post('/logout', (request, response) => {
    request.session.destroy(() => response.send('bye'));
  });
  return application;
}

/** A browser: it keeps the cookie that it is given. */
class Browser {
  cookie = '';

  async ask(method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(origin + path, { method, headers: { cookie: this.cookie } });
    this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie;
    return { status: response.status, text: await response.text() };
  }

  /** The key of its session. */
  get key(): string {
    const id = /s%3A(.+?)\./.exec(this.cookie)?.[1] ?? '';
    return `sess:${decodeURIComponent(id)}`;
  }
}

beforeAll(async () => {
  server = await applicationServerSpawn();
  redis = clientMake();
  await redis.connect();
  store = new RedisStore({ client: redis });
  listener = applicationMake().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo; // as it listens on a port
  origin = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  listener.closeAllConnections();
  listener.close();
  redis.destroy();
  await server.stop();
});
beforeEach(() => redis.flushAll());

describe('express-session with connect-redis', () => {
  it('logs in, is remembered, and logs out', async () => {
    const ann = new Browser();
    const bob = new Browser();
    expect(await ann.ask('GET', '/')).toEqual({ status: 401, text: 'who are you?' });
    await ann.ask('POST', '/login/ann');
    await bob.ask('POST', '/login/bob');
    for (const views of [1, 2, 3]) {
      expect((await ann.ask('GET', '/')).text).toBe(`{"user":"ann","views":${views}}`);
    }
    expect((await bob.ask('GET', '/')).text).toBe('{"user":"bob","views":1}');
    await ann.ask('POST', '/logout');
    expect((await ann.ask('GET', '/')).status).toBe(401);
    expect((await bob.ask('GET', '/')).text).toBe('{"user":"bob","views":2}');
  });

  it('writes JSON with a time to live, which reading renews', async () => {
    const ann = new Browser();
    await ann.ask('POST', '/login/ann');
    const stored = JSON.parse((await redis.get(ann.key)) ?? '');
    expect(stored).toMatchObject({ user: 'ann', views: 0 });
    expect(await redis.ttl(ann.key)).toBeGreaterThan(TTL_SEC - 60);
    await redis.expire(ann.key, 100);
    expect((await ann.ask('GET', '/name')).text).toBe('ann');
    await vi.waitFor(async () => expect(await redis.ttl(ann.key)).toBeGreaterThan(TTL_SEC - 60));
  });

  it('forgets a session that has expired, and one that was given up for another', async () => {
    const ann = new Browser();
    await ann.ask('POST', '/login/ann');
    const first = ann.key;
    await ann.ask('POST', '/login/ann');
    expect(ann.key).not.toBe(first);
    expect(await redis.exists([first, ann.key])).toBe(1);
    await redis.pExpire(ann.key, 1);
    await vi.waitFor(async () => expect(await redis.exists(ann.key)).toBe(0));
    expect((await ann.ask('GET', '/')).status).toBe(401);
  });

  it('counts, lists and clears them', async () => {
    const browsers = Array.from({ length: 250 }, () => new Browser());
    for (const [n, browser] of browsers.entries()) await browser.ask('POST', `/login/user${n}`);
    await redis.set('another', 'key');
    expect(await store.length()).toBe(250);
    const ids = browsers.map(({ key }) => key.slice('sess:'.length)).sort();
    expect([...(await store.ids())].sort()).toEqual(ids);
    const users = ((await store.all()) as { user: string }[]).map(({ user }) => user);
    expect(new Set(users).size).toBe(250);
    await store.clear();
    expect(await store.length()).toBe(0);
    expect(await redis.get('another')).toBe('key');
  });
});
