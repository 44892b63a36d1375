/**
 * MIGRATE: keys go to another server, by way of DUMP and RESTORE.
 *
 *   packed under their locks ──▶ sent, while others are served ──▶ acknowledged: deleted, if they are as they were
 *                                          ▲                                         │ a key has changed meanwhile
 *                                          └──────────── packed again ◀──────────────┘
 *
 * Redis does nothing else meanwhile; here only the client waits. So that no change is lost, a key that changed on its
 * way goes once more.
 *
 * Cf. valkey-io/valkey src/cluster.c, migrateCommand.
 */
import { keyFillIn } from '../../../base/key.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemCasUnique, itemUnlink } from '../../../engine/lifecycle.ts';
import { itemSeek } from '../../../engine/types/string.ts';
import { itemExpiresAtMs } from '../../../memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../../memory/partition.ts';
import {
  argumentBytes,
  argumentCopy,
  argumentIs,
  argumentText,
} from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respSimple } from '../../../protocol/resp/reply.ts';
import { answerError, errorCount, keyTake, type RespCall, respClock } from '../call.ts';
import { changesCount, keyEventTell } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { PHASE, type RespSession } from '../session.ts';
import { pubsubPost } from '../subscriptions/pubsub.ts';
import { trackedTellNow } from '../tracking/tracking.ts';
import { dumpPayload } from './dump.ts';
import { type TargetPlace, targetAsk } from './migrate-target.ts';

const { WRITE, NO_SCRIPT, NO_MULTI } = FLAG;
const MOVED = 'RW access delete';
const KEYS: readonly KeySpec[] = [
  { use: MOVED, from: 3 },
  { use: MOVED, from: -2, keyword: 'keys', to: -1, incomplete: true },
];
const SYNTAX =
  'host port key destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 (username password)] [KEYS key [key ...]]';

// biome-ignore format: a table reads in columns
export const MIGRATE_ROWS: readonly RespRow[] = [
  { name: 'migrate', arity: -6, flags: WRITE | NO_SCRIPT | NO_MULTI, keys: KEYS, group: 'generic', categories: ['dangerous'], since: '2.6.0', complexity: 'That of DUMP, RESTORE and DEL', syntax: SYNTAX, doc: 'Moves keys to another server.', run: migrate },
];

const TIMEOUT_MS = 1000;
/** So often a key may change on its way. */
const ROUNDS_MAX = 16;

const ERROR = {
  connecting: 'IOERR error or timeout connecting to the client',
  reading: 'IOERR error or timeout reading to target instance',
  keyNotEmpty:
    'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
  restless: 'ERR Keys change faster than they can be moved',
} as const;

type Plan = {
  readonly place: TargetPlace;
  readonly database: string;
  copies: boolean;
  replaces: boolean;
  /** AUTH and its arguments, or nothing. */
  login: readonly string[];
  /** Arguments that are keys: [from, to). */
  from: number;
  to: number;
};

/** A key on its way. */
type Parcel = {
  readonly key: Buffer;
  readonly namespace: number;
  readonly cas: number;
  /** Milliseconds, 0: for ever. */
  readonly ttl: number;
  readonly payload: Buffer;
};

function migrate(call: RespCall): void {
  const plan = planRead(call);
  if (plan === null) return;
  const { session, args } = call;
  const parcels: Parcel[] = [];
  for (let index = plan.from; index < plan.to; index++) {
    const p = keyTake(call, index);
    const parcel = parcelPack(call, p, argumentCopy(args, index), session.namespace);
    if (parcel !== null) parcels.push(parcel);
  }
  if (parcels.length === 0) {
    respSimple(call.reply, 'NOKEY');
    return;
  }
  session.phase = PHASE.BLOCKED;
  void parcelsSend(call, session, plan, parcels);
}

/** Null: an error has been answered. */
function planRead(call: RespCall): Plan | null {
  const { args } = call;
  const database = integerArgument(call, 4);
  if (Number.isNaN(database)) return null;
  const timeoutMs = integerArgument(call, 5);
  if (Number.isNaN(timeoutMs)) return null;
  const place = {
    host: argumentText(args, 1),
    port: Number(argumentText(args, 2)),
    timeoutMs: timeoutMs > 0 ? timeoutMs : TIMEOUT_MS,
  };
  const plan = { place, copies: false, replaces: false, login: [], from: 3, to: 4 };
  return optionsRead(call, { ...plan, database: `${database}` });
}

function optionsRead(call: RespCall, plan: Plan): Plan | null {
  const { args } = call;
  for (let at = 6; at < args.count; at++) {
    const left = args.count - 1 - at;
    if (argumentIs(args, at, 'copy')) {
      plan.copies = true;
    } else if (argumentIs(args, at, 'replace')) {
      plan.replaces = true;
    } else if (left >= 1 && argumentIs(args, at, 'auth')) {
      plan.login = ['AUTH', argumentText(args, ++at)];
    } else if (left >= 2 && argumentIs(args, at, 'auth2')) {
      plan.login = ['AUTH', argumentText(args, ++at), argumentText(args, ++at)];
    } else if (argumentIs(args, at, 'keys')) {
      plan.from = at + 1;
      plan.to = args.count;
      break;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return null;
    }
  }
  if (plan.from === 3 || argumentBytes(args, 3) === 0) return plan;
  answerError(call, ERROR.keyNotEmpty);
  return null;
}

/** The live item of op's key, as it is now; null: there is none. The partition's lock is held. */
function parcelPack({ op }: RespCall, p: Partition, key: Buffer, namespace: number): Parcel | null {
  const ref = itemSeek(p, op);
  const payload = ref === 0 ? null : dumpPayload(p, op, ref);
  if (payload === null) return null;
  const expiresAtMs = itemExpiresAtMs(p, ref);
  const ttl = expiresAtMs === 0 ? 0 : Math.max(1, expiresAtMs - op.nowMs);
  return { key, namespace, cas: itemCasUnique(p, ref), ttl, payload };
}

async function parcelsSend(
  call: RespCall,
  session: RespSession,
  plan: Plan,
  parcels: readonly Parcel[],
): Promise<void> {
  const { place, login, database } = plan;
  const opening = [
    ...(login.length > 0 ? [requestOf(login)] : []),
    requestOf(['SELECT', database]),
  ];
  let left = parcels;
  let error: string | null = null;
  for (let round = 0; left.length > 0 && error === null; round++) {
    const replaces = plan.replaces || round > 0;
    const requests = [...opening, ...left.map((parcel) => restoreOf(parcel, replaces))];
    const answer = await targetAsk(place, Buffer.concat(requests), requests.length);
    const refusal = answer.replies.find((reply) => reply.startsWith('-'));
    if (refusal !== undefined) {
      error = `ERR Target instance replied with error: ${refusal.slice(1)}`;
    } else if (answer.failure !== null) {
      error = ERROR[answer.failure];
    }
    const arrived = left.filter((_, at) => answer.replies[opening.length + at]?.startsWith('+'));
    left = plan.copies ? [] : parcelsDelete(call, session.database, arrived);
    if (round === ROUNDS_MAX) error ??= ERROR.restless;
  }
  if (error !== null) errorCount(call, error);
  if (session.phase !== PHASE.BLOCKED) return;
  session.phase = PHASE.COMMAND;
  session.host.push(Buffer.from(error === null ? '+OK\r\n' : `-${error}\r\n`, 'latin1'));
  session.host.wake();
}

/** Deletes what has arrived. Returns what has changed since it was packed, packed anew. */
function parcelsDelete(
  call: RespCall,
  database: number,
  parcels: readonly Parcel[],
): readonly Parcel[] {
  const { op, keyspace } = call;
  const changed: Parcel[] = [];
  respClock(call);
  for (const { key, namespace, cas } of parcels) {
    keyFillIn(op.key, namespace, key, 0, key.length);
    const p = keyspace.partitionFor(op.key.hash);
    partitionLock(p);
    const ref = itemSeek(p, op);
    const isSame = ref !== 0 && itemCasUnique(p, ref) === cas;
    const again = isSame ? null : parcelPack(call, p, key, namespace);
    if (isSame) itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    partitionUnlock(p);
    if (again !== null) changed.push(again);
    if (!isSame) continue;
    keyEventTell(call, KEY_EVENT.GENERIC, 'del', key, database);
    changesCount(call, 1);
  }
  pubsubPost(call);
  if (keyspace.tracked.hasNews) trackedTellNow(call);
  return changed;
}

function restoreOf({ key, ttl, payload }: Parcel, replaces: boolean): Buffer {
  const words = ['RESTORE', key, `${ttl}`, payload];
  return requestOf(replaces ? [...words, 'REPLACE'] : words);
}

function requestOf(words: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word, 'latin1') : word;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}
