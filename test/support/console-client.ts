/** Asking the admin port as the console does, for tests. */

import type { ConsoleOutcome, ConsoleState } from '../../src/admin/console-state.ts';
import { type AdminAnswer, type AdminAsking, adminAsk } from './admin-client.ts';

/** Between two questions for the state; a look is taken each second. */
const POLL_MS = 200;

/** A page that is JSON. */
export async function consoleAsk<Told>(
  port: number,
  path: string,
  asking: AdminAsking = {},
): Promise<Told> {
  const { status, body } = await adminAsk(port, path, asking);
  if (status !== 200) throw new Error(`${path} answers ${status}: ${body}`);
  return JSON.parse(body) as Told;
}

/** An action, as the console asks for it. */
export function consolePost(
  port: number,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<AdminAnswer> {
  return adminAsk(port, path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** … and what it came to. */
export async function consoleAct(
  port: number,
  path: string,
  body: unknown,
): Promise<ConsoleOutcome & { readonly status: number }> {
  const { status, body: text } = await consolePost(port, path, body);
  return { status, ...(JSON.parse(text) as ConsoleOutcome) };
}

/** All looks, one after the other, until one is as wanted. */
export async function looksUntil(
  port: number,
  isWanted: (state: ConsoleState) => boolean,
): Promise<readonly ConsoleState[]> {
  const looks: ConsoleState[] = [];
  for (;;) {
    const state = await consoleAsk<ConsoleState>(port, '/console/state');
    if (state.sequence !== looks.at(-1)?.sequence) looks.push(state);
    if (looks.length > 60) throw new Error(`no look is as wanted: ${JSON.stringify(state.series)}`);
    if (isWanted(state)) return looks;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
