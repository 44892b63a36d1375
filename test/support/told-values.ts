/** Values as tests have them: told to a sink, written down from what a sink is told, made at random. */
import fc from 'fast-check';
import { assert } from 'vitest';
import { VALUE_KIND, type ValueKind, type ValueSink } from '../../src/base/value-sink.ts';

/** An element is what stands in one place of a value: expiry and score only where there are such. */
export interface TestElement {
  readonly text: string;
  readonly value?: string;
  readonly score?: number;
  readonly expiresAtMs?: number;
}

/** One character is one byte. */
export interface TestValue {
  readonly kind: ValueKind;
  readonly elements: readonly TestElement[];
}

/** Writes down what it is told, and that it is told in the right order. */
export class Recorder implements ValueSink {
  kind: ValueKind = VALUE_KIND.STRING;
  count = -1;
  isEnded = false;
  readonly elements: TestElement[] = [];
  private readonly tellsMax: number;
  private tells = 0;
  private expiresAtMs = 0;
  private field: string | null = null;

  /** It has enough after so many calls. */
  constructor(tellsMax: number = Number.POSITIVE_INFINITY) {
    this.tellsMax = tellsMax;
  }

  valueBegin(kind: ValueKind, count: number): boolean {
    assert(this.count === -1 && count > 0);
    this.kind = kind;
    this.count = count;
    return this.goesOn();
  }

  valueExpiry(atMs: number): boolean {
    assert(this.kind === VALUE_KIND.HASH && this.field === null && this.expiresAtMs === 0);
    assert(atMs > 0);
    this.expiresAtMs = atMs;
    return this.goesOn();
  }

  valueString(source: Buffer, start: number, bytes: number): boolean {
    assert(start >= 0 && bytes >= 0 && start + bytes <= source.length);
    const text = source.toString('latin1', start, start + bytes);
    if (this.kind !== VALUE_KIND.HASH) {
      this.elements.push({ text });
    } else if (this.field === null) {
      this.field = text;
    } else {
      const { field, expiresAtMs } = this;
      this.elements.push({ text: field, value: text, ...(expiresAtMs > 0 && { expiresAtMs }) });
      this.field = null;
      this.expiresAtMs = 0;
    }
    return this.goesOn();
  }

  valueScore(score: number): boolean {
    assert(this.kind === VALUE_KIND.ZSET && !Number.isNaN(score));
    const last = this.elements.pop() as TestElement;
    assert(last.score === undefined);
    this.elements.push({ ...last, score });
    return this.goesOn();
  }

  valueEnd(): boolean {
    assert(this.elements.length === this.count && this.field === null && !this.isEnded);
    this.isEnded = true;
    return this.goesOn();
  }

  private goesOn(): boolean {
    assert(this.tells < this.tellsMax);
    this.tells++;
    return this.tells < this.tellsMax;
  }
}

export function valueTell(value: TestValue, sink: ValueSink): boolean {
  const { kind, elements } = value;
  const tell = (text: string): boolean => {
    const source = Buffer.from(`<<${text}>`, 'latin1');
    return sink.valueString(source, 2, source.length - 3);
  };
  if (!sink.valueBegin(kind, elements.length)) return false;
  for (const { text, value: behind, score, expiresAtMs } of elements) {
    if (expiresAtMs !== undefined && !sink.valueExpiry(expiresAtMs)) return false;
    if (!tell(text)) return false;
    if (behind !== undefined && !tell(behind)) return false;
    if (score !== undefined && !sink.valueScore(score)) return false;
  }
  return sink.valueEnd();
}

const INTEGER_EDGES = [7, 12, 13, 15, 16, 23, 24, 31, 32, 53, 63].flatMap((bits) =>
  [-1n, 0n, 1n].flatMap((step) => [2n ** BigInt(bits) + step, -(2n ** BigInt(bits)) + step]),
);

export const integerText = fc
  .oneof(
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.integer({ min: -200, max: 200 }).map(BigInt),
    fc.constantFrom(...INTEGER_EDGES.filter((value) => BigInt.asIntN(64, value) === value)),
  )
  .map(String);

/** What is nearly an integer's text, and is not. */
const nearlyInteger = fc.constantFrom(
  '',
  '-',
  '-0',
  '+1',
  '01',
  '-01',
  ' 1',
  '1 ',
  '1.0',
  '9223372036854775808',
  '-9223372036854775809',
  '99999999999999999999',
);

/** Texts on either side of where lengths take more bytes. */
const textAtEdge = fc
  .tuple(
    fc.constantFrom(19, 21, 61, 63, 64, 119, 127, 128, 252, 253, 255, 4094, 4096, 8190, 16384),
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom('x', 'ab', 'line of text, ', ''),
  )
  .map(([bytes, more, unit]) => {
    const text = unit === '' ? noise(bytes + more) : unit.repeat(bytes);
    return text.slice(0, bytes + more);
  });

/** Bytes that do not compress, the same each time. */
function noise(bytes: number): string {
  let state = bytes;
  const chars = Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return String.fromCharCode((state >>> 16) & 0xff);
  });
  return chars.join('');
}

const anyBytes = fc
  .uint8Array({ maxLength: 80 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

export const text = fc.oneof(
  { arbitrary: anyBytes, weight: 4 },
  { arbitrary: integerText, weight: 4 },
  { arbitrary: nearlyInteger, weight: 1 },
  { arbitrary: textAtEdge, weight: 1 },
);

export const score = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(-0, 0.1, 1e21, -1e-7, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

export function distinct<T>(element: fc.Arbitrary<T>, name: (of: T) => string): fc.Arbitrary<T[]> {
  return fc.uniqueArray(element, { minLength: 1, maxLength: 60, selector: name });
}
