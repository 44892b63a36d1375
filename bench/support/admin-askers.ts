/**
 * Those who ask an admin port while something is measured: a scraper, autocannon, and browsers with the console
 * open. Each can be started and stopped many times, and tells how many answers it has had.
 */
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

export interface Asker {
  start(): Promise<void>;
  /** Resolves to the answers since the start. */
  stop(): Promise<number>;
  close(): Promise<void>;
}

/** What is used of autocannon, which comes without types. */
type Autocannon = (options: {
  readonly url: string;
  readonly connections: number;
  readonly duration: number;
}) => PromiseLike<{ readonly '2xx': number }> & { stop(): void };

const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;
const HAMMER_CONNECTIONS = 10;
/** Longer than any round; it is told when to end. */
const HAMMER_SEC = 3600;
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

/** Nobody asks. */
export const NOBODY: Asker = {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(0),
  close: () => Promise.resolve(),
};

/** `count` programs that each ask for a page once a second, at once to begin with. */
export function pollerMake(url: string, count: number): Asker {
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
export function hammerMake(url: string): Asker {
  let hammer: ReturnType<Autocannon> | null = null;
  return {
    start: () => {
      hammer = autocannon({ url, connections: HAMMER_CONNECTIONS, duration: HAMMER_SEC });
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
export async function browsersOpen(
  program: string,
  consoleUrl: string,
  count: number,
): Promise<Asker> {
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
