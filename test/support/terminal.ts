/** Programs that want a terminal, in one that `script` (of util-linux) makes. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { eventually } from './text-client.ts';

const CONTROL = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');
const SIZE = 'stty cols 160 rows 50';

export function terminalIsThere(): boolean {
  return spawnSync('script', ['--version']).status === 0;
}

export class Terminal {
  private readonly child: ChildProcessWithoutNullStreams;
  private output = '';
  /** How much of what is plain was asked for. */
  private seen = 0;

  constructor(command: string, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn('script', ['-qefc', `${SIZE}; ${command}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', ...env },
    });
    this.child.stdout.on('data', (bytes: Buffer) => (this.output += bytes.toString('latin1')));
    this.child.stdin.on('error', () => undefined); // it may end before all is typed
  }

  /** All that it was sent, with colours and movements of the cursor. */
  get sent(): string {
    return this.output;
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  /** Waits for this to be shown; what comes next is looked for behind it. Returns what came up to it. */
  async shown(expected: RegExp): Promise<string> {
    const found = (text: string): boolean => expected.test(text);
    const text = await eventually(`${expected}`, () => this.plain().slice(this.seen), found);
    const match = expected.exec(text);
    const upTo = text.slice(0, (match?.index ?? 0) + (match?.[0].length ?? 0));
    this.seen += upTo.length;
    return upTo;
  }

  end(): void {
    this.child.stdin.end();
    this.child.kill();
  }

  /** Without colours and movements of the cursor. */
  private plain(): string {
    return this.output.replaceAll(CONTROL, '').replaceAll('\r', '');
  }
}
