import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlagstoneError } from '../../src/base/errors.ts';
import { confIdle, confLoad } from '../../src/config/conf-load.ts';
import { confArguments } from '../../src/config/conf-options.ts';
import { directiveFind } from '../../src/config/directive-table.ts';
import { RespConfig } from '../../src/config/resp-config.ts';

const context = {
  version: '1.2.3',
  directoryEnter: (path: string) => (path === '.' ? null : 'no such file or directory'),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-conf-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content, 'latin1');
  return join(folder, name);
}

function load(path: string | null, options = '', input = ''): RespConfig {
  const config = new RespConfig();
  confLoad(config, { path, input, options }, context);
  return config;
}

function shown(config: RespConfig, name: string): string {
  const row = directiveFind(name)?.row;
  return row === undefined ? 'no such directive' : config.text(row);
}

function fault(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FlagstoneError) return error.message;
    throw error;
  }
  return 'it can be read';
}

const fatal = (line: number, text: string, problem: string): string =>
  `\n*** FATAL CONFIG FILE ERROR (Version 1.2.3) ***\nReading the configuration file, at line ${line}\n` +
  `>>> '${text}'\n${problem}`;

describe('a config file', () => {
  it('has comments, empty lines, and directives of which the later wins', () => {
    const path = file('a.conf', '# x\r\n\n  PORT 1\n\tport "2"\t\nslave-priority 7\nlogfile \'\'');
    const config = load(path);
    expect(config.path).toBe(path);
    expect(config.settings.port).toBe(2);
    expect(config.settings.replicaPriority).toBe(7);
    expect(config.settings.logfile).toBe('');
  });

  it('keeps the bytes of passwords', () => {
    const path = file('a.conf', 'requirepass "\\x00\xff "\nmasterauth \xe9\n');
    expect(load(path).settings.requirepass).toBe('\0\xff ');
    expect(load(path).settings.masterauth).toBe('\xe9');
  });

  it('adds up save, from nothing', () => {
    expect(shown(load(file('a.conf', 'port 1\n')), 'save')).toBe('3600 1 300 100 60 10000');
    expect(shown(load(file('a.conf', 'save 100 100\n')), 'save')).toBe('100 100');
    expect(shown(load(file('a.conf', 'save 900 1\n'), 'save "100" "100"'), 'save')).toBe(
      '900 1 100 100',
    );
    expect(shown(load(file('a.conf', 'save 900 1\nsave ""\n')), 'save')).toBe('');
  });

  it('takes several words also as one', () => {
    const text = 'shutdown-on-sigterm "nosave force"\nbind "127.0.0.1 ::1"\n';
    const config = load(file('a.conf', text));
    expect(config.settings.shutdownOnSigterm).toEqual(['nosave', 'force']);
    expect(config.settings.bind).toEqual(['127.0.0.1', '::1']);
  });

  it('includes others, in the order of their names', () => {
    file('b1.conf', 'port 1\n');
    file('b2.conf', 'port 2\ntimeout 2');
    const text = `timeout 1\ninclude ${folder}/b*.conf\ninclude ${folder}/none*.conf\ntcp-backlog 3`;
    const config = load(file('a.conf', text));
    expect([config.settings.port, config.settings.timeout]).toEqual([2, 2]);
    expect(config.settings.tcpBacklog).toBe(3);
  });

  it('renames commands', () => {
    const text = 'rename-command FLUSHDB badger\nrename-command flushall ""\n';
    expect(load(file('a.conf', text)).renames).toEqual([
      { from: 'flushdb', to: 'badger', place: expect.stringContaining('at line 1\n') },
      {
        from: 'flushall',
        to: '',
        place: expect.stringMatching(/>>> 'rename-command flushall ""'\n$/),
      },
    ]);
  });

  it('skips what Redis did away with', () => {
    expect(load(file('a.conf', 'lua-replicate-commands yes\n')).settings.port).toBe(6379);
  });

  it.each<[text: string, problem: string]>([
    ['port "1', 'Unbalanced quotes in configuration line'],
    ['port', 'wrong number of arguments'],
    ['port 1 2', 'wrong number of arguments'],
    ['port 70000', 'argument must be between 0 and 65535 inclusive'],
    ['invalid', 'Bad directive or wrong number of arguments'],
    ['include', 'Bad directive or wrong number of arguments'],
    ['replicaof 127.0.0.1 abc', 'Invalid primary port'],
    ['sentinel myid 1', 'sentinel directive while not in sentinel mode'],
    ['loadmodule a.so', 'modules cannot be loaded'],
    ['a.b', 'Module config specified without value'],
    ['databases 17', 'argument must be between 1 and 16 inclusive'],
  ])('with %j is refused', (text, problem) => {
    const path = file('a.conf', `# first\n ${text} \n`);
    expect(fault(() => load(path))).toBe(fatal(2, text, problem));
  });

  it('is refused where it asks for what nobody may miss without knowing', () => {
    for (const text of ['replicaof 127.0.0.1 1', 'cluster-enabled yes']) {
      expect(fault(() => load(file('a.conf', text)))).toMatch(/FATAL CONFIG FILE ERROR/);
    }
    expect(fault(() => load(file('a.conf', 'replicaof no one')))).toBe('it can be read');
  });

  it('has to be there', () => {
    const problem = "Fatal error, can't open config file '/nowhere/x': no such file or directory";
    expect(fault(() => load('/nowhere/x'))).toBe(problem);
    expect(fault(() => load(file('a.conf', 'include /nowhere/x')))).toBe(problem);
    const self = join(folder, 'self.conf');
    expect(fault(() => load(file('self.conf', `include ${self}`)))).toMatch('too many levels');
  });

  it('tells what it changes in vain', () => {
    const names = confIdle(load(file('a.conf', 'appendonly yes\nsave ""\nhz 10\nport 1\n')));
    expect(names.map(({ name }) => name)).toEqual(['save', 'appendonly']);
  });
});

describe('the command line', () => {
  it.each<[words: readonly string[], lines: string]>([
    [['a.conf', '--port', '7000'], 'port "7000" '],
    [['a.conf', '--port', '6379', '6380'], 'port "6379" "6380" '],
    [['a.conf', '--port', '--loglevel', 'verbose'], 'port "--loglevel" "verbose" '],
    [['a.conf', '--port', '--bla', '--loglevel', 'debug'], 'port "--bla" \nloglevel "debug" '],
    [['a.conf', '--maxmemory 700mb', "--hz '10'"], "maxmemory 700mb \nhz '10' "],
    [['a.conf', 'loglevel', 'verbose', '--hz', '1'], '"loglevel" "verbose" \nhz "1" '],
    [['a.conf', '--save', '--hz', '1'], 'save ""\nhz "1" '],
    [['a.conf', '--hz', '1', '--save'], 'hz "1" \nsave ""'],
    [['a.conf', '--save', '', '--hz', '1'], 'save "" \nhz "1" '],
    [['a.conf', '--title', '--save', '--save', ''], 'title "--save" \nsave "" '],
    [['a.conf', '--port'], 'port '],
  ])('%j', (words, lines) => {
    expect(confArguments(words)).toEqual({ path: 'a.conf', readsInput: false, lines });
  });

  it('may do without a file, or ask for standard input', () => {
    expect(confArguments([])).toEqual({ path: null, readsInput: false, lines: '' });
    expect(confArguments(['--port', '1']).path).toBeNull();
    expect(confArguments(['-', '--port', '1']).readsInput).toBe(true);
    expect(confArguments(['a.conf', '--port', '1', '-'])).toMatchObject({ readsInput: true });
  });

  it('counts as lines after those of the file', () => {
    const path = file('a.conf', 'port 1\ntimeout 1');
    const { lines } = confArguments([path, '--port', '2']);
    expect(load(path, lines).settings.port).toBe(2);
    const more = load(path, lines, '\ntimeout 9\nport 3');
    expect([more.settings.port, more.settings.timeout]).toEqual([2, 9]);
    const bad = confArguments([path, '--port', '6379', '6380']);
    expect(fault(() => load(path, bad.lines))).toBe(
      fatal(3, 'port "6379" "6380"', 'wrong number of arguments'),
    );
  });
});
