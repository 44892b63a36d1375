/**
 * CONFIG SET: all that one command names is set, or none of it. The values are told to all threads before the
 * answer leaves. What concerns the process as a whole, listeners for instance, the main thread does
 * meanwhile; the client waits for it, and if it cannot be done everything goes back.
 */
import {
  type ConfigChange,
  configApplies,
  configApply,
  configPlan,
  configProblem,
} from '../../../config/config-change.ts';
import type { Apply } from '../../../config/directive.ts';
import type { Settings } from '../../../config/directive-table.ts';
import type { SettingText } from '../../../config/resp-config.ts';
import type { Keyspace } from '../../../engine/keyspace.ts';
import { keyspaceMaxMemorySet } from '../../../engine/memory-limit.ts';
import { EVICTION_POLICY_NAMES, keyspacePolicySet, policyOf } from '../../../engine/policy.ts';
import { CONTROL } from '../../../memory/control.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respOk } from '../../../protocol/resp/reply.ts';
import { requirepassApply } from '../acl/acl-change.ts';
import { answerError, errorCount, type RespCall } from '../call.ts';
import { keyEventsSet } from '../key-events.ts';
import { memoryGateRead } from '../memory-gate.ts';
import { PHASE } from '../session.ts';
import { clientsEvict } from './client-eviction.ts';
import { configFollow } from './config-follow.ts';

/** What data threads do themselves; all else is for the main thread. */
const APPLIED_HERE: readonly Apply[] = [
  'clients',
  'clientMemory',
  'keyEvents',
  'memory',
  'persistence',
  'policy',
  'users',
];

export function configSet(call: RespCall): void {
  const { args } = call;
  if (args.count % 2 !== 0) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const words: string[] = [];
  for (let at = 2; at < args.count; at++) words.push(argumentText(args, at));
  const plan = configPlan(call.config, words, mayProtected(call));
  if (plan.problem !== null) {
    answerError(call, `ERR ${plan.problem}`);
    return;
  }
  changesMake(call, plan.changes);
}

/** Whether the client may do what a directive of three values allows: yes, no or local. */
export function isAllowed(call: RespCall, allowed: 'no' | 'yes' | 'local'): boolean {
  return allowed === 'yes' || (allowed === 'local' && call.session.host.isLocal);
}

function mayProtected(call: RespCall): boolean {
  return isAllowed(call, call.config.settings.enableProtectedConfigs);
}

function changesMake(call: RespCall, changes: readonly ConfigChange[]): void {
  const applies = [...configApplies(call.config, changes)];
  const before = configApply(call.config, changes);
  for (const [apply, name] of applies) {
    const why = APPLIED_HERE.includes(apply) ? applyHere(call, apply) : null;
    if (why === null) continue;
    configApply(call.config, before);
    for (const [done] of applies) applyHere(call, done);
    answerError(call, `ERR ${configProblem(name, why)}`);
    return;
  }
  changesTell(call, changes);
  const elsewhere = applies.filter(([apply]) => !APPLIED_HERE.includes(apply));
  const change = { texts: textsOf(changes), before: textsOf(before), applies: elsewhere };
  if (elsewhere.length === 0) {
    call.server.respSet(change, () => undefined);
    respOk(call.reply);
    return;
  }
  if (call.inTransaction) {
    configApply(call.config, before);
    changesTell(call, before);
    answerError(call, `ERR ${configProblem(elsewhere[0][1], 'not within a transaction')}`);
    return;
  }
  const { session } = call;
  session.phase = PHASE.BLOCKED;
  call.server.respSet(change, (failure) => {
    if (failure !== null) {
      configApply(call.config, before);
      changesTell(call, before);
      for (const [done] of applies) applyHere(call, done);
    }
    if (session.phase !== PHASE.BLOCKED) return;
    session.phase = PHASE.COMMAND;
    session.host.push(outcome(call, failure));
    session.host.wake();
  });
}

function outcome(call: RespCall, failure: { name: string; why: string } | null): Buffer {
  if (failure === null) return Buffer.from('+OK\r\n');
  const text = `ERR ${configProblem(failure.name, failure.why)}`;
  errorCount(call, text);
  return Buffer.from(`-${text}\r\n`, 'latin1');
}

function textsOf(changes: readonly ConfigChange[]): readonly SettingText[] {
  return changes.map(({ row, text }): SettingText => [row.name, text]);
}

/** Has all threads know of it, this one included. */
function changesTell(call: RespCall, changes: readonly ConfigChange[]): void {
  configFollow(call);
  call.bulletin.post({ kind: 'config', texts: textsOf(changes) });
}

/** What a directive needs beyond its value, of what any data thread can do. What went wrong, or null. */
function applyHere(call: RespCall, apply: Apply): string | null {
  const { keyspace, config } = call;
  const { settings } = config;
  const { control } = keyspace;
  switch (apply) {
    case 'clients':
      if (settings.maxclients > control.connectionCountMax) {
        const most = control.connectionCountMax;
        return `The operating system is not able to handle the specified number of clients, try with ${most}`;
      }
      Atomics.store(control.i32, CONTROL.connectionLimit, settings.maxclients);
      return null;
    case 'clientMemory':
      clientsEvict(call);
      return null;
    case 'keyEvents':
      keyEventsSet(keyspace, settings.notifyKeyspaceEvents);
      return null;
    case 'memory':
      keyspaceMaxMemorySet(keyspace, settings.maxmemory);
      memoryGateRead(call);
      return null;
    case 'policy':
      policySet(keyspace, settings);
      return null;
    case 'users':
      requirepassApply(call);
      return null;
    case 'persistence':
      return settings.appendonly ? 'Unable to turn on AOF. Check server logs.' : null;
    default:
      return null;
  }
}

function policySet(keyspace: Keyspace, settings: Settings): void {
  const { maxmemoryPolicy, lfuLogFactor, lfuDecayTime } = settings;
  keyspacePolicySet(keyspace, policyOf(EVICTION_POLICY_NAMES.indexOf(maxmemoryPolicy)), {
    logFactor: lfuLogFactor,
    decayMinutes: lfuDecayTime,
  });
}

/** Has the keyspace do what the settings say, at the start. */
export function keyspaceSettingsBegin(keyspace: Keyspace, settings: Settings): void {
  keyEventsSet(keyspace, settings.notifyKeyspaceEvents);
  policySet(keyspace, settings);
  // Without a limit, what was reserved is one.
  if (settings.maxmemory !== 0) keyspaceMaxMemorySet(keyspace, settings.maxmemory);
}

/**
 * Has this thread hear of what others set. They have all set the same, so an account may be older than a notice
 * of another thread that came before it: until this one has joined, notices count again after each.
 */
export function configListen(call: RespCall): void {
  const { bulletin, config } = call;
  const early: SettingText[] = [];
  const take = (texts: readonly SettingText[]): void => {
    for (const [name, text] of texts) config.change(name, text);
    configFollow(call);
  };
  configFollow(call);
  bulletin.on('config', (notice) => {
    const texts = notice['texts'] as readonly SettingText[];
    if (!bulletin.hasJoined) early.push(...texts);
    take(texts);
  });
  bulletin.share('config', {
    tell: () => config.image().texts,
    hear: (_, told) => take([...(told as readonly SettingText[]), ...early]),
    forget: () => undefined,
  });
}
