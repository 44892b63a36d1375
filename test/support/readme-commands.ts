/**
 * The README's list of all commands, made from the command table. Run by itself it brings the README up
 * to date: node test/support/readme-commands.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BINARY_TABLE, TEXT_TABLE } from '../../src/commands/memcached/table.ts';
import type { Command } from '../../src/commands/resp/command.ts';
import { COMMAND_TABLE } from '../../src/commands/resp/table.ts';

const README = join(import.meta.dirname, '..', '..', 'README.md');
const BLOCK = /(<!-- commands -->\n).*?(<!-- \/commands -->)/s;

/** The block between its marks, as it should be. */
function blockMake(): string {
  const text = TEXT_TABLE.map(({ name, doc }) => `| \`${name}\` | ${doc} |`);
  const binary = BINARY_TABLE.map(
    ({ name, opcode, doc }) => `| \`${name}\` 0x${opcode.toString(16).padStart(2, '0')} | ${doc} |`,
  );
  const lines = ['', '| text and meta | |', '| --- | --- |', ...text];
  lines.push('', '| binary | |', '| --- | --- |', ...binary, '');
  lines.push('| RESP | |', '| --- | --- |', ...respLines(), '');
  return `${lines.join('\n')}\n`;
}

/** A line for each RESP command, by group; a container's subcommands stand in its line. */
function respLines(): string[] {
  const { commands } = COMMAND_TABLE;
  const groups = [...new Set(commands.map(({ row }) => row.group))];
  return groups.flatMap((group) => commands.filter(({ row }) => row.group === group).map(respLine));
}

function respLine({ row, subcommands }: Command): string {
  const subs = subcommands.map((sub) => `\`${sub.row.name.toUpperCase()}\``).join(' ');
  const doc = row.doc.replaceAll('|', '\\|');
  return `| \`${row.name.toUpperCase()}\` | ${subs === '' ? doc : `${doc} ${subs}`} |`;
}

/** The README, and what it would be with the block as it should be. */
export function readmeCommands(): { readonly actual: string; readonly expected: string } {
  const actual = readFileSync(README, 'utf8');
  const expected = actual.replace(BLOCK, (_, start, end) => `${start}${blockMake()}${end}`);
  return { actual, expected };
}

if (import.meta.main) writeFileSync(README, readmeCommands().expected);
