/**
 * The console's views in a real browser while a load runs: each is opened by mouse and by keyboard, shows the
 * server's numbers, fits the window, and troubles nobody.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConsoleConnections, ConsoleState } from '../../../src/admin/console-state.ts';
import { type AdminServer, adminSpawn } from '../../support/admin-client.ts';
import {
  CHROMIUM_MISSING,
  CHROMIUM_REASON,
  chromiumLaunch,
  consoleOpen,
  overflow,
  SEEN_MS_MAX,
} from '../../support/chromium.ts';
import { consoleAsk } from '../../support/console-client.ts';
import { SteadyLoad } from '../../support/steady-load.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

/** What is seen of each view once it is there with its numbers. */
// biome-ignore format: a table reads in columns
const VIEWS = [
  { id: 'overview',    title: 'Overview',    digit: '1', letter: 'o', shows: '.figure-value' },
  { id: 'commands',    title: 'Commands',    digit: '2', letter: 'c', shows: 'tbody th' },
  { id: 'memory',      title: 'Memory',      digit: '3', letter: 'm', shows: '.stack i' },
  { id: 'partitions',  title: 'Partitions',  digit: '4', letter: 'p', shows: '.heat .cell' },
  { id: 'threads',     title: 'Threads',     digit: '5', letter: 't', shows: 'tbody .meter' },
  { id: 'connections', title: 'Connections', digit: '6', letter: 'n', shows: 'tbody th code' },
  { id: 'slow-log',    title: 'Slow log',    digit: '7', letter: 'l', shows: 'tbody' },
  { id: 'hot-keys',    title: 'Hot keys',    digit: '8', letter: 'h', shows: '.tools .primary' },
  { id: 'cluster',     title: 'Cluster',     digit: '9', letter: 'd', shows: 'tbody th code' },
  { id: 'server',      title: 'Server',      digit: '0', letter: 's', shows: 'tbody th code' },
] as const;

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
  { width: 360, height: 640 },
] as const;

const background = (page: Page): Promise<string> =>
  page.evaluate('getComputedStyle(document.documentElement).backgroundColor');

const WAIT = { timeout: SEEN_MS_MAX, interval: 100 } as const;

describe.skipIf(CHROMIUM_MISSING)(`the console's views${CHROMIUM_REASON}`, () => {
  let server: AdminServer;
  let load: SteadyLoad;
  let browser: Browser;

  beforeAll(async () => {
    server = await adminSpawn(['--cluster-nodes', '127.0.0.1|127.0.0.1|11211']);
    load = new SteadyLoad(server);
    browser = await chromiumLaunch();
  });
  afterAll(async () => {
    load.end();
    await browser.close();
    await server.stop();
  });

  const state = () => consoleAsk<ConsoleState>(server.adminPort, '/console/state');

  const seen = async (page: Page, { title, shows }: (typeof VIEWS)[number]): Promise<void> => {
    await page.locator('h1', { hasText: title }).waitFor();
    await page.locator(`main ${shows}`).first().waitFor();
  };

  it('open by mouse, one after the other, without any trouble', async () => {
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
    for (const view of VIEWS) {
      await page.locator('nav').getByRole('link', { name: view.title }).click();
      await seen(page, view);
      expect(await page.locator('nav [aria-current=page]').getAttribute('href')).toBe(
        `#/${view.id}`,
      );
    }
    await page.goBack();
    await seen(page, VIEWS[8]);
    expect(troubles).toEqual([]);
    await close();
  });

  it('open by a key, and by g and a letter', async () => {
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
    await seen(page, VIEWS[0]);
    for (const view of VIEWS) {
      await page.keyboard.press(view.digit);
      await seen(page, view);
    }
    for (const view of VIEWS) {
      await page.keyboard.press('g');
      await page.keyboard.press(view.letter);
      await seen(page, view);
    }
    await page.keyboard.press('?');
    await page.locator('#keys[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#keys[open]').waitFor({ state: 'detached' });
    expect(troubles).toEqual([]);
    await close();
  });

  it.each(['light', 'dark'] as const)('fit every window, in %s', async (colorScheme) => {
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'overview', {
      colorScheme,
    });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const view of VIEWS) {
        await page.goto(`http://127.0.0.1:${server.adminPort}/#/${view.id}`);
        await seen(page, view);
        expect(await overflow(page), `${view.id} at ${size.width}`).toBe(0);
      }
    }
    const red = Number(/\d+/.exec(await background(page))?.[0]);
    const isDark = red < 128;
    expect(isDark).toBe(colorScheme === 'dark');
    expect(troubles).toEqual([]);
    await close();
  });

  it('follow the choice between light and dark, which is remembered', async () => {
    const { page, close } = await consoleOpen(browser, server.adminPort, 'overview', {
      colorScheme: 'light',
    });
    await seen(page, VIEWS[0]);
    const light = await background(page);
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    await expect.poll(() => background(page), WAIT).not.toBe(light);
    const dark = await background(page);
    await page.reload();
    await seen(page, VIEWS[0]);
    expect(await background(page)).toBe(dark);
    await close();
  });

  it('draw charts of what has been, and figures that move', async () => {
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
    await page.locator('flagstone-chart canvas').nth(4).waitFor();
    const figure = page.locator('.figure', { hasText: 'memcached' }).locator('.figure-value');
    await expect
      .poll(async () => Number((await figure.textContent())?.replace(/\D/g, '')), WAIT)
      .toBeGreaterThan(0);
    const label = page.locator('flagstone-chart').first().locator('[role=img]');
    const before = await label.getAttribute('aria-label');
    expect(before).toMatch(/^Requests per second: memcached [\d,.]+, RESP [\d,.]+$/);
    await expect.poll(() => label.getAttribute('aria-label'), WAIT).not.toBe(before);
    await page.getByText('15 min').click();
    await expect.poll(() => page.locator('input[name=span][value="900"]').isChecked()).toBe(true);
    expect(troubles).toEqual([]);
    await close();
  });

  it('hold the numbers when asked, and go on', async () => {
    const { page, close } = await consoleOpen(browser, server.adminPort);
    await seen(page, VIEWS[0]);
    await page.keyboard.press('Space');
    await page.locator('.link-paused').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // Whatever was under way is answered when this is.
    await page.evaluate("fetch('/livez').then((answer) => answer.text())");
    const count = asked.filter((url) => url.endsWith('/console/state')).length;
    // Two looks later a page that goes on would have asked for them.
    const { sequence } = await state();
    await expect.poll(async () => (await state()).sequence, WAIT).toBeGreaterThan(sequence + 1);
    expect(asked.filter((url) => url.endsWith('/console/state')).length).toBe(count);
    await page.keyboard.press('Space');
    await page.locator('.link-live').waitFor();
    await close();
  });

  it('walk the heat map by arrow keys, and choose what warms it', async () => {
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'partitions');
    await page.locator('.heat .cell').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('.heat-detail h2', { hasText: 'Partition 1' }).waitFor();
    await page.keyboard.press('End');
    const { partitions } = await state();
    const last = partitions[partitions.length - 1].id;
    await page.locator('.heat-detail h2', { hasText: `Partition ${last}` }).waitFor();
    await page.getByText('Items', { exact: true }).first().click();
    await expect
      .poll(() => page.locator('.heat .cell').first().getAttribute('aria-label'), WAIT)
      .toMatch(/^Partition 0: [\d,]+ Items$/);
    expect(troubles).toEqual([]);
    await close();
  });

  it('filter and sort their tables', async () => {
    const { page, close } = await consoleOpen(browser, server.adminPort, 'commands');
    const names = () => page.locator('tbody th').allTextContents();
    await expect.poll(async () => (await names()).length, WAIT).toBeGreaterThan(4);
    await page.keyboard.press('/');
    await page.keyboard.type('memcached');
    await expect.poll(async () => new Set(await names()), WAIT).toEqual(new Set(['get', 'set']));
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Command', exact: true }).click();
    await expect.poll(names, WAIT).toEqual(['get', 'set']);
    await page.getByRole('button', { name: 'Command', exact: true }).press('Enter');
    await expect.poll(names, WAIT).toEqual(['set', 'get']);
    expect(await page.locator('th[aria-sort=descending]').textContent()).toContain('Command');
    await page.locator('input[type=search]').fill('no such command');
    await page.locator('tr.empty').waitFor();
    await close();
  });

  /** The last of these: the load is stopped for it. */
  it('show the numbers that the server tells, and that were sent', async () => {
    load.stop();
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'commands');
    for (const [name, count] of load.sent) {
      const [protocol, command] = name.split(' ');
      const row = page.locator('tbody tr', {
        has: page.getByRole('rowheader', { name: command, exact: true }),
        hasText: protocol === 'resp' ? 'RESP' : protocol,
      });
      const calls = () => row.locator('td').nth(2).textContent();
      await expect.poll(calls, WAIT).toBe(count.toLocaleString('en'));
    }
    const { series, types, threads } = await state();
    await page.keyboard.press('3');
    const items = page.locator('.fact', { hasText: 'Items' }).locator('dd');
    await expect.poll(() => items.textContent(), WAIT).toBe(series.items.toLocaleString('en'));
    for (const { name, items: count } of types.filter(({ items: many }) => many > 0)) {
      const row = page.locator('.stack-legend li', { has: page.getByText(name, { exact: true }) });
      expect(await row.textContent()).toContain(`${count.toLocaleString('en')} item`);
    }
    await page.keyboard.press('5');
    await expect.poll(() => page.locator('tbody tr').count(), WAIT).toBe(threads.length);
    await page.keyboard.press('6');
    const { total } = await consoleAsk<ConsoleConnections>(
      server.adminPort,
      '/console/connections',
    );
    await expect.poll(() => page.locator('tbody tr').count(), WAIT).toBe(total);
    expect(troubles).toEqual([]);
    await close();
  });
});
