/**
 * Requests byte by byte: what a parser may get, and the very bytes of the answers, on ours and on the real
 * redis-server. Each input is sent whole, bytewise, and behind other requests.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';

const PING = '*1\r\n$4\r\nPING\r\n';
const PONG = '+PONG\r\n';
const LONG = 65_537;

type Row = readonly [what: string, input: string, output: string];

const wrong = (text: string): string => `-ERR Protocol error: ${text}\r\n`;
const unknown = (name: string, args: string): string =>
  `-ERR unknown command '${name}', with args beginning with: ${args}\r\n`;

/** After which the connection goes on. */
const SOUND: readonly Row[] = [
  ['a request', PING, PONG],
  ['none at all, and none of no words', `*0\r\n*-1\r\n\r\n\n${PING}`, PONG],
  ['words in a line', 'ECHO a\r\n  echo   b  \r\nECHO c\n', '$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n'],
  ['words in quotes', `ECHO "a b\\x41\\n\\t\\q\\""\r\n`, '$8\r\na bA\n\tq"\r\n'],
  ['words in single quotes', `ECHO 'it\\'s \\n'\r\n`, "$7\r\nit's \\n\r\n"],
  [
    'words of nothing',
    `ECHO ""\r\nECHO ''\r\n*1\r\n$0\r\n\r\n`,
    `$0\r\n\r\n$0\r\n\r\n${unknown('', '')}`,
  ],
  ['bytes of any kind', '*2\r\n$4\r\nECHO\r\n$6\r\n\0\r\n\xff$1\r\n', '$6\r\n\0\r\n\xff$1\r\n'],
  ['anything for the end of a word', `*1\r\n$4\r\nPINGxx${PING}`, PONG + PONG],
  ['an unknown command', 'foo a b "c d"\r\n', unknown('foo', "'a' 'b' 'c d' ")],
  [
    'line ends in what an error repeats',
    '*2\r\n$4\r\nf\r\no\r\n$3\r\nx\ry\r\n',
    unknown('f  o', "'x y' "),
  ],
  [
    'an unknown command that is long',
    `${'x'.repeat(300)} ${'y'.repeat(300)}\r\n`,
    unknown('x'.repeat(128), `'${'y'.repeat(128)}' `),
  ],
  [
    'an unknown subcommand',
    'config "f\\r\\no"\r\n',
    "-ERR unknown subcommand 'f  o'. Try CONFIG HELP.\r\n",
  ],
  ['too few words', 'GET\r\n', "-ERR wrong number of arguments for 'get' command\r\n"],
];

/** After which it is closed. */
const FATAL: readonly Row[] = [
  ['a count that is no number', '*abc\r\n', wrong('invalid multibulk length')],
  ['a count of nothing', '*\r\n', wrong('invalid multibulk length')],
  ['a count with a zero before it', '*01\r\n', wrong('invalid multibulk length')],
  ['a count with a sign', '*+1\r\n', wrong('invalid multibulk length')],
  ['a count that is too large', '*2147483648\r\n', wrong('invalid multibulk length')],
  ['a count that never ends', `*${'1'.repeat(LONG)}`, wrong('too big mbulk count string')],
  ['another word for a length', '*1\r\n!4\r\n', wrong("expected '$', got '!'")],
  ['nothing for a length', '*1\r\n\r\n', wrong("expected '$', got ' '")],
  ['a length that is no number', '*1\r\n$4x\r\n', wrong('invalid bulk length')],
  ['a length below 0', '*1\r\n$-1\r\n', wrong('invalid bulk length')],
  ['a length beyond 512 MB', '*1\r\n$536870913\r\n', wrong('invalid bulk length')],
  ['a length that never ends', `*1\r\n$${'1'.repeat(LONG)}`, wrong('too big bulk count string')],
  ['a quote that is not closed', 'ECHO "x\r\n', wrong('unbalanced quotes in request')],
  ['a quote within a word', `ECHO 'x'y\r\n`, wrong('unbalanced quotes in request')],
  ['a line that never ends', 'a'.repeat(LONG), wrong('too big inline request')],
  ['QUIT, whatever is behind it', `QUIT now\r\n${PING}`, '+OK\r\n'],
];

/** What a browser can be made to say; whether what was asked before is still answered does not matter. */
const HTTP = [
  `POST / HTTP/1.1\r\n${PING}`,
  `GET / HTTP/1.1\r\nHost: x\r\n\r\n${PING}`,
  `Host: x\r\n${PING}`,
  `*2\r\n$4\r\npost\r\n$1\r\n/\r\n${PING}`,
];

/** Sends the pieces; all that comes until there is as much as expected, or it is closed. */
function converse(server: RespServer, pieces: readonly Buffer[], bytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port, noDelay: true });
    let output = '';
    const end = (): void => {
      socket.destroy();
      resolve(output);
    };
    socket.on('data', (data) => {
      output += data.toString('latin1');
      if (output.length >= bytes) end();
    });
    socket.on('end', end);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // What it has not read when it closes is answered so.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') end();
      else reject(error);
    });
    piecesWrite(pieces, (piece) => socket.write(piece));
  });
}

/** One after the other, each in a turn of its own. */
function piecesWrite(pieces: readonly Buffer[], write: (piece: Buffer) => void): void {
  const [first, ...rest] = pieces;
  if (first === undefined) return;
  write(first);
  setImmediate(() => piecesWrite(rest, write));
}

const bytewise = (input: string): Buffer[] =>
  Array.from(input, (_, at) => Buffer.from(input[at], 'latin1'));

/** Every row, in every way, to its very bytes. */
function rowsTry(server: () => RespServer): void {
  const before = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n';
  const beforeOutput = '+OK\r\n$1\r\nv\r\n';
  it.each(SOUND)('%s', async (_, input, output) => {
    const expected = output + PONG;
    const whole = Buffer.from(input + PING, 'latin1');
    expect(await converse(server(), [whole], expected.length)).toBe(expected);
    expect(await converse(server(), bytewise(input + PING), expected.length)).toBe(expected);
  });
  it.each(FATAL)('%s, and it is closed', async (_, input, output) => {
    const all = Number.MAX_SAFE_INTEGER;
    const whole = Buffer.from(input, 'latin1');
    expect(await converse(server(), [whole], all)).toBe(output);
    const behind = Buffer.from(before + input, 'latin1');
    expect(await converse(server(), [behind], all)).toBe(beforeOutput + output);
    if (input.length > 1000) return;
    expect(await converse(server(), bytewise(input), all)).toBe(output);
  });
  it.each(HTTP)('%j is HTTP, and it is closed', async (input) => {
    const output = await converse(server(), [Buffer.from(input)], Number.MAX_SAFE_INTEGER);
    expect(output).not.toContain('PONG');
  });
}

describe('ours', () => {
  let server: RespServer;
  beforeAll(async () => {
    server = await respSpawn();
  });
  afterAll(() => server.stop());
  rowsTry(() => server);
});

const installed = redisFind();
const title = installed === null ? 'redis-server (skipped: not on the PATH)' : installed.version;
describe.skipIf(installed === null)(`redis-server ${title}`, () => {
  let server: RespServer;
  beforeAll(async () => {
    server = await redisSpawn(installed?.command ?? '');
  });
  afterAll(() => server.stop());
  rowsTry(() => server);
});
