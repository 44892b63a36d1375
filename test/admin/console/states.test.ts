/**
 * The console when things are not as they should be: no session, none any more, a server that does not answer,
 * one that has nothing to show, and a page that nobody looks at.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AdminServer, adminAsk, adminSpawn } from '../../support/admin-client.ts';
import {
  CHROMIUM_MISSING,
  CHROMIUM_REASON,
  chromiumLaunch,
  consoleOpen,
  overflow,
  SEEN_MS_MAX,
} from '../../support/chromium.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const TOKEN = 'a-token-of-the-test-1234';
const BEARER = { Authorization: `Bearer ${TOKEN}` };
const WAIT = { timeout: SEEN_MS_MAX, interval: 100 } as const;

describe.skipIf(CHROMIUM_MISSING)(`the console in trouble${CHROMIUM_REASON}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromiumLaunch();
  });
  afterAll(async () => {
    await browser.close();
  });

  describe('with a token', () => {
    let server: AdminServer;
    beforeAll(async () => {
      process.env['FLAGSTONE_ADMIN_TOKEN'] = TOKEN;
      server = await adminSpawn();
      delete process.env['FLAGSTONE_ADMIN_TOKEN'];
    });
    afterAll(async () => {
      await server.stop();
    });

    it('asks for it, opens, signs out, and notices when the session has ended', async () => {
      const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
      const token = page.getByLabel('Token of the admin port');
      await token.fill('not the token at all');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('.problem', { hasText: /\S/ }).waitFor();
      await page.setViewportSize({ width: 360, height: 640 });
      expect(await overflow(page)).toBe(0);
      await token.fill(TOKEN);
      await token.press('Enter');
      await page.locator('.figure').first().waitFor();
      await page.keyboard.press('0');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await token.waitFor();
      await token.fill(TOKEN);
      await token.press('Enter');
      await page.locator('.link-live').waitFor();
      // The session ends elsewhere: the page finds out by itself.
      await page.evaluate("fetch('/session/end', { method: 'POST' })");
      await page.getByText('Your session has ended.').waitFor();
      await page.getByRole('link', { name: 'Sign in' }).click();
      await token.waitFor();
      // What a refused request puts into the console is no fault of the page's.
      expect(troubles.filter((one) => !one.includes('401'))).toEqual([]);
      await close();
    });

    it('is nothing that a program without the token gets', async () => {
      const asked = await adminAsk(server.adminPort, '/console/state');
      expect(asked.status).toBe(401);
      const told = await adminAsk(server.adminPort, '/console/state', { headers: BEARER });
      expect(told.status).toBe(200);
    });
  });

  it('says that a server does not answer, keeps its numbers, and goes on when it does', async () => {
    const server = await serverOfTest();
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
    await page.locator('.link-live').waitFor();
    await page.route('**/console/state', (route) => route.abort('connectionrefused'));
    await page.getByText('The server does not answer.').waitFor();
    await page.locator('main.stale .figure').first().waitFor();
    await page.unroute('**/console/state');
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('.link-live').waitFor();
    await page.locator('main:not(.stale)').waitFor();
    expect(troubles.filter((one) => !one.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
    await close();
  });

  it('says what there is nothing of', async () => {
    const server = await serverOfTest();
    // On a loaded machine even what the start asks may be slow.
    const client = server.client();
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '60000000');
    await client.call('SLOWLOG', 'RESET');
    client.end();
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
    await page.locator('.figure').first().waitFor();
    // biome-ignore format: a table reads in columns
    const texts: readonly [string, string][] = [
      ['3', 'Nothing is stored.'],
      ['6', 'Nobody is connected.'],
      ['7', 'No command took that long.'],
    ];
    for (const [key, text] of texts) {
      await page.keyboard.press(key);
      await page.getByText(text).first().waitFor();
    }
    expect(troubles).toEqual([]);
    await close();
  });

  it('asks for nothing while nobody looks at it', async () => {
    const server = await serverOfTest();
    const { page, close } = await consoleOpen(browser, server.adminPort);
    await page.locator('.link-live').waitFor();
    let count = 0;
    page.on('request', () => count++);
    await page.evaluate(visibility(true));
    // The round that may be under way ends; the clock of the page then runs on without it.
    await page.evaluate("fetch('/livez').then((answer) => answer.text())");
    const before = count;
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 2500))');
    expect(count).toBe(before);
    await page.evaluate(visibility(false));
    await expect.poll(() => count, WAIT).toBeGreaterThan(before);
    await close();
  });
});

/** One that ends with the test, however that ends. */
async function serverOfTest(): Promise<AdminServer> {
  const server = await adminSpawn();
  onTestFinished(async () => {
    await server.stop();
  });
  return server;
}

/** A headless page is always seen: what it would be told is told to it. */
function visibility(isHidden: boolean): string {
  return `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));`;
}
