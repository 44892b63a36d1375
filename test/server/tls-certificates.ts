/**
 * Certificates for tests, made by the openssl command in a folder of their own: an authority, two
 * servers' and a client's certificates signed by it, and a client's that it did not sign.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';

export const OPENSSL_IS_THERE = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
export const OPENSSL_REASON = OPENSSL_IS_THERE ? '' : ' (skipped: no openssl command here)';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Certificates {
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'flagstone-tls-'));
    this.#authority('authority');
    this.#authority('stranger');
    this.#signed('server', 'authority');
    this.#signed('server-new', 'authority');
    this.#signed('client', 'authority');
    this.#signed('client-strange', 'stranger');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'latin1');
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  /** A copy of a certificate and its key, which a test may overwrite. */
  copy(from: string, to: string): void {
    for (const extension of ['crt', 'key']) {
      this.write(`${to}.${extension}`, this.text(`${from}.${extension}`));
    }
  }

  /** -Z and what it needs. */
  flags(name = 'server', more: readonly string[] = []): string[] {
    const options = [
      `ssl_chain_cert=${this.path(`${name}.crt`)}`,
      `ssl_key=${this.path(`${name}.key`)}`,
    ];
    return ['-Z', '-o', [...options, ...more].join(',')];
  }

  /** What a client needs to trust the servers, and to be known by a certificate. */
  client(name: string | null = null): ConnectionOptions {
    const trust = { ca: this.text('authority.crt'), servername: 'localhost' };
    if (name === null) return trust;
    return { ...trust, cert: this.text(`${name}.crt`), key: this.text(`${name}.key`) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #authority(name: string): void {
    const out = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
    this.#openssl(['req', '-x509', '-days', '2', '-subj', `/CN=${name}`, ...KEY, ...out]);
  }

  #signed(name: string, by: string): void {
    this.write(`${name}.ext`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`];
    this.#openssl(['req', '-subj', `/CN=${name}`, ...KEY, ...request]);
    const signer = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', '2'];
    const out = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.crt`];
    this.#openssl(['x509', '-req', ...signer, ...out]);
  }

  #openssl(args: readonly string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: this.folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  }
}
