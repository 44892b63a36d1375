/** The program's subcommands, which look at a running server: `flagstone stats`, `doctor`, `top`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError, Option } from 'commander';
import { FAULT } from '../base/errors.ts';
import { ADMIN_PORT_USUAL, type AdminAddress, adminAddress, adminPage } from './admin-client.ts';
import { doctorReport, type Patient, patientExamine } from './doctor.ts';
import { Metrics, MetricsSpan } from './metrics.ts';
import { statsReport } from './stats-report.ts';
import type { TopWords } from './top/top-command.ts';

/** What a subcommand prints, and the exit code. */
export type Outcome = { readonly text: string; readonly code: number };

type Environment = Readonly<Record<string, string | undefined>>;
type Words = {
  readonly admin: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly seconds: number;
};

const SECONDS_MAX = 60;
const NAMES = ['stats', 'doctor', 'top'];

/** Whether the first word of a command line is a subcommand. */
export function isSubcommand(argv: readonly string[]): boolean {
  return NAMES.includes(argv[0]);
}

/** Runs the subcommand. Errors: FlagstoneError. */
export async function subcommandRun(argv: readonly string[], env: Environment): Promise<Outcome> {
  let outcome: Outcome = { text: '', code: 0 };
  let printed = '';
  const program = new Command('flagstone').exitOverride().configureOutput({
    writeOut: (text) => (printed += text),
    writeErr: () => undefined,
  });
  const add = (
    name: string,
    doc: string,
    run: (address: AdminAddress, words: Words) => Promise<Outcome>,
  ): void => {
    const command = program.command(name).description(doc);
    for (const option of [...addressOptions(env), secondsOption()]) command.addOption(option);
    command.action(async (words: Words) => {
      outcome = await run(adminAddress(words, env), words);
    });
  };
  add('stats', 'Print the numbers of a running server.', statsRun);
  add(
    'doctor',
    'Say what is wrong with a running server, or wasteful, and by what that shows.',
    doctorRun,
  );
  if (argv[0] === 'top') await topAdd(program, env);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text: printed, code: 0 };
    throw FAULT.commandLine(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
  return outcome;
}

/** Loaded for this alone: a server has no use for it. */
async function topAdd(program: Command, env: Environment): Promise<void> {
  const { topOptions, topRun } = await import('./top/top-command.ts');
  const top = program.command('top').description('Watch a running server, live.');
  for (const option of [...addressOptions(env), ...topOptions()]) top.addOption(option);
  top.action(async (words: Words & TopWords) => topRun(adminAddress(words, env), words, env));
}

function addressOptions(env: Environment): readonly Option[] {
  const port = env['FLAGSTONE_ADMIN_PORT'];
  const usual = port === undefined || port === '' ? `${ADMIN_PORT_USUAL}` : port;
  return [
    new Option('--admin <address>', 'its admin port: PORT, HOST:PORT, or a URL').default(usual),
    new Option(
      '--token-file <path>',
      'a file with the token; FLAGSTONE_ADMIN_TOKEN may hold the token itself',
    ),
    new Option('--ca <path>', 'the authority that vouches for the server, for https'),
  ];
}

function secondsOption(): Option {
  return new Option('--seconds <num>', 'how long to look at what goes on')
    .default(1)
    .argParser(secondsParse);
}

function secondsParse(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= SECONDS_MAX) return seconds;
  throw FAULT.optionValue(`--seconds ${text}`, `must be above 0 and at most ${SECONDS_MAX}`);
}

async function statsRun(address: AdminAddress, { seconds }: Words): Promise<Outcome> {
  return { text: statsReport(await spanLook(address, seconds)), code: 0 };
}

async function doctorRun(address: AdminAddress, { seconds }: Words): Promise<Outcome> {
  const span = await spanLook(address, seconds);
  const ready = await adminPage(address, '/readyz', { isHealth: true });
  // The page is made for this: admin-start.ts.
  const config = JSON.parse(await adminPage(address, '/configinfo')) as Patient['config'];
  const findings = patientExamine({ span, ready, config });
  const isBad = findings.some(({ level }) => level === 'BAD');
  return { text: doctorReport(findings), code: isBad ? 1 : 0 };
}

async function spanLook(address: AdminAddress, seconds: number): Promise<MetricsSpan> {
  const look = async (): Promise<Metrics> =>
    new Metrics(await adminPage(address, '/metrics'), performance.now());
  const before = await look();
  await sleep(seconds * 1000);
  return new MetricsSpan(before, await look());
}
