/**
 * Faults: what the world did wrong, as opposed to bugs (failed assertions) and outcomes (STATUS).
 * Every fault the server can end with is a row here: its stable code, its exit code, and the one
 * line that says what happened and, where there is a remedy, what to do. `program.ts` prints
 * `flagstone: LINE` to standard error and exits.
 *
 * Exit codes are those of BSD sysexits.h, which memcached uses too.
 */

export const EXIT = {
  FAILURE: 1,
  USAGE: 64,
  NO_INPUT: 66,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  OS: 71,
  CANNOT_CREATE: 73,
  NO_PERMISSION: 77,
  CONFIG: 78,
  NO_USER: 67,
} as const;

export type FaultCode =
  | 'COMMAND_LINE'
  | 'SUBCOMMAND_LINE'
  | 'OPTION_VALUE'
  | 'OPTION_REFUSED'
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_LINE'
  | 'NODES_UNREADABLE'
  | 'AUTH_FILE_UNREADABLE'
  | 'AUTH_FILE_LINE'
  | 'USER_LINE'
  | 'RESP_CONF'
  | 'MEMORY_TOO_LITTLE'
  | 'MEMORY_UNAVAILABLE'
  | 'PORT_IN_USE'
  | 'PORT_FORBIDDEN'
  | 'ADDRESS_UNAVAILABLE'
  | 'LISTEN_FAILED'
  | 'TLS_UNUSABLE'
  | 'PID_FILE_UNWRITABLE'
  | 'LOG_FILE_UNWRITABLE'
  | 'ADMIN_TOKEN'
  | 'ADMIN_UNREACHABLE'
  | 'SERVER_UNREACHABLE'
  | 'LOGIN_REFUSED'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'USER_UNKNOWN'
  | 'USER_REFUSED'
  | 'WORKER_DIED'
  | 'DAEMON_DIED';

/** A fault. `message` is one line without a full stop; `exitCode` is never 0. */
export class FlagstoneError extends Error {
  readonly code: FaultCode;
  readonly exitCode: number;

  constructor(code: FaultCode, exitCode: number, line: string, cause?: unknown) {
    super(line, cause === undefined ? undefined : { cause });
    this.name = 'FlagstoneError';
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** One row: makes the fault from the words that vary. */
function row<Words extends readonly string[]>(
  code: FaultCode,
  exitCode: number,
  line: (...words: Words) => string,
): (...words: Words) => FlagstoneError {
  return (...words) => new FlagstoneError(code, exitCode, line(...words));
}

/**
 * The catalogue.
 *   option    as the user gave it: `-p 70000`, `FLAGSTONE_PORT=70000`, `my.conf:3: port 70000`
 *   address   `port 11211`, `127.0.0.1:11211`, `/run/flagstone.sock`
 *   reason    the operating system's words, from `errorReason`
 */
// biome-ignore format: a table reads in columns
export const FAULT = {
  commandLine:        row('COMMAND_LINE',        EXIT.USAGE,         (problem: string) => `${problem}; flagstone --help lists the options`),
  subcommandLine:     row('SUBCOMMAND_LINE',     EXIT.USAGE,         (problem: string, command: string) => `${problem}; flagstone ${command} --help lists the options`),
  optionValue:        row('OPTION_VALUE',        EXIT.USAGE,         (option: string, problem: string) => `${option}: ${problem}`),
  optionRefused:      row('OPTION_REFUSED',      EXIT.USAGE,         (option: string, reason: string) => `${option} is refused: ${reason}`),
  configUnreadable:   row('CONFIG_UNREADABLE',   EXIT.CONFIG,        (path: string, reason: string) => `cannot read the config file ${path}: ${reason}`),
  configLine:         row('CONFIG_LINE',         EXIT.CONFIG,        (place: string, problem: string) => `${place}: ${problem}`),
  nodesUnreadable:    row('NODES_UNREADABLE',    EXIT.CONFIG,        (path: string, problem: string) => `cannot use the cluster nodes of ${path}: ${problem}`),
  authFileUnreadable: row('AUTH_FILE_UNREADABLE', EXIT.CONFIG,       (path: string, reason: string) => `cannot read the users in ${path}: ${reason}`),
  authFileLine:       row('AUTH_FILE_LINE',      EXIT.CONFIG,        (place: string, problem: string) => `${place}: ${problem}`),
  userLine:           row('USER_LINE',           EXIT.USAGE,         (problem: string) => `cannot make a line for this user: ${problem}`),
  respConf:           row('RESP_CONF',           EXIT.FAILURE,       (text: string) => text),
  memoryTooLittle:    row('MEMORY_TOO_LITTLE',   EXIT.USAGE,         (option: string, problem: string) => `${option}: too little memory: ${problem}`),
  memoryUnavailable:  row('MEMORY_UNAVAILABLE',  EXIT.OS,            (size: string, reason: string) => `cannot allocate ${size} for items: ${reason}; give a smaller -m`),
  portInUse:          row('PORT_IN_USE',         EXIT.OS,            (address: string) => `cannot listen on ${address}: it is in use already`),
  portForbidden:      row('PORT_FORBIDDEN',      EXIT.OS,            (address: string) => `cannot listen on ${address}: permission denied`),
  addressUnavailable: row('ADDRESS_UNAVAILABLE', EXIT.OS,            (address: string) => `cannot listen on ${address}: no such address on this machine`),
  listenFailed:       row('LISTEN_FAILED',       EXIT.OS,            (address: string, reason: string) => `cannot listen on ${address}: ${reason}`),
  tlsUnusable:        row('TLS_UNUSABLE',        EXIT.CONFIG,        (problem: string) => `cannot serve TLS: error ${problem}`),
  pidFileUnwritable:  row('PID_FILE_UNWRITABLE', EXIT.CANNOT_CREATE, (path: string, reason: string) => `cannot write the pid file ${path}: ${reason}`),
  logFile:            row('LOG_FILE_UNWRITABLE', EXIT.CANNOT_CREATE, (path: string, reason: string) => `cannot write the log to ${path}: ${reason}`),
  adminToken:         row('ADMIN_TOKEN',         EXIT.CONFIG,        (path: string, problem: string) => `cannot use the admin token in ${path}: ${problem}`),
  adminUnreachable:   row('ADMIN_UNREACHABLE',   EXIT.UNAVAILABLE,   (address: string, reason: string) => `cannot ask the admin port ${address}: ${reason}`),
  serverUnreachable:  row('SERVER_UNREACHABLE',  EXIT.UNAVAILABLE,   (address: string, reason: string) => `cannot talk to ${address}: ${reason}`),
  loginRefused:       row('LOGIN_REFUSED',       EXIT.NO_PERMISSION, (address: string, reason: string) => `${address} does not let us in: ${reason}`),
  fileUnreadable:     row('FILE_UNREADABLE',     EXIT.NO_INPUT,      (path: string, reason: string) => `cannot read ${path}: ${reason}`),
  fileUnwritable:     row('FILE_UNWRITABLE',     EXIT.CANNOT_CREATE, (path: string, reason: string) => `cannot write ${path}: ${reason}`),
  userUnknown:        row('USER_UNKNOWN',        EXIT.NO_USER,       (user: string) => `-u ${user}: no such user`),
  userRefused:        row('USER_REFUSED',        EXIT.OS,            (user: string, reason: string) => `-u ${user}: cannot become this user: ${reason}`),
  workerDied:         row('WORKER_DIED',         EXIT.SOFTWARE,      (worker: string, reason: string) => `worker ${worker} died while starting: ${reason}`),
  daemonDied:         row('DAEMON_DIED',         EXIT.UNAVAILABLE,   (how: string) => `the daemon ended before it was ready: ${how}`),
} as const;

/** The system's error code of anything thrown, or '' where there is none. */
export function errorSystemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

// The plain words for the codes that end up in one of our lines.
const SYSTEM_REASON: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EEXIST: 'it exists already',
  EISDIR: 'it is a directory',
  EMFILE: 'too many open files',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on the device',
  ENOTFOUND: 'no such host',
  ENOTDIR: 'a part of the path is not a directory',
  EPIPE: 'the connection was closed',
  EPERM: 'operation not permitted',
  ETIMEDOUT: 'no answer came',
  EROFS: 'the file system is read-only',
};

/** What went wrong, in a few words on one line. */
export function errorReason(error: unknown): string {
  const known = SYSTEM_REASON[errorSystemCode(error)];
  if (known !== undefined) return known;
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0];
}

/**
 * The fault behind a failed listen().
 *   error     what the server's 'error' event carried; only its `code` and `message` are read, so a
 *             copy that crossed threads serves as well
 *   address   what was listened on, as the line shall name it
 */
export function faultFromListen(error: unknown, address: string): FlagstoneError {
  switch (errorSystemCode(error)) {
    case 'EADDRINUSE':
      return FAULT.portInUse(address);
    case 'EACCES':
    case 'EPERM':
      return FAULT.portForbidden(address);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NONAME':
      return FAULT.addressUnavailable(address);
    default:
      return FAULT.listenFailed(address, errorReason(error));
  }
}
