/**
 * Whether every data thread serves: a request to each of its ports, and an answer before a deadline.
 *
 * Threads share their ports and the kernel chooses among them, so connections are made until each thread has
 * answered one; which thread it was is told by the record that the connection has in the connection table. A
 * thread that hangs is one of which no answer came.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { CONNECTION, connectionRemote, connectionsWalk } from '../memory/connections.ts';
import type { Control } from '../memory/control.ts';
import type { ProbeTarget } from './admin-messages.ts';

export const PROBE_MS_MAX = 2000;
/** Connections for each thread that wants an answer: one that answers is missed in e^-24 of all probes. */
const TRIES_PER_THREAD = 24;
const STRANDS_PER_THREAD = 2;
const STRANDS_MAX = 16;

/** Binary VERSION: allowed before authentication. */
const BINARY_VERSION = Buffer.concat([Buffer.from([0x80, 0x0b])], 24);
const REQUEST: Readonly<Record<ProbeTarget['protocol'], string | Buffer>> = {
  auto: 'mn\r\n',
  ascii: 'mn\r\n',
  binary: BINARY_VERSION,
  resp: 'PING\r\n',
};
/** How a server begins that has no room for another client. */
const FULL_PATTERN = /^(?:ERROR Too many open connections|-ERR max number of clients)/;

export type ProbeOutcome = {
  readonly target: string;
  readonly isOk: boolean;
  readonly text: string;
};

/** Asks all threads of all targets. Never rejects; takes PROBE_MS_MAX at most. */
export function targetsProbe(
  control: Control,
  targets: readonly ProbeTarget[],
): Promise<readonly ProbeOutcome[]> {
  return Promise.all(targets.map((target) => new TargetProbe(control, target).run()));
}

type Answer = { readonly thread: number; readonly problem: string | null };

class TargetProbe {
  private readonly control: Control;
  private readonly target: ProbeTarget;
  private readonly silent: Set<number>;
  private readonly endsAtMs = performance.now() + PROBE_MS_MAX;
  private triesLeft: number;
  private problem = '';

  constructor(control: Control, target: ProbeTarget) {
    this.control = control;
    this.target = target;
    this.silent = new Set(target.threads);
    this.triesLeft = target.threads.length * TRIES_PER_THREAD;
  }

  async run(): Promise<ProbeOutcome> {
    const threadCount = this.target.threads.length;
    const strands = Math.min(STRANDS_MAX, threadCount * STRANDS_PER_THREAD);
    await Promise.all(Array.from({ length: strands }, () => this.strand()));
    const target = targetText(this.target);
    if (this.silent.size === 0) return { target, isOk: true, text: `${threadCount} answered` };
    const silent = [...this.silent].map((thread) => `data ${thread}`).join(', ');
    return { target, isOk: false, text: `no answer of ${silent}${this.problem}` };
  }

  private async strand(): Promise<void> {
    while (this.silent.size > 0 && this.triesLeft-- > 0 && performance.now() < this.endsAtMs) {
      const { thread, problem } = await this.ask();
      if (problem === null) this.silent.delete(thread);
      else this.problem = `: ${problem}`;
    }
  }

  /** One connection, one request. */
  private ask(): Promise<Answer> {
    return new Promise((resolve) => {
      const { tls, protocol, path } = this.target;
      const address: NetConnectOpts =
        path === null ? { host: hostOf(this.target), port: this.target.port } : { path };
      // Whose certificate it is does not matter here: nothing is sent that is secret.
      const socket = tls ? tlsConnect({ ...address, rejectUnauthorized: false }) : connect(address);
      let thread = -1;
      const settle = (problem: string | null): void => {
        clearTimeout(bound);
        socket.destroy();
        resolve({ thread, problem });
      };
      const leftMs = Math.max(1, this.endsAtMs - performance.now());
      const bound = setTimeout(() => settle(`not within ${PROBE_MS_MAX} ms`), leftMs);
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        if (tls) thread = this.threadOf(socket);
        socket.write(REQUEST[protocol]);
      });
      socket.once('data', (data: Buffer) => {
        if (FULL_PATTERN.test(data.toString('latin1')))
          return settle('there are too many connections');
        thread = this.threadOf(socket);
        settle(null);
      });
      // A thread that demands a certificate has shown by its refusal that it is there.
      socket.once('error', (error) => settle(thread >= 0 ? null : error.message));
      socket.once('close', () => settle(thread >= 0 ? null : 'the connection was closed'));
    });
  }

  /** Which thread has the connection; -1: none that is known. */
  private threadOf(socket: Socket): number {
    if (this.target.path !== null) return this.target.threads[0];
    const { localAddress = '', localPort } = socket;
    const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
    // A socket of both families sees the second for the first.
    const names = [`tcp:${host}:${localPort}`, `tcp:[::ffff:${localAddress}]:${localPort}`];
    let thread = -1;
    connectionsWalk(this.control, (record) => {
      if (!names.includes(connectionRemote(this.control, record))) return;
      thread = this.control.i32[record + CONNECTION.owner] - 1;
    });
    return thread;
  }
}

function hostOf({ host }: ProbeTarget): string {
  if (host === null || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function targetText({ protocol, path, host, port, tls }: ProbeTarget): string {
  const name = protocol === 'resp' ? 'resp' : 'memcached';
  return `${name} ${path ?? `${host ?? '*'}:${port}`}${tls ? ' tls' : ''}`;
}
