/** Every RESP command is asked for in some test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMAND_TABLE } from '../../src/commands/resp/table.ts';
import { TRIED } from './requests.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDERS = ['resp', 'clients'];

/**
 * How tests ask for a command: in a string that starts with its words, in strings that are its words, or by
 * a client's method.
 */
function asking(fullName: string): RegExp {
  const words = fullName.split('|');
  const method = words.join('').replaceAll('-', '');
  return new RegExp(`['"\`]${words.join(`(?:'?,? '?)`)}(?=['"\` ])|\\.${method}\\(`, 'i');
}

it('every command of the table is tried', () => {
  const text = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('requests'))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  ).join('\n');
  const tried = new Set(TRIED.map((command) => command.replace(' ', '|')));
  const untried = COMMAND_TABLE.byNumber
    .filter(({ subcommands }) => subcommands.length === 0)
    .map(({ fullName }) => fullName)
    .filter((fullName) => !tried.has(fullName) && !asking(fullName).test(text));
  expect(untried, 'no test asks for these').toEqual([]);
});
