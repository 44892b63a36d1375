/** Who may do what before saying who they are: a data thread's part in authentication. */
import type { AuthTable } from '../../auth/auth-file.ts';
import { GuessLimit } from '../../auth/guess-limit.ts';
import { SaslServer } from '../../auth/sasl.ts';
import type { UserTable } from '../../auth/users.ts';

/** What the main thread has read of the files that name users; null where the option is not given. */
export type Credentials = {
  /** `--users-file`, for SASL. */
  readonly users: UserTable | null;
  /** `-Y`. */
  readonly authTable: AuthTable | null;
};

/** One per thread. */
export class Authentication {
  readonly limit = new GuessLimit();
  readonly sasl: SaslServer | null;
  authTable: AuthTable | null;

  constructor({ users, authTable }: Credentials) {
    this.sasl = users === null ? null : new SaslServer(users, this.limit);
    this.authTable = authTable;
  }

  /** Whether a client has to authenticate before anything else. */
  get isNeeded(): boolean {
    return this.sasl !== null || this.authTable !== null;
  }

  /** Takes the files as they are now. */
  credentialsSet({ users, authTable }: Credentials): void {
    if (users !== null) this.sasl?.usersSet(users);
    this.authTable = authTable;
  }
}
