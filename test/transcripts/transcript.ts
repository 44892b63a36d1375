/**
 * Transcripts: conversations with a server, written as rows of what the client sends and what it must
 * get back, byte for byte, and the runner that holds them.
 *
 *   transcript('incr wraps at 2^64', [
 *     ['set n 0 0 20\r\n18446744073709551615\r\n', 'STORED\r\n'],
 *     ['incr n 1\r\n', '0\r\n'],
 *   ]);
 *
 * Strings are latin1: one character is one byte. A reply that varies is a RegExp without anchors that
 * ends where the reply ends; its named groups are remembered, and `{name}` in a later row of the same
 * transcript, sent or expected, stands for what the group held.
 *
 * The same rows are sent in several ways, because where the network cuts a stream means nothing:
 *
 *   whole      each row in one write, its reply awaited, then checked that nothing more comes
 *   pipelined  all rows in one write, the replies in one piece
 *   bytes      each byte in a write of its own (long rows: both ends bytewise, the middle in pieces)
 *   split      each row in two writes, cut at k, for every k; between the two a request on another
 *              connection makes a round trip, so that the server has seen the first part alone
 *
 * "Nothing more comes" is shown by a `version` whose reply must be the very next bytes, not by
 * waiting; by a NOOP on a connection that began in the binary protocol. Clocks only bound a failure.
 */
import { type Expected, replyPacket, requestPacket } from '../support/binary-packet.ts';
import { Connection, type Server, type ServerName, shown } from './connection.ts';

export const SPLIT_MODES = ['whole', 'pipelined', 'bytes', 'split'] as const;
export type SplitMode = (typeof SPLIT_MODES)[number];

export interface RowOptions {
  /** Which connection sends this row; a new name opens a new one. Without it: `main`. */
  readonly on?: string;
  /** The server closes the connection after the reply. Nothing can follow on it. */
  readonly closes?: true;
  /** The row ends inside a request: no reply can be asked for yet. */
  readonly partial?: true;
  /** The client shuts its sending side after this row; the reply still comes, then the close. */
  readonly ends?: true;
  /** The client drops the connection after sending this row, without waiting. */
  readonly hangsUp?: true;
  /** Real memcached below this version answers otherwise: the row is left out there. */
  readonly since?: string;
}

export type Row = readonly [send: string, expect: Expected, options?: RowOptions];

/** Why a server is not asked; with `since`, only a server of that version or newer is not. */
export type Skip = string | { readonly since: string; readonly reason: string };
export type SkipOn = Readonly<Partial<Record<ServerName, Skip>>>;

export interface TranscriptOptions {
  readonly skipOn?: SkipOn;
  /** As skipOn, for the pipelined mode alone. */
  readonly pipelinedSkipOn?: SkipOn;
  /** The only modes in which the rows mean what they say. Without it: all that are possible. */
  readonly modes?: readonly SplitMode[];
  /** Real memcached below this version answers otherwise: the transcript is not run there. */
  readonly since?: string;
  /** Moves the server's clock with `debugtime`, and needs a server of its own to do so. */
  readonly movesClock?: true;
}

export interface Transcript extends TranscriptOptions {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** A server with an open connection of the runner's own: it flushes, and it makes the round trips. */
export interface Driver {
  readonly server: Server;
  readonly version: string;
  readonly versionReply: string;
  readonly control: Connection;
}

const SPLIT_K_MAX = 64;
const SPLIT_TAIL_BYTES = 4;
const SPLIT_EVERYWHERE_BYTES_MAX = 32_768;
const SPLIT_SOME = [1, 7, 20];
const BYTEWISE_BYTES_MAX = 512;
const BYTEWISE_END_BYTES = 96;
const PIECE_BYTES = 997;
const MAIN = 'main';
const PROBE = 'version\r\n';
const BINARY_PROBE = requestPacket('NOOP', { opaque: 0x70726f62 });
const BINARY_PROBE_REPLY = replyPacket('NOOP', { opaque: 0x70726f62 }) as string; // no pattern

export function transcript(
  name: string,
  rows: readonly Row[],
  options: TranscriptOptions = {},
): Transcript {
  return { name, rows, ...options };
}

/** The modes that a transcript can run in: one that waits for a reply cannot be one write. */
export function transcriptModes(it: Transcript): readonly SplitMode[] {
  const asked = it.modes ?? SPLIT_MODES;
  return asked.filter((mode) => mode !== 'pipelined' || rowsPipeline(it.rows));
}

/** Why this transcript is not run on this server in this mode, or null when it is. */
export function transcriptSkip(
  it: Transcript,
  name: ServerName,
  version: string,
  mode: SplitMode,
): string | null {
  if (name === 'memcached' && it.since !== undefined && versionBelow(version, it.since)) {
    return `holds since ${it.since}, this is ${version}`;
  }
  return (
    skipReason(it.skipOn?.[name], version) ??
    (mode === 'pipelined' ? skipReason(it.pipelinedSkipOn?.[name], version) : null)
  );
}

export async function driverOpen(server: Server): Promise<Driver> {
  const control = await Connection.open(server);
  control.write(PROBE);
  const versionReply = await control.take(/VERSION [^\r\n]+\r\n/, 'the version');
  const version = /\d+\.\d+\.\d+/.exec(versionReply)?.[0] ?? '0.0.0';
  return { server, version, versionReply, control };
}

export function driverClose(driver: Driver): void {
  driver.control.destroy();
}

/** Whether the server has the `debugtime N` command, which moves its clock N seconds on. */
export async function driverMovesClock(driver: Driver): Promise<boolean> {
  driver.control.write('debugtime 0\r\n');
  return (await driver.control.take(/[^\r\n]*\r\n/, 'debugtime')) === 'OK\r\n';
}

/** Runs one transcript on an emptied cache; throws an Error that shows both sides of a difference. */
export async function transcriptRun(
  driver: Driver,
  it: Transcript,
  mode: SplitMode,
): Promise<void> {
  const rows = rowsFor(driver, it.rows);
  if (mode === 'pipelined') await runPipelined(driver, it.name, rows);
  else if (mode === 'split')
    for (const k of splitPoints(rows)) await runRows(driver, it.name, rows, mode, k);
  else await runRows(driver, it.name, rows, mode, 0);
}

async function runRows(
  driver: Driver,
  name: string,
  rows: readonly Row[],
  mode: SplitMode,
  k: number,
): Promise<void> {
  const connections = new Map<string, Connection>();
  const known = new Map<string, string>();
  await flush(driver);
  try {
    for (const [index, [send, expected, options = {}]] of rows.entries()) {
      const where = `${name}, ${mode}${k === 0 ? '' : ` at ${k}`}, row ${index + 1} ${shown(send)}`;
      const connection = await connectionNamed(connections, driver.server, options.on ?? MAIN);
      await sendSplit(driver, connection, filled(send, known), mode, k);
      if (options.ends) connection.end();
      if (options.hangsUp) connection.destroy();
      await rowReply(connection, expected, known, where);
      if (options.closes || options.ends) await connection.takeClose(where);
      else if (mode === 'whole' && !options.partial && !options.hangsUp) {
        await probe(driver, connection, where);
      }
    }
    await finish(driver, connections, rows, name);
  } finally {
    for (const connection of connections.values()) connection.destroy();
  }
}

async function runPipelined(driver: Driver, name: string, rows: readonly Row[]): Promise<void> {
  await flush(driver);
  const connection = await Connection.open(driver.server);
  const last = rows.at(-1)?.[2];
  try {
    connection.write(rows.map(([send]) => send).join(''));
    if (last?.ends) connection.end();
    for (const [index, [send, expected]] of rows.entries()) {
      await rowReply(
        connection,
        expected,
        new Map(),
        `${name}, pipelined, row ${index + 1} ${shown(send)}`,
      );
    }
    if (last?.closes || last?.ends) await connection.takeClose(`${name}, pipelined`);
    else if (!last?.partial) await probe(driver, connection, `${name}, pipelined`);
  } finally {
    connection.destroy();
  }
}

/** In the modes without a probe after each row, one at the end shows that no reply was left over. */
async function finish(
  driver: Driver,
  connections: ReadonlyMap<string, Connection>,
  rows: readonly Row[],
  name: string,
): Promise<void> {
  for (const [connectionName, connection] of connections) {
    const last = rows.findLast(([, , options]) => (options?.on ?? MAIN) === connectionName)?.[2];
    if (last?.partial || last?.closes || last?.ends || last?.hangsUp) continue;
    await probe(driver, connection, `${name}, after the last row`);
  }
}

async function rowReply(
  connection: Connection,
  expected: Expected,
  known: Map<string, string>,
  where: string,
): Promise<void> {
  if (typeof expected !== 'string' && !(expected instanceof RegExp)) {
    for (const part of expected) await rowReply(connection, part, known, where);
    return;
  }
  if (typeof expected === 'string') {
    await connection.take(filled(expected, known), where);
    return;
  }
  const reply = await connection.take(expected, where);
  const groups = new RegExp(expected.source, expected.flags).exec(reply)?.groups ?? {};
  for (const [group, value] of Object.entries(groups)) known.set(group, value);
}

async function probe(driver: Driver, connection: Connection, where: string): Promise<void> {
  connection.write(connection.isBinary ? BINARY_PROBE : PROBE);
  const expected = connection.isBinary ? BINARY_PROBE_REPLY : driver.versionReply;
  await connection.take(expected, `${where}: more than expected came`);
}

async function flush(driver: Driver): Promise<void> {
  driver.control.write('flush_all\r\n');
  await driver.control.take('OK\r\n', 'flush_all before a transcript');
}

async function connectionNamed(
  connections: Map<string, Connection>,
  server: Server,
  name: string,
): Promise<Connection> {
  const open = connections.get(name);
  if (open !== undefined) return open;
  const connection = await Connection.open(server);
  connections.set(name, connection);
  return connection;
}

async function sendSplit(
  driver: Driver,
  connection: Connection,
  send: string,
  mode: SplitMode,
  k: number,
): Promise<void> {
  if (mode === 'bytes') {
    for (const piece of pieces(send)) {
      connection.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return;
  }
  const cut = k < 0 ? send.length + k : k;
  if (mode !== 'split' || cut <= 0 || cut >= send.length) {
    connection.write(send);
    return;
  }
  connection.write(send.slice(0, cut));
  await probe(driver, driver.control, 'the round trip between two parts');
  connection.write(send.slice(cut));
}

/** Single bytes; in a long row only its two ends, with the middle in pieces of an odd length. */
function* pieces(send: string): Generator<string> {
  const middle = send.length > BYTEWISE_BYTES_MAX ? BYTEWISE_END_BYTES : send.length;
  const tail = send.length > BYTEWISE_BYTES_MAX ? send.length - BYTEWISE_END_BYTES : send.length;
  for (let at = 0; at < middle; at++) yield send[at];
  for (let at = middle; at < tail; at += PIECE_BYTES)
    yield send.slice(at, Math.min(at + PIECE_BYTES, tail));
  for (let at = tail; at < send.length; at++) yield send[at];
}

/**
 * Where to cut: at each byte of the longest row, up to a limit, and in longer rows also near the end.
 * Large transcripts are cut in a few places only: they would take most of the time and show no more.
 */
function splitPoints(rows: readonly Row[]): readonly number[] {
  const longest = Math.max(...rows.map(([send]) => send.length));
  const total = rows.reduce((sum, [send]) => sum + send.length, 0);
  const tail = Array.from({ length: SPLIT_TAIL_BYTES }, (_, back) => -1 - back);
  if (total > SPLIT_EVERYWHERE_BYTES_MAX) return [...SPLIT_SOME, ...tail];
  const head = Array.from({ length: Math.min(longest - 1, SPLIT_K_MAX) }, (_, at) => at + 1);
  return longest - 1 > SPLIT_K_MAX ? [...head, ...tail] : head;
}

function rowsFor(driver: Driver, rows: readonly Row[]): readonly Row[] {
  if (driver.server.name !== 'memcached') return rows;
  return rows.filter(([, , options]) => {
    return options?.since === undefined || !versionBelow(driver.version, options.since);
  });
}

/** One write will do when one connection sends everything and no row needs an earlier reply. */
function rowsPipeline(rows: readonly Row[]): boolean {
  return (
    rows.length > 1 &&
    rows.every(([, , options]) => options?.on === undefined && !options?.hangsUp) &&
    rows.every(([, expected]) => [expected].flat().every((part) => !remembers(part)))
  );
}

function remembers(part: string | RegExp): boolean {
  return typeof part !== 'string' && part.source.includes('(?<');
}

/** `{name}` becomes what the group of that name held; other braces are left alone. */
function filled(text: string, known: ReadonlyMap<string, string>): string {
  if (known.size === 0) return text;
  return text.replace(/\{(\w+)\}/g, (braces, name: string) => known.get(name) ?? braces);
}

function skipReason(skip: Skip | undefined, version: string): string | null {
  if (skip === undefined) return null;
  if (typeof skip === 'string') return skip;
  return versionBelow(version, skip.since) ? null : skip.reason;
}

export function versionBelow(version: string, than: string): boolean {
  const left = version.split('.').map(Number);
  const right = than.split('.').map(Number);
  const at = left.findIndex((part, index) => part !== right[index]);
  return at >= 0 && left[at] < right[at];
}
