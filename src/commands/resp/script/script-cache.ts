/**
 * The scripts that a thread knows: all that any thread was given by EVAL or SCRIPT LOAD since the last SCRIPT FLUSH.
 *
 *   EVAL text ──sample of its bytes──▶ byText ┐
 *                                             ├─▶ Script: text, sha, flags; compiled by each thread that runs it
 *   EVALSHA sha ──its first digits──▶ bySha ──┘
 *
 * Scripts and flushes are numbered over all threads. So it does not matter in which order a thread hears of a script
 * and of a flush: one with a lower number than the last flush is gone.
 *
 * Those that came by EVAL alone are forgotten when there are too many, the one first that this thread has run last
 * the longest ago.
 */
import { hash } from 'node:crypto';
import type { ScriptMachine } from './script-machine.ts';

/** Scripts of EVAL that are kept. */
const EVALUATED_COUNT_MAX = 500;
/** Bytes of a text that its sample is made of: those at its start, its end, and between. */
const SAMPLE_BYTES = 32;
/** Texts up to this long are compared by a loop, which is sooner than a call. */
const LOOP_BYTES_MAX = 128;
/** What samples are cut to: a Map takes small integers best. */
const SAMPLE_MASK = 0x3fffffff;
const SHA_DIGITS = 40;
const SHA_SAMPLE_DIGITS = 7;

/** Whether a script keeps to the keys that it is given: script-locks.ts. */
export class Conduct {
  wanders = false;
  cleanRuns = 0;
}

export class Script {
  readonly sha: string;
  readonly shaBytes: Buffer;
  /** All of it; it has its memory to itself. */
  readonly text: Buffer;
  readonly flags: number;
  /** Where Lua starts in the text. */
  readonly bodyAt: number;
  /** When it came, among all scripts and flushes. */
  readonly number: number;
  readonly conduct = new Conduct();
  readonly isEval = true;
  /** By SCRIPT LOAD: stays until it is flushed. */
  isLoaded: boolean;
  usedAt = 0;
  /** The compiled function: where it is, by reference, and in which machine. */
  machine: object | null = null;
  reference = 0;

  constructor(text: Buffer, sha: string, flags: number, bodyAt: number, number: number) {
    this.text = text;
    this.sha = sha;
    this.shaBytes = Buffer.from(sha, 'latin1');
    this.flags = flags;
    this.bodyAt = bodyAt;
    this.number = number;
    this.isLoaded = false;
  }

  get name(): string {
    return this.sha;
  }

  prepare(machine: ScriptMachine): string | null {
    return machine.functionPrepare(this);
  }
}

export function scriptSha(text: Buffer): string {
  return hash('sha1', text);
}

export class ScriptCache {
  private readonly byText = new Map<number, Script[]>();
  private readonly bySha = new Map<number, Script[]>();
  private readonly scripts = new Set<Script>();
  private evaluatedCount = 0;
  private clock = 0;
  /** Bytes of all texts. */
  bytes = 0;
  /** The number of the last flush. */
  flushed = -1;

  get count(): number {
    return this.scripts.size;
  }

  has(script: Script): boolean {
    return this.scripts.has(script);
  }

  all(): IterableIterator<Script> {
    return this.scripts.values();
  }

  /** The script with the text source[start, end), or null. */
  textFind(source: Buffer, start: number, end: number): Script | null {
    const candidates = this.byText.get(textSample(source, start, end));
    if (candidates === undefined) return null;
    for (const script of candidates) {
      const { text } = script;
      if (text.length === end - start && textEquals(text, source, start)) {
        script.usedAt = ++this.clock;
        return script;
      }
    }
    return null;
  }

  /** The script whose SHA1 the digits source[start, end) are, of either case; or null. */
  shaFind(source: Buffer, start: number, end: number): Script | null {
    if (end - start !== SHA_DIGITS) return null;
    const candidates = this.bySha.get(shaSample(source, start));
    if (candidates === undefined) return null;
    for (const script of candidates) {
      if (digitsEqual(script.shaBytes, source, start)) {
        script.usedAt = ++this.clock;
        return script;
      }
    }
    return null;
  }

  /** Adds a script that is not there; returns whom it has driven out, or null. */
  add(script: Script): Script | null {
    const { text, shaBytes } = script;
    listAdd(this.byText, textSample(text, 0, text.length), script);
    listAdd(this.bySha, shaSample(shaBytes, 0), script);
    this.scripts.add(script);
    this.bytes += text.length + SHA_DIGITS;
    script.usedAt = ++this.clock;
    if (script.isLoaded || ++this.evaluatedCount <= EVALUATED_COUNT_MAX) return null;
    const oldest = this.oldestEvaluated();
    this.remove(oldest);
    return oldest;
  }

  /** SCRIPT LOAD of one that is there: it stays. */
  keep(script: Script): void {
    if (!script.isLoaded) this.evaluatedCount--;
    script.isLoaded = true;
  }

  /** Forgets all that came before flush `number`. */
  flush(number: number): void {
    this.flushed = Math.max(this.flushed, number);
    for (const script of this.scripts) if (script.number < number) this.remove(script);
  }

  private remove(script: Script): void {
    const { text, shaBytes } = script;
    listRemove(this.byText, textSample(text, 0, text.length), script);
    listRemove(this.bySha, shaSample(shaBytes, 0), script);
    this.scripts.delete(script);
    this.bytes -= text.length + SHA_DIGITS;
    if (!script.isLoaded) this.evaluatedCount--;
  }

  private oldestEvaluated(): Script {
    let oldest: Script | null = null;
    for (const script of this.scripts) {
      if (!script.isLoaded && (oldest === null || script.usedAt < oldest.usedAt)) oldest = script;
    }
    return oldest as Script; // there are more than EVALUATED_COUNT_MAX of them
  }
}

function listAdd(lists: Map<number, Script[]>, sample: number, script: Script): void {
  const list = lists.get(sample);
  if (list === undefined) lists.set(sample, [script]);
  else list.push(script);
}

function listRemove(lists: Map<number, Script[]>, sample: number, script: Script): void {
  const others = (lists.get(sample) ?? []).filter((other) => other !== script);
  if (others.length === 0) lists.delete(sample);
  else lists.set(sample, others);
}

/** A number from the length and some bytes of a text: short ones go in whole. */
function textSample(source: Buffer, start: number, end: number): number {
  let sample = end - start;
  const headEnd = Math.min(end, start + SAMPLE_BYTES);
  for (let at = start; at < headEnd; at++) sample = (Math.imul(sample, 31) + source[at]) | 0;
  const tailStart = Math.max(headEnd, end - SAMPLE_BYTES);
  const stride = Math.max(1, Math.ceil((tailStart - headEnd) / SAMPLE_BYTES));
  for (let at = headEnd; at < tailStart; at += stride) {
    sample = (Math.imul(sample, 31) + source[at]) | 0;
  }
  for (let at = tailStart; at < end; at++) sample = (Math.imul(sample, 31) + source[at]) | 0;
  return sample & SAMPLE_MASK;
}

/** Whether the text stands at `start` of the source. */
function textEquals(text: Buffer, source: Buffer, start: number): boolean {
  const { length } = text;
  if (length > LOOP_BYTES_MAX) return text.compare(source, start, start + length) === 0;
  for (let at = 0; at < length; at++) if (text[at] !== source[start + at]) return false;
  return true;
}

function shaSample(source: Buffer, start: number): number {
  let sample = 0;
  for (let at = start; at < start + SHA_SAMPLE_DIGITS; at++) {
    sample = (sample << 4) | (digitLower(source[at]) & 0x1f);
  }
  return sample;
}

function digitsEqual(digits: Buffer, source: Buffer, start: number): boolean {
  for (let at = 0; at < SHA_DIGITS; at++) {
    if (digitLower(source[start + at]) !== digits[at]) return false;
  }
  return true;
}

function digitLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
