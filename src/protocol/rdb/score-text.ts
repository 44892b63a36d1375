/** Scores as text, as they stand in listpacks and ziplists, and in what servers before 4.0 wrote. */

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const TEXT_BYTES_MAX = 400;

/** The score that source[start, start + bytes) says; NaN if it says none. */
export function scoreParse(source: Buffer, start: number, bytes: number): number {
  if (bytes > TEXT_BYTES_MAX) return Number.NaN;
  const text = source.toString('latin1', start, start + bytes);
  if (NUMBER.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite === null) return Number.NaN;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** The shortest text that gives the same score when read. */
export function scoreText(score: number): string {
  if (score === Number.POSITIVE_INFINITY) return 'inf';
  if (score === Number.NEGATIVE_INFINITY) return '-inf';
  return Object.is(score, -0) ? '-0' : String(score);
}
