/**
 * Numbers as people read them. What changes every second keeps its width where it can: as many digits
 * after the point for 12.0 as for 12.3.
 */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const TWO = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const TIME = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false });
const DATE_TIME = new Intl.DateTimeFormat('en', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hour12: false,
});

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const BYTE_STEP = 1024;
const MINUTE_SEC = 60;
const HOUR_SEC = 3600;
const DAY_SEC = 86_400;
/** From here on a count is told in millions, or a row would have to be as wide as its largest. */
const MILLION = 1_000_000;
const BILLION = 1_000_000_000;

/** What there is nothing of. */
export const NONE = '–';

export function countText(value: number): string {
  if (value >= 100 * BILLION) return `${WHOLE.format(value / BILLION)} G`;
  if (value >= 100 * MILLION) return `${ONE.format(value / MILLION)} M`;
  return WHOLE.format(value);
}

/** Per second: below ten with one digit after the point, so that one in five seconds shows. */
export function rateText(value: number): string {
  if (value === 0) return '0';
  if (value < 0.05) return '<0.1';
  return value < 9.95 ? ONE.format(value) : countText(value);
}

/** The same in little room, as on an axis. */
export function rateShort(value: number): string {
  if (value >= BILLION) return `${short(value / BILLION)} G`;
  if (value >= MILLION) return `${short(value / MILLION)} M`;
  if (value >= 1000) return `${short(value / 1000)} k`;
  return short(value);
}

export function bytesText(bytes: number): string {
  const { value, unit } = bytesSplit(bytes);
  return `${unit === 'B' ? WHOLE.format(value) : decimal(value)} ${unit}`;
}

export function bytesShort(bytes: number): string {
  const { value, unit } = bytesSplit(bytes);
  return `${short(value)} ${unit}`;
}

/** Microseconds; null: nothing was timed. */
export function usText(us: number | null): string {
  if (us === null) return NONE;
  if (us < 1000) return `${us < 99.95 ? ONE.format(us) : WHOLE.format(us)} µs`;
  if (us < MILLION) return `${decimal(us / 1000)} ms`;
  return `${decimal(us / MILLION)} s`;
}

export function usShort(us: number): string {
  if (us < 1000) return `${short(us)} µs`;
  return us < MILLION ? `${short(us / 1000)} ms` : `${short(us / MILLION)} s`;
}

export function shareText(share: number | null): string {
  return share === null ? NONE : `${ONE.format(share * 100)} %`;
}

export function coresText(cores: number): string {
  return TWO.format(cores);
}

/** The two largest units: `3 d 4 h`. */
export function spanText(sec: number): string {
  if (sec < MINUTE_SEC) return `${Math.floor(sec)} s`;
  if (sec < HOUR_SEC) return pair(sec, MINUTE_SEC, 'min', 1, 's');
  if (sec < DAY_SEC) return pair(sec, HOUR_SEC, 'h', MINUTE_SEC, 'min');
  return pair(sec, DAY_SEC, 'd', HOUR_SEC, 'h');
}

export function timeText(atMs: number): string {
  return TIME.format(atMs);
}

export function dateTimeText(atMs: number): string {
  return DATE_TIME.format(atMs);
}

/** `1 page`, `2 pages`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

function bytesSplit(bytes: number): { readonly value: number; readonly unit: string } {
  let value = bytes;
  let step = 0;
  while (value >= BYTE_STEP && step < BYTE_UNITS.length - 1) {
    value /= BYTE_STEP;
    step++;
  }
  return { value, unit: BYTE_UNITS[step] };
}

/** Three digits that matter. */
function decimal(value: number): string {
  if (value < 9.995) return TWO.format(value);
  return value < 99.95 ? ONE.format(value) : WHOLE.format(value);
}

function short(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

function pair(sec: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  const count = Math.floor(sec / large);
  return `${count} ${largeUnit} ${Math.floor((sec - count * large) / small)} ${smallUnit}`;
}
