/** Requests, byte for byte, and replies: judged right, wherever they are cut. */
import { describe, expect, it } from 'vitest';
import { BinaryDialect } from '../../src/load/dialects/binary-dialect.ts';
import { type Dialect, VERDICT } from '../../src/load/dialects/dialect.ts';
import { LineDialect } from '../../src/load/dialects/line-dialect.ts';
import { RespDialect } from '../../src/load/dialects/resp-dialect.ts';
import { KeyValues } from '../../src/load/key-values.ts';
import type { LoadKind, LoadPlan, Protocol } from '../../src/load/plan.ts';
import { type ValueSizes, valueSizesParse } from '../../src/load/value-sizes.ts';

const SET: LoadKind = { name: 'set', verb: 'set', weight: 1, words: null };
const GET: LoadKind = { name: 'get', verb: 'get', weight: 1, words: null };
const KEY = 'key:00000042';
const VALUE = 'key:00000042|';
const SET_KIND = 0;
const GET_KIND = 1;
const COMMAND_KIND = 2;

function command(...words: string[]): LoadKind {
  return { name: words[0], verb: 'other', weight: 1, words };
}

function dialect(
  protocol: Protocol,
  more: Partial<LoadPlan> = {},
  sizes: ValueSizes = valueSizesParse(`${VALUE.length}`, ''),
): Dialect {
  const plan: LoadPlan = {
    target: { protocol, address: { host: '', port: 0 }, tls: null, login: null },
    kinds: [SET, GET],
    connectionCount: 1,
    pipelineDepth: 1,
    keyCount: 100,
    keyPrefix: 'key:',
    keyDraw: { kind: 'uniform' },
    valueSizes: sizes,
    expireSec: 0,
    verifies: true,
    seed: 1,
    durationMs: 1,
    requestCount: 1,
    ratePerSec: 0,
    silenceMsMax: 1,
    ...more,
  };
  const values = new KeyValues(plan);
  if (protocol === 'resp') return new RespDialect(plan, values);
  return protocol === 'binary' ? new BinaryDialect(plan, values) : new LineDialect(plan, values);
}

function request(of: Dialect, kind: number, keyId = 42): string {
  const target = Buffer.alloc(of.requestBytesMax + 1);
  return target.toString('latin1', 0, of.requestWrite(target, 0, kind, keyId));
}

/** Judges a reply that comes in pieces, a byte at a time, behind others; returns the verdict and its length. */
function judged(of: Dialect, kind: number, reply: string): { verdict: number; length: number } {
  const front = 'front';
  const bytes = Buffer.from(`${front}${reply}more`, 'latin1');
  const scan = { offset: 0, elementsLeft: 1 };
  const at = front.length;
  for (let end = at + 1; end <= at + reply.length; end++) {
    const verdict = of.replyJudge(bytes, at, end, kind, 42, scan);
    if (verdict === VERDICT.broken) return { verdict, length: end - at };
    if (verdict !== VERDICT.incomplete) return { verdict, length: of.replyEnd - at };
  }
  return { verdict: VERDICT.incomplete, length: 0 };
}

function expectVerdict(of: Dialect, kind: number, reply: string, verdict: number): void {
  const length = verdict === VERDICT.broken ? expect.any(Number) : reply.length;
  expect(judged(of, kind, reply), JSON.stringify(reply)).toEqual({ verdict, length });
}

describe('requests', () => {
  it('text', () => {
    expect(request(dialect('text'), SET_KIND)).toBe(`set ${KEY} 0 0 13\r\n${VALUE}\r\n`);
    expect(request(dialect('text'), GET_KIND)).toBe(`get ${KEY}\r\n`);
    expect(request(dialect('text', { expireSec: 60 }), SET_KIND)).toContain(' 0 60 13\r\n');
  });

  it('meta', () => {
    expect(request(dialect('meta'), SET_KIND)).toBe(`ms ${KEY} 13\r\n${VALUE}\r\n`);
    expect(request(dialect('meta'), GET_KIND)).toBe(`mg ${KEY} v\r\n`);
    expect(request(dialect('meta', { expireSec: 60 }), SET_KIND)).toContain(' 13 T60\r\n');
  });

  it('binary', () => {
    const head = (opcode: string, extras: number, body: number): string =>
      `\x80${opcode}\0\x0c${String.fromCharCode(extras)}\0\0\0\0\0\0${String.fromCharCode(body)}` +
      '\0\0\0\x2a\0\0\0\0\0\0\0\0';
    const set = request(dialect('binary', { expireSec: 5 }), SET_KIND);
    expect(set).toBe(`${head('\x01', 8, 33)}\0\0\0\0\0\0\0\x05${KEY}${VALUE}`);
    expect(request(dialect('binary'), GET_KIND)).toBe(`${head('\0', 0, 12)}${KEY}`);
  });

  it('RESP', () => {
    const key = `$12\r\n${KEY}\r\n`;
    expect(request(dialect('resp'), SET_KIND)).toBe(`*3\r\n$3\r\nSET\r\n${key}$13\r\n${VALUE}\r\n`);
    expect(request(dialect('resp'), GET_KIND)).toBe(`*2\r\n$3\r\nGET\r\n${key}`);
    expect(request(dialect('resp', { expireSec: 7 }), SET_KIND)).toBe(
      `*5\r\n$3\r\nSET\r\n${key}$13\r\n${VALUE}\r\n$2\r\nEX\r\n$1\r\n7\r\n`,
    );
  });

  it('commands, their holes filled', () => {
    const kinds = [SET, GET, command('X', 'a__key__b__value__c__data__', '', 'é')];
    expect(request(dialect('resp', { kinds }), COMMAND_KIND)).toBe(
      Buffer.from(
        `*4\r\n$1\r\nX\r\n$41\r\na${KEY}b${VALUE}c${VALUE}\r\n$0\r\n\r\n$2\r\né\r\n`,
      ).toString('latin1'),
    );
  });

  it('with lengths that differ from key to key', () => {
    const sizes = valueSizesParse('0-300', '');
    for (const protocol of ['text', 'meta', 'resp'] as const) {
      const of = dialect(protocol, {}, sizes);
      const lengths = Array.from({ length: 100 }, (_, keyId) => {
        const text = request(of, SET_KIND, keyId);
        const [, length = '', value = ''] = /[ $](\d+)\r\n([^\r]*)\r\n$/.exec(text) ?? [];
        expect(value.length, text).toBe(Number(length));
        return value.length;
      });
      expect(new Set(lengths).size).toBeGreaterThan(50);
    }
  });
});

describe('replies', () => {
  it('text', () => {
    const of = dialect('text');
    const hit = (key: string, value: string): string =>
      `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`;
    expectVerdict(of, SET_KIND, 'STORED\r\n', VERDICT.right);
    expectVerdict(of, GET_KIND, hit(KEY, VALUE), VERDICT.hit);
    expectVerdict(of, GET_KIND, 'END\r\n', VERDICT.miss);
    expectVerdict(of, GET_KIND, hit('key:00000043', VALUE), VERDICT.wrong);
    expectVerdict(of, GET_KIND, hit(KEY, 'key:00000042!'), VERDICT.wrong);
    expectVerdict(of, GET_KIND, hit(KEY, ''), VERDICT.wrong);
    expectVerdict(of, GET_KIND, 'STORED\r\n', VERDICT.wrong);
    expectVerdict(of, SET_KIND, 'END\r\n', VERDICT.wrong);
    expectVerdict(of, SET_KIND, 'SERVER_ERROR out of memory storing object\r\n', VERDICT.refused);
    expect(of.problem).toBe('SERVER_ERROR out of memory storing object');
    expectVerdict(of, GET_KIND, '\x81\0\0\0\r\n', VERDICT.broken);
    expectVerdict(of, GET_KIND, `VALUE ${KEY} 0 5\r\n${VALUE}\r\nEND\r\n`, VERDICT.broken);
    expectVerdict(of, GET_KIND, `V${'a'.repeat(10_000)}`, VERDICT.broken);
  });

  it('text, not compared', () => {
    const of = dialect('text', { verifies: false });
    expectVerdict(of, GET_KIND, `VALUE ${KEY} 0 3 77\r\nabc\r\nEND\r\n`, VERDICT.hit);
  });

  it('meta', () => {
    const of = dialect('meta');
    expectVerdict(of, SET_KIND, 'HD\r\n', VERDICT.right);
    expectVerdict(of, SET_KIND, 'NS\r\n', VERDICT.refused);
    expectVerdict(of, GET_KIND, `VA 13\r\n${VALUE}\r\n`, VERDICT.hit);
    expectVerdict(of, GET_KIND, `VA 13 s13\r\n${VALUE}\r\n`, VERDICT.hit);
    expectVerdict(of, GET_KIND, 'VA 1\r\nx\r\n', VERDICT.wrong);
    expectVerdict(of, GET_KIND, 'EN\r\n', VERDICT.miss);
    expectVerdict(of, GET_KIND, 'CLIENT_ERROR bad token\r\n', VERDICT.refused);
  });

  it('binary', () => {
    const of = dialect('binary');
    const reply = (opcode: string, status: string, body: string, opaque = '\0\0\0\x2a'): string => {
      const length = String.fromCharCode(body.length);
      const extras = opcode === '\0' && status === '\0\0' ? '\x04' : '\0';
      return `\x81${opcode}\0\0${extras}\0${status}\0\0\0${length}${opaque}\0\0\0\0\0\0\0\x01${body}`;
    };
    expectVerdict(of, SET_KIND, reply('\x01', '\0\0', ''), VERDICT.right);
    expectVerdict(of, GET_KIND, reply('\0', '\0\0', `\0\0\0\0${VALUE}`), VERDICT.hit);
    expectVerdict(of, GET_KIND, reply('\0', '\0\x01', 'Not found'), VERDICT.miss);
    expectVerdict(of, GET_KIND, reply('\0', '\0\0', '\0\0\0\0other'), VERDICT.wrong);
    expectVerdict(of, GET_KIND, reply('\x01', '\0\0', ''), VERDICT.wrong);
    expectVerdict(of, SET_KIND, reply('\x01', '\0\0', '', '\0\0\0\x2b'), VERDICT.wrong);
    expectVerdict(of, SET_KIND, reply('\x01', '\0\x82', 'Out of memory'), VERDICT.refused);
    expect(of.problem).toBe('status 0x0082 Out of memory');
    expectVerdict(of, SET_KIND, 'ERROR\r\n', VERDICT.broken);
    expectVerdict(of, SET_KIND, `\x81\x01${'\xff'.repeat(22)}`, VERDICT.broken);
  });

  it('RESP', () => {
    const of = dialect('resp', { kinds: [SET, GET, command('X')] });
    expectVerdict(of, SET_KIND, '+OK\r\n', VERDICT.right);
    expectVerdict(of, SET_KIND, '$-1\r\n', VERDICT.wrong);
    expectVerdict(of, SET_KIND, '-OOM command not allowed\r\n', VERDICT.refused);
    expect(of.problem).toBe('OOM command not allowed');
    expectVerdict(of, GET_KIND, `$13\r\n${VALUE}\r\n`, VERDICT.hit);
    expectVerdict(of, GET_KIND, '$1\r\nx\r\n', VERDICT.wrong);
    expectVerdict(of, GET_KIND, '$-1\r\n', VERDICT.miss);
    expectVerdict(of, GET_KIND, '_\r\n', VERDICT.miss);
    expectVerdict(of, GET_KIND, '*1\r\n$1\r\na\r\n', VERDICT.wrong);
    expectVerdict(of, GET_KIND, 'HTTP/1.1 400 Bad Request\r\n', VERDICT.broken);
    expectVerdict(of, COMMAND_KIND, '*x\r\n', VERDICT.broken);
  });

  it('RESP, of any command', () => {
    const of = dialect('resp', { kinds: [SET, GET, command('X')] });
    const replies = [
      ':5\r\n',
      '*0\r\n',
      '*-1\r\n',
      '*3\r\n$3\r\nabc\r\n*2\r\n:1\r\n$-1\r\n*0\r\n',
      '%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*2\r\n,1.5\r\n#t\r\n',
      '|1\r\n+ttl\r\n:3600\r\n*1\r\n(12345\r\n',
      '=7\r\ntxt:abc\r\n',
      '!5\r\nERR x\r\n',
    ];
    for (const reply of replies) expectVerdict(of, COMMAND_KIND, reply, VERDICT.right);
    expectVerdict(of, COMMAND_KIND, '-ERR no such command\r\n', VERDICT.refused);
  });
});
