/**
 * `flagstone top` on a terminal: asks the server by the clock, draws what it says, and does what keys say.
 *
 *   timer ─▶ feed ─▶ told ─┐
 *                          ├─▶ model ─▶ frame ─▶ screen ─▶ terminal
 *   terminal ─▶ keys ──────┘
 */
import { errorReason } from '../../base/errors.ts';
import type { Feed } from './feed.ts';
import { type Frame, frameMake } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { type Effect, keyPress } from './key-bindings.ts';
import { KeyDecoder } from './key-decoder.ts';
import type { TopModel } from './model.ts';
import type { Palette } from './palette.ts';
import { Screen } from './screen.ts';
import { Terminal, type TerminalStreams } from './terminal.ts';

/** The rest of a key follows at once, also over a slow line; a human takes longer. */
const KEY_REST_MS = 50;

export class Top {
  private readonly feed: Feed;
  private readonly glyphs: Glyphs;
  private readonly terminal: Terminal;
  private readonly screen: Screen;
  private readonly decoder = new KeyDecoder();
  private model: TopModel;
  private frame: Frame = { lines: [], scrollMax: 0, page: 1 };
  private framesLeft: number;
  private lookTimer: NodeJS.Timeout | undefined;
  private keyTimer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private isLookDue = false;
  private isEnded = false;
  private finish: () => void = () => undefined;

  /** `model`: of a first look that was answered. `frames`: after so many looks it ends. */
  constructor(
    model: TopModel,
    feed: Feed,
    streams: TerminalStreams,
    { glyphs, palette, frames }: TopLook,
  ) {
    this.model = model;
    this.feed = feed;
    this.glyphs = glyphs;
    this.framesLeft = frames;
    this.screen = new Screen(palette);
    this.terminal = new Terminal(streams, {
      input: (text) => this.input(text),
      resize: () => this.draw(),
      resume: () => this.drawAnew(),
      end: () => this.end(),
    });
  }

  /** Resolves when the user has had enough. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    this.terminal.open();
    this.lookDone();
    await ended;
  }

  private end(): void {
    this.isEnded = true;
    clearTimeout(this.lookTimer);
    clearTimeout(this.keyTimer);
    this.terminal.close();
    this.feed.close();
    this.finish();
  }

  /** One question at a time; who wants another meanwhile gets it as soon as this one is answered. */
  private async look(): Promise<void> {
    if (this.isEnded) return;
    if (this.isLooking) {
      this.isLookDue = true;
      return;
    }
    clearTimeout(this.lookTimer);
    this.isLooking = true;
    this.isLookDue = false;
    const { told, view } = this.model;
    try {
      this.change({ told: await this.feed.look(told, view) });
    } catch (error) {
      this.change({ told: { ...this.model.told, problem: errorReason(error) } });
    }
    this.isLooking = false;
    this.lookDone();
  }

  private lookDone(): void {
    if (this.isEnded) return;
    this.change({ nowMs: Date.now() });
    this.draw();
    if (this.framesLeft-- <= 1) this.end();
    else if (this.isLookDue) void this.look();
    else this.lookTimer = setTimeout(() => this.lookUnlessPaused(), this.model.intervalSec * 1000);
  }

  private lookUnlessPaused(): void {
    if (!this.model.isPaused) void this.look();
  }

  private async sample(): Promise<void> {
    try {
      await this.feed.sample();
    } catch (error) {
      this.change({ told: { ...this.model.told, problem: errorReason(error) } });
    }
    await this.look();
  }

  private input(text: string): void {
    clearTimeout(this.keyTimer);
    this.press(this.decoder.push(text));
    if (!this.decoder.isWaiting) return;
    this.keyTimer = setTimeout(() => this.press(this.decoder.flush()), KEY_REST_MS);
  }

  private press(keys: readonly string[]): void {
    for (const key of keys) {
      const { model, effect } = keyPress(this.model, key, this.frame);
      this.model = model;
      this.draw();
      if (effect !== 'none') this.effect(effect);
      if (effect === 'quit') return;
    }
  }

  private effect(effect: Exclude<Effect, 'none'>): void {
    switch (effect) {
      case 'look':
        void this.look();
        return;
      case 'draw':
        this.drawAnew();
        return;
      case 'sample':
        void this.sample();
        return;
      case 'suspend':
        this.terminal.suspend();
        return;
      case 'quit':
        this.end();
    }
  }

  private change(change: Partial<TopModel>): void {
    this.model = { ...this.model, ...change };
  }

  private draw(): void {
    this.frame = frameMake(this.model, this.glyphs, this.terminal.size);
    this.terminal.write(this.screen.draw(this.frame.lines));
  }

  private drawAnew(): void {
    this.screen.forget();
    this.draw();
  }
}

export type TopLook = {
  readonly glyphs: Glyphs;
  readonly palette: Palette;
  readonly frames: number;
};
