/** Frames one after the other, without colours: for a pipe or a file, as `top -b` prints them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Feed } from './feed.ts';
import { frameWhole } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { lineText } from './line.ts';
import type { TopModel } from './model.ts';

export type Batch = {
  readonly frames: number;
  readonly width: number;
  readonly glyphs: Glyphs;
  /** False: whoever reads has gone. */
  readonly write: (text: string) => boolean;
};

/** `model`: of a first look that was answered. Errors: FlagstoneError, when there is no other. */
export async function batchRun(
  model: TopModel,
  feed: Feed,
  { frames, width, glyphs, write }: Batch,
): Promise<void> {
  let now = model;
  for (let frame = 0; frame < frames; frame++) {
    if (frame > 0) {
      await sleep(now.intervalSec * 1000);
      now = { ...now, told: await feed.look(now.told, now.view) };
    }
    now = { ...now, nowMs: Date.now() };
    const lines = frameWhole(now, glyphs, width).map((line) => lineText(line).trimEnd());
    if (!write(`${frame > 0 ? '\n' : ''}${lines.join('\n')}\n`)) return;
  }
}
