/** FLAG bits of a request, which mostly are its command's: those of a script are what it says of itself. */
import type { Arguments } from '../../protocol/resp/arguments.ts';
import type { RespCall } from './call.ts';
import type { Command } from './command.ts';

export function requestFlags(call: RespCall, { flags, row }: Command, args: Arguments): number {
  return row.requestFlags === undefined ? flags : row.requestFlags(call, args, flags);
}

/** Those of the request in hand; EXEC has those of all that it runs. */
export function runFlags(call: RespCall, command: Command): number {
  const { session, args } = call;
  let flags = requestFlags(call, command, args);
  if (command.row.name !== 'exec') return flags;
  for (const next of session.queue) flags |= requestFlags(call, next.command, next.args);
  return flags;
}
