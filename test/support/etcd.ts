/** The real etcd, one member, on ports that were free a moment ago and in a folder of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portFree } from './free-port.ts';
import { eventually } from './text-client.ts';

const START_MS_MAX = 20_000;
const START_COUNT_MAX = 3;

export function etcdIsInstalled(): boolean {
  return spawnSync('etcd', ['--version'], { stdio: 'ignore' }).status === 0;
}

export class Etcd {
  readonly url: string;
  private readonly peerUrl: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'flagstone-etcd-'));
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private log = '';

  private constructor(port: number, peerPort: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.peerUrl = `http://127.0.0.1:${peerPort}`;
  }

  /** Starts one; tries again on other ports when somebody took them in between. */
  static async spawn(): Promise<Etcd> {
    let failure: unknown;
    for (let attempt = 0; attempt < START_COUNT_MAX; attempt++) {
      const etcd = new Etcd(await portFree(), await portFree());
      try {
        await etcd.start();
        return etcd;
      } catch (error) {
        failure = error;
        await etcd.remove();
      }
    }
    throw failure;
  }

  /** Resolves when it answers. What it held before is still there, unless it was wiped. */
  async start(): Promise<void> {
    const client = ['--listen-client-urls', this.url, '--advertise-client-urls', this.url];
    const peer = [
      '--listen-peer-urls',
      this.peerUrl,
      '--initial-advertise-peer-urls',
      this.peerUrl,
    ];
    const cluster = ['--name', 'one', '--initial-cluster', `one=${this.peerUrl}`];
    const child = spawn(
      'etcd',
      ['--data-dir', join(this.folder, 'data'), ...client, ...peer, ...cluster],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let hasExited = false;
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString('utf8')));
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        hasExited = true;
        resolve();
      });
    });
    this.child = child;
    const answers = async (): Promise<boolean> => {
      if (hasExited) throw new Error(`etcd ended: ${this.log.slice(-2000)}`);
      return this.post('/v3/kv/range', { key: 'YQ==' }).then(
        () => true,
        () => false,
      );
    };
    await eventually('an answer of etcd', answers, (does) => does, START_MS_MAX);
  }

  async stop(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
    this.child = null;
  }

  /** Forgets everything; between stop and start. */
  wipe(): void {
    rmSync(join(this.folder, 'data'), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks the gateway; rejects on any answer but 200. */
  async post(path: string, request: object): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async put(key: string, value: string): Promise<void> {
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    await this.post('/v3/kv/put', { key: encode(key), value: encode(value) });
  }
}
