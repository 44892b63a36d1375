/**
 * The house rules that neither the compiler nor Biome can check: what lies where, how long a file
 * may grow, and that imports only ever walk down the stairs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readmeCommands } from './support/readme-commands.ts';

const ROOT = join(import.meta.dirname, '..');
const FILE_LINES_MAX = 400;
const FOLDERS_BELOW_SRC_MAX = 3;

/** All that may lie beside the dotfiles at the top. */
const TOP_LEVEL = new Set([
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'bench',
  'docker',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
  'workers',
]);

/** Each step of the stairs, and the rooms that stand on it. A room imports from lower steps only. */
const LOWEST = ['base'];
const MEMORY = ['memory', ...LOWEST];
const COMMANDS_MAY = ['engine', 'protocol', 'lua', 'auth', 'config', ...MEMORY];
const NET_MAY = ['commands', ...COMMANDS_MAY];
const FEATURES = [
  'admin',
  'cluster',
  'discovery',
  'pubsub',
  'persistence',
  'replication',
  'scripting',
  'metrics',
];
const FEATURE_MAY = ['net', ...NET_MAY];

/** Room under src/ → the rooms it may import besides itself. `.biome.json` says the same per folder. */
const STAIRS = new Map<string, readonly string[]>([
  ['base', []],
  ['memory', LOWEST],
  ['engine', MEMORY],
  ['protocol', LOWEST],
  ['lua', LOWEST],
  ['auth', LOWEST],
  ['config', LOWEST],
  ['commands', COMMANDS_MAY],
  ['net', NET_MAY],
  ...FEATURES.map((room): [string, string[]] => [room, FEATURE_MAY]),
  ['control', [...FEATURES, ...FEATURE_MAY]],
  ['load', ['protocol', ...LOWEST]],
  ['cli', ['load', 'protocol', 'config', ...LOWEST]],
]);

/** Types of what goes over the wire, for whoever stands at its other end. */
const WIRE_TYPES = new Set(['src/admin/console-state.ts']);

/** Static and dynamic imports and re-exports of a relative path. */
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

/** Folders of the machine where something was written, which mean nothing on any other. */
const MACHINE_PATH = new RegExp(`/(?:${['work', 'root', 'tmp/peers'].join('|')})/`);

/** Every file that is or would be committed; null where there is no git, as in a source archive. */
function filesListed(): string[] | null {
  if (!existsSync(join(ROOT, '.git'))) return null;
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', listing, options).split('\0');
  return names.filter((name) => name !== '' && existsSync(join(ROOT, name)));
}

const listed = filesListed();
const files = listed ?? [];
const sources = files.filter((name) => /^(?:src|workers)\/.*\.ts$/.test(name));

function text(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

/** Where a file stands: `src/engine/types/list.ts` → `engine`; `src/main.ts` → `main.ts`, the top step. */
function room(name: string): string {
  const parts = name.split('/');
  return parts[0] === 'src' ? (parts[1] as string) : (parts[0] as string);
}

/** Why this import is not allowed, or null. */
function importFault(importer: string, imported: string): string | null {
  const from = room(importer);
  const to = room(imported);
  if (from === 'workers' || from === to) return null;
  const fault = `${importer} imports ${imported}`;
  if (!imported.startsWith('src/')) return `${fault}: src/ never imports from outside`;
  if (importer === `src/${from}`) return null;
  if (STAIRS.get(from)?.includes(to) || WIRE_TYPES.has(imported)) return null;
  return `${fault}: ${from} may import ${STAIRS.get(from)?.join(', ') || 'nothing of ours'}`;
}

describe.skipIf(listed === null)('tidy (skipped outside a git checkout)', () => {
  it('keeps the top level to what a visitor expects', () => {
    const top = new Set(files.map((name) => name.split('/')[0] as string));
    const strangers = [...top].filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name));
    expect(strangers, 'these do not belong at the top level').toEqual([]);
  });

  it(`keeps source files to ${FILE_LINES_MAX} lines`, () => {
    const long = sources
      .map((name) => ({ name, lines: text(name).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > FILE_LINES_MAX)
      .map(({ name, lines }) => `${name}: ${lines} lines`);
    expect(long, 'split these where the ideas part').toEqual([]);
  });

  it(`keeps src/ to ${FOLDERS_BELOW_SRC_MAX} folders deep`, () => {
    const deep = sources.filter((name) => name.split('/').length - 2 > FOLDERS_BELOW_SRC_MAX);
    expect(deep, 'too deep under src/').toEqual([]);
  });

  it('names files after what they hold', () => {
    const vague = files.filter((name) => /^(?:index|utils?)\.[cm]?[jt]s$/.test(basename(name)));
    expect(vague, 'name these after what they hold').toEqual([]);
  });

  it('gives every room under src/ its place on the stairs', () => {
    const inRooms = sources.filter((name) => name.startsWith('src/') && name.split('/').length > 2);
    const unknown = new Set(inRooms.map(room).filter((name) => !STAIRS.has(name)));
    expect([...unknown], 'give these a step in STAIRS and in .biome.json').toEqual([]);
  });

  it('imports only down the stairs', () => {
    const faults: string[] = [];
    for (const importer of sources) {
      for (const [, path] of text(importer).matchAll(RELATIVE_IMPORT)) {
        const fault = importFault(importer, join(dirname(importer), path as string));
        if (fault !== null) faults.push(fault);
      }
    }
    expect(faults).toEqual([]);
  });

  it('has nothing but types where both ends of a wire meet', () => {
    for (const name of WIRE_TYPES) {
      expect(text(name), name).not.toMatch(/^(?:export )?(?:const|let|function|class|import) /m);
    }
  });

  it('names no folder of one particular machine', () => {
    const ours = files.filter((name) => !name.startsWith('.ci/'));
    const tied = ours.filter((name) => MACHINE_PATH.test(text(name)));
    expect(tied, 'these hold a path of one machine').toEqual([]);
  });

  it('locks versions and hashes, not the address of a registry', () => {
    expect(text('package-lock.json')).not.toMatch(/"resolved": "[a-z+]+:\/\//);
  });

  it('lists every command in the README, as the table has it', () => {
    const { actual, expected } = readmeCommands();
    expect(actual, 'node test/support/readme-commands.ts').toBe(expected);
  });
});
