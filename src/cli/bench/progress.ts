/**
 * How far a load is, on standard error. In a terminal a line that is drawn anew in its place; elsewhere a line now
 * and then, so that a log tells what happened without being filled.
 *
 *   measuring  ███████▋░░░░░░░░   48 %  4.8 s  152,310 requests/s  p99 0.87 ms
 */
import { countText } from '../figures.ts';
import { barText } from './chart.ts';
import { msText, secondsText } from './figures.ts';

const BAR_CHARS = 16;
const COLUMNS_USUAL = 80;
const LINE_MS = 5000;
const ERASE = '\x1b[K';

/** What is told of a load. */
export interface ProgressState {
  readonly share: number;
  readonly elapsedMs: number;
  readonly opsPerSec: number;
  readonly p99Us: number;
  readonly errorCount: number;
}

/** The part of a stream that is needed: standard error, usually. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Progress {
  private readonly stream: ProgressStream;
  private readonly isQuiet: boolean;
  private readonly isAscii: boolean;
  private isDrawn = false;
  private phase = '';
  private nextLineMs = LINE_MS;

  constructor(stream: ProgressStream, isQuiet: boolean, isAscii: boolean) {
    this.stream = stream;
    this.isQuiet = isQuiet;
    this.isAscii = isAscii;
  }

  /** Whether a line can be drawn in its place. */
  get isLive(): boolean {
    return this.stream.isTTY === true && !this.isQuiet;
  }

  begin(phase: string): void {
    this.clear();
    this.phase = phase;
    this.nextLineMs = LINE_MS;
    if (!this.isQuiet && !this.isLive) this.stream.write(`${phase}\n`);
  }

  tell(state: ProgressState): void {
    if (this.isQuiet) return;
    if (this.isLive) {
      this.draw(state);
    } else if (state.elapsedMs >= this.nextLineMs) {
      this.nextLineMs += LINE_MS;
      this.stream.write(`${this.phase}: ${figuresText(state)}\n`);
    }
  }

  /** Takes the line away, for whatever is written next. */
  clear(): void {
    if (this.isDrawn) this.stream.write(`\r${ERASE}`);
    this.isDrawn = false;
  }

  private draw(state: ProgressState): void {
    const share = Math.max(0, Math.min(1, state.share));
    const filled = share === 0 ? '' : barText(share * BAR_CHARS, this.isAscii);
    const bar = filled.padEnd(BAR_CHARS, this.isAscii ? '-' : '░');
    const line = `${this.phase}  ${bar}  ${figuresText(state)}`;
    const columns = this.stream.columns || COLUMNS_USUAL;
    this.stream.write(`\r${line.slice(0, columns - 1)}${ERASE}`);
    this.isDrawn = true;
  }
}

function figuresText({ share, elapsedMs, opsPerSec, p99Us, errorCount }: ProgressState): string {
  const percent = `${Math.floor(Math.min(1, share) * 100)} %`.padStart(5);
  const errors = errorCount === 0 ? '' : `  ${countText(errorCount)} errors`;
  const rate = `${countText(opsPerSec)} requests/s`;
  return `${percent}  ${secondsText(elapsedMs)}  ${rate}  p99 ${msText(p99Us)} ms${errors}`;
}
