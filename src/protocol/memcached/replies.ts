/**
 * Every fixed answer of the text protocol, in one table.
 * Spec: memcached/memcached doc/protocol.txt; the texts of errors as memcached 1.6.45 sends them.
 */

function line(text: string): Buffer {
  return Buffer.from(`${text}\r\n`, 'latin1');
}

/**
 * The memcached whose protocol this is. Clients go by it: libmemcached's tools expect the manners of
 * 1.6, and auto-discovery clients want 1.4.14 at least. Our own version stands in `stats server`.
 */
export const MEMCACHED_VERSION = '1.6.45';

export const REPLY = {
  stored: line('STORED'),
  notStored: line('NOT_STORED'),
  exists: line('EXISTS'),
  notFound: line('NOT_FOUND'),
  deleted: line('DELETED'),
  touched: line('TOUCHED'),
  ok: line('OK'),
  end: line('END'),
  reset: line('RESET'),
  error: line('ERROR'),
  version: line(`VERSION ${MEMCACHED_VERSION}`),
  tooManyConnections: line('ERROR Too many open connections'),
  badFormat: line('CLIENT_ERROR bad command line format'),
  badLine: line('CLIENT_ERROR bad command line'),
  badChunk: line('CLIENT_ERROR bad data chunk'),
  badDelta: line('CLIENT_ERROR invalid numeric delta argument'),
  badExptime: line('CLIENT_ERROR invalid exptime argument'),
  badDelete: line('CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]'),
  badShutdown: line('CLIENT_ERROR invalid shutdown mode'),
  badSlabClass: line('CLIENT_ERROR Illegal slab id'),
  detailUsage: line('CLIENT_ERROR usage: stats detail on|off|dump'),
  notNumeric: line('CLIENT_ERROR cannot increment or decrement non-numeric value'),
  flushRefused: line('CLIENT_ERROR flush_all not allowed'),
  detailRefused: line('CLIENT_ERROR stats detail not allowed'),
  dumpRefused: line('CLIENT_ERROR stats cachedump not allowed'),
  unauthenticated: line('CLIENT_ERROR unauthenticated'),
  authTokenTooLong: line('CLIENT_ERROR auth token too long'),
  authBadToken: line('CLIENT_ERROR bad authentication token format'),
  authBadEnd: line('CLIENT_ERROR bad command line termination'),
  authFailure: line('CLIENT_ERROR authentication failure'),
  tooLarge: line('SERVER_ERROR object too large for cache'),
  noMemory: line('SERVER_ERROR out of memory storing object'),
  noMemoryCounter: line('SERVER_ERROR out of memory'),
  noMemoryGet: line('SERVER_ERROR out of memory writing get response'),
  wrongType: line('SERVER_ERROR the key holds a value that memcached commands cannot read'),
  duplicateFlag: line('CLIENT_ERROR duplicate flag'),
  invalidFlag: line('CLIENT_ERROR invalid flag'),
  tooManyFlags: line('CLIENT_ERROR options flags are too long'),
  badToken: line('CLIENT_ERROR bad token in command line format'),
  badInitial: line('CLIENT_ERROR invalid numeric initial value'),
  badFlagDelta: line('CLIENT_ERROR invalid numeric delta value'),
  badBase64: line('CLIENT_ERROR error decoding key'),
  badOpaque: line('CLIENT_ERROR opaque token too long'),
  badStoreMode: line('CLIENT_ERROR invalid mode for ms M token'),
  badCountMode: line('CLIENT_ERROR invalid mode for ma M token'),
  badCountFlags: line('CLIENT_ERROR invalid or duplicate flag'),
  noMemoryCreate: line('SERVER_ERROR Out of memory allocating new item'),
  metaNoop: line('MN'),
  metaMiss: line('EN'),
  shutdownRefused: line('SERVER_ERROR: shutdown not enabled'),
} as const;

/** `VALUE `, for replyWords. */
export const VALUE = { first: 0x554c4156, second: 0x2045, bytes: 6 } as const;
export const CONFIG = Buffer.from('CONFIG ');
export const CRLF = Buffer.from('\r\n');

/** What the answers to meta commands begin with. */
export const META = {
  done: Buffer.from('HD'),
  value: Buffer.from('VA '),
  miss: Buffer.from('EN'),
  notFound: Buffer.from('NF'),
  notStored: Buffer.from('NS'),
  exists: Buffer.from('EX'),
} as const;
