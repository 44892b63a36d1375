/**
 * The console's actions in a real browser, by mouse and by keyboard: each asks first, does nothing when told no,
 * and does what it says when told yes; and whether it was done is asked of the server, not of the page.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConsoleState } from '../../../src/admin/console-state.ts';
import { type AdminServer, adminAsk, adminSpawn } from '../../support/admin-client.ts';
import {
  CHROMIUM_MISSING,
  CHROMIUM_REASON,
  chromiumLaunch,
  consoleOpen,
  SEEN_MS_MAX,
} from '../../support/chromium.ts';
import { consoleAsk } from '../../support/console-client.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { HOT_KEY, SteadyLoad } from '../../support/steady-load.ts';
import { eventually } from '../../support/text-client.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const WAIT = { timeout: SEEN_MS_MAX, interval: 100 } as const;

describe.skipIf(CHROMIUM_MISSING)(`the console's actions${CHROMIUM_REASON}`, () => {
  let server: AdminServer;
  let browser: Browser;
  let client: RespClient;

  beforeAll(async () => {
    server = await adminSpawn();
    browser = await chromiumLaunch();
    client = server.client();
  });
  afterAll(async () => {
    client.end();
    await browser.close();
    await server.stop();
  });

  const state = () => consoleAsk<ConsoleState>(server.adminPort, '/console/state');
  const level = async () => (await adminAsk(server.adminPort, '/loglevel')).body.trim();

  const asked = (page: Page) => page.locator('#question[open]');
  const gone = (page: Page) => asked(page).waitFor({ state: 'detached' });
  const told = (page: Page) => page.locator('.notice').first();
  const keysSet = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) client.send('SET', `key-${n}`, 'x'.repeat(1000));
    for (let n = 0; n < count; n++) await client.read();
  };

  it('flush empties the server, once its name was typed', async () => {
    await keysSet(100);
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'server');
    await page.getByRole('button', { name: 'Flush…' }).click();
    const button = asked(page).getByRole('button', { name: 'Flush all keys' });
    await button.waitFor();
    expect(await button.isDisabled()).toBe(true);
    await asked(page).locator('input').fill('flus');
    expect(await button.isDisabled()).toBe(true);
    await asked(page).getByRole('button', { name: 'Cancel' }).click();
    await gone(page);
    expect(await client.call('DBSIZE')).toBe(100);

    await page.getByRole('button', { name: 'Flush…' }).click();
    // What was typed the last time is forgotten.
    expect(await asked(page).locator('input').inputValue()).toBe('');
    await asked(page).locator('input').fill('flush');
    await button.click();
    await gone(page);
    await told(page).waitFor();
    expect(await client.call('DBSIZE')).toBe(0);
    expect(troubles).toEqual([]);
    await close();
  });

  it('flush by keyboard alone; Escape is no', async () => {
    await keysSet(50);
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort);
    await page.locator('.figure').first().waitFor();
    await page.keyboard.press('0');
    const flush = page.getByRole('button', { name: 'Flush…' });
    await flush.waitFor();
    for (let tabs = 0; tabs < 40; tabs++) {
      if ((await page.locator('button:focus', { hasText: 'Flush…' }).count()) === 1) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await asked(page).waitFor();
    await page.keyboard.press('Escape');
    await gone(page);
    expect(await client.call('DBSIZE')).toBe(50);
    // The focus is where it was.
    await page.keyboard.press('Enter');
    await asked(page).waitFor();
    await page.keyboard.type('flush');
    await page.keyboard.press('Enter');
    await gone(page);
    expect(await client.call('DBSIZE')).toBe(0);
    await page.keyboard.press('Escape');
    await told(page).waitFor({ state: 'detached' });
    expect(troubles).toEqual([]);
    await close();
  });

  it('disconnect closes that client and no other', async () => {
    const victim = server.client();
    await victim.call('CLIENT', 'SETNAME', 'the-victim');
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'connections');
    const row = page.locator('tbody tr', { hasText: 'the-victim' });
    const button = row.getByRole('button', { name: 'Disconnect' });
    await button.click();
    await asked(page).getByText('the-victim').waitFor();
    await asked(page).getByRole('button', { name: 'Cancel' }).click();
    await gone(page);
    expect(await victim.call('PING')).toMatchObject({ simple: 'PONG' });

    await button.click();
    await asked(page).getByRole('button', { name: 'Disconnect' }).click();
    await gone(page);
    await told(page).waitFor();
    await eventually(
      'the end of the connection',
      () => victim.closed,
      (closed) => closed,
    );
    await row.waitFor({ state: 'detached' });
    expect(await client.call('PING')).toMatchObject({ simple: 'PONG' });
    expect(troubles).toEqual([]);
    await close();
  });

  it('the log level is changed after a question', async () => {
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'server');
    const select = page.locator('select[name=level]');
    expect(await level()).toBe('warn');
    await select.selectOption('debug');
    await asked(page).getByText('The server has logged from “warn” on.').waitFor();
    await page.keyboard.press('Escape');
    await gone(page);
    expect(await level()).toBe('warn');
    expect(await select.inputValue()).toBe('warn');
    await select.selectOption('debug');
    await asked(page).getByRole('button', { name: 'Change log level' }).click();
    await gone(page);
    expect(await level()).toBe('debug');
    await expect.poll(() => select.inputValue(), WAIT).toBe('debug');
    expect(troubles).toEqual([]);
    await close();
  });

  it('a page moves from the class it is asked of', async () => {
    await keysSet(4000);
    await client.call('SET', 'small', 'x');
    const { classes } = await eventually(
      'a look with both classes',
      state,
      (told) => told.classes.length > 1 && told.classes.some(({ pages: many }) => many > 20),
    );
    const from = [...classes].sort((a, b) => b.pages - a.pages)[0];
    const to = classes.find(({ id }) => id !== from.id);
    expect(to).not.toBe(undefined);
    const pages = async () => (await state()).classes.find(({ id }) => id === from.id)?.pages;

    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'memory');
    const row = page.locator('tbody tr', {
      has: page.getByRole('rowheader', { name: `${from.id}`, exact: true }),
    });
    const shown = () => row.locator('td').nth(1).textContent();
    await expect.poll(shown, WAIT).toBe(`${from.pages}`);
    await page.getByRole('button', { name: 'Move a page…' }).click();
    await asked(page).locator('select[name=from]').selectOption(`${from.id}`);
    await asked(page).locator('select[name=to]').selectOption(`${from.id}`);
    const button = asked(page).getByRole('button', { name: 'Move a page' });
    await expect.poll(() => button.isDisabled(), WAIT).toBe(true);
    await asked(page).locator('select[name=to]').selectOption(`${to?.id}`);
    await expect.poll(() => button.isDisabled(), WAIT).toBe(false);
    await button.click();
    await gone(page);
    await told(page).waitFor();
    await expect.poll(pages, WAIT).toBe(from.pages - 1);
    await expect.poll(shown, WAIT).toBe(`${from.pages - 1}`);
    expect(troubles).toEqual([]);
    await close();
  });

  it('hot keys are found under a load, and the hottest is first', async () => {
    const load = new SteadyLoad(server);
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'hot-keys');
    await page.locator('select[name=seconds]').selectOption('2');
    await page.getByRole('button', { name: 'Find hot keys' }).click();
    await page.locator('progress').waitFor();
    await page.locator('progress').waitFor({ state: 'detached' });
    const first = page.locator('tbody tr').first();
    await expect.poll(() => first.locator('th').textContent(), WAIT).toContain(HOT_KEY);
    expect(await first.locator('td').first().textContent()).toMatch(/\d+\.\d %/);
    load.end();
    expect(troubles).toEqual([]);
    await close();
  });

  it('the slow log lists what took too long', async () => {
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await client.call('SET', 'a-slow-key', 'x');
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
    const { page, troubles, close } = await consoleOpen(browser, server.adminPort, 'slow-log');
    await page.locator('tbody code', { hasText: 'SET a-slow-key x' }).waitFor();
    expect(await page.locator('.hint').textContent()).toContain('10.0 ms');
    expect(troubles).toEqual([]);
    await close();
  });
});
