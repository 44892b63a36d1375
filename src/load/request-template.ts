/**
 * A request as bytes with holes. What does not vary is laid out once; writing a request is copying a few runs of
 * bytes, and digits between them.
 *
 *   set key:........ 0 0 <length>⏎<value>⏎
 *
 * Where all values have one size, lengths are no holes either.
 */
import { decimalWrite } from '../base/decimal.ts';
import { digitsWrite } from './key-names.ts';
import type { KeyValues } from './key-values.ts';

/** A part of a request: text as it is, a key, its value, or the length of something made of them. */
export type TemplatePart =
  | string
  | { readonly hole: 'key' | 'value' }
  /** In decimal: `fixed` bytes, and `values` times the value's. */
  | { readonly hole: 'length'; readonly fixed: number; readonly values: number };

export const KEY_HOLE = { hole: 'key' } as const;
export const VALUE_HOLE = { hole: 'value' } as const;
export const LENGTH_HOLE = { hole: 'length', fixed: 0, values: 1 } as const;

const STEP = { BYTES: 0, DIGITS: 1, VALUE: 2, LENGTH: 3 } as const;
type Step = {
  readonly kind: (typeof STEP)[keyof typeof STEP];
  readonly bytes: Buffer;
  readonly fixed: number;
  readonly values: number;
};
const NO_BYTES = Buffer.alloc(0);
const LENGTH_BYTES_MAX = 16;
/** Beyond so many bytes one call of `copy` is faster than a loop. */
const LOOP_BYTES_MAX = 48;

export class RequestTemplate {
  readonly bytesMax: number;
  private readonly steps: readonly Step[];
  private readonly values: KeyValues;

  constructor(parts: readonly TemplatePart[], values: KeyValues) {
    this.values = values;
    this.steps = stepsMake(parts, values);
    this.bytesMax = this.steps.reduce((sum, { kind, bytes }) => {
      if (kind === STEP.VALUE) return sum + values.bytesMax;
      return sum + bytes.length + (kind === STEP.BYTES ? 0 : LENGTH_BYTES_MAX);
    }, 0);
  }

  /** Writes the request for a key; returns the offset just past it. */
  write(target: Buffer, at: number, keyId: number): number {
    const { steps, values } = this;
    const valueBytes = values.bytesOf(keyId);
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i];
      if (step.kind === STEP.BYTES) at = bytesPut(target, at, step.bytes);
      else if (step.kind === STEP.DIGITS) at = digitsWrite(target, at, keyId, values.digits);
      else if (step.kind === STEP.VALUE) at = values.write(target, at, keyId, valueBytes);
      else at = decimalWrite(target, at, step.fixed + step.values * valueBytes);
    }
    return at;
  }
}

function bytesPut(target: Buffer, at: number, bytes: Buffer): number {
  const { length } = bytes;
  if (length > LOOP_BYTES_MAX) bytes.copy(target, at);
  else for (let i = 0; i < length; i++) target[at + i] = bytes[i];
  return at + length;
}

/** Neighbouring runs of bytes become one. */
function stepsMake(parts: readonly TemplatePart[], values: KeyValues): readonly Step[] {
  const steps: Step[] = [];
  let run = '';
  const flush = (): void => {
    if (run === '') return;
    steps.push({ kind: STEP.BYTES, bytes: Buffer.from(run), fixed: 0, values: 0 });
    run = '';
  };
  const hole = (kind: Step['kind'], fixed = 0, count = 0): void => {
    flush();
    steps.push({ kind, bytes: NO_BYTES, fixed, values: count });
  };
  for (const part of parts) {
    if (typeof part === 'string') run += part;
    else if (part.hole === 'value') hole(STEP.VALUE);
    else if (part.hole === 'length') {
      const bytes = part.values === 0 ? 0 : values.bytesFixed;
      if (bytes >= 0) run += `${part.fixed + part.values * bytes}`;
      else hole(STEP.LENGTH, part.fixed, part.values);
    } else {
      run += values.prefix;
      hole(STEP.DIGITS);
    }
  }
  flush();
  return steps;
}
