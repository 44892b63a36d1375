/** Asking the server, and having it do something. Every request has an end. */
import type { ConsoleOutcome } from '../console-state.ts';

const READ_MS_MAX = 8000;
/** An action may wait for a data thread, and then for the next. */
const CHANGE_MS_MAX = 20_000;

/** An answer that is none of 200. */
export class StatusError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.name = 'StatusError';
    this.status = status;
  }
}

/** Rejects with StatusError, or with what fetch rejects with where there is no answer. */
export async function read<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(READ_MS_MAX),
  });
  if (!response.ok) throw new StatusError(response.status, (await response.text()).trim());
  // The contract is console-state.ts's, and both ends are of one version.
  return (await response.json()) as Answer;
}

/** Never rejects but with a StatusError of 401: whatever else happens is an outcome, in words. */
export async function change(path: string, body: unknown): Promise<ConsoleOutcome> {
  return send('POST', path, 'application/json', JSON.stringify(body));
}

export async function logLevelPut(level: string): Promise<ConsoleOutcome> {
  return send('PUT', '/loglevel', 'text/plain', level);
}

async function send(
  method: string,
  path: string,
  type: string,
  body: string,
): Promise<ConsoleOutcome> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { 'Content-Type': type },
      body,
      signal: AbortSignal.timeout(CHANGE_MS_MAX),
    });
  } catch {
    return { isDone: false, text: 'The server did not answer. Whether it was done is not known.' };
  }
  if (response.status === 401) throw new StatusError(401, 'The session has ended.');
  const text = (await response.text()).trim();
  if (response.headers.get('Content-Type')?.startsWith('application/json')) {
    return JSON.parse(text) as ConsoleOutcome;
  }
  return { isDone: response.ok, text };
}
