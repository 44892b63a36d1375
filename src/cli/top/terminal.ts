/**
 * The terminal: its screen taken and given back on every way out, its keys, its size, the signals that
 * come by way of it.
 *
 *   quit, end of input          leave, then the program ends by itself
 *   SIGTERM SIGINT SIGHUP       leave, then the signal does what it would have done
 *   an error nobody caught      leave, so that what Node says of it can be read
 *   Ctrl-Z, SIGCONT             leave and stop; enter and draw anew
 */
import type { ReadStream, WriteStream } from 'node:tty';
import type { ColorDepth } from './palette.ts';
import { SCREEN_ENTER, SCREEN_LEAVE } from './screen.ts';

export type TerminalStreams = { readonly input: ReadStream; readonly output: WriteStream };

export type TerminalEvents = {
  readonly input: (text: string) => void;
  readonly resize: () => void;
  /** After it was stopped, and entered again. */
  readonly resume: () => void;
  /** There will be no more input. */
  readonly end: () => void;
};

const DEADLY = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

export class Terminal {
  private readonly input: ReadStream;
  private readonly output: WriteStream;
  private readonly events: TerminalEvents;
  private isEntered = false;

  constructor({ input, output }: TerminalStreams, events: TerminalEvents) {
    this.input = input;
    this.output = output;
    this.events = events;
  }

  get size(): { readonly width: number; readonly height: number } {
    // A line that nobody told its size says 0.
    return { width: this.output.columns || 80, height: this.output.rows || 24 };
  }

  open(): void {
    const { input, output, events } = this;
    input.setEncoding('utf8');
    input.on('data', events.input);
    input.once('end', events.end);
    // The terminal is gone: there is nobody to tell.
    input.on('error', events.end);
    output.on('error', events.end);
    output.on('resize', events.resize);
    for (const signal of DEADLY) process.on(signal, this.die);
    process.on('SIGCONT', this.goOn);
    process.once('exit', this.leave);
    process.once('uncaughtExceptionMonitor', this.leave);
    this.enter();
  }

  close(): void {
    this.leave();
    const { input, output, events } = this;
    for (const signal of DEADLY) process.off(signal, this.die);
    process.off('SIGCONT', this.goOn);
    process.off('exit', this.leave);
    process.off('uncaughtExceptionMonitor', this.leave);
    output.off('resize', events.resize);
    input.off('data', events.input);
    input.pause();
    input.unref();
  }

  write(text: string): void {
    if (this.isEntered) this.output.write(text);
  }

  /** Stops the program as Ctrl-Z does those that leave the terminal as it is. */
  suspend(): void {
    this.leave();
    process.kill(0, 'SIGTSTP');
  }

  private enter(): void {
    this.input.setRawMode(true);
    this.input.resume();
    this.isEntered = true;
    this.output.write(SCREEN_ENTER);
  }

  /** What is written to a terminal is written at once, also by a program that dies. */
  private readonly leave = (): void => {
    if (!this.isEntered) return;
    this.isEntered = false;
    this.input.setRawMode(false);
    this.output.write(SCREEN_LEAVE);
  };

  private readonly die = (signal: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, signal);
  };

  private readonly goOn = (): void => {
    // Whoever stopped it without asking has left the terminal as it was.
    this.leave();
    this.enter();
    this.events.resume();
  };
}

/** How many colours it has, by what the environment says: NO_COLOR, FORCE_COLOR, TERM, COLORTERM. */
export function colorDepth(
  output: WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): ColorDepth {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return 1;
  const depth = output.getColorDepth({ ...env });
  return depth === 1 || depth === 4 || depth === 8 ? depth : 24;
}
