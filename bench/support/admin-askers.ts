/**
 * Those who ask an admin port while something is measured: a scraper, autocannon, and browsers with the console
 * open. Each can be started and stopped many times, and tells how many answers it has had.
 */
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { programFind } from './command.ts';
import { progressSay } from './report.ts';

export interface Asker {
  start(): Promise<void>;
  /** Resolves to the answers since the start. */
  stop(): Promise<number>;
  close(): Promise<void>;
}

export type AskerName = 'nobody' | 'scraper' | 'metricsHammer' | 'stateHammer' | 'browsers';
export type Askers = Readonly<Record<AskerName, Asker>>;

/** Browsers with the console open. */
export const BROWSERS = 10;

/** What is used of autocannon, which comes without types. */
type Autocannon = (options: {
  readonly url: string;
  readonly connections: number;
  readonly duration: number;
  /** Milliseconds between its looks at itself; it ends at one of them. */
  readonly sampleInt: number;
}) => PromiseLike<{ readonly '2xx': number }> & { stop(): void };

const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;
const HAMMER_CONNECTIONS = 10;
/** Longer than any round; it is told when to end. */
const HAMMER_SEC = 3600;
const HAMMER_SAMPLE_MS = 50;
const PERIOD_MS = 1000;
const SEEN_MS_MAX = 60_000;
const PAUSE_BUTTON = 'button[aria-pressed="false"]:has-text("Pause")';
const GO_ON_BUTTON = 'button[aria-pressed="true"]:has-text("Go on")';
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Ten pages cannot all be in front; none is slowed down because of that.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * Everybody who may ask the admin port at `url`, without its last slash.
 *   browser   name or path of Chromium; 'none', or one that is not there: programs ask as consoles would
 */
export async function askersOpen(url: string, browser: string): Promise<Askers> {
  const program = browser === 'none' ? null : programFind(browser);
  progressSay(
    program === null
      ? 'No browser: ten programs ask as consoles would.'
      : 'Opening ten windows of Chromium.',
  );
  return {
    nobody: NOBODY,
    scraper: pollerMake(`${url}/metrics`, 1),
    metricsHammer: hammerMake(`${url}/metrics`),
    stateHammer: hammerMake(`${url}/console/state`),
    browsers:
      program === null
        ? pollerMake(`${url}/console/state`, BROWSERS)
        : await browsersOpen(program, `${url}/`, BROWSERS),
  };
}

/** Nobody asks. */
const NOBODY: Asker = {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(0),
  close: () => Promise.resolve(),
};

/** `count` programs that each ask for a page once a second, at once to begin with. */
function pollerMake(url: string, count: number): Asker {
  let answers = 0;
  let timer: NodeJS.Timeout | undefined;
  const ask = async (): Promise<void> => {
    await Promise.all(Array.from({ length: count }, async () => (await fetch(url)).text()));
    answers += count;
  };
  return {
    start: async () => {
      answers = 0;
      timer = setInterval(() => void ask(), PERIOD_MS);
      await ask();
    },
    stop: () => {
      clearInterval(timer);
      return Promise.resolve(answers);
    },
    close: () => Promise.resolve(),
  };
}

/** autocannon, as fast as it is answered; in this thread, which has nothing else to do. */
function hammerMake(url: string): Asker {
  let hammer: ReturnType<Autocannon> | null = null;
  return {
    start: () => {
      hammer = autocannon({
        url,
        connections: HAMMER_CONNECTIONS,
        duration: HAMMER_SEC,
        sampleInt: HAMMER_SAMPLE_MS,
      });
      return Promise.resolve();
    },
    stop: async () => {
      if (hammer === null) return 0;
      hammer.stop();
      const result = await hammer;
      hammer = null;
      return result['2xx'];
    },
    close: () => {
      hammer?.stop();
      return Promise.resolve();
    },
  };
}

/** `count` windows of a headless Chromium, each a reader of its own; they pause while they are not started. */
async function browsersOpen(program: string, consoleUrl: string, count: number): Promise<Asker> {
  const browser = await chromium.launch({
    executablePath: program,
    args: CHROMIUM_FLAGS,
    timeout: SEEN_MS_MAX,
  });
  let answers = 0;
  const pages: Page[] = [];
  for (let reader = 0; reader < count; reader++) {
    const page = await readerOpen(browser, consoleUrl);
    page.on('response', (response) => {
      if (new URL(response.url()).pathname === '/console/state') answers++;
    });
    pages.push(page);
  }
  const clickAll = async (selector: string): Promise<void> => {
    await Promise.all(pages.map((page) => page.click(selector)));
  };
  return {
    start: async () => {
      answers = 0;
      await clickAll(GO_ON_BUTTON);
    },
    stop: async () => {
      const stopped = answers;
      await clickAll(PAUSE_BUTTON);
      return stopped;
    },
    close: () => browser.close(),
  };
}

async function readerOpen(browser: Browser, consoleUrl: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(SEEN_MS_MAX);
  const page = await context.newPage();
  await page.goto(consoleUrl);
  await page.click(PAUSE_BUTTON);
  return page;
}
