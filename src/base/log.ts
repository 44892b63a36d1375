/**
 * The log: one line per event on standard error or in a file, readable on a terminal and JSON otherwise.
 *
 * Lines are written synchronously. They are few, none is on the data path, and the last line before
 * a crash is the one that is wanted; a worker thread of its own (pino's transport) could lose it.
 */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pino } from 'pino';
import type { PinoPretty } from 'pino-pretty';

export type Logger = pino.Logger;

export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LogLevel = 'warn' | 'info' | 'debug' | 'trace';

/**
 *   verbosity    how many -v; 0 or more
 *   format       'auto': pretty on a terminal, else JSON
 *   isTerminal   whether `fd` is one
 *   file         where lines go; standard error unless told
 *   isColored    default: on a terminal, unless NO_COLOR is set
 */
export interface LogSettings {
  readonly verbosity: number;
  readonly format: LogFormat;
  readonly isTerminal: boolean;
  readonly file?: LogFile;
  readonly isColored?: boolean;
}

const STDERR_FD = 2;

/** Where lines go: a descriptor that is open already, or a file by its path, to which they are added. */
export class LogFile {
  readonly destination: ReturnType<typeof pino.destination>;
  private readonly path: string | null;

  /** Errors: whatever opening the file throws. */
  constructor(where: number | string) {
    this.path = typeof where === 'string' ? resolve(where) : null;
    this.destination = pino.destination({ dest: this.path ?? where, append: true, sync: true });
    // Without a listener a disk that is full would end the process. There is nowhere to say so.
    this.destination.on('error', () => undefined);
  }

  /** Opens the file of that path anew: who rotates logs has moved the old one away. */
  reopen(): void {
    if (this.path !== null) this.destination.reopen();
  }
}

/**
 * The level below which lines are dropped. memcached prints nothing unless asked; so do we where
 * nobody is watching. On a terminal the line that says where the server listens is worth having.
 */
export function logLevel(verbosity: number, isTerminal: boolean): LogLevel {
  if (verbosity >= 3) return 'trace';
  if (verbosity === 2) return 'debug';
  return verbosity === 1 || isTerminal ? 'info' : 'warn';
}

/** A logger with `settings`. Safe to call in every thread: each writes whole lines. */
export function loggerCreate(settings: LogSettings): Logger {
  const { destination } = settings.file ?? new LogFile(STDERR_FD);
  const isPretty =
    settings.format === 'pretty' || (settings.format === 'auto' && settings.isTerminal);
  const isColored = settings.isColored ?? (settings.isTerminal && !process.env['NO_COLOR']);
  const stream = isPretty
    ? prettyLoad()({
        destination,
        sync: true,
        colorize: isColored,
        ignore: 'pid',
        translateTime: 'SYS:HH:MM:ss.l',
      })
    : destination;
  return pino(
    {
      level: logLevel(settings.verbosity, settings.isTerminal),
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

/** Only who reads lines on a terminal pays for the eight megabytes that make them pretty. */
function prettyLoad(): typeof PinoPretty {
  return createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
}
