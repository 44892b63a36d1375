/** What COMMAND DOCS says of arguments, as redis-cli makes hints of it. */
import { describe, expect, it } from 'vitest';
import { type Argument, syntaxParse } from '../../src/commands/resp/server/command-syntax.ts';
import { COMMAND_TABLE } from '../../src/commands/resp/table.ts';

function hintOf(one: Argument): string {
  const parts = one.parts.map(hintOf).join(one.type === 'oneof' ? '|' : ' ');
  const own = one.parts.length > 0 ? parts : one.name;
  const inner = one.type === 'pure-token' ? `${one.token}` : own;
  const withToken =
    one.token === null || one.type === 'pure-token' ? inner : `${one.token} ${inner}`;
  const again = one.repeatsToken ? withToken : inner;
  const whole = one.isMultiple ? `${withToken} [${again} ...]` : withToken;
  return one.isOptional ? `[${whole}]` : whole;
}

const hint = (syntax: string): string => syntaxParse(syntax).map(hintOf).join(' ');

describe('a syntax', () => {
  it.each([
    ['', ''],
    ['key', 'key'],
    ['key [count]', 'key [count]'],
    ['key [key ...]', 'key [key ...]'],
    ['[member [member ...]]', '[member [member ...]]'],
    ['[section ...]', '[section [section ...]]'],
    ['key field value [field value ...]', 'key field value [field value ...]'],
    ['[ID client-id [client-id ...]]', '[ID client-id [client-id ...]]'],
    ['value [NX | XX] [GET] [EX seconds | KEEPTTL]', 'value [NX|XX] [GET] [EX seconds|KEEPTTL]'],
    ['(LEFT | RIGHT) (LEFT | RIGHT) timeout', 'LEFT|RIGHT LEFT|RIGHT timeout'],
    ['[AGGREGATE (SUM | MIN)]', '[AGGREGATE SUM|MIN]'],
    [
      '(BYRADIUS radius unit | BYBOX width height unit)',
      'BYRADIUS radius unit|BYBOX width height unit',
    ],
    ['start [end [BYTE | BIT]]', 'start [end [BYTE|BIT]]'],
    ['[GET pattern [GET pattern ...]]', '[GET pattern [GET pattern ...]]'],
    ['[STORE key] [GET pattern ...]', '[STORE key] [GET pattern [pattern ...]]'],
  ])('%s', (syntax, expected) => {
    expect(hint(syntax)).toBe(expected);
  });

  it.each([
    'key [count',
    'key count]',
    '(LEFT | RIGHT',
    '[NX | XX)',
    'key | value',
    'key [NX | ]',
    'key []',
    '... key',
    '[...]',
    'key ... ...',
  ])('that is not sound is refused: %s', (syntax) => {
    expect(() => syntaxParse(syntax)).toThrow('invariant');
  });

  it('of every command is read to its end', () => {
    for (const { row, fullName, subcommands } of COMMAND_TABLE.byNumber) {
      if (subcommands.length > 0) continue;
      const words = row.syntax.match(/[\w-]+/g) ?? [];
      const read = hint(row.syntax).match(/[\w-]+/g) ?? [];
      expect(new Set(read), fullName).toEqual(new Set(words));
    }
  });
});
