/**
 * The dialog that stands before every action: what will happen, in words, and what may have to be typed first.
 * It stays open while the action is under way and when it was refused; Escape is "no".
 */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { ConsoleOutcome } from '../console-state.ts';

export type Question = {
  readonly title: string;
  /** Drawn anew each time: it may have choices in it. */
  readonly body: () => TemplateResult;
  /** What the button says. */
  readonly verb: string;
  readonly isDangerous: boolean;
  /** To be typed before the button can be pressed. */
  readonly word?: string;
  /** Whether the choices in the body make an action. */
  readonly isReady?: () => boolean;
  readonly run: () => Promise<ConsoleOutcome>;
};

export class QuestionDialog {
  private readonly redraw: () => void;
  private readonly tell: (outcome: ConsoleOutcome) => void;
  private question: Question | null = null;
  private typed = '';
  private isRunning = false;
  private refusal = '';

  /** `redraw` draws at once: what is typed and then entered in one go has to find the button as it should be. */
  constructor(redraw: () => void, tell: (outcome: ConsoleOutcome) => void) {
    this.redraw = redraw;
    this.tell = tell;
  }

  ask(question: Question): void {
    this.question = question;
    this.typed = '';
    this.refusal = '';
    // It is shown once it is drawn, or the focus would find nothing in it to go to.
    this.redraw();
    this.element?.showModal();
  }

  template(): TemplateResult {
    return html`
      <dialog id="question" aria-labelledby="question-title" @close=${() => this.closed()} @cancel=${(event: Event) => this.cancelled(event)}>
        ${this.question === null ? nothing : this.questionTemplate(this.question)}
      </dialog>
    `;
  }

  private get element(): HTMLDialogElement | null {
    return document.querySelector<HTMLDialogElement>('#question');
  }

  private questionTemplate(question: Question): TemplateResult {
    const { title, verb, isDangerous, word, body, isReady } = question;
    const isTyped = word === undefined || this.typed.trim() === word;
    const isAllowed = isTyped && !this.isRunning && (isReady?.() ?? true);
    return html`
      <form method="dialog" @submit=${(event: Event) => this.submitted(event, question)}>
        <h2 id="question-title">${title}</h2>
        <div class="question-body">${body()}</div>
        ${
          word === undefined
            ? nothing
            : html`
              <label class="field">
                <span>Type <code>${word}</code> to go on</span>
                <input
                  name="word"
                  autocomplete="off"
                  autocapitalize="off"
                  spellcheck="false"
                  .value=${live(this.typed)}
                  @input=${(event: Event) => this.type(event)}
                />
              </label>
            `
        }
        <p class="problem" role="alert">${this.refusal}</p>
        <div class="buttons">
          <button type="button" @click=${() => this.element?.close()}>Cancel</button>
          <button type="submit" class=${isDangerous ? 'danger' : 'primary'} ?disabled=${!isAllowed}>
            ${this.isRunning ? 'Under way…' : verb}
          </button>
        </div>
      </form>
    `;
  }

  private type(event: Event): void {
    this.typed = (event.target as HTMLInputElement).value;
    this.redraw();
  }

  private submitted(event: Event, question: Question): void {
    event.preventDefault();
    if (!this.isRunning) void this.run(question);
  }

  private async run(question: Question): Promise<void> {
    this.isRunning = true;
    this.redraw();
    const outcome = await question.run();
    this.isRunning = false;
    if (outcome.isDone) {
      this.element?.close();
      this.tell(outcome);
    } else {
      this.refusal = outcome.text;
    }
    this.redraw();
  }

  /** What is under way cannot be called back by closing the dialog. */
  private cancelled(event: Event): void {
    if (this.isRunning) event.preventDefault();
  }

  private closed(): void {
    // The browser tells of it later: the next question may stand there already.
    if (this.element?.open === true) return;
    this.question = null;
    this.redraw();
  }
}
