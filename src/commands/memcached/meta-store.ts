/**
 * ms: stores, in the mode that its flags name. An answer returns flags of a line that may be long gone
 * when the last of a value arrives; so the session keeps those few words.
 * Spec: memcached/memcached doc/protocol.txt, "Meta Set".
 */
import { decimalParse } from '../../base/decimal.ts';
import { uint64Copy, uint64IsZero } from '../../base/uint64.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import { STORE, type StoreMode } from '../../engine/types/string.ts';
import { COUNTER } from '../../memory/control.ts';
import { EXTRA_CAS } from '../../memory/item.ts';
import { lineSplit } from '../../protocol/memcached/line.ts';
import { FLAG, metaWordsAreFlags } from '../../protocol/memcached/meta-flags.ts';
import { CRLF, META, REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyUint64 } from '../../protocol/reply.ts';
import { type Call, NO_CAS, uniqueStoredTake } from './call.ts';
import {
  metaTake,
  replyFlagKey,
  replyFlagLetter,
  replyFlagNumber,
  replyOpaque,
} from './meta-reply.ts';
import type { TextRow } from './row.ts';
import { type MetaAnswer, waitAt } from './session.ts';
import { storeRefuse, VALUE_BYTES_MAX, valueIsAwaited, valueTake } from './storage.ts';
import { RECEIVED_BAD_CHUNK } from './value-receive.ts';

const BYTES_WORD = 2;
const FIRST_FLAG = 3;

/** M: the letter of a mode. */
const MODES: ReadonlyMap<number, StoreMode> = new Map([
  [0, STORE.SET], // no M
  [0x53, STORE.SET], // S
  [0x45, STORE.ADD], // E
  [0x52, STORE.REPLACE], // R
  [0x41, STORE.APPEND], // A
  [0x50, STORE.PREPEND], // P
]);

export const META_STORE_ROWS: readonly TextRow[] = [
  {
    name: 'ms',
    wordsMin: 3,
    run: metaStore,
    streams: false,
    doc: 'Meta set: stores, in any of the ways there are.',
  },
];

function metaStore(call: Call, at: number): number {
  const { line, input, flags, session } = call;
  const valueBytes = decimalParse(input, line.start[BYTES_WORD], line.end[BYTES_WORD]);
  const fault = metaTake(call, FIRST_FLAG);
  // Then there is no telling where the data ends, or that there is any: it is read as commands.
  if (!(valueBytes <= VALUE_BYTES_MAX) || !metaWordsAreFlags(line, input, FIRST_FLAG)) {
    replyBytes(call.reply, REPLY.badFormat);
    return line.next;
  }
  if (fault !== null) return storeRefuse(call, valueBytes, fault);
  const mode = MODES.get(flags.mode);
  if (mode === undefined) return storeRefuse(call, valueBytes, REPLY.badStoreMode);
  if (flags.opaqueIsLong) return storeRefuse(call, valueBytes, REPLY.badOpaque);
  if (valueIsAwaited(call, at, valueBytes)) return waitAt(at);
  const isWhole = line.next + valueBytes + 2 <= call.end;
  session.metaAnswer = isWhole ? null : answerKeep(call);
  session.noreply = false;
  return valueTake(call, modeTake(call, mode), valueBytes, received);
}

/** Completes the operation for a mode, which a CAS unique turns into another. */
function modeTake({ op, flags }: Call, mode: StoreMode): StoreMode {
  op.expiresAtMs = flags.expiresAtMs;
  // As in memcached, zero is no CAS unique to give.
  if (flags.givesCas && uint64IsZero(flags.casGiven)) op.extras &= ~EXTRA_CAS;
  switch (mode) {
    case STORE.APPEND:
    case STORE.PREPEND:
      // … nor one to demand, where none is needed.
      if (uint64IsZero(flags.casUnique)) op.demandsCas = false;
      op.createsMissing = flags.creates;
      if (flags.creates) op.expiresAtMs = flags.createdExpiresAtMs;
      return mode;
    case STORE.SET:
    case STORE.REPLACE:
      op.storesStale = flags.isStale;
      return flags.demandsCas ? STORE.CAS : mode;
    default:
      return mode;
  }
}

/** The words of the line that its answer returns. */
function answerKeep({ line, input, flags }: Call): MetaAnswer {
  const words: string[] = [];
  for (let word = FIRST_FLAG; word < line.count; word++) {
    const letter = input[line.start[word]];
    if (letter === FLAG.O || letter === FLAG.k || letter === FLAG.c || letter === FLAG.s) {
      words.push(input.toString('latin1', line.start[word], line.end[word]));
    }
  }
  const { isQuiet, keyIsBinary } = flags;
  return { words: Buffer.from(`${words.join(' ')}\n`, 'latin1'), isQuiet, keyIsBinary };
}

/** Answers for a value that is there: in the input behind its line, or received meanwhile. */
function received(call: Call, status: Status | -1): void {
  const { session, flags, line, input, op } = call;
  const kept = session.metaAnswer;
  if (kept === null) {
    storeAnswer(call, input, FIRST_FLAG, status);
    return;
  }
  session.metaAnswer = null;
  flags.isQuiet = kept.isQuiet;
  flags.keyIsBinary = kept.keyIsBinary;
  op.valueBytes = session.valueBytes;
  lineSplit(line, kept.words, 0, kept.words.length);
  storeAnswer(call, kept.words, 0, status);
}

/** `words` holds the line's flags, from its word `first` on. */
function storeAnswer(call: Call, words: Buffer, first: number, status: Status | -1): void {
  const { reply, flags, counters, block } = call;
  switch (status) {
    case STATUS.OK:
      if (flags.isQuiet) return;
      uniqueStoredTake(call);
      flagsReply(call, META.done, words, first);
      break;
    case STATUS.EXISTS:
      failReply(call, META.exists, words, first);
      break;
    case STATUS.MISSING:
      counters[block + COUNTER.casMisses]++;
      failReply(call, META.notFound, words, first);
      break;
    case STATUS.NOT_STORED:
    case STATUS.TOO_LARGE: // together with what is there
      failReply(call, META.notStored, words, first);
      break;
    case STATUS.WRONG_TYPE:
      replyBytes(reply, REPLY.wrongType);
      break;
    case RECEIVED_BAD_CHUNK:
      replyBytes(reply, REPLY.badChunk);
      break;
    default:
      counters[block + COUNTER.storeNoMemory]++;
      replyBytes(reply, REPLY.noMemory);
  }
}

function failReply(call: Call, code: Uint8Array, words: Buffer, first: number): void {
  uint64Copy(call.unique, NO_CAS);
  flagsReply(call, code, words, first);
}

function flagsReply(call: Call, code: Uint8Array, words: Buffer, first: number): void {
  const { reply, line, flags, op } = call;
  replyBytes(reply, code);
  for (let word = first; word < line.count; word++) {
    const start = line.start[word];
    switch (words[start]) {
      case FLAG.O:
        replyOpaque(reply, words, start, line.end[word]);
        break;
      case FLAG.k:
        replyFlagKey(reply, op.key, flags.keyIsBinary);
        break;
      case FLAG.c:
        replyFlagLetter(reply, FLAG.c);
        replyUint64(reply, call.unique);
        break;
      case FLAG.s:
        replyFlagNumber(reply, FLAG.s, op.joinedBytes === 0 ? op.valueBytes : op.joinedBytes);
        break;
    }
  }
  replyBytes(reply, CRLF);
}
