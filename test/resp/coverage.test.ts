/** Every RESP command is asked for in some test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMAND_TABLE } from '../../src/commands/resp/table.ts';
import { TRIED } from './requests.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDERS = ['resp', 'clients'];

it('every command of the table is tried', () => {
  const texts = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('requests'))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8').toLowerCase()),
  );
  const words = new Set(texts.flatMap((text) => text.match(/[a-z_]+/g) ?? []));
  const tried = new Set(TRIED.map((command) => command.replace(' ', '|')));
  const untried = COMMAND_TABLE.byNumber
    .filter(({ subcommands }) => subcommands.length === 0)
    .filter(({ fullName }) => !tried.has(fullName))
    .filter(
      ({ fullName }) =>
        !fullName
          .split('|')
          .every(
            (word) =>
              words.has(word.replaceAll('-', '_')) ||
              word.split('-').every((part) => words.has(part)),
          ),
    )
    .map(({ fullName }) => fullName);
  expect(untried, 'no test asks for these').toEqual([]);
});
