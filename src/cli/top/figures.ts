/** Figures in few columns: three digits that count, and a letter. */
import type { Glyphs } from './glyphs.ts';

/** `0`, `4.2`, `123`, `12.3k`, `1.23M`; a dash for what is not known. */
export function countCell(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '-';
  if (value < 10) return Number.isInteger(value) ? `${value}` : value.toFixed(1);
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T']);
}

/** `0`, `512`, `61.2K`, `1.50G`. */
export function bytesCell(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '-';
  return scaled(value, 1024, ['', 'K', 'M', 'G', 'T']);
}

/** Microseconds: `4.2 µs`, `123 µs`, `1.23 ms`, `12.3 s`. */
export function usCell({ micro }: Glyphs, us: number | null): string {
  if (us === null || !Number.isFinite(us)) return '-';
  if (us < 999.5) return `${us < 9.95 ? us.toFixed(1) : us.toFixed(0)} ${micro}s`;
  return us < 999_500 ? `${digits(us / 1000)} ms` : `${digits(us / 1e6)} s`;
}

/** `12s`, `3m05s`, `2h07m`, `3d04h`. */
export function ageCell(seconds: number | null): string {
  if (seconds === null) return '-';
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => `${value}`.padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86_400)}d${two(Math.floor(whole / 3600) % 24)}h`;
}

/** A share of 1 in per cent: `48.2%`. */
export function shareCell(share: number | null): string {
  return share === null || !Number.isFinite(share) ? '-' : `${(share * 100).toFixed(1)}%`;
}

/** The time of day, by the clock of this machine. */
export function clockCell(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => `${part}`.padStart(2, '0'))
    .join(':');
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value;
  let at = 0;
  while (rest >= (at === 0 ? base - 0.5 : 999.5) && at < units.length - 1) {
    rest /= base;
    at++;
  }
  return at === 0 ? `${Math.round(rest)}` : `${digits(rest)}${units[at]}`;
}

function digits(value: number): string {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}
