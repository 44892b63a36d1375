/** What an action came to: said once, to the eye and to who listens, and then gone. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ConsoleOutcome } from '../console-state.ts';

/** Long enough to be read twice. */
const SHOWN_MS = 12_000;

export class NoticePlace {
  private readonly redraw: () => void;
  private outcome: ConsoleOutcome | null = null;
  private timer = 0;

  constructor(redraw: () => void) {
    this.redraw = redraw;
  }

  tell(outcome: ConsoleOutcome): void {
    window.clearTimeout(this.timer);
    this.outcome = outcome;
    this.timer = window.setTimeout(() => this.clear(), SHOWN_MS);
    this.redraw();
  }

  clear(): void {
    if (this.outcome === null) return;
    window.clearTimeout(this.timer);
    this.outcome = null;
    this.redraw();
  }

  /** The place is always there: who listens is told of what changes in it. */
  template(): TemplateResult {
    const { outcome } = this;
    return html`
      <div class="notice-place" role="status">
        ${
          outcome === null
            ? nothing
            : html`
              <p class=${outcome.isDone ? 'notice' : 'notice failed'}>
                <span>${outcome.text}</span>
                <button type="button" class="quiet" aria-label="Dismiss" @click=${() => this.clear()}>✕</button>
              </p>
            `
        }
      </div>
    `;
  }
}
