/**
 * slabs reassign and slabs automove: memory between slab classes.
 * Spec: memcached/memcached doc/protocol.txt, "Slabs Reassign", "Slabs Automove".
 */
import { decimalParse, decimalParseSigned } from '../../base/decimal.ts';
import { keyspacePagesMove } from '../../engine/keyspace.ts';
import { classPageCounts, keyspacePageReassign } from '../../engine/page-reassign.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { answer, type Call } from './call.ts';
import type { TextRow } from './row.ts';

const AUTOMOVE_MAX = 2;
const ANY_CLASS = -1;
/** A class keeps its last page. */
const PAGES_LEFT_MIN = 1;
/** What else `slabs automove` sets in memcached. */
const AUTOMOVE_TUNING = ['ratio', 'freeratio', 'window'];

// biome-ignore format: a table reads in columns
export const SLABS_ROWS: readonly TextRow[] = [
  { name: 'slabs', wordsMin: 1, run: slabs, streams: false, doc: 'slabs automove 0|1|2: whether memory follows demand; 1 and 2 are the same. slabs reassign SRC DST: empties a page (32 KiB) of slab class SRC, -1 for the one with the most; its items move within their class or are evicted. The page goes to the pool, from where class DST, or whichever needs one first, takes it.' },
];

function slabs(call: Call): number {
  const { line, input } = call;
  const word = lineWord(line, input, 1);
  if (word === 'reassign' && line.count === 4) answer(call, reassign(call));
  else if (word === 'automove' && line.count > 2) answer(call, automove(call));
  else answer(call, REPLY.error);
  return line.next;
}

function automove(call: Call): Uint8Array {
  const { line, input } = call;
  if (AUTOMOVE_TUNING.includes(lineWord(line, input, 2))) return REPLY.automoveFixed;
  const level = decimalParse(input, line.start[2], line.end[2]);
  if (Number.isNaN(level)) return REPLY.badFormat;
  if (level > AUTOMOVE_MAX) return REPLY.error;
  keyspacePagesMove(call.keyspace, level > 0);
  return REPLY.ok;
}

/** What came of taking a page from a class. */
export type Reassigned = 'done' | 'off' | 'same' | 'badClass' | 'noSpare' | 'busy';

const REASSIGN_REPLIES: Readonly<Record<Reassigned, Uint8Array>> = {
  done: REPLY.ok,
  off: REPLY.reassignOff,
  same: REPLY.reassignSame,
  badClass: REPLY.reassignBadClass,
  noSpare: REPLY.reassignNoSpare,
  busy: REPLY.reassignBusy,
};

function reassign(call: Call): Uint8Array {
  const { line, input } = call;
  if (!call.server.config.slabReassign) return REPLY.reassignOff;
  const source = decimalParseSigned(input, line.start[2], line.end[2]);
  const target = decimalParseSigned(input, line.start[3], line.end[3]);
  if (Number.isNaN(source) || Number.isNaN(target)) return REPLY.badFormat;
  return REASSIGN_REPLIES[pageReassign(call, source, target)];
}

/** Takes a page from a class for another. `source`: -1 for the one that has the most. */
export function pageReassign(
  { server, keyspace, op }: Call,
  source: number,
  target: number,
): Reassigned {
  if (!server.config.slabReassign) return 'off';
  if (source === target) return 'same';
  const pages = classPageCounts(keyspace);
  const from = source === ANY_CLASS ? classRichest(pages, target) : source;
  const isClass = (classId: number): boolean => classId >= 0 && classId < pages.length;
  if (!isClass(from) || !isClass(target)) return 'badClass';
  if (pages[from] <= PAGES_LEFT_MIN) return 'noSpare';
  return keyspacePageReassign(keyspace, from, op.nowMs) ? 'done' : 'busy';
}

/** The class with the most pages besides `target`, if it has one to spare; or -1. */
function classRichest(pages: readonly number[], target: number): number {
  let best = -1;
  for (const [classId, count] of pages.entries()) {
    if (classId === target || count <= PAGES_LEFT_MIN) continue;
    if (best < 0 || count > pages[best]) best = classId;
  }
  return best;
}
