/**
 * memcached's two protocols of lines.
 *
 *   text   set key:00000042 0 0 5⏎value⏎  →  STORED⏎
 *          get key:00000042⏎              →  VALUE key:00000042 0 5⏎value⏎END⏎   or   END⏎
 *   meta   ms key:00000042 5⏎value⏎       →  HD⏎
 *          mg key:00000042 v⏎             →  VA 5⏎value⏎   or   EN⏎
 *
 * Spec: memcached/memcached doc/protocol.txt.
 */
import type { KeyValues } from '../key-values.ts';
import type { LoadPlan } from '../plan.ts';
import {
  KEY_HOLE,
  LENGTH_HOLE,
  RequestTemplate,
  type TemplatePart,
  VALUE_HOLE,
} from '../request-template.ts';
import {
  bytesBegin,
  type Dialect,
  problemText,
  VERB,
  VERDICT,
  type Verdict,
  verbsOf,
} from './dialect.ts';

const LINE_BYTES_MAX = 8192;
const LF = 0x0a;
const BLANK = 0x20;
const CRLF = Buffer.from('\r\n');
const LETTER_V = 0x56;
const ERROR_LINE = /^(?:SERVER_ERROR|CLIENT_ERROR|ERROR|NOT_STORED|EXISTS|NS|NF|EX)\b/;
const KNOWN_LINE = /^[A-Z]/;

/** What differs between the two. */
interface Lines {
  readonly set: (expireSec: number) => readonly TemplatePart[];
  readonly get: readonly TemplatePart[];
  readonly stored: Buffer;
  readonly miss: Buffer;
  /** What ends a value. */
  readonly valueEnd: Buffer;
  /** Which word of a value's line tells its length, and whether the one before last is the key. */
  readonly lengthWord: number;
  readonly keyWord: number;
}

const TEXT: Lines = {
  set: (sec) => ['set ', KEY_HOLE, ` 0 ${sec} `, LENGTH_HOLE, '\r\n', VALUE_HOLE, '\r\n'],
  get: ['get ', KEY_HOLE, '\r\n'],
  stored: Buffer.from('STORED\r\n'),
  miss: Buffer.from('END\r\n'),
  valueEnd: Buffer.from('\r\nEND\r\n'),
  lengthWord: 3,
  keyWord: 1,
};

const META: Lines = {
  set: (sec) => {
    const expiry = sec === 0 ? '' : ` T${sec}`;
    return ['ms ', KEY_HOLE, ' ', LENGTH_HOLE, `${expiry}\r\n`, VALUE_HOLE, '\r\n'];
  },
  get: ['mg ', KEY_HOLE, ' v\r\n'],
  stored: Buffer.from('HD\r\n'),
  miss: Buffer.from('EN\r\n'),
  valueEnd: CRLF,
  lengthWord: 1,
  keyWord: -1,
};

export class LineDialect implements Dialect {
  readonly requestBytesMax: number;
  replyEnd = 0;
  problem = '';
  private readonly lines: Lines;
  private readonly verbs: Uint8Array;
  private readonly templates: readonly RequestTemplate[];
  private readonly values: KeyValues;
  private readonly verifies: boolean;

  constructor(plan: LoadPlan, values: KeyValues) {
    const lines = plan.target.protocol === 'meta' ? META : TEXT;
    this.lines = lines;
    this.values = values;
    this.verifies = plan.verifies;
    this.verbs = verbsOf(plan.kinds);
    this.templates = plan.kinds.map(
      ({ verb }) =>
        new RequestTemplate(verb === 'set' ? lines.set(plan.expireSec) : lines.get, values),
    );
    this.requestBytesMax = Math.max(...this.templates.map(({ bytesMax }) => bytesMax));
  }

  requestWrite(target: Buffer, at: number, kind: number, keyId: number): number {
    return this.templates[kind].write(target, at, keyId);
  }

  replyJudge(bytes: Buffer, at: number, end: number, kind: number, keyId: number): Verdict {
    const { lines } = this;
    if (this.verbs[kind] === VERB.get) {
      if (bytes[at] === LETTER_V) return this.valueJudge(bytes, at, end, keyId);
      if (bytesBegin(bytes, at, end, lines.miss)) {
        this.replyEnd = at + lines.miss.length;
        return VERDICT.miss;
      }
    } else if (bytesBegin(bytes, at, end, lines.stored)) {
      this.replyEnd = at + lines.stored.length;
      return VERDICT.right;
    }
    return this.lineJudge(bytes, at, end);
  }

  private valueJudge(bytes: Buffer, at: number, end: number, keyId: number): Verdict {
    const { lines, values } = this;
    let word = 0;
    let keyStart = at;
    let keyEnd = at;
    let length = 0;
    let place = at;
    for (; place < end && bytes[place] !== LF; place++) {
      const byte = bytes[place];
      if (byte === BLANK) {
        if (word === lines.keyWord) keyEnd = place;
        word++;
        if (word === lines.keyWord) keyStart = place + 1;
      } else if (word === lines.lengthWord && byte >= 0x30 && byte <= 0x39) {
        length = length * 10 + byte - 0x30;
      }
    }
    if (place === end)
      return end - at < LINE_BYTES_MAX ? VERDICT.incomplete : this.broken(bytes, at, end);
    const valueStart = place + 1;
    const valueEnd = valueStart + length;
    const replyEnd = valueEnd + lines.valueEnd.length;
    if (word < lines.lengthWord) return this.lineJudge(bytes, at, end);
    if (replyEnd > end) return VERDICT.incomplete;
    if (!bytesBegin(bytes, valueEnd, end, lines.valueEnd)) return this.broken(bytes, at, place);
    this.replyEnd = replyEnd;
    if (!this.verifies) return VERDICT.hit;
    const isKey = lines.keyWord < 0 || values.isName(bytes, keyStart, keyEnd, keyId);
    if (isKey && values.isValue(bytes, valueStart, valueEnd, keyId)) return VERDICT.hit;
    this.problem = `another value than was stored: ${problemText(bytes, at, place)}`;
    return VERDICT.wrong;
  }

  /** A line that is no good news. */
  private lineJudge(bytes: Buffer, at: number, end: number): Verdict {
    const lineEnd = bytes.subarray(at, end).indexOf(LF) + 1;
    if (lineEnd === 0) {
      return end - at < LINE_BYTES_MAX ? VERDICT.incomplete : this.broken(bytes, at, end);
    }
    const line = problemText(bytes, at, at + lineEnd);
    if (!KNOWN_LINE.test(line)) return this.broken(bytes, at, at + lineEnd);
    this.replyEnd = at + lineEnd;
    const isRefused = ERROR_LINE.test(line);
    this.problem = isRefused ? line : `an answer to something else: ${line}`;
    return isRefused ? VERDICT.refused : VERDICT.wrong;
  }

  private broken(bytes: Buffer, at: number, end: number): Verdict {
    this.problem = `no reply of this protocol: ${problemText(bytes, at, end)}`;
    return VERDICT.broken;
  }
}
