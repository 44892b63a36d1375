/**
 * Whether a user may run a request: the command, all its keys, all its channels, by one selector. Nothing
 * is allocated for it, and nobody is asked whose user may do everything.
 *
 * Guard: none; what is in hand belongs to its thread.
 * Source: Valkey src/acl.c ACLCheckAllUserCommandPerm.
 */
import { globMatches } from '../../../base/glob.ts';
import type { Arguments } from '../../../protocol/resp/arguments.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import type { Command } from '../command.ts';
import { keysVisit } from '../command-keys.ts';
import { FLAG, type KeyUse } from '../row.ts';
import { KEY_PERMISSION, type Selector } from './acl-selector.ts';
import type { AclUser } from './acl-user.ts';

/** Why something is refused. Of several selectors the one counts that came furthest: the largest. */
export const REFUSED = { COMMAND: 1, KEY: 2, AUTH: 3, CHANNEL: 4 } as const;

const REASON_BITS = 3;

/** A verdict: 0 where the request is allowed, else REFUSED and the argument that is to blame. */
function verdictOf(reason: number, index: number): number {
  return (index << REASON_BITS) | reason;
}

export function verdictReason(verdict: number): number {
  return verdict & ((1 << REASON_BITS) - 1);
}

export function verdictIndex(verdict: number): number {
  return verdict >>> REASON_BITS;
}

/** What the user may do of a request: a verdict. */
export function aclVerdict(user: AclUser, command: Command, args: Arguments): number {
  if (!user.isRestricted) return 0;
  let worst = verdictOf(REFUSED.COMMAND, 0);
  for (const selector of user.selectors) {
    const verdict = selectorVerdict(selector, command, args);
    if (verdict === 0) return 0;
    if (isFurther(verdict, worst)) worst = verdict;
  }
  return worst;
}

function isFurther(verdict: number, other: number): boolean {
  const reason = verdictReason(verdict);
  const otherReason = verdictReason(other);
  return reason === otherReason ? verdict > other : reason > otherReason;
}

/**
 * Whether one selector allows the request, and any key besides to be read: what SORT needs for keys that
 * it makes up.
 */
export function aclAllowsAnyKey(user: AclUser, command: Command, args: Arguments): boolean {
  return (
    !user.isRestricted ||
    user.selectors.some(
      (selector) => readsAnyKey(selector) && selectorVerdict(selector, command, args) === 0,
    )
  );
}

function readsAnyKey({ allKeys, keys }: Selector): boolean {
  return (
    allKeys ||
    keys.some(
      ({ bytes, permission }) =>
        (permission & KEY_PERMISSION.READ) !== 0 && bytes.toString('latin1') === '*',
    )
  );
}

function selectorVerdict(selector: Selector, command: Command, args: Arguments): number {
  if (!commandIsAllowed(selector, command, args)) return verdictOf(REFUSED.COMMAND, 0);
  if (!selector.allKeys) {
    const index = keyRefused(selector, command, args);
    if (index !== 0) return verdictOf(REFUSED.KEY, index);
  }
  if (!selector.allChannels && command.row.channels !== undefined) {
    const index = channelRefused(selector, command, args);
    if (index !== 0) return verdictOf(REFUSED.CHANNEL, index);
  }
  return 0;
}

function commandIsAllowed(selector: Selector, command: Command, args: Arguments): boolean {
  const { number, flags } = command;
  if (selector.allCommands || flags & FLAG.NO_AUTH) return true;
  if (selector.allowed[number >>> 5] & (1 << (number & 31))) return true;
  const words = selector.firstWords.get(number);
  if (words === undefined || args.count < 2) return false;
  const word = argumentText(args, 1).toLowerCase();
  return words.some((one) => one.toString('latin1') === word);
}

// ── Keys ────────────────────────────────────────────────────────────────────────────────────────

/** What keyVisit is about: its selector and request, how the keys are used if the request says so, and the outcome. */
let selectorNow: Selector | null = null;
let argsNow: Arguments | null = null;
let useNow: KeyUse | undefined;
let refusedNow = 0;

/** The first key that may not be used as the command does, or 0. */
function keyRefused(selector: Selector, { row }: Command, args: Arguments): number {
  if (row.keys === undefined && row.keysFind === undefined) return 0;
  selectorNow = selector;
  argsNow = args;
  useNow = row.keyUse?.(args);
  refusedNow = 0;
  keysVisit(row, args, keyVisit);
  return refusedNow;
}

function keyVisit(index: number, use: KeyUse): void {
  if (refusedNow !== 0 || selectorNow === null || argsNow === null) return;
  const { source, start, end } = argsNow;
  const needed = permissionFor(useNow ?? use);
  for (const { bytes, permission } of selectorNow.keys) {
    if ((permission & needed) !== needed) continue;
    if (globMatches(bytes, 0, bytes.length, source, start[index], end[index], false)) return;
  }
  refusedNow = index;
}

const PERMISSIONS = new Map<KeyUse, number>();

/** What a use needs. One that only asks whether there is a key needs nothing but some pattern. */
function permissionFor(use: KeyUse): number {
  let permission = PERMISSIONS.get(use);
  if (permission === undefined) {
    permission =
      (/\baccess\b/.test(use) ? KEY_PERMISSION.READ : 0) |
      (/\b(insert|delete|update)\b/.test(use) ? KEY_PERMISSION.WRITE : 0);
    PERMISSIONS.set(use, permission);
  }
  return permission;
}

// ── Channels ────────────────────────────────────────────────────────────────────────────────────

function channelRefused(selector: Selector, { row }: Command, args: Arguments): number {
  const last = row.channels === 'one' ? 1 : args.count - 1;
  const isPattern = row.channels === 'patterns';
  for (let index = 1; index <= last; index++) {
    const { source, start, end } = args;
    if (!channelAllowed(selector.channels, source, start[index], end[index], isPattern)) {
      return index;
    }
  }
  return 0;
}

/** A pattern that a client subscribes with has to be allowed as it stands; a channel by some pattern. */
export function channelAllowed(
  allowed: readonly Buffer[],
  source: Buffer,
  start: number,
  end: number,
  isPattern: boolean,
): boolean {
  for (const bytes of allowed) {
    const { length } = bytes;
    const fits = isPattern
      ? length === end - start && bytes.compare(source, start, end) === 0
      : globMatches(bytes, 0, length, source, start, end, false);
    if (fits) return true;
  }
  return false;
}
