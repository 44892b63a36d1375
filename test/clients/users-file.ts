/**
 * Files with one user, for servers that let in by SASL (-S) or by a first set (-Y), and what clients need
 * to be that user.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userLineMake } from '../../src/auth/user-line.ts';
import type { SpawnOptions } from '../support/server.ts';

/** The place of a mechanism's record in a user's line. */
const RECORD_AT = { PLAIN: 1, 'SCRAM-SHA-256': 2 } as const;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export class UsersFile implements Credentials {
  readonly username: string = 'alice';
  readonly password: string = 'open-sesame';
  readonly spawnOptions: SpawnOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'flagstone-users-'));

  private constructor(isBinary: boolean) {
    const flags = isBinary ? ['-S', '--users-file'] : ['-Y'];
    this.spawnOptions = { flags: [...flags, this.#path()], isBinary };
  }

  /** For -S. One mechanism alone: clients take the strongest that is offered, each by its own ideas. */
  static async forSasl(mechanism: keyof typeof RECORD_AT): Promise<UsersFile> {
    const file = new UsersFile(true);
    const words = (await userLineMake(file.username, file.password)).split(' ');
    writeFileSync(file.#path(), `${words[0]} ${words[RECORD_AT[mechanism]]}\n`);
    return file;
  }

  /** For -Y. */
  static forText(): UsersFile {
    const file = new UsersFile(false);
    writeFileSync(file.#path(), `${file.username}:${file.password}\n`);
    return file;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(): string {
    return join(this.#folder, 'users');
  }
}

/**
 * Cyrus SASL keeps each mechanism in a plugin, and libmemcached can authenticate by those that are there.
 * Null when there is one for PLAIN, otherwise what is missing.
 */
export function saslMissing(): string | null {
  const libraries = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/opt/homebrew/lib'];
  const below = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`)
    : [];
  const folders = [...libraries, ...below].map((folder) => join(folder, 'sasl2'));
  const found = folders.some((folder) => existsSync(join(folder, 'libplain.so')));
  return found ? null : 'no plugin of Cyrus SASL for PLAIN (Debian: libsasl2-modules)';
}
