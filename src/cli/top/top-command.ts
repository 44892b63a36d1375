/** The words of `flagstone top`, and whether it runs on a terminal or prints. */
import { Option } from 'commander';
import { FAULT } from '../../base/errors.ts';
import type { AdminAddress } from '../admin-client.ts';
import { batchRun } from './batch.ts';
import { Feed } from './feed.ts';
import { WIDTH_MIN } from './frame.ts';
import { glyphsOf } from './glyphs.ts';
import { modelMake, type TopModel, VIEW_NAMES, type ViewName } from './model.ts';
import { PALETTES } from './palette.ts';
import { colorDepth } from './terminal.ts';
import { Top } from './top.ts';
import { viewOf } from './views.ts';

export type TopWords = {
  readonly batch?: boolean;
  readonly frames?: number;
  readonly delay: number;
  readonly view: ViewName;
  readonly sort?: string;
  readonly filter?: string;
};

const DELAY_SEC_MIN = 0.1;
const DELAY_SEC_MAX = 3600;
const FRAMES_MAX = 1e9;
const BATCH_WIDTH = 100;

export function topOptions(): readonly Option[] {
  const view = `the table to begin with: ${VIEW_NAMES.join(', ')}`;
  return [
    new Option('-b, --batch', 'print frames, as for a file or a pipe'),
    new Option('-n, --frames <num>', 'end after so many').argParser(framesParse),
    new Option('-d, --delay <sec>', 'how long to wait from one to the next')
      .default(1)
      .argParser(delayParse),
    new Option('--view <name>', view).choices(VIEW_NAMES).default('commands'),
    new Option('--sort <column>', 'the column to sort by; with a - before it the other way round'),
    new Option('--filter <text>', 'only rows with this in them'),
  ];
}

function framesParse(text: string): number {
  const frames = Number(text);
  if (Number.isInteger(frames) && frames >= 1 && frames <= FRAMES_MAX) return frames;
  throw FAULT.optionValue(`-n ${text}`, 'not a whole number above 0');
}

function delayParse(text: string): number {
  const seconds = Number(text);
  if (seconds >= DELAY_SEC_MIN && seconds <= DELAY_SEC_MAX) return seconds;
  throw FAULT.optionValue(
    `-d ${text}`,
    `must be at least ${DELAY_SEC_MIN} and at most ${DELAY_SEC_MAX}`,
  );
}

/** Runs until the user has had enough, or the frames were shown. Errors: FlagstoneError. */
export async function topRun(
  address: AdminAddress,
  words: TopWords,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const begun = modelOf(words);
  const feed = new Feed(address);
  // A wrong address is better told than shown; once there was an answer, one waits for the next.
  const model: TopModel = { ...begun, told: await feed.look(begun.told, begun.view) };
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY && env['TERM'] !== 'dumb';
  const glyphs = glyphsOf(env);
  if (isTerminal && !words.batch) {
    const palette = PALETTES[colorDepth(stdout, env)];
    const frames = words.frames ?? Number.POSITIVE_INFINITY;
    await new Top(model, feed, { input: stdin, output: stdout }, { glyphs, palette, frames }).run();
    return;
  }
  if (!words.batch && words.frames === undefined) {
    process.stderr.write(
      'flagstone: not on a terminal: this is one frame; --batch prints more, -n N so many\n',
    );
  }
  const frames = words.frames ?? (words.batch ? Number.POSITIVE_INFINITY : 1);
  let isOpen = true;
  // Such as `head`, which has seen enough.
  stdout.once('error', () => {
    isOpen = false;
  });
  const write = (text: string): boolean => {
    stdout.write(text);
    return isOpen;
  };
  await batchRun(model, feed, { frames, width: batchWidth(env), glyphs, write });
  feed.close();
}

function modelOf({ view, delay, sort, filter = '' }: TopWords): TopModel {
  const model: TopModel = { ...modelMake(delay, view), filter };
  if (sort === undefined) return model;
  const isReversed = sort.startsWith('-');
  const title = (isReversed ? sort.slice(1) : sort).toUpperCase();
  const { columns } = viewOf(view);
  if (!columns.includes(title)) {
    throw FAULT.optionValue(`--sort ${sort}`, `must be one of ${columns.join(', ')}`);
  }
  return { ...model, sorts: { [view]: { column: title, isReversed } } };
}

function batchWidth(env: Readonly<Record<string, string | undefined>>): number {
  const columns = Number(env['COLUMNS']);
  return Number.isInteger(columns) && columns >= WIDTH_MIN ? columns : BATCH_WIDTH;
}
