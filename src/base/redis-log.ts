/**
 * The log in the form that Redis gives it, for who starts Flagstone as redis-server:
 *
 *     4711:M 26 Nov 2026 17:41:59.478 * Ready to accept connections tcp
 *     pid, role, local time, level (. debug, - verbose, * notice, # warning), text
 *
 * Lines are written synchronously, as in log.ts, and for the same reasons.
 */
import { pino } from 'pino';
import type { LogFile, Logger } from './log.ts';

export type RedisLogLevel = 'debug' | 'verbose' | 'notice' | 'warning' | 'nothing';

const LEVEL_OF: Readonly<Record<RedisLogLevel, pino.LevelWithSilent>> = {
  debug: 'trace',
  verbose: 'debug',
  notice: 'info',
  warning: 'warn',
  nothing: 'silent',
};

/** By pino's numbers: trace, debug, info; what is above is a warning. */
const MARK_OF: Readonly<Record<number, string>> = { 10: '.', 20: '-', 30: '*' };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A logger whose lines go to the file. */
export function redisLoggerCreate(level: RedisLogLevel, { destination }: LogFile): Logger {
  const stream = { write: (line: string) => void destination.write(redisLine(JSON.parse(line))) };
  return pino({ level: LEVEL_OF[level], base: null }, stream);
}

/** CONFIG SET loglevel. */
export function redisLevelSet(log: Logger, level: RedisLogLevel): void {
  log.level = LEVEL_OF[level];
}

/** One line, from what pino makes of an event. */
export function redisLine(event: Record<string, unknown>): string {
  const { level, time, msg, err, ...others } = event;
  const mark = MARK_OF[Number(level)] ?? '#';
  const details = Object.entries(others).map(
    ([name, value]) => ` ${name}=${JSON.stringify(value)}`,
  );
  const reason =
    typeof err === 'object' && err !== null && 'message' in err ? `: ${err.message}` : '';
  const text = `${msg ?? ''}${reason}${details.join('')}`;
  return `${process.pid}:M ${timeText(new Date(Number(time)))} ${mark} ${text}\n`;
}

function timeText(at: Date): string {
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const day = `${two(at.getDate())} ${MONTHS[at.getMonth()]} ${at.getFullYear()}`;
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${day} ${clock}.${`${at.getMilliseconds()}`.padStart(3, '0')}`;
}
