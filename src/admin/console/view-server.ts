/** The server itself: what it is, how it was configured, and what can be changed while it runs. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { LOG_LEVELS } from './actions.ts';
import { bytesText, countText, NONE, spanText } from './format.ts';
import type { Config } from './model.ts';
import { Table } from './table.ts';
import { factTemplate, type Page, type View, waitTemplate } from './view.ts';

type Setting = { readonly name: string; readonly value: string; readonly kind: string };

let table: Table<Setting> | null = null;

export const serverView: View = {
  id: 'server',
  title: 'Server',
  digit: '0',
  letter: 's',
  needs: ['config'],
  template: (page) => {
    const config = page.model.extras.config;
    table ??= tableOf(page);
    return html`
      <div class="server-layout">
        <section class="card"><h2>About</h2>${factsTemplate(page)}</section>
        ${actionsTemplate(page)}
      </div>
      <section>
        <h2>Configuration</h2>
        ${config === undefined ? waitTemplate(page.model, 'config') : table.template(settingsOf(config))}
      </section>
    `;
  },
};

function factsTemplate({ state }: Page): TemplateResult {
  const { server } = state;
  return html`
    <dl class="facts">
      ${factTemplate('Version', server.version)}
      ${factTemplate('Node.js', server.node)}
      ${factTemplate('Host', server.host)}
      ${factTemplate('Process', `${server.pid}`)}
      ${factTemplate('Up for', spanText(server.uptimeSec))}
      ${factTemplate('Memory limit', bytesText(server.memoryLimitBytes))}
      ${factTemplate('Connection limit', countText(server.connectionLimit))}
      ${factTemplate('Connections refused', countText(server.connectionsRefused))}
      ${factTemplate('Failed authentications', countText(server.authFailures))}
      ${factTemplate('Thread restarts', countText(server.threadRestarts))}
      ${factTemplate('Cluster configuration', server.configVersion === null ? 'off' : `version ${server.configVersion}`)}
    </dl>
  `;
}

function actionsTemplate({ model, state, actions }: Page): TemplateResult {
  const { logLevel } = state.server;
  const pick = (event: Event): void => {
    const select = event.target as HTMLSelectElement;
    const level = select.value;
    // What is chosen is what the server says; it says so when it is done.
    select.value = logLevel;
    if (level !== logLevel) actions.logLevel(level);
  };
  return html`
    <section class="card">
      <h2>Actions</h2>
      <div class="action">
        <div>
          <h3 id="log-level">Log level</h3>
          <p>What is below it is not logged.</p>
        </div>
        <select name="level" aria-labelledby="log-level" @change=${pick}>
          ${LOG_LEVELS.map((level) => html`<option .selected=${level === logLevel}>${level}</option>`)}
        </select>
      </div>
      <div class="action">
        <div>
          <h3>Flush</h3>
          <p>Deletes all keys of all databases.</p>
        </div>
        <button type="button" class="danger" @click=${() => actions.flush()}>Flush…</button>
      </div>
      ${model.isSignedIn ? signOutTemplate() : nothing}
    </section>
  `;
}

function signOutTemplate(): TemplateResult {
  return html`
    <form class="action" method="post" action="/session/end">
      <div>
        <h3>Session</h3>
        <p>Ends here, and elsewhere where this browser has the console open.</p>
      </div>
      <button type="submit">Sign out</button>
    </form>
  `;
}

function settingsOf({ options, directives = {} }: Config): readonly Setting[] {
  const { extended, ...plain } = options;
  return [
    ...settings('option', plain),
    ...settings('-o', (extended ?? {}) as Readonly<Record<string, unknown>>),
    ...settings('directive', directives),
  ];
}

function settings(kind: string, values: Readonly<Record<string, unknown>>): readonly Setting[] {
  return Object.entries(values).map(([name, value]) => ({ kind, name, value: settingText(value) }));
}

function settingText(value: unknown): string {
  if (value === null || value === '') return NONE;
  if (Array.isArray(value)) return value.map(settingText).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : `${value}`;
}

function tableOf({ redraw }: Page): Table<Setting> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Configuration',
    one: 'setting',
    key: ({ kind, name }) => `${kind} ${name}`,
    words: ({ kind, name, value }) => `${kind} ${name} ${value}`,
    emptyText: 'There is no configuration.',
    columns: [
      { title: 'Name',  width: 0, value: ({ name }) => name, cell: ({ name }) => html`<code class="wrap">${name}</code>` },
      { title: 'Value', width: 0, value: ({ value }) => value, cell: ({ value }) => html`<code class="wrap">${value}</code>` },
      { title: 'Kind',  width: 6, value: ({ kind }) => kind, cell: ({ kind }) => kind },
    ],
  }, redraw);
}
