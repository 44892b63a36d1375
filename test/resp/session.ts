/**
 * Scripted sessions: what a client asks, and what it must get, on ours and on the real redis-server.
 *
 *   session('a key expires', [['set a 1', '+OK'], ['pexpire a 0', ':1'], ['get a', 'nil']])
 *
 * Requests are words; one that has a space is an argument of its own in an array. Replies are as `shown` has
 * them: `+OK`, `-ERR …`, `:1`, `"text"`, `nil`, `[…]`. A reply that is a regular expression only has to match.
 */
import {
  type RespClient,
  RespError,
  type RespReply,
  RespSimple,
  RespTyped,
} from '../support/resp-client.ts';

export type Words = string | readonly string[];
export type Step = readonly [request: Words, reply: string | RegExp];

export type Session = {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The real server's version from which on it answers so. */
  readonly since?: string;
};

export function session(
  name: string,
  steps: readonly Step[],
  terms: Pick<Session, 'since'> = {},
): Session {
  return { name, steps, ...terms };
}

/** A reply as text. */
export function shown(reply: RespReply): string {
  if (reply instanceof RespError) return `-${reply.error}`;
  if (reply instanceof RespSimple) return `+${reply.simple}`;
  if (reply instanceof RespTyped) return `${reply.type}(${shown(reply.value)})`;
  if (Array.isArray(reply)) return `[${reply.map(shown).join(', ')}]`;
  if (typeof reply === 'string') return JSON.stringify(reply);
  if (reply === null) return 'nil';
  return typeof reply === 'boolean' ? String(reply) : `:${reply}`;
}

/** Runs the session; the first step whose reply is another than it must be, or null. */
export async function sessionRun(client: RespClient, { steps }: Session): Promise<string | null> {
  await client.call('flushall');
  await client.call('select', '0');
  for (const [at, [request, expected]] of steps.entries()) {
    const words = typeof request === 'string' ? request.split(' ') : request;
    const reply = shown(await client.call(...words));
    const isRight = typeof expected === 'string' ? reply === expected : expected.test(reply);
    if (!isRight) return `step ${at + 1}, ${words.join(' ')}: ${reply} and not ${expected}`;
  }
  return null;
}
