/**
 * The libraries of scripts: what they answer, that what was encoded decodes to the same, and that no input
 * does them harm.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LUA_TYPE } from '../../src/lua/lua-api.ts';
import {
  BIT_CASES,
  JSON_CASES,
  type LibraryCase,
  MESSAGE_CASES,
  STRUCT_CASES,
} from './library-cases.ts';
import { libraryMachine, libraryRun } from './library-machine.ts';

const GROUPS: readonly (readonly [name: string, cases: readonly LibraryCase[]])[] = [
  ['cjson', JSON_CASES],
  ['cmsgpack', MESSAGE_CASES],
  ['struct', STRUCT_CASES],
  ['bit', BIT_CASES],
];

describe.each(GROUPS)('%s', (_, cases) => {
  const machine = libraryMachine();
  it.each(cases)('%s', (chunk, shown) => {
    expect(libraryRun(machine, chunk).replaceAll(/chunk:\d+: /g, '')).toBe(shown);
  });
});

/** JSON that Lua does not confuse: no empty arrays, which are objects, and no holes. */
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -4000, max: 4000 }).map((n) => n / 8),
);
const leaf = fc.oneof(number, fc.boolean(), fc.string({ unit: 'binary' }));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { minLength: 1, maxLength: 20 }),
    fc.dictionary(
      fc.string().map((key) => `k${key}`),
      tie('tree'),
      { maxKeys: 20 },
    ),
  ),
}));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
/** What looks like JSON, cut and changed. */
const nearJson = fc.tuple(fc.json(), fc.nat(), bytes).map(([json, at, junk]) => {
  const text = Buffer.from(json);
  const cut = at % (text.length + 1);
  return Buffer.concat([text.subarray(0, cut), junk.subarray(0, 3), text.subarray(cut)]);
});
const nearFormat = fc
  .array(fc.constantFrom(...'<>! bBhHlLTiIfdxcs0123456789'), { maxLength: 30 })
  .map((letters) => Buffer.from(letters.join('')));

describe('round trips', () => {
  const machine = libraryMachine();

  it('JSON', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const input = Buffer.from(JSON.stringify(value));
        const output = textOf('return cjson.encode(cjson.decode(input))', input);
        expect(JSON.parse(output.toString())).toEqual(JSON.parse(input.toString()));
      }),
    );
  });

  it('MessagePack', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const input = Buffer.from(JSON.stringify(value));
        const chunk = 'return cjson.encode(cmsgpack.unpack(cmsgpack.pack(cjson.decode(input))))';
        expect(JSON.parse(textOf(chunk, input).toString())).toEqual(JSON.parse(input.toString()));
      }),
    );
  });

  it('integers of every size and order', () => {
    const format = fc.record({
      order: fc.constantFrom('<', '>'),
      align: fc.constantFrom('', '!', '!2', '!4'),
      bytes: fc.integer({ min: 1, max: 32 }),
    });
    fc.assert(
      fc.property(format, fc.bigInt({ min: -128n, max: 127n }), ({ order, align, bytes }, n) => {
        const layout = `'${align}${order} b i${bytes} h'`;
        const packed = `struct.pack(${layout}, 1, ${n}, 3)`;
        const shown = libraryRun(machine, `return struct.unpack(${layout}, ${packed})`);
        expect(shown.split(' ').slice(0, 3)).toEqual(['1', String(n), '3']);
      }),
    );
  });

  /** The string that a chunk returns. */
  function textOf(chunk: string, input: Buffer): Buffer {
    const shown = libraryRun(machine, chunk, input);
    const hex = /^<(.*)>$/.exec(shown);
    return hex === null ? Buffer.from(shown.slice(1, -1)) : Buffer.from(hex[1] as string, 'hex');
  }
});

describe('hostile input', () => {
  const machine = libraryMachine();

  it.each([
    'cjson.decode(input)',
    'cmsgpack.unpack(input)',
    'cmsgpack.unpack_limit(input, 3, 2)',
    "struct.unpack('!8 b h s i3 s c0 > d l', input)",
    "struct.unpack(input, string.rep('a', 100))",
    'struct.pack(input, 1, 2, 3, "four", 5, "six")',
    'struct.size(input)',
  ])('%s returns or raises an error', (chunk) => {
    fc.assert(
      fc.property(fc.oneof(bytes, nearJson, nearFormat), (input) => {
        expect(libraryRun(machine, `return ${chunk}`, input)).not.toMatch(/^!!/);
        expect(machine.isBroken).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['arrays in arrays', "return cjson.decode(string.rep('[', 1e6))"],
    ['objects in objects', `return cjson.decode(string.rep('{"a":', 1e6))`],
    ['packed arrays in arrays', "return cmsgpack.unpack(string.rep('\\145', 1e6))"],
    ['packed maps for keys', "return cmsgpack.unpack(string.rep('\\129', 1e6))"],
    ['more than there is', "return cmsgpack.unpack('\\223\\255\\255\\255\\255')"],
    ['a string too long', "return cmsgpack.unpack('\\219\\255\\255\\255\\255')"],
    ['a hole too wide', 'cjson.encode_sparse_array(true, 0) return cjson.encode({[2^31] = 1})'],
    ['sizes that overflow', "return struct.unpack('c2147483647c2147483647', 'a')"],
    ['a position too far', "return struct.unpack('b', 'a', 2^53)"],
    ['more results than fit', 'return struct.unpack(string.rep("b", 1e5), string.rep("a", 1e5))'],
    ['tables in tables', 'local t = {} for i = 1, 1e5 do t = {t} end return cjson.encode(t)'],
  ])('%s', (_, chunk) => {
    cjsonDepthsRaise();
    expect(libraryRun(machine, chunk)).toMatch(/^!/);
    expect(machine.isBroken).toBe(false);
    expect(machine.api.lua_type(machine.L, 1)).toBe(LUA_TYPE.NONE);
  });

  function cjsonDepthsRaise(): void {
    libraryRun(machine, 'cjson.encode_max_depth(1e9) cjson.decode_max_depth(1e9)');
  }
});
