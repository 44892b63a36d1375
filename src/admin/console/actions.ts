/** What can be done to the server from here. Each is asked about first, with what follows from it. */
import { html, type TemplateResult } from 'lit-html';
import type { ConsoleConnection, ConsoleOutcome, ConsoleSlabClass } from '../console-state.ts';
import { bytesText, countText, plural, spanText } from './format.ts';
import type { Model } from './model.ts';
import type { Poller } from './poller.ts';
import type { Question } from './question.ts';
import { change, logLevelPut, StatusError } from './requests.ts';

/** `from` of a page move: the class with the most pages. */
const ANY_CLASS = -1;
const SESSION_OVER: ConsoleOutcome = { isDone: false, text: 'The session has ended.' };

export type Asker = {
  readonly ask: (question: Question) => void;
  readonly tell: (outcome: ConsoleOutcome) => void;
  readonly redraw: () => void;
};

export class Actions {
  private readonly model: Model;
  private readonly poller: Poller;
  private readonly asker: Asker;

  constructor(model: Model, poller: Poller, asker: Asker) {
    this.model = model;
    this.poller = poller;
    this.asker = asker;
  }

  flush(): void {
    const items = this.model.state?.series.items ?? 0;
    this.asker.ask({
      title: 'Flush all keys?',
      body: () => html`
        <p>
          <strong>${plural(items, 'item')}</strong> of all databases, of memcached and RESP alike, are deleted at
          once. There is no way back.
        </p>
        <p>Whatever asks for them next will miss, and turn to what lies behind the cache: it should bear that.</p>
      `,
      verb: 'Flush all keys',
      isDangerous: true,
      word: 'flush',
      run: () => this.run(() => change('/console/flush', {})),
    });
  }

  disconnect({ connection, address, name, idleSec }: ConsoleConnection): void {
    this.asker.ask({
      title: 'Disconnect this client?',
      body: () => html`
        <p>
          <code>${address}</code>${name ? html` (<code>${name}</code>)` : ''}, last heard of
          ${spanText(idleSec)} ago. What it has sent and not got an answer to may have been done or not; its
          transaction, subscriptions and blocked calls end.
        </p>
        <p>Most clients connect again by themselves.</p>
      `,
      verb: 'Disconnect',
      isDangerous: true,
      run: () => this.run(() => change('/console/disconnect', { connection, address })),
    });
  }

  logLevel(level: string): void {
    const before = this.model.state?.server.logLevel ?? '';
    this.asker.ask({
      title: `Log from “${level}” on?`,
      body: () => html`
        <p>The server has logged from “${before}” on. ${LEVEL_FOLLOWS[level] ?? ''}</p>
        <p>It holds until the server ends; at its next start the command line says again what is logged.</p>
      `,
      verb: 'Change log level',
      isDangerous: false,
      run: () => this.run(() => logLevelDone(level)),
    });
  }

  pageMove(classes: readonly ConsoleSlabClass[]): void {
    const givers = classes.filter(({ pages }) => pages > 1);
    const choice = { from: ANY_CLASS, to: classes[0]?.id ?? 0 };
    this.asker.ask({
      title: 'Move a page to another slab class?',
      body: () => this.pageMoveTemplate(classes, givers, choice),
      verb: 'Move a page',
      isDangerous: false,
      isReady: () => choice.from !== choice.to,
      run: () => this.run(() => change('/console/pages', choice)),
    });
  }

  /** Reads keys for a while; nothing has to be confirmed. */
  async sample(seconds: number): Promise<void> {
    const outcome = await this.run(() => change('/console/hotkeys', { seconds }));
    if (!outcome.isDone) this.asker.tell(outcome);
    this.poller.refresh('hotkeys');
  }

  private pageMoveTemplate(
    classes: readonly ConsoleSlabClass[],
    givers: readonly ConsoleSlabClass[],
    choice: { from: number; to: number },
  ): TemplateResult {
    const page = bytesText(this.model.state?.server.pageBytes ?? 0);
    const pick = (field: 'from' | 'to') => (event: Event) => {
      choice[field] = Number((event.target as HTMLSelectElement).value);
      this.asker.redraw();
    };
    return html`
      <p>
        A page of ${page} is emptied: its items move to free chunks of their class, or are evicted where there
        are none. The page then waits in the pool, from where the class that needs one first takes it.
      </p>
      <div class="field-pair">
        <label class="field">
          <span>From</span>
          <select name="from" @change=${pick('from')}>
            <option value=${ANY_CLASS} ?selected=${choice.from === ANY_CLASS}>the one with the most pages</option>
            ${givers.map((one) => optionTemplate(one, choice.from))}
          </select>
        </label>
        <label class="field">
          <span>For</span>
          <select name="to" @change=${pick('to')}>
            ${classes.map((one) => optionTemplate(one, choice.to))}
          </select>
        </label>
      </div>
      ${choice.from === choice.to ? html`<p class="hint">These are the same class.</p>` : ''}
    `;
  }

  /** Does it, and reads anew what has changed by it. */
  private async run(act: () => Promise<ConsoleOutcome>): Promise<ConsoleOutcome> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.poller.end();
      return SESSION_OVER;
    } finally {
      this.poller.refresh('connections', 'slowlog');
    }
  }
}

/** What a level brings, by name. */
const LEVEL_FOLLOWS: Readonly<Record<string, string>> = {
  silent: 'Nothing will be logged, not even why it ends.',
  fatal: 'Only what makes it end will be logged.',
  error: 'Only what fails will be logged.',
  warn: 'Warnings and failures will be logged.',
  info: 'Its course, actions of this console among it, will be logged too.',
  debug: 'Details of its course will be logged; with many clients these are many lines.',
  trace: 'Everything will be logged: on a busy server more than its disk may like.',
};

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

async function logLevelDone(level: string): Promise<ConsoleOutcome> {
  const { isDone, text } = await logLevelPut(level);
  return { isDone, text: isDone ? `The server logs from “${level}” on.` : text };
}

function optionTemplate({ id, chunkBytes, pages }: ConsoleSlabClass, chosen: number) {
  const text = `class ${id} · ${countText(chunkBytes)} B · ${plural(pages, 'page')}`;
  return html`<option value=${id} ?selected=${id === chosen}>${text}</option>`;
}
