/**
 * The errors of RESP that more than one command answers, without `-` and the line end. The first word
 * is the error's code, by which INFO errorstats counts.
 *
 * Texts: valkey-io/valkey src/server.c, createSharedObjects, and where a comment says so.
 */
export const RESP_ERROR = {
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  syntax: 'ERR syntax error',
  noKey: 'ERR no such key',
  notInteger: 'ERR value is not an integer or out of range',
  notFloat: 'ERR value is not a valid float',
  outOfRange: 'ERR value is out of range',
  notPositive: 'ERR value is out of range, must be positive',
  indexOutOfRange: 'ERR index out of range',
  overflow: 'ERR increment or decrement would overflow',
  sameObject: 'ERR source and destination objects are the same',
  outOfMemory: "OOM command not allowed when used memory > 'maxmemory'.",
  noAuth: 'NOAUTH Authentication required.',
  execAbort: 'EXECABORT Transaction discarded because of previous errors.',
  nestedMulti: 'ERR MULTI calls can not be nested',
  timeoutNotFloat: 'ERR timeout is not a float or out of range',
  timeoutNotInteger: 'ERR timeout is not an integer or out of range',
  timeoutNegative: 'ERR timeout is negative',
  invalidDatabase: 'ERR DB index is out of range',
  stringTooLong: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  keyTooLong: 'ERR the key or member is too long: 8000 bytes are the limit',
  tooManyClients: 'ERR max number of clients reached',
} as const;

/** What some subcommands say of too many arguments. */
export function subcommandMisused(container: string, word: string): string {
  const what = `unknown subcommand or wrong number of arguments for '${word}'`;
  return `ERR ${what}. Try ${container.toUpperCase()} HELP.`;
}

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

/** EXEC is refused for the reason that the error gives. */
export function execAborted(text: string): string {
  return `EXECABORT Transaction discarded because of: ${text}`;
}

export function invalidExpire(name: string): string {
  return `ERR invalid expire time in '${name}' command`;
}
