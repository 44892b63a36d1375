/** What tests of blocked clients share. */
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { eventually } from '../support/text-client.ts';

/** Resolves when so many clients wait for a key, on all threads together. */
export async function blockedUntil(asker: RespClient, count: number): Promise<void> {
  await eventually(
    `${count} blocked clients`,
    async () => [...`${await asker.call('client', 'list')}`.matchAll(/ flags=\w*b/g)].length,
    (found) => found === count,
  );
}

/** Sends commands, words apart by blanks, one after the other. Their replies. */
export async function wordsCall(
  client: RespClient,
  ...commands: readonly string[]
): Promise<RespReply[]> {
  const replies: RespReply[] = [];
  for (const command of commands) replies.push(await client.call(...command.split(' ')));
  return replies;
}
