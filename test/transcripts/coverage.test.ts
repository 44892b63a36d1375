/** No command goes untried: each row of the command table is asked for in some transcript. */
import { expect, it } from 'vitest';
import { BINARY_TABLE, TEXT_TABLE } from '../../src/commands/memcached/table.ts';
import { BINARY } from '../binary/binary.ts';
import { CLASSIC } from './classic.ts';
import { clock } from './clock.ts';
import type { Transcript } from './transcript.ts';

/** What needs a server of its own, and the test that has it. */
const ELSEWHERE = new Map([
  ['refresh_certs', 'test/server/tls-change.test.ts'],
  ['SASL_AUTH', 'test/server/auth-binary.test.ts'],
  ['SASL_STEP', 'test/server/auth-binary.test.ts'],
  ...BINARY_TABLE.filter(({ name }) => name.startsWith('CONFIG_')).map(
    ({ name }): [string, string] => [name, 'test/discovery/commands.test.ts'],
  ),
]);
const REQUEST_MAGIC = '\x80';

function sent(groups: readonly (readonly Transcript[])[]): string {
  return groups
    .flat()
    .flatMap(({ rows }) => rows.map(([send]) => send))
    .join('\n');
}

it('asks for every command of the text protocol', () => {
  const text = sent([...Object.values(CLASSIC), clock]);
  const untried = TEXT_TABLE.filter(
    ({ name }) => !ELSEWHERE.has(name) && !new RegExp(`^${name}[ \r\n]`, 'm').test(text),
  );
  expect(untried.map(({ name }) => name)).toEqual([]);
});

it('asks for every command of the binary protocol', () => {
  const packets = sent(Object.values(BINARY));
  const untried = BINARY_TABLE.filter(
    ({ name, opcode }) =>
      !ELSEWHERE.has(name) && !packets.includes(`${REQUEST_MAGIC}${String.fromCharCode(opcode)}\0`),
  );
  expect(untried.map(({ name }) => name)).toEqual([]);
});
