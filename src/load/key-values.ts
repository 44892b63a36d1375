/** The keys of a load and what is stored under each: everything follows from a key's number. */
import { digitsWrite, keyDigits, keyName } from './key-names.ts';
import type { LoadPlan } from './plan.ts';
import { fillerWrite } from './value-bytes.ts';
import { valueBytesFixed, valueBytesMax, valueSizer } from './value-sizes.ts';

type Keys = Pick<LoadPlan, 'keyPrefix' | 'keyCount' | 'valueSizes'>;

export class KeyValues {
  readonly prefix: string;
  readonly digits: number;
  /** Of a key's name. */
  readonly keyBytes: number;
  readonly bytesMax: number;
  /** The size of all values, or -1 where it varies. */
  readonly bytesFixed: number;
  /** The size of a key's value. */
  readonly bytesOf: (keyId: number) => number;
  private readonly prefixBytes: Buffer;
  /** Scratch: a name, and the value that one is compared with. */
  private readonly nameScratch: Buffer;
  private readonly valueScratch: Buffer;

  constructor({ keyPrefix, keyCount, valueSizes }: Keys) {
    this.prefix = keyPrefix;
    this.digits = keyDigits(keyCount);
    this.prefixBytes = Buffer.from(keyPrefix);
    this.keyBytes = Buffer.byteLength(keyName(keyPrefix, keyCount, 0));
    this.bytesMax = valueBytesMax(valueSizes);
    this.bytesFixed = valueBytesFixed(valueSizes);
    this.bytesOf = valueSizer(valueSizes);
    this.nameScratch = Buffer.alloc(this.keyBytes);
    this.valueScratch = Buffer.alloc(this.bytesMax);
  }

  nameWrite(target: Buffer, at: number, keyId: number): number {
    const { prefixBytes } = this;
    for (let i = 0; i < prefixBytes.length; i++) target[at + i] = prefixBytes[i];
    return digitsWrite(target, at + prefixBytes.length, keyId, this.digits);
  }

  /** Writes the first `bytes` bytes of a key's value; returns the offset just past them. */
  write(target: Buffer, at: number, keyId: number, bytes: number): number {
    const end = at + bytes;
    if (bytes < this.keyBytes) {
      this.nameWrite(this.nameScratch, 0, keyId);
      this.nameScratch.copy(target, at, 0, bytes);
      return end;
    }
    fillerWrite(target, this.nameWrite(target, at, keyId), end, keyId);
    return end;
  }

  /** Whether bytes[at, end) is the key's value. */
  isValue(bytes: Buffer, at: number, end: number, keyId: number): boolean {
    const expected = this.bytesOf(keyId);
    if (end - at !== expected) return false;
    this.write(this.valueScratch, 0, keyId, expected);
    return this.valueScratch.compare(bytes, at, end, 0, expected) === 0;
  }

  /** Whether bytes[at, end) is the key's name. */
  isName(bytes: Buffer, at: number, end: number, keyId: number): boolean {
    if (end - at !== this.keyBytes) return false;
    this.nameWrite(this.nameScratch, 0, keyId);
    return this.nameScratch.compare(bytes, at, end) === 0;
  }
}
