/** The page by keyboard: a key, or `g` and a letter, and the dialog that lists them. */
import { html, type TemplateResult } from 'lit-html';

export type Command = {
  /** Any of them: a key, or two after one another, as `g m`. */
  readonly keys: readonly string[];
  readonly text: string;
  readonly run: () => void;
};

/** The second key of two comes within this, or it stands for itself. */
const PAIR_MS_MAX = 1500;

export class Keys {
  private readonly commands: readonly Command[];
  private readonly escaped: () => void;
  private first = '';
  private firstAtMs = 0;

  /** `escaped`: what Escape does where no dialog is open. */
  constructor(commands: readonly Command[], escaped: () => void) {
    this.commands = commands;
    this.escaped = escaped;
  }

  listen(): void {
    document.addEventListener('keydown', (event) => this.press(event));
  }

  helpShow(): void {
    document.querySelector<HTMLDialogElement>('#keys')?.showModal();
  }

  template(): TemplateResult {
    return html`
      <dialog id="keys" aria-labelledby="keys-title">
        <form method="dialog">
          <h2 id="keys-title">Keys</h2>
          <dl class="keys">
            ${this.commands.map(
              ({ keys, text }) => html`
                <div>
                  <dt>${keys.map((key) => key.split(' ').map((one) => html`<kbd>${one}</kbd>`))}</dt>
                  <dd>${text}</dd>
                </div>
              `,
            )}
          </dl>
          <div class="buttons"><button type="submit">Close</button></div>
        </form>
      </dialog>
    `;
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const target = event.target as HTMLElement;
    if (event.key === 'Escape') {
      if (isTyping(target)) target.blur();
      this.escaped();
      return;
    }
    if (isTyping(target)) return;
    const key = event.key === ' ' ? 'Space' : event.key;
    // A space presses what has the focus, where that can be pressed.
    if (key === 'Space' && target.closest('button, a, label, input, select') !== null) return;
    const pair = performance.now() - this.firstAtMs < PAIR_MS_MAX ? `${this.first} ${key}` : key;
    const command =
      this.commands.find(({ keys }) => keys.includes(pair)) ??
      this.commands.find(({ keys }) => keys.includes(key));
    this.first = key;
    this.firstAtMs = performance.now();
    if (command === undefined) return;
    this.first = '';
    event.preventDefault();
    command.run();
  }
}

/** Whether keys are letters there. A radio button or a select takes arrows alone. */
function isTyping(element: HTMLElement): boolean {
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && element.type !== 'radio';
}
