/** What the words of `flagstone bench` and the environment come to. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, CommanderError } from 'commander';
import { errorReason, FAULT } from '../../base/errors.ts';
import { wordsSplit } from '../../base/word-split.ts';
import type { KeyDraw } from '../../load/key-draw.ts';
import type {
  LoadAddress,
  LoadKind,
  LoadLogin,
  LoadPlan,
  LoadTls,
  Protocol,
} from '../../load/plan.ts';
import type { ValueSizes } from '../../load/value-sizes.ts';
import { benchOptionsAdd, PASSWORD_VARIABLE } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface BenchSettings {
  readonly plan: LoadPlan;
  readonly threadCount: number;
  readonly warmupMs: number;
  readonly fills: boolean;
  /** `-`: standard output. */
  readonly jsonPath: string | null;
  readonly hgrmPath: string | null;
  readonly isQuiet: boolean;
  readonly isAscii: boolean;
}

/** As commander hands them over. */
interface Words {
  readonly protocol: Protocol;
  readonly tls?: boolean;
  readonly ca?: string;
  readonly insecure?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly clients: number;
  readonly threads: number | 'auto';
  readonly pipeline: number;
  readonly rate: number;
  readonly seconds?: number;
  readonly requests?: number;
  readonly warmup: number;
  readonly timeout: number;
  readonly seed: number;
  readonly ratio: readonly number[];
  readonly command?: readonly string[];
  readonly commandRatio?: readonly number[];
  readonly fill?: boolean;
  readonly verify?: boolean;
  readonly keys: number;
  readonly keyDistribution: KeyDraw;
  readonly keyPrefix: string;
  readonly valueBytes: ValueSizes;
  readonly expire: number;
  readonly json?: string;
  readonly hgrm?: string;
  readonly quiet?: boolean;
  readonly ascii?: boolean;
}

const SECONDS_USUAL = 10;
const PORTS_USUAL: Readonly<Record<Protocol, number>> = {
  text: 11211,
  meta: 11211,
  binary: 11211,
  resp: 6379,
};
/** Of `-t auto`. */
const THREADS_MAX = 4;

const ABOUT = `Puts a server under load, and measures how fast it answers.

The server is HOST, HOST:PORT, PORT, or the path of a unix socket; 127.0.0.1 with the protocol's usual port
unless it is given.`;

const EXAMPLES = `
Examples:
  flagstone bench                                     memcached on this machine, for ten seconds
  flagstone bench cache:11211 -P meta --verify        every value checked
  flagstone bench -P resp --pipeline 16 -c 200 -t 2   many connections, each with 16 requests under way
  flagstone bench --rate 20000 --key-distribution zipf:0.9 -d 32:70,1k:25,8k:5
  flagstone bench -P resp --command 'LPUSH list:__key__ __value__' --command 'LPOP list:__key__'

Where there are gets, every key is stored first: 100,000 keys of 100 bytes, unless told otherwise. Values
in the server under the same names are lost; --no-fill leaves what is there, and sends --ratio's sets only.

Ends with 0; with 1 if there was an error among the replies or a connection was lost; with 64 for options
that make no sense, 69 if the server cannot be talked to or goes away, 77 if it does not let us in, and 130
after Ctrl-C, which ends the load and still reports.
`;

/** The settings, or the help where that is asked for. Errors: FlagstoneError. */
export function benchSettings(argv: readonly string[], env: Environment): BenchSettings | string {
  let printed = '';
  let address: string | undefined;
  const command = new Command('flagstone bench')
    .description(ABOUT)
    .argument('[server]')
    .exitOverride()
    .configureOutput({ writeOut: (text) => (printed += text), writeErr: () => undefined })
    .configureHelp({ helpWidth: 110 })
    .helpOption('-h, --help', 'this')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action((server: string | undefined) => {
      address = server;
    });
  benchOptionsAdd(command);
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return printed;
    const problem = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    throw FAULT.subcommandLine(problem, 'bench');
  }
  return settingsMake(command.opts<Words>(), address, env);
}

function settingsMake(words: Words, address: string | undefined, env: Environment): BenchSettings {
  const { protocol, clients, threads } = words;
  const kinds = kindsMake(words);
  const plan: LoadPlan = {
    target: {
      protocol,
      address: addressParse(address ?? '127.0.0.1', PORTS_USUAL[protocol]),
      tls: tlsMake(words),
      login: loginMake(words, env),
    },
    kinds,
    connectionCount: clients,
    pipelineDepth: words.pipeline,
    keyCount: words.keys,
    keyPrefix: words.keyPrefix,
    keyDraw: words.keyDistribution,
    valueSizes: words.valueBytes,
    expireSec: words.expire,
    verifies: words.verify ?? false,
    seed: words.seed,
    durationMs: durationMs(words),
    requestCount: words.requests ?? Number.POSITIVE_INFINITY,
    ratePerSec: words.rate,
    silenceMsMax: words.timeout * 1000,
  };
  const auto = Math.min(THREADS_MAX, Math.max(1, Math.floor(availableParallelism() / 2)));
  return {
    plan,
    threadCount: Math.min(clients, threads === 'auto' ? auto : threads),
    warmupMs: words.warmup * 1000,
    fills: fillsOf(words, kinds),
    jsonPath: words.json ?? null,
    hgrmPath: words.hgrm ?? null,
    isQuiet: words.quiet ?? false,
    isAscii: words.ascii ?? !localeIsUtf8(env),
  };
}

function durationMs({ seconds, requests }: Words): number {
  if (seconds !== undefined) return seconds * 1000;
  return requests === undefined ? SECONDS_USUAL * 1000 : Number.POSITIVE_INFINITY;
}

function fillsOf({ fill }: Words, kinds: readonly LoadKind[]): boolean {
  return fill ?? kinds.some(({ verb }) => verb === 'get');
}

function kindsMake(words: Words): readonly LoadKind[] {
  const { command, commandRatio, protocol, ratio } = words;
  if (command !== undefined) return commandKinds(command, commandRatio, protocol);
  if (commandRatio !== undefined) throw FAULT.optionValue('--command-ratio', 'needs --command');
  const kinds = [
    { name: 'set', verb: 'set', weight: ratio[0], words: null },
    { name: 'get', verb: 'get', weight: ratio[1], words: null },
  ] as const;
  return kinds.filter(({ weight }) => weight > 0);
}

function commandKinds(
  commands: readonly string[],
  ratio: readonly number[] | undefined,
  protocol: Protocol,
): readonly LoadKind[] {
  if (protocol !== 'resp') throw FAULT.optionValue('--command', 'is for --protocol resp');
  if (ratio !== undefined && ratio.length !== commands.length) {
    const problem = `there are ${commands.length} commands for ${ratio.length} numbers`;
    throw FAULT.optionValue(`--command-ratio ${ratio.join(':')}`, problem);
  }
  const names = new Map<string, number>();
  const kinds = commands.map((line, at): LoadKind => {
    const words = wordsSplit(line);
    if (words === null || words.length === 0) {
      throw FAULT.optionValue(`--command ${line}`, 'its quotes are not balanced, or it is empty');
    }
    const name = words[0].toLowerCase();
    const seen = (names.get(name) ?? 0) + 1;
    names.set(name, seen);
    const unique = seen === 1 ? name : `${name}#${seen}`;
    return { name: unique, verb: 'other', weight: ratio?.[at] ?? 1, words };
  });
  return kinds.filter(({ weight }) => weight > 0);
}

/** Errors: OPTION_VALUE. */
export function addressParse(text: string, portUsual: number): LoadAddress {
  const path = text.replace(/^unix:(?:\/\/)?/, '');
  if (path !== text || /^[./]/.test(text)) return { path };
  if (/^\d+$/.test(text)) return { host: '127.0.0.1', port: portParse(text, text) };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? (text.split(':').length > 2 ? text : undefined);
  if (host === undefined || host === '') {
    throw FAULT.optionValue(text, 'is no address: HOST, HOST:PORT, PORT or /PATH');
  }
  return { host, port: port === undefined ? portUsual : portParse(port, text) };
}

function portParse(digits: string, label: string): number {
  const port = Number(digits);
  if (port >= 1 && port <= 65_535) return port;
  throw FAULT.optionValue(label, 'a port is a number from 1 to 65535');
}

function tlsMake({ tls, ca, insecure, cert, key }: Words): LoadTls | null {
  const others = { '--ca': ca, '--insecure': insecure, '--cert': cert, '--key': key };
  if (tls !== true) {
    for (const [name, given] of Object.entries(others)) {
      if (given !== undefined) throw FAULT.optionValue(name, 'needs --tls');
    }
    return null;
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw FAULT.optionValue('--cert and --key', 'go together');
  }
  const read = (path: string | undefined): string | null =>
    path === undefined ? null : fileRead(path);
  return { ca: read(ca), cert: read(cert), key: read(key), trustsAny: insecure ?? false };
}

/** A password is never a word of the command line, which everybody on the machine can read. */
function loginMake({ user, passwordFile, protocol }: Words, env: Environment): LoadLogin | null {
  const variable = env[PASSWORD_VARIABLE];
  const password =
    passwordFile === undefined ? variable : fileRead(passwordFile).split(/\r?\n/, 1)[0];
  if (password === undefined || password === '') {
    if (user === undefined) return null;
    const problem = `needs a password: --password-file, or ${PASSWORD_VARIABLE}`;
    throw FAULT.optionValue(`--user ${user}`, problem);
  }
  if (user === undefined && protocol !== 'resp') {
    throw FAULT.optionValue('a password', 'needs --user, except for RESP');
  }
  return { user: user ?? null, password };
}

function fileRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw FAULT.fileUnreadable(path, errorReason(error));
  }
}

function localeIsUtf8(env: Environment): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale);
}
