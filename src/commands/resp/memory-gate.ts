/**
 * Full memory, before a command is run or queued: while maxmemory is lower than what pages alone keep to, every
 * command evicts what is too much, as far as that may go, and those that may need memory (DENY_OOM) are refused
 * where it may not.
 *
 * Cf. valkey-io/valkey src/server.c, processCommand.
 */
import { keyspaceRoomMake } from '../../engine/memory-limit.ts';
import { CONTROL } from '../../memory/control.ts';
import type { RespCall } from './call.ts';
import type { Command } from './command.ts';
import { runFlags } from './request-flags.ts';
import { FLAG } from './row.ts';
import { GATE } from './session.ts';

/** Reads whether the limit is one that has to be looked after. */
export function memoryGateRead(call: RespCall): void {
  if (call.keyspace.control.i32[CONTROL.memoryIsTight] !== 0) call.gate |= GATE.MEMORY_TIGHT;
  else call.gate &= ~GATE.MEMORY_TIGHT;
}

/** Whether the command may go on. EXEC needs what its queued commands need. */
export function memoryAdmits(call: RespCall, command: Command): boolean {
  const needs = (runFlags(call, command) & FLAG.DENY_OOM) !== 0;
  const { keyspace, op } = call;
  if (!needs && !keyspace.partitions[0].evicts) return true;
  return keyspaceRoomMake(keyspace, op.nowMs) || !needs;
}
