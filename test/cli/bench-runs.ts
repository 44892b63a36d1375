/** `flagstone bench` as one runs it, and servers that do what a load must survive. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type CommandEnd, commandRun } from '../support/command-run.ts';

const MAIN_TS = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Small enough for a test: two thousand requests, no warm-up, few keys. */
export const SMALL = ['-n', '2000', '--warmup', '0', '--keys', '500', '-c', '8'];

/** Runs the command to its end. */
export function benchRun(
  words: readonly (string | number)[],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandEnd> {
  const args = [MAIN_TS, 'bench', ...words.map(String)];
  return commandRun(process.execPath, args, { env: { LC_ALL: 'C.UTF-8', ...env } });
}

/** Starts the command; `says` waits until standard error holds a text. */
export class RunningBench {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  out = '';
  err = '';
  private wake: () => void = () => undefined;

  constructor(words: readonly (string | number)[]) {
    this.child = spawn(process.execPath, [MAIN_TS, 'bench', ...words.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk.toString();
      this.wake();
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      this.wake();
      return code as number | null; // as node:child_process has it
    });
  }

  async says(text: string): Promise<void> {
    while (!this.err.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`it has ended, saying: ${this.err}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/** What a report written by `--json` looks like, as far as tests look at it. */
export interface BenchRecord {
  readonly schema: string;
  readonly operationCount: number;
  readonly hitCount: number;
  readonly missCount: number;
  readonly errorCount: number;
  readonly wasInterrupted: boolean;
  readonly errors: { readonly problems: readonly { readonly text: string }[] };
  readonly settings: object;
  readonly latencyUs: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly histogramsUs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly series: readonly { readonly operationCount: number }[];
}

/** Runs the command for its record. */
export async function benchRecord(
  words: readonly (string | number)[],
  env: NodeJS.ProcessEnv = {},
): Promise<BenchRecord & { readonly code: number | null; readonly err: string }> {
  const { code, out, err } = await benchRun([...words, '--json', '-'], env);
  if (out === '') throw new Error(`no record, but: ${err}`);
  return { ...(JSON.parse(out) as BenchRecord), code, err };
}

/** A server that speaks as much of the text protocol as a greeting takes, and then does as it is told. */
export class FakeServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  port = 0;

  /** `serve` is told what has come besides the greeting. */
  constructor(serve: (socket: Socket, text: string) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        if (text === 'version\r\n') socket.write('VERSION 0.0.0\r\n');
        else serve(socket, text);
      });
    });
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port; // as it listens on a port
    return this;
  }

  end(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
