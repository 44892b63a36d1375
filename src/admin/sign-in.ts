/**
 * Signing in: a person types the token into a plain form, and has a session from then on. Programs send the token
 * with each request instead.
 *
 *   GET /  without a session ──▶ 401 and the form ──POST /session──▶ 303 to / with a cookie
 *                                        ▲              │ not the token: 401, after a while
 *                                        └──────────────┘
 */
import type { IncomingMessage } from 'node:http';
import { type AdminPage, addressOf, READ } from './admin-page.ts';
import type { ConsoleFiles } from './console-files.ts';
import type { Gate } from './gate.ts';
import {
  type AdminReply,
  BODY_BYTES_MAX,
  bodyRead,
  htmlReply,
  replyError,
  replyJson,
} from './http-server.ts';
import { Sessions, sessionCookie, sessionSent } from './sessions.ts';
import type { TokenLimit } from './token-limit.ts';

const FORM_PATTERN = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const POST: readonly string[] = ['POST'];

export type SignInContext = {
  readonly gate: () => Gate;
  readonly limit: TokenLimit;
  readonly files: ConsoleFiles;
  /** The port speaks TLS. */
  readonly isSecure: boolean;
};

export class SignIn {
  readonly sessions = new Sessions();
  readonly rows: readonly AdminPage[];
  private readonly context: SignInContext;

  constructor(context: SignInContext) {
    this.context = context;
    // biome-ignore format: a table reads in columns
    this.rows = [
      { path: '/session',     methods: [...READ, ...POST], access: 'sameSite', doc: 'Whether you have signed in, as JSON; POST signs in.', run: (request) => this.session(request) },
      { path: '/session/end', methods: POST,               access: 'sameSite', doc: 'Signs out.',                                          run: (request) => this.end(request) },
    ];
  }

  /** Whether the request comes with a session. */
  holds(request: IncomingMessage): boolean {
    const name = sessionSent(request);
    return name !== '' && this.sessions.use(name);
  }

  /** The form. `problem`: why it is shown again. */
  page(status: number, problem: string): AdminReply {
    const { html, policy } = this.context.files.signInPage(problem);
    return htmlReply(status, html, policy);
  }

  private session(request: IncomingMessage): Promise<AdminReply> | AdminReply {
    if (request.method === 'POST') return this.begin(request);
    return replyJson({ isSignedIn: this.holds(request) });
  }

  private async begin(request: IncomingMessage): Promise<AdminReply> {
    const { gate, limit, isSecure } = this.context;
    if (!FORM_PATTERN.test(request.headers['content-type'] ?? ''))
      return replyError(415, 'send the token as a form does');
    const body = await bodyRead(request);
    if (body === null) return replyError(413, `a body has at most ${BODY_BYTES_MAX} bytes`);
    if (!gate().needsToken) return homeReply({});
    const isRight = gate().tokenIs(new URLSearchParams(body).get('token') ?? '');
    const judged = await limit.judge(addressOf(request), isRight);
    if (judged === 'refused') return this.page(429, 'Too many attempts. Wait a moment.');
    if (judged === 'wrong') return this.page(401, 'This is not the token.');
    return homeReply({
      'Set-Cookie': sessionCookie(this.sessions.begin(), request.headers.host, isSecure),
    });
  }

  private end(request: IncomingMessage): AdminReply {
    this.sessions.end(sessionSent(request));
    return homeReply({
      'Set-Cookie': sessionCookie('', request.headers.host, this.context.isSecure),
    });
  }
}

/** On to the console. */
function homeReply(headers: Readonly<Record<string, string>>): AdminReply {
  return replyError(303, 'go on at /', { Location: '/', ...headers });
}
