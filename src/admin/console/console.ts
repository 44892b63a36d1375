/**
 * The console's page: a bar, the list of views, the open view, a dialog for questions and a place for notices.
 *
 *   server ──▶ poller ──▶ model ──▶ draw ──▶ page
 *                           ▲         ▲
 *          keys, clicks ────┴─────────┘
 *
 * All is drawn from the model, by lit-html, which touches only what has changed; at most once a frame.
 */
import { html, nothing, render, type TemplateResult } from 'lit-html';
import { Actions } from './actions.ts';
import './chart.ts';
import { spanText, timeText } from './format.ts';
import { type Command, Keys } from './keys.ts';
import { Model } from './model.ts';
import { NoticePlace } from './notice.ts';
import { Poller } from './poller.ts';
import { QuestionDialog } from './question.ts';
import { type Theme, themeApply, themeChoose, themeChosen, themeNext } from './theme.ts';
import type { View } from './view.ts';
import { clusterView } from './view-cluster.ts';
import { commandsView } from './view-commands.ts';
import { connectionsView } from './view-connections.ts';
import { hotKeysView } from './view-hot-keys.ts';
import { memoryView } from './view-memory.ts';
import { overviewView } from './view-overview.ts';
import { partitionsView } from './view-partitions.ts';
import { serverView } from './view-server.ts';
import { slowLogView } from './view-slow-log.ts';
import { threadsView } from './view-threads.ts';

const VIEWS: readonly View[] = [
  overviewView,
  commandsView,
  memoryView,
  partitionsView,
  threadsView,
  connectionsView,
  slowLogView,
  hotKeysView,
  clusterView,
  serverView,
];

// biome-ignore format: a table reads in columns
const COMMANDS: readonly Command[] = [
  ...VIEWS.map(({ id, title, digit, letter }) => ({ keys: [digit, `g ${letter}`], text: title, run: () => viewOpen(id) })),
  { keys: ['/'],      text: 'Filter the table',           run: filterFocus },
  { keys: ['Space'],  text: 'Hold the numbers, or go on', run: () => poller.pauseToggle() },
  { keys: ['t'],      text: 'Light, dark, or as the system has it', run: () => themeTurn() },
  { keys: ['?'],      text: 'These keys',                 run: () => keys.helpShow() },
];

const THEME_TEXT: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' };

const model = new Model();
const poller = new Poller(model, draw);
const notices = new NoticePlace(draw);
const question = new QuestionDialog(drawNow, (outcome) => notices.tell(outcome));
const actions = new Actions(model, poller, {
  ask: (asked) => question.ask(asked),
  tell: (outcome) => notices.tell(outcome),
  redraw: draw,
});
const keys = new Keys(COMMANDS, () => notices.clear());

let view = viewOfAddress();
let isDrawing = false;

function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    drawNow();
  });
}

function drawNow(): void {
  const root = document.getElementById('console');
  if (root !== null) render(pageTemplate(), root);
}

function pageTemplate(): TemplateResult {
  const { state, link } = model;
  const isStale = link === 'lost' || link === 'ended';
  return html`
    <button type="button" class="skip" @click=${() => mainFocus()}>Skip to the numbers</button>
    ${barTemplate()}
    <nav class="views" aria-label="Views">${VIEWS.map(linkTemplate)}</nav>
    <main id="main" tabindex="-1" class=${isStale ? 'stale' : ''} aria-labelledby="title">
      <h1 id="title">${view.title}</h1>
      ${bannerTemplate()}
      ${
        state === null
          ? html`<p class="empty-note loading">${link === 'loading' ? 'Reading…' : nothing}</p>`
          : html`<div class=${`view view-${view.id}`}>${view.template({ model, state, actions, redraw: draw })}</div>`
      }
    </main>
    ${notices.template()} ${question.template()} ${keys.template()}
  `;
}

function barTemplate(): TemplateResult {
  const { state, link } = model;
  const where = state === null ? location.host : state.server.host;
  const theme = themeChosen();
  return html`
    <header class="bar">
      <a class="brand" href="#/overview"><img src="/console/icon.svg" alt="" width="22" height="22" />Flagstone</a>
      <span class="where">${where}</span>
      <span class="uptime">${state === null ? nothing : `up ${spanText(state.server.uptimeSec)}`}</span>
      <span class=${`link link-${link}`}><i aria-hidden="true"></i>${LINK_TEXT[link]}</span>
      <button type="button" class="quiet" aria-pressed=${link === 'paused' ? 'true' : 'false'} title="Hold the numbers (Space)" ?disabled=${link !== 'live' && link !== 'paused'} @click=${() => poller.pauseToggle()}>
        ${link === 'paused' ? 'Go on' : 'Pause'}
      </button>
      <button type="button" class="quiet" title="Light, dark, or as the system has it (t)" aria-label=${`Theme: ${THEME_TEXT[theme]}`} @click=${() => themeTurn()}>
        <svg class="half" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.25" /><path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" /></svg>
        ${THEME_TEXT[theme]}
      </button>
      <button type="button" class="quiet" title="Keys (?)" aria-label="Keys" @click=${() => keys.helpShow()}>?</button>
    </header>
  `;
}

const LINK_TEXT = {
  loading: 'Connecting',
  live: 'Live',
  lost: 'No answer',
  paused: 'Paused',
  ended: 'Signed out',
} as const;

function linkTemplate({ id, title, digit }: View): TemplateResult {
  const isOpen = id === view.id;
  return html`
    <a href=${`#/${id}`} aria-current=${isOpen ? 'page' : nothing} aria-keyshortcuts=${digit}>
      <span>${title}</span><kbd aria-hidden="true">${digit}</kbd>
    </a>
  `;
}

/** The banner is always there for whoever listens, and mostly empty. */
function bannerTemplate(): TemplateResult {
  const { link, lastAnswerAtMs, problem } = model;
  const since = lastAnswerAtMs === 0 ? '' : ` The numbers are of ${timeText(lastAnswerAtMs)}.`;
  return html`
    <div class="banner-place" role="status">
      ${
        link === 'lost'
          ? html`
            <p class="banner">
              <span><b>The server does not answer.</b>${since} ${problem}</span>
              <button type="button" @click=${() => poller.hurry()}>Try now</button>
            </p>
          `
          : nothing
      }
      ${
        link === 'ended'
          ? html`<p class="banner"><span><b>Your session has ended.</b>${since}</span><a class="button" href="/">Sign in</a></p>`
          : nothing
      }
    </div>
  `;
}

function viewOfAddress(): View {
  const id = location.hash.replace(/^#\//, '');
  return VIEWS.find((one) => one.id === id) ?? overviewView;
}

function viewOpen(id: string): void {
  location.hash = `#/${id}`;
}

/** The reader looks at something else now, and so does who hears the page. */
function viewChanged(): void {
  view = viewOfAddress();
  document.title = `${view.title} · Flagstone`;
  poller.needsSet(view.needs);
  drawNow();
  window.scrollTo(0, 0);
  mainFocus();
  document
    .querySelector('.views [aria-current]')
    ?.scrollIntoView({ block: 'nearest', inline: 'center' });
}

function mainFocus(): void {
  document.getElementById('main')?.focus({ preventScroll: true });
}

function filterFocus(): void {
  document.querySelector<HTMLInputElement>('main input[type=search]')?.focus();
}

function themeTurn(): void {
  themeChoose(themeNext());
  draw();
}

themeApply();
drawNow();
document.title = `${view.title} · Flagstone`;
window.addEventListener('hashchange', viewChanged);
keys.listen();
poller.needsSet(view.needs);
poller.start();
