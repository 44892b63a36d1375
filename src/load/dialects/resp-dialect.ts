/**
 * RESP, version 2: SET, GET and whatever command else, of which a reply is looked through to its end but not
 * understood. What version 3 may send is passed over likewise.
 *
 *   *3⏎$3⏎SET⏎$12⏎key:00000042⏎$5⏎value⏎  →  +OK⏎
 *   *2⏎$3⏎GET⏎$12⏎key:00000042⏎          →  $5⏎value⏎   or   $-1⏎
 *
 * Spec: redis.io/docs/latest/develop/reference/protocol-spec.
 */
import type { KeyValues } from '../key-values.ts';
import type { LoadKind, LoadPlan } from '../plan.ts';
import { KEY_HOLE, RequestTemplate, type TemplatePart, VALUE_HOLE } from '../request-template.ts';
import {
  bytesBegin,
  type Dialect,
  problemText,
  type ReplyScan,
  VERB,
  VERDICT,
  type Verdict,
  verbsOf,
} from './dialect.ts';

const LINE_BYTES_MAX = 65_536;
const LF = 0x0a;
const OK = Buffer.from('+OK\r\n');
const TYPE = { error: 0x2d, bulk: 0x24, null: 0x5f } as const;
const HOLE_PATTERN = /(__key__|__value__|__data__)/;

/** What follows a type's first line: nothing, so many bytes, or so many elements for each that it counts. */
const FOLLOW = { nothing: 0, bytes: 1, elements: 2, pairs: 3, attributes: 4 } as const;
const FOLLOWS = new Map<number, number>(
  Object.entries({
    '+': FOLLOW.nothing,
    '-': FOLLOW.nothing,
    ':': FOLLOW.nothing,
    _: FOLLOW.nothing,
    '#': FOLLOW.nothing,
    ',': FOLLOW.nothing,
    '(': FOLLOW.nothing,
    $: FOLLOW.bytes,
    '=': FOLLOW.bytes,
    '!': FOLLOW.bytes,
    '*': FOLLOW.elements,
    '~': FOLLOW.elements,
    '>': FOLLOW.elements,
    '%': FOLLOW.pairs,
    '|': FOLLOW.attributes,
  }).map(([letter, follow]) => [letter.charCodeAt(0), follow]),
);

export class RespDialect implements Dialect {
  readonly requestBytesMax: number;
  replyEnd = 0;
  problem = '';
  private readonly verbs: Uint8Array;
  private readonly templates: readonly RequestTemplate[];
  private readonly values: KeyValues;
  private readonly verifies: boolean;

  constructor(plan: LoadPlan, values: KeyValues) {
    this.values = values;
    this.verifies = plan.verifies;
    this.verbs = verbsOf(plan.kinds);
    this.templates = plan.kinds.map((kind) => {
      const words = kind.words ?? wordsOf(kind, plan.expireSec);
      return new RequestTemplate(respParts(words, values.keyBytes), values);
    });
    this.requestBytesMax = Math.max(...this.templates.map(({ bytesMax }) => bytesMax));
  }

  requestWrite(target: Buffer, at: number, kind: number, keyId: number): number {
    return this.templates[kind].write(target, at, keyId);
  }

  replyJudge(
    bytes: Buffer,
    at: number,
    end: number,
    kind: number,
    keyId: number,
    scan: ReplyScan,
  ): Verdict {
    const verb = this.verbs[kind];
    if (verb === VERB.get && bytes[at] === TYPE.bulk) return this.bulkJudge(bytes, at, end, keyId);
    if (verb === VERB.set && bytesBegin(bytes, at, end, OK)) {
      this.replyEnd = at + OK.length;
      return VERDICT.right;
    }
    const outcome = scanOn(bytes, at, end, scan);
    if (outcome === SCAN.incomplete) return VERDICT.incomplete;
    if (outcome === SCAN.broken) {
      this.problem = `no reply of RESP: ${problemText(bytes, at, end)}`;
      return VERDICT.broken;
    }
    this.replyEnd = at + scan.offset;
    scan.offset = 0;
    scan.elementsLeft = 1;
    if (bytes[at] === TYPE.error) {
      this.problem = problemText(bytes, at + 1, this.replyEnd);
      return VERDICT.refused;
    }
    if (verb === VERB.other) return VERDICT.right;
    if (verb === VERB.get && bytes[at] === TYPE.null) return VERDICT.miss;
    this.problem = `an answer to something else: ${problemText(bytes, at, this.replyEnd)}`;
    return VERDICT.wrong;
  }

  private bulkJudge(bytes: Buffer, at: number, end: number, keyId: number): Verdict {
    const lineEnd = lineEndFind(bytes, at, end);
    if (lineEnd < 0) return VERDICT.incomplete;
    const length = integerTake(bytes, at + 1, lineEnd);
    if (length < 0) {
      this.replyEnd = lineEnd;
      return VERDICT.miss;
    }
    const replyEnd = lineEnd + length + 2;
    if (replyEnd > end) return VERDICT.incomplete;
    this.replyEnd = replyEnd;
    if (!this.verifies || this.values.isValue(bytes, lineEnd, replyEnd - 2, keyId)) {
      return VERDICT.hit;
    }
    this.problem = 'another value than was stored';
    return VERDICT.wrong;
  }
}

function wordsOf({ verb }: LoadKind, expireSec: number): readonly string[] {
  if (verb === 'get') return ['GET', '__key__'];
  const expiry = expireSec === 0 ? [] : ['EX', `${expireSec}`];
  return ['SET', '__key__', '__value__', ...expiry];
}

/** A command's words as parts of a request: an array of bulk strings. */
function respParts(words: readonly string[], keyBytes: number): readonly TemplatePart[] {
  const parts: TemplatePart[] = [`*${words.length}\r\n`];
  for (const word of words) {
    const pieces = word.split(HOLE_PATTERN);
    let fixed = 0;
    let values = 0;
    const filled = pieces.map((piece): TemplatePart => {
      if (piece === '__key__') {
        fixed += keyBytes;
        return KEY_HOLE;
      }
      if (piece === '__value__' || piece === '__data__') {
        values++;
        return VALUE_HOLE;
      }
      fixed += Buffer.byteLength(piece);
      return piece;
    });
    parts.push('$', { hole: 'length', fixed, values }, '\r\n', ...filled, '\r\n');
  }
  return parts;
}

const SCAN = { incomplete: 0, whole: 1, broken: 2 } as const;

/** Goes on looking through a reply: from where it stopped for want of bytes, however many elements there are. */
function scanOn(bytes: Buffer, at: number, end: number, scan: ReplyScan): number {
  while (scan.elementsLeft > 0) {
    const start = at + scan.offset;
    if (start >= end) return SCAN.incomplete;
    const follow = FOLLOWS.get(bytes[start]);
    if (follow === undefined) return SCAN.broken;
    const lineEnd = lineEndFind(bytes, start, end);
    if (lineEnd < 0) return end - start < LINE_BYTES_MAX ? SCAN.incomplete : SCAN.broken;
    const count = follow === FOLLOW.nothing ? 0 : integerTake(bytes, start + 1, lineEnd);
    if (Number.isNaN(count)) return SCAN.broken;
    let next = lineEnd;
    if (follow === FOLLOW.bytes && count >= 0) next += count + 2;
    if (next > end) return SCAN.incomplete;
    scan.elementsLeft += elementsOf(follow, count) - 1;
    scan.offset = next - at;
  }
  return SCAN.whole;
}

function elementsOf(follow: number, count: number): number {
  if (count < 0) return 0;
  if (follow === FOLLOW.elements) return count;
  if (follow === FOLLOW.pairs) return 2 * count;
  return follow === FOLLOW.attributes ? 2 * count + 1 : 0;
}

/** Just past the line that starts here, or -1 while it has not come whole. */
function lineEndFind(bytes: Buffer, start: number, end: number): number {
  for (let place = start; place < end; place++) if (bytes[place] === LF) return place + 1;
  return -1;
}

/** The integer between here and the end of its line; NaN if there is none. */
function integerTake(bytes: Buffer, start: number, lineEnd: number): number {
  const isNegative = bytes[start] === 0x2d;
  let value = 0;
  for (let place = isNegative ? start + 1 : start; place < lineEnd - 2; place++) {
    const digit = bytes[place] - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}
