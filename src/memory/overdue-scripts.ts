/**
 * Scripts that run for longer than busy-reply-threshold: all threads are to know, and any may have them killed.
 *
 * A thread runs one script at a time. When that is overdue, a word of the thread's says so:
 *
 *   0   none, or not yet      IS_EVAL or IS_FUNCTION  │ HAS_WRITTEN  │ IS_KILLED: it is to end, which it finds itself
 *
 * A script that has written cannot be killed, for then half of what it does would be done; so whoever sets one of the
 * two bits looks whether the other is there, in one step.
 *
 * Guard: atomic operations. A thread's word is set and cleared by itself, or after its death.
 */
import { CONTROL, type Control, counterBlock, GAUGE, THREAD_COUNT_MAX } from './control.ts';

export const OVERDUE = { IS_EVAL: 1, IS_FUNCTION: 2, HAS_WRITTEN: 4, IS_KILLED: 8 } as const;

/** What CONTROL.overdueScripts counts for a script of either kind. */
const EVAL_UNIT = 1;
const FUNCTION_UNIT = 1 << 16;

/** Whether there is any, and which kind is to be named where one is: OVERDUE.IS_EVAL, IS_FUNCTION or 0. */
export function overdueKind(control: Control): number {
  const count = Atomics.load(control.i32, CONTROL.overdueScripts);
  if (count === 0) return 0;
  return count % FUNCTION_UNIT === 0 ? OVERDUE.IS_FUNCTION : OVERDUE.IS_EVAL;
}

/** The script of a thread is overdue. */
export function overdueBegin(control: Control, thread: number, bits: number): void {
  Atomics.store(control.i32, overdueWord(thread), bits);
  Atomics.add(control.i32, CONTROL.overdueScripts, unitOf(bits));
}

/** It has ended, or its thread has. */
export function overdueEnd(control: Control, thread: number): void {
  const bits = Atomics.exchange(control.i32, overdueWord(thread), 0);
  if (bits !== 0) Atomics.sub(control.i32, CONTROL.overdueScripts, unitOf(bits));
}

/** It is about to write for the first time. False: it was killed before. */
export function overdueWrite(control: Control, thread: number): boolean {
  const bits = Atomics.or(control.i32, overdueWord(thread), OVERDUE.HAS_WRITTEN);
  return (bits & OVERDUE.IS_KILLED) === 0;
}

export function overdueIsKilled(control: Control, thread: number): boolean {
  return (Atomics.load(control.i32, overdueWord(thread)) & OVERDUE.IS_KILLED) !== 0;
}

/** The bits of a thread's script, and its thread. */
export type Overdue = { readonly thread: number; readonly bits: number };

export function overdueList(control: Control): Overdue[] {
  const found: Overdue[] = [];
  for (let thread = 0; thread < THREAD_COUNT_MAX; thread++) {
    const bits = Atomics.load(control.i32, overdueWord(thread));
    if (bits !== 0) found.push({ thread, bits });
  }
  return found;
}

/** Has a script end that was found with these bits. False: it has changed since. */
export function overdueKill(control: Control, { thread, bits }: Overdue): boolean {
  const word = overdueWord(thread);
  const { i32 } = control;
  return Atomics.compareExchange(i32, word, bits, bits | OVERDUE.IS_KILLED) === bits;
}

function unitOf(bits: number): number {
  return bits & OVERDUE.IS_EVAL ? EVAL_UNIT : FUNCTION_UNIT;
}

/** The second word of what is one for noticeBytesWaiting. */
function overdueWord(thread: number): number {
  return (counterBlock(thread) + GAUGE.noticeBytesWaiting) * 2 + 1;
}
