/**
 * The fixed replies of the classic text protocol, as the transcripts expect them. Written out here and
 * not taken from the sources under test: an error in a reply must not excuse itself.
 */
export const STORED = 'STORED\r\n';
export const NOT_STORED = 'NOT_STORED\r\n';
export const EXISTS = 'EXISTS\r\n';
export const NOT_FOUND = 'NOT_FOUND\r\n';
export const DELETED = 'DELETED\r\n';
export const TOUCHED = 'TOUCHED\r\n';
export const OK = 'OK\r\n';
export const END = 'END\r\n';
export const RESET = 'RESET\r\n';
export const SILENCE = '';

export const ERROR = 'ERROR\r\n';
export const BAD_LINE = 'CLIENT_ERROR bad command line format\r\n';
export const BAD_CHUNK = 'CLIENT_ERROR bad data chunk\r\n';
export const BAD_DELTA = 'CLIENT_ERROR invalid numeric delta argument\r\n';
export const NOT_A_NUMBER = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
export const BAD_EXPTIME = 'CLIENT_ERROR invalid exptime argument\r\n';
export const TOO_LARGE = 'SERVER_ERROR object too large for cache\r\n';

/** The reply to `get` of one present key. */
export function value(key: string, data: string, flags: number | string = 0): string {
  return `VALUE ${key} ${flags} ${data.length}\r\n${data}\r\nEND\r\n`;
}

/** A `set` line with its data block. */
export function set(key: string, data: string, flags = 0, exptime = 0): string {
  return `set ${key} ${flags} ${exptime} ${data.length}\r\n${data}\r\n`;
}

/** The reply to `gets` of one present key, its CAS unique remembered under `name`. */
export function valueCas(key: string, data: string, name = 'cas', flags = 0): RegExp {
  return new RegExp(
    `VALUE ${key} ${flags} ${data.length} (?<${name}>\\d+)\\r\\n${data}\\r\\nEND\\r\\n`,
  );
}

/** A STAT listing that holds at least these lines, in any order; each a pattern of name and value. */
export function stats(...lines: readonly string[]): RegExp {
  const ahead = lines.map((line) => `(?=(?:STAT [^\\r\\n]*\\r\\n)*?STAT ${line}\\r\\n)`).join('');
  return new RegExp(`${ahead}(?:STAT \\S+ [^\\r\\n]*\\r\\n)*END\\r\\n`);
}

/**
 * 1.6.18 still had the older line parser, which refused by other rules and other texts. The version
 * that brought the present one lies between; 1.6.45 is where it was seen.
 */
export const PRESENT_PARSER = { since: '1.6.45' } as const;

export const KEY_250 = 'k'.repeat(250);
export const KEY_251 = 'k'.repeat(251);
