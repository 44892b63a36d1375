/** What a view is, and what it is given. */
import { html, type TemplateResult } from 'lit-html';
import type { ConsoleState } from '../console-state.ts';
import type { Actions } from './actions.ts';
import { css } from './css.ts';
import type { ExtraName, Model } from './model.ts';

/** What a view is drawn from. */
export type Page = {
  readonly model: Model;
  readonly state: ConsoleState;
  readonly actions: Actions;
  /** Draws the page again: the view has changed something of its own. */
  readonly redraw: () => void;
};

export type View = {
  /** In the address: `#/memory`. */
  readonly id: string;
  readonly title: string;
  /** The key that opens it, and the one that does so after `g`. */
  readonly digit: string;
  readonly letter: string;
  readonly needs: readonly ExtraName[];
  readonly template: (page: Page) => TemplateResult;
};

/** A bar of which a share is filled. `text`: what it says, where it says anything. */
export function meterTemplate(share: number, text = '', kind = ''): TemplateResult {
  const filled = Math.max(0, Math.min(1, share));
  return html`
    <span class="meter-row">
      ${text === '' ? '' : html`<span class="meter-text">${text}</span>`}
      <span class=${`meter ${kind}`} aria-hidden="true"><i ${css({ '--share': filled })}></i></span>
    </span>
  `;
}

/** A name and a value, as in a list of facts. */
export function factTemplate(name: string, value: TemplateResult | string): TemplateResult {
  return html`<div class="fact"><dt>${name}</dt><dd>${value}</dd></div>`;
}

export function emptyTemplate(text: string): TemplateResult {
  return html`<p class="empty-note">${text}</p>`;
}

/** Instead of what cannot be had, or is not there yet. */
export function waitTemplate(model: Model, name: ExtraName): TemplateResult {
  const problem = model.extraProblems.get(name);
  return problem === undefined
    ? html`<p class="empty-note loading">Reading…</p>`
    : html`<p class="empty-note problem">${problem}</p>`;
}
