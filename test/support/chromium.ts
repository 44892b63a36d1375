/**
 * A headless Chromium that looks at the console, for tests. What a reader would not see is kept as a trouble:
 * errors of scripts, messages of the browser, what the page's policy forbade, requests to other hosts.
 */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Loaded machines are slow; a test waits for what it wants to see and no longer. */
export const SEEN_MS_MAX = 60_000;

const PATHS = [
  process.env['CHROMIUM_PATH'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** In the page. */
const POLICY_LISTENER = `
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    console.error('forbidden by the policy: ' + violatedDirective + ' ' + blockedURI);
  });`;

const path = PATHS.find((one) => one !== '' && existsSync(one)) ?? null;

export const CHROMIUM_MISSING = path === null;
export const CHROMIUM_REASON = CHROMIUM_MISSING
  ? ' (skipped: there is no Chromium; CHROMIUM_PATH says where)'
  : '';

export type Seen = {
  readonly page: Page;
  readonly troubles: string[];
  readonly close: () => Promise<void>;
};

export function chromiumLaunch(): Promise<Browser> {
  return chromium.launch({ executablePath: path ?? '', args: FLAGS, timeout: SEEN_MS_MAX });
}

/** A fresh browser profile that has opened the console of this port. */
export async function consoleOpen(
  browser: Browser,
  port: number,
  view = 'overview',
  options: BrowserContextOptions = {},
): Promise<Seen> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(SEEN_MS_MAX);
  const page = await context.newPage();
  const troubles = troublesOf(page, port);
  await page.addInitScript({ content: POLICY_LISTENER });
  await page.goto(`http://127.0.0.1:${port}/#/${view}`);
  return { page, troubles, close: () => context.close() };
}

/** By how many pixels the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}

function troublesOf(page: Page, port: number): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('request', (request) => {
    const { host } = new URL(request.url());
    if (host !== `127.0.0.1:${port}`) troubles.push(`request to ${request.url()}`);
  });
  return troubles;
}
